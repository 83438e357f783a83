from __future__ import annotations

from facilitation.intervals import Interval, intersection, total_ms, union
from facilitation.timebase import Instant


def span(start: int, end: int) -> Interval:
    return Instant(start), Instant(end)


def test_touching_and_overlapping_intervals_become_one() -> None:
    assert union([span(5, 9), span(0, 2), span(2, 4), span(3, 6)]) == (span(0, 9),)


def test_empty_and_backward_intervals_vanish() -> None:
    assert union([span(3, 3), span(5, 4)]) == ()


def test_the_intersection_holds_what_lies_in_both() -> None:
    ours = (span(0, 10), span(20, 30))
    assert intersection(ours, (span(5, 25), span(29, 40))) == (span(5, 10), span(20, 25), span(29, 30))


def test_intervals_that_only_touch_have_nothing_in_common() -> None:
    assert intersection((span(0, 5),), (span(5, 9),)) == ()


def test_the_total_is_the_sum_of_lengths() -> None:
    assert total_ms((span(0, 5), span(7, 8))) == 6
