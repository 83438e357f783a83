from __future__ import annotations

from server.sfu.rtp.coming import Coming
from server.sfu.rtp.nack import FIRST_WAIT_US, MISSING_MAX

RATE = 90_000


def test_before_the_first_packet_nothing_is_known_and_no_copy_is_taken() -> None:
    coming = Coming(RATE, repeats=True)
    assert (coming.highest, coming.received, coming.missing, coming.figures()) == (None, 0, 0, None)
    assert coming.take_again(7, 0) is None


def test_numbers_go_on_where_the_sender_s_begin_anew_and_a_copy_is_none() -> None:
    coming = Coming(RATE, repeats=True)
    numbers = [coming.take(sequence, 0, 0) for sequence in (65_534, 65_535, 0, 1, 0, 65_534, 2)]
    first = numbers[0]
    assert first is not None
    assert numbers == [first, first + 1, first + 2, first + 3, None, None, first + 4]
    assert coming.received == 7


def test_a_hole_is_news_once_and_a_copy_sent_again_fills_it() -> None:
    coming = Coming(RATE, repeats=True)
    first = coming.take(10, 0, 0)
    assert first is not None
    assert (coming.take(13, 0, 0), coming.has_news, coming.missing) == (first + 3, True, 2)
    assert coming.due(FIRST_WAIT_US, 0) == [first + 1, first + 2]
    assert coming.take_again(11, 0) == first + 1
    assert coming.take_again(11, 0) is None, "it came before"
    assert coming.take_again(14, 0) is None, "its original is on its way"
    assert (coming.take(14, 0, 0), coming.missing) == (first + 4, 1)


def test_a_hole_too_large_is_news_and_nothing_is_asked_for() -> None:
    coming = Coming(RATE, repeats=True)
    coming.take(0, 0, 0)
    coming.take(MISSING_MAX + 2, 0, 0)
    assert (coming.has_news, coming.overflows, coming.missing) == (True, 1, 0)


def test_of_sound_nothing_is_asked_for() -> None:
    coming = Coming(48_000, repeats=False)
    coming.take(0, 0, 0)
    coming.take(5, 0, 0)
    assert (coming.has_news, coming.missing, coming.overflows, coming.due(FIRST_WAIT_US, 0)) == (False, 0, 0, [])
