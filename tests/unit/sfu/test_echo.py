from __future__ import annotations

import pytest

from server.sfu.rtp.echo import KEPT, PATIENCE_US, Echo, Echoes, Pool
from server.sfu.rtp.twcc import BASE_US, Feedback


def sent(*packets: tuple[int, int]) -> Echoes:
    """What was sent so far: (when, bytes), numbered from 0."""
    echoes = Echoes()
    for at_us, size in packets:
        echoes.sent(size, at_us)
    return echoes


def fold(echoes: Echoes, first: int, *arrivals: int | None, base: int = 100) -> Echo:
    echo = echoes.fold(Feedback(first=first, base=base, arrivals=arrivals))
    assert echo is not None
    return echo


def test_what_arrived_is_counted_with_the_delay_of_the_quickest() -> None:
    echo = fold(sent((1_000, 500), (2_500, 600), (3_000, 700)), 0, 5_000, 6_000, 30_000)
    base_us = (100 + (1 << 24)) * BASE_US
    assert (echo.arrived, echo.octets, echo.lost) == (3, 1_800, 0)
    assert (echo.begun_us, echo.ended_us) == (base_us + 5_000, base_us + 30_000)
    assert echo.delay_us == base_us + 3_500
    assert echo.sent_us == 3_000


def test_a_feedback_that_says_of_itself_that_all_came_in_order_is_folded_alike() -> None:
    packets = [(1_000 * number, 100 + number) for number in range(50)]
    arrivals = tuple(3_000 + 250 * (number * number // 7) for number in range(20))
    by_one, at_once = sent(*packets), sent(*packets)
    for first in (5, 30, 30):
        one, once = (
            echoes.fold(Feedback(first=first, base=100, arrivals=arrivals, is_plain=is_plain))
            for echoes, is_plain in ((by_one, False), (at_once, True))
        )
        assert one == once


def test_a_packet_is_lost_only_when_much_later_ones_arrived() -> None:
    later = 2_000 + PATIENCE_US + 1_000
    echoes = sent((1_000, 100), (2_000, 100), (3_000, 100), (later, 100), (later, 100), (later + 1, 100))
    assert fold(echoes, 0, 0, None, 1_000).lost == 0
    assert fold(echoes, 3, later, later).lost == 1
    assert fold(echoes, 5, later).lost == 0, "it is lost once"


def test_a_packet_that_jitter_delayed_is_found_again() -> None:
    echoes = sent((1_000, 100), (2_000, 100), (3_000, 100), (400_000, 100))
    fold(echoes, 0, 0, None, 1_000)
    assert fold(echoes, 1, 60_000).arrived == 1
    assert fold(echoes, 3, 400_000).lost == 0


def test_what_no_feedback_told_of_is_not_lost() -> None:
    echoes = sent(*[(1_000 * number, 100) for number in range(400)])
    fold(echoes, 0, 0)
    assert fold(echoes, 390, 0, 0).lost == 0


def test_what_was_told_before_or_never_sent_is_no_news() -> None:
    echoes = sent((1_000, 100))
    fold(echoes, 0, 0)
    for first, arrivals in ((0, (0,)), (500, (0, None)), (65_535, (0,)), (0, ())):
        assert echoes.fold(Feedback(first=first, base=100, arrivals=arrivals)) is None


def test_what_was_sent_too_long_ago_is_forgotten() -> None:
    echoes = sent(*[(1_000 + number, 100) for number in range(KEPT + 10)])
    assert echoes.fold(Feedback(first=0, base=100, arrivals=(0,) * 10)) is None
    assert fold(echoes, 9, 0, 0).arrived == 1


def test_numbers_and_base_times_may_wrap() -> None:
    echoes = sent(*[(1_000, 100)] * 65_536)
    before = fold(echoes, 65_535, 0, base=(1 << 24) - 1)
    assert echoes.sent(100, 65_000) == 0
    after = fold(echoes, 0, 0, base=0)
    assert after.begun_us - before.begun_us == BASE_US
    assert after.delay_us == before.delay_us


def told(*, at_ms: int, delay_ms: int = 20, lost: int = 0) -> Echo:
    at_us = at_ms * 1_000
    return Echo(
        arrived=10,
        lost=lost,
        octets=1_000,
        begun_us=at_us - 90_000,
        ended_us=at_us,
        sent_us=at_us - delay_ms * 1_000,
        delay_us=delay_ms * 1_000,
    )


def test_each_echo_is_told_as_it_comes_until_somebody_says_what_is_usual() -> None:
    pool = Pool()
    for at_ms in (100, 200, 300):
        assert pool.take(told(at_ms=at_ms), at_ms * 1_000) == (told(at_ms=at_ms),)


def test_what_says_nothing_new_is_told_together() -> None:
    pool = Pool()
    pool.take(told(at_ms=0), 0)
    pool.wait_us, pool.delay_us = 300_000, 25_000
    assert not pool.take(told(at_ms=100, delay_ms=25), 100_000)
    assert not pool.take(told(at_ms=200, delay_ms=10), 200_000)
    assert pool.take(told(at_ms=300), 300_000) == (
        Echo(
            arrived=30,
            lost=0,
            octets=3_000,
            begun_us=10_000,
            ended_us=300_000,
            sent_us=280_000,
            delay_us=10_000,
        ),
    )
    assert not pool.take(told(at_ms=400), 400_000), "the next are told together as well"


@pytest.mark.parametrize("news", [told(at_ms=200, lost=1), told(at_ms=200, delay_ms=26)])
def test_loss_and_a_queue_are_told_at_once_and_apart_from_what_was_kept(news: Echo) -> None:
    pool = Pool()
    pool.wait_us, pool.delay_us = 300_000, 25_000
    pool.take(told(at_ms=0), 300_000)
    assert not pool.take(told(at_ms=100), 400_000)
    assert pool.take(news, 500_000) == (told(at_ms=100), news)


def test_what_was_kept_is_told_with_the_next_when_all_of_it_is_wanted_again() -> None:
    pool = Pool()
    pool.wait_us, pool.delay_us = 300_000, 25_000
    pool.take(told(at_ms=0), 300_000)
    pool.take(told(at_ms=100), 400_000)
    pool.wait_us = 0
    assert pool.take(told(at_ms=200), 500_000) == (told(at_ms=100), told(at_ms=200))
