"""Days and weeks by rule sets, against tables worked out by hand from the published rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from facilitation import crediting
from facilitation.rules import RuleSet
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from facilitation.weeks import Gap, Outlook, Reach, Room, Visit, Week, day_of, first_day, outlook, week
from server.catalog import load_catalog
from tests.support.meeting import RULES

CATALOG = load_catalog().rules
MONDAY = date(2026, 11, 16)
LATER = date(2027, 1, 1)


def on(day: int, minutes: float) -> Visit:
    """A session so many days after the Monday, with so many minutes that count."""
    return Visit(day=MONDAY + timedelta(days=day), counted_ms=round(minutes * MINUTE_MS))


def under(rules: str | RuleSet, *visits: Visit, track: str = "adult", planned: tuple[Visit, ...] = ()) -> Week:
    rules = CATALOG[rules] if isinstance(rules, str) else rules
    return week(rules, track, MONDAY, visits, planned=planned, today=MONDAY + timedelta(days=6))


# --------------------------------------------------------------------------- rounding


@pytest.mark.parametrize(
    ("rules", "table"),
    [
        # Michigan: 1–14 = 0, 15–29 = 1.
        ("units-floor", {0: 0, 1: 0, 14: 0, 15: 1, 29: 1, 30: 2, 44: 2, 45: 3, 171: 11, 180: 12}),
        # CMS: 8–22 = 1, 23–37 = 2, 38–52 = 3, 53–67 = 4.
        ("units-eight-minute", {0: 0, 1: 0, 7: 0, 8: 1, 22: 1, 23: 2, 37: 2, 38: 3, 52: 3, 53: 4, 67: 4, 68: 5}),
        # "Up to 15 minutes": each one begun.
        ("units-started", {0: 0, 1: 1, 15: 1, 16: 2, 30: 2, 31: 3}),
        # 90846 and 90847: from 26 minutes.
        ("family-50-midpoint", {0: 0, 25: 0, 26: 1, 50: 1, 75: 1, 76: 2}),
        ("exact-floor", {0: None, 14: None, 180: None}),
        ("asam-2-1", {0: None, 180: None}),
    ],
)
def test_units_are_those_of_the_published_table(rules: str, table: dict[int, int | None]) -> None:
    assert {minutes: crediting.units(CATALOG[rules], minutes) for minutes in table} == table


@pytest.mark.parametrize(("length", "unit", "first"), [("90832", 30, 16), ("a quarter of an hour", 15, 8)])
def test_the_midpoint_is_passed_and_not_just_reached(length: str, unit: int, first: int) -> None:
    rules = replace(RULES, rounding="midpoint", unit_min=unit)
    assert [crediting.units(rules, minutes) for minutes in (first - 1, first)] == [0, 1], length


def test_seconds_never_make_a_unit() -> None:
    almost = Visit(day=MONDAY, counted_ms=8 * MINUTE_MS - 1)
    assert under("units-eight-minute", almost).units == 0
    assert under("units-eight-minute", on(0, 8)).units == 1


def test_units_stand_beside_the_minutes_and_never_make_a_day_longer() -> None:
    told = under("units-eight-minute", on(0, 8), on(1, 8))
    assert (told.minutes, told.units) == (16, 2)


def test_each_session_of_a_day_is_rounded_by_itself() -> None:
    assert under("units-floor", on(0, 20), on(0, 25)).days[0].units == 2


def test_exact_minutes_add_up_what_each_session_dropped() -> None:
    halves = [on(day, 59.5) for day in range(4)]
    assert under("exact-floor", *halves).minutes == 4 * 59
    told = under("asam-2-1", *halves)
    assert [day.minutes for day in told.days] == [59] * 4
    assert told.minutes == 238


# --------------------------------------------------------------------------- one week under every rule set

ONE_WEEK = (on(0, 180), on(1, 179.5), on(2, 20), on(2, 25), on(4, 180))
"""Monday 3 h; Tuesday half a minute less than 3 h; Wednesday two short ones; Friday 3 h. Whole minutes: 584."""

BY_HAND = {
    # rule set: minutes of the week, units, counted days of an adult, and of a teen
    "exact-floor": (584, None, 4, 4),
    "asam-2-1": (584, None, 4, 4),  # 584.5, the half dropped once
    "virginia": (584, None, 2, 3),  # 3 h for adults, 2 h for adolescents: Tuesday
    "north-carolina-saiop": (360, None, 2, 2),  # Tuesday and Wednesday are not billed
    "new-york-ios": (584, None, 2, 2),
    "h0015-per-diem": (584, None, 2, 2),
    "california-sunday-week": (584, None, 4, 4),
    "units-floor": (584, 12 + 11 + 1 + 1 + 12, 4, 4),
    "units-eight-minute": (584, 12 + 12 + 1 + 2 + 12, 4, 4),  # 179 = 11 × 15 + 14; 20 = 15 + 5; 25 = 15 + 10
    "units-started": (584, 12 + 12 + 2 + 2 + 12, 4, 4),
    "family-50-midpoint": (584, 4 + 4 + 0 + 0 + 4, 4, 4),  # 180 = 3 × 50 + 30; 25 is the middle, and not past it
    "group-of-12": (584, None, 4, 4),
}


def test_every_rule_set_of_the_catalog_is_worked_out_by_hand() -> None:
    assert BY_HAND.keys() == CATALOG.keys()


@pytest.mark.parametrize("rules", BY_HAND)
def test_one_week_is_what_was_worked_out_by_hand_under_each_rule_set(rules: str) -> None:
    minutes, units, adult_days, teen_days = BY_HAND[rules]
    adult, teen = under(rules, *ONE_WEEK), under(rules, *ONE_WEEK, track="teen")
    assert (adult.minutes, adult.units, adult.counted_days) == (minutes, units, adult_days)
    assert (teen.minutes, teen.units, teen.counted_days) == (minutes, units, teen_days)
    asked = {"north-carolina-saiop": Reach.MISSED, "family-50-midpoint": Reach.NONE}
    assert adult.floor is asked.get(rules, Reach.REACHED)
    three_days = {"north-carolina-saiop": Reach.MISSED, "h0015-per-diem": Reach.MISSED}
    assert adult.days_floor is three_days.get(rules, Reach.NONE)
    free = [Gap(after=MONDAY, until=MONDAY + timedelta(days=4), days=3, most=2)]
    assert list(adult.gaps) == (free if rules == "north-carolina-saiop" else [])
    short = {day.day for day in adult.days if day.short}
    assert short == ({MONDAY + timedelta(days=n) for n in (1, 2)} if rules == "new-york-ios" else set())


# --------------------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("track", "minutes", "counted"),
    [("adult", 179, False), ("adult", 180, True), ("teen", 119, False), ("teen", 120, True), ("teen", 179, True)],
)
def test_a_day_counts_from_three_hours_on_and_from_two_for_adolescents_in_virginia(
    track: str, minutes: int, counted: bool
) -> None:
    told = under("virginia", on(0, minutes), track=track)
    assert told.days[0].counted is counted
    assert told.counted_days == counted
    assert told.minutes == minutes


def test_two_sessions_of_one_day_reach_the_threshold_together() -> None:
    assert under("virginia", on(0, 90), on(0, 90)).counted_days == 1
    assert under("virginia", on(0, 90), on(1, 90)).counted_days == 0


def test_without_a_threshold_any_whole_minute_makes_a_day() -> None:
    assert under("exact-floor", on(0, 1), on(1, 0.99), on(2, 0)).counted_days == 1


def test_a_short_day_in_new_york_names_what_can_be_done_instead() -> None:
    told = under("new-york-ios", on(0, 179), on(1, 180), on(2, 0))
    assert [[short.id for short in day.short] for day in told.days] == [["single_services"], [], []]
    assert told.minutes == 359, "its minutes are still service of that week"


def test_where_short_days_do_not_count_their_minutes_stay_out_of_the_week() -> None:
    told = under("north-carolina-saiop", on(0, 200), on(2, 100))
    assert (told.attended_min, told.minutes, told.counted_days) == (300, 200, 1)


def test_a_session_belongs_to_the_day_on_which_it_began_where_it_was_held() -> None:
    new_york = ZoneInfo("America/New_York")
    # 23:59:59 in New York, on the evening before the clocks go back.
    fall_back = Instant(int(datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC).timestamp()) * SECOND_MS)
    assert day_of(fall_back, new_york) == date(2026, 10, 31)
    assert day_of(Instant(fall_back + SECOND_MS), new_york) == date(2026, 11, 1)
    assert day_of(Instant(fall_back + 25 * 60 * MINUTE_MS), new_york) == date(2026, 11, 1), "a day of 25 hours"
    assert day_of(Instant(fall_back + 25 * 60 * MINUTE_MS + SECOND_MS), new_york) == date(2026, 11, 2)


# --------------------------------------------------------------------------- weeks


@pytest.mark.parametrize(
    ("day", "monday_week", "sunday_week"),
    [
        (date(2026, 11, 14), date(2026, 11, 9), date(2026, 11, 8)),  # Saturday
        (date(2026, 11, 15), date(2026, 11, 9), date(2026, 11, 15)),  # Sunday
        (date(2026, 11, 16), date(2026, 11, 16), date(2026, 11, 15)),  # Monday
        (date(2026, 11, 21), date(2026, 11, 16), date(2026, 11, 15)),
        (date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 22)),
        (date(2027, 1, 1), date(2026, 12, 28), date(2026, 12, 27)),
    ],
)
def test_a_week_begins_on_its_weekday(day: date, monday_week: date, sunday_week: date) -> None:
    assert first_day(CATALOG["exact-floor"], day) == monday_week
    assert first_day(CATALOG["california-sunday-week"], day) == sunday_week


def test_a_sunday_is_in_the_old_week_or_in_the_new_one() -> None:
    visits = [on(-1, 100), on(0, 10), on(5, 20), on(6, 200)]
    assert under("exact-floor", *visits).minutes == 230
    assert under("california-sunday-week", *visits).minutes == 130


@pytest.mark.parametrize(
    ("track", "there", "planned", "floor", "left"),
    [
        ("adult", 540, 0, Reach.REACHED, 0),
        ("adult", 539, 0, Reach.MISSED, 1),
        ("adult", 380, 160, Reach.REACHABLE, 160),
        ("adult", 380, 159, Reach.MISSED, 160),
        ("teen", 360, 0, Reach.REACHED, 0),
        ("teen", 0, 360, Reach.REACHABLE, 360),
    ],
)
def test_nine_hours_a_week_and_six_for_adolescents(
    track: str, there: int, planned: int, floor: Reach, left: int
) -> None:
    told = under("asam-2-1", on(0, there), planned=(on(6, planned),), track=track)
    assert (told.floor, told.left_min, told.possible_min) == (floor, left, there + planned)


@pytest.mark.parametrize(
    ("there", "planned", "ceiling"),
    [(1_140, 0, Room.WITHIN), (1_141, 0, Room.EXCEEDED), (1_000, 140, Room.WITHIN), (1_000, 141, Room.WOULD_EXCEED)],
)
def test_more_than_nineteen_hours_are_seen_before_they_are_there(there: int, planned: int, ceiling: Room) -> None:
    visits = [on(day, there / 4) for day in range(4)]
    assert under("asam-2-1", *visits, planned=(on(5, planned),)).ceiling is ceiling


def test_without_a_rule_nothing_is_reached_or_missed() -> None:
    told = under("family-50-midpoint", on(0, 26))
    assert (told.floor, told.ceiling, told.days_floor) == (Reach.NONE, Room.NONE, Reach.NONE)
    assert (told.gaps, told.next_due) == ((), None)


def test_planned_minutes_of_a_day_too_short_to_count_reach_nothing_where_short_days_do_not_count() -> None:
    days = (on(0, 180), on(2, 180))
    assert under("north-carolina-saiop", *days, planned=(on(4, 179),)).floor is Reach.MISSED
    assert under("north-carolina-saiop", *days, planned=(on(4, 180),)).floor is Reach.REACHABLE
    assert under("north-carolina-saiop", *days, on(4, 100), planned=(on(4, 80),)).days_floor is Reach.REACHABLE


@pytest.mark.parametrize(
    ("days", "state"), [((0, 2, 4), Reach.REACHED), ((0, 2), Reach.MISSED), ((0, 0, 2), Reach.MISSED)]
)
def test_three_counted_days_a_week(days: tuple[int, ...], state: Reach) -> None:
    assert under("h0015-per-diem", *(on(day, 180) for day in days)).days_floor is state


# --------------------------------------------------------------------------- gaps


def gaps(*days: int, today: int = 6, of_week: int = 0) -> tuple[tuple[int, int | None, int], ...]:
    """Gaps in North Carolina (two days at most) with three-hour days so many days after the Monday."""
    at = MONDAY + timedelta(days=of_week)
    told = week(
        CATALOG["north-carolina-saiop"],
        "adult",
        at,
        [on(day, 180) for day in days],
        today=MONDAY + timedelta(days=today),
    )
    number = {MONDAY + timedelta(days=n): n for n in range(-30, 60)}
    assert all(gap.most == 2 for gap in told.gaps)
    return tuple((number[gap.after], gap.until and number[gap.until], gap.days) for gap in told.gaps)


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ((0, 3, 6), ()),  # two free days between are allowed
        ((0, 4, 6), ((0, 4, 3),)),
        ((0, 2, 4), ()),  # Saturday and Sunday are free so far
        ((-3, 0, 2, 4), ()),
        ((0,), ((0, None, 6),)),
        ((), ()),
    ],
)
def test_more_than_two_days_in_a_row_without_a_counted_one_are_a_gap(
    days: tuple[int, ...], found: tuple[tuple[int, int | None, int], ...]
) -> None:
    assert gaps(*days) == found


def test_a_gap_that_ended_with_the_week_before_is_that_weeks() -> None:
    assert gaps(-4, 0, 2, 4) == ()
    assert gaps(-4, 0, 2, 4, of_week=-7) == ((-4, 0, 3),)


def test_a_gap_over_the_turn_of_the_week_is_seen_in_both() -> None:
    assert gaps(4, 9, today=13) == gaps(4, 9, today=13, of_week=7)[:1] == ((4, 9, 4),)


def test_a_short_day_ends_no_gap() -> None:
    told = under("north-carolina-saiop", on(0, 180), on(3, 179), on(5, 180))
    assert told.gaps == (Gap(after=MONDAY, until=MONDAY + timedelta(days=5), days=4, most=2),)


def test_the_next_day_that_is_due_can_be_said_before_the_gap_is_there() -> None:
    told = week(CATALOG["north-carolina-saiop"], "adult", MONDAY, [on(0, 180)], today=MONDAY + timedelta(days=2))
    assert (told.gaps, told.next_due) == ((), MONDAY + timedelta(days=3))


# --------------------------------------------------------------------------- while it can still be helped


@pytest.mark.parametrize(
    ("rules", "signed", "planned", "expected"),
    [
        # Nine hours a week: 6 h there, and what is left decides.
        ("exact-floor", 6, (3, 3), Outlook.ON_TRACK),
        ("exact-floor", 6, (3,), Outlook.TIGHT),
        ("exact-floor", 6, (2,), Outlook.MISSED),
        ("exact-floor", 6, (), Outlook.MISSED),
        ("exact-floor", 9, (3,), Outlook.REACHED),
        ("exact-floor", 5, (3, 1, 1), Outlook.TIGHT),  # without the long one it is missed
        ("family-50-midpoint", 0, (3,), Outlook.NONE),
        # Three counted days a week beside the hours: hours alone do not make it.
        ("h0015-per-diem", 9, (), Outlook.MISSED),
        ("h0015-per-diem", 9, (3, 3), Outlook.TIGHT),
        ("h0015-per-diem", 9, (3, 3, 3), Outlook.ON_TRACK),
    ],
)
def test_a_week_is_told_while_it_can_still_be_helped(
    rules: str, signed: int, planned: tuple[int, ...], expected: Outlook
) -> None:
    """`signed`: hours of the Monday; `planned`: of each day after it."""
    to_come = tuple(on(day, hours * 60) for day, hours in enumerate(planned, 1))
    told = under(rules, on(0, signed * 60), planned=to_come)
    assert outlook(told, [hours * 60 for hours in planned]) is expected


def test_what_waits_for_a_signature_cannot_be_missed_any_more() -> None:
    told = under("exact-floor", on(0, 360), planned=(on(1, 180),))
    assert outlook(told, []) is Outlook.ON_TRACK


def test_what_a_week_will_lack_is_told_in_minutes() -> None:
    told = under("exact-floor", on(0, 360), planned=(on(1, 100),))
    assert (told.left_min, told.short_min) == (180, 80)
