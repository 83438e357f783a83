from __future__ import annotations

from server.sfu.rtp.keyframe import PAUSE_US, KeyframeGate


def test_many_who_ask_are_heard_once() -> None:
    gate = KeyframeGate()
    for _ in range(50):
        gate.ask()
    assert [gate.due(now) for now in (0, 1_000, PAUSE_US - 1)] == [True, False, False]


def test_asking_is_repeated_until_a_keyframe_came() -> None:
    gate = KeyframeGate()
    gate.ask()
    asked = [now for now in range(0, 3_000_000, 20_000) if gate.due(now)]
    assert len(asked) == 3_000_000 // PAUSE_US
    gate.came()
    assert not any(gate.due(now) for now in range(3_000_000, 6_000_000, 20_000))


def test_a_request_right_after_a_keyframe_waits_and_is_not_forgotten() -> None:
    gate = KeyframeGate()
    gate.ask()
    assert gate.due(0)
    gate.came()
    gate.ask()
    assert not gate.due(PAUSE_US - 1)
    assert gate.due(PAUSE_US)


def test_who_can_wait_waits_unless_somebody_cannot() -> None:
    gate = KeyframeGate()
    gate.ask(50_000)
    gate.ask(80_000)
    assert not gate.due(49_999)
    assert gate.due(50_000)
    gate.came()
    gate.ask(9_000_000)
    assert not gate.due(2_000_000)
    gate.ask()
    assert gate.due(2_000_000)
