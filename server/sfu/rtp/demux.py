"""Tells the protocols that share one UDP port apart by their first bytes (RFC 7983, RFC 5761)."""

from __future__ import annotations

from enum import IntEnum

MTU = 1_472
"""Largest datagram read or sent: an Ethernet frame less IPv4 and UDP headers. Longer ones are rubbish here."""


class Kind(IntEnum):
    RUBBISH = 0
    STUN = 1
    DTLS = 2
    RTP = 3
    RTCP = 4


def is_rtp(first: int, second: int, size: int) -> bool:
    """Whether a datagram that begins so is RTP, as most are."""
    # With rtcp-mux, payload types 64..95 are never RTP: with the marker bit these are 192..223.
    return 128 <= first <= 191 and not 192 <= second <= 223 and 12 <= size <= MTU


def is_rtcp(first: int, second: int, size: int) -> bool:
    """Whether one that begins so is RTCP."""
    return 128 <= first <= 191 and 192 <= second <= 223 and 12 <= size <= MTU


def classify(data: bytes) -> Kind:
    """Kind of a datagram, RUBBISH when it cannot be any of them."""
    size = len(data)
    if size < 12 or size > MTU:
        return Kind.RUBBISH
    first = data[0]
    if 128 <= first <= 191:
        return Kind.RTP if is_rtp(first, data[1], size) else Kind.RTCP
    if 20 <= first <= 63:
        return Kind.DTLS
    if first <= 3 and size >= 20:
        return Kind.STUN
    return Kind.RUBBISH
