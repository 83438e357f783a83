"""RTP packets, and STUN messages, made by hand for tests: the plain, obvious way."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Sequence
from typing import Any

USERNAME, INTEGRITY = 0x0006, 0x0008


def rtp(
    *,
    sequence: int = 1,
    timestamp: int = 0,
    ssrc: int = 0x1234,
    payload: bytes = b"x",
    marker: bool = False,
    payload_type: int = 96,
    extensions: dict[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    """One packet; `extensions` are one-byte elements by id."""
    first = 0x80
    block = b""
    if extensions:
        first |= 0x10
        body = b"".join(bytes([key << 4 | len(value) - 1]) + value for key, value in extensions.items())
        body += bytes(-len(body) % 4)
        block = struct.pack("!HH", 0xBEDE, len(body) // 4) + body
    tail = b""
    if padding:
        first |= 0x20
        tail = bytes(padding - 1) + bytes([padding])
    head = struct.pack(
        "!BBHII", first, payload_type | (0x80 if marker else 0), sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    return head + block + payload + tail


def vp8(
    *,
    picture: int | None = None,
    wide: bool = True,
    tl0: int | None = None,
    temporal: int | None = None,
    sync: bool = False,
    key_index: int | None = None,
    start: bool = True,
    keyframe: bool = False,
    height: int = 0,
    body: bytes = b"frame",
) -> bytes:
    """A VP8 payload: descriptor, and a frame that says of itself whether it is a keyframe."""
    flags = (
        (0x80 if picture is not None else 0)
        | (0x40 if tl0 is not None else 0)
        | (0x20 if temporal is not None else 0)
        | (0x10 if key_index is not None else 0)
    )
    first = 0x10 if start else 0
    written = bytes([first | 0x80, flags]) if flags else bytes([first])
    if picture is not None:
        written += struct.pack("!H", 0x8000 | picture) if wide else bytes([picture])
    if tl0 is not None:
        written += bytes([tl0])
    if flags & 0x30:
        written += bytes([(temporal or 0) << 6 | (0x20 if sync and temporal is not None else 0) | (key_index or 0)])
    if not start:
        return written + body
    if not keyframe:
        return written + b"\x01" + body
    return written + b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", height * 16 // 9, height) + body


def stun_message(kind: int, name: bytes, before: Sequence[Any], password: bytes, after: Sequence[Any]) -> bytes:
    """A STUN message whose code is right for this password, whatever stands around it."""

    def written(attribute: int, value: bytes) -> bytes:
        return struct.pack("!HH", attribute, len(value)) + value + bytes(-len(value) % 4)

    head = struct.pack("!I", 0x2112A442) + bytes(range(12))
    body = written(USERNAME, name) + b"".join(written(*each) for each in before)
    covered = struct.pack("!HH", kind, len(body) + 24) + head + body
    body += written(INTEGRITY, hmac.digest(password, covered, "sha1")) + b"".join(written(*each) for each in after)
    return struct.pack("!HH", kind, len(body)) + head + body
