"""The contact log of one person: whom to call, in which order, and who tried before."""

from __future__ import annotations

from typing import Any, Final

from facilitation.calllog import Call, tried
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.noshow import Outcome, Whom
from facilitation.people import Role
from facilitation.sentences import marked
from server.clock import Clock
from server.people.contacts import contacts
from server.rooms.ports import Stale
from server.school.call_list import order
from server.store.ports import Store
from server.store.register import Shelf
from server.web.auth import Visitor
from server.web.words import Words

SHOWN_MAX: Final = 30
OUTCOMES: Final = {
    Outcome.REACHED: marked("Reached"),
    Outcome.LEFT_WORD: marked("Left word"),
    Outcome.NO_ANSWER: marked("No answer"),
}
WHOM: Final = {
    Whom.SELF: marked("themself"),
    Whom.GUARDIAN: marked("guardian"),
    Whom.EMERGENCY: marked("emergency contact"),
}


class CallLog:
    """The port `ContactLog` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._contacts = contacts(store.register)
        self._calls = Shelf(store.register, "call", Call, id_of=lambda call: call.id)
        self._clock = clock

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: no such participant."""
        found = await self._store.clinic.get_person(person)
        if found is None or found.role is not Role.PARTICIPANT:
            return None
        names = {each.person: each.name for each in await self._store.clinic.list_people()}
        mine = [held.value for held in (await self._calls.all()).values() if held.value.person == person]
        mine.sort(key=lambda each: each.at, reverse=True)
        return {
            "name": found.name,
            "numbers": [
                each | {"what": each["relation"] or words(WHOM[Whom(each["whom"])])}
                for each in await self._numbers(person, found.name)
            ],
            "outcomes": [(each.value, words(text)) for each, text in OUTCOMES.items()],
            "tries": [
                words(
                    "{when}: {by} called {name}. {outcome}.",
                    when=words.moment(each.at, reader.zone or found.zone),
                    by=names.get(each.by, each.by),
                    name=each.name,
                    outcome=words(OUTCOMES[each.outcome]),
                )
                for each in mine[:SHOWN_MAX]
            ],
        }

    async def log(self, person: PersonId, *, whom: str, name: str, outcome: str, by: Visitor) -> None:
        """Raises Refusal."""
        found = await self._store.clinic.get_person(person)
        if found is None:
            raise Refusal("unknown_person", "There is nobody of that name any more.")
        known = {(each["whom"], each["name"]) for each in await self._numbers(person, found.name)}
        now = self._clock.now()
        call = tried(person, whom=whom, name=name, outcome=outcome, by=by.person, at=now, known=known)
        try:
            await self._calls.put(call, upon=0, by=by.person, at=now)
        except Stale:
            return  # the same button, pressed twice

    async def _numbers(self, person: PersonId, name: str) -> list[dict[str, str]]:
        held = await self._contacts.get(person)
        return [] if held is None else order(held.value, name)
