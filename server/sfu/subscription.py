"""A slot: one receive line of a viewer, lent to one source after another."""

from __future__ import annotations

import secrets

from server.sfu.publisher import RATES, Incoming, Layer, Track
from server.sfu.rtp.history import History
from server.sfu.rtp.layers import choose
from server.sfu.rtp.packet import compose, compose_resent
from server.sfu.rtp.quality import Downlink
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.rtcp import SenderReport
from server.sfu.rtp.sequence import distance
from server.sfu.sdp import Section, SlotStream
from server.sfu.transport import Link

RESENDS_PER_REQUEST_MAX = 64


class Slot:
    """Forwards one track's packets to one viewer under the slot's own, unbroken numbering.

    `source` is whom it shows now, `before` whom it showed last: a person who comes back is given the same
    slot again where possible.
    """

    def __init__(self, link: Link, section: Section, stream: SlotStream) -> None:
        assert section.codec is not None
        self.link = link
        self.mid = section.mid
        self.kind = section.kind
        self.stream = stream
        self.payload_type = section.codec.payload_type
        self.resend_type = section.codec.resend_type if stream.resend_ssrc is not None else None
        self.source: str | None = None
        self.before: str | None = None
        self.vacated = 0
        self.target: Layer | None = None
        self.packets = 0
        self.octets = 0
        self._rewriter = Rewriter(
            rate=RATES[self.kind],
            keyframes=self.kind != "audio",
            first_sequence=2 + secrets.randbelow((1 << 15) - 2),
            first_timestamp=secrets.randbits(32),
        )
        self._history = History() if self.resend_type is not None else None
        self._resend_sequence = 2 + secrets.randbelow((1 << 15) - 2)

    def show(self, source: str | None) -> None:
        """Show another source, or nobody, from now on; the one before is cut at once."""
        if source == self.source:
            return
        self.before, self.source = self.source or self.before, source
        self.cut()

    def cut(self) -> None:
        """Stop what flows: nothing more goes out before `aim` names a layer."""
        self.target = None
        self._rewriter.aim(None, cut=True)
        if self._history is not None:
            self._history.clear()

    def aim(self, track: Track, *, height: int, lowest_only: bool, downlink: Downlink, now_us: int) -> Layer | None:
        """Choose the layer to show of `track`; the layer that must give a keyframe for it, if one must."""
        index = choose(
            [layer.state(now_us) for layer in track.layers],
            wished_height=height,
            lowest_only=lowest_only,
            highest=downlink.highest,
            current=self.target.index if self.target is not None else None,
            now_us=now_us,
        )
        layer = track.layers[index] if index is not None else self.target or track.layers[0]
        current = self._rewriter.current
        if layer is not self.target or layer is self._rewriter.awaited:
            shift = None
            if isinstance(current, Layer) and current.track is track:
                shift = _clock_shift(layer, current)
            self.target = layer
            self._rewriter.aim(layer, cut=False, clock_shift=shift)
        return layer if self.kind != "audio" and self._rewriter.awaited is layer else None

    def push(self, layer: Layer, incoming: Incoming, now_us: int) -> None:
        """Send one packet of the shown source on, if it is of the layer this slot follows."""
        if not incoming.payload:
            self._rewriter.drop(layer, incoming.number)
            return
        out = self._rewriter.push(
            layer,
            number=incoming.number,
            timestamp=incoming.timestamp,
            marker=incoming.marker,
            payload=incoming.payload,
            vp8=incoming.vp8,
            now_us=now_us,
        )
        if out is None:
            return
        if self._history is not None:
            self._history.sent(out, now_us)
        self.packets += 1
        self.octets += len(out.payload)
        self.link.send_rtp(compose(out, ssrc=self.stream.ssrc, payload_type=self.payload_type))

    def resend(self, numbers: tuple[int, ...], round_trip_us: int, now_us: int) -> None:
        """Answer a viewer's request for lost packets from the history, within its budget."""
        if self._history is None or self.resend_type is None or self.stream.resend_ssrc is None:
            return
        for sequence in numbers[:RESENDS_PER_REQUEST_MAX]:
            out = self._history.find(sequence, now_us, round_trip_us)
            if out is None:
                continue
            self.link.send_rtp(
                compose_resent(
                    out,
                    ssrc=self.stream.resend_ssrc,
                    payload_type=self.resend_type,
                    sequence=self._resend_sequence,
                )
            )
            self._resend_sequence = (self._resend_sequence + 1) & 0xFFFF

    def flowing(self) -> Layer | None:
        """The layer whose packets go out now."""
        current = self._rewriter.current
        return current if isinstance(current, Layer) else None

    def report(self, ntp: int, now_us: int) -> SenderReport | None:
        """The sender report of the slot's stream; None while nobody is shown or nothing was sent yet."""
        if not self._rewriter.started or self.source is None:
            return None
        return SenderReport(
            ssrc=self.stream.ssrc,
            ntp=ntp,
            timestamp=self._rewriter.timestamp_at(now_us),
            packets=self.packets,
            octets=self.octets,
        )


def _clock_shift(layer: Layer, current: Layer) -> int | None:
    """What to add to the timestamps of `layer` for those of `current` of the same moment, in ticks."""
    ours, theirs = current.reception.report, layer.reception.report
    if ours is None or theirs is None:
        return None
    # Both reports by the same sender's clock: bring the other one's timestamp to our report's moment.
    ticks = (ours.ntp - theirs.ntp) * RATES[layer.track.kind] >> 32
    return distance(ours.timestamp, (theirs.timestamp + ticks) & 0xFFFFFFFF, 32)
