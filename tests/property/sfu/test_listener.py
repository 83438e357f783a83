"""Feedback that says nothing new is read later, and nobody can tell: as if each had been read when it came."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.echo import UNREAD_MAX, Echo, Echoes, Listener, Pool
from server.sfu.rtp.twcc import Arrivals, read_feedback

USUAL_US = 40_000
rounds = st.lists(
    st.tuples(
        st.one_of(st.integers(1, 60), st.just(900)),  # so many packets are sent, …
        st.sampled_from([0, 0, 0, 0, 0, 3, 7]),  # … of which each so manyth is lost, …
        st.sampled_from([10_000, 10_000, 10_000, 60_000]),  # … on a way so long, …
        st.sampled_from([40_000, 100_000, 100_000, 250_000]),  # … and so much later it is told of, …
        st.sampled_from([1, 1, 1, 1, 2, 0]),  # … so often.
        st.sampled_from([None, None, None, None, None, 0, 200_000, 500_000]),  # Then this is what gathers.
    ),
    min_size=5,
    max_size=40,
)


class Eagerly:
    """The same, with each read when it comes."""

    def __init__(self, pool: Pool) -> None:
        self.echoes, self.pool = Echoes(), pool

    def heard(self, body: bytes, now_us: int) -> Sequence[Echo]:
        echo = self.echoes.fold(read_feedback(body))
        return self.pool.take(echo, now_us) if echo is not None else ()


@settings(max_examples=200, deadline=None)
@given(rounds)
def test_the_same_is_told_at_the_same_time(rounds: list[tuple[int, int, int, int, int, int | None]]) -> None:
    pools = Pool(), Pool()
    later, eagerly = Listener(pools[0]), Eagerly(pools[1])
    base = Echoes()
    arrivals, now_us, wait_us, untold = Arrivals(), 10_000_000, 500_000, 0
    for sent, lost, way_us, told_us, often, gathers_us in rounds:
        for number in range(sent):
            now_us += 500
            name = later.echoes.sent(1_000, now_us)
            assert name == eagerly.echoes.sent(1_000, now_us) == base.sent(1_000, now_us)
            if not lost or number % lost:
                arrivals.arrived(name, now_us + way_us)
        now_us, untold = now_us + told_us, untold + sent
        often = often or untold > UNREAD_MAX // 2  # With far more than these between two, some are forgotten.
        told = arrivals.feedback(ssrc=1, media=2) if often else None
        if told is not None:
            untold = 0
            body = told[4 : len(told) - (told[-1] if told[0] & 0x20 else 0)]
            for _ in range(often):
                assert list(later.heard(body, now_us)) == list(eagerly.heard(body, now_us))
        echo = base.fold(read_feedback(body)) if told is not None else None
        wait_us = wait_us if gathers_us is None else gathers_us
        if echo is not None:
            for pool in pools:
                pool.wait_us, pool.delay_us = wait_us, echo.delay_us + USUAL_US
