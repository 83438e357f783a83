"""Everybody's week at a glance, for staff: who will miss the floor while it can still be helped."""

from __future__ import annotations

import secrets
from typing import Any, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.commands import ExplainAbsence, LinkMakeUp, PersonCommand
from facilitation.disclosures import REASON_CHARS_MAX
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.policy import Action
from facilitation.text import TITLE_MAX
from server.web import exports
from server.web.auth import Doorkeeper, Identity, Visitor
from server.web.exports import FIELDS_MAX, REASONS, Handout, asked_for
from server.web.forms import back_to, fields_of
from server.web.language import spoken
from server.web.lists import Asked, asked
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

DONE = {
    "absence": marked("It is kept, and stands with the session."),
    "make-up": marked("The link is kept. No minute changes by it."),
}
TYPES = {"csv": "text/csv; charset=utf-8; header=present", "json": "application/json"}


class Weeks(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, words: Words, *, reader: Visitor, group: str | None, asked: Asked) -> dict[str, Any]:
        """What the template needs. `group`: the title of one, 'mine', or None: everybody."""
        ...

    async def person(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """One person's week, session by session. None: no such participant."""
        ...

    async def receivers(self) -> list[str]:
        """Whom consents name: to choose from."""
        ...

    async def export(self, *, by: Visitor, group: str | None, kind: str, asked: exports.Asked) -> Handout:
        """A file ('csv' or 'json'), already logged. Raises Refusal that says what to choose instead."""
        ...


class RoomCommands(Protocol):
    async def ask(self, identity: Identity, command: PersonCommand, *, ahead: bool = False) -> int:
        """Put a command to the room of `identity.session`; `ahead`: begun for it. Raises Refusal, StoreUnavailable."""
        ...


class WeekPages:
    """For staff. What they say of an absence or a make-up goes into the log of that session, by its own rules."""

    def __init__(self, weeks: Weeks, *, errands: RoomCommands, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._weeks = weeks
        self._errands = errands
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/weeks", self.page),
            Route("/weeks/export", self.export, methods=["POST"]),
            Route("/weeks/{person}", self.person),
            Route("/weeks/{person}/absence", self.absence, methods=["POST"]),
            Route("/weeks/{person}/make-up", self.make_up, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_WEEKS)
        return await self._page(request, me, request.query_params.get("group"), {})

    async def export(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.TAKE_WEEKS)
        given = await fields_of(request, FIELDS_MAX)
        try:
            handout = await self._weeks.export(
                by=me, group=_group(given.get("group")), kind=given.get("kind", ""), asked=asked_for(given, own=False)
            )
        except Refusal as refusal:
            return await self._page(request, me, given.get("group"), given, error=spoken(request).of(refusal.said))
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(handout.chunks, media_type=TYPES[given["kind"]], headers=headers)

    # ------------------------------------------------------------------ one person

    async def person(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_WEEKS)
        done = DONE.get(request.query_params.get("done", ""), "")
        return await self._person(request, me, done=done)

    async def absence(self, request: Request) -> Response:
        given = await fields_of(request, FIELDS_MAX)
        kind, reason = given.get("kind", ""), given.get("reason", "")
        command = ExplainAbsence(person=_person(request), kind=kind, reason="" if kind == "none" else reason)
        return await self._ask(request, given, command, done="absence")

    async def make_up(self, request: Request) -> Response:
        given = await fields_of(request, FIELDS_MAX)
        missed = SessionId(given["missed"]) if given.get("missed") else None
        return await self._ask(
            request, given, LinkMakeUp(person=_person(request), missed_session=missed), done="make-up"
        )

    async def _ask(self, request: Request, given: dict[str, str], command: PersonCommand, *, done: str) -> Response:
        """Put `command` to the room of the session that the form names, as what the asker is in that session."""
        me = await self._doorkeeper.visitor(request, Action.SEE_WEEKS)
        session = SessionId(given.get("session", "")[: ID_CHARS_MAX + 1])
        here = await self._doorkeeper.here(request, session, Action.TELL_ABSENCE)
        try:
            await self._errands.ask(here, command, ahead=True)
        except Refusal as refusal:
            return await self._person(request, me, error=spoken(request).of(refusal.said))
        return back_to(f"/weeks/{quote(_person(request), safe='')}", me, done)

    async def _person(self, request: Request, me: Visitor, *, done: str = "", error: str | None = None) -> Response:
        person = _person(request)
        context = await self._weeks.person(person, spoken(request), reader=me) if len(person) <= ID_CHARS_MAX else None
        if context is None:
            raise HTTPException(404)
        context |= {"me": me, "choice": me.choice, "done": spoken(request)(done) if done else "", "error": error}
        return self._pages.render(request, "week.html", context, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ everybody

    async def _page(
        self, request: Request, me: Visitor, group: str | None, given: dict[str, str], error: str | None = None
    ) -> Response:
        group, wanted = _group(group), asked(request)
        context = await self._weeks.page(spoken(request), reader=me, group=group, asked=wanted) | {
            "q": wanted.text,
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "group": group or "",
            "reasons": [(purpose.value, text) for purpose, text in REASONS.items()],
            "reason_max": REASON_CHARS_MAX,
            "receivers": await self._weeks.receivers(),
            "given": {field: given.get(field, "") for field in ("purpose", "reason", "receiver", "kind")}
            | {"form": given.get("form") or secrets.token_urlsafe(12)},
            "error": error,
        }
        return self._pages.render(request, "weeks.html", context, 422 if error else 200, NO_STORE)


def _person(request: Request) -> PersonId:
    return PersonId(request.path_params["person"])


def _group(text: str | None) -> str | None:
    return text[:TITLE_MAX] if text else None
