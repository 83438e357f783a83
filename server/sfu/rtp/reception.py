"""How an incoming stream arrives: what a receiver report says about it (RFC 3550 §6.4.1, appendix A)."""

from __future__ import annotations

from typing import NamedTuple

from server.sfu.rtp.rtcp import ReportBlock, SenderReport

_HALF = 1 << 31


class Reception(NamedTuple):
    """How one stream arrived so far: growing numbers of its first and highest packet, and jitter in clock ticks."""

    first: int
    highest: int
    received: int
    jitter: int


class Arrived:
    """Counts one stream's packets, by growing number. `rate` is its clock in ticks a second."""

    __slots__ = ("_first", "_highest", "_jitter", "_rate", "_timestamp", "_transit", "received")

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._first = -1
        self._highest = -1
        self.received = 0
        self._jitter = 0.0
        self._transit: int | None = None
        self._timestamp: int | None = None

    def arrived(self, number: int, timestamp: int, now_us: int) -> None:
        if self._first < 0:
            self._first = number
        self.received += 1
        if number > self._highest:
            self._highest = number
            self.timed(timestamp, now_us)

    def timed(self, timestamp: int, now_us: int) -> None:
        """Take note of when a packet came that no later one overtook; of one picture's, the first counts."""
        if timestamp == self._timestamp:
            return
        self._timestamp = timestamp
        before, self._transit = self._transit, now_us * self._rate // 1_000_000 - timestamp
        if before is not None:
            change = abs((self._transit - before + _HALF & 0xFFFFFFFF) - _HALF)
            if change > self._rate:
                change = self._rate
            self._jitter += (change - self._jitter) / 16

    def followed(self, count: int) -> None:
        """So many came, each after the one before; each is `timed`."""
        self._highest += count
        self.received += count

    def figures(self) -> Reception | None:
        """None before the first packet."""
        if self._first < 0:
            return None
        return Reception(self._first, self._highest, self.received, int(self._jitter))


class Reports:
    """What our receiver reports say about one stream: each about the time since the one before."""

    __slots__ = ("_expected_before", "_received_before", "_report_at_us", "fraction_lost", "report")

    def __init__(self) -> None:
        self._expected_before = 0
        self._received_before = 0
        self._report_at_us = 0
        self.fraction_lost = 0.0
        self.report: SenderReport | None = None

    def reported(self, report: SenderReport, now_us: int) -> None:
        """Keep the sender's own report: it ties the stream's timestamps to its clock."""
        self.report = report
        self._report_at_us = now_us

    def block(self, ssrc: int, reception: Reception | None, now_us: int, *, lost_onward: int = 0) -> ReportBlock | None:
        """The report about the time since the last one; None before the first packet.

        It tells no less than `lost_onward` (in 1/256) as the fraction lost; `fraction_lost` is what we miss ourselves.
        """
        if reception is None:
            return None
        expected = reception.highest - min(reception.first, reception.highest) + 1
        expected_now = expected - self._expected_before
        lost_now = max(0, expected_now - (reception.received - self._received_before))
        self._expected_before, self._received_before = expected, reception.received
        self.fraction_lost = lost_now / expected_now if expected_now > 0 else 0.0
        last_report = self.report.ntp >> 16 & 0xFFFFFFFF if self.report else 0
        delay = (now_us - self._report_at_us) * 65_536 // 1_000_000 if self.report else 0
        return ReportBlock(
            ssrc=ssrc,
            fraction_lost=max(lost_onward, min(255, int(self.fraction_lost * 256))),
            packets_lost=max(-0x800000, min(expected - reception.received, 0x7FFFFF)),
            highest=reception.highest & 0xFFFFFFFF,
            jitter=reception.jitter & 0xFFFFFFFF,
            last_report=last_report,
            delay=delay & 0xFFFFFFFF,
        )
