"""Numberings that are found alike stay so: what a lead makes of a packet, with the shift, is what the other makes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from server.sfu.rtp.packet import MalformedPacket, Outgoing, RtpPacket
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.sequence import Seen, Unwrapper
from server.sfu.rtp.shift import Shift
from server.sfu.rtp.vp8 import Vp8
from tests.property.sfu.test_cores import Evening
from tests.unit.sfu.packets import rtp, vp8

CAMERAS = (10, 20)


class Watched:
    """Three slots that are each their own, beside what is thought to be like them."""

    def __init__(self, dice: Random) -> None:
        self.rewriters = [
            Rewriter(
                rate=90_000,
                keyframes=True,
                first_sequence=dice.choice([2, 300, 32_760]),
                first_timestamp=dice.choice([0, 77, 2**32 - 9_000]),
            )
            for _ in range(3)
        ]
        self.seen = {camera: Seen() for camera in CAMERAS}
        self.alike: dict[tuple[int, int], tuple[Shift, Rewriter]] = {}
        """(lead, other) -> what lies between them, and the lead moved by as much when that was found."""
        self.compared = self.moved = 0

    def changed(self, index: int) -> None:
        self.alike = {pair: found for pair, found in self.alike.items() if index not in pair}

    def compare(self, camera: int) -> None:
        """Look which are alike now."""
        for first, lead in enumerate(self.rewriters):
            for second, other in enumerate(self.rewriters):
                if first == second or lead.current != camera or (first, second) in self.alike:
                    continue
                shift = other.shift_from(lead, has_all=self.seen[camera].has_all)
                if shift is not None:
                    self.alike[first, second] = shift, lead.shifted(shift)

    def push(self, camera: int, number: int, timestamp: int, marker: bool, payload: bytes, now_us: int) -> None:
        def sent_by(rewriter: Rewriter) -> Outgoing | None:
            if not payload:
                rewriter.drop(camera, number)
                return None
            return rewriter.push(camera, number, timestamp, marker, payload, Vp8(payload), now_us)

        before = [rewriter.current for rewriter in self.rewriters]
        out = [sent_by(rewriter) for rewriter in self.rewriters]
        for index, rewriter in enumerate(self.rewriters):
            if rewriter.current != before[index]:
                self.changed(index)
        for (first, second), (shift, moved) in self.alike.items():
            sent, twin = out[first], sent_by(moved)
            assert twin == out[second]
            assert (shift.of(sent) if sent is not None else None) == out[second]
            assert moved.timestamp_at(now_us) == self.rewriters[second].timestamp_at(now_us)
            self.compared += sent is not None
            self.moved += sent is not None and any(shift[2:])


def course(seed: int, dice: Random) -> Iterator[tuple[int, RtpPacket]]:
    """Cameras' packets in the order in which they come, with some that no sender would send."""
    for step in Evening(seed).steps(400):
        if step[0] != "packet" or step[1]["ssrc"] not in CAMERAS:
            continue
        if dice.random() < 0.01:
            odd = vp8(picture=dice.randrange(128), wide=dice.random() < 0.5, temporal=dice.choice([None, 0, 2]))
            step = ("packet", {**step[1], "payload": odd})
        packet = RtpPacket(rtp(**step[1]))
        yield packet.ssrc, packet


def play(seed: int) -> Watched:
    """An evening, looked at after each packet."""
    dice = Random(seed)
    restless = (0.003, 0.02)[seed % 2]
    watched = Watched(dice)
    numbers = {camera: Unwrapper(16) for camera in CAMERAS}
    for index, camera in enumerate((10, 20, 10)):  # Those that showed others before count on from there.
        watched.rewriters[index].aim(camera, cut=True)
    now_us = 0
    for camera, packet in course(seed, dice):
        now_us += dice.choice([0, 250, 33_333])
        if dice.random() < restless:
            index = dice.randrange(3)
            everybody = range(3) if dice.random() < 0.5 else (index,)
            aims, temporal = dice.random() < 0.5, dice.choice([0, 1, 3])
            target, cut = dice.choice([*CAMERAS, 10, None]), dice.random() < 0.3
            for each in everybody:
                watched.changed(each)
                if aims:
                    watched.rewriters[each].aim(target, cut=cut)
                else:
                    watched.rewriters[each].pace(temporal)
        number = numbers[camera].unwrap(packet.sequence)
        if not watched.seen[camera].add(number):
            continue
        try:
            watched.push(camera, number, packet.timestamp, packet.marker, packet.payload, now_us)
        except MalformedPacket:
            continue
        watched.compare(camera)
    return watched


def test_what_was_found_alike_stays_alike() -> None:
    evenings = [play(seed) for seed in range(20)]
    assert sum(watched.compared for watched in evenings) > 10_000
    assert sum(watched.moved for watched in evenings) > 5_000
