"""Packet by packet, byte by byte: what a whole room sends reaches everybody it is meant for, over either core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.load.media.crowd import Crowd, Outcome
from tests.load.media.milieu import Milieu
from tests.load.media.scene import Scene, everybody, group
from tests.unit.sfu.bare import CORES


@pytest_asyncio.fixture(params=CORES)
async def milieu(request: pytest.FixtureRequest) -> AsyncIterator[Milieu]:
    subject = Milieu(request.param)
    try:
        await subject.start()
        yield subject
    finally:
        await subject.stop()


async def settled(milieu: Milieu, scene: Scene, *, rooms: int = 1, tries: int = 10) -> Outcome:
    """A run in which everybody gets what they are meant to: layers and keyframes need a moment at first."""
    crowd = Crowd(scene, rooms_max=rooms)
    try:
        for room in range(rooms):
            crowd.add(await milieu.fill(room, scene))
        for _ in range(tries):
            found = await asyncio.to_thread(crowd.run, 1.0, rooms=rooms)
            assert found.faults == 0, found
            if found.lossless and not found.more:
                break
        return found
    finally:
        crowd.close()


async def test_everybody_gets_each_packet_of_everybody_else_once_and_whole(milieu: Milieu) -> None:
    found = await settled(milieu, everybody(4))
    assert found.lossless, found
    assert found.arrived == pytest.approx(4 * 3 * 90, rel=0.05)


async def test_small_tiles_get_the_small_layer_and_the_speakers_tile_the_large_one(milieu: Milieu) -> None:
    found = await settled(milieu, group(4, layers=True))
    assert found.lossless, found
    assert found.more == 0


async def test_what_one_room_sends_reaches_no_other(milieu: Milieu) -> None:
    found = await settled(milieu, everybody(3), rooms=2)
    assert found.lossless, found
    assert found.stray == 0


@pytest.mark.parametrize("milieu", ["native"], indirect=True)
async def test_no_packet_waits_for_python(milieu: Milieu) -> None:
    """Whatever keeps the interpreter: a handshake, a page, a collection of garbage."""
    scene = everybody(4)
    crowd = Crowd(scene)
    try:
        crowd.add(await milieu.fill(0, scene))
        await asyncio.to_thread(crowd.run, 1.0)
        run = asyncio.create_task(asyncio.to_thread(crowd.run, 2.0))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        await milieu.hold(1.5)
        assert time.monotonic() - began > 1.4
        found = await run
    finally:
        crowd.close()
    assert found.lossless, found
    assert found.p99_ms < 100, "most of them would have waited for a second"
