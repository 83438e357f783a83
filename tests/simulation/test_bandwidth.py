"""How pictures fit a viewer's link: estimate, probes and layers against a modelled network, in virtual time."""

from __future__ import annotations

import struct

import pytest

from server.sfu.rtp import rtcp
from server.sfu.rtp.allocation import Want, allocate
from server.sfu.rtp.bandwidth import Downlink
from server.sfu.rtp.echo import Echoes
from server.sfu.rtp.layers import LayerState
from server.sfu.rtp.probing import Prober
from server.sfu.rtp.twcc import Arrivals, Feedback
from tests.simulation.link import Link, Time, Weather

LAYERS_BPS = (110_000, 380_000, 1_200_000)
HEIGHTS = (135, 270, 540)
FRAME_US, TICK_US, CHOOSE_US, FEEDBACK_US = 40_000, 20_000, 200_000, 100_000
PACKET = 1_084
SOUND_BPS = 40_000


class Viewing:
    """One viewer of several people in three layers each; everything between sender and screen but the codec."""

    def __init__(self, *, people: int, weather: Weather, height: int = 540, seed: int = 1) -> None:
        self.time = Time()
        self.down = Link(self.time, self._arrives, weather=weather, seed=seed)
        self.up = Link(self.time, self._heard, weather=Weather(), seed=seed + 1)
        self.downlink, self.prober, self.echoes, self.arrivals = Downlink(), Prober(), Echoes(), Arrivals()
        self.height = height
        self.shown: list[int | None] = [None] * people
        self.paused: frozenset[int] = frozenset()
        self.missing = 0
        self.next_bps: int | None = None
        self.wanted_bps = 0
        self.changes: list[tuple[float, tuple[int | None, ...]]] = []
        self.delays_us: list[tuple[float, int]] = []
        self.probed = 0
        self.began_us = self.time.now_us
        self._credit = [0.0] * people
        self.time.every(FRAME_US, self._frame)
        self.time.every(TICK_US, self._tick)
        self.time.every(CHOOSE_US, self._choose)
        self.time.every(FEEDBACK_US, self._feed_back)

    @property
    def seconds(self) -> float:
        return (self.time.now_us - self.began_us) / 1e6

    def sending_bps(self) -> int:
        return SOUND_BPS * len(self.shown) + sum(LAYERS_BPS[layer] for layer in self.shown if layer is not None)

    def run(self, seconds: float) -> None:
        self.time.run(seconds)

    def worst_delay_ms(self, since: float) -> float:
        return max((delay / 1_000 for at, delay in self.delays_us if at >= since), default=0.0)

    def late_changes(self, *, since: float) -> list[tuple[float, tuple[int | None, ...]]]:
        return [change for change in self.changes if change[0] > since]

    def add(self) -> None:
        """Somebody comes."""
        self.shown.append(None)
        self._credit.append(0.0)

    # ------------------------------------------------------------------ the server

    def _send(self, size: int) -> None:
        number = self.echoes.sent(size, self.time.now_us)
        self.down.send(struct.pack("!HQ", number, self.time.now_us) + bytes(size - 10))

    def _frame(self) -> None:
        for person, layer in enumerate(self.shown):
            for _ in range(2):
                self._send(SOUND_BPS * FRAME_US // 2 // 8_000_000)
            if layer is None:
                continue
            self._credit[person] += LAYERS_BPS[layer] * FRAME_US / 8_000_000
            while self._credit[person] > 0:
                size = min(PACKET, max(200, int(self._credit[person])))
                self._credit[person] -= size
                self._send(size)

    def _tick(self) -> None:
        octets = self.prober.step(
            self.downlink,
            next_bps=self.next_bps,
            wanted_bps=self.wanted_bps,
            sending_bps=self.sending_bps(),
            now_us=self.time.now_us,
        )
        self.probed += octets
        while octets > 0:
            self._send(min(PACKET, max(200, octets)))
            octets -= PACKET

    def _choose(self) -> None:
        budget = self.downlink.budget_bps
        now_us = self.time.now_us
        sound = SOUND_BPS * len(self.shown)
        allocation = allocate(
            [
                Want(
                    height=self.height,
                    layers=[
                        LayerState(height=height, since_us=0, last_us=now_us, bps=bps)
                        for height, bps in zip(HEIGHTS, LAYERS_BPS, strict=True)
                    ],
                    current=current,
                    was_paused=index in self.paused,
                )
                for index, current in enumerate(self.shown)
            ],
            budget_bps=None if budget is None else max(0, budget - sound),
            may_rise=self.downlink.may_rise(now_us),
            may_return=self.downlink.state == "clear",
            may_shrink=self.downlink.was_congested,
            may_pause=self.downlink.may_pause,
            lowest_only=False,
            now_us=now_us,
        )
        if list(allocation.layers) != self.shown:
            self.changes.append((self.seconds, allocation.layers))
        self.shown = list(allocation.layers)
        self.paused, self.missing = allocation.paused, allocation.missing
        self.wanted_bps = allocation.wanted_bps + sound
        self.next_bps = None if allocation.next_bps is None else allocation.next_bps + sound

    def _heard(self, data: bytes) -> None:
        for report in rtcp.read(data):
            assert isinstance(report, Feedback)
            echo = self.echoes.fold(report)
            if echo is not None:
                self.downlink.echoed(echo, self.time.now_us)
                self.prober.echoed(echo)

    # ------------------------------------------------------------------ the viewer

    def _arrives(self, data: bytes) -> None:
        number, sent_us = struct.unpack_from("!HQ", data)
        self.arrivals.arrived(number, self.time.now_us)
        self.delays_us.append((self.seconds, self.time.now_us - sent_us))

    def _feed_back(self) -> None:
        data = self.arrivals.feedback(ssrc=1, media=2)
        if data is not None:
            self.up.send(data)


SEEDS = range(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_on_a_good_link_everybody_is_seen_at_once_and_large_within_four_seconds(seed: int) -> None:
    viewing = Viewing(people=11, weather=Weather(delay_us=30_000, jitter_us=5_000), seed=seed)
    viewing.run(0.5)
    assert None not in viewing.shown
    viewing.run(3.5)
    assert viewing.shown == [2] * 11
    probed = viewing.probed
    viewing.run(60)
    assert viewing.shown == [2] * 11
    assert viewing.probed == probed, "nothing is missing: nothing is probed"


@pytest.mark.parametrize("seed", SEEDS)
def test_three_hundred_kilobits_carry_sound_and_one_small_picture_without_delay(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(rate_bps=300_000), seed=seed)
    viewing.run(5)
    viewing.run(55)
    assert viewing.shown == [0, None]
    assert viewing.worst_delay_ms(since=5) < 200
    assert viewing.missing == 2
    assert viewing.late_changes(since=5) == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("rate_bps", [600_000, 1_500_000, 4_000_000])
def test_a_narrow_link_is_used_without_being_flooded_and_pictures_keep_still(rate_bps: int, seed: int) -> None:
    viewing = Viewing(people=3, weather=Weather(rate_bps=rate_bps), seed=seed)
    viewing.run(30)
    dropped = viewing.down.dropped
    viewing.run(60)
    assert viewing.down.dropped == dropped, "a probe never overflows the queue"
    assert viewing.sending_bps() > rate_bps * 0.4
    assert None not in viewing.shown
    late = sorted(delay for at, delay in viewing.delays_us if at > 30)
    assert late[len(late) * 99 // 100] < 200_000
    assert len(viewing.late_changes(since=30)) <= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_down_is_followed_within_two_seconds_and_a_step_up_is_found(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(rate_bps=4_000_000), seed=seed)
    viewing.run(20)
    assert viewing.shown == [2, 2]
    viewing.down.weather.rate_bps = 600_000
    viewing.run(2)
    assert viewing.sending_bps() <= 600_000
    viewing.run(28)
    assert viewing.worst_delay_ms(since=25) < 200
    viewing.down.weather.rate_bps = 4_000_000
    viewing.run(90)
    assert viewing.shown == [2, 2]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "weather",
    [
        Weather(loss=0.05, jitter_us=60_000),
        Weather(loss=0.02, jitter_us=120_000, copies=0.05),
        Weather(burst_begins=0.01, burst_ends=0.2),
    ],
    ids=["five per cent and jitter", "much jitter and copies", "bursts"],
)
def test_loss_and_jitter_are_not_taken_for_a_narrow_link(weather: Weather, seed: int) -> None:
    viewing = Viewing(people=2, weather=weather, seed=seed)
    viewing.run(20)
    assert viewing.shown == [2, 2]
    viewing.run(60)
    assert viewing.shown == [2, 2]
    assert viewing.late_changes(since=20) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_lasting_loss_that_less_traffic_does_not_heal_costs_the_picture_no_longer(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(loss=0.18), seed=seed)
    viewing.run(60)
    assert min(layer if layer is not None else -1 for layer in viewing.shown) >= 1
    assert all(layers.count(None) == 0 for _, layers in viewing.changes)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_policer_that_drops_without_a_queue_is_obeyed(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(rate_bps=800_000, queue_us=15_000), seed=seed)
    viewing.run(30)
    before = viewing.down.sent, viewing.down.dropped
    viewing.run(60)
    sent, dropped = viewing.down.sent - before[0], viewing.down.dropped - before[1]
    assert dropped / sent < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_a_longer_way_is_understood_within_three_seconds(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(delay_us=10_000), seed=seed)
    viewing.run(10)
    viewing.down.weather.delay_us = 200_000
    viewing.run(4)
    assert viewing.shown == [2, 2]
    viewing.run(30)
    assert viewing.late_changes(since=14) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_after_an_outage_it_goes_on_as_before(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(), seed=seed)
    viewing.run(10)
    probed = viewing.probed
    viewing.down.weather.is_cut = True
    viewing.run(10)
    viewing.down.weather.is_cut = False
    viewing.run(10)
    assert viewing.late_changes(since=9) == []
    assert viewing.probed == probed


@pytest.mark.parametrize("seed", SEEDS)
def test_a_newcomer_has_a_place_on_a_link_that_is_known_to_be_narrow(seed: int) -> None:
    viewing = Viewing(people=2, weather=Weather(rate_bps=1_000_000), seed=seed)
    viewing.run(30)
    viewing.add()
    viewing.run(1)
    assert None not in viewing.shown
