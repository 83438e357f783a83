"""Which packets of an incoming stream are missing, and when to ask for them again."""

from __future__ import annotations

FIRST_WAIT_US = 20_000
"""A packet is not missed before this long: it may just be out of order."""
WAIT_MIN_US, WAIT_MAX_US = 40_000, 400_000
TRIES_MAX = 6
MISSING_MAX = 200
"""With more than this missing at once, resending is hopeless: a keyframe must heal it."""


class Missing:
    """The gaps of one stream, by growing number. Rounds of asking grow apart by a quarter each."""

    __slots__ = ("_gaps", "_highest", "overflows")

    def __init__(self) -> None:
        # number -> (times asked, when to ask next)
        self._gaps: dict[int, tuple[int, int]] = {}
        self._highest: int | None = None
        self.overflows = 0
        """How often too many were missing."""

    def __len__(self) -> int:
        return len(self._gaps)

    def arrived(self, number: int, now_us: int) -> bool:
        """Note a packet, and the hole it reveals before it. Counts in `overflows` when the hole is too big.

        True when it is the first hole, or too big: there is something to be done from now on.
        """
        if self._highest is None or number == self._highest + 1:
            self._highest = number
            return False
        if number <= self._highest:
            self._gaps.pop(number, None)
            return False
        hole = number - self._highest - 1
        is_news = False
        if hole:
            is_news = not self._gaps
            if hole + len(self._gaps) > MISSING_MAX:
                self._gaps.clear()
                self.overflows += 1
                is_news = True
            else:
                due = now_us + FIRST_WAIT_US
                for missing in range(self._highest + 1, number):
                    self._gaps[missing] = (0, due)
        self._highest = number
        return is_news

    def followed(self, count: int) -> None:
        """So many came, each after the one before."""
        assert self._highest is not None
        self._highest += count

    def forget_before(self, number: int) -> None:
        """Nobody needs what came before a keyframe."""
        for missing in [gap for gap in self._gaps if gap < number]:
            del self._gaps[missing]

    def due(self, now_us: int, round_trip_us: int) -> list[int]:
        """The numbers to ask for now, ascending; those asked for too often are given up."""
        asked: list[int] = []
        for number, (tries, when) in list(self._gaps.items()):
            if when > now_us:
                continue
            if tries >= TRIES_MAX:
                del self._gaps[number]
                continue
            asked.append(number)
            wait = min(max(int(round_trip_us * 1.25 ** (tries + 1)), WAIT_MIN_US), WAIT_MAX_US)
            self._gaps[number] = (tries + 1, now_us + wait)
        return sorted(asked)
