"""Whoever plans sees at home who waits for an answer of the clinic's, and for a seat."""

from __future__ import annotations

import pytest

from facilitation.ids import CohortId, PersonId, SessionId
from facilitation.makeups import MakeUp, Standing
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from facilitation.waiting import Wait, Waiting
from server.schedule.shelves import Shelves as ScheduleShelves
from server.school.shelves import Shelves
from tests.support.homes import ROBIN, SAM, TUESDAY_6_PM, House, evening

SAL = PersonId("p-sal")
NOW = Instant(TUESDAY_6_PM)


async def asked(*make_ups: MakeUp, waiting: tuple[Waiting, ...] = ()) -> House:
    house = await House(evening(days=1), now=TUESDAY_6_PM).fill()
    await house.add(SAL, Role.SCHEDULER, name="Sal Example")
    for make_up in make_ups:
        await ScheduleShelves(house.store.register).make_ups.put(make_up, upon=0, by="", at=NOW)
    for place in waiting:
        await Shelves(house.store.register).waiting.put(place, upon=0, by="", at=NOW)
    return house


def make_up(person: PersonId, standing: Standing = Standing.ASKED) -> MakeUp:
    return MakeUp(
        person=person,
        session=SessionId("s-1"),
        missed=SessionId(f"s-missed-{person}"),
        asked_by=person,
        asked_at=NOW,
        standing=standing,
    )


def place(person: PersonId, standing: Wait, *, hours: int | None = None) -> Waiting:
    answer_by = None if hours is None else Instant(NOW + hours * HOUR_MS)
    return Waiting(person=person, cohort=CohortId("c-late"), since=NOW, standing=standing, answer_by=answer_by)


@pytest.mark.parametrize("role", [Role.SCHEDULER, Role.ADMINISTRATOR])
async def test_who_asks_for_a_make_up_is_named_until_it_is_answered(role: Role) -> None:
    house = await asked(make_up(ROBIN), make_up(SAM, Standing.AGREED))
    card = await house.told("asked", SAL, role)
    assert (card["asking"], card["names"], card["make_ups_url"]) == (1, ["Robin"], "/make-ups")


async def test_places_on_the_lists_are_counted_and_the_first_offer_that_ends_is_told() -> None:
    house = await asked(
        waiting=(
            place(ROBIN, Wait.OFFERED, hours=40),
            place(SAM, Wait.OFFERED, hours=6),
            place(PersonId("p-3"), Wait.WAITING),
            place(PersonId("p-4"), Wait.DECLINED),
            place(PersonId("p-5"), Wait.OFFERED, hours=-1),
        )
    )
    card = await house.told("asked", SAL, Role.SCHEDULER)
    assert (card["asking"], card["waiting"], card["offered"]) == (0, 1, 2)
    assert card["until"] == "November 25, 12:00 AM"


async def test_without_anybody_who_waits_there_is_no_card() -> None:
    house = await asked(make_up(SAM, Standing.DECLINED), waiting=(place(ROBIN, Wait.TAKEN),))
    assert await house.card("asked", SAL, Role.SCHEDULER) is None


async def test_who_leads_groups_alone_finds_it_on_its_own_pages() -> None:
    assert await (await asked(make_up(ROBIN))).card("asked", SAL, Role.FACILITATOR) is None
