"""The clinic's people: who there is, how they are reached, and how many are taken in with one list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Protocol

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.sentences import marked
from server.rooms.ports import CorruptLog, Stale, StoreUnavailable
from server.web.auth import Doorkeeper, Visitor
from server.web.forms import fields_of, list_of
from server.web.language import spoken
from server.web.lists import Asked, asked
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages

log = structlog.get_logger(__name__)

LIST_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a list of people, the largest body that any form may send."""
LIST_PATH: Final = "/people/list"
FIELDS_MAX: Final = 40
FAR_HERE: Final = "<!-- how far -->"
"""In the template: where it is told while a list is taken in."""
UNBUFFERED: Final = {"X-Accel-Buffering": "no"}
"""For nginx: each step is shown as it comes."""
STALE: Final = marked(
    "Somebody else changed this meanwhile. What stands now is shown beside what you typed; please look again."
)


class People(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def everybody(self, asked: Asked, *, reader: Visitor, role: str) -> dict[str, Any]:
        """What the template needs: a page of those who fit the words and the role."""
        ...

    async def somebody(
        self, person: PersonId | None, *, given: Mapping[str, str], reader: Visitor
    ) -> dict[str, Any] | None:
        """A form about one person, or for a new one (None), filled with what was typed. None: nobody of that id."""
        ...

    async def keep(self, person: PersonId | None, given: Mapping[str, str], *, by: Visitor) -> PersonId:
        """Raises Refusal, Stale."""
        ...

    async def look(self, text: bytes | str, *, zone: str, by: Visitor) -> dict[str, Any]:
        """What a list would change. Raises Refusal."""
        ...

    def take_in(self, text: str, *, zone: str, by: Visitor) -> AsyncIterator[dict[str, Any]]:
        """Whose rows are right: how far it is (`rows`, `of`, `left_ms`), again and again; at last what the template
        needs. Raises Refusal before it begins; Stale."""
        ...

    async def invite(self, people: tuple[PersonId, ...] | None, *, by: Visitor) -> int:
        """Send an invitation to these, or to everybody who has none and never signed in; how many."""
        ...


class PeopleDesk:
    def __init__(self, people: People, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._people = people
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/people", self.everybody),
            Route(LIST_PATH, self.list_form),
            Route(LIST_PATH, self.list_sent, methods=["POST"]),
            Route("/people/invite", self.invite, methods=["POST"]),
            Route("/people/new", self.form),
            Route("/people/new", self.keep, methods=["POST"]),
            Route("/people/{person}", self.form),
            Route("/people/{person}", self.keep, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ everybody

    async def everybody(self, request: Request) -> Response:
        return await self._everybody(request, await self._doorkeeper.visitor(request, Action.SEE_PEOPLE))

    async def _everybody(self, request: Request, me: Visitor, error: str = "") -> Response:
        wanted, role = asked(request), request.query_params.get("role", "")[:60]
        context = await self._people.everybody(wanted, reader=me, role=role)
        context |= {"q": wanted.text, "role": role, "done": _done(request), "error": error}
        return self._render(request, me, "people.html", context)

    async def invite(self, request: Request) -> Response:
        """One person, named by the form, or everybody who has never been invited."""
        me = await self._doorkeeper.visitor(request, Action.MANAGE_PEOPLE)
        given = await fields_of(request, FIELDS_MAX)
        person = given.get("person", "")
        if len(person) > ID_CHARS_MAX:
            raise HTTPException(400)
        try:
            sent = await self._people.invite((PersonId(person),) if person else None, by=me)
        except Refusal as refusal:
            return await self._everybody(request, me, error=spoken(request).of(refusal.said))
        back = "/start" if given.get("back") == "start" else "/people"
        return _to(back, me, {"invited": str(sent)})

    # ------------------------------------------------------------------ one person

    async def form(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MANAGE_PEOPLE, about=_about(request))
        return await self._form(request, me, {})

    async def keep(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MANAGE_PEOPLE, about=_about(request))
        given = await fields_of(request, FIELDS_MAX)
        try:
            await self._people.keep(_person(request), given, by=me)
        except Refusal as refusal:
            return await self._form(request, me, given, error=spoken(request).of(refusal.said))
        except Stale:
            return await self._form(request, me, given | {"revision": ""}, error=spoken(request).of(STALE))
        return _to("/people", me, {"kept": "1"})

    async def _form(self, request: Request, me: Visitor, given: Mapping[str, str], error: str = "") -> Response:
        context = await self._people.somebody(_person(request), given=given, reader=me)
        if context is None:
            raise HTTPException(404)
        return self._render(request, me, "person.html", context | {"error": error})

    # ------------------------------------------------------------------ a list

    async def list_form(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.MANAGE_PEOPLE)
        return self._list(request, me, {})

    async def list_sent(self, request: Request) -> Response:
        """Look first, then take in: the same form, so that what is wrong can be put right where it stands."""
        me = await self._doorkeeper.visitor(request, Action.MANAGE_PEOPLE)
        given, data = await list_of(request, FIELDS_MAX, LIST_BYTES_MAX)
        text, zone = given.get("text", ""), given.get("zone", "") or me.zone
        try:
            if data:
                return self._list(request, me, given | await self._people.look(data, zone=zone, by=me))
            if given.get("do") == "take":
                steps = self._people.take_in(text, zone=zone, by=me)
                await anext(steps)
                return StreamingResponse(
                    self._taking(request, me, given, steps), media_type="text/html", headers=NO_STORE | UNBUFFERED
                )
            return self._list(request, me, given | await self._people.look(text, zone=zone, by=me))
        except Refusal as refusal:
            return self._list(request, me, given, error=spoken(request).of(refusal.said))
        except Stale:
            return self._list(request, me, given, error=spoken(request).of(STALE))

    async def _taking(
        self, request: Request, me: Visitor, given: Mapping[str, Any], steps: AsyncIterator[dict[str, Any]]
    ) -> AsyncIterator[str]:
        """The page while a list is taken in: its head, how far it is after every step, and at last what was done.

        Without a script: each step stands in the place of the one before (`people.css`).
        """
        words = spoken(request)
        yield self._page(request, me, {**given, "taking": True})[0]
        shown: dict[str, Any] = dict(given)
        error = ""
        try:
            async for step in steps:
                if "of" in step:
                    left = words.many(
                        "about {n} second left", "about {n} seconds left", max(1, round(step["left_ms"] / 1_000))
                    )
                    part = self._pages.render(request, "parts/taking.html", step | {"left": left})
                    yield bytes(part.body).decode()
                else:
                    shown |= step
        except Stale:
            error = words(STALE)
        except (StoreUnavailable, CorruptLog) as gone:
            log.warning("a list was not taken in to its end", error=type(gone).__name__)
            error = words("Something went wrong on the way. Whoever is in already stays in; send the same list again.")
        yield self._page(request, me, {**shown, "taking": True}, error=error)[1]

    def _page(self, request: Request, me: Visitor, shown: Mapping[str, Any], error: str = "") -> tuple[str, str]:
        """The page of a list that is taken in, before and after the place where it is told how far that is."""
        head, _, rest = bytes(self._list(request, me, shown, error).body).decode().partition(FAR_HERE)
        return head, rest

    def _list(self, request: Request, me: Visitor, shown: Mapping[str, Any], error: str = "") -> Response:
        context = {
            "text": shown.get("text", ""),
            "zone": shown.get("zone") or me.zone,
            "roll": shown.get("roll"),
            "taken": shown.get("taken"),
            "remark": shown.get("remark", ""),
            "taking": shown.get("taking", False),
            "error": error,
        }
        return self._render(request, me, "people_list.html", context)

    def _render(self, request: Request, me: Visitor, name: str, context: Mapping[str, Any]) -> Response:
        context = {"me": me, "choice": me.choice, "home": f"/home{me.choice}", **context}
        return self._pages.render(request, name, context, 422 if context.get("error") else 200, NO_STORE)


def _about(request: Request) -> tuple[PersonId, ...]:
    person = _person(request)
    return () if person is None else (person,)


def _person(request: Request) -> PersonId | None:
    person = request.path_params.get("person")
    if person is not None and len(person) > ID_CHARS_MAX:
        raise HTTPException(404)
    return None if person is None else PersonId(person)


def _done(request: Request) -> str:
    words = spoken(request)
    return words("It is kept.") if request.query_params.get("kept") else invited_words(request)


def invited_words(request: Request) -> str:
    """How many were sent an invitation, where somebody comes from sending them."""
    words = spoken(request)
    invited = request.query_params.get("invited", "")
    if not invited.isdecimal() or len(invited) > 6:
        return ""
    if not int(invited):
        return words("There was nobody to invite: everybody has an invitation, or is in already.")
    return words.many("{n} invitation is on the way.", "{n} invitations are on the way.", int(invited))


def _to(path: str, me: Visitor, query: Mapping[str, str]) -> Response:
    seat = {"seat": str(me.number)} if me.number > 1 else {}
    words = "&".join(f"{name}={value}" for name, value in {**seat, **query}.items())
    return RedirectResponse(f"{path}?{words}", 303, NO_STORE)
