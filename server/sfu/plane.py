"""The media plane: the rooms, their peers, the one port, and the tick that keeps them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from facilitation.timebase import Instant
from server.sfu.core import CoreChoice
from server.sfu.facts import MediaFact, MediaRefused, Wish
from server.sfu.peer import Peer
from server.sfu.router import Room
from server.sfu.sdp import read_offer
from server.sfu.transport import Certificate, Port, host_addresses, monotonic_us

log = logging.getLogger(__name__)

TICK_S, CALM_TICK_S = 0.020, 0.200
ROOM_PEERS_MAX = 64
SOURCE_PEERS_MAX = 4
WISHES_MAX = 256
MODES = ("normal", "low_data", "audio_only")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaSettings:
    """Where the plane listens, and what browsers are told of it.

    `hosts` are addresses to bind, `port` is UDP, 0 for any free one. `public_addresses` are told to browsers
    as candidates, most wanted first; empty means this machine's own ones, loopback included. `core` forwards:
    'native', 'python', or 'auto' for the native one where it was built.
    """

    hosts: tuple[str, ...] = ("0.0.0.0",)
    port: int = 0
    public_addresses: tuple[str, ...] = ()
    core: CoreChoice = "auto"


class Sfu:
    """Forwards media within rooms (the `MediaPlane` of the rooms' ports).

    `clock` gives the wall-clock instant in milliseconds; facts carry it. Everything happens on the event loop
    that ran `start`, facts included.
    """

    def __init__(self, settings: MediaSettings, *, clock: Callable[[], Instant]) -> None:
        self._settings = settings
        self._clock = clock
        self._port = Port(hosts=settings.hosts, port=settings.port, core=settings.core)
        self._certificate = Certificate()
        self._rooms: dict[str, Room] = {}
        self._facts: Callable[[MediaFact], None] = lambda _: None
        self._ticking: asyncio.TimerHandle | None = None
        self._is_calm = False
        """Whether the next tick comes late, for no room has anything due."""

    @property
    def port(self) -> int:
        """The UDP port, once started."""
        return self._port.port

    async def start(self, facts: Callable[[MediaFact], None]) -> None:
        """Open the port. Raises OSError when it is taken."""
        self._facts = facts
        await self._port.open()
        log.info("media.open: %s core on UDP port %d", self._port.core.name, self.port)
        self._tick()

    def counters(self) -> dict[str, int | str]:
        """What forwards, and what went by it: `strays` were nobody's datagrams, `unsent` the system would not take,
        `untold` found no room on their way to the event loop."""
        core = self._port.core
        return {
            "core": core.name,
            "links": self._port.links,
            "strays": self._port.strays,
            "unsent": core.unsent,
            "untold": core.untold,
        }

    async def stop(self) -> None:
        """Close every room and the port, without facts."""
        self._facts = lambda _: None
        log.info("media.closing: %s", self.counters())
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        for room in list(self._rooms):
            self.close_room(room=room)
        await self._port.close()

    async def join(self, *, room: str, source: str, peer: str, offer: str) -> str:
        """The SDP answer for a browser's offer.

        A second offer of a known peer continues its connection if it comes from the same one (an ICE restart:
        media goes on), else it replaces it. Raises MediaRefused.
        """
        taken = read_offer(offer)
        here = self._rooms.get(room)
        known = here.peers.get(peer) if here is not None else None
        if known is not None and known.source != source:
            raise MediaRefused("media-peer-taken", "This connection belongs to somebody else.")
        if here is not None and known is None:
            if len(here.peers) >= ROOM_PEERS_MAX:
                raise MediaRefused("media-room-full", "The room has no place for another connection.")
            if sum(other.source == source for other in here.peers.values()) >= SOURCE_PEERS_MAX:
                raise MediaRefused("media-too-many-devices", "Too many devices of one person are connected.")
        if known is not None and known.continues(taken):
            known.renew(taken)
            return known.answer(self._candidates())
        if here is None:
            here = self._rooms[room] = self._room(room)
        here.replace(peer)
        joined = Peer(
            name=peer,
            source=source,
            owner=here,
            port=self._port,
            certificate=self._certificate,
            offer=taken,
        )
        here.add(joined)
        return joined.answer(self._candidates())

    def leave(self, *, room: str, peer: str) -> None:
        here = self._rooms.get(room)
        if here is not None:
            here.remove(peer)

    def close_room(self, *, room: str) -> None:
        here = self._rooms.pop(room, None)
        if here is not None:
            here.close()

    def forward(self, *, room: str, source: str, microphone: bool, camera: bool, screen: bool = False) -> None:
        """Open or shut the gates of a source; remembered for peers that come later."""
        if room not in self._rooms:
            self._rooms[room] = self._room(room)
        self._rooms[room].gate(source, microphone=microphone, camera=camera, screen=screen)

    def partition(self, *, room: str, parts: Mapping[str, str]) -> None:
        """Which part each source is in; remembered for peers that come later."""
        if room not in self._rooms:
            self._rooms[room] = self._room(room)
        self._rooms[room].divide(parts)

    def wish(self, *, room: str, peer: str, wish: Wish) -> None:
        """Take a viewer's wish; one beyond bounds is ignored, as are unknown peers."""
        here = self._rooms.get(room)
        if here is not None and wish.mode in MODES and len(wish.heights) <= WISHES_MAX:
            here.set_wish(peer, wish)

    def heard(self, *, room: str) -> dict[str, Instant]:
        """Instant of the last authenticated packet per connected peer of a room."""
        here = self._rooms.get(room)
        if here is None:
            return {}
        return {peer.name: here.heard_instant(peer) for peer in here.peers.values() if peer.is_connected}

    def _room(self, name: str) -> Room:
        return Room(name, say=self._say, instant=self._instant, stirred=self._hasten)

    def _say(self, fact: MediaFact) -> None:
        self._facts(fact)

    def _instant(self, at_us: int) -> Instant:
        """The wall-clock instant of a past moment of the monotonic clock."""
        return Instant(self._clock() - max(0, monotonic_us() - at_us) // 1_000)

    def _candidates(self) -> list[tuple[str, int]]:
        addresses = self._settings.public_addresses or self._own_addresses()
        return [(address, self.port) for address in addresses]

    def _own_addresses(self) -> tuple[str, ...]:
        own: list[str] = []
        for host in self._settings.hosts:
            own += host_addresses(ipv6=host == "::") if host in ("0.0.0.0", "::") else [host]
        return tuple(own)

    def _tick(self) -> None:
        self._is_calm = False
        try:
            now_us = monotonic_us()
            self._port.core.collect()
            rooms = list(self._rooms.values())
            for room in rooms:
                room.tick(now_us)
            self._is_calm = all(room.is_calm(now_us) for room in rooms)
        finally:
            self._tick_after(CALM_TICK_S if self._is_calm else TICK_S)

    def _tick_after(self, pause_s: float) -> None:
        self._ticking = asyncio.get_running_loop().call_later(pause_s, self._tick)

    def _hasten(self) -> None:
        """Something became due while nothing was."""
        if self._is_calm and self._ticking is not None:
            self._is_calm = False
            self._ticking.cancel()
            self._tick_after(TICK_S)
