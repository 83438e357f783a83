"""What all doors share: where a page was opened, what a browser is asked for a passkey, and the last step inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starsessions import load_session

from facilitation.accounts import CODE_FOR_MS, REMEMBERED_FOR_MS
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import SECOND_MS
from server.clock import Clock
from server.web.auth import Doorkeeper
from server.web.language import spoken
from server.web.site import Site

NO_STORE: Final = {"Cache-Control": "no-store"}
FIELDS_MAX: Final = 8
PATH_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Where a page was opened: the host's name that a passkey belongs to, and the page's origin."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a browser is asked (the JSON of WebAuthn), and the challenge that its answer must hold."""

    options: dict[str, Any]
    challenge: str


class Arrived(Protocol):
    @property
    def device(self) -> str: ...
    @property
    def token(self) -> str: ...


class DeviceList(Protocol):
    async def arrived(self, person: PersonId, token: str | None, *, name: str, remember: bool) -> Arrived:
        """A browser in which somebody has just signed in."""
        ...

    async def remembered(self, person: PersonId, token: str | None) -> bool: ...
    def name(self, user_agent: str) -> str: ...


class Door:
    """Shared by the pages that let people in. What is under way lies in the cookie's session, never in a form."""

    def __init__(self, site: Site, *, doorkeeper: Doorkeeper, devices: DeviceList, clock: Clock) -> None:
        self._site = site
        self._doorkeeper = doorkeeper
        self._devices = devices
        self._clock = clock

    def party(self, request: Request) -> Party:
        """The public address if there is one, else the host as the browser says it."""
        if self._site.public_url:
            origin = self._site.public_url
        else:
            origin = f"{'https' if self._site.https else request.url.scheme}://{request.headers.get('host', '')}"
        return Party(host=origin.split("://", 1)[1].rpartition(":")[0] or origin.split("://", 1)[1], origin=origin)

    async def let_in(self, request: Request, person: PersonId, *, remember: bool) -> str:
        """Make this browser `person`'s. Returns what `keep_device` is to put into its cookie."""
        arrived = await self._devices.arrived(
            person, self.device(request), name=self.browser(request), remember=remember
        )
        await self._doorkeeper.sign_in(request, person, device=arrived.device)
        return arrived.token

    def browser(self, request: Request) -> str:
        """'Firefox on Windows'."""
        return self._devices.name(request.headers.get("user-agent", ""))

    async def is_remembered(self, request: Request, person: PersonId) -> bool:
        return await self._devices.remembered(person, self.device(request))

    def device(self, request: HTTPConnection) -> str | None:
        return request.cookies.get(self._site.device_cookie_name)

    def keep_device(self, response: Response, token: str) -> Response:
        """Half a year, renewed at each sign-in. It proves nothing by itself."""
        response.set_cookie(
            self._site.device_cookie_name,
            token,
            max_age=REMEMBERED_FOR_MS // SECOND_MS,
            path="/",
            secure=self._site.https,
            httponly=True,
            samesite="lax",
        )
        return response

    # ------------------------------------------------------------------ what is under way

    async def put_by(self, request: Request, what: str, **state: Any) -> None:
        """Keep something of a sign-in under way, for ten minutes."""
        await load_session(request)
        request.session.setdefault("door", {})[what] = state | {"at": self._clock.now()}

    async def put_by_is(self, request: Request, what: str) -> dict[str, Any] | None:
        await load_session(request)
        state = request.session.get("door", {}).get(what)
        if not isinstance(state, dict) or self._clock.now() >= state.get("at", 0) + CODE_FOR_MS:
            return None
        return state

    async def take(self, request: Request, what: str) -> dict[str, Any] | None:
        """The same, and it is gone: a challenge is answered once."""
        state = await self.put_by_is(request, what)
        request.session.get("door", {}).pop(what, None)
        return state


def local(path: str | None) -> str:
    """A path of ours to go on to; anything else is the home page."""
    if not path or len(path) > PATH_CHARS_MAX or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/home"
    return path if path.isprintable() and "\\" not in path else "/home"


def onward(to: str) -> Response:
    return RedirectResponse(to, 303, NO_STORE)


async def form(request: Request) -> dict[str, str]:
    async with request.form(max_fields=FIELDS_MAX, max_files=0) as sent:
        return {field: value for field, value in sent.items() if isinstance(value, str)}


async def sent_json(request: Request) -> dict[str, Any]:
    """The JSON object that a page of ours sent. Raises HTTPException 400."""
    try:
        sent = msgspec.json.decode(await request.body())
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise HTTPException(400) from None
    if not isinstance(sent, dict):
        raise HTTPException(400)
    return sent


def as_json(content: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(dict(content), status, NO_STORE)


def refused(request: Request, refusal: Refusal) -> Response:
    status = {"too_many": 429}.get(refusal.code, 422)
    return as_json({"error": {"code": refusal.code, "text": said(request, refusal)}}, status)


def said(request: Request, refusal: Refusal) -> str:
    """A refusal in the language of whoever asked."""
    return spoken(request).of(refusal.said)
