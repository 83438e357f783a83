"""Skills of the clinic's own, written in the browser: a form whose mistakes stand beside its fields, and a preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import SkillId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.language import asked, spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX: Final = 60
STALE: Final = marked(
    "Somebody else changed this skill meanwhile, and nothing was overwritten. What you typed is below; "
    "open the page anew in another tab to see what stands now."
)
DONE: Final[Mapping[str, str]] = {
    "keep": marked("The draft is kept."),
    "publish": marked("Published. It is in the library, and in the rooms that open from now on."),
    "withdraw": marked("Withdrawn. Rooms that open from now on do not have it. You can bring it back."),
    "bring_back": marked("It is back in the library."),
}


class SkillWriting(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def form(
        self, id: str | None, given: Mapping[str, str] | None, words: Words, *, like: str = ""
    ) -> dict[str, Any] | None:
        """None: the clinic wrote no such skill."""
        ...

    async def keep(self, id: str | None, given: Mapping[str, str], *, by: Visitor) -> SkillId:
        """Raises Refusal, Stale."""
        ...

    async def preview(self, id: str, words: Words) -> dict[str, Any] | None:
        """What the page of a skill needs, of a draft."""
        ...


class TeachingDesk:
    def __init__(self, writing: SkillWriting, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._writing = writing
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        """Before those of the library: `new` is no skill's name there."""
        return [
            Route("/skills/new", self.new, methods=["GET", "POST"]),
            Route("/skills/{skill}/edit", self.edit, methods=["GET", "POST"]),
            Route("/skills/{skill}/preview", self.preview),
        ]

    async def new(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, None)

    async def edit(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, request.path_params["skill"][:ID_CHARS_MAX])

    async def preview(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        words = asked(request)
        told = await self._writing.preview(request.path_params["skill"][:ID_CHARS_MAX], words)
        if told is None:
            raise HTTPException(404)
        context = told | {"order": [(words(part), minutes) for part, minutes in told["order"]]}
        context |= {"me": me, "choice": me.choice, "home": f"/home{me.choice}", "own": True, "exercises": ()}
        return self._pages.render(request, "skill.html", context, headers=NO_STORE, words=words)

    async def _desk(self, request: Request, me: Visitor, id: str | None) -> Response:
        if request.method != "POST":
            done = DONE.get(request.query_params.get("done", ""), "")
            return await self._page(request, me, id, None, done=done)
        async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
            given = {name: value for name, value in sent.items() if isinstance(value, str)}
        try:
            kept = await self._writing.keep(id, given, by=me)
        except Refusal as refusal:
            return await self._page(request, me, id, given, error=refusal.said)
        except Stale:
            return await self._page(request, me, id, given, error=STALE)
        query = {"seat": str(me.number)} if me.number > 1 else {}
        done = given.get("do", "keep") if given.get("do", "keep") in DONE else "keep"
        return RedirectResponse(
            f"/skills/{quote(kept, safe='')}/edit?{urlencode(query | {'done': done})}", 303, NO_STORE
        )

    async def _page(
        self,
        request: Request,
        me: Visitor,
        id: str | None,
        given: Mapping[str, str] | None,
        *,
        done: str = "",
        error: str | Sentence = "",
    ) -> Response:
        words = spoken(request)
        like = request.query_params.get("like", "")[:ID_CHARS_MAX]
        context = await self._writing.form(id, given, words, like=like)
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "choice": me.choice,
            "done": words(done),
            "error": words.of(error),
            "action": f"/skills/{quote(id, safe='')}/edit{me.choice}" if id else f"/skills/new{me.choice}",
            "back": f"/skills{me.choice}",
        }
        return self._pages.render(request, "skill_form.html", context, 422 if error else 200, NO_STORE)
