"""Random bytes for every parser in Python on media's path, kept where they go a way from line to line that none went
before."""

from __future__ import annotations

import random
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from aioice import stun

from server.sfu.facts import MediaRefused
from server.sfu.rtp import rtcp
from server.sfu.rtp.demux import classify
from server.sfu.rtp.layout import layout
from server.sfu.rtp.packet import MalformedPacket, RtpPacket
from server.sfu.rtp.stun import answer, outline, proves
from server.sfu.rtp.vp8 import Vp8
from server.sfu.sdp import SlotStream, read_offer, write_answer
from tests.unit.sfu.offers import CHROMIUM, SMALL
from tests.unit.sfu.packets import rtp, vp8
from tests.unit.sfu.test_sdp import SERVER

SIZE_MAX = 1_500
TEXT_MAX = 20_000
CORPUS = Path(__file__).parent / "corpus"
PATHS = (str(Path(rtcp.__file__).parents[1]), stun.__file__)


def _rtp(data: bytes) -> None:
    layout(data, number=3, level=1)
    RtpPacket(data).extensions()


def _rtcp(data: bytes) -> None:
    rtcp.split(data)
    list(rtcp.read(data))


def _stun(data: bytes) -> None:
    outline(data)
    proves(data, b"password")
    answer(data, b"password", ("192.0.2.7", 4_000))
    stun.parse_message(data)  # aioice's own, behind the first look


def _offer(data: bytes) -> None:
    offer = read_offer(data.decode("utf-8", "replace"))
    slots = [section for kind in ("audio", "video", "screen") for section in offer.slots(kind)]
    write_answer(offer, SERVER, {slot.mid: SlotStream(ssrc=1, resend_ssrc=2) for slot in slots})


def _check() -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = "ours:theirs"
    message.attributes["PRIORITY"] = 7
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(b"password")
    return bytes(message)


PARSERS: dict[str, tuple[Callable[[bytes], Any], list[bytes]]] = {
    "demux": (classify, [b"\x80" * 20]),
    "rtp": (_rtp, [rtp(extensions={1: b"a", 3: b"bc"}, padding=4), rtp()]),
    "vp8": (Vp8, [vp8(picture=300, tl0=4, temporal=1, key_index=2, keyframe=True, height=90), vp8(start=False)]),
    "rtcp": (
        _rtcp,
        [
            rtcp.write_receiver_report(ssrc=1, blocks=[]) + rtcp.write_nack(ssrc=1, media=2, numbers=[5, 6, 30]),
            rtcp.write_sender_report(rtcp.SenderReport(ssrc=1, ntp=2, timestamp=3, packets=4, octets=5)),
            rtcp.write_description(ssrc=1, cname="x") + rtcp.write_keyframe_request(ssrc=1, media=2),
            bytes.fromhex("8fcd0005 00000001 00000002 00050003 00010203 20030408"),
            bytes.fromhex("8fce0005 00000001 00000000 52454d42 0103ffff 00000001"),
        ],
    ),
    "stun": (_stun, [_check()]),
    "offer": (_offer, [CHROMIUM.encode(), SMALL.encode()]),
}
"""What reads bytes of strangers, and some that it should understand."""

REFUSALS: dict[str, tuple[type[Exception], ...]] = {
    "stun": (MalformedPacket, ValueError, struct.error),  # the latter two are aioice's, of what a peer itself sends
    "offer": (MediaRefused,),
}


def corpus(name: str) -> list[bytes]:
    """What was ever found for a parser, as far as it reaches more."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("in-*.bin"))]


class Ways:
    """Which lines of the parsers ran, and after which."""

    def __init__(self) -> None:
        self.ever: set[tuple[str, int, int]] = set()
        self.news = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.news = False
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(before)

    @property
    def lines(self) -> int:
        return len({(file, line) for file, _, line in self.ever})

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(PATHS):
            return None
        before = frame.f_lineno

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal before
            way = (file, before, frame.f_lineno)
            before = frame.f_lineno
            if way not in self.ever:
                self.ever.add(way)
                self.news = True
            return line

        return line


def play(name: str, data: bytes, ways: Ways) -> bool:
    """Whether this goes a new way. What the parser raises beyond its own refusal comes through."""
    parse, _ = PARSERS[name]
    try:
        with ways.watched():
            parse(data)
    except REFUSALS.get(name, (MalformedPacket,)):
        pass
    except Exception as error:
        error.add_note(f"{name} of {data.hex()}")
        raise
    return ways.news


def fuzz(name: str, seconds: float, seed: int, *, folder: Path | None = None) -> tuple[int, int]:
    """Play a parser for a while; (inputs, lines reached). What goes new ways is left in `folder`."""
    known = PARSERS[name][1] + corpus(name)
    dice, ways, kept = random.Random(f"{name} {seed}"), Ways(), list(known)
    for data in known:
        play(name, data, ways)
    played, until = len(known), time.monotonic() + seconds
    while time.monotonic() < until:
        data = changed(dice.choice(kept), kept, dice)
        played += 1
        if play(name, data, ways):
            kept.append(data)
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"in-{seed:08x}-{played}.bin").write_bytes(data)
    return played, ways.lines


def smallest(name: str, inputs: Iterable[bytes]) -> list[bytes]:
    """Those of these that go all the ways they go, small ones first, beside what the parser understands anyway."""
    ways = Ways()
    for data in PARSERS[name][1]:
        play(name, data, ways)
    return [data for data in sorted(set(inputs), key=lambda data: (len(data), data)) if play(name, data, ways)]


def changed(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """Something like it."""
    new = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        at = dice.randrange(len(new) + 1)
        match dice.randrange(6):
            case 0 if new:
                new[at % len(new)] ^= 1 << dice.randrange(8)
            case 1 if new:
                new[at % len(new)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                new[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 3:
                del new[at : at + dice.randrange(1, 17)]
            case 4:
                piece = dice.choice(others)
                start = dice.randrange(len(piece) + 1)
                new[at:at] = piece[start : start + dice.randrange(1, 65)]
            case _:
                new[at:at] = new[at : at + dice.randrange(1, 65)]
    return bytes(new[: TEXT_MAX if len(data) > SIZE_MAX else SIZE_MAX])
