"""Stores under test: the same contract holds for a real Valkey and for the shipped twin in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.store import memory
from server.store.connect import connect
from server.store.ports import Store


@pytest_asyncio.fixture(params=["memory", "valkey"])
async def store(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[Store]:
    """An empty store of either kind."""
    if request.param == "memory":
        yield memory.connect(lease_ms=60_000)
    else:
        opened = await connect(valkey_url, lease_ms=60_000)
        yield opened
        await opened.close()


@pytest_asyncio.fixture
async def valkey_store(valkey_url: str) -> AsyncIterator[Store]:
    """An empty store on a real Valkey."""
    opened = await connect(valkey_url, lease_ms=60_000)
    yield opened
    await opened.close()
