"""Fixtures of the browser's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from server.clock import FakeClock
from server.store import memory
from tests.support.evening import Clinic
from tests.support.visits import house, visits
from tests.support.week import WEDNESDAY_NOON, week

__all__ = ["house", "midweek", "visits"]

CALLS = ("test_whole_session", "test_encryption", "test_headset", "test_screen", "test_turn", "test_upright")
"""Where people see and hear each other."""

expect.set_options(timeout=40_000)  # a busy machine is slow, not wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker gets all calls, one after the other, so that no two starve each other; pages fill the rest."""
    for item in items:
        if item.path.stem in CALLS:
            item.add_marker(pytest.mark.xdist_group("calls"))


@pytest_asyncio.fixture
async def midweek(tmp_path: Path) -> AsyncIterator[Clinic]:
    """A clinic in the middle of its week, whatever the day: some of it is held and signed, some is to come."""
    clinic = Clinic(tmp_path, memory.connect(), *week(), clock=FakeClock(WEDNESDAY_NOON))
    await clinic.fill()
    await clinic.start()
    yield clinic
    await clinic.stop()
