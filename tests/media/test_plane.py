"""The media plane through its real port, with peers that send exactly what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import re
import socket
import struct
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aioice import stun

from server.sfu.core import CoreName
from server.sfu.facts import (
    MediaConnected,
    MediaLost,
    MediaRefused,
    QualityChanged,
    SlotsChanged,
    SpeakersChanged,
    Wish,
)
from server.sfu.peer import LOST_AFTER_US, Peer
from server.sfu.plane import ROOM_PEERS_MAX, SOURCE_PEERS_MAX, MediaSettings, Sfu
from server.sfu.router import LIVENESS_EVERY_US, UNCONNECTED_US_MAX
from server.sfu.rtp import rtcp
from server.sfu.rtp.demux import Kind, classify
from server.sfu.rtp.keyframe import PAUSE_US
from server.sfu.rtp.onward import SHARE_MAX
from server.sfu.rtp.packet import RtpPacket
from server.sfu.rtp.vp8 import Vp8
from server.sfu.transport import ADDRESSES_MAX, DTLS_WAITING_MAX, Link, monotonic_us
from server.sfu.transport import CHECKS_MAX as OWN_CHECKS_MAX
from tests.media.network import Way
from tests.media.rawpeer import RawPeer
from tests.media.stage import Stage, until, wall_clock
from tests.unit.sfu.bare import CORES
from tests.unit.sfu.offers import SMALL
from tests.unit.sfu.packets import rtp, stun_message

LEFT_BYTES_MAX = 2_000
"""What one coming and going may leave behind in the C library's memory: pools and tables still grow a little."""


class _Mallinfo2(ctypes.Structure):
    """What glibc tells of its memory: the fifth figure is bytes mapped singly, the eighth those in use otherwise."""

    _fields_ = [(f"figure_{place}", ctypes.c_size_t) for place in range(1, 11)]


def memory_in_use() -> int:
    """Bytes of the C library's memory that somebody holds."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _Mallinfo2
    found = mallinfo2()
    return int(found.figure_5 + found.figure_8)


async def pump(send: Callable[[int], None], until: Callable[[], bool], *, first: int = 1, seconds: float = 40) -> int:
    """Send packet after packet, 10 ms apart, until something is true; the next number."""
    deadline = time.monotonic() + seconds
    number = first
    while not until():
        assert time.monotonic() < deadline, "it never came"
        send(number)
        number += 1
        await asyncio.sleep(0.01)
    return number


def requests(peer: RawPeer, kind: type[rtcp.Nack] | type[rtcp.KeyframeRequest], media: int) -> list[rtcp.Report]:
    """What the server asked of a stream of this peer."""
    return [
        report
        for data in peer.control
        for report in rtcp.read(data)
        if isinstance(report, kind) and report.media == media
    ]


async def watching(stage: Stage, ada: RawPeer, ben: RawPeer) -> int:
    """Ada's camera flows to Ben: the SSRC it has there. Her packets 1 and 2 are sent."""
    ada.send_video(1, keyframe=True)
    mid = await stage.shows("ben", "ada", "video")
    await asyncio.sleep(0.05)
    ada.send_video(2, keyframe=True)
    ssrc = ben.slots[mid]
    await ben.until(lambda: ben.of(ssrc))
    return ssrc


# ---------------------------------------------------------------------------- parts of a room


def heard_of(viewer: RawPeer, everyone: dict[str, int]) -> set[str]:
    """Whose packets this viewer got: each one sends numbers of their own thousand. Resent ones count as well."""
    digits = {int(found) for packet in viewer.packets for found in re.findall(rb"(?:frame|opus)(\d+)", packet.payload)}
    return {name for name, base in everyone.items() if any(base <= number < base + 1_000 for number in digits)}


async def test_nothing_of_another_part_of_the_room_reaches_anybody(stage: Stage) -> None:
    numbers = {"ada": 1_000, "ben": 2_000, "cleo": 3_000, "dan": 4_000}
    peers = {name: await stage.join(name, audio_slots=3, video_slots=3) for name in numbers}
    step = 0

    async def talk(*, alone: str = "") -> None:
        nonlocal step
        for peer in peers.values():
            peer.packets.clear()
        for _ in range(40):
            step += 1
            for name, peer in peers.items():
                peer.send_audio(numbers[name] + step)
                peer.send_video(numbers[name] + step, keyframe=step % 5 == 0)
            await asyncio.sleep(0.01)
        for name, viewer in peers.items():
            if name != alone:
                await viewer.until(lambda viewer=viewer: len(viewer.packets) > 20)

    async def parted(parts: dict[str, str]) -> None:
        """Divide, and let what is on its way arrive."""
        stage.sfu.partition(room="room", parts=parts)
        await asyncio.sleep(0.1)

    for viewer in peers:
        for source in peers:
            if source != viewer:
                peers[source].send_audio(numbers[source])
                peers[source].send_video(numbers[source], keyframe=True)
                await stage.shows(viewer, source, "video")
    await talk()
    assert {name: heard_of(peer, numbers) for name, peer in peers.items()} == {
        name: set(peers) - {name} for name in peers
    }, "they are all together at first"

    await parted({"ada": "small-1", "ben": "small-1", "cleo": "small-2", "dan": "small-2"})
    await talk()
    assert {name: heard_of(peer, numbers) for name, peer in peers.items()} == {
        "ada": {"ben"},
        "ben": {"ada"},
        "cleo": {"dan"},
        "dan": {"cleo"},
    }
    for viewer, mate in (("ada", "ben"), ("cleo", "dan")):
        told = stage.slots(viewer)
        assert told is not None
        assert set(told.video.values()) | set(told.audio.values()) == {mate}

    await parted({"ada": "small-1"})
    await talk(alone="ada")
    assert peers["ada"].packets == []
    assert heard_of(peers["ben"], numbers) == {"cleo", "dan"}
    await parted({})
    await talk()
    assert {name: heard_of(peer, numbers) for name, peer in peers.items()} == {
        name: set(peers) - {name} for name in peers
    }, "and at the end again"
    assert all(len(peer.slots) == 6 for peer in peers.values()), "nothing was negotiated anew"


