"""Everybody's week in a real Chromium: seen at a glance, helped by keyboard and without scripts, taken as a file."""

from __future__ import annotations

import csv
import io
import json

from playwright.async_api import Browser, BrowserContext, Page, expect

from facilitation.absences import Kind
from tests.support.browser import DESKTOP, PHONE, pictures
from tests.support.evening import Clinic
from tests.support.visits import no_barrier
from tests.support.week import ALEX, JO, ROBIN


async def enter(context: BrowserContext, clinic: Clinic, person: str = "p-fay", session: str = "s-monday") -> Page:
    """A page of somebody who has opened their link, and nothing else yet."""
    answer = await context.request.get(clinic.link(session, person))
    assert answer.ok
    return await context.new_page()


async def assert_for_everybody(page: Page, url: str, name: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    await page.goto(url)
    await no_barrier(page, PHONE, DESKTOP)
    assert said == []
    await pictures(page, name)


async def test_the_page_of_weeks_is_for_everybody_and_shows_who_needs_help_first(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    await assert_for_everybody(page, f"{midweek.url}/weeks", "weeks")
    names = await page.locator(".weeks-row h3").all_inner_texts()
    assert [name.split()[0] for name in names] == ["Alex", "Kim", "Jo", "Sam", "Robin"]
    first = page.locator(".weeks-row").first
    await expect(first.get_by_role("img")).to_have_attribute(
        "aria-label", "0 min signed, 6 h still possible; the week asks for 9 h"
    )
    await expect(first).to_contain_text("Will miss it")


async def test_ones_own_week_at_home_is_a_picture_and_a_sentence(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek, ROBIN, "s-thursday")
    await assert_for_everybody(page, f"{midweek.url}/home", "weeks-own")
    await expect(page.get_by_text("2 meetings left this week, 6 h possible. It is within reach.")).to_be_visible()


async def test_an_absence_is_explained_by_keyboard_and_without_scripts(midweek: Clinic, chromium: Browser) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await enter(context, midweek)
    await page.goto(f"{midweek.url}/weeks")
    await page.get_by_role("link", name="Alex").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Alex")
    monday = page.locator("#s-s-monday")
    await monday.get_by_label("Unexcused").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await page.keyboard.type("No call")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is kept")
    await expect(monday).to_contain_text("unexcused (No call)")
    said = (await midweek.state("s-monday")).absences.explained[ALEX]
    assert (said.kind, said.reason, said.by) == (Kind.UNEXCUSED, "No call", "p-fay")
    await context.close()


async def test_an_excuse_without_a_reason_is_refused_in_words_and_changes_nothing(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    await page.goto(f"{midweek.url}/weeks/{ALEX}")
    monday = page.locator("#s-s-monday")
    await monday.get_by_label("Excused", exact=True).check()
    await monday.get_by_role("button", name="Keep").first.click()
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    assert ALEX not in (await midweek.state("s-monday")).absences.explained


async def test_a_make_up_is_linked_to_what_was_missed(midweek: Clinic, browser_context: BrowserContext) -> None:
    page = await enter(browser_context, midweek)
    await assert_for_everybody(page, f"{midweek.url}/weeks/{JO}", "weeks-person")
    thursday = page.locator("#s-s-thursday")
    await thursday.get_by_text("Make-up").click()
    await thursday.get_by_label("makes up for").select_option(label="Monday, November 23, Evening group")
    await thursday.get_by_role("button", name="Keep").last.click()
    await expect(page.get_by_role("status")).to_contain_text("The link is kept")
    await expect(thursday).to_contain_text("makes up for Monday, November 23")
    assert (await midweek.state("s-thursday")).absences.makes_up == {JO: "s-monday"}


async def test_weeks_are_taken_as_a_file_that_is_accounted_for(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    await page.goto(f"{midweek.url}/weeks")
    await page.get_by_text("These weeks as a file").click()
    await page.get_by_label("Running the clinic").check()
    async with page.expect_download() as table:
        await page.get_by_role("button", name="Table (CSV)").click()
    text = (await (await table.value).path()).read_text(encoding="utf-8-sig")
    rows = {row["person"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (rows[JO]["outlook"], rows[JO]["possible_min"], rows[JO]["excused"]) == ("tight", "540", "1")
    async with page.expect_download() as data:
        await page.get_by_role("button", name="Data (JSON)").click()
    told = json.loads((await (await data.value).path()).read_text())
    assert len(told["weeks"]) == len(rows) == 5
    logged = await midweek.store.disclosures.about(JO)
    latest = logged[0]
    assert (latest.by, latest.what, latest.purpose.value) == ("p-fay", "weekly hours", "operations")
