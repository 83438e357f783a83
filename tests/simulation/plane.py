"""A whole room of the media plane in virtual time: its real core, rooms and reports; pretended browsers and networks.

Only ICE, DTLS and encryption are left out. Each browser sends a microphone and a camera in layers and watches its slots
as a decoder does; what it is shown is checked against what the senders really sent (`Screen`).
"""

from __future__ import annotations

import itertools
import random
import struct
from dataclasses import dataclass, field
from typing import Any, cast

from facilitation.timebase import Instant
from server.sfu.core import CoreName
from server.sfu.facts import LayersNeeded, MediaFact, SlotsChanged, Wish
from server.sfu.peer import Peer, PeerOwner
from server.sfu.router import Room
from server.sfu.rtp import rtcp
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.packet import RtpPacket
from server.sfu.rtp.sequence import Unwrapper
from server.sfu.rtp.twcc import Arrivals
from server.sfu.rtp.vp8 import Vp8
from server.sfu.sdp import read_offer
from server.sfu.transport import Certificate, Link, Port
from tests.media.rawpeer import AUDIO, LEVEL_ID, MID_ID, REPAIRED_ID, RESEND, RID_ID, TWCC_ID, VIDEO, RawPeer
from tests.simulation.link import Link as Way
from tests.simulation.link import Time, Weather
from tests.unit.sfu.bare import Bare, Open
from tests.unit.sfu.packets import rtp, vp8

RIDS = ("low", "mid", "full")
HEIGHTS = (135, 270, 540)
RATES_BPS = (100_000, 350_000, 1_000_000)
FRAME_US, SOUND_US, PACKET = 66_000, 20_000, 1_000
SIGNALLING_US = 40_000
PATTERN, SYNC = (0, 2, 1, 2, 0, 2, 1, 2), (1, 2)
"""Temporal layers of a camera's pictures from a keyframe on, and which places of them need the base alone."""
_TRUTH = struct.Struct("!4sHIHH6s")
"""Source, layer, frame, index and count of its packets, and how far back the frames are that it builds on."""


class _Link:
    """What a peer needs of a link, always open: datagrams go to the network of the simulation."""

    def __init__(self, bare: Bare, handler: Any, address: tuple[str, int], seat: Seat) -> None:
        self.core = bare.core.link(self)
        self.core.admit(address)
        self.core.direct(address)
        opened = Open()
        self.core.secure(opened, opened)
        self.address = address
        self.is_open, self.is_over = True, False
        self.fingerprints: tuple[tuple[str, str], ...] = ()
        self.remote = ("", "")
        self._handler, self._seat = handler, seat

    @property
    def heard_us(self) -> int | None:
        return self.core.heard_us or None

    def received_dtls(self, data: bytes) -> None: ...

    def missed(self) -> None:
        self._handler.missed()

    def heard_elsewhere(self, address: Any, now_us: int) -> None: ...

    def received_rtcp(self, plain: bytes, now_us: int) -> None:
        self._handler.received_rtcp(plain, now_us)

    def received_echo(self, echo: Echo, now_us: int) -> None:
        self._handler.received_echo(echo, now_us)

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        self._handler.received_unplaced(plain, now_us)

    def send_rtcp(self, plain: bytes) -> None:
        self.core.send_rtcp(plain)

    def check(self) -> None:
        self._seat.down.send(b"check")

    def close(self) -> None:
        self.core.close()


