"""A store that fails as a real one does: late, away for a while, or done although it says it failed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from facilitation.events import Recorded
from server.rooms.ports import EventLog, Held, Leases, Proofs, StoreUnavailable


class Weather:
    """What becomes of each write; `away`: nothing is taken, and nothing can be read."""

    def __init__(self, rng: random.Random, *, calm: bool = False) -> None:
        self._rng = rng
        self.calm = calm
        self.away = False

    async def reading(self) -> None:
        """Before anything is read."""
        if self.away:
            await asyncio.sleep(0.5)
            raise StoreUnavailable("away")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Around a write."""
        await asyncio.sleep(self._rng.choice((0.0005, 0.001, 0.01, 0.3)))
        if self.away:
            await asyncio.sleep(self._rng.choice((0.1, 3.0)))
            raise StoreUnavailable("away")
        luck = 0.5 if self.calm else self._rng.random()
        if luck < 0.02:
            raise StoreUnavailable("failed before it was done")
        yield
        if luck > 0.98:
            raise StoreUnavailable("done, but the answer was lost")
        await asyncio.sleep(0.0005)


class WeatheredLog:
    """The port `EventLog` over a good log, in the weather."""

    def __init__(self, log: EventLog, weather: Weather) -> None:
        self._log = log
        self._weather = weather

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]:
        await self._weather.reading()
        return await self._log.read(session, after=after)

    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        async with self._weather.writing():
            await self._log.append(session, records, epoch=epoch)


class WeatheredLeases:
    """The port `Leases` over good ones: whoever can reach the store gets a room, and then the weather comes."""

    def __init__(self, leases: Leases, weather: Weather) -> None:
        self._leases = leases
        self._weather = weather

    async def acquire(self, session: str, *, node: str) -> int:
        return await self._leases.acquire(session, node=node)

    async def renew(self, rooms: Mapping[str, Held], *, node: str) -> Mapping[str, int]:
        async with self._weather.writing():
            return await self._leases.renew(rooms, node=node)

    async def proofs(self, session: str) -> Proofs | None:
        await self._weather.reading()
        return await self._leases.proofs(session)

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        await self._leases.release(session, node=node, epoch=epoch)
