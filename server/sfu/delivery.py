"""What one viewer is sent within what its connection bears: sound first, then pictures, each in a fitting layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server.sfu.publisher import Layer, Track
from server.sfu.rtp.allocation import Want, allocate
from server.sfu.rtp.bandwidth import Downlink
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.probing import Prober
from server.sfu.subscription import Slot

SOUND_BPS = 40_000
"""Reserved for each of the first voices, also while they are silent: the first syllable must not wait …"""
VOICES = 2
"""… so many of them; what more sounds is measured."""

NARROW_BPS = 800_000
"""A link below this is worth a word to its owner when pictures are smaller than they should be."""


FIT_EVERY_US, WIDE_FIT_EVERY_US, UNFIT_EVERY_US = 5_000_000, 20_000_000, 500_000
"""Layers that suit are looked at again after so long, even if nothing happened: bitrates change. A link that was never
known to be narrow can wait, for it tells soon enough when it does not bear what they have become. While a wish is not
met it is looked at more often, and each time while a keyframe is waited for."""


class Picture(NamedTuple):
    """A slot that is lent to a source, the source's track, and the height at which the viewer shows it.

    `spare` is how many temporal layers, from the highest, the viewer can do without.
    """

    slot: Slot
    track: Track
    height: int
    spare: int = 0


class Delivery:
    """Chooses layers for one viewer's slots, and finds out what more the connection would bear."""

    def __init__(self) -> None:
        self.downlink = Downlink()
        self._missing = 0
        self._prober = Prober()
        self._next_bps: int | None = None
        self._wanted_bps = 0
        self._fits_until_us = 0
        self._fits_from_bps: int | None = None
        """With so much all wishes were met when they were looked at last; None when they were not, and then …"""
        self._bears: tuple[object, ...] = ()
        """… this is what the link bore."""
        self.sending_bps = 0
        """What goes out now, probes and repeats not counted."""
        self._probed: Slot | None = None
        self._owed = 0

    @property
    def shortage(self) -> int:
        """0: nothing to speak of is missing; 1: pictures are small, on a narrow link; 2: some are left out."""
        capacity_bps = self.downlink.capacity_bps
        if not self.downlink.was_congested or capacity_bps is None:
            return 0
        return self._missing if self._missing == 2 or capacity_bps < NARROW_BPS else 0

    def echoed(self, echo: Echo, now_us: int) -> None:
        """Take the viewer's transport-wide feedback."""
        self.downlink.echoed(echo, now_us)
        self._prober.echoed(echo)

    def is_fitted(self, now_us: int) -> bool:
        """Whether nothing better could be chosen than what was, as long as senders and wishes are the same."""
        if now_us >= self._fits_until_us:
            return False
        if self._fits_from_bps is None:
            return self._bears == self._borne(now_us)
        budget_bps = self.downlink.budget_bps
        return budget_bps is None or budget_bps >= self._fits_from_bps

    @property
    def is_content(self) -> bool:
        """Whether every wish was met when layers were chosen last."""
        return self._fits_from_bps is not None

    def _borne(self, now_us: int) -> tuple[object, ...]:
        downlink = self.downlink
        return downlink.budget_bps, downlink.state, downlink.may_rise(now_us), downlink.may_pause

    def fit(
        self, pictures: Sequence[Picture], sounds: Sequence[Layer], *, lowest_only: bool, now_us: int
    ) -> list[Layer]:
        """Aim every picture's slot at the layer that fits; the layers that must give a keyframe for it."""
        sound_bps = max(SOUND_BPS * min(VOICES, len(sounds)), sum(layer.bitrate.bps for layer in sounds))
        budget_bps = self.downlink.budget_bps
        states = [[layer.state(now_us) for layer in picture.track.layers] for picture in pictures]
        allocation = allocate(
            [
                Want(
                    height=picture.height,
                    layers=states[index],
                    current=None if picture.slot.target is None else picture.slot.target.index,
                    paced=picture.slot.paced,
                    spare=picture.spare,
                    was_paused=picture.slot.is_paused,
                    comes_first=picture.slot.kind == "screen",
                )
                for index, picture in enumerate(pictures)
            ],
            budget_bps=None if budget_bps is None else max(0, budget_bps - sound_bps),
            may_rise=self.downlink.may_rise(now_us),
            may_return=self.downlink.state == "clear",
            may_shrink=self.downlink.was_congested,
            may_pause=self.downlink.may_pause,
            lowest_only=lowest_only,
            now_us=now_us,
        )
        self._missing = allocation.missing
        self._wanted_bps = allocation.wanted_bps + sound_bps
        self._next_bps = None if allocation.next_bps is None else allocation.next_bps + sound_bps
        self.sending_bps = sound_bps
        self._probed = None
        needed: list[Layer] = []
        for index, (picture, chosen) in enumerate(zip(pictures, allocation.layers, strict=True)):
            slot, layers = picture.slot, picture.track.layers
            if index in allocation.paused:
                slot.pause()
                continue
            flowing = slot.flowing()
            if flowing is None and chosen is not None and not states[index][chosen].flows(now_us):
                # One that is about to flow is waited for with a smaller one before one's eyes.
                chosen = next((i for i in reversed(range(chosen)) if states[index][i].flows(now_us)), chosen)
            # Where nothing flows yet, whatever comes first will do.
            layer = layers[chosen] if chosen is not None else slot.target or layers[0]
            slot.pace(allocation.paces[index])
            if slot.aim(layer):
                needed.append(layer)
            flowing = slot.flowing()
            if flowing is not None:
                self.sending_bps += flowing.state(now_us).cost(slot.paced)
                if slot.can_probe:
                    self._probed = slot
        if needed or allocation.missing:
            self._fits_until_us, self._fits_from_bps = 0 if needed else now_us + UNFIT_EVERY_US, None
            self._bears = self._borne(now_us)
        else:
            self._fits_until_us = now_us + (FIT_EVERY_US if self.downlink.was_congested else WIDE_FIT_EVERY_US)
            self._fits_from_bps = self._wanted_bps if budget_bps is None else min(budget_bps, self._wanted_bps)
        if allocation.paused and self._probed is None and self.downlink.may_rise(now_us):
            self.downlink.hope()
        return needed

    @property
    def is_probing(self) -> bool:
        """Whether a probe is under way."""
        return self._prober.target_bps > 0

    @property
    def probes(self) -> bool:
        """Whether a probe is under way, or may be worth the trouble."""
        return self._next_bps is not None or self.is_probing

    def probe(self, now_us: int) -> None:
        """Send what a probe needs; due each tick while it `probes`."""
        octets = self._prober.step(
            self.downlink,
            next_bps=self._next_bps if self._probed is not None else None,
            wanted_bps=self._wanted_bps,
            sending_bps=self.sending_bps,
            now_us=now_us,
        )
        if not octets or self._probed is None:
            self._owed = 0
            return
        # Only whole packets can be sent: what one takes too much, the next ticks do without.
        self._owed += octets
        if self._owed > 0:
            self._owed -= self._probed.core.probe(self._owed, now_us)
