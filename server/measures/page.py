"""Measures over time, as pages need them: one person's for clinicians, a group's without anybody's name, one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from facilitation import measures
from facilitation.ids import PersonId
from facilitation.measures import Change, Measure
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.sentences import marked
from facilitation.timebase import HOUR_MS, Instant
from server.clock import Clock
from server.measures.groups import PEOPLE_MIN, Trend, Week, trends
from server.measures.history import History, Result, results
from server.progress import ProgressBook
from server.schedule.shelves import Shelves
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.words import Words, local

WEEKS: Final = 12
DAY_MS: Final = 24 * HOUR_MS
PERSON_DAYS: Final = 730
"""How far back one person's results are shown."""
CHART: Final = (320.0, 96.0)
CHANGES: Final = {
    Change.LOWER: marked("reliably lower"),
    Change.HIGHER: marked("reliably higher"),
    Change.NONE: marked("no reliable change"),
}


class MeasureBook:
    """The port `MeasurePages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, progress: ProgressBook, clock: Clock) -> None:
        self._store = store
        self._history = History(store.clinic, progress)
        self._shelves = Shelves(store.register)
        self._clock = clock

    # ------------------------------------------------------------------ one person

    async def person(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: no such participant."""
        known = await self._store.clinic.get_person(person)
        if known is None or known.role is not Role.PARTICIPANT:
            return None
        found = await self._of(person)
        return {
            "name": known.name,
            "measures": [_series(each, words, reader.choice) for each in _by_measure(found)],
            "back": f"/measures{reader.choice}",
        }

    async def own(self, words: Words, *, reader: Visitor) -> dict[str, Any]:
        """A person's own scores, of programmes that say so: a number and a line, and nothing that names it."""
        now = self._clock.now()

        def theirs(session: ScheduledSession) -> bool:
            return any(each.person == reader.person and each.treated for each in session.roster)

        held = await self._history.held(since=Instant(now - PERSON_DAYS * DAY_MS), until=now, which=theirs)
        shown = [each for each in held if each[1].programme.own_scores]
        found = [each for each in results(shown) if each.person == reader.person and not each.measure.anonymous]
        return {
            "told": bool(shown),
            "measures": [
                {
                    "title": words(each[0].measure.title),
                    "most": each[0].measure.score_max,
                    "points": _points([one.score for one in each], each[0].measure),
                    "rows": [{"day": words.dated(one.day), "score": one.score} for one in reversed(each)],
                }
                for each in _by_measure(found)
            ],
        }

    async def _of(self, person: PersonId) -> list[Result]:
        now = self._clock.now()
        return await self._history.of(person, since=Instant(now - PERSON_DAYS * DAY_MS), until=now)

    # ------------------------------------------------------------------ groups

    async def groups(self, words: Words, *, reader: Visitor) -> dict[str, Any]:
        """Every group's means; and, for clinicians, whose results there are to read."""
        now = self._clock.now()
        # A week is over once nobody anywhere can be in a session of it: a mean must not move while somebody answers.
        today = local(Instant(now - DAY_MS), "UTC").date()
        since = Instant(now - (WEEKS + 1) * 7 * DAY_MS)
        found = list(results(await self._history.held(since=since, until=now)))
        cohorts = await self._shelves.cohorts.all()
        by_group: dict[str, list[Result]] = {}
        for each in found:
            cohort = cohorts.get(each.session.cohort) if each.session.cohort else None
            by_group.setdefault(cohort.value.title if cohort else each.session.title, []).append(each)
        groups = [
            {"title": title, "trends": [_trend(each, words) for each in trends(theirs, today=today, weeks=WEEKS)]}
            for title, theirs in sorted(by_group.items())
        ]
        people: list[dict[str, str]] = []
        if reader.may(Action.READ_MEASURES):
            named = {each.person for each in found if not each.measure.anonymous}
            everybody = await self._store.clinic.list_people()
            people = [
                {"name": each.name, "url": f"/measures/{each.person}{reader.choice}"}
                for each in everybody
                if each.person in named
            ]
        return {"groups": groups, "people": people, "people_min": PEOPLE_MIN, "weeks": WEEKS}


# --------------------------------------------------------------- shapes


def _by_measure(found: Sequence[Result]) -> list[list[Result]]:
    """By measure and version: scores of others are not on one line."""
    sorted_: dict[tuple[str, str], list[Result]] = {}
    for each in found:
        sorted_.setdefault((each.measure.id, each.measure.version), []).append(each)
    return list(sorted_.values())


