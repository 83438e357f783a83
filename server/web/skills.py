"""The skills library's pages: for staff, plain HTML, made for reading aloud and for paper."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.policy import Action
from facilitation.skills import QUERY_MAX, Library, running_order
from server.web.auth import Doorkeeper, Visitor
from server.web.language import asked, spoken
from server.web.templates import Pages
from server.web.words import Words

NO_STORE = {"Cache-Control": "no-store"}


class Libraries(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def load(self) -> Library:
        """As it stands: what is shipped, and what the clinic published."""
        ...

    async def own(self) -> list[dict[str, Any]]:
        """What the clinic wrote: `id`, `title`, `state` ('draft', 'published', 'withdrawn')."""
        ...

    async def own_exercises(self) -> list[dict[str, Any]]:
        """The same of exercises."""
        ...

    async def own_curricula(self) -> list[dict[str, Any]]:
        """The same of curricula, with the `programme` that each is for and its size."""
        ...


class SkillPages:
    """Who is no staff learns nothing here, not even which skills there are."""

    def __init__(self, library: Libraries, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._libraries = library
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/skills", self.library),
            Route("/skills/{skill}", self.skill),
        ]

    async def library(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        library = (await self._libraries.load()).spoken(spoken(request).language)
        words = " ".join(request.query_params.get("q", "")[:QUERY_MAX].split())
        found = library.search(words) if words else None
        own = await self._libraries.own() if me.may(Action.WRITE_LIBRARY) else []
        context = {"library": library, "words": words, "words_max": QUERY_MAX, "found": found, "own": own}
        return self._render(request, "skills.html", me, context)

    async def skill(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        words = asked(request)
        library = (await self._libraries.load()).spoken(words.language)
        skill = library.skills.get(request.path_params["skill"])
        if skill is None:
            raise HTTPException(404)
        module = library.module_of(skill.id)
        context = {
            "skill": skill,
            "module": module,
            "order": [(words(part), minutes) for part, minutes in running_order(skill)],
            "taught": library.taught(skill.id),
            "exercises": [each for each in library.exercises if skill.id in each.skills],
            "own": skill.id in {each["id"] for each in await self._libraries.own()},
        }
        return self._render(request, "skill.html", me, context, words)

    def _render(
        self, request: Request, template: str, me: Visitor, context: dict[str, object], words: Words | None = None
    ) -> Response:
        known = {"me": me, "choice": me.choice, "home": f"/home{me.choice}"}
        return self._pages.render(request, template, context | known, headers=NO_STORE, words=words)
