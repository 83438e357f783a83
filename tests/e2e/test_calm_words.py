"""What the room says when a line is weak, who has spoken, and what it does after a sleep: on recorded views."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.browser import barriers
from tests.support.gallery import gallery
from tests.support.serving import served

pytestmark = pytest.mark.timeout(120)


@pytest_asyncio.fixture(scope="module")
async def url() -> AsyncIterator[str]:
    async with served(gallery()) as url:
        yield url


async def shown(chromium: Browser, url: str, query: str) -> Page:
    context = await chromium.new_context(viewport={"width": 1366, "height": 768})
    page = await context.new_page()
    await page.goto(f"{url}/gallery?{query}")
    await expect(page.locator("html[data-ready]")).to_have_count(1)
    return page


QUALITY = "([quality, direction]) => gallery.message({ type: 'quality', peer: null, quality, direction })"


async def test_a_weak_line_is_told_with_the_one_thing_that_helps_and_one_tap_does_it(
    chromium: Browser, url: str
) -> None:
    page = await shown(chromium, url, "people=6")
    await page.evaluate(QUALITY, ["weak", "up"])
    await expect(page.get_by_text("Turning your camera off would help")).to_be_visible()
    assert await barriers(page) == []
    await page.get_by_role("button", name="Turn my camera off").click()
    await page.wait_for_function(
        "() => gallery.asked.some((one) => one.type === 'set_media' && one.fields.camera === false)"
    )
    await expect(page.get_by_text("Turning your camera off would help")).to_have_count(0)

    await page.evaluate(QUALITY, ["weak", "down"])
    await page.get_by_role("button", name="Use less data").click()
    await page.wait_for_function("() => gallery.wish?.mode === 'low_data' || gallery.page.ui.state.mode === 'low_data'")
    await page.evaluate(QUALITY, ["good", ""])
    await expect(page.locator(".notice")).to_have_count(0)
    await page.context.close()


async def test_advice_that_was_put_aside_stays_aside_until_the_line_was_good_again(chromium: Browser, url: str) -> None:
    page = await shown(chromium, url, "people=6")
    await page.evaluate(QUALITY, ["weak", "down"])
    await page.get_by_role("button", name="Not now").click()
    await page.evaluate(QUALITY, ["weak", "down"])
    await expect(page.locator(".notice")).to_have_count(0)
    await page.evaluate(QUALITY, ["good", ""])
    await page.evaluate(QUALITY, ["weak", "down"])
    await expect(page.get_by_text("Pictures reach you slowly")).to_be_visible()
    await page.context.close()


async def test_what_helped_is_taken_back_by_one_tap_once_the_line_was_steady_for_a_minute_and_offered_once(
    chromium: Browser, url: str
) -> None:
    context = await chromium.new_context(viewport={"width": 360, "height": 740})
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{url}/gallery?people=6")
    await expect(page.locator("html[data-ready]")).to_have_count(1)
    mode = "() => gallery.page.ui.state.mode"

    await page.evaluate(QUALITY, ["weak", "down"])
    await page.get_by_role("button", name="Use less data").click()
    await page.evaluate(QUALITY, ["good", ""])
    await page.clock.run_for(40_000)
    await page.evaluate(QUALITY, ["weak", "up"])
    await page.evaluate(QUALITY, ["good", ""])
    await page.clock.run_for(40_000)
    assert await page.get_by_text("steady again").count() == 0, "good for less than a minute at a time"
    await page.clock.run_for(30_000)
    steady = page.locator(".notice", has_text="Your connection is steady again. Pictures can be as they were.")
    await expect(steady).to_be_visible()
    await expect(steady).to_have_class("notice plain")  # nothing is wrong
    assert await barriers(page) == []
    assert await page.evaluate(mode) == "low_data", "nothing changes by itself"
    await page.get_by_role("button", name="Pictures as before").click()
    assert await page.evaluate(mode) == "normal"
    await expect(page.locator(".notice")).to_have_count(0)

    await page.evaluate(QUALITY, ["weak", "down"])
    await page.get_by_role("button", name="Use less data").click()
    await page.evaluate(QUALITY, ["good", ""])
    await page.clock.run_for(90_000)
    await expect(page.locator(".notice")).to_have_count(0)

    # What somebody chose stays, and is said the next time: who forgot it would wonder where everybody is.
    await page.evaluate("() => gallery.page.ui.set({ mode: 'audio_only' })")
    await expect(page.locator(".notice")).to_have_count(0)  # who chose it just now knows
    left_out = page.locator(".tile-state", has_text="No picture")
    seen = await page.evaluate("() => document.querySelectorAll('.tile:not(.self)').length")
    assert seen > await left_out.count() > 0, "of those with a camera"
    await page.reload()
    before = page.locator(".notice.plain", has_text="You hear everyone, and see no pictures. You chose that before.")
    await expect(before).to_be_visible()
    assert await barriers(page) == []
    await before.get_by_role("button", name="Pictures as usual").click()
    assert await page.evaluate(mode) == "normal"
    await expect(page.locator(".notice, .tile-state:text('No picture')")).to_have_count(0)

    # Left out for want of bandwidth is not a camera that is off.
    await page.evaluate("() => gallery.slot('p-1', 'video', null)")
    await page.evaluate(QUALITY, ["poor", "up"])
    await expect(left_out).to_have_count(0)
    await page.evaluate(QUALITY, ["poor", "down"])
    await expect(left_out).to_have_count(1)
    await context.close()


async def test_facilitators_see_who_has_spoken_and_who_struggles_as_gentle_facts(chromium: Browser, url: str) -> None:
    page = await shown(chromium, url, "people=4&role=facilitator")
    talk = {"p-1": 240_000, "p-2": 130_000, "p-3": 4_000, "p-4": 61_000}
    await page.evaluate("(ms) => { gallery.message({ type: 'talk', ms }); gallery.send(); }", talk)
    await expect(page.get_by_text("Not heard much yet: Sam Sample")).to_be_visible()
    await page.locator(".person-name").filter(has_text="Robin Example").click()
    await expect(page.get_by_text("about 2 minutes")).to_be_visible()

    await page.evaluate("() => gallery.message({ type: 'qualities', people: { 'p-2': 'poor', 'p-3': 'weak' } })")
    for person, words in (("Robin Example", "Very weak line"), ("Sam Sample", "Weak line")):
        row = page.locator("li").filter(has=page.locator(".person-name", has_text=person))
        await expect(row.locator(".chip").get_by_text(words)).to_be_visible()
        # Also on their tile, for whoever writes notes just now.
        await expect(page.locator(".tile", has_text=person).get_by_title(words)).to_be_visible()
    assert await barriers(page) == []
    await page.evaluate("() => gallery.message({ type: 'qualities', people: {} })")
    await expect(page.get_by_title("eak line")).to_have_count(0)
    await page.context.close()


async def test_after_a_sleep_the_way_of_the_media_is_looked_for_anew(chromium: Browser, url: str) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{url}/gallery?people=4")
    await expect(page.locator("html[data-ready]")).to_have_count(1)
    await page.evaluate(
        "() => { window.woken = 0; gallery.page.media.restart = () => { window.woken += 1; };"
        " gallery.page.connection.wake = () => { window.woken += 100; }; }"
    )
    await page.clock.run_for(3_000)
    assert await page.evaluate("() => window.woken") == 0, "an hour that passes second by second is no sleep"
    await page.clock.fast_forward(3_600_000)
    await page.clock.run_for(2_000)
    assert await page.evaluate("() => window.woken") == 101
    await context.close()
