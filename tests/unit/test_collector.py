"""The collector keeps out of the way, and loses no garbage for ever."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from server import collector


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


class Ring:
    """Hangs in a cycle: only the collector can free it."""

    def __init__(self) -> None:
        self.me = self


def a_ring() -> weakref.ref[Ring]:
    return weakref.ref(Ring())


async def test_what_has_come_to_stay_is_set_aside_while_the_house_is_busy() -> None:
    collector.settle()
    kept = [[object()] for _ in range(1_000)]
    before = gc.get_freeze_count()
    keeping = asyncio.create_task(collector.keep_aside(lambda: True, every_s=0.001))
    async with asyncio.timeout(60):
        while gc.get_freeze_count() < before + len(kept):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    keeping.cancel()


async def test_a_quiet_house_is_swept_of_rings_that_were_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "QUIET_EVERY", 3)
    gc.disable()  # so that nothing but the sweep can have freed it
    try:
        ring = a_ring()
        gc.freeze()
        assert ring() is not None
        keeping = asyncio.create_task(collector.keep_aside(lambda: False, every_s=0.001))
        async with asyncio.timeout(60):
            while ring() is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        keeping.cancel()
    finally:
        gc.enable()
