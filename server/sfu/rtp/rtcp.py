"""RTCP: the few reports and requests a forwarding server reads and writes (RFC 3550 §6, RFC 4585, RFC 5104).

Everything read comes from an authenticated peer, and is bounded all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import Struct, error, pack, unpack_from
from typing import NamedTuple

from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.twcc import Feedback, read_feedback

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, GOODBYE = 200, 201, 202, 203
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
_NTP_1970_S = 2_208_988_800

PACKETS_MAX = 64
"""Packets read from one compound datagram; the rest is ignored."""

FEEDBACKS_MAX = 2
"""Transport-wide feedbacks among them."""

NUMBERS_MAX = 512
"""Lost packets named in one NACK that are looked at."""

BITRATE_BPS_MAX = 1_000_000_000
"""Beyond this a bandwidth message says no more than "plenty"."""

_FEEDBACK_ALONE = bytes((0x8F, TRANSPORT_FEEDBACK))
"""How a transport-wide feedback without padding begins."""
_BLOCK = Struct("!IIIIII")
_BARE = Struct("!BBHIQIII")


class ReportBlock(NamedTuple):
    """How one stream arrives. `fraction_lost` in 1/256, `jitter` in ticks, `delay` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    packets_lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderReport:
    """`ntp` is 64 bits of NTP time (32.32 s), `timestamp` the RTP time of the same moment."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nack:
    """Sequence numbers of `media` that did not arrive."""

    media: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframeRequest:
    """A PLI or a FIR for one stream."""

    media: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthMessage:
    """What a viewer says it can receive (REMB, draft-alvestrand-rmcat-remb-03), where it gives no better feedback."""

    bitrate_bps: int


Report = SenderReport | ReceiverReport | Nack | KeyframeRequest | Goodbye | Feedback | BandwidthMessage


def read(data: bytes) -> Iterator[Report]:
    """The packets of a compound datagram that this server has a use for; unknown ones are skipped.

    Raises MalformedPacket where a length does not fit; what came before has been yielded.
    """
    position = 0
    feedbacks = 0
    for _ in range(PACKETS_MAX):
        if position == len(data):
            return
        if position + 8 > len(data):
            raise MalformedPacket("RTCP cut off")
        head, kind, words = unpack_from("!BBH", data, position)
        end = position + 4 * (words + 1)
        if head >> 6 != 2 or end > len(data) or words < 1:
            raise MalformedPacket("RTCP header does not fit")
        body = data[position + 4 : end]
        if head & 0x20:
            padding = body[-1]
            if padding == 0 or padding > len(body) - 4:
                raise MalformedPacket("RTCP padding does not fit")
            body = body[:-padding]
        # A few bytes of feedback can tell of many packets: it is the one report that is dear to read.
        feedbacks += kind == TRANSPORT_FEEDBACK and head & 31 == 15
        if feedbacks > FEEDBACKS_MAX:
            return
        try:
            yield from _read_one(kind, head & 31, body)
        except error:
            raise MalformedPacket("RTCP packet cut off") from None
        position = end


class Split(NamedTuple):
    """A compound datagram as a core takes it: the bodies of transport-wide feedbacks, the reports, and whether there
    is more to read."""

    feedbacks: list[bytes]
    reports: list[SenderReport | ReceiverReport]
    has_more: bool


def split(data: bytes) -> Split:
    """What does not fit is more to read: whoever reads it finds out."""
    if data.startswith(_FEEDBACK_ALONE) and len(data) > 8 and len(data) == 4 + 4 * (data[2] << 8 | data[3]):
        return Split([data[4:]], [], False)  # as nearly always
    bodies: list[bytes] = []
    reports: list[SenderReport | ReceiverReport] = []
    position, has_more = 0, False
    for _ in range(PACKETS_MAX):
        if position == len(data):
            break
        if position + 8 > len(data):
            return Split(bodies, reports, True)
        head, kind, words = unpack_from("!BBH", data, position)
        end = position + 4 * (words + 1)
        if head >> 6 != 2 or end > len(data) or words < 1:
            return Split(bodies, reports, True)
        is_feedback = kind == TRANSPORT_FEEDBACK and head & 31 == 15
        if is_feedback or kind in (SENDER_REPORT, RECEIVER_REPORT):
            padding = data[end - 1] if head & 0x20 else 0
            if (head & 0x20 and not padding) or padding > end - position - 8:
                return Split(bodies, reports, True)
            body = data[position + 4 : end - padding]
            if not is_feedback:
                try:
                    reports += _read_report(kind, head & 31, body)
                except error:
                    has_more = True
            elif len(bodies) == FEEDBACKS_MAX:
                break
            else:
                bodies.append(body)
        else:  # Requests; nobody has a use for others.
            has_more = has_more or kind in (TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK)
        position = end
    return Split(bodies, reports, has_more)


def _read_report(kind: int, count: int, body: bytes) -> Iterator[SenderReport | ReceiverReport]:
    if kind == SENDER_REPORT:
        ssrc, high, low, timestamp, packets, octets = unpack_from("!IIIIII", body)
        yield SenderReport(
            ssrc=ssrc,
            ntp=high << 32 | low,
            timestamp=timestamp,
            packets=packets,
            octets=octets,
            blocks=_read_blocks(body, 24, count),
        )
    else:
        (ssrc,) = unpack_from("!I", body)
        yield ReceiverReport(ssrc=ssrc, blocks=_read_blocks(body, 4, count))


def _read_one(kind: int, count: int, body: bytes) -> Iterator[Report]:
    if kind in (SENDER_REPORT, RECEIVER_REPORT):
        yield from _read_report(kind, count, body)
    elif kind == GOODBYE:
        yield Goodbye(ssrcs=unpack_from(f"!{count}I", body))
    elif kind == TRANSPORT_FEEDBACK and count == 1:
        (media,) = unpack_from("!I", body, 4)
        numbers: list[int] = []
        for position in range(8, len(body) - 3, 4):
            first, following = unpack_from("!HH", body, position)
            numbers.append(first)
            numbers.extend((first + 1 + bit) & 0xFFFF for bit in range(16) if following >> bit & 1)
            if len(numbers) >= NUMBERS_MAX:
                break
        yield Nack(media=media, numbers=tuple(numbers[:NUMBERS_MAX]))
    elif kind == TRANSPORT_FEEDBACK and count == 15:
        yield read_feedback(body)
    elif kind == PAYLOAD_FEEDBACK and count == 15 and body[8:12] == b"REMB":
        (packed,) = unpack_from("!I", body, 12)
        yield BandwidthMessage(bitrate_bps=min((packed & 0x3FFFF) << (packed >> 18 & 0x3F), BITRATE_BPS_MAX))
    elif kind == PAYLOAD_FEEDBACK and count == 1:
        (media,) = unpack_from("!I", body, 4)
        yield KeyframeRequest(media=media)
    elif kind == PAYLOAD_FEEDBACK and count == 4:
        for position in range(8, len(body) - 7, 8):
            yield KeyframeRequest(media=unpack_from("!I", body, position)[0])


def _read_blocks(body: bytes, start: int, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for position in range(start, start + 24 * count, 24):
        ssrc, loss, *others = _BLOCK.unpack_from(body, position)
        lost = loss & 0xFFFFFF
        blocks.append(ReportBlock(ssrc, loss >> 24, lost - (1 << 24) if lost & 0x800000 else lost, *others))
    return tuple(blocks)


def write_sender_report(report: SenderReport) -> bytes:
    return _packet(
        SENDER_REPORT,
        len(report.blocks),
        pack(
            "!IQIII",
            report.ssrc,
            report.ntp,
            report.timestamp,
            report.packets & 0xFFFFFFFF,
            report.octets & 0xFFFFFFFF,
        )
        + _write_blocks(report.blocks),
    )


def ntp_time(now_us: int) -> int:
    """NTP time (32.32) of a moment of the monotonic clock: its zero is arbitrary, its pace is right."""
    seconds, rest = divmod(now_us, 1_000_000)
    return (seconds + _NTP_1970_S & 0xFFFFFFFF) << 32 | (rest << 32) // 1_000_000


def bundled(parts: Iterable[bytes], size: int) -> list[bytes]:
    """The parts joined into compounds of at most `size` bytes, in order."""
    compounds = [b""]
    for part in parts:
        if compounds[-1] and len(compounds[-1]) + len(part) > size:
            compounds.append(b"")
        compounds[-1] += part
    return compounds


def write_bare_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    """A sender report without blocks: there are many of them, each second."""
    return _BARE.pack(0x80, SENDER_REPORT, 6, ssrc, ntp, timestamp, packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)


def write_receiver_report(*, ssrc: int, blocks: Iterable[ReportBlock]) -> bytes:
    """One or more receiver reports, for at most 31 streams each."""
    left = list(blocks)
    packets: list[bytes] = []
    while left or not packets:
        some, left = left[:31], left[31:]
        packets.append(_packet(RECEIVER_REPORT, len(some), pack("!I", ssrc) + _write_blocks(some)))
    return b"".join(packets)


def write_description(*, ssrc: int, cname: str) -> bytes:
    """An SDES packet that names the sender, as every compound packet must hold one."""
    name = cname.encode()[:255]
    chunk = pack("!IBB", ssrc, 1, len(name)) + name + b"\0"
    return _packet(DESCRIPTION, 1, chunk + bytes(-len(chunk) % 4))


def write_nack(*, ssrc: int, media: int, numbers: Iterable[int]) -> bytes:
    """A request for lost packets; `numbers` are 16-bit, in any order, not many."""
    pairs: list[tuple[int, int]] = []
    for number in numbers:
        if pairs and 1 <= (number - pairs[-1][0]) & 0xFFFF <= 16:
            first, following = pairs[-1]
            pairs[-1] = (first, following | 1 << ((number - first) & 0xFFFF) - 1)
        else:
            pairs.append((number, 0))
    body = b"".join(pack("!HH", first, following) for first, following in pairs)
    return _packet(TRANSPORT_FEEDBACK, 1, pack("!II", ssrc, media) + body)


def write_keyframe_request(*, ssrc: int, media: int) -> bytes:
    return _packet(PAYLOAD_FEEDBACK, 1, pack("!II", ssrc, media))


def _write_blocks(blocks: Iterable[ReportBlock]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc,
            block.fraction_lost << 24 | block.packets_lost & 0xFFFFFF,
            block.highest,
            block.jitter,
            block.last_report,
            block.delay,
        )
        for block in blocks
    )


def _packet(kind: int, count: int, body: bytes) -> bytes:
    assert len(body) % 4 == 0
    return pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
