"""RTP packets: reading the header and its extensions, and writing new ones (RFC 3550 §5.1, RFC 8285)."""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

_HEADER = Struct("!BBHII")
_EXTENSION = Struct("!HH")


class MalformedPacket(ValueError):
    """The bytes are not what they claim to be."""


class RtpPacket:
    """One received packet; `payload` is free of padding, `padding_only` says that nothing else was there."""

    __slots__ = (
        "_extension_end",
        "_extension_start",
        "_profile",
        "data",
        "marker",
        "payload",
        "payload_type",
        "sequence",
        "ssrc",
        "timestamp",
    )

    def __init__(self, data: bytes) -> None:
        """Reads `data`; raises MalformedPacket."""
        size = len(data)
        if size < 12:
            raise MalformedPacket("shorter than an RTP header")
        first, second, self.sequence, self.timestamp, self.ssrc = _HEADER.unpack_from(data)
        if first >> 6 != 2:
            raise MalformedPacket("not RTP version 2")
        self.data = data
        self.marker = second >= 128
        self.payload_type = second & 127
        start = 12 + 4 * (first & 15)
        begun = profile = 0
        if first & 0x10:
            if start + 4 > size:
                raise MalformedPacket("extension header cut off")
            profile, words = _EXTENSION.unpack_from(data, start)
            begun = start + 4
            start = begun + 4 * words
        self._profile, self._extension_start, self._extension_end = profile, begun, start
        if start > size:
            raise MalformedPacket("header cut off")
        end = size
        if first & 0x20:
            padding = data[-1]
            if padding == 0 or start + padding > size:
                raise MalformedPacket("padding longer than the payload")
            end -= padding
        self.payload = data[start:end]

    @property
    def padding_only(self) -> bool:
        return not self.payload

    def extensions(self) -> dict[int, bytes]:
        """Header extension elements by id; what is cut off or unknown is left out."""
        found: dict[int, bytes] = {}
        position, end, data = self._extension_start, self._extension_end, self.data
        if self._profile == 0xBEDE:
            while position < end:
                head = data[position]
                if head == 0:
                    position += 1
                    continue
                identifier = head >> 4
                if identifier == 15:
                    break
                after = position + 2 + (head & 15)
                if after > end:
                    break
                found[identifier] = data[position + 1 : after]
                position = after
        elif self._profile & 0xFFF0 == 0x1000:
            while position + 1 < end:
                identifier = data[position]
                if identifier == 0:
                    position += 1
                    continue
                after = position + 2 + data[position + 1]
                if after > end:
                    break
                found[identifier] = data[position + 2 : after]
                position = after
        return found

    def element(self, identifier: int) -> bytes | None:
        """One header extension element, as `extensions` has it."""
        if self._profile != 0xBEDE:
            return self.extensions().get(identifier)
        position, end, data = self._extension_start, self._extension_end, self.data
        found = None
        while position < end:
            head = data[position]
            after = position + 2 + (head & 15) if head else position + 1
            head >>= 4
            if head == identifier and after <= end:
                found = data[position + 1 : after]
            elif head == 15 or after > end:
                break
            position = after
        return found


class Outgoing(NamedTuple):
    """A packet rewritten for one slot: what is its own, and the shared payload it borrows from `skip` on."""

    sequence: int
    timestamp: int
    marker: bool
    prefix: bytes
    payload: bytes
    skip: int
