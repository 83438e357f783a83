"""Who answers for whom, looked up from either side."""

from __future__ import annotations

from facilitation.guardianship import Guardianship
from facilitation.ids import PersonId
from server.clock import Clock
from server.store.register import Shelf


class Guardians:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, shelf: Shelf[Guardianship], *, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    async def of(self, teen: PersonId) -> list[Guardianship]:
        """Those that hold now, of one teen."""
        return [each for each in await self._holding() if each.teen == teen]

    async def by(self, guardian: PersonId) -> list[Guardianship]:
        """Those that hold now, of one guardian."""
        return [each for each in await self._holding() if each.guardian == guardian]

    async def between(self, guardian: PersonId, teen: PersonId) -> Guardianship | None:
        return next((each for each in await self.by(guardian) if each.teen == teen), None)

    async def _holding(self) -> list[Guardianship]:
        now = self._clock.now()
        return [held.value for held in (await self._shelf.all()).values() if held.value.holds(now)]
