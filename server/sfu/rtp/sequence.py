"""Numbers that wrap, made to grow: serial arithmetic of RFC 1982 and an unwrapper."""

from __future__ import annotations


def distance(later: int, earlier: int, bits: int) -> int:
    """Signed shortest way from `earlier` to `later` on a circle of 2**bits."""
    half = 1 << (bits - 1)
    return ((later - earlier + half) & ((1 << bits) - 1)) - half


class Unwrapper:
    """Turns wrapping numbers of `bits` width into ones that never wrap.

    Each number is taken to lie less than half a circle from the highest seen so far. The first one is
    lifted by a whole circle, so that an older one arriving late stays positive.
    """

    __slots__ = ("_bits", "_mask", "highest")

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._mask = (1 << bits) - 1
        self.highest: int | None = None

    def unwrap(self, number: int) -> int:
        """The growing number; remembers it if it is the highest."""
        highest = self.highest
        if highest is None:
            self.highest = number + (1 << self._bits)
            return self.highest
        if (number - highest) & self._mask == 1:  # as nearly always
            self.highest = highest + 1
            return highest + 1
        extended = highest + distance(number, highest, self._bits)
        if extended > highest:
            self.highest = extended
        return extended

    def followed(self, count: int) -> None:
        """So many came, each after the one before."""
        assert self.highest is not None
        self.highest += count

    def twin(self) -> Unwrapper:
        """One that has come as far, and is its own from now on."""
        twin = Unwrapper(self._bits)
        twin.highest = self.highest
        return twin


class Seen:
    """Which of the last `size` growing numbers came already: a window of bits.

    How many came in order since a bit was last looked at is only counted.
    """

    __slots__ = ("_bits", "_highest", "_mask", "_run", "_size")

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._mask = (1 << size) - 1
        self._highest = -1
        self._bits = 0
        self._run = 0

    def _catch_up(self) -> None:
        """Make `_bits` end with the highest number."""
        run = min(self._run, self._size)
        self._bits = (self._bits << run | (1 << run) - 1) & self._mask
        self._run = 0

    def add(self, number: int) -> bool:
        """True when `number` is new; False when it came before or is too old to tell."""
        ahead = number - self._highest
        if ahead == 1:  # as nearly always
            self._highest = number
            self._run += 1
            return True
        if self._highest < 0 or ahead >= self._size:
            self._highest, self._bits, self._run = number, 1, 0
            return True
        self._catch_up()
        if ahead > 0:
            self._bits = ((self._bits << ahead) | 1) & self._mask
            self._highest = number
            return True
        if -ahead >= self._size:
            return False
        bit = 1 << -ahead
        if self._bits & bit:
            return False
        self._bits |= bit
        return True

    def followed(self, count: int) -> None:
        """So many came, each after the one before."""
        self._highest += count
        self._run += count

    def has_all(self, first: int, end: int) -> bool:
        """Whether `add` will not find any number from `first` on, and before `end`, new."""
        self._catch_up()
        first = max(first, self._highest - self._size + 1)
        if first >= end:
            return True
        mask = (1 << end - first) - 1
        return end - 1 <= self._highest and self._bits >> self._highest - end + 1 & mask == mask
