"""The clinic's page as data: gathered from sessions and ledger, told in words and in the shapes of its pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from facilitation.disclosures import disclose
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.releases import What
from facilitation.timebase import Instant
from server.books.overview import EARLY_VISITS, Course, Mean, Outcome, Overview, Visits, overview, since
from server.books.spreadsheet import Cell, encode
from server.clock import Clock
from server.door.releases import Release, Releases
from server.progress import ProgressBook
from server.store.ports import Store
from server.web import lists as listed
from server.web.auth import Visitor
from server.web.exports import Asked, Handout
from server.web.words import Words, local, marked

WEEKS: Final = (4, 8, 12)
DOTS_MAX: Final = 12
CHART = (240.0, 72.0)
"""Width and height of an outcome's picture; its figures run from 0 to 10."""
COLUMNS: Final = ("kind", "week", "person", "figure", "value", "notice")
COURSES: Final = {
    Course.MISSED_EARLY: (marked("Missed one early"), "clay"),
    Course.GONE: (marked("Not seen for two weeks"), "clay"),
    Course.BEGINNING: (marked("Beginning"), "accent"),
    Course.STAYING: (marked("Staying"), "moss"),
}
NOTES: Final = {
    "not_started": marked("Not started"),
    "in_progress": marked("In progress"),
    "to_sign": marked("To sign"),
    "to_cosign": marked("To co-sign"),
    "returned": marked("Sent back"),
    "done": marked("Done"),
}


class ClinicBook:
    """The port `ClinicPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, progress: ProgressBook, releases: Releases, clock: Clock) -> None:
        self._store = store
        self._releases = releases
        self._clock = clock
        self._progress = progress

    async def page(self, words: Words, *, reader: Visitor, weeks: int, asked: listed.Asked) -> dict[str, Any]:
        seen, names, _ = await self._look(reader, weeks)
        shown = listed.leaf(
            [each for each in seen.visits if asked.fits(names.get(each.person, each.person).casefold())], asked.page
        )
        return {
            "spans": [
                {"weeks": each, "current": each == weeks, "url": f"/clinic{_join(reader.choice)}weeks={each}"}
                for each in WEEKS
            ],
            "weeks": _week_rows(seen, words),
            "early": EARLY_VISITS,
            "begun": seen.begun,
            "reached_fifth": seen.reached_fifth,
            "people": [_person_row(each, names, reader, words) for each in shown.rows],
            "ways": listed.ways("/clinic", shown, reader, q=asked.text, weeks=str(weeks)),
            "many": len(seen.visits) > listed.SHOWN,
            "attention": sum(each.course in (Course.MISSED_EARLY, Course.GONE) for each in seen.visits),
            "notes": [{"label": words(label), "count": seen.notes.get(key, 0)} for key, label in NOTES.items()],
            "overdue": seen.overdue,
            "outcomes": [_outcome(each, words) for each in seen.outcomes],
            "empty": not any(week.sessions for week in seen.weeks) and not seen.visits,
        }

    async def receivers(self) -> list[str]:
        return await self._releases.receivers()

    async def export(self, *, by: Visitor, weeks: int, kind: str, asked: Asked) -> Handout:
        """The page's figures as a file ('csv' or 'json'), once that is logged. Raises Refusal."""
        if kind not in ("csv", "json"):
            raise Refusal("bad_kind", "Choose a table (CSV) or data for programs (JSON).")
        seen, names, today = await self._look(by, weeks)
        if not seen.visits:
            raise Refusal("nothing", "No session was held in these weeks, so there is nothing to download.")
        begin = Instant(int(datetime.combine(since(today, weeks), datetime.min.time(), UTC).timestamp() * 1_000))
        release = await self._releases.check_since(
            begin, [each.person for each in seen.visits], asked.purpose, what=What.HOURS, receiver=asked.receiver
        )
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=by.person,
                at=self._clock.now(),
                what="attendance figures",
                first=since(today, weeks),
                last=today,
                about=[each.person for each in seen.visits],
                purpose=asked.purpose,
                reason=asked.reason,
                form=asked.form,
                to=asked.receiver,
            )
        )
        rows = list(_rows(seen, names, release))
        if kind == "csv":
            return Handout(filename=f"clinic-{today}.csv", chunks=encode(COLUMNS, rows))
        return Handout(filename=f"clinic-{today}.json", chunks=_json(rows), media_type="application/json")

    async def _look(self, reader: Visitor, weeks: int) -> tuple[Overview, Mapping[PersonId, str], date]:
        now = self._clock.now()
        me = await self._store.clinic.get_person(reader.person)
        zone = zone_of(me.zone if me else "UTC")
        today = local(now, me.zone if me else "UTC").date()
        begin = datetime.combine(since(today, weeks) - timedelta(days=7), datetime.min.time(), zone)
        sessions = await self._store.clinic.list_sessions(
            since=Instant(int(begin.timestamp() * 1_000)), until=Instant(now)
        )
        progress = await self._progress.of_all([each.session for each in sessions])
        held = [(each, progress[each.session]) for each in sessions]
        names = {seat.person: seat.name for scheduled in sessions for seat in scheduled.roster}
        came = {person for far in progress.values() for person in far.names}
        names |= {id: each.name for id, each in (await self._store.clinic.get_people(sorted(came))).items()}
        minutes = await self._store.ledger.weeks(sorted(names.keys() | came))
        seen = overview(held, minutes, today=today, weeks=weeks, now=now)
        return seen, names, today


