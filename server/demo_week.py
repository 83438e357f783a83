"""The demo clinic's week: cohorts, series and enrolments, made once and then left to whoever plays with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Final

from facilitation.clashes import REST_MS
from facilitation.cohorts import Cohort, Lead
from facilitation.enrolment import Enrolment, Step
from facilitation.facts import zone_of
from facilitation.ids import CohortId, EnrolmentId, PersonId, SeriesId, SessionId, TermId
from facilitation.people import Role
from facilitation.plan import SegmentKind
from facilitation.recurrence import Every, Recurrence
from facilitation.rules import WEEKDAYS
from facilitation.schedule import Deviation, Series, SeriesKind, deviate
from facilitation.school import Activity, School, SchoolHours
from facilitation.sentences import marked
from facilitation.terms import Closed, Term
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.catalog import load_catalog
from server.progress import ProgressBook
from server.schedule.shelves import Shelves
from server.schedule.snapshot import Schedule
from server.school.shelves import Shelves as Schools
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.store.register import put_all

ZONE: Final = "America/New_York"
FAY, CODY, SUE, PAT = PersonId("p-fay"), PersonId("p-cody"), PersonId("p-sue"), PersonId("p-pat")
EVENING, TEENS, RECOVERY, ALUMNI = (CohortId(f"c-{name}") for name in ("evening", "teens", "recovery", "alumni"))
TERM: Final = TermId("t-year")
INSTEAD: Final = marked("a meeting that can start now is held instead")
LEADS: Final = (
    Lead(person=FAY, role=Role.FACILITATOR),
    Lead(person=CODY, role=Role.COFACILITATOR),
    Lead(person=SUE, role=Role.SUPERVISOR),
)
GUARDIAN: Final = Person(person=PAT, name="Pat Example", role=Role.GUARDIAN, track="adult", zone=ZONE)
"""Comes to the family sessions of Ash Example."""
MEMBERS: Final = {
    EVENING: ("p-robin", "p-sam", "p-alex", "p-jo", "p-kim", "p-lee", "p-max", "p-noa"),
    TEENS: ("p-ash", "p-bay", "p-cam", "p-dee", "p-eli", "p-fin"),
    RECOVERY: ("p-gil", "p-hal", "p-ivy", "p-kit", "p-ona", "p-pip", "p-quin"),
}
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = range(5)
DAYS: Final = {
    EVENING: (MONDAY, WEDNESDAY, FRIDAY),
    TEENS: (MONDAY, TUESDAY, WEDNESDAY, THURSDAY),
    RECOVERY: (TUESDAY, THURSDAY, FRIDAY),
}


async def prepare(store: Store, *, now: Instant) -> None:
    """Put everything on the register, if nothing of it is there yet: what somebody changed stays changed."""
    shelves = Shelves(store.register)
    if await shelves.cohorts.get(EVENING) is not None:
        return
    if await store.clinic.get_person(PAT) is None:
        await store.clinic.put_person(GUARDIAN)
    today = day_of(now, zone_of(ZONE))
    begun = today - timedelta(days=today.weekday() + 21)
    drafts = [
        shelves.terms.draft(term(today), upon=0),
        *(shelves.cohorts.draft(cohort, upon=0) for cohort in cohorts()),
        *(shelves.series.draft(each, upon=0) for each in series(begun)),
        *(shelves.enrolments.draft(each, upon=0) for each in enrolments(begun)),
        *(Schools(store.register).schools.draft(school_week(PersonId(teen)), upon=0) for teen in MEMBERS[TEENS]),
    ]
    await put_all(store.register, drafts, by="", at=now)


async def step_aside(
    store: Store, held: Sequence[ScheduledSession], *, progress: ProgressBook, now: Instant
) -> list[SessionId]:
    """Call off what the week has at the hours of the sessions `held`, unless somebody was in its room; what it was."""
    if not held:
        return []
    shelves, plans = Shelves(store.register), load_catalog().plans
    schedule = Schedule(terms={TermId(id): each.value for id, each in (await shelves.terms.all()).items()})

    def ends_at(plan_id: str, starts_at: Instant) -> int:
        return starts_at + sum(part.planned_ms for part in plans[plan_id].segments)

    hours = [(each.starts_at - REST_MS, ends_at(each.plan_id, each.starts_at) + REST_MS) for each in held]
    day, near = day_of(now, zone_of(ZONE)), timedelta(days=1)
    drafts, gone = [], []
    for kept in (await shelves.series.all()).values():
        series = kept.value
        for each in schedule.occurrences(series, day - near, day + near):
            ends = ends_at(series.plan_id if series.plan_id in plans else "adult", each.starts_at)
            touches = any(each.starts_at < last and first < ends for first, last in hours)
            if touches and not each.dropped and not (await progress.of(each.session)).seq:
                series = deviate(series, Deviation(on=each.on, cancelled=True, reason=INSTEAD))
                gone.append(each.session)
                planned = await store.clinic.get_session(each.session)
                if planned is not None:
                    off = replace(planned, cancelled=INSTEAD, sequence=planned.sequence + 1, changed_at=now)
                    await store.clinic.put_session(off)
        if series != kept.value:
            drafts.append(shelves.series.draft(series, upon=kept.revision))
    if drafts:
        await put_all(store.register, drafts, by="", at=now)
    return gone


def term(today: date) -> Term:
    year = today.year
    return Term(
        id=TERM,
        title=f"{year} and {year + 1}",
        first=date(year, 1, 1),
        last=date(year + 1, 12, 31),
        holidays=tuple(
            Closed(first=date(each, month, first), last=date(each, month, last), title=title)
            for each in (year, year + 1)
            for month, first, last, title in ((1, 1, 1, "New Year’s Day"), (12, 24, 26, "Winter holidays"))
        ),
        summer=(date(year + (today.month > 8), 6, 22), date(year + (today.month > 8), 8, 28)),
    )


def cohorts() -> tuple[Cohort, ...]:
    caps = {SegmentKind.PROCESS.value: 12, SegmentKind.SKILLS.value: 16}
    return (
        Cohort(id=EVENING, title="Evening group", programme="adult-iop", zone=ZONE, caps=caps, leads=LEADS),
        Cohort(id=TEENS, title="After-school group", programme="teen-iop", zone=ZONE, caps=caps, leads=LEADS),
        Cohort(id=RECOVERY, title="Recovery group", programme="co-occurring-iop", zone=ZONE, caps=caps, leads=LEADS),
        Cohort(
            id=ALUMNI,
            title="Alumni evening",
            programme="adult-iop",
            zone=ZONE,
            leads=LEADS[:1],
            strict=False,
            alumni=True,
        ),
    )


def series(first: date) -> tuple[Series, ...]:
    def weekly(*days: int) -> Recurrence:
        return Recurrence(every=Every.WEEK, days=days)

    def group(cohort: CohortId, title: str, plan: str, starts: time, summer: time | None = None) -> Series:
        return Series(
            id=SeriesId(f"w-{cohort[2:]}"),
            title=title,
            kind=SeriesKind.GROUP,
            plan_id=plan,
            zone=ZONE,
            recurrence=weekly(*DAYS[cohort]),
            first=first,
            starts=starts,
            summer_starts=summer,
            cohort=cohort,
            term=TERM,
        )

    return (
        group(EVENING, "Evening group", "adult", time(18, 0)),
        group(TEENS, "After-school group", "teen-short", time(15, 30), time(13, 0)),
        group(RECOVERY, "Recovery group", "adult", time(10, 0)),
        Series(
            id=SeriesId("w-alumni"),
            title="Alumni evening",
            kind=SeriesKind.GROUP,
            plan_id="alumni",
            zone=ZONE,
            recurrence=Recurrence(every=Every.MONTH, days=(TUESDAY,), nths=(1,)),
            first=first,
            starts=time(20, 0),
            cohort=ALUMNI,
            term=TERM,
        ),
        Series(
            id=SeriesId("w-robin"),
            title="Robin with Cody",
            kind=SeriesKind.INDIVIDUAL,
            plan_id="individual",
            zone=ZONE,
            recurrence=weekly(TUESDAY),
            first=first,
            starts=time(14, 0),
            people=(PersonId("p-robin"),),
            leads=(Lead(person=CODY, role=Role.FACILITATOR), LEADS[2]),
            programme="adult-iop",
            term=TERM,
        ),
        Series(
            id=SeriesId("w-ash"),
            title="Ash and family",
            kind=SeriesKind.FAMILY,
            plan_id="family",
            zone=ZONE,
            recurrence=weekly(TUESDAY),
            first=first,
            starts=time(18, 30),
            people=(PersonId("p-ash"),),
            relatives=(PAT,),
            leads=(LEADS[0], LEADS[2]),
            programme="teen-iop",
            term=TERM,
        ),
        Series(
            id=SeriesId("w-families"),
            title="Families of the after-school group",
            kind=SeriesKind.MULTI_FAMILY,
            plan_id="multi-family",
            zone=ZONE,
            recurrence=Recurrence(every=Every.WEEK, days=(THURSDAY,), interval=2),
            first=first,
            starts=time(18, 30),
            cohort=TEENS,
            relatives=(PAT,),
            term=TERM,
        ),
    )


def school_week(teen: PersonId) -> School:
    """From eight to three on five days, and something of their own on Friday."""
    choir = Activity(name="Choir", weekday=WEEKDAYS[FRIDAY], start=time(16, 0), end=time(17, 30))
    hours = tuple(SchoolHours(weekday=day, start=time(8, 0), end=time(15, 0)) for day in WEEKDAYS[:5])
    return School(person=teen, zone=ZONE, hours=hours, activities=(choir,))


def enrolments(first: date) -> tuple[Enrolment, ...]:
    return tuple(
        Enrolment(
            id=EnrolmentId(f"e-{cohort[2:]}-{person[2:]}"),
            person=PersonId(person),
            cohort=cohort,
            steps=(Step(since=first, days=DAYS[cohort]),),
        )
        for cohort, people in MEMBERS.items()
        for person in people
    )
