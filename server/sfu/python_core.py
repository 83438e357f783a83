"""The forwarding core in Python: for machines without a compiler, and the plain statement of what the native one does.

`LinkCore.received_rtp`, `LayerCore.take` and `LayerCore.forward` are the whole way of a packet; the arithmetic is in
`rtp`. It works by the packet that comes, not by the copy that leaves: see `flow`.
"""

from __future__ import annotations

import secrets
import socket
from collections import deque
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, NamedTuple, Protocol, cast

import server.sfu.core as port
from server.sfu.core import (
    CHECKS_EVERY_US,
    CHECKS_MAX,
    CONTROL_EVERY_US,
    CONTROL_MAX,
    ELSEWHERE_EVERY_US,
    ELSEWHERE_MAX,
    ENDED_MAX,
    FEEDBACK_EVERY_US,
    FEEDBACK_FEW,
    FEEDBACK_LATEST_US,
    FOLLOW_EVERY_US,
    HANDSHAKES_MAX,
    LEVELS_MAX,
    PROOFS_EVERY_US,
    PROOFS_MAX,
    REPORT_BYTES_MAX,
    REPORT_EACH,
    STREAMS_MAX,
    UNPLACED_EVERY_US,
    UNPLACED_MAX,
    UNPROVED_EVERY_US,
    Address,
    CoreName,
    LayerFigures,
    LinkHandler,
    TakeStun,
    Told,
)
from server.sfu.datagrams import STRIDE, Inbox, Name, Outbox, address_of, ffi, name_of
from server.sfu.departures import MARKER, Cipher, Recipient, Way, spread
from server.sfu.flow import Flow
from server.sfu.listening import Listening
from server.sfu.rtp import rtcp
from server.sfu.rtp.coming import Coming
from server.sfu.rtp.demux import Kind, classify, is_rtcp, is_rtp
from server.sfu.rtp.early import Early, Incoming
from server.sfu.rtp.echo import Listener, Pool
from server.sfu.rtp.history import History
from server.sfu.rtp.layers import SILENT_US
from server.sfu.rtp.layout import FIRST, Layout, layout, reader
from server.sfu.rtp.packet import MalformedPacket, Outgoing, RtpPacket
from server.sfu.rtp.ration import Ration
from server.sfu.rtp.reception import Reports
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.shift import NO_SHIFT, Shift
from server.sfu.rtp.speakers import LOUD_DBOV
from server.sfu.rtp.stun import StunKind, answer, name_at_first_sight, outline, proves
from server.sfu.rtp.twcc import Arrivals
from server.sfu.rtp.vp8 import Vp8
from server.sfu.sdp import RATES
from server.sfu.sealing import Sealing

SOCKET_BUFFER_BYTES = 4 << 20
RESENDS_PER_REQUEST_MAX = 64
_BEGINNING = Struct("!BB6xI")
CAUGHT_MAX = 4_096
"""Datagrams kept while no port is open."""
TRIP_US_MAX = 5_000_000
"""A way there and back takes no longer."""
REGROUP_EACH = 256
"""Packets of a layer after which it is looked whether slots that began apart go on together."""


class Session(Protocol):
    """What is used of an SRTP session; the calls raise ValueError or the `failure` that the core was given."""

    def protect(self, packet: bytes) -> bytes: ...
    def unprotect(self, packet: bytes) -> bytes: ...
    def protect_rtcp(self, packet: bytes) -> bytes: ...
    def unprotect_rtcp(self, packet: bytes) -> bytes: ...
    def remove_stream(self, ssrc: int) -> None: ...


class Srtp(Protocol):
    """libsrtp without its wrapping. `pointer` is None for sessions not its own."""

    @property
    def protect(self) -> Cipher: ...
    @property
    def protect_rtcp(self) -> Cipher: ...
    @property
    def unprotect(self) -> Cipher: ...
    @property
    def unprotect_rtcp(self) -> Cipher: ...
    def pointer(self, session: Session) -> Any | None: ...


_UNBOUND: tuple[LayerCore | None, bool] = (None, False)


