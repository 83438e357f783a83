"""How much of a voice is lost on the way to those who hear it, as its sender is to be told.

Sound is not sent again. What a listener misses can be made good only by the sender, who repeats in each packet the gist
of the one before (Opus' in-band FEC), and does so only while reports tell of loss.
"""

from __future__ import annotations

SHARE_MAX = 0.2
"""No more is told, whatever a listener says: browsers make no more of it, and all pay for it in clearness."""
RISE, FALL = 0.5, 0.15
"""Of the way to what is measured now, this much is gone each second: up soon, down in some seconds."""
STEP = 0.01
"""What is told changes by no less: with less than this nobody begins."""


class OnwardLoss:
    """The loss (0..1) of one sender's sound at the listener who loses most, smoothed, bounded, and in steps."""

    __slots__ = ("_smoothed", "share")

    def __init__(self) -> None:
        self._smoothed = 0.0
        self.share = 0
        """What is told, in 1/256."""

    def measured(self, worst: float) -> bool:
        """Take what the worst listener loses, each second; True when another share is to be told from now on."""
        if worst == self._smoothed == 0.0:
            return False
        worst = min(worst, SHARE_MAX)
        self._smoothed += (worst - self._smoothed) * (RISE if worst > self._smoothed else FALL)
        if self._smoothed < STEP / 4:
            self._smoothed = 0.0
        share = self.share
        if not self._smoothed or abs(self._smoothed - share / 256) >= STEP:
            share = round(self._smoothed * 256)
        changes, self.share = share != self.share, share
        return changes
