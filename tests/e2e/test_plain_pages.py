"""The page that stands in for ours: nothing on it, in it or about it leads back."""

from __future__ import annotations

from playwright.async_api import BrowserContext

from tests.support.application import Application

HOME_OF_SOUP = "Simple lentil soup"


async def test_the_neutral_page_has_an_icon_of_its_own_and_asks_for_nothing_of_ours(
    browser_context: BrowserContext,
) -> None:
    async with Application().served() as place:
        page = await browser_context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(place.url)))
        await page.goto(f"{place.url}/soup", wait_until="networkidle")
        assert await page.title() == HOME_OF_SOUP
        assert set(asked) <= {"/soup", "/static/css/soup.css", "/static/spoon.svg"}
