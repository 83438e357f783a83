"""Transport-wide feedback: tells a sender when each of its packets arrived.

draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1. Written, it lets the browser's own estimator find the
bandwidth of its uplink, and start its higher layers. Read, it tells how a viewer's downlink fares.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from operator import sub
from struct import Struct, error, pack, unpack_from
from typing import NamedTuple, cast

from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.sequence import Unwrapper

KEPT_MAX = 2_000
"""Arrivals kept between two feedbacks."""
SPAN_MAX = 600
"""Packet numbers one feedback covers, so that it fits a datagram whatever it says; a jump beyond starts anew."""

READ_MAX = 2_048
"""Packets that one feedback may tell of. One about more follows an outage, and says nothing about bandwidth."""
BASE_US = 64_000
"""Unit of a feedback's base time."""

_BEGINNING = Struct("!HHI")
_RUN_MAX = 256
_TICK_US = 250
_NOT_RECEIVED, _SMALL, _LARGE = 0, 1, 2


class Arrivals:
    """Collects arrivals of one transport and writes the feedback packets: one each `every_us`, but of less than `few`
    packets each `latest_us`."""

    __slots__ = (
        "_arrived",
        "_awaited",
        "_count",
        "_due_us",
        "_every_us",
        "_few",
        "_latest_us",
        "_next",
        "_numbers",
        "_overdue_us",
        "_times",
    )

    def __init__(self, *, every_us: int = 0, few: int = 0, latest_us: int = 0) -> None:
        self._every_us, self._few, self._latest_us = every_us, few, latest_us
        self._due_us = self._overdue_us = 0
        self._numbers = Unwrapper(16)
        self._times: list[int] = []
        """When those came that followed one another, before `_awaited` (16 bits): worked out for many at once."""
        self._awaited = -1
        self._arrived: dict[int, int] = {}
        """All others that were not told of yet."""
        self._next: int | None = None
        self._count = 0

    def arrived(self, number: int, now_us: int) -> bool:
        """Note packet `number` (16 bits), of which the first arrival counts; whether it is time for a feedback."""
        if number != self._awaited or len(self._times) == _RUN_MAX:
            self._gather()
        self._times.append(now_us)
        self._awaited = (number + 1) & 0xFFFF
        if now_us < self._due_us or (now_us < self._overdue_us and self._untold() < self._few):
            return False
        self._due_us, self._overdue_us = now_us + self._every_us, now_us + self._latest_us
        return True

    def _untold(self) -> int:
        if not self._arrived:
            return len(self._times)
        self._gather()
        return len(self._arrived)

    def _gather(self) -> None:
        unwrap, arrived = self._numbers.unwrap, self._arrived
        for number, at_us in enumerate(self._times, self._awaited - len(self._times)):
            extended = unwrap(number & 0xFFFF)
            if len(arrived) < KEPT_MAX:
                arrived.setdefault(extended, at_us)
        self._times.clear()

    def feedback(self, *, ssrc: int, media: int) -> bytes | None:
        """The RTCP packet about all arrivals since the last one, or None when there were none.

        A packet that comes after later ones were reported is reported again from its own number on.
        """
        at_once = self._told_at_once()
        if at_once is not None:
            return self._written(ssrc, media, *at_once)
        self._gather()
        if not self._arrived:
            return None
        numbers = sorted(self._arrived)
        first = numbers[0]
        if self._next is not None and self._next < first < self._next + SPAN_MAX:
            first = self._next  # What is missing in between is reported lost.
        last = min(numbers[-1], first + SPAN_MAX - 1)
        arrived, self._arrived = self._arrived, {}
        base_us = min(at for number, at in arrived.items() if number <= last) // BASE_US * BASE_US
        told = _all_small([arrived.get(number) for number in range(first, last + 1)], base_us)
        count = last + 1 - first
        if told is None:
            count, told = self._told_singly(arrived, first, last, base_us)
        self._next = first + count
        self._arrived.update((later, at) for later, at in arrived.items() if later > last)
        return self._written(ssrc, media, first, count, base_us, told)

    def _told_at_once(self) -> tuple[int, int, int, bytes] | None:
        """The same, worked out at once, where all came that follow those of the last one, as on most days."""
        times, count = self._times, len(self._times)
        if not times or self._arrived or self._next is None or (self._awaited - count - self._next) & 0xFFFF:
            return None
        base_us = times[0] // BASE_US * BASE_US
        told = _all_small(times, base_us)
        if told is None or self._numbers.highest != self._next - 1:
            return None
        first = self._next
        self._times = []
        self._next += count
        self._numbers.highest = self._next - 1
        return first, count, base_us, told

    def _written(self, ssrc: int, media: int, first: int, count: int, base_us: int, told: bytes) -> bytes:
        body = pack(
            "!IIHHI",
            ssrc,
            media,
            first & 0xFFFF,
            count,
            (base_us // BASE_US & 0xFFFFFF) << 8 | self._count & 0xFF,
        )
        self._count += 1
        body += told
        padding = -len(body) % 4
        if padding:
            body += bytes(padding - 1) + bytes([padding])
        return pack("!BBH", 0xA0 | 15 if padding else 0x8F, 205, len(body) // 4) + body

    def _told_singly(self, arrived: dict[int, int], first: int, last: int, base_us: int) -> tuple[int, bytes]:
        """How many packets are told of, and what is told: status chunks and deltas."""
        before_us = base_us
        symbols: list[int] = []
        deltas: list[bytes] = []
        for number in range(first, last + 1):
            at = arrived.get(number)
            if at is None:
                symbols.append(_NOT_RECEIVED)
                continue
            ticks = (at - before_us) // _TICK_US
            if 0 <= ticks <= 0xFF:
                symbols.append(_SMALL)
                deltas.append(ticks.to_bytes(1, "big"))
            elif -0x8000 <= ticks <= 0x7FFF:
                symbols.append(_LARGE)
                deltas.append(ticks.to_bytes(2, "big", signed=True))
            else:
                # More than eight seconds apart: this packet ends here, the rest waits for the next one.
                self._arrived = {later: when for later, when in arrived.items() if later >= number}
                break
            before_us += ticks * _TICK_US  # Not `at`: rounding must not add up.
        return len(symbols), _chunks(symbols) + b"".join(deltas)


def _all_small(arrived: Sequence[int | None], base_us: int) -> bytes | None:
    """The same where everything came, in order and one soon after the other, as on most days."""
    if None in arrived:
        return None
    ticks = [(at_us - base_us) // _TICK_US for at_us in cast(Sequence[int], arrived)]
    deltas = list(map(sub, ticks, [0, *ticks]))
    if min(deltas) < 0 or max(deltas) > 0xFF:
        return None
    return pack("!H", _SMALL << 13 | len(deltas)) + bytes(deltas)


def _chunks(symbols: list[int]) -> bytes:
    """Status chunks: runs where they cover more than a vector would, else vectors of 14 or 7."""
    written = bytearray()
    position = 0
    while position < len(symbols):
        run = 1
        while position + run < len(symbols) and symbols[position + run] == symbols[position] and run < 8191:
            run += 1
        if run >= 14 or (run >= 7 and symbols[position] == _LARGE) or position + run == len(symbols):
            written += pack("!H", symbols[position] << 13 | run)
            position += run
            continue
        some = symbols[position : position + 14]
        if _LARGE not in some:
            bits = 0
            for index, symbol in enumerate(some):
                bits |= symbol << (13 - index)
            written += pack("!H", 0x8000 | bits)
            position += 14
        else:
            bits = 0
            for index, symbol in enumerate(symbols[position : position + 7]):
                bits |= symbol << (12 - 2 * index)
            written += pack("!H", 0xC000 | bits)
            position += 7
    return bytes(written)


@lru_cache(1_024)
def _vector(chunk: int) -> tuple[int, ...]:
    """The symbols of a vector chunk: there are not many such chunks, and few are common."""
    if chunk < 0xC000:
        return tuple(chunk >> bit & 1 for bit in range(13, -1, -1))
    return tuple(chunk >> bit & 3 for bit in range(12, -1, -2))


@lru_cache(1_024)
def _small_chunks(count: int) -> tuple[bytes, ...]:
    """How it may be said of so many packets that all came, each soon after another: a run, vectors of 14, of 7."""
    ways = [pack("!H", _SMALL << 13 | count)]
    for head, each, full in ((0x8000, 14, 0x3FFF), (0xC000, 7, 0x1555)):
        rest = count % each
        last = full >> (each - rest) * (14 // each) << (each - rest) * (14 // each)
        ways.append(pack("!H", head | full) * (count // each) + (pack("!H", head | last) if rest else b""))
    return tuple(ways)


class Feedback(NamedTuple):
    """Which packets arrived, from `first` (16 bits) on.

    `base` counts units of BASE_US and has 24 bits; `arrivals` are microseconds after it, None where nothing came. With
    `is_plain` everything came, and none before the one before it.
    """

    first: int
    base: int
    arrivals: tuple[int | None, ...]
    is_plain: bool = False


def glance(body: bytes) -> tuple[int, int, int, int] | None:
    """Of a feedback that says that all came, each soon after another, as on most days: `first`, how many, `base`, and
    when the first came. None of any other."""
    if len(body) < 18:
        return None
    first, count, tail = _BEGINNING.unpack_from(body, 8)
    for chunks in _small_chunks(count) if 0 < count <= READ_MAX else ():
        if body.startswith(chunks, 16):
            begin = 16 + len(chunks)
            if len(body) >= begin + count:
                return first, count, tail >> 8, body[begin] * _TICK_US
    return None


def read_feedback(body: bytes) -> Feedback:
    """The feedback in the body of an RTCP packet (after its first four bytes, padding gone).

    Of more than READ_MAX packets nothing is told. Raises MalformedPacket where it is cut off or says nothing known.
    """
    try:
        first, count, tail = _BEGINNING.unpack_from(body, 8)
        if count > READ_MAX:
            return Feedback(first=first, base=tail >> 8, arrivals=())
        for chunks in _small_chunks(count) if count else ():  # as on most days
            if body.startswith(chunks, 16):
                deltas = body[16 + len(chunks) : 16 + len(chunks) + count]
                if len(deltas) == count:
                    return Feedback(first, tail >> 8, tuple([_TICK_US * at for at in accumulate(deltas)]), True)
        position = 16
        symbols: list[int] = []
        while len(symbols) < count:
            (chunk,) = unpack_from("!H", body, position)
            position += 2
            if chunk < 0x8000:
                symbols += [chunk >> 13] * min(chunk & 0x1FFF, count - len(symbols))
            else:
                symbols += _vector(chunk)
        del symbols[count:]
        at = 0
        arrivals: list[int | None] = []
        for symbol in symbols:
            if symbol == _NOT_RECEIVED:
                arrivals.append(None)
                continue
            if symbol == _SMALL:
                at += body[position] * _TICK_US
                position += 1
            elif symbol == _LARGE:
                at += unpack_from("!h", body, position)[0] * _TICK_US
                position += 2
            else:
                raise MalformedPacket("a reserved symbol in feedback")
            arrivals.append(at)
    except (error, IndexError):
        raise MalformedPacket("feedback cut off") from None
    return Feedback(first, tail >> 8, tuple(arrivals), bool(symbols) and symbols.count(_SMALL) == len(symbols))
