"""Placing everybody: what a search over the whole clinic proposed, against today, and what of it can be given now.

A proposal changes nothing. It is given person by person or all at once, while what it rests on still holds: their own
days, their school week, and the seats. What was given can be taken back until its first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from facilitation.enrolment import Enrolment
from facilitation.finder import Change
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.timebase import Instant

PEOPLE_MAX = 600
"""Who is looked at in one search."""
ALIVE_MS = 30_000
"""A search that has said nothing for so long is none any more: the server that ran it was stopped."""

Slot = tuple[CohortId, int]
"""A group on one weekday (0: Monday): what a seat is taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The weekdays on which somebody comes to a group."""

    cohort: CohortId
    days: tuple[int, ...]


class Move(StrEnum):
    """What a proposal means for somebody, against today."""

    STAYS = "stays"
    NEW = "new"
    """They are in none of the groups today."""
    MOVES = "moves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One person's week. `school`: the revision of the school week that it was found around; 0: there is none."""

    person: PersonId
    before: tuple[Days, ...]
    after: tuple[Days, ...]
    school: int
    minutes: int

    @property
    def move(self) -> Move:
        if slots(self.before) == slots(self.after):
            return Move.STAYS
        return Move.MOVES if self.before else Move.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Somebody for whom there is no week. `best_min`, `floor_min`: what fits, and what is asked for. `enough`: whether
    there were enough groups if nothing were in the way. `helps`: the smallest changes that would do; none: no two do.
    """

    person: PersonId
    before: tuple[Days, ...]
    best_min: int
    floor_min: int
    enough: bool
    helps: tuple[tuple[Change, ...], ...]


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Stage(StrEnum):
    """What a search is doing, in this order."""

    LOOKING = "looking"
    """Which groups fit whom."""
    SHARING = "sharing"
    """A week for as many as can have one."""
    BETTERING = "bettering"
    """The best week for each that the others leave."""
    EXPLAINING = "explaining"
    """What would help those who have none."""


SHARES = {Stage.LOOKING: 0.15, Stage.SHARING: 0.25, Stage.BETTERING: 0.5, Stage.EXPLAINING: 0.1}
"""How much of the whole each usually takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Was:
    """An enrolment that was changed: what stood before (None: nothing), and the revision that stands since."""

    enrolment: EnrolmentId
    before: Enrolment | None
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A proposal that was given, from `since` on."""

    person: PersonId
    since: date
    at: Instant
    was: tuple[Was, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One search and what came of it. `heard_at`: its last sign of life. Its weeks are those from `first` to `last`.

    `keeps`: whoever has a week today that fits and suffices was left where they are, and stands among `proposed`.
    """

    id: str
    by: PersonId
    started_at: Instant
    heard_at: Instant
    first: date
    last: date
    keeps: bool
    state: State = State.RUNNING
    stage: Stage = Stage.LOOKING
    done: int = 0
    of: int = 0
    proven: bool = False
    proposed: tuple[Proposed, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    given: tuple[Given, ...] = ()

    def is_running(self, now: Instant) -> bool:
        return self.state is State.RUNNING and now - self.heard_at < ALIVE_MS

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        order = list(Stage)
        before = sum(SHARES[each] for each in order[: order.index(self.stage)])
        return before + SHARES[self.stage] * (min(1.0, self.done / self.of) if self.of else 0.0)

    @property
    def open(self) -> tuple[Proposed, ...]:
        """What would change something and was not given yet."""
        given = {each.person for each in self.given}
        return tuple(each for each in self.proposed if each.move is not Move.STAYS and each.person not in given)


def slots(week: Iterable[Days]) -> frozenset[Slot]:
    return frozenset((each.cohort, day) for each in week for day in each.days)


class Hindrance(StrEnum):
    """Why a proposal cannot be given any more."""

    DAYS = "days"
    """Their own days are others now."""
    SCHOOL = "school"
    """Their school week is another one now."""
    SEAT = "seat"
    """A seat of it is taken."""


def hindrances(
    some: Iterable[Proposed],
    *,
    seats: Mapping[Slot, int],
    today: Mapping[PersonId, tuple[Days, ...]],
    schools: Mapping[PersonId, int],
) -> dict[PersonId, Hindrance]:
    """Which of these cannot be given together now, and why; all others can, all of them at once.

    `seats`: those that would be free if none of `some` came to any of these groups; `today`: where each of them comes
    as it stands. Whoever cannot have their new week keeps their old one, and the seats of it.
    """
    asked = list(some)
    found: dict[PersonId, Hindrance] = {}
    for each in asked:
        if slots(today.get(each.person, ())) != slots(each.before):
            found[each.person] = Hindrance.DAYS
        elif schools.get(each.person, 0) != each.school:
            found[each.person] = Hindrance.SCHOOL
    while True:
        taken: dict[Slot, list[Proposed]] = {}
        for each in asked:
            for slot in slots(today.get(each.person, ()) if each.person in found else each.after):
                taken.setdefault(slot, []).append(each)
        newcomers = [
            each
            for slot, there in sorted(taken.items())
            if len(there) > seats.get(slot, 0)
            for each in there
            if each.person not in found and slot not in slots(today.get(each.person, ()))
        ]
        if not newcomers:
            return found
        found[newcomers[-1].person] = Hindrance.SEAT
