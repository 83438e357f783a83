"""The clinic at a glance, for staff: who comes, who comes back, what is owed, and how people say they are."""

from __future__ import annotations

import secrets
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.disclosures import REASON_CHARS_MAX
from facilitation.errors import Refusal
from facilitation.policy import Action
from server.web import exports
from server.web.auth import Doorkeeper, Visitor
from server.web.exports import FIELDS_MAX, REASONS, Handout, asked_for
from server.web.language import spoken
from server.web.lists import Asked, asked
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words

SPANS = ("4", "8", "12")
"""Weeks that can be looked at; the first unless asked."""


class ClinicPage(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, words: Words, *, reader: Visitor, weeks: int, asked: Asked) -> dict[str, Any]:
        """What the template needs."""
        ...

    async def receivers(self) -> list[str]:
        """Whom consents name: to choose from."""
        ...

    async def export(self, *, by: Visitor, weeks: int, kind: str, asked: exports.Asked) -> Handout:
        """A file ('csv' or 'json'), already logged. Raises Refusal that says what to choose instead."""
        ...


class ClinicDesk:
    def __init__(self, clinic: ClinicPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._clinic = clinic
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/clinic", self.page), Route("/clinic/export", self.export, methods=["POST"])]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_CLINIC)
        return await self._page(request, me, _weeks(request.query_params.get("weeks")), {})

    async def export(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.TAKE_CLINIC)
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {field: value for field, value in sent.items() if isinstance(value, str)}
        weeks = _weeks(given.get("weeks"))
        try:
            purpose = asked_for(given, own=False)
            handout = await self._clinic.export(by=me, weeks=weeks, kind=given.get("kind", ""), asked=purpose)
        except Refusal as refusal:
            return await self._page(request, me, weeks, given, error=spoken(request).of(refusal.said))
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(iter(handout.chunks), media_type=handout.media_type, headers=headers)

    async def _page(
        self, request: Request, me: Visitor, weeks: int, given: dict[str, str], error: str | None = None
    ) -> Response:
        wanted = asked(request)
        context = await self._clinic.page(spoken(request), reader=me, weeks=weeks, asked=wanted) | {
            "q": wanted.text,
            "me": me,
            "choice": me.choice,
            "span": weeks,
            "reasons": [(purpose.value, text) for purpose, text in REASONS.items()],
            "reason_max": REASON_CHARS_MAX,
            "receivers": await self._clinic.receivers(),
            "given": {field: given.get(field, "") for field in ("purpose", "reason", "receiver", "kind")}
            | {"form": given.get("form") or secrets.token_urlsafe(12)},
            "error": error,
        }
        return self._pages.render(request, "clinic.html", context, 422 if error else 200, NO_STORE)


def _weeks(text: str | None) -> int:
    return int(text) if text in SPANS else int(SPANS[0])
