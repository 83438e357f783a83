"""One's own account: devices, passkeys, password, the app that makes codes. Ways in change only after a fresh proof."""

from __future__ import annotations

from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from facilitation.accounts import PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PROVEN_FOR_MS, Account, Devices
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.policy import Action
from server.clock import Clock
from server.web.auth import Doorkeeper, SignedIn, Visitor
from server.web.door import NO_STORE, Asked, Door, Party, as_json, form, onward, refused, said, sent_json
from server.web.invite import Pictures
from server.web.language import spoken
from server.web.templates import Pages
from server.web.words import marked

DONE = {
    "passkey": marked("Your passkey is kept. It signs you in from now on."),
    "removed": marked("The passkey is gone."),
    "password": marked("Your password is changed."),
    "out": marked("That device is signed out."),
    "everywhere": marked("Every other device is signed out."),
}


class Upkeep(Protocol):
    """What people change of their own account. Raises Refusal in words, StoreUnavailable."""

    async def own(self, person: PersonId) -> tuple[Account, Devices]: ...
    async def ask_passkey(self, person: PersonId, name: str, party: Party) -> Asked: ...
    async def add_passkey(
        self, person: PersonId, credential: Any, party: Party, *, challenge: str, name: str
    ) -> None: ...
    async def remove_passkey(self, person: PersonId, id: str) -> None: ...
    async def change_password(self, person: PersonId, old: str, new: str) -> None: ...
    def new_seed(self, person: PersonId) -> str: ...
    async def app_address(self, person: PersonId, sealed: str) -> tuple[str, str]: ...
    async def change_app(self, person: PersonId, sealed: str, code: str) -> tuple[str, ...]: ...
    async def sign_out(self, person: PersonId, device: str) -> None: ...
    async def sign_out_everywhere(self, person: PersonId, *, but: str = "") -> None: ...


