"""Waiting lists: the clinic's page of all of them, and a family's page of what they wait for and are offered."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to, fields_of
from server.web.kin import about_whom
from server.web.language import spoken
from server.web.lists import Asked, asked
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX = 6
STALE = marked("Somebody else changed this list meanwhile. Please look at what stands now.")
DONE = {
    "on": marked("They are on the list. When a seat opens that fits, it is offered to them."),
    "off": marked("They are off the list."),
    "taken": marked("The seat is taken, from tomorrow on. The meetings stand on the home page."),
    "declined": marked("Thank you for answering. The seat goes to somebody else."),
}


class WaitingPage(Protocol):
    """Raises StoreUnavailable, CorruptLog; what changes something raises Refusal and Stale, too."""

    async def may(self, guardian: PersonId, person: PersonId) -> bool: ...
    async def page(self, words: Words, *, reader: Visitor, asked: Asked) -> dict[str, Any]: ...
    async def own(self, person: PersonId, words: Words) -> dict[str, Any] | None: ...
    async def put(self, person: str, cohort: str, *, by: Visitor) -> None: ...
    async def take_off(self, person: str, cohort: str, *, by: Visitor) -> None: ...
    async def answer(self, person: PersonId, cohort: str, taken: bool, *, by: Visitor) -> None: ...


class WaitingDesk:
    def __init__(self, waiting: WaitingPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._waiting = waiting
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/waiting", self.page),
            Route("/waiting", self.change, methods=["POST"]),
            Route("/waiting/{person}", self.own),
            Route("/waiting/{person}", self.answer, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        return await self._page(request, await self._doorkeeper.visitor(request, Action.KEEP_WAITING_LISTS))

    async def change(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.KEEP_WAITING_LISTS)
        given = await fields_of(request, FIELDS_MAX)
        person, cohort = (given.get(field, "")[:ID_CHARS_MAX] for field in ("person", "cohort"))
        off = given.get("do") == "off"
        try:
            await (self._waiting.take_off if off else self._waiting.put)(person, cohort, by=me)
        except Refusal as refusal:
            return await self._page(request, me, error=refusal.said)
        except Stale:
            return await self._page(request, me, error=STALE)
        return back_to("/waiting", me, "off" if off else "on")

    async def own(self, request: Request) -> Response:
        me, person = await self._reader(request)
        return await self._own(request, me, person)

    async def answer(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        try:
            if given.get("answer") not in ("yes", "no"):
                raise Refusal("bad_answer", "Say yes or no to the seat.")
            await self._waiting.answer(person, given.get("cohort", ""), given["answer"] == "yes", by=me)
        except Refusal as refusal:
            return await self._own(request, me, person, error=refusal.said)
        except Stale:
            return await self._own(request, me, person, error=STALE)
        return back_to(f"/waiting/{quote(person, safe='')}", me, "taken" if given["answer"] == "yes" else "declined")

    # ------------------------------------------------------------------ inside

    async def _reader(self, request: Request) -> tuple[Visitor, PersonId]:
        return await about_whom(
            request, self._doorkeeper, Action.ANSWER_SEAT, own=Action.ANSWER_OWN_SEAT, may=self._waiting.may
        )

    async def _page(self, request: Request, me: Visitor, error: str | Sentence = "") -> Response:
        wanted = asked(request)
        context = await self._waiting.page(spoken(request), reader=me, asked=wanted) | {"q": wanted.text}
        return self._render(request, me, "waiting.html", context, error)

    async def _own(self, request: Request, me: Visitor, person: PersonId, error: str | Sentence = "") -> Response:
        context = await self._waiting.own(person, spoken(request))
        if context is None:
            raise HTTPException(404)
        own = {"own": me.person == person, "action": f"/waiting/{person}{me.choice}"}
        return self._render(request, me, "waiting_own.html", context | own, error)

    def _render(
        self, request: Request, me: Visitor, name: str, context: dict[str, Any], error: str | Sentence
    ) -> Response:
        words = spoken(request)
        done = words(DONE.get(request.query_params.get("done", ""), ""))
        told = {"me": me, "choice": me.choice, "error": words.of(error), "done": done, "home": f"/home{me.choice}"}
        return self._pages.render(request, name, context | told, 422 if error else 200, NO_STORE)
