"""The week view: day by day what meets, who leads, what clashes, what lacks somebody, and when the clinic is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from facilitation.clashes import clashes
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.policy import FACILITATORS, Action
from facilitation.schedule import SeriesKind
from facilitation.timebase import Instant
from server.schedule.snapshot import Schedule
from server.store.clinic import ScheduledSession
from server.timetable.office import KINDS, Office, Page, clashes_words, names, people_words, staff_of
from server.web.auth import Visitor
from server.web.words import Words, local


class WeekView:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def page(self, *, reader: Visitor, day: date | None, cohort: str, lead: str) -> Page:
        office, words, zone = self._office, self._office.words, reader.zone or "UTC"
        schedule = await office.book.load()
        today = office.day_in(zone)
        monday = (day or today) - timedelta(days=(day or today).weekday())
        sunday = monday + timedelta(days=6)
        sessions = await self._sessions(schedule, monday, sunday, zone)
        shown = [each for each in sessions if _wanted(each, cohort, lead)]
        by_session = {each.session: each for each in sessions}
        found = clashes(office.booking(each) for each in sessions if not each.cancelled)
        clashing = [each for each in found if self._matters([by_session[each.a], by_session[each.b]], shown)]
        troubled = {name for each in clashing for name in (each.a, each.b)}
        days = []
        for n in range(7):
            at = monday + timedelta(days=n)
            rows = [
                self._row(schedule, each, reader, zone, clashes=each.session in troubled)
                for each in shown
                if local(each.starts_at, zone).date() == at
            ]
            days.append(
                {
                    "title": words.weekday(at),
                    "date": at.isoformat(),
                    "today": at == today,
                    "past": at < today,
                    "rows": rows,
                    "closed": _closed(schedule, at),
                }
            )
        held = [each for each in shown if not each.cancelled]
        return {
            "range": words.days(monday, sunday),
            "days": days,
            "this_week": monday <= today <= sunday,
            "before": _address(reader, monday - timedelta(days=7), cohort, lead),
            "after": _address(reader, monday + timedelta(days=7), cohort, lead),
            "now": _address(reader, None, cohort, lead),
            "cohorts": [(each.id, each.title) for each in _by_title(schedule)],
            "staff": staff_of(schedule.people),
            "day": monday.isoformat(),
            "cohort": cohort,
            "lead": lead,
            "clashes": clashes_words(words, clashing, by_session, schedule.people, zone),
            "named": {each.person for each in clashing if schedule.people[each.person].role is Role.PARTICIPANT},
            "gaps": [gap for each in held if (gap := _gap(words, each, office.clock.now(), zone))],
            "count": len(held),
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
            "zone": zone,
            "empty": not schedule.series,
        }

    def _matters(self, both: Sequence[ScheduledSession], shown: Sequence[ScheduledSession]) -> bool:
        """Whether a clash of these can still be helped, is one of what is shown, and of what is planned here."""
        ahead = all(each.starts_at > self._office.clock.now() for each in both)
        return ahead and any(each in shown for each in both) and any(each.series for each in both)

    async def _sessions(self, schedule: Schedule, first: date, last: date, zone: str) -> list[ScheduledSession]:
        """As they are planned; past the planner's horizon, as they will be."""
        office = self._office
        there = await office.sessions(first, last, zone)
        known = {each.session for each in there}
        ahead = [
            session
            for _, session in schedule.sessions(office.store.keys.clinic, office.catalog.programmes, first, last)
            if session.session not in known
            and session.starts_at > office.clock.now()
            and first <= local(session.starts_at, zone).date() <= last
            and not session.cancelled
        ]
        unplanned = [each for each in ahead if await office.store.clinic.get_session(each.session) is None]
        return sorted([*there, *unplanned], key=lambda each: (each.starts_at, each.session))

    def _row(
        self, schedule: Schedule, session: ScheduledSession, reader: Visitor, zone: str, *, clashes: bool
    ) -> dict[str, Any]:
        office, words = self._office, self._office.words
        plan = office.catalog.plans.get(session.plan_id)
        end = Instant(session.starts_at + office.length_ms(plan))
        series = schedule.series.get(session.series) if session.series else None
        now = office.clock.now()
        others = sum(each.role is Role.PARTICIPANT for each in session.roster)
        moved = session.on is not None and session.on != local(session.starts_at, session.zone).date()
        return {
            "time": words.span(session.starts_at, end, zone),
            "title": session.title,
            "kind": "" if session.kind is SeriesKind.GROUP else words(KINDS[session.kind]),
            "leads": names(words, schedule.people, _leads(session)),
            "people": people_words(words, others),
            "cancelled": session.cancelled,
            "moved": words.weekday(session.on) if moved and session.on else "",
            "running": session.starts_at <= now < end and not session.cancelled,
            "past": end <= now,
            "clashes": clashes,
            "url": f"/schedule/series/{series.id}/{session.on}{reader.choice}" if series and session.on else "",
        }


def _wanted(session: ScheduledSession, cohort: str, lead: str) -> bool:
    leads = {each.person for each in session.roster if each.role is not Role.PARTICIPANT}
    return (not cohort or session.cohort == cohort) and (not lead or lead in leads)


def _leads(session: ScheduledSession) -> Sequence[PersonId]:
    return [each.person for each in session.roster if each.role in FACILITATORS]


def _gap(words: Words, session: ScheduledSession, now: Instant, zone: str) -> str:
    """What a meeting to come lacks, in words."""
    if session.starts_at <= now:
        return ""
    at = local(session.starts_at, zone)
    told = {"meeting": session.title, "day": words.weekday(at.date()), "time": words.clock_time(at)}
    if not _leads(session):
        return words("Nobody leads {meeting} on {day}, {time}.", **told)
    if not any(each.role is Role.PARTICIPANT for each in session.roster):
        return words("Nobody is enrolled for {meeting} on {day}, {time}.", **told)
    return ""


def _closed(schedule: Schedule, day: date) -> str:
    """The holidays of that day, of whichever term."""
    found = {each.title for term in schedule.terms.values() for each in term.holidays if each.first <= day <= each.last}
    return ", ".join(sorted(found))


def _by_title(schedule: Schedule) -> list[Any]:
    open_ones = [each for each in schedule.cohorts.values() if not each.closed]
    return sorted(open_ones, key=lambda each: each.title.casefold())


def _address(reader: Visitor, day: date | None, cohort: str, lead: str) -> str:
    query: Mapping[str, str] = {
        **({"seat": str(reader.number)} if reader.number > 1 else {}),
        **({"day": day.isoformat()} if day else {}),
        **({"cohort": cohort} if cohort else {}),
        **({"lead": lead} if lead else {}),
    }
    return f"/schedule?{urlencode(query)}" if query else "/schedule"
