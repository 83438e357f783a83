"""Who somebody is: the seats their cookie or ticket proves, and nothing that a message says.

The cookie holds an id only; what it proves lies in the store and can be revoked there at any moment. One cookie may
hold several seats (two sessions of one person; on a shared computer, two people), numbered in the order in which
their links were opened. `?seat=2` chooses among them; it proves nothing by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket
from starsessions import load_session, regenerate_session_id
from starsessions.session import get_session_handler

from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, Expected, Role
from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms.ports import NotAdmitted
from server.web.guard import comes_from_here
from server.web.links import BadLink, Links, Seat

SEATS_MAX = 20

Roster = Callable[[SessionId], Awaitable[Sequence[Expected] | None]]
"""The list of who is expected in a session; None: no such session. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Somebody who proved a seat and stands on that session's list. `number` is the cookie's seat (0: a ticket)."""

    person: PersonId
    role: Role
    session: SessionId
    name: str
    teen: bool = False
    number: int = 0

    @property
    def staff(self) -> bool:
        return self.role in STAFF

    @property
    def choice(self) -> str:
        """How a page's addresses say that this seat of the cookie is meant; the first needs no saying."""
        return f"?seat={self.number}" if self.number > 1 else ""


class Doorkeeper:
    """Turns links into seats in a cookie, and cookies and tickets into identities."""

    def __init__(self, links: Links, *, roster: Roster, clock: Clock) -> None:
        self._links = links
        self._roster = roster
        self._clock = clock

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
        await load_session(connection)
        seats = self._held(connection)
        number = next((n for n, held in seats.items() if (held.session, held.person) == (seat.session, seat.person)), 0)
        number = number or max(seats, default=0) + 1
        seats[number] = seat
        for oldest in sorted(seats)[:-SEATS_MAX]:
            del seats[oldest]
        await get_session_handler(connection).destroy()
        regenerate_session_id(connection)
        connection.session["seats"] = [
            [n, held.session, held.person, held.role, held.until] for n, held in sorted(seats.items())
        ]
        identity = await self._on_list(seat, number)
        assert identity is not None
        return identity

    async def get_up(self, connection: HTTPConnection) -> None:
        """Revoke the cookie and every seat in it, here and in the store."""
        await load_session(connection)
        connection.session.clear()
        await get_session_handler(connection).destroy()

    # ------------------------------------------------------------------ being known

    async def identities(self, connection: HTTPConnection) -> list[Identity]:
        """Everyone this cookie proves, in the order of their seats; with `?seat=`, that one alone."""
        await load_session(connection)
        wanted = connection.query_params.get("seat")
        found = []
        for number, seat in sorted(self._held(connection).items()):
            if wanted is None or wanted == str(number):
                identity = await self._on_list(seat, number)
                if identity is not None:
                    found.append(identity)
        return found

    async def at(self, connection: HTTPConnection, session: SessionId) -> Identity | None:
        """Who this cookie proves in one session.

        A participant needs a seat of this very session. Staff may use the seat of any session of their clinic,
        and are here what this session's own list says.
        """
        identities = await self.identities(connection)
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
        for identity in await self.identities(connection):
            here = None if identity.staff else await self._entry(session, identity.person)
            if here is not None and here.role is Role.PARTICIPANT:
                return _identity(here, session, identity.number)
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


def _identity(expected: Expected, session: SessionId, number: int) -> Identity:
    return Identity(
        person=expected.person,
        role=expected.role,
        session=session,
        name=expected.name,
        teen=expected.teen,
        number=number,
    )


def _seat(row: Any) -> tuple[int, Seat]:
    number, session, person, role, until = row
    return number, Seat(session=session, person=person, role=Role(role), until=Instant(until))
