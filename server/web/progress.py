"""One's own progress: a page to be glad of, to print, and to take along as a file. Nobody else opens it."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.exports import Handout
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words


class ProgressPage(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, me: Visitor, words: Words) -> dict[str, Any] | None:
        """None: they are not on the clinic's list of people."""
        ...

    async def paper(self, me: Visitor, words: Words) -> Handout | None:
        """The same as a file, logged as handed out."""
        ...


class ProgressDesk:
    def __init__(self, progress: ProgressPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._progress = progress
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/progress", self.page), Route("/progress/paper", self.paper, methods=["POST"])]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_OWN_PROGRESS)
        told = await self._progress.page(me, spoken(request))
        if told is None:
            raise HTTPException(404)
        context = told | {"me": me, "choice": me.choice, "home": f"/home{me.choice}"}
        return self._pages.render(request, "progress.html", context, headers=NO_STORE)

    async def paper(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_OWN_PROGRESS)
        handout = await self._progress.paper(me, spoken(request))
        if handout is None:
            raise HTTPException(404)
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(iter(handout.chunks), media_type=handout.media_type, headers=headers)
