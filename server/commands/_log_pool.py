"""Logs read in as many processes as there are cores. For commands: a server keeps its cores for its rooms."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
from collections import deque
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from server import logs
from server.projections.log_reader import Reader, Told, reader_of, tell
from server.store.connect import connect
from server.store.ports import Store

AT_ONCE = 20
"""Sessions that a process is given at once: each time it connects anew."""
WORTH_PROCESSES = 100
"""With fewer sessions than this, starting processes takes longer than they save."""
YOUNG_MAX = 100_000
"""New objects that make the collector look at them: records come and go by the thousand, and hang in no cycle."""


def quick_reader_of(store: Store) -> Reader:
    """In as many processes as there are cores, where that is worth it; the logs are told of in their order."""
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
    gc.set_threshold(YOUNG_MAX)
    return asyncio.run(_tell_all(url, clinic, sessions))


async def _tell_all(url: str, clinic: str, sessions: Sequence[str]) -> list[Told]:
    store = await connect(url, clinic=clinic)
    try:
        return [await tell(store.log, session) for session in sessions]
    finally:
        await store.close()
