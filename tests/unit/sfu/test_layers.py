from __future__ import annotations

from server.sfu.rtp.layers import SILENT_US, LayerState, choose

NOW = 100_000_000


def layer(height: int, *, since: int = 0, last: int = NOW) -> LayerState:
    return LayerState(height=height, since_us=since, last_us=last)


def pick(
    *layers: LayerState, wish: int, lowest: bool = False, highest: int = 2, current: int | None = None
) -> int | None:
    return choose(layers, wished_height=wish, lowest_only=lowest, highest=highest, current=current, now_us=NOW)


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


def test_a_layer_that_has_just_begun_is_no_reason_to_climb() -> None:
    young = layer(360, since=NOW - 10_000)
    assert pick(layer(180), young, wish=360) == 0
    assert pick(layer(180), young, wish=360, current=1) == 1
    assert pick(young, wish=360) == 0


def test_little_data_means_the_lowest_that_flows() -> None:
    assert pick(layer(180), layer(360), wish=360, lowest=True) == 0


def test_a_weak_connection_bears_no_more_than_it_bears() -> None:
    assert pick(layer(180), layer(360), wish=360, highest=0) == 0
    assert pick(layer(180, last=0), layer(360), wish=360, highest=0) == 1


def test_layers_of_unknown_height_do_not_count_as_big_enough() -> None:
    assert pick(layer(0), layer(0), wish=90) == 1
