"""The crowd's hands from Python: `crowd.c`, built by gcc into .artifacts and called without the interpreter's lock.

`Crowd.run` sends what a scene says and comes back with an `Outcome`: counts that only a packet which was decrypted
and is right to the last byte can raise.
"""

from __future__ import annotations

import ctypes
import hashlib
import shutil
import socket
import subprocess
from collections.abc import Sequence
from ctypes import POINTER, Structure, c_double, c_int, c_int64, c_uint16, c_uint32, c_uint64, c_void_p
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pylibsrtp
from pylibsrtp._binding import ffi, lib

from tests.load.media.scene import Scene, Stream
from tests.media.rawpeer import AUDIO, LEVEL_ID, MID_ID, RESEND, RID_ID, TWCC_ID, VIDEO

SOURCE = Path(__file__).with_name("crowd.c")
BUILT = Path(__file__).resolve().parents[3] / ".artifacts" / "load"
BUCKETS, BUCKET_US = 20_001, 5.0
QUIET_S = 0.25
"""The crowd waits for what is under way until nothing came for this long."""


class _Outcome(Structure):
    _fields_ = (
        *(
            (name, c_uint64)
            for name in ("sent", "unsent", "late", "arrived", "undecrypted", "wrong", "stray", "resent", "others")
        ),
        ("latest_ns", c_int64),
        ("cpu_ns", c_int64),
    )


class _Tally(Structure):
    _fields_ = (
        *((name, c_uint64) for name in ("arrived", "twice", "reordered", "broken", "highest", "seen")),
        ("ssrc", c_uint32),
        ("sequence", c_uint16),
    )


@cache
def built() -> ctypes.CDLL:
    """The library, compiled anew where its source changed. Raises FileNotFoundError without gcc."""
    gcc = shutil.which("gcc")
    if gcc is None:
        raise FileNotFoundError("The load client is C: install gcc.")
    path = BUILT / f"crowd-{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]}.so"
    if not path.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{socket.gethostname()}.{id(path)}")
        flags = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread")
        subprocess.run([gcc, *flags, str(SOURCE), "-o", str(fresh)], check=True)
        fresh.rename(path)
    library = ctypes.CDLL(str(path))
    library.crowd_new.restype = c_void_p
    library.crowd_new.argtypes = (c_void_p, c_void_p, c_void_p, *[c_int] * 4)
    library.crowd_agreed.argtypes = (c_void_p, *[c_int] * 5)
    library.crowd_end.argtypes = (c_void_p, c_int, c_void_p, c_void_p, c_int, c_int)
    library.crowd_flow.argtypes = (c_void_p, *[c_int] * 10, c_uint32, c_uint32, c_double, c_double, c_int)
    library.crowd_let.argtypes = (c_void_p, c_int, c_int, c_int)
    library.crowd_run.argtypes = (c_void_p, c_int, c_double, c_double, c_double)
    library.crowd_outcome.argtypes = (c_void_p,)
    library.crowd_outcome.restype = POINTER(_Outcome)
    library.crowd_buckets.argtypes = (c_void_p,)
    library.crowd_buckets.restype = POINTER(c_uint32 * BUCKETS)
    library.crowd_tally.argtypes = (c_void_p, c_int, c_int, c_int)
    library.crowd_tally.restype = POINTER(_Tally)
    library.crowd_sent.argtypes = (c_void_p, c_int, c_int)
    library.crowd_sent.restype = c_uint64
    library.crowd_free.argtypes = (c_void_p,)
    library.floor_run.restype = c_double
    library.floor_run.argtypes = (
        *(c_void_p, c_void_p, c_int, c_int, c_void_p, c_int, c_void_p, c_int),
        *(c_int, c_double, c_int, c_double, c_int, c_double, c_int, POINTER(c_uint64)),
    )
    return library


def function(name: str) -> int:
    """Address of one of libsrtp's functions."""
    return int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))


