"""Licences: for staff to read, for the administrator to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX: Final = 80
"""Every state may be ticked."""
GIVEN: Final = ("person", "title", "number", "first", "last")
DONE: Final = {
    "licence": marked("The licence is kept."),
    "ended": marked("It does not count any more."),
}


class LicencePages(Protocol):
    """Raises StoreUnavailable, CorruptLog; the changes also Refusal."""

    async def page(self, words: Words) -> dict[str, Any]: ...
    async def add_licence(self, given: Mapping[str, str], states: Sequence[str], *, by: Visitor) -> None: ...
    async def end_licence(self, licence: str, *, by: Visitor) -> None: ...


class LicenceDesk:
    def __init__(self, licences: LicencePages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._licences = licences
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/licences", self.page),
            Route("/licences/add", self.add, methods=["POST"]),
            Route("/licences/end", self.end, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LICENCES)
        return await self._page(request, me, {}, ())

    async def add(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.KEEP_LICENCES)
        given, states = await _given(request)
        try:
            await self._licences.add_licence(given, states, by=me)
        except Refusal as refusal:
            return await self._page(request, me, given, states, error=spoken(request).of(refusal.said))
        return back_to("/licences", me, "licence")

    async def end(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.KEEP_LICENCES)
        given, _ = await _given(request)
        try:
            await self._licences.end_licence(given.get("licence", ""), by=me)
        except Refusal as refusal:
            return await self._page(request, me, {}, (), error=spoken(request).of(refusal.said))
        return back_to("/licences", me, "ended")

    async def _page(
        self,
        request: Request,
        me: Visitor,
        given: Mapping[str, str],
        states: Sequence[str],
        error: str | None = None,
    ) -> Response:
        words = spoken(request)
        done = DONE.get(request.query_params.get("done", ""))
        context = await self._licences.page(words) | {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "given": {field: given.get(field, "") for field in GIVEN} | {"states": states},
            "done": words(done) if done else "",
            "error": error,
        }
        return self._pages.render(request, "licences.html", context, 422 if error else 200, NO_STORE)


async def _given(request: Request) -> tuple[dict[str, str], list[str]]:
    """The fields, and the states that were ticked."""
    async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
        given = {field: value for field, value in sent.items() if isinstance(value, str)}
        return given, [value for value in sent.getlist("states") if isinstance(value, str)]
