"""Who speaks: from the level that each audio packet carries (RFC 6464), decided slowly and calmly."""

from __future__ import annotations

LOUD_DBOV = 45
"""A packet at −45 dBov or above is sound; the level is written positive, 127 is silence."""
WINDOW_US = 400_000
SHARE_ON = 0.4
"""Speaking begins when this share of the window is sound …"""
HOLD_US = 800_000
"""… and ends this long after the last window that was."""
PACKET_US = 20_000


class SpeakerMeter:
    """The loudness of one source over the last moments."""

    __slots__ = ("_loud_at_us", "_recent", "_smoothed")

    def __init__(self) -> None:
        self._recent: list[tuple[int, int]] = []
        self._loud_at_us: int | None = None
        self._smoothed = 0.0

    def heard(self, level_dbov: int, now_us: int) -> None:
        """Note one packet's level, 0 (loudest) to 127 (silence)."""
        if level_dbov <= LOUD_DBOV:
            self._recent.append((now_us, level_dbov))
            if len(self._recent) > 200:
                del self._recent[:100]

    def loudness(self, now_us: int) -> int | None:
        """0 (just audible) … 127, or None when the source does not speak."""
        if not self._recent and self._loud_at_us is None:
            return None
        self._recent = [entry for entry in self._recent if now_us - entry[0] <= WINDOW_US]
        if len(self._recent) * PACKET_US >= SHARE_ON * WINDOW_US:
            self._loud_at_us = now_us
            loudest = min(level for _, level in self._recent)
            self._smoothed += ((LOUD_DBOV - loudest) * 127 / LOUD_DBOV - self._smoothed) * 0.5
        elif self._loud_at_us is None or now_us - self._loud_at_us > HOLD_US:
            self._loud_at_us = None
            self._smoothed = 0.0
            return None
        return round(self._smoothed)