async def test_who_meets_hears_at_once_and_sees_from_the_next_keyframe_on(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    await watching(stage, ada, ben)
    ada.send_audio(1)
    await stage.shows("ben", "ada", "audio")
    stage.sfu.partition(room="room", parts={"ada": "small-1"})
    assert stage.slots("ben") == SlotsChanged(room="room", peer="ben", audio={}, video={}), "told before it returned"
    ben.packets.clear()
    asked = len(requests(ada, rtcp.KeyframeRequest, ada.video_ssrc))
    stage.sfu.partition(room="room", parts={"ada": "small-1", "ben": "small-1"})
    ada.send_audio(700)
    ada.send_video(701)
    ada.send_video(702, keyframe=True)

    def got() -> bytes:
        return b" ".join(packet.payload for packet in ben.packets)

    await ben.until(lambda: b"opus700" in got() and b"frame702" in got())
    assert b"frame701" not in got(), "nobody could decode it"
    await ada.until(lambda: len(requests(ada, rtcp.KeyframeRequest, ada.video_ssrc)) > asked)


async def test_who_joins_later_is_in_the_part_that_was_said(stage: Stage) -> None:
    stage.sfu.partition(room="room", parts={"ada": "small-1", "ben": "small-1"})
    ada, cleo, ben = await stage.join("ada"), await stage.join("cleo"), await stage.join("ben")
    await pump(ada.send_audio, lambda: len(ben.packets) > 5)
    assert cleo.packets == []


# ---------------------------------------------------------------------------- gates and slots


async def test_sound_and_picture_arrive_unchanged_under_the_slots_own_numbers(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ada.send_audio(1)
    audio = ben.slots[await stage.shows("ben", "ada", "audio")]
    ssrc = await watching(stage, ada, ben)
    for number in range(3, 30):
        ada.send_video(number)
        ada.send_audio(number)
    await ben.until(lambda: b"frame29" in ben.of(ssrc)[-1].payload and ben.of(audio)[-1].payload == b"opus29")
    pictures = ben.of(ssrc)
    numbers = [packet.sequence for packet in pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] < 1 << 15
    assert [packet.payload[Vp8(packet.payload).size + 1 :] for packet in pictures[-3:]] == [
        b"frame27",
        b"frame28",
        b"frame29",
    ]
    assert {packet.timestamp - pictures[-1].timestamp for packet in pictures[-2:]} == {0, -6_000}


async def test_a_picture_of_many_packets_comes_whole_and_in_order(stage: Stage) -> None:
    """They come all at once, and leave together where the system can do that."""
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    for number in range(100, 160):
        ada.send_video(number)
    ada.send_video(1_000)  # one that is larger by a digit
    await ben.until(lambda: b"frame1000" in ben.of(ssrc)[-1].payload)
    pictures = ben.of(ssrc)[-61:]
    numbers = [packet.sequence for packet in pictures]
    assert numbers[:60] == list(range(numbers[0], numbers[0] + 60))
    assert [packet.payload[-8:] for packet in pictures[:60]] == [b"frame%d" % number for number in range(100, 160)]


async def test_packets_that_differ_by_a_byte_are_filled_up_to_leave_as_one_and_read_as_they_were(stage: Stage) -> None:
    """Browsers cut pictures so. Only what is read in one go is filled up: not every time, but soon."""
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)

    def filled() -> list[RtpPacket]:
        return [packet for packet in ben.of(ssrc) if packet.data[0] & 0x20]

    sent: list[bytes] = []
    while not filled() and len(sent) < 3_000:
        for longer in (b"", b"!", b""):
            sent.append(b"part%d" % (1_000 + len(sent)) + longer)
            ada.send_video(100 + len(sent), body=sent[-1])
        await ben.until(lambda: ben.of(ssrc)[-1].payload.endswith(sent[-1]))
    assert [packet.payload[Vp8(packet.payload).size + 1 :] for packet in ben.of(ssrc)[-len(sent) :]] == sent
    assert all(1 <= packet.data[-1] <= 16 for packet in filled())


async def test_packets_of_a_shut_gate_never_leave_the_server(stage: Stage) -> None:
    ada, ben = await stage.join("ada", gates=False), await stage.join("ben")

    def send(number: int) -> None:
        ada.send_audio(number)
        ada.send_video(number, keyframe=number % 5 == 0)

    peer = stage.sfu._rooms["room"].peers["ada"]
    await pump(send, lambda: peer.uplink.layers()[1].core.figures().received > 20)
    assert ben.packets == []
    assert stage.slots("ben") == SlotsChanged(room="room", peer="ben", audio={}, video={})

    stage.sfu.forward(room="room", source="ada", microphone=True, camera=False)
    mid = await stage.shows("ben", "ada", "audio")
    number = await pump(send, lambda: len(ben.packets) > 5, first=100)
    assert {packet.ssrc for packet in ben.packets} == {ben.slots[mid]}

    stage.sfu.forward(room="room", source="ada", microphone=False, camera=False)
    await asyncio.sleep(0.05)
    ben.packets.clear()
    received = peer.uplink.layers()[1].core.figures().received
    await pump(send, lambda: peer.uplink.layers()[1].core.figures().received > received + 20, first=number)
    assert ben.packets == []


async def test_a_person_who_unmutes_is_in_the_same_slot_again_and_runs_on(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    stage.sfu.forward(room="room", source="ada", microphone=True, camera=False)
    stage.sfu.forward(room="room", source="ada", microphone=True, camera=True)
    before = ben.of(ssrc)[-1]
    await pump(lambda n: ada.send_video(n, keyframe=n % 5 == 0), lambda: ben.of(ssrc)[-1] is not before, first=500)
    after = next(packet for packet in ben.of(ssrc) if packet.sequence > before.sequence)
    assert after.sequence == before.sequence + 1
    assert Vp8(after.payload).starts_keyframe


async def test_nobody_is_sent_their_own_picture_on_any_device(stage: Stage) -> None:
    ada, phone = await stage.join("ada"), await stage.join("ada", peer="phone")
    ben = await stage.join("ben")
    await watching(stage, ada, ben)
    await pump(ada.send_audio, lambda: len(ben.packets) > 10)
    assert ada.packets == []
    assert phone.packets == []


async def test_a_newcomer_sees_everybody_and_a_leaver_frees_the_slot(stage: Stage) -> None:
    peers = {name: await stage.join(name) for name in ("ada", "ben")}
    for peer in peers.values():
        peer.send_video(1, keyframe=True)
    cleo = await stage.join("cleo")
    for name in peers:
        await stage.shows("cleo", name, "video")
    stage.sfu.leave(room="room", peer="ada")
    told = stage.slots("cleo")
    assert told is not None
    assert set(told.video.values()) == {"ben"}
    assert stage.said(MediaLost) == []
    cleo.send_video(1, keyframe=True)
    await stage.shows("ben", "cleo", "video")
    told = stage.slots("ben")
    assert told is not None
    assert set(told.video.values()) == {"cleo"}


async def test_with_too_few_slots_the_large_tiles_are_shown(stage: Stage) -> None:
    await stage.join("viewer", video_slots=1, publishes=False)
    small, large = await stage.join("small"), await stage.join("large")
    for peer in (small, large):
        peer.send_video(1, keyframe=True)
    await stage.shows("viewer", "small", "video")
    stage.sfu.wish(room="room", peer="viewer", wish=Wish(heights={"small": 90, "large": 720}))
    await stage.shows("viewer", "large", "video")


async def test_hidden_tiles_and_audio_only_cost_no_picture(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    for wish in (Wish(heights={"ada": 0}), Wish(heights={"ada": 720}, mode="audio_only")):
        stage.sfu.wish(room="room", peer="ben", wish=wish)
        told = stage.slots("ben")
        assert told is not None
        assert told.video == {}
        await asyncio.sleep(0.05)
        ben.packets.clear()
        for number in range(10, 20):
            ada.send_video(number, keyframe=True)
        await pump(ada.send_audio, lambda: len(ben.packets) > 5)
        assert ben.of(ssrc) == []
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={}))
    await stage.shows("ben", "ada", "video")


async def test_the_device_that_connected_last_and_sends_is_forwarded(stage: Stage) -> None:
    laptop, ben = await stage.join("ada", peer="laptop"), await stage.join("ben")
    ssrc = await watching(stage, laptop, ben)
    phone = await stage.join("ada", peer="phone")
    laptop.send_video(3)
    await ben.until(lambda: len(ben.of(ssrc)) >= 2)

    def both(number: int) -> None:
        laptop.send_video(number + 10)
        phone.send_video(number, keyframe=True)

    await pump(both, lambda: any(b"frame1" in packet.payload[-6:] for packet in ben.of(ssrc)[2:]))
    await asyncio.sleep(0.1)
    ben.packets.clear()
    number = await pump(both, lambda: len(ben.of(ssrc)) > 10, first=600)
    assert all(b"frame6" in packet.payload for packet in ben.of(ssrc)), "only the phone's are forwarded"
    # The phone's camera goes off: the laptop's returns.
    ben.packets.clear()
    await pump(lambda n: laptop.send_video(n, keyframe=True), lambda: len(ben.of(ssrc)) > 3, first=number + 10)


# ---------------------------------------------------------------------------- repair


async def test_what_is_lost_on_the_way_in_is_asked_for_and_passed_on(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    lost = RtpPacket(ada.video(3))
    for number in (4, 5):
        ada.send_video(number)
    await ada.until(lambda: requests(ada, rtcp.Nack, ada.video_ssrc))
    (nack, *_) = requests(ada, rtcp.Nack, ada.video_ssrc)
    assert isinstance(nack, rtcp.Nack)
    assert nack.numbers == (3,)
    resent = rtp(
        sequence=1,
        timestamp=lost.timestamp,
        ssrc=ada.resend_ssrc,
        payload_type=97,
        marker=True,
        payload=(3).to_bytes(2, "big") + lost.payload,
    )
    ada.raw(ada.protect(resent))

    def numbers() -> dict[bytes, int]:
        return {packet.payload[-6:]: packet.sequence for packet in ben.of(ssrc)}

    await ben.until(lambda: b"frame3" in numbers())
    assert numbers()[b"frame2"] < numbers()[b"frame3"] == numbers()[b"frame4"] - 1, "in its own place"
    ada.raw(ada.protect(resent[:2] + b"\x00\x02" + resent[4:]))
    ada.send_video(6)
    await ben.until(lambda: b"frame6" in ben.of(ssrc)[-1].payload)
    assert sum(b"frame3" in packet.payload for packet in ben.of(ssrc)) == 1, "a second copy is not sent on"


async def test_what_is_lost_on_the_way_out_is_sent_again(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    ada.send_video(3)
    await ben.until(lambda: len(ben.of(ssrc)) >= 2)
    wanted = ben.of(ssrc)[-1]
    ben.send_control(rtcp.write_nack(ssrc=1, media=ssrc, numbers=[wanted.sequence]))
    await ben.until(lambda: ben.of(ben.resends[ssrc]))
    (resent,) = ben.of(ben.resends[ssrc])
    assert resent.payload_type == 97
    assert resent.payload == wanted.sequence.to_bytes(2, "big") + wanted.payload
    assert resent.timestamp == wanted.timestamp


async def test_many_viewers_who_want_a_keyframe_are_one_request(stage: Stage) -> None:
    ada = await stage.join("ada")
    viewers = [await stage.join(f"viewer{n}", publishes=False) for n in range(4)]
    ada.send_video(1, keyframe=True)
    mids = [await stage.shows(f"viewer{n}", "ada", "video") for n in range(4)]
    await asyncio.sleep(0.05)
    ada.send_video(2, keyframe=True)
    for viewer, mid in zip(viewers, mids, strict=True):
        await viewer.until(lambda viewer=viewer, mid=mid: viewer.of(viewer.slots[mid]))
    ada.control.clear()
    began = monotonic_us()
    for _ in range(5):
        for viewer, mid in zip(viewers, mids, strict=True):
            viewer.send_control(rtcp.write_keyframe_request(ssrc=1, media=viewer.slots[mid]))

    def asked() -> int:
        return len(requests(ada, rtcp.KeyframeRequest, ada.video_ssrc))

    await ada.until(lambda: asked() >= 2)  # again, until one came
    passed = (monotonic_us() - began) // PAUSE_US
    assert asked() <= 2 + passed, "twenty who asked are heard once in each pause, and one may have been under way"
    seen = [len(viewer.of(viewer.slots[mid])) for viewer, mid in zip(viewers, mids, strict=True)]
    ada.send_video(3, keyframe=True)
    for viewer, mid, before in zip(viewers, mids, seen, strict=True):
        await viewer.until(lambda viewer=viewer, mid=mid, before=before: len(viewer.of(viewer.slots[mid])) > before)
    heard = len(ada.control)
    await pump(ada.send_audio, lambda: len(ada.control) > heard)  # behind whatever was still under way
    before = asked()
    await asyncio.sleep(0.7)
    assert asked() == before, "nobody waits for one any more"


async def test_the_sender_is_told_when_its_packets_arrived(stage: Stage) -> None:
    ada = await stage.join("ada")

    def told() -> bool:
        return any(data[0] & 31 == 15 and data[1] == 205 for data in ada.control)

    await pump(ada.send_audio, told)


# ---------------------------------------------------------------------------- layers


async def test_a_viewer_gets_the_layer_that_suits_and_another_when_it_stops(stage: Stage) -> None:
    ada, ben = await stage.join("ada", rids=("low", "full")), await stage.join("ben")
    layers = {"low": (111_111, 180), "full": (222_222, 720)}
    sending = {"low", "full"}

    def send(number: int) -> None:
        for rid in sorted(sending):
            ssrc, _ = layers[rid]
            base = 0 if rid == "low" else 30_000
            ada.send_video(base + number, keyframe=number % 10 == 0, rid=rid, ssrc=ssrc)

    number = await pump(send, lambda: bool(stage.said(SlotsChanged, peer="ben")[-1].video))
    ssrc = ben.slots[await stage.shows("ben", "ada", "video")]

    def shown() -> str:
        last = ben.of(ssrc)[-1].payload if ben.of(ssrc) else b""
        return "full" if b"frame30" in last or b"frame31" in last else "low" if b"frame" in last else ""

    # Heights become known with keyframes: 180 both, so a large wish takes the last layer.
    number = await pump(send, lambda: shown() == "low", first=number)
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 720}))
    number = await pump(send, lambda: shown() == "full", first=number)
    sending.discard("full")
    number = await pump(send, lambda: shown() == "low", first=number)
    sending.add("full")
    number = await pump(send, lambda: shown() == "full", first=number)
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 720}, mode="low_data"))
    await pump(send, lambda: shown() == "low", first=number)
    numbers = [packet.sequence for packet in ben.of(ssrc)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no seam shows"
    pictures = [Vp8(packet.payload).picture for packet in ben.of(ssrc)]
    assert pictures == [(pictures[0] or 0) + index for index in range(len(pictures))]


# ---------------------------------------------------------------------------- presence


async def test_silence_is_loss_within_five_seconds_ended_at_the_last_packet(stage: Stage) -> None:
    ada = await stage.join("ada")
    ada.send_audio(1)
    ada.is_mute = True
    room = stage.sfu._rooms["room"]
    link = room.peers["ada"].link
    await until(lambda: bool(room.peers["ada"].uplink.layers()[0].core.figures().received))
    heard, heard_us = stage.sfu.heard(room="room")["ada"], link.heard_us
    assert heard_us is not None
    room.tick(heard_us + LOST_AFTER_US - 1)  # told time: a busy machine stops for seconds as well
    assert stage.said(MediaLost) == []
    room.tick(heard_us + LOST_AFTER_US + LIVENESS_EVERY_US)
    (lost,) = stage.said(MediaLost, peer="ada")
    assert abs(lost.heard - heard) < 250  # two clocks are read, one after the other
    assert LOST_AFTER_US + LIVENESS_EVERY_US < 5_000_000
    assert stage.sfu.heard(room="room") == {}
    ada.is_mute = False
    await stage.until(lambda: len(stage.said(MediaConnected, peer="ada")) == 2, "return")
    assert stage.said(MediaLost) == [lost]


async def test_a_peer_that_sends_nothing_but_answers_checks_is_not_lost(stage: Stage) -> None:
    ada = await stage.join("ada")
    assert ada._pings is not None
    ada._pings.cancel()
    await asyncio.sleep(LOST_AFTER_US / 1e6 + 1.5)
    assert stage.said(MediaLost) == []
    assert ada.checks_answered >= 2


async def test_who_says_goodbye_is_lost_at_once(stage: Stage) -> None:
    ada = await stage.join("ada")
    await ada.close()
    await stage.until(lambda: stage.said(MediaLost, peer="ada") != [], "loss", LOST_AFTER_US / 1e6 - 0.5)


async def test_who_speaks_is_told_and_who_is_muted_does_not_speak(stage: Stage) -> None:
    ada = await stage.join("ada")
    await stage.join("ben")
    number = await pump(
        lambda n: [ada.send_audio(2 * n, level=20), ada.send_audio(2 * n + 1, level=20)][0],
        lambda: bool(stage.said(SpeakersChanged)),
    )
    (said, *_) = stage.said(SpeakersChanged)
    assert set(said.levels) == {"ada"}
    assert 0 <= said.levels["ada"] <= 127
    stage.sfu.forward(room="room", source="ada", microphone=False, camera=False)
    await pump(
        lambda n: ada.send_audio(n, level=20), lambda: stage.said(SpeakersChanged)[-1].levels == {}, first=2 * number
    )


async def test_a_viewer_whose_way_loses_packets_is_given_a_smaller_layer(stage: Stage) -> None:
    ada, ben = await stage.join("ada", rids=("low", "full")), await stage.join("ben")

    def send(number: int) -> None:
        ada.send_video(number, keyframe=number % 10 == 0, rid="low", ssrc=111)
        for part in range(3):  # A larger picture takes more.
            ada.send_video(30_000 + 3 * number + part, keyframe=number % 10 == 0, rid="full", ssrc=222)

    number = await pump(send, lambda: bool(stage.said(SlotsChanged, peer="ben")[-1].video))
    slot = stage.sfu._rooms["room"].peers["ben"].slots[await stage.shows("ben", "ada", "video")]
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 720}))

    def shown() -> int | None:
        layer = slot.flowing()
        return layer.index if layer is not None else None

    number = await pump(send, lambda: shown() == 1, first=number)
    block = rtcp.ReportBlock(
        ssrc=slot.stream.ssrc, fraction_lost=60, packets_lost=60, highest=0, jitter=0, last_report=0, delay=0
    )

    def complain(number: int) -> None:
        send(number)
        ben.send_control(rtcp.write_receiver_report(ssrc=1, blocks=[block]))

    await pump(complain, lambda: shown() == 0, first=number)


