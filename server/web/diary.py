"""The diary: a page of one's own, a minute a day; and, beside a room's socket, the week that somebody shows there.

Pages work without JavaScript. What is shown in a room is JSON (PROTOCOL §13), for its author, for whom they show it to,
and for nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.diary import TARGETS_MAX
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.policy import Action
from facilitation.sentences import Sentence
from server.rooms.ports import Stale
from server.web.auth import Doorkeeper, Identity, Visitor
from server.web.language import spoken
from server.web.pages import ID_CHARS_MAX, NO_STORE
from server.web.templates import Pages
from server.web.words import Words, marked

FIELDS_MAX: Final = 320
PARTS_MAX: Final = 16
STALE: Final = marked(
    "You wrote here on another device meanwhile, and nothing was overwritten. What you typed is below: keep it again, "
    "and it counts."
)
DONE: Final[Mapping[str, str]] = {
    "kept": marked("Kept, for you alone."),
    "follow": marked("Kept. It is asked for from today on."),
    "remind": marked("Kept."),
    "back": marked("Taken back. Nobody else can read it any more."),
}


class DiaryPages(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def page(self, me: PersonId, words: Words, *, day: str, given: Mapping[str, str] | None) -> dict[str, Any]:
        """What the template needs. `given`: a form that was not kept."""
        ...

    async def keep(self, me: PersonId, given: Mapping[str, str]) -> object:
        """Raises Refusal, Stale."""
        ...

    async def follow(self, me: PersonId, labels: list[str], revision: int) -> None:
        """Raises Refusal, Stale."""
        ...

    async def plan_went(self, me: PersonId, session: SessionId, *, done: bool, word: str) -> None:
        """Raises Refusal, Stale."""
        ...

    async def remind(self, me: PersonId, hour: int | None) -> None:
        """Raises Refusal, Stale."""
        ...

    async def offer(self, me: PersonId, words: Words) -> dict[str, Any]:
        """One's own week, as it would be shown."""
        ...

    async def show(self, me: PersonId, session: SessionId, to_group: list[str]) -> None:
        """Raises Refusal."""
        ...

    async def take_back(self, me: PersonId, session: SessionId) -> None: ...
    async def shown(
        self, session: SessionId, author: PersonId, words: Words, *, reader: PersonId, leads: bool
    ) -> dict[str, Any] | None:
        """None: nothing that they may read."""
        ...


class _Show(msgspec.Struct, forbid_unknown_fields=True):
    to_group: list[str] = []


