"""So many in a while, and no more: for what others decide how often it comes."""

from __future__ import annotations


class Ration:
    """`most` of something in every `every_us`; a while begins with the first one after the last ended."""

    __slots__ = ("_every_us", "_most", "_since_us", "_taken")

    def __init__(self, most: int, every_us: int) -> None:
        self._most = most
        self._every_us = every_us
        self._since_us = self._taken = 0

    def is_spent(self, now_us: int) -> bool:
        """Whether there is no more now."""
        return self._taken >= self._most and now_us - self._since_us < self._every_us

    def take(self, now_us: int) -> bool:
        """Whether there is one more."""
        if now_us - self._since_us >= self._every_us:
            self._since_us, self._taken = now_us, 0
        if self._taken >= self._most:
            return False
        self._taken += 1
        return True
