"""The rewriter against a model that knows everything: every packet ever, and every one that was padding."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.vp8 import Vp8
from tests.unit.sfu.packets import vp8

FIRST = 5_000


@dataclass(frozen=True)
class Sent:
    """A packet of a made-up sender: its number and what it is."""

    number: int
    timestamp: int
    picture: int
    keyframe: bool
    start: bool
    marker: bool
    padding: bool


@st.composite
def streams(draw: st.DrawFn) -> list[Sent]:
    """One sender's packets in order: frames of 1–3 packets, some keyframes, some padding in between."""
    number = draw(st.integers(1 << 16, 1 << 18))
    timestamp = draw(st.integers(0, 2**32 - 1))
    picture = draw(st.integers(0, 2**15 - 1))
    packets = []
    for _ in range(draw(st.integers(1, 12))):
        keyframe = draw(st.booleans())
        size = draw(st.integers(1, 3))
        for index in range(size):
            packets.append(
                Sent(
                    number=number,
                    timestamp=timestamp % 2**32,
                    picture=picture % 2**15,
                    keyframe=keyframe,
                    start=index == 0,
                    marker=index == size - 1,
                    padding=False,
                )
            )
            number += 1
        for _ in range(draw(st.integers(0, 2))):
            packets.append(
                Sent(
                    number=number,
                    timestamp=timestamp % 2**32,
                    picture=0,
                    keyframe=False,
                    start=False,
                    marker=False,
                    padding=True,
                )
            )
            number += 1
        timestamp += draw(st.integers(1_000, 9_000))
        picture += 1
    return packets


@st.composite
def journeys(draw: st.DrawFn) -> list[tuple[str, Sent] | tuple[str, bool]]:
    """What reaches a slot: several senders interleaved, lossy and out of order, and changes of whom to show."""
    events: list[tuple[str, Sent] | tuple[str, bool]] = []
    queues = {name: draw(streams()) for name in "abc"}
    while any(queues.values()):
        name = draw(st.sampled_from([name for name, queue in queues.items() if queue]))
        what = draw(st.sampled_from(["send"] * 8 + ["lose", "swap", "aim", "cut"]))
        queue = queues[name]
        if what == "aim":
            events.append((name, False))
        elif what == "cut":
            events.append((name, True))
        elif what == "lose":
            queue.pop(0)
        elif what == "swap" and len(queue) > 2:
            later = queue.pop(draw(st.integers(1, 2)))
            events.append((name, later))
        else:
            events.append((name, queue.pop(0)))
    return events


@dataclass
class Segment:
    """What the model remembers of one stream's turn in the slot."""

    stream: str
    first: Sent
    base: int
    picture: int
    removed: list[int] = field(default_factory=list)
    passed: int = 0
    """Highest number seen: padding below it comes too late to be closed."""
    timestamp: int = 0


def payload_of(packet: Sent) -> bytes:
    return vp8(picture=packet.picture, keyframe=packet.keyframe, start=packet.start)


@settings(max_examples=150, deadline=None)
@given(journeys())
def test_a_slot_looks_like_one_sender_whoever_it_shows(
    events: list[tuple[str, Sent] | tuple[str, bool]],
) -> None:
    rewriter = Rewriter(rate=90_000, keyframes=True, first_sequence=FIRST, first_timestamp=77)
    aim: str | None = None
    segment: Segment | None = None
    cut = True
    last = FIRST - 1
    last_picture = -1
    last_open = False
    numbers: set[int] = set()
    now_us = 0
    for name, event in events:
        now_us += 7_000
        if isinstance(event, bool):
            rewriter.aim(name, cut=event)
            aim = name
            cut = cut or event
            continue
        showing = None if cut or segment is None else segment.stream
        if event.padding:
            rewriter.drop(name, event.number)
            if segment is not None and name == showing and event.number > segment.passed:
                segment.removed.append(event.number)
                segment.passed = event.number
            continue
        payload = payload_of(event)
        out = rewriter.push(
            name,
            number=event.number,
            timestamp=event.timestamp,
            marker=event.marker,
            payload=payload,
            vp8=Vp8(payload),
            now_us=now_us,
        )
        # --- what the model says must happen
        if name == showing:
            assert segment is not None
            if event.number < segment.first.number:
                assert out is None
                continue
        elif name == aim and event.keyframe and event.start:
            base = last + 1 + last_open
            segment = Segment(
                stream=name, first=event, base=base, picture=last_picture + 1 if last_picture >= 0 else event.picture
            )
            segment.passed = event.number
            cut = False
        else:
            assert out is None
            continue
        assert out is not None
        assert segment is not None
        closed = sum(number < event.number for number in segment.removed)
        expected = segment.base + event.number - segment.first.number - closed
        assert out.sequence == expected % 2**16
        assert expected not in numbers, "two packets under one number"
        numbers.add(expected)
        check_time(out, event, segment)
        picture = Vp8(out.prefix + out.payload[out.skip :]).picture
        moved = (event.picture - segment.first.picture + 2**14) % 2**15 - 2**14
        assert picture == (segment.picture + moved) % 2**15
        segment.passed = max(segment.passed, event.number)
        if expected > last:
            last, last_open = expected, not event.marker
        if last_picture < 0 or (picture - last_picture + 2**14) % 2**15 - 2**14 > 0:
            last_picture = picture


def check_time(out: Outgoing, packet: Sent, segment: Segment) -> None:
    """Within a turn time passes as the sender says."""
    if packet is segment.first:
        segment.timestamp = out.timestamp
    passed = packet.timestamp - segment.first.timestamp
    assert (out.timestamp - segment.timestamp) % 2**32 == passed % 2**32


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2**32 - 1), st.integers(0, 400_000)), max_size=60),
    st.integers(0, 2**32 - 1),
)
def test_time_never_steps_back_nor_leaps_at_a_seam(turns: list[tuple[str, int, int]], start: int) -> None:
    rewriter = Rewriter(rate=90_000, keyframes=True, first_sequence=9, first_timestamp=start)
    now_us = 0
    last: int | None = None
    for number, (name, timestamp, wait_us) in enumerate(turns):
        now_us += wait_us
        rewriter.aim(name, cut=True)
        payload = vp8(picture=1, keyframe=True)
        out = rewriter.push(
            name,
            number=number,
            timestamp=timestamp,
            marker=True,
            payload=payload,
            vp8=Vp8(payload),
            now_us=now_us,
        )
        assert out is not None
        if last is not None:
            passed = (out.timestamp - last) % 2**32
            assert passed == max(1, wait_us * 90_000 // 1_000_000)
        last = out.timestamp
