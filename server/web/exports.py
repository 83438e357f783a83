"""Hours as a file: asked for by a form that asks why, and logged before anything is handed out."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.disclosures import REASON_CHARS_MAX, RECEIVER_CHARS_MAX, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.text import line
from server.web import words
from server.web.auth import Doorkeeper, Visitor
from server.web.catalogues import ENGLISH, LANGUAGES
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE, day_asked
from server.web.templates import Pages

FIELDS_MAX = 10
MARK_CHARS_MAX = 64
FIELDS = ("first", "last", "purpose", "reason", "receiver", "form", "payer")
REASONS = {purpose: text for purpose, text in words.PURPOSES.items() if purpose is not Purpose.OWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a form asked for. `first`, `last`: days of sessions, both included. `form`: the mark of this copy of it."""

    first: date | None
    last: date | None
    purpose: Purpose
    reason: str
    form: str
    payer: str = ""
    """Whose table makes claim-ready rows of the hours; empty: the hours themselves."""
    language: str = ENGLISH
    """That a paper is written in: its receiver's."""
    receiver: str = ""
    """Who gets it, where that was said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handout:
    """A file to be downloaded, already logged. Its name tells nobody whose it is."""

    filename: str
    chunks: Iterable[bytes]
    media_type: str = "text/csv; charset=utf-8; header=present"


class Exports(Protocol):
    """What can be downloaded. Raises StoreUnavailable, CorruptLog."""

    async def name(self, person: PersonId) -> str | None:
        """A person's name; None: nobody of that id."""
        ...

    async def receivers(self) -> list[str]:
        """Whom consents name: to choose from."""
        ...

    def tables(self) -> dict[str, str]:
        """Payers' tables that there are: their titles by id."""
        ...

    async def hours(self, person: PersonId | None, *, by: Visitor, asked: Asked) -> Handout:
        """One person's entries, or everybody's (None). Raises Refusal that says what to choose instead."""
        ...


class ExportDesk:
    """Staff download anybody's hours, and say why; a participant their own."""

    def __init__(self, exports: Exports, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._exports = exports
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/export", self.everybody, methods=["GET", "POST"]),
            Route("/statement/{person}/export", self.one, methods=["GET", "POST"]),
        ]

    async def everybody(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.TAKE_HOURS)
        return await self._answer(request, me, None, None)

    async def one(self, request: Request) -> Response:
        person = PersonId(request.path_params["person"])
        me = await self._doorkeeper.reader(request, person, Action.TAKE_HOURS, own=Action.TAKE_OWN_HOURS)
        name = await self._exports.name(person) if len(person) <= ID_CHARS_MAX else None
        if name is None:
            raise HTTPException(404)
        return await self._answer(request, me, person, name)

    async def _answer(self, request: Request, me: Visitor, person: PersonId | None, name: str | None) -> Response:
        own = not me.staff
        if request.method != "POST":
            return await self._form(request, me, person, name, {"form": secrets.token_urlsafe(12)})
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {field: value for field, value in sent.items() if isinstance(value, str)}
        try:
            handout = await self._exports.hours(person, by=me, asked=asked_for(given, own=own))
        except Refusal as refusal:
            return await self._form(request, me, person, name, given, error=spoken(request).of(refusal.said))
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(handout.chunks, media_type=handout.media_type, headers=headers)

    async def _form(
        self,
        request: Request,
        me: Visitor,
        person: PersonId | None,
        name: str | None,
        given: dict[str, str],
        error: str | None = None,
    ) -> Response:
        context: dict[str, Any] = {
            "me": me,
            "own": not me.staff,
            "name": name,
            "choice": me.choice,
            "back": "/home" if person is None else f"/statement/{person}",
            "action": request.url.path,
            "reasons": [(purpose.value, text) for purpose, text in REASONS.items()],
            "reason_max": REASON_CHARS_MAX,
            "receivers": await self._exports.receivers() if me.staff else [],
            "tables": self._exports.tables() if me.staff else {},
            "given": {field: given.get(field, "") for field in FIELDS},
            "error": error,
        }
        return self._pages.render(request, "export.html", context, 422 if error else 200, NO_STORE)


def asked_for(given: dict[str, str], *, own: bool) -> Asked:
    """What a form asks for. `own`: one's own record, which needs no reason. Raises Refusal."""
    try:
        first, last = day_asked(given.get("first")), day_asked(given.get("last"))
    except HTTPException:
        raise Refusal("bad_days", "A day is written like 2026-11-24: year, month, day.") from None
    purpose = Purpose.OWN if own else next((each for each in REASONS if each == given.get("purpose")), None)
    if purpose is None:
        raise Refusal("bad_reason", "Choose what it is for.")
    language = given.get("language", ENGLISH)
    if language not in LANGUAGES:
        raise Refusal("bad_language", "Choose the language that it is written in.")
    return Asked(
        language=language,
        first=first,
        last=last,
        purpose=purpose,
        reason="" if own else given.get("reason", ""),
        form=given.get("form", "")[:MARK_CHARS_MAX],
        payer="" if own else given.get("payer", "")[:MARK_CHARS_MAX],
        receiver="" if own else line(given.get("receiver", ""), "who gets it", RECEIVER_CHARS_MAX, required=False),
    )
