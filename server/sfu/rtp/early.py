"""What of a keyframe comes before its first packet, which is sent again or just late: kept for those who wait."""

from __future__ import annotations

from server.sfu.rtp.vp8 import Vp8

EARLY_MAX = 128
"""Packets, the last ones: a large keyframe's worth, and what comes until a lost packet was sent again."""

Incoming = tuple[int, int, bool, bytes, Vp8 | None]
"""A packet on its way to the slots: its number, which never wraps, timestamp, marker, payload (none when it is padding
only), and what that begins with."""


class Early:
    """The last packets of one layer since somebody waited for it."""

    __slots__ = ("_packets", "_since")

    def __init__(self) -> None:
        self._packets: dict[int, Incoming] = {}
        self._since: int | None = None
        """All that came with this number or a higher one is kept, as far as there is room."""

    def following(self, number: int, highest: int) -> list[Incoming] | None:
        """What came already of all that follows `number`, in order; `highest` is the highest one that came. None where
        some of it is not kept: whoever began with this one would never get it."""
        if number == highest:
            return []
        if self._since is None or number < self._since or highest - number > EARLY_MAX:
            return None
        return [self._packets[each] for each in range(number + 1, highest + 1) if each in self._packets]

    def keep(self, number: int, highest: int, packet: Incoming) -> None:
        """Keep what came while somebody waits."""
        if self._since is None:
            self._since = number if number == highest else highest + 1
        self._packets[number] = packet
        for old in [each for each in self._packets if each <= highest - EARLY_MAX]:
            del self._packets[old]
