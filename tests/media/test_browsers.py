"""Real browsers through the real port: they see and hear each other, and nothing is agreed twice."""

from __future__ import annotations

from playwright.async_api import BrowserContext

from server.sfu.facts import MediaConnected
from tests.media.stage import Stage, sees_and_hears


async def test_three_people_see_and_hear_each_other(browser_context: BrowserContext) -> None:
    async with Stage() as stage:
        names = ["ada", "ben", "cleo"]
        pages = {name: await stage.enter(browser_context, name) for name in names}
        for name in names:
            await stage.until(lambda name=name: stage.said(MediaConnected, source=name) != [], "connection")
        for name, page in pages.items():
            await sees_and_hears(page, *(other for other in names if other != name))
        assert stage.offers == {"ada": 1, "ben": 1, "cleo": 1}
