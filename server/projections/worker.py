"""Turns signed notes and amendments into hours, in the background and exactly once.

The log says which notes are signed, the append that logs one also marks its session as owed, and posting is harmless
when done again: so whatever dies between any two writes, the next round does the rest.
"""

from __future__ import annotations

import asyncio

import structlog

from facilitation.events import Recorded
from server.clock import Clock
from server.projections.hours import SessionHours
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store.hours import LedgerConflict
from server.store.ports import Ledger, SessionLog

log = structlog.get_logger(__name__)

POLL_S = 30.0
"""A wake-up may be lost with the process that owed it; this finds it."""
RETRY_S = 1.0
KEPT_MAX = 4
"""Sessions whose fold is kept between rounds: notes of one session are signed one after the other."""
BREATH = 100
"""Records folded before the rooms of this process get their turn."""


class HoursProjection:
    """The one worker of this process; several processes may run one each, to no harm.

    `problems` names the sessions whose hours cannot be posted until an operator has looked, and why.
    """

    def __init__(self, log: SessionLog, ledger: Ledger, clock: Clock) -> None:
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._due = asyncio.Event()
        self._kept: dict[str, SessionHours] = {}
        self.problems: dict[str, str] = {}

    def wake(self, session: str) -> None:
        """A note of `session` was signed."""
        self._due.set()

    async def run(self) -> None:
        """Post what is owed, now and whenever something is; until cancelled."""
        while True:
            wait_s = POLL_S
            self._due.clear()
            try:
                await self.catch_up()
            except StoreUnavailable as error:
                log.warning("hours wait for the store", error=str(error))
                wait_s = RETRY_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def catch_up(self) -> int:
        """Post everything owed now; how many entries that were. Raises StoreUnavailable."""
        posted = 0
        for session, last in (await self._ledger.owed()).items():
            try:
                posted += await self._session(session, last)
            except (CorruptLog, LedgerConflict) as error:
                self._trouble(session, str(error))
            except StoreUnavailable:
                raise
            except Exception:  # our own mistake must not keep the other sessions' hours back
                log.exception("hours projection failed", session=session)
                self._trouble(session, "an error in Milieu itself; see the log")
            else:
                self.problems.pop(session, None)
        return posted

    async def _session(self, session: str, last: int) -> int:
        """Fold the log of `session` up to `last` and post what each record after the cursor posts."""
        cursor = await self._ledger.cursor(session)
        told = self._kept.pop(session, None)
        if told is None or told.seq > cursor:
            told = SessionHours()
        posted, troubles = 0, []
        async for linked in self._log.linked(session, after=told.seq):
            record = linked.record
            if record.seq > last:
                break
            try:
                posted += await self._post(told, record, after=cursor)
            except (CorruptLog, LedgerConflict) as error:  # the other notes of this session are posted all the same
                troubles.append(str(error))
            told.add(record, linked.hash)
            if record.seq % BREATH == 0:
                await asyncio.sleep(0)
        if troubles:
            raise CorruptLog("; ".join(troubles))
        await self._ledger.settle(session, last)
        self._keep(session, told)
        if posted:
            log.info("hours posted", session=session, entries=posted)
        return posted

    async def _post(self, told: SessionHours, record: Recorded, *, after: int) -> int:
        """How many entries that were. What was before the cursor is told again, and is posted already."""
        facts = told.posts(record)
        if not facts or record.seq <= after:
            return 0
        await self._ledger.post_all(facts, posted_at=self._clock.now())
        return len(facts)

    def _keep(self, session: str, told: SessionHours) -> None:
        self._kept[session] = told
        if len(self._kept) > KEPT_MAX:
            del self._kept[next(iter(self._kept))]

    def _trouble(self, session: str, text: str) -> None:
        if self.problems.get(session) != text:
            log.error("hours cannot be posted", session=session, error=text)
        self.problems[session] = text
