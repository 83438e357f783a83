"""What comes of one stream: which packets are new, which are missing, and how evenly they arrive.

Nearly every packet follows the one before. Of those it is only counted how many there were, until something else comes
or somebody asks.
"""

from __future__ import annotations

from server.sfu.rtp.nack import Missing
from server.sfu.rtp.reception import Arrived, Reception
from server.sfu.rtp.sequence import Seen, Unwrapper, distance


class Coming:
    """One stream of a clock of `rate` ticks a second; where it `repeats`, what is missing may be asked for again."""

    __slots__ = ("_arrived", "_followed", "_gaps", "_next", "_numbers", "_seen", "has_news", "highest")

    def __init__(self, rate: int, *, repeats: bool) -> None:
        self._numbers = Unwrapper(16)
        self._seen = Seen()
        self._gaps = Missing() if repeats else None
        self._arrived = Arrived(rate)
        self._next = -1
        """The sequence number (16 bits) that would follow."""
        self._followed = 0
        """So many did since the others heard of any."""
        self.highest: int | None = None
        """The highest growing number."""
        self.has_news = False
        """There are packets to be asked for, where there were none, or too many to be: for whoever does so to take."""

    def take(self, sequence: int, timestamp: int, now_us: int) -> int | None:
        """The growing number of a packet; None when it came before."""
        if sequence == self._next:
            assert self.highest is not None
            self._next = sequence + 1 & 0xFFFF
            self._followed += 1
            self.highest = number = self.highest + 1
            self._arrived.timed(timestamp, now_us)
            return number
        self._catch_up()
        number = self._numbers.unwrap(sequence)
        self._arrived.arrived(number, timestamp, now_us)
        if self._gaps is not None and self._gaps.arrived(number, now_us):
            self.has_news = True
        self.highest = self._numbers.highest
        assert self.highest is not None
        self._next = self.highest + 1 & 0xFFFF
        return number if self._seen.add(number) else None

    def take_again(self, sequence: int, now_us: int) -> int | None:
        """The same for a copy that was asked for; None also where it overtook its original, which is on its way."""
        if self.highest is None:
            return None
        number = self.highest + distance(sequence, self.highest & 0xFFFF, 16)
        if number > self.highest:
            return None
        self._catch_up()
        if self._gaps is not None:
            self._gaps.arrived(number, now_us)
        return number if self._seen.add(number) else None

    def _catch_up(self) -> None:
        count, self._followed = self._followed, 0
        if count:
            self._numbers.followed(count)
            self._seen.followed(count)
            self._arrived.followed(count)
            if self._gaps is not None:
                self._gaps.followed(count)

    def forget_before(self, number: int) -> None:
        """Nobody needs what came before a keyframe."""
        if self._gaps is not None:
            self._gaps.forget_before(number)

    def has_all(self, first: int, end: int) -> bool:
        """Whether no number from `first` on, and before `end`, will be new."""
        self._catch_up()
        return self._seen.has_all(first, end)

    @property
    def missing(self) -> int:
        """How many are to be asked for."""
        return len(self._gaps) if self._gaps is not None else 0

    @property
    def overflows(self) -> int:
        """How often there were too many to be."""
        return self._gaps.overflows if self._gaps is not None else 0

    def due(self, now_us: int, round_trip_us: int) -> list[int]:
        """The numbers to ask for now."""
        return self._gaps.due(now_us, round_trip_us) if self._gaps is not None else []

    @property
    def received(self) -> int:
        return self._arrived.received + self._followed

    def figures(self) -> Reception | None:
        """None before the first packet."""
        self._catch_up()
        return self._arrived.figures()
