"""Who answers for whom, looked up from either side; from the day of a teen's coming of age on only with their yes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from facilitation.errors import Refusal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.clock import Clock
from server.derived import Derived
from server.door.ages import Ages, Catalog
from server.store.ports import Clinic, Store
from server.store.register import Held, Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Every guardianship, by either of its sides."""

    teens: Mapping[PersonId, Sequence[Guardianship]]
    guardians: Mapping[PersonId, Sequence[Guardianship]]


class Guardians:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, shelf: Shelf[Guardianship], *, people: Clinic, ages: Ages, clock: Clock) -> None:
        self._shelf = shelf
        self._people = people
        self._ages = ages
        self._clock = clock
        self._sides = Derived(_sides)

    async def of(self, teen: PersonId) -> list[Guardianship]:
        """Those that hold now, of one teen."""
        return await self._holding(await self._of_people(of=teen))

    async def of_minors(self, teens: Iterable[PersonId]) -> dict[PersonId, list[Guardianship]]:
        """Those that hold now, of each of these, none of whom is of age."""
        now, sides = self._clock.now(), self._sides.of(await self._shelf.all())
        return {teen: [each for each in sides.teens.get(teen, ()) if each.holds(now, None)] for teen in teens}

    async def by(self, guardian: PersonId) -> list[Guardianship]:
        """Those that hold now, of one guardian."""
        return await self._holding(await self._of_people(by=guardian))

    async def between(self, guardian: PersonId, teen: PersonId) -> Guardianship | None:
        found = await self._holding(await self._of_people(of=teen, by=guardian))
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
            for each in await self._of_people(of=of, by=by)
            if each.ended_by_age(now, await self._of_age(each.teen))
        ]

    async def over(self, *, of: PersonId | None = None, by: PersonId | None = None) -> list[Guardianship]:
        """Those of one teen, or of one guardian, that the clinic has ended."""
        now = self._clock.now()
        return [each for each in await self._of_people(of=of, by=by) if each.over(now)]

    async def agree(self, teen: PersonId, guardian: PersonId, yes: bool) -> None:
        """Whoever is of age lets a guardian go on seeing, or takes that back. Raises Refusal, Stale."""
        held: Held[Guardianship] | None = await self._shelf.get(f"{guardian} {teen}")
        now = self._clock.now()
        if held is None or not held.value.holds(now) or await self._of_age(teen) is None:
            raise Refusal("unknown_person", "There is nobody of your family of that name here.")
        agreed = replace(held.value, agreed=now if yes else None)
        await self._shelf.put(agreed, upon=held.revision, by=teen, at=now)

    async def _holding(self, some: Iterable[Guardianship]) -> list[Guardianship]:
        now = self._clock.now()
        return [each for each in some if each.holds(now, await self._of_age(each.teen))]

    async def _of_people(self, *, of: PersonId | None = None, by: PersonId | None = None) -> Sequence[Guardianship]:
        """Of this teen, by this guardian, or both."""
        sides = self._sides.of(await self._shelf.all())
        if of is None:
            return (
                [each for some in sides.teens.values() for each in some] if by is None else sides.guardians.get(by, ())
            )
        return [each for each in sides.teens.get(of, ()) if by in (None, each.guardian)]

    async def _of_age(self, teen: PersonId) -> Instant | None:
        known = await self._people.get_person(teen)
        return None if known is None else await self._ages.of_age_since(known)


def _sides(every: Mapping[str, Held[Guardianship]]) -> _Sides:
    teens: dict[PersonId, list[Guardianship]] = {}
    guardians: dict[PersonId, list[Guardianship]] = {}
    for held in every.values():
        teens.setdefault(held.value.teen, []).append(held.value)
        guardians.setdefault(held.value.guardian, []).append(held.value)
    return _Sides(teens=teens, guardians=guardians)


def guardians_of(store: Store, shelf: Shelf[Guardianship], *, catalog: Catalog, clock: Clock) -> Guardians:
    return Guardians(shelf, people=store.clinic, ages=Ages(store.clinic, catalog=catalog, clock=clock), clock=clock)
