"""What a room needs from the world: the narrow ports through which siblings of `server` meet.

A room never sees a packet, a socket or a Redis key. Each port below is implemented by exactly one
sibling (and by its shipped in-memory twin, which tests use): the media plane by `server.sfu`, the log
and the lease by `server.store`, and the connections of browsers by `server.wire`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import msgspec

from facilitation.commands import PersonCommand
from facilitation.events import Recorded
from facilitation.ids import CommandId, SessionId, SourceId
from facilitation.people import Expected
from facilitation.timebase import Instant
from server.sfu.facts import LayersNeeded as LayersNeeded
from server.sfu.facts import MediaConnected as MediaConnected
from server.sfu.facts import MediaFact as MediaFact
from server.sfu.facts import MediaLost as MediaLost
from server.sfu.facts import MediaRefused as MediaRefused
from server.sfu.facts import QualityChanged as QualityChanged
from server.sfu.facts import SlotsChanged as SlotsChanged
from server.sfu.facts import SpeakersChanged as SpeakersChanged
from server.sfu.facts import Wish as Wish

# --------------------------------------------------------------------------- media


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
    def forward(self, *, room: str, source: str, microphone: bool, camera: bool, screen: bool = False) -> None:
        """Open or shut the gates of a source: what is shut never leaves the server. Default: shut."""
        ...

    def partition(self, *, room: str, parts: Mapping[str, str]) -> None:
        """Which part of the room each source is in from now on; who is not named is in the main one.

        Nothing of a source reaches a peer of another part. Nobody's transport moves, nothing is negotiated.
        """
        ...

    def wish(self, *, room: str, peer: str, wish: Wish) -> None: ...
    def heard(self, *, room: str) -> dict[str, Instant]:
        """Instant of the last authenticated packet per connected peer of a room."""
        ...


# --------------------------------------------------------------------------- the log


class Stale(Exception):
    """Somebody else changed the record meanwhile. What stands has to be read anew."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"{kind} {id}")
        self.kind = kind
        self.id = id


class StoreUnavailable(Exception):
    """The store did not answer in time; what was asked may or may not have happened."""


class LeaseLost(Exception):
    """Another node owns the room now; this one must stop at once."""


class LeaseHeld(LeaseLost):
    """Another node runs the room and is alive; `ms_left` until its lease ends unless it renews."""

    def __init__(self, node: str, ms_left: int) -> None:
        super().__init__(f"node {node} runs this room")
        self.node = node
        self.ms_left = ms_left


class CorruptLog(Exception):
    """The log cannot be decoded or its chain is broken; the operator must look."""


class EventLog(Protocol):
    """The append-only log of one clinic's sessions. Doing an append again is harmless."""

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]: ...
    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        """Durable when it returns. `records` carry consecutive `seq`, the first one following the log's end.

        Raises LeaseLost when `epoch` is not the current one, StoreUnavailable, CorruptLog. After StoreUnavailable
        the records may be there or may still arrive: append the very same records again until it is known, or
        acquire the lease anew (whatever is still under way is then fenced off) and read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """The last proofs of life of one session. `at`: when its node looked, and so lived itself; `heard`: when each
    source was last heard, none later than `at`. `spoke_ms`: how long each person was heard speaking until then."""

    at: Instant
    heard: Mapping[str, Instant]
    spoke_ms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A room that a node holds at `epoch`. `proofs` are kept beside its log; None: nothing is, any more."""

    epoch: int
    proofs: Proofs | None = None


class Leases(Protocol):
    """Who owns a room, and what its owner saw last. The epoch grows by one with each new owner and fences all of it:
    every append, and all that is kept beside the log."""

    async def acquire(self, session: str, *, node: str) -> int:
        """The new epoch. The node that holds the room already gets it anew at once: so does a restarted server.

        Raises LeaseHeld while another node holds it, StoreUnavailable.
        """
        ...

    async def renew(self, rooms: Mapping[str, Held], *, node: str) -> Mapping[str, int]:
        """Keep all these rooms, and their proofs of life, in one write; durable when it returns. `rooms` by session.

        Of each session only the latest proofs stand, whatever comes late. Returns the rooms that were lost, each with
        the epoch it is at. Raises StoreUnavailable.
        """
        ...

    async def proofs(self, session: str) -> Proofs | None:
        """What was kept last, by whatever owner. Read by a new one: no other can keep anything any more.

        Raises StoreUnavailable, CorruptLog.
        """
        ...

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        """Let others have it at once. A lease that is lost already is none to give back: no error."""
        ...


# --------------------------------------------------------------------------- viewers


