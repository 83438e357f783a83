"""Who is shown which cards: each drawn by a template of its name, none that its reader has no right to."""

from __future__ import annotations

from pathlib import Path

import pytest

from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.policy import may
from server.glass import GlassCase
from server.home.page import LAYOUTS
from tests.support.homes import FAY, SUE, TUESDAY_6_PM, House, evening

TEMPLATES = Path(__file__).parents[3] / "webclient/templates/home"


def test_every_role_has_a_home_and_every_card_a_place_and_a_template() -> None:
    house = House(now=TUESDAY_6_PM)
    assert LAYOUTS.keys() == set(Role)
    shown = {name for layout in LAYOUTS.values() for name in (*layout.main, *layout.beside)}
    drawn = {path.stem for path in TEMPLATES.glob("*.html")} - {"words"}
    assert shown == drawn == set(house.home.cards)


@pytest.mark.parametrize("role", Role)
def test_no_layout_names_a_card_that_its_role_may_not_see(role: Role) -> None:
    cards, layout = House(now=TUESDAY_6_PM).home.cards, LAYOUTS[role]
    assert [name for name in (*layout.main, *layout.beside) if not may(role, cards[name].needs)] == []


@pytest.mark.parametrize("role", Role)
async def test_everybody_finds_a_page_when_nothing_is_planned(role: Role) -> None:
    page = await House(now=TUESDAY_6_PM).page(PersonId("p-new"), role)
    assert page["now"] == "Tuesday, November 24"
    assert page["cards"] or page["beside"]


async def test_whoever_has_another_role_besides_finds_the_cards_of_both_each_once() -> None:
    house = House(now=TUESDAY_6_PM)
    page = await house.page(PersonId("p-new"), Role.FACILITATOR, also=frozenset({Role.ADMINISTRATOR}))
    names = [card["name"] for card in page["cards"]]
    assert names[:2] == ["start", "now"] and {"groups", "due", "gaps", "invitations"} <= set(names)
    beside = [card["name"] for card in page["beside"]]
    assert beside == ["help", "tools", "counts"]


async def test_an_administrator_by_duty_sees_broken_glass_before_their_own_meetings() -> None:
    house = House(now=TUESDAY_6_PM)
    await house.add(SUE, Role.SUPERVISOR, name="Sue")
    await house.store.clinic.put_session(evening("s-1").scheduled)
    await GlassCase(house.store, clock=house.clock).break_it(
        SUE, Role.SUPERVISOR, SessionId("s-1"), "Robin called in crisis; Fay is away"
    )
    page = await house.page(FAY, Role.FACILITATOR, also=frozenset({Role.ADMINISTRATOR}))
    names = [each["name"] for each in page["cards"]]
    assert names.index("glass") < names.index("now")
    assert await house.card("glass", FAY, Role.FACILITATOR) is None
