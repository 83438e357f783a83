"""The home page, by role, and the list of notes that are due."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.templates import Pages
from server.web.words import Words

NO_STORE = {"Cache-Control": "no-store"}


class Home(Protocol):
    """What these pages tell, ready to be shown. Raises StoreUnavailable, CorruptLog."""

    async def page(self, me: Visitor, words: Words) -> dict[str, Any]: ...
    async def work(self, me: Visitor, words: Words) -> dict[str, Any]:
        """The notes that are due, for one of the staff."""
        ...


class HomeDesk:
    def __init__(self, home: Home, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._home = home
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/home", self.home), Route("/work", self.work)]

    async def home(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.COME_HOME)
        context = await self._home.page(me, spoken(request)) | {"me": me, "choice": me.choice}
        return self._pages.render(request, "home.html", context, headers=NO_STORE)

    async def work(self, request: Request) -> Response:
        """What is still to be written and signed, and until when."""
        me = await self._doorkeeper.visitor(request, Action.SEE_DUE_NOTES)
        work = await self._home.work(me, spoken(request))
        named = {note["person"] for group in work["groups"] for each in group["sessions"] for note in each["notes"]}
        await self._doorkeeper.names(me, Action.SEE_DUE_NOTES, named, page="work")
        context = work | {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
        }
        return self._pages.render(request, "work.html", context, headers=NO_STORE)
