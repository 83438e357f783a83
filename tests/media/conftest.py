"""A media plane on loopback, and peers that join it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.media.stage import Stage


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    async with Stage() as stage:
        yield stage
