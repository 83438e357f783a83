"""What a viewer's feedback says, matched with what was sent: one line of figures per feedback."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from operator import sub
from typing import NamedTuple, cast

from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import BASE_US, Feedback

KEPT = 4_096
"""Packets whose sending and fate are remembered: some seconds of a large group."""

PATIENCE_US = 150_000
"""A packet counts as lost when others sent so much later arrived: jitter reorders."""


class Echo(NamedTuple):
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


_SENT, _MISSED, _ARRIVED = range(3)


class Echoes:
    """Numbers what one viewer is sent, and folds what it tells of the numbers."""

    __slots__ = ("_at_us", "_bases", "_departed", "_fates", "_judged", "_sizes", "_told")

    def __init__(self) -> None:
        self._bases = Unwrapper(24)
        # By number modulo KEPT.
        self._at_us = array("q", bytes(8 * KEPT))
        self._sizes = array("H", bytes(2 * KEPT))
        self._fates = bytearray(KEPT)
        # Numbers that never wrap: the next one, the first whose fate may change, and the first nobody told of.
        self._departed = self._judged = self._told = 0

    def sent(self, size: int, now_us: int) -> int:
        """The 16-bit number of a packet that leaves now."""
        place = self._departed % KEPT
        self._at_us[place], self._sizes[place], self._fates[place] = now_us, size, _SENT
        self._departed += 1
        return (self._departed - 1) & 0xFFFF

    def fold(self, feedback: Feedback) -> Echo | None:
        """None when nothing new came: silence is no news."""
        if not feedback.arrivals:
            return None
        base_us = self._bases.unwrap(feedback.base) * BASE_US
        echo = self._fold_plain(feedback, base_us)
        if echo is not None:
            return echo
        arrived = octets = 0
        begun_us = ended_us = last_sent_us = delay_us = 0
        last, fates, known = self._departed - 1, self._fates, min(self._departed, KEPT)
        for number, at in enumerate(feedback.arrivals, feedback.first):
            back = (last - number) & 0xFFFF
            if back >= known:
                continue
            place = (last - back) % KEPT
            if fates[place] == _ARRIVED:
                continue
            if self._told <= last - back:
                self._told = last - back + 1
            if at is None:
                fates[place] = _MISSED
                continue
            fates[place] = _ARRIVED
            sent_us = self._at_us[place]
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
            octets += self._sizes[place]
        if not arrived:
            return None
        return Echo(
            arrived=arrived,
            lost=self._given_up(last_sent_us - PATIENCE_US),
            octets=octets,
            begun_us=begun_us,
            ended_us=ended_us,
            sent_us=last_sent_us,
            delay_us=delay_us,
        )

    def _fold_plain(self, feedback: Feedback, base_us: int) -> Echo | None:
        """The same, all at once, where everything came and is heard of for the first time, as on most days."""
        arrivals = feedback.arrivals
        back = (self._departed - 1 - feedback.first) & 0xFFFF
        first = self._departed - 1 - back
        begin, end = first % KEPT, first % KEPT + len(arrivals)
        is_known = back < min(self._departed, KEPT) and len(arrivals) <= back + 1 and end <= KEPT
        if not is_known or None in arrivals or self._fates.find(_ARRIVED, begin, end) >= 0:
            return None
        self._told = max(self._told, first + len(arrivals))
        self._fates[begin:end] = bytes((_ARRIVED,)) * len(arrivals)
        at_us, sent_us = cast(tuple[int, ...], arrivals), self._at_us[begin:end]
        last_sent_us = max(sent_us)
        return Echo(
            arrived=len(at_us),
            lost=self._given_up(last_sent_us - PATIENCE_US),
            octets=sum(self._sizes[begin:end]),
            begun_us=base_us + min(at_us),
            ended_us=base_us + max(at_us),
            sent_us=last_sent_us,
            delay_us=base_us + min(map(sub, at_us, sent_us)),
        )

    def _given_up(self, before_us: int) -> int:
        """How many packets that were sent before this moment, and told missing, are lost; each counts once."""
        lost = 0
        self._judged = max(self._judged, self._departed - KEPT)
        while self._judged < self._told:
            begin = self._judged % KEPT
            end = min(begin + self._told - self._judged, KEPT)
            judged = bisect_left(self._at_us, before_us, begin, end)
            lost += self._fates.count(_MISSED, begin, judged)
            self._judged += judged - begin
            if judged < end:
                break
        return lost
