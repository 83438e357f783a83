"""What holds for every rule set of the catalog and any week."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation import crediting
from facilitation.rules import EIGHT_MINUTE, EXACT, FLOOR_UNIT, MIDPOINT, STARTED_UNIT, RuleSet
from facilitation.timebase import HOUR_MS, MINUTE_MS
from facilitation.weeks import Reach, Visit, Week, first_day, week
from server.catalog import load_catalog

MONDAY = date(2026, 11, 16)
DAYS = [MONDAY + timedelta(days=n) for n in range(-9, 12)]

rule_sets = st.sampled_from(list(load_catalog().rules.values()))
tracks = st.sampled_from(["adult", "teen"])
lengths = st.integers(0, 5 * HOUR_MS) | st.sampled_from([180 * MINUTE_MS, 180 * MINUTE_MS - 1, 8 * MINUTE_MS, 1, 0])
visits = st.builds(Visit, day=st.sampled_from(DAYS), counted_ms=lengths)
some = st.lists(visits, max_size=12)

MORE_THAN_ATTENDED_MIN = {FLOOR_UNIT: 0, EIGHT_MINUTE: 7, MIDPOINT: 24, STARTED_UNIT: 14}
"""What a rounding may add to a session at most: of 15 minutes from 8 on, of 50 from 26 on, of 15 from the first on."""
ORDER = [Reach.MISSED, Reach.REACHABLE, Reach.REACHED]


def told(rules: RuleSet, track: str, there: list[Visit], planned: list[Visit]) -> Week:
    return week(rules, track, MONDAY, there, planned=planned, today=MONDAY)


@given(rules=rule_sets, track=tracks, there=some, planned=some, more=visits)
@settings(max_examples=400)
def test_more_attendance_never_makes_less_of_a_week(
    rules: RuleSet, track: str, there: list[Visit], planned: list[Visit], more: Visit
) -> None:
    before, after = told(rules, track, there, planned), told(rules, track, [*there, more], planned)
    for name in ("attended_min", "minutes", "possible_min", "counted_days", "possible_days"):
        assert getattr(after, name) >= getattr(before, name), name
    assert (after.units or 0) >= (before.units or 0)
    assert after.left_min <= before.left_min
    if before.floor is not Reach.NONE:
        assert ORDER.index(after.floor) >= ORDER.index(before.floor)


@given(rules=rule_sets, track=tracks, there=some, planned=some)
@settings(max_examples=400)
def test_attending_what_was_planned_makes_the_possible_real(
    rules: RuleSet, track: str, there: list[Visit], planned: list[Visit]
) -> None:
    before, after = told(rules, track, there, planned), told(rules, track, [*there, *planned], [])
    assert (after.minutes, after.counted_days) == (before.possible_min, before.possible_days)
    assert before.minutes <= before.possible_min
    if before.floor is Reach.REACHABLE:
        assert after.floor is Reach.REACHED
    if before.floor is Reach.MISSED:
        assert after.floor is Reach.MISSED


@given(rules=rule_sets, track=tracks, there=some)
@settings(max_examples=400)
def test_a_week_is_the_sum_of_its_days_and_never_more_than_was_attended(
    rules: RuleSet, track: str, there: list[Visit]
) -> None:
    week = told(rules, track, there, [])
    of_week = [visit for visit in there if week.first <= visit.day <= week.last]
    attended_ms = sum(visit.counted_ms for visit in of_week)
    assert (week.last - week.first).days == 6 and week.first <= MONDAY <= week.last
    assert [day.day for day in week.days] == sorted({visit.day for visit in of_week})
    assert week.minutes <= week.attended_min <= attended_ms // MINUTE_MS
    days_min = sum(day.minutes for day in week.days)
    if rules.rounding == EXACT:
        assert week.attended_min == attended_ms // MINUTE_MS
        assert days_min <= week.attended_min < days_min + max(1, len(week.days))
    else:
        assert week.attended_min == days_min == sum(visit.counted_ms // MINUTE_MS for visit in of_week)
    assert week.counted_days == sum(day.counted for day in week.days)
    assert week.units == (None if week.units is None else sum(day.units or 0 for day in week.days))


@given(rules=rule_sets, minutes=st.integers(0, 600))
@settings(max_examples=1_000)
def test_rounding_adds_no_more_than_its_rule_permits(rules: RuleSet, minutes: int) -> None:
    units = crediting.units(rules, minutes)
    if units is None:
        return
    assert -rules.unit_min < units * rules.unit_min - minutes <= MORE_THAN_ATTENDED_MIN[rules.rounding]
    assert 0 <= units <= (crediting.units(rules, minutes + 1) or 0) <= units + 1


@given(rules=rule_sets, counted_ms=lengths)
def test_what_is_kept_of_a_session_is_never_more_and_at_most_a_minute_less(rules: RuleSet, counted_ms: int) -> None:
    assert 0 <= counted_ms - crediting.kept_ms(rules, counted_ms) < MINUTE_MS


@given(rules=rule_sets, day=st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_is_in_one_week_and_all_its_days_say_the_same(rules: RuleSet, day: date) -> None:
    first = first_day(rules, day)
    assert 0 <= (day - first).days < 7
    assert {first_day(rules, first + timedelta(days=n)) for n in range(7)} == {first}
