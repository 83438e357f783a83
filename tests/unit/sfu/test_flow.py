from __future__ import annotations

from collections import deque

import pytest

from server.sfu.core import Address
from server.sfu.datagrams import Outbox
from server.sfu.departures import Recipient, Way
from server.sfu.flow import Flow
from server.sfu.rtp.echo import Echoes
from server.sfu.rtp.packet import RtpPacket
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.shift import NO_SHIFT, Shift
from server.sfu.rtp.vp8 import Vp8
from tests.unit.sfu.packets import vp8


class Room:
    """Where slots send to."""

    def __init__(self) -> None:
        self.sent: deque[tuple[bytes, Address]] = deque()
        self.box = Outbox(is_ipv6=False, caught=self.sent)

    def received(self) -> dict[int, list[RtpPacket]]:
        """What came since the last call, by port."""
        self.box.flush()
        found: dict[int, list[RtpPacket]] = {}
        while self.sent:
            data, address = self.sent.popleft()
            found.setdefault(address[1], []).append(RtpPacket(data))
        return found


class Slot:
    def __init__(self, room: Room, port: int, *, first: int = 100, keeps: bool = True) -> None:
        self.way = Way()
        self.way.protect = lambda seal, at, size: 0
        self.way.lead(room.box, ("192.0.2.7", port))
        self.flow, self.shift = Flow(rewriter(first), keeps=keeps), NO_SHIFT
        self.flow.add(self, NO_SHIFT)

    def joined(self, flow: Flow, shift: Shift) -> Recipient | None:
        self.flow, self.shift = flow, shift
        return self.recipient()

    def recipient(self) -> Recipient | None:
        return self.way.recipient(ahead=self.shift.sequence, later=self.shift.timestamp, ssrc=7, payload_type=96)


def rewriter(first: int) -> Rewriter:
    return Rewriter(rate=90_000, keyframes=True, first_sequence=first, first_timestamp=10 * first)


def show(number: int, *slots: Slot, keyframe: bool = False) -> None:
    """A picture of the camera comes to all flows of these slots."""
    payload = vp8(picture=number, tl0=number & 0xFF, keyframe=keyframe)
    for flow in dict.fromkeys(slot.flow for slot in slots):
        out = flow.lead.push("camera", number, number * 3_000, True, payload, Vp8(payload), number * 33_000)
        if out is not None:
            flow.send(out, number)


def meet(*slots: Slot) -> bool:
    first, *others = dict.fromkeys(slot.flow for slot in slots)
    return all(first.take_in(other, has_all=lambda begin, end: True) for other in others)


@pytest.fixture
def room() -> Room:
    return Room()


def test_those_that_began_together_send_each_its_own_numbers(room: Room) -> None:
    slots = [Slot(room, 1), Slot(room, 2, first=3_000)]
    for slot in slots:
        slot.flow.lead.aim("camera", cut=True)
    show(1, *slots, keyframe=True)
    before = room.received()
    assert meet(*slots)
    assert slots[0].flow is slots[1].flow
    show(2, *slots)
    after = room.received()
    for port in (1, 2):
        (first,), (second,) = before[port], after[port]
        assert second.sequence == first.sequence + 1
        assert second.timestamp == first.timestamp + 3_000
        assert second.payload == vp8(picture=2, tl0=2)
    assert slots[0].flow.past is not None
    assert len(slots[0].flow.past) == 2, "it is kept once"


def test_pictures_are_numbered_for_each_where_they_must_differ(room: Room) -> None:
    fresh, used = Slot(room, 1), Slot(room, 2)
    used.flow.lead.aim("other", cut=True)
    payload = vp8(picture=500, tl0=9, keyframe=True)
    used.flow.lead.push("other", 5, 5, True, payload, Vp8(payload), 0)
    for slot in (fresh, used):
        slot.flow.lead.aim("camera", cut=True)
    show(1, fresh, used, keyframe=True)
    assert meet(fresh, used)
    room.received()
    show(2, fresh, used)
    pictures = {port: Vp8(packet.payload) for port, (packet,) in room.received().items()}
    assert {port: (read.picture, read.tl0) for port, read in pictures.items()} == {1: (2, 2), 2: (502, 11)}


def test_those_that_differ_in_more_stay_apart(room: Room) -> None:
    slots = [Slot(room, 1), Slot(room, 2), Slot(room, 3, keeps=False), Slot(room, 4), Slot(room, 5)]
    for slot in slots:
        slot.flow.lead.aim("camera", cut=True)
    slots[1].flow.lead.pace(1)
    show(1, *slots[:4], keyframe=True)
    show(2, *slots, keyframe=True)
    slots[3].flow.lead.aim("other", cut=False)
    for other in slots[1:4]:
        assert not slots[0].flow.take_in(other.flow, has_all=lambda begin, end: True)
    assert not slots[0].flow.take_in(slots[4].flow, has_all=lambda begin, end: False), "what is late may be sent by one"
    assert slots[0].flow.take_in(slots[4].flow, has_all=lambda begin, end: True)


def test_whoever_leaves_is_sent_nothing_more_and_the_others_go_on(room: Room) -> None:
    slots = [Slot(room, port, first=100 * port) for port in (1, 2)]
    for slot in slots:
        slot.flow.lead.aim("camera", cut=True)
    show(1, *slots, keyframe=True)
    assert meet(*slots)
    shared = slots[0].flow
    room.received()
    assert shared.remove(slots[0])
    show(2, *slots)
    assert set(room.received()) == {2}
    assert shared.remove(slots[1]), "its numbers are not those of the lead"
    alone = Slot(room, 3)
    assert not alone.flow.remove(alone), "it is alone already"


def test_a_way_that_numbers_packets_from_now_on_does(room: Room) -> None:
    slot = Slot(room, 1)
    slot.flow.lead.aim("camera", cut=True)
    show(1, slot, keyframe=True)
    (plain,) = room.received()[1]
    assert plain.extensions() == {}
    slot.way.echoes, slot.way.element = Echoes(), 0x51
    slot.flow.renew(slot)
    show(2, slot)
    show(3, slot)
    assert [packet.extensions() for packet in room.received()[1]] == [{5: b"\0\0"}, {5: b"\0\1"}]


def test_what_cannot_be_encrypted_is_counted_and_not_sent(room: Room) -> None:
    slot = Slot(room, 1)
    slot.flow.lead.aim("camera", cut=True)
    slot.way.protect = lambda seal, at, size: 1
    show(1, slot, keyframe=True)
    slot.way.protect = lambda seal, at, size: 0
    show(2, slot)
    assert (len(room.received()[1]), slot.way.failures) == (1, 1)
    slot.way.lead(None, None)
    slot.flow.renew(slot)
    show(3, slot)
    assert room.received() == {}
