"""How much one viewer's connection bears, from whatever the viewer tells: foreseen where it can be, else reacted to.

With transport-wide feedback a queue that grows is seen long before it overflows. A queue delays every packet and
jitter only some, so the quickest packet of each group of packets is what counts. There is no smooth rate to follow, as
pictures come in a few sizes: the link is clear, or suspect, or congested, and only congestion measures it, by what
still arrives. What more it could bear is found out by probes (`rtp.probing`).
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from server.sfu.rtp.echo import Echo

State = Literal["clear", "suspect", "congested"]

START_BPS = 500_000
"""Borne without a proof: a few small pictures and their sound."""
FLOOR_BPS = 30_000
PACKET_OVERHEAD = 44
"""Bytes of IPv4 and UDP headers and SRTP's tag, which a slow link carries too."""

QUEUE_BAD_US, QUEUE_GOOD_US = 45_000, 25_000
LOSS_BAD, LOSS_GOOD = 0.10, 0.02
GROUP_PACKETS, GROUP_US_MAX = 12, 300_000
AGREE = 2
"""Groups in a row that must agree."""
RATE_WINDOW_US, LOSS_WINDOW_US = 600_000, 2_000_000
LOSS_HEAVY = 0.30
"""More than this is lost by what is too narrow, whatever else a way does."""
LOSS_PACKETS_MIN = 20
LOSES_AFTER_US = 1_500_000
"""Loss is a matter of bandwidth when it lasts; a burst is not."""
BASE_WINDOW_US = 15_000_000
"""The delay of an empty link is the smallest of the last one or two of these."""
DOUBT_US = 1_500_000
"""If trouble is the same this long after a cut, it was not ours: the way got longer, or it just loses packets."""
CUT_AGAIN_US = 1_000_000, 2_000_000
"""Another cut comes so long after one if the queue went on growing, if it did not."""
HOLD_US = 10_000_000
"""Nothing grows for this long after it had to shrink."""
OUTAGE_US = 1_000_000
"""After so long without feedback what was lost says nothing about bandwidth."""
CONGESTED_SHARE, CLEAR_SHARE = 0.75, 0.95