async def test_a_viewers_own_estimate_counts_where_it_gives_no_better_and_loss_says_so_too(stage: Stage) -> None:
    ada, ben = await stage.join("ada", rids=("low", "full")), await stage.join("ben")

    def send(number: int) -> None:
        ada.send_video(number, keyframe=number % 10 == 0, rid="low", ssrc=111)
        for part in range(3):
            ada.send_video(30_000 + 3 * number + part, keyframe=number % 10 == 0, rid="full", ssrc=222)

    number = await pump(send, lambda: bool(stage.said(SlotsChanged, peer="ben")[-1].video))
    slot = stage.sfu._rooms["room"].peers["ben"].slots[await stage.shows("ben", "ada", "video")]
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 720}))
    number = await pump(send, lambda: (layer := slot.flowing()) is not None and layer.index == 1, first=number)

    def says_little(number: int) -> None:
        send(number)
        ben.send_control(bandwidth_message(20_000))

    # Of itself it says nothing: it is small as well where little is sent.
    enough = monotonic_us() + 2_500_000
    number = await pump(says_little, lambda: monotonic_us() > enough, first=number)
    assert (layer := slot.flowing()) is not None and layer.index == 1
    assert not stage.sfu._rooms["room"].peers["ben"].delivery.downlink.was_congested

    block = rtcp.ReportBlock(
        ssrc=slot.stream.ssrc, fraction_lost=10, packets_lost=60, highest=0, jitter=0, last_report=0, delay=0
    )

    def loses_a_little(number: int) -> None:
        says_little(number)
        ben.send_control(rtcp.write_receiver_report(ssrc=1, blocks=[block]))

    await pump(loses_a_little, lambda: (layer := slot.flowing()) is not None and layer.index == 0, first=number)


