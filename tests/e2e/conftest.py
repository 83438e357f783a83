"""Fixtures of the browser's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.clock import FakeClock
from server.store import memory
from tests.support.evening import Clinic
from tests.support.visits import house, visits
from tests.support.week import WEDNESDAY_NOON, week

__all__ = ["house", "midweek", "visits"]


@pytest_asyncio.fixture
async def midweek(tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic in the middle of its week, whatever the day: some of it is held and signed, some is to come."""
    clinic = Clinic(tmp_path, memory.connect(), *week(), clock=FakeClock(WEDNESDAY_NOON))
    await clinic.fill()
    await clinic.start()
    yield clinic
    await clinic.stop()