def _join(choice: str) -> str:
    return f"{choice}&" if choice else "?"


# --------------------------------------------------------------- words and shapes


def _week_rows(seen: Overview, words: Words) -> list[dict[str, Any]]:
    most = max((week.minutes for week in seen.weeks), default=0)
    return [
        {
            "label": words.days(week.first, week.first + timedelta(days=6)),
            "sessions": week.sessions,
            "asked": week.asked,
            "came": week.came,
            "rate": week.rate,
            "rate_text": "–" if week.rate is None else f"{week.rate:.0%}",
            "minutes_text": words.minutes(week.minutes),
            "hours_share": week.minutes / most if most else 0.0,
        }
        for week in seen.weeks
    ]


def _person_row(visits: Visits, names: Mapping[PersonId, str], reader: Visitor, words: Words) -> dict[str, Any]:
    label, chip = COURSES[visits.course]
    return {
        "name": names.get(visits.person, visits.person),
        "label": words(label),
        "chip": chip,
        "count": visits.count,
        "of": len(visits.came),
        "dots": list(visits.came[-DOTS_MAX:]),
        "more": max(0, len(visits.came) - DOTS_MAX),
        "last": words("not yet") if visits.last is None else words.calendar(visits.last),
        "url": f"/weeks/{visits.person}{reader.choice}",
        "attention": visits.course in (Course.MISSED_EARLY, Course.GONE),
    }


def _outcome(outcome: Outcome, words: Words) -> dict[str, Any]:
    shown = [week for week in outcome.weeks if week.before is not None]
    last = shown[-1] if shown else None
    return {
        "title": words(outcome.title),
        "weeks": [
            {"label": words.days(week.first, week.first + timedelta(days=6)), "before": _mean(week.before),
             "after": _mean(week.after), "answers": week.answers}
            for week in outcome.weeks
        ],
        "before": _line(outcome.weeks, after=False),
        "after": _line(outcome.weeks, after=True),
        "told": None
        if last is None or last.before is None or last.after is None
        else words(
            "{before} at check-in, {after} at wrap-up (of 10)", before=f"{last.before:.1f}", after=f"{last.after:.1f}"
        ),
    }  # fmt: skip


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _line(weeks: Sequence[Mean], *, after: bool) -> list[tuple[float, float]]:
    """Points of the picture; weeks without a mean have none."""
    width, height = CHART
    step = width / max(1, len(weeks) - 1)
    values = [week.after if after else week.before for week in weeks]
    return [
        (round(number * step, 1), round(height * (1 - value / 10), 1))
        for number, value in enumerate(values)
        if value is not None
    ]


def _rows(seen: Overview, names: Mapping[PersonId, str], release: Release) -> Iterable[tuple[Cell, ...]]:
    """Each line that names somebody carries the notice of 42 CFR 2.32."""
    for week in seen.weeks:
        first = week.first.isoformat()
        for figure, value in (("sessions", week.sessions), ("seats", week.asked), ("came", week.came)):
            yield "attendance", first, "", figure, value, ""
        yield "hours", first, "", "countable_min", week.minutes, ""
    for each in seen.visits:
        name = names.get(each.person, each.person)
        yield "retention", "", name, "visits", each.count, release.notice(each.person)
        yield "retention", "", name, "sessions", len(each.came), release.notice(each.person)
        yield "retention", "", name, "course", each.course.value, release.notice(each.person)
    for work, count in sorted(seen.notes.items()):
        yield "notes", "", "", work, count, ""
    yield "notes", "", "", "overdue", seen.overdue, ""
    for outcome in seen.outcomes:
        for mean in outcome.weeks:
            if mean.before is not None and mean.after is not None:
                yield "outcome", mean.first.isoformat(), "", f"{outcome.title}: check-in", f"{mean.before:.2f}", ""
                yield "outcome", mean.first.isoformat(), "", f"{outcome.title}: wrap-up", f"{mean.after:.2f}", ""


def _json(rows: Sequence[tuple[Cell, ...]]) -> Iterator[bytes]:
    told = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    yield json.dumps(told, ensure_ascii=False, indent=1).encode()