class LayerCore:
    """Its identity is the key of its stream in the rewriters."""

    def __init__(self, track: TrackCore, owner: Any) -> None:
        self.track = track
        self.owner = owner
        self.layout: Layout | None = None
        """Of its packets but the resent ones, as the last that was read element by element had it."""
        self._is_picture = track.kind != "audio"
        self.height = 0
        self.since_us = 0
        self.last_us = 0
        self.octets = 0
        self._octets_of = [0] * 4
        self.keyframes = 0
        self.overflows = 0
        self._coming = Coming(RATES[track.kind], repeats=self._is_picture)
        self.reports = Reports()
        self._ssrcs: dict[bool, int] = {}
        self._flows: tuple[Flow, ...] = ()
        """Of the slots that show it, …"""
        self._awaiting: tuple[Flow, ...] = ()
        """… and of those that wait to."""
        self._early: Early | None = None
        self.is_regrouped = True

    def bind(self, ssrc: int) -> None:
        self._bind(ssrc, is_resent=False)

    def bind_resend(self, ssrc: int) -> None:
        self._bind(ssrc, is_resent=True)

    def _bind(self, ssrc: int, *, is_resent: bool) -> None:
        link = self.track.link
        before = self._ssrcs.get(is_resent)
        if before is not None and before != ssrc:
            link.end_stream(before)
        self._ssrcs[is_resent] = ssrc
        link.bound[ssrc] = (self, is_resent)

    def end(self) -> None:
        link = self.track.link
        for ssrc in self._ssrcs.values():
            if link.bound.get(ssrc, (None,))[0] is self:
                link.end_stream(ssrc)
        self._ssrcs.clear()
        link.layers.discard(self)
        self.track.layers.pop(self, None)
        link.core.stop_showing(self)

    def take(self, sequence: int, timestamp: int, marker: bool, payload: bytes, level: int | None, now_us: int) -> None:
        """A packet of it came. Raises MalformedPacket."""
        coming = self._coming
        number = coming.take(sequence, timestamp, now_us)
        if coming.has_news:
            self._tell_missing()
        if number is not None:
            self._take_on(number, timestamp, marker, payload, level, now_us)

    def take_resent(self, timestamp: int, marker: bool, payload: bytes, level: int | None, now_us: int) -> None:
        """The original in a resent packet (RFC 4588 §4); most are known (probing). Raises MalformedPacket."""
        if len(payload) < 2:
            return
        number = self._coming.take_again(int.from_bytes(payload[:2], "big"), now_us)
        if number is not None:
            self._take_on(number, timestamp, marker, payload[2:], level, now_us)

    def _tell_missing(self) -> None:
        link = self.track.link
        self._coming.has_news = False
        if self.overflows != self._coming.overflows:
            self.overflows += 1
            link.overflows += 1
        link.tell_missing()

    def _take_on(
        self, number: int, timestamp: int, marker: bool, payload: bytes, level: int | None, now_us: int
    ) -> None:
        """A packet that did not come before."""
        track = self.track
        vp8 = None
        if payload:
            size = len(payload)
            if now_us - self.last_us > SILENT_US or not self.last_us:
                self.since_us = now_us
            self.last_us = track.last_us = now_us
            self.octets += size
            if self._is_picture:
                vp8 = Vp8(payload)
                self._octets_of[vp8.temporal or 0] += size
                if vp8.starts_keyframe:
                    self.keyframes += 1
                    self._coming.forget_before(number)
                    self.height = vp8.height or self.height
        if track.slots is None:
            return
        if level is not None:
            track.heard(level, now_us)
        incoming = number, timestamp, marker, payload, vp8
        if self._is_picture or not track.link.core.is_looking:
            self.forward(incoming, now_us)
        else:
            track.link.core.sounds.append((self, incoming))

    def forward(self, incoming: Incoming, now_us: int) -> None:
        """Send a packet on to all who are to see it."""
        number, timestamp, marker, payload, vp8 = incoming
        if self.is_regrouped or not number % REGROUP_EACH:
            self._regroup()
        if self._awaiting:
            self._begin(incoming, now_us)
        elif self._early is not None:
            self._early = None
        if not payload:
            for flow in self._flows:
                flow.lead.drop(self, number)  # Close the gap that a packet without content would leave.
            return
        for flow in self._flows:
            out = flow.lead.push(self, number, timestamp, marker, payload, vp8, now_us)
            if out is not None:
                flow.send(out, now_us)

    def _begin(self, incoming: Incoming, now_us: int) -> None:
        """Show it to those who wait for it, if it can be begun with, and keep it while somebody waits on."""
        number, highest = incoming[0], self._coming.highest or 0
        if not self._is_picture:
            following: list[Incoming] | None = []
        else:
            if self._early is None:
                self._early = Early()
            following = self._early.following(number, highest)
        for flow in self._awaiting if following is not None else ():
            before = flow.lead.current
            _send(flow, self, incoming, now_us)
            if flow.lead.current is not before:
                for each in following or ():
                    self.track.link.core.set_apart()
                    _send(flow, self, each, now_us)
                _regroup(self, cast(LayerCore | None, before))
        if self._early is not None and any(flow.lead.awaited is self for flow in self._awaiting):
            self._early.keep(number, highest, incoming)
        else:
            self._early = None

    def _regroup(self) -> None:
        """Look who is to see it, and whose numbers go together from now on."""
        self.is_regrouped = False
        flows: dict[Flow, None] = {}
        awaiting: dict[Flow, None] = {}
        for slot in self.track.slots or ():
            if slot.flowing is self:
                flows[slot.flow] = None
            elif slot.awaited is self:
                awaiting[slot.flow] = None
        apart: list[Flow] = []
        for flow in flows:
            if not any(other.take_in(flow, has_all=self._coming.has_all) for other in apart):
                apart.append(flow)
        self._flows, self._awaiting = tuple(apart), tuple(awaiting)

    def figures(self) -> LayerFigures:
        base, first, second, third = self._octets_of
        return LayerFigures(
            last_us=self.last_us,
            since_us=self.since_us,
            octets=self.octets,
            received=self._coming.received,
            octets_0=base,
            octets_1=first,
            octets_2=second,
            octets_3=third,
            height=self.height,
            keyframes=self.keyframes,
            overflows=self.overflows,
            missing=self.missing,
        )

    @property
    def missing(self) -> int:
        return self._coming.missing

    def due(self, now_us: int, round_trip_us: int) -> list[int]:
        return self._coming.due(now_us, round_trip_us)

    def clock(self) -> tuple[int, int] | None:
        report = self.reports.report
        return (report.ntp, report.timestamp) if report is not None and report.ntp else None

    def block(self, now_us: int) -> rtcp.ReportBlock | None:
        """What to tell the sender of the time since the last report; None before the first packet."""
        ssrc = self._ssrcs.get(False)
        if ssrc is None:
            return None
        return self.reports.block(ssrc, self._coming.figures(), now_us, lost_onward=self.track.share_lost_onward)


