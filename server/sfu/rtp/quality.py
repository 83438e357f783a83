"""How a connection fares, in one word, and how much picture it bears: decided from loss and round trips."""

from __future__ import annotations

LOSS_WEAK, LOSS_POOR = 0.03, 0.10
ROUND_TRIP_WEAK_US, ROUND_TRIP_POOR_US = 400_000, 800_000
SILENT_POOR_US = 2_500_000
AGREE = 2
"""Evaluations in a row that must agree before the word changes."""

LOSS_DOWN, LOSS_UP = 0.10, 0.02
UP_AFTER_US = 10_000_000
HIGHEST = 2


class Quality:
    """The word for one connection: 'good', 'weak' or 'poor'. Starts good; changes slowly."""

    __slots__ = ("_agreed", "_candidate", "word")

    def __init__(self) -> None:
        self.word = "good"
        self._candidate = "good"
        self._agreed = 0

    def judge(self, *, loss: float, round_trip_us: int, silent_us: int) -> bool:
        """Take one evaluation; True when the word changed. `loss` is the worse direction's, 0..1."""
        if loss >= LOSS_POOR or round_trip_us >= ROUND_TRIP_POOR_US or silent_us >= SILENT_POOR_US:
            seen = "poor"
        elif loss >= LOSS_WEAK or round_trip_us >= ROUND_TRIP_WEAK_US:
            seen = "weak"
        else:
            seen = "good"
        self._agreed = self._agreed + 1 if seen == self._candidate else 1
        self._candidate = seen
        if seen == self.word or self._agreed < AGREE:
            return False
        self.word = seen
        return True


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
