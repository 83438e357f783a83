"""A log that fails as a real store does: late, away for a while, or done although it says it failed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from facilitation.events import Recorded
from server.rooms.ports import EventLog, StoreUnavailable


class WeatheredLog:
    """The port `EventLog` over a good log, in the weather."""

    def __init__(self, log: EventLog, rng: random.Random, *, calm: bool = False) -> None:
        self._log = log
        self._rng = rng
        self.calm = calm
        self.away = False

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]:
        if self.away:
            await asyncio.sleep(0.5)
            raise StoreUnavailable("away")
        return await self._log.read(session, after=after)

    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        await asyncio.sleep(self._rng.choice((0.0005, 0.001, 0.01, 0.3)))
        if self.away:
            await asyncio.sleep(self._rng.choice((0.1, 3.0)))
            raise StoreUnavailable("away")
        luck = 0.5 if self.calm else self._rng.random()
        if luck < 0.02:
            raise StoreUnavailable("failed before it was done")
        await self._log.append(session, records, epoch=epoch)
        if luck > 0.98:
            raise StoreUnavailable("done, but the answer was lost")
        await asyncio.sleep(0.0005)