def _send(flow: Flow, layer: LayerCore, incoming: Incoming, now_us: int) -> None:
    number, timestamp, marker, payload, vp8 = incoming
    if not payload:
        flow.lead.drop(layer, number)
        return
    out = flow.lead.push(layer, number, timestamp, marker, payload, vp8, now_us)
    if out is not None:
        flow.send(out, now_us)


def _regroup(*layers: LayerCore | None) -> None:
    """Somebody is shown these from now on, or not any more."""
    for layer in layers:
        if layer is not None:
            layer.is_regrouped = True


class SlotCore:
    """Its numbering is that of its flow, with `shift` added."""

    def __init__(
        self,
        link: LinkCore,
        *,
        kind: str,
        ssrc: int,
        payload_type: int,
        resend_ssrc: int | None,
        resend_type: int | None,
    ) -> None:
        self._link = link
        self.ssrc, self._payload_type = ssrc, payload_type
        self._resend = (resend_ssrc, resend_type) if resend_ssrc is not None and resend_type is not None else None
        rewriter = Rewriter(
            rate=RATES[kind],
            keyframes=kind != "audio",
            first_sequence=_first_sequence(),
            first_timestamp=secrets.randbits(32),
        )
        self._history = History() if self._resend is not None else None
        self._resend_sequence = _first_sequence()
        self._packets = self._octets = 0
        """Without those of the flow that it is in."""
        self.shift = NO_SHIFT
        self.flow = Flow(rewriter, keeps=self._history is not None)
        self.flow.add(self, NO_SHIFT)

    def joined(self, flow: Flow, shift: Shift) -> Recipient | None:
        """From now on its packets are those of `flow`, with `shift` added to their numbers."""
        self._packets, self._octets = self.packets - flow.packets, self.octets - flow.octets
        self.flow, self.shift = flow, shift
        if self._history is not None and flow.past is not None:
            self._history.begin(flow.past, shift)
        return self.recipient()

    def recipient(self) -> Recipient | None:
        shift = self.shift
        return self._link.way.recipient(
            ahead=shift.sequence, later=shift.timestamp, ssrc=self.ssrc, payload_type=self._payload_type
        )

    def part(self) -> None:
        """Go on alone from here."""
        flow, shift = self.flow, self.shift
        if flow.remove(self):
            Flow(flow.lead.shifted(shift), keeps=flow.past is not None).add(self, NO_SHIFT)
            _regroup(self.flowing)

    def aim(self, layer: port.LayerCore | None, *, cut: bool, clock_shift: int | None = None) -> None:
        if self.flowing is layer and self.flow.lead.is_settled and not cut:
            return
        self.part()
        _regroup(self.flowing, self.awaited, cast(LayerCore | None, layer))
        self.flow.lead.aim(cast(LayerCore | None, layer), cut=cut, clock_shift=clock_shift)

    def pace(self, temporal: int) -> None:
        if temporal != self.flow.lead.temporal_max:
            self.part()
            self.flow.lead.pace(temporal)

    @property
    def flowing(self) -> LayerCore | None:
        return cast(LayerCore | None, self.flow.lead.current)

    @property
    def awaited(self) -> LayerCore | None:
        return cast(LayerCore | None, self.flow.lead.awaited)

    @property
    def is_aimed(self) -> bool:
        """Whether it shows somebody."""
        return self.flow.lead.current is not None or self.flow.lead.awaited is not None

    @property
    def packets(self) -> int:
        return self._packets + self.flow.packets

    @property
    def octets(self) -> int:
        return self._octets + self.flow.octets

    def report(self, ntp: int, now_us: int) -> bytes:
        """The sender report of the moment `now_us`, which is `ntp`; nothing while there is nothing to tell."""
        lead = self.flow.lead
        if not lead.started or not self.is_aimed:
            return b""
        timestamp = (lead.timestamp_at(now_us) + self.shift.timestamp) & 0xFFFFFFFF
        return rtcp.write_bare_report(self.ssrc, ntp, timestamp, self.packets, self.octets)

    def resend(self, numbers: Sequence[int], round_trip_us: int, now_us: int) -> None:
        if self._history is None:
            return
        for sequence in numbers[:RESENDS_PER_REQUEST_MAX]:
            out = self._history.find(sequence, now_us, round_trip_us)
            if out is not None:
                self._send_again(out, now_us)
        self._link.core.flush()

    def probe(self, octets: int, now_us: int) -> int:
        sent = 0
        if self._history is not None:
            copies = self._history.backwards(now_us)
            while sent < octets and (out := next(copies, None)) is not None:
                sent += self._send_again(out, now_us)
            self._link.core.flush()
        return sent

    def _send_again(self, out: Outgoing, now_us: int) -> int:
        assert self._resend is not None
        ssrc, payload_type = self._resend
        sequence = self._resend_sequence
        self._resend_sequence = (sequence + 1) & 0xFFFF
        payload = out.sequence.to_bytes(2, "big") + out.prefix + out.payload[out.skip :]  # RFC 4588 §4
        recipient = self._link.way.recipient(ahead=0, later=0, ssrc=ssrc, payload_type=payload_type)
        if recipient is None:
            return 0
        spread((recipient,), MARKER if out.marker else 0, sequence, out.timestamp, payload, now_us)
        return 12 + len(payload)

    def forget(self) -> None:
        if self._history is not None:
            self._history.clear()


