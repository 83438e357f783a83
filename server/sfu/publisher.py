"""What one peer sends: its microphone and camera, each in one layer or several, and where each packet goes.

`Uplink.received` and `Slot.push` are the whole way of a packet. Everything else only sets up what they read, so
that a native core may take their place: it is told the same routes, layers and slots, and tells the same back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.sfu.rtp.keyframe import KeyframeGate
from server.sfu.rtp.layers import SILENT_US, LayerState
from server.sfu.rtp.nack import Missing
from server.sfu.rtp.packet import RtpPacket
from server.sfu.rtp.reception import Reception
from server.sfu.rtp.sequence import Seen, Unwrapper, distance
from server.sfu.rtp.twcc import Arrivals
from server.sfu.rtp.vp8 import Vp8
from server.sfu.sdp import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_CC, Section

RATES = {"audio": 48_000, "video": 90_000, "screen": 90_000}
STREAMS_MAX = 16
"""SSRCs bound to the tracks of one peer."""


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A packet on its way to the slots. `number` never wraps; no payload means padding only."""

    number: int
    timestamp: int
    marker: bool
    payload: bytes
    vp8: Vp8 | None


class Layer:
    """One encoding of a track: one SSRC's arrivals, what of them is missing, whether a keyframe is wanted.

    Its identity is the key of its stream in the rewriters: a new SSRC means a new layer object.
    """

    def __init__(self, track: Track, index: int, ssrc: int | None = None, resend_ssrc: int | None = None) -> None:
        self.track = track
        self.index = index
        self.ssrc = ssrc
        self.resend_ssrc = resend_ssrc
        self.reception = Reception(RATES[track.kind])
        self.missing = Missing()
        self.keyframes = KeyframeGate()
        self.height = 0
        self.since_us = 0
        self.last_us: int | None = None
        self._numbers = Unwrapper(16)
        self._seen = Seen()

    def take(self, packet: RtpPacket, now_us: int) -> Incoming | None:
        """The packet as it goes to the slots; None when it came before. Raises MalformedPacket."""
        number = self._numbers.unwrap(packet.sequence)
        self.reception.arrived(number, packet.timestamp, now_us)
        if self.track.kind != "audio":
            self.missing.arrived(number, now_us)
            if self.missing.overflowed:
                self.missing.overflowed = False
                self.keyframes.ask()
        return self._fresh(number, packet, packet.payload, now_us)

    def take_resent(self, packet: RtpPacket, now_us: int) -> Incoming | None:
        """The original in a resent packet (RFC 4588 §4); None when it is known, as most are (probing)."""
        if len(packet.payload) < 2 or self._numbers.highest is None:
            return None
        original = int.from_bytes(packet.payload[:2], "big")
        number = self._numbers.highest + distance(original, self._numbers.highest & 0xFFFF, 16)
        if number > self._numbers.highest:
            return None  # A copy that overtook its original: that one is on its way.
        self.missing.arrived(number, now_us)
        return self._fresh(number, packet, packet.payload[2:], now_us)

    def _fresh(self, number: int, packet: RtpPacket, payload: bytes, now_us: int) -> Incoming | None:
        if not self._seen.add(number):
            return None
        vp8 = None
        if payload:
            if self.last_us is None or now_us - self.last_us > SILENT_US:
                self.since_us = now_us
            self.last_us = self.track.last_us = now_us
            if self.track.kind != "audio":
                vp8 = Vp8(payload)
                if vp8.starts_keyframe:
                    self.keyframes.came()
                    self.missing.forget_before(number)
                    self.height = vp8.height or self.height
        return Incoming(number=number, timestamp=packet.timestamp, marker=packet.marker, payload=payload, vp8=vp8)

    def state(self, now_us: int) -> LayerState:
        last_us = self.last_us if self.last_us is not None else now_us - 2 * SILENT_US
        return LayerState(height=self.height, since_us=self.since_us, last_us=last_us)


class Track:
    """A peer's microphone ('audio'), camera ('video') or 'screen'; `layers` go from the smallest to the largest."""

    def __init__(self, section: Section) -> None:
        assert section.codec is not None
        self.kind = section.kind
        self.mid = section.mid
        self.payload_type = section.codec.payload_type
        self.resend_type = section.codec.resend_type
        self.rids = section.rids
        self.extensions: Mapping[str, int] = section.extensions
        self.level_id = section.extensions.get(AUDIO_LEVEL, 0) if section.kind == "audio" else 0
        self.last_us: int | None = None
        if section.rids:
            self.layers = [Layer(self, index) for index in range(len(section.rids))]
        else:
            ssrc = section.ssrcs[0] if section.ssrcs else None
            resend = section.resends.get(ssrc) if ssrc is not None else None
            self.layers = [Layer(self, 0, ssrc, resend)]