def pointer(session: pylibsrtp.Session) -> int:
    """Address of an SRTP session, which must outlive its use."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One socket of a person and its two SRTP sessions; `sends` are the SSRCs of the streams that leave by it, by
    the stream's place in the scene."""

    fd: int
    seal: pylibsrtp.Session
    open: pylibsrtp.Session
    room: int
    seat: int
    sends: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run came to. `expected` counts every (packet, viewer) that the scene demands; `missing` those of them
    that did not arrive whole, right and once. `more` arrived without being demanded (a layer not wished for), `resent`
    came on a resending stream, by which servers try how much a viewer could take."""

    seconds: float
    sent: int
    expected: int
    arrived: int
    missing: int
    more: int
    twice: int
    reordered: int
    broken: int
    undecrypted: int
    wrong: int
    stray: int
    resent: int
    unsent: int
    late: int
    latest_ms: float
    cpu_s: float
    p50_ms: float
    p99_ms: float

    @property
    def faults(self) -> int:
        """What must never be, whatever the load."""
        return self.twice + self.broken + self.undecrypted + self.wrong + self.stray

    @property
    def lossless(self) -> bool:
        return self.expected > 0 and not self.missing and not self.faults

    @property
    def rate(self) -> float:
        """Packets a second that arrived at viewers."""
        return self.arrived / self.seconds

    @property
    def honest(self) -> bool:
        """Whether the load client itself kept its pace: at most one packet in a hundred left late, none unsent."""
        return not self.unsent and self.late * 100 <= self.sent


def percentile_ms(buckets: Sequence[int], share: float) -> float:
    """The upper bound of the bucket in which the `share` (0..1) of all lies; 0 without any."""
    left = sum(buckets) * share
    if not left:
        return 0.0
    for index, count in enumerate(buckets):
        left -= count
        if left <= 0:
            return (index + 1) * BUCKET_US / 1_000
    return len(buckets) * BUCKET_US / 1_000


class Crowd:
    """Everybody of up to `rooms_max` rooms that all play `scene`; rooms are added one after another."""

    def __init__(self, scene: Scene, *, rooms_max: int = 1) -> None:
        self._c = built()
        self.scene = scene
        self.rooms = 0
        self.rooms_max = rooms_max
        self._ends: list[End] = []  # The sessions must live as long as we do.
        # A server may want two connections a person.
        room_for = 2 * scene.people * rooms_max
        self._crowd = self._c.crowd_new(
            *map(function, ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp")),
            *(rooms_max, scene.people, len(scene.streams), room_for),
        )
        self._c.crowd_agreed(self._crowd, LEVEL_ID, TWCC_ID, MID_ID, RID_ID, RESEND)

    def add(self, ends: Sequence[End]) -> None:
        """The next room, by the ends of everybody in it; its number is `self.rooms` before."""
        assert self.rooms < self.rooms_max
        assert len(ends) <= 2 * self.scene.people
        self._ends += ends
        for end in ends:
            assert end.room == self.rooms
            by = self._c.crowd_end(self._crowd, end.fd, pointer(end.seal), pointer(end.open), end.room, end.seat)
            for index, ssrc in end.sends.items():
                self._flow(by, end, index, self.scene.streams[index], ssrc)
        self.rooms += 1

    def _flow(self, by: int, end: End, index: int, stream: Stream, ssrc: int) -> None:
        # People's packets do not come all at once.
        offset_s = (end.room / self.rooms_max + stream.seat) / self.scene.people / stream.hertz
        self._c.crowd_flow(
            *(self._crowd, by, index, stream.size, stream.packets, stream.kind == "picture", stream.height),
            max(1, round(stream.hertz)),  # a keyframe a second
            *(VIDEO, ord("1")) if stream.kind == "picture" else (AUDIO, ord("0")),
            *(ord(stream.rid) if stream.rid else 0, ssrc, round(stream.clock_hz / stream.hertz)),
            *(stream.hertz, offset_s, ssrc & 0x3FFF),
        )

    def send_layers(self, room: int, seat: int, count: int) -> None:
        """Let somebody send the `count` smallest layers of the picture alone, as a browser does that is told so."""
        layers = [index for index, stream in self.scene.of(seat).items() if stream.rid]
        for place, index in enumerate(layers if room < self.rooms else ()):
            self._c.crowd_let(self._crowd, room, index, place < count)

    def run(self, seconds: float, *, rooms: int = 1, speed: float = 1.0) -> Outcome:
        """Let the first `rooms` rooms play for `seconds`, every stream `speed` times as fast; waits for the last
        packets. For a thread: it takes that long, without the interpreter's lock."""
        assert rooms <= self.rooms
        c, crowd, scene = self._c, self._crowd, self.scene
        c.crowd_run(crowd, rooms, seconds, speed, QUIET_S)
        outcome = c.crowd_outcome(crowd).contents
        expected = missing = more = twice = reordered = broken = 0
        for room in range(rooms):
            for index, stream in enumerate(scene.streams):
                sent = c.crowd_sent(crowd, room, index)
                for viewer in range(scene.people):
                    tally = c.crowd_tally(crowd, room, viewer, index).contents
                    twice += tally.twice
                    reordered += tally.reordered
                    broken += tally.broken
                    if scene.sees(viewer, stream):
                        expected += sent
                        missing += sent - tally.arrived
                    else:
                        more += tally.arrived
        buckets = c.crowd_buckets(crowd).contents
        return Outcome(
            **{
                name: getattr(outcome, name)
                for name in ("sent", "arrived", "undecrypted", "wrong", "stray", "resent", "unsent")
            },
            expected=expected,
            missing=missing,
            more=more,
            twice=twice,
            reordered=reordered,
            broken=broken,
            late=outcome.late,
            latest_ms=outcome.latest_ns / 1e6,
            cpu_s=outcome.cpu_ns / 1e9,
            seconds=seconds,
            p50_ms=percentile_ms(buckets, 0.50),
            p99_ms=percentile_ms(buckets, 0.99),
        )

    def close(self) -> None:
        self._c.crowd_free(self._crowd)
        self._ends.clear()
