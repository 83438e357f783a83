"""What one peer sends: its microphone, camera and screen, each in one layer or several, and who they are.

The packets themselves pass the core. Here is only what it must be told: which stream belongs to which layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from server.sfu.core import LayerCore, LayerFigures, LinkCore
from server.sfu.rtp.demand import Demand
from server.sfu.rtp.keyframe import KeyframeGate
from server.sfu.rtp.layers import GIVEN_UP_US, SILENT_US, Bitrate, LayerState, Shares, needed, nominal_height
from server.sfu.rtp.onward import OnwardLoss
from server.sfu.rtp.packet import RtpPacket
from server.sfu.sdp import AUDIO_LEVEL, MID, REPAIRED_RID, RID, TRANSPORT_CC, Section

WAKING_US = 2_000_000
"""A sender who was told that a layer is watched again gets this long to send it."""
STREAMS_MAX = 16
"""SSRCs bound to the tracks of one peer."""


class Layer:
    """One encoding of a track: what the core counts of it, and whether a keyframe is wanted.

    A sender that begins anew, with a new SSRC, has a new layer object.
    """

    def __init__(self, track: Track, index: int, ssrc: int | None = None, resend_ssrc: int | None = None) -> None:
        self.track = track
        self.index = index
        self.ssrc: int | None = None
        self.resend_ssrc: int | None = None
        self.core: LayerCore = track.core.layer(self)
        self.bitrate = Bitrate()
        self.shares = Shares()
        self._gate = KeyframeGate()
        self._keyframes = self._overflows = 0
        self._woken_us: int | None = None
        self._given_up_us = 0
        """When it was last seen that its sender had given it up."""
        self._state: LayerState | None = None
        self._state_at_us = 0
        if ssrc is not None:
            self.bind(ssrc)
        if resend_ssrc is not None:
            self.bind_resend(resend_ssrc)

    def bind(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.core.bind(ssrc)

    def bind_resend(self, ssrc: int) -> None:
        self.resend_ssrc = ssrc
        self.core.bind_resend(ssrc)

    def want_keyframe(self, not_before_us: int = 0) -> None:
        """Somebody cannot go on without one, and can wait until then."""
        self._catch_up(self.core.figures())
        self._gate.ask(not_before_us)
        self.track.want(self)

    def keyframe_due(self, now_us: int, round_trip_us: int) -> bool:
        """True when the sender must be asked now; counts as asked. Who was told to stop a layer, and did, is not.

        Nor is who gave it up for want of bandwidth: the answer would be keyframes of all smaller ones, again and again,
        and a layer begins with one anyway.
        """
        figures = self.core.figures()
        self._catch_up(figures)
        is_missing = self.index > 0 and not self._flows(figures.last_us, now_us)
        if self._gate.wanted and is_missing and self.index >= self.track.demand.layers:
            self._gate.came()
        if not self._gate.wanted:
            self.track.wanting.discard(self)
        return (not is_missing or self._is_waking(now_us)) and self._gate.due(now_us, round_trip_us)

    def _is_waking(self, now_us: int) -> bool:
        return self._woken_us is not None and now_us - self._woken_us < WAKING_US

    def _is_given_up(self, last_us: int) -> bool:
        return any(smaller.core.last_us - last_us > GIVEN_UP_US for smaller in self.track.layers[: self.index])

    def _flows(self, last_us: int, now_us: int) -> bool:
        return now_us - last_us <= SILENT_US and not self._is_given_up(last_us)

    def _catch_up(self, figures: LayerFigures) -> None:
        if figures.keyframes != self._keyframes:
            self._keyframes = figures.keyframes
            self._gate.came()
        if figures.overflows != self._overflows:
            self._overflows = figures.overflows
            self._gate.ask()
            self.track.want(self)

    def state(self, now_us: int) -> LayerState:
        """As it is at that moment; all viewers who ask for the same moment see the same."""
        if self._state is None or now_us != self._state_at_us:
            return self._observe(self.core.figures(), now_us)
        return self._state

    def _observe(self, figures: LayerFigures, now_us: int) -> LayerState:
        self._state_at_us = now_us
        is_given_up = self._is_given_up(figures.last_us)
        if is_given_up:
            self._given_up_us = now_us
        self._state = state = LayerState(
            figures.height or nominal_height(self.index, len(self.track.layers)),
            max(figures.since_us, self._given_up_us),
            figures.last_us or now_us - 2 * SILENT_US,
            self.bitrate.bps,
            self.shares.cumulative,
            self._is_waking(now_us),
            is_given_up,
        )
        return state

    def has_turned(self, now_us: int) -> bool:
        """Whether it has begun to flow, or ceased, since it was looked at."""
        state = self._state
        return state is None or self._flows(self.core.last_us, now_us) != state.flows(self._state_at_us)

    def wake(self, now_us: int) -> None:
        """The sender is told that the layer is watched again."""
        self._woken_us = now_us
        self._state = None

    def measure(self, now_us: int) -> LayerState:
        """Take stock of what the layer costs; due each 200 ms or so. One that is not sent will cost what it did."""
        figures = self.core.figures()
        if self.index < self.track.demand.layers:
            self.bitrate.counted(figures.octets, figures.received, now_us)
            if self.track.kind != "audio":
                self.shares.counted(figures.octets_by_temporal)
        return self._observe(figures, now_us)


class Track:
    """A peer's microphone ('audio'), camera ('video') or 'screen'; `layers` go from the smallest to the largest.

    Those of which a keyframe is wanted are put into `wanting`, and `stirred` is called.
    """

    def __init__(
        self, link: LinkCore, section: Section, *, wanting: set[Layer], stirred: Callable[[], None] = lambda: None
    ) -> None:
        assert section.codec is not None
        self.wanting = wanting
        self._stirred = stirred
        self.kind = section.kind
        self.mid = section.mid
        self.payload_type = section.codec.payload_type
        self.resend_type = section.codec.resend_type
        self.rids = section.rids
        self.extensions: Mapping[str, int] = section.extensions
        self.core = link.track(
            kind=self.kind,
            payload_type=self.payload_type,
            resend_type=self.resend_type,
            level_extension=section.extensions.get(AUDIO_LEVEL, 0) if self.kind == "audio" else 0,
        )
        if section.rids:
            self.layers = [Layer(self, index) for index in range(len(section.rids))]
        else:
            ssrc = section.ssrcs[0] if section.ssrcs else None
            resend = section.resends.get(ssrc) if ssrc is not None else None
            self.layers = [Layer(self, 0, ssrc, resend)]
        self.demand = Demand(len(self.layers))
        self._onward = OnwardLoss()

    def want(self, layer: Layer) -> None:
        """A keyframe of this layer must be asked for."""
        self.wanting.add(layer)
        self._stirred()

    def lost_onward(self, worst: float) -> None:
        """Take what of its sound the worst listener loses, each second, so that the sender is told."""
        if self._onward.measured(worst):
            self.core.lost_onward(self._onward.share)

    def watched(self, height: int, now_us: int) -> bool:
        """Take the height in pixels at which it is shown largest; True when more or fewer layers are needed now."""
        before = self.demand.layers
        changes = self.demand.watched(needed([layer.state(now_us).height for layer in self.layers], height), now_us)
        for layer in self.layers[before : self.demand.layers]:
            layer.wake(now_us)
        return changes


class Uplink:
    """All that one peer sends, told apart by SSRC; new streams are bound by mid, rid or payload type.

    `unrouted(kind, now_us)` is called when packets come that nobody receives: the room may want them; `stirred` when a
    keyframe is wanted of what it sends. The peer is told when its packets arrived, in the name of `ssrc`, so that it
    finds its bandwidth.
    """

    def __init__(
        self, link: LinkCore, *, ssrc: int, unrouted: Callable[[str, int], None], stirred: Callable[[], None]
    ) -> None:
        self._ssrc = ssrc
        self.tracks: dict[str, Track] = {}
        self._core = link
        self._layers: tuple[Layer, ...] = ()
        self._wanting: set[Layer] = set()
        self._overflows = 0
        self._unrouted = unrouted
        self._stirred = stirred
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
            if known is not None:
                self._forget(known)
            track = self.tracks[section.kind] = Track(self._core, section, wanting=self._wanting, stirred=self._stirred)
            self._arrival_id = section.extensions.get(TRANSPORT_CC, self._arrival_id)
            for layer in track.layers:
                if layer.ssrc is not None:
                    self._streams[layer.ssrc] = (layer, False)
                if layer.resend_ssrc is not None:
                    self._streams[layer.resend_ssrc] = (layer, True)
        self._core.number_arrivals(self._arrival_id, ssrc=self._ssrc)
        self._list_layers()

    def _forget(self, track: Track) -> None:
        track.core.shut()
        for layer in track.layers:
            self._wanting.discard(layer)
            layer.core.end()
        self._streams = {ssrc: bound for ssrc, bound in self._streams.items() if bound[0].track is not track}

    def close(self) -> None:
        """Let go of everything, and tell nobody anything any more."""
        for track in self.tracks.values():
            track.layers.clear()
        self.tracks.clear()
        self._streams.clear()
        self._wanting.clear()
        self._layers = ()
        self._unrouted, self._stirred = (lambda _kind, _now_us: None), (lambda: None)

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        """Find the place of a packet that the core had none for, and hand it back. Raises MalformedPacket."""
        packet = RtpPacket(plain)
        bound = self._streams.get(packet.ssrc) or self._bind(packet, packet.extensions())
        if bound is not None:
            self._unrouted(bound[0].track.kind, now_us)
            self._core.place(plain, now_us)

    def wants_keyframe(self) -> bool:
        """Whether one of the layers may want one."""
        overflows = self._core.overflows
        changed, self._overflows = overflows != self._overflows, overflows
        return changed or self.awaits_keyframe

    @property
    def awaits_keyframe(self) -> bool:
        """Whether one is known to be wanted."""
        return bool(self._wanting)

    def layers(self) -> Sequence[Layer]:
        """Those of all tracks."""
        return self._layers

    def _list_layers(self) -> None:
        self._layers = tuple(layer for track in self.tracks.values() for layer in track.layers)

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
            layer.bind_resend(ssrc)
        elif layer.ssrc is None:
            layer.bind(ssrc)
        else:
            # The sender began anew: numbering starts over, and slots take it as another stream.
            self._streams.pop(layer.ssrc, None)
            before, layer = layer, Layer(track, index, ssrc, layer.resend_ssrc)
            track.layers[index] = layer
            if layer.resend_ssrc is not None:  # It may have come first, being new as well.
                self._streams[layer.resend_ssrc] = (layer, True)
            self._wanting.discard(before)
            before.core.end()
            self._list_layers()
        self._streams[ssrc] = (layer, resent)
        return layer, resent
