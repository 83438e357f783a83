"""A media plane that carries nothing: rooms without camera and microphone, and tests that play the network.

It keeps what it was told, so that a test (or an operator) can look; `connect` and `lose` say what a real network would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms.ports import MediaConnected, MediaFact, MediaLost, MediaRefused, Wish

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
"""A session description of nothing."""


@dataclass(slots=True)
class _Room:
    sources: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Instant] = field(default_factory=dict)
    gates: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    screens: set[str] = field(default_factory=set)
    """Sources whose screen may pass."""
    parts: dict[str, str] = field(default_factory=dict)
    wishes: dict[str, Wish] = field(default_factory=dict)


class SilentMedia:
    """The port `MediaPlane` without media. An offer must look like SDP; every other is refused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._facts: Callable[[MediaFact], None] = lambda fact: None
        self.rooms: dict[str, _Room] = {}

    async def start(self, facts: Callable[[MediaFact], None]) -> None:
        self._facts = facts

    async def stop(self) -> None:
        self.rooms.clear()

    async def join(self, *, room: str, source: str, peer: str, offer: str) -> str:
        if not offer.startswith("v=0"):
            raise MediaRefused("bad_sdp", "This is not a session description.")
        self.rooms.setdefault(room, _Room()).sources[peer] = source
        return SDP

    def leave(self, *, room: str, peer: str) -> None:
        if (here := self.rooms.get(room)) is not None:
            here.sources.pop(peer, None)
            here.heard.pop(peer, None)
            here.wishes.pop(peer, None)

    def close_room(self, *, room: str) -> None:
        self.rooms.pop(room, None)

    def forward(self, *, room: str, source: str, microphone: bool, camera: bool, screen: bool = False) -> None:
        here = self.rooms.setdefault(room, _Room())
        here.gates[source] = (microphone, camera)
        (here.screens.add if screen else here.screens.discard)(source)

    def partition(self, *, room: str, parts: Mapping[str, str]) -> None:
        self.rooms.setdefault(room, _Room()).parts = dict(parts)

    def wish(self, *, room: str, peer: str, wish: Wish) -> None:
        self.rooms[room].wishes[peer] = wish

    def heard(self, *, room: str) -> dict[str, Instant]:
        here = self.rooms.get(room)
        return {} if here is None else dict(here.heard)

    # ------------------------------------------------------------------ what a network would do

    def connect(self, *, room: str, peer: str) -> None:
        """The peer's first packet."""
        here = self.rooms[room]
        here.heard[peer] = self._clock.now()
        self._facts(MediaConnected(room=room, source=here.sources[peer], peer=peer))

    def packet(self, *, room: str, peer: str) -> None:
        """Another sign of life."""
        self.rooms[room].heard[peer] = self._clock.now()

    def lose(self, *, room: str, peer: str) -> None:
        """Nothing more was heard after the last sign of life."""
        here = self.rooms[room]
        heard = here.heard.pop(peer)
        self._facts(MediaLost(room=room, source=here.sources[peer], peer=peer, heard=heard))
