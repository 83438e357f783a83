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
