"""Where in a stream's packets things lie: seldom elsewhere than in the one before, and so it is looked up once.

A browser writes the same header extensions into each packet of a stream (RFC 8285). Of a packet that begins as its
stream's layout says, two values are read where they are known to be; any other is read by `RtpPacket`, element by
element.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from struct import Struct
from typing import Any, NamedTuple

FIRST = 0x90
"""How a packet begins that has an extension, and neither padding nor contributing sources."""
_PROFILE = 0xBEDE
_BLOCK_BYTES_MAX = 64
"""Longer ones are none that browsers write."""


class Layout(NamedTuple):
    """The extension of a packet of one stream, from its twelfth byte up to `end`, taken for one number: what of it is
    always the same, `fixed` under `mask`, and how far the values' lowest bits are from its own."""

    end: int
    mask: int
    fixed: int
    number: int
    """Of the transport-wide number: -1 where there is none."""
    level: int
    """Of the byte with the audio level: -1 where there is none."""


@cache
def reader(end: int, size: int) -> Callable[[Any, int], tuple[int, int, int, int, bytes, bytes]]:
    """Reads a packet of `size` bytes whose header ends at `end`, from a buffer and where it begins there: its first two
    bytes, sequence number, timestamp, extension and payload."""
    return Struct(f"!BBHI4x{end - 12}s{size - end}s").unpack_from


def layout(plain: bytes, *, number: int, level: int) -> Layout | None:
    """How the stream of this packet is laid out, of whose elements these two are looked at; 0 for none.

    None where that cannot be said of all packets that begin alike.
    """
    if len(plain) < 16 or plain[0] != FIRST:
        return None
    words = int.from_bytes(plain[14:16], "big")
    end = 16 + 4 * words
    if int.from_bytes(plain[12:14], "big") != _PROFILE or end > len(plain) or end - 12 > _BLOCK_BYTES_MAX:
        return None
    found: dict[int, int] = {}
    mask = bytearray(b"\xff" * 4 + bytes(end - 16))
    position = 16
    while position < end:
        head = plain[position]
        mask[position - 12] = 0xFF
        if head == 0:
            position += 1
            continue
        identifier, size = head >> 4, (head & 15) + 1
        if identifier in found or identifier in (0, 15) or position + 1 + size > end:
            return None
        if (identifier == number and size != 2) or (identifier == level and size != 1):
            return None
        found[identifier] = 8 * (end - position - 1 - size)
        position += 1 + size
    whole = int.from_bytes(mask, "big")
    return Layout(
        end,
        whole,
        int.from_bytes(plain[12:end], "big") & whole,
        found.get(number, -1) if number else -1,
        found.get(level, -1) if level else -1,
    )
