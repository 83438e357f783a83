from __future__ import annotations

import struct

from server.sfu.rtp.twcc import SPAN_MAX, Arrivals
from tests.unit.sfu.feedback import read_feedback


def test_nothing_arrived_means_nothing_to_say() -> None:
    assert Arrivals().feedback(ssrc=1, media=2) is None


def test_arrivals_are_told_to_a_quarter_of_a_millisecond() -> None:
    arrivals = Arrivals()
    times = {10: 1_000_000, 11: 1_000_300, 13: 1_090_000, 12: 1_100_000}
    for number, at in times.items():
        arrivals.arrived(number, at)
    data = arrivals.feedback(ssrc=1, media=2)
    assert data is not None
    first, told = read_feedback(data)
    assert first == 10
    assert [abs(at - times[10 + index]) < 250 for index, at in enumerate(told) if at is not None] == [True] * 4


def test_the_next_feedback_goes_on_where_the_last_one_stopped() -> None:
    arrivals = Arrivals()
    arrivals.arrived(65_534, 0)
    arrivals.feedback(ssrc=1, media=2)
    arrivals.arrived(1, 5_000)
    data = arrivals.feedback(ssrc=1, media=2)
    assert data is not None
    first, told = read_feedback(data)
    assert first == 65_535
    assert [at is None for at in told] == [True, True, False]


def test_each_feedback_has_its_own_count() -> None:
    arrivals = Arrivals()
    counts = []
    for number in range(300):
        arrivals.arrived(number, number * 1_000)
        data = arrivals.feedback(ssrc=1, media=2)
        assert data is not None
        counts.append(struct.unpack_from("!I", data, 16)[0] & 0xFF)
    assert counts == [n % 256 for n in range(300)]


def test_a_jump_far_ahead_starts_anew_and_stays_small() -> None:
    arrivals = Arrivals()
    arrivals.arrived(0, 0)
    arrivals.feedback(ssrc=1, media=2)
    arrivals.arrived(30_000, 1)
    data = arrivals.feedback(ssrc=1, media=2)
    assert data is not None
    assert read_feedback(data)[0] == 30_000
    assert len(data) < 40
    assert SPAN_MAX < 30_000


def test_what_is_eight_seconds_apart_is_told_in_two_packets() -> None:
    arrivals = Arrivals()
    arrivals.arrived(1, 0)
    arrivals.arrived(2, 20_000_000)
    first, second = arrivals.feedback(ssrc=1, media=2), arrivals.feedback(ssrc=1, media=2)
    assert first is not None
    assert second is not None
    assert read_feedback(first)[0] == 1
    assert read_feedback(second)[0] == 2
    assert arrivals.feedback(ssrc=1, media=2) is None
