from __future__ import annotations

from dataclasses import replace
from typing import Any

from server.sfu.rtp.allocation import KEEP_SHARE, RISE_SHARE, Allocation, Want, allocate
from server.sfu.rtp.layers import LayerState
from server.sfu.rtp.rewrite import ALL_TEMPORAL

NOW = 100_000_000
BPS = (100_000, 400_000, 1_000_000)


def want(height: int = 540, *, current: int | None = None, **fields: Any) -> Want:
    layers = [
        LayerState(height=tall, since_us=0, last_us=NOW, bps=bps)
        for tall, bps in zip((135, 270, 540), BPS, strict=True)
    ]
    return Want(height=height, layers=layers, current=current, **fields)


def thin(height: int = 540, *, current: int | None = None, **fields: Any) -> Want:
    """The same with three temporal layers in each."""
    plain = want(height, current=current, **fields)
    return replace(plain, layers=[layer._replace(shares=(0.4, 0.6, 1.0)) for layer in plain.layers])


def share(*wants: Want, budget: int | None, **fields: Any) -> Allocation:
    asked = {"may_rise": True, "may_return": True, "may_shrink": True, "may_pause": True, "lowest_only": False} | fields
    return allocate(wants, budget_bps=budget, now_us=NOW, **asked)


PRESUMED = {"may_shrink": False, "may_pause": False}


def test_without_a_budget_everybody_gets_what_they_wish() -> None:
    got = share(want(540), want(270), want(100), budget=None)
    assert got.layers == (2, 1, 0)
    assert (got.missing, got.next_bps, got.paused) == (0, None, frozenset())
    assert got.wanted_bps == 1_500_000


def test_everybody_gets_a_small_picture_before_anybody_gets_a_larger_one() -> None:
    got = share(want(), want(), want(), budget=700_000)
    assert got.layers == (1, 0, 0)
    assert got.missing == 1
    assert got.next_bps == int(900_000 / RISE_SHARE)


def test_large_tiles_come_first_and_a_shared_screen_before_all() -> None:
    assert share(want(270), want(540), budget=560_000).layers == (0, 1)
    assert share(want(540), want(270, comes_first=True), budget=560_000).layers == (0, 1)


def test_what_does_not_fit_at_all_is_left_out_smallest_first() -> None:
    got = share(want(135), want(540), want(540), budget=150_000)
    assert got.layers == (None, 0, None)
    assert got.paused == {0, 2}
    assert got.missing == 2


def test_before_congestion_was_met_nobody_is_left_out() -> None:
    assert share(want(), want(), budget=50_000, may_pause=False).layers == (0, 0)


def test_before_congestion_was_met_nobody_who_comes_makes_a_picture_smaller_or_slower() -> None:
    assert share(want(current=2), want(current=1), want(), budget=600_000, **PRESUMED).layers == (2, 1, 0)
    assert share(want(current=2), want(current=1), want(), budget=600_000).layers == (1, 0, 0)
    assert share(thin(current=0), thin(), budget=100_000, **PRESUMED).paces == (ALL_TEMPORAL, 0)
    assert share(thin(current=0), thin(), budget=100_000).paces == (0, 0)


def test_what_a_way_loses_of_itself_makes_pictures_smaller_and_leaves_nobody_out() -> None:
    assert share(want(current=2), want(current=1), want(), budget=50_000, may_pause=False).layers == (0, 0, 0)


def test_what_is_shown_may_breathe_and_what_is_new_must_fit_with_room_to_spare() -> None:
    edge = 400_000
    assert share(want(current=1), budget=int(edge / KEEP_SHARE) + 1).layers == (1,)
    assert share(want(current=1), budget=int(edge / KEEP_SHARE) - 1).layers == (0,)
    assert share(want(current=0), budget=int(edge / RISE_SHARE) + 1).layers == (1,)
    assert share(want(current=0), budget=int(edge / RISE_SHARE) - 1).layers == (0,)


def test_while_nothing_may_rise_nothing_does_but_newcomers_are_shown() -> None:
    plenty = 10_000_000
    got = share(want(current=0), want(current=2), want(), budget=plenty, may_rise=False)
    assert got.layers == (0, 2, 0)
    assert got.missing == 1
    assert share(want(was_paused=True), budget=plenty, may_rise=False).layers == (0,)
    assert share(want(was_paused=True), budget=plenty, may_return=False).layers == (None,)


def test_little_data_means_the_smallest_whatever_is_wished() -> None:
    got = share(want(current=2), budget=None, lowest_only=True)
    assert got.layers == (0,)
    assert got.missing == 0


def test_a_source_that_sends_nothing_is_neither_shown_nor_missing() -> None:
    dead = Want(height=540, layers=[LayerState(height=540, since_us=0, last_us=0, bps=0)], current=None)
    got = share(dead, want(100), budget=500_000)
    assert got.layers == (None, 0)
    assert got.missing == 0


def test_fewer_pictures_come_before_smaller_ones() -> None:
    seen = [share(thin(), budget=budget) for budget in (30_000, 50_000, 130_000, 280_000, 500_000, 700_000, 1_200_000)]
    assert [(got.layers[0], got.paces[0]) for got in seen] == [
        (None, ALL_TEMPORAL),
        (0, 0),
        (0, ALL_TEMPORAL),
        (1, 1),
        (1, ALL_TEMPORAL),
        (2, 1),
        (2, ALL_TEMPORAL),
    ]
    assert [got.missing for got in seen] == [2, 1, 1, 1, 1, 1, 0]


def test_everybody_gets_few_pictures_before_anybody_gets_all() -> None:
    got = share(thin(), thin(), budget=150_000)
    assert (got.layers, got.paces) == ((0, 0), (0, 0))


def test_what_a_viewer_can_do_without_is_not_missing() -> None:
    for spare, pace in ((1, 1), (2, 0), (3, 0)):
        got = share(thin(135, spare=spare), budget=None)
        assert (got.layers, got.paces, got.missing) == ((0,), (pace,), 0)
    assert share(thin(135, spare=1), budget=None).wanted_bps == 60_000
    assert share(want(135, spare=1), budget=None).wanted_bps == 100_000, "without temporal layers there is but all"


def test_pictures_that_were_left_out_come_back_only_when_something_may_rise() -> None:
    held = share(thin(current=0, paced=0), budget=5_000_000, may_rise=False)
    assert (held.layers, held.paces) == ((0,), (0,))
