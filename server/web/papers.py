"""The desk where papers leave the house: which, of what days, and what for; logged before anything is handed out."""

from __future__ import annotations

import secrets
from enum import StrEnum
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.disclosures import REASON_CHARS_MAX
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import marked
from server.web.auth import Doorkeeper, Visitor
from server.web.catalogues import ENGLISH
from server.web.exports import FIELDS_MAX, REASONS, Asked, Handout, asked_for
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages

FIELDS = ("kind", "first", "last", "purpose", "reason", "receiver", "form", "language")


class Kind(StrEnum):
    """What can be taken. The value stands in the accounting of disclosures for ever."""

    STATEMENT = "statement"
    NOTES = "notes"
    PACKET = "packet"
    FHIR = "fhir"


KINDS: dict[Kind, tuple[str, str]] = {
    Kind.STATEMENT: (marked("Statement of hours"), marked("PDF: every entry, week by week.")),
    Kind.NOTES: (marked("Signed notes"), marked("PDF, one a session. Your own counselling notes are never in it.")),
    Kind.PACKET: (
        marked("Audit packet"),
        marked("Everything that proves the hours, with fingerprints and the result of checking them."),
    ),
    Kind.FHIR: (marked("For another health record"), marked("FHIR R4, one document a session.")),
}


class Papers(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def name(self, person: PersonId) -> str | None:
        """A person's name; None: nobody of that id."""
        ...

    async def receivers(self) -> list[str]:
        """Whom consents name: to choose from."""
        ...

    async def hand_out(self, person: PersonId, kind: Kind, *, by: Visitor, asked: Asked) -> Handout:
        """A file about one person, already logged. Raises Refusal that says what to choose instead."""
        ...


class PaperDesk:
    """Staff take anybody's papers, and say why; a participant their own statement."""

    def __init__(self, papers: Papers, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._papers = papers
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/papers/{person}", self.desk, methods=["GET", "POST"])]

    async def desk(self, request: Request) -> Response:
        person = PersonId(request.path_params["person"])
        me = await self._doorkeeper.reader(request, person, Action.TAKE_PAPERS, own=Action.TAKE_OWN_PAPERS)
        name = await self._papers.name(person) if len(person) <= ID_CHARS_MAX else None
        if name is None:
            raise HTTPException(404)
        if request.method != "POST":
            query = request.query_params
            given = {field: query.get(field, "") for field in ("kind", "first", "last")}
            given["language"] = ENGLISH if me.staff else spoken(request).language
            return await self._form(request, me, person, name, given | {"form": secrets.token_urlsafe(12)})
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {field: value for field, value in sent.items() if isinstance(value, str)}
        try:
            kind = next((each for each in _offered(me) if each == given.get("kind")), None)
            if kind is None:
                raise Refusal("bad_kind", "Choose what to download.")
            asked = asked_for(given, own=not me.staff)
            handout = await self._papers.hand_out(person, kind, by=me, asked=asked)
        except Refusal as refusal:
            return await self._form(request, me, person, name, given, error=spoken(request).of(refusal.said))
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(iter(handout.chunks), media_type=handout.media_type, headers=headers)

    async def _form(
        self,
        request: Request,
        me: Visitor,
        person: PersonId,
        name: str,
        given: dict[str, str],
        error: str | None = None,
    ) -> Response:
        context: dict[str, Any] = {
            "me": me,
            "own": not me.staff,
            "name": name,
            "choice": me.choice,
            "back": f"/statement/{person}",
            "action": request.url.path,
            "kinds": [(kind.value, *KINDS[kind]) for kind in _offered(me)],
            "reasons": [(purpose.value, text) for purpose, text in REASONS.items()],
            "reason_max": REASON_CHARS_MAX,
            "receivers": await self._papers.receivers() if me.staff else [],
            "given": {field: given.get(field, "") for field in FIELDS},
            "error": error,
        }
        return self._pages.render(request, "papers.html", context, 422 if error else 200, NO_STORE)


def _offered(me: Visitor) -> tuple[Kind, ...]:
    return tuple(Kind) if me.staff else (Kind.STATEMENT,)
