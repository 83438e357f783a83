"""Who is a minor today, by the programmes that they are in; and since when somebody is of age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Final, Protocol

from facilitation.ages import ADULT_AGE, came_of_age, is_minor
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.programme import PLAIN, Programme
from facilitation.schedule import instant_of
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.store.clinic import Person
from server.store.ports import Clinic

LOOK_BACK_MS: Final = 35 * 24 * HOUR_MS
"""Whoever was on a list within these is in that programme."""


class Catalog(Protocol):
    @property
    def programmes(self) -> Mapping[str, Programme]: ...


class Ages:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, clinic: Clinic, *, catalog: Catalog, clock: Clock) -> None:
        self._clinic = clinic
        self._catalog = catalog
        self._clock = clock

    async def programmes_of(self, person: PersonId) -> list[Programme]:
        """Those of the sessions on whose list they stand, from a month ago on."""
        sessions = await self._clinic.list_sessions(since=Instant(self._clock.now() - LOOK_BACK_MS))
        ids = {
            each.programme_id
            for each in sessions
            if any(seat.person == person and seat.treated for seat in each.roster)
        }
        return [self._catalog.programmes.get(id, PLAIN) for id in sorted(ids)]

    async def minor(self, person: Person) -> bool:
        """Whether minors' rules hold for a participant today."""
        if person.role is not Role.PARTICIPANT:
            return False
        return is_minor(person.track, person.born, self._today(person), await self._adult_age(person))

    async def of_age(self, person: Person) -> date | None:
        """Since which day they are of age; None: not yet, or nobody knows."""
        if person.born is None or person.role is not Role.PARTICIPANT:
            return None
        return came_of_age(person.born, self._today(person), await self._adult_age(person))

    async def of_age_since(self, person: Person) -> Instant | None:
        """The beginning of that day where they are."""
        day = await self.of_age(person)
        return None if day is None else instant_of(day, time(), zone_of(person.zone))

    async def _adult_age(self, person: Person) -> int:
        """Nearly always all programmes say the same, and nobody's sessions have to be looked for."""
        ages = {each.adult_age for each in self._catalog.programmes.values()}
        if len(ages) == 1 or person.born is None:
            return min(ages)
        return adult_age(await self.programmes_of(person.person))

    def _today(self, person: Person) -> date:
        return day_of(self._clock.now(), zone_of(person.zone))


def adult_age(programmes: Iterable[Programme]) -> int:
    """Of several, the highest: who is still a minor in one of them is treated as one."""
    return max((each.adult_age for each in programmes), default=ADULT_AGE)
