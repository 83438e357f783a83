from __future__ import annotations

import pytest

from server.sfu.rtp.demux import MTU, Kind, classify, is_rtcp


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        (0, 1, Kind.STUN),
        (3, 0, Kind.STUN),
        (4, 0, Kind.RUBBISH),
        (19, 0, Kind.RUBBISH),
        (20, 0, Kind.DTLS),
        (63, 0, Kind.DTLS),
        (64, 0, Kind.RUBBISH),  # TURN channels have no business here
        (127, 0, Kind.RUBBISH),
        (128, 111, Kind.RTP),
        (191, 96, Kind.RTP),
        (128, 111 | 128, Kind.RTP),
        (128, 200, Kind.RTCP),
        (129, 206, Kind.RTCP),
        (128, 191, Kind.RTP),
        (128, 192, Kind.RTCP),
        (128, 223, Kind.RTCP),
        (128, 224, Kind.RTP),
        (192, 0, Kind.RUBBISH),
        (255, 255, Kind.RUBBISH),
    ],
)
def test_first_bytes_tell_protocols_apart(first: int, second: int, kind: Kind) -> None:
    assert classify(bytes([first, second]) + bytes(30)) is kind


def test_what_is_too_short_or_too_long_is_rubbish() -> None:
    for first in (0, 20, 128):
        assert classify(bytes([first])) is Kind.RUBBISH
        assert classify(bytes([first]) + bytes(MTU)) is Kind.RUBBISH
    assert classify(b"") is Kind.RUBBISH
    assert classify(bytes(19)) is Kind.RUBBISH


@pytest.mark.parametrize("size", [11, 12, MTU, MTU + 1])
def test_what_is_rtcp_is_said_alike_by_two_bytes_and_by_the_whole(size: int) -> None:
    for first in range(256):
        for second in (0, 127, 191, 192, 200, 223, 224, 255):
            data = bytes((first, second)).ljust(size, b"\0")
            assert is_rtcp(first, second, size) == (classify(data) is Kind.RTCP)
