"""A clinic's first steps (server/books/first_steps.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.books.first_steps import FirstSteps
from server.books.people import Standing
from server.catalog import load_catalog
from server.schedule.book import ScheduleBook
from server.schedule.planner import Begun
from server.store import memory
from server.store.clinic import Person
from server.web.auth import Visitor
from server.web.words import IN_ENGLISH

NOW = Instant(1_795_561_200_000)  # Tuesday, November 24, 2026, 6 PM in New York
ZONE = "America/New_York"
ADA = Visitor(person=PersonId("p-ada"), role=Role.ADMINISTRATOR, name="Ada Administrator", zone=ZONE)
GIVEN = {
    "title": "Evening group",
    "programme": "adult-iop",
    "plan": "adult",
    "zone": ZONE,
    "starts": "18:00",
    "first": "2026-11-25",
}
CHOSEN = {"day": ["0", "2", "3"], "lead": ["p-ada"]}


class FixedClock:
    def now(self) -> Instant:
        return NOW


class Nobody:
    async def standings(self) -> Mapping[PersonId, Standing]:
        return {}

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        raise AssertionError("nobody is invited by looking")


class Clinic:
    def __init__(self) -> None:
        self.store = memory.connect()
        catalog = load_catalog()

        async def begun(session: SessionId) -> Begun:
            return Begun.NO

        self.schedule = ScheduleBook(self.store, catalog=catalog, begun=begun, clock=FixedClock())
        self.steps = FirstSteps(self.store, self.schedule, Nobody(), catalog=catalog, clock=FixedClock())

    async def hire(self, id: str, name: str, role: Role) -> None:
        await self.store.clinic.put_person(Person(person=PersonId(id), name=name, role=role, track="adult", zone=ZONE))

    async def page(self) -> dict[str, Any]:
        return await self.steps.page(IN_ENGLISH, reader=ADA, given={}, chosen={})


@pytest.fixture
async def clinic() -> Clinic:
    clinic = Clinic()
    await clinic.hire("p-ada", "Ada Administrator", Role.ADMINISTRATOR)
    return clinic


async def test_an_empty_clinic_has_every_step_before_it(clinic: Clinic) -> None:
    page = await clinic.page()
    assert not any(page["steps"].values())
    assert [each["id"] for each in page["form"]["programmes"]] == ["adult-iop", "teen-iop", "co-occurring-iop"]
    assert "demo" not in [each["id"] for each in page["form"]["plans"]]
    assert page["form"]["leaders"] == [("p-ada", "Ada Administrator", True)]
    assert page["form"]["given"]["first"] == "2026-11-25"


async def test_a_look_says_the_first_meetings_and_whether_the_week_is_enough_and_makes_nothing(clinic: Clinic) -> None:
    look = await clinic.steps.look(IN_ENGLISH, GIVEN, CHOSEN)
    assert look["meetings"][:3] == [
        "Wednesday, November 25, 6:00 PM – 9:20 PM",
        "Thursday, November 26, 6:00 PM – 9:20 PM",
        "Monday, November 30, 6:00 PM – 9:20 PM",
    ]
    assert str(look["week"]) == "A whole week counts 9 h: it reaches the 9 h that the program asks for."
    short = await clinic.steps.look(IN_ENGLISH, GIVEN, CHOSEN | {"day": ["0", "2"]})
    assert "3 h less than the 9 h" in str(short["week"])
    assert (await clinic.page())["cohorts"] == []


async def test_a_group_that_is_made_meets_in_the_next_weeks_and_is_led_by_who_was_named(clinic: Clinic) -> None:
    await clinic.hire("p-fay", "Dr. Fay Facilitator", Role.FACILITATOR)
    await clinic.hire("p-sue", "Sue Supervisor", Role.SUPERVISOR)
    assert await clinic.steps.make(GIVEN, CHOSEN | {"lead": ["p-ada", "p-fay", "p-sue"]}, by=ADA) == "Evening group"
    await clinic.hire("p-flo", "Flo Facilitator", Role.FACILITATOR)
    page = await clinic.page()
    [group] = page["cohorts"]
    assert (group["title"], group["leads"]) == (
        "Evening group",
        "Ada Administrator, Dr. Fay Facilitator and Sue Supervisor",
    )
    assert group["url"].startswith("/schedule/cohorts/c-") and page["idle"] == ["Flo Facilitator"]
    assert page["steps"] == {"group": True, "people": False, "invitations": False, "session": False}
    assert page["next"] == "Evening group, Wednesday, November 25, 6:00 PM"
    sessions = await clinic.store.clinic.list_sessions(since=NOW)
    assert len(sessions) == 24
    assert {(each.person, each.role) for each in sessions[0].roster} == {
        ("p-ada", Role.COFACILITATOR),
        ("p-fay", Role.FACILITATOR),
        ("p-sue", Role.SUPERVISOR),
    }


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({"title": " "}, {}),
        ({"title": "x" * 121}, {}),
        ({"programme": "none"}, {}),
        ({"plan": "../etc"}, {}),
        ({"zone": "Mars/Olympus"}, {}),
        ({"starts": "late"}, {}),
        ({"first": "tomorrow"}, {}),
        ({"first": "9999-12-31"}, {}),
        ({}, {"day": []}),
        ({}, {"day": ["7", "-1", "one", ""]}),
        ({}, {"lead": []}),
        ({}, {"lead": ["p-nobody"]}),
    ],
)
async def test_what_no_group_can_be_is_said_in_words_and_makes_nothing(
    clinic: Clinic, given: dict[str, str], chosen: dict[str, list[str]]
) -> None:
    with pytest.raises(Refusal):
        await clinic.steps.make(GIVEN | given, CHOSEN | chosen, by=ADA)
    assert await clinic.store.clinic.list_sessions() == []


async def test_participants_lead_no_group(clinic: Clinic) -> None:
    await clinic.hire("p-robin", "Robin Example", Role.PARTICIPANT)
    with pytest.raises(Refusal):
        await clinic.steps.make(GIVEN, CHOSEN | {"lead": ["p-robin"]}, by=ADA)
    assert ("p-robin", "Robin Example", False) not in (await clinic.page())["form"]["leaders"]
