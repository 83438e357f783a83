"""Feedback about arrivals says what arrived and when, whatever the order and the gaps."""

from __future__ import annotations

from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import BASE_US, Arrivals
from server.sfu.rtp.twcc import read_feedback as read_back
from tests.unit.sfu.feedback import read_feedback


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 65_535),
    st.lists(
        st.tuples(st.integers(-3, 30), st.sampled_from([0, 100, 700, 5_000, 64_000, 900_000]), st.booleans()),
        min_size=1,
        max_size=120,
    ),
)
def test_every_arrival_is_told_once_and_to_a_quarter_of_a_millisecond(
    start: int, steps: list[tuple[int, int, bool]]
) -> None:
    arrivals = Arrivals()
    numbers = Unwrapper(16)
    number, now_us = start, 0
    arrived: dict[int, list[int]] = {}
    told: dict[int, list[int]] = {}
    previous: list[int] = []

    def take(data: bytes | None) -> bool:
        if data is None:
            return False
        first, times = read_feedback(data)
        ours = read_back(data[4 : len(data) - (data[-1] if data[0] & 0x20 else 0)])
        assert ours.first == first
        assert [None if at is None else ours.base * BASE_US + at for at in ours.arrivals] == times
        if ours.is_plain:
            assert None not in ours.arrivals
            assert list(ours.arrivals) == sorted(cast(tuple[int, ...], ours.arrivals))
        extended = reader.unwrap(first)
        for index, at in enumerate(times):
            reader.unwrap((first + index) & 0xFFFF)
            if at is not None:
                told.setdefault(extended + index, []).append(at)
        return True

    reader = Unwrapper(16)
    reader.unwrap(start)
    numbers.unwrap(start)
    for step, wait_us, flush in steps:
        number += step
        now_us += wait_us
        extended = numbers.unwrap(number & 0xFFFF)
        if extended not in previous:
            arrived.setdefault(extended, []).append(now_us)
            previous.append(extended)
        arrivals.arrived(number & 0xFFFF, now_us)
        if flush:
            take(arrivals.feedback(ssrc=1, media=2))
            previous.clear()
    while take(arrivals.feedback(ssrc=1, media=2)):
        pass
    assert told.keys() == arrived.keys()
    for extended, times in arrived.items():
        assert len(told[extended]) == len(times)
        for at, said in zip(times, told[extended], strict=True):
            assert 0 <= at - said < 250
