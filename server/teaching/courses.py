"""Who follows which curriculum, where it is kept, and which lesson of it a meeting has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from facilitation.courses import Course, Step, followed, of_cohort, of_programme
from facilitation.facts import zone_of
from facilitation.ids import CohortId
from facilitation.programme import Programme
from facilitation.schedule import SeriesKind
from facilitation.skills import Library, Taught
from facilitation.weeks import day_of
from server.store.clinic import ScheduledSession
from server.store.register import Register, Shelf


class Courses:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, register: Register) -> None:
        self.shelf = Shelf(register, "course", Course, id_of=lambda course: course.of)

    async def step(self, cohort: CohortId | None, programme: str, shipped: str, day: date) -> Step:
        """What a group follows on a day. `shipped`: the curriculum that its programme came with."""
        own = None if cohort is None else await self.shelf.get(of_cohort(cohort))
        common = await self.shelf.get(of_programme(programme)) if programme else None
        return followed(own.value if own else None, common.value if common else None, shipped, day)

    async def lesson(
        self,
        scheduled: ScheduledSession,
        before: Sequence[ScheduledSession],
        *,
        programme: Programme,
        library: Library,
    ) -> Taught | None:
        """What the curriculum has for a meeting. `before`: the meetings that its group had, or was to have, before."""
        if scheduled.kind is not SeriesKind.GROUP:
            return None
        day = _day(scheduled)
        step = await self.step(scheduled.cohort, scheduled.programme_id, programme.curriculum, day)
        return lesson_of(step, sum(_day(each) >= step.since for each in before), library)


def lesson_of(step: Step, before: int, library: Library) -> Taught | None:
    """After so many meetings since the step; None where nothing is followed, or what is was withdrawn."""
    return library.lesson(step.curriculum, step.begins + before) if step.curriculum else None


def _day(scheduled: ScheduledSession) -> date:
    return day_of(scheduled.starts_at, zone_of(scheduled.zone))
