from __future__ import annotations

import pytest

from server.sfu.rtp.packet import (
    MalformedPacket,
    RtpPacket,
)
from tests.unit.sfu.packets import rtp


def test_a_packet_is_read_with_its_extensions_and_without_its_padding() -> None:
    data = rtp(
        sequence=7, timestamp=9, ssrc=3, payload=b"abc", marker=True, extensions={1: b"\x05", 3: b"ab"}, padding=6
    )
    packet = RtpPacket(data)
    assert (packet.sequence, packet.timestamp, packet.ssrc, packet.marker) == (7, 9, 3, True)
    assert (packet.payload_type, packet.payload, packet.padding_only) == (96, b"abc", False)
    assert packet.extensions() == {1: b"\x05", 3: b"ab"}


def test_padding_alone_is_no_payload() -> None:
    packet = RtpPacket(rtp(payload=b"", padding=200))
    assert packet.padding_only
    assert packet.payload == b""


def test_two_byte_extensions_are_read() -> None:
    block = b"\x10\x00\x00\x02" + b"\x14\x02ab" + b"\x00" + b"\x15\x00" + b"\x00"
    data = bytearray(rtp(payload=b""))
    data[0] |= 0x10
    assert RtpPacket(bytes(data) + block + b"z").extensions() == {0x14: b"ab", 0x15: b""}


def test_every_truncation_is_refused_or_read_without_harm() -> None:
    data = rtp(payload=b"abc", extensions={1: b"\x05", 3: b"ab"}, padding=3)
    for size in range(len(data)):
        try:
            RtpPacket(data[:size]).extensions()
        except MalformedPacket:
            continue


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        b"\x00" + rtp()[1:],  # version 0
        b"\x8f" + rtp()[1:],  # fifteen contributing sources that are not there
        rtp(payload=b"", padding=1)[:-1] + b"\x00",
        rtp(payload=b"", padding=1)[:-1] + b"\xff",
    ],
)
def test_lies_about_lengths_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        RtpPacket(data)
