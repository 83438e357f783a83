"""The server's clocks: server/clock.py."""

from __future__ import annotations

import time

import pytest

from facilitation.timebase import Instant
from server.clock import FakeClock, RoomClock


def test_a_room_clock_agrees_with_the_wall_clock_in_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    now = RoomClock().now()
    assert before - 1 <= now <= time.time_ns() // 1_000_000 + 1


def test_a_room_clock_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RoomClock()
    begin, monotonic_ns = clock.now(), time.monotonic_ns()
    monkeypatch.setattr(time, "monotonic_ns", lambda: monotonic_ns + 5_000_000_000)
    assert 4_990 <= clock.now() - begin <= 5_010


def test_a_step_of_the_system_clock_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = RoomClock()
    begin = clock.now()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert 0 <= clock.now() - begin < 60_000


def test_time_stands_still_until_a_clock_that_was_set_back_has_caught_up(monkeypatch: pytest.MonkeyPatch) -> None:
    last_of_the_log = Instant(time.time_ns() // 1_000_000 + 3_000)
    clock = RoomClock(not_before=last_of_the_log)
    assert clock.now() == last_of_the_log
    monotonic_ns = time.monotonic_ns()
    monkeypatch.setattr(time, "monotonic_ns", lambda: monotonic_ns + 10_000_000_000)
    assert clock.now() > last_of_the_log


def test_a_fake_clock_moves_only_when_told_to_and_never_back() -> None:
    clock = FakeClock(1_000)
    assert clock.now() == clock.now() == 1_000
    assert clock.advance(ms=5, seconds=1.5, minutes=2) == 1_000 + 5 + 1_500 + 120_000
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(ms=-1)
