"""Standing groups at home: which nobody leads, and how many seats each has free on its fullest day."""

from __future__ import annotations

from datetime import date
from typing import Any

from facilitation.cohorts import Cohort, Lead
from facilitation.enrolment import Enrolment, Step
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.schedule.shelves import Shelves
from server.store.register import put_all
from tests.support.evening import CODY, FAY, ZONE
from tests.support.homes import TUESDAY_6_PM, House

ADA = PersonId("p-ada")
BY_FAY = (Lead(person=FAY, role=Role.FACILITATOR),)
MONDAY, TUESDAY = 0, 1


def cohort(name: str, **more: Any) -> Cohort:
    return Cohort(
        **{"id": CohortId(f"c-{name}"), "title": name, "programme": "adult-iop", "zone": ZONE, "leads": BY_FAY} | more
    )


def enrolled(person: str, name: str, *days: int, until: date | None = None) -> Enrolment:
    return Enrolment(
        id=EnrolmentId(f"e-{name}-{person}"),
        person=PersonId(person),
        cohort=CohortId(f"c-{name}"),
        steps=(Step(since=date(2026, 11, 1), days=days),),
        until=until,
    )


async def told(*records: Cohort | Enrolment) -> dict[str, Any]:
    house = House(now=TUESDAY_6_PM)
    shelves = Shelves(house.store.register)
    drafts = [
        shelves.cohorts.draft(each, upon=0) if isinstance(each, Cohort) else shelves.enrolments.draft(each, upon=0)
        for each in records
    ]
    await put_all(house.store.register, drafts, by=ADA, at=Instant(TUESDAY_6_PM))
    return await house.told("cohorts", ADA, Role.ADMINISTRATOR)


async def test_free_seats_are_those_of_the_fullest_day() -> None:
    shown = await told(
        cohort("Evening", caps={"process": 3, "skills": 5}),
        enrolled("p-1", "Evening", MONDAY, TUESDAY),
        enrolled("p-2", "Evening", TUESDAY),
        enrolled("p-3", "Evening", MONDAY, until=date(2026, 11, 20)),
    )
    [row] = shown["cohorts"]
    assert (row["people"], row["most"], row["free"]) == (2, 3, 1)


async def test_too_many_and_no_number_are_said_as_they_are() -> None:
    shown = await told(
        cohort("Open"),
        cohort("Crowded", caps={"process": 1}),
        enrolled("p-1", "Crowded", MONDAY),
        enrolled("p-2", "Crowded", MONDAY),
    )
    assert [(row["title"], row["free"]) for row in shown["cohorts"]] == [("Crowded", -1), ("Open", None)]


async def test_groups_that_nobody_leads_come_first_and_closed_ones_not_at_all() -> None:
    supervised = (Lead(person=PersonId("p-sue"), role=Role.SUPERVISOR),)
    shown = await told(
        cohort("A", caps={"process": 1}),
        cohort("B", leads=(Lead(person=CODY, role=Role.COFACILITATOR),)),
        cohort("C", leads=supervised),
        cohort("D", closed=True, leads=()),
    )
    assert [(row["title"], row["led"]) for row in shown["cohorts"]] == [("C", False), ("A", True), ("B", True)]


async def test_many_groups_are_named_in_part_and_counted() -> None:
    shown = await told(*(cohort(f"G{n}") for n in range(11)))
    assert (len(shown["cohorts"]), shown["more"]) == (8, 3)


async def test_a_clinic_without_a_group_has_the_card_all_the_same() -> None:
    assert (await told())["cohorts"] == []
