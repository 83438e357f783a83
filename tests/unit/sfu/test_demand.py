from __future__ import annotations

from server.sfu.rtp.demand import HOLD_US, Demand

NOW = 7_000_000


def test_everything_is_sent_at_first_and_less_once_nobody_watched_it_for_a_while() -> None:
    demand = Demand(3)
    assert demand.layers == 3
    assert not demand.watched(1, NOW)
    assert not demand.watched(1, NOW + HOLD_US - 1)
    assert demand.watched(1, NOW + HOLD_US)
    assert demand.layers == 1


def test_what_is_watched_again_is_wanted_at_once() -> None:
    demand = Demand(3)
    demand.watched(1, NOW)
    demand.watched(1, NOW + HOLD_US)
    assert demand.watched(2, NOW + HOLD_US)
    assert demand.layers == 2
    assert not demand.watched(2, NOW + HOLD_US + 1)


def test_a_glance_in_between_begins_the_wait_anew() -> None:
    demand = Demand(2)
    demand.watched(1, NOW)
    assert not demand.watched(2, NOW + HOLD_US - 1)
    assert not demand.watched(1, NOW + HOLD_US)
    assert not demand.watched(1, NOW + 2 * HOLD_US - 1)
    assert demand.watched(1, NOW + 2 * HOLD_US)


def test_the_smallest_is_always_sent_and_no_more_than_there_are() -> None:
    demand = Demand(2)
    demand.watched(0, NOW)
    demand.watched(0, NOW + HOLD_US)
    assert demand.layers == 1
    demand.watched(9, NOW + HOLD_US)
    assert demand.layers == 2
