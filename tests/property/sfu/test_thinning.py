"""Pictures left out by temporal layer, against a model that knows what each picture builds on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.rewrite import ALL_TEMPORAL, Rewriter
from server.sfu.rtp.vp8 import Vp8
from tests.unit.sfu.packets import vp8

FIRST = 5_000
PATTERN = (0, 2, 1, 2, 0, 2, 1, 2)
SYNC = (False, True, True, False, False, False, False, False)
"""As encoders do it: once in eight pictures each layer begins anew from the base."""


@dataclass(frozen=True)
class Packet:
    number: int
    picture: int
    temporal: int
    sync: bool
    keyframe: bool
    """Of the picture that it belongs to."""
    index: int
    count: int
    needs: frozenset[int]
    """Pictures that this one is made of."""
    tl0: int

    @property
    def payload(self) -> bytes:
        return vp8(
            picture=self.picture % 2**15,
            tl0=self.tl0 % 256,
            temporal=self.temporal,
            sync=self.sync,
            start=self.index == 0,
            keyframe=self.keyframe and self.index == 0,
        )


@st.composite
def streams(draw: st.DrawFn, *, pictures: int = 40) -> list[Packet]:
    number, picture = draw(st.integers(1 << 16, 1 << 18)), draw(st.integers(2**15 - 30, 2**15))
    packets: list[Packet] = []
    place, tl0 = 0, draw(st.integers(0, 255))
    newest: dict[int, int] = {}
    for index in range(draw(st.integers(1, pictures))):
        keyframe = index == 0 or draw(st.integers(0, 30)) == 0
        place = 0 if keyframe else (place + 1) % len(PATTERN)
        temporal, sync = PATTERN[place], SYNC[place]
        tl0 += temporal == 0
        needed = [] if keyframe else [0] if sync else range(temporal + 1)
        needs = frozenset(newest[layer] for layer in needed if layer in newest)
        if keyframe:
            newest.clear()
        newest[temporal] = picture
        count = draw(st.integers(1, 3))
        for part in range(count):
            packets.append(Packet(number, picture, temporal, sync and not keyframe, keyframe, part, count, needs, tl0))
            number += 1
        picture += 1
    return packets


def sent(rewriter: Rewriter, packet: Packet) -> tuple[int, int] | None:
    """(sequence number, picture number) under which it goes out."""
    payload = packet.payload
    last = packet.index == packet.count - 1
    out = rewriter.push("a", packet.number, packet.picture * 3_000, last, payload, Vp8(payload), packet.number * 1_000)
    if out is None:
        return None
    read = Vp8(out.prefix + out.payload[out.skip :])
    assert (read.temporal, read.is_sync) == (packet.temporal, packet.sync)
    assert read.picture is not None
    return out.sequence, read.picture


def slot() -> Rewriter:
    rewriter = Rewriter(rate=90_000, keyframes=True, first_sequence=FIRST, first_timestamp=77)
    rewriter.aim("a", cut=True)
    return rewriter


@settings(max_examples=150, deadline=None)
@given(streams(), st.dictionaries(st.integers(0, 119), st.integers(0, ALL_TEMPORAL), max_size=6))
def test_on_a_good_way_what_is_left_out_leaves_no_trace_and_nothing_builds_on_it(
    packets: list[Packet], paces: dict[int, int]
) -> None:
    rewriter = slot()
    pace, calm = ALL_TEMPORAL, 0
    shown: dict[int, int] = {}
    numbers: list[int] = []
    for index, packet in enumerate(packets):
        if index in paces:
            pace, calm = paces[index], 0
            rewriter.pace(pace)
        calm += packet.index == 0
        out = sent(rewriter, packet)
        if packet.index > 0:
            assert (out is not None) == (packet.picture in shown), "a picture is sent whole or not at all"
        elif out is not None:
            assert packet.temporal <= pace
            assert packet.needs <= shown.keys(), "it builds on a picture that was left out"
        elif calm > 2 * len(PATTERN):
            assert packet.temporal > pace, "it is left out for no reason"
        if out is None:
            continue
        sequence, picture = out
        numbers.append(sequence)
        assert shown.setdefault(packet.picture, picture) == picture
    assert numbers == list(range(FIRST, FIRST + len(numbers)))
    pictures = list(shown.values())
    assert pictures == [(pictures[0] + index) % 2**15 for index in range(len(pictures))]


@settings(max_examples=200, deadline=None)
@given(st.data(), streams())
def test_on_a_bad_way_no_number_is_used_twice_none_goes_back_and_what_is_needed_leaves_a_trace(
    data: st.DataObject, packets: list[Packet]
) -> None:
    rewriter = slot()
    paces = [ALL_TEMPORAL]
    numbers: dict[int, int] = {}
    pictures: dict[int, int] = {}
    needed: set[int] = set()
    queue = list(packets)
    while queue:
        what = data.draw(st.sampled_from(["send"] * 8 + ["lose", "late", "pace"]))
        if what == "pace":
            paces.append(data.draw(st.integers(0, ALL_TEMPORAL)))
            rewriter.pace(paces[-1])
            continue
        place = min(len(queue) - 1, data.draw(st.integers(1, 12))) if what == "late" else 0
        packet = queue.pop(place)
        out = sent(rewriter, packet) if what != "lose" else None
        if out is None:
            continue
        sequence, picture = out
        assert packet.number not in numbers
        assert packet.temporal <= max(paces)
        numbers[packet.number] = sequence
        needed |= packet.needs
        assert pictures.setdefault(packet.picture, picture) == picture, "one picture under two numbers"
    for found, circle in ((numbers, 2**16), (pictures, 2**15)):
        ordered = [found[key] for key in sorted(found)]
        steps = [(later - earlier) % circle for earlier, later in itertools.pairwise(ordered)]
        assert all(0 < step < 500 for step in steps)
    for earlier, later in itertools.pairwise(sorted(pictures)):
        if needed.intersection(range(earlier + 1, later)):
            assert (pictures[later] - pictures[earlier]) % 2**15 > 1, "it builds on one left out without a trace"
