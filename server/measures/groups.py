"""What measures say of a group, never of one person: means of weeks that are over, of five people or more. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from typing import Final

from facilitation import measures
from facilitation.ids import ItemId, PersonId
from facilitation.measures import Change, Measure
from server.measures.history import Result

PEOPLE_MIN: Final = 5
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """`mean` and `items` are None, and empty, where fewer than `PEOPLE_MIN` people answered whole: then `people` is 0,
    so that not even a number tells of one or two."""

    first: date
    people: int
    mean: float | None
    items: Mapping[ItemId, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One measure of one group. `bands`: how many people are in each by their last score; `changes`: how many changed
    reliably from their first to their last; both empty where there are too few."""

    measure: Measure
    weeks: tuple[Week, ...]
    bands: Mapping[str, int]
    changes: Mapping[Change, int]


def trends(results: Iterable[Result], *, today: date, weeks: int) -> tuple[Trend, ...]:
    """`results`: of one group. Only whole weeks from Monday count: what comes in later cannot be told from a mean that
    moves."""
    monday = today - timedelta(days=today.weekday())
    firsts = [monday - WEEK * back for back in reversed(range(1, weeks + 1))]
    by_measure: dict[tuple[str, str], list[Result]] = {}
    for each in results:
        if firsts[0] <= each.day < monday and each.score is not None:
            by_measure.setdefault((each.measure.id, each.measure.version), []).append(each)
    return tuple(_trend(found, firsts) for found in by_measure.values())


def _trend(found: Sequence[Result], firsts: Sequence[date]) -> Trend:
    measure = found[0].measure
    last = {each.person: each for each in found}
    bands = Counter(reached.title for each in last.values() if (reached := each.band) is not None)
    return Trend(
        measure=measure,
        weeks=tuple(_week(first, [each for each in found if first <= each.day < first + WEEK]) for first in firsts),
        bands=bands if len(last) >= PEOPLE_MIN and not measure.anonymous else {},
        changes=_changes(measure, found),
    )


def _week(first: date, found: Sequence[Result]) -> Week:
    """Of whoever answered twice in a week, the last time counts: five answers are five people's."""
    last: dict[PersonId, Result] = {each.person: each for each in found}
    if len(last) < PEOPLE_MIN:
        return Week(first=first, people=0, mean=None, items={})
    scores = [score for each in last.values() if (score := each.score) is not None]
    items = {item.id: fmean(each.values[item.id] for each in last.values()) for item in found[0].measure.scored}
    return Week(first=first, people=len(last), mean=fmean(scores), items=items)


def _changes(measure: Measure, found: Sequence[Result]) -> dict[Change, int]:
    first: dict[PersonId, int] = {}
    last: dict[PersonId, int] = {}
    for each in found:
        if (score := each.score) is not None:
            if each.person in first:
                last[each.person] = score
            first.setdefault(each.person, score)
    if len(last) < PEOPLE_MIN or not measure.reliable or measure.anonymous:
        return {}
    return dict(Counter(found_ for each in last if (found_ := measures.change(measure, first[each], last[each]))))
