"""Which simulcast layer a viewer gets: the smallest that is big enough, flows and fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SILENT_US = 1_000_000
"""A layer without a packet for this long does not flow (a camera in the dark still sends 5 frames a second)."""
SETTLED_US = 1_000_000
"""A layer must have flowed this long before anyone climbs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerState:
    """`height` in pixels (0 = not known yet), `since_us` when it began to flow, `last_us` its last packet."""

    height: int
    since_us: int
    last_us: int


def choose(
    layers: Sequence[LayerState],
    *,
    wished_height: int,
    lowest_only: bool,
    highest: int,
    current: int | None,
    now_us: int,
) -> int | None:
    """Index of the layer to show, lowest first; None when nothing flows.

    `highest` is the highest index the viewer's connection bears. A layer is big enough at three quarters of
    the wished height. One that does not flow is never chosen; one that has just begun is no reason to climb.
    """
    flowing = [index for index, layer in enumerate(layers) if now_us - layer.last_us <= SILENT_US]
    if not flowing:
        return None
    allowed = [index for index in flowing if index <= highest] or flowing[:1]
    if lowest_only:
        return allowed[0]
    settled = [
        index
        for index in allowed
        if index == current or now_us - layers[index].since_us >= SETTLED_US or index == allowed[0]
    ]
    for index in settled:
        if layers[index].height * 4 >= wished_height * 3 and layers[index].height:
            return index
    return settled[-1]
