"""Licences of those who lead: kept by the clinic, told in words."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.licences import STATES, Licence, check_licence
from facilitation.policy import FACILITATORS
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX
from server.clock import Clock
from server.door import shelves
from server.rooms.ports import Stale
from server.store.ports import Store
from server.store.register import Held
from server.web.auth import Visitor
from server.web.words import Words, local, marked

KEPT_MAX: Final = 2_000
SOON_DAYS: Final = 60
"""A licence that ends within these is worth a word."""


class LicenceBook:
    """The port `LicencePages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._licences = shelves.licences(store.register)

    async def page(self, words: Words) -> dict[str, Any]:
        people = {each.person: each for each in await self._store.clinic.list_people()}
        leading = [each for each in people.values() if each.role in FACILITATORS]
        today = local(self._clock.now(), "UTC").date()
        licences = [each.value for each in (await self._licences.all()).values()]
        theirs: dict[PersonId, list[Licence]] = {}
        for licence in licences:
            theirs.setdefault(licence.person, []).append(licence)
        return {
            "states": _named(STATES, words),
            "title_max": TITLE_MAX,
            "people": [{"person": each.person, "name": each.name} for each in leading],
            "rows": [
                {
                    "name": people[person].name if person in people else person,
                    "covers": _covered(theirs.get(person, ()), today, words),
                    "licences": [
                        _shown(each, today, words)
                        for each in sorted(theirs.get(person, ()), key=lambda licence: licence.first)
                    ],
                }
                for person in [*(each.person for each in leading), *(p for p in theirs if p not in _ids(leading))]
            ],
        }

    async def add_licence(self, given: Mapping[str, str], states: Sequence[str], *, by: Visitor) -> None:
        """Raises Refusal."""
        person = PersonId(given.get("person", ""))
        known = await self._store.clinic.get_person(person)
        if known is None or known.role not in FACILITATORS:
            raise Refusal("unknown_person", "Choose who holds it.")
        first, last = _day(given.get("first", ""), marked("Choose the first day.")), given.get("last", "")
        licence = Licence(
            licence=f"l-{secrets.token_hex(6)}",
            person=person,
            title=" ".join(given.get("title", "").split()),
            states=tuple(sorted(set(states))),
            first=first,
            last=_day(last, marked("Choose the last day.")) if last else None,
            number=" ".join(given.get("number", "").split()),
        )
        check_licence(licence)
        if len(await self._licences.all()) >= KEPT_MAX:
            raise Refusal("too_many", Sentence("At most {n} licences can be kept.", n=f"{KEPT_MAX:,}"))
        await self._licences.put(licence, upon=0, by=by.person, at=self._clock.now())

    async def end_licence(self, licence: str, *, by: Visitor) -> None:
        """From today on it does not count any more; what was before stays. Raises Refusal."""
        held: Held[Licence] | None = await self._licences.get(licence)
        if held is None:
            raise Refusal("unknown_licence", "There is no such licence.")
        yesterday = date.fromordinal(local(self._clock.now(), "UTC").date().toordinal() - 1)
        ended = replace(held.value, last=max(held.value.first, yesterday))
        try:
            await self._licences.put(ended, upon=held.revision, by=by.person, at=self._clock.now())
        except Stale:
            raise Refusal("busy", "Somebody else has just changed it. Please look again.") from None


def _ids(people: Sequence[Any]) -> set[PersonId]:
    return {each.person for each in people}


def _day(text: str, refusal: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_licence", refusal) from None


def _covered(licences: Sequence[Licence], today: date, words: Words) -> str:
    """'New Jersey, New York': where they may treat today."""
    states = {state for each in licences if each.holds_on(today) for state in each.states}
    return ", ".join(name for _, name in _named(states, words))


def _named(states: Iterable[str], words: Words) -> list[tuple[str, str]]:
    """Codes and names, by name."""
    return sorted(((state, words(STATES[state])) for state in states), key=lambda each: each[1])


def _shown(licence: Licence, today: date, words: Words) -> dict[str, Any]:
    left = None if licence.last is None else (licence.last - today).days
    return {
        "licence": licence.licence,
        "title": licence.title,
        "number": licence.number,
        "states": ", ".join(words(STATES[state]) for state in licence.states),
        "from": words.calendar(licence.first),
        "until": "" if licence.last is None else words.calendar(licence.last),
        "holds": licence.holds_on(today),
        "comes": licence.first > today,
        "soon": left is not None and 0 <= left <= SOON_DAYS,
    }
