"""What a viewer's feedback says, matched with what was sent: one line of figures per feedback."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import sub
from typing import NamedTuple, cast

from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import BASE_US, Feedback, glance, read_feedback

KEPT = 4_096
"""Packets whose sending and fate are remembered: some seconds of a large group."""

UNREAD_MAX = KEPT // 2
"""With so many packets sent since the first that unread feedback tells of, it is read."""

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

    __slots__ = ("_bases", "_doubted", "_fates", "_judged", "_marked", "_told", "departed", "sizes", "times")

    def __init__(self) -> None:
        self._bases = Unwrapper(24)
        # By number modulo KEPT.
        self.times, self.sizes = [0] * KEPT, [0] * KEPT
        """When each packet left, and its bytes. Who sends many writes them there, and counts `departed`, instead of
        calling `sent`."""
        self._fates = bytearray(KEPT)
        # Numbers that never wrap: the next one, the first whose fate is an older packet's, the first whose fate may
        # change, the first nobody told of, and the one after the last that was missing when it was told of.
        self.departed = self._marked = self._judged = self._told = self._doubted = 0

    def sent(self, size: int, now_us: int) -> int:
        """The 16-bit number of a packet that leaves now."""
        number = self.departed
        self.times[number % KEPT], self.sizes[number % KEPT] = now_us, size
        self.departed = number + 1
        return number & 0xFFFF

    def _mark(self) -> None:
        """Nothing is known yet of what was sent since the last time."""
        count = min(self.departed - self._marked, KEPT)
        begin = (self.departed - count) % KEPT
        if begin + count <= KEPT:
            self._fates[begin : begin + count] = bytes(count)
        else:
            self._fates[begin:] = bytes(KEPT - begin)
            self._fates[: begin + count - KEPT] = bytes(begin + count - KEPT)
        self._marked = self.departed

    def fold(self, feedback: Feedback) -> Echo | None:
        """None when nothing new came: silence is no news."""
        if not feedback.arrivals:
            return None
        self._mark()
        base_us = self._bases.unwrap(feedback.base) * BASE_US
        echo = self._fold_plain(feedback, base_us)
        if echo is not None:
            return echo
        arrived = octets = 0
        begun_us = ended_us = last_sent_us = delay_us = 0
        last, fates, known = self.departed - 1, self._fates, min(self.departed, KEPT)
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
                self._doubted = max(self._doubted, last - back + 1)
                continue
            fates[place] = _ARRIVED
            sent_us = self.times[place]
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
            octets += self.sizes[place]
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
        if not feedback.is_plain:
            return None
        arrivals = cast(tuple[int, ...], feedback.arrivals)
        back = (self.departed - 1 - feedback.first) & 0xFFFF
        first = self.departed - 1 - back
        begin, end = first % KEPT, first % KEPT + len(arrivals)
        is_known = back < min(self.departed, KEPT) and len(arrivals) <= back + 1 and end <= KEPT
        if not is_known or self._fates.find(_ARRIVED, begin, end) >= 0:
            return None
        self._told = max(self._told, first + len(arrivals))
        self._fates[begin:end] = bytes((_ARRIVED,)) * len(arrivals)
        sent_us = self.times[begin:end]
        last_sent_us = sent_us[-1]  # They left in this order.
        return Echo(
            len(arrivals),
            self._given_up(last_sent_us - PATIENCE_US),
            sum(self.sizes[begin:end]),
            base_us + arrivals[0],
            base_us + arrivals[-1],
            last_sent_us,
            base_us + min(map(sub, arrivals, sent_us)),
        )

    def _given_up(self, before_us: int) -> int:
        """How many packets that were sent before this moment, and told missing, are lost; each counts once."""
        lost = 0
        self._judged = max(self._judged, self.departed - KEPT)
        while self._judged < self._told:
            begin = self._judged % KEPT
            end = min(begin + self._told - self._judged, KEPT)
            judged = bisect_left(self.times, before_us, begin, end)
            lost += self._fates.count(_MISSED, begin, judged)
            self._judged += judged - begin
            if judged < end:
                break
        return lost

    def place(self, body: bytes, delay_us: int) -> int | None:
        """Of a feedback that will be folded into one without loss, whose quickest packet took no longer than this, the
        number of the first packet it tells of; None of any other."""
        seen = glance(body) if self._judged >= self._doubted else None
        if seen is None:
            return None
        first, count, base, at_us = seen
        back = (self.departed - 1 - first) & 0xFFFF
        if not count - 1 <= back < min(self.departed, KEPT):
            return None
        number = self.departed - 1 - back
        return number if self._bases.unwrap(base) * BASE_US + at_us - self.times[number % KEPT] <= delay_us else None


class Pool:
    """Lets what says nothing new gather, so that nobody need look at it each time.

    With a `wait_us` that is not 0, echoes are told together, each so long after the last, as long as no packet is lost
    and the quickest took no longer than `delay_us`. One that says more is told at once, after what was kept.
    """

    __slots__ = ("_kept", "_told_us", "delay_us", "wait_us")

    def __init__(self) -> None:
        self.wait_us = self.delay_us = 0
        self._kept: Echo | None = None
        self._told_us = 0

    def waits(self, now_us: int) -> bool:
        """Whether what says nothing new is kept for now."""
        return now_us - self._told_us < self.wait_us

    def keep(self, echo: Echo) -> None:
        """Keep what says nothing new."""
        self._kept = echo if self._kept is None else _together(self._kept, echo)

    def take(self, echo: Echo, now_us: int) -> Sequence[Echo]:
        """What is to be told now that this came, oldest first."""
        kept, self._kept = self._kept, None
        if not self.wait_us or echo.lost or echo.delay_us > self.delay_us:
            self._told_us = now_us
            return (echo,) if kept is None else (kept, echo)
        together = echo if kept is None else _together(kept, echo)
        if now_us - self._told_us < self.wait_us:
            self._kept = together
            return ()
        self._told_us = now_us
        return (together,)


class Listener:
    """Hears what one viewer tells of its packets. What says nothing new is not even read until it is time to tell of
    it, for to read several at once costs less each."""

    __slots__ = ("_first", "_pool", "_unread", "echoes")

    def __init__(self, pool: Pool) -> None:
        self.echoes = Echoes()
        self._pool = pool
        self._unread: list[bytes] = []
        self._first = 0
        """The first packet that they tell of."""

    def heard(self, body: bytes, now_us: int) -> Sequence[Echo]:
        """Take a feedback (see `read_feedback`); what is to be told now, oldest first. Raises MalformedPacket."""
        if self._pool.waits(now_us):
            place = self.echoes.place(body, self._pool.delay_us)
            if place is not None:
                if not self._unread:
                    self._first = place
                if self.echoes.departed - self._first < UNREAD_MAX:
                    self._unread.append(body)
                    return ()
        for unread in self._unread:
            echo = self.echoes.fold(read_feedback(unread))
            if echo is not None:
                self._pool.keep(echo)
        self._unread.clear()
        echo = self.echoes.fold(read_feedback(body))
        return self._pool.take(echo, now_us) if echo is not None else ()


def _together(one: Echo, other: Echo) -> Echo:
    return Echo(
        arrived=one.arrived + other.arrived,
        lost=one.lost + other.lost,
        octets=one.octets + other.octets,
        begun_us=min(one.begun_us, other.begun_us),
        ended_us=max(one.ended_us, other.ended_us),
        sent_us=max(one.sent_us, other.sent_us),
        delay_us=min(one.delay_us, other.delay_us),
    )
