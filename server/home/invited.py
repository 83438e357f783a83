"""The card of invitations that nobody has used yet."""

from __future__ import annotations

from typing import Any, Final

from facilitation.accounts import Ending, Invitation
from facilitation.ids import PersonId
from server.accounts.shelves import shelves
from server.home.visit import Visit
from server.store.ports import Clinic
from server.store.register import Register

SHOWN_MAX: Final = 4


class Invited:
    """The card `invitations`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, clinic: Clinic) -> None:
        self._shelves = shelves(register)
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        """Those that have run out first, then those that will soonest. Of several to one person, the last."""
        last: dict[PersonId, Invitation] = {}
        for held in (await self._shelves.invitations.all()).values():
            invitation = held.value
            before = last.get(invitation.person)
            if before is None or before.at <= invitation.at:
                last[invitation.person] = invitation
        unused = [each for each in last.values() if each.ending(visit.now) in (None, Ending.EXPIRED)]
        unused.sort(key=lambda each: (each.until, each.person))
        rows = []
        for each in unused[:SHOWN_MAX]:
            person = await self._clinic.get_person(each.person)
            rows.append(
                {
                    "name": person.name if person else each.person,
                    "until": visit.words.moment(each.until, visit.zone),
                    "over": each.ending(visit.now) is Ending.EXPIRED,
                }
            )
        return {
            "people": rows,
            "more": len(unused[SHOWN_MAX:]),
            "sent": bool(last),
            "url": f"/accounts{visit.me.choice}",
        }
