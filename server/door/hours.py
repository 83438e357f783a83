"""When a room can be entered: for participants shortly before the start, for staff some hours, or once one of them has
prepared it.

The first to enter a room begins its log, and a meeting with a log is not moved any more. So nobody begins one by
mistake, days ahead. What staff write of one ahead, on the page of somebody's week, prepares it as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from facilitation.ids import SessionId
from facilitation.people import STAFF, Role
from facilitation.programme import Programme
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.clock import Clock
from server.progress import Progress
from server.rooms.ports import LeaseLost, NoSuchSession, Room
from server.store.clinic import ScheduledSession

STAFF_BEFORE_MS: Final = 2 * HOUR_MS


class Sessions(Protocol):
    async def get_session(self, session: str) -> ScheduledSession | None: ...


class Far(Protocol):
    async def of(self, session: SessionId) -> Progress: ...


class OpeningHours:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self, sessions: Sessions, *, programmes: Callable[[str], Programme], progress: Far, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._programmes = programmes
        self._progress = progress
        self._clock = clock

    async def opens_at(self, session: SessionId, role: Role) -> Instant | None:
        """When the room opens for whoever is that there; None: it is open, or there is none to open."""
        scheduled = await self._sessions.get_session(session)
        if scheduled is None:
            return None
        before_ms = STAFF_BEFORE_MS
        if role not in STAFF:
            before_ms = self._programmes(scheduled.programme_id).opens_before_min * MINUTE_MS
        opens_at = Instant(scheduled.starts_at - before_ms)
        if opens_at <= self._clock.now():
            return None
        far = await self._progress.of(session)
        prepared = far.seq > 0 if role in STAFF else far.started_at is not None
        return None if prepared else opens_at


class Rooms(Protocol):
    async def open(self, session: SessionId) -> Room: ...


class OpenRooms:
    """The rooms as pages find them: none is begun by an errand before its hours."""

    def __init__(self, rooms: Rooms, hours: OpeningHours) -> None:
        self._rooms = rooms
        self._hours = hours

    async def open(self, session: SessionId) -> Room:
        """Raises NoSuchSession, as for one that nobody has planned."""
        if await self._hours.opens_at(session, Role.FACILITATOR) is not None:
            raise NoSuchSession(session)
        return await self._rooms.open(session)

    async def prepare(self, session: SessionId) -> None:
        """Begin a room now, whatever the hour. Raises NoSuchSession."""
        try:
            await self._rooms.open(session)
        except LeaseLost:
            pass  # another node has begun it
