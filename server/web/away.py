"""Telling ahead that one will not come, asking for a make-up, and the clinic's answers to that."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
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
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX = 10
STALE = marked(
    "Somebody else said something else meanwhile. Please look at what stands now, and say it again if need be."
)
DONE = {
    "away": marked("Thank you for telling. Your facilitators see it."),
    "coming": marked("Good. You are expected again."),
    "asked": marked("Asked. Your clinic will answer."),
    "no-make-up": marked("Thank you for answering. Nothing will make up for it."),
    "agreed": marked("They stand on the list of that meeting now."),
    "declined": marked("They see that it does not work, and can choose another one."),
}


class AwayPage(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def may(self, guardian: PersonId, person: PersonId) -> bool: ...
    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None: ...
    async def asks(self, words: Words) -> list[dict[str, Any]]: ...
    async def tell(self, person: PersonId, session: str, away: bool, reason: str, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...

    async def ask(self, person: PersonId, missed: str, session: str, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...

    async def decline(self, person: PersonId, missed: str, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...

    async def answer(self, id: str, agreed: bool, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...


class AwayDesk:
    def __init__(self, away: AwayPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._away = away
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/away", self.own),
            Route("/away/{person}", self.page),
            Route("/away/{person}", self.tell, methods=["POST"]),
            Route("/away/{person}/make-up", self.ask, methods=["POST"]),
            Route("/make-ups", self.asks),
            Route("/make-ups", self.answer, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ one person

    async def own(self, request: Request) -> Response:
        """To one's own page, for links that are the same for everybody."""
        me = await self._doorkeeper.visitor(request, Action.TELL_OWN_AWAY)
        return RedirectResponse(f"/away/{quote(me.person, safe='')}{me.choice}", 303, NO_STORE)

    async def page(self, request: Request) -> Response:
        me, person = await self._reader(request)
        return await self._page(request, me, person)

    async def tell(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        away = given.get("away") != "no"
        reason = given.get("words", "").strip() or given.get("reason", "")
        try:
            await self._away.tell(person, given.get("session", ""), away, reason, by=me)
        except Refusal as refusal:
            return await self._page(request, me, person, error=refusal.said, given=given)
        except Stale:
            return await self._page(request, me, person, error=STALE, given=given)
        return back_to(f"/away/{quote(person, safe='')}", me, "away" if away else "coming")

    async def ask(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        declined = given.get("answer") == "no"
        try:
            if declined:
                await self._away.decline(person, given.get("missed", ""), by=me)
            else:
                await self._away.ask(person, given.get("missed", ""), given.get("session", ""), by=me)
        except Refusal as refusal:
            return await self._page(request, me, person, error=refusal.said)
        except Stale:
            return await self._page(request, me, person, error=STALE)
        return back_to(f"/away/{quote(person, safe='')}", me, "no-make-up" if declined else "asked")

    async def _reader(self, request: Request) -> tuple[Visitor, PersonId]:
        return await about_whom(
            request, self._doorkeeper, Action.TELL_AWAY, own=Action.TELL_OWN_AWAY, may=self._away.may
        )

    async def _page(
        self,
        request: Request,
        me: Visitor,
        person: PersonId,
        *,
        error: str | Sentence = "",
        given: dict[str, str] | None = None,
    ) -> Response:
        words = spoken(request)
        context = await self._away.page(person, words, reader=me)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "error": words.of(error),
            "given": {field: (given or {}).get(field, "") for field in ("session", "reason", "words")},
            "done": words(DONE.get(request.query_params.get("done", ""), "")),
            "home": f"/home{me.choice}",
            "action": f"/away/{person}{me.choice}",
            "ask_action": f"/away/{person}/make-up{me.choice}",
        }
        return self._pages.render(request, "away.html", context, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ the clinic's answers

    async def asks(self, request: Request) -> Response:
        return await self._asks(request, await self._doorkeeper.visitor(request, Action.AGREE_MAKE_UPS))

    async def answer(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.AGREE_MAKE_UPS)
        given = await fields_of(request, FIELDS_MAX)
        agreed = given.get("answer") == "agree"
        try:
            if given.get("answer") not in ("agree", "decline"):
                raise Refusal("bad_answer", "Say whether it works or not.")
            await self._away.answer(given.get("id", ""), agreed, by=me)
        except Refusal as refusal:
            return await self._asks(request, me, error=refusal.said)
        except Stale:
            return await self._asks(request, me, error=STALE)
        return back_to("/make-ups", me, "agreed" if agreed else "declined")

    async def _asks(self, request: Request, me: Visitor, error: str | Sentence = "") -> Response:
        words = spoken(request)
        context = {
            "me": me,
            "rows": await self._away.asks(words),
            "error": words.of(error),
            "done": words(DONE.get(request.query_params.get("done", ""), "")),
            "home": f"/home{me.choice}",
            "action": f"/make-ups{me.choice}",
        }
        return self._pages.render(request, "make_ups.html", context, 422 if error else 200, NO_STORE)
