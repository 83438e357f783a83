"""A media plane on loopback, and peers that join it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.media.stage import Stage
from tests.unit.sfu.bare import CORES

ALONE = ("test_browsers", "test_load")
"""Where the flow of many packets is watched."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker gets what makes work, one after the other; the other what mostly waits for time to pass."""
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker(pytest.mark.xdist_group("alone"))


@pytest_asyncio.fixture(params=CORES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with Stage(core=request.param) as stage:
        yield stage
