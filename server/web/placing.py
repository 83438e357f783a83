"""A week for everybody: started and stopped, looked at, given person by person or at once, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to, fields_of
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX = 8
STALE = marked("Somebody else changed the same meanwhile. Please look at what stands now, and try again.")
DONE = {
    "stopped": marked("The search was stopped. Nothing was changed."),
    "given": marked("Given. It stands on the schedule from the first day on."),
    "back": marked("Taken back. Their days are as they were."),
}


class PlacingPage(Protocol):
    """Raises StoreUnavailable, CorruptLog; what changes something raises Refusal and Stale, too."""

    async def page(self, words: Words, *, reader: Visitor) -> dict[str, Any]: ...
    async def progress(self, words: Words) -> dict[str, Any]: ...
    async def start(self, first: date, weeks: int, keeps: bool, *, by: Visitor) -> None: ...
    async def stop(self, id: str, *, by: Visitor) -> None: ...
    async def give(self, id: str, person: str, *, by: Visitor) -> tuple[int, list[Sentence]]:
        """To how many, and why not to the others."""
        ...

    async def take_back(self, id: str, person: str, *, by: Visitor) -> tuple[int, list[Sentence]]: ...


class PlacingDesk:
    def __init__(self, placing: PlacingPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._placing = placing
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/placement", self.page),
            Route("/placement", self.search, methods=["POST"]),
            Route("/placement/progress", self.progress),
            Route("/placement/give", self.give, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.PLACE_EVERYBODY)
        return await self._page(request, me)

    async def progress(self, request: Request) -> Response:
        await self._doorkeeper.visitor(request, Action.PLACE_EVERYBODY)
        return JSONResponse(await self._placing.progress(spoken(request)), headers=NO_STORE)

    async def search(self, request: Request) -> Response:
        """Start one, or stop the one that runs."""
        me = await self._doorkeeper.visitor(request, Action.PLACE_EVERYBODY)
        given = await fields_of(request, FIELDS_MAX)
        stops = given.get("do") == "stop"
        try:
            if stops:
                await self._placing.stop(given.get("id", ""), by=me)
            else:
                first, weeks = _day(given.get("first", "")), _number(given.get("weeks", ""))
                await self._placing.start(first, weeks, bool(given.get("keeps")), by=me)
        except Refusal as refusal:
            return await self._page(request, me, [refusal.said], given)
        except Stale:
            return await self._page(request, me, [STALE], given)
        return back_to("/placement", me, "stopped" if stops else "")

    async def give(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.PLACE_EVERYBODY)
        given = await fields_of(request, FIELDS_MAX)
        id, person = (given.get(field, "")[:ID_CHARS_MAX] for field in ("id", "person"))
        back = given.get("do") == "back"
        try:
            count, not_those = await (self._placing.take_back if back else self._placing.give)(id, person, by=me)
        except Refusal as refusal:
            return await self._page(request, me, [refusal.said])
        except Stale:
            return await self._page(request, me, [STALE])
        if not_those:
            return await self._page(request, me, not_those, done=("back" if back else "given") if count else "")
        return back_to("/placement", me, "back" if back else "given", part=f"p-{person}" if person else "")

    async def _page(
        self,
        request: Request,
        me: Visitor,
        errors: Sequence[str | Sentence] = (),
        given: dict[str, str] | None = None,
        *,
        done: str = "",
    ) -> Response:
        words = spoken(request)
        context = await self._placing.page(words, reader=me)
        for field in ("first", "weeks"):
            context[field] = (given or {}).get(field, context[field])
        context |= {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "keeps": given is None or bool(given.get("keeps")),
            "errors": [words.of(error) for error in errors],
            "done": words(DONE.get(done or request.query_params.get("done", ""), "")),
        }
        return self._pages.render(request, "placement.html", context, 422 if errors else 200, NO_STORE)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_days", "A day is written like 2026-11-24: year, month, day.") from None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