class Downlink:
    """The bandwidth towards one viewer. `capacity_bps` None: no limit was ever met, or there is nothing to tell.

    `loss` (0..1) is what is lost of late; `round_trip_us` is that of the viewer's receiver reports.
    """

    def __init__(self) -> None:
        self.capacity_bps: int | None = None
        self.state: State = "clear"
        self.loss = 0.0
        self.round_trip_us = 100_000
        self._round_trip_now_us = self._least_round_trip_us = 100_000
        self.held_until_us = 0
        self.grace_until_us = 0
        """Until then a queue is a probe's own doing: a warning, but no measure of what is borne."""
        self.is_fed = False
        """Whether transport-wide feedback comes."""
        self.was_congested = False
        """Whether `capacity_bps` was measured, by congestion or by the viewer; before that it is only presumed."""
        self._echo_at_us = 0
        self._recent: deque[Echo] = deque()
        self._recent_lost = self._recent_arrived = 0
        self._group_packets = self._group_begun_us = self._group_delay_us = 0
        """What came since the last judgement: packets, since when, and the delay of the quickest."""
        self._base_us: int | None = None
        self._base_next_us = 0
        self._base_since_us = 0
        self._queue_us = 0
        self._bad = self._good = 0
        self._cut_at_us = -CUT_AGAIN_US[1]
        self._cut_queue_us = 0
        self._has_drained = True
        """Whether the queue that the last cut was made for is gone."""
        self._cut_loss = 0.0
        self._is_cut_by_loss = False
        """Whether the last cut was made for loss alone, and nothing proves yet that less traffic heals it."""
        self._uncut: tuple[int, bool] = 0, False
        """What was borne before it, and whether that had been measured."""
        self._loses_since_us: int | None = None
        self._loss_of_its_own = 0.0
        self._reports_bad = 0
        self._quiet_since_us: int | None = None

    @property
    def budget_bps(self) -> int | None:
        """What may be sent, all told; None: anything."""
        if self.capacity_bps is None:
            return None
        if not self.was_congested:
            return self.capacity_bps  # All of it did arrive, and there may be more.
        return int(self.capacity_bps * (CONGESTED_SHARE if self.state == "congested" else CLEAR_SHARE))

    @property
    def may_pause(self) -> bool:
        """Whether what is borne is known so well that pictures may be left out for it: what a way loses of itself is no
        reason."""
        return self.was_congested and not self._is_cut_by_loss

    @property
    def has_queue(self) -> bool:
        """Whether packets waited when it was looked at last."""
        return self._queue_us > QUEUE_BAD_US

    def may_rise(self, now_us: int) -> bool:
        return self.state == "clear" and now_us >= self.held_until_us

    @property
    def usual_us(self) -> int | None:
        """Feedback about packets none of which is lost, and the quickest of which took no longer than this, says
        nothing new; None while all of it is worth a look."""
        if self.state != "clear" or self._bad or not self._has_drained or self._base_us is None:
            return None
        return self._base_us + QUEUE_GOOD_US

    def is_silent(self, now_us: int) -> bool:
        """Whether feedback that should come does not."""
        return self.is_fed and now_us - self._echo_at_us > OUTAGE_US

    def expect(self) -> None:
        """Transport-wide feedback will come: until it does no more is sent than to begin with."""
        if self.capacity_bps is None:
            self.capacity_bps = START_BPS

    def proved(self, bps: int) -> None:
        """So much arrived in good time."""
        if self.capacity_bps is not None and bps > self.capacity_bps:
            self.capacity_bps = bps

    def hope(self) -> None:
        """Nothing is left to probe with: believe in a little more, until a picture is tried again."""
        if self.capacity_bps is not None:
            self.capacity_bps += self.capacity_bps // 20

    def moved(self) -> None:
        """The viewer is on another network: what is known of delays is void."""
        self._forget()
        self._base_us = None
        self._least_round_trip_us = self._round_trip_now_us
        self.state = "clear"
        self.held_until_us = 0

    # ------------------------------------------------------------------ transport-wide feedback

    def echoed(self, echo: Echo, now_us: int) -> None:
        """Take one feedback."""
        if not self.is_fed:
            self.is_fed = True
            self.capacity_bps = START_BPS
        elif now_us - self._echo_at_us > OUTAGE_US:
            self._forget()
        else:
            self._recent.append(echo)
            self._recent_lost += echo.lost
            self._recent_arrived += echo.arrived
        self._echo_at_us = now_us
        while self._recent and echo.ended_us - self._recent[0].ended_us > LOSS_WINDOW_US:
            old = self._recent.popleft()
            self._recent_lost -= old.lost
            self._recent_arrived -= old.arrived
        if not self._group_packets:
            self._group_begun_us, self._group_delay_us = echo.begun_us, echo.delay_us
        elif echo.delay_us < self._group_delay_us:
            self._group_delay_us = echo.delay_us
        self._group_packets += echo.arrived
        if self._group_packets >= GROUP_PACKETS or echo.ended_us - self._group_begun_us >= GROUP_US_MAX:
            self._group_packets = 0
            self._judge(self._queue_of(self._group_delay_us, now_us), now_us)

    def arrived_bps(self) -> int:
        """What arrived of late, by the viewer's clock, headers included; 0 when nobody knows."""
        if len(self._recent) < 2:
            return 0
        newest = self._recent[-1].ended_us
        octets, since = 0, newest
        for arrived, _, size, _, since, _, _ in reversed(self._recent):
            if newest - since >= RATE_WINDOW_US:
                break
            octets += size + PACKET_OVERHEAD * arrived
        else:
            first = self._recent[0]
            octets -= first.octets + PACKET_OVERHEAD * first.arrived
        return octets * 8_000_000 // (newest - since) if newest > since else 0

    def _queue_of(self, delay_us: int, now_us: int) -> int:
        if self._base_us is None:
            self._base_us = self._base_next_us = delay_us
            self._base_since_us = now_us
        elif now_us - self._base_since_us > BASE_WINDOW_US:
            self._base_us, self._base_next_us = min(self._base_next_us, delay_us), delay_us
            self._base_since_us = now_us
        self._base_next_us = min(self._base_next_us, delay_us)
        self._base_us = min(self._base_us, delay_us)
        return delay_us - self._base_us

    def _lost(self) -> float | None:
        """The share lost of late; None when there is too little to tell."""
        sent = self._recent_lost + self._recent_arrived
        return self._recent_lost / sent if sent >= LOSS_PACKETS_MIN else None

    def _judge(self, queue_us: int, now_us: int) -> None:
        if not self._has_drained and queue_us < QUEUE_GOOD_US <= self._queue_us:
            # What was lost while it was full says nothing about what is sent now.
            self._has_drained = True
            self._forget_recent()
        known_loss = self._lost()
        loss = self.loss = known_loss or 0.0
        if loss <= LOSS_BAD + self._loss_of_its_own:
            self._loses_since_us = None
        elif self._loses_since_us is None:
            self._loses_since_us = now_us
        loses = self._loses_since_us is not None and now_us - self._loses_since_us >= LOSES_AFTER_US
        if known_loss is not None and loss < self._loss_of_its_own / 2:
            self._loss_of_its_own = loss
        is_bad = loses or (queue_us > QUEUE_BAD_US and queue_us >= self._queue_us - 5_000)
        is_good = queue_us < QUEUE_GOOD_US and known_loss is not None and self._loses_since_us is None
        self._queue_us = queue_us
        self._bad = self._bad + 1 if is_bad else 0
        self._good = self._good + 1 if is_good else 0
        if self.state == "congested":
            if self._good >= AGREE:
                self.state = "clear"
                self._is_cut_by_loss = False
            elif is_bad and now_us - self._cut_at_us >= DOUBT_US and self._is_not_ours(queue_us, loss):
                self.state = "clear"
                self.capacity_bps, self.was_congested = self._uncut
                self._is_cut_by_loss = False
                self.held_until_us = now_us
            elif (
                self._bad >= AGREE and now_us - self._cut_at_us >= CUT_AGAIN_US[queue_us < self._cut_queue_us + 20_000]
            ):
                self._cut(queue_us, loss, now_us)
        elif self._bad >= AGREE and now_us >= self.grace_until_us:
            self._cut(queue_us, loss, now_us)
        else:
            self.state = "suspect" if is_bad else "clear"
        if self.state == "clear" and is_good:
            self.proved(self.arrived_bps())

    def _cut(self, queue_us: int, loss: float, now_us: int) -> None:
        assert self.capacity_bps is not None
        is_by_loss = queue_us <= QUEUE_BAD_US and loss <= LOSS_HEAVY
        arrived_bps = self.arrived_bps() or self.capacity_bps
        if self.state != "congested":
            self._uncut = self.capacity_bps, self.was_congested
            self._is_cut_by_loss = is_by_loss
        else:
            self._is_cut_by_loss = self._is_cut_by_loss and is_by_loss
        self.state = "congested"
        # What was only presumed before says nothing now.
        self.capacity_bps = max(FLOOR_BPS, min(self.capacity_bps, arrived_bps) if self.was_congested else arrived_bps)
        self.was_congested = True
        self._cut_at_us, self._cut_queue_us, self._cut_loss = now_us, queue_us, loss
        self.held_until_us = now_us + HOLD_US
        self._has_drained = False
        self._forget_recent()  # What comes now was sent after the cut, or waited in the queue before it.

    def _is_not_ours(self, queue_us: int, loss: float) -> bool:
        """Whether trouble stayed the same although less is sent since the cut; remembers what is normal now."""
        assert self.capacity_bps is not None
        if self.arrived_bps() > self.capacity_bps * 0.9 and not self._is_cut_by_loss:
            return False  # The cut had no effect yet.
        if loss > LOSS_BAD + self._loss_of_its_own:
            if loss < self._cut_loss * 0.7:
                self._is_cut_by_loss = False
                return False
            self._loss_of_its_own = loss
            return True
        if abs(queue_us - self._cut_queue_us) > max(15_000, self._cut_queue_us // 10):
            return False
        if self._base_us is not None:
            self._base_us += queue_us
            self._base_next_us = self._base_us
        return True

    def _forget_recent(self) -> None:
        self._recent.clear()
        self._recent_lost = self._recent_arrived = 0

    def _forget(self) -> None:
        self._forget_recent()
        self._group_packets = 0
        self._bad = self._good = 0
        self._loses_since_us = None

    # ------------------------------------------------------------------ where that is missing

    def reported(self, loss: float, sending_bps: int, now_us: int) -> None:
        """Take the loss (0..1) that a receiver report tells, and what is being sent."""
        if self.is_fed:
            return
        self.loss = loss
        if loss > LOSS_BAD:
            self._reports_bad += 1
            self._quiet_since_us = None
            if self._reports_bad >= AGREE:
                self._reports_bad = 0
                self.was_congested = True
                self.capacity_bps = max(FLOOR_BPS, int(min(self.capacity_bps or sending_bps, sending_bps) * (1 - loss)))
                self.held_until_us = now_us + HOLD_US
            return
        self._reports_bad = 0
        if loss > LOSS_GOOD:
            self._quiet_since_us = None
        elif self._quiet_since_us is None:
            self._quiet_since_us = now_us
        elif now_us - self._quiet_since_us >= HOLD_US and self.capacity_bps is not None:
            # Quiet for long: try half as much again.
            self._quiet_since_us = now_us
            self.capacity_bps = self.capacity_bps * 3 // 2

    def told(self, bitrate_bps: int, sending_bps: int, now_us: int) -> None:
        """Take the viewer's own estimate (REMB), and what is being sent. It follows what comes, and falls without a
        reason as well: less is borne only where loss or a queue says so too, and not at once as little as it says.
        """
        if self.is_fed:
            return
        self.expect()
        assert self.capacity_bps is not None
        is_in_trouble = self.loss > LOSS_GOOD or self._round_trip_now_us - self._least_round_trip_us > QUEUE_BAD_US
        # A way that got longer is the usual one soon.
        self._least_round_trip_us += (self._round_trip_now_us - self._least_round_trip_us) // 64
        if is_in_trouble:
            self._quiet_since_us = None
        if bitrate_bps >= self.capacity_bps:
            self.capacity_bps = bitrate_bps
        elif is_in_trouble and now_us - self._cut_at_us >= CUT_AGAIN_US[1]:
            borne_bps = int(min(self.capacity_bps, sending_bps) * CONGESTED_SHARE)
            self.capacity_bps = max(FLOOR_BPS, borne_bps, bitrate_bps)
            self.was_congested = True
            self._cut_at_us = now_us
            self.held_until_us = now_us + HOLD_US

    def round_trip(self, measured_us: int, *, times: int = 1) -> None:
        """Take so many measurements of the way there and back, and what they came to on average."""
        for _ in range(min(times, 8)):
            self.round_trip_us += (min(measured_us, 5_000_000) - self.round_trip_us) // 4
        self._round_trip_now_us = measured_us
        self._least_round_trip_us = min(self._least_round_trip_us, measured_us)
