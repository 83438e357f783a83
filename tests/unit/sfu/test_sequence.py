from __future__ import annotations

from server.sfu.rtp.sequence import Seen, Unwrapper, distance


def test_distance_takes_the_short_way_round() -> None:
    assert distance(3, 65_534, 16) == 5
    assert distance(65_534, 3, 16) == -5
    assert distance(7, 7, 16) == 0
    assert distance(0, 2**32 - 1, 32) == 1


def test_numbers_grow_over_the_wrap() -> None:
    numbers = Unwrapper(16)
    first = numbers.unwrap(65_534)
    assert [numbers.unwrap(n) - first for n in (65_535, 0, 1, 65_535, 2)] == [1, 2, 3, 1, 4]


def test_a_number_older_than_the_first_stays_positive() -> None:
    numbers = Unwrapper(16)
    first = numbers.unwrap(1)
    assert numbers.unwrap(65_530) == first - 7 > 0


def test_each_number_is_new_once() -> None:
    seen = Seen(16)
    assert [seen.add(n) for n in (100, 102, 101, 102, 100, 110)] == [True, True, True, False, False, True]
    assert not seen.add(90)  # too old to tell
    assert seen.add(1_000)
    assert not seen.add(110)


def test_it_is_known_whether_anything_of_a_range_may_still_be_new() -> None:
    seen = Seen(16)
    for number in (100, 101, 103, 104):
        assert seen.add(number)
    assert [seen.has_all(*span) for span in ((100, 102), (103, 105), (100, 103), (104, 106), (7, 7))] == [
        *(True, True, False, False, True)
    ]
    seen.add(118)
    assert seen.has_all(50, 102), "what is missing there is too old"
    assert seen.has_all(103, 105)
    assert not seen.has_all(103, 106)
