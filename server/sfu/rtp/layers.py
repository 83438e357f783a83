"""Which simulcast layer suits a wish: the smallest that is big enough and flows; and what each of them costs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

SILENT_US = 1_000_000
"""A layer without a packet for this long does not flow (a camera in the dark still sends 5 frames a second)."""
GIVEN_UP_US = 400_000
"""Nor does one when the smaller ones of the same camera came on for this long without it: its sender gave it up."""
SETTLED_US = 1_000_000
"""A layer must have flowed this long before anyone climbs to it."""

FADING = 0.8
"""Of what was counted before, so much counts with the next look: a second or so is remembered."""
PACKET_OVERHEAD = 64
"""Bytes that a packet takes beyond its payload: IPv4, UDP and RTP headers, an extension, SRTP's tag."""


class LayerState(NamedTuple):
    """`height` in pixels (0 = not known yet), `since_us` when it began to flow, `last_us` its last packet.

    `bps` is what it costs a viewer, headers included; `shares` is how much of that each temporal layer takes with those
    below it, up to 1.0 for all. One that `is_waking` does not flow yet, but its sender was told
    that it is watched again: to climb to it is to wait for its first keyframe. One that `is_given_up` comes no more.
    """

    height: int
    since_us: int
    last_us: int
    bps: int = 0
    shares: tuple[float, ...] = (1.0,)
    is_waking: bool = False
    is_given_up: bool = False

    def flows(self, now_us: int) -> bool:
        return now_us - self.last_us <= SILENT_US and not self.is_given_up

    def cost(self, temporal: int) -> int:
        """What it costs up to this temporal layer."""
        return int(self.bps * self.shares[min(temporal, len(self.shares) - 1)])

    def looks(self, now_us: int) -> tuple[int, bool, bool, int]:
        """Its height, whether it flows, whether long enough to climb to it, and in how many temporal layers."""
        return self.height, self.flows(now_us), now_us - self.since_us >= SETTLED_US, len(self.shares)


def nominal_height(index: int, count: int) -> int:
    """Pixels that layer `index` of `count` has in all likelihood: end-to-end encryption hides the true ones."""
    return 540 >> (count - 1 - index)


def flowing(layers: Sequence[LayerState], now_us: int) -> list[int]:
    """Indices of the layers that flow, or are about to, lowest first."""
    return [index for index, layer in enumerate(layers) if layer.flows(now_us) or layer.is_waking]


def suffices(height: int, wished_height: int) -> bool:
    """Whether a picture is big enough: at three quarters of the wished height it is. An unknown height (0) never is."""
    return height > 0 and height * 4 >= wished_height * 3


def needed(heights: Sequence[int], wished_height: int) -> int:
    """How many layers, from the smallest, their sender must send so that one of them is big enough, or all."""
    return next((count for count, height in enumerate(heights, 1) if suffices(height, wished_height)), len(heights))


def ideal(layers: Sequence[LayerState], *, wished_height: int, current: int | None, now_us: int) -> int | None:
    """Index of the layer to show if bandwidth were no matter, lowest first; None when nothing flows.

    One that does not flow is never chosen; one that has just begun is no reason to climb, unless it was asked for.
    """
    usable = flowing(layers, now_us)
    if not usable:
        return None
    settled = [
        index
        for index in usable
        if index in (current, usable[0]) or now_us - layers[index].since_us >= SETTLED_US or layers[index].is_waking
    ]
    for index in settled:
        if suffices(layers[index].height, wished_height):
            return index
    return settled[-1]


class Bitrate:
    """What a stream takes, from counters that only grow: a mean over the last second or so that rises at once."""

    __slots__ = ("_at_us", "_octets", "_packets", "bps")

    def __init__(self) -> None:
        self.bps = 0
        self._at_us: int | None = None
        self._octets = self._packets = 0

    def counted(self, octets: int, packets: int, now_us: int) -> None:
        """Take the counters as they stand now; a call each 200 ms or so is right."""
        if self._at_us is None or now_us - self._at_us > 2 * SILENT_US:
            # The first look, or one after a pause: nothing to compare with.
            self._at_us, self._octets, self._packets = now_us, octets, packets
            return
        passed_us = now_us - self._at_us
        if passed_us <= 0:
            return
        size = octets - self._octets + (packets - self._packets) * PACKET_OVERHEAD
        measured = size * 8_000_000 // passed_us
        self.bps = (
            measured if not self.bps else self.bps + (measured - self.bps) * min(passed_us, 1_000_000) // 1_000_000
        )
        self._at_us, self._octets, self._packets = now_us, octets, packets


class Shares:
    """How the bytes of a stream spread over its temporal layers of late, from counters that only grow."""

    __slots__ = ("_before", "_recent", "cumulative")

    def __init__(self) -> None:
        self.cumulative: tuple[float, ...] = (1.0,)
        self._before: Sequence[int] = ()
        self._recent: list[float] = []

    def counted(self, octets: Sequence[int]) -> None:
        """Take the counters of all temporal layers as they stand now; a call each 200 ms or so is right."""
        before, self._before = self._before or octets, octets
        recent = self._recent or [0.0] * len(octets)
        recent = [old * FADING + now - then for old, now, then in zip(recent, octets, before, strict=True)]
        self._recent = recent
        whole = sum(recent)
        if whole < 1:
            return
        used = len(recent) - 1
        while recent[used] <= whole / 1_000:
            used -= 1
        self.cumulative = (*[some / whole for some in accumulate(recent[:used])], 1.0)
