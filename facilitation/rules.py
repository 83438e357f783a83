"""Rule sets: dated data that say which minutes count and what a day and a week of them are worth.

Loaded from `catalog/rules.toml`. A session keeps the whole rule set it was opened with in its log, so that a new
version changes nothing that was before it. Fields that older logs lack have defaults that mean what was meant then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from facilitation.errors import Refusal
from facilitation.plan import SegmentKind
from facilitation.sentences import Sentence

TRACKS = frozenset({"adult", "teen"})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

EXACT = "exact"
FLOOR_MINUTE = "floor_minute"
FLOOR_UNIT = "floor_unit"
EIGHT_MINUTE = "eight_minute"
MIDPOINT = "midpoint"
STARTED_UNIT = "started_unit"

MINUTE_ROUNDINGS = frozenset({EXACT, FLOOR_MINUTE})
UNIT_ROUNDINGS = frozenset({FLOOR_UNIT, EIGHT_MINUTE, MIDPOINT, STARTED_UNIT})
ROUNDINGS = MINUTE_ROUNDINGS | UNIT_ROUNDINGS

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
UNIT_MIN_MAX = 240
GAP_DAYS_MAX = 366
GROUP_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortDay:
    """What can be done with a day below the threshold, in words: no billing code stands here, payers differ.

    Offered from `from_min` minutes on.
    """

    id: str
    text: str
    from_min: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """How present minutes become countable minutes, units, days and weeks. Lengths in minutes, but for one.

    `uncounted`: segment kinds that never count (breaks). `server_gap_credit_ms_max`: a server gap of at most this
    counts as present for those who were present before it and came back within the same time after it; a longer one
    counts for nobody.

    `rounding`, applied once to the sum of a session:
      'floor_minute'  whole minutes, the seconds dropped;
      'exact'         the same figure for a session, but a day and a week add up what it dropped;
      'floor_unit'    full units of `unit_min` (15: 1–14 = 0, 15–29 = 1);
      'eight_minute'  units of 15, one more from 8 minutes on (8–22 = 1, 23–37 = 2);
      'midpoint'      a unit once more than half of it is reached (50: from 26);
      'started_unit'  every unit begun.
    Units are made of whole minutes. They stand beside the minutes and never add to them: thresholds and floors are
    about minutes that somebody attended.

    By track ('adult', 'teen'; none means no such rule): `day_threshold_min`, what makes a day count; `week_floor_min`
    and `week_ceiling_min`, what a week should reach and not exceed. `week_days_min`: counted days a week should have.
    `week_start`: the weekday a week begins on. `short_days_count`: whether minutes of a day below the threshold count
    towards the week. `short_day`: what is offered for such a day. `gap_days_max`: most days in a row without a
    counted one. `group_caps`: most participants in a segment, by its kind.

    `effective_from` and `effective_until` (both included; None: open) say on which days this version is in force.
    `example`: made from published rules, to be checked by the clinic before anybody relies on it.
    """

    id: str
    version: str
    title: str
    source: str
    uncounted: tuple[str, ...]
    rounding: str
    server_gap_credit_ms_max: int
    week_floor_min: dict[str, int]
    unit_min: int = 1
    day_threshold_min: dict[str, int] = field(default_factory=dict)
    short_days_count: bool = True
    short_day: tuple[ShortDay, ...] = ()
    week_ceiling_min: dict[str, int] = field(default_factory=dict)
    week_days_min: int = 0
    week_start: str = "monday"
    gap_days_max: int | None = None
    group_caps: dict[str, int] = field(default_factory=dict)
    effective_from: date | None = None
    effective_until: date | None = None
    example: bool = False


def in_force(rules: RuleSet, day: date) -> bool:
    return (rules.effective_from or date.min) <= day <= (rules.effective_until or date.max)


def version_on(versions: Iterable[RuleSet], day: date) -> RuleSet | None:
    """Of the versions of one rule set, the one in force on `day`."""
    return next((rules for rules in versions if in_force(rules, day)), None)


# --------------------------------------------------------------- checks


def check_rules(rules: RuleSet) -> None:
    """Raises `Refusal` that says in words what no minutes can be counted by."""
    _check_rounding(rules)
    _check_kinds("uncounted", rules.uncounted)
    _check_kinds("group_caps", rules.group_caps)
    _check_range("server_gap_credit_ms_max", rules.server_gap_credit_ms_max, 0, DAY_MIN * 60_000)
    _check_by_track("week_floor_min", rules.week_floor_min, WEEK_MIN)
    _check_by_track("week_ceiling_min", rules.week_ceiling_min, WEEK_MIN)
    _check_by_track("day_threshold_min", rules.day_threshold_min, DAY_MIN)
    _check_range("week_days_min", rules.week_days_min, 0, 7)
    if rules.gap_days_max is not None:
        _check_range("gap_days_max", rules.gap_days_max, 0, GAP_DAYS_MAX)
    for kind, people in rules.group_caps.items():
        _check_range(f"group_caps.{kind}", people, 1, GROUP_MAX)
    if rules.week_start not in WEEKDAYS:
        raise _bad(f"a week cannot begin on {rules.week_start!r}; it begins on one of {', '.join(WEEKDAYS)}")
    for track, ceiling in rules.week_ceiling_min.items():
        if ceiling < rules.week_floor_min.get(track, 0):
            raise _bad(f"the week's ceiling of {track!r} is below its floor")
    if (rules.effective_from or date.min) > (rules.effective_until or date.max):
        raise _bad("it ends before it begins: effective_until is before effective_from")
    _check_short_days(rules)


def _check_rounding(rules: RuleSet) -> None:
    if rules.rounding not in ROUNDINGS:
        raise _bad(f"the rounding {rules.rounding!r} is not known; there are {', '.join(sorted(ROUNDINGS))}")
    if rules.rounding in MINUTE_ROUNDINGS and rules.unit_min != 1:
        raise _bad(f"unit_min is {rules.unit_min}, but the rounding {rules.rounding!r} knows no units")
    if rules.rounding in UNIT_ROUNDINGS:
        _check_range("unit_min", rules.unit_min, 2, UNIT_MIN_MAX)
    if rules.rounding == EIGHT_MINUTE and rules.unit_min != 15:
        raise _bad(f"unit_min is {rules.unit_min}, but the rounding 'eight_minute' is about units of 15")


def _check_short_days(rules: RuleSet) -> None:
    names = [short.id for short in rules.short_day]
    if len(set(names)) != len(names):
        raise _bad("short_day offers the same twice")
    for short in rules.short_day:
        if not short.id.strip() or not short.text.strip():
            raise _bad("each short_day needs an id and a text")
        _check_range(f"short_day {short.id!r} from_min", short.from_min, 1, DAY_MIN)
    if not rules.day_threshold_min and (rules.short_day or not rules.short_days_count):
        raise _bad("short days are spoken of, but there is no day_threshold_min that makes a day short")


def _check_kinds(name: str, kinds: Iterable[str]) -> None:
    unknown = sorted(set(kinds) - {kind.value for kind in SegmentKind})
    if unknown:
        raise _bad(f"{name}: no such kind of segment: {', '.join(unknown)}")


def _check_by_track(name: str, lengths: Mapping[str, int], most: int) -> None:
    unknown = sorted(set(lengths) - TRACKS)
    if unknown:
        raise _bad(f"{name}: no such track: {', '.join(unknown)}; there are {', '.join(sorted(TRACKS))}")
    for track, length in lengths.items():
        _check_range(f"{name}.{track}", length, 0, most)


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise _bad(f"{name} is {value}, and should be from {least} to {most}")


def _bad(text: str) -> Refusal:
    return Refusal("bad_session", Sentence("The rule set: {text}.", text=text))
