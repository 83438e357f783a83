"""Packets to many: numbered for each, written where they leave from and encrypted there, in one loop.

It is the only one that runs for each packet that leaves, and all that it need not do is done elsewhere, once for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from struct import Struct
from typing import Any, NamedTuple, cast

from server.sfu.datagrams import WAITING_MAX, Lane, Outbox
from server.sfu.rtp.demux import MTU
from server.sfu.rtp.echo import KEPT, Echoes

_PLAIN, _NUMBERED = "!HHI4s", "!HHI9sHx"
"""RTP's header, and the same with a transport-wide number in an extension (RFC 8285 §4.2): in both the SSRC, and what
follows it without ever changing, are one piece."""
_PLAIN_BYTES, _NUMBERED_BYTES = 12, 20
_PLAIN_BEGIN, _NUMBERED_BEGIN = 0x8000, 0x9000
_SSRC, _SSRC_AND_EXTENSION = Struct("!I"), Struct("!IHHB")
_ONE_BYTE_ELEMENTS = 0xBEDE
MARKER, PADDING = 0x80, 0x2000
FILL_MAX = 16
"""Bytes of padding."""


Cipher = Callable[[Any, Any, Any], int]
"""Encrypts or decrypts a packet where it lies: by (session, where, where its size is); returns 0 when it could."""


class Way(Lane):
    """The way to one peer: `protect` encrypts packets in the lane, `protect_rtcp` reports, by the session `seal`."""

    __slots__ = ("echoes", "element", "failures", "protect", "protect_rtcp", "seal")

    def __init__(self) -> None:
        super().__init__()
        self.protect: Cipher = _refuse
        self.protect_rtcp: Cipher = _refuse
        self.seal: Any = None
        self.failures = 0
        self.echoes: Echoes | None = None
        """Gives each packet its transport-wide number, where it is to have one …"""
        self.element = 0
        """… in an extension that begins with this."""

    def write_rtcp(self, plain: bytes) -> None:
        """Send reports or requests; they leave with the batch."""
        if self.outbox is None or len(plain) > MTU:
            return
        place, at, size = self.berths[self.count]
        self.data[place : place + len(plain)] = plain
        size[0] = len(plain)
        if self.protect_rtcp(self.seal, at, size):
            self.failures += 1
        else:
            self.add()

    def recipient(self, *, ahead: int, later: int, ssrc: int, payload_type: int) -> Recipient | None:
        """Who gets packets by this way as this stream, None where it leads nowhere; anew after `lead`, and after
        `echoes` or `element` changed."""
        if self.outbox is None:
            return None
        if self.echoes is None:
            return Recipient(self, None, ahead, later, _PLAIN_BEGIN | payload_type, _SSRC.pack(ssrc))
        stream = _SSRC_AND_EXTENSION.pack(ssrc, _ONE_BYTE_ELEMENTS, 1, self.element)
        return Recipient(self, self.echoes, ahead, later, _NUMBERED_BEGIN | payload_type, stream)


def _refuse(seal: Any, at: Any, size: Any) -> int:
    return 1


class Recipient(NamedTuple):
    """One copy of a packet: by which way, what numbers it, what is added to its sequence number and its timestamp, and
    how its header begins and ends."""

    way: Way
    echoes: Echoes | None
    ahead: int
    later: int
    begin: int
    stream: bytes


@cache
def _writers(size: int) -> tuple[Callable[..., None], Callable[..., None]]:
    """Write a packet with so much payload: without a transport-wide number, and with one."""
    return Struct(f"{_PLAIN}{size}s").pack_into, Struct(f"{_NUMBERED}{size}s").pack_into


def alike(recipients: Sequence[Recipient], payload: bytes) -> tuple[bytes, int]:
    """The payload, filled up by padding if it is a little smaller than the one before, and the mark of such a packet:
    only what has one size can leave as one, and browsers cut a picture into packets that differ by a byte."""
    outbox = cast(Outbox, recipients[0][0].outbox)
    lack = outbox.before - len(payload)
    if not lack:
        return payload, 0
    if 0 < lack <= FILL_MAX:
        return payload + bytes(lack - 1) + bytes((lack,)), PADDING
    outbox.before = len(payload)
    return payload, 0


def spread(
    recipients: Iterable[Recipient], marks: int, sequence: int, timestamp: int, payload: bytes, now_us: int
) -> None:
    """Send a packet to all of them, with these marks (MARKER, PADDING); it leaves with the batch."""
    plain, numbered = _writers(len(payload))
    plain_bytes, numbered_bytes = _PLAIN_BYTES + len(payload), _NUMBERED_BYTES + len(payload)
    for way, echoes, ahead, later, begin, stream in recipients:
        index = way.count
        place, at, size = way.berths[index]
        number, time = sequence + ahead & 0xFFFF, timestamp + later & 0xFFFFFFFF
        if echoes is None:
            size[0] = plain_bytes
            plain(way.data, place, begin | marks, number, time, stream, payload)
        else:
            departed = echoes.departed
            echoes.departed = departed + 1
            kept = departed % KEPT
            echoes.times[kept], echoes.sizes[kept] = now_us, numbered_bytes
            size[0] = numbered_bytes
            numbered(way.data, place, begin | marks, number, time, stream, departed & 0xFFFF, payload)
        if way.protect(way.seal, at, size):
            way.failures += 1
            continue
        # From here on as `Lane.add`.
        if not index:
            cast(Outbox, way.outbox).waiting.append(way)
        index += 1
        way.count = index
        if index == WAITING_MAX:
            cast(Outbox, way.outbox).flush()
