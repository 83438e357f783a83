"""What follows in order is only counted, and nobody can tell: as if all who want to know had been shown each packet."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.coming import Coming
from server.sfu.rtp.nack import Missing
from server.sfu.rtp.reception import Arrived
from server.sfu.rtp.sequence import Seen, Unwrapper, distance

RATE, ROUND_TRIP_US = 90_000, 50_000


class Plainly:
    """The same, with each packet shown to each."""

    def __init__(self) -> None:
        self.numbers, self.seen, self.gaps, self.arrived = Unwrapper(16), Seen(), Missing(), Arrived(RATE)

    def take(self, sequence: int, timestamp: int, now_us: int) -> tuple[int | None, bool]:
        number = self.numbers.unwrap(sequence)
        self.arrived.arrived(number, timestamp, now_us)
        has_news = self.gaps.arrived(number, now_us)
        return (number if self.seen.add(number) else None), has_news

    def take_again(self, sequence: int, now_us: int) -> int | None:
        if self.numbers.highest is None:
            return None
        number = self.numbers.highest + distance(sequence, self.numbers.highest & 0xFFFF, 16)
        if number > self.numbers.highest:
            return None
        self.gaps.arrived(number, now_us)
        return number if self.seen.add(number) else None


steps = st.lists(
    st.tuples(
        st.one_of(st.just(1), st.just(1), st.just(1), st.integers(-40, 40), st.integers(-400, 400)),
        st.sampled_from(["come", "come", "come", "come again", "ask", "report", "look", "forget"]),
    ),
    max_size=200,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 65_535), steps)
def test_it_is_as_if_all_had_seen_each_packet(first: int, moves: list[tuple[int, str]]) -> None:
    coming, plainly = Coming(RATE, repeats=True), Plainly()
    number = now_us = 0
    for step, what in moves:
        now_us += 7_000
        if what == "come":
            number += step
            sequence, timestamp = first + number & 0xFFFF, number * 1_800 & 0xFFFFFFFF
            taken, has_news = plainly.take(sequence, timestamp, now_us)
            assert (coming.take(sequence, timestamp, now_us), coming.has_news) == (taken, has_news)
            coming.has_news = False
        elif what == "come again":
            sequence = first + number + step & 0xFFFF
            assert coming.take_again(sequence, now_us) == plainly.take_again(sequence, now_us)
        elif what == "ask":
            assert coming.due(now_us, ROUND_TRIP_US) == plainly.gaps.due(now_us, ROUND_TRIP_US)
        elif what == "report":
            assert coming.figures() == plainly.arrived.figures()
        elif what == "look" and coming.highest is not None:
            begin = coming.highest - abs(step)
            assert coming.has_all(begin, coming.highest + 1) == plainly.seen.has_all(begin, coming.highest + 1)
        elif what == "forget" and coming.highest is not None:
            coming.forget_before(coming.highest)
            plainly.gaps.forget_before(coming.highest)
        assert coming.highest == plainly.numbers.highest
        assert coming.received == plainly.arrived.received
        assert (coming.missing, coming.overflows) == (len(plainly.gaps), plainly.gaps.overflows)