class TrackCore:
    def __init__(
        self, link: LinkCore, *, kind: str, payload_type: int, resend_type: int | None, level_extension: int
    ) -> None:
        self.link = link
        self.kind = kind
        self.payload_type = payload_type
        self.resend_type = resend_type
        self.level_extension = level_extension
        self.last_us = 0
        self.share_lost_onward = 0
        self.slots: Sequence[SlotCore] | None = None
        self.is_shut = False
        self.layers: dict[LayerCore, None] = {}
        """By age."""
        self._levels: deque[tuple[int, int]] = deque(maxlen=LEVELS_MAX)

    def layer(self, owner: Any) -> LayerCore:
        layer = LayerCore(self, owner)
        self.layers[layer] = None
        self.link.layers.add(layer)
        return layer

    def route(self, slots: Sequence[port.SlotCore]) -> None:
        self._route(cast(Sequence[SlotCore], tuple(slots)), is_shut=False)

    def shut(self) -> None:
        self._route(None, is_shut=True)

    def unroute(self) -> None:
        self._route(None, is_shut=False)

    def _route(self, slots: Sequence[SlotCore] | None, *, is_shut: bool) -> None:
        for slot in set(self.slots or ()).difference(slots or ()):
            slot.part()  # Those of one flow are all routed.
        self.slots, self.is_shut = slots, is_shut
        _regroup(*self.layers)

    def lost_onward(self, share: int) -> None:
        self.share_lost_onward = share

    def heard(self, level: int, now_us: int) -> None:
        """A packet came that bears this level (RFC 6464 §3)."""
        dbov = level & 0x7F
        if dbov <= LOUD_DBOV:
            self._levels.append((now_us, dbov))

    def levels(self) -> list[tuple[int, int]]:
        levels = list(self._levels)
        self._levels.clear()
        return levels


