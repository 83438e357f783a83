"""Two after-school groups on a clinic's schedule: Monday to Thursday at four, Monday and Wednesday at seven."""

from __future__ import annotations

from datetime import date, time

from facilitation.cohorts import Cohort, Lead
from facilitation.enrolment import Enrolment, Step
from facilitation.ids import CohortId, EnrolmentId, PersonId, SeriesId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence
from facilitation.schedule import Series, SeriesKind
from facilitation.timebase import Instant
from server.schedule.shelves import Shelves
from server.store.ports import Store
from server.store.register import put_all

ZONE = "America/New_York"
FAY = PersonId("p-fay")
EARLY, LATE = CohortId("c-early"), CohortId("c-late")


def cohort(id: CohortId, title: str, seats: int) -> Cohort:
    return Cohort(
        id=id,
        title=title,
        programme="teen-iop",
        zone=ZONE,
        caps={"process": seats},
        leads=(Lead(person=FAY, role=Role.FACILITATOR),),
    )


def series(cohort: CohortId, days: tuple[int, ...], starts: time, first: date) -> Series:
    return Series(
        id=SeriesId(f"w-{cohort}"),
        title="After-school group",
        kind=SeriesKind.GROUP,
        plan_id="teen-short",
        zone=ZONE,
        recurrence=Recurrence(every=Every.WEEK, days=days),
        first=first,
        starts=starts,
        cohort=cohort,
    )


def enrolled(person: PersonId, cohort: CohortId, days: tuple[int, ...], since: date) -> Enrolment:
    return Enrolment(
        id=EnrolmentId(f"e-{cohort}-{person}"), person=person, cohort=cohort, steps=(Step(since=since, days=days),)
    )


async def afternoons(store: Store, *, first: date, now: Instant, early_seats: int = 4, late_seats: int = 4) -> None:
    """Put both groups onto the schedule; nobody is in them yet."""
    shelves = Shelves(store.register)
    drafts = [
        shelves.cohorts.draft(cohort(EARLY, "The four o’clock group", early_seats), upon=0),
        shelves.cohorts.draft(cohort(LATE, "The seven o’clock group", late_seats), upon=0),
        shelves.series.draft(series(EARLY, (0, 1, 2, 3), time(16), first), upon=0),
        shelves.series.draft(series(LATE, (0, 2), time(19), first), upon=0),
    ]
    await put_all(store.register, drafts, by=FAY, at=now)
