"""What a teen's guardians see: staff share goals that were agreed on with them."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.goals import GOALS_MAX
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words


class FamilyPages(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, person: PersonId, words: Words, *, reader: Visitor) -> dict[str, Any] | None:
        """None: nobody of that id."""
        ...

    async def share(self, person: PersonId, goals: frozenset[str]) -> None:
        """Raises Refusal."""
        ...


class FamilyDesk:
    def __init__(self, family: FamilyPages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._family = family
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [Route("/family/{person}", self.page), Route("/family/{person}", self.share, methods=["POST"])]

    async def page(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SEE_FAMILY, about=(_person(request),))
        return await self._page(request, me, _person(request))

    async def share(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.SHARE_GOALS)
        person = _person(request)
        async with request.form(max_fields=GOALS_MAX + 1, max_files=0) as sent:
            goals = frozenset(value for value in sent.getlist("goals") if isinstance(value, str))
        try:
            await self._family.share(person, goals)
        except Refusal as refusal:
            return await self._page(request, me, person, error=refusal.said)
        return back_to(f"/family/{quote(person, safe='')}", me, "shared")

    async def _page(
        self, request: Request, me: Visitor, person: PersonId, error: str | Sentence | None = None
    ) -> Response:
        words = spoken(request)
        context = await self._family.page(person, words, reader=me)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "address": f"/family/{quote(person, safe='')}",
            "done": request.query_params.get("done") == "shared",
            "error": words.of(error) if error else None,
        }
        return self._pages.render(request, "family.html", context, 422 if error else 200, NO_STORE)


def _person(request: Request) -> PersonId:
    person = request.path_params["person"]
    if len(person) > ID_CHARS_MAX:
        raise HTTPException(404)
    return PersonId(person)
