"""From an invitation into the room, by passkey and by password with a code, in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from server.clock import FakeClock, RoomClock
from tests.support.browser import pictures
from tests.support.clinic import FAY, ROBIN, Clinic, clinic
from tests.support.passkeys import authenticator
from tests.support.provider import CLIENT, SECRET, Provider
from tests.support.serving import served
from tests.support.visits import no_barrier


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(RoomClock().now()), lock_minutes=1) as place:
        yield place


async def looked_at(page: Page, name: str) -> None:
    await no_barrier(page)
    await pictures(page, name)


async def test_an_invitation_a_passkey_out_and_in_again_and_into_the_room(
    place: Clinic, browser_context: BrowserContext
) -> None:
    page = await browser_context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    url = place.browser().base_url
    agree = await authenticator(page)
    await page.goto(url + await place.invite(ROBIN))
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_role("heading", name="Hello, Robin Example")).to_be_visible()
    await page.goto(url + "/account")
    await agree(False)
    await page.get_by_role("button", name="Sign out here").click()
    await expect(page.get_by_text("You are signed out here.")).to_be_visible()
    await looked_at(page, "sign-in")
    await agree(True)  # to what is asked from now on; what the address field waits for was asked before
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await expect(page.get_by_role("heading", name="Hello, Robin Example")).to_be_visible()
    await page.goto(f"{url}/s/{place.evening.session}")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await page.goto(url + "/account")
    await page.get_by_role("button", name="Sign out here").click()
    await expect(page.get_by_text("You are signed out here.")).to_be_visible()
    await page.goto(url + place.reminder(ROBIN, place.evening))  # this device is remembered: in without a press
    await expect(page.get_by_role("heading", name="You will appear as")).to_be_visible()
    elsewhere = await browser_context.browser.new_context() if browser_context.browser else browser_context
    other = await elsewhere.new_page()
    await other.goto(url + place.reminder(ROBIN, place.evening))
    await expect(other.get_by_role("button").first).to_be_visible()
    await elsewhere.close()
    assert said == []


async def test_a_password_and_codes_and_a_screen_that_locks_and_keeps_what_was_typed(
    place: Clinic, browser_context: BrowserContext
) -> None:
    page = await browser_context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    url = place.browser().base_url
    await page.goto(url + await place.invite(FAY))
    await page.get_by_text("With a password and a code").click()
    await page.get_by_label("A new password").fill("kitchen window pear")
    await page.get_by_role("button", name="Go on").click()
    await looked_at(page, "codes-app")
    await page.get_by_text("Type it by hand").click()
    seed = (await page.locator(".account-spoken").inner_text()).replace(" ", "")
    assert await page.locator(".account-picture").evaluate("image => image.naturalWidth") > 0
    await page.get_by_label("The six digits").fill(place.code(seed))
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("listitem")).to_have_count(8)
    await looked_at(page, "codes-paper")
    await page.get_by_role("link", name="I have them").click()
    await expect(page.get_by_role("heading", name="Hello, Dr. Fay Facilitator")).to_be_visible()
    await page.goto(url + "/skills")
    await page.get_by_role("searchbox").fill("words half typed")
    await page.clock.install()
    await page.reload()
    await page.get_by_role("searchbox").fill("words half typed")
    await page.clock.run_for(70_000)
    cover = page.get_by_role("dialog", name="Is it still you?")
    await expect(cover).to_be_visible()
    whose = cover.get_by_label("Your mail address")
    await expect(whose).to_have_value("p-fay@example.org")
    await expect(whose).to_have_attribute("autocomplete", "username")
    await expect(cover.get_by_label("Your signing PIN, or your password")).to_be_focused()
    await looked_at(page, "lock")
    await cover.get_by_label("Your signing PIN, or your password").fill("kitchen window pear")
    await cover.get_by_role("button", name="Go on").click()
    await expect(cover).to_be_hidden()
    await expect(page.get_by_role("searchbox")).to_have_value("words half typed")
    assert said == []


async def test_staff_come_in_by_the_clinics_own_sign_in_and_guessing_is_told_what_to_do(
    tmp_path: Path, browser_context: BrowserContext
) -> None:
    page = await browser_context.new_page()
    provider = Provider()
    async with served(provider.app()) as provider.issuer:  # at 127.0.0.1, and the clinic at localhost: two sites
        settings = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        async with clinic(tmp_path, FakeClock(RoomClock().now()), **settings) as place:
            await place.begin(FAY)
            url = place.browser().base_url
            await page.goto(f"{url}/schedule")
            await page.get_by_role("link", name="Sign in").click()
            await looked_at(page, "sign-in-provider")
            await page.get_by_role("link", name="Staff: sign in with your clinic").click()
            await page.wait_for_url(f"{url}/schedule")  # on where they wanted to
            await page.goto(f"{url}/home")
            await page.get_by_role("button", name="Sign out").click()
            provider.email = "nobody@example.org"
            await page.get_by_role("link", name="Staff: sign in with your clinic").click()
            await expect(page.get_by_role("alert")).to_contain_text("no account for you yet. Ask for an invitation.")

            said = []
            for email in ("p-fay@example.org", "nobody@example.org"):
                for _ in range(7):
                    await page.goto(f"{url}/sign-in")
                    await page.get_by_text("With a password and a code").click()
                    await page.get_by_label("Your mail address").fill(email)
                    await page.get_by_label("Your password").fill("a guess at last")
                    await page.get_by_role("button", name="Go on").click()
                    said.append(await page.get_by_role("alert").inner_text())
            assert said[:7] == said[7:], "nobody learns whether there is an account"
            assert "Nothing is lost; please try again." in said[5] and "wait a quarter of an hour" in said[6]
            await expect(page.get_by_label("Your mail address")).to_have_value("nobody@example.org")
            await looked_at(page, "sign-in-throttled")