def bandwidth_message(bps: int) -> bytes:
    """REMB (draft-alvestrand-rmcat-remb-03), of no stream in particular."""
    return struct.pack("!BBHII4sI", 0x8F, 206, 4, 1, 0, b"REMB", bps)


async def test_what_listeners_lose_of_a_voice_is_told_to_its_sender_and_of_pictures_is_not(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    await watching(stage, ada, ben)
    ada.send_audio(1)
    heard = ben.slots[await stage.shows("ben", "ada", "audio")]
    losing = rtcp.ReportBlock(
        ssrc=heard, fraction_lost=60, packets_lost=60, highest=0, jitter=0, last_report=0, delay=0
    )

    def told(ssrc: int) -> list[int]:
        """The fractions lost that one of ada's streams was told of, the newest last."""
        reports = [each for data in ada.control for each in rtcp.read(data) if isinstance(each, rtcp.ReceiverReport)]
        return [block.fraction_lost for report in reports for block in report.blocks if block.ssrc == ssrc]

    def speak(number: int) -> None:
        ada.send_audio(number)
        ada.send_video(number, keyframe=True)

    def speak_to_a_bad_network(number: int) -> None:
        speak(number)
        ben.send_control(rtcp.write_receiver_report(ssrc=1, blocks=[losing]))

    number = await pump(speak_to_a_bad_network, lambda: max(told(ada.audio_ssrc), default=0) > 30, first=3)
    assert max(told(ada.audio_ssrc)) <= SHARE_MAX * 256 + 1
    assert told(ada.video_ssrc)
    assert max(told(ada.video_ssrc)) == 0
    assert stage.said(QualityChanged, peer="ada") == [], "it is not ada's connection"
    # Whoever is elsewhere hears nothing, and what they lose is forgotten.
    stage.sfu.partition(room="room", parts={"ben": "elsewhere"})
    most = max(told(ada.audio_ssrc))
    await pump(speak_to_a_bad_network, lambda: told(ada.audio_ssrc)[-1] < most, first=number)


async def test_lasting_loss_is_told_as_a_weaker_connection(stage: Stage) -> None:
    ada = await stage.join("ada")
    await pump(
        lambda n: ada.send_audio(n) if n % 4 else None,
        lambda: stage.said(QualityChanged, peer="ada", quality="poor") != [],
    )


# ---------------------------------------------------------------------------- coming back


async def test_an_ice_restart_from_another_network_keeps_dtls_and_slots(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    ada.restart_credentials()
    answer = await stage.sfu.join(room="room", source="ada", peer="ada", offer=ada.offer())
    dtls, slots = ada._dtls, dict(ada.slots)
    await ada.connect(answer)
    assert ada._dtls is dtls
    assert ada.slots == slots
    count = len(ben.of(ssrc))
    await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 5, first=3)
    assert len(stage.said(MediaConnected, peer="ada")) == 1
    assert stage.said(MediaLost) == []


async def test_a_new_nat_binding_is_followed_by_the_next_check(stage: Stage) -> None:
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        ada, ben = await stage.join("ada"), await stage.join("ben", way=way.port)
        ssrc = await watching(stage, ada, ben)
        way.rebind()
        ben._check()
        count = len(ben.of(ssrc))
        await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 5, first=3)


