"""A clinic to visit: evenings to visit it on, one browser profile a visitor, and what holds of every page.

`house` and `visits` are fixtures: tests/e2e/conftest.py hands them to the tests.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, expect

from facilitation.ids import PersonId
from facilitation.room import RoomState
from facilitation.timebase import MINUTE_MS
from server.signing import SetUpCodes
from tests.support.application import SECRET
from tests.support.browser import DESKTOP, NOT_SIDEWAYS, SETTLED, THEMES, barriers
from tests.support.evening import CLINIC, FAY, Clinic, Evening, open_clinic, usual

ROBIN, SAM, ALEX = PersonId("p-1"), PersonId("p-2"), PersonId("p-3")
PIN = "lantern-7431"
BEGUN_AGO_MS = 215 * MINUTE_MS


def afternoon() -> str:
    """A time zone in which it is between three and four o'clock in the afternoon now.

    There what has just ended was today and this week, at whatever hour tests are run.
    """
    ahead_h = 15 - datetime.now(UTC).hour
    if ahead_h > 14:  # so far ahead is no place
        ahead_h -= 24
    return f"Etc/GMT{-ahead_h:+d}"  # in these names the sign says how far Greenwich is ahead


HERE = afternoon()


def coming(session: str = "s-next", people: int = 4) -> Evening:
    """A session that starts in twenty minutes; nobody has come yet."""
    return Evening(session=session, starts_at=now() + 20 * MINUTE_MS, people=people, zone=HERE)


def over(session: str = "s-over", people: int = 8, *, programme: str = "", supervised: bool = False) -> Evening:
    """A session that has just ended; nothing is signed."""
    starts_at = now() - BEGUN_AGO_MS
    return usual(
        Evening(
            session=session, starts_at=starts_at, people=people, programme=programme, supervised=supervised, zone=HERE
        )
    )


def now() -> int:
    return int(time.time() * 1_000)


class Visit:
    """One browser profile with one page, that notices every error the page makes."""

    def __init__(self, clinic: Clinic, context: BrowserContext, page: Page) -> None:
        self.clinic = clinic
        self.context = context
        self.page = page
        self.errors: list[str] = []
        self.foreseen = ["WebSocket", "ERR_CONNECTION_REFUSED"]  # the clinic closes before its visitors do
        """Words of errors that this visit is to bring; browsers may tell of them late."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)

    def unforeseen(self) -> list[str]:
        return [error for error in self.errors if not any(words in error for words in self.foreseen)]

    async def enter(self, session: str, person: str) -> Page:
        await self.page.goto(self.clinic.link(session, person))
        return self.page

    async def record(self, session: str, person: str = FAY) -> Page:
        await self.enter(session, person)
        await self.page.goto(f"{self.clinic.url}/s/{session}/record")
        await expect(self.page.locator(".record")).to_be_visible()
        return self.page


Open = Callable[..., Any]
House = Callable[..., AbstractAsyncContextManager[Clinic]]


@pytest.fixture
def house(tmp_path: Path, valkey_url: str) -> House:
    """`async with house(evening, …) as clinic` serves these sessions from a real Valkey."""
    return partial(open_clinic, tmp_path, valkey_url)


@pytest_asyncio.fixture
async def visits(chromium: Browser) -> AsyncIterator[Open]:
    """`await visits(clinic, viewport=…)` opens a fresh profile. At the end no page may have made an error."""
    opened: list[Visit] = []

    async def open_visit(clinic: Clinic, *, browser: Browser = chromium, **options: Any) -> Visit:
        options = {"viewport": DESKTOP, "reduced_motion": "reduce", "permissions": ["camera", "microphone"]} | options
        context = await browser.new_context(**options)
        context.set_default_timeout(40_000)
        visit = Visit(clinic, context, await context.new_page())
        opened.append(visit)
        return visit

    yield open_visit
    for visit in opened:
        await visit.context.close()
    errors = [error for visit in opened for error in visit.unforeseen()]
    assert errors == [], errors  # said here, for pytest rewrites no assertion outside of tests


async def no_barrier(page: Page, *sizes: ViewportSize) -> None:
    """Nothing that keeps somebody out, in either theme; nothing that scrolls sideways. As large as the page is, or at
    each of these sizes, of which it keeps the last."""
    for size in sizes or (None,):
        if size is not None:
            await page.set_viewport_size(size)
        for theme in reversed(THEMES):
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # what moves for ever never settles
            await page.evaluate(SETTLED)  # no colour is caught half-way
            await page.evaluate("scrollTo(0, 0)")  # what passes beneath the quick exit can be scrolled out again
            found = await barriers(page, of_colours=theme == "dark")
            assert found == [], found
        assert await page.evaluate(NOT_SIDEWAYS), f"{page.url} scrolls sideways"


async def until(clinic: Clinic, session: str, holds: Callable[[RoomState], bool], *, within_s: float = 60) -> RoomState:
    """The log's state once something holds of it."""
    end = time.monotonic() + within_s
    while not holds(state := await clinic.state(session)):
        assert time.monotonic() < end, "the log never said so"
        await pause()
    return state


async def pause() -> None:
    await asyncio.sleep(0.05)


async def choose_pin(page: Page, person: PersonId = FAY, *, code: str | None = None) -> None:
    """The first signature of somebody asks for a PIN of their own, and for the code that the clinic read out."""
    await expect(page.get_by_role("heading", name="Choose a signing PIN")).to_be_visible()
    await page.keyboard.type(code or SetUpCodes([SECRET], clinic=CLINIC).of(person).lower())
    await page.keyboard.press("Tab")
    await page.keyboard.type(PIN)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PIN)
    await page.keyboard.press("Enter")
