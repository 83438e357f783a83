from __future__ import annotations

import itertools

from server.sfu.rtp.nack import FIRST_WAIT_US, MISSING_MAX, TRIES_MAX, Missing

RTT = 50_000


def test_a_gap_is_asked_for_after_a_moment() -> None:
    missing = Missing()
    missing.arrived(10, 0)
    missing.arrived(13, 0)
    assert missing.due(FIRST_WAIT_US - 1, RTT) == []
    assert missing.due(FIRST_WAIT_US, RTT) == [11, 12]


def test_what_was_only_out_of_order_is_never_asked_for() -> None:
    missing = Missing()
    missing.arrived(10, 0)
    missing.arrived(12, 0)
    missing.arrived(11, 5_000)
    assert missing.due(1_000_000, RTT) == []


def test_asking_goes_on_ever_slower_and_then_stops() -> None:
    missing = Missing()
    missing.arrived(1, 0)
    missing.arrived(3, 0)
    asked = [now for now in range(0, 10_000_000, 1_000) if missing.due(now, RTT)]
    waits = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert len(asked) == TRIES_MAX
    assert waits == sorted(waits)
    assert len(missing) == 0


def test_a_keyframe_ends_the_wait_for_what_came_before_it() -> None:
    missing = Missing()
    missing.arrived(1, 0)
    missing.arrived(5, 0)
    missing.forget_before(4)
    assert missing.due(1_000_000, RTT) == [4]


def test_too_big_a_hole_asks_for_a_keyframe_instead() -> None:
    missing = Missing()
    missing.arrived(1, 0)
    missing.arrived(MISSING_MAX + 3, 0)
    assert missing.overflows == 1
    assert missing.due(1_000_000, RTT) == []
