"""The load client believes nothing: each way in which a server could fail is played by a crooked one here."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pylibsrtp
import pytest

from server.sfu.rtp import rtcp
from server.sfu.rtp.demux import Kind, classify
from server.sfu.rtp.twcc import BASE_US, Feedback
from tests.load.media.crowd import Crowd, End, Outcome, percentile_ms
from tests.load.media.scene import Scene, Stream, everybody, group
from tests.unit.sfu.packets import rtp

SECONDS = 0.4


def session(key: bytes, kind: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(
        pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
    )


class Server:
    """Forwards from the one who sends to the other; `crook` may do to each plain packet what it likes.

    `crook(number, plain)` gives the packets that go out instead.
    """

    def __init__(self, crook: Callable[[int, bytes], list[bytes]]) -> None:
        self._crook = crook
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
        for sock in self._sockets:
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(0.05)
        self._up, self._down, sender, viewer = self._sockets
        sender.connect(self._up.getsockname())
        viewer.connect(self._down.getsockname())
        keys = {name: name.encode() * 28 for name in "abcd"}
        outbound, inbound = pylibsrtp.Policy.SSRC_ANY_OUTBOUND, pylibsrtp.Policy.SSRC_ANY_INBOUND
        self._take, self._give = session(keys["a"], inbound), session(keys["b"], outbound)
        self.ends = [
            End(fd=sender.fileno(), room=0, seat=0, sends={0: 0x1234}, seal=session(keys["a"], outbound),
                open=session(keys["c"], inbound)),
            End(fd=viewer.fileno(), room=0, seat=1, sends={}, seal=session(keys["d"], outbound),
                open=session(keys["b"], inbound)),
        ]  # fmt: skip
        self._viewer = viewer.getsockname()
        self._hear = session(keys["d"], inbound)
        self.reports: list[Any] = []
        """What the sender reported, decrypted and read."""
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._forward)

    def _forward(self) -> None:
        number = 0
        while not self._is_over.is_set():
            try:
                data = self._up.recv(2_048)
            except TimeoutError:
                continue
            if classify(data) is Kind.RTCP:
                self.reports += rtcp.read(self._take.unprotect_rtcp(data))
                continue
            for plain in self._crook(number, self._take.unprotect(data)):
                self.send(self._give.protect(plain))
            number += 1

    def heard(self) -> list[Any]:
        """What the viewer reported so far."""
        found: list[Any] = []
        self._down.setblocking(False)
        try:
            while True:
                found += rtcp.read(self._hear.unprotect_rtcp(self._down.recv(2_048)))
        except BlockingIOError:
            return found

    def send(self, data: bytes) -> None:
        self._down.sendto(data, self._viewer)

    @contextmanager
    def serving(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            self._thread.join()
            for sock in self._sockets:
                sock.close()


def scene(kind: str = "sound") -> Scene:
    stream = Stream(seat=0, kind=kind, hertz=200.0, size=300, height=360)
    return Scene(people=2, streams=(stream,), sees=lambda viewer, _: viewer == 1, wishes=lambda _: {})


def outcome(crook: Callable[[int, bytes], list[bytes]], *, kind: str = "sound", before: bytes = b"") -> Outcome:
    server = Server(crook)
    crowd = Crowd(scene(kind))
    crowd.add(server.ends)
    with server.serving():
        if before:
            server.send(before)
        found = crowd.run(SECONDS)
        crowd.close()
    return found


def forward(number: int, plain: bytes) -> list[bytes]:
    return [plain]


@pytest.mark.parametrize("kind", ["sound", "picture"])
def test_what_is_forwarded_as_it_was_sent_counts_once_each(kind: str) -> None:
    found = outcome(forward, kind=kind)
    assert found.sent == found.expected == found.arrived == pytest.approx(200 * SECONDS, abs=1)
    assert found.lossless
    assert found.honest or found.late


def test_a_packet_that_never_comes_is_missing() -> None:
    found = outcome(lambda number, plain: [] if number % 10 == 3 else [plain])
    assert found.missing == found.expected - found.arrived == pytest.approx(20 * SECONDS, abs=1)
    assert not found.lossless


def test_the_last_packets_are_missed_as_well() -> None:
    found = outcome(lambda number, plain: [] if number >= 50 else [plain])
    assert found.arrived == 50
    assert found.missing == found.sent - 50


def test_a_packet_that_comes_twice_counts_once_and_is_a_fault() -> None:
    def again(number: int, plain: bytes) -> list[bytes]:
        # Of another stream, since SRTP itself drops a plain copy.
        copy = plain[:8] + b"copy" + plain[12:]
        return [plain, copy] if number == 20 else [plain]

    found = outcome(again)
    assert found.twice == 1
    assert found.missing == 0
    assert not found.lossless


def test_a_changed_byte_anywhere_in_the_payload_is_wrong_and_missing() -> None:
    found = outcome(lambda number, plain: [plain[:-1] + b"?"] if number == 20 else [plain])
    assert (found.wrong, found.missing) == (1, 1)
    assert not found.lossless


def test_a_payload_that_is_cut_short_is_wrong() -> None:
    found = outcome(lambda number, plain: [plain[:-1]] if number == 20 else [plain])
    assert (found.wrong, found.missing) == (1, 1)


def test_a_packet_of_the_servers_own_making_is_wrong() -> None:
    made_up = rtp(sequence=9, ssrc=77, payload=bytes(300))
    found = outcome(lambda number, plain: [plain, made_up] if number == 20 else [plain])
    assert (found.wrong, found.missing) == (1, 0)
    assert not found.lossless


def test_what_cannot_be_decrypted_is_a_fault() -> None:
    found = outcome(forward, before=bytes([0x80, 96]) + bytes(60))
    assert found.undecrypted == 1
    assert not found.lossless


def test_ones_own_voice_coming_back_is_astray() -> None:
    server = Server(forward)
    back = [
        End(fd=end.fd, room=0, seat=0 if end.seat == 1 else 1, sends=end.sends, seal=end.seal, open=end.open)
        for end in server.ends
    ]
    back[0] = server.ends[0]
    crowd = Crowd(scene())
    crowd.add(back)
    with server.serving():
        found = crowd.run(SECONDS)
        crowd.close()
    assert found.stray == found.sent
    assert found.arrived == 0
    assert not found.lossless


def test_sequence_numbers_that_leave_a_hole_are_a_fault_though_all_packets_came() -> None:
    def jump(number: int, plain: bytes) -> list[bytes]:
        shift = 5 if number >= 20 else 0
        return [plain[:2] + ((int.from_bytes(plain[2:4], "big") + shift) & 0xFFFF).to_bytes(2, "big") + plain[4:]]

    found = outcome(jump)
    assert (found.broken, found.missing) == (1, 0)
    assert not found.lossless


def test_a_packet_that_is_overtaken_is_reordered_and_not_lost() -> None:
    held: list[bytes] = []

    def swap(number: int, plain: bytes) -> list[bytes]:
        if number == 20:
            held.append(plain)
            return []
        return [plain, held.pop()] if held else [plain]

    found = outcome(swap)
    assert (found.reordered, found.missing, found.twice) == (1, 0, 0)


def test_a_servers_delay_is_what_it_took_until_it_sent() -> None:
    waits = threading.Event()

    def slow(number: int, plain: bytes) -> list[bytes]:
        waits.wait(0.003)
        return [plain]

    found = outcome(slow)
    assert found.p50_ms >= 3.0
    assert found.p99_ms >= found.p50_ms


def test_a_second_run_counts_anew_and_misses_nothing_of_the_first() -> None:
    server = Server(forward)
    crowd = Crowd(scene())
    crowd.add(server.ends)
    with server.serving():
        first, second = crowd.run(0.2), crowd.run(0.3)
        crowd.close()
    assert (first.lossless, second.lossless) == (True, True)
    assert second.sent == pytest.approx(60, abs=1)


async def test_the_loop_goes_on_while_the_crowd_runs() -> None:
    server = Server(forward)
    crowd = Crowd(scene())
    crowd.add(server.ends)
    with server.serving():
        running = asyncio.create_task(asyncio.to_thread(crowd.run, 0.3))
        beats = 0
        while not running.done():
            await asyncio.sleep(0.01)
            beats += 1
        crowd.close()
    assert beats > 5


def test_viewers_tell_when_each_numbered_packet_arrived_and_which_did_not() -> None:
    server = Server(lambda number, plain: [] if number in (20, 33) else [plain])
    crowd = Crowd(scene())
    crowd.add(server.ends)
    with server.serving():
        found = crowd.run(SECONDS)
        crowd.close()
        feedback = [report for report in server.heard() if isinstance(report, Feedback)]
    arrivals = [
        None if arrival is None else (each.base - feedback[0].base) * BASE_US + arrival
        for each in feedback
        for arrival in each.arrivals
    ]
    assert feedback[0].first == 0
    assert len(arrivals) == pytest.approx(found.sent, abs=200 * 0.1 + 1)
    assert [number for number, arrival in enumerate(arrivals) if arrival is None] == [20, 33]
    known = [arrival for arrival in arrivals if arrival is not None]
    pace_us = (known[-1] - known[0]) / (len(arrivals) - 1)
    assert pace_us == pytest.approx(5_000, rel=0.2)


def test_reports_tell_who_sent_how_much_and_who_heard_whom() -> None:
    server = Server(forward)
    crowd = Crowd(scene())
    crowd.add(server.ends)
    with server.serving():
        crowd.run(0.7)
        crowd.close()
        heard = [report for report in server.heard() if isinstance(report, rtcp.ReceiverReport)]
    told = [report for report in server.reports if isinstance(report, rtcp.SenderReport)]
    assert {report.ssrc for report in told} == {0x1234}
    assert heard
    assert all([block.ssrc for block in report.blocks] == [0x1234] for report in heard)


def test_percentiles_are_the_upper_bounds_of_their_buckets() -> None:
    assert percentile_ms([0, 0, 0], 0.5) == 0.0
    assert percentile_ms([98, 1, 1], 0.50) == 0.005
    assert percentile_ms([98, 1, 1], 0.99) == 0.010
    assert percentile_ms([98, 1, 1], 1.0) == 0.015


def test_twelve_people_who_all_see_each_other_get_11880_packets_a_second() -> None:
    assert everybody(12).rate == 11_880


def test_a_group_hears_and_sees_the_same_with_layers_and_without() -> None:
    plain, layered = group(12, layers=False), group(12, layers=True)
    for one in (plain, layered):
        for viewer in range(12):
            seen = [stream for stream in one.streams if one.sees(viewer, stream)]
            assert sorted(stream.seat for stream in seen if stream.kind == "sound") == [
                n for n in range(12) if n != viewer
            ]
            assert sorted(stream.seat for stream in seen if stream.kind == "picture") == [
                n for n in range(12) if n != viewer
            ]
    assert layered.rate < plain.rate
    # The speaker is large for everybody, and no tile gets a picture smaller than itself.
    for stream in layered.streams:
        for viewer in range(12):
            if stream.kind == "picture" and layered.sees(viewer, stream):
                assert stream.height >= layered.wishes(viewer)[stream.seat]
