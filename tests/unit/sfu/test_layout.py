"""Where things lie is said once, and only where it holds for whatever begins alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.sfu.rtp.layout import FIRST, layout
from server.sfu.rtp.packet import MalformedPacket, RtpPacket
from tests.unit.sfu.packets import rtp

MID, LEVEL, NUMBER = 4, 1, 3


def test_both_values_are_read_where_they_lie() -> None:
    found = layout(rtp(extensions={MID: b"12", NUMBER: b"\x12\x34", LEVEL: b"\x9e"}), number=NUMBER, level=LEVEL)
    assert found is not None
    later = rtp(sequence=2, extensions={MID: b"12", NUMBER: b"\xff\xfe", LEVEL: b"\x05"}, payload=b"more")
    block = int.from_bytes(later[12 : found.end], "big")
    assert block & found.mask == found.fixed
    assert (block >> found.number & 0xFFFF, block >> found.level & 0xFF) == (0xFFFE, 5)
    assert later[found.end :] == b"more"


@pytest.mark.parametrize(
    "extensions",
    [
        {MID: b"12", LEVEL: b"\x05", NUMBER: b"\0\1"},
        {NUMBER: b"\0\1", LEVEL: b"\x05"},
        {MID: b"12", NUMBER: b"\0\1", LEVEL: b"\x05", 7: b"x"},
        {MID: b"12", NUMBER: b"\0\1"},
    ],
)
def test_other_elements_or_another_order_are_another_layout(extensions: dict[int, bytes]) -> None:
    found = layout(rtp(extensions={MID: b"12", NUMBER: b"\0\1", LEVEL: b"\x05"}), number=NUMBER, level=LEVEL)
    assert found is not None
    assert int.from_bytes(rtp(extensions=extensions)[12 : found.end], "big") & found.mask != found.fixed


def test_what_nobody_looks_at_is_nowhere() -> None:
    found = layout(rtp(extensions={MID: b"1", NUMBER: b"\0\1"}), number=0, level=LEVEL)
    assert found is not None
    assert (found.number, found.level) == (-1, -1)


@pytest.mark.parametrize(
    "plain",
    [
        rtp(),
        rtp(extensions={MID: b"1"}, padding=4),
        rtp(extensions={NUMBER: b"\0\1\2"}),
        rtp(extensions={LEVEL: b"\5\5"}),
        rtp(extensions={MID: b"1", NUMBER: b"\0\1"}).replace(b"\xbe\xde", b"\x10\0", 1),
        rtp(extensions={number: bytes(16) for number in range(1, 5)}),
        rtp(extensions={MID: b"1", NUMBER: b"\0\1"})[:19],
        b"",
    ],
    ids=["none", "padding", "a long number", "a long level", "two-byte elements", "far too much", "cut off", "nothing"],
)
def test_of_others_it_is_not_said(plain: bytes) -> None:
    assert layout(plain, number=NUMBER, level=LEVEL) is None


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_begins_alike_says_the_same_element_by_element(block: bytes, other: bytes) -> None:
    """Of rubbish as of what browsers write: a layout is never an opinion of its own."""
    head = bytes((FIRST, 96)) + bytes(10)
    whole = len(block) // 4 * 4
    plain = head + b"\xbe\xde" + (whole // 4).to_bytes(2, "big") + block
    found = layout(plain, number=NUMBER, level=LEVEL)
    if found is None:
        return
    size = found.end - 12
    free, fixed = ((1 << 8 * size) - 1) & ~found.mask, found.fixed
    alike = head + (int.from_bytes(other[:size].ljust(size, b"\0"), "big") & free | fixed).to_bytes(size, "big") + block
    try:
        packet = RtpPacket(alike)
    except MalformedPacket:
        pytest.fail("it is as whole as the first")
    packed = int.from_bytes(alike[12 : found.end], "big")
    number, level = packet.element(NUMBER), packet.element(LEVEL)
    assert (number is None) == (found.number < 0)
    assert number is None or int.from_bytes(number, "big") == packed >> found.number & 0xFFFF
    assert (level is None) == (found.level < 0)
    assert level is None or level[0] == packed >> found.level & 0xFF
    assert packet.payload == alike[found.end :]
