"""What strangers' packets cost beside a room that goes on: floods of every kind, from addresses that nobody knows and
in the name of people who are there. Addresses are made up by a raw socket: in a network of our own, or not at all.

As a program of its own it is the flood: lines of JSON say what to send and when to stop, one for each tells how many
packets went.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any

from aioice import stun

from server.sfu.core import Address
from server.sfu.datagrams import BATCH, WAITING_MAX, Lane, Outbox
from server.sfu.rtp.demux import MTU
from tests.load.media.crowd import Crowd
from tests.load.media.experiments import Seen, play
from tests.load.media.milieu import ROOT, Milieu
from tests.load.media.seats import Seat
from tests.load.media.subject import LOAD_CORE, be_ordinary, cpu_s

RATE = 64_000
"""Packets a second of one flood: a batch each millisecond."""
VARIANTS = 16 * BATCH
"""Different packets of one flood, sent over and over."""
STRANGE_PORTS = range(1_024, 30_000)
"""Nobody in the room has one of these."""
REPORT_BYTES, RECORD_BYTES, PICTURE_BYTES = 80, 200, 1_000

_HEADERS = Struct("!BBHHHBBH4s4sHHHH")
"""IPv4's and UDP's; the system fills in what is zero but UDP's checksum, which may be left out."""

