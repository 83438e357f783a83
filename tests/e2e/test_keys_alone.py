"""The main forms of each role's day by keys alone, each reached from home: no mouse, no finger, nothing looked up.

The office plans a meeting and enrols somebody; a teen looks for weeks around school, signs, says that they cannot
come and asks for another meeting; their guardian tells the same; the office answers. All of it at twice the size.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.weeks import day_of
from server import demo_week
from server.clock import FakeClock, RoomClock
from tests.support.clinic import ADA, ASH, Clinic, clinic
from tests.support.everything import fill
from tests.support.keyboard import Keys
from tests.support.reach import cookies
from tests.support.visits import Open

GALE = PersonId("p-gale")
TWICE: ViewportSize = {"width": 640, "height": 400}
"""What is left of a laptop's page at 200 %."""


async def at_home(visits: Open, place: Clinic, person: PersonId) -> tuple[Keys, Page]:
    visitor, _ = await place.begin(person)
    visit = await visits(place, viewport=TWICE)
    await visit.context.add_cookies(cookies(visitor.cookies, visitor.base_url))
    page: Any = visit.page
    await page.goto(f"{visitor.base_url}/home")
    return Keys(page), page


@pytest.mark.timeout(240)
async def test_every_role_does_its_days_main_forms_by_keys_alone(visits: Open, tmp_path: Path) -> None:
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        await fill(place)
        office = await at_home(visits, place, ADA)
        await plan(*office, place)
        teen = await at_home(visits, place, ASH)
        await around_school(*teen)
        guardian = await at_home(visits, place, GALE)
        await tell(*guardian)
        await answer(*office)
        wrong = [each for keys, _ in (office, teen, guardian) for each in keys.wrong]
        assert wrong == [], "\n".join(dict.fromkeys(wrong))


async def plan(keys: Keys, page: Page, place: Clinic) -> None:
    day = day_of(place.clock.now(), zone_of(demo_week.ZONE)) + timedelta(days=9)
    await keys.send(page.get_by_role("link", name="The schedule"))
    await keys.send(page.get_by_role("link", name="Individual session"))
    await keys.type(page.get_by_label("Name", exact=True), "Sam with Sue")
    await keys.choose(page.get_by_label("Who it is for"), "Sam Sample")
    await keys.choose(page.get_by_label("Plan", exact=True), "Individual")
    await keys.choose(page.get_by_label("How often"), "Once")
    await keys.type(page.get_by_label("Begins at"), "0705AM")
    await keys.to(page.get_by_label("First day"))
    await page.keyboard.type(f"{day:%m%d%Y}")
    await keys.choose(page.get_by_label("Person 1", exact=True), "Sue Supervisor")
    await keys.choose(page.get_by_label("Program", exact=True), "Adult")
    await keys.send(page.get_by_role("button", name="Look at it first").last)
    await expect(page.get_by_role("heading", name="It would be like this")).to_be_visible()
    await keys.send(page.get_by_role("button", name="Keep it"))
    await expect(page.get_by_role("status")).to_have_text("It is kept.")

    await page.goto(page.url.partition("/schedule")[0] + "/schedule/people/p-robin")
    await keys.press(page.get_by_text("Enrol in a group"), "Space")
    more = page.locator("details", has=page.get_by_text("Enrol in a group"))
    await keys.choose(more.get_by_label("Group", exact=True), "Recovery")
    await keys.press(more.get_by_label("Tuesday"), "Space")
    await keys.send(more.get_by_role("button", name="What would that mean?"))
    await expect(page.locator("#outcome")).to_be_in_viewport()
    await keys.send(page.get_by_role("button", name="Keep it"))
    await expect(page.get_by_role("heading", name="Recovery group")).to_be_visible()


async def around_school(keys: Keys, page: Page) -> None:
    await keys.send(page.get_by_role("link", name="School and my week"))
    await keys.type(page.get_by_label("Minutes for the way and a rest"), "20")
    await keys.send(page.get_by_role("button", name="Keep, and look for weeks"))
    await expect(page.get_by_role("status").first).to_be_visible()
    await keys.send(page.get_by_role("link", name="Home"))

    await keys.send(page.get_by_role("link", name="Read it"))
    form = page.locator("form", has=page.get_by_role("button", name="Sign", exact=True)).first
    await keys.press(form.get_by_label("I have read this and I agree."), "Space")
    await keys.type(form.get_by_label("Your name, as a signature"), "Ash Example")
    await keys.send(form.get_by_role("button", name="Sign", exact=True))
    await expect(page.get_by_role("status")).to_be_visible()
    await keys.send(page.get_by_role("link", name="Home"))

    await keys.send(page.get_by_role("link", name="If you can’t come"))
    told = page.locator("details", has=page.get_by_text("I can’t come")).last
    await keys.press(told.locator("summary"), "Space")
    await keys.press(told.get_by_role("radio").first, "Space")
    await keys.type(told.get_by_label("Or in your own words"), "At the dentist")
    await keys.send(told.get_by_role("button", name="Tell the clinic"))
    await expect(page.get_by_role("status")).to_contain_text("Thank you for telling.")
    await keys.send(page.get_by_role("button", name=re.compile("^Ask for it")).first)
    await expect(page.get_by_role("status")).to_contain_text("Asked.")


async def tell(keys: Keys, page: Page) -> None:
    await keys.send(page.get_by_role("link", name="When they can’t come").first)
    told = page.locator("details", has=page.get_by_text("Can’t come")).first
    await keys.press(told.locator("summary"))
    await keys.type(told.get_by_label("Or in your own words"), "Away with us")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Thank you for telling.")


async def answer(keys: Keys, page: Page) -> None:
    await keys.send(page.get_by_role("link", name="Groups", exact=True).first)
    await keys.send(page.get_by_role("link", name="Home"))
    await keys.send(page.get_by_role("link", name="Who asks for a make-up", exact=True))
    await keys.send(page.get_by_role("button", name=re.compile("^Agree")).first)
    await expect(page.get_by_role("status")).to_contain_text("They stand on the list of that meeting now.")
