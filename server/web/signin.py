"""Signing in, coming in by a reminder's link, the locked screen: forms that need no script, and passkeys with one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starsessions import load_session

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from server.clock import Clock
from server.rooms.ports import StoreUnavailable
from server.web.auth import Doorkeeper, Known, bearer
from server.web.door import NO_STORE, Asked, Door, Party, as_json, form, local, onward, refused, said, sent_json
from server.web.guard import Throttle, network
from server.web.language import spoken
from server.web.links import BadLink, Links, Seat
from server.web.notebook import Proofs
from server.web.templates import Pages


class Standing(Protocol):
    @property
    def person(self) -> Known: ...
    @property
    def staff(self) -> bool: ...


class Gate(Protocol):
    """Who may sign in. Raises Refusal in words, StoreUnavailable."""

    def ask_passkey(self, party: Party) -> Asked: ...
    async def by_passkey(self, credential: Any, party: Party, *, challenge: str) -> Standing: ...
    async def by_password(self, email: str, password: str, *, network: str) -> PersonId: ...
    async def by_code(self, person: PersonId, code: str, *, network: str) -> Standing: ...
    async def again(self, person: PersonId, password: str, *, network: str) -> None: ...
    async def address_of(self, person: PersonId) -> str:
        """What somebody signs in with; "": they have no account."""
        ...

    async def by_link(self, person: PersonId) -> Standing: ...
    async def send_code(self, person: PersonId) -> str: ...
    async def by_letter(self, person: PersonId, code: str, *, kept: str, network: str) -> Standing: ...
    async def by_provider(self, single: str, email: str) -> Standing: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the clinic's own provider says of somebody: who they are there, and an address that it has checked."""

    single: str
    email: str


class Provider(Protocol):
    """Raises Refusal in words."""

    name: str

    async def begin(self, request: Request, back: str) -> Response: ...
    async def finish(self, request: Request) -> Told: ...


