"""Around school: a family's page of what a teen's week looks like, the weeks that fit, and a letter with times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.catalogues import ENGLISH, LANGUAGES
from server.web.exports import Handout
from server.web.forms import back_to, fields_of
from server.web.kin import about_whom
from server.web.language import spoken
from server.web.pages import NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked, words_in

FIELDS_MAX: Final = 400
STALE: Final = marked(
    "Somebody else changed this meanwhile, and nothing was overwritten. What you typed is below; "
    "open the page anew in another tab to see what stands now."
)


class SchoolPage(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def may(self, guardian: PersonId, person: PersonId) -> bool:
        """Whether a guardian may do that for a person."""
        ...

    async def page(
        self, person: PersonId, words: Words, *, reader: Visitor, given: Mapping[str, str], typed: bool
    ) -> dict[str, Any] | None:
        """What the template needs. `typed`: `given` is a form that was not kept. None: no such participant."""
        ...

    async def keep(self, person: PersonId, given: Mapping[str, str], *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        ...

    async def letter(self, person: PersonId, first: date, last: date, words: Words, *, by: Visitor) -> Handout:
        """`words`: of the language that the school reads. Raises Refusal."""
        ...


class SchoolDesk:
    def __init__(self, school: SchoolPage, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._school = school
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/school/{person}", self.page),
            Route("/school/{person}", self.keep, methods=["POST"]),
            Route("/school/{person}/letter", self.letter, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        me, person = await self._reader(request)
        done = marked("Kept.") if request.query_params.get("done") else ""
        return await self._page(request, me, person, dict(request.query_params), typed=False, done=done)

    async def keep(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        try:
            await self._school.keep(person, given, by=me)
        except Refusal as refusal:
            return await self._page(request, me, person, given, typed=True, error=refusal.said)
        except Stale:
            return await self._page(request, me, person, given, typed=True, error=STALE)
        return back_to(f"/school/{quote(person, safe='')}", me, "1", part="found")

    async def letter(self, request: Request) -> Response:
        me, person = await self._reader(request)
        given = await fields_of(request, FIELDS_MAX)
        try:
            first, last = (_day(given.get(field, "")) for field in ("first", "last"))
            handout = await self._school.letter(person, first, last, _language(given.get("language", ENGLISH)), by=me)
        except Refusal as refusal:
            return await self._page(request, me, person, {}, typed=False, error=refusal.said)
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{handout.filename}"'}
        return StreamingResponse(iter(handout.chunks), media_type=handout.media_type, headers=headers)

    # ------------------------------------------------------------------ inside

    async def _reader(self, request: Request) -> tuple[Visitor, PersonId]:
        return await about_whom(
            request, self._doorkeeper, Action.PLAN_SCHOOL, own=Action.PLAN_OWN_SCHOOL, may=self._school.may
        )

    async def _page(
        self,
        request: Request,
        me: Visitor,
        person: PersonId,
        given: Mapping[str, str],
        *,
        typed: bool,
        done: str = "",
        error: str | Sentence = "",
    ) -> Response:
        words = spoken(request)
        context = await self._school.page(person, words, reader=me, given=given, typed=typed)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "done": words(done),
            "error": words.of(error),
            "action": f"/school/{person}{me.choice}",
        }
        context |= {"letter_action": f"/school/{person}/letter{me.choice}", "home": f"/home{me.choice}"}
        return self._pages.render(request, "school.html", context, 422 if error else 200, NO_STORE)


def _language(text: str) -> Words:
    if text not in LANGUAGES:
        raise Refusal("bad_language", "Choose the language that it is written in.")
    return words_in(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_days", "A day is written like 2026-11-24: year, month, day.") from None
