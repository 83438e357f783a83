"""What leaves the house, in a real Chromium: every paper and file taken by its form, checked, and accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.e2e.test_weeks_pages import assert_for_everybody, enter
from tests.support.evening import Clinic
from tests.support.week import ROBIN

pytestmark = pytest.mark.timeout(180)


async def taken(page: Page, press: str = "Download") -> tuple[str, bytes]:
    """The file that a button gives, and its name."""
    async with page.expect_download() as started:
        await page.get_by_role("button", name=press).click()
    download = await started.value
    return download.suggested_filename, Path(await download.path()).read_bytes()


async def test_a_form_without_a_reason_gives_nothing_and_says_so(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    await page.goto(f"{midweek.url}/papers/{ROBIN}")
    await page.get_by_label("Signed notes").check()
    await page.get_by_label("Other", exact=True).check()
    await page.get_by_role("button", name="Download").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "Say in a few words what it is for. Nothing was downloaded."
    )
    await expect(page.get_by_label("Signed notes")).to_be_checked()  # nothing chosen is lost


async def test_a_participant_takes_their_own_statement_and_nothing_else(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek, ROBIN, "s-thursday")
    await page.goto(f"{midweek.url}/papers/{ROBIN}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your papers")
    assert await page.get_by_label("Audit packet").count() == 0
    name, data = await taken(page)
    assert name.startswith("statement-") and data.startswith(b"%PDF-")
    answer = await page.goto(f"{midweek.url}/papers/p-sam")
    assert answer is not None and answer.status == 403


async def test_the_clinic_at_a_glance_is_for_everybody_and_can_be_taken_as_data(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    await assert_for_everybody(page, f"{midweek.url}/clinic", "clinic")
    await expect(page.get_by_role("heading", name="Who comes back")).to_be_visible()
    await page.goto(f"{midweek.url}/clinic?weeks=12")
    await page.get_by_text("These figures as a file").click()
    await page.get_by_label("Running the clinic").check()
    _, data = await taken(page, "Data (JSON)")
    kinds = {row["kind"] for row in json.loads(data)}
    assert {"attendance", "hours", "retention", "notes"} <= kinds
    await page.goto(f"{midweek.url}/statement/{ROBIN}")
    await expect(page.get_by_text("Attendance figures").first).to_be_attached()
