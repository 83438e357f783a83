"""Live exercises: a list of them, each as the group would see it, and those that the clinic makes in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.exercises import Exercise, Field
from facilitation.ids import ExerciseId
from facilitation.policy import Action
from facilitation.runviews import exercise_shape
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Visitor
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.schedule import Fields, all_fields
from server.web.skills import Libraries
from server.web.templates import Pages
from server.web.words import Words, marked

STALE: Final = marked(
    "Somebody else changed this exercise meanwhile, and nothing was overwritten. What you typed is below; "
    "open the page anew in another tab to see what stands now."
)
DONE: Final = {
    "keep": marked("The draft is kept."),
    "publish": marked("Published. Rooms that open from now on have it in their list."),
    "withdraw": marked("Withdrawn. Rooms that open from now on do not have it. You can bring it back."),
    "bring_back": marked("It is back in the list."),
}


class ExerciseWriting(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    def kinds(self, words: Words) -> Sequence[tuple[str, str, str]]:
        """Each kind: its name, what it is called, what it is."""
        ...

    def privacy(self, exercise: Exercise, words: Words) -> str:
        """In one sentence, who sees what is written in it."""
        ...

    async def form(
        self, id: str | None, given: Fields | None, words: Words, *, kind: str = ""
    ) -> dict[str, Any] | None:
        """None: the clinic made no such exercise, or there is no such kind."""
        ...

    async def keep(self, id: str | None, given: Fields, words: Words, *, by: Visitor, kind: str = "") -> ExerciseId:
        """Raises Refusal, Stale."""
        ...


class ExercisePages:
    def __init__(self, library: Libraries, writing: ExerciseWriting, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._library = library
        self._writing = writing
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        """`new` is no exercise's name: a clinic's own begin with "own-"."""
        return [
            Route("/exercises", self.everything),
            Route("/exercises/new", self.new, methods=["GET", "POST"]),
            Route("/exercises/{exercise}/edit", self.edit, methods=["GET", "POST"]),
            Route("/exercises/{exercise}", self.one),
        ]

    async def everything(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        library = (await self._library.load()).spoken(spoken(request).language)
        own = await self._library.own_exercises()
        made = {each["id"] for each in own}
        may_write = me.may(Action.WRITE_LIBRARY)
        context = {
            "shipped": [_said(each, spoken(request)) for each in library.exercises if each.id not in made],
            "own": [each for each in own if may_write or each["state"] == "published"],
            "kinds": self._writing.kinds(spoken(request)) if may_write else [],
            "may_write": may_write,
            "back": f"/skills{me.choice}",
        }
        return self._render(request, "exercises.html", me, context)

    async def one(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.READ_LIBRARY)
        library = (await self._library.load()).spoken(spoken(request).language)
        exercise = next((each for each in library.exercises if each.id == _id(request)), None)
        if exercise is None:
            raise HTTPException(404)
        own = exercise.id in {each["id"] for each in await self._library.own_exercises()}
        exercise = exercise if own else _said(exercise, spoken(request))
        context = {
            "exercise": exercise,
            "skills": library.skills,
            "own": own,
            "card": exercise_shape(exercise) | {"dealt": exercise.cards[0] if exercise.cards else ""},
            "privacy": self._writing.privacy(exercise, spoken(request)),
            "back": f"/exercises{me.choice}",
        }
        return self._render(request, "exercise.html", me, context)

    async def new(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, None)

    async def edit(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.WRITE_LIBRARY)
        return await self._desk(request, me, _id(request))

    async def _desk(self, request: Request, me: Visitor, id: str | None) -> Response:
        if request.method != "POST":
            return await self._page(request, me, id, None)
        given, kind = await all_fields(request), _kind(request)
        do = (given.get("do") or ["keep"])[-1]
        if do == "look" or do.startswith(("up-", "down-")):
            return await self._page(request, me, id, given)
        try:
            kept = await self._writing.keep(id, given, spoken(request), by=me, kind=kind)
        except (Refusal, Stale) as no:
            return await self._page(request, me, id, given, error=STALE if isinstance(no, Stale) else no.said)
        query = {"seat": str(me.number)} if me.number > 1 else {}
        query |= {"done": do if do in DONE else "keep"}
        return RedirectResponse(f"/exercises/{quote(kept, safe='')}/edit?{urlencode(query)}", 303, NO_STORE)

    async def _page(
        self, request: Request, me: Visitor, id: str | None, given: Fields | None, *, error: str | Sentence = ""
    ) -> Response:
        words, kind = spoken(request), _kind(request)
        context = await self._writing.form(id, given, words, kind=kind)
        if context is None:
            if id is not None or kind:
                raise HTTPException(404)
            choose = {"kinds": self._writing.kinds(words), "back": f"/exercises{me.choice}", "error": words.of(error)}
            return self._render(request, "exercise_kinds.html", me, choose, 422 if error else 200)
        seat = {"seat": str(me.number)} if me.number > 1 else {}
        new = f"/exercises/new?{urlencode(seat | {'kind': kind})}"
        action = f"/exercises/{quote(id, safe='')}/edit{me.choice}" if id else new
        context |= {
            "action": action,
            "back": f"/exercises{me.choice}",
            "done": words(DONE.get(request.query_params.get("done", ""), "") if given is None else ""),
            "error": words.of(error),
        }
        return self._render(request, "exercise_form.html", me, context, 422 if error else 200)

    def _render(
        self, request: Request, template: str, me: Visitor, context: dict[str, Any], status: int = 200
    ) -> Response:
        known = {"me": me, "choice": me.choice}
        return self._pages.render(request, template, context | known, status, NO_STORE)


def _said(exercise: Exercise, words: Words) -> Exercise:
    """One that is shipped, in the language of whoever reads it: its texts are messages of the catalogue."""

    def say(text: str) -> str:
        return words.of(text) if text else ""

    def asked(field: Field) -> Field:
        return replace(
            field,
            label=say(field.label),
            hint=say(field.hint),
            low_label=say(field.low_label),
            high_label=say(field.high_label),
            choices=tuple(replace(each, label=say(each.label)) for each in field.choices),
        )

    return replace(
        exercise,
        title=say(exercise.title),
        about=say(exercise.about),
        care=say(exercise.care),
        cards=tuple(say(each) for each in exercise.cards),
        steps=tuple(
            replace(step, title=say(step.title), text=say(step.text), fields=tuple(map(asked, step.fields)))
            for step in exercise.steps
        ),
    )


def _id(request: Request) -> str:
    return str(request.path_params["exercise"])[:ID_CHARS_MAX]


def _kind(request: Request) -> str:
    return request.query_params.get("kind", "")[:20]
