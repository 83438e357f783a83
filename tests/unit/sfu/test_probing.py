from __future__ import annotations

from server.sfu.rtp.bandwidth import START_BPS, Downlink
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.probing import GROWTH_KNOWN_MAX, GROWTH_MAX, PAUSE_MIN_US, PROBE_US, Prober

NOW, TICK = 10_000_000, 20_000
WANTED = 5_000_000


def echo(now_us: int, octets: int, *, delay_us: int = 20_000) -> Echo:
    """20 packets sent in the last 100 ms."""
    return Echo(
        arrived=20,
        lost=0,
        octets=octets,
        begun_us=now_us - 90_000,
        ended_us=now_us,
        sent_us=now_us - delay_us,
        delay_us=delay_us,
    )


def fed() -> Downlink:
    downlink = Downlink()
    for step in range(10):
        downlink.echoed(echo(NOW - 1_000_000 + step * 100_000, 1_000), NOW - 1_000_000 + step * 100_000)
    return downlink


def step(prober: Prober, downlink: Downlink, now_us: int, *, sending_bps: int = 300_000) -> int:
    return prober.step(downlink, next_bps=900_000, wanted_bps=WANTED, sending_bps=sending_bps, now_us=now_us)


def play(prober: Prober, downlink: Downlink, *, bears_bps: int, slow: bool = False) -> tuple[int, int]:
    """Ticks and feedback until the first probe is over; the bytes sent for it, and its target."""
    sent, target = 0, 0
    for tick in range(1, 50):
        now_us = NOW + tick * TICK
        sent += step(prober, downlink, now_us)
        if target and not prober.target_bps:
            break
        target = prober.target_bps
        if tick % 5 == 0:
            going = min(bears_bps, target if tick * TICK <= PROBE_US + 100_000 else 300_000)
            told = echo(now_us, going * 100_000 // 8_000_000 - 20 * 44, delay_us=20_000 + slow * tick * 8_000)
            downlink.echoed(told, now_us)
            prober.echoed(told)
    return sent, target


def test_nothing_missing_means_no_probe_and_nothing_fed_means_none_either() -> None:
    prober, downlink = Prober(), fed()
    assert prober.step(downlink, next_bps=None, wanted_bps=0, sending_bps=0, now_us=NOW) == 0
    assert prober.target_bps == 0
    step(prober, Downlink(), NOW)
    assert prober.target_bps == 0


def test_a_probe_fills_up_to_its_target_for_a_moment_and_what_arrives_is_believed() -> None:
    prober, downlink = Prober(), fed()
    sent, target = play(prober, downlink, bears_bps=10_000_000)
    assert target == START_BPS * GROWTH_MAX
    assert abs(sent - (target - 300_000) * PROBE_US // 8_000_000) < 3_000
    assert downlink.capacity_bps is not None
    assert downlink.capacity_bps > target * 0.8


def test_a_probe_that_makes_a_queue_stops_at_once_and_the_next_one_is_later_and_smaller() -> None:
    prober, downlink = Prober(), fed()
    sent, target = play(prober, downlink, bears_bps=500_000, slow=True)
    assert sent < (target - 300_000) * PROBE_US // 8_000_000
    assert prober.target_bps == 0
    assert downlink.was_congested
    later = fed()
    later.was_congested = True
    step(prober, later, NOW + PAUSE_MIN_US // 2)
    assert prober.target_bps == 0
    far = NOW + 2 * PAUSE_MIN_US
    later.echoed(echo(far, 1_000), far)
    step(prober, later, far)
    assert prober.target_bps <= (later.capacity_bps or 0) * GROWTH_KNOWN_MAX
    assert prober.target_bps > 0
