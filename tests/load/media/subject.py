"""What the bench asks of a server under test, and how it is started and watched from outside: by its process alone."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.load.media.crowd import End
from tests.load.media.scene import Scene

SERVER_CORE, LOAD_CORE = 0, 1
URGENT = 1
"""Real-time priority of server and load client alike, where it is allowed: what else the machine does is not what is
to be measured."""


class Subject(Protocol):
    """A server in a process of its own."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...
    async def start(self) -> None: ...
    async def fill(self, room: int, scene: Scene) -> list[End]:
        """Seat everybody of a room; rooms are numbered from 0."""
        ...

    async def empty(self) -> None:
        """Everybody leaves, every room is closed."""
        ...

    async def stop(self) -> None: ...


def confine() -> None:
    """Keep a server that is about to start on one core; for `preexec_fn`."""
    _be(SERVER_CORE)


def settle() -> None:
    """Keep the load client on the other core, where there is one."""
    _be(LOAD_CORE)


def _be(core: int) -> None:
    if core < (os.cpu_count() or 1):
        os.sched_setaffinity(0, {core})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(URGENT))


@asynccontextmanager
async def running(make: Callable[[], Subject]) -> AsyncIterator[Subject]:
    subject = make()
    try:
        await subject.start()
        yield subject
    finally:
        await subject.stop()


def cpu_s(pid: int) -> float:
    """Processor time of all threads of a process so far, by user and kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main_thread_cpu_s(pid: int) -> float:
    """Of that, what the main thread used: all of Janus' signalling, all of Milieu's Python."""
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_kb(pid: int) -> int:
    """Memory that is a process' own: neither files nor shared."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0
