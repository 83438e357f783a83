"""The programme's week: who meets when and who leads, groups and plans and terms, and the forms that change them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX: Final = 400
QUERY_CHARS_MAX: Final = 80
STALE: Final = marked(
    "Somebody else changed this meanwhile. Nothing was overwritten: open the page anew to see what stands now, "
    "then make your change there."
)

Fields = Mapping[str, Sequence[str]]
"""What a form sent; a field may be sent several times."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Page(StrEnum):
    """What can be looked at; the value names the template."""

    WEEK = "schedule"
    GROUPS = "schedule_groups"
    GROUP = "schedule_group"
    SERIES = "schedule_series"
    TERMS = "schedule_terms"
    PLANS = "schedule_plans"
    PROGRAMMES = "schedule_programmes"
    CURRICULA = "schedule_curricula"


class Form(StrEnum):
    """What can be changed; the value names the template."""

    GROUP = "schedule_group_form"
    AGREEMENT = "schedule_agreement"
    SERIES = "schedule_series_form"
    MEETING = "schedule_meeting"
    MEMBER = "schedule_member"
    COVERS = "schedule_away"
    TERM = "schedule_term_form"
    PLAN = "schedule_plan_form"
    PROGRAMME = "schedule_programme_form"
    COURSE = "schedule_course"


PAGES: Final = {
    "/schedule": Page.WEEK,
    "/schedule/cohorts": Page.GROUPS,
    "/schedule/cohorts/{cohort}": Page.GROUP,
    "/schedule/series/{series}": Page.SERIES,
    "/schedule/terms": Page.TERMS,
    "/schedule/plans": Page.PLANS,
    "/schedule/programmes": Page.PROGRAMMES,
    "/schedule/curricula": Page.CURRICULA,
}
FORMS: Final = {
    "/schedule/away": Form.COVERS,
    "/schedule/cohorts/new": Form.GROUP,
    "/schedule/cohorts/{cohort}/edit": Form.GROUP,
    "/schedule/cohorts/{cohort}/agreement": Form.AGREEMENT,
    "/schedule/cohorts/{cohort}/curriculum": Form.COURSE,
    "/schedule/series/new": Form.SERIES,
    "/schedule/series/{series}/edit": Form.SERIES,
    "/schedule/series/{series}/{on}": Form.MEETING,
    "/schedule/people/{person}": Form.MEMBER,
    "/schedule/terms/new": Form.TERM,
    "/schedule/terms/{term}": Form.TERM,
    "/schedule/plans/new": Form.PLAN,
    "/schedule/plans/{plan}": Form.PLAN,
    "/schedule/programmes/new": Form.PROGRAMME,
    "/schedule/programmes/{programme}/curriculum": Form.COURSE,
    "/schedule/programmes/{programme}": Form.PROGRAMME,
}
READ_BY: Final = {
    Form.AGREEMENT: Action.SEE_SCHEDULE,
    Form.MEETING: Action.SEE_SCHEDULE,
    Form.COVERS: Action.SEE_SCHEDULE,
    Form.MEMBER: Action.SEE_ENROLMENT,
    Form.COURSE: Action.SEE_SCHEDULE,
}
"""Forms that are pages as well: more may see them than send them."""
CHANGED_BY: Final = {
    Form.AGREEMENT: Action.WRITE_AGREEMENTS,
    Form.MEETING: Action.CHANGE_MEETING,
    Form.COVERS: Action.CHANGE_MEETING,
}


class Timetable(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def show(
        self, page: Page, ids: Mapping[str, str], query: Mapping[str, str], words: Words, *, reader: Visitor
    ) -> dict[str, Any] | None:
        """What the template needs; None: there is no such thing."""
        ...

    async def form(
        self,
        form: Form,
        ids: Mapping[str, str],
        query: Mapping[str, str],
        sent: Fields | None,
        words: Words,
        *,
        reader: Visitor,
    ) -> dict[str, Any] | None:
        """The same for a form, filled with what was sent."""
        ...

    async def change(
        self, form: Form, ids: Mapping[str, str], sent: Fields, words: Words, *, by: Visitor
    ) -> dict[str, Any] | str | None:
        """The address to go to, if it is kept; else the form again with what it would do. Raises Refusal, Stale."""
        ...


class ScheduleDesk:
    def __init__(self, timetable: Timetable, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._timetable = timetable
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        forms = [
            route
            for path, form in FORMS.items()
            for route in (Route(path, self._open(form)), Route(path, self._sent(form), methods=["POST"]))
        ]
        return [*forms, *(Route(path, self._page(page)) for path, page in PAGES.items())]

    def _page(self, page: Page) -> Handler:
        async def handle(request: Request) -> Response:
            me = await self._doorkeeper.visitor(request, Action.SEE_SCHEDULE)
            shown = await self._timetable.show(page, _ids(request), _query(request), spoken(request), reader=me)
            return await self._render(request, me, page, shown)

        return handle

    def _open(self, form: Form) -> Handler:
        action = READ_BY.get(form, Action.PLAN_SCHEDULE)

        async def handle(request: Request) -> Response:
            ids = _ids(request)
            about = (PersonId(ids["person"]),) if form is Form.MEMBER else ()
            me = await self._doorkeeper.visitor(request, action, about=about)
            shown = await self._timetable.form(form, ids, _query(request), None, spoken(request), reader=me)
            return await self._render(request, me, form, shown)

        return handle

    def _sent(self, form: Form) -> Handler:
        action = CHANGED_BY.get(form, Action.PLAN_SCHEDULE)

        async def handle(request: Request) -> Response:
            me = await self._doorkeeper.visitor(request, action)
            sent, ids, words = await all_fields(request), _ids(request), spoken(request)
            try:
                done = await self._timetable.change(form, ids, sent, words, by=me)
            except (Refusal, Stale) as no:
                error = words(STALE) if isinstance(no, Stale) else words.of(no.said)
                shown = await self._timetable.form(form, ids, {}, sent, words, reader=me)
                return await self._render(request, me, form, shown, error=error)
            if isinstance(done, str):
                seat = {"seat": str(me.number)} if me.number > 1 else {}
                return RedirectResponse(f"{done}?{urlencode(seat | {'done': '1'})}", 303, NO_STORE)
            return await self._render(request, me, form, done)

        return handle

    async def _render(
        self, request: Request, me: Visitor, page: Page | Form, shown: dict[str, Any] | None, error: str = ""
    ) -> Response:
        if shown is None:
            raise HTTPException(404)
        named = frozenset(shown.pop("named", ()))
        await self._doorkeeper.names(me, Action.SEE_MEMBERS, named, page=request.url.path)
        done = spoken(request)("It is kept.") if request.query_params.get("done") and not error else ""
        context = {"me": me, "choice": me.choice, "home": f"/home{me.choice}", "error": error, "done": done} | shown
        return self._pages.render(request, f"{page}.html", context, 422 if error else 200, NO_STORE)


def _ids(request: Request) -> dict[str, str]:
    """What the address names. Whatever is too long names nothing."""
    ids = {name: str(value) for name, value in request.path_params.items()}
    if any(len(value) > ID_CHARS_MAX for value in ids.values()):
        raise HTTPException(404)
    return ids


def _query(request: Request) -> dict[str, str]:
    return {name: value[:QUERY_CHARS_MAX] for name, value in request.query_params.items()}


async def all_fields(request: Request) -> dict[str, list[str]]:
    """What a form sent, each field as often as it was."""
    found: dict[str, list[str]] = {}
    async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found
