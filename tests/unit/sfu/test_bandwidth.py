from __future__ import annotations

import pytest

from server.sfu.rtp.bandwidth import CLEAR_SHARE, FLOOR_BPS, HOLD_US, QUEUE_GOOD_US, START_BPS, Downlink
from server.sfu.rtp.echo import Echo

STEP_US = 100_000


def feed(downlink: Downlink, *delays_ms: int, start_us: int = 10_000_000, lost: int = 0, octets: int = 5_000) -> int:
    """A feedback of 20 packets each 100 ms; the moment after the last."""
    now_us = start_us
    for delay_ms in delays_ms:
        now_us += STEP_US
        downlink.echoed(
            Echo(
                arrived=20 - lost,
                lost=lost,
                octets=octets,
                begun_us=now_us - STEP_US // 2,
                ended_us=now_us,
                sent_us=now_us - delay_ms * 1_000,
                delay_us=delay_ms * 1_000,
            ),
            now_us,
        )
    return now_us


def test_before_any_feedback_there_is_no_limit_and_with_it_a_careful_beginning() -> None:
    downlink = Downlink()
    assert downlink.budget_bps is None
    feed(downlink, 20)
    assert downlink.capacity_bps == START_BPS
    assert not downlink.was_congested


def test_one_slow_group_is_a_warning_and_two_that_grow_are_congestion() -> None:
    downlink = Downlink()
    now_us = feed(downlink, 20, 20, 20, 20, 20, 20, 20)
    now_us = feed(downlink, 90, start_us=now_us)
    assert downlink.state == "suspect"
    assert not downlink.may_rise(now_us)
    now_us = feed(downlink, 130, start_us=now_us)
    assert downlink.state == "congested"
    assert downlink.capacity_bps is not None
    assert abs(downlink.capacity_bps - (5_000 + 20 * 44) * 80) < 10_000
    now_us = feed(downlink, 60, 30, 20, 20, 20, start_us=now_us)
    assert downlink.state == "clear"
    assert not downlink.may_rise(now_us)
    assert downlink.may_rise(now_us + HOLD_US)


def test_only_a_clear_link_has_delays_that_are_usual() -> None:
    downlink = Downlink()
    assert downlink.usual_us is None, "nothing is known of its delays"
    now_us = feed(downlink, 30, 20, 24)
    assert downlink.usual_us == 20_000 + QUEUE_GOOD_US
    now_us = feed(downlink, 90, start_us=now_us)
    assert downlink.usual_us is None, "something may be wrong"
    now_us = feed(downlink, 130, 150, start_us=now_us)
    assert downlink.usual_us is None, "it is congested"
    feed(downlink, 60, 20, 20, 20, 20, start_us=now_us)
    assert downlink.usual_us == 20_000 + QUEUE_GOOD_US
    downlink.moved()
    assert downlink.usual_us is None, "it is another network"


def test_all_that_arrived_is_borne_until_congestion_was_met() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 12, octets=50_000)
    assert downlink.capacity_bps is not None
    assert downlink.budget_bps == downlink.capacity_bps > 3_000_000
    feed(downlink, 90, 130, 20, 20, 20, start_us=now_us)
    assert downlink.budget_bps == int(downlink.capacity_bps * CLEAR_SHARE)


def test_a_queue_that_drains_is_no_congestion() -> None:
    downlink = Downlink()
    feed(downlink, 20, 20, 20, 200, 150, 100, 60, 20)
    assert downlink.state == "clear"


def test_loss_that_lasts_is_congestion_and_a_burst_is_not() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 20)
    now_us = feed(downlink, *[20] * 3, start_us=now_us, lost=10)
    now_us = feed(downlink, *[20] * 30, start_us=now_us)
    assert not downlink.was_congested
    feed(downlink, *[20] * 25, start_us=now_us, lost=6)
    assert downlink.was_congested


def test_what_arrives_in_good_time_is_believed() -> None:
    downlink = Downlink()
    feed(downlink, *[20] * 10, octets=25_000)
    assert downlink.capacity_bps is not None
    assert downlink.capacity_bps > 1_900_000


def test_after_silence_nothing_before_counts() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 10, lost=10)
    feed(downlink, *[20] * 5, start_us=now_us + 5_000_000)
    assert downlink.loss == 0
    assert downlink.state == "clear"


