"""A participant's own minutes in a real browser: the soft question, saying that something is not right, the answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from facilitation import commands as c
from facilitation.ids import DisputeId, PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import MINUTE_MS, Instant
from server.errands import RoomErrands
from server.web.auth import Identity
from tests.support.browser import DESKTOP, PHONE, picture
from tests.support.evening import FAY
from tests.support.gallery import gallery
from tests.support.serving import served
from tests.support.visits import House, Open, no_barrier, over, until

pytestmark = pytest.mark.timeout(240)

SAM, DROPPED = PersonId("p-2"), PersonId("p-3")


@pytest_asyncio.fixture
async def show(chromium: Browser) -> AsyncIterator[Any]:
    """`await show("people=4&state=still")`: the session page on a recorded view."""
    mistakes: list[str] = []
    contexts = []
    async with served(gallery()) as url:

        async def open_gallery(query: str, viewport: Any = DESKTOP) -> Page:
            context = await chromium.new_context(viewport=viewport, reduced_motion="reduce")
            contexts.append(context)
            page = await context.new_page()
            page.on("pageerror", lambda error: mistakes.append(str(error)))
            await page.goto(f"{url}/gallery?{query}")
            await expect(page.locator("html[data-ready]")).to_have_count(1)
            return page

        yield open_gallery
        for context in contexts:
            await context.close()
    assert mistakes == []


async def asked(page: Page) -> list[dict[str, Any]]:
    """What the page asked the room for."""
    sent: list[dict[str, Any]] = await page.evaluate("gallery.asked")
    return [each for each in sent if each["type"] in ("still_here", "dispute_minutes")]


async def test_the_question_covers_nobody_and_is_answered_by_a_key_or_a_press(show: Any) -> None:
    page = await show("people=4&state=still")
    notice = page.locator(".notices .notice").filter(has_text="Are you still here?")
    await expect(notice).to_contain_text("If you miss it, no minutes are lost.")
    await no_barrier(page)
    await picture(page, "still-here-desktop")
    await page.keyboard.press("i")
    await notice.get_by_role("button", name="I’m here").click()
    assert await asked(page) == [{"type": "still_here", "fields": {}}] * 2
    await page.set_viewport_size(PHONE)
    await no_barrier(page)
    await picture(page, "still-here-phone")


async def test_the_key_does_nothing_when_nobody_was_asked(show: Any) -> None:
    page = await show("people=4&state=busy")
    await page.keyboard.press("i")
    assert await asked(page) == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_own_minutes_open_from_the_dock_and_keep_what_is_typed(show: Any, viewport: Any) -> None:
    page = await show("people=4&state=disputed", viewport)
    await page.get_by_role("button", name=re.compile("Your minutes")).click()
    window = page.get_by_role("dialog", name="Your minutes")
    await expect(window).to_contain_text("You were right. We saw you on your phone.")
    await no_barrier(page)
    await picture(page, f"own-minutes-{viewport['width']}")
    await window.get_by_label("Is something not right?").fill("The end is missing.")
    await window.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name=re.compile("Your minutes")).click()
    await expect(window.get_by_label("Is something not right?")).to_have_value("The end is missing.")
    await window.get_by_role("button", name="Tell your facilitator").click()
    await expect(window.get_by_label("Is something not right?")).to_have_value("")
    assert await asked(page) == [{"type": "dispute_minutes", "fields": {"text": "The end is missing."}}]


async def test_staff_see_who_did_not_answer_and_whose_minutes_are_disputed(show: Any) -> None:
    page = await show("people=8&state=busy&role=facilitator")
    await expect(page.get_by_text(re.compile("Did not answer at"))).to_be_visible()
    row = page.get_by_role("listitem").filter(has_text="Minutes not right?")
    await row.get_by_role("button").first.click()
    await expect(row.get_by_text("I was there on my phone from 6:20 to 6:35.")).to_be_visible()
    await no_barrier(page)


async def test_after_the_end_a_dispute_is_told_answered_and_seen(house: House, visits: Open) -> None:
    async with house(over(), over("s-other")) as clinic:
        visit = await visits(clinic, viewport=PHONE)
        await visit.enter("s-other", DROPPED)
        page = visit.page
        await page.goto(f"{clinic.url}/s/s-over/minutes")  # its own link has run out; the person is proven all the same
        await expect(page.get_by_role("heading", level=1)).to_have_text("Your minutes")
        away = page.get_by_role("listitem").filter(has_text="Away")
        await expect(away.first).to_be_visible()
        await no_barrier(page)
        await picture(page, "minutes-phone", full_page=True)
        await page.get_by_label("What is not right?").fill("I was there on my phone.")
        await page.get_by_role("button", name="Tell your facilitator").click()
        await expect(page.get_by_text("Your facilitator has been told and will answer here.")).to_be_visible()
        await expect(page.get_by_label("What is not right?")).to_have_count(0)

        state = await until(clinic, "s-over", lambda state: bool(state.corrections.open_disputes))
        began = state.agenda.started_at
        assert began is not None
        fay = Identity(person=FAY, role=Role.FACILITATOR, session=SessionId("s-over"), name="Dr. Fay Facilitator")
        fix = c.CorrectAttendance(
            person=DROPPED,
            start=Instant(began + 51 * MINUTE_MS),
            end=Instant(began + 58 * MINUTE_MS),
            present=True,
            reason="Seen on the phone.",
            dispute=DisputeId("dispute-1"),
        )
        await RoomErrands(clinic.rooms, ahead=clinic.rooms).ask(fay, fix)
        await page.reload()
        await expect(page.get_by_text("You were right. Seen on the phone.")).to_be_visible()
        await expect(page.get_by_text("Counted as here by hand")).to_be_visible()
        await expect(page.get_by_label("What is not right?")).to_be_visible()
        await picture(page, "minutes-answered-phone", full_page=True)

        stranger = await visits(clinic)
        await stranger.enter("s-other", SAM)
        await stranger.page.goto(f"{clinic.url}/s/s-over/minutes")
        await expect(stranger.page.get_by_text("I was there on my phone.")).to_have_count(0)
