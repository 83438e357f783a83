from __future__ import annotations

import struct

import pytest

from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.twcc import SPAN_MAX, Arrivals, Feedback
from server.sfu.rtp.twcc import read_feedback as read
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


@pytest.mark.parametrize("count", [1, 6, 7, 8, 14, 15, 28, 99, 400])
@pytest.mark.parametrize("bits", [0, 1, 2])
def test_that_all_came_may_be_said_by_a_run_or_by_vectors_of_either_kind(count: int, bits: int) -> None:
    each, head = (14 // bits, 0x8000 if bits == 1 else 0xC000) if bits else (count, 0)
    chunks = b""
    for begin in range(0, count, each):
        some = min(each, count - begin)
        chunk = head | sum(1 << 14 - bits * (index + 1) for index in range(some)) if bits else 0x2000 | count
        chunks += struct.pack("!H", chunk)
    body = struct.pack("!IIHHI", 1, 2, 65_530, count, 9 << 8) + chunks
    told = Feedback(65_530, 9, tuple(250 * (index + 1) for index in range(count)), is_plain=True)
    assert read(body + bytes([1]) * count) == read(body + bytes([1]) * count + b"rest") == told
    with pytest.raises(MalformedPacket):
        read(body + bytes([1]) * (count - 1))