async def test_another_address_is_followed_by_media_alone_and_none_of_that_is_lost(stage: Stage) -> None:
    """A browser checks a way that worked each two and a half seconds only, and knows nothing of a router's bindings."""
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        ada, ben = await stage.join("ada"), await stage.join("ben", way=way.port)
        ssrc = await watching(stage, ada, ben)
        ben.send_audio(1)
        voice = ada.slots[await stage.shows("ada", "ben", "audio")]
        link, number = stage.sfu._rooms["room"].peers["ben"].link, 2
        assert ben._pings is not None
        ben._pings.cancel()

        async def moves(first: int) -> int:
            way.rebind()
            before, answered, at = len(ada.of(voice)) - first, ben.checks_answered, link.address
            number = await pump(ben.send_audio, lambda: link.address != at, first=first)
            assert ben.checks_answered == answered + 1
            await ada.until(lambda: len(ada.of(voice)) == before + number)
            count = len(ben.of(ssrc))
            ada.send_video(number)
            await ben.until(lambda: len(ben.of(ssrc)) > count)
            return number

        for _ in range(3):
            number = await moves(number)
    assert stage.said(MediaLost) == []


async def test_a_reloaded_page_takes_its_seat_again(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    await watching(stage, ada, ben)
    again = await stage.join("ada")
    assert len(stage.said(MediaLost, peer="ada")) == 1, "what was connected is lost, lest nobody ever says so"
    again.send_video(1, keyframe=True)
    await stage.shows("ben", "ada", "video")
    ssrc = ben.slots[await stage.shows("ben", "ada", "video")]
    count = len(ben.of(ssrc))
    await pump(lambda n: again.send_video(n, keyframe=True), lambda: len(ben.of(ssrc)) > count, first=2)
    assert list(stage.sfu.heard(room="room")) == ["ben", "ada"]


async def test_a_lossy_way_loses_little_after_repair(stage: Stage) -> None:
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        ada, ben = await stage.join("ada"), await stage.join("ben", way=way.port)
        ssrc = await watching(stage, ada, ben)
        way.loss_down = 0.1
        got: set[int] = set()
        highest = ben.of(ssrc)[-1].sequence

        def arrived(packet: RtpPacket) -> None:
            nonlocal highest
            if packet.ssrc == ben.resends[ssrc]:
                got.add(int.from_bytes(packet.payload[:2], "big"))
            elif packet.ssrc == ssrc:
                got.add(packet.sequence)
                missing = [n for n in range(highest + 1, packet.sequence) if n not in got]
                highest = max(highest, packet.sequence)
                if missing:
                    ben.send_control(rtcp.write_nack(ssrc=1, media=ssrc, numbers=missing))

        ben.on_packet = arrived
        first = highest
        await pump(ada.send_video, lambda: highest > first + 200, first=3)
        await asyncio.sleep(0.1)
        lost = [n for n in range(first + 1, highest) if n not in got]
        assert len(lost) <= 8, f"lost {len(lost)} of {highest - first}"  # a tenth of a tenth, and some luck


# ---------------------------------------------------------------------------- strangers and limits


async def test_media_that_somebody_else_carries_here_does_not_take_media_away(stage: Stage) -> None:
    """Whoever holds packets of a peer back and sends them from elsewhere is asked, and cannot answer."""
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    link, port = stage.sfu._rooms["room"].peers["ben"].link, stage.sfu._port
    at = link.address
    ben.send_audio(1)
    voice = ada.slots[await stage.shows("ada", "ben", "audio")]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.bind(("127.0.0.1", 0))
        thief.setblocking(False)

        def carry(number: int) -> bytes:
            """Ben's next packet, by the thief, who saw it first."""
            ben.copies, ben.is_mute = [], True
            ben.send_audio(number)
            ben.is_mute = False
            (packet,) = ben.copies
            thief.sendto(packet, ("127.0.0.1", stage.sfu.port))
            return packet

        heard = len(ada.of(voice))
        packet = carry(2)
        await ada.until(lambda: len(ada.of(voice)) > heard)
        asked = await caught(thief)
        assert len(asked) == 1 and classify(asked[0]) is Kind.STUN, "it is asked, and gets nothing else"

        # It answers with what it has: nothing of the password, or Ben's own answer, which comes from where Ben is.
        check = stun.parse_message(asked[0])
        for answer in (asked[0], reply(check, ben.password + "?"), b""):
            thief.sendto(answer or packet, ("127.0.0.1", stage.sfu.port))
        refused = port.strays
        ben.raw(reply(check, ben.password))
        ben.raw(b"?")  # nobody's: whatever came before it is done with, then
        await until(lambda: port.strays > refused)
        assert link.address == at

        began = time.monotonic()
        number = await pump(lambda n: carry(n), lambda: time.monotonic() > began + 0.5, first=3)
        assert 1 <= len(await caught(thief)) <= 6, "however much it carries, it is asked ten times a second"
        count = len(ben.of(ssrc))
        await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 5, first=3)
        assert link.address == at and number > 20


