"""How often somebody may be wrong. Counted before anything is compared: a hundred at once are a hundred."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Protocol

from facilitation.errors import Refusal
from facilitation.ids import PersonId

FROM_ONE_NETWORK_MAX: Final = 6
FROM_EVERYWHERE_MAX: Final = 40
"""In a quarter of an hour, for one account: few enough against guessing. A passkey is not counted, so that no stranger
shuts somebody out by being wrong in their name."""


class Counters(Protocol):
    """Counts that end by themselves after a quarter of an hour (the store's, as for signing PINs)."""

    async def missed(self, person: PersonId) -> int: ...
    async def misses(self, person: PersonId) -> int: ...
    async def forgive(self, person: PersonId) -> None: ...


class TooMany(Refusal):
    def __init__(self) -> None:
        super().__init__(
            "too_many", "That was wrong too often. For your safety, wait a quarter of an hour, or use another way."
        )


class Tries:
    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    async def count(self, what: str, network: str) -> None:
        """`what`: of which account or link, and which proof. Raises TooMany."""
        here, everywhere = self._names(what, network)
        if await self._counters.missed(here) > FROM_ONE_NETWORK_MAX:
            raise TooMany
        if await self._counters.missed(everywhere) > FROM_EVERYWHERE_MAX:
            raise TooMany

    async def first_time(self, what: str) -> bool:
        """Whether it has not been told yet, in this quarter of an hour, that `what` was wrong too often."""
        return await self._counters.missed(self._names(f"told {what}", "")[1]) == 1

    async def forgive(self, what: str, network: str) -> None:
        """It was right after all."""
        for name in self._names(what, network):
            await self._counters.forgive(name)

    @staticmethod
    def _names(what: str, network: str) -> tuple[PersonId, PersonId]:
        """Hashed: what was typed as an address may be anything, of any length."""
        marked = sha256(what.encode(errors="replace")).hexdigest()
        return PersonId(f"try {marked} {network}"), PersonId(f"try {marked}")
