"""One's own milestones: marked, taken out, and read by one's own room. Nobody else has a way to them."""

from __future__ import annotations

from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to, fields_of
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.schedule import STALE
from server.web.templates import Pages
from server.web.words import Words

FIELDS_MAX: Final = 4


class Milestones(Protocol):
    """Raises StoreUnavailable, CorruptLog; what changes something, Refusal and Stale too."""

    async def page(self, person: PersonId, words: Words) -> dict[str, Any]: ...
    async def texts(self, person: PersonId) -> list[str]: ...
    async def mark(self, person: PersonId, text: str, on: str) -> None: ...
    async def unmark(self, person: PersonId, name: str) -> None: ...


class MilestoneDesk:
    def __init__(self, milestones: Milestones, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._milestones = milestones
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/milestones", self.look),
            Route("/milestones", self.change, methods=["POST"]),
            Route("/milestones/own", self.own),
        ]

    async def look(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MARK_MILESTONES)
        return await self._page(request, me)

    async def own(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MARK_MILESTONES)
        return JSONResponse({"texts": await self._milestones.texts(me.person)}, headers=NO_STORE)

    async def change(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MARK_MILESTONES)
        sent = await fields_of(request, FIELDS_MAX)
        try:
            if "unmark" in sent:
                await self._milestones.unmark(me.person, sent["unmark"])
                return back_to("/milestones", me, "unmarked")
            await self._milestones.mark(me.person, sent.get("text", ""), sent.get("on", ""))
        except Refusal as refusal:
            return await self._page(request, me, sent, error=refusal.said)
        except Stale:
            return await self._page(request, me, sent, error=STALE)
        return back_to("/milestones", me, "marked")

    async def _page(
        self, request: Request, me: Visitor, sent: dict[str, str] | None = None, error: str | Sentence | None = None
    ) -> Response:
        words, sent = spoken(request), sent or {}
        context = await self._milestones.page(me.person, words) | {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "done": request.query_params.get("done", ""),
            "error": words.of(error) if error else None,
            "text": sent.get("text", ""),
            "on": sent.get("on", ""),
        }
        return self._pages.render(request, "milestones.html", context, 422 if error else 200, NO_STORE)
