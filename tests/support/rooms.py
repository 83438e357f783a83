"""Rooms over a store in memory that can be shaken, in virtual time, and people who keep what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from facilitation import commands as c
from facilitation.commands import Command, OpenSession
from facilitation.events import Recorded
from facilitation.ids import CommandId, SessionId, SourceId
from facilitation.people import Expected
from facilitation.timebase import Instant
from server.rooms.directory import Rooms
from server.rooms.live import LiveRoom
from server.rooms.ports import Accepted, Close, EventLog, Held, Leases, Proofs, Refused, StoreUnavailable, Told
from server.rooms.silent_media import SilentMedia
from server.store import memory
from tests.simulation.virtual import VirtualClock
from tests.wire.example import FACILITATOR, SESSION, opening


class Seat:
    """A connection that keeps what it is told: the port `Viewer`, without a socket."""

    def __init__(self, clock: VirtualClock, expected: Expected, name: str, *, record: bool = False) -> None:
        self._clock = clock
        self.expected = expected
        self.connection = SourceId(name)
        self.device = "device"
        self.record = record
        self.told: list[Told] = []
        self.due = 0
        self.closed: Close | None = None
        self.silent_since: Instant | None = None

    @property
    def heard(self) -> Instant:
        return self._clock.now() if self.silent_since is None else self.silent_since

    def tell(self, message: Told) -> None:
        self.told.append(message)

    def view_due(self) -> None:
        self.due += 1

    def close(self, code: Close) -> None:
        self.closed = self.closed or code

    def answers(self) -> list[Told]:
        return [message for message in self.told if isinstance(message, Accepted | Refused)]


class Shaky:
    """Fails when told to: before the deed, or after it."""

    def __init__(self) -> None:
        self.before: int = 0
        self.after: int = 0
        self.slow_s = 0.0
        self.error: Exception = StoreUnavailable("away")

    @asynccontextmanager
    async def shaking(self) -> AsyncIterator[None]:
        """Around the deed."""
        await asyncio.sleep(self.slow_s)
        if self.before:
            self.before -= 1
            raise self.error
        yield
        if self.after:
            self.after -= 1
            raise self.error


class ShakyLog(Shaky):
    """The port `EventLog` over a good one; what is read is always there."""

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]:
        return list(await self._log.read(session, after=after))

    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        async with self.shaking():
            await self._log.append(session, records, epoch=epoch)


class ShakyLeases(Shaky):
    """The port `Leases` over good ones; `writes` are the renewals that were tried."""

    def __init__(self, leases: Leases) -> None:
        super().__init__()
        self._leases = leases
        self.writes = 0

    async def acquire(self, session: str, *, node: str) -> int:
        return await self._leases.acquire(session, node=node)

    async def renew(self, rooms: Mapping[str, Held], *, node: str) -> Mapping[str, int]:
        self.writes += 1
        async with self.shaking():
            return await self._leases.renew(rooms, node=node)

    async def proofs(self, session: str) -> Proofs | None:
        return await self._leases.proofs(session)

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        await self._leases.release(session, node=node, epoch=epoch)


async def end_process(rooms: Rooms) -> None:
    """As `kill -9` ends all that a directory runs: nothing more is said, written or opened."""
    rooms._closed = True
    tasks = [*rooms._keepers, *rooms._opening.values(), *([rooms._pulse] if rooms._pulse else [])]
    for task in tasks:
        task.cancel()
    for room in list(rooms._rooms.values()):
        await room.kill()
    await asyncio.gather(*tasks, return_exceptions=True)


class Stage:
    """A directory over a memory store that can be shaken, in virtual time. `media` is that of the last directory."""

    def __init__(self, *, sessions: int = 1) -> None:
        loop = asyncio.get_running_loop()
        self.sessions = (SESSION, *(SessionId(f"s-{number}") for number in range(2, sessions + 1)))
        self.clock = VirtualClock(loop)
        self.store = memory.connect(seconds=loop.time)
        self.log = ShakyLog(self.store.log)
        self.leases = ShakyLeases(self.store.leases)
        self.loads = 0
        self.rooms = self.directory("node")

    def directory(self, node: str) -> Rooms:
        self.media = SilentMedia(self.clock)
        return Rooms(
            log=self.log,
            leases=self.leases,
            media=self.media,
            clock=self.clock,
            load_session=self._load,
            node=node,
        )

    async def _load(self, session: SessionId) -> OpenSession | None:
        self.loads += 1
        return opening(session, starts_at=self.clock.now()) if session in self.sessions else None

    async def room(self) -> LiveRoom:
        return await self.rooms.open(SESSION)

    async def seat(
        self,
        expected: Expected = FACILITATOR,
        name: str = "c1",
        *,
        session: SessionId = SESSION,
        record: bool = False,
    ) -> Seat:
        seat = Seat(self.clock, expected, name, record=record)
        (await self.rooms.open(session)).enter(seat)
        await asyncio.sleep(0.01)
        return seat

    async def ask(self, seat: Seat, command: c.PersonCommand, id_: str = "1") -> Told:
        before = len(seat.answers())
        (await self.room()).ask(seat, CommandId(id_), command)
        await asyncio.sleep(5)
        return seat.answers()[before]

    async def proofs(self) -> Proofs | None:
        """What is kept beside the log."""
        return await self.store.leases.proofs(SESSION)

    async def records(self) -> list[Recorded]:
        return list(await self.store.log.read(SESSION))


def broken_by(kind: type[Command], original: Any) -> Any:
    """`decide` with a mistake of ours in it."""

    def decide(state: Any, command: Command, **rest: Any) -> Any:
        assert not isinstance(command, kind), "a mistake of ours"
        return original(state, command, **rest)

    return decide
