"""Who answers for whom, looked up from either side; from the day of a teen's coming of age on only with their yes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from facilitation.errors import Refusal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.clock import Clock
from server.door.ages import Ages, Catalog
from server.store.ports import Clinic, Store
from server.store.register import Held, Shelf


class Guardians:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, shelf: Shelf[Guardianship], *, people: Clinic, ages: Ages, clock: Clock) -> None:
        self._shelf = shelf
        self._people = people
        self._ages = ages
        self._clock = clock

    async def of(self, teen: PersonId) -> list[Guardianship]:
        """Those that hold now, of one teen."""
        return await self._holding(lambda each: each.teen == teen)

    async def by(self, guardian: PersonId) -> list[Guardianship]:
        """Those that hold now, of one guardian."""
        return await self._holding(lambda each: each.guardian == guardian)

    async def between(self, guardian: PersonId, teen: PersonId) -> Guardianship | None:
        found = await self._holding(lambda each: (each.guardian, each.teen) == (guardian, teen))
        return found[0] if found else None

    async def cares(self, guardian: PersonId, teen: PersonId, care: Care) -> bool:
        """Whether a guardian may do that for this teen now."""
        between = await self.between(guardian, teen)
        return between is not None and between.allows(care, self._clock.now())

    async def ended_by_age(self, *, of: PersonId | None = None, by: PersonId | None = None) -> list[Guardianship]:
        """Those of one teen, or of one guardian, that hold no more because the teen is of age."""
        now = self._clock.now()
        return [
            each
            for each in await self._of_people(lambda each: of in (None, each.teen) and by in (None, each.guardian))
            if each.ended_by_age(now, await self._of_age(each.teen))
        ]

    async def over(self, *, of: PersonId | None = None, by: PersonId | None = None) -> list[Guardianship]:
        """Those of one teen, or of one guardian, that the clinic has ended."""
        now = self._clock.now()
        wanted = await self._of_people(lambda each: of in (None, each.teen) and by in (None, each.guardian))
        return [each for each in wanted if each.over(now)]

    async def agree(self, teen: PersonId, guardian: PersonId, yes: bool) -> None:
        """Whoever is of age lets a guardian go on seeing, or takes that back. Raises Refusal, Stale."""
        held: Held[Guardianship] | None = await self._shelf.get(f"{guardian} {teen}")
        now = self._clock.now()
        if held is None or not held.value.holds(now) or await self._of_age(teen) is None:
            raise Refusal("unknown_person", "There is nobody of your family of that name here.")
        agreed = replace(held.value, agreed=now if yes else None)
        await self._shelf.put(agreed, upon=held.revision, by=teen, at=now)

    async def _holding(self, wanted: Callable[[Guardianship], bool]) -> list[Guardianship]:
        now = self._clock.now()
        return [each for each in await self._of_people(wanted) if each.holds(now, await self._of_age(each.teen))]

    async def _of_people(self, wanted: Callable[[Guardianship], bool]) -> Iterable[Guardianship]:
        return [held.value for held in (await self._shelf.all()).values() if wanted(held.value)]

    async def _of_age(self, teen: PersonId) -> Instant | None:
        known = await self._people.get_person(teen)
        return None if known is None else await self._ages.of_age_since(known)


def guardians_of(store: Store, shelf: Shelf[Guardianship], *, catalog: Catalog, clock: Clock) -> Guardians:
    return Guardians(shelf, people=store.clinic, ages=Ages(store.clinic, catalog=catalog, clock=clock), clock=clock)