async def test_a_member_takes_nobodys_place_by_media_sent_in_their_name(stage: Stage) -> None:
    ada, ben, mallory = [await stage.join(name) for name in ("ada", "ben", "mallory")]
    ssrc = await watching(stage, ada, ben)
    peers = stage.sfu._rooms["room"].peers
    places = {name: peers[name].link.address for name in peers}
    mallory.send_audio(1)
    mallory.copies, mallory.is_mute = [], True
    mallory.send_audio(2)
    ada.raw(mallory.copies[0])
    await until(lambda: peers["ada"].link.failures == 1)
    mallory.is_mute = False
    count = len(ben.of(ssrc))
    await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 5, first=3)
    assert {name: peers[name].link.address for name in peers} == places


def reply(check: stun.Message, password: str) -> bytes:
    """The answer to a check, by somebody with this password."""
    answer = stun.Message(
        message_method=stun.Method.BINDING,
        message_class=stun.Class.RESPONSE,
        transaction_id=check.transaction_id,
    )
    answer.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 9)
    answer.add_message_integrity(password.encode())
    return bytes(answer)


async def caught(thief: socket.socket) -> list[bytes]:
    """What came to somebody since the last time."""
    await asyncio.sleep(0.05)
    found = []
    while True:
        try:
            found.append(thief.recvfrom(2_000)[0])
        except BlockingIOError:
            return found


async def test_a_copied_check_from_elsewhere_does_not_take_the_media_away(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    ben.copies = []
    ben._check()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
        thief.setblocking(False)
        thief.sendto(ben.copies[0], ("127.0.0.1", stage.sfu.port))
        await until(lambda: stage.sfu._port.addresses == 3)
        count = len(ben.of(ssrc))
        await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 20, first=3)
        assert all(classify(data) is Kind.STUN for data in await caught(thief))


async def test_a_check_that_is_copied_from_everywhere_makes_few_addresses_known(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    ben.copies = []
    ben._check()
    link = stage.sfu._rooms["room"].peers["ben"].link
    at = link.address
    thieves = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3 * ADDRESSES_MAX)]
    try:
        for thief in thieves:
            thief.sendto(ben.copies[0], ("127.0.0.1", stage.sfu.port))
        await until(lambda: stage.sfu._port.addresses >= 1 + ADDRESSES_MAX)
        count = len(ben.of(ssrc))
        await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 20, first=3)
    finally:
        for thief in thieves:
            thief.close()
    assert stage.sfu._port.addresses == 1 + ADDRESSES_MAX
    assert link.address == at, "media stays with whoever answers checks of ours"
    assert len(link._checks) <= OWN_CHECKS_MAX
    assert len(link._nominated) <= ADDRESSES_MAX


