"""Weeks: from the sessions of a person to what a rule set makes of their days and their week.

Pure figures. A week says what is reached, what can still be reached with what is planned, and what is lost; it never
says so as if it were certain that somebody will come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from facilitation import crediting
from facilitation.rules import WEEKDAYS, RuleSet, ShortDay
from facilitation.timebase import MINUTE_MS, Instant

DAYS = 7


class Reach(StrEnum):
    """Whether a least is reached: by what is there, or if all that is planned is attended as well."""

    NONE = "none"
    REACHED = "reached"
    REACHABLE = "reachable"
    MISSED = "missed"


class Room(StrEnum):
    """Whether a most is kept: by what is there, and if all that is planned is attended as well."""

    NONE = "none"
    WITHIN = "within"
    WOULD_EXCEED = "would_exceed"
    EXCEEDED = "exceeded"


class Outlook(StrEnum):
    """How a week looks while it can still be helped. TIGHT: reachable, but not if one more session is missed."""

    NONE = "none"
    REACHED = "reached"
    ON_TRACK = "on_track"
    TIGHT = "tight"
    MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one session gave (or is planned to give): the day it began on, in its own zone, and what counted of it."""

    day: date
    counted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """`minutes`: whole. `units`: None where the rule set has none. `counted`: the threshold is reached, and somebody
    was there. `short`: what is offered for a day that is not counted."""

    day: date
    minutes: int
    units: int | None
    counted: bool
    short: tuple[ShortDay, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """More days in a row without a counted one than the rule set allows. `until` is None while it goes on."""

    after: date
    until: date | None
    days: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a rule set makes of seven days from `first` on.

    `minutes` are those that count towards the week, `attended_min` all of them; they differ where minutes of short
    days do not count. `possible_min` is what `minutes` become if all that is planned is attended. `floor_min`,
    `ceiling_min` and `days_min` are 0 where there is no such rule. `next_due`: the last day for the next counted day,
    if no gap shall arise.
    """

    first: date
    last: date
    days: tuple[Day, ...]
    attended_min: int
    minutes: int
    possible_min: int
    units: int | None
    counted_days: int
    possible_days: int
    floor_min: int
    floor: Reach
    ceiling_min: int
    ceiling: Room
    days_min: int
    days_floor: Reach
    gaps: tuple[Gap, ...]
    next_due: date | None

    @property
    def left_min(self) -> int:
        """What the floor still lacks."""
        return max(0, self.floor_min - self.minutes)

    @property
    def short_min(self) -> int:
        """What the floor will lack even if all that is planned is attended."""
        return max(0, self.floor_min - self.possible_min)


def day_of(instant: Instant, zone: tzinfo) -> date:
    """The date of `instant` on the calendar of `zone`."""
    return datetime.fromtimestamp(instant // 1_000, UTC).astimezone(zone).date()


def first_day(rules: RuleSet, day: date) -> date:
    """The first day of the week that `day` is in."""
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(rules.week_start)) % DAYS)


def is_counted(rules: RuleSet, track: str, sessions: Iterable[int]) -> bool:
    """Whether a day is a counted one; `sessions`: what counted of each, in milliseconds.

    One without a whole minute is none in any case.
    """
    return _kept_ms(rules, sessions) >= MINUTE_MS * max(1, rules.day_threshold_min.get(track, 0))


def week(
    rules: RuleSet, track: str, day: date, visits: Iterable[Visit], *, planned: Iterable[Visit] = (), today: date
) -> Week:
    """The week that `day` is in, for a person of `track`.

    `visits` may hold sessions of other weeks as well; those before tell of gaps. `planned` are sessions still to come
    (or held, and not signed yet), each with what it would give.
    """
    first = first_day(rules, day)
    last = first + timedelta(days=DAYS - 1)
    everything = _by_day(visits)
    held = {at: there for at, there in everything.items() if first <= at <= last}
    to_come = {at: there for at, there in _by_day(planned).items() if first <= at <= last}
    both = {at: (*held.get(at, ()), *to_come.get(at, ())) for at in {*held, *to_come}}
    days = tuple(_day(rules, track, at, held[at]) for at in sorted(held))
    counted_days = sum(each.counted for each in days)
    possible_days = sum(is_counted(rules, track, there) for there in both.values())
    minutes, possible = _week_min(rules, track, held), _week_min(rules, track, both)
    floor_min = rules.week_floor_min.get(track, 0)
    ceiling_min = rules.week_ceiling_min.get(track, 0)
    counted = sorted(at for at, there in everything.items() if is_counted(rules, track, there))
    gaps, next_due = _gaps(rules, counted, first, last, today)
    return Week(
        first=first,
        last=last,
        days=days,
        attended_min=sum(_kept_ms(rules, there) for there in held.values()) // MINUTE_MS,
        minutes=minutes,
        possible_min=possible,
        units=None if crediting.units(rules, 0) is None else sum(each.units or 0 for each in days),
        counted_days=counted_days,
        possible_days=possible_days,
        floor_min=floor_min,
        floor=_reach(minutes, possible, floor_min),
        ceiling_min=ceiling_min,
        ceiling=_room(minutes, possible, ceiling_min),
        days_min=rules.week_days_min,
        days_floor=_reach(counted_days, possible_days, rules.week_days_min),
        gaps=gaps,
        next_due=next_due,
    )


def outlook(week: Week, to_come: Iterable[int]) -> Outlook:
    """`to_come`: the minutes of each session of this week that somebody can still come to, or miss."""
    least = [reach for reach in (week.floor, week.days_floor) if reach is not Reach.NONE]
    if not least:
        return Outlook.NONE
    if Reach.MISSED in least:
        return Outlook.MISSED
    if all(reach is Reach.REACHED for reach in least):
        return Outlook.REACHED
    longest = max(to_come, default=None)
    if longest is None:
        return Outlook.ON_TRACK  # held, and waiting for signatures
    too_short = week.floor is Reach.REACHABLE and week.possible_min - longest < week.floor_min
    too_few = week.days_floor is Reach.REACHABLE and week.possible_days - 1 < week.days_min
    return Outlook.TIGHT if too_short or too_few else Outlook.ON_TRACK


# --------------------------------------------------------------- days


def _by_day(visits: Iterable[Visit]) -> Mapping[date, tuple[int, ...]]:
    """Day → what counted of each of its sessions."""
    days: dict[date, tuple[int, ...]] = defaultdict(tuple)
    for visit in visits:
        days[visit.day] = (*days[visit.day], visit.counted_ms)
    return days


def _kept_ms(rules: RuleSet, sessions: Iterable[int]) -> int:
    return sum(crediting.kept_ms(rules, counted_ms) for counted_ms in sessions)


def _day(rules: RuleSet, track: str, day: date, sessions: tuple[int, ...]) -> Day:
    minutes = _kept_ms(rules, sessions) // MINUTE_MS
    units = [crediting.units(rules, counted_ms // MINUTE_MS) for counted_ms in sessions]
    counted = is_counted(rules, track, sessions)
    return Day(
        day=day,
        minutes=minutes,
        units=None if None in units else sum(each or 0 for each in units),
        counted=counted,
        short=() if counted else tuple(short for short in rules.short_day if minutes >= short.from_min),
    )


def _week_min(rules: RuleSet, track: str, days: Mapping[date, tuple[int, ...]]) -> int:
    counting = (there for there in days.values() if rules.short_days_count or is_counted(rules, track, there))
    return sum(_kept_ms(rules, there) for there in counting) // MINUTE_MS


# --------------------------------------------------------------- floors, ceilings, gaps


def _reach(there: int, possible: int, least: int) -> Reach:
    if least <= 0:
        return Reach.NONE
    if there >= least:
        return Reach.REACHED
    return Reach.REACHABLE if possible >= least else Reach.MISSED


def _room(there: int, possible: int, most: int) -> Room:
    if most <= 0:
        return Room.NONE
    if there > most:
        return Room.EXCEEDED
    return Room.WOULD_EXCEED if possible > most else Room.WITHIN


def _gaps(
    rules: RuleSet, counted: list[date], first: date, last: date, today: date
) -> tuple[tuple[Gap, ...], date | None]:
    """The gaps with a day in this week, and when the next counted day is due. `counted`: all counted days, in order.

    Before the first counted day there is no gap. After the last one it grows until `today`.
    """
    most = rules.gap_days_max
    if most is None or not counted:
        return (), None
    gaps = []
    for after, until in zip(counted, [*counted[1:], None], strict=True):
        free_until = (until or today + timedelta(days=1)) - timedelta(days=1)
        days = (free_until - after).days
        if days > most and after < last and free_until >= first:
            gaps.append(Gap(after=after, until=until, days=days, most=most))
    return tuple(gaps), counted[-1] + timedelta(days=most + 1)
