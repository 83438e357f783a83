"""Curricula: a list of them, one as a page and as the whole manual, and those that the clinic writes in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import CurriculumId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from facilitation.skills import Curriculum, Library, Programme
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import back_to
from server.web.language import asked, spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.schedule import Fields, all_fields
from server.web.skills import Libraries
from server.web.templates import Pages
from server.web.words import Words, marked

STALE: Final = marked(
    "Somebody else changed this curriculum meanwhile, and nothing was overwritten. What you typed is below; "
    "open the page anew in another tab to see what stands now."
)
PROGRAMMES: Final[Mapping[Programme, str]] = {
    Programme.ADULT: marked("Adults"),
    Programme.TEEN: marked("Teens"),
    Programme.CO_OCCURRING: marked("Mood and substance use"),
}
DONE: Final[Mapping[str, str]] = {
    "keep": marked("The draft is kept."),
    "begun": marked("The draft is kept. Now go through its weeks."),
    "publish": marked("Published. Groups that follow it have it from their next meeting on."),
    "withdraw": marked("Withdrawn. Groups that follow it have no lesson until it is back or they follow another."),
    "back": marked("It is back in the library."),
    "moved": marked("Moved."),
    "out": marked("Taken out. It stands under “What was before”, if you want it back."),
    "add": marked("There is one week more at the end."),
    "more": marked("There is one session more at the end."),
    "to": marked("The session went to the other week."),
    "restore": marked("The draft is as it was then. Publish it when groups should follow it."),
    "week": marked("The week is kept."),
}
SAID: Final[Mapping[str, str]] = {"up": "moved", "down": "moved"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was kept, and the part of the page to go back to."""

    id: CurriculumId
    place: str


