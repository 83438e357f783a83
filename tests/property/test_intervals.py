"""The arithmetic of intervals against sets of instants."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from facilitation.intervals import Interval, Intervals, difference, intersection, total_ms, union
from facilitation.timebase import Instant

instants = st.integers(0, 30).map(Instant)
spans: st.SearchStrategy[list[Interval]] = st.lists(st.tuples(instants, instants), max_size=6)


def covered(intervals: list[Interval] | Intervals) -> set[int]:
    return {instant for start, end in intervals for instant in range(start, end)}


def is_normal(intervals: Intervals) -> bool:
    edges = [edge for interval in intervals for edge in interval]
    return all(a < b for a, b in pairwise(edges))


@given(spans)
def test_a_union_covers_the_same_instants_in_normal_form(some: list[Interval]) -> None:
    united = union(some)
    assert covered(united) == covered(some)
    assert is_normal(united)
    assert total_ms(united) == len(covered(some))


@given(spans, spans)
def test_a_difference_covers_what_the_first_alone_covers(some: list[Interval], others: list[Interval]) -> None:
    left = difference(union(some), union(others))
    assert covered(left) == covered(some) - covered(others)
    assert is_normal(left)


@given(spans, spans)
def test_an_intersection_covers_what_both_cover(some: list[Interval], others: list[Interval]) -> None:
    common = intersection(union(some), union(others))
    assert covered(common) == covered(some) & covered(others)
    assert is_normal(common)
