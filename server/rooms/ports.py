"""What a room needs from the world: the narrow ports through which siblings of `server` meet.

A room never sees a packet, a socket or a Redis key. Each port below is implemented by exactly one
sibling (and by its shipped in-memory twin, which tests use): the media plane by `server.sfu`, the log
and the lease by `server.store`, and the connections of browsers by `server.wire`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from facilitation.events import Recorded
from facilitation.timebase import Instant

# --------------------------------------------------------------------------- media


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """A peer finished ICE and DTLS: media can flow."""

    room: str
    source: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost:
    """A peer fell silent, failed or left; `heard` is its last authenticated packet."""

    room: str
    source: str
    peer: str
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsChanged:
    """Which source each receiving slot of one peer shows now. Keys are mids of its SDP."""

    room: str
    peer: str
    audio: dict[str, str]
    video: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersChanged:
    """Loudness of the sources that speak now, 0 (just audible) … 127; absent = silent."""

    room: str
    levels: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityChanged:
    """How a peer's connection fares: 'good', 'weak' or 'poor', for its owner and facilitators."""

    room: str
    source: str
    peer: str
    quality: str


MediaFact = MediaConnected | MediaLost | SlotsChanged | SpeakersChanged | QualityChanged


class MediaRefused(Exception):
    """An offer could not be taken: `code` is stable, `text` is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one viewer wants to receive: the height in pixels at which each source is shown.

    `heights` holds 0 for a hidden tile; a source that is not named counts as shown small.
    `mode` is 'normal', 'low_data' (lowest layer, few frames) or 'audio_only'.
    """

    heights: dict[str, int]
    mode: str = "normal"


class MediaPlane(Protocol):
    """Forwards media within rooms. `room`, `source` and `peer` are opaque strings.

    A *source* is a person; a *peer* is one WebRTC transport of theirs (one a device). If a source has
    several peers, the one that connected last and sends a track is forwarded; a source's media is never sent to
    its own peers. Facts arrive by the callback given at `start`, on the event loop.
    """

    async def start(self, facts: Callable[[MediaFact], None]) -> None: ...
    async def stop(self) -> None: ...
    async def join(self, *, room: str, source: str, peer: str, offer: str) -> str:
        """The SDP answer for a browser's offer (sendonly audio, sendonly video, then recvonly slots).

        A second offer for a known `peer` is an ICE restart on the same seat. Raises MediaRefused.
        """
        ...

    def leave(self, *, room: str, peer: str) -> None:
        """Forget a peer; no MediaLost follows. Unknown peers are ignored."""
        ...

    def close_room(self, *, room: str) -> None: ...
    def forward(self, *, room: str, source: str, microphone: bool, camera: bool) -> None:
        """Open or shut the gates of a source: what is shut never leaves the server. Default: shut."""
        ...

    def wish(self, *, room: str, peer: str, wish: Wish) -> None: ...
    def heard(self, *, room: str) -> dict[str, Instant]:
        """Instant of the last authenticated packet per connected peer of a room."""
        ...


# --------------------------------------------------------------------------- the log


class StoreUnavailable(Exception):
    """The store did not answer in time; what was asked may or may not have happened."""


class LeaseLost(Exception):
    """Another node owns the room now; this one must stop at once."""


class CorruptLog(Exception):
    """The log cannot be decoded or its chain is broken; the operator must look."""


class EventLog(Protocol):
    """The append-only log of one clinic's sessions. Doing an append again is harmless."""

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]: ...
    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        """Durable when it returns. `records` carry consecutive `seq`, the first one following the log's end.

        Raises LeaseLost when `epoch` is not the current one, StoreUnavailable, CorruptLog.
        """
        ...


class Leases(Protocol):
    """Who owns a room. The epoch grows by one with each new owner and fences every append."""

    async def acquire(self, session: str, *, node: str) -> int: ...
    async def renew(self, session: str, *, node: str, epoch: int) -> None: ...
    async def release(self, session: str, *, node: str, epoch: int) -> None: ...