def test_lasting_loss_in_reports_takes_bandwidth_and_quiet_gives_some_back() -> None:
    downlink = Downlink()
    downlink.reported(0.2, 1_000_000, 0)
    assert downlink.budget_bps is None
    downlink.reported(0.2, 1_000_000, 1_000_000)
    assert downlink.capacity_bps == 800_000
    for second in range(2, 14):
        downlink.reported(0.0, 500_000, second * 1_000_000)
    assert downlink.capacity_bps == 1_200_000


def test_a_bandwidth_message_raises_what_is_presumed_and_falls_for_no_reason_unheeded() -> None:
    downlink = Downlink()
    downlink.told(100_000, 150_000, 0)
    assert downlink.capacity_bps == START_BPS, "it follows what is sent, and that is little at first"
    downlink.told(2_000_000, 150_000, 1)
    assert downlink.capacity_bps == 2_000_000
    for second in range(2, 100):
        downlink.round_trip(20_000)
        downlink.told(30_000, 150_000, second * 1_000_000)
    assert downlink.capacity_bps == 2_000_000
    assert not downlink.may_pause


@pytest.mark.parametrize("trouble", ["a queue", "loss"])
def test_a_bandwidth_message_is_a_limit_where_loss_or_a_queue_says_the_same(trouble: str) -> None:
    downlink = Downlink()
    downlink.round_trip(20_000, times=8)
    downlink.told(2_000_000, 1_000_000, 0)
    if trouble == "loss":
        downlink.reported(0.04, 1_000_000, 1)
    else:
        downlink.round_trip(300_000)
    downlink.told(800_000, 1_000_000, 1)
    assert downlink.capacity_bps == 800_000
    assert downlink.may_pause and not downlink.may_rise(2)
    downlink.told(100_000, 700_000, 1_000_000)
    assert downlink.capacity_bps == 800_000, "what was sent before that is still on its way"
    downlink.told(100_000, 700_000, 2_000_001)
    assert downlink.capacity_bps == 525_000, "three quarters of what is sent at a time"
    for second in range(4, 90, 2):
        downlink.told(0, downlink.capacity_bps, second * 1_000_000 + 1)
    assert downlink.capacity_bps == FLOOR_BPS


def test_a_longer_way_makes_bandwidth_messages_no_limit_for_long() -> None:
    downlink = Downlink()
    downlink.round_trip(20_000, times=8)
    for second in range(60):
        downlink.round_trip(220_000)
        for _ in range(4):
            downlink.told(2_000_000, 1_000_000, second * 1_000_000)
    downlink.told(100_000, 1_000_000, 60_000_000)
    assert downlink.capacity_bps == 2_000_000


def test_feedback_is_better_than_reports_and_messages() -> None:
    downlink = Downlink()
    feed(downlink, 20)
    downlink.told(1, 1_000_000, 0)
    for second in range(5):
        downlink.reported(0.5, 1_000_000, second)
    assert downlink.capacity_bps == START_BPS


def test_on_another_network_delays_begin_anew() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 10)
    downlink.moved()
    feed(downlink, *[220] * 10, start_us=now_us)
    assert not downlink.was_congested


def test_what_a_way_loses_of_itself_is_no_measure_and_leaves_nobody_out() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 20, lost=4)
    assert downlink.state == "congested"
    assert downlink.was_congested
    assert not downlink.may_pause, "less traffic may not heal it"
    feed(downlink, *[20] * 40, start_us=now_us, lost=4)
    assert downlink.state == "clear"
    assert not downlink.was_congested
    assert downlink.capacity_bps is not None
    assert downlink.capacity_bps >= START_BPS


def test_loss_that_less_traffic_heals_was_congestion() -> None:
    downlink = Downlink()
    now_us = feed(downlink, *[20] * 20, lost=4)
    feed(downlink, *[20] * 20, start_us=now_us)
    assert downlink.state == "clear"
    assert downlink.may_pause


def test_more_loss_than_any_way_has_of_itself_is_congestion() -> None:
    downlink = Downlink()
    feed(downlink, *[20] * 20, lost=8)
    assert downlink.may_pause


def test_before_congestion_was_met_it_measures_more_than_was_presumed() -> None:
    downlink = Downlink()
    feed(downlink, *[20] * 20, lost=4, octets=20_000)
    assert downlink.state == "congested"
    assert downlink.capacity_bps is not None
    assert downlink.capacity_bps > START_BPS
