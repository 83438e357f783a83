"""The programme's week in a real Chromium: planned on a phone without scripts, looked at in either theme."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from facilitation.facts import zone_of
from facilitation.schedule import instant_of
from server import demo_week
from server.app import schedule_of
from server.clock import FakeClock
from tests.support.browser import DESKTOP, PHONE, barriers
from tests.support.clinic import ROBIN, SUE, Clinic, clinic

SUNDAY = instant_of(date(2026, 11, 29), time(3, 0), zone_of(demo_week.ZONE))


async def planned(house: Clinic) -> None:
    """Its week stands, and the evening that could start at once is over."""
    await schedule_of(house.store, catalog=house.catalog, clock=house.clock).plan()
    assert isinstance(house.clock, FakeClock)
    house.clock.advance(minutes=9 * 60)


async def enter(context: BrowserContext, house: Clinic, person: str = SUE) -> Page:
    answer = await context.request.get(house.url + house.link(person, house.evening))
    assert answer.ok
    return await context.new_page()


async def test_days_stand_beside_each_other_on_a_laptop_and_a_plans_minutes_are_added_up(
    tmp_path: Path, browser_context: BrowserContext
) -> None:
    async with clinic(tmp_path, FakeClock(SUNDAY)) as house:
        await planned(house)
        page = await enter(browser_context, house)
        await page.set_viewport_size(DESKTOP)
        await page.goto(f"{house.url}/schedule?day=2026-12-01")
        boxes = [await page.locator(".schedule-day").nth(day).bounding_box() for day in (0, 1)]
        assert boxes[0] is not None and boxes[1] is not None and boxes[0]["y"] == boxes[1]["y"]
        await page.goto(f"{house.url}/schedule/plans/teen-short")
        await page.get_by_label("Minutes of part 1", exact=True).fill("35")
        totals = page.get_by_role("status").filter(has_text="In all")
        await expect(totals).to_have_text("In all 2 h 25 min, without breaks 2 h 15 min")


@pytest.mark.timeout(180)
async def test_a_week_is_planned_on_a_phone_without_scripts(tmp_path: Path, chromium: Browser) -> None:
    async with clinic(tmp_path, FakeClock(SUNDAY)) as house:
        await planned(house)
        context = await chromium.new_context(java_script_enabled=False, viewport=PHONE)
        page = await enter(context, house)

        await page.goto(f"{house.url}/schedule/series/w-ash/edit")  # a clash is told, with what is free
        await page.get_by_label("Begins at").fill("16:00")
        await page.get_by_role("button", name="Look at it first").last.click()
        await expect(page.get_by_text("Ash Example and Dr. Fay Facilitator would be in two").first).to_be_visible()
        await page.get_by_role("button", name="2:15 PM").click()
        await expect(page.get_by_text("The next 6 meetings would be:")).to_be_visible()
        await page.get_by_role("button", name="Keep it").click()
        await expect(page.get_by_role("status")).to_have_text("It is kept.")
        await expect(page.get_by_text("Tuesday, December 1, 2:15 PM")).to_be_visible()

        await page.get_by_role(
            "link", name="Tuesday, December 1, 2:15 PM"
        ).click()  # one meeting is cancelled, and back
        await page.get_by_label("Why").fill("Snow")
        await page.get_by_role("button", name="Cancel this meeting").click()
        await expect(page.get_by_text("Not held: Snow")).to_be_visible()
        await page.goto(f"{house.url}/s/w-ash-20261201")
        await expect(page.get_by_role("heading", level=1)).to_have_text("This meeting was cancelled")
        await page.go_back()
        await page.get_by_role("button", name="As it was").click()
        await expect(page.get_by_text("Not held: Snow")).to_have_count(0)

        await page.goto(f"{house.url}/schedule/people/p-robin")  # a step down, with its hours said first
        await page.get_by_text("Other days").click()
        await page.get_by_label("Wednesday").first.uncheck()
        await page.get_by_role("button", name="What would that mean?").first.click()
        await expect(page.get_by_text("from then on 6 h 50 min in 3 days")).to_be_visible()
        await page.get_by_role("button", name="Keep it").click()
        await expect(page.get_by_text("Monday and Friday", exact=False).first).to_be_visible()

        robin = await chromium.new_context(viewport=PHONE)  # and it stands in Robin's own calendar
        own = await enter(robin, house, ROBIN)
        await own.goto(f"{house.url}/calendar")
        assert await barriers(own) == []
        file = await robin.request.get(await own.get_by_label("Or copy this address").input_value())
        assert file.ok and b"20261202T180000" not in await file.body() and b"20261204T180000" in await file.body()
        tag = file.headers["etag"]
        again = await robin.request.get(file.url, headers={"If-None-Match": tag})
        assert again.status == 304
        await own.get_by_text("Somebody else has seen the address?").click()
        await own.get_by_role("button", name="Make a new address").click()
        await expect(own.get_by_role("status")).to_contain_text("opens nothing any more")
        assert (await robin.request.get(file.url)).status == 404
        await robin.close()
        await context.close()