Made = Callable[[Seat, random.Random], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """Packets that `make` makes of what somebody can know who overheard a seat's traffic. `is_known` if they come from
    where a seat is."""

    name: str
    is_known: bool
    make: Made


def _request(name: str, theirs: str, password: str) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes.update({"USERNAME": f"{name}:{theirs}", "PRIORITY": 1, "ICE-CONTROLLING": 7})
    message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(password.encode())
    return bytes(message)


def _unknown_name(seat: Seat, dice: random.Random) -> bytes:
    return _request(dice.randbytes(6).hex(), seat.ufrag, "x" * 32)


def _wrong_password(seat: Seat, dice: random.Random) -> bytes:
    return _request(seat._remote[0], seat.ufrag, "x" * 32)


def _true_check(seat: Seat, dice: random.Random) -> bytes:
    return _request(seat._remote[0], seat.ufrag, seat._remote[1])


def _answer(seat: Seat, dice: random.Random) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    message.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.7", 4_000)
    message.add_message_integrity(b"x" * 32)
    return bytes(message)


def _handshake(seat: Seat, dice: random.Random) -> bytes:
    return b"\x16\xfe\xfd" + bytes(8) + (RECORD_BYTES - 13).to_bytes(2, "big") + dice.randbytes(RECORD_BYTES - 13)


def _picture(seat: Seat, dice: random.Random) -> bytes:
    head = b"\x80\x60" + dice.randbytes(6) + seat.video_ssrc.to_bytes(4, "big")
    return head + dice.randbytes(PICTURE_BYTES)


def _new_stream(seat: Seat, dice: random.Random) -> bytes:
    return b"\x80\x60" + dice.randbytes(10 + PICTURE_BYTES)


def _report(seat: Seat, dice: random.Random) -> bytes:
    return b"\x80\xc8\x00\x06" + dice.randbytes(REPORT_BYTES)


def _rubbish(seat: Seat, dice: random.Random) -> bytes:
    return bytes([64 + dice.randrange(64)]) + dice.randbytes(dice.randrange(MTU))


FLOODS = tuple(
    Flood(name=name, is_known=is_known, make=make)
    for is_known, kinds in (
        (
            False,
            {
                "rubbish": _rubbish,
                "checks of unknown names": _unknown_name,
                "checks with a wrong password": _wrong_password,
                "copies of true checks": _true_check,
                "handshakes": _handshake,
                "media": _picture,
                "reports": _report,
            },
        ),
        (
            True,
            {
                "rubbish": _rubbish,
                "checks with a wrong password": _wrong_password,
                "copies of true checks": _true_check,
                "answers to no check": _answer,
                "handshakes": _handshake,
                "forged media": _picture,
                "forged media of new streams": _new_stream,
                "forged reports": _report,
            },
        ),
    )
    for name, make in kinds.items()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a flood came to: `packets` reached the server and took `cpu_s` of it; `seen` is what the room saw of it."""

    flood: Flood
    packets: int
    cpu_s: float
    seen: Seen

    @property
    def cpu_us(self) -> float:
        return self.cpu_s * 1e6 / self.packets if self.packets else float("inf")


async def costs(subject: Milieu, crowd: Crowd, seconds: float) -> tuple[list[Seen], list[Cost]]:
    """What the room saw in peace, before each flood, and what each flood came to. Raises PermissionError where
    addresses cannot be made up."""
    peaceful, found = [], []
    async with _flooding() as flood:
        for kind in FLOODS:
            before = cpu_s(subject.pid)
            peaceful.append(await play(subject, crowd, seconds))
            in_peace_s = cpu_s(subject.pid) - before
            await flood({"packets": [packet.hex() for packet in packets(kind, subject)]})
            refused, before = _refused(), cpu_s(subject.pid)
            await flood({"go": True})
            seen = await play(subject, crowd, seconds)
            sent = (await flood({"go": False}))["sent"]
            took_s = cpu_s(subject.pid) - before - in_peace_s
            reached = sent - (_refused() - refused)
            found.append(Cost(flood=kind, packets=reached, cpu_s=max(took_s, 0.0), seen=seen))
    return peaceful, found


def packets(flood: Flood, subject: Milieu, *, seed: int = 1) -> list[bytes]:
    """Some packets of a flood, with the headers of the network: each is somebody's own, or comes from anywhere."""
    dice, made = random.Random(seed), []
    for number in range(VARIANTS):
        seat = subject._seats[number % len(subject._seats)]
        assert seat._socket is not None
        (host, port), (there, server_port) = seat._socket.getsockname(), seat._socket.getpeername()
        data = flood.make(seat, dice)
        source = port if flood.is_known else dice.choice(STRANGE_PORTS)
        size = 8 + len(data)
        addresses = socket.inet_aton(host), socket.inet_aton(there)
        head = _HEADERS.pack(0x45, 0, 20 + size, 0, 0, 64, 17, 0, *addresses, source, server_port, size, 0)
        made.append(head + data)
    return made


def _refused() -> int:
    """Datagrams that found a full buffer so far, in this network."""
    names, values = (
        line.split() for line in Path("/proc/self/net/snmp").read_text().splitlines() if line.startswith("Udp:")
    )
    return int(values[names.index("RcvbufErrors")])


@asynccontextmanager
async def _flooding() -> AsyncIterator[Callable[[dict[str, Any]], Any]]:
    """The flood, in a process of its own beside the load client: asks it, and gives its answer."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.media.strangers"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def ask(what: dict[str, Any]) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(what).encode() + b"\n")
        answer = json.loads(await process.stdout.readline() or b'{"refused": "it ended"}')
        if "refused" in answer:
            raise PermissionError(answer["refused"])
        return answer

    try:
        await ask({})
        yield ask
    finally:
        process.stdin.close()
        await process.wait()


# ---------------------------------------------------------------------------- the flood's process


class _Flow:
    """Batches that are written once and sent again and again."""

    def __init__(self, packets: Sequence[bytes]) -> None:
        there = (socket.inet_ntoa(packets[0][16:20]), 0)
        self._box = Outbox(is_ipv6=False)
        self._batches: list[list[tuple[Lane, int]]] = []
        for first in range(0, len(packets), BATCH):
            batch = packets[first : first + BATCH]
            parts = [batch[begin : begin + WAITING_MAX] for begin in range(0, len(batch), WAITING_MAX)]
            self._batches.append([(self._written(part, there), len(part)) for part in parts])

    def _written(self, packets: Sequence[bytes], there: Address) -> Lane:
        """A lane in which these packets lie."""
        lane = Lane()
        lane.is_whole = True
        lane.lead(self._box, there)
        for packet in packets:
            place, _, size = lane.berths[lane.count]
            lane.data[place : place + len(packet)] = packet
            size[0] = len(packet)
            lane.add()
        self._box.flush()  # To nowhere: there is no socket yet.
        return lane

    def send(self, sock: socket.socket, turn: int) -> int:
        """Send one batch; how many went."""
        box, batch = self._box, self._batches[turn % len(self._batches)]
        box.sock, before = sock, box.unsent
        for lane, count in batch:
            lane.count = count
            box.waiting.append(lane)
        box.flush()
        return sum(count for _, count in batch) - (box.unsent - before)


async def main() -> None:
    be_ordinary()
    with suppress(OSError):
        os.sched_setaffinity(0, {LOAD_CORE})
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    except PermissionError as refused:
        print(json.dumps({"refused": str(refused)}), flush=True)
        return
    loop = asyncio.get_running_loop()
    flow, flowing = None, None
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ask = json.loads(line)
        answer: dict[str, Any] = {}
        if "packets" in ask:
            flow = _Flow([bytes.fromhex(packet) for packet in ask["packets"]])
        elif ask.get("go") and flow is not None:
            stop = threading.Event()
            flowing = (loop.run_in_executor(None, pour, sock, flow, stop), stop)
        elif flowing is not None:
            flowing[1].set()
            answer["sent"] = await flowing[0]
            flowing = None
        print(json.dumps(answer), flush=True)


def pour(sock: socket.socket, flow: _Flow, stop: threading.Event) -> int:
    """A batch at a time, at RATE, until it is to stop; how many packets went."""
    sent, turn, begun = 0, 0, time.monotonic()
    while not stop.is_set():
        wait = begun + turn * BATCH / RATE - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        sent += flow.send(sock, turn)
        turn += 1
    return sent


if __name__ == "__main__":
    asyncio.run(main())
