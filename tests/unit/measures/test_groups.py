"""What measures say of a group: means of five people or more, of weeks that are over, and never of one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from facilitation.ids import ItemId, MeasureId, PersonId, SessionId
from facilitation.measures import Change
from facilitation.timebase import HOUR_MS, Instant
from server.catalog import load_catalog
from server.measures.groups import Trend, trends
from server.measures.history import Result
from tests.support.evening import Evening

DAY_MS = 24 * HOUR_MS
MONDAY = 1_793_667_600_000
"""2026-11-02, 8 PM in New York."""
EVENING = Evening(session="s-1", starts_at=0, people=1).scheduled
TODAY = date(2026, 11, 18)
CATALOG = load_catalog().measures
PHQ9, CLIMATE = CATALOG[MeasureId("phq-9")], CATALOG[MeasureId("group-climate")]


def result(person: int, day: int, value: int, measure: MeasureId = PHQ9.id) -> Result:
    """Everything ticked the same, so many days after that Monday."""
    asked = CATALOG[measure]
    session = replace(EVENING, session=SessionId(f"s-{day}"), starts_at=Instant(MONDAY + day * DAY_MS))
    values = {item.id: value for item in asked.items}
    return Result(person=PersonId(f"p-{person}"), session=session, measure=asked, values=values, at=session.starts_at)


def of(*results: Result) -> Trend:
    [trend] = trends(results, today=TODAY, weeks=4)
    return trend


def test_five_people_make_a_mean_and_four_make_none() -> None:
    five = of(*(result(person, 0, person % 4) for person in range(5)))
    assert [(week.people, week.mean) for week in five.weeks] == [(0, None), (0, None), (5, 54 / 5), (0, None)]
    four = of(*(result(person, 0, 1) for person in range(4)))
    assert all(week.mean is None and week.people == 0 and week.items == {} for week in four.weeks)
    assert four.bands == {} and four.changes == {}


def test_five_answers_of_four_people_are_not_five_people() -> None:
    trend = of(*(result(person, 0, 1) for person in range(4)), result(0, 2, 3))
    assert all(week.mean is None for week in trend.weeks)


def test_of_two_answers_in_a_week_the_last_counts() -> None:
    trend = of(*(result(person, 0, 0) for person in range(5)), result(0, 2, 1))
    assert trend.weeks[2].mean == 9 / 5


def test_the_week_that_is_not_over_is_not_shown() -> None:
    assert trends([result(person, 14, 1) for person in range(9)], today=TODAY, weeks=4) == ()
    assert of(*(result(person, 13, 1) for person in range(5))).weeks[-1].mean == 9


def test_what_has_gaps_is_in_no_mean() -> None:
    holes = replace(result(9, 0, 3), values={ItemId("1"): 3})
    assert of(*(result(person, 0, 1) for person in range(5)), holes).weeks[2].people == 5


def test_bands_and_reliable_changes_are_counted_over_people() -> None:
    before, after = [result(person, 0, 2) for person in range(6)], [result(person, 7, 0) for person in range(5)]
    trend = of(*before, *after)
    assert trend.bands == {"minimal": 5, "moderately severe": 1}
    assert trend.changes == {Change.LOWER: 5}


def test_of_an_anonymous_measure_only_means_are_told() -> None:
    trend = of(*(result(person, 0, 3, CLIMATE.id) for person in range(5)))
    assert (trend.weeks[2].mean, trend.bands, trend.changes) == (12, {}, {})
    assert set(trend.weeks[2].items.values()) == {3.0}


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 20), st.integers(0, 3)), max_size=40))
def test_nothing_is_ever_told_of_fewer_than_five(answers: list[tuple[int, int, int]]) -> None:
    results = [result(*answer) for answer in sorted(answers, key=lambda each: each[1])]
    for trend in trends(results, today=TODAY, weeks=4):
        for number, week in enumerate(trend.weeks):
            first = (number - 2) * 7  # days after the Monday with which the third of these weeks begins
            people = {person for person, day, _ in answers if first <= day < first + 7}
            assert (week.mean is not None) == (len(people) >= 5)
            assert week.people in (0, len(people))
