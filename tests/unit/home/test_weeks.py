"""One's own week, and whose week needs help."""

from __future__ import annotations

from facilitation.people import Role
from facilitation.policy import Action
from facilitation.timebase import HOUR_MS
from tests.support.evening import FAY
from tests.support.homes import ROBIN, House
from tests.support.week import WEDNESDAY_NOON, week


async def test_ones_own_week_is_a_picture_and_a_sentence() -> None:
    told = await (await House(*week(), now=WEDNESDAY_NOON).fill()).told("week", ROBIN)
    assert told["week"]["minutes"] == 180
    assert told["statement_url"] == "/statement/p-1"
    assert "It is within reach." in told["meter"]["sentences"]


async def test_staff_see_the_first_few_who_need_help_those_first_who_need_it_most() -> None:
    told = await (await House(*week(), now=WEDNESDAY_NOON).fill()).told("help", FAY)
    assert [(each["name"], each["meter"]["outlook"]) for each in told["people"]] == [
        ("Alex", "missed"),
        ("Kim", "missed"),
        ("Jo", "tight"),
        ("Sam", "tight"),
    ]
    assert (told["more"], told["known"]) == (0, 5)
    assert told["people"][0]["url"] == "/weeks/p-3"


async def test_whose_week_was_shown_stands_in_the_audit_log() -> None:
    house = await House(*week(), now=WEDNESDAY_NOON).fill()
    told = await house.told("help", FAY)
    traces = [each async for each in house.store.audit.all()]
    assert {(each.by, each.action) for each in traces} == {(FAY, Action.SEE_WEEKS)}
    assert {each["url"] for each in told["people"]} in [{f"/weeks/{id}" for id in each.about} for each in traces]
    await house.told("help", FAY)
    await house.told("help", ROBIN, Role.FACILITATOR, signed_in=False)
    assert [each async for each in house.store.audit.all()] == traces, "a second look within the hour is the same one"


async def test_only_people_of_ones_own_meetings_are_looked_at() -> None:
    house = await House(*week(), now=WEDNESDAY_NOON).fill()
    await house.add(ROBIN, Role.PARTICIPANT, name="Robin")
    other = await house.told("help", ROBIN, Role.FACILITATOR, signed_in=False)
    assert (other["people"], other["known"]) == ([], 0)


async def test_participants_do_not_see_who_needs_help() -> None:
    house = await House(*week(), now=WEDNESDAY_NOON - HOUR_MS).fill()
    assert await house.card("help", ROBIN) is None
