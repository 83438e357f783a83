"""Whatever bytes come, a reader reads them, refuses them by its own error, or ignores them."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.facts import MediaRefused
from server.sfu.rtp import rtcp
from server.sfu.rtp.demux import Kind, classify
from server.sfu.rtp.packet import MalformedPacket, RtpPacket
from server.sfu.rtp.stun import outline
from server.sfu.rtp.vp8 import Vp8, renumber
from server.sfu.sdp import SlotStream, read_offer, write_answer
from tests.unit.sfu.offers import CHROMIUM, SMALL
from tests.unit.sfu.test_sdp import SERVER

DATAGRAMS = st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"\x80" + tail)


@given(DATAGRAMS)
def test_any_datagram_has_a_kind(data: bytes) -> None:
    kind = classify(data)
    if len(data) < 12 or 64 <= data[0] <= 127 or data[0] >= 192:
        assert kind is Kind.RUBBISH


@given(DATAGRAMS)
def test_any_rtp(data: bytes) -> None:
    try:
        packet = RtpPacket(data)
    except MalformedPacket:
        return
    assert len(packet.payload) <= len(data) - 12
    for value in packet.extensions().values():
        assert value in data


@given(st.binary(max_size=40))
def test_any_vp8(payload: bytes) -> None:
    try:
        read = Vp8(payload)
    except MalformedPacket:
        return
    written = renumber(payload, read, picture=1, tl0=2, key_index=3) + payload[read.size :]
    again = Vp8(written)
    assert (again.starts_keyframe, again.temporal) == (read.starts_keyframe, read.temporal)
    assert written[again.size :] == payload[read.size :]


def feedbacks(first: int) -> st.SearchStrategy[bytes]:
    """Something under the header of transport or payload feedback."""
    return st.builds(
        lambda kind, body: struct.pack("!BBH", first, kind, len(body) // 4) + body,
        st.sampled_from([205, 206]),
        st.integers(0, 30).flatmap(lambda words: st.binary(min_size=4 * words, max_size=4 * words)),
    )


@given(DATAGRAMS | feedbacks(0x81) | feedbacks(0x8F) | feedbacks(0xAF))
def test_any_rtcp(data: bytes) -> None:
    try:
        list(rtcp.read(data))
    except MalformedPacket:
        pass


@given(
    st.binary(max_size=100),
    st.sampled_from([0x0001, 0x0101, 0x0111, 0x0002]),
    st.booleans(),
)
def test_any_stun(body: bytes, kind: int, true_length: bool) -> None:
    body += bytes(-len(body) % 4)
    data = struct.pack("!HHI", kind, len(body) if true_length else 8, 0x2112A442) + bytes(12) + body
    try:
        outline(data)
    except MalformedPacket:
        pass


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([CHROMIUM, SMALL]), st.data())
def test_any_bent_offer_is_answered_or_refused(text: str, data: st.DataObject) -> None:
    lines = text.split("\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "cut", "noise", "swap"])):
            case "drop":
                lines[index] = ""
            case "double":
                lines.insert(index, lines[index])
            case "cut":
                lines[index] = lines[index][: data.draw(st.integers(0, 30))]
            case "noise":
                lines[index] += data.draw(st.text(max_size=20))
            case _:
                other = data.draw(st.integers(0, len(lines) - 1))
                lines[index], lines[other] = lines[other], lines[index]
    try:
        read = read_offer("\r\n".join(lines))
    except MediaRefused as refused:
        assert refused.code.startswith("sdp-")
        return
    slots = {s.mid: SlotStream(ssrc=1, resend_ssrc=2) for s in (*read.slots("audio"), *read.slots("video"))}
    answer = write_answer(read, SERVER, slots)
    assert answer.count("\r\nm=") == len(read.sections)
    assert answer.isascii()


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    try:
        read_offer("v=0\r\n" + text)
    except MediaRefused:
        pass
