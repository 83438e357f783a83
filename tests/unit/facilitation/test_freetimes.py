"""Times to offer for a meeting of a few people (facilitation/freetimes.py)."""

from __future__ import annotations

from datetime import date, time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from facilitation.freetimes import APART_MIN, FIRST, LAST, days_from, offered

MONDAY = date(2026, 11, 30)
HOURS = st.sets(st.integers(0, 24 * 2 - 1))


def test_the_hours_after_school_come_first_and_no_day_has_all_of_them() -> None:
    found = offered(days_from(MONDAY, 3), lambda day, at: True, most=4)
    assert found == [
        (MONDAY, time(15)),
        (MONDAY, time(17)),
        (date(2026, 12, 1), time(15)),
        (date(2026, 12, 1), time(17)),
    ]


def test_where_nobody_is_ever_free_nothing_is_offered() -> None:
    assert offered(days_from(MONDAY, 21), lambda day, at: False, most=8) == []


@given(taken=st.lists(HOURS, min_size=1, max_size=10), most=st.integers(1, 9))
def test_whatever_is_offered_is_free_within_the_day_apart_and_in_order(taken: list[set[int]], most: int) -> None:
    def free(day: date, at: time) -> bool:
        return at.hour * 2 + at.minute // 30 not in taken[(day - MONDAY).days]

    found = offered(days_from(MONDAY, len(taken)), free, most=most)
    assert len(found) <= most and found == sorted(found)
    for day, at in found:
        assert free(day, at) and FIRST <= at <= LAST
    for (day, at), (other, then) in pairwise(found):
        assert day != other or (then.hour - at.hour) * 60 + then.minute - at.minute >= APART_MIN
    by_day = {day for day, _ in found}
    if len(found) < most:
        free_days = {day for day in days_from(MONDAY, len(taken)) if any(free(day, time(h)) for h in range(8, 21))}
        assert free_days <= by_day