class LinkCore:
    def __init__(self, core: PythonCore, handler: LinkHandler) -> None:
        self.core = core
        self._handler: LinkHandler | None = handler
        self._rx: Session | None = None
        self._unprotect: Cipher = core.srtp.unprotect
        self._unprotect_rtcp: Cipher = core.srtp.unprotect_rtcp
        self._rx_pointer: Any = None
        self._size = ffi.new("int *")
        self._tx: Session | None = None
        self._to: Address | None = None
        self.way = Way()
        self.heard_us = 0
        self._failures = 0
        self.malformed = 0
        # ssrc -> (layer, whether it carries resent packets)
        self.bound: dict[int, tuple[LayerCore, bool]] = {}
        self._alive: set[int] = set()
        self._ended: set[int] = set()
        self._arrival_extension = 0
        self._arrivals = Arrivals(every_us=FEEDBACK_EVERY_US, few=FEEDBACK_FEW, latest_us=FEEDBACK_LATEST_US)
        self._arrivals_ssrc = 0
        self._listener: Listener | None = None
        self._pool = Pool()
        self.layers: set[LayerCore] = set()
        self.overflows = 0
        self._control = Ration(CONTROL_MAX, CONTROL_EVERY_US)
        self._unplaced = Ration(UNPLACED_MAX, UNPLACED_EVERY_US)
        self.answers = Ration(CHECKS_MAX, CHECKS_EVERY_US)
        self.handshakes = Ration(HANDSHAKES_MAX, UNPROVED_EVERY_US)
        self.elsewhere = Ration(ELSEWHERE_MAX, ELSEWHERE_EVERY_US)
        self._follow = Ration(1, FOLLOW_EVERY_US)
        self._expected: Name | None = None
        self._tracks: list[TrackCore] = []
        self.slots: list[SlotCore] = []
        self._slots_by_ssrc: dict[int, SlotCore] = {}
        self._told = Told(0, 0, 0, 0)
        self.lost = 0.0
        self._reporting = 0
        """Whose turn it is to be reported."""
        self._check = ("", b"")

    # ------------------------------------------------------------------ what comes

    def received_dtls(self, data: bytes) -> None:
        if self._handler is not None:
            self._handler.received_dtls(data)

    def received_rtp(self, ssrc: int, inbox: Inbox, index: int, size: int, now_us: int) -> bool:
        """A packet of this stream came; it is decrypted where it lies. Whether it is authentic, and no copy."""
        if self._rx is None:
            return False
        known = ssrc in self._alive
        if not known and (len(self._alive) >= STREAMS_MAX or ssrc in self._ended or len(self._ended) >= ENDED_MAX):
            return False
        cell = self._size
        cell[0] = size
        if self._unprotect(self._rx_pointer, inbox.at[index], cell):
            self._failures += 1
            return False
        if not known:
            self._alive.add(ssrc)
            self.core.by_ssrc.setdefault(ssrc, set()).add(self)
        self.heard_us = now_us
        begin, size = index * STRIDE, cell[0]
        layer, is_resent = self.bound.get(ssrc, _UNBOUND)
        if layer is not None and not is_resent and layer.layout is not None and layer.track.slots is not None:
            # As nearly all: laid out like the one before, and of a stream that somebody gets.
            end, mask, fixed, number_at, level_at = layer.layout
            if size >= end:
                first, second, sequence, timestamp, extension, payload = reader(end, size)(inbox.data, begin)
                block = int.from_bytes(extension, "big")
                if first == FIRST and block & mask == fixed:
                    if number_at >= 0 and self._arrivals.arrived(block >> number_at & 0xFFFF, now_us):
                        self.core.told_of.append((self, ssrc))
                    if second & 127 == layer.track.payload_type:
                        level = block >> level_at & 0xFF if level_at >= 0 else None
                        try:
                            layer.take(sequence, timestamp, second > 127, payload, level, now_us)
                        except MalformedPacket:
                            self.malformed += 1
                    return True
        self._forward(bytes(inbox.view[begin : begin + size]), now_us, again=False)
        return True

    def heard_elsewhere(self, address: Address, now_us: int) -> None:
        if self._handler is not None and self._follow.take(now_us):
            self._handler.heard_elsewhere(address, now_us)

    def place(self, plain: bytes, now_us: int) -> None:
        self._forward(plain, now_us, again=True)
        self.core.flush()

    def _forward(self, plain: bytes, now_us: int, *, again: bool) -> None:
        try:
            packet = RtpPacket(plain)
            if self._arrival_extension and not again:
                number = packet.element(self._arrival_extension) or b""
                if len(number) == 2 and self._arrivals.arrived(int.from_bytes(number, "big"), now_us):
                    self.core.told_of.append((self, packet.ssrc))
            layer, is_resent = self.bound.get(packet.ssrc, _UNBOUND)
            if layer is None or (layer.track.slots is None and not layer.track.is_shut):
                if not again:
                    self._hand_over(plain, now_us)
                return
            track = layer.track
            if packet.payload_type != (track.resend_type if is_resent else track.payload_type):
                return
            element = packet.element(track.level_extension) if track.level_extension else None
            level = element[0] if element else None
            if is_resent:
                layer.take_resent(packet.timestamp, packet.marker, packet.payload, level, now_us)
            else:
                layer.layout = layout(plain, number=self._arrival_extension, level=track.level_extension)
                layer.take(packet.sequence, packet.timestamp, packet.marker, packet.payload, level, now_us)
        except MalformedPacket:
            self.malformed += 1

    def _hand_over(self, plain: bytes, now_us: int) -> None:
        if self._handler is not None and self._unplaced.take(now_us):
            self._handler.received_unplaced(plain, now_us)

    def received_rtcp(self, inbox: Inbox, index: int, size: int, now_us: int) -> None:
        if self._rx is None or self._handler is None:
            return
        cell = self._size
        cell[0] = size
        if self._unprotect_rtcp(self._rx_pointer, inbox.at[index], cell):
            self._failures += 1
            return
        plain = bytes(inbox.view[index * STRIDE : index * STRIDE + cell[0]])
        self.heard_us = now_us
        if not self._control.take(now_us):
            return
        feedbacks, reports, has_more = rtcp.split(plain)
        for report in reports:
            self._reported(report, now_us)
        if self._listener is not None:
            for body in feedbacks:
                try:
                    echoes = self._listener.heard(body, now_us)
                except MalformedPacket:
                    self.malformed += 1
                    continue
                for echo in echoes:
                    self._handler.received_echo(echo, now_us)
        if has_more:
            self._handler.received_rtcp(plain, now_us)

    def _reported(self, report: rtcp.SenderReport | rtcp.ReceiverReport, now_us: int) -> None:
        if isinstance(report, rtcp.SenderReport):
            layer, is_resent = self.bound.get(report.ssrc, (None, True))
            if layer is not None and not is_resent:
                layer.reports.reported(report, now_us)
        blocks, lost, trips, trips_us = self._told
        for block in report.blocks:
            slot = self._slots_by_ssrc.get(block.ssrc)
            if slot is None or not slot.is_aimed:
                continue
            blocks, lost = blocks + 1, lost + block.fraction_lost
            way = (rtcp.ntp_time(now_us) >> 16) - block.last_report - block.delay & 0xFFFFFFFF
            if block.last_report and way < 1 << 31:
                trips, trips_us = trips + 1, trips_us + min(way * 1_000_000 >> 16, TRIP_US_MAX)
        self._told = Told(blocks, lost, trips, trips_us)

    def told(self) -> Told:
        return self._told

    def answer_checks(self, username: str, password: str) -> None:
        self._check = (username, password.encode())

    def answered(self, data: bytes, username: str, address: Address, now_us: int) -> bool:
        """Whether a proved check changes nothing, as it comes from where the peer is under its name; it is answered."""
        name, password = self._check
        if address != self._to or not name or username != name:
            return False
        success = answer(data, password, address)
        if success is None:
            return False
        self.core.send(success, address)
        self.heard_us = now_us
        return True

    # ------------------------------------------------------------------ what goes

    def report(self, ssrc: int, now_us: int) -> None:
        blocks = []
        self.lost = 0.0
        for track in reversed(self._tracks):
            for layer in reversed(track.layers):
                block = layer.block(now_us)
                if block is not None:
                    blocks.append(block)
                    self.lost = max(self.lost, layer.reports.fraction_lost)
        self._reporting = (self._reporting + 1) % REPORT_EACH
        ntp = rtcp.ntp_time(now_us)
        parts = [
            rtcp.write_receiver_report(ssrc=ssrc, blocks=blocks),
            *(slot.report(ntp, now_us) for slot in reversed(self.slots[self._reporting :: REPORT_EACH])),
            rtcp.write_description(ssrc=ssrc, cname="milieu"),
        ]
        for compound in rtcp.bundled(parts, REPORT_BYTES_MAX):
            self.send_rtcp(compound)

    def send_rtcp(self, plain: bytes) -> None:
        self.way.write_rtcp(plain)
        self.core.flush()

    # ------------------------------------------------------------------ what is set up

    def admit(self, address: Address) -> None:
        name = name_of(address)
        self.core.by_name[name] = self
        self.core.expected.pop(name, None)

    def expel(self, address: Address) -> None:
        name = name_of(address)
        if self.core.by_name.get(name) is self:
            del self.core.by_name[name]
        if self.core.expected.get(name) is self:
            del self.core.expected[name]

    def expect(self, address: Address) -> None:
        if self._expected is not None and self.core.expected.get(self._expected) is self:
            del self.core.expected[self._expected]
        self._expected = name_of(address)
        if self._expected not in self.core.by_name:
            self.core.expected[self._expected] = self

    def direct(self, address: Address | None) -> None:
        self._to = address
        self._lead()

    def secure(self, rx: Session, tx: Session, sealing: Sealing | None = None, opening: Sealing | None = None) -> None:
        self._rx, self._tx = rx, tx
        self._unprotect, self._rx_pointer = self.core.cipher(rx, self.core.srtp.unprotect, rx.unprotect)
        self._unprotect_rtcp, _ = self.core.cipher(rx, self.core.srtp.unprotect_rtcp, rx.unprotect_rtcp)
        self.way.protect, self.way.seal = self.core.cipher(tx, self.core.srtp.protect, tx.protect)
        self.way.protect_rtcp, _ = self.core.cipher(tx, self.core.srtp.protect_rtcp, tx.protect_rtcp)
        self._lead()

    def silence(self) -> None:
        self._rx = self._tx = None
        self._lead()

    def _lead(self) -> None:
        """Media goes where the peer is, once there are keys."""
        to = self._to if self._tx is not None else None
        self.way.lead(self.core.outbox(to) if to is not None else None, to)
        self._renew()

    def _renew(self) -> None:
        """Its slots are to get their packets in another way."""
        for slot in self.slots:
            slot.flow.renew(slot)

    def number_arrivals(self, extension: int, *, ssrc: int) -> None:
        self._arrival_extension, self._arrivals_ssrc = extension, ssrc
        for layer in self.layers:
            layer.layout = None

    def tell_arrivals(self, media: int) -> None:
        """Tell the sender what came of its packets, as feedback on this stream."""
        feedback = self._arrivals.feedback(ssrc=self._arrivals_ssrc, media=media)
        if feedback is not None:
            self.send_rtcp(feedback)

    def number_departures(self, extension: int) -> None:
        if extension and self._listener is None:
            self._listener = Listener(self._pool)
        self.way.echoes = self._listener.echoes if extension and self._listener is not None else None
        self.way.element = extension << 4 | 1
        self._renew()

    def pool(self, wait_us: int, delay_us: int) -> None:
        self._pool.wait_us, self._pool.delay_us = wait_us, delay_us

    def track(self, *, kind: str, payload_type: int, resend_type: int | None, level_extension: int) -> TrackCore:
        track = TrackCore(
            self, kind=kind, payload_type=payload_type, resend_type=resend_type, level_extension=level_extension
        )
        self._tracks.append(track)
        return track

    def slot(
        self, *, kind: str, ssrc: int, payload_type: int, resend_ssrc: int | None, resend_type: int | None
    ) -> SlotCore:
        slot = SlotCore(
            self,
            kind=kind,
            ssrc=ssrc,
            payload_type=payload_type,
            resend_ssrc=resend_ssrc,
            resend_type=resend_type,
        )
        self.slots.append(slot)
        self._slots_by_ssrc[ssrc] = slot
        return slot

    @property
    def failures(self) -> int:
        return self._failures + self.way.failures

    @property
    def streams(self) -> int:
        return len(self._alive)

    def tell_missing(self) -> None:
        if self._handler is not None:
            self._handler.missed()

    @property
    def missing(self) -> int:
        return sum(layer.missing for layer in self.layers)

    def end_stream(self, ssrc: int) -> None:
        """Drop what still comes of it, and free what SRTP keeps of it."""
        self.bound.pop(ssrc, None)
        if ssrc in self._alive:
            self._alive.remove(ssrc)
            self._ended.add(ssrc)
            self.core.lose_stream(ssrc, self)
            if self._rx is not None:
                self._rx.remove_stream(ssrc)

    def close(self) -> None:
        self.silence()
        self._handler = None
        self.direct(None)
        for layer in {layer for layer, _ in self.bound.values()}:
            self.core.stop_showing(layer)
        for layer in self.layers:
            layer.owner = None
        self.bound.clear()
        self.layers.clear()
        for track in self._tracks:
            track.layers.clear()
        self._tracks.clear()
        self.slots.clear()
        self._slots_by_ssrc.clear()
        for known in (self.core.by_name, self.core.expected):
            for name in [name for name, link in known.items() if link is self]:
                del known[name]
        for ssrc in self._alive:
            self.core.lose_stream(ssrc, self)
        self.core.links.discard(self)


