"""The notebook beside the socket, and the proof before a signature (PROTOCOL.md §10). JSON both ways, for staff."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Meta
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.counselling import CounsellingNote
from facilitation.errors import Refusal
from facilitation.ids import GoalId, PersonId, SessionId
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.web.auth import Doorkeeper, Identity
from server.web.pages import ID_CHARS_MAX, NO_STORE

SNIPPET_NAME: Final = re.compile(r"[\w-]{1,40}")
STATUS: Final = {
    "unknown_session": 404,
    "unknown_person": 404,
    "unknown_goal": 404,
    "wrong_pin": 401,
    "wrong_code": 401,
    "no_pin": 409,
    "pin_chosen": 409,
    "stale_note": 409,
    "too_many": 429,
}
"""What a refusal is over HTTP; any other is 422."""


class Notebook(Protocol):
    """What staff keep. Raises Refusal, StoreUnavailable, CorruptLog."""

    async def open(self, session: SessionId, owner: PersonId) -> dict[str, Any]: ...
    async def put_snippet(self, owner: PersonId, name: str, text: str) -> None: ...
    async def drop_snippet(self, owner: PersonId, name: str) -> None: ...
    async def keep(
        self, session: SessionId, author: PersonId, subject: str, text: str, revision: int
    ) -> CounsellingNote:
        """What stands then: another text, if another window of the author kept one meanwhile."""
        ...

    async def keep_apart(self, session: SessionId, by: PersonId, people: Sequence[PersonId], on: bool) -> None: ...
    async def add_goal(self, session: SessionId, person: PersonId, text: str) -> GoalId: ...
    async def change_goal(
        self,
        session: SessionId,
        person: PersonId,
        goal: str,
        *,
        text: str | None,
        ended: bool | None,
        agreed: bool | None,
    ) -> None: ...


class Proofs(Protocol):
    """Signing PINs. Raises Refusal, StoreUnavailable."""

    @property
    def pin_chars_min(self) -> int: ...
    async def chosen(self, person: PersonId) -> bool: ...
    async def fresh_until(self, person: PersonId, bearer: str) -> Instant | None: ...
    async def choose(self, person: PersonId, bearer: str, pin: str, *, code: str) -> Instant: ...
    async def prove(self, person: PersonId, bearer: str, pin: str) -> Instant: ...
    async def change(self, person: PersonId, bearer: str, pin: str, new: str) -> Instant: ...


class _Sent(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class _Text(_Sent):
    text: str


class _Typed(_Sent):
    text: str
    revision: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class _GoalChange(_Sent):
    text: str | None = None
    ended: bool | None = None
    agreed: bool | None = None


class _Apart(_Sent):
    one: Annotated[str, Meta(max_length=ID_CHARS_MAX)]
    other: Annotated[str, Meta(max_length=ID_CHARS_MAX)]
    on: bool


Pin = Annotated[str, Meta(max_length=256)]


class _Shown(_Sent):
    pin: Pin
    choose: bool = False
    code: Pin = ""
    change_to: Pin | None = None


Shape = TypeVar("Shape", bound=_Sent)
Handler = Callable[[Request, Identity, str], Awaitable[Response]]


class NotebookDesk:
    """The handlers. Each learns who asks, and by what they are known, before anything else."""

    def __init__(self, notebook: Notebook, proofs: Proofs, *, doorkeeper: Doorkeeper) -> None:
        self._notebook = notebook
        self._proofs = proofs
        self._doorkeeper = doorkeeper

    def routes(self) -> list[BaseRoute]:
        base, writing = "/s/{session}/notebook", partial(self._for, Action.WRITE_NOTEBOOK)
        return [
            Route(base, self._for(Action.READ_NOTEBOOK, self._open), methods=["GET"]),
            Route(f"{base}/snippets/{{name}}", writing(self._put_snippet), methods=["PUT"]),
            Route(f"{base}/snippets/{{name}}", writing(self._drop_snippet), methods=["DELETE"]),
            Route(f"{base}/counselling/{{subject}}", writing(self._keep), methods=["PUT"]),
            Route(f"{base}/goals/{{person}}", writing(self._add_goal), methods=["POST"]),
            Route(f"{base}/goals/{{person}}/{{goal}}", writing(self._change_goal), methods=["PUT"]),
            Route("/s/{session}/apart", self._for(Action.KEEP_APART, self._keep_apart), methods=["PUT"]),
            Route("/s/{session}/proof", self._for(Action.PROVE_ONESELF, self._prove), methods=["POST"]),
        ]

    # ------------------------------------------------------------------ handlers

    async def _open(self, request: Request, me: Identity, bearer: str) -> Response:
        proof = {
            "chosen": await self._proofs.chosen(me.person),
            "fresh_until": await self._proofs.fresh_until(me.person, bearer),
            "pin_chars_min": self._proofs.pin_chars_min,
        }
        return _json(await self._notebook.open(me.session, me.person) | {"proof": proof})

    async def _put_snippet(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _Text)
        await self._notebook.put_snippet(me.person, _name(request), sent.text)
        return _json({})

    async def _drop_snippet(self, request: Request, me: Identity, bearer: str) -> Response:
        await self._notebook.drop_snippet(me.person, _name(request))
        return Response(status_code=204, headers=NO_STORE)

    async def _keep(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _Typed)
        subject = request.path_params["subject"]
        kept = await self._notebook.keep(me.session, me.person, subject, sent.text, sent.revision)
        if kept.text != sent.text:
            refusal = Refusal("stale_note", "You wrote here in another window. Your text is kept: compare both.")
            return _refused(refusal, {"text": kept.text, "revision": kept.revision})
        return _json({"note": kept.note, "revision": kept.revision, "at": kept.at})

    async def _add_goal(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _Text)
        goal = await self._notebook.add_goal(me.session, PersonId(request.path_params["person"]), sent.text)
        return _json({"goal": goal}, 201)

    async def _change_goal(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _GoalChange)
        person, goal = PersonId(request.path_params["person"]), request.path_params["goal"]
        await self._notebook.change_goal(me.session, person, goal, text=sent.text, ended=sent.ended, agreed=sent.agreed)
        return _json({})

    async def _keep_apart(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _Apart)
        await self._notebook.keep_apart(me.session, me.person, (PersonId(sent.one), PersonId(sent.other)), sent.on)
        return _json({})

    async def _prove(self, request: Request, me: Identity, bearer: str) -> Response:
        sent = await _read(request, _Shown)
        if sent.change_to is not None:
            until = await self._proofs.change(me.person, bearer, sent.pin, sent.change_to)
        elif sent.choose:
            until = await self._proofs.choose(me.person, bearer, sent.pin, code=sent.code)
        else:
            until = await self._proofs.prove(me.person, bearer, sent.pin)
        return _json({"fresh_until": until})

    # ------------------------------------------------------------------ around them

    def _for(self, action: Action, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """`handler` for who may do that in the session; its refusals and everybody else's as JSON."""

        async def handle(request: Request) -> Response:
            session = request.path_params["session"]
            if any(len(value) > ID_CHARS_MAX for value in request.path_params.values()):
                return _error(404, "not_found", "There is nothing here.")
            caller = await self._doorkeeper.caller(request, SessionId(session))
            if caller is None:
                return _error(403, "no_seat", "For your privacy this browser has forgotten you. Open your link again.")
            me, bearer = caller
            try:
                if not me.may(action):
                    raise HTTPException(403)
                return await handler(request, me, bearer)
            except Refusal as refusal:
                return _refused(refusal)
            except HTTPException as error:
                code, text = _WORDS[error.status_code]
                return _error(error.status_code, code, text)

        return handle


_WORDS: Final = {
    400: ("bad_request", "What was sent could not be read."),
    403: ("not_yours", "This is not something you can do in this session."),
    404: ("not_found", "There is nothing here."),
}


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not SNIPPET_NAME.fullmatch(name):
        raise Refusal("bad_name", "The name of a phrase has 1 to 40 letters, digits, _ or -, and no spaces.")
    return name


async def _read(request: Request, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise HTTPException(400) from None


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, NO_STORE)


def _error(status: int, code: str, text: str, more: dict[str, Any] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "text": text}} | (more or {}), status, NO_STORE)


def _refused(refusal: Refusal, more: dict[str, Any] | None = None) -> Response:
    return _error(STATUS.get(refusal.code, 422), refusal.code, refusal.text, more)
