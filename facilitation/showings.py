"""Weeks of diaries that were shown in a session: whose, and what of them the group may see. No word of one is here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.diary import TO_GROUP, Part
from facilitation.events import DiaryShown, DiaryTakenBack, Event, Recorded
from facilitation.ids import PersonId
from facilitation.seats import Seat, check_in_room
from facilitation.timebase import Instant

EVERY_PART = frozenset(Part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A week that stands shown since `at`: whole to the facilitators, `to_group` to the group as well."""

    at: Instant
    to_group: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Showings:
    by_person: Mapping[PersonId, Shown] = field(default_factory=dict)

    def of(self, person: PersonId) -> Shown | None:
        return self.by_person.get(person)


def evolve(showings: Showings, recorded: Recorded) -> Showings:
    match recorded.event:
        case DiaryShown(person=person, to_group=parts):
            known = {Part(part) for part in parts if part in TO_GROUP}
            shown = Shown(at=recorded.at, to_group=frozenset(known))
            return replace(showings, by_person={**showings.by_person, person: shown})
        case DiaryTakenBack(person=person):
            return replace(
                showings, by_person={each: shown for each, shown in showings.by_person.items() if each != person}
            )
        case _:
            return showings


def visible(showings: Showings, person: PersonId, reader: Seat | None, *, leads: bool) -> frozenset[Part]:
    """What of somebody's week one may read. `leads`: the reader looks after the session; None: they are not in it.

    Its author always reads all of it.
    """
    shown = showings.of(person)
    if shown is None or reader is None:
        return frozenset()
    if reader.person == person or leads:
        return EVERY_PART
    return shown.to_group if reader.treated and reader.in_room else frozenset()


# --------------------------------------------------------------- rules


def show(showings: Showings, author: Seat, to_group: frozenset[Part]) -> tuple[Event, ...]:
    """Raises `Refusal`."""
    check_in_room(author)
    shown = DiaryShown(person=author.person, to_group=tuple(sorted(to_group)))
    return (shown,)


def take_back(showings: Showings, person: PersonId) -> tuple[Event, ...]:
    return () if showings.of(person) is None else (DiaryTakenBack(person=person),)
