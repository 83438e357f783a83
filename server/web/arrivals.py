"""The door of a room, beside its socket: what there is to sign, and what was said the last time (PROTOCOL §12)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.consents import ConsentKind
from facilitation.errors import Refusal
from facilitation.ids import SessionId
from facilitation.people import Expected
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Identity
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE

NAME_CHARS_MAX = 256


class Arrivals(Protocol):
    """Raises StoreUnavailable, CorruptLog, and Refusal in words."""

    async def door(self, session: SessionId, expected: Expected, *, language: str) -> dict[str, Any]: ...
    async def sign(
        self, session: SessionId, expected: Expected, kind: ConsentKind, *, fingerprint: str, name: str
    ) -> None: ...


class _Signature(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    kind: ConsentKind
    fingerprint: Annotated[str, Meta(max_length=64)]
    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]


Handler = Callable[[Request, Identity], Awaitable[dict[str, Any]]]


class ArrivalDesk:
    """For participants, of their own session: by cookie, or by a program's ticket."""

    def __init__(self, arrivals: Arrivals, *, doorkeeper: Doorkeeper) -> None:
        self._arrivals = arrivals
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/s/{session}/door", self._for(self._look), methods=["GET"]),
            Route("/s/{session}/door/consents", self._for(self._sign), methods=["POST"]),
        ]

    async def _look(self, request: Request, me: Identity) -> dict[str, Any]:
        return await self._arrivals.door(me.session, _expected(me), language=spoken(request).language)

    async def _sign(self, request: Request, me: Identity) -> dict[str, Any]:
        try:
            sent = msgspec.json.decode(await request.body(), type=_Signature)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise HTTPException(400) from None
        await self._arrivals.sign(me.session, _expected(me), sent.kind, fingerprint=sent.fingerprint, name=sent.name)
        return await self._look(request, me)

    def _for(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            session = request.path_params["session"]
            caller = None
            if len(session) <= ID_CHARS_MAX:
                caller = await self._doorkeeper.caller(request, SessionId(session))
            if caller is None:
                return _error(403, "no_seat", "For your privacy this browser has forgotten you. Open your link again.")
            me, _ = caller
            if not me.may(Action.PASS_THE_DOOR):
                return _error(403, "not_yours", "This is for the people who take part.")
            try:
                return JSONResponse(await handler(request, me), headers=NO_STORE)
            except Refusal as refusal:
                return _error(
                    409 if refusal.code == "stale_consent" else 422, refusal.code, spoken(request).of(refusal.said)
                )
            except HTTPException as error:
                return _error(error.status_code, "bad_request", "What was sent could not be read.")

        return handle


def _expected(me: Identity) -> Expected:
    return Expected(person=me.person, role=me.role, name=me.name, teen=me.teen)


def _error(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, status, NO_STORE)
