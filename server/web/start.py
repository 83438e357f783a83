"""A clinic's first steps: from nothing to the first session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.policy import Action
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.people import invited_words
from server.web.templates import Pages
from server.web.words import Words

FIELDS_MAX = 200

Chosen = Mapping[str, Sequence[str]]
"""Of boxes that can be ticked together, those that are."""


class Steps(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, words: Words, *, reader: Visitor, given: Mapping[str, str], chosen: Chosen) -> dict[str, Any]:
        """What the template needs: how far the clinic is, and a form as it was typed."""
        ...

    async def look(self, words: Words, given: Mapping[str, str], chosen: Chosen) -> dict[str, Any]:
        """What the group would be. Raises Refusal."""
        ...

    async def make(self, given: Mapping[str, str], chosen: Chosen, *, by: Visitor) -> str:
        """Make it; its title. Raises Refusal, Stale."""
        ...


class StartDesk:
    def __init__(self, steps: Steps, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._steps = steps
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/start", self.page), Route("/start", self.group, methods=["POST"])]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SET_UP)
        return await self._page(request, me, {}, {})

    async def group(self, request: Request) -> Response:
        """Look at the first group, or make it: one form, so that nothing has to be typed twice."""
        me = await self._doorkeeper.visitor(request, Action.SET_UP)
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {field: value for field, value in sent.items() if isinstance(value, str)}
            chosen = {
                field: [value for value in sent.getlist(field) if isinstance(value, str)] for field in ("day", "lead")
            }
        try:
            if given.get("do") == "make":
                await self._steps.make(given, chosen, by=me)
                seat = f"&seat={me.number}" if me.number > 1 else ""
                return RedirectResponse(f"/start?made=1{seat}", 303, NO_STORE)
            return await self._page(
                request, me, given, chosen, look=await self._steps.look(spoken(request), given, chosen)
            )
        except Refusal as refusal:
            return await self._page(request, me, given, chosen, error=spoken(request).of(refusal.said))
        except Stale:
            return await self._page(
                request, me, given, chosen, error=spoken(request)("Something changed meanwhile. Please try again.")
            )

    async def _page(
        self,
        request: Request,
        me: Visitor,
        given: Mapping[str, str],
        chosen: Chosen,
        *,
        look: Mapping[str, Any] | None = None,
        error: str = "",
    ) -> Response:
        context = await self._steps.page(spoken(request), reader=me, given=given, chosen=chosen) | {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "look": look,
            "error": error,
            "made": bool(request.query_params.get("made")),
            "invited": invited_words(request),
        }
        return self._pages.render(request, "start.html", context, 422 if error else 200, NO_STORE)
