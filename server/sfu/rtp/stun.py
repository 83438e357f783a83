"""A first look at a STUN message, before anything is believed or remembered (RFC 8489 §5, RFC 8445 §7), and the answer
to one that changes nothing."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from enum import IntEnum
from ipaddress import ip_address
from operator import xor
from struct import pack, unpack_from
from typing import Any, NamedTuple
from zlib import crc32

from server.sfu.rtp.packet import MalformedPacket

_COOKIE = 0x2112A442
_USERNAME, _INTEGRITY, _ERROR_CODE = 0x0006, 0x0008, 0x0009
_MAPPED, _XOR_MAPPED = 0x0001, 0x0020
_PRIORITY, _USE_CANDIDATE = 0x0024, 0x0025
_FINGERPRINT, _CONTROLLED, _CONTROLLING = 0x8028, 0x8029, 0x802A
_FINGERPRINT_MASK = 0x5354554E

_REQUEST, _USERNAME_FIRST = b"\x00\x01", b"\x00\x06"

_EXACT_LENGTHS = {
    _INTEGRITY: (20,),
    _MAPPED: (8, 20),
    _XOR_MAPPED: (8, 20),
    _PRIORITY: (4,),
    _USE_CANDIDATE: (0,),
    _FINGERPRINT: (4,),
    _CONTROLLED: (8,),
    _CONTROLLING: (8,),
}
_USERNAME_MAX = 513
_ATTRIBUTES_MAX = 32


class StunKind(IntEnum):
    REQUEST = 0x0001
    SUCCESS = 0x0101
    FAILURE = 0x0111


class StunOutline(NamedTuple):
    """`username` is what a request carries; empty in responses."""

    kind: StunKind
    transaction: bytes
    username: str


def outline(data: bytes) -> StunOutline:
    """What kind of binding message this is; raises MalformedPacket unless every length fits.

    Only messages with MESSAGE-INTEGRITY pass, and requests only with a USERNAME: nothing else has a reader.
    """
    if len(data) < 20 or len(data) % 4:
        raise MalformedPacket("not the length of a STUN message")
    kind, length, cookie = unpack_from("!HHI", data)
    if length != len(data) - 20 or cookie != _COOKIE:
        raise MalformedPacket("not a STUN header")
    if kind not in (StunKind.REQUEST, StunKind.SUCCESS, StunKind.FAILURE):
        raise MalformedPacket("not a binding message")
    username = ""
    authenticated = False
    position = 20
    for _ in range(_ATTRIBUTES_MAX):
        if position == len(data):
            break
        name, size = unpack_from("!HH", data, position)
        start, position = position + 4, position + 4 + size + (-size % 4)
        if position > len(data) or size not in _EXACT_LENGTHS.get(name, (size,)):
            raise MalformedPacket("a STUN attribute does not fit")
        if name == _USERNAME and not authenticated:
            if username:
                raise MalformedPacket("two STUN user names")
            if size > _USERNAME_MAX:
                raise MalformedPacket("STUN user name too long")
            try:
                username = data[start : start + size].decode("ascii")
            except UnicodeDecodeError:
                raise MalformedPacket("STUN user name is not text") from None
        elif name == _ERROR_CODE and size < 4:
            raise MalformedPacket("a STUN attribute does not fit")
        authenticated = authenticated or name == _INTEGRITY
    else:
        raise MalformedPacket("too many STUN attributes")
    if not authenticated or (kind == StunKind.REQUEST and ":" not in username):
        raise MalformedPacket("an unauthenticated STUN message")
    return StunOutline(StunKind(kind), data[8:20], username)


def name_at_first_sight(data: bytes) -> bytes:
    """The user name of a request that begins with it, as those of all browsers do; empty where it takes a whole look.

    If the message is well made, that is its name.
    """
    if len(data) < 24 or data[:2] != _REQUEST or data[20:22] != _USERNAME_FIRST:
        return b""
    return data[24 : 24 + (data[22] << 8 | data[23])]


def proves(data: bytes, password: bytes) -> bool:
    """Whether a well made message (see `outline`) was made by somebody who knows this password (RFC 8489 §14.5)."""
    code = next(position for name, position in _attributes(data) if name == _INTEGRITY)
    covered = data[:2] + pack("!H", code + 4) + data[4:code]  # The code covers a message that ends with itself.
    return hmac.compare_digest(hmac.digest(password, covered, "sha1"), data[code + 4 : code + 24])


def _attributes(data: bytes) -> Iterator[tuple[int, int]]:
    """(name, where it begins) of each one."""
    position = 20
    while position < len(data):
        name, size = unpack_from("!HH", data, position)
        yield name, position
        position += 4 + size + (-size % 4)


def answer(data: bytes, password: bytes, source: tuple[Any, ...]) -> bytes | None:
    """The success for a well made, proved check (see `outline`, `proves`) from `source`; None where there is more to it
    than that somebody is still there: whoever reads it whole may answer it then."""
    is_covered = True
    for name, _ in _attributes(data):
        if name == _CONTROLLED or not (is_covered or name == _FINGERPRINT):
            return None
        is_covered = is_covered and name != _INTEGRITY
    host = ip_address(source[0].partition("%")[0]).packed
    place = pack("!H", source[1]) + host
    mask = data[4:6] + data[4:20]  # The cookie, then the transaction.
    mapped = pack("!HHBB", _XOR_MAPPED, 4 + len(host), 0, 1 if len(host) == 4 else 2) + bytes(map(xor, place, mask))
    success = pack("!HH", StunKind.SUCCESS, len(mapped) + 24) + data[4:20] + mapped
    success += pack("!HH", _INTEGRITY, 20) + hmac.digest(password, success, "sha1")
    success = success[:2] + pack("!H", len(success) - 20 + 8) + success[4:]
    return success + pack("!HHI", _FINGERPRINT, 4, crc32(success) ^ _FINGERPRINT_MASK)
