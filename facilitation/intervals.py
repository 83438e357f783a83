"""Arithmetic of half-open intervals `[start, end)` on the time line.

`Intervals` are always *normal*: sorted, none empty, none touching the next. Everything said about minutes rests on
these few functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from facilitation.timebase import Instant

Interval = tuple[Instant, Instant]
Intervals = tuple[Interval, ...]

NEVER: Intervals = ()


def union(intervals: Iterable[Interval]) -> Intervals:
    """The normal form of any intervals: overlaps and touching ends merged, empty ones dropped."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersection(ours: Intervals, theirs: Intervals) -> Intervals:
    """What lies in both. Both must be normal."""
    common: list[Interval] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start = max(ours[i][0], theirs[j][0])
        end = min(ours[i][1], theirs[j][1])
        if start < end:
            common.append((start, end))
        if ours[i][1] < theirs[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def total_ms(intervals: Intervals) -> int:
    return sum(end - start for start, end in intervals)
