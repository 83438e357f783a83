"""Whom to call about people who are missing: numbers for the room's list, which never pass through the room's log."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.ids import SessionId
from facilitation.policy import Action
from server.web.auth import Doorkeeper
from server.web.pages import NO_STORE


class Calls(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def of(self, session: SessionId) -> dict[str, Any] | None:
        """`{"people": {person: [{whom, name, relation, phone}]}}`; None: no such session."""
        ...


class CallDesk:
    def __init__(self, calls: Calls, *, doorkeeper: Doorkeeper) -> None:
        self._calls = calls
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/s/{session}/contacts", self.contacts)]

    async def contacts(self, request: Request) -> Response:
        session = SessionId(request.path_params["session"])
        await self._doorkeeper.here(request, session, Action.CALL_MISSING)
        found = await self._calls.of(session)
        if found is None:
            raise HTTPException(404)
        return JSONResponse(found, headers=NO_STORE)