async def test_nobody_can_take_the_place_where_somebody_else_is(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member can send a check of their own from where another one is, if only their network lets them pretend it."""
    ada, ben, mallory = [await stage.join(name) for name in ("ada", "ben", "mallory")]
    ssrc = await watching(stage, ada, ben)
    mallory.copies = []
    mallory._check()
    holder, port = stage.sfu._rooms["room"].peers["ada"].link, stage.sfu._port
    refused = port.strays
    ada.raw(mallory.copies[0])
    await until(lambda: port.strays > refused)
    assert port._by_address[holder.address] is holder
    count = len(ben.of(ssrc))
    await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 5, first=3)

    monkeypatch.setattr("server.sfu.transport.HELD_US", 0)  # as if she had not been heard for a while
    at = holder.address
    ada.raw(mallory.copies[0])
    await until(lambda: port._by_address[at] is not holder)


async def test_restarts_without_end_leave_two_names_of_a_peer(stage: Stage) -> None:
    ada = await stage.join("ada")
    for _ in range(20):
        ada.restart_credentials()
        await stage.sfu.join(room="room", source="ada", peer="ada", offer=ada.offer())
    assert len(stage.sfu._port._by_ufrag) == 2, "the one she goes by, and the newest"


async def test_handshakes_that_nobody_reads_wait_in_a_queue_of_bounded_length(stage: Stage) -> None:
    link = (await joined(stage, "ada")).link
    for _ in range(3 * DTLS_WAITING_MAX):
        link._pipe.feed(b"\x16\xfe\xfd" + bytes(60))
    assert link._pipe._waiting.qsize() == DTLS_WAITING_MAX
    link._pipe.feed(None)
    assert link._pipe._waiting.qsize() == DTLS_WAITING_MAX, "that the link was closed finds its place"


async def joined(stage: Stage, source: str) -> Peer:
    """Somebody who only said to come."""
    await stage.sfu.join(room="room", source=source, peer=source, offer=SMALL)
    return stage.sfu._rooms["room"].peers[source]


async def test_a_certificate_that_was_not_announced_is_not_let_in(stage: Stage) -> None:
    ada = RawPeer()
    digest = next(f.value for f in ada._certificate.getFingerprints() if f.algorithm == "sha-256")
    answer = await stage.sfu.join(
        room="room", source="ada", peer="ada", offer=ada.offer().replace(digest, ":".join(["00"] * 32))
    )
    try:
        await ada.connect(answer)
    except (AssertionError, TimeoutError):
        pass
    await until(lambda: "ada" not in stage.sfu._rooms["room"].peers)
    assert stage.said(MediaConnected) == []
    await ada.close()


async def test_who_never_connects_is_forgotten(stage: Stage) -> None:
    await stage.sfu.join(room="room", source="ada", peer="ada", offer=SMALL)
    room = stage.sfu._rooms["room"]
    room.tick(monotonic_us() + UNCONNECTED_US_MAX - 1_000_000)
    assert list(room.peers) == ["ada"]
    room.tick(monotonic_us() + UNCONNECTED_US_MAX + 1_000_000)
    assert list(room.peers) == []
    assert stage.sfu._port.links == 0


async def test_a_stream_that_begins_anew_is_followed(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ada.send_audio(1)
    ssrc = ben.slots[await stage.shows("ben", "ada", "audio")]
    await ben.until(lambda: ben.of(ssrc))
    ada.audio_ssrc = 4_711
    await pump(lambda n: ada.send_audio(40_000 + n), lambda: b"opus400" in ben.of(ssrc)[-1].payload)
    numbers = [packet.sequence for packet in ben.of(ssrc)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_over_ipv6_it_is_the_same() -> None:
    async with Stage("::1") as stage:
        ada, ben = await stage.join("ada"), await stage.join("ben")
        await watching(stage, ada, ben)


@pytest.mark.parametrize("core", CORES)
async def test_people_with_ipv4_and_people_with_ipv6_see_each_other(core: CoreName) -> None:
    async with Stage("127.0.0.1", "::1", core=core) as stage:
        stage.host = "127.0.0.1"
        ada = await stage.join("ada")
        stage.host = "::1"
        ben = await stage.join("ben")
        assert [ada._server[0], ben._server[0]] == ["127.0.0.1", "::1"]
        await watching(stage, ada, ben)
        await watching(stage, ben, ada)
        # One who loses IPv6 goes on by IPv4, on the same connection.
        count = len(ben.packets)
        ben._server = ada._server
        await ben.move()
        await pump(ada.send_video, lambda: len(ben.packets) > count + 20, first=3)
        assert stage.sfu._rooms["room"].peers["ben"].link.address[0] == "127.0.0.1"


async def test_one_port_serves_ipv4_and_ipv6_at_once() -> None:
    sfu = Sfu(MediaSettings(hosts=("127.0.0.1", "::1"), public_addresses=("127.0.0.1", "::1")), clock=wall_clock)
    await sfu.start(lambda _: None)
    try:
        for host, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)):
            answer = await sfu.join(room="room", source=host, peer=host, offer=SMALL)
            assert f" 127.0.0.1 {sfu.port} typ host" in answer
            assert f" ::1 {sfu.port} typ host" in answer
            with socket.socket(family, socket.SOCK_DGRAM) as stranger, pytest.raises(OSError, match="in use"):
                stranger.bind((host, sfu.port))
    finally:
        await sfu.stop()


@pytest.mark.parametrize(("host", "loopback"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
async def test_without_public_addresses_browsers_are_told_this_machines_own(host: str, loopback: str) -> None:
    sfu = Sfu(MediaSettings(hosts=(host,)), clock=wall_clock)
    await sfu.start(lambda _: None)
    try:
        answer = await sfu.join(room="room", source="ada", peer="ada", offer=SMALL)
    finally:
        await sfu.stop()
    told = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) ", answer)
    assert loopback in told
    assert all((":" in address) == (":" in host) and not address.startswith("fe80") for address in told)


async def test_a_second_plane_cannot_take_the_same_port(stage: Stage) -> None:
    await stage.join("ada")  # with a way of her own over the shared port
    name = stage.sfu._port.core.name
    second = Sfu(MediaSettings(hosts=("127.0.0.1",), port=stage.sfu.port, core=name), clock=wall_clock)
    with pytest.raises(OSError, match="in use"):
        await second.start(lambda fact: None)
    await second.stop()


async def test_strangers_and_rubbish_get_no_answer_and_do_no_harm(stage: Stage) -> None:
    ada, ben = await stage.join("ada"), await stage.join("ben")
    ssrc = await watching(stage, ada, ben)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        stranger.bind(("127.0.0.1", 0))
        to = ("127.0.0.1", stage.sfu.port)
        strays = stage.sfu._port.strays
        stolen, count = ada.protect(ada.video(3)), len(ben.of(ssrc))
        ada.raw(stolen)
        await ben.until(lambda: len(ben.of(ssrc)) > count)
        sent = [
            b"",
            b"\x00" * 20,
            b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),  # a check that proves nothing
            b"\x16\xfe\xff" + os.urandom(100),  # a handshake from nowhere
            stolen,  # a true packet, copied
            os.urandom(1_200),
            b"\x80" + os.urandom(2_000),
            *(bytes([first]) + os.urandom(60) for first in range(256)),
        ]
        for data in sent:
            stranger.sendto(data, to)
        await pump(lambda n: None, lambda: stage.sfu._port.strays >= strays + len(sent) - 2)  # nothing, and the copy
        with pytest.raises(BlockingIOError):
            stranger.recvfrom(2_000)
    assert stage.sfu.counters()["strays"] == stage.sfu._port.strays
    ada.raw(b"\x16\xfe\xfd" + os.urandom(60))
    ada.raw(b"\x17\xfe\xfd" + os.urandom(60))
    for epoch in (0, 1):  # goodbyes and alarms that anybody can write
        for alert in (b"\x01\x00", b"\x02\x00", b"\x02\x28"):
            ada.raw(b"\x15\xfe\xfd" + epoch.to_bytes(2, "big") + os.urandom(6) + b"\x00\x02" + alert)
    ada.raw(b"\x16\xfe\xff" + bytes(8) + b"\x00\x0c" + b"\x01" + bytes(11))  # a handshake begun anew
    refused, (ours, password) = stage.sfu._port.strays, ada._remote
    for attribute in (0x000C, 0x0012, 0x0014, 0x0019):  # checks of hers with what is none of checks', and cut off
        attributes = [(0x8029, bytes(8)), (attribute, b"\xff")]
        ada.raw(stun_message(1, f"{ours}:{ada.ufrag}".encode(), attributes, password.encode(), []))
    await until(lambda: stage.sfu._port.strays >= refused + 2)
    ada.raw(os.urandom(40))
    ada.raw(b"\x80\x60" + os.urandom(60))
    ada.raw(b"\x80\xc8" + os.urandom(60))
    lying = rtp(ssrc=ada.video_ssrc, sequence=4, payload=b"\x90" * 20, padding=9)
    ada.raw(ada.protect(lying[:-1] + b"\xff"))
    ada.raw(ada.protect(rtp(ssrc=ada.video_ssrc, sequence=5, payload=b"\x90")))
    ada.send_control(b"\x80\xc8\x00\x01" + bytes(4))
    ada.send_control(b"\x9f\xcb\x00\x01" + bytes(40))
    peer = stage.sfu._rooms["room"].peers["ada"]
    await pump(lambda n: None, lambda: peer.malformed >= 4)
    assert peer.link.failures >= 2
    count = len(ben.of(ssrc))
    await pump(ada.send_video, lambda: len(ben.of(ssrc)) > count + 3, first=6)
    assert stage.said(MediaLost) == []


async def test_a_check_with_a_wrong_password_is_not_answered(stage: Stage) -> None:
    ada = RawPeer()
    answer = await stage.sfu.join(room="room", source="ada", peer="ada", offer=ada.offer())
    password = next(line for line in answer.split("\r\n") if line.startswith("a=ice-pwd"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):  # ten checks
            await ada.connect(answer.replace(password, "a=ice-pwd:" + "x" * 32))
    assert stage.sfu._port.addresses == 0
    await ada.close()


async def test_one_peer_cannot_make_streams_without_end(stage: Stage) -> None:
    ada = await stage.join("ada")
    for ssrc in range(1, 300):
        ada.raw(ada.protect(rtp(ssrc=ssrc, payload_type=96, extensions={4: b"1"})))
    await asyncio.sleep(0.2)
    peer = stage.sfu._rooms["room"].peers["ada"]
    assert peer.link.core.streams <= 64
    assert len(peer.uplink._streams) <= 16


async def test_limits_and_strangers_of_a_room_are_refused_in_words(stage: Stage) -> None:
    async def join(source: str, peer: str, offer: str = SMALL) -> str:
        try:
            await stage.sfu.join(room="full", source=source, peer=peer, offer=offer)
        except MediaRefused as refused:
            return refused.code
        return ""

    assert await join("ada", "m1") == ""
    assert await join("ben", "m1") == "media-peer-taken"
    assert await join("ben", "m2", "rubbish") == "sdp-malformed"
    for n in range(1, SOURCE_PEERS_MAX):
        assert await join("ada", f"more{n}") == ""
    assert await join("ada", "toomany") == "media-too-many-devices"
    for n in range(ROOM_PEERS_MAX - SOURCE_PEERS_MAX):
        assert await join(f"p{n}", f"q{n}") == ""
    assert await join("late", "late") == "media-room-full"
    stage.sfu.close_room(room="full")
    assert stage.sfu._port.links == 0


async def test_what_a_peer_takes_goes_with_it_and_waits_for_no_collector(stage: Stage) -> None:
    ben, ada = await stage.join("ben"), await stage.join("ada")
    await watching(stage, ada, ben)

    def parts() -> list[weakref.ref[Any]]:
        peer = stage.sfu._rooms["room"].peers["ada"]
        dtls = peer.link._dtls
        return [weakref.ref(part) for part in (dtls._ssl, dtls._rx_srtp, dtls, peer.link, peer.uplink, peer)]

    kept = parts()
    gc.disable()
    try:
        stage.sfu.leave(room="room", peer="ada")
        await until(lambda: not stage.sfu._port._closing)
        await until(lambda: all(part() is None for part in kept))
    finally:
        gc.enable()
    await ada.close()


async def test_fifty_comings_and_goings_leave_nothing_behind(stage: Stage) -> None:
    stayer = await stage.join("stayer")

    def weight() -> tuple[int, int, int, int, int]:
        """Of this process: what tests before this one left may still go meanwhile."""
        gc.collect()
        alive = [type(o).__name__ for o in gc.get_objects() if isinstance(o, Peer | Link)]
        files = len(list(Path("/proc/self/fd").iterdir()))
        port = stage.sfu._port
        return len(alive), port.links, port.addresses, files, len(asyncio.all_tasks())

    async def visit(goodbye: bool) -> None:
        guest = await stage.join("guest")
        guest.send_video(1, keyframe=True)
        await stage.shows("stayer", "guest", "video")
        if goodbye:
            await guest.close()
            stage.sfu.leave(room="room", peer="guest")
        else:
            stage.sfu.leave(room="room", peer="guest")
            await guest.close()
        stage.facts.clear()
        stage._raw.remove(guest)
        while stage.sfu._port._closing:
            await asyncio.wait(stage.sfu._port._closing)

    await visit(True)
    before = weight()
    for index in range(25):
        await visit(index % 2 == 0)
    halfway = memory_in_use()
    for index in range(25, 50):
        await visit(index % 2 == 0)
    with contextlib.suppress(AssertionError):
        await until(lambda: all(now <= then for now, then in zip(weight(), before, strict=True)))
    after = weight()
    assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)
    assert memory_in_use() - halfway < 25 * LEFT_BYTES_MAX
    assert after[:3] == (2, 1, 1), "the stayer's peer and link, and their address"
    stayer.send_audio(1)
