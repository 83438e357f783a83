"""What whoever plans sees: meetings that lack somebody, people in two places at once, the week in figures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from tests.support.evening import CODY, FAY, Evening, usual
from tests.support.homes import DAY_MS, ROBIN, TUESDAY_6_PM, House, evening
from tests.support.week import WEDNESDAY_NOON, week

ADA = PersonId("p-ada")
ADMINISTRATOR = Role.ADMINISTRATOR


def without(planned: Evening, *away: PersonId) -> Evening:
    """Before it is lived, as everything that is planned."""
    roster = tuple(each for each in planned.scheduled.roster if each.person not in away)
    planned.scheduled = replace(planned.scheduled, roster=roster)
    return planned


def at(planned: Evening, minutes: int) -> Evening:
    starts_at = Instant(planned.scheduled.starts_at + minutes * MINUTE_MS)
    planned.scheduled = replace(planned.scheduled, starts_at=starts_at)
    return planned


async def told(card: str, *evenings: Evening, now: int = TUESDAY_6_PM - HOUR_MS) -> dict[str, Any]:
    """What Ada, who plans, is told."""
    house = await House(*evenings, now=now).fill()
    await house.add(ADA, ADMINISTRATOR, name="Ada Example")
    return await house.told(card, ADA, ADMINISTRATOR)


async def test_meetings_that_nobody_leads_and_meetings_that_nobody_comes_to_are_named() -> None:
    unled, empty = without(evening("s-1"), FAY, CODY), without(evening("s-2", days=1), *evening().people)
    gaps = await told("gaps", unled, empty, evening("s-3", days=2))
    assert [(each["day"], each["time"]) for each in gaps["unled"]] == [("Today", "6:00 PM – 9:20 PM")]
    assert [each["day"] for each in gaps["empty"]] == ["Tomorrow"]
    assert gaps["planned"] == 3


async def test_a_cofacilitator_leads_and_what_is_over_is_no_gap() -> None:
    gaps = await told("gaps", without(evening("s-1"), FAY), without(evening("s-2", days=-1), FAY, CODY))
    assert gaps["unled"] == [] and gaps["empty"] == []


async def test_many_gaps_are_named_in_part_and_counted() -> None:
    gaps = await told("gaps", *(without(evening(f"s-{n}", days=n), FAY, CODY) for n in range(7)))
    assert (len(gaps["unled"]), gaps["more_unled"]) == (4, 3)


async def test_somebody_in_two_meetings_at_once_is_a_conflict() -> None:
    other = at(without(evening("s-2"), FAY, CODY, *evening().people[1:]), 60)
    [clash] = (await told("conflicts", evening("s-1"), other))["clashes"]
    assert (clash["names"], clash["day"], clash["rest"]) == (["Robin"], "Today", None)
    assert [each["time"] for each in clash["meetings"]] == ["6:00 PM – 9:20 PM", "7:00 PM – 10:20 PM"]


async def test_whoever_leads_two_without_a_rest_between_is_a_conflict_and_who_takes_part_is_not() -> None:
    after = at(without(evening("s-2"), CODY), 205)
    clashes = (await told("conflicts", evening("s-1"), after))["clashes"]
    assert [(each["names"], each["rest"]) for each in clashes] == [(["Dr. Fay Facilitator"], "5 min")]


async def test_everybody_who_is_in_the_same_two_meetings_at_once_is_one_conflict() -> None:
    conflicts = await told("conflicts", evening("s-1"), at(evening("s-2"), 60))
    [clash] = conflicts["clashes"]
    assert (len(clash["names"]), clash["more"], conflicts["more"]) == (4, 1, 0)


async def test_the_week_in_figures_is_what_was_held_of_it_and_who_came() -> None:
    counts = await told("counts", *week(), now=WEDNESDAY_NOON)
    assert (counts["held"], counts["planned"]) == (2, 4)
    assert (counts["came"], counts["asked"], counts["rate"]) == (5, 10, "50%")
    assert counts["unsigned"] == 5
    assert counts["range"] == "November 23 – 29"


async def test_last_week_is_not_in_the_weeks_figures() -> None:
    counts = await told("counts", usual(evening(days=-5)), now=TUESDAY_6_PM + DAY_MS)
    assert (counts["planned"], counts["rate"]) == (0, "")


async def test_they_are_for_whoever_plans_alone() -> None:
    house = await House(evening(), now=TUESDAY_6_PM - HOUR_MS).fill()
    for person in (FAY, ROBIN):
        for name in ("gaps", "conflicts", "counts"):
            assert await house.card(name, person) is None
