"""Finding out whether a viewer's connection bears more: a short burst of what was sent anyway, sent again."""

from __future__ import annotations

from server.sfu.rtp.bandwidth import PACKET_OVERHEAD, Downlink
from server.sfu.rtp.echo import Echo

PROBE_US = 300_000
VERDICT_US = 300_000
"""After a probe its echo is waited for no longer than this and two round trips."""
SUCCESS_SHARE = 0.85
AGAIN_US = 100_000
"""After a success there may be more."""
UNCLEAR_MIN_US, UNCLEAR_MAX_US = 1_000_000, 20_000_000
"""After a probe that did not arrive well, though nothing queued up."""
DRAIN_US = 1_000_000
"""A queue that a probe made is gone by then."""
PAUSE_MIN_US, PAUSE_MAX_US = 5_000_000, 60_000_000
GROWTH_MIN, GROWTH_MAX, GROWTH_KNOWN_MAX = 1.25, 2.0, 1.4
"""A probe reaches for at least and at most this multiple of what is borne, the last where congestion was met before."""


class Prober:
    """Probes one viewer's connection, while more is wanted than it is known to bear and nothing speaks against it."""

    def __init__(self) -> None:
        self.target_bps = 0
        """0 while no probe is under way."""
        self._began_us = 0
        self._stepped_us = 0
        self._next_us = 0
        self._pause_us = PAUSE_MIN_US
        self._unclear_us = UNCLEAR_MIN_US
        self._octets = 0
        self._is_over = False
        self._before_us: int | None = None
        self._ended_us: int | None = None

    def step(self, downlink: Downlink, *, next_bps: int | None, wanted_bps: int, sending_bps: int, now_us: int) -> int:
        """How many bytes to send again now; called each 20 ms or so.

        `next_bps` is what the next larger picture would take, all told, None when nothing is missing; `wanted_bps` what
        every wish would; `sending_bps` what is being sent without probes.
        """
        if not self.target_bps:
            if next_bps is not None and now_us >= self._next_us:
                self._begin(downlink, next_bps if downlink.was_congested else wanted_bps, now_us)
            return 0
        passed_us = now_us - self._began_us
        if downlink.state != "clear":
            downlink.was_congested = downlink.was_congested or downlink.has_queue
            downlink.grace_until_us = now_us + DRAIN_US + downlink.round_trip_us
            self._end(now_us, self._pause_us)
            self._pause_us = min(self._pause_us * 2, PAUSE_MAX_US)
        elif passed_us < PROBE_US:
            due_us, self._stepped_us = now_us - self._stepped_us, now_us
            return max(0, self.target_bps - sending_bps) * min(due_us, PROBE_US) // 8_000_000
        elif self._is_over or passed_us >= PROBE_US + VERDICT_US + 2 * downlink.round_trip_us:
            measured = self._measured_bps()
            self._pause_us = PAUSE_MIN_US
            if measured >= self.target_bps * SUCCESS_SHARE:
                downlink.proved(measured)
                self._end(now_us, AGAIN_US)
                self._unclear_us = UNCLEAR_MIN_US
            else:
                downlink.proved(measured * 9 // 10)
                self._end(now_us, self._unclear_us)
                self._unclear_us = min(self._unclear_us * 2, UNCLEAR_MAX_US)
        return 0

    def echoed(self, echo: Echo) -> None:
        """Take a feedback: if it is about the probe, it counts."""
        if not self.target_bps:
            return
        if echo.sent_us > self._began_us + PROBE_US:
            self._is_over = True  # The whole probe was told about.
            return
        if echo.sent_us <= self._began_us + PROBE_US // 6 or self._before_us is None:
            self._before_us = echo.ended_us  # What came before, or only began with it.
            return
        self._octets += echo.octets + PACKET_OVERHEAD * echo.arrived
        self._ended_us = echo.ended_us

    def _begin(self, downlink: Downlink, reach_bps: int, now_us: int) -> None:
        capacity = downlink.capacity_bps
        if capacity is None or not downlink.is_fed or downlink.is_silent(now_us) or not downlink.may_rise(now_us):
            return
        growth = GROWTH_KNOWN_MAX if downlink.was_congested else GROWTH_MAX
        self.target_bps = int(min(max(reach_bps * 1.1, capacity * GROWTH_MIN), capacity * growth))
        downlink.grace_until_us = now_us + PROBE_US + DRAIN_US + downlink.round_trip_us
        self._began_us = self._stepped_us = now_us
        self._octets = 0
        self._is_over = False
        self._before_us = self._ended_us = None

    def _measured_bps(self) -> int:
        if self._before_us is None or self._ended_us is None or self._ended_us <= self._before_us:
            return 0
        return self._octets * 8_000_000 // (self._ended_us - self._before_us)

    def _end(self, now_us: int, pause_us: int) -> None:
        self.target_bps = 0
        self._next_us = now_us + pause_us
