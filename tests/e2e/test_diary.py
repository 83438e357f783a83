"""A day of the diary in a real browser: what is typed survives a reload and an outage, and goes with a quick exit."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from server.clock import FakeClock, RoomClock
from tests.support.clinic import ROBIN, clinic


async def test_what_is_typed_survives_a_reload_and_an_outage_and_goes_with_a_quick_exit(
    tmp_path: Path, chromium: Browser
) -> None:
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        context = await chromium.new_context(viewport={"width": 360, "height": 740})
        page = await context.new_page()
        await page.goto(place.url + place.link(ROBIN, place.evening))
        await page.goto(f"{place.url}/diary")
        word, sad = page.get_by_label("A word on the day"), page.locator("[name=feeling_sadness][value='4']")
        await word.fill("Half a line")
        await sad.check(force=True)
        await page.reload()
        await expect(word).to_have_value("Half a line")
        await expect(sad).to_be_checked()
        await expect(page.get_by_text("It is not kept yet")).to_be_visible()

        await context.set_offline(True)
        await page.get_by_role("button", name="Keep my day").click()
        await expect(page.get_by_text("You are offline")).to_be_visible()
        await context.set_offline(False)
        await expect(page.get_by_text("Kept, for you alone.")).to_be_visible()

        await word.fill("Nobody shall find this")
        await page.get_by_role("button", name="Exit").click()
        await page.wait_for_url("**/soup")
        await page.go_back()
        assert "Nobody shall find this" not in await page.content()
        assert await page.evaluate("JSON.stringify(sessionStorage)") == "{}"
        await context.close()
