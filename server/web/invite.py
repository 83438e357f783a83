"""An invitation, opened: choose a passkey, or a password and an app that makes codes. A link works once."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.accounts import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN
from facilitation.errors import Refusal
from server.web.auth import Known
from server.web.door import NO_STORE, Asked, Door, Party, as_json, form, onward, refused, said, sent_json
from server.web.guard import Throttle
from server.web.signin import Standing
from server.web.templates import Pages


class Invitation(Protocol):
    @property
    def invitation(self) -> str: ...
    @property
    def email(self) -> str: ...


class Opened(Protocol):
    @property
    def invitation(self) -> Invitation: ...
    @property
    def person(self) -> Known: ...


class Begun(Protocol):
    @property
    def standing(self) -> Standing: ...
    @property
    def recovery(self) -> tuple[str, ...]: ...


class Invitations(Protocol):
    """Raises Refusal in words, StoreUnavailable."""

    async def open(self, token: str) -> Opened: ...
    async def ask_passkey(self, token: str, party: Party, *, email: str = "") -> Asked: ...
    async def with_passkey(
        self, token: str, credential: Any, party: Party, *, challenge: str, name: str, email: str = ""
    ) -> Begun: ...
    async def check_address(self, token: str, email: str) -> str: ...
    async def check_password(self, token: str, password: str) -> str: ...
    def new_seed(self, about: str) -> str: ...
    async def app_address(self, token: str, sealed_seed: str) -> tuple[str, str]: ...
    async def with_password(
        self, token: str, sealed_password: str, sealed_seed: str, code: str, *, email: str = ""
    ) -> Begun: ...


class Pictures(Protocol):
    def __call__(self, address: str) -> bytes:
        """What an app reads, as a picture (SVG)."""
        ...


class InviteDesk:
    def __init__(
        self, invitations: Invitations, *, door: Door, pages: Pages, throttle: Throttle, picture: Pictures
    ) -> None:
        self._invitations = invitations
        self._door = door
        self._pages = pages
        self._throttle = throttle
        self._picture = picture

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/invite/{token}", self.page, methods=["GET"]),
            Route("/invite/{token}", self.password, methods=["POST"]),
            Route("/invite/{token}/passkey/options", self.options, methods=["POST"]),
            Route("/invite/{token}/passkey", self.passkey, methods=["POST"]),
            Route("/invite/{token}/code", self.code_page, methods=["GET"]),
            Route("/invite/{token}/code", self.code, methods=["POST"]),
            Route("/invite/{token}/app.svg", self.app, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        return self._page(request, await self._opened(request))

    # ------------------------------------------------------------------ a passkey

    async def options(self, request: Request) -> Response:
        await self._throttle.sign_in(request)
        typed = (await sent_json(request)).get("email")
        email = typed if isinstance(typed, str) else ""
        try:
            asked = await self._invitations.ask_passkey(_token(request), self._door.party(request), email=email)
        except Refusal as refusal:
            return refused(request, refusal)
        await self._door.put_by(request, "new passkey", challenge=asked.challenge, email=email)
        return as_json(asked.options)

    async def passkey(self, request: Request) -> Response:
        sent = await sent_json(request)
        asked = await self._door.take(request, "new passkey")
        try:
            if asked is None:
                raise Refusal("begin_again", "That took too long. Please try again.")
            begun = await self._invitations.with_passkey(
                _token(request),
                sent.get("credential"),
                self._door.party(request),
                challenge=asked["challenge"],
                name=self._door.browser(request),
                email=asked["email"],
            )
        except Refusal as refusal:
            return refused(request, refusal)
        person = begun.standing.person.person
        token = await self._door.let_in(request, person, remember=sent.get("remember") is True)
        return self._door.keep_device(as_json({"location": "/home"}), token)

    # ------------------------------------------------------------------ a password, then an app

    async def password(self, request: Request) -> Response:
        opened = await self._opened(request)
        given = await form(request)
        try:
            email = await self._invitations.check_address(_token(request), given.get("email", ""))
            password = await self._invitations.check_password(_token(request), given.get("password", ""))
        except Refusal as refusal:
            return self._page(request, opened, error=said(request, refusal), typed=given.get("email", ""))
        seed = self._invitations.new_seed(opened.invitation.invitation)
        await self._door.put_by(
            request, "invitation", password=password, seed=seed, email=email, remember="remember" in given
        )
        return onward(f"/invite/{_token(request)}/code")

    async def code_page(self, request: Request) -> Response:
        opened = await self._opened(request)
        return await self._code_page(request, opened)

    async def code(self, request: Request) -> Response:
        opened = await self._opened(request)
        under_way = await self._door.put_by_is(request, "invitation")
        if under_way is None:
            return onward(f"/invite/{_token(request)}")
        given = await form(request)
        try:
            begun = await self._invitations.with_password(
                _token(request),
                under_way["password"],
                under_way["seed"],
                given.get("code", ""),
                email=under_way["email"],
            )
        except Refusal as refusal:
            return await self._code_page(request, opened, error=said(request, refusal))
        person = begun.standing.person
        token = await self._door.let_in(request, person.person, remember=under_way["remember"])
        context = {"codes": begun.recovery, "onward": "/home"}
        return self._door.keep_device(self._pages.render(request, "codes.html", context, headers=NO_STORE), token)

    async def app(self, request: Request) -> Response:
        """The picture that the app reads: for this browser alone, and only while its password waits."""
        await self._opened(request)
        under_way = await self._door.put_by_is(request, "invitation")
        if under_way is None:
            raise HTTPException(404)
        try:
            address, _ = await self._invitations.app_address(_token(request), under_way["seed"])
        except Refusal:
            raise HTTPException(404) from None
        return Response(self._picture(address), media_type="image/svg+xml", headers=NO_STORE)

    # ------------------------------------------------------------------ inside

    async def _opened(self, request: Request) -> Opened:
        """Raises HTTPException: 404 for what is no invitation, 410 for one that opens no more."""
        await self._throttle.sign_in(request)
        try:
            return await self._invitations.open(_token(request))
        except Refusal as refusal:
            if refusal.code != "bad_invitation":
                raise HTTPException(410, refusal.code) from None
            await self._throttle.wrong(request)
            raise HTTPException(404, "bad_link") from None

    def _page(self, request: Request, opened: Opened, error: str | None = None, typed: str = "") -> Response:
        context = {
            "name": opened.person.name,
            "email": opened.invitation.email,
            "typed": typed,
            "token": _token(request),
            "password_min": PASSWORD_CHARS_MIN,
            "password_max": PASSWORD_CHARS_MAX,
            "error": error,
        }
        return self._pages.render(request, "invite.html", context, 422 if error else 200, NO_STORE)

    async def _code_page(self, request: Request, opened: Opened, error: str | None = None) -> Response:
        under_way = await self._door.put_by_is(request, "invitation")
        if under_way is None:
            return onward(f"/invite/{_token(request)}")
        try:
            address, by_hand = await self._invitations.app_address(_token(request), under_way["seed"])
        except Refusal as refusal:
            return self._page(request, opened, error=said(request, refusal))
        base = f"/invite/{_token(request)}"
        context = {"action": f"{base}/code", "picture": f"{base}/app.svg", "by_hand": by_hand, "address": address}
        return self._pages.render(request, "app.html", context | {"error": error}, 422 if error else 200, NO_STORE)


def _token(request: Request) -> str:
    token: str = request.path_params["token"]
    return token[:200]
