from __future__ import annotations

import pytest

from server.sfu.publisher import STREAMS_MAX, Uplink
from server.sfu.rtp.demand import HOLD_US
from server.sfu.rtp.layers import GIVEN_UP_US, SETTLED_US
from server.sfu.sdp import read_offer
from tests.unit.sfu.bare import Bare
from tests.unit.sfu.offers import CHROMIUM
from tests.unit.sfu.packets import rtp, vp8

LEVEL, TWCC, MID, RID, REPAIRED = 1, 3, 4, 10, 11
OPUS, VP8, RTX = 111, 96, 97


class Sent:
    """An uplink of Chromium's offer over a bare core, and everything it told."""

    def __init__(self) -> None:
        self.unrouted: list[str] = []
        self.bare = Bare("python")
        self.sender = self.bare.link()
        self.stirred = 0
        self.uplink = Uplink(
            self.sender.core, ssrc=1, unrouted=lambda kind, _: self.unrouted.append(kind), stirred=self._stir
        )
        self.sender.unplaced = self.uplink.received_unplaced
        offer = read_offer(CHROMIUM)
        self.uplink.take_lines([section for kind in ("audio", "video") if (section := offer.sent(kind))])
        self.viewer = self.bare.link()

    def _stir(self) -> None:
        self.stirred += 1

    def route(self, *kinds: str) -> None:
        for kind in kinds:
            slot = self.viewer.slot(kind)
            self.uplink.tracks[kind].core.route([slot])
            slot.aim(self.uplink.tracks[kind].layers[0].core, cut=True)

    def take(self, data: bytes, now_us: int) -> None:
        self.sender.send(data, now_us)

    def camera(
        self,
        number: int,
        rid: str | None,
        *,
        ssrc: int,
        keyframe: bool = False,
        mid: bytes = b"1",
        at_us: int | None = None,
    ) -> None:
        extensions = {MID: mid, TWCC: number.to_bytes(2, "big")}
        if rid is not None:
            extensions[RID] = rid.encode()
        payload = vp8(picture=number, keyframe=keyframe, height=180, body=b"%d" % number)
        data = rtp(sequence=number, ssrc=ssrc, payload_type=VP8, payload=payload, extensions=extensions)
        self.take(data, number if at_us is None else at_us)

    def repair(self, number: int, original: int, rid: str, *, ssrc: int) -> None:
        payload = original.to_bytes(2, "big") + vp8(picture=original, body=b"%d" % original)
        data = rtp(
            sequence=number,
            ssrc=ssrc,
            payload_type=RTX,
            payload=payload,
            extensions={MID: b"1", REPAIRED: rid.encode()},
        )
        self.take(data, number)

    def counts(self) -> list[int]:
        """Packets that each layer of the camera received, by the layer's place."""
        return [layer.core.figures().received for layer in self.uplink.tracks["video"].layers]

    def forwarded(self) -> list[bytes]:
        return [packet.payload for packet in self.viewer.received()]


def test_layers_are_told_apart_by_their_names_and_then_by_ssrc() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, "full", ssrc=20, keyframe=True)
    sent.camera(1, "low", ssrc=10, keyframe=True)
    sent.camera(2, None, ssrc=20)
    sent.camera(2, None, ssrc=10)
    sent.camera(3, None, ssrc=10)
    assert sent.counts() == [3, 2]
    assert [payload[-1:] for payload in sent.forwarded()] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(("rid", "mid"), [("nobody", b"1"), (None, b"1"), ("low", b"7"), ("\u00e9", b"1")])
def test_a_stream_that_does_not_say_whose_it_is_goes_nowhere(rid: str | None, mid: bytes) -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(1, rid, ssrc=20, keyframe=True, mid=mid)
    assert sent.counts() == [0, 0]
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
    packets = sent.viewer.received()
    first = packets[0].sequence
    assert [(packet.sequence - first, packet.payload[-1:]) for packet in packets] == [
        (0, b"1"),
        (1, b"2"),
        (3, b"4"),
        (2, b"3"),
    ]


def test_without_a_route_the_room_is_asked_and_nobody_receives() -> None:
    sent = Sent()
    sent.camera(1, "low", ssrc=10, keyframe=True)
    assert sent.unrouted == ["video"]
    assert sent.counts() == [0, 0]


def test_the_packet_that_made_the_room_ask_is_forwarded_once_there_is_a_route() -> None:
    sent = Sent()
    sent.sender.unplaced = lambda plain, now_us: (sent.route("video"), sent.uplink.received_unplaced(plain, now_us))[1]
    sent.camera(1, "low", ssrc=10, keyframe=True)
    assert [payload[-1:] for payload in sent.forwarded()] == [b"1"]


