"""The list of where else to go leads nowhere that is not there, and nobody where they may not go."""

from __future__ import annotations

import pytest
from starlette.routing import Route

from facilitation.people import Role
from facilitation.policy import may
from server.home.tools import TOOLS
from tests.support.application import Application
from tests.support.homes import FAY, TUESDAY_6_PM, House


def test_every_tool_is_a_page_that_is_there() -> None:
    there = {route.path for route in Application().app.routes if isinstance(route, Route)}
    assert {tool.path for tool in TOOLS} <= there
    assert len({tool.path for tool in TOOLS}) == len(TOOLS)


@pytest.mark.parametrize("role", Role)
async def test_everybody_is_led_to_what_they_may_open_and_to_nothing_else(role: Role) -> None:
    card = await House(now=TUESDAY_6_PM).card("tools", FAY, role)
    allowed = {tool.path for tool in TOOLS if may(role, tool.needs)}
    assert card is not None and {link["url"] for group in card["groups"] for link in group["links"]} == allowed


async def test_many_are_in_order_under_what_they_are_about_and_few_stand_by_themselves() -> None:
    house = House(now=TUESDAY_6_PM)
    office, own = [await house.told("tools", FAY, role) for role in (Role.ADMINISTRATOR, Role.PARTICIPANT)]
    assert [group["title"] for group in office["groups"]] == ["Yours", "The week", "People and accounts", "The clinic"]
    assert office["groups"][1]["links"][0]["text"] == "The schedule"
    assert [group["title"] for group in own["groups"]] == [""]
