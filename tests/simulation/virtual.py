"""Virtual time: an event loop whose clock jumps to the next thing to do, so that hours pass in a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from facilitation.timebase import Instant

BEGINNING = 1_760_000_000_000

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Never waits: what would be waited for has come."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits for somebody else: nothing will ever happen again")
        self.now_s += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """No input or output, only tasks and timers."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


class VirtualClock:
    """A server's clock in virtual time; `off_ms` is how far it goes wrong. It never goes back by itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, off_ms: int = 0) -> None:
        self._loop = loop
        self._off_ms = off_ms

    def now(self) -> Instant:
        return Instant(BEGINNING + round(self._loop.time() * 1_000) + self._off_ms)

    def jump(self, ms: int) -> None:
        self._off_ms += ms


def run(scene: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of a scene played in virtual time; whatever it left running is cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scene())
