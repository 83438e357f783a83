"""School: when a teen is not free, and why, so that treatment is planned around it.

What a family says is kept on the wall clock of the teen's own zone: weekly school hours while a term lasts, days off,
exam days, activities. `busy` turns it into instants of certain days. Where a clock change makes a time happen twice or
not at all, the longer reading holds: nothing that might be school is ever taken for free.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.rules import WEEKDAYS
from facilitation.sentences import Sentence, marked
from facilitation.text import line
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant

ACTIVITY_NAME_MAX = 60
HOURS_MAX = 14
"""Two stretches of school on each weekday."""
SPANS_MAX = 30
EXAMS_MAX = 60
ACTIVITIES_MAX = 30
MARGIN_MIN_MAX = 180
BUSY_DAYS_MAX = 400
SCHOOL_ON: Final = {
    "monday": marked("School on Monday"),
    "tuesday": marked("School on Tuesday"),
    "wednesday": marked("School on Wednesday"),
    "thursday": marked("School on Thursday"),
    "friday": marked("School on Friday"),
    "saturday": marked("School on Saturday"),
    "sunday": marked("School on Sunday"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolHours:
    """One stretch of school on a weekday ('monday' …), on the teen's wall clock."""

    weekday: str
    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something beside school: every week on `weekday`, in breaks too, or once on `day`; one of the two is set."""

    name: str
    start: time
    end: time
    weekday: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """What one teen's week looks like. `zone` is an IANA name.

    `terms`: when the weekly hours hold; none: all year. `days_off`: days within a term without school. `exams`: whole
    days that are left alone. `margin_min`: the way there and back and a rest, before and after school and activities.
    """

    person: PersonId
    zone: str
    hours: tuple[SchoolHours, ...] = ()
    terms: tuple[Span, ...] = ()
    days_off: tuple[Span, ...] = ()
    exams: tuple[date, ...] = ()
    activities: tuple[Activity, ...] = ()
    margin_min: int = 30


def usual_week(person: PersonId, zone: str) -> School:
    """What is left alone while nobody has said when somebody's school is: weekdays, from eight to three."""
    hours = tuple(SchoolHours(weekday=day, start=time(8), end=time(15)) for day in WEEKDAYS[:5])
    return School(person=person, zone=zone, hours=hours)


