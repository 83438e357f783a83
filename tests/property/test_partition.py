"""Who goes with whom, against all the ways there are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation.ids import PersonId
from facilitation.partition import Group, Pair, pair, pairs_of, partition, sizes

CROWD = [PersonId(f"p-{number}") for number in range(16)]


def every_way(people: tuple[PersonId, ...], pairs: int, threes: int) -> Iterator[tuple[Group, ...]]:
    """All the ways to make so many pairs and threes of them."""
    if not people:
        yield ()
        return
    first, *others = people
    for size, left in ((2, pairs), (3, threes)):
        if not left:
            continue
        for mates in combinations(others, size - 1):
            rest = tuple(each for each in others if each not in mates)
            for more in every_way(rest, pairs - (size == 2), threes - (size == 3)):
                yield ((first, *mates), *more)


def reunions(groups: tuple[Group, ...], met: dict[Pair, int]) -> int:
    return sum(met.get(each, 0) for group in groups for each in pairs_of(group))


@st.composite
def evenings(draw: st.DrawFn) -> tuple[list[PersonId], int, set[Pair], dict[Pair, int]]:
    people = draw(st.permutations(CROWD[: draw(st.integers(0, 7))]))
    all_pairs = [pair(*each) for each in combinations(people, 2)]
    some = st.sampled_from(all_pairs) if all_pairs else st.nothing()
    return (
        people,
        draw(st.sampled_from([2, 3])),
        draw(st.sets(some)),
        draw(st.dictionaries(some, st.integers(0, 3))),
    )


@given(evenings())
@settings(deadline=None, max_examples=300)
def test_there_is_a_way_if_and_only_if_one_is_found_and_none_has_fewer_reunions(
    evening: tuple[list[PersonId], int, set[Pair], dict[Pair, int]],
) -> None:
    people, size, never, met = evening
    found = partition(people, size, never=never, met=met)
    ways = [] if len(people) < 2 else list(every_way(tuple(people), *sizes(len(people), size)))
    allowed = [way for way in ways if not any(each in never for group in way for each in pairs_of(group))]
    assert (found is None) == (not allowed)
    if found is not None:
        assert sorted(person for group in found for person in group) == sorted(people), "each once"
        assert all(len(group) in (2, 3) for group in found), "nobody alone"
        assert not any(each in never for group in found for each in pairs_of(group))
        assert reunions(found, met) == min(reunions(way, met) for way in allowed)


@given(st.integers(2, 64), st.sampled_from([2, 3]))
def test_nobody_is_left_over(people: int, size: int) -> None:
    pairs, threes = sizes(people, size)
    assert 2 * pairs + 3 * threes == people
    assert (threes if size == 2 else pairs) <= (1 if size == 2 else 2), "as few of the other size as can be"


@pytest.mark.parametrize("size", [2, 3])
@given(seed=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=15)
def test_a_whole_group_never_keeps_the_room_waiting(size: int, seed: object) -> None:
    """Sixteen people of whom many may not meet: found or not, it is over soon, and what is found keeps the rules."""
    pairs = [pair(*each) for each in combinations(CROWD, 2)]
    never = {each for each in pairs if seed.random() < 0.6}
    met = {each: 1 for each in pairs if seed.random() < 0.5}
    began = time.process_time()
    found = partition(CROWD, size, never=never, met=met)
    assert time.process_time() - began < 2.0
    if found is not None:
        assert not any(each in never for group in found for each in pairs_of(group))
