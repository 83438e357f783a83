"""What people handed in, session by session, read from the logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from facilitation import measures
from facilitation.facts import zone_of
from facilitation.ids import MeasureId, PersonId
from facilitation.measures import Band, Measure, Values
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.progress import Progress, ProgressBook
from server.store.clinic import ScheduledSession
from server.store.ports import Clinic

Held = tuple[ScheduledSession, Progress]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One measure of one person in one session, scored as it was worded then. `day`: where the session was held."""

    person: PersonId
    session: ScheduledSession
    measure: Measure
    values: Values
    at: Instant
    page_language: str = ""

    @property
    def day(self) -> date:
        return day_of(self.session.starts_at, zone_of(self.session.zone))

    @property
    def score(self) -> int | None:
        return measures.score(self.measure, self.values)

    @property
    def band(self) -> Band | None:
        return measures.band(self.measure, self.score)


class History:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, clinic: Clinic, progress: ProgressBook) -> None:
        self._clinic = clinic
        self._progress = progress

    async def held(
        self, *, since: Instant, until: Instant, which: Callable[[ScheduledSession], bool] = lambda _: True
    ) -> list[Held]:
        """Sessions in order of time, with how far each is."""
        found = [each for each in await self._clinic.list_sessions(since=since, until=until) if which(each)]
        progress = await self._progress.of_all([each.session for each in found])
        return [(each, progress[each.session]) for each in found]

    async def of(self, person: PersonId, *, since: Instant, until: Instant) -> list[Result]:
        """One person's, the oldest first; nothing of what is anonymous."""

        def theirs(session: ScheduledSession) -> bool:
            return any(each.person == person and each.treated for each in session.roster)

        held = await self.held(since=since, until=until, which=theirs)
        return [each for each in results(held) if each.person == person and not each.measure.anonymous]

    async def latest(
        self, person: PersonId, wanted: frozenset[MeasureId], sessions: Sequence[ScheduledSession]
    ) -> dict[MeasureId, Result]:
        """The last of each wanted measure, anonymous ones included. `sessions`: in order of time; the newest are read
        first, and no more of them than it takes."""
        found: dict[MeasureId, Result] = {}
        for session in reversed(sessions):
            if wanted <= found.keys():
                break
            if any(each.person == person and each.treated for each in session.roster):
                held = [(session, await self._progress.of(session.session))]
                for each in results(held):
                    if each.person == person and each.measure.id in wanted:
                        found.setdefault(each.measure.id, each)
        return found


def results(held: Sequence[Held]) -> Iterator[Result]:
    for session, progress in held:
        for person, readings in progress.readings.items():
            for reading in readings:
                yield Result(
                    person=person,
                    session=session,
                    measure=reading.measure,
                    values=reading.values,
                    at=reading.at,
                    page_language=reading.page_language,
                )
