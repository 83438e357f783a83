"""What leaves the house, in a real Chromium: every paper and file taken by its form, checked, and accounted for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.async_api import BrowserContext, Page, expect

from server import packet
from server.projections.verify import verify
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


async def test_everything_about_one_person_is_taken_checked_and_accounted_for(
    midweek: Clinic, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, midweek)
    url = f"{midweek.url}/papers/{ROBIN}"
    await assert_for_everybody(page, url, "papers")
    found: dict[str, bytes] = {}
    for kind in ("Statement of hours", "Signed notes", "Audit packet", "For another health record"):
        await page.goto(url)
        await page.get_by_label(kind).check()
        await page.get_by_label("Payment").check()
        _, found[kind] = await taken(page)
    assert found["Statement of hours"].startswith(b"%PDF-")
    assert found["Signed notes"].startswith((b"%PDF-", b"PK"))
    assert packet.troubles(found["Audit packet"]) == []
    bundle = found["For another health record"]
    if not bundle.startswith(b"PK"):
        Bundle.model_validate_json(bundle)

    await page.goto(f"{midweek.url}/statement/{ROBIN}/export")
    await page.get_by_label("Example: counselling in units of 15 minutes").check()
    await page.get_by_label("Payment").check()
    name, rows = await taken(page)
    assert name.startswith("claim-ready")
    assert {row["service_code"] for row in csv.DictReader(io.StringIO(rows.decode("utf-8-sig")))} <= {"H0004", ""}

    await page.goto(f"{midweek.url}/statement/{ROBIN}")
    for what in ("Statement", "Notes", "Packet", "Fhir", "Claim-ready rows"):
        await expect(page.get_by_text(f"{what}, all").first).to_be_attached()
    assert (await verify(midweek.store)).right


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
