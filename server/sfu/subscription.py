"""A slot: one receive line of a viewer, lent to one source after another."""

from __future__ import annotations

from server.sfu.core import LinkCore
from server.sfu.publisher import Layer
from server.sfu.rtp.rewrite import ALL_TEMPORAL
from server.sfu.rtp.sequence import distance
from server.sfu.sdp import RATES, Section, SlotStream


class Slot:
    """Shows one source to one viewer, in the layer that suits; its packets go by the core.

    `source` is whom it shows now, `before` whom it showed last: a person who comes back is given the same
    slot again where possible.
    """

    def __init__(self, link: LinkCore, section: Section, stream: SlotStream) -> None:
        assert section.codec is not None
        self.mid = section.mid
        self.kind = section.kind
        self.stream = stream
        self.source: str | None = None
        self.before: str | None = None
        self.vacated = 0
        self.target: Layer | None = None
        self.is_paused = False
        """Left out for want of bandwidth: lent to its source still, but nothing is sent."""
        self._pace = ALL_TEMPORAL
        self.can_probe = stream.resend_ssrc is not None
        self.core = link.slot(
            kind=self.kind,
            ssrc=stream.ssrc,
            payload_type=section.codec.payload_type,
            resend_ssrc=stream.resend_ssrc,
            resend_type=section.codec.resend_type,
        )

    def show(self, source: str | None) -> None:
        """Show another source, or nobody, from now on; the one before is cut at once."""
        if source == self.source:
            return
        self.before, self.source = self.source or self.before, source
        self.cut()

    def cut(self) -> None:
        """Stop what flows: nothing more goes out before `aim` names a layer."""
        self.target = None
        self.is_paused = False
        self.core.aim(None, cut=True)
        self.core.forget()

    def pause(self) -> None:
        """Send nothing of the source for the time being."""
        if not self.is_paused:
            self.cut()
            self.is_paused = True

    def aim(self, layer: Layer) -> bool:
        """Show this layer of the source from its next keyframe on; whether that keyframe must be asked for."""
        self.is_paused = False
        awaits = self.core.awaited is layer.core
        if layer is not self.target or awaits:
            current = self.flowing()
            shift = _clock_shift(layer, current) if current is not None and current.track is layer.track else None
            self.target = layer
            self.core.aim(layer.core, cut=False, clock_shift=shift)
            awaits = self.core.awaited is layer.core
        return awaits and self.kind != "audio"

    def pace(self, temporal: int) -> None:
        """Leave out pictures above this temporal layer."""
        if temporal != self._pace:
            self._pace = temporal
            self.core.pace(temporal)

    @property
    def paced(self) -> int:
        """The highest temporal layer that is sent, if there is one."""
        return self._pace

    def flowing(self) -> Layer | None:
        """The layer whose packets go out now."""
        current = self.core.flowing
        return current.owner if current is not None else None


def _clock_shift(layer: Layer, current: Layer) -> int | None:
    """What to add to the timestamps of `layer` for those of `current` of the same moment, in ticks."""
    ours, theirs = current.core.clock(), layer.core.clock()
    if ours is None or theirs is None:
        return None
    # Both by the same sender's clock: bring the other one's timestamp to our report's moment.
    our_ntp, our_timestamp = ours
    their_ntp, their_timestamp = theirs
    ticks = (our_ntp - their_ntp) * RATES[layer.track.kind] >> 32
    return distance(our_timestamp, (their_timestamp + ticks) & 0xFFFFFFFF, 32)
