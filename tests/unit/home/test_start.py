"""A clinic that is only beginning is led to its first steps; one that has begun is left in peace."""

from __future__ import annotations

from dataclasses import replace

from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS
from tests.support.evening import FAY
from tests.support.homes import TUESDAY_6_PM, House, evening

ADA = PersonId("p-ada")


async def test_an_empty_clinic_shows_whoever_sets_it_up_what_is_to_be_done_first() -> None:
    house = House(now=TUESDAY_6_PM)
    house.first_steps.so_far["group"] = True
    page = await house.page(ADA, Role.ADMINISTRATOR)
    card = page["cards"][0]
    assert (card["name"], card["url"]) == ("start", "/start")
    assert [step["done"] for step in card["steps"]] == [True, False, False, False]


async def test_it_goes_once_a_meeting_with_somebody_on_its_list_is_planned() -> None:
    planned = evening()
    house = await House(planned, now=TUESDAY_6_PM - HOUR_MS).fill()
    assert await house.card("start", ADA, Role.ADMINISTRATOR) is None
    staff_alone = tuple(each for each in planned.scheduled.roster if each.role is not Role.PARTICIPANT)
    planned.scheduled = replace(planned.scheduled, roster=staff_alone)
    house = await House(planned, now=TUESDAY_6_PM - HOUR_MS).fill()
    assert await house.card("start", ADA, Role.ADMINISTRATOR) is not None


async def test_nobody_else_is_led_there() -> None:
    assert await House(now=TUESDAY_6_PM).card("start", FAY) is None
