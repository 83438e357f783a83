"""The pages and what each may show to whom. The table in README.md says the same; a test holds the two together."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, Role
from facilitation.policy import Action
from facilitation.timebase import SECOND_MS, Instant
from server.clock import Clock
from server.web.auth import Doorkeeper, Identity, People, Visitor
from server.web.door import Door
from server.web.guard import Throttle
from server.web.language import spoken
from server.web.links import BadLink, Links, Seat
from server.web.site import Site
from server.web.templates import Pages
from server.web.words import Words, local

log = structlog.get_logger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
ID_CHARS_MAX = 64
DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")


class Books(Protocol):
    """What the record and statement pages tell, ready to be shown. Raises StoreUnavailable."""

    async def title(self, session: SessionId) -> str | None:
        """A session's title; None: no such session."""
        ...

    async def cancelled(self, session: SessionId) -> bool:
        """Whether a session was planned and will not be held."""
        ...

    async def statement(
        self, person: PersonId, words: Words, *, reader: Visitor, as_of: date | None = None
    ) -> dict[str, Any] | None:
        """`reader`: who may read records finds entries leading to them. `as_of`: as it stood at the end of that day.

        None: nobody of that id.
        """
        ...

    async def what_if(
        self, person: PersonId, words: Words, *, rules: str | None, day: date | None
    ) -> dict[str, Any] | None:
        """The choice of rule sets for staff, and, if one is chosen, the week of `day` under it (of today: None).

        Changes nothing. None: there is no such person or rule set.
        """
        ...


class Health(Protocol):
    async def __call__(self) -> dict[str, bool]:
        """What works now, by name."""
        ...


class Hours(Protocol):
    async def opens_at(self, session: SessionId, role: Role) -> Instant | None:
        """When a room opens for whoever is that there; None: it is open. Raises StoreUnavailable, CorruptLog."""
        ...


Prepare = Callable[[SessionId], Awaitable[None]]
"""Begin a room ahead of its time. Raises StoreUnavailable, CorruptLog."""

Depart = Callable[[Identity], Awaitable[None]]
"""Take somebody out of their room at once and tell its facilitators, as the quick-exit command does."""


class TicketAsk(msgspec.Struct, forbid_unknown_fields=True):
    link: str


