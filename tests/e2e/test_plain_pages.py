"""The pages of few words, in a real Chromium: nobody is kept out, no mistake on the console, nothing leads back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext

from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS
from server.clock import RoomClock
from tests.support.browser import THEMES, barriers, pictures, slug
from tests.support.pages import EVENING, MemoryClinic, link, pages
from tests.support.visitor import served

HOME_OF_SOUP = "Simple lentil soup"


@pytest_asyncio.fixture
async def place() -> AsyncIterator[tuple[str, str]]:
    """The address of the pages, and an expired link."""
    clock = RoomClock()
    app, links, _ = pages(MemoryClinic(), clock=clock)
    expired = link(links, PersonId("p-robin"), EVENING, Role.PARTICIPANT, until=clock.now() - HOUR_MS)
    async with served(app) as url:
        yield url, f"/j/{expired}"


@pytest.mark.parametrize("name", ["landing", "soup", "not found", "wrong link", "expired link", "forgotten"])
async def test_a_page_of_few_words_is_for_everybody(
    place: tuple[str, str], browser_context: BrowserContext, name: str
) -> None:
    url, expired = place
    path = {
        "landing": "/",
        "soup": "/soup",
        "not found": "/nowhere",
        "wrong link": "/j/wrong",
        "expired link": expired,
        "forgotten": f"/s/{EVENING}",
    }[name]
    page = await browser_context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = await page.goto(url + path)
    assert answer is not None
    expected = [] if answer.ok else [f"Failed to load resource: the server responded with a status of {answer.status}"]
    assert [text.partition(" (")[0] for text in said] == expected
    for theme in THEMES:
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert await barriers(page) == []
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0
    if name in ("landing", "soup", "expired link"):
        await pictures(page, f"plain-{slug(name)}")


async def test_the_neutral_page_has_an_icon_of_its_own_and_asks_for_nothing_of_ours(
    place: tuple[str, str], browser_context: BrowserContext
) -> None:
    page = await browser_context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(place[0])))
    await page.goto(f"{place[0]}/soup", wait_until="networkidle")
    assert await page.title() == HOME_OF_SOUP
    assert set(asked) <= {"/soup", "/static/css/soup.css", "/static/spoon.svg"}