def test_a_new_ssrc_is_a_new_layer_with_numbers_of_its_own() -> None:
    sent = Sent()
    sent.route("video")
    sent.camera(60_000, "low", ssrc=10, keyframe=True)
    sent.repair(1, 59_999, "low", ssrc=11)
    first = sent.uplink.layers()[1]
    sent.camera(5, "low", ssrc=12, keyframe=True)
    second = sent.uplink.layer(12)
    assert second is not None
    assert second is not first
    assert second.index == 0
    assert second.resend_ssrc == 11
    assert sent.uplink.layer(10) is None
    assert sent.sender.core.streams == 2, "what ended left the SRTP session"
    received = second.core.figures().received
    sent.camera(60_001, None, ssrc=10)
    assert second.core.figures().received == received, "a stream that ended is not taken up again"


def test_streams_and_payload_types_are_bounded() -> None:
    sent = Sent()
    sent.route("video")
    for ssrc in range(1_000, 1_100):
        sent.camera(1, "low", ssrc=ssrc)
    assert len(sent.uplink._streams) <= STREAMS_MAX
    assert sent.sender.core.streams <= 64
    before = sent.counts()
    sent.take(rtp(sequence=9, ssrc=1_099, payload_type=100), 9)
    assert sent.counts() == before


def test_no_keyframe_is_asked_of_a_layer_that_its_sender_was_told_to_stop_and_did() -> None:
    sent = Sent()
    sent.route("video")
    for number, rid in enumerate(("low", "full"), 100):
        sent.camera(number, rid, ssrc=number)
    track = sent.uplink.tracks["video"]
    large = track.layers[-1]
    sent.uplink.wants_keyframe()
    large.want_keyframe()
    track.watched(180, 0)
    track.watched(180, HOLD_US)
    assert track.demand.layers == 1
    assert large.keyframe_due(1_000, 100_000), "what comes is still of use to whoever is shown it"
    assert sent.uplink.wants_keyframe()
    assert not large.keyframe_due(2_000_000, 100_000)
    assert not sent.uplink.wants_keyframe()
    large.want_keyframe()
    track.watched(540, 3_000_000)
    assert large.keyframe_due(3_000_000, 100_000), "it is watched again"


def both_layers(sent: Sent, first: int, moments_us: range) -> int:
    """The small layer and the next one, a picture at each moment; the number that follows."""
    for number, at_us in enumerate(moments_us, first):
        for ssrc, rid in enumerate(("low", "full"), 10):
            sent.camera(number, rid, ssrc=ssrc, keyframe=number == 1, at_us=at_us)
    return first + len(moments_us)


def test_a_layer_without_which_the_smaller_one_comes_on_was_given_up_and_must_settle_once_it_is_back() -> None:
    sent = Sent()
    sent.route("video")
    number = both_layers(sent, 1, range(1_000_000, 4_000_000, 100_000))
    large = sent.uplink.tracks["video"].layers[1]
    for at_us in range(4_000_000, 4_400_000, 100_000):
        sent.camera(number, "low", ssrc=10, at_us=at_us)
        number += 1
        assert large.state(at_us).flows(at_us), "some packets in a row may get lost"
    since_us = 3_900_001 + GIVEN_UP_US
    assert not large.has_turned(since_us)
    sent.camera(number, "low", ssrc=10, at_us=since_us)
    assert large.has_turned(since_us)
    assert not large.state(since_us).flows(since_us)
    both_layers(sent, number + 1, range(4_500_000, 4_600_000, 100_000))
    state = large.state(4_500_000)
    assert state.flows(4_500_000)
    assert 4_500_000 - state.since_us < SETTLED_US, "nobody climbs at once"


def test_no_keyframe_is_asked_of_a_layer_that_was_given_up_until_it_comes_again() -> None:
    sent = Sent()
    sent.route("video")
    number = both_layers(sent, 1, range(1_000_000, 2_000_000, 100_000))
    large = sent.uplink.tracks["video"].layers[1]
    sent.uplink.wants_keyframe()
    large.want_keyframe()
    assert large.keyframe_due(2_000_000, 100_000)
    for at_us in range(2_000_000, 6_000_000, 100_000):
        sent.camera(number, "low", ssrc=10, at_us=at_us)
        number += 1
        assert at_us <= 2_000_000 + GIVEN_UP_US or not large.keyframe_due(at_us, 100_000)
    both_layers(sent, number, range(6_000_000, 6_100_000, 100_000))
    assert large.keyframe_due(6_000_000, 100_000), "the one that it began with was lost"
