"""The clinic's safety path: what facilitators are led through after a safety answer, read by all who work here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.policy import Action
from facilitation.sentences import marked
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words

FIELDS_MAX: Final = 8
STALE: Final = marked("Somebody else changed this meanwhile. What you typed is below; please look at theirs first.")


class SafetyPages(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, words: Words, given: Mapping[str, str] | None) -> dict[str, Any]: ...
    async def keep(self, given: Mapping[str, str], *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...


class SafetyDesk:
    def __init__(self, safety: SafetyPages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._safety = safety
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/safety", self.page), Route("/safety", self.keep, methods=["POST"])]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_SAFETY_PATH)
        return await self._page(request, me, None, done=request.query_params.get("done") == "1")

    async def keep(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_SAFETY_PATH)
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {name: value for name, value in sent.items() if isinstance(value, str)}
        typed = {name: given.get(name, "") for name in ("revision", "steps", "prompts")}
        try:
            await self._safety.keep(typed, by=me)
        except Refusal as refusal:
            return await self._page(request, me, typed, error=spoken(request).of(refusal.said))
        except Stale:
            return await self._page(request, me, typed | {"revision": ""}, error=spoken(request)(STALE), status=409)
        join = "&" if me.choice else "?"
        return RedirectResponse(f"/safety{me.choice}{join}done=1", 303, NO_STORE)

    async def _page(
        self,
        request: Request,
        me: Visitor,
        given: Mapping[str, str] | None,
        *,
        error: str = "",
        done: bool = False,
        status: int = 422,
    ) -> Response:
        context = await self._safety.page(spoken(request), given)
        context |= {"me": me, "choice": me.choice, "home": f"/home{me.choice}", "error": error, "done": done}
        return self._pages.render(request, "safety.html", context, status if error else 200, NO_STORE)
