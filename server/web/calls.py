"""Whom to call about people who are missing: numbers for the room's list, which never pass through the room's log; and
the contact log of one person.
"""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.policy import Action
from server.web.auth import Doorkeeper, Visitor
from server.web.door import form
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words


class Calls(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def of(self, session: SessionId) -> dict[str, Any] | None:
        """`{"people": {person: [{whom, name, relation, phone}]}}`; None: no such session."""
        ...


class ContactLog(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: no such participant."""
        ...

    async def log(self, person: PersonId, *, whom: str, name: str, outcome: str, by: Visitor) -> None:
        """Raises Refusal."""
        ...


class CallDesk:
    def __init__(self, calls: Calls, contact_log: ContactLog, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._calls = calls
        self._log = contact_log
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/s/{session}/contacts", self.contacts),
            Route("/calls/{person}", self.of_person, methods=["GET", "POST"]),
        ]

    async def of_person(self, request: Request) -> Response:
        person = PersonId(request.path_params["person"])
        if len(person) > ID_CHARS_MAX:
            raise HTTPException(404)
        me = await self._doorkeeper.visitor(request, Action.LOG_CALLS, about=(person,))
        words, error = spoken(request), ""
        if request.method == "POST":
            given = await form(request)
            try:
                await self._log.log(
                    person,
                    whom=given.get("whom", ""),
                    name=given.get("name", ""),
                    outcome=given.get("outcome", ""),
                    by=me,
                )
            except Refusal as refusal:
                error = words.of(refusal.said)
            else:
                query = ({"seat": str(me.number)} if me.number > 1 else {}) | {"done": "1"}
                return RedirectResponse(f"/calls/{quote(person, safe='')}?{urlencode(query)}", 303, NO_STORE)
        context = await self._log.page(person, words, reader=me)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "back": f"/weeks/{quote(person, safe='')}{me.choice}",
            "action": f"/calls/{quote(person, safe='')}{me.choice}",
            "person_url": f"/people/{quote(person, safe='')}{me.choice}" if me.may(Action.MANAGE_PEOPLE) else None,
            "done": "done" in request.query_params and not error,
            "error": error,
        }
        return self._pages.render(request, "calls.html", context, 422 if error else 200, NO_STORE)

    async def contacts(self, request: Request) -> Response:
        session = SessionId(request.path_params["session"])
        await self._doorkeeper.here(request, session, Action.CALL_MISSING)
        found = await self._calls.of(session)
        if found is None:
            raise HTTPException(404)
        return JSONResponse(found, headers=NO_STORE)
