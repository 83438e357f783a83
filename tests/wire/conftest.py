"""Nodes and whole applications over the memory store, and a store on a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from server.clock import FakeClock, RoomClock
from server.store import memory
from server.store.connect import connect
from server.store.ports import Store
from tests.support.place import Place
from tests.wire.node import Node, running


@pytest_asyncio.fixture
async def node() -> AsyncIterator[Node]:
    """A running node over a store in memory."""
    store = memory.connect()
    async with running(Node(store.log, store.leases, RoomClock())) as node:
        yield node


@pytest_asyncio.fixture
async def store(valkey_url: str) -> AsyncIterator[Store]:
    """A store on a real, empty Valkey."""
    store = await connect(valkey_url)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def place(clock: FakeClock) -> AsyncIterator[Place]:
    """A small clinic's pages, served."""
    async with Place(clock).served() as place:
        yield place