def _series(found: Sequence[Result], words: Words, choice: str) -> dict[str, Any]:
    measure = found[0].measure
    rows: list[dict[str, Any]] = []
    before: int | None = None
    for each in found:
        total = each.score
        change = None if total is None or before is None else measures.change(measure, before, total)
        rows.append(_row(each, before, change, words, choice))
        before = before if total is None else total
    return {
        "short": measure.short,
        "id": measure.id,
        "source": measure.source,
        "licence": measure.licence,
        "reliable": measure.reliable_source,
        "bands_source": measure.bands_source,
        "most": measure.score_max,
        "points": _points([each.score for each in found], measure),
        "lines": [{"y": _height(band.at, measure), "title": words(band.title)} for band in measure.bands if band.at],
        "told": _told(found, words),
        "rows": list(reversed(rows)),
    }


def _row(each: Result, before: int | None, change: Change | None, words: Words, choice: str) -> dict[str, Any]:
    measure, total = each.measure, each.score
    return {
        "day": words.dated(each.day),
        "record_url": f"/s/{each.session.session}/record{choice}#{each.person}",
        "score": total,
        "band": words(each.band.title) if each.band else "",
        "difference": None if total is None or before is None else total - before,
        "change": words(CHANGES[change]) if change else "",
        "open": [item.id for item in measure.scored if item.id not in each.values],
        "answered_in": words.of(apart) if (apart := measure.answered_in(each.page_language)) else "",
        "answers": [
            {
                "text": item.text,
                "answer": measures.in_words(measure, item, each.values.get(item.id)),
                "alert": measures.alerts(item, each.values.get(item.id)),
            }
            for item in measure.items
        ],
    }


def _told(found: Sequence[Result], words: Words) -> str:
    """The picture in words."""
    scores = [(each.day, each.score) for each in found if each.score is not None]
    if not scores:
        return words("No whole score yet.")
    (first, began), (last, now) = scores[0], scores[-1]
    if len(scores) == 1:
        return words("{score} on {day}.", score=began, day=words.dated(first))
    return words(
        "From {began} on {first} to {now} on {last}, of at most {most}.",
        began=began,
        first=words.dated(first),
        now=now,
        last=words.dated(last),
        most=found[0].measure.score_max,
    )


def _points(scores: Sequence[int | None], measure: Measure) -> list[tuple[float, float]]:
    width = CHART[0] - 16
    step = width / max(1, len(scores) - 1)
    return [
        (round(8 + number * step, 1), _height(score, measure))
        for number, score in enumerate(scores)
        if score is not None
    ]


def _height(value: float, measure: Measure) -> float:
    return round(8 + (CHART[1] - 16) * (1 - value / measure.score_max), 1)


def _trend(trend: Trend, words: Words) -> dict[str, Any]:
    measure = trend.measure
    return {
        "id": f"{measure.id}-{measure.version}",
        "title": measure.short if measure.verbatim else words(measure.short),
        "most": measure.score_max,
        "items": [{"id": item.id, "text": words(item.text)} for item in measure.scored] if measure.anonymous else [],
        "item_most": max(option.value for option in measure.options) if measure.options else 0,
        "points": [
            (round(8 + number * (CHART[0] - 16) / max(1, len(trend.weeks) - 1), 1), _height(week.mean, measure))
            for number, week in enumerate(trend.weeks)
            if week.mean is not None
        ],
        "told": _trend_told(trend.weeks, measure, words),
        "weeks": [_week(week, words) for week in reversed(trend.weeks)],
        "bands": [(words(title), count) for title, count in _in_order(trend.bands, measure)],
        "changes": [(words(CHANGES[each]), trend.changes.get(each, 0)) for each in Change] if trend.changes else [],
    }


def _in_order(bands: Mapping[str, int], measure: Measure) -> list[tuple[str, int]]:
    return [(band.title, bands.get(band.title, 0)) for band in measure.bands] if bands else []


def _week(week: Week, words: Words) -> dict[str, Any]:
    return {
        "label": _days(week.first, words),
        "people": week.people,
        "mean": "" if week.mean is None else f"{week.mean:.1f}",
        "items": {name: f"{value:.1f}" for name, value in week.items.items()},
    }


def _days(first: date, words: Words) -> str:
    return words.days(first, date.fromordinal(first.toordinal() + 6))


def _trend_told(weeks: Sequence[Week], measure: Measure, words: Words) -> str:
    shown = [(week.first, week.mean) for week in weeks if week.mean is not None]
    if not shown:
        return words("No week yet in which five people or more answered.")
    (first, began), (last, now) = shown[0], shown[-1]
    if len(shown) == 1:
        return words(
            "Mean {mean} of {most} in the week of {day}.",
            mean=f"{began:.1f}",
            most=measure.score_max,
            day=words.short(first),
        )
    return words(
        "Mean from {began} in the week of {first} to {now} in the week of {last}, of at most {most}.",
        began=f"{began:.1f}",
        first=words.short(first),
        now=f"{now:.1f}",
        last=words.short(last),
        most=measure.score_max,
    )
