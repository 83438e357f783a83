"""A participant's own minutes of one session: how they came about, and a way to say that they are not right.

A page that works without JavaScript, and JSON for programs (PROTOCOL §11). Nobody else's minutes are ever here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.commands import DisputeMinutes, PersonCommand, TakeBackDispute
from facilitation.corrections import DISPUTE_MAX
from facilitation.errors import Refusal
from facilitation.ids import DisputeId, PersonId, SessionId
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Identity
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words

FIELDS_MAX: Final = 4
T = TypeVar("T")
JSON_TYPE: Final = "application/json"


class Minutes(Protocol):
    async def of(self, session: SessionId, person: PersonId, words: Words) -> dict[str, Any] | None:
        """What one person may read of their own minutes; None where there are none to read of them."""
        ...


class Errands(Protocol):
    async def ask(self, identity: Identity, command: PersonCommand) -> int:
        """Raises Refusal, StoreUnavailable."""
        ...


class Said(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class Back(msgspec.Struct, forbid_unknown_fields=True):
    dispute: str


class MinutesDesk:
    """The handlers of `/s/SESSION/minutes` and of what is said there."""

    def __init__(self, minutes: Minutes, errands: Errands, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._minutes = minutes
        self._errands = errands
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/s/{session}/minutes", self.show, methods=["GET"]),
            Route("/s/{session}/dispute", self.dispute, methods=["POST"]),
            Route("/s/{session}/dispute/take-back", self.take_back, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return await self._page(
            request, await self._doorkeeper.oneself(request, _session(request), Action.READ_OWN_MINUTES)
        )

    async def dispute(self, request: Request) -> Response:
        if _is_json(request):
            return await self._by_program(request, Said, lambda said: DisputeMinutes(text=said.text))
        me = await self._doorkeeper.oneself(request, _session(request), Action.DISPUTE_MINUTES)
        text = (await _field(request, "text")).replace("\r\n", "\n")
        return await self._by_form(request, me, DisputeMinutes(text=text), text=text)

    async def take_back(self, request: Request) -> Response:
        if _is_json(request):
            return await self._by_program(request, Back, lambda back: TakeBackDispute(dispute=DisputeId(back.dispute)))
        me = await self._doorkeeper.oneself(request, _session(request), Action.DISPUTE_MINUTES)
        return await self._by_form(request, me, TakeBackDispute(dispute=DisputeId(await _field(request, "dispute"))))

    async def _by_form(self, request: Request, me: Identity, command: PersonCommand, *, text: str = "") -> Response:
        try:
            await self._errands.ask(me, command)
        except Refusal as refusal:
            return await self._page(request, me, text=text, error=spoken(request).of(refusal.said))
        return RedirectResponse(f"/s/{me.session}/minutes{me.choice}#said", 303, NO_STORE)

    async def _by_program(self, request: Request, shape: type[T], command: Callable[[T], PersonCommand]) -> Response:
        session = _session(request)
        caller = await self._doorkeeper.caller(request, session)
        me = caller[0] if caller is not None else await self._doorkeeper.participant(request, session)
        if me is None:
            return _refused(403, "no_seat", "For your privacy this browser has forgotten you. Open your link again.")
        if not me.may(Action.DISPUTE_MINUTES):
            return _refused(403, "not_allowed", "This is not something you can do in this session.")
        try:
            said = msgspec.json.decode(await request.body(), type=shape)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return _refused(400, "bad_request", "What was sent could not be read.")
        try:
            seq = await self._errands.ask(me, command(said))
        except Refusal as refusal:
            return _refused(
                403 if refusal.code == "not_allowed" else 422, refusal.code, spoken(request).of(refusal.said)
            )
        return JSONResponse({"seq": seq}, 202, NO_STORE)

    async def _page(self, request: Request, me: Identity, *, text: str = "", error: str | None = None) -> Response:
        told = await self._minutes.of(me.session, me.person, spoken(request))
        if told is None:
            raise HTTPException(404)
        context = told | {
            "me": me,
            "choice": me.choice,
            "session": me.session,
            "text": text,
            "text_max": DISPUTE_MAX,
            "error": error,
        }
        return self._pages.render(request, "minutes.html", context, 422 if error else 200, NO_STORE)


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() == JSON_TYPE


async def _field(request: Request, name: str) -> str:
    async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
        value = sent.get(name)
    if not isinstance(value, str):
        raise HTTPException(400)
    return value


def _session(request: Request) -> SessionId:
    session: str = request.path_params["session"]
    if len(session) > ID_CHARS_MAX:
        raise HTTPException(404)
    return SessionId(session)


def _refused(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, status, NO_STORE)
