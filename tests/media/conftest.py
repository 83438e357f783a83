"""A media plane on loopback, and peers that join it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.media.stage import Stage
from tests.unit.sfu.bare import CORES


@pytest_asyncio.fixture(params=CORES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with Stage(core=request.param) as stage:
        yield stage
