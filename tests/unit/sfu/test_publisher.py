from __future__ import annotations

import pytest

from server.sfu.publisher import STREAMS_MAX, Incoming, Layer, Uplink
from server.sfu.rtp.packet import MalformedPacket
from server.sfu.sdp import read_offer
from tests.unit.sfu.offers import CHROMIUM
from tests.unit.sfu.packets import rtp, vp8

LEVEL, TWCC, MID, RID, REPAIRED = 1, 3, 4, 10, 11
OPUS, VP8, RTX = 111, 96, 97


class Catcher:
    """A receiver that keeps what it is handed."""

    def __init__(self) -> None:
        self.caught: list[tuple[Layer, Incoming]] = []

    def push(self, layer: Layer, incoming: Incoming, now_us: int) -> None:
        self.caught.append((layer, incoming))


class Sent:
    """An uplink of Chromium's offer, and everything it told."""

    def __init__(self) -> None:
        self.unrouted: list[str] = []
        self.levels: list[int] = []
        self.uplink = Uplink(
            unrouted=lambda kind, _: self.unrouted.append(kind), level=lambda dbov, _: self.levels.append(dbov)
        )
        offer = read_offer(CHROMIUM)
        self.uplink.take_lines([section for kind in ("audio", "video") if (section := offer.sent(kind))])
        self.catcher = Catcher()

    def route(self, *kinds: str) -> None:
        for kind in kinds:
            self.uplink.routes[kind] = [self.catcher]

    def camera(self, number: int, rid: str | None, *, ssrc: int, keyframe: bool = False, mid: bytes = b"1") -> None:
        extensions = {MID: mid, TWCC: number.to_bytes(2, "big")}
        if rid is not None:
            extensions[RID] = rid.encode()
        payload = vp8(picture=number, keyframe=keyframe, height=180, body=b"%d" % number)
        self.uplink.received(
            rtp(sequence=number, ssrc=ssrc, payload_type=VP8, payload=payload, extensions=extensions), number
        )

    def repair(self, number: int, original: int, rid: str, *, ssrc: int) -> None:
        payload = original.to_bytes(2, "big") + vp8(picture=original, body=b"%d" % original)
        data = rtp(
            sequence=number,
            ssrc=ssrc,
            payload_type=RTX,
            payload=payload,
            extensions={MID: b"1", REPAIRED: rid.encode()},
        )
        self.uplink.received(data, number)

    def numbers(self) -> list[tuple[int, int]]:
        return [(layer.index, incoming.number & 0xFFFF) for layer, incoming in self.catcher.caught]


def test_layers_are_told_apart_by_their_names_and_then_by_ssrc() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, "full", ssrc=20, keyframe=True)
    sent.camera(1, "low", ssrc=10, keyframe=True)
    sent.camera(2, None, ssrc=20)
    sent.camera(2, None, ssrc=10)
    assert sent.numbers() == [(1, 1), (0, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize(("rid", "mid"), [("nobody", b"1"), (None, b"1"), ("low", b"7"), ("\u00e9", b"1")])
def test_a_stream_that_does_not_say_whose_it_is_goes_nowhere(rid: str | None, mid: bytes) -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, rid, ssrc=20, keyframe=True, mid=mid)
    assert sent.numbers() == []
    assert sent.unrouted == []


def test_a_resent_packet_takes_its_original_place_and_copies_are_dropped() -> None:
    sent = Sent()
    sent.route("video")
    sent.repair(1, 5, "low", ssrc=11)  # probing may come before everything
    for number in (1, 2, 4):
        sent.camera(number, "low", ssrc=10, keyframe=number == 1)
    sent.repair(2, 3, "low", ssrc=11)
    sent.repair(3, 3, "low", ssrc=11)
    sent.repair(4, 4, "low", ssrc=11)
    sent.camera(3, "low", ssrc=10)
    assert sent.numbers() == [(0, 1), (0, 2), (0, 4), (0, 3)]
    assert sent.catcher.caught[-1][1].payload.endswith(b"3")


def test_without_a_route_the_room_is_asked_and_nobody_receives() -> None:
    sent = Sent()
    sent.camera(1, "low", ssrc=10, keyframe=True)
    assert sent.unrouted == ["video"]
    assert sent.numbers() == []


def test_loudness_is_told_of_forwarded_sound_only() -> None:
    sent = Sent()
    ssrc = sent.uplink.tracks["audio"].layers[0].ssrc
    assert ssrc is not None
    for number in (1, 2):
        data = rtp(sequence=number, ssrc=ssrc, payload_type=OPUS, extensions={LEVEL: b"\x9e"})
        sent.uplink.received(data, number)
        sent.route("audio")
    assert sent.levels == [0x1E]
    assert len(sent.catcher.caught) == 1


def test_padding_is_handed_on_as_nothing_so_that_its_gap_can_close() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, "low", ssrc=10, keyframe=True)
    sent.uplink.received(rtp(sequence=2, ssrc=10, payload_type=VP8, payload=b"", padding=100), 2)
    assert sent.catcher.caught[-1][1].payload == b""


def test_a_new_ssrc_is_a_new_layer_with_numbers_of_its_own() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(60_000, "low", ssrc=10, keyframe=True)
    sent.camera(5, "low", ssrc=12, keyframe=True)
    (first, _), (second, _) = sent.catcher.caught
    assert first is not second
    assert first.index == second.index
    assert sent.uplink.layer(10) is None
    assert sent.uplink.layer(12) is second


def test_streams_and_payload_types_are_bounded() -> None:
    sent = Sent()
    sent.route("video")
    for ssrc in range(1_000, 1_100):
        sent.camera(1, "low", ssrc=ssrc)
    assert len(sent.uplink._streams) <= STREAMS_MAX
    before = sent.numbers()
    sent.uplink.received(rtp(sequence=9, ssrc=1_099, payload_type=100), 9)
    assert sent.numbers() == before


def test_a_frame_cut_off_in_its_descriptor_is_refused() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, "low", ssrc=10, keyframe=True)
    with pytest.raises(MalformedPacket):
        sent.uplink.received(rtp(sequence=2, ssrc=10, payload_type=VP8, payload=b"\x90"), 2)
