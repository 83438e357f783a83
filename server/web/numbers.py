"""Whom to call in an emergency where participants are: for staff to read, for the administrator to keep and check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to, fields_of, list_of
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX: Final = 12
LIST_BYTES_MAX: Final = 4 * 1024 * 1024
ID_CHARS_MAX: Final = 120
GIVEN: Final = ("state", "area", "dispatch", "source", "checked", "note")
STALE: Final = marked("Somebody else has just changed it. Please look again.")
DONE: Final = {
    "kept": marked("The number is kept."),
    "called": marked("Kept: called today, and right."),
    "removed": marked("The number is shown to nobody any more."),
}


class NumberPages(Protocol):
    """Raises StoreUnavailable, CorruptLog; what changes something raises Refusal and Stale, too."""

    async def page(self, words: Words) -> dict[str, Any]: ...
    async def keep(self, given: Mapping[str, str], *, by: Visitor) -> None: ...
    async def called(self, id: str, *, by: Visitor) -> None: ...
    async def remove(self, id: str, *, by: Visitor) -> None: ...
    async def look(self, source: str | bytes, words: Words) -> dict[str, Any]:
        """What a list would do. Raises Refusal."""
        ...

    async def take_in(self, text: str, *, by: Visitor) -> int: ...


class NumberDesk:
    def __init__(self, numbers: NumberPages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._numbers = numbers
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/numbers", self.page),
            Route("/numbers", self.change, methods=["POST"]),
            Route("/numbers/list", self.list_form),
            Route("/numbers/list", self.list_sent, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        return await self._page(request, await self._doorkeeper.visitor(request, Action.READ_LICENCES))

    async def change(self, request: Request) -> Response:
        """Keep a number, say that it was called, or take it away."""
        me = await self._doorkeeper.visitor(request, Action.KEEP_LICENCES)
        given = await fields_of(request, FIELDS_MAX)
        do, id = given.get("do", ""), given.get("id", "")[:ID_CHARS_MAX]
        try:
            if do == "called":
                await self._numbers.called(id, by=me)
            elif do == "remove":
                await self._numbers.remove(id, by=me)
            else:
                await self._numbers.keep(given, by=me)
        except Refusal as refusal:
            return await self._page(request, me, given, refusal.said)
        except Stale:
            return await self._page(request, me, given, STALE)
        return back_to("/numbers", me, {"called": "called", "remove": "removed"}.get(do, "kept"))

    async def _page(
        self, request: Request, me: Visitor, given: Mapping[str, str] | None = None, error: str | Sentence = ""
    ) -> Response:
        words = spoken(request)
        context = await self._numbers.page(words) | {
            "given": {field: (given or {}).get(field, "") for field in GIVEN},
            "done": words(DONE.get(request.query_params.get("done", ""), "")),
        }
        return self._render(request, me, "numbers.html", context, error)

    # ------------------------------------------------------------------ a list

    async def list_form(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.KEEP_LICENCES)
        return self._list(request, me, {})

    async def list_sent(self, request: Request) -> Response:
        """Look first, then take in: the same form, so that what is wrong can be put right where it stands."""
        me = await self._doorkeeper.visitor(request, Action.KEEP_LICENCES)
        given, data = await list_of(request, FIELDS_MAX, LIST_BYTES_MAX)
        words, text = spoken(request), given.get("text", "")
        try:
            if data or given.get("do") != "take":
                return self._list(request, me, given | await self._numbers.look(data or text, words))
            count = await self._numbers.take_in(text, by=me)
            return self._list(request, me, given | await self._numbers.look(text, words) | {"taken": count})
        except Refusal as refusal:
            return self._list(request, me, given, refusal.said)
        except Stale:
            return self._list(request, me, given, STALE)

    def _list(self, request: Request, me: Visitor, shown: Mapping[str, Any], error: str | Sentence = "") -> Response:
        context = {
            "text": shown.get("text", ""),
            "remark": shown.get("remark", ""),
            "list": shown.get("list"),
            "taken": shown.get("taken"),
        }
        return self._render(request, me, "numbers_list.html", context, error)

    def _render(
        self, request: Request, me: Visitor, name: str, context: Mapping[str, Any], error: str | Sentence
    ) -> Response:
        told = {"me": me, "choice": me.choice, "home": f"/home{me.choice}", "error": spoken(request).of(error)}
        return self._pages.render(request, name, {**context, **told}, 422 if error else 200, NO_STORE)
