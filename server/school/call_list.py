"""Whom to call about those who are expected in a session, and in which order: for its facilitators alone."""

from __future__ import annotations

from typing import Any

from facilitation.contacts import Contact
from facilitation.ids import SessionId
from facilitation.noshow import Whom
from server.people.contacts import contacts
from server.store.ports import Store


class CallList:
    """The port `Calls` of the pages. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._contacts = contacts(store.register)

    async def of(self, session: SessionId) -> dict[str, Any] | None:
        """By person, the numbers to dial, the first one first. None: no such session."""
        scheduled = await self._store.clinic.get_session(session)
        if scheduled is None:
            return None
        people: dict[str, list[dict[str, str]]] = {}
        for each in scheduled.roster:
            if each.treated:
                held = await self._contacts.get(each.person)
                people[each.person] = [] if held is None else order(held.value, each.name)
        return {"people": people}


def order(contact: Contact, name: str) -> list[dict[str, str]]:
    """First themselves, then guardians, then others, as the clinic keeps them. Who has no number is left out."""
    own = {"whom": Whom.SELF.value, "name": name, "relation": "", "phone": contact.phone}
    others = [
        {
            "whom": (Whom.EMERGENCY if each.guardian is None else Whom.GUARDIAN).value,
            "name": each.name,
            "relation": each.relation,
            "phone": each.phone,
        }
        for each in contact.nearest
    ]
    others.sort(key=lambda each: each["whom"] != Whom.GUARDIAN.value)
    return [each for each in (own, *others) if each["phone"]]
