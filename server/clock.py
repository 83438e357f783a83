"""What time it is: the one place of the server that asks."""

from __future__ import annotations

import time
from typing import Protocol

from facilitation.timebase import Instant


class Clock(Protocol):
    """Says what time it is as an `Instant` that never decreases."""

    def now(self) -> Instant: ...


class RoomClock:
    """The wall clock read once, then carried on by the monotonic clock: no step of the system clock shows.

    `not_before` is the last instant of a replayed log: where the system clock was set back while the server
    was down, time stands still until it has caught up, so that instants within one room never decrease.
    """

    def __init__(self, *, not_before: int = 0) -> None:
        self._anchor_ns = time.time_ns() - time.monotonic_ns()
        self._latest = Instant(not_before)

    def now(self) -> Instant:
        self._latest = max(self._latest, Instant((self._anchor_ns + time.monotonic_ns()) // 1_000_000))
        return self._latest


class FakeClock:
    """A clock that moves only when told to, for tests and simulations."""

    def __init__(self, now: int = 1_760_000_000_000) -> None:
        self._now = Instant(now)

    def now(self) -> Instant:
        return self._now

    def advance(self, *, ms: int = 0, seconds: float = 0, minutes: float = 0) -> Instant:
        """Move forward and return the new instant. Going back is a mistake of the test."""
        step_ms = ms + round(seconds * 1_000) + round(minutes * 60_000)
        if step_ms < 0:
            raise ValueError("time does not go back")
        self._now = Instant(self._now + step_ms)
        return self._now
