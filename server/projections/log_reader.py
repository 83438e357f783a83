"""What each session's log says of hours, and whether it can be trusted: read in this process, or in several."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from facilitation.events import HoursAmended, NoteSigned
from facilitation.ids import PersonId
from server import logs
from server.projections.hours import SessionHours
from server.rooms.ports import CorruptLog
from server.store.connect import connect
from server.store.hours import HoursFacts
from server.store.ports import SessionLog, Store

BREATH = 500
"""Records folded before others of this process get their turn."""
AT_ONCE = 5
"""Sessions that a process is given at once."""
WORTH_PROCESSES = 100
"""With fewer sessions than this, starting processes takes longer than they save."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What one log says. `hours`: what belongs into the ledger. `wrong`: signatures that do not follow from it, each
    with its person and why. `unreadable`: why it can be trusted no further than `records`; None: it can."""

    session: str
    records: int = 0
    notes: int = 0
    amendments: int = 0
    hours: list[HoursFacts] = field(default_factory=list)
    wrong: list[tuple[PersonId, str]] = field(default_factory=list)
    unreadable: str | None = None


Reader = Callable[[Sequence[str]], AsyncIterator[Told]]
"""Reads these sessions and tells of each, in their order. Raises StoreUnavailable."""


async def tell(log: SessionLog, session: str) -> Told:
    """Read one log from its beginning, check it line by line and fold it."""
    told, room = Told(session=session), SessionHours()
    try:
        async for linked in log.linked(session):
            record = linked.record
            match record.event:
                case NoteSigned(person=person) | HoursAmended(person=person) as event:
                    told.notes += isinstance(event, NoteSigned)
                    told.amendments += isinstance(event, HoursAmended)
                    try:
                        told.hours += room.posts(record)
                    except CorruptLog as error:
                        told.wrong.append((person, str(error)))
            room.add(record, linked.hash)
            if record.seq == 1 and (room.state.session is None or room.state.session.session != session):
                raise CorruptLog(f"log of session {session}, record 1: it does not open this session")
            told.records += 1
            if record.seq % BREATH == 0:
                await asyncio.sleep(0)
        _ = room.state  # what was gathered last must follow, too
    except CorruptLog as error:
        told.unreadable = str(error)
    return told


def reader_of(store: Store) -> Reader:
    """In this process, one after the other."""

    async def read(sessions: Sequence[str]) -> AsyncIterator[Told]:
        for session in sessions:
            yield await tell(store.log, session)

    return read


def quick_reader_of(store: Store) -> Reader:
    """In as many processes as there are cores, where that is worth it. For commands: a server keeps its cores free."""
    workers = os.cpu_count() or 1
    here, url = reader_of(store), store.url

    async def read(sessions: Sequence[str]) -> AsyncIterator[Told]:
        loop = asyncio.get_running_loop()
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
        pending: deque[asyncio.Future[list[Told]]] = deque()
        try:
            for first in range(0, len(sessions), AT_ONCE):
                some = sessions[first : first + AT_ONCE]
                pending.append(loop.run_in_executor(pool, _tell_some, str(url), store.keys.clinic, some))
                if len(pending) >= 4 * workers:  # what waits is bounded
                    for told in await pending.popleft():
                        yield told
            while pending:
                for told in await pending.popleft():
                    yield told
        finally:
            pool.shutdown(cancel_futures=True)

    async def choose(sessions: Sequence[str]) -> AsyncIterator[Told]:
        worth_it = url is not None and workers > 1 and len(sessions) >= WORTH_PROCESSES
        async for told in (read if worth_it else here)(sessions):
            yield told

    return choose


def _tell_some(url: str, clinic: str, sessions: Sequence[str]) -> list[Told]:
    logs.configure(level="error")
    return asyncio.run(_tell_all(url, clinic, sessions))


async def _tell_all(url: str, clinic: str, sessions: Sequence[str]) -> list[Told]:
    store = await connect(url, clinic=clinic)
    try:
        return [await tell(store.log, session) for session in sessions]
    finally:
        await store.close()