class Receiver(Protocol):
    """Who is handed the packets of a track."""

    def push(self, layer: Layer, incoming: Incoming, now_us: int) -> None: ...


class Uplink:
    """All that one peer sends, told apart by SSRC; new ones are bound by mid, rid or payload type.

    `routes` holds, per kind, who receives the peer's track of that kind; without an entry nobody does, and
    `unrouted(kind, now_us)` is called first, since the room may want it. `level(dbov, now_us)` is told how loud each
    forwarded packet of sound is.
    """

    def __init__(self, *, unrouted: Callable[[str, int], None], level: Callable[[int, int], None]) -> None:
        self.tracks: dict[str, Track] = {}
        self.routes: dict[str, Sequence[Receiver]] = {}
        self.arrivals = Arrivals()
        self._unrouted = unrouted
        self._level = level
        # Every line was offered the same ids, as a bundle demands.
        self._arrival_id = 0
        # ssrc -> (layer, whether it carries resent packets)
        self._streams: dict[int, tuple[Layer, bool]] = {}

    def take_lines(self, sections: Sequence[Section]) -> None:
        """The lines on which the peer sends, by an offer; those known already stay as they are."""
        for section in sections:
            known = self.tracks.get(section.kind)
            if known is not None and known.mid == section.mid:
                continue
            track = self.tracks[section.kind] = Track(section)
            self._arrival_id = section.extensions.get(TRANSPORT_CC, self._arrival_id)
            for layer in track.layers:
                if layer.ssrc is not None:
                    self._streams[layer.ssrc] = (layer, False)
                if layer.resend_ssrc is not None:
                    self._streams[layer.resend_ssrc] = (layer, True)

    def received(self, data: bytes, now_us: int) -> None:
        """Hand one decrypted packet to those who receive its track. Raises MalformedPacket."""
        packet = RtpPacket(data)
        extensions = packet.extensions()
        number = extensions.get(self._arrival_id)
        if number is not None and len(number) == 2:
            self.arrivals.arrived(int.from_bytes(number, "big"), now_us)
        bound = self._streams.get(packet.ssrc) or self._bind(packet, extensions)
        if bound is None:
            return
        layer, is_resent = bound
        track = layer.track
        if packet.payload_type != (track.resend_type if is_resent else track.payload_type):
            return
        incoming = layer.take_resent(packet, now_us) if is_resent else layer.take(packet, now_us)
        if incoming is None:
            return
        receivers = self.routes.get(track.kind)
        if receivers is None:
            self._unrouted(track.kind, now_us)
            receivers = self.routes.get(track.kind)
            if receivers is None:
                return
        if track.level_id:
            level = extensions.get(track.level_id)
            if level:
                self._level(level[0] & 0x7F, now_us)
        for receiver in receivers:
            receiver.push(layer, incoming, now_us)

    def layers(self) -> list[Layer]:
        return [layer for track in self.tracks.values() for layer in track.layers]

    def layer(self, ssrc: int) -> Layer | None:
        """The layer whose primary stream is `ssrc`."""
        bound = self._streams.get(ssrc)
        return bound[0] if bound is not None and not bound[1] else None

    def _bind(self, packet: RtpPacket, extensions: dict[int, bytes]) -> tuple[Layer, bool] | None:
        if len(self._streams) >= STREAMS_MAX:
            return None
        for track in self.tracks.values():
            mid = extensions.get(track.extensions.get(MID, 0))
            if mid is not None and mid != track.mid.encode():
                continue
            if packet.payload_type not in (track.payload_type, track.resend_type):
                continue
            resent = packet.payload_type != track.payload_type
            index = 0
            if track.rids:
                # The primary stream may name itself in either element, a resending one in its own.
                rid = extensions.get(track.extensions.get(REPAIRED_RID if resent else RID, 0), b"")
                try:
                    index = track.rids.index(rid.decode("ascii"))
                except ValueError:  # Neither a name nor text.
                    return None
            return self._bound(track, index, packet.ssrc, resent)
        return None

    def _bound(self, track: Track, index: int, ssrc: int, resent: bool) -> tuple[Layer, bool]:
        layer = track.layers[index]
        if resent:
            if layer.resend_ssrc is not None:
                self._streams.pop(layer.resend_ssrc, None)
            layer.resend_ssrc = ssrc
        elif layer.ssrc is None:
            layer.ssrc = ssrc
        else:
            # The sender began anew: numbering starts over, and slots take it as another stream.
            self._streams.pop(layer.ssrc, None)
            resend_ssrc, layer = layer.resend_ssrc, Layer(track, index, ssrc, layer.resend_ssrc)
            track.layers[index] = layer
            if resend_ssrc is not None:
                self._streams[resend_ssrc] = (layer, True)
        self._streams[ssrc] = (layer, resent)
        return layer, resent