class SignInDesk:
    def __init__(
        self,
        gate: Gate,
        *,
        door: Door,
        links: Links,
        proofs: Proofs,
        pages: Pages,
        doorkeeper: Doorkeeper,
        throttle: Throttle,
        clock: Clock,
        provider: Provider | None,
    ) -> None:
        self._gate = gate
        self._door = door
        self._links = links
        self._proofs = proofs
        self._pages = pages
        self._doorkeeper = doorkeeper
        self._throttle = throttle
        self._clock = clock
        self._provider = provider

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sign-in", self.page, methods=["GET"]),
            Route("/sign-in", self.password, methods=["POST"]),
            Route("/sign-in/code", self.code_page, methods=["GET"]),
            Route("/sign-in/code", self.code, methods=["POST"]),
            Route("/sign-in/passkey/options", self.options, methods=["POST"]),
            Route("/sign-in/passkey", self.passkey, methods=["POST"]),
            Route("/sign-in/provider", self.to_provider, methods=["GET"]),
            Route("/sign-in/provider/back", self.from_provider, methods=["GET"]),
            Route("/come/{link}", self.come, methods=["GET"]),
            Route("/come/{link}", self.come_with_code, methods=["POST"]),
            Route("/unlock", self.locked, methods=["GET"]),
            Route("/unlock", self.unlock, methods=["POST"]),
            Route("/unlock/passkey", self.unlock_by_passkey, methods=["POST"]),
            Route("/lock", self.lock, methods=["POST"]),
            Route("/awake", self.awake, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ a password, then a code

    async def page(self, request: Request) -> Response:
        return self._page(request, {"next": request.query_params.get("next", "")})

    async def password(self, request: Request) -> Response:
        given = await form(request)
        try:
            await self._throttle.sign_in(request)
            person = await self._gate.by_password(
                given.get("email", ""), given.get("password", ""), network=network(request)
            )
        except Refusal as refusal:
            return self._page(request, given, error=said(request, refusal))
        await self._door.put_by(
            request, "half", person=person, next=local(given.get("next")), remember="remember" in given
        )
        return onward("/sign-in/code")

    async def code_page(self, request: Request) -> Response:
        half = await self._door.put_by_is(request, "half")
        return onward("/sign-in") if half is None else self._code_page(request)

    async def code(self, request: Request) -> Response:
        half = await self._door.put_by_is(request, "half")
        if half is None:
            return onward("/sign-in")
        given = await form(request)
        try:
            standing = await self._gate.by_code(
                PersonId(half["person"]), given.get("code", ""), network=network(request)
            )
        except Refusal as refusal:
            return self._code_page(request, error=said(request, refusal))
        return await self._enter(request, standing, remember=half["remember"], to=half["next"])

    # ------------------------------------------------------------------ a passkey

    async def options(self, request: Request) -> Response:
        """For signing in, and for opening a locked screen again."""
        await self._throttle.sign_in(request)
        asked = self._gate.ask_passkey(self._door.party(request))
        await self._door.put_by(request, "passkey", challenge=asked.challenge)
        return as_json(asked.options)

    async def passkey(self, request: Request) -> Response:
        try:
            sent, standing = await self._by_passkey(request)
        except Refusal as refusal:
            return refused(request, refusal)
        to = local(sent.get("next") if isinstance(sent.get("next"), str) else "")
        token = await self._door.let_in(request, standing.person.person, remember=sent.get("remember") is True)
        return self._door.keep_device(as_json({"location": to}), token)

    async def _by_passkey(self, request: Request) -> tuple[dict[str, Any], Standing]:
        sent = await sent_json(request)
        asked = await self._door.take(request, "passkey")
        if asked is None:
            raise Refusal("begin_again", "That took too long. Please try again.")
        party = self._door.party(request)
        return sent, await self._gate.by_passkey(sent.get("credential"), party, challenge=asked["challenge"])

    # ------------------------------------------------------------------ the clinic's own provider

    async def to_provider(self, request: Request) -> Response:
        if self._provider is None:
            raise HTTPException(404)
        await self._throttle.sign_in(request)
        await load_session(request)
        await self._door.put_by(request, "provider", next=local(request.query_params.get("next")))
        try:
            return await self._provider.begin(request, f"{self._door.party(request).origin}/sign-in/provider/back")
        except Refusal as refusal:
            return self._page(request, {}, error=said(request, refusal))

    async def from_provider(self, request: Request) -> Response:
        if self._provider is None:
            raise HTTPException(404)
        await self._throttle.sign_in(request)
        await load_session(request)
        try:
            told = await self._provider.finish(request)
            standing = await self._gate.by_provider(told.single, told.email)
        except Refusal as refusal:
            return self._page(request, {}, error=said(request, refusal))
        begun = await self._door.take(request, "provider")
        return await self._enter(request, standing, remember=False, to="/home" if begun is None else begun["next"])

    # ------------------------------------------------------------------ a reminder's link

    async def come(self, request: Request) -> Response:
        """On a device that remembers its person it opens. Elsewhere it says so and offers a code.

        Whoever looks at links before their reader does (mail scanners) sees that page and nothing else.
        """
        seat = await self._seat(request)
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is not None and signed_in.known.person == seat.person:
            return onward(f"/s/{seat.session}")
        if await self._door.is_remembered(request, seat.person):
            try:
                standing = await self._gate.by_link(seat.person)
            except Refusal:
                return self._elsewhere(request, sent=False)
            return await self._enter(request, standing, remember=True, to=f"/s/{seat.session}")
        return self._elsewhere(request, sent=False)

    async def come_with_code(self, request: Request) -> Response:
        seat = await self._seat(request)
        given = await form(request)
        if "code" not in given:
            return await self._send_code(request, seat)
        letter = await self._door.put_by_is(request, "letter")
        if letter is None or letter["person"] != seat.person:
            words = spoken(request)
            text = words("This code is too old. You can have a new one sent.")
            return self._elsewhere(request, sent=False, error=text)
        try:
            standing = await self._gate.by_letter(
                seat.person, given["code"], kept=letter["kept"], network=network(request)
            )
        except Refusal as refusal:
            return self._elsewhere(request, sent=True, error=said(request, refusal))
        return await self._enter(request, standing, remember="remember" in given, to=f"/s/{seat.session}")

    async def _send_code(self, request: Request, seat: Seat) -> Response:
        """The same answer whether or not there is an account: the link alone tells nobody."""
        await self._throttle.wrong(request)
        try:
            kept = await self._gate.send_code(seat.person)
        except Refusal as refusal:
            if refusal.code == "no_mail":
                return self._elsewhere(request, sent=False, error=said(request, refusal))
        else:
            await self._door.put_by(request, "letter", person=seat.person, kept=kept)
        return self._elsewhere(request, sent=True)

    async def _seat(self, request: Request) -> Seat:
        await self._throttle.allow(request)
        try:
            return self._links.open_reminder(request.path_params["link"], now=self._clock.now())
        except BadLink as error:
            if error.code == "expired_link":
                raise HTTPException(410) from None
            await self._throttle.wrong(request)
            raise HTTPException(404, "bad_link") from None

    # ------------------------------------------------------------------ a locked screen

    async def locked(self, request: Request) -> Response:
        to = local(request.query_params.get("next"))
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is None:
            return onward("/sign-in")
        return await self._locked(request, signed_in.known, to)

    async def unlock(self, request: Request) -> Response:
        """By the signing PIN or the password, whichever is typed. JSON from the page that locked itself."""
        in_page = request.headers.get("accept", "").startswith("application/json")
        given = await form(request)
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is None:
            return as_json({"location": "/sign-in"}, 403) if in_page else onward("/sign-in")
        try:
            await self._prove(request, signed_in.known.person, given.get("proof", ""))
        except Refusal as refusal:
            if in_page:
                return refused(request, refusal)
            return await self._locked(request, signed_in.known, local(given.get("next")), error=said(request, refusal))
        await self._doorkeeper.prove(request)
        return as_json({}) if in_page else onward(local(given.get("next")))

    async def unlock_by_passkey(self, request: Request) -> Response:
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is None:
            return as_json({"location": "/sign-in"}, 403)
        try:
            sent, standing = await self._by_passkey(request)
            if standing.person.person != signed_in.known.person:
                raise Refusal("bad_passkey", "This is somebody else’s passkey. To change places, sign out first.")
        except Refusal as refusal:
            return refused(request, refusal)
        await self._doorkeeper.prove(request)
        next = sent.get("next")
        return as_json({"location": local(next)} if isinstance(next, str) else {})

    async def _prove(self, request: Request, person: PersonId, proof: str) -> None:
        if await self._proofs.chosen(person):
            try:
                await self._proofs.prove(person, bearer(request), proof)
            except Refusal as refusal:
                if refusal.code != "wrong_pin":
                    raise
            else:
                return
        await self._gate.again(person, proof, network=network(request))

    async def lock(self, request: Request) -> Response:
        """Whose screen it was; 204: nobody is signed in here."""
        signed_in = await self._doorkeeper.signed_in(request)
        if signed_in is None:
            return Response(status_code=204, headers=NO_STORE)
        await self._doorkeeper.lock(request)
        return as_json({"email": await self._gate.address_of(signed_in.known.person)})

    async def awake(self, request: Request) -> Response:
        """A page tells that somebody is there. 423: it is locked; 403: nobody is signed in any more."""
        signed_in = await self._doorkeeper.signed_in(request)
        status = 403 if signed_in is None else 423 if signed_in.locked else 204
        return Response(status_code=status, headers=NO_STORE)

    async def sign_out(self, request: Request) -> Response:
        """Here alone; everything this browser was is forgotten, but for its place in the list of devices."""
        try:
            await self._doorkeeper.get_up(request)
        except StoreUnavailable:
            raise HTTPException(503, headers={"Retry-After": "5"}) from None
        return onward("/sign-in?out=1")

    # ------------------------------------------------------------------ inside

    async def _enter(self, request: Request, standing: Standing, *, remember: bool, to: str) -> Response:
        token = await self._door.let_in(request, standing.person.person, remember=remember)
        return self._door.keep_device(onward(to), token)

    def _page(self, request: Request, given: dict[str, str], error: str | None = None) -> Response:
        context = {
            "given": {"email": given.get("email", ""), "next": given.get("next", "")},
            "error": error,
            "out": "out" in request.query_params,
            "link": "link" in request.query_params,
            "provider": self._provider.name if self._provider else None,
        }
        return self._pages.render(request, "sign-in.html", context, 422 if error else 200, NO_STORE)

    def _code_page(self, request: Request, error: str | None = None) -> Response:
        return self._pages.render(request, "sign-in-code.html", {"error": error}, 422 if error else 200, NO_STORE)

    def _elsewhere(self, request: Request, *, sent: bool, error: str | None = None) -> Response:
        context = {"sent": sent, "error": error, "next": ""}
        return self._pages.render(request, "come.html", context, 422 if error else 200, NO_STORE)

    async def _locked(self, request: Request, known: Known, to: str, error: str | None = None) -> Response:
        """The address is for password managers: they know by it whose password it is."""
        email = await self._gate.address_of(known.person)
        pin = known.role is not Role.PARTICIPANT
        context = {"name": known.name, "email": email, "next": to, "error": error, "pin": pin}
        return self._pages.render(request, "unlock.html", context, 422 if error else 200, NO_STORE)