class AccountDesk:
    def __init__(
        self,
        upkeep: Upkeep,
        *,
        door: Door,
        pages: Pages,
        doorkeeper: Doorkeeper,
        clock: Clock,
        picture: Pictures,
    ) -> None:
        self._upkeep = upkeep
        self._door = door
        self._pages = pages
        self._doorkeeper = doorkeeper
        self._clock = clock
        self._picture = picture

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/account", self.page, methods=["GET"]),
            Route("/account/passkey/options", self.options, methods=["POST"]),
            Route("/account/passkey", self.add, methods=["POST"]),
            Route("/account/passkey/remove", self.remove, methods=["POST"]),
            Route("/account/password", self.password, methods=["POST"]),
            Route("/account/app", self.app_page, methods=["GET"]),
            Route("/account/app", self.app, methods=["POST"]),
            Route("/account/app.svg", self.app_picture, methods=["GET"]),
            Route("/account/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        return await self._page(request, me, signed_in)

    # ------------------------------------------------------------------ passkeys

    async def options(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        try:
            self._fresh(signed_in)
            asked = await self._upkeep.ask_passkey(me.person, me.name, self._door.party(request))
        except Refusal as refusal:
            return refused(request, refusal)
        await self._door.put_by(request, "new passkey", challenge=asked.challenge)
        return as_json(asked.options)

    async def add(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        sent = await sent_json(request)
        asked = await self._door.take(request, "new passkey")
        try:
            self._fresh(signed_in)
            if asked is None:
                raise Refusal("begin_again", "That took too long. Please try again.")
            await self._upkeep.add_passkey(
                me.person,
                sent.get("credential"),
                self._door.party(request),
                challenge=asked["challenge"],
                name=self._door.browser(request),
            )
        except Refusal as refusal:
            return refused(request, refusal)
        return as_json({"location": "/account?done=passkey"})

    async def remove(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        given = await form(request)
        try:
            self._fresh(signed_in)
            await self._upkeep.remove_passkey(me.person, given.get("passkey", ""))
        except Refusal as refusal:
            return await self._page(request, me, signed_in, error=refusal)
        return onward("/account?done=removed")

    # ------------------------------------------------------------------ password and app

    async def password(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        given = await form(request)
        try:
            self._fresh(signed_in)
            await self._upkeep.change_password(me.person, given.get("old", ""), given.get("new", ""))
        except Refusal as refusal:
            return await self._page(request, me, signed_in, error=refusal)
        return onward("/account?done=password")

    async def app_page(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        try:
            self._fresh(signed_in)
        except Refusal as refusal:
            return await self._page(request, me, signed_in, error=refusal)
        if await self._door.put_by_is(request, "app") is None:
            await self._door.put_by(request, "app", seed=self._upkeep.new_seed(me.person))
        return await self._app_page(request, me)

    async def app(self, request: Request) -> Response:
        me, signed_in = await self._me(request)
        under_way = await self._door.put_by_is(request, "app")
        given = await form(request)
        try:
            self._fresh(signed_in)
            if under_way is None:
                raise Refusal("begin_again", "That took too long. Please begin again.")
            codes = await self._upkeep.change_app(me.person, under_way["seed"], given.get("code", ""))
        except Refusal as refusal:
            if refusal.code == "wrong_code":
                return await self._app_page(request, me, error=said(request, refusal))
            return await self._page(request, me, signed_in, error=refusal)
        await self._door.take(request, "app")
        return self._pages.render(request, "codes.html", {"codes": codes, "onward": "/account"}, headers=NO_STORE)

    async def app_picture(self, request: Request) -> Response:
        me, _ = await self._me(request)
        under_way = await self._door.put_by_is(request, "app")
        if under_way is None:
            raise HTTPException(404)
        try:
            address, _ = await self._upkeep.app_address(me.person, under_way["seed"])
        except Refusal:
            raise HTTPException(404) from None
        return Response(self._picture(address), media_type="image/svg+xml", headers=NO_STORE)

    # ------------------------------------------------------------------ devices

    async def sign_out(self, request: Request) -> Response:
        """One device, or every one but this. This one leaves by `/sign-out`."""
        me, signed_in = await self._me(request)
        given = await form(request)
        if given.get("device") == "others":
            await self._upkeep.sign_out_everywhere(me.person, but=signed_in.device)
            return onward("/account?done=everywhere")
        await self._upkeep.sign_out(me.person, given.get("device", "")[:128])
        return onward("/account?done=out")

    # ------------------------------------------------------------------ inside

    async def _me(self, request: Request) -> tuple[Visitor, SignedIn]:
        """Who is signed in here. Who came by a link alone has no account to keep."""
        me = await self._doorkeeper.visitor(request, Action.KEEP_ACCOUNT)
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is None or not me.signed_in:
            raise HTTPException(403, "no_account")
        return me, signed_in

    def _fresh(self, signed_in: SignedIn) -> None:
        """Whoever finds a screen open must not make a key of their own. Refuses 'prove_yourself'."""
        if self._clock.now() >= signed_in.proven + PROVEN_FOR_MS:
            raise Refusal("prove_yourself", "Before your ways in change, show once more that it is you.")

    async def _page(
        self, request: Request, me: Visitor, signed_in: SignedIn, *, error: Refusal | None = None
    ) -> Response:
        try:
            account, devices = await self._upkeep.own(me.person)
        except Refusal:
            raise HTTPException(403, "no_account") from None
        zone, words = me.zone or "UTC", spoken(request)
        context = {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "email": account.email,
            "passkeys": [
                {"id": each.passkey, "name": each.name, "since": words.moment(each.since, zone)}
                | {"used": words.moment(each.used, zone)}
                for each in account.passkeys
            ],
            "has_password": account.password is not None,
            "has_app": account.totp is not None,
            "paper_left": len(account.recovery),
            "devices": [
                {"id": each.device, "name": each.name, "seen": words.moment(each.seen, zone)}
                | {"here": each.device == signed_in.device, "remembered": each.remembers(self._clock.now())}
                for each in devices.devices
                if each.ended is None
            ],
            "password_min": PASSWORD_CHARS_MIN,
            "password_max": PASSWORD_CHARS_MAX,
            "done": words(DONE[done]) if (done := request.query_params.get("done", "")) in DONE else "",
            "error": said(request, error) if error else None,
            "prove": error is not None and error.code == "prove_yourself",
        }
        return self._pages.render(request, "account.html", context, 422 if error else 200, NO_STORE)

    async def _app_page(self, request: Request, me: Visitor, error: str | None = None) -> Response:
        under_way = await self._door.put_by_is(request, "app")
        if under_way is None:
            return onward("/account")
        address, by_hand = await self._upkeep.app_address(me.person, under_way["seed"])
        context = {"action": "/account/app", "picture": "/account/app.svg", "by_hand": by_hand, "address": address}
        return self._pages.render(request, "app.html", context | {"error": error}, 422 if error else 200, NO_STORE)
