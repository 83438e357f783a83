"""Licences at home: those that end soon, unless another one goes on where they do."""

from __future__ import annotations

from datetime import date
from typing import Any

from facilitation.ids import PersonId
from facilitation.licences import Licence
from facilitation.people import Role
from facilitation.places import LocalHelp
from facilitation.timebase import Instant
from server.door import shelves
from tests.support.evening import CODY, FAY
from tests.support.homes import TUESDAY_6_PM, House

ADA = PersonId("p-ada")
LONG_AGO = date(2020, 1, 1)


def licence(name: str, *states: str, last: date | None, person: PersonId = FAY) -> Licence:
    return Licence(licence=name, person=person, title="LCSW", states=states, first=LONG_AGO, last=last)


async def told(*kept: Licence) -> dict[str, Any] | None:
    house = House(now=TUESDAY_6_PM)
    await house.add(FAY, Role.FACILITATOR, name="Fay Example")
    await house.add(CODY, Role.COFACILITATOR, name="Cody Example")
    for each in kept:
        await shelves.licences(house.store.register).put(each, upon=0, by=ADA, at=Instant(TUESDAY_6_PM))
    return await house.card("licences", ADA, Role.ADMINISTRATOR)


async def test_those_that_end_within_two_months_are_named_the_nearest_end_first() -> None:
    card = await told(
        licence("a", "NY", last=date(2027, 1, 10)),
        licence("b", "NJ", "NY", last=date(2026, 12, 1), person=CODY),
        licence("c", "PA", last=date(2027, 6, 1), person=CODY),
    )
    assert card is not None
    assert [(each["name"], each["states"], each["last"], each["over"]) for each in card["ending"]] == [
        ("Cody Example", "New Jersey and New York", "December 1, 2026", False),
        ("Fay Example", "New York", "January 10, 2027", False),
    ]


async def test_one_that_another_goes_on_from_is_not_named() -> None:
    card = await told(licence("a", "NY", last=date(2026, 12, 1)), licence("b", "NY", "NJ", last=None))
    assert card is not None and card["ending"] == []


async def test_another_persons_licence_covers_nobody_else() -> None:
    card = await told(licence("a", "NY", last=date(2026, 12, 1)), licence("b", "NY", last=None, person=CODY))
    assert card is not None and [each["name"] for each in card["ending"]] == ["Fay Example"]


async def test_one_that_ended_lately_is_said_to_have_ended_and_one_long_ago_is_not() -> None:
    card = await told(licence("a", "NY", last=date(2026, 11, 20)), licence("b", "NJ", last=date(2026, 1, 20)))
    assert card is not None and [(each["over"], each["states"]) for each in card["ending"]] == [(True, "New York")]


async def test_where_no_licence_is_kept_there_is_no_card() -> None:
    assert await told() is None


async def test_numbers_that_nobody_has_called_for_a_year_are_counted_also_without_any_licence() -> None:
    house = House(now=TUESDAY_6_PM)
    for number, checked in enumerate((None, date(2025, 1, 1), date(2026, 11, 1))):
        help = LocalHelp(help=f"OH {number}", state="OH", area=f"{number}", dispatch="202-555-0100", checked=checked)
        await shelves.local_help(house.store.register).put(help, upon=0, by=ADA, at=Instant(TUESDAY_6_PM))
    card = await house.card("licences", ADA, Role.ADMINISTRATOR)
    assert card is not None and (card["unchecked"], card["ending"]) == (2, [])
