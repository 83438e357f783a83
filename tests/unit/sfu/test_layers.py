from __future__ import annotations

from server.sfu.rtp.layers import SILENT_US, Bitrate, LayerState, Shares, flowing, ideal, needed, nominal_height

NOW = 100_000_000


def layer(height: int, *, since: int = 0, last: int = NOW) -> LayerState:
    return LayerState(height=height, since_us=since, last_us=last)


def pick(*layers: LayerState, wish: int, current: int | None = None) -> int | None:
    return ideal(layers, wished_height=wish, current=current, now_us=NOW)


def test_the_smallest_layer_that_is_big_enough_is_shown() -> None:
    layers = layer(180), layer(360), layer(720)
    assert pick(*layers, wish=90) == 0
    assert pick(*layers, wish=240) == 0  # three quarters will do
    assert pick(*layers, wish=241) == 1
    assert pick(*layers, wish=2_000) == 2


def test_a_layer_that_does_not_flow_is_never_shown() -> None:
    dead = layer(360, last=NOW - SILENT_US - 1)
    assert pick(layer(180), dead, wish=360) == 0
    assert pick(dead, layer(720), wish=90) == 1
    assert pick(dead, wish=360) is None
    assert flowing((dead, layer(180), dead), NOW) == [1]


def test_a_layer_that_its_sender_gave_up_does_not_flow_though_it_came_a_moment_ago() -> None:
    assert pick(layer(180), layer(360)._replace(is_given_up=True), wish=360, current=1) == 0


def test_a_layer_that_has_just_begun_is_no_reason_to_climb() -> None:
    young = layer(360, since=NOW - 10_000)
    assert pick(layer(180), young, wish=360) == 0
    assert pick(layer(180), young, wish=360, current=1) == 1
    assert pick(young, wish=360) == 0


def test_a_layer_that_was_asked_for_is_waited_for() -> None:
    asleep = LayerState(height=360, since_us=0, last_us=0, is_waking=True)
    assert pick(layer(180), asleep, wish=360) == 1
    assert pick(layer(180), asleep, wish=180) == 0
    assert not asleep.flows(NOW)


def test_a_sender_need_send_no_more_than_is_big_enough() -> None:
    assert [needed((135, 270, 540), wish) for wish in (0, 90, 180, 181, 360, 361, 2_000)] == [1, 1, 1, 2, 2, 3, 3]
    assert needed((0, 0), 90) == 2


def test_layers_of_unknown_height_do_not_count_as_big_enough() -> None:
    assert pick(layer(0), layer(0), wish=90) == 1


def test_hidden_heights_are_presumed_from_the_largest_down() -> None:
    assert [nominal_height(index, 3) for index in range(3)] == [135, 270, 540]
    assert nominal_height(0, 1) == 540


def test_a_bitrate_counts_headers_and_rises_at_once() -> None:
    bitrate = Bitrate()
    for step in range(11):
        bitrate.counted(step * 2_500, step * 5, step * 200_000)
    assert bitrate.bps == (12_500 + 25 * 64) * 8
    bitrate.counted(25_000 + 10 * 12_500, 50, 2_200_000)
    assert bitrate.bps > 500_000


def test_a_bitrate_after_a_pause_is_not_that_of_the_pause() -> None:
    bitrate = Bitrate()
    for now_us in (0, 200_000, 400_000, 60_000_000):
        bitrate.counted(now_us // 100, 0, now_us)
    assert bitrate.bps == 80_000


def test_the_shares_of_temporal_layers_are_those_of_late() -> None:
    shares = Shares()
    assert shares.cumulative == (1.0,)
    for look in range(20):
        shares.counted([look * 400, look * 200, look * 400, 0])
    assert [round(share, 2) for share in shares.cumulative] == [0.4, 0.6, 1.0]
    for look in range(60):
        shares.counted([8_000 + look * 1_000, 3_800, 7_600, 0])
    assert shares.cumulative == (1.0,), "the sender has none any more"


def test_a_layer_costs_less_without_its_higher_temporal_layers() -> None:
    state = LayerState(height=180, since_us=0, last_us=NOW, bps=100_000, shares=(0.4, 0.6, 1.0))
    assert [state.cost(temporal) for temporal in range(4)] == [40_000, 60_000, 100_000, 100_000]
