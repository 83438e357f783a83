"""What a viewer's feedback says, matched with what was sent: one line of figures per feedback."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import BASE_US, Feedback

KEPT = 4_096
"""Packets whose fate is remembered: some seconds of a large group."""

PATIENCE_US = 150_000
"""A packet counts as lost when others sent so much later arrived: jitter reorders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The packets of one feedback, folded; times in microseconds.

    `arrived` and `octets` are what came, `lost` what is given up by now, also of earlier feedback. `begun_us` and
    `ended_us` are the first and the last arrival by the viewer's clock, `sent_us` when the last of them left here.
    `delay_us` is that of the quickest packet (a queue delays all packets, jitter only some); its zero is arbitrary, as
    that of clocks is.
    """

    arrived: int
    lost: int
    octets: int
    begun_us: int
    ended_us: int
    sent_us: int
    delay_us: int


class Echoes:
    """Folds the feedback of one viewer."""

    __slots__ = ("_arrived", "_bases", "_holes", "_numbers")

    def __init__(self) -> None:
        self._numbers = Unwrapper(16)
        self._bases = Unwrapper(24)
        # Those that arrived, by number modulo KEPT; and those that did not yet: (number, when sent).
        self._arrived = [-1] * KEPT
        self._holes: deque[tuple[int, int]] = deque(maxlen=KEPT)

    def fold(self, feedback: Feedback, departed: Sequence[tuple[int, int]]) -> Echo | None:
        """`departed` holds when each packet of the feedback was sent, and its bytes; (0, 0) where nobody knows.

        None when nothing new came: silence is no news.
        """
        if not feedback.arrivals:
            return None
        first = self._numbers.unwrap(feedback.first)
        self._numbers.unwrap((feedback.first + len(feedback.arrivals) - 1) & 0xFFFF)
        base_us = self._bases.unwrap(feedback.base) * BASE_US
        arrived = octets = 0
        begun_us = ended_us = last_sent_us = delay_us = 0
        known, holes = self._arrived, self._holes
        for number, (at, (sent_us, size)) in enumerate(zip(feedback.arrivals, departed, strict=True), first):
            if not sent_us or known[number % KEPT] == number:
                continue
            if at is None:
                if not holes or number > holes[-1][0]:
                    holes.append((number, sent_us))
                continue
            known[number % KEPT] = number
            at += base_us
            delay = at - sent_us
            if not arrived:
                begun_us = ended_us = at
                delay_us = delay
            elif delay < delay_us:
                delay_us = delay
            if at < begun_us:
                begun_us = at
            elif at > ended_us:
                ended_us = at
            if sent_us > last_sent_us:
                last_sent_us = sent_us
            arrived += 1
            octets += size
        if not arrived:
            return None
        lost = 0
        while holes and holes[0][1] < last_sent_us - PATIENCE_US:
            number, _ = holes.popleft()
            lost += known[number % KEPT] != number
        return Echo(
            arrived=arrived,
            lost=lost,
            octets=octets,
            begun_us=begun_us,
            ended_us=ended_us,
            sent_us=last_sent_us,
            delay_us=delay_us,
        )
