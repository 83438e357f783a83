from __future__ import annotations

import pytest
from aiortc.sdp import SessionDescription

from server.sfu.facts import MediaRefused
from server.sfu.sdp import (
    AUDIO_LEVEL,
    OFFER_BYTES_MAX,
    SECTIONS_MAX,
    TRANSPORT_CC,
    Server,
    SlotStream,
    departure_extension,
    read_offer,
    write_answer,
)
from tests.unit.sfu.offers import CHROMIUM, FINGERPRINT, SMALL, offer, section

SERVER = Server(
    session=1,
    version=2,
    ufrag="ours",
    password="o" * 24,
    fingerprint=FINGERPRINT,
    candidates=[("192.0.2.1", 4_000), ("2001:db8::1", 4_000)],
)


def answer(text: str) -> str:
    read = read_offer(text)
    slots = {
        s.mid: SlotStream(ssrc=100 + n, resend_ssrc=200 + n if s.media == "video" else None)
        for n, s in enumerate((*read.slots("audio"), *read.slots("video"), *read.slots("screen")))
    }
    return write_answer(read, SERVER, slots)


def refusal(text: str) -> str:
    with pytest.raises(MediaRefused) as refused:
        read_offer(text)
    return refused.value.code


def test_what_chromium_offers_is_understood() -> None:
    read = read_offer(CHROMIUM)
    audio, video = read.sent("audio"), read.sent("video")
    assert audio is not None
    assert video is not None
    assert audio.codec is not None
    assert video.codec is not None
    assert (audio.mid, audio.codec.payload_type, len(audio.ssrcs)) == ("0", 111, 1)
    assert (video.mid, video.codec.payload_type, video.codec.resend_type) == ("1", 96, 97)
    assert video.rids == ("low", "full")
    assert audio.extensions[AUDIO_LEVEL] == 1
    assert video.extensions[TRANSPORT_CC] == 3
    assert [s.mid for s in read.slots("audio")] == ["2", "3"]
    assert [s.mid for s in read.slots("video")] == ["4", "5"]
    assert len(read.fingerprints) == 1
    assert read.ufrag


def test_the_answer_fixes_a_stream_and_a_name_for_every_slot() -> None:
    parsed = SessionDescription.parse(answer(CHROMIUM))
    assert parsed.group[0].items == ["0", "1", "2", "3", "4", "5"]
    assert [media.direction for media in parsed.media] == ["recvonly"] * 2 + ["sendonly"] * 4
    assert [media.ssrc[0].ssrc for media in parsed.media[2:]] == [100, 101, 102, 103]
    assert len({media.msid for media in parsed.media[2:]}) == 4
    assert [group.items for media in parsed.media[4:] for group in media.ssrc_group] == [[102, 202], [103, 203]]


def test_the_answer_lets_the_browser_start_dtls_towards_a_lite_server() -> None:
    parsed = SessionDescription.parse(answer(CHROMIUM))
    assert "a=ice-lite" in answer(CHROMIUM)
    for media in parsed.media:
        assert media.dtls is not None
        assert media.dtls.role == "server"
        assert media.ice.usernameFragment == "ours"
        assert [(c.ip, c.port, c.type) for c in media.ice_candidates] == [
            ("192.0.2.1", 4_000, "host"),
            ("2001:db8::1", 4_000, "host"),
        ]


def test_the_answer_asks_for_quiet_silence_and_both_layers() -> None:
    text = answer(CHROMIUM)
    assert "useinbandfec=1;usedtx=1" in text
    assert "a=simulcast:recv low;full" in text
    assert "video-orientation" not in text


def test_slots_are_numbered_for_feedback_where_the_browser_wants_it_on_all_of_them() -> None:
    read = read_offer(CHROMIUM)
    extension = departure_extension(read)
    assert 1 <= extension <= 14
    slots = answer(CHROMIUM).split("m=")[3:]
    assert len(slots) == 4
    for slot in slots:
        assert f"a=extmap:{extension} {TRANSPORT_CC}\r\n" in slot
        assert slot.count("a=extmap:") == 1
        assert " transport-cc\r\n" in slot


def test_without_transport_wide_feedback_the_browser_is_asked_for_its_own_estimate() -> None:
    for poorer in (CHROMIUM.replace(" transport-cc\r\n", " other\r\n", 4), CHROMIUM.replace(TRANSPORT_CC, "urn:other")):
        assert departure_extension(read_offer(poorer)) == 0
        for slot in answer(poorer).split("m=")[3:]:
            assert TRANSPORT_CC not in slot
            assert "transport-cc" not in slot
        assert "goog-remb" in answer(poorer).split("m=")[5]


def test_lines_nobody_can_use_are_answered_with_port_zero() -> None:
    data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:9\r\n"
    other = section("video", "5", "sendonly").replace("VP8/90000", "H264/90000")
    lines = answer(offer(section("audio", "0", "sendonly"), data, other)).split("\r\n")
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in lines
    assert "m=video 0 UDP/TLS/RTP/SAVPF 96" in lines
    assert "a=group:BUNDLE 0" in lines


