"""Who speaks: from the level that each audio packet carries (RFC 6464), decided slowly and calmly."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

LOUD_DBOV = 45
"""A packet at −45 dBov or above is sound; the level is written positive, 127 is silence."""
WINDOW_US = 400_000
SHARE_ON = 0.4
"""Speaking begins when this share of the window is sound …"""
HOLD_US = 800_000
"""… and ends this long after the last window that was."""
PACKET_US = 20_000
RECENT_MAX = 200
_dbov = itemgetter(1)


class SpeakerMeter:
    """The loudness of one source over the last moments."""

    __slots__ = ("_loud_at_us", "_recent", "_smoothed")

    def __init__(self) -> None:
        self._recent: list[tuple[int, int]] = []  # (at_us, dbov)
        self._loud_at_us: int | None = None
        self._smoothed = 0.0

    def heard(self, levels: Sequence[tuple[int, int]]) -> None:
        """Note packets that are sound: (at_us, dbov) of each, dbov from 0 (loudest) to LOUD_DBOV."""
        self._recent += levels
        del self._recent[:-RECENT_MAX]

    def loudness(self, now_us: int) -> int | None:
        """0 (just audible) … 127, or None when the source does not speak."""
        if not self._recent and self._loud_at_us is None:
            return None
        since_us = now_us - WINDOW_US
        recent = self._recent = [moment for moment in self._recent if moment[0] >= since_us]
        if len(recent) * PACKET_US >= SHARE_ON * WINDOW_US:
            self._loud_at_us = now_us
            loudest = min(map(_dbov, recent))
            self._smoothed += ((LOUD_DBOV - loudest) * 127 / LOUD_DBOV - self._smoothed) * 0.5
        elif self._loud_at_us is None or now_us - self._loud_at_us > HOLD_US:
            self._loud_at_us = None
            self._smoothed = 0.0
            return None
        return round(self._smoothed)