class _Name(NamedTuple):
    """What checks of one peer bear, and how many more of them may be looked at, and told."""

    username: str
    password: bytes
    proofs: Ration
    checks: Ration


class PythonCore:
    """`failure` is what SRTP sessions raise; `stun` is told of checks."""

    name: CoreName = "python"

    def __init__(self, *, stun: TakeStun, srtp: Srtp, failure: type[Exception], now_us: Callable[[], int]) -> None:
        self._stun = stun
        self.srtp = srtp
        self.failure = (failure, ValueError)
        self._now_us = now_us
        self.port = 0
        self.strays = 0
        self._unsent = 0
        self.untold = 0  # Only what came too often: all else is told at once.
        self.links: set[LinkCore] = set()
        self.by_name: dict[Name, LinkCore] = {}
        self.expected: dict[Name, LinkCore] = {}
        """Where answers to checks may come from, and nothing else."""
        self.by_ssrc: dict[int, set[LinkCore]] = {}
        """Whose streams that are alive are."""
        self._outboxes: dict[bool, Outbox] = {}
        self._usernames: dict[bytes, _Name] = {}
        self._names: dict[str, _Name] = {}
        """Under which peers are checked, by our half."""
        self._listening: list[Listening] = []
        self._fed = Inbox()
        self.is_looking = False
        """What is sent meanwhile leaves together."""
        self.sounds: list[tuple[LayerCore, Incoming]] = []
        """They go after the pictures that came with them: what is of one size is to go down as one."""
        self.told_of: list[tuple[LinkCore, int]] = []
        """Whose arrivals are to be told of, and by which stream: after all else, as it is small."""
        self._caught: deque[tuple[bytes, Address]] = deque(maxlen=CAUGHT_MAX)

    async def open(self, hosts: Sequence[str], port: int) -> None:
        self.port = port
        try:
            for host in hosts:
                sock = bind(host, self.port)
                self.port = sock.getsockname()[1]
                self._listening.append(Listening(sock, take=self._take_all, now_us=self._now_us))
                self._outbox(is_ipv6=sock.family == socket.AF_INET6).sock = sock
        except OSError:
            await self.close()
            raise
        for box in self._outboxes.values():
            box.caught = None

    async def close(self) -> None:
        for listening in self._listening:
            listening.close()
        self._listening.clear()
        for box in self._outboxes.values():
            box.sock, box.caught = None, self._caught

    @property
    def unsent(self) -> int:
        return self._unsent + sum(box.unsent for box in self._outboxes.values())

    def caught(self) -> list[tuple[bytes, Address]]:
        self.flush()
        caught = list(self._caught)
        self._caught.clear()
        return caught

    def outbox(self, address: Address) -> Outbox:
        """Where packets to this address wait, with others of the same batch."""
        return self._outbox(is_ipv6=":" in address[0])

    def _outbox(self, *, is_ipv6: bool) -> Outbox:
        box = self._outboxes.get(is_ipv6)
        if box is None:
            box = self._outboxes[is_ipv6] = Outbox(is_ipv6=is_ipv6, caught=None if self._listening else self._caught)
        return box

    def cipher(self, session: Session, plain: Cipher, wrapped: Callable[[bytes], bytes]) -> tuple[Cipher, Any]:
        """What encrypts or decrypts packets where they lie, and by which session: libsrtp's `plain` function, or for a
        session that is not its own what it does with bytes."""
        pointer = self.srtp.pointer(session)
        if pointer is not None:
            return plain, pointer

        def unwrapped(_: Any, at: Any, size: Any) -> int:
            try:
                done = wrapped(ffi.unpack(at, size[0]))
            except self.failure:
                return 1
            ffi.memmove(at, done, len(done))
            size[0] = len(done)
            return 0

        return unwrapped, None

    def flush(self) -> None:
        """Send what waits, unless more is to come."""
        if self.is_looking:
            return
        for box in self._outboxes.values():
            box.flush()

    def set_apart(self) -> None:
        """The next packet did not come with the one before: none is filled up for the other."""
        for box in self._outboxes.values():
            box.before = 0

    def release(self) -> None:
        for link in list(self.links):
            link.close()

    def send(self, data: bytes, address: Address) -> None:
        box = self.outbox(address)
        if box.caught is not None:
            box.caught.append((data, address))
        elif box.sock is not None:
            try:
                box.sock.sendto(data, address)
            except OSError:
                self._unsent += 1

    def collect(self) -> None:
        """Everything was told at once."""

    def feed(self, data: bytes, address: Address, now_us: int) -> None:
        self._fed.put(data[:STRIDE], name_of(address))
        self._take_all(self._fed, 1, now_us)

    def _take_all(self, inbox: Inbox, count: int, now_us: int) -> None:
        data, links = inbox.data, self.by_name
        self.is_looking = True
        try:
            for index, (name, size) in enumerate(zip(inbox.names(count), inbox.sizes(count), strict=True)):
                link = links.get(name)
                first, second, ssrc = _BEGINNING.unpack_from(data, index * STRIDE)
                if is_rtp(first, second, size):
                    if link is not None:
                        link.received_rtp(ssrc, inbox, index, size, now_us)
                    else:
                        self._take_elsewhere(ssrc, inbox, index, size, name, now_us)
                elif link is not None and is_rtcp(first, second, size):
                    link.received_rtcp(inbox, index, size, now_us)
                else:
                    self._take(inbox.datagram(index), link, name, now_us)
            for layer, incoming in self.sounds:
                layer.forward(incoming, now_us)
            for link, media in self.told_of:
                link.tell_arrivals(media)
        finally:
            self.sounds.clear()
            self.told_of.clear()
            self.is_looking = False
        self.flush()

    def _take_elsewhere(self, ssrc: int, inbox: Inbox, index: int, size: int, name: Name, now_us: int) -> None:
        """RTP from an address of nobody: of a peer that is in another network now, or behind a router that gave it
        another port, or a stranger's. It is the peer's if it is authentic; where answers go to, that alone does not
        change."""
        owners = self.by_ssrc.get(ssrc, ())
        if len(owners) != 1:  # A stream that two have is nobody's.
            self.strays += 1
            return
        (owner,) = owners
        if not owner.elsewhere.take(now_us):
            self.untold += 1
        elif owner.received_rtp(ssrc, inbox, index, size, now_us):
            owner.heard_elsewhere(address_of(name), now_us)

    def lose_stream(self, ssrc: int, link: LinkCore) -> None:
        owners = self.by_ssrc[ssrc]
        owners.discard(link)
        if not owners:
            del self.by_ssrc[ssrc]

    def _take(self, data: bytes, link: LinkCore | None, name: Name, now_us: int) -> None:
        kind = classify(data)
        if kind is Kind.STUN:
            # Half of the cost of a flood of checks would be to read them whole.
            username = name_at_first_sight(data)
            known = self._usernames.get(username)
            if username and known is None:
                self.strays += 1
            elif known is not None and known.proofs.is_spent(now_us):
                self.untold += 1
            else:
                self._take_stun(data, link or self.expected.get(name), address_of(name), now_us)
        elif link is None or kind is not Kind.DTLS:
            self.strays += 1
        elif link.handshakes.take(now_us):
            link.received_dtls(data)
        else:
            self.untold += 1

    def _take_stun(self, data: bytes, link: LinkCore | None, address: Address, now_us: int) -> None:
        try:
            seen = outline(data)
        except MalformedPacket:
            self.strays += 1
            return
        ration = None
        if seen.kind is StunKind.REQUEST:
            name = self._names.get(seen.username.partition(":")[0])
            if name is None or name.username != seen.username:
                self.strays += 1
                return
            if not name.proofs.take(now_us):
                self.untold += 1
                return
            if proves(data, name.password):
                if link is not None and link.answered(data, seen.username, address, now_us):
                    return
                ration = name.checks
        elif link is not None:
            ration = link.answers
        if ration is None:
            self.strays += 1
        elif ration.take(now_us):
            self._stun(data, address, now_us)
        else:
            self.untold += 1

    def name_link(self, ufrag: str, *, theirs: str, password: str) -> None:
        rations = Ration(PROOFS_MAX, PROOFS_EVERY_US), Ration(CHECKS_MAX, CHECKS_EVERY_US)
        self.unname_link(ufrag)
        name = self._names[ufrag] = _Name(f"{ufrag}:{theirs}", password.encode(), *rations)
        self._usernames[name.username.encode()] = name

    def unname_link(self, ufrag: str) -> None:
        name = self._names.pop(ufrag, None)
        if name is not None:
            del self._usernames[name.username.encode()]

    def link(self, handler: LinkHandler, *, room: int = 0) -> LinkCore:
        del room  # Everybody is served at once.
        link = LinkCore(self, handler)
        self.links.add(link)
        return link

    def stop_showing(self, layer: LayerCore) -> None:
        """No slot waits for, or goes on with, a layer that ended."""
        for link in self.links:
            for slot in link.slots:
                if slot.flowing is layer:
                    slot.aim(None, cut=True)
                elif slot.awaited is layer:
                    slot.aim(None, cut=False)


def bind(host: str, port: int) -> socket.socket:
    """A UDP socket of this address, with large buffers. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _first_sequence() -> int:
    return 2 + secrets.randbelow((1 << 15) - 2)
