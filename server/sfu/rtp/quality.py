"""How a connection fares, in one word, and which way is to blame: from loss, round trips and what is missing."""

from __future__ import annotations

LOSS_WEAK, LOSS_POOR = 0.03, 0.10
ROUND_TRIP_WEAK_US, ROUND_TRIP_POOR_US = 400_000, 800_000
SILENT_POOR_US = 2_500_000
WORDS = ("good", "weak", "poor")
AGREE = 2
"""Evaluations in a row that must agree before the word changes."""


class Quality:
    """The word for one connection: 'good', 'weak' or 'poor', and the way to blame. Starts good; changes slowly.

    `direction` is 'up', 'down' or 'both' (or nobody can tell), '' while the word is 'good'.
    """

    __slots__ = ("_agreed", "_candidate", "direction", "word")

    def __init__(self) -> None:
        self.word = "good"
        self.direction = ""
        self._candidate = ("good", "")
        self._agreed = 0

    def judge(
        self, *, loss_up: float, loss_down: float, round_trip_us: int, silent_us: int, missing_down: int = 0
    ) -> bool:
        """Take one evaluation; True when the word or the direction changed.

        Losses are 0..1. `missing_down` is 1 when the viewer gets smaller pictures than it shows for want of
        bandwidth, 2 when it gets some not at all.
        """
        up = _grade(loss_up, LOSS_WEAK, LOSS_POOR)
        down = max(_grade(loss_down, LOSS_WEAK, LOSS_POOR), missing_down)
        both = max(
            _grade(round_trip_us, ROUND_TRIP_WEAK_US, ROUND_TRIP_POOR_US), 2 if silent_us >= SILENT_POOR_US else 0
        )
        worst = max(up, down, both)
        if worst == 0:
            direction = ""
        elif both == worst or up == down:
            direction = "both"
        else:
            direction = "up" if up > down else "down"
        seen = (WORDS[worst], direction)
        self._agreed = self._agreed + 1 if seen == self._candidate else 1
        self._candidate = seen
        if seen == (self.word, self.direction) or self._agreed < AGREE:
            return False
        self.word, self.direction = seen
        return True


def _grade(measured: float, weak: float, poor: float) -> int:
    """Index into WORDS."""
    return 2 if measured >= poor else 1 if measured >= weak else 0
