"""Who somebody is, and whether they may: what their cookie or ticket proves, and nothing that a message says.

The cookie holds an id only; what it proves lies in the store and can be revoked there at any moment. One cookie may
hold several seats (two sessions of one person; on a shared computer, two people), numbered in the order in which
their links were opened. `?seat=2` chooses among them; it proves nothing by itself.

It may hold one signed-in person, too. They are the first and need no `?seat=`; they enter the rooms on whose list they
stand.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket
from starsessions import load_session, regenerate_session_id
from starsessions.session import get_session_handler

from facilitation import policy
from facilitation.glass import Glass
from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, WORKFORCE, Expected, Role
from facilitation.policy import Action
from facilitation.timebase import MINUTE_MS, Instant
from server.clock import Clock
from server.rooms.ports import NotAdmitted
from server.web.guard import comes_from_here
from server.web.links import BadLink, Links, Seat

SEATS_MAX = 20
LOOKED_UP = "milieu.signed-in"
"""Under this name a request's scope holds who is signed in, once that was looked up."""
ARRIVED = "milieu.arrived"
"""Under this name a request's scope holds who has just shown who they are in it."""
PERSON_CHARS_MAX: Final = 64
READS_ON_MS: Final = 60 * MINUTE_MS
READING_MAX: Final = 5_000
SIGNED_IN: Final = 1
"""The number of whoever is signed in; no seat has it then."""

Roster = Callable[[SessionId], Awaitable[Sequence[Expected] | None]]
"""The list of who is expected in a session; None: no such session. Raises StoreUnavailable."""


class Known(Protocol):
    """Somebody of the clinic."""

    @property
    def person(self) -> PersonId: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> Role: ...
    @property
    def track(self) -> str: ...
    @property
    def zone(self) -> str: ...


People = Callable[[PersonId], Awaitable[Known | None]]
"""Somebody of the clinic by id. Raises StoreUnavailable."""


Standing = Callable[[PersonId, str, Instant], Awaitable[frozenset[Role] | None]]
"""Whether somebody who signed in on a device at an instant still is; their roles besides their own then. Raises
StoreUnavailable."""


OpenGlass = Callable[[PersonId], Awaitable[tuple[Glass, ...]]]
"""What one of the staff may read for a while because they broke the glass. Raises StoreUnavailable."""


class Trail(Protocol):
    async def __call__(
        self, visitor: Visitor, action: Action, *, about: Sequence[PersonId], session: SessionId | str
    ) -> None:
        """Keep in the audit log that somebody is about to read. Raises StoreUnavailable: then nothing is shown."""
        ...

    async def once(self, visitor: Visitor, action: Action, *, about: Collection[PersonId], page: str) -> None:
        """The same of a page that names people: of looking at it again and again, one trace is enough."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Whom a cookie's session holds as signed in. `locked`: the screen waits for them to show that it is they."""

    known: Known
    also: frozenset[Role]
    device: str
    proven: Instant
    locked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody whom this browser or program proves, and what they are.

    `number`: the cookie's seat (0: a ticket). `zone`: an IANA name, "" where it was not asked for. `seats`: the
    sessions whose links were opened here; who is `signed_in` has those on whose list they stand besides.
    """

    person: PersonId
    role: Role
    name: str
    teen: bool = False
    number: int = 0
    zone: str = ""
    seats: frozenset[SessionId] = frozenset()
    signed_in: bool = False
    also: frozenset[Role] = frozenset()
    """Roles to the clinic besides `role`: whoever leads groups may keep the accounts, too."""
    glass: tuple[Glass, ...] = ()
    """What they broke the glass for, while it is open; every page of theirs says so."""

    @property
    def staff(self) -> bool:
        """Whether they work for the clinic; in a session, whether they look after it."""
        return self.role in WORKFORCE

    @property
    def choice(self) -> str:
        """How a page's addresses say that this seat of the cookie is meant; the first needs no saying."""
        return f"?seat={self.number}" if self.number > 1 else ""

    def may(self, action: Action) -> bool:
        return policy.may(self.role, action) or any(policy.may(role, action) for role in self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Visitor):
    """A visitor in one session: they stand on its list, and `role` is what that list says."""

    session: SessionId
    guest: bool = False

    @property
    def expected(self) -> Expected:
        """As the session's list has them."""
        return Expected(person=self.person, role=self.role, name=self.name, teen=self.teen, guest=self.guest)


