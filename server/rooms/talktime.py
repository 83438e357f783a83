"""How long each person was heard speaking: a gentle fact for facilitators, in no log and no record.

It is measured from how loud packets say they are, never from what they hold. Its sums lie beside the log while the
session runs, so that a server that takes over goes on from them, and are gone with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from facilitation.ids import PersonId
from facilitation.timebase import Instant

TOLD_EVERY_MS: Final = 5_000
NOBODY_YET: Final[Mapping[str, int]] = MappingProxyType({})


class TalkTime:
    """Adds up the time between one telling of who speaks and the next, while `counts`."""

    def __init__(self, spoken_ms: Mapping[str, int] = NOBODY_YET) -> None:
        """`spoken_ms`: what the server before had heard."""
        self._spoken_ms = {PersonId(person): ms for person, ms in spoken_ms.items()}
        self._speaking: set[PersonId] = set()
        self._since = Instant(0)
        self._told_at = Instant(0)

    def heard(self, speaking: Iterable[str], now: Instant, *, counts: bool) -> None:
        """From `now` on these people speak."""
        for person in self._speaking:
            self._spoken_ms[person] = self._spoken_ms.get(person, 0) + max(0, now - self._since)
        self._speaking = {PersonId(person) for person in speaking} if counts else set()
        self._since = now

    def due(self, now: Instant) -> bool:
        """Whether it is time to tell how much it is by now; then it counts as told."""
        if now - self._told_at < TOLD_EVERY_MS:
            return False
        self._told_at = now
        return True

    @property
    def spoken_ms(self) -> dict[str, int]:
        """Up to the last change of who speaks."""
        return {str(person): spoken_ms for person, spoken_ms in self._spoken_ms.items()}
