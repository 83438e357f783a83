"""A guardian's home: hours, attendance, shared goals, what waits for them, and nothing else of their teen."""

from __future__ import annotations

from datetime import date
from typing import Any

from facilitation.goals import Goal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import GoalId, PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.store.clinic import Person
from tests.support.evening import Evening, usual
from tests.support.homes import DAY_MS, ROBIN, SAM, TUESDAY_6_PM, House

GALE = PersonId("p-gale")


async def house(*may: Care) -> House:
    held = usual(Evening(session="s-1", starts_at=TUESDAY_6_PM, people=3))
    for person in held.people:
        held.at(210).write(person, "Cried about school. Took part.")
        held.sign(person)
    there = await House(held, now=TUESDAY_6_PM + DAY_MS // 2).fill()
    teen = Person(person=ROBIN, name="Robin", role=Role.PARTICIPANT, track="teen", zone="America/New_York")
    await there.store.clinic.put_person(teen)
    await there.add(GALE, Role.GUARDIAN, name="Gale")
    care = Guardianship(guardian=GALE, teen=ROBIN, since=Instant(0), may=frozenset(may))
    await there.guardianships.put(care, upon=0, by="", at=Instant(TUESDAY_6_PM))
    for id, text, shared in (("g-1", "Sleep seven hours", True), ("g-2", "Tell what happened in May", False)):
        await there.store.notebook.put_goal(
            Goal(goal=GoalId(id), person=ROBIN, text=text, since=date(2026, 11, 1), shared=shared)
        )
    return there


async def teens(there: House) -> list[dict[str, Any]]:
    cards = (await there.page(GALE, Role.GUARDIAN))["cards"]
    return next(each["teens"] for each in cards if each["name"] == "wards")


async def test_a_guardian_sees_hours_attendance_and_shared_goals() -> None:
    [teen] = await teens(await house(*Care))
    assert teen["name"] == "Robin"
    assert teen["week"]["minutes"] > 0
    assert teen["attendance"] == ["Came to 1 of 1 meeting this week."]
    assert teen["goals"] == ["Sleep seven hours"]


async def test_nothing_that_was_written_said_or_noted_and_nobody_elses_name_reaches_them() -> None:
    shown = str(await (await house(*Care)).page(GALE, Role.GUARDIAN))
    for secret in ("Cried", "May", "Sam", "Alex", "Fay"):
        assert secret not in shown


async def test_what_they_may_not_is_not_shown() -> None:
    [teen] = await teens(await house())
    assert (teen["week"], teen["attendance"], teen["goals"], teen["coming"]) == (None, [], [], [])
    assert teen["consents_url"] is None


async def test_a_guardian_of_nobody_sees_nobody() -> None:
    there = await house(*Care)
    await there.add(SAM, Role.GUARDIAN, name="Sam")
    cards = (await there.page(SAM, Role.GUARDIAN))["cards"]
    assert next(each["teens"] for each in cards if each["name"] == "wards") == []
