"""What the bench asks of a server under test, and how it is started and watched from outside: by its process alone."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.load.media.crowd import End
from tests.load.media.scene import Scene

SERVER_CORE, LOAD_CORE = 0, 1
URGENCY = 1
"""Real-time priority of server and load client, where it is allowed: what else the machine does is not what is to be
measured. Threads of one real-time priority wait for one another, while ordinary ones are interrupted by one that wakes
up; so a server's other threads get a priority more than its main thread."""


class Subject(Protocol):
    """A server in a process of its own."""

    @property
    def name(self) -> str: ...
    @property
    def pid(self) -> int: ...

    on_layers: Callable[[int, int, int], None] | None
    """Told (room, seat, count): so many layers of this seat's picture, the smallest, are watched."""

    async def start(self) -> None: ...
    async def fill(self, room: int, scene: Scene) -> list[End]:
        """Seat everybody of a room; rooms are numbered from 0."""
        ...

    async def empty(self) -> None:
        """Everybody leaves, every room is closed."""
        ...

    async def stop(self) -> None: ...


def hurry() -> None:
    """Put a server that is about to start before all else that runs; for `preexec_fn`."""
    be_ordinary()
    _hurry(0, URGENCY)


def favour(pid: int) -> None:
    """Let the threads that a server has by now interrupt its main thread."""
    for thread in _threads(pid):
        if thread != pid:
            _hurry(thread, URGENCY + 1)


def _hurry(thread: int, urgency: int) -> None:
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.sched_setscheduler(thread, os.SCHED_RR, os.sched_param(urgency))


def _threads(pid: int) -> list[int]:
    return [int(thread.name) for thread in Path(f"/proc/{pid}/task").iterdir()]


def settle() -> None:
    """Put the load client before everything, on a core of its own where there is one."""
    if (os.cpu_count() or 1) > LOAD_CORE:
        os.sched_setaffinity(0, {LOAD_CORE})
    _hurry(0, URGENCY)


@contextmanager
def awake() -> Iterator[None]:
    """Keep cores that have nothing to do from halting, where that is allowed.

    To wake one that halted takes a virtual machine a while, most of it its host's: not a server's work or delay.
    """
    with contextlib.ExitStack() as stack:
        try:
            wish = stack.enter_context(Path("/dev/cpu_dma_latency").open("wb", buffering=0))
            wish.write(bytes(4))  # No delay at all is wished for, as long as this is open.
        except OSError as refused:
            print(f"Cores may halt in between ({refused}): delays say as much of the machine.", file=sys.stderr)
        yield


def be_ordinary() -> None:
    """Take back what `settle` did: browsers run on all cores, in turn with everybody."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.sched_setaffinity(0, range(os.cpu_count() or 1))


def confine(pid: int) -> None:
    """Keep a process on one core from now on, with the threads that it will start."""
    for thread in _threads(pid):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(thread, {SERVER_CORE})


@asynccontextmanager
async def running(make: Callable[[], Subject]) -> AsyncIterator[Subject]:
    """A server, started, with one core."""
    subject = make()
    try:
        await subject.start()
        confine(subject.pid)
        yield subject
    finally:
        await subject.stop()


@contextmanager
def alone(pid: int, others: Iterable[int]) -> Iterator[None]:
    """Hold the other servers meanwhile: they share the core, and even idle ones would be in the way of a packet."""
    stopped = [other for other in others if other != pid]
    for other in stopped:
        os.kill(other, signal.SIGSTOP)
    try:
        yield
    finally:
        for other in stopped:
            os.kill(other, signal.SIGCONT)


def cpu_s(pid: int) -> float:
    """Processor time of all threads of a process so far, by user and kernel, to the nanosecond."""
    return sum(_thread_cpu_s(pid, thread) for thread in _threads(pid))


def main_thread_cpu_s(pid: int) -> float:
    """Of that, what the main thread used: all of Janus' signalling, all of Milieu's Python."""
    return _thread_cpu_s(pid, pid)


def _thread_cpu_s(pid: int, thread: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:  # It ended; servers start none and end none while they forward.
        return 0.0


def memory_kb(pid: int) -> int:
    """Memory that is a process' own: neither files nor shared."""
    found = re.search(r"RssAnon:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0