class Close(IntEnum):
    """Why a connection ends: the close codes of server/wire/PROTOCOL.md §8."""

    BYE = 1000
    TRY_AGAIN = 1013
    MALFORMED = 4400
    NO_TICKET = 4401
    NOT_ADMITTED = 4403
    NO_SESSION = 4404
    TOO_SLOW = 4408
    ELSEWHERE = 4409
    TOO_EARLY = 4425
    TOO_MANY = 4429
    OUR_MISTAKE = 4500


class NoSuchSession(Exception):
    """Nobody has scheduled a session of this name."""


class NotAdmitted(Exception):
    """Known, but not allowed here: another site's page, or a role that has no business here."""


class TooEarly(NotAdmitted):
    """On the list, but the room does not open yet."""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Told(msgspec.Struct, kw_only=True, tag_field="type", tag=_snake):
    """A word from a room to one viewer, in the very shape in which it is sent (PROTOCOL §4–§7)."""


class Accepted(Told):
    command_id: str
    seq: int


class Refused(Told, omit_defaults=True):
    """`message` and `values`: what `text` was made of, where something was filled into it."""

    command_id: str
    code: str
    text: str
    message: str = ""
    values: dict[str, str] = {}


class View(Told):
    """All that one viewer may see now. The parts are encoded already: most are the same for many viewers."""

    version: int
    now: int
    room: msgspec.Raw
    you: msgspec.Raw
    staff: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    record: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Agenda(Told):
    """The agenda as it is in the view that follows: the same for everyone, and so made much sooner."""

    version: int
    now: int
    phase: str
    agenda: msgspec.Raw


class Answer(Told):
    offer_id: str
    peer: str
    sdp: str


class Slots(Told):
    peer: str
    audio: dict[str, str]
    video: dict[str, str]
    screen: dict[str, str]


class SendLayers(Told):
    """How many layers of its camera a browser is to send, from the smallest."""

    peer: str
    video: int


class Speaking(Told):
    levels: dict[str, int]


class Quality(Told):
    peer: str
    quality: str
    direction: str = ""


class Qualities(Told):
    people: dict[str, str]


class Talk(Told):
    """How long each person was heard speaking, for facilitators alone."""

    ms: dict[str, int]


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes part in media; `key` None: it cannot encrypt from end to end."""

    member: str
    person: str
    key: str | None
    turn: int


class KeyRing(Told):
    members: list[KeyHolder]


class SealedKeys(Told):
    """Media keys of `member`, which only the browser that is told can open."""

    member: str
    box: str


class NoMedia(Told):
    peer: str


class Nudge(Told):
    kind: str


class Degraded(Told):
    store: bool


class Moving(Told):
    in_ms: int


class Bye(Told):
    reason: str


class Viewer(Protocol):
    """One connection of a browser or a program, as its room sees it. Nothing here ever waits."""

    @property
    def connection(self) -> SourceId: ...
    @property
    def expected(self) -> Expected:
        """Who it is, by ticket or cookie."""
        ...

    @property
    def device(self) -> str: ...
    @property
    def record(self) -> bool:
        """Opened for the record page: no presence, no media."""
        ...

    @property
    def heard(self) -> Instant:
        """When it last proved life."""
        ...

    def tell(self, message: Told) -> None:
        """Send soon. Of signals (slots, speaking, quality, qualities, keys, degraded) only the latest is kept."""
        ...

    def view_due(self) -> None:
        """Fetch the view anew and send it, now or when the last one is old enough."""
        ...

    def close(self, code: Close) -> None:
        """End the connection once what was told before is sent."""
        ...


class Room(Protocol):
    """A live room, as a connection sees it. Nothing here waits; answers come by `Viewer.tell`."""

    def enter(self, viewer: Viewer) -> None: ...
    def leave(self, viewer: Viewer, *, heard: Instant) -> None: ...
    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None: ...
    def offer(self, viewer: Viewer, *, offer_id: str, peer: str | None, sdp: str) -> None: ...
    def wish(self, viewer: Viewer, *, peer: str, wish: Wish) -> None: ...
    def announce_key(self, viewer: Viewer, key: str | None) -> None: ...
    def seal_keys(self, viewer: Viewer, boxes: Mapping[str, str]) -> None: ...
    def view(self, viewer: Viewer) -> View: ...


class RoomDirectory(Protocol):
    """Where rooms are found."""

    async def open(self, session: SessionId) -> Room:
        """The live room of a session. Raises NoSuchSession, LeaseLost, StoreUnavailable, CorruptLog."""
        ...
