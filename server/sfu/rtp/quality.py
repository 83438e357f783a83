"""How a connection fares, in one word, and how much picture it bears: decided from loss and round trips."""

from __future__ import annotations

LOSS_WEAK, LOSS_POOR = 0.03, 0.10
ROUND_TRIP_WEAK_US, ROUND_TRIP_POOR_US = 400_000, 800_000
SILENT_POOR_US = 2_500_000
WORDS = ("good", "weak", "poor")
AGREE = 2
"""Evaluations in a row that must agree before the word changes."""

LOSS_DOWN, LOSS_UP = 0.10, 0.02
UP_AFTER_US = 10_000_000
HIGHEST = 2


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


class Downlink:
    """The highest layer one viewer's connection bears: down on lasting loss, up after a quiet while.

    A stand-in for a bandwidth estimate: it reacts, it does not foresee.
    """

    __slots__ = ("_bad", "_quiet_since_us", "highest", "loss", "round_trip_us")

    def __init__(self) -> None:
        self.highest = HIGHEST
        self.loss = 0.0
        self.round_trip_us = 100_000
        self._bad = 0
        self._quiet_since_us: int | None = None

    def reported(self, loss: float, now_us: int) -> None:
        """Take the loss (0..1) of one report."""
        self.loss = loss
        if loss > LOSS_DOWN:
            self._bad += 1
            self._quiet_since_us = None
            if self._bad >= AGREE:
                self._bad = 0
                self.highest = max(0, self.highest - 1)
            return
        self._bad = 0
        if loss > LOSS_UP:
            self._quiet_since_us = None
        elif self._quiet_since_us is None:
            self._quiet_since_us = now_us
        elif now_us - self._quiet_since_us >= UP_AFTER_US:
            self._quiet_since_us = now_us
            self.highest = min(HIGHEST, self.highest + 1)

    def round_trip(self, measured_us: int) -> None:
        """Take one measurement of the way there and back."""
        self.round_trip_us += (min(measured_us, 5_000_000) - self.round_trip_us) // 4
