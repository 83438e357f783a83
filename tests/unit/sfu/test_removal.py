from __future__ import annotations

from server.sfu.rtp.removal import RUNS_MAX, Removal


def moved(removal: Removal, *numbers: int) -> list[int | None]:
    return [None if removal.removed(number) else number + removal.of(number) for number in numbers]


def test_what_is_taken_out_leaves_no_gap() -> None:
    removal = Removal(10, 100)
    removal.remove(12, 1)
    removal.remove(15, 3)
    assert moved(removal, *range(10, 20)) == [110, 111, None, 112, 113, None, None, None, 114, 115]
    assert removal.offset == 96


def test_neighbours_taken_out_one_by_one_are_one_gap() -> None:
    removal = Removal(10, 0)
    for number in range(12, 12 + 3 * RUNS_MAX):
        removal.remove(number, 1)
    assert removal.first == 10
    assert moved(removal, 11, 12, 11 + 3 * RUNS_MAX, 12 + 3 * RUNS_MAX) == [11, None, None, 12]


def test_only_so_many_gaps_are_remembered() -> None:
    removal = Removal(10, 0)
    for number in range(RUNS_MAX + 5):
        removal.remove(11 + 2 * number, 1)
    assert removal.first > 10
    assert removal.offset == -RUNS_MAX - 5


def test_those_that_differ_by_a_constant_only_are_alike() -> None:
    one, other = Removal(10, 100), Removal(12, 130)
    assert other.is_like(one, shift=30)
    assert not other.is_like(one, shift=31)
    for removal in (one, other):
        removal.remove(20, 2)
    assert other.is_like(one, shift=30)
    assert moved(one.shifted(30), 19, 21, 22) == moved(other, 19, 21, 22) == [149, None, 150]
    other.remove(25, 1)
    assert not other.is_like(one, shift=30)
    assert moved(one, 25) == [123], "a copy is its own"


def test_what_one_remembers_more_does_not_matter_where_it_is_not_asked_for() -> None:
    old, young = Removal(10, 0), Removal(20, 7)
    old.remove(15, 1)
    for removal in (old, young):
        removal.remove(30, 1)
    assert young.is_like(old, shift=8, since=16)
    assert old.is_like(young, shift=-8, since=16)
    assert not young.is_like(old, shift=8, since=15)
    assert not young.is_like(old, shift=8), "unless all may be"


def test_numbers_may_be_counted_from_elsewhere() -> None:
    one, other = Removal(10, 0), Removal(1_010, 0)
    one.remove(12, 1)
    other.remove(1_012, 1)
    assert other.is_like(one, shift=0, ahead=1_000)
    assert not other.is_like(one, shift=0)
