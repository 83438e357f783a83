"""A simulated participant's media arrives at the media plane."""

from __future__ import annotations

import asyncio
import time

from facilitation.timebase import Instant
from server.bots.publisher import Publisher
from server.bots.secrecy import MARK, Keys
from server.sfu.facts import MediaConnected, MediaFact, SpeakersChanged
from server.sfu.plane import MediaSettings, Sfu
from tests.media.rawpeer import AUDIO
from tests.media.stage import Stage


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


class _Seat:
    """The one thing a publisher needs of a seat: a way to the media plane."""

    def __init__(self, plane: Sfu, room: str = "r") -> None:
        self._plane = plane
        self._room = room

    async def offer(self, sdp: str, peer: str | None = None) -> tuple[str, str]:
        return "m1", await self._plane.join(room=self._room, source="p-robin", peer="m1", offer=sdp)


async def test_sealed_media_leaves_only_once_there_are_keys_and_then_sealed() -> None:
    keys = Keys(lambda message: None, session="r", person="p-robin")
    async with Stage() as stage:
        publisher = Publisher(_Seat(stage.sfu, room="room"), 1, lambda: keys)
        try:
            stage.sfu.forward(room="room", source="p-robin", microphone=True, camera=True)
            await publisher.connect()
            publisher.set(microphone=True, camera=True)
            await stage.until(lambda: stage.said(MediaConnected, peer="m1") != [], "connection")
            viewer = await stage.join("viewer", publishes=False)
            await asyncio.sleep(1)
            assert viewer.packets == [], "nothing leaves without keys"
            keys.ring([{"member": "c", "person": "p-robin", "key": keys.public, "turn": 1}])
            await viewer.until(lambda: len({packet.payload_type for packet in viewer.packets}) == 2, 20)
            ends = [packet.payload[-4:] for packet in viewer.packets if packet.marker or packet.payload_type == AUDIO]
            assert set(ends) == {MARK}
        finally:
            await publisher.disconnect()


async def test_a_publisher_connects_and_is_heard_speaking() -> None:
    facts: asyncio.Queue[MediaFact] = asyncio.Queue()
    plane = Sfu(MediaSettings(hosts=("127.0.0.1",), public_addresses=("127.0.0.1",)), clock=_now)
    await plane.start(facts.put_nowait)
    publisher = Publisher(_Seat(plane), 1)
    try:
        await publisher.connect()
        publisher.set(microphone=True, camera=True)
        plane.forward(room="r", source="p-robin", microphone=True, camera=True)

        async with asyncio.timeout(60):
            while not isinstance(fact := await facts.get(), MediaConnected):
                pass
        assert fact.source == "p-robin"
        async with asyncio.timeout(60):
            while not (isinstance(fact := await facts.get(), SpeakersChanged) and fact.levels.get("p-robin")):
                pass
        assert not publisher.failed
    finally:
        await publisher.disconnect()
        await plane.stop()
