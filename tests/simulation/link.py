"""A modelled network in virtual time: a seeded way for datagrams with a queue, delay, jitter, loss and copies."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

HEADERS = 44
"""Bytes of IPv4, UDP and SRTP's tag that the link carries with each datagram."""


class Time:
    """What is due when, in microseconds. Nothing happens in between."""

    def __init__(self) -> None:
        self.now_us = 1_000_000_000
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when_us: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (max(when_us, self.now_us), next(self._order), action))

    def later(self, wait_us: int, action: Callable[[], None]) -> None:
        self.at(self.now_us + wait_us, action)

    def every(self, period_us: int, action: Callable[[], None]) -> None:
        def again() -> None:
            action()
            self.later(period_us, again)

        self.later(period_us, again)

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        self.run_until(self.now_us + round(seconds * 1_000_000))

    def run_until(self, end_us: int) -> None:
        while self._due and self._due[0][0] <= end_us:
            self.now_us, _, action = heapq.heappop(self._due)
            action()
        self.now_us = max(self.now_us, end_us)

    @property
    def next_us(self) -> int | None:
        """When the next thing is due."""
        return self._due[0][0] if self._due else None


@dataclass(kw_only=True)
class Weather:
    """What a way does to datagrams. Change it at any moment.

    `rate_bps` None: no bottleneck; `queue_us` is how much the bottleneck holds back before it drops. `loss` is the
    chance of each datagram; in a burst (Gilbert–Elliott: it begins with chance `burst_begins`, ends with
    `burst_ends`, per datagram) it is `burst_loss`. Jitter is even between 0 and `jitter_us`, and reorders.
    """

    rate_bps: int | None = None
    queue_us: int = 400_000
    delay_us: int = 20_000
    jitter_us: int = 0
    loss: float = 0.0
    burst_begins: float = 0.0
    burst_ends: float = 0.3
    burst_loss: float = 1.0
    copies: float = 0.0
    is_cut: bool = False


class Link:
    """One direction of a way. `arrive(data)` is called for what comes out at the other end."""

    def __init__(
        self, time: Time, arrive: Callable[[bytes], None], *, weather: Weather, seed: int, headers: int = HEADERS
    ) -> None:
        self._time = time
        self._arrive = arrive
        self.weather = weather
        self._dice = random.Random(seed)
        self._headers = headers
        self._free_us = 0
        self._is_burst = False
        self.sent = self.dropped = 0

    def send(self, data: bytes) -> None:
        weather, dice, now_us = self.weather, self._dice, self._time.now_us
        self.sent += 1
        self._is_burst = (
            dice.random() < weather.burst_begins if not self._is_burst else dice.random() > weather.burst_ends
        )
        loss = weather.burst_loss if self._is_burst else weather.loss
        if weather.is_cut or dice.random() < loss:
            self.dropped += 1
            return
        leaves_us = now_us
        if weather.rate_bps is not None:
            begins_us = max(now_us, self._free_us)
            if begins_us - now_us > weather.queue_us:
                self.dropped += 1
                return
            self._free_us = leaves_us = begins_us + (len(data) + self._headers) * 8_000_000 // weather.rate_bps
        for _ in range(2 if dice.random() < weather.copies else 1):
            jitter_us = dice.randrange(weather.jitter_us) if weather.jitter_us else 0
            self._time.at(leaves_us + weather.delay_us + jitter_us, lambda: self._arrive(data))

    @property
    def queue_us(self) -> int:
        return max(0, self._free_us - self._time.now_us)
