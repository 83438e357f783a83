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
    in_order = sorted(intervals)
    if len(in_order) == 1 and in_order[0][0] < in_order[0][1]:
        return (in_order[0],)
    merged: list[Interval] = []
    for start, end in in_order:
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def intersection(ours: Intervals, theirs: Intervals) -> Intervals:
    """What lies in both. Both must be normal."""
    if len(ours) == 1 == len(theirs):  # by far the most frequent
        start, end = max(ours[0][0], theirs[0][0]), min(ours[0][1], theirs[0][1])
        return ((start, end),) if start < end else NEVER
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


def difference(ours: Intervals, theirs: Intervals) -> Intervals:
    """What lies in `ours` and not in `theirs`. Both must be normal."""
    left: list[Interval] = []
    j = 0
    for start, end in ours:
        while j < len(theirs) and theirs[j][1] <= start:
            j += 1
        at, k = start, j
        while k < len(theirs) and theirs[k][0] < end:
            if at < theirs[k][0]:
                left.append((at, theirs[k][0]))
            at = max(at, theirs[k][1])
            k += 1
        if at < end:
            left.append((at, end))
    return tuple(left)


def total_ms(intervals: Intervals) -> int:
    total = 0
    for start, end in intervals:
        total += end - start
    return total
