"""Who is shown in which layer when not everything fits: small pictures of everybody first, then larger ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.sfu.rtp.layers import LayerState, flowing, ideal

KEEP_SHARE, RISE_SHARE = 1.1, 0.92
"""What is shown already may take more than the budget, what is new must fit with room to spare: bitrates breathe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One picture that a viewer wants to see.

    `layers` go from the smallest to the largest; `current` is the one shown now; `was_paused` says that it was left
    out for want of bandwidth. `comes_first` is for a shared screen: it is why everybody looks.
    """

    height: int
    layers: Sequence[LayerState]
    current: int | None
    was_paused: bool = False
    comes_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """`layers` are parallel to the wants, None where nothing is shown; `paused` are those left out for bandwidth.

    `missing` is 0 when every wish is met, 1 when pictures are smaller than wished, 2 when some are left out.
    `next_bps` is what all pictures would take with the next step up, None when no step is missing; `wanted_bps` what
    they would take if every wish were met.
    """

    layers: tuple[int | None, ...]
    paused: frozenset[int]
    missing: int
    next_bps: int | None
    wanted_bps: int


def allocate(
    wants: Sequence[Want],
    *,
    budget_bps: int | None,
    may_rise: bool,
    may_return: bool,
    may_pause: bool,
    lowest_only: bool,
    now_us: int,
) -> Allocation:
    """Layers for all wants within a budget for pictures alone (None: without bounds).

    Everybody gets the smallest picture before anybody gets a larger one; large tiles come first, and at each size
    those that are shown already. Without `may_rise` nothing becomes larger than it is, without `may_return` nothing
    comes back after a pause, without `may_pause` the smallest pictures are shown whatever the budget.
    """
    order = sorted(
        range(len(wants)),
        key=lambda index: (not wants[index].comes_first, -wants[index].height, wants[index].current is None, index),
    )
    steps: list[list[int]] = []
    for want in wants:
        best = ideal(want.layers, wished_height=want.height, current=want.current, now_us=now_us)
        all_flowing = flowing(want.layers, now_us)
        usable = [index for index in all_flowing if best is not None and index <= best]
        steps.append(usable[:1] if lowest_only else usable)
    chosen: list[int | None] = [None] * len(wants)
    spent = 0
    next_bps: int | None = None
    for level in range(max(map(len, steps), default=0)):
        for index in order:
            want, usable = wants[index], steps[index]
            if level >= len(usable) or (level and chosen[index] != usable[level - 1]):
                continue
            step = usable[level]
            costs = want.layers[step].bps - (want.layers[usable[level - 1]].bps if level else 0)
            is_return = not level and want.current is None and want.was_paused
            is_rise = is_return or (step > want.current if want.current is not None else level > 0)
            if budget_bps is not None and (level or may_pause):
                limit = budget_bps * (RISE_SHARE if is_rise else KEEP_SHARE)
                if spent + costs > limit or (is_rise and not (may_return if is_return else may_rise)):
                    if next_bps is None:
                        next_bps = int((spent + costs) / RISE_SHARE)
                    continue
            chosen[index] = step
            spent += costs
    paused = frozenset(index for index in order if steps[index] and chosen[index] is None)
    is_short = any(usable and chosen[index] != usable[-1] for index, usable in enumerate(steps))
    return Allocation(
        layers=tuple(chosen),
        paused=paused,
        missing=2 if paused else 1 if is_short else 0,
        next_bps=next_bps,
        wanted_bps=sum(wants[index].layers[usable[-1]].bps for index, usable in enumerate(steps) if usable),
    )
