"""Who goes with whom: nobody alone, nobody with whom they may not be, and of all the ways those who met least before.

An exact search, small because groups are: whoever has the fewest possible companions is placed first, and what was
found to lead nowhere is not tried again. It gives up after `STEPS_MAX` steps, which no group of a clinic's size comes
near (a property test compares it with all the ways there are).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from facilitation.ids import PersonId

Pair = frozenset[PersonId]
Group = tuple[PersonId, ...]
Sizes = tuple[int, int]
"""How many pairs and how many threes."""

STEPS_MAX = 10_000
STEPS_TO_BETTER_MAX = 2_000
"""A way is found already: so much is spent on each try for a better one."""


def pair(one: PersonId, other: PersonId) -> Pair:
    return frozenset((one, other))


def pairs_of(group: Sequence[PersonId]) -> Iterator[Pair]:
    return (pair(one, other) for one, other in combinations(group, 2))


def sizes(people: int, size: int) -> Sizes:
    """Pairs and threes for so many people who would like to be in groups of `size`, 2 or 3; nobody is alone."""
    if people < 2:
        return 0, 0
    if size == 2:
        return (people // 2, 0) if people % 2 == 0 else (people // 2 - 1, 1)
    pairs = {0: 0, 1: 2, 2: 1}[people % 3]
    return pairs, (people - 2 * pairs) // 3


def partition(
    people: Sequence[PersonId],
    size: int,
    *,
    never: Collection[Pair],
    met: Mapping[Pair, int],
    steps_max: int = STEPS_MAX,
) -> tuple[Group, ...] | None:
    """Groups of `size` for all of `people`, taken in the order they stand; None: there are none, or none was found.

    `never` may not be together; `met` tells how often others were: of all ways one with the fewest reunions is given.
    """
    if len(people) < 2:
        return None
    wanted = sizes(len(people), size)
    found = _Search(people, never, met, limit=steps_max).groups(wanted)
    if found is None:
        return None
    for reunions in range(sum(met.get(each, 0) for group in found for each in pairs_of(group))):
        better = _Search(people, never, met, limit=STEPS_TO_BETTER_MAX).groups(wanted, reunions)
        if better is not None:
            return better
    return found


class _Search:
    def __init__(
        self, people: Sequence[PersonId], never: Collection[Pair], met: Mapping[Pair, int], *, limit: int
    ) -> None:
        self._people = people
        self._met = met
        self._may = {
            one: [other for other in people if other != one and pair(one, other) not in never] for one in people
        }
        self._steps_left = limit
        self._nowhere: set[tuple[frozenset[PersonId], Sizes, int | None]] = set()

    def groups(self, wanted: Sizes, reunions: int | None = None) -> tuple[Group, ...] | None:
        """`reunions`: at most so many; None: however many."""
        return self._place(frozenset(self._people), wanted, reunions)

    def _place(self, left: frozenset[PersonId], wanted: Sizes, reunions: int | None) -> tuple[Group, ...] | None:
        if not left:
            return ()
        self._steps_left -= 1
        known = left, wanted, reunions
        if self._steps_left < 0 or known in self._nowhere:
            return None
        first = min((each for each in self._people if each in left), key=lambda each: len(self._companions(each, left)))
        for cost, group in self._choices(first, left, wanted):
            if reunions is not None and cost > reunions:
                break
            rest = (wanted[0] - 1, wanted[1]) if len(group) == 2 else (wanted[0], wanted[1] - 1)
            others = self._place(left - set(group), rest, None if reunions is None else reunions - cost)
            if others is not None:
                return (group, *others)
        self._nowhere.add(known)
        return None

    def _companions(self, one: PersonId, left: frozenset[PersonId]) -> list[PersonId]:
        return [other for other in self._may[one] if other in left]

    def _choices(self, first: PersonId, left: frozenset[PersonId], wanted: Sizes) -> list[tuple[int, Group]]:
        """Groups for `first`, those with the fewest reunions first, else in the order of the people."""
        companions = self._companions(first, left)
        groups: list[Group] = [(first, other) for other in companions] if wanted[0] else []
        if wanted[1]:
            groups += [(first, a, b) for a, b in combinations(companions, 2) if b in self._may[a]]
        return sorted(((self._reunions(group), group) for group in groups), key=lambda choice: choice[0])

    def _reunions(self, group: Group) -> int:
        return sum(self._met.get(each, 0) for each in pairs_of(group))