class CurriculumWriting(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def form(
        self, id: str | None, given: Fields | None, words: Words, *, zone: str, like: str = ""
    ) -> dict[str, Any] | None:
        """None: the clinic wrote no such curriculum."""
        ...

    async def keep(self, id: str | None, given: Fields, words: Words, *, by: Visitor) -> Kept:
        """Raises Refusal, Stale."""
        ...

    async def week(self, id: str, number: int, given: Fields | None, words: Words) -> dict[str, Any] | None: ...
    async def keep_week(self, id: str, number: int, given: Fields, *, by: Visitor) -> Kept:
        """Raises Refusal, Stale."""
        ...

    async def draft(self, id: str, at: str) -> Curriculum | None:
        """`at`: a revision that was before, or ""."""
        ...

    async def manual(self, curriculum: Curriculum, words: Words) -> dict[str, Any]: ...


class CurriculumPages:
    def __init__(self, library: Libraries, writing: CurriculumWriting, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._library = library
        self._writing = writing
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        """`new` is no curriculum's name: a clinic's own begin with "own-"."""
        return [
            Route("/curricula", self.everything),
            Route("/curricula/new", self.new, methods=["GET", "POST"]),
            Route("/curricula/{curriculum}/edit", self.edit, methods=["GET", "POST"]),
            Route("/curricula/{curriculum}/weeks/{week}", self.week, methods=["GET", "POST"]),
            Route("/curricula/{curriculum}/preview", self.preview),
            Route("/curricula/{curriculum}/manual", self.manual),
            Route("/curricula/{curriculum}", self.one),
        ]

    # ------------------------------------------------------------------ reading

    async def everything(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        words = spoken(request)
        library = (await self._library.load()).spoken(words.language)
        own = await self._library.own_curricula()
        written = {each["id"] for each in own}
        shown = [each for each in own if me.may(Action.WRITE_LIBRARY) or each["state"] == "published"]
        context = {
            "groups": [
                {
                    "title": words(title),
                    "shipped": [
                        each for each in library.curricula if each.programme is programme and each.id not in written
                    ],
                    "own": [each for each in shown if each["programme"] == programme],
                }
                for programme, title in PROGRAMMES.items()
            ],
            "gaps": {each.id: len(library.gaps(each)) for each in library.curricula},
            "may_write": me.may(Action.WRITE_LIBRARY),
            "back": f"/skills{me.choice}",
        }
        return self._render(request, "curricula.html", me, context)

    async def one(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        words = asked(request)
        library, curriculum = await self._found(request, words)
        own = curriculum.id in {each["id"] for each in await self._library.own_curricula()}
        context = {"curriculum": curriculum, "skills": library.skills, "own": own}
        return self._render(request, "curriculum.html", me, context, words=words)

    async def manual(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        words = asked(request)
        _, curriculum = await self._found(request, words)
        context = await self._writing.manual(curriculum, words)
        context |= {"draft": False, "back": f"/curricula/{quote(curriculum.id, safe='')}{me.choice}"}
        return self._render(request, "manual.html", me, context, words=words)

    async def _found(self, request: Request, words: Words) -> tuple[Library, Curriculum]:
        library = (await self._library.load()).spoken(words.language)
        curriculum = library.curriculum(_id(request))
        if curriculum is None:
            raise HTTPException(404)
        return library, curriculum

    # ------------------------------------------------------------------ writing

    async def new(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, None)

    async def edit(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, _id(request))

    async def preview(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        id = _id(request)
        curriculum = await self._writing.draft(id, request.query_params.get("revision", "")[:9])
        if curriculum is None:
            raise HTTPException(404)
        words = asked(request)
        context = await self._writing.manual(curriculum, words)
        context |= {"draft": True, "back": f"/curricula/{quote(id, safe='')}/edit{me.choice}"}
        return self._render(request, "manual.html", me, context, words=words)

    async def week(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        id, number = _id(request), _week_number(request)
        if request.method != "POST":
            return await self._week(request, me, id, number, None)
        given = await all_fields(request)
        try:
            kept = await self._writing.keep_week(id, number, given, by=me)
        except (Refusal, Stale) as no:
            return await self._week(request, me, id, number, given, error=_said(no))
        here = f"/curricula/{quote(kept.id, safe='')}"
        if kept.place:
            return back_to(f"{here}/weeks/{number}", me, _done(given), part=kept.place)
        return back_to(f"{here}/edit", me, "week", part=f"week-{number}")

    async def _desk(self, request: Request, me: Visitor, id: str | None) -> Response:
        if request.method != "POST":
            return await self._page(request, me, id, None)
        given = await all_fields(request)
        try:
            kept = await self._writing.keep(id, given, spoken(request), by=me)
        except (Refusal, Stale) as no:
            return await self._page(request, me, id, given, error=_said(no))
        done = _done(given)
        if id is None and done == "keep":
            done = "begun"
        return back_to(f"/curricula/{quote(kept.id, safe='')}/edit", me, done, part=kept.place)

    async def _page(
        self, request: Request, me: Visitor, id: str | None, given: Fields | None, *, error: str | Sentence = ""
    ) -> Response:
        words = spoken(request)
        like = request.query_params.get("like", "")[:ID_CHARS_MAX]
        context = await self._writing.form(id, given, words, zone=me.zone or "UTC", like=like)
        if context is None:
            raise HTTPException(404)
        here = f"/curricula/{quote(id, safe='')}" if id else "/curricula/new"
        context |= {
            "here": here,
            "action": f"{here}/edit{me.choice}" if id else f"{here}{me.choice}",
            "back": f"/curricula{me.choice}",
        }
        return self._written(request, "curriculum_form.html", me, context, error)

    async def _week(
        self,
        request: Request,
        me: Visitor,
        id: str,
        number: int,
        given: Fields | None,
        *,
        error: str | Sentence = "",
    ) -> Response:
        context = await self._writing.week(id, number, given, spoken(request))
        if context is None:
            raise HTTPException(404)
        here = f"/curricula/{quote(id, safe='')}"
        context |= {"action": f"{here}/weeks/{number}{me.choice}", "back": f"{here}/edit{me.choice}#week-{number}"}
        return self._written(request, "curriculum_week.html", me, context, error)

    def _written(
        self, request: Request, template: str, me: Visitor, context: dict[str, Any], error: str | Sentence
    ) -> Response:
        words = spoken(request)
        done = "" if error else DONE.get(request.query_params.get("done", ""), "")
        context |= {"done": words(done), "error": words.of(error)}
        return self._render(request, template, me, context, 422 if error else 200)

    def _render(
        self,
        request: Request,
        template: str,
        me: Visitor,
        context: dict[str, Any],
        status: int = 200,
        words: Words | None = None,
    ) -> Response:
        known = {"me": me, "choice": me.choice}
        return self._pages.render(request, template, context | known, status, NO_STORE, words=words)


def _id(request: Request) -> str:
    return str(request.path_params["curriculum"])[:ID_CHARS_MAX]


def _week_number(request: Request) -> int:
    text = str(request.path_params["week"])
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        raise HTTPException(404)
    return int(text)


def _said(no: Refusal | Stale) -> str | Sentence:
    return STALE if isinstance(no, Stale) else no.said


def _done(given: Fields) -> str:
    """What was done, by the button that was pressed."""
    do = (given.get("do") or ["keep"])[-1].partition("-")[0]
    said = SAID.get(do, do)
    return said if said in DONE else "keep"
