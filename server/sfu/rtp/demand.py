"""How many of a sender's layers anybody watches: more are wanted at once, fewer only after a while."""

from __future__ import annotations

HOLD_US = 5_000_000
"""A layer that nobody watches any more is sent for so long still: people look here and there."""


class Demand:
    """What one sender of `count` layers is to send: the `layers` smallest. All of them, to begin with.

    The smallest always is: a newcomer sees it at once, and a stream that stops says nothing of its sender.
    """

    __slots__ = ("_count", "_since_us", "layers")

    def __init__(self, count: int) -> None:
        self._count = count
        self.layers = count
        self._since_us: int | None = None
        """Since when fewer would do."""

    def watched(self, needed: int, now_us: int) -> bool:
        """Take how many layers are watched now; True when the sender is to send more or fewer from now on."""
        needed = min(max(needed, 1), self._count)
        if needed >= self.layers:
            self._since_us = None
            changes = needed > self.layers
        elif self._since_us is None:
            self._since_us = now_us
            changes = False
        else:
            changes = now_us - self._since_us >= HOLD_US
        if changes:
            self.layers = needed
            self._since_us = None
        return changes
