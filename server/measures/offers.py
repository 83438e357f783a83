"""Which measures a session offers to whom: told to its room as it opens."""

from __future__ import annotations

from datetime import date
from typing import Final

from facilitation.commands import Command, OfferMeasures
from facilitation.facts import zone_of
from facilitation.ids import MeasureId, PersonId, SessionId
from facilitation.measures import EVERY_DAYS_MAX, Course, Earlier, due
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import day_of
from server.catalog import Catalog
from server.measures.history import History, Result
from server.progress import ProgressBook
from server.schedule.shelves import Shelves
from server.store.ports import Store

LOOKED_BACK_MS: Final = (EVERY_DAYS_MAX + 1) * 24 * HOUR_MS
"""What was answered longer ago is due by any programme."""


class Offers:
    def __init__(self, store: Store, *, catalog: Catalog, progress: ProgressBook) -> None:
        self._clinic = store.clinic
        self._catalog = catalog
        self._history = History(store.clinic, progress)
        self._shelves = Shelves(store.register)

    async def of(self, session: SessionId) -> list[Command]:
        """Raises StoreUnavailable, CorruptLog."""
        scheduled = await self._clinic.get_session(session)
        if scheduled is None or scheduled.programme_id not in self._catalog.programmes:
            return []
        programme = self._catalog.programme(scheduled.programme_id)
        asked = {measure.id: measure for measure in self._catalog.measures_of(programme)}
        if not asked:
            return []
        day = day_of(scheduled.starts_at, zone_of(scheduled.zone))
        before = await self._clinic.list_sessions(
            since=Instant(scheduled.starts_at - LOOKED_BACK_MS), until=scheduled.starts_at
        )
        commands: list[Command] = []
        for each in scheduled.roster:
            if not each.treated:
                continue
            latest = await self._history.latest(each.person, frozenset(asked), before)
            course = Course(
                answered={name: found.day for name, found in latest.items()},
                last_day=await self._last_day(each.person),
                teen=each.teen,
            )
            names = due(programme.measures, asked, course, day)
            if names:
                commands.append(OfferMeasures(person=each.person, measures=names, earlier=_earlier(latest)))
        return commands

    async def _last_day(self, person: PersonId) -> date | None:
        """The planned one: of their discharge, or of the last of their groups if each has an end."""
        discharge = await self._shelves.discharges.get(person)
        if discharge is not None and not discharge.value.taken_back:
            return discharge.value.day
        ends = [
            held.value.until for held in (await self._shelves.enrolments.all()).values() if held.value.person == person
        ]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None


def _earlier(latest: dict[MeasureId, Result]) -> tuple[Earlier, ...]:
    """Of those that were answered whole and are not anonymous."""
    return tuple(
        Earlier(measure=name, version=found.measure.version, score=found.score, at=found.at)
        for name, found in latest.items()
        if found.score is not None and not found.measure.anonymous
    )