Someone = TypeVar("Someone", bound=Visitor)


class Doorkeeper:
    """Turns links into seats in a cookie, and cookies and tickets into visitors; turns away who may not."""

    def __init__(
        self,
        links: Links,
        *,
        roster: Roster,
        people: People,
        standing: Standing,
        glass: OpenGlass,
        trail: Trail,
        clock: Clock,
        lock_ms: int,
    ) -> None:
        self._links = links
        self._roster = roster
        self.people = people
        self._standing = standing
        self._glass = glass
        self._trail = trail
        self._lock_ms = lock_ms
        self._clock = clock
        self._reading: OrderedDict[tuple[str, SessionId], Instant] = OrderedDict()
        """By which browser or program which record was opened last: what the audit log has already."""

    # ------------------------------------------------------------------ coming in

    async def check(self, link: str) -> Seat:
        """What a link proves, if its person still stands on the session's list. Raises BadLink."""
        seat = self._links.open_link(link, now=self._clock.now())
        if await self._on_list(seat) is None:
            raise BadLink("bad_link", "This link is not in use any more. Ask your clinic for a new one.")
        return seat

    async def enter(self, connection: HTTPConnection, link: str) -> Identity:
        """Put a link's seat into the cookie, under a new cookie id. Raises BadLink.

        The same person coming back to the same session keeps the seat's number. The id is new each time, so that
        one that was planted or seen before a link was opened is worth nothing after it.
        """
        seat = await self.check(link)
        connection.scope[ARRIVED] = seat.person
        await load_session(connection)
        account = await self.signed_in(connection)
        if account is not None and account.known.person == seat.person and not account.locked:
            identity = await self._on_list(seat, SIGNED_IN)
            assert identity is not None
            return identity
        seats = self._held(connection)
        number = next((n for n, held in seats.items() if (held.session, held.person) == (seat.session, seat.person)), 0)
        number = number or max(seats, default=0 if account is None else SIGNED_IN) + 1
        seats[number] = seat
        for oldest in sorted(seats)[:-SEATS_MAX]:
            del seats[oldest]
        await self._renew(connection)
        self._put(connection, seats)
        identity = await self._on_list(seat, number)
        assert identity is not None
        return identity

    async def sign_in(self, connection: HTTPConnection, person: PersonId, *, device: str) -> None:
        """Let this browser be `person`'s, who has just proven it, under a new cookie id.

        Their seats are not needed any more; seats of others stay, under another number than theirs.
        """
        await load_session(connection)
        others = [seat for _, seat in sorted(self._held(connection).items()) if seat.person != person]
        await self._renew(connection)
        self._put(connection, dict(enumerate(others, SIGNED_IN + 1)))
        now = self._clock.now()
        connection.session["account"] = {"person": person, "device": device, "since": now, "seen": now, "proven": now}
        connection.session.pop("door", None)
        connection.scope.pop(LOOKED_UP, None)
        connection.scope[ARRIVED] = person

    async def lock(self, connection: HTTPConnection) -> None:
        """Let the screen wait for whoever is signed in."""
        if await self.signed_in(connection) is not None:
            connection.session["account"]["locked"] = True
            connection.scope.pop(LOOKED_UP, None)

    async def prove(self, connection: HTTPConnection) -> None:
        """Whoever is signed in has just shown again that it is they."""
        if await self.signed_in(connection) is not None:
            now = self._clock.now()
            connection.session["account"] |= {"locked": False, "seen": now, "proven": now}
            connection.scope.pop(LOOKED_UP, None)

    async def get_up(self, connection: HTTPConnection) -> None:
        """Revoke the cookie and every seat in it, here and in the store."""
        await load_session(connection)
        connection.session.clear()
        await get_session_handler(connection).destroy()

    # ------------------------------------------------------------------ being let in

    async def visitor(self, connection: HTTPConnection, action: Action, *, about: Sequence[PersonId] = ()) -> Visitor:
        """Who asks, if they may. Raises HTTPException 403. `about`: whose record it is, where it is one."""
        return await self._allowed(await self._someone(connection), action, about=about)

    async def names(self, me: Visitor, action: Action, people: Collection[PersonId], *, page: str) -> None:
        """A page that `me` asked for is about to name these people. Raises HTTPException 403."""
        if not me.may(action):
            raise HTTPException(403)
        if people:
            await self._trail.once(me, action, about=people, page=page)

    async def reader(self, connection: HTTPConnection, person: PersonId, action: Action, *, own: Action) -> Visitor:
        """Who asks for something about `person`, if they may do `action`, or `own` and are that person."""
        me = await self._someone(connection)
        mine = me.person == person and me.may(own)
        return await self._allowed(me, own if mine else action, about=(PersonId(person[:PERSON_CHARS_MAX]),))

    async def here(
        self, connection: HTTPConnection, session: SessionId, action: Action, *, about: Sequence[PersonId] = ()
    ) -> Identity:
        """Who asks for something of a session, if what they are in it may do that. Raises HTTPException 403.

        `about`: whose record it is; none: that of everybody who is treated there.

        Strangers learn nothing: not even whether there is such a session.
        """
        me = await self.at(connection, session)
        if me is None:
            visitors = await self.visitors(connection)
            if action is Action.READ_RECORD and visitors and visitors[0].may(Action.BREAK_GLASS):
                raise HTTPException(403, "not_on_list")
            raise await self._nobody(connection)
        if me.staff:
            glass = await self._glass(me.person)
            known = await self.people(me.person) if glass else None  # its banner tells a time
            me = replace(me, glass=glass, zone=known.zone if known else me.zone)
        me = await self._allowed(me, action, about=about or await self._treated(session, action), session=session)
        if action is Action.READ_RECORD:
            self._reads(bearer(connection), session)
        return me

    async def may_read(self, connection: HTTPConnection, session: SessionId) -> Visitor:
        """Who may read a session's record though no list has them: an auditor, or who broke the glass for it."""
        me = await self._someone(connection)
        if not me.may(Action.READ_ANY_RECORD) and all(each.session != session for each in me.glass):
            raise HTTPException(403, "not_on_list" if me.may(Action.BREAK_GLASS) else None)
        about = await self._treated(session, Action.READ_ANY_RECORD)
        await self._trail(me, Action.READ_ANY_RECORD, about=about, session=session)
        return me

    async def reads_record(self, expected: Expected, session: SessionId, known_by: str) -> None:
        """A record is read through a websocket. Of a page that was opened in the same browser just now, and of a line
        that broke, one trace is enough."""
        at = self._reading.get((known_by, session))
        if at is not None and self._clock.now() < at + READS_ON_MS:
            return
        me = Visitor(person=expected.person, role=expected.role, name=expected.name)
        about = await self._treated(session, Action.READ_RECORD)
        await self._trail(me, Action.READ_RECORD, about=about, session=session)
        self._reads(known_by, session)

    def _reads(self, known_by: str, session: SessionId) -> None:
        self._reading[known_by, session] = self._clock.now()
        self._reading.move_to_end((known_by, session))
        while len(self._reading) > READING_MAX:
            self._reading.popitem(last=False)

    async def oneself(self, connection: HTTPConnection, session: SessionId, action: Action) -> Identity:
        """Who asks for what is theirs alone of a session. Raises HTTPException 403."""
        me = await self.participant(connection, session)
        if me is None:
            raise HTTPException(403) if await self.visitors(connection) else await self._nobody(connection)
        if not me.may(action):
            raise HTTPException(403)
        return me

    async def _someone(self, connection: HTTPConnection) -> Visitor:
        """The one person of this cookie (of several people: who is signed in, or whose link was opened first)."""
        visitors = await self.visitors(connection)
        if not visitors:
            raise await self._nobody(connection)
        me = visitors[0]
        known = await self.people(me.person)
        glass = await self._glass(me.person) if me.staff else ()
        return replace(me, glass=glass) if known is None else replace(me, zone=known.zone, glass=glass)

    async def _nobody(self, connection: HTTPConnection) -> HTTPException:
        """What is said where nobody is known: open your link, sign in, or show that it is you."""
        account = await self.signed_in(connection)
        return HTTPException(423, "locked") if account is not None and account.locked else HTTPException(403, "no_seat")

    async def _allowed(
        self, me: Someone, action: Action, *, about: Sequence[PersonId], session: SessionId | str = ""
    ) -> Someone:
        if not me.may(action):
            raise HTTPException(403)
        if action in policy.READINGS:
            await self._trail(me, action, about=about, session=session)
        return me

    async def _treated(self, session: SessionId, action: Action) -> tuple[PersonId, ...]:
        """Whose record a session's is; asked for only where it matters."""
        if action not in policy.READINGS:
            return ()
        roster = await self._roster(session) or ()
        return tuple(each.person for each in roster if each.role is Role.PARTICIPANT)

    # ------------------------------------------------------------------ being known

    async def signed_in(self, connection: HTTPConnection) -> SignedIn | None:
        """Who is signed in here and still may be. Asking is a sign of life; long without one, a staff screen locks."""
        if LOOKED_UP in connection.scope:  # a request asks several times, and is one moment
            found: SignedIn | None = connection.scope[LOOKED_UP]
            return found
        await load_session(connection)
        found = await self._looked_up(connection)
        connection.scope[LOOKED_UP] = found
        return found

    async def _looked_up(self, connection: HTTPConnection) -> SignedIn | None:
        held = connection.session.get("account")
        if held is None:
            return None
        person = PersonId(held["person"])
        known = await self.people(person)
        also = None if known is None else await self._standing(person, held["device"], Instant(held["since"]))
        if known is None or also is None:
            del connection.session["account"]
            return None
        now = self._clock.now()
        if known.role in WORKFORCE and now >= held["seen"] + self._lock_ms:
            held["locked"] = True
        if not held.get("locked"):
            held["seen"] = now
        return SignedIn(
            known=known,
            also=also,
            device=held["device"],
            proven=Instant(held["proven"]),
            locked=bool(held.get("locked")),
        )

    async def visitors(self, connection: HTTPConnection) -> list[Visitor]:
        """Everyone this cookie proves, each once, in the order of their numbers; with `?seat=`, that one alone."""
        await load_session(connection)
        found: dict[PersonId, Visitor] = {}
        account = await self.signed_in(connection)
        if account is not None and not account.locked and _meant(connection, SIGNED_IN):
            known = account.known
            found[known.person] = Visitor(
                person=known.person,
                role=known.role,
                name=known.name,
                teen=known.track == "teen",
                number=SIGNED_IN,
                zone=known.zone,
                signed_in=True,
                also=account.also,
            )
        for each in await self._seated(connection):
            first = found.setdefault(
                each.person,
                Visitor(person=each.person, role=each.role, name=each.name, teen=each.teen, number=each.number),
            )
            found[each.person] = replace(first, seats=first.seats | {each.session})
        return list(found.values())

    async def _seated(self, connection: HTTPConnection) -> list[Identity]:
        """Everyone who has a seat by a link, in the order of their seats; with `?seat=`, that one alone."""
        found = []
        for number, seat in sorted(self._held(connection).items()):
            if _meant(connection, number):
                identity = await self._on_list(seat, number)
                if identity is not None:
                    found.append(identity)
        return found

    async def at(self, connection: HTTPConnection, session: SessionId) -> Identity | None:
        """Who this cookie proves in one session.

        Who is signed in is what the session's list says. By link, a participant needs a seat of this very session;
        staff may use the seat of any session of their clinic, and are here what this session's own list says.
        """
        account = await self.signed_in(connection)
        if account is not None and not account.locked and _meant(connection, SIGNED_IN):
            here = await self._entry(session, account.known.person)
            if here is not None:
                return replace(_identity(here, session, SIGNED_IN), signed_in=True)
        identities = await self._seated(connection)
        for identity in identities:
            if identity.session == session:
                return identity
        for identity in identities:
            if identity.staff:
                here = await self._entry(session, identity.person)
                if here is not None and here.role in STAFF:
                    return _identity(here, session, identity.number)
        return None

    async def participant(self, connection: HTTPConnection, session: SessionId) -> Identity | None:
        """Who this cookie proves, as a participant of that session, whichever session their link was for.

        For what is theirs alone: their own minutes stay theirs when the link of that evening has run out.
        """
        for visitor in await self.visitors(connection):
            here = None if visitor.staff else await self._entry(session, visitor.person)
            if here is not None and here.treated:
                return _identity(here, session, visitor.number)
        return None

    async def identify(self, websocket: WebSocket, session: SessionId, ticket: str | None) -> Identity | None:
        """Who opens a websocket: by ticket (a program), or by cookie (a browser, from our own pages only).

        None: nobody we know. Raises NotAdmitted where a browser comes from another site's page, whatever it shows.
        """
        origin = websocket.headers.get("origin")
        if origin is not None and not comes_from_here(websocket):
            raise NotAdmitted
        if ticket is not None:
            return await self._by_ticket(session, ticket)
        return await self.at(websocket, session) if origin is not None else None

    async def caller(self, request: HTTPConnection, session: SessionId) -> tuple[Identity, str] | None:
        """Who asks for something of a session, and what they are known by: a cookie, or a program's ticket."""
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            identity = await self._by_ticket(session, ticket.strip())
            return None if identity is None else (identity, bearer(request, ticket.strip()))
        identity = await self.at(request, session)
        return None if identity is None else (identity, bearer(request))

    async def _by_ticket(self, session: SessionId, ticket: str) -> Identity | None:
        try:
            seat = self._links.open_ticket(ticket, now=self._clock.now())
        except BadLink:
            return None
        return await self._on_list(seat) if seat.session == session else None

    # ------------------------------------------------------------------ inside

    @staticmethod
    async def _renew(connection: HTTPConnection) -> None:
        """A new id for this cookie: one that was planted or seen before is worth nothing from now on."""
        await get_session_handler(connection).destroy()
        regenerate_session_id(connection)

    @staticmethod
    def _put(connection: HTTPConnection, seats: Mapping[int, Seat]) -> None:
        connection.session["seats"] = [
            [n, held.session, held.person, held.role, held.until] for n, held in sorted(seats.items())
        ]

    def _held(self, connection: HTTPConnection) -> dict[int, Seat]:
        """Seats of the loaded cookie that have not expired."""
        now = self._clock.now()
        seats = (_seat(row) for row in connection.session.get("seats", ()))
        return {number: seat for number, seat in seats if seat.until > now}

    async def _on_list(self, seat: Seat, number: int = 0) -> Identity | None:
        expected = await self._entry(seat.session, seat.person)
        if expected is None or expected.role != seat.role:
            return None
        return _identity(expected, seat.session, number)

    async def _entry(self, session: SessionId, person: PersonId) -> Expected | None:
        roster = await self._roster(session) or ()
        return next((expected for expected in roster if expected.person == person), None)


def bearer(connection: HTTPConnection, ticket: str | None = None) -> str:
    """What a browser (its cookie) or a program (its ticket) is known by; proves nothing by itself."""
    return f"ticket {ticket}" if ticket is not None else f"cookie {get_session_handler(connection).session_id}"


def _meant(connection: HTTPConnection, number: int) -> bool:
    wanted = connection.query_params.get("seat")
    return wanted is None or wanted == str(number)


def _identity(expected: Expected, session: SessionId, number: int) -> Identity:
    return Identity(
        person=expected.person,
        role=expected.role,
        session=session,
        name=expected.name,
        teen=expected.teen,
        guest=expected.guest,
        number=number,
    )


def _seat(row: Any) -> tuple[int, Seat]:
    number, session, person, role, until = row
    return number, Seat(session=session, person=person, role=Role(role), until=Instant(until))


def is_at_home(connection: HTTPConnection) -> bool:
    """Whether this request was found to be of somebody who is signed in, and so has a home page to go back to."""
    found: SignedIn | None = connection.scope.get(LOOKED_UP)
    return found is not None and not found.locked