class Matter(StrEnum):
    """What takes the time."""

    SCHOOL = "school"
    EXAM = "exam"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What keeps a teen busy. `weekday` is '' for what happens once; `start` and `end` as on the wall clock."""

    matter: Matter
    name: str
    weekday: str
    start: time
    end: time

    @property
    def weekly(self) -> bool:
        return bool(self.weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """`[start, end)` is taken, without any margin; `margin_ms` before and after it should stay free."""

    start: Instant
    end: Instant
    margin_ms: int
    reason: Reason


# --------------------------------------------------------------- from the wall clock to instants


def busy(school: School, first: date, last: date) -> tuple[Busy, ...]:
    """All that takes time on the days from `first` to `last` (of the teen's zone), in order of time.

    A margin of either side may reach beyond these days. Raises ValueError for more than BUSY_DAYS_MAX days.
    """
    if not 0 <= (last - first).days < BUSY_DAYS_MAX:
        raise ValueError(f"from {first} to {last} are no days that can be looked at")
    zone = ZoneInfo(school.zone)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = [one for day in days for one in _busy_on(school, day, zone)]
    return tuple(sorted(found, key=lambda one: (one.start, one.end, one.reason.matter, one.reason.name)))


def in_term(school: School, day: date) -> bool:
    """Whether the weekly school hours hold on `day`."""
    if any(span.holds(day) for span in school.days_off):
        return False
    return not school.terms or any(term.holds(day) for term in school.terms)


def _busy_on(school: School, day: date, zone: tzinfo) -> Iterable[Busy]:
    weekday = WEEKDAYS[day.weekday()]
    margin_ms = school.margin_min * MINUTE_MS
    if in_term(school, day):
        for hours in school.hours:
            if hours.weekday == weekday:
                reason = Reason(matter=Matter.SCHOOL, name="school", weekday=weekday, start=hours.start, end=hours.end)
                yield _taken(day, hours.start, hours.end, zone, margin_ms, reason)
    for activity in school.activities:
        if activity.day == day or (activity.weekday and activity.weekday == weekday):
            reason = Reason(
                matter=Matter.ACTIVITY,
                name=activity.name,
                weekday=activity.weekday,
                start=activity.start,
                end=activity.end,
            )
            yield _taken(day, activity.start, activity.end, zone, margin_ms, reason)
    if day in school.exams:
        reason = Reason(matter=Matter.EXAM, name="exam", weekday="", start=time.min, end=time.min)
        start = _earliest(day, time.min, zone)
        yield Busy(start=start, end=_earliest(day + timedelta(days=1), time.min, zone), margin_ms=0, reason=reason)


def _taken(day: date, start: time, end: time, zone: tzinfo, margin_ms: int, reason: Reason) -> Busy:
    return Busy(start=_earliest(day, start, zone), end=_latest(day, end, zone), margin_ms=margin_ms, reason=reason)


def _earliest(day: date, at: time, zone: tzinfo) -> Instant:
    return min(_readings(day, at, zone))


def _latest(day: date, at: time, zone: tzinfo) -> Instant:
    return max(_readings(day, at, zone))


def _readings(day: date, at: time, zone: tzinfo) -> tuple[Instant, Instant]:
    """Both readings of a time on the wall clock; they differ around a clock change only."""
    moment = datetime.combine(day, at, zone)
    first, second = (int(moment.replace(fold=fold).timestamp()) * 1_000 for fold in (0, 1))
    return Instant(first), Instant(second)


# --------------------------------------------------------------- what is in the way


def in_the_way(taken: Sequence[Busy], start: Instant, end: Instant) -> tuple[Busy, ...]:
    """What of `taken` (in order of start) lies in `[start, end)`, or nearer to it than its margin."""
    first = bisect_left(taken, start - _LONGEST_MS - _MARGIN_MS, key=_begin)
    beyond = bisect_left(taken, end + _MARGIN_MS, key=_begin)
    return tuple(
        one for one in taken[first:beyond] if one.start - one.margin_ms < end and one.end + one.margin_ms > start
    )


def _begin(one: Busy) -> Instant:
    return one.start


_MARGIN_MS = MARGIN_MIN_MAX * MINUTE_MS
_LONGEST_MS = 25 * HOUR_MS
"""A day on which clocks are put back."""


# --------------------------------------------------------------- checks


def check_school(school: School) -> School:
    """As it can be kept: sorted, white space made single. Raises `Refusal` that says in words what cannot be."""
    try:
        ZoneInfo(school.zone)
    except (KeyError, ValueError, OSError):
        raise _bad(Sentence("No such time zone: {zone}.", zone=repr(school.zone[:60]))) from None
    if not 0 <= school.margin_min <= MARGIN_MIN_MAX:
        raise _bad(Sentence("The time for the way and a rest is from 0 to {most} minutes.", most=MARGIN_MIN_MAX))
    _check_count(school.hours, HOURS_MAX, Sentence("times of school"))
    _check_count((*school.terms, *school.days_off), SPANS_MAX, Sentence("terms and days off"))
    _check_count(school.exams, EXAMS_MAX, Sentence("exam days"))
    _check_count(school.activities, ACTIVITIES_MAX, Sentence("activities"))
    for hours in school.hours:
        _check_weekday(hours.weekday)
        _check_order(hours.start, hours.end, Sentence(SCHOOL_ON[hours.weekday]))
    for span in (*school.terms, *school.days_off):
        if span.last < span.first:
            raise _bad(Sentence("{first} to {last} ends before it begins.", first=span.first, last=span.last))
    activities = tuple(_checked(activity) for activity in school.activities)
    return School(
        person=school.person,
        zone=school.zone,
        hours=tuple(sorted(set(school.hours), key=lambda one: (WEEKDAYS.index(one.weekday), one.start, one.end))),
        terms=tuple(sorted(set(school.terms), key=lambda one: (one.first, one.last))),
        days_off=tuple(sorted(set(school.days_off), key=lambda one: (one.first, one.last))),
        exams=tuple(sorted(set(school.exams))),
        activities=tuple(dict.fromkeys(activities)),
        margin_min=school.margin_min,
    )


def _checked(activity: Activity) -> Activity:
    name = line(activity.name, "the activity", ACTIVITY_NAME_MAX)
    if (activity.day is None) == (not activity.weekday):
        raise _bad(Sentence("{name}: choose a weekday or one day.", name=name))
    if activity.weekday:
        _check_weekday(activity.weekday)
    _check_order(activity.start, activity.end, name)
    return Activity(name=name, start=activity.start, end=activity.end, weekday=activity.weekday, day=activity.day)


def _check_weekday(weekday: str) -> None:
    if weekday not in WEEKDAYS:
        raise _bad(Sentence("No such weekday: {weekday}.", weekday=repr(weekday[:20])))


def _check_order(start: time, end: time, what: str | Sentence) -> None:
    if start.tzinfo is not None or end.tzinfo is not None:
        raise _bad(Sentence("{what}: a time on the wall clock has no time zone of its own.", what=what))
    if end <= start:
        raise _bad(
            Sentence(
                "{what} ends at {end}, which is not after {start}. Please look at the two times.",
                what=what,
                start=f"{start:%H:%M}",
                end=f"{end:%H:%M}",
            )
        )


def _check_count(rows: Sequence[object], most: int, what: Sentence) -> None:
    if len(rows) > most:
        raise Refusal("too_many", Sentence("That are more than {most} {what}.", most=most, what=what))


def _bad(text: Sentence) -> Refusal:
    return Refusal("bad_school", text)
