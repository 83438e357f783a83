"""Who is shown in which layer when not everything fits: small pictures of everybody first, then larger ones.

Between one size and the next there is a step of fewer pictures a second, where senders have temporal layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from server.sfu.rtp.layers import LayerState, flowing, ideal
from server.sfu.rtp.rewrite import ALL_TEMPORAL

KEEP_SHARE, RISE_SHARE = 1.1, 0.92
"""What is shown already may take more than the budget, what is new must fit with room to spare: bitrates breathe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """One picture that a viewer wants to see.

    `layers` go from the smallest to the largest; `current` is the one shown now, up to the temporal layer `paced`;
    `was_paused` says that it was left out for want of bandwidth. `comes_first` is for a shared screen: it is why
    everybody looks. `spare` is how many temporal layers, from the highest, it can do without.
    """

    height: int
    layers: Sequence[LayerState]
    current: int | None
    paced: int = ALL_TEMPORAL
    was_paused: bool = False
    comes_first: bool = False
    spare: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """`layers` are parallel to the wants, None where nothing is shown, and so are `paces`: up to which temporal layer.
    `paused` are those left out for bandwidth.

    `missing` is 0 when every wish is met, 1 when pictures are smaller than wished, 2 when some are left out.
    `next_bps` is what all pictures would take with the next step up, None when no step is missing; `wanted_bps` what
    they would take if every wish were met.
    """

    layers: tuple[int | None, ...]
    paces: tuple[int, ...]
    paused: frozenset[int]
    missing: int
    next_bps: int | None
    wanted_bps: int


class _Step(NamedTuple):
    layer: int
    pace: int
    costs: int


def _ladder(want: Want, usable: Sequence[int]) -> list[_Step]:
    """From the least that can be shown to what is wished: each size with fewer pictures first."""
    steps = []
    for place, index in enumerate(usable):
        layer = want.layers[index]
        highest = len(layer.shares) - 1
        most = max(0, highest - want.spare)
        fewer = 0 if place == 0 else max(0, min(most, highest - 1))
        if fewer < most:
            steps.append(_Step(index, fewer, layer.cost(fewer)))
        # Where nothing is spared, nothing is cut off that a sender may begin to send.
        steps.append(_Step(index, most if want.spare else ALL_TEMPORAL, layer.cost(most)))
    return steps


def allocate(
    wants: Sequence[Want],
    *,
    budget_bps: int | None,
    may_rise: bool,
    may_return: bool,
    may_shrink: bool,
    may_pause: bool,
    lowest_only: bool,
    now_us: int,
) -> Allocation:
    """Layers for all wants within a budget for pictures alone (None: without bounds).

    Everybody gets the smallest picture before anybody gets a larger one; large tiles come first, and at each size
    those that are shown already. Without `may_rise` nothing becomes larger than it is, without `may_return` nothing
    comes back after a pause. Without `may_shrink` the budget is only presumed, and bounds what is new alone: nobody who
    comes makes anybody's picture smaller. Without `may_pause` the smallest pictures are shown whatever it says.
    """
    order = sorted(
        range(len(wants)),
        key=lambda index: (not wants[index].comes_first, -wants[index].height, wants[index].current is None, index),
    )
    ladders: list[list[_Step]] = []
    for want in wants:
        best = ideal(want.layers, wished_height=want.height, current=want.current, now_us=now_us)
        all_flowing = flowing(want.layers, now_us)
        usable = [index for index in all_flowing if best is not None and index <= best]
        ladders.append(_ladder(want, usable[:1] if lowest_only else usable))
    chosen: list[_Step | None] = [None] * len(wants)
    spent = 0
    next_bps: int | None = None
    for level in range(max(map(len, ladders), default=0)):
        for index in order:
            want, ladder = wants[index], ladders[index]
            if level >= len(ladder) or (level and chosen[index] != ladder[level - 1]):
                continue
            step = ladder[level]
            costs = step.costs - (ladder[level - 1].costs if level else 0)
            is_return = not level and want.current is None and want.was_paused
            is_rise = is_return or (
                (step.layer, step.pace) > (want.current, want.paced) if want.current is not None else level > 0
            )
            is_kept = want.current is not None and not is_rise
            is_safe = not may_pause if level == 0 else is_kept and not may_shrink
            if budget_bps is not None and not is_safe:
                limit = budget_bps * (RISE_SHARE if is_rise else KEEP_SHARE)
                if spent + costs > limit or (is_rise and not (may_return if is_return else may_rise)):
                    if next_bps is None:
                        next_bps = int((spent + costs) / RISE_SHARE)
                    continue
            chosen[index] = step
            spent += costs
    paused = frozenset(index for index in order if ladders[index] and chosen[index] is None)
    is_short = any(ladder and chosen[index] != ladder[-1] for index, ladder in enumerate(ladders))
    return Allocation(
        layers=tuple(None if step is None else step.layer for step in chosen),
        paces=tuple(ALL_TEMPORAL if step is None else step.pace for step in chosen),
        paused=paused,
        missing=2 if paused else 1 if is_short else 0,
        next_bps=next_bps,
        wanted_bps=sum(ladder[-1].costs for ladder in ladders if ladder),
    )
