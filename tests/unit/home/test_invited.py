"""Invitations that nobody has used yet, as whoever plans sees them at home."""

from __future__ import annotations

from typing import Any

from facilitation.accounts import Ending, Invitation
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.accounts.shelves import shelves
from tests.support.homes import DAY_MS, TUESDAY_6_PM, House

ADA = PersonId("p-ada")


def invitation(name: str, person: str, *, days: float, ended: Ending | None = None, ago: int = 1) -> Invitation:
    return Invitation(
        invitation=name,
        person=PersonId(person),
        email="",
        at=Instant(TUESDAY_6_PM - ago * HOUR_MS),
        until=Instant(round(TUESDAY_6_PM + days * DAY_MS)),
        ended=ended,
    )


async def told(*invitations: Invitation, role: Role = Role.ADMINISTRATOR) -> dict[str, Any]:
    house = House(now=TUESDAY_6_PM)
    await house.add(ADA, Role.ADMINISTRATOR, name="Ada Example")
    for n in range(8):
        await house.add(PersonId(f"p-{n}"), Role.PARTICIPANT, name=f"Person {n}")
    for each in invitations:
        await shelves(house.store.register).invitations.put(each, upon=0, by=ADA, at=each.at)
    return await house.told("invitations", ADA, role)


async def test_those_that_ran_out_come_first_then_those_that_will_soonest() -> None:
    shown = await told(
        invitation("a", "p-1", days=3), invitation("b", "p-2", days=-0.5), invitation("c", "p-3", days=1)
    )
    assert [(each["name"], each["over"]) for each in shown["people"]] == [
        ("Person 2", True),
        ("Person 3", False),
        ("Person 1", False),
    ]
    assert shown["people"][1]["until"] == "November 25, 6:00 PM"


async def test_who_used_theirs_is_not_named() -> None:
    shown = await told(invitation("a", "p-1", days=3, ended=Ending.USED))
    assert (shown["people"], shown["sent"]) == ([], True)


async def test_of_several_to_one_person_the_last_counts() -> None:
    shown = await told(
        invitation("a", "p-1", days=-2, ago=60), invitation("b", "p-1", days=5, ended=Ending.USED, ago=2)
    )
    assert shown["people"] == []


async def test_many_are_named_in_part_and_counted() -> None:
    shown = await told(*(invitation(f"i-{n}", f"p-{n}", days=n + 1) for n in range(7)))
    assert (len(shown["people"]), shown["more"]) == (4, 3)


async def test_where_nobody_was_invited_the_card_says_what_it_is_for() -> None:
    shown = await told()
    assert (shown["people"], shown["sent"], shown["url"]) == ([], False, "/accounts")
