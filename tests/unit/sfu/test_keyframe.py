from __future__ import annotations

import itertools

from server.sfu.rtp.keyframe import ANSWER_MIN_US, PAUSE_US, KeyframeGate

ROUND_TRIP_US = 40_000


def test_many_who_ask_are_heard_once() -> None:
    gate = KeyframeGate()
    for _ in range(50):
        gate.ask()
    assert [gate.due(now, ROUND_TRIP_US) for now in (0, 1_000, ANSWER_MIN_US - 1)] == [True, False, False]


def test_asking_is_repeated_until_a_keyframe_came() -> None:
    gate = KeyframeGate()
    gate.ask()
    asked = [now for now in range(0, 3_000_000, 20_000) if gate.due(now, ROUND_TRIP_US)]
    assert asked[:3] == [0, ANSWER_MIN_US, 3 * ANSWER_MIN_US], "the first may just be lost"
    assert {later - earlier for earlier, later in itertools.pairwise(asked[2:])} == {PAUSE_US}
    gate.came()
    assert not any(gate.due(now, ROUND_TRIP_US) for now in range(3_000_000, 6_000_000, 20_000))


def test_on_a_long_way_an_answer_is_waited_for_longer() -> None:
    gate = KeyframeGate()
    gate.ask()
    assert [now for now in range(0, 900_000, 20_000) if gate.due(now, 160_000)] == [0, 340_000, 840_000]


def test_a_request_right_after_a_keyframe_waits_and_is_not_forgotten() -> None:
    gate = KeyframeGate()
    gate.ask()
    assert gate.due(0, ROUND_TRIP_US)
    gate.came()
    gate.ask()
    assert not gate.due(PAUSE_US - 1, ROUND_TRIP_US)
    assert gate.due(PAUSE_US, ROUND_TRIP_US)


def test_who_can_wait_waits_unless_somebody_cannot() -> None:
    gate = KeyframeGate()
    gate.ask(50_000)
    gate.ask(80_000)
    assert not gate.due(49_999, ROUND_TRIP_US)
    assert gate.due(50_000, ROUND_TRIP_US)
    gate.came()
    gate.ask(9_000_000)
    assert not gate.due(2_000_000, ROUND_TRIP_US)
    gate.ask()
    assert gate.due(2_000_000, ROUND_TRIP_US)