@dataclass
class Screen:
    """One slot as its viewer's decoder sees it, and all that may not happen in it."""

    ssrc: int
    numbers: Unwrapper = field(default_factory=lambda: Unwrapper(16))
    packets: dict[int, RtpPacket] = field(default_factory=dict)
    asked: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Missing number -> (times asked, when next)."""
    next: int | None = None
    """The first number that is not decoded or given up."""
    decoded: list[tuple[int, str, int, int]] = field(default_factory=list)
    """(when, source, layer, the sender's frame) of each picture."""
    shown: set[tuple[str, int, int]] = field(default_factory=set)
    picture: int | None = None
    timestamp: int | None = None
    asked_keyframe_us: int = -10_000_000
    began_us: int = 0
    """When the first packet came."""
    shown_to: int = 0
    """The number after the last picture that was shown."""

    def take(self, packet: RtpPacket, now_us: int) -> None:
        number = self.numbers.unwrap(packet.sequence)
        self.asked.pop(number, None)
        before = self.packets.get(number)
        if before is not None:
            assert before.payload == packet.payload, "one number, two packets"
            assert before.timestamp == packet.timestamp
            return
        if self.next is None:
            self.next, self.began_us = number, now_us
        if number < self.next:
            if self.picture is not None or number < self.next - 100:
                return
            self.next = number  # Nothing was shown yet: what was overtaken still counts.
        highest = self.numbers.highest or number
        for hole in range(max([self.next, *self.packets], default=number), number):
            if hole not in self.packets and hole >= self.next:
                self.asked.setdefault(hole, (0, now_us + 10_000))
        assert highest - self.next < 20_000, "numbers leap"
        self.packets[number] = packet
        self._decode(now_us)

    def _decode(self, now_us: int) -> None:
        """Show every picture that is whole and follows the last one, or is a keyframe."""
        assert self.next is not None
        while True:
            frame = self._whole(self.next)
            if frame is None:
                ahead = [n for n in self.packets if n > self.next and Vp8(self.packets[n].payload).starts_keyframe]
                whole = next((n for n in sorted(ahead) if self._whole(n) is not None), None)
                if whole is None:
                    return
                self.next = whole  # A keyframe needs nothing of what is missing before it.
                continue
            self._show(frame, now_us)

    def _whole(self, first: int) -> list[RtpPacket] | None:
        frame = []
        for number in range(first, first + 200):
            packet = self.packets.get(number)
            if packet is None:
                return None
            frame.append(packet)
            if packet.marker:
                return frame
        return None

    def _show(self, frame: list[RtpPacket], now_us: int) -> None:
        assert self.next is not None
        heads = [Vp8(packet.payload) for packet in frame]
        truths = [told(packet) for packet in frame]
        needs = _TRUTH.unpack(frame[0].payload[-_TRUTH.size :])[5]
        self.next += len(frame)
        for number in [n for n in self.packets if n < self.next - 100]:
            del self.packets[number]
        self.asked = {n: state for n, state in self.asked.items() if n >= self.next}
        source, layer, number, _, count = truths[0]
        if not heads[0].starts_frame:
            return  # What was left of a picture whose beginning was cut.
        assert [truth[:4] for truth in truths] == [(source, layer, number, i) for i in range(count)], (
            "packets of different pictures in one"
        )
        assert len({packet.timestamp for packet in frame}) == 1
        assert len({head.picture for head in heads}) == 1
        picture, timestamp = heads[0].picture, frame[0].timestamp
        assert picture is not None
        if self.picture is not None and self.timestamp is not None:
            step = (picture - self.picture) % (1 << 15)
            ticks = (timestamp - self.timestamp) % (1 << 32)
            assert 0 < step < 1 << 14, "picture numbers go back"
            assert 0 < ticks < 1 << 31, "time goes back"
            if not heads[0].starts_keyframe and step != 1:
                return  # Not decodable: a picture between is missing.
            last = self.decoded[-1] if self.decoded else None
            # Where a number is missing, another layer may have been shown between.
            if last is not None and last[1:3] == (source, layer) and step == 1:
                passed = number - last[3]
                assert abs(ticks - passed * FRAME_US * 90 // 1_000) <= passed, "the sender's pace is changed"
            if not heads[0].starts_keyframe:
                built_on = {(source, layer, number - back) for back in needs if back}
                assert built_on <= self.shown, "a picture builds on one that was left out without a trace"
        elif not heads[0].starts_keyframe:
            return  # The keyframe it began with was lost.
        self.picture, self.timestamp, self.shown_to = picture, timestamp, self.next
        self.shown.add((source, layer, number))
        self.decoded.append((now_us, source, layer, number))

    def rate(self, since_us: int, until_us: int) -> float:
        """Pictures a second."""
        return sum(since_us <= at < until_us for at, *_ in self.decoded) * 1_000_000 / (until_us - since_us)

    def longest_still_us(self, since_us: int, until_us: int) -> int:
        moments = [since_us, *(at for at, *_ in self.decoded if since_us <= at <= until_us), until_us]
        return max(later - earlier for earlier, later in itertools.pairwise(moments))


def told(packet: RtpPacket) -> tuple[str, int, int, int, int]:
    """Source, layer, frame, index and count of packets, as the sender wrote them at the end of the payload."""
    name, layer, frame, index, count, _ = _TRUTH.unpack(packet.payload[-_TRUTH.size :])
    return name.strip().decode(), layer, frame, index, count


class Seat:
    """One person with a browser and a network."""

    def __init__(self, hall: Hall, name: str, *, up: Weather, down: Weather, slots: int, layers: int) -> None:
        self.hall, self.name = hall, name
        self._dice = random.Random(f"{hall.seed}{name}")
        seed = self._dice.randrange(1 << 30)
        self.address = ("10.0.0.1", 10_000 + len(hall.seats))
        self.up = Way(hall.time, lambda data: hall.feed(data, self.address), weather=up, seed=seed, headers=28)
        self.down = Way(hall.time, self._arrives, weather=down, seed=seed + 1, headers=28)
        raw = RawPeer(audio_slots=slots, video_slots=slots, rids=RIDS[:layers])
        opus = f"a=rtpmap:{AUDIO} opus/48000/2\r\n"
        offer = raw.offer().replace(opus, f"{opus}a=rtcp-fb:{AUDIO} transport-cc\r\n")
        self.peer = _Peer(hall, name, self, offer)
        self.screens = {s.stream.ssrc: Screen(s.stream.ssrc) for s in self.peer.slots.values() if s.kind == "video"}
        self._resends = {s.stream.resend_ssrc: s.stream.ssrc for s in self.peer.slots.values() if s.stream.resend_ssrc}
        self.sounds: dict[int, set[int]] = {s.stream.ssrc: set() for s in self.peer.slots.values() if s.kind == "audio"}
        self.shown: dict[str, str] = {}
        self.layers = layers
        self.sends = layers
        """How many of them are watched."""
        self.is_sending = True
        self.level = 30
        """How loud, in −dBov."""
        self.is_quiet = False
        """Sends a packet of sound each 400 ms only, as browsers do in silence (DTX)."""
        self.heard: dict[tuple[str, int], int] = {}
        """When each packet of sound arrived first, by its sender and their count of 20 ms."""
        self.keyframes_sent = 0
        self.keyframes_asked = 0
        self.asked_us = 0
        """When a keyframe was asked for last."""
        self._ssrc = self._dice.randrange(1 << 20, 1 << 30)
        self._twcc = self._dice.randrange(1 << 16)
        self._sequences = [self._dice.randrange(1 << 16) for _ in range(8)]
        self._bases = [self._dice.randrange(1 << 32) for _ in range(4)]
        self._pictures = [self._dice.randrange(1 << 15) for _ in range(3)]
        self._frame = 0
        self._places = [0] * 3
        self._newest: list[dict[int, int]] = [{} for _ in range(3)]
        """Of each layer, the newest frame of each temporal layer."""
        self._tl0 = [self._dice.randrange(1 << 8) for _ in range(3)]
        self._wants_key = [True] * 3
        self._kept: dict[tuple[int, int], bytes] = {}
        self._arrivals = Arrivals()
        self._sound = 0
        time = hall.time
        time.later(self._dice.randrange(FRAME_US), lambda: time.every(FRAME_US, self._picture))
        time.later(self._dice.randrange(SOUND_US), lambda: time.every(SOUND_US, self._speak))
        time.every(100_000, self._feed_back)
        time.every(1_000_000, self._report)
        time.every(10_000, self._ask)

    # ------------------------------------------------------------------ what it sends

    def speak_up(self) -> int:
        """Begin to speak: the first packet is the next one, by its sender's count."""
        self.is_quiet, self.level = False, 20
        return self._sound + 1

    def _extensions(self, mid: bytes, rid: str = "", *, again: bool = False) -> dict[int, bytes]:
        self._twcc = (self._twcc + 1) & 0xFFFF
        found = {TWCC_ID: self._twcc.to_bytes(2, "big"), MID_ID: mid}
        if rid:
            found[REPAIRED_ID if again else RID_ID] = rid.encode()
        return found

    def _speak(self) -> None:
        if not self.is_sending:
            return
        self._sound += 1
        if self.is_quiet and self._sound % 20:
            return
        self.up.send(
            rtp(
                sequence=self._next_sequence(7),
                timestamp=(self._bases[3] + self._sound * 960) % (1 << 32),
                ssrc=self._ssrc + 50,
                payload_type=AUDIO,
                payload=b"\x78" + bytes(70) + _TRUTH.pack(self.name.ljust(4).encode(), 9, self._sound, 0, 1, b""),
                extensions={LEVEL_ID: bytes([self.level]), **self._extensions(b"0")},
            )
        )

    def _next_sequence(self, stream: int) -> int:
        self._sequences[stream] = (self._sequences[stream] + 1) & 0xFFFF
        return self._sequences[stream]

    def _picture(self) -> None:
        if not self.is_sending:
            return
        self._frame += 1
        for layer in range(self.sends):
            key = self._wants_key[layer]
            self._wants_key[layer] = False
            self.keyframes_sent += key
            size = RATES_BPS[layer] * FRAME_US // 8_000_000 * (3 if key else 1)
            count = max(1, -(-size // PACKET))
            self._pictures[layer] = (self._pictures[layer] + 1) % (1 << 15)
            temporal, is_sync, needs = self._builds_on(layer, key)
            for index in range(count):
                body = bytes(max(0, size // count - 36)) + _TRUTH.pack(
                    self.name.ljust(4).encode(), layer, self._frame, index, count, needs
                )
                sequence = self._next_sequence(layer)
                self._kept.pop((layer, (sequence - 500) & 0xFFFF), None)
                packet = rtp(
                    sequence=sequence,
                    timestamp=(self._bases[layer] + self._frame * FRAME_US * 90 // 1_000) % (1 << 32),
                    ssrc=self._ssrc + layer,
                    payload_type=VIDEO,
                    marker=index == count - 1,
                    payload=vp8(
                        picture=self._pictures[layer],
                        tl0=self._tl0[layer],
                        temporal=temporal,
                        sync=is_sync,
                        start=index == 0,
                        keyframe=key and index == 0,
                        height=HEIGHTS[layer],
                        body=body,
                    ),
                    extensions=self._extensions(b"1", RIDS[layer] if self.layers > 1 else ""),
                )
                self._kept[layer, sequence] = packet
                # A browser's pacer spreads a picture over some milliseconds.
                self.hall.time.later(index * 2_000, lambda packet=packet: self.up.send(packet))

    def _builds_on(self, layer: int, key: bool) -> tuple[int, bool, bytes]:
        """The next picture's temporal layer, whether it needs the base alone, and how far back is what it builds on."""
        place = self._places[layer] = 0 if key else (self._places[layer] + 1) % len(PATTERN)
        temporal, is_sync, newest = PATTERN[place], place in SYNC, self._newest[layer]
        below = [] if key else [0] if is_sync else range(temporal + 1)
        needs = bytes(self._frame - newest[each] for each in below if each in newest)
        if key:
            newest.clear()
        newest[temporal] = self._frame
        self._tl0[layer] = (self._tl0[layer] + (temporal == 0)) & 0xFF
        return temporal, is_sync, needs

    def _report(self) -> None:
        now_us = self.hall.time.now_us
        ntp = (now_us // 1_000_000) << 32 | (now_us % 1_000_000 << 32) // 1_000_000
        for layer in range(self.sends if self.is_sending else 0):
            timestamp = (self._bases[layer] + self._frame * FRAME_US * 90 // 1_000) % (1 << 32)
            self.up.send(
                rtcp.write_sender_report(
                    rtcp.SenderReport(ssrc=self._ssrc + layer, ntp=ntp, timestamp=timestamp, packets=1, octets=1)
                )
            )
        if not self.is_sending:
            self.up.send(rtcp.write_receiver_report(ssrc=1, blocks=[]))

    def need(self, layers: int) -> None:
        """The server's word on how many layers are watched arrives, one way of signalling later."""
        if layers > self.sends:
            self._wants_key = [True] * 3
        self.sends = layers

    # ------------------------------------------------------------------ what it receives

    def _arrives(self, data: bytes) -> None:
        now_us = self.hall.time.now_us
        if data == b"check":
            self.up.send(rtcp.write_receiver_report(ssrc=1, blocks=[]))
            return
        if 192 <= data[1] <= 223:
            for report in rtcp.read(data):
                self._asked(report)
            return
        packet = RtpPacket(data)
        number = packet.extensions().get(TWCC_ID)
        assert number is not None, "a packet without its transport-wide number"
        self._arrivals.arrived(int.from_bytes(number, "big"), now_us)
        if packet.ssrc in self.sounds:
            self.sounds[packet.ssrc].add(packet.sequence)
            source, _, moment, _, _ = told(packet)
            self.heard.setdefault((source, moment), now_us)
            return
        if packet.ssrc in self._resends:
            assert packet.payload_type == RESEND
            screen = self.screens[self._resends[packet.ssrc]]
            packet.sequence = int.from_bytes(packet.payload[:2], "big")
            packet.payload = packet.payload[2:]
        else:
            screen = self.screens[packet.ssrc]
        screen.take(packet, now_us)

    def _asked(self, report: rtcp.Report) -> None:
        match report:
            case rtcp.KeyframeRequest(media=media):
                self.keyframes_asked += 1
                self.asked_us = self.hall.time.now_us
                # Chromium gives one on every layer at once.
                if self._ssrc <= media < self._ssrc + 3:
                    self._wants_key = [True] * 3
            case rtcp.Nack(media=media, numbers=numbers):
                layer = media - self._ssrc
                for number in numbers:
                    kept = self._kept.get((layer, number))
                    if kept is None:
                        continue
                    packet = RtpPacket(kept)
                    self.up.send(
                        rtp(
                            sequence=self._next_sequence(3 + layer),
                            timestamp=packet.timestamp,
                            ssrc=self._ssrc + 100 + layer,
                            payload_type=RESEND,
                            marker=packet.marker,
                            payload=number.to_bytes(2, "big") + packet.payload,
                            extensions=self._extensions(b"1", RIDS[layer] if self.layers > 1 else "", again=True),
                        )
                    )
            case _:
                pass

    def _ask(self) -> None:
        now_us = self.hall.time.now_us
        for ssrc, screen in self.screens.items():
            due = [number for number, (_, when) in screen.asked.items() if when <= now_us]
            for number in due:
                tries, _ = screen.asked[number]
                screen.asked[number] = (tries + 1, now_us + 100_000)
                if tries >= 10:
                    del screen.asked[number]
            if due:
                self.up.send(rtcp.write_nack(ssrc=1, media=ssrc, numbers=[number & 0xFFFF for number in due[:100]]))
            seen_us = screen.decoded[-1][0] if screen.decoded else 0
            wait_us = 300_000 if screen.decoded else 200_000  # As Chromium waits for its first one.
            if (
                screen.packets
                and now_us - max(seen_us, screen.asked_keyframe_us, screen.began_us) > wait_us
                and max(screen.packets) >= screen.shown_to
            ):
                screen.asked_keyframe_us = now_us
                self.up.send(rtcp.write_keyframe_request(ssrc=1, media=ssrc))

    def _feed_back(self) -> None:
        data = self._arrivals.feedback(ssrc=1, media=2)
        if data is not None:
            self.up.send(data)

    # ------------------------------------------------------------------ what is seen of it

    def screen(self, source: str) -> Screen | None:
        """The slot that shows this source now."""
        for mid, shown in self.shown.items():
            if shown == source:
                return self.screens[self.peer.slots[mid].stream.ssrc]
        return None

    def wish(self, height: int, mode: str = "normal") -> None:
        heights = {name: height for name in self.hall.seats if name != self.name}
        self.hall.room.set_wish(self.name, Wish(heights=heights, mode=mode))
        self.hall.carry()


class _Peer(Peer):
    def __init__(self, hall: Hall, name: str, seat: Seat, offer: str) -> None:
        self._hall, self._seat = hall, seat
        super().__init__(
            name=name,
            source=name,
            owner=cast(PeerOwner, hall.room),
            port=cast(Port, hall),
            certificate=cast(Certificate, None),
            offer=read_offer(offer),
        )

    def _new_link(self, offer: Any) -> Link:
        return cast(Link, _Link(self._hall.bare, self, self._seat.address, self._seat))


class Hall:
    """The room, its core and everybody in it."""

    def __init__(self, core: CoreName, *, seed: int) -> None:
        self.seed = seed
        self.time = Time()
        self.bare = Bare(core, is_open=True)
        self.seats: dict[str, Seat] = {}
        self.room = Room("room", say=self._say, instant=lambda at_us: Instant(at_us // 1_000))
        self.time.every(20_000, self._tick)

    def now_us(self) -> int:
        return self.time.now_us

    def join(
        self, name: str, *, up: Weather | None = None, down: Weather | None = None, slots: int = 4, layers: int = 3
    ) -> Seat:
        seat = Seat(self, name, up=up or Weather(), down=down or Weather(), slots=slots, layers=layers)
        self.seats[name] = seat
        self.room.add(seat.peer)
        self.room.gate(name, microphone=True, camera=True)
        seat.peer.opened()
        self.carry()
        return seat

    def leave(self, name: str) -> None:
        self.seats[name].is_sending = False
        self.room.remove(name)
        self.carry()

    def run(self, seconds: float) -> None:
        self.time.run(seconds)

    def feed(self, data: bytes, address: tuple[str, int]) -> None:
        self.bare.core.feed(data, address, self.time.now_us)
        self.carry()

    def carry(self) -> None:
        """Put on its way what the core sent."""
        for data, address in self.bare.core.caught():
            for seat in self.seats.values():
                if seat.address[1] == address[1]:
                    seat.down.send(data)

    def _tick(self) -> None:
        self.bare.now_us = self.time.now_us
        self.room.tick(self.time.now_us)
        self.carry()

    def _say(self, fact: MediaFact) -> None:
        if isinstance(fact, SlotsChanged) and fact.peer in self.seats:
            self.seats[fact.peer].shown = dict(fact.video)
        elif isinstance(fact, LayersNeeded) and fact.peer in self.seats:
            seat = self.seats[fact.peer]
            self.time.later(SIGNALLING_US, lambda: seat.need(fact.video))