class DiaryDesk:
    def __init__(self, diary: DiaryPages, *, pages: Pages, doorkeeper: Doorkeeper) -> None:
        self._diary = diary
        self._pages = pages
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/diary", self.page),
            Route("/diary", self.keep, methods=["POST"]),
            Route("/diary/follow", self.follow, methods=["POST"]),
            Route("/diary/plan", self.plan, methods=["POST"]),
            Route("/diary/remind", self.remind, methods=["POST"]),
            Route("/diary/take-back", self.take_back_form, methods=["POST"]),
            Route("/s/{session}/week", self.offer, methods=["GET"]),
            Route("/s/{session}/week", self.show, methods=["POST"]),
            Route("/s/{session}/week", self.take_back, methods=["DELETE"]),
            Route("/s/{session}/week/{person}", self.shown, methods=["GET"]),
        ]

    # ------------------------------------------------------------------ the page of one's own

    async def page(self, request: Request) -> Response:
        me = await self._me(request)
        done = DONE.get(request.query_params.get("done", ""), "")
        return await self._page(request, me, day=request.query_params.get("day", ""), done=done)

    async def keep(self, request: Request) -> Response:
        me = await self._me(request)
        given = await _given(request)
        try:
            await self._diary.keep(me.person, given)
        except Refusal as refusal:
            return await self._page(request, me, day=given.get("day", ""), given=given, error=refusal.said)
        except Stale:
            anew = await self._diary.page(me.person, spoken(request), day=given.get("day", ""), given=None)
            typed = given | {"revision": anew["revision"]}
            return await self._page(request, me, day=given.get("day", ""), given=typed, error=STALE)
        return _back(me, "kept", given.get("day", ""))

    async def follow(self, request: Request) -> Response:
        me = await self._me(request)
        given = await _given(request)
        labels = [given.get(f"target_{n}", "") for n in range(TARGETS_MAX)]
        revision = given.get("revision", "")
        try:
            await self._diary.follow(me.person, labels, int(revision) if revision.isdecimal() else 0)
        except Refusal as refusal:
            return await self._page(request, me, error=refusal.said, targets=labels)
        except Stale:
            return await self._page(request, me, error=STALE, targets=labels)
        return _back(me, "follow")

    async def plan(self, request: Request) -> Response:
        """From the home page, and back to it."""
        me = await self._me(request)
        given = await _given(request)
        try:
            await self._diary.plan_went(
                me.person,
                SessionId(given.get("session", "")[:ID_CHARS_MAX]),
                done=given.get("went") == "done",
                word=given.get("word", ""),
            )
        except Refusal as refusal:
            return await self._page(request, me, error=refusal.said)
        except Stale:
            pass  # the same was said in another window just now; what stands is shown
        return RedirectResponse(f"/home{me.choice}#tonight-title", 303, NO_STORE)

    async def remind(self, request: Request) -> Response:
        me = await self._me(request)
        hour = (await _given(request)).get("hour", "")
        try:
            if hour and not (hour.isascii() and hour.isdigit() and len(hour) <= 2):
                raise Refusal("bad_hour", "Choose an hour of the list, or no reminder.")
            await self._diary.remind(me.person, int(hour) if hour else None)
        except Refusal as refusal:
            return await self._page(request, me, error=refusal.said)
        except Stale:
            return await self._page(request, me, error=STALE)
        return _back(me, "remind")

    async def take_back_form(self, request: Request) -> Response:
        me = await self._me(request)
        given = await _given(request)
        await self._diary.take_back(me.person, SessionId(given.get("session", "")[:ID_CHARS_MAX]))
        return _back(me, "back")

    async def _me(self, request: Request) -> Visitor:
        return await self._doorkeeper.visitor(request, Action.KEEP_DIARY)

    async def _page(
        self,
        request: Request,
        me: Visitor,
        *,
        day: str = "",
        given: Mapping[str, str] | None = None,
        done: str = "",
        error: str | Sentence = "",
        targets: list[str] | None = None,
    ) -> Response:
        words = spoken(request)
        context = await self._diary.page(me.person, words, day=day, given=given)
        context |= {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "done": words(done),
            "error": words.of(error),
            "typed": given is not None,
        }
        if targets is not None:
            context["targets"] = targets
        return self._pages.render(request, "diary.html", context, 422 if error else 200, NO_STORE)

    # ------------------------------------------------------------------ what is shown in a room

    async def offer(self, request: Request) -> Response:
        me = await self._doorkeeper.oneself(request, _session(request), Action.SHOW_WEEK)
        return JSONResponse(await self._diary.offer(me.person, spoken(request)), headers=NO_STORE)

    async def show(self, request: Request) -> Response:
        me = await self._doorkeeper.oneself(request, _session(request), Action.SHOW_WEEK)
        try:
            sent = msgspec.json.decode(await request.body(), type=_Show)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return _refused(400, "bad_request", "What was sent could not be read.")
        try:
            await self._diary.show(me.person, me.session, sent.to_group[:PARTS_MAX])
        except Refusal as refusal:
            return _refused(422, refusal.code, spoken(request).of(refusal.said))
        return JSONResponse({}, headers=NO_STORE)

    async def take_back(self, request: Request) -> Response:
        me = await self._doorkeeper.oneself(request, _session(request), Action.SHOW_WEEK)
        await self._diary.take_back(me.person, me.session)
        return Response(status_code=204, headers=NO_STORE)

    async def shown(self, request: Request) -> Response:
        session, author = _session(request), PersonId(request.path_params["person"][:ID_CHARS_MAX])
        me = await self._reader(request, session, author)
        leads = me.may(Action.READ_SHOWN_WEEK)
        words = spoken(request)
        week = await self._diary.shown(session, author, words, reader=me.person, leads=leads)
        if week is None:
            return _refused(404, "not_shown", words("They do not show their week any more."))
        return JSONResponse(week, headers=NO_STORE)

    async def _reader(self, request: Request, session: SessionId, author: PersonId) -> Identity:
        """Whoever looks after the session, which the audit log keeps; or one of the group."""
        me = await self._doorkeeper.here(request, session, Action.ENTER_ROOM)
        action = Action.READ_SHOWN_WEEK if me.staff else Action.READ_SHOWN_PARTS
        return await self._doorkeeper.here(request, session, action, about=(author,))


def _back(me: Visitor, done: str, day: str = "") -> Response:
    query = {"seat": str(me.number)} if me.number > 1 else {}
    query |= {"day": day[:10]} if day else {}
    return RedirectResponse(f"/diary?{urlencode(query | {'done': done})}", 303, NO_STORE)


async def _given(request: Request) -> dict[str, str]:
    async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
        return {field: value.replace("\r\n", "\n") for field, value in sent.items() if isinstance(value, str)}


def _session(request: Request) -> SessionId:
    session: str = request.path_params["session"]
    if len(session) > ID_CHARS_MAX:
        raise HTTPException(404)
    return SessionId(session)


def _refused(status: int, code: str, text: str) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}}, status, NO_STORE)
