"""What an auditor finds at home: what was read last, and what only by breaking the glass."""

from __future__ import annotations

from typing import Any

from facilitation.audit import Trace
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.timebase import MINUTE_MS, Instant
from tests.support.evening import FAY
from tests.support.homes import ROBIN, SAM, TUESDAY_6_PM, House

UMA = PersonId("p-uma")


def trace(minutes: int, action: str, *about: PersonId, by: PersonId = FAY, reason: str = "") -> Trace:
    at = Instant(TUESDAY_6_PM + minutes * MINUTE_MS)
    return Trace(
        trace=f"t-{minutes}", at=at, by=by, role=Role.FACILITATOR, action=action, about=about, session="", reason=reason
    )


async def told(*traces: Trace) -> dict[str, Any]:
    house = House(now=TUESDAY_6_PM + 60 * MINUTE_MS)
    for person, role, name in (
        (FAY, Role.FACILITATOR, "Fay Example"),
        (ROBIN, Role.PARTICIPANT, "Robin Example"),
        (SAM, Role.PARTICIPANT, "Sam Example"),
        (UMA, Role.AUDITOR, "Uma Example"),
    ):
        await house.add(person, role, name=name)
    for each in traces:
        await house.store.audit.record(each)
    return await house.told("readings", UMA, Role.AUDITOR)


async def test_the_last_readings_come_first_with_who_when_and_whose() -> None:
    shown = await told(trace(1, Action.READ_RECORD, ROBIN, SAM), trace(2, Action.READ_STATEMENT, SAM))
    assert [(each["by"], each["deed"], each["at"]) for each in shown["read"]] == [
        ("Fay Example", "read the statement of hours of Sam Example", "November 24, 6:02 PM"),
        ("Fay Example", "read the notes of Robin Example and Sam Example", "November 24, 6:01 PM"),
    ]


async def test_broken_glass_is_told_with_its_reason_and_apart() -> None:
    shown = await told(trace(1, Action.BREAK_GLASS, by=FAY, reason="She may be in danger."))
    assert shown["read"] == []
    assert [(each["by"], each["reason"]) for each in shown["broken"]] == [("Fay Example", "She may be in danger.")]


async def test_deeds_that_read_nothing_and_looks_at_the_log_itself_are_left_out_and_few_are_shown() -> None:
    shown = await told(
        trace(1, "signed in"),
        trace(2, Action.SEE_AUDIT, by=UMA),
        *(trace(n, Action.READ_RECORD, ROBIN) for n in range(3, 12)),
    )
    assert len(shown["read"]) == 6
    assert {each["deed"] for each in shown["read"]} == {"read the notes of Robin Example"}


async def test_an_empty_log_says_what_will_stand_there() -> None:
    shown = await told()
    assert (shown["read"], shown["broken"], shown["url"]) == ([], [], "/audit")
