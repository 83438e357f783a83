"""What a viewer's feedback says, matched with what was sent: one line of figures per feedback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import BASE_US, Feedback

KEPT = 4_096
"""Packets whose fate is remembered: some seconds of a large group."""

_MISSED, _ARRIVED = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The packets of one feedback, folded; times in microseconds.

    `arrived` and `octets` are what came, `lost` what did not: net of packets that an earlier feedback missed and this
    one found, so it may be below zero. `begun_us` and `ended_us` are the first and the last arrival by the viewer's
    clock, `sent_us` when the last of them was sent by ours. `delay_us` is that of the quickest packet (a queue delays
    all packets, jitter only some); its zero is arbitrary, as that of clocks is.
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

    __slots__ = ("_bases", "_fates", "_numbers")

    def __init__(self) -> None:
        self._numbers = Unwrapper(16)
        self._bases = Unwrapper(24)
        # By number modulo KEPT: number * 2 + fate.
        self._fates = [-1] * KEPT

    def fold(self, feedback: Feedback, departed: Sequence[tuple[int, int]]) -> Echo | None:
        """`departed` holds when each packet of the feedback was sent, and its bytes; (0, 0) where nobody knows.

        None when nothing new came: silence is no news.
        """
        if not feedback.arrivals:
            return None
        first = self._numbers.unwrap(feedback.first)
        self._numbers.unwrap((feedback.first + len(feedback.arrivals) - 1) & 0xFFFF)
        base_us = self._bases.unwrap(feedback.base) * BASE_US
        arrived = lost = octets = 0
        begun_us = ended_us = last_sent_us = delay_us = 0
        fates = self._fates
        for number, (at, (sent_us, size)) in enumerate(zip(feedback.arrivals, departed, strict=True), first):
            if not sent_us:
                continue
            slot = number % KEPT
            fate = fates[slot]
            if at is None:
                if fate >> 1 != number:
                    fates[slot] = number << 1 | _MISSED
                    lost += 1
                continue
            if fate >> 1 == number:
                if fate & 1 == _ARRIVED:
                    continue
                lost -= 1
            fates[slot] = number << 1 | _ARRIVED
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
        return Echo(
            arrived=arrived,
            lost=lost,
            octets=octets,
            begun_us=begun_us,
            ended_us=ended_us,
            sent_us=last_sent_us,
            delay_us=delay_us,
        )
