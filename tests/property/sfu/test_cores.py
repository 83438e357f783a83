"""The native core and Python's do the same, whatever comes: same packets out, same figures, same words to the room."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.core import CONTROL_MAX, CoreName, LayerCore, SlotCore
from server.sfu.rtp import rtcp
from server.sfu.rtp.packet import RtpPacket
from server.sfu.rtp.twcc import Arrivals
from tests.unit.sfu.bare import CORES, DEPARTURE_ID, LEVEL_ID, Bare
from tests.unit.sfu.packets import rtp, stun_message, vp8

pytestmark = list(CORES[0].marks)  # without a native core there is nothing to compare

ARRIVAL_ID = 3
LAYERS = {10: 0, 20: 1, 30: 2}
"""SSRC -> index of the layer: two of a camera, one microphone."""
RESENDING = 11
ANSWER = stun_message(0x0101, b"", [], b"guessed", [])
"""Of nobody who knows a password: whoever reads it finds out."""


@contextmanager
def no_chance(first_sequence: int, first_timestamp: int) -> Iterator[None]:
    with (
        mock.patch("secrets.randbelow", return_value=first_sequence),
        mock.patch("secrets.randbits", return_value=first_timestamp),
    ):
        yield


class World:
    """One sender of a camera in two layers and a microphone, two viewers, and everything that can be asked of them."""

    def __init__(self, name: CoreName) -> None:
        self.bare = Bare(name, is_open=True)
        self.sender = self.bare.link()
        self.sender.core.number_arrivals(ARRIVAL_ID, ssrc=7)
        camera = self.sender.core.track(kind="video", payload_type=96, resend_type=97, level_extension=0)
        microphone = self.sender.core.track(kind="audio", payload_type=111, resend_type=None, level_extension=LEVEL_ID)
        self.tracks = [camera, microphone]
        self.layers: list[LayerCore] = [camera.layer(0), camera.layer(1), microphone.layer(2)]
        for ssrc, index in LAYERS.items():
            self.layers[index].bind(ssrc)
        self.layers[0].bind_resend(RESENDING)
        self.viewers = [self.bare.link(), self.bare.link()]
        self.viewers[1].core.number_departures(DEPARTURE_ID)
        self.slots: list[SlotCore] = [viewer.slot(kind) for viewer in self.viewers for kind in ("video", "audio")]
        self.latest = [0] * len(self.slots)
        """The last number each slot sent."""
        self.arrived = Arrivals()
        """What came to the second viewer."""
        self.now_us = 5_000_000

    def do(self, step: tuple[Any, ...]) -> Any:
        match step:
            case ("wait", passed_us):
                self.now_us += passed_us
            case ("packet", fields):
                self.sender.send(rtp(**fields), self.now_us)
            case ("elsewhere", port, fields):
                self.bare.feed(self.sender.far_tx.protect(rtp(**fields)), ("198.51.100.9", port), self.now_us)
            case ("expect", port, answered):
                self.sender.core.expect(("198.51.100.9", port))
                self.bare.feed(ANSWER, ("198.51.100.9", answered), self.now_us)
            case ("admit", port):
                self.sender.core.admit(("198.51.100.9", port))
            case ("expel", port):
                self.sender.core.expel(("198.51.100.9", port))
            case ("bytes", data):
                self.sender.send(b"\x80\x60" + data[:2] + bytes(4) + bytes([0, 0, 0, 10]) + data[2:], self.now_us)
            case ("odd", first, data):
                self.sender.send(bytes([first, 0x60, 0, 9]) + bytes(7) + b"\x0a" + data, self.now_us)
            case ("raw", data):
                self.bare.feed(data, self.sender.address, self.now_us)
            case ("control", data):
                self.sender.bare.feed(self.sender.far_tx.protect_rtcp(data), self.sender.address, self.now_us)
            case ("tell", data):
                self.viewers[1].bare.feed(data, self.viewers[1].address, self.now_us)
            case ("echo",):
                told = self.arrived.feedback(ssrc=7, media=1_000)
                if told is not None:
                    self.viewers[1].bare.feed(told, self.viewers[1].address, self.now_us)
            case ("pool", wait_us, more_us):
                told = self.viewers[1].echoes
                self.viewers[1].core.pool(wait_us, told[-1].delay_us + more_us if told else more_us)
            case ("aim", slot, layer, cut, shift):
                wrong = layer is not None and (layer == 2) != (slot % 2 == 1)
                target = None if layer is None or wrong else self.layers[layer]
                self.slots[slot].aim(target, cut=cut, clock_shift=shift)
            case ("pace", slot, temporal):
                self.slots[slot].pace(temporal)
            case ("route", track, who):
                self.tracks[track].route([self.slots[2 * viewer + track] for viewer in who])
            case ("shut", track):
                self.tracks[track].shut()
            case ("unroute", track):
                self.tracks[track].unroute()
            case ("lost onward", track, share):
                self.tracks[track].lost_onward(share)
            case ("place", track):
                handed, self.sender.handed = self.sender.handed, []
                self.tracks[track].route([self.slots[track]])
                for plain in handed:
                    self.sender.core.place(plain, self.now_us)
            case ("resend", slot, back, round_trip_us):
                lost = [(self.latest[slot] - number) & 0xFFFF for number in back]
                self.slots[slot].resend(lost, round_trip_us, self.now_us)
            case ("probe", slot, octets):
                return self.slots[slot].probe(octets, self.now_us)
            case ("forget", slot):
                self.slots[slot].forget()
            case ("anew", ssrc):
                track = self.tracks[0]
                index = LAYERS.get(ssrc, 0)
                if index == 2:
                    return None
                layer = track.layer(index)
                self.layers[index].end()
                self.layers[index] = layer
                layer.bind(ssrc + 100)
            case ("silence", viewer):
                self.viewers[viewer].core.direct(None)
            case ("report",):
                self.sender.core.report(7, self.now_us)
                self.viewers[1].core.report(8, self.now_us)
            case ("direct", viewer):
                self.viewers[viewer].core.direct(self.viewers[viewer].address)
            case _:
                raise AssertionError(step)
        return None

    def seen(self) -> dict[str, Any]:
        """All that anybody can see of the core now."""
        self.bare.collect()
        reports = [sent for sent in self.bare.sent if sent[1] == self.sender.address or 192 <= sent[0][1] <= 223]
        self.bare.sent = [sent for sent in self.bare.sent if sent not in reports]
        out = [viewer.received() for viewer in self.viewers]
        for packet in out[1]:
            self.arrives(packet)
        for viewer, packets in enumerate(out):
            for packet in packets:
                if packet.payload_type != 97:
                    self.latest[2 * viewer + (packet.ssrc == 2_000)] = packet.sequence
        return {
            "out": [[packet.data for packet in packets] for packets in out],
            "reports": reports,
            "handed": list(self.sender.handed),
            "elsewhere": (list(self.sender.elsewhere), list(self.bare.stun), self.bare.core.untold),
            "control": [list(link.control) for link in (self.sender, self.viewers[1])],
            "dtls": list(self.sender.dtls),
            "layers": [(layer.figures(), layer.clock(), layer.due(self.now_us, 100_000)) for layer in self.layers],
            "slots": [
                (
                    *(slot.packets, slot.octets),
                    *(self.index(slot.flowing), self.index(slot.awaited)),
                )
                for slot in self.slots
            ],
            "link": (
                *(self.sender.core.heard_us, self.sender.core.failures, self.sender.core.malformed),
                *(self.sender.core.streams, self.bare.core.strays),
                *(self.sender.core.missing, self.sender.core.overflows, self.viewers[1].core.malformed),
            ),
            "told": [(link.core.told(), int(link.core.lost * 65_536)) for link in (self.sender, *self.viewers)],
            "levels": [track.levels() for track in self.tracks],
            "echoes": [list(viewer.echoes) for viewer in self.viewers],
            "lasts": [track.last_us for track in self.tracks],
        }

    def arrives(self, packet: RtpPacket) -> None:
        """A packet comes to the second viewer, sooner or later or never."""
        number = packet.extensions().get(DEPARTURE_ID)
        fate = packet.sequence * 7_919 % 101
        if number is not None and fate > 5:
            self.arrived.arrived(int.from_bytes(number, "big"), self.now_us + fate * 500)

    def index(self, layer: LayerCore | None) -> int | None:
        return self.layers.index(layer) if layer is not None else None


numbers = st.one_of(st.integers(0, 40), st.integers(0, 300), st.integers(65_500, 65_535), st.integers(0, 65_535))
payloads = st.one_of(
    st.builds(
        vp8,
        picture=st.none() | st.integers(0, 127),
        wide=st.booleans(),
        tl0=st.none() | st.integers(0, 255),
        temporal=st.none() | st.integers(0, 3),
        sync=st.booleans(),
        key_index=st.none() | st.integers(0, 31),
        start=st.sampled_from([True, True, True, False]),
        keyframe=st.booleans(),
        height=st.integers(0, 2_000),
        body=st.binary(max_size=30),
    ),
    st.binary(max_size=12),
)
packets = st.fixed_dictionaries(
    {
        "ssrc": st.sampled_from([10, 10, 10, 20, 20, 30, 30, RESENDING, 110, 120, 99]),
        "sequence": numbers,
        "timestamp": st.one_of(st.integers(0, 100_000), st.integers(0, 2**32 - 1)),
        "payload": payloads,
        "marker": st.booleans(),
        "payload_type": st.sampled_from([96, 96, 96, 97, 111, 111, 5]),
        "extensions": st.dictionaries(st.integers(1, 14), st.binary(min_size=1, max_size=4), max_size=4)
        | st.fixed_dictionaries(
            {LEVEL_ID: st.binary(min_size=1, max_size=1), ARRIVAL_ID: st.binary(min_size=2, max_size=2)}
        ),
        "padding": st.sampled_from([0, 0, 0, 0, 1, 40]),
    }
)
feedbacks = st.builds(
    lambda first, count, base, chunks, deltas, padding, length: (
        struct.pack("!BBHIIHHI", 0x8F | padding, 205, length, 7, 1_000, first, count, base)
        + struct.pack(f"!{len(chunks)}H", *chunks)
        + deltas
    ),
    st.one_of(st.integers(0, 40), st.integers(65_500, 65_535)),
    st.one_of(st.integers(0, 30), st.integers(0, 65_535)),
    st.one_of(st.integers(0, 255), st.integers(0, 2**32 - 1)),
    st.lists(st.one_of(st.integers(0x2000, 0x2030), st.integers(0x4000, 0x4010), st.integers(0, 65_535)), max_size=6),
    st.binary(max_size=24),
    st.sampled_from([0, 0, 0, 0x20]),
    st.integers(4, 14),
)
"""Transport-wide feedback that may be what it claims to be."""
blocks = st.builds(
    rtcp.ReportBlock,
    st.sampled_from([1_000, 2_000, 3]),
    *[st.integers(0, 255), st.integers(-9, 9), st.integers(0, 99), st.integers(0, 99)],
    st.sampled_from([0, 2_208_988_800 + 4 & 0xFFFF, 2_208_988_804 << 16 & 0xFFFFFFFF, 0xFFFFFFFF]),
    st.integers(0, 90_000),
)
reports = st.one_of(
    st.builds(lambda found: rtcp.write_receiver_report(ssrc=1, blocks=found), st.lists(blocks, max_size=3)),
    st.builds(
        lambda ssrc, ntp, timestamp, found: rtcp.write_sender_report(
            rtcp.SenderReport(ssrc=ssrc, ntp=ntp, timestamp=timestamp, packets=1, octets=2, blocks=tuple(found))
        ),
        st.sampled_from([10, 11, 20, 30, 99]),
        st.integers(0, 2**64 - 1),
        st.integers(0, 2**32 - 1),
        st.lists(blocks, max_size=2),
    ),
).flatmap(lambda whole: st.just(whole) | st.integers(1, len(whole) - 1).map(lambda size: whole[: size // 4 * 4 or 4]))
"""Reports, and pieces of reports."""
compounds = st.lists(
    st.one_of(
        feedbacks.map(lambda data: data[:2] + struct.pack("!H", max(0, len(data) // 4 - 1)) + data[4:]),
        feedbacks,
        reports,
        st.just(b"\x80\xc9\x00\x01\x00\x00\x00\x07"),
        st.just(b"\x81\xcd\x00\x03\x00\x00\x00\x07\x00\x00\x03\xe8\x00\x05\x00\x00"),
        st.binary(max_size=12),
    ),
    min_size=1,
    max_size=4,
).map(lambda parts: b"\x80\xc9" + b"".join(parts)[2:] if b"".join(parts)[1:2] != b"\xcd" else b"".join(parts))
steps = st.one_of(
    *[st.tuples(st.just("packet"), packets)] * 6,
    st.tuples(st.just("wait"), st.sampled_from([0, 300, 20_000, 45_000, 600_000, 1_500_000])),
    st.tuples(
        st.just("aim"),
        st.integers(0, 3),
        st.none() | st.integers(0, 2),
        st.booleans(),
        st.none() | st.integers(-40_000, 40_000),
    ),
    st.tuples(st.just("pace"), st.integers(0, 3), st.integers(0, 3)),
    st.tuples(st.just("route"), st.integers(0, 1), st.sampled_from([(0,), (1,), (0, 1), ()])),
    st.tuples(st.just("shut"), st.integers(0, 1)),
    st.tuples(st.just("unroute"), st.integers(0, 1)),
    st.tuples(st.just("place"), st.integers(0, 1)),
    st.tuples(
        st.just("resend"),
        st.integers(0, 3),
        st.lists(st.integers(-3, 30), max_size=6),
        st.sampled_from([10_000, 200_000]),
    ),
    st.tuples(st.just("probe"), st.integers(0, 3), st.integers(0, 3_000)),
    st.tuples(st.just("forget"), st.integers(0, 3)),
    st.tuples(st.just("anew"), st.sampled_from([10, 20])),
    st.tuples(st.just("silence"), st.integers(0, 1)),
    st.tuples(st.just("direct"), st.integers(0, 1)),
    st.tuples(st.just("elsewhere"), st.integers(1, 3), packets),
    st.tuples(st.just("expect"), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("admit"), st.integers(1, 3)),
    st.tuples(st.just("expel"), st.integers(1, 3)),
    st.tuples(st.just("bytes"), st.binary(min_size=2, max_size=40)),
    st.tuples(st.just("odd"), st.integers(128, 191), st.binary(max_size=60)),
    st.tuples(st.just("raw"), st.binary(max_size=80)),
    *[st.tuples(st.just("tell"), compounds)] * 2,
    st.tuples(st.just("echo")),
    st.tuples(st.just("pool"), st.sampled_from([0, 50_000, 500_000]), st.integers(-30_000, 30_000)),
    st.tuples(st.just("lost onward"), st.integers(0, 1), st.integers(0, 255)),
    st.tuples(st.just("report")),
    st.tuples(st.just("control"), reports | st.just(b"\x80\xc9\x00\x01\x00\x00\x00\x07")),
    st.tuples(st.just("tell"), reports),
)


class Evening:
    """A likely course of things, by a seeded dice: frames that come in order, late, twice, resent or never, while
    viewers switch, lose and ask."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self._next = {ssrc: self._dice.choice([0, 1_000, 65_400]) for ssrc in LAYERS}
        self._stamp = {ssrc: self._dice.choice([0, 2**32 - 9_000, 77]) for ssrc in LAYERS}
        self._picture = {ssrc: self._dice.choice([0, 100, 32_700]) for ssrc in LAYERS}
        self._wide = {ssrc: self._dice.random() < 0.7 for ssrc in LAYERS}
        self._tl0 = {ssrc: self._dice.randrange(256) for ssrc in LAYERS}
        self._late: list[tuple[str, dict[str, Any]]] = []
        self._resent = 0
        self._arrival = 65_000

    def steps(self, count: int) -> Iterator[tuple[Any, ...]]:
        dice = self._dice
        for _ in range(count):
            yield ("wait", dice.choice([0, 250, 5_000, 20_000, 33_333, 33_333, 33_333]))
            for ssrc in LAYERS:
                for packet in self._frame(ssrc):
                    yield from self._through_the_air(packet)
            if dice.random() < 0.4:
                yield self._viewers_do()
            if dice.random() < 0.15:
                yield ("echo",)
            if dice.random() < 0.01:
                yield ("wait", dice.choice([400_000, 1_200_000, 2_500_000]))

    def _frame(self, ssrc: int) -> Iterator[dict[str, Any]]:
        dice = self._dice
        self._stamp[ssrc] += dice.choice([0, 960, 3_000, 3_000, 3_001, 90_000])
        self._picture[ssrc] += 1
        self._tl0[ssrc] += dice.random() < 0.7
        keyframe, parts = dice.random() < 0.15, dice.choice([1, 1, 2, 3])
        for part in range(parts):
            padding_only = dice.random() < 0.04
            self._next[ssrc] += 300 if dice.random() < 0.003 else 1
            self._arrival += 1
            is_sound = LAYERS[ssrc] == 2
            frame = vp8(
                picture=self._picture[ssrc] & (0x7FFF if self._wide[ssrc] else 0x7F),
                wide=self._wide[ssrc],
                tl0=self._tl0[ssrc] & 0xFF if ssrc == 10 else None,
                temporal=(0, 2, 1, 2)[self._picture[ssrc] % 4] if ssrc == 10 else None,
                sync=dice.random() < 0.3,
                key_index=self._tl0[ssrc] // 7 & 31 if ssrc == 10 else None,
                start=part == 0,
                keyframe=keyframe,
                height=90 * ssrc,
                body=dice.randbytes(dice.choice([3, 40, 900])),
            )
            yield {
                "ssrc": ssrc,
                "sequence": self._next[ssrc],
                "timestamp": self._stamp[ssrc],
                "payload": b"" if padding_only else dice.randbytes(30) if is_sound else frame,
                "padding": 20 if padding_only else dice.choice([0, 0, 3]),
                "marker": part == parts - 1 and not is_sound,
                "payload_type": 111 if is_sound else 96,
                "extensions": {LEVEL_ID: dice.randbytes(1), ARRIVAL_ID: (self._arrival & 0xFFFF).to_bytes(2, "big")},
            }

    def _through_the_air(self, packet: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        dice = self._dice
        fate = dice.random()
        if fate < 0.04:
            self._late.append(("resent", packet))
        elif fate < 0.08:
            self._late.append(("late", packet))
        elif fate > 0.02:
            yield ("packet", packet)
            if fate > 0.97:
                yield ("packet", packet)
        if self._late and dice.random() < 0.3:
            how, late = self._late.pop(dice.randrange(len(self._late)))
            if how == "resent" and late["ssrc"] == 10:
                self._resent += 1
                original = (late["sequence"] & 0xFFFF).to_bytes(2, "big")
                again = {"ssrc": RESENDING, "sequence": self._resent, "payload": original + late["payload"]}
                late = {**late, **again, "payload_type": 97}
            yield ("packet", late)

    def _viewers_do(self) -> tuple[Any, ...]:
        dice = self._dice
        slot = dice.randrange(4)
        shift = dice.choice([None, None, 0, 1_500, 22_000, 25_000, 40_000, -3_000])
        return dice.choices(
            [
                ("aim", slot, 2 if slot % 2 else dice.randrange(2), dice.random() < 0.2, shift),
                ("aim", slot, None, dice.random() < 0.5, None),
                ("pace", 2 * dice.randrange(2), dice.randrange(4)),
                ("route", dice.randrange(2), dice.choice([(0, 1), (0, 1), (0,), (1,), (1, 0)])),
                (
                    "resend",
                    2 * dice.randrange(2),
                    [dice.randrange(20) for _ in range(6)],
                    dice.choice([10_000, 90_000]),
                ),
                ("probe", slot, dice.choice([0, 500, 5_000])),
                ("shut", dice.randrange(2)),
                ("unroute", dice.randrange(2)),
                ("place", dice.randrange(2)),
                ("forget", slot),
                ("anew", 20),
                ("silence", 1),
                ("direct", 1),
                ("lost onward", dice.randrange(2), dice.choice([0, 15, 51])),
                ("report",),
                ("pool", dice.choice([0, 200_000, 500_000]), dice.choice([-20_000, 20_000, 60_000])),
            ],
            [30, 2, 20, 12, 30, 3, 1, 1, 2, 1, 0.3, 1, 4, 2, 6, 6],
        )[0]


def compare(script: Iterable[tuple[Any, ...]], *, first: int = 300, stamp: int = 0) -> None:
    with no_chance(first, stamp):
        worlds = [World("python"), World("native")]
    # Everything flows to begin with; what the script does to it is its own affair.
    aims = [("aim", slot, (0, 2)[slot % 2], True, None) for slot in range(4)]
    try:
        for step in [("route", 0, (0, 1)), ("route", 1, (0, 1)), *aims, *script]:
            answers = [world.do(step) for world in worlds]
            assert answers[0] == answers[1], step
            seen = [world.seen() for world in worlds]
            for what, there in seen[0].items():
                assert there == seen[1][what], (what, step)
    finally:
        for world in worlds:
            world.bare.close()


@settings(max_examples=100, deadline=None)
@given(script=st.lists(steps, max_size=60))
def test_both_cores_do_the_same_with_rubbish(script: list[tuple[Any, ...]]) -> None:
    compare(script)


@pytest.mark.parametrize("seed", range(20))
def test_both_cores_do_the_same_of_an_evening(seed: int) -> None:
    first, stamp = [2, 300, 32_760][seed % 3], [0, 2**32 - 5_000][seed % 2]
    compare(Evening(seed).steps(250), first=first, stamp=stamp)


def test_both_cores_read_as_many_reports_in_a_second_and_no_more() -> None:
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x07"
    compare([*[("tell", report)] * (CONTROL_MAX + 3), ("wait", 1_000_000), ("tell", report)])
