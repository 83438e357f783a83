"""Fixtures of every kind of test. Each is the real thing: a Valkey process, a Chromium, a clock that is told."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import settings
from redis.asyncio import Redis

from server.clock import FakeClock
from server.store.embedded import EmbeddedValkey

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

# A busy machine is slow, not wrong; and a failure tells how to repeat it.
settings.register_profile("milieu", deadline=None, print_blob=True)
settings.load_profile("milieu")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands until the test moves it."""
    return FakeClock()


@pytest_asyncio.fixture(scope="session")
async def valkey_server() -> AsyncIterator[EmbeddedValkey]:
    """One real embedded Valkey, fsync always, for all tests of this worker process. Do not kill it."""
    folder = Path(tempfile.mkdtemp(prefix="milieu-"))
    server = EmbeddedValkey(folder)
    await server.start()
    yield server
    await server.stop()
    shutil.rmtree(folder)


@pytest_asyncio.fixture
async def valkey_url(valkey_server: EmbeddedValkey) -> AsyncIterator[str]:
    """Address of a real, empty Valkey, for code under test that makes its own client."""
    async with Redis.from_url(valkey_server.url) as client:
        await client.flushall()
    yield valkey_server.url


@pytest_asyncio.fixture
async def valkey(valkey_url: str) -> AsyncIterator[Redis]:
    """A client (bytes in, bytes out) of a real, empty Valkey."""
    async with Redis.from_url(valkey_url) as client:
        yield client


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One headless Chromium with a pretended camera and microphone for all tests of this worker process."""
    from tests.support.browser import open_chromium

    async with open_chromium() as browser:
        yield browser


@pytest_asyncio.fixture
async def browser_context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh profile: no cookies, no storage, camera and microphone allowed."""
    context = await chromium.new_context(permissions=["camera", "microphone"], ignore_https_errors=True)
    yield context
    await context.close()
