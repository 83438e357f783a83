"""All pages of the schedule behind one door: the port `Timetable` of `server/web/schedule.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId, SeriesId, TermId
from server.timetable.agendas import Agendas
from server.timetable.agreement import GroupAgreement
from server.timetable.courses import GroupCourses
from server.timetable.covers import Covers
from server.timetable.given import Given, day_of
from server.timetable.groups import Groups
from server.timetable.meetings import Meetings
from server.timetable.members import Members
from server.timetable.office import Office
from server.timetable.programmes import Programmes
from server.timetable.terms import Terms
from server.timetable.week import WeekView
from server.web.auth import Visitor
from server.web.schedule import Fields, Form, Page
from server.web.words import Words

Shown = dict[str, Any]


class ClinicTimetable:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def show(
        self, page: Page, ids: Mapping[str, str], query: Mapping[str, str], words: Words, *, reader: Visitor
    ) -> Shown | None:
        return await self._in(words).show(page, ids, query, reader)

    async def form(
        self,
        form: Form,
        ids: Mapping[str, str],
        query: Mapping[str, str],
        sent: Fields | None,
        words: Words,
        *,
        reader: Visitor,
    ) -> Shown | None:
        return await self._in(words).form(form, ids, query, None if sent is None else Given(sent), reader)

    async def change(
        self, form: Form, ids: Mapping[str, str], sent: Fields, words: Words, *, by: Visitor
    ) -> Shown | str | None:
        desks, given = self._in(words), _instead(Given(sent), sent)
        done = await desks.change(form, ids, given, by)
        if isinstance(done, str):
            return done
        shown = await desks.form(form, ids, {}, done if isinstance(done, Given) else given, by)
        return shown if shown is None or isinstance(done, Given) else shown | {"preview": done}

    def _in(self, words: Words) -> _Desks:
        return _Desks(replace(self._office, words=words))


class _Desks:
    """Every page, in one language."""

    def __init__(self, office: Office) -> None:
        self._week = WeekView(office)
        self._groups = Groups(office)
        self._agreement = GroupAgreement(office)
        self._courses = GroupCourses(office)
        self._meetings = Meetings(office)
        self._members = Members(office)
        self._covers = Covers(office)
        self._terms = Terms(office)
        self._agendas = Agendas(office)
        self._programmes = Programmes(office)

    async def show(self, page: Page, ids: Mapping[str, str], query: Mapping[str, str], reader: Visitor) -> Shown | None:
        match page:
            case Page.WEEK:
                try:
                    day = day_of(query.get("day", ""), "the week")
                except Refusal:
                    return None
                cohort, lead = query.get("cohort", ""), query.get("lead", "")
                return await self._week.page(reader=reader, day=day, cohort=cohort, lead=lead)
            case Page.GROUPS:
                return await self._groups.everything(reader=reader)
            case Page.GROUP:
                return await self._groups.one(CohortId(ids["cohort"]), reader=reader)
            case Page.SERIES:
                return await self._meetings.series(SeriesId(ids["series"]), reader=reader)
            case Page.TERMS:
                return await self._terms.everything(reader=reader)
            case Page.PLANS:
                return await self._agendas.everything(reader=reader)
            case Page.PROGRAMMES:
                return await self._programmes.everything(reader=reader)
            case Page.CURRICULA:
                return await self._courses.everything(reader=reader)
            case _:
                assert_never(page)

    async def form(
        self, form: Form, ids: Mapping[str, str], query: Mapping[str, str], given: Given | None, reader: Visitor
    ) -> Shown | None:
        like = query.get("like", "")
        match form:
            case Form.GROUP:
                return await self._groups.form(_cohort(ids), given, reader=reader)
            case Form.AGREEMENT:
                return await self._agreement.page(CohortId(ids["cohort"]), given, reader=reader)
            case Form.COURSE:
                return await self._courses.page(_cohort(ids), ids.get("programme"), given, reader=reader)
            case Form.SERIES:
                kind, cohort = query.get("kind", ""), query.get("cohort", "")
                return await self._meetings.form(_series(ids), given, reader=reader, kind=kind, cohort=cohort)
            case Form.MEETING:
                try:
                    on = day_of(ids["on"], "the meeting")
                except Refusal:
                    return None
                series = SeriesId(ids["series"])
                return await self._meetings.meeting(series, on, given, reader=reader) if on else None
            case Form.MEMBER:
                return await self._members.page(PersonId(ids["person"]), given, reader=reader)
            case Form.COVERS:
                return await self._covers.page(given, reader=reader)
            case Form.TERM:
                return await self._terms.form(_term(ids), given, reader=reader)
            case Form.PLAN:
                return await self._agendas.form(ids.get("plan"), given, reader=reader, like=like)
            case Form.PROGRAMME:
                return await self._programmes.form(ids.get("programme"), given, reader=reader, like=like)
            case _:
                assert_never(form)

    async def change(self, form: Form, ids: Mapping[str, str], given: Given, by: Visitor) -> Shown | Given | str:
        """An address, if something was kept; else a preview, or the form with its rows arranged or people found."""
        match form:
            case Form.GROUP:
                return await self._groups.keep(_cohort(ids), given, by=by)
            case Form.AGREEMENT:
                return await self._agreement.keep(CohortId(ids["cohort"]), given, by=by)
            case Form.COURSE:
                return await self._courses.keep(_cohort(ids), ids.get("programme"), given, by=by)
            case Form.SERIES:
                if given.raw("do") == "keep":
                    return await self._meetings.keep(_series(ids), given, by=by)
                if given.raw("do") == "find":
                    return given
                if given.raw("do") == "invite":
                    return await self._meetings.invite(given)
                return await self._meetings.preview(_series(ids), given)
            case Form.MEETING:
                on = day_of(ids["on"], "the meeting")
                if on is None:
                    raise Refusal("bad_day", "There is no such meeting.")
                return await self._meetings.change(SeriesId(ids["series"]), on, given, by=by)
            case Form.MEMBER:
                return await self._members.change(PersonId(ids["person"]), given, by=by)
            case Form.COVERS:
                return await self._covers.keep(given, by=by)
            case Form.TERM:
                return await self._terms.keep(_term(ids), given, by=by)
            case Form.PLAN:
                return await self._agendas.keep(ids.get("plan"), given, by=by)
            case Form.PROGRAMME:
                return await self._programmes.keep(ids.get("programme"), given, by=by)
            case _:
                assert_never(form)


def _instead(given: Given, sent: Fields) -> Given:
    """With the time that was chosen of those offered instead, to be looked at again."""
    chosen = given.raw("instead")
    return Given({**sent, "starts": [chosen], "instead": [], "do": ["look"]}) if chosen else given


def _cohort(ids: Mapping[str, str]) -> CohortId | None:
    return CohortId(ids["cohort"]) if "cohort" in ids else None


def _series(ids: Mapping[str, str]) -> SeriesId | None:
    return SeriesId(ids["series"]) if "series" in ids else None


def _term(ids: Mapping[str, str]) -> TermId | None:
    return TermId(ids["term"]) if "term" in ids else None
