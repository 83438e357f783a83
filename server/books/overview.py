"""The clinic at a glance: attendance, who comes back, hours, notes, and how people say they are. Pure.

From how far each session is and from what stands in the ledger. A mean is shown of five people or more, never of fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from statistics import fmean
from typing import Final

from facilitation.facts import zone_of
from facilitation.ids import PersonId, SessionId
from facilitation.sentences import marked
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.books.worklist import dues
from server.progress import Progress
from server.store.clinic import ScheduledSession

EARLY_VISITS: Final = 5
"""Whoever leaves a program leaves it most often before the fifth visit."""
AWAY_DAYS: Final = 14
ANSWERS_MIN: Final = 5

PAIRS: Final = (
    (marked("Mood"), "check-in/mood", "wrap-up/mood"),
    (marked("Urge to use"), "check-in/urge-use", "wrap-up/urge-use"),
    (marked("Urge to hurt oneself"), "check-in/urge-harm", "wrap-up/urge-harm"),
)
"""Title, figure before, figure after."""

Held = tuple[ScheduledSession, Progress]


class Course(StrEnum):
    """How somebody's first visits go."""

    MISSED_EARLY = "missed_early"
    GONE = "gone"
    BEGINNING = "beginning"
    STAYING = "staying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """`asked`: seats of participants in sessions that were held; `came`: those that were taken."""

    first: date
    sessions: int
    asked: int
    came: int
    minutes: int

    @property
    def rate(self) -> float | None:
        return self.came / self.asked if self.asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """One person's sessions in order: whether they came. `last`: the day of the last visit."""

    person: PersonId
    came: tuple[bool, ...]
    last: date | None
    course: Course

    @property
    def count(self) -> int:
        return sum(self.came)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """Means of one week; None where fewer than `ANSWERS_MIN` people answered both."""

    first: date
    before: float | None
    after: float | None
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    title: str
    weeks: tuple[Mean, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    weeks: tuple[Week, ...]
    visits: tuple[Visits, ...]
    notes: Mapping[str, int]
    overdue: int
    outcomes: tuple[Outcome, ...]

    @property
    def begun(self) -> int:
        """How many people came at least once."""
        return sum(each.count > 0 for each in self.visits)

    @property
    def reached_fifth(self) -> int:
        return sum(each.count >= EARLY_VISITS for each in self.visits)


def overview(
    sessions: Iterable[Held], minutes: Mapping[date, int], *, today: date, weeks: int, now: Instant
) -> Overview:
    """`minutes`: of everybody in the ledger, by Mondays. `weeks`: how many, up to this one, each from Monday."""
    monday = today - timedelta(days=today.weekday())
    firsts = [monday - timedelta(weeks=back) for back in reversed(range(weeks))]
    held = sorted(
        ((scheduled, progress) for scheduled, progress in sessions if progress.ended_at is not None),
        key=lambda each: each[0].starts_at,
    )
    by_week: dict[date, list[Held]] = {first: [] for first in firsts}
    for each in held:
        if (first := _monday(each[0])) in by_week:
            by_week[first].append(each)
    notes, overdue = _notes(held, now)
    return Overview(
        weeks=tuple(_week(first, by_week[first], minutes.get(first, 0)) for first in firsts),
        visits=_visits(held, today),
        notes=notes,
        overdue=overdue,
        outcomes=tuple(
            Outcome(
                title=title,
                weeks=tuple(_mean(first, by_week[first], before, after) for first in firsts),
            )
            for title, before, after in PAIRS
        ),
    )


def _day(scheduled: ScheduledSession) -> date:
    return day_of(scheduled.starts_at, zone_of(scheduled.zone))


def _monday(scheduled: ScheduledSession) -> date:
    day = _day(scheduled)
    return day - timedelta(days=day.weekday())


def _week(first: date, held: Sequence[Held], minutes: int) -> Week:
    return Week(
        first=first,
        sessions=len(held),
        asked=sum(len(progress.participants) for _, progress in held),
        came=sum(progress.writing_of(person).came for _, progress in held for person in progress.participants),
        minutes=minutes,
    )


def _visits(held: Sequence[Held], today: date) -> tuple[Visits, ...]:
    """Who needs somebody's attention first, then by name's id."""
    came: dict[PersonId, list[tuple[SessionId, date, bool]]] = {}
    for scheduled, progress in held:
        for person in progress.participants:
            visit = (scheduled.session, _day(scheduled), progress.writing_of(person).came)
            came.setdefault(person, []).append(visit)
    found = []
    for person, theirs in came.items():
        flags = tuple(flag for _, _, flag in theirs)
        last = max((day for _, day, flag in theirs if flag), default=None)
        found.append(Visits(person=person, came=flags, last=last, course=course(flags, last, today)))
    order = list(Course)
    return tuple(sorted(found, key=lambda each: (order.index(each.course), each.person)))


def course(came: Sequence[bool], last: date | None, today: date) -> Course:
    """`came`: to each session, in order. Who missed one before their fifth visit should hear from somebody now."""
    visits = sum(came)
    if visits >= EARLY_VISITS:
        return Course.STAYING
    if last is not None and (today - last) > timedelta(days=AWAY_DAYS):
        return Course.GONE
    return Course.MISSED_EARLY if not all(came) else Course.BEGINNING


def _notes(held: Iterable[Held], now: Instant) -> tuple[dict[str, int], int]:
    counts: dict[str, int] = {}
    overdue = 0
    for _, progress in held:
        for due in dues(progress, now).values():
            counts[due.work.value] = counts.get(due.work.value, 0) + 1
            overdue += due.overdue
    return counts, overdue


def _mean(first: date, held: Sequence[Held], before: str, after: str) -> Mean:
    pairs = [
        (figures[before], figures[after])
        for _, progress in held
        for figures in progress.figures.values()
        if before in figures and after in figures
    ]
    people = {person for _, progress in held for person, figures in progress.figures.items() if before in figures}
    if len(people) < ANSWERS_MIN or len(pairs) < ANSWERS_MIN:
        return Mean(first=first, before=None, after=None, answers=len(pairs))
    return Mean(
        first=first, before=fmean(pair[0] for pair in pairs), after=fmean(pair[1] for pair in pairs), answers=len(pairs)
    )


def since(today: date, weeks: int) -> date:
    """The first day of the sessions that are looked at: visits are counted over a quarter at least."""
    return today - timedelta(days=max(7 * weeks, 91))
