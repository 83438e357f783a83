"""What lies between two numberings of one stream: so much is added to each number, and nothing else differs."""

from __future__ import annotations

from typing import NamedTuple

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.vp8 import shifted


class Shift(NamedTuple):
    """`sequence` may be of any size; all else stays below what it wraps at."""

    sequence: int = 0
    timestamp: int = 0
    picture: int = 0
    tl0: int = 0
    key_index: int = 0

    def after(self, other: Shift) -> Shift:
        """Both, one after the other."""
        return Shift(
            self.sequence + other.sequence,
            (self.timestamp + other.timestamp) & 0xFFFFFFFF,
            (self.picture + other.picture) & 0x7FFF,
            (self.tl0 + other.tl0) & 0xFF,
            (self.key_index + other.key_index) & 0x1F,
        )

    @property
    def pictures(self) -> tuple[int, int, int]:
        """Of what is written into the payload: packets in which this is the same have the same payload."""
        return self[2:]

    def prefix(self, prefix: bytes) -> bytes:
        """What a packet's payload begins with."""
        return shifted(prefix, picture=self.picture, tl0=self.tl0, key_index=self.key_index)

    def of(self, packet: Outgoing) -> Outgoing:
        """The packet in the other numbering."""
        sequence, timestamp, marker, prefix, payload, skip = packet
        return Outgoing(
            (sequence + self.sequence) & 0xFFFF,
            (timestamp + self.timestamp) & 0xFFFFFFFF,
            marker,
            self.prefix(prefix),
            payload,
            skip,
        )


NO_SHIFT = Shift()
