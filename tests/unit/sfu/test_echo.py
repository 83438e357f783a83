from __future__ import annotations

from server.sfu.rtp.echo import PATIENCE_US, Echoes
from server.sfu.rtp.twcc import BASE_US, Feedback


def feedback(first: int, *arrivals: int | None, base: int = 100) -> Feedback:
    return Feedback(first=first, base=base, arrivals=arrivals)


def test_what_arrived_is_counted_with_the_delay_of_the_quickest() -> None:
    echo = Echoes().fold(feedback(10, 5_000, 6_000, 30_000), [(1_000, 500), (2_500, 600), (3_000, 700)])
    assert echo is not None
    base_us = (100 + (1 << 24)) * BASE_US
    assert (echo.arrived, echo.octets, echo.lost) == (3, 1_800, 0)
    assert (echo.begun_us, echo.ended_us) == (base_us + 5_000, base_us + 30_000)
    assert echo.delay_us == base_us + 3_500
    assert echo.sent_us == 3_000


def test_a_packet_is_lost_only_when_much_later_ones_arrived() -> None:
    echoes = Echoes()
    first = echoes.fold(feedback(1, 0, None, 1_000), [(1_000, 100), (2_000, 100), (3_000, 100)])
    assert first is not None
    assert first.lost == 0
    later = 2_000 + PATIENCE_US + 1_000
    second = echoes.fold(feedback(4, later, later), [(later, 100), (later, 100)])
    assert second is not None
    assert second.lost == 1
    third = echoes.fold(feedback(6, later), [(later + 1, 100)])
    assert third is not None
    assert third.lost == 0, "it is lost once"


def test_a_packet_that_jitter_delayed_is_found_again() -> None:
    echoes = Echoes()
    echoes.fold(feedback(1, 0, None, 1_000), [(1_000, 100), (2_000, 100), (3_000, 100)])
    found = echoes.fold(feedback(2, 60_000), [(2_000, 100)])
    assert found is not None
    assert found.arrived == 1
    later = echoes.fold(feedback(4, 400_000), [(400_000, 100)])
    assert later is not None
    assert later.lost == 0


def test_what_was_told_before_or_never_sent_is_no_news() -> None:
    echoes = Echoes()
    assert echoes.fold(feedback(1, 0), [(1_000, 100)]) is not None
    assert echoes.fold(feedback(1, 0), [(1_000, 100)]) is None
    assert echoes.fold(feedback(500, 0, None), [(0, 0), (0, 0)]) is None
    assert echoes.fold(feedback(9), []) is None


def test_numbers_and_base_times_may_wrap() -> None:
    echoes = Echoes()
    before = echoes.fold(feedback(65_535, 0, base=(1 << 24) - 1), [(1_000, 100)])
    after = echoes.fold(feedback(0, 0, base=0), [(65_000, 100)])
    assert before is not None
    assert after is not None
    assert after.begun_us - before.begun_us == BASE_US
    assert after.delay_us == before.delay_us