class Desk:
    """The handlers. One object, because they share who may do what."""

    def __init__(
        self,
        site: Site,
        *,
        pages: Pages,
        links: Links,
        doorkeeper: Doorkeeper,
        door: Door,
        throttle: Throttle,
        books: Books,
        people: People,
        hours: Hours,
        prepare: Prepare,
        depart: Depart,
        health: Health,
        clock: Clock,
    ) -> None:
        self._site = site
        self._pages = pages
        self._links = links
        self._doorkeeper = doorkeeper
        self._door = door
        self._throttle = throttle
        self._books = books
        self._people = people
        self._hours = hours
        self._prepare = prepare
        self._depart = depart
        self._health = health
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.landing),
            Route("/j/{link}", self.join),
            Route("/s/{session}", self.room),
            Route("/s/{session}/prepare", self.prepare, methods=["POST"]),
            Route("/s/{session}/exit", self.leave, methods=["POST"]),
            Route("/s/{session}/record", self.record),
            Route("/statement", self.own_statement),
            Route("/statement/{person}", self.statement),
            Route("/exit", self.exit, methods=["POST"]),
            Route("/soup", self.soup),
            Route("/api/ticket", self.ticket, methods=["POST"]),
            Route("/healthz", self.healthz),
            Route("/favicon.ico", self.favicon),
        ]

    # ------------------------------------------------------------------ for everyone

    async def landing(self, request: Request) -> Response:
        return self._pages.render(request, "landing.html", {})

    async def soup(self, request: Request) -> Response:
        return self._pages.render(request, "soup.html", {}, headers=NO_STORE)

    async def favicon(self, request: Request) -> Response:
        return RedirectResponse("/static/icon.svg", 308)

    async def healthz(self, request: Request) -> Response:
        """200 while all is well, 503 while something is not; for a process manager or a proxy."""
        works = await self._health()
        status = 200 if all(works.values()) else 503
        return JSONResponse({"ok": all(works.values()), **works, "version": self._site.version}, status, NO_STORE)

    # ------------------------------------------------------------------ coming and going

    async def join(self, request: Request) -> Response:
        await self._throttle.allow(request)
        try:
            seat = await self._doorkeeper.check(request.path_params["link"])
            if first := await self._proof_first(request, seat):
                return RedirectResponse(first, 303, NO_STORE)
            identity = await self._doorkeeper.enter(request, request.path_params["link"])
        except BadLink as error:
            if error.code == "expired_link":
                raise HTTPException(410) from None
            await self._throttle.wrong(request)
            raise HTTPException(404, "bad_link") from None
        return RedirectResponse(f"/s/{identity.session}{identity.choice}", 303, NO_STORE)

    async def _proof_first(self, request: Request, seat: Seat) -> str:
        """Where one of the staff shows who they are before their link opens; "": it opens.

        A link is one factor, and a browser that remembers them, after they signed in there, is the other.
        """
        if self._site.staff_links_open or seat.role not in STAFF:
            return ""
        on = quote(f"/s/{seat.session}", safe="")
        account = await self._doorkeeper.signed_in(request)
        if account is not None and account.known.person == seat.person:
            return f"/unlock?next={on}" if account.locked else ""
        return "" if await self._door.is_remembered(request, seat.person) else f"/sign-in?link=1&next={on}"

    async def ticket(self, request: Request) -> Response:
        """PROTOCOL §1."""
        await self._throttle.allow(request)
        try:
            wanted = msgspec.json.decode(await request.body(), type=TicketAsk)
        except msgspec.MsgspecError:
            raise HTTPException(400) from None
        try:
            seat = await self._doorkeeper.check(wanted.link)
        except BadLink as error:
            if error.code == "bad_link":
                await self._throttle.wrong(request)
            return JSONResponse({"error": {"code": error.code, "text": error.text}}, 401, NO_STORE)
        if seat.role in STAFF and not self._site.staff_links_open:
            text = "A link alone lets nobody of the staff in here. Sign in on the clinic's page."
            return JSONResponse({"error": {"code": "sign_in_needed", "text": text}}, 401, NO_STORE)
        until = Instant(min(seat.until, self._clock.now() + self._site.ticket_lifetime_s * SECOND_MS))
        ticket = self._links.ticket(Seat(session=seat.session, person=seat.person, role=seat.role, until=until))
        return JSONResponse(
            {
                "ticket": ticket,
                "session": seat.session,
                "person": seat.person,
                "role": seat.role,
                "socket": f"{self._address(request, 'ws')}/s/{seat.session}/socket",
                "expires_at": until,
            },
            headers=NO_STORE,
        )

    async def leave(self, request: Request) -> Response:
        """Quick exit, by `navigator.sendBeacon`: whatever happens to the room, this browser is forgotten at once."""
        identity = await self._doorkeeper.at(request, _session(request))
        await self._doorkeeper.get_up(request)
        if identity is not None:
            await self._depart(identity)
        return Response(status_code=204, headers=NO_STORE)

    async def exit(self, request: Request) -> Response:
        """Quick exit of a page that is read: this browser is forgotten, and led to the everyday page.

        A beacon says it for a page that is gone already; its form, where there is no JavaScript, wants to be led on.
        """
        await self._doorkeeper.get_up(request)
        if await request.body():
            return RedirectResponse(self._site.exit_url, 303, NO_STORE)
        return Response(status_code=204, headers=NO_STORE)

    # ------------------------------------------------------------------ pages of a session

    async def room(self, request: Request) -> Response:
        """One page from arrival to goodbye; the view's `you.place` says what it shows."""
        identity = await self._doorkeeper.here(request, _session(request), Action.ENTER_ROOM)
        if await self._books.cancelled(identity.session):
            raise HTTPException(410, "cancelled")
        opens_at = await self._hours.opens_at(identity.session, identity.role)
        if opens_at is not None:
            return await self._early(request, identity, opens_at)
        return await self._session_page(request, identity, "session.html", "room")

    async def _early(self, request: Request, me: Identity, opens_at: Instant) -> Response:
        """When the room opens, and what to have ready. The page looks again by itself."""
        known = await self._people(me.person)
        zone = known.zone if known is not None else "UTC"
        words, now = spoken(request), self._clock.now()
        at = local(opens_at, zone)
        context = {
            "me": me,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "today": at.date() == local(now, zone).date(),
            "day": words.weekday(at.date()),
            "time": words.clock_time(at),
            "opens_in_ms": opens_at - now,
            "opens_at": opens_at,
            "zone": zone,
            "address": f"/s/{me.session}{me.choice}",
            "prepare": f"/s/{me.session}/prepare{me.choice}" if me.may(Action.PREPARE_ROOM) else None,
        }
        return self._pages.render(request, "early.html", context, headers=NO_STORE)

    async def prepare(self, request: Request) -> Response:
        """One of the staff begins a room ahead of its time."""
        identity = await self._doorkeeper.here(request, _session(request), Action.PREPARE_ROOM)
        if await self._books.cancelled(identity.session):
            raise HTTPException(410, "cancelled")
        await self._prepare(identity.session)
        return RedirectResponse(f"/s/{identity.session}{identity.choice}", 303, NO_STORE)

    async def record(self, request: Request) -> Response:
        identity = await self._doorkeeper.here(request, _session(request), Action.READ_RECORD)
        return await self._session_page(request, identity, "record.html", "record")

    async def _session_page(self, request: Request, identity: Identity, template: str, mode: str) -> Response:
        session = identity.session
        choice = identity.choice
        boot = {
            "session": session,
            "socket": f"/s/{session}/socket{choice}",
            "exit": f"/s/{session}/exit{choice}",
            "person": identity.person,
            "role": identity.role,
            "mode": mode,
            "exit_url": self._site.exit_url,
            "home": f"/home{choice}",
            "door": None if identity.staff else f"/s/{session}/door{choice}",
            "record": f"/s/{session}/record{choice}" if identity.may(Action.READ_RECORD) else None,
            "week": f"/s/{session}/week{choice}" if _reads_weeks(identity) else None,
            "contacts": f"/s/{session}/contacts{choice}" if identity.may(Action.CALL_MISSING) else None,
            "apart": f"/s/{session}/apart{choice}" if identity.may(Action.KEEP_APART) else None,
            "library": f"/skills{choice}" if identity.may(Action.READ_LIBRARY) else None,
            "minutes": f"/s/{session}/minutes{choice}" if identity.may(Action.READ_OWN_MINUTES) else None,
            "milestones": f"/milestones/own{choice}" if identity.may(Action.MARK_MILESTONES) else None,
            "statement": f"/statement{choice}" if identity.may(Action.READ_OWN_STATEMENT) else None,
            "clinic_phone": self._site.clinic_phone,
            "lines": asdict(self._site.lines),
        }
        context = {"boot": boot, "me": identity, "choice": choice, "title": await self._books.title(session)}
        return self._pages.render(request, template, context, headers=NO_STORE)

    # ------------------------------------------------------------------ statements

    async def own_statement(self, request: Request) -> Response:
        me = await self._doorkeeper.visitor(request, Action.COME_HOME)
        if not me.may(Action.READ_OWN_STATEMENT):
            return RedirectResponse(f"/home{me.choice}", 303, NO_STORE)
        return await self._statement(request, me, me.person)

    async def statement(self, request: Request) -> Response:
        person = PersonId(request.path_params["person"])
        me = await self._doorkeeper.reader(request, person, Action.READ_STATEMENT, own=Action.READ_OWN_STATEMENT)
        return await self._statement(request, me, person)

    async def _statement(self, request: Request, me: Visitor, person: PersonId) -> Response:
        if len(person) > ID_CHARS_MAX:
            raise HTTPException(404)
        context = await self._books.statement(
            person, spoken(request), reader=me, as_of=day_asked(request.query_params.get("as_of"))
        )
        if context is None:
            raise HTTPException(404)
        context |= {
            "me": me,
            "own": me.person == person,
            "address": request.url.path,
            "choice": me.choice,
            "home": f"/home{me.choice}",
            "what_if": await self._what_if(request, me, person) if context["as_of"] is None else None,
        }
        return self._pages.render(request, "statement.html", context, headers=NO_STORE)

    async def _what_if(self, request: Request, me: Visitor, person: PersonId) -> dict[str, Any] | None:
        """Other rules are a question for staff; a participant's page never shows minutes that are not theirs."""
        if not me.may(Action.READ_STATEMENT):
            return None
        rules, day = request.query_params.get("rules") or None, day_asked(request.query_params.get("week"))
        told = await self._books.what_if(person, spoken(request), rules=rules, day=day)
        if told is None:
            raise HTTPException(400, "bad_rules")
        return told

    def _address(self, request: Request, scheme: str) -> str:
        """Where programs reach us: the public address if there is one, else as they reached us now."""
        secure = self._site.https or request.url.scheme == "https"
        host = self._site.public_url.split("://", 1)[1] if self._site.public_url else request.url.netloc
        return f"{scheme}{'s' if secure else ''}://{host}"


def day_asked(text: str | None) -> date | None:
    """A day as a form's field gives it, 2026-11-24; nothing is none. Raises HTTPException 400."""
    if not text:
        return None
    if not DAY.fullmatch(text):
        raise HTTPException(400, "bad_day")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, "bad_day") from None


def _session(request: Request) -> SessionId:
    session = request.path_params["session"]
    if len(session) > ID_CHARS_MAX:
        raise HTTPException(404)
    return SessionId(session)


def _reads_weeks(identity: Identity) -> bool:
    """Whether weeks of diaries concern them: to show their own, or to read what is shown."""
    return identity.may(Action.SHOW_WEEK) or identity.may(Action.READ_SHOWN_WEEK)
