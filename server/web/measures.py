"""Measures over time: one person's for clinicians, a group's as means, one's own where the programme shows it."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.ids import PersonId
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words


class MeasurePages(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def groups(self, words: Words, *, reader: Visitor) -> dict[str, Any]:
        """What the template needs."""
        ...

    async def person(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """One person's results. None: no such participant."""
        ...

    async def own(self, words: Words, *, reader: Visitor) -> dict[str, Any]: ...


class MeasureDesk:
    def __init__(self, measures: MeasurePages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._measures = measures
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/measures", self.groups),
            Route("/measures/own", self.own),
            Route("/measures/{person}", self.person),
        ]

    async def groups(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_MEASURES)
        context = await self._measures.groups(spoken(request), reader=me)
        return self._show(request, "measures.html", me, context)

    async def own(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_OWN_MEASURES)
        context = await self._measures.own(spoken(request), reader=me)
        return self._show(request, "measures_own.html", me, context)

    async def person(self, request: Request) -> Response:
        person = PersonId(request.path_params["person"])
        about = (PersonId(person[:ID_CHARS_MAX]),)
        me = await self._doorkeeper.visitor(request, Action.READ_MEASURES, about=about)
        known = len(person) <= ID_CHARS_MAX
        context = await self._measures.person(person, spoken(request), reader=me) if known else None
        if context is None:
            raise HTTPException(404)
        return self._show(request, "measures_of.html", me, context)

    def _show(self, request: Request, template: str, me: Visitor, context: dict[str, Any]) -> Response:
        context |= {"me": me, "choice": me.choice, "home": f"/home{me.choice}"}
        return self._pages.render(request, template, context, headers=NO_STORE)
