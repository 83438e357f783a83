"""The skills library in a real Chromium: found and read by keyboard and without scripts, on a phone, and on paper."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from server.library import load_library
from tests.support.browser import artifact
from tests.support.place import FAY, Place

LIBRARY = load_library()


@pytest_asyncio.fixture
async def place() -> AsyncIterator[Place]:
    async with Place().served() as place:
        yield place


async def enter(context: BrowserContext, place: Place) -> Page:
    """A page of a facilitator who has opened their link, and nothing else yet."""
    answer = await context.request.get(place.url + place.link(FAY))
    assert answer.ok
    return await context.new_page()


async def test_every_skill_and_curriculum_opens_from_the_library(place: Place, browser_context: BrowserContext) -> None:
    page = await enter(browser_context, place)
    await page.goto(f"{place.url}/skills")
    linked = await page.locator("main a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    wanted = [f"/skills/{skill}" for skill in LIBRARY.skills] + [f"/curricula/{each.id}" for each in LIBRARY.curricula]
    assert set(wanted) <= set(linked)
    for address in wanted:
        answer = await page.request.get(place.url + address)
        assert answer.ok, address


async def test_a_substitute_finds_a_skill_by_keyboard_and_without_scripts(place: Place, chromium: Browser) -> None:
    context = await chromium.new_context(java_script_enabled=False)
    page = await enter(context, place)
    await page.goto(f"{place.url}/skills")
    await page.get_by_label("Search the skills").fill("dear man")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="1 skill for “dear man”")).to_be_visible()
    await expect(page.get_by_label("Search the skills")).to_have_value("dear man")
    await page.get_by_role("link", name="Ask for what you need").focus()
    await page.keyboard.press("Enter")
    skill = LIBRARY.search("dear man")[0]
    await expect(page.get_by_role("heading", level=1)).to_have_text(skill.title)
    for text in (skill.why, *skill.steps, skill.two_minute_try, *skill.group_exercise, *skill.prompts, skill.tonight):
        await expect(page.get_by_text(text, exact=True)).to_be_visible()
    for text in (skill.for_teens, skill.trauma_aware, *skill.tips, *skill.pitfalls):
        await expect(page.get_by_text(text, exact=True)).to_be_visible()
    await context.close()


async def test_a_curriculum_leads_to_its_skills_and_a_skill_back_to_its_week(
    place: Place, browser_context: BrowserContext
) -> None:
    page = await enter(browser_context, place)
    await page.goto(f"{place.url}/curricula/adult")
    await page.get_by_role("link", name="Session 2: The pause").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("The pause")
    week = page.get_by_role("listitem").filter(has_text="week 1, session 2")
    await week.get_by_role("link", name="Adult evening group").click()
    await expect(page).to_have_url(re.compile(r"/curricula/adult#week-1$"))


async def test_a_skill_fits_on_two_sheets_of_paper(place: Place, browser_context: BrowserContext) -> None:
    page = await enter(browser_context, place)
    for skill in LIBRARY.skills:
        await page.goto(f"{place.url}/skills/{skill}")
        for paper in ("Letter", "A4"):
            path = artifact(f"paper/{skill}-{paper}.pdf")
            await page.pdf(path=path, format=paper, prefer_css_page_size=False)
            sheets = len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
            assert 1 <= sheets <= 2, f"{skill} on {paper}"


async def test_a_prompt_goes_up_by_keyboard_with_and_without_scripts_and_what_is_typed_stays(
    place: Place, chromium: Browser
) -> None:
    for scripts in (True, False):
        context = await chromium.new_context(java_script_enabled=scripts)
        page = await enter(context, place)
        await page.goto(f"{place.url}/exercises/new?kind=prompts")
        await page.get_by_label("What we do").fill("Half a sent")
        for number, title in enumerate(("Hands", "Arrive"), 1):
            await page.get_by_label(f"Prompt {number}: Heading").fill(title)
        await page.get_by_role("button", name=re.compile("^Up ?: Prompt 2")).press("Enter")
        await expect(page.get_by_label("Prompt 1: Heading")).to_have_value("Arrive")
        await expect(page.get_by_label("Prompt 2: Heading")).to_have_value("Hands")
        await expect(page.get_by_label("What we do")).to_have_value("Half a sent")
        if scripts:
            await expect(page.get_by_role("button", name=re.compile("^Down ?: Prompt 1"))).to_be_focused()
            await expect(page.get_by_text("Prompt 2 is now number 1 of 4.")).to_be_attached()
            await page.keyboard.press("Enter")
            await expect(page.get_by_label("Prompt 1: Heading")).to_have_value("Hands")
        else:
            assert page.url.endswith("#row-1"), "where the row went"
        await context.close()
