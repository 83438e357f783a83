"""A simulated participant's media arrives at the media plane."""

from __future__ import annotations

import asyncio
import time

from facilitation.timebase import Instant
from server.bots.publisher import Publisher
from server.sfu.facts import MediaConnected, MediaFact, SpeakersChanged
from server.sfu.plane import MediaSettings, Sfu


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


class _Seat:
    """The one thing a publisher needs of a seat: a way to the media plane."""

    def __init__(self, plane: Sfu) -> None:
        self._plane = plane

    async def offer(self, sdp: str, peer: str | None = None) -> tuple[str, str]:
        return "m1", await self._plane.join(room="r", source="p-robin", peer="m1", offer=sdp)


async def test_a_publisher_connects_and_is_heard_speaking() -> None:
    facts: asyncio.Queue[MediaFact] = asyncio.Queue()
    plane = Sfu(MediaSettings(hosts=("127.0.0.1",), public_addresses=("127.0.0.1",)), clock=_now)
    await plane.start(facts.put_nowait)
    publisher = Publisher(_Seat(plane), 1)
    try:
        await publisher.connect()
        publisher.set(microphone=True, camera=True)
        plane.forward(room="r", source="p-robin", microphone=True, camera=True)

        async with asyncio.timeout(10):
            while not isinstance(fact := await facts.get(), MediaConnected):
                pass
        assert fact.source == "p-robin"
        async with asyncio.timeout(10):
            while not (isinstance(fact := await facts.get(), SpeakersChanged) and fact.levels.get("p-robin")):
                pass
        assert not publisher.failed
    finally:
        await publisher.disconnect()
        await plane.stop()
