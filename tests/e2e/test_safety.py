"""A measure answered by keyboard on a phone, its ninth question above zero, and what those who lead do about it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from facilitation import commands as c
from facilitation.ids import MeasureId, PersonId
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS
from tests.support.browser import DESKTOP, PHONE, barriers
from tests.support.evening import FAY, Evening, open_clinic
from tests.support.visits import until

pytestmark = pytest.mark.timeout(240)

PHQ9 = MeasureId("phq-9")
ROBIN, SAM = PersonId("p-1"), PersonId("p-2")


def begun() -> Evening:
    evening = Evening(
        session="s-now", starts_at=int(time.time() * 1_000) - 3 * MINUTE_MS, people=2, programme="adult-iop"
    )
    evening.at(-2)
    for person in (FAY, *evening.people):
        evening.come(person)
    evening.do(c.OfferMeasures(person=ROBIN, measures=(PHQ9,)))
    evening.at(0)
    evening.do(c.StartSession(), FAY)
    return evening


async def answer(page: Page, number: int, times_down: int) -> None:
    """One question by keyboard alone: into the answers, down, and on with Enter."""
    await expect(page.get_by_role("heading", name=f"Question {number} of 10")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    for _ in range(times_down):
        await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")


def plan(state: RoomState) -> list[str]:
    return list(state.safety.of(state.checkin.flags[0].flag).plan.values())


def handed_in(state: RoomState) -> dict[str, int]:
    return {str(item): value for item, value in (state.measuring.sheet(ROBIN, PHQ9).handed_in or {}).items()}


async def test_the_ninth_question_is_answered_to_at_once_and_until_it_is_written_down_what_was_done(
    chromium: Browser, tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, begun()) as clinic:
        pages: dict[PersonId, Page] = {}
        for person in (FAY, ROBIN, SAM):
            size = DESKTOP if person == FAY else PHONE
            context = await chromium.new_context(viewport=size, reduced_motion="reduce")
            context.set_default_timeout(40_000)
            pages[person] = page = await context.new_page()
            await page.goto(clinic.link("s-now", person))
            await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        fay, robin, sam = pages[FAY], pages[ROBIN], pages[SAM]

        await robin.get_by_role("button", name="Now").click()
        await robin.get_by_role("button", name="Start: How you have been: mood").click()
        for number in range(1, 4):
            await answer(robin, number, 1)
        await expect(robin.get_by_role("heading", name="Question 4 of 10")).to_be_visible()
        assert await barriers(robin, within=".side") == []
        await robin.reload()  # it goes on where one was
        await robin.get_by_role("button", name="Now").click()
        await expect(robin.get_by_role("heading", name="Question 4 of 10")).to_be_visible()
        await robin.get_by_role("button", name="Back").click()
        await expect(robin.get_by_role("radio", name="Several days")).to_be_checked()
        await robin.get_by_role("button", name="Next", exact=True).click()
        for number in range(4, 9):
            await answer(robin, number, 0)
        await expect(fay.locator(".flags")).to_be_hidden()
        await answer(robin, 9, 1)

        await expect(robin.get_by_role("heading", name="Thank you for telling us")).to_be_in_viewport()
        await expect(robin.get_by_text("Someone from your group will speak with you.")).to_be_visible()
        flag = fay.get_by_role("region", name="Safety: Robin")
        await expect(flag).to_contain_text("Several days")
        steps = fay.get_by_role("region", name="Steps: Robin")
        await steps.get_by_label("Ask where they are right now, and who is near.").check()
        await flag.get_by_role("button", name="I see to it").click()
        await expect(flag).to_contain_text("Fay Facilitator sees to it")
        await steps.get_by_text("C-SSRS screener", exact=True).click()
        for question, yes in (
            ("Have you wished you were dead", "Yes"),
            ("Have you actually had", "No"),
            ("Have you ever", "No"),
        ):
            await steps.get_by_role("group", name=question).get_by_role("radio", name=yes).check()
        await steps.get_by_role("button", name="Keep these answers").click()
        await expect(steps).to_contain_text("Low, by the instrument’s own levels")
        await steps.get_by_text("A plan made together").click()
        await steps.get_by_label("Whom will you tell, and with which words?").fill("My sister, tonight.")
        await until(
            clinic,
            "s-now",
            lambda state: "My sister, tonight." in state.safety.of(state.checkin.flags[0].flag).plan.values(),
        )
        assert await barriers(fay) == []

        await fay.reload()
        await expect(steps.get_by_label("Ask where they are right now, and who is near.")).to_be_checked()
        assert "sister" not in await sam.content() and "Safety" not in await sam.content()
        await expect(sam.locator(".help")).to_have_count(0)

        await fay.keyboard.press("Escape")
        await flag.get_by_role("button", name="Write what was done").click()
        await flag.get_by_label("We spoke, and the person is safe for now").check()
        await flag.get_by_role("button", name="Keep in the record").click()
        await expect(fay.locator(".flags")).to_be_hidden()

        await robin.get_by_role("button", name="Leave this one open").click()
        await robin.get_by_role("button", name="Send to the facilitators").click()
        await expect(robin.get_by_text("How you have been: mood: sent. Thank you.")).to_be_visible()
        state = await until(
            clinic, "s-now", lambda state: bool(state.measuring.sheet(ROBIN, MeasureId("phq-9")).handed_in)
        )
        assert state.measuring.sheet(ROBIN, MeasureId("phq-9")).handed_in == {
            "1": 1,
            "2": 1,
            "3": 1,
            "9": 1,
        } | dict.fromkeys("45678", 0)
        assert [each.disposition for each in state.checkin.flags] == ["spoke_safe"]