def test_a_shared_screen_is_a_line_of_its_own_kind_and_may_be_sent_beside_a_camera() -> None:
    slides = "a=content:slides\r\n"
    text = offer(
        section("video", "0", "sendonly"),
        section("video", "1", "sendonly", extra=slides),
        section("video", "2", "recvonly"),
        section("video", "3", "recvonly", extra=slides),
    )
    read = read_offer(text)
    camera, screen = read.sent("video"), read.sent("screen")
    assert camera is not None
    assert screen is not None
    assert (camera.mid, screen.mid) == ("0", "1")
    assert [s.mid for s in read.slots("video")] == ["2"]
    assert [s.mid for s in read.slots("screen")] == ["3"]
    assert [media.kind for media in SessionDescription.parse(answer(text)).media] == ["video"] * 4
    two = offer(section("video", "0", "sendonly", extra=slides), section("video", "1", "sendonly", extra=slides))
    assert refusal(two) == "sdp-too-many-lines"


def test_a_microphone_alone_or_slots_alone_are_enough() -> None:
    assert "a=recvonly" in answer(offer(section("audio", "0", "sendonly")))
    assert "a=sendonly" in answer(offer(section("video", "0", "recvonly")))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sdp-malformed"),
        ("hello", "sdp-malformed"),
        ("v=0\r\n", "sdp-malformed"),
        ("v=0\r\nm=audio\r\n", "sdp-malformed"),
        (SMALL.replace("a=mid:1\r\n", ""), "sdp-malformed"),
        (SMALL.replace("a=mid:1\r\n", "a=mid:0\r\n"), "sdp-malformed"),
        (SMALL.replace("a=mid:1\r\n", "a=mid:" + "x" * 99 + "\r\n"), "sdp-malformed"),
        (SMALL.replace("a=rtcp-mux\r\n", "", 1), "sdp-malformed"),
        (SMALL.replace("BUNDLE 0 1 2", "BUNDLE 0 1"), "sdp-no-bundle"),
        (SMALL.replace("a=group:BUNDLE 0 1 2\r\n", ""), "sdp-no-bundle"),
        (SMALL.replace("a=ice-ufrag:abcd\r\n", ""), "sdp-no-ice"),
        (SMALL.replace("a=ice-ufrag:abcd\r\n", "a=ice-ufrag:a b\r\n"), "sdp-no-ice"),
        (SMALL.replace("p" * 24, "short"), "sdp-no-ice"),
        (SMALL.replace("a=setup:actpass\r\n", "a=setup:passive\r\n"), "sdp-setup"),
        (SMALL.replace("a=setup:actpass\r\n", ""), "sdp-setup"),
        (SMALL.replace(FINGERPRINT, "AB:CD"), "sdp-no-fingerprint"),
        (SMALL.replace(FINGERPRINT, FINGERPRINT.replace("AB", "XY")), "sdp-no-fingerprint"),
        (SMALL.replace("sha-256", "md5"), "sdp-no-fingerprint"),
        (SMALL.replace("a=sendonly", "a=sendrecv", 1), "sdp-direction"),
        (SMALL.replace("a=sendonly\r\n", "", 1), "sdp-direction"),
        (offer(section("audio", "0", "sendonly").replace("opus", "speex")), "sdp-codec"),
        (offer(section("audio", "0", "sendonly").replace(" 111", " 72").replace(":111", ":72")), "sdp-codec"),
        (offer(section("audio", "0", "sendonly"), section("audio", "1", "sendonly")), "sdp-too-many-lines"),
        (offer(*(section("audio", str(n), "recvonly") for n in range(SECTIONS_MAX + 1))), "sdp-too-many-lines"),
        (SMALL + "a=x\r\n" * 9_000, "sdp-too-large"),
        (SMALL + "a=" + "x" * OFFER_BYTES_MAX, "sdp-too-large"),
        (SMALL.replace("a=mid:1\r\n", "a=mid:1\r\na=simulcast:send a;b;c;d\r\n"), "sdp-malformed"),
        (SMALL.replace("a=mid:1\r\n", "a=mid:1\r\na=simulcast:send a;a\r\n"), "sdp-malformed"),
        (SMALL.replace("a=mid:1\r\n", "a=mid:1\r\na=simulcast:send a;\u00e9\r\n"), "sdp-malformed"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_code(text: str, code: str) -> None:
    assert refusal(text) == code


def test_nothing_of_a_hostile_offer_reaches_the_answer() -> None:
    evil = CHROMIUM.replace("a=extmap:4 urn", "a=extmap:4 evil\x0burn").replace("97 apt=96", "97 apt=96;evil")
    evil = evil.replace("96 goog-remb", "96 evil")
    text = answer(evil)
    assert "evil" not in text
