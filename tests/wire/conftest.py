"""Nodes over the memory store and over a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from server.clock import RoomClock
from server.store import memory
from tests.wire.node import Node, running


@pytest_asyncio.fixture
async def node() -> AsyncIterator[Node]:
    """A running node over a store in memory."""
    store = memory.connect()
    async with running(Node(store.log, store.leases, RoomClock())) as node:
        yield node
