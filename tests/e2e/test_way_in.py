"""A teen's way in, in a real Chromium: the door, a guardian's signature, the room; and the guardian's home."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, expect

from facilitation.ids import PersonId
from server.clock import FakeClock, RoomClock
from tests.support.browser import DESKTOP, PHONE, barriers, pictures
from tests.support.clinic import ASH, FLO, Clinic, clinic

pytestmark = pytest.mark.timeout(240)
GALE = PersonId("p-gale")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        yield place


async def window(browser: Browser, size: ViewportSize) -> BrowserContext:
    return await browser.new_context(viewport=size, permissions=["camera", "microphone"])


async def signed_in(place: Clinic, person: PersonId, context: BrowserContext) -> str:
    """A browser in which somebody has used their invitation; its address."""
    visitor, _ = await place.begin(person)
    held = [{"name": name, "value": morsel.value, "url": visitor.base_url} for name, morsel in visitor.cookies.items()]
    await context.add_cookies(held)
    return visitor.base_url


async def test_a_teen_is_held_kindly_until_their_guardian_signs_and_is_safe_in_the_room(
    place: Clinic, browser_context: BrowserContext
) -> None:
    browser = browser_context.browser
    assert browser is not None
    teens = next(each for each in place.sessions if any(seat.person == ASH for seat in each.roster))

    # The guardian's home, and what she signed: she takes one back.
    guardians = await window(browser, PHONE)
    url = await signed_in(place, GALE, guardians)
    gale = await guardians.new_page()
    await gale.goto(f"{url}/home")
    ash = gale.get_by_role("region", name="Ash Example")
    await expect(ash).to_contain_text("No meeting is over yet this week.")
    await ash.get_by_role("link", name="What you signed").click()
    telehealth = gale.get_by_role("region", name="Care by video")
    await telehealth.get_by_text("Take it back").first.click()
    await expect(telehealth).to_contain_text("Meetings by video stop from now on.")
    await telehealth.get_by_role("button", name="Take it back").click()
    await expect(gale.get_by_text("Taken back. It counts from now on.")).to_be_visible()

    # The facilitator is there; the teen comes by link, on a phone.
    desk = await window(browser, DESKTOP)
    flo = await desk.new_page()
    await flo.goto(url + place.link(FLO, teens))
    phone = await window(browser, PHONE)
    page = await phone.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.goto(url + place.link(ASH, teens))
    go_on = page.get_by_role("button", name="Continue")
    await expect(page.get_by_label("Name the group sees")).to_have_value("Ash E.")
    await go_on.click()
    await expect(page.get_by_role("heading", name="Camera and sound")).to_be_visible()
    await go_on.click()
    await page.get_by_label("Address, or where you are").fill("12 Sample Street, Exampleton")
    await page.get_by_label("State", exact=True).select_option("NY")
    await page.get_by_label("A number we can call").fill("555 0110")
    await page.get_by_label("Their name").fill("Gale")
    await page.get_by_label("Their number").fill("555-0111")
    assert await barriers(page) == []
    await go_on.click()
    await page.get_by_text("No, I am alone").click()
    await go_on.click()
    for number, title in ((5, "Care by video"), (6, "Our group agreement")):
        await expect(page.get_by_text(f"Step {number} of 6")).to_be_visible()
        await expect(page.get_by_role("heading", name=title)).to_be_visible()
        await page.get_by_label("I have read this and I agree").check()
        assert await barriers(page) == []
        await page.get_by_role("button", name="Sign and go on").click()
    await expect(page.get_by_role("alert")).to_contain_text("your parent or guardian has to sign")
    await pictures(page, "way-in-held", sizes=(PHONE,), themes=("light",))
    row = flo.locator(".person", has_text="Ash")
    await expect(row).to_contain_text("A guardian has to sign")
    await expect(row.get_by_role("link", name="Call Ash")).to_have_attribute("href", "tel:5550110")

    # The guardian signs again; the teen tries again, and is let in.
    telehealth = gale.get_by_role("region", name="Care by video")
    await telehealth.get_by_label("I have read this and I agree").check()
    await telehealth.get_by_role("button", name="Sign").click()
    await expect(gale.get_by_text("Signed. Thank you.")).to_be_visible()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
    await flo.get_by_role("button", name="Admit Ash E.").click()
    await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()

    # One press from the person: where they are, and whom to call.
    await flo.get_by_role("button", name="Where Ash E. is").first.click()
    where = flo.get_by_role("dialog")
    await expect(where).to_contain_text("12 Sample Street, Exampleton, New York")
    await expect(where.get_by_role("link", name="202-555-0190")).to_have_attribute("href", "tel:2025550190")
    await expect(where.get_by_role("link", name="Near them: Gale")).to_be_visible()
    assert await barriers(flo) == []
    await pictures(flo, "way-in-where", sizes=(DESKTOP,), themes=("light",))
    await where.get_by_role("button", name="Close").click()

    # Somebody walks in: everything is out of sight at once, and only the facilitator knows.
    await page.get_by_role("button", name="Hide: someone walked in").click()  # a phone has no keys
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    await expect(page.locator(".stage")).to_have_attribute("inert", "")
    covered = "[[9, 99], [180, 300], [350, 700]].every(([x, y]) => document.elementFromPoint(x, y).closest('.shield'))"
    assert await page.evaluate(covered)
    await expect(row).to_contain_text("Someone walked in")
    await page.get_by_role("button", name="Go on").click()

    # Quick exit is on pages that are read, too, and forgets this browser.
    await page.goto(f"{url}/consents")
    await expect(page.get_by_role("heading", name="What you agreed to")).to_be_visible()
    await page.get_by_role("button", name="Exit").click()
    await page.wait_for_url("**/soup")
    await page.goto(f"{url}/consents")
    await expect(page.get_by_role("heading", name="What you agreed to")).to_have_count(0)
    assert said == []
    for context in (guardians, desk, phone):
        await context.close()
