"""Who misses one of their first meetings or two in a row, told to whoever leads and whoever plans."""

from __future__ import annotations

from facilitation.ids import PersonId
from facilitation.people import Role
from tests.support.evening import FAY, Evening
from tests.support.homes import ROBIN, TUESDAY_6_PM, House, evening
from tests.support.week import held

ADA = PersonId("p-ada")
SAM, ALEX = PersonId("p-2"), PersonId("p-3")
NOON = TUESDAY_6_PM - 6 * 3_600_000


def before(days: int, *there: PersonId) -> Evening:
    return held(evening(f"s-{days}", days=-days), *there)


async def test_one_of_the_first_meetings_missed_is_told_to_who_leads_and_who_plans() -> None:
    house = await House(before(1, ROBIN, SAM), now=NOON).fill()
    for person, role in ((FAY, Role.FACILITATOR), (ADA, Role.ADMINISTRATOR)):
        [row] = (await house.told("early", person, role))["people"]
        assert (row["name"], row["in_a_row"], row["url"]) == ("Alex", 1, "/weeks/p-3")


async def test_two_in_a_row_come_first_with_their_days() -> None:
    house = await House(before(5, ROBIN, ALEX), before(3, ROBIN, ALEX), before(1, ROBIN), now=NOON).fill()
    rows = (await house.told("early", FAY))["people"]
    assert [(row["name"], row["in_a_row"]) for row in rows] == [("Sam", 3), ("Alex", 1)]
    assert rows[0]["days"].count("November") == 3


async def test_one_miss_among_many_meetings_and_who_came_last_are_not_told() -> None:
    everybody = ROBIN, SAM, ALEX
    most = [before(day, *everybody) for day in (14, 12, 10, 8, 6)]
    house = await House(*most, before(3, ROBIN, SAM), now=NOON).fill()
    assert await house.card("early", FAY) is None
    back = await House(before(3, ROBIN), before(1, *everybody), now=NOON).fill()
    assert await back.card("early", FAY) is None


async def test_what_is_long_ago_is_not_told_any_more_and_participants_are_told_of_nobody() -> None:
    house = await House(before(20, ROBIN, SAM), now=NOON).fill()
    assert await house.card("early", FAY) is None
    fresh = await House(before(1, ROBIN, SAM), now=NOON).fill()
    assert await fresh.card("early", ROBIN) is None
