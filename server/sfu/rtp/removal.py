"""Numbers of which some are taken out, and the others moved up so that none is missing."""

from __future__ import annotations

RUNS_MAX = 48
"""So many gaps are remembered: some seconds' worth, and nobody asks for anything older."""


class Removal:
    """What to add to growing numbers from `first` on: `offset`, less one for each that was removed before it."""

    __slots__ = ("_runs",)

    def __init__(self, first: int, offset: int) -> None:
        # Runs of (first number, what to add to it and to all that follow), oldest first.
        self._runs: list[tuple[int, int]] = [(first, offset)]

    @property
    def first(self) -> int:
        """What is older than this is forgotten."""
        return self._runs[0][0]

    @property
    def offset(self) -> int:
        """What to add to the newest."""
        return self._runs[-1][1]

    def of(self, number: int) -> int:
        """What to add to `number`."""
        first, offset = self._runs[-1]
        if number >= first:  # as nearly always
            return offset
        for first, offset in reversed(self._runs):
            if number >= first:
                return offset
        return self._runs[0][1]

    def remove(self, first: int, count: int) -> None:
        """Take out `first` and all that follow, `count` of them; none of those after them was asked for yet."""
        runs = self._runs
        run = (first + count, runs[-1][1] - count)
        if len(runs) > 1 and runs[-1][0] == first:
            runs[-1] = run  # It goes on where the last gap ended.
            return
        runs.append(run)
        if len(runs) > RUNS_MAX:
            del runs[0]

    def removed(self, number: int) -> bool:
        """Whether it was taken out, as far as is remembered."""
        runs = self._runs
        for index in range(len(runs) - 1, 0, -1):
            first, offset = runs[index]
            if number >= first:
                return False
            if number >= first - (runs[index - 1][1] - offset):
                return True
        return False

    def shifted(self, shift: int) -> Removal:
        """The same with this much more to add."""
        other = Removal(0, 0)
        other._runs = [(first, offset + shift) for first, offset in self._runs]
        return other

    def is_like(self, other: Removal, *, shift: int, since: int | None = None, ahead: int = 0) -> bool:
        """Whether it will say of each number from `since` on (of all, without it) what `other` says of the one that is
        so much less than it is `ahead`, and will always add `shift` more."""
        mine, its = self._runs, other._runs
        if since is None and len(mine) != len(its):
            return False
        count = min(len(mine), len(its))
        begun = max(mine[-count][0] if len(mine) > count else 0, its[-count][0] if len(its) > count else 0)
        if since is not None and begun > since:
            return False  # Whichever remembers more had something else before what is still to be asked.
        return all(
            offset - its_offset == shift and (not index or first - its_first == ahead)
            for index, ((first, offset), (its_first, its_offset)) in enumerate(
                zip(mine[-count:], its[-count:], strict=True)
            )
        )
