"""The room's switchboard: who is shown to whom, who comes and goes, and what is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count

from facilitation.timebase import Instant
from server.sfu.delivery import Picture
from server.sfu.facts import (
    LayersNeeded,
    MediaConnected,
    MediaFact,
    MediaLost,
    QualityChanged,
    SlotsChanged,
    SpeakersChanged,
    Wish,
)
from server.sfu.peer import CHECK_AFTER_US, LOST_AFTER_US, Peer
from server.sfu.publisher import Layer, Track
from server.sfu.rtp.quality import Quality
from server.sfu.rtp.rewrite import ALL_TEMPORAL
from server.sfu.rtp.speakers import SpeakerMeter
from server.sfu.sdp import KINDS
from server.sfu.subscription import Slot

SENDS_US = 3_000_000
"""A device that sent nothing for this long yields to another one of the same person."""
UNCONNECTED_US_MAX = 30_000_000
"""A peer that never connected is forgotten after this long …"""
LOST_US_MAX = 120_000_000
"""… and one that was lost after this long."""

LAYERS_EVERY_US, CALM_EVERY_US = 200_000, 1_200_000
CALM_AFTER_US = 3_000_000
"""Layers are measured less often when nobody came, wished or was short of anything for so long …"""
TURNS_EVERY_US = 400_000
"""… but whether one begins or ceases to flow, or somebody else speaks, is looked at this often even then."""
SPEAKERS_EVERY_US = 200_000
LIVENESS_EVERY_US = 250_000
REPORTS_EVERY_US = 1_000_000
KEYFRAMES_SPREAD_US = 100_000
"""The keyframes that one viewer needs of many people are asked for one after the other within this time."""
SCREEN_HEIGHT = 1_080
"""Pixels at which a shared screen is shown, if it has them."""
MANY, SMALL_TILE = 6, 180
"""So many pictures at once, no larger than this, are shown with half as many pictures a second; not who speaks."""
LEVEL_STEP = 8
"""Loudness is told in steps, lest every breath be news."""


_NUMBERS = count(1)


class Source:
    """One person of the room: the gates of their microphone, camera and screen, and the slots that show them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_open = dict.fromkeys(KINDS, False)
        # The peer whose track is forwarded.
        self.active: dict[str, Peer | None] = dict.fromkeys(KINDS)
        self.slots: dict[str, list[Slot]] = {kind: [] for kind in KINDS}
        self.meter = SpeakerMeter()
        self.watched_height = 0
        """Pixels at which the camera is shown to the viewer who shows it largest."""

    def track(self, kind: str) -> Track | None:
        peer = self.active[kind]
        return peer.uplink.tracks.get(kind) if peer is not None else None


class Room:
    """The peers of one room. Changes what slots show at once, and says so by `SlotsChanged`."""

    def __init__(
        self,
        name: str,
        *,
        say: Callable[[MediaFact], None],
        instant: Callable[[int], Instant],
        stirred: Callable[[], None] = lambda: None,
    ) -> None:
        """`stirred` is called when a room that may be calm no longer is: see `is_calm`."""
        self.name = name
        self.number = next(_NUMBERS)
        """Of no meaning, but that no two rooms have the same."""
        self._say = say
        self._instant = instant
        self._stirred = stirred
        self.peers: dict[str, Peer] = {}
        self.sources: dict[str, Source] = {}
        self._parts: dict[str, str] = {}
        """In which part of the room each source is; who is not named is in the main one."""
        self._told_slots: dict[str, tuple[dict[str, str], ...]] = {}
        self._told_levels: dict[str, int] = {}
        self._due = dict.fromkeys(("layers", "speakers", "liveness", "reports"), 0)
        self._next_due_us = 0
        """The earliest of these."""
        self._vacations = 0
        self._flowed: list[tuple[Layer, int, bool, bool, int]] = []
        self._spoke: frozenset[str] = frozenset()
        """Who did when layers were chosen last."""
        self._measured_us = 0
        self._stirred_us = 0
        """When something was last seen that viewers' layers may depend on."""
        # Whoever may have something due at the next tick: few of many, lest everybody be asked each time.
        self._restless: set[Peer] = set()

    # ------------------------------------------------------------------ what peers tell

    def unrouted(self, peer: Peer, kind: str, now_us: int) -> None:
        """A peer sends what nobody receives: forward it, if it connected last or the other device is silent."""
        source = self.sources[peer.source]
        active, track = source.active[kind], source.track(kind)
        if active is peer:
            self._route(source)  # A new line of the same device, or its gate is shut.
            return
        if active is not None and track is not None and active.is_connected:
            is_later = (peer.connected_us or 0) > (active.connected_us or 0)
            is_silent = now_us - track.core.last_us > SENDS_US
            if not is_later and not is_silent:
                return
        source.active[kind] = peer
        for slot in source.slots[kind]:
            slot.cut()
        self._route(source)
        self.assign()

    def _route(self, source: Source) -> None:
        """Let the packets of a source through that may: those of the active device, through an open gate."""
        for peer in self.peers.values():
            if peer.source != source.name:
                continue
            for kind, track in peer.uplink.tracks.items():
                if source.active[kind] is not peer:
                    track.core.unroute()  # Its packets ask whether it should be the active one.
                elif source.is_open[kind]:
                    track.core.route([slot.core for slot in source.slots[kind]])
                else:
                    track.core.shut()

    def keyframe_wanted(self, slot: Slot) -> None:
        """A viewer cannot decode what its slot shows."""
        layer = slot.flowing()
        source = self.sources.get(slot.source or "")
        if layer is None or source is None:
            return
        layer.want_keyframe()
        peer = source.active[slot.kind]
        if peer is not None:
            peer.ask_for_keyframes(peer.now_us())

    def hurry(self, now_us: int) -> None:
        """What viewers are sent may have to change: do not wait as in calm times."""
        if now_us - self._stirred_us >= CALM_AFTER_US:
            self._due["layers"] = self._next_due_us = min(now_us, self._next_due_us)
        self._stirred_us = now_us
        self._stirred()

    def stir(self, peer: Peer) -> None:
        """Something has become due of this peer: see `Peer.is_busy`."""
        peer.rests_until_us = 0
        self._restless.add(peer)
        self._stirred()

    # ------------------------------------------------------------------ who comes and goes

    def add(self, peer: Peer) -> None:
        self.peers[peer.name] = peer
        self.sources.setdefault(peer.source, Source(peer.source))
        track = peer.uplink.tracks.get("video")
        if track is not None and len(track.layers) > 1:
            # One that replaces another under the same name may have been told less.
            self._say(LayersNeeded(room=self.name, peer=peer.name, video=len(track.layers)))

    def connected(self, peer: Peer) -> None:
        peer.is_lost = False
        peer.quality = Quality()
        self._say(MediaConnected(room=self.name, source=peer.source, peer=peer.name))
        self._told_slots.pop(peer.name, None)
        self.assign()

    def disconnected(self, peer: Peer) -> None:
        """The peer closed its end, or never got DTLS done."""
        if peer.connected_us is None:
            self.remove(peer.name)
        elif not peer.is_lost:
            self._lose(peer)

    def _lose(self, peer: Peer) -> None:
        peer.is_lost = True
        self._forget_tracks(peer)
        self._say(MediaLost(room=self.name, source=peer.source, peer=peer.name, heard=self.heard_instant(peer)))
        self.assign()

    def replace(self, name: str) -> None:
        """Remove a peer that another one is about to follow under the same name: what was connected is lost."""
        peer = self.peers.get(name)
        if peer is not None and peer.connected_us is not None and not peer.is_lost:
            self._lose(peer)
        self.remove(name)

    def remove(self, name: str) -> None:
        """Forget a peer, without a word; unknown ones are ignored."""
        peer = self.peers.pop(name, None)
        if peer is None:
            return
        for slot in peer.slots.values():
            self._vacate(slot)
        self._forget_tracks(peer)
        self._told_slots.pop(name, None)
        self._restless.discard(peer)
        peer.close()
        self.assign()

    def close(self) -> None:
        for name in list(self.peers):
            self.remove(name)
        self.sources.clear()

    def _forget_tracks(self, peer: Peer) -> None:
        source = self.sources[peer.source]
        for kind in KINDS:
            if source.active[kind] is peer:
                source.active[kind] = None
        for track in peer.uplink.tracks.values():
            track.core.unroute()

    # ------------------------------------------------------------------ who is shown to whom

    def gate(self, name: str, *, microphone: bool, camera: bool, screen: bool = False) -> None:
        source = self.sources.setdefault(name, Source(name))
        source.is_open = {"audio": microphone, "video": camera, "screen": screen}
        self._route(source)
        self.assign()

    def divide(self, parts: Mapping[str, str]) -> None:
        """Who is elsewhere from now on is cut at once, in both directions; who is here is shown from their next
        keyframe on."""
        if parts != self._parts:
            self._parts = dict(parts)
            self.assign()

    def set_wish(self, name: str, wish: Wish) -> None:
        peer = self.peers.get(name)
        if peer is not None:
            peer.wish = wish
            self.assign()
            self._choose_layers(peer, peer.now_us())

    def assign(self) -> None:
        """Give every connected viewer's slots to the sources it can see; tell what changed."""
        now_us = next((peer.now_us() for peer in self.peers.values()), 0)  # The same for all: see `Layer.state`.
        self.hurry(now_us)
        for viewer in list(self.peers.values()):
            if not viewer.is_connected:
                for slot in viewer.slots.values():
                    self._vacate(slot)
                continue
            for kind in KINDS:
                self._assign(viewer, kind)
            if any(slot.source is not None and slot.target is None for slot in viewer.slots.values()):
                self._choose_layers(viewer, now_us)
            self._tell_slots(viewer)
        self._look_who_watches(now_us)

    def _look_who_watches(self, now_us: int) -> None:
        for source in self.sources.values():
            source.watched_height = 0
        for viewer in self.peers.values():
            for slot in viewer.slots_of("video"):
                source_shown = self.sources.get(slot.source or "")
                if source_shown is not None:
                    height = viewer.needed_height(source_shown.name)
                    source_shown.watched_height = max(source_shown.watched_height, height)
        self._tell_needs(now_us)

    def _tell_needs(self, now_us: int) -> None:
        """Tell senders which layers nobody watches, so that they need not send them, or somebody does again."""
        for peer in self.peers.values():
            track = peer.uplink.tracks.get("video")
            if track is None or len(track.layers) < 2:
                continue
            source = self.sources[peer.source]
            height = source.watched_height if source.active["video"] is peer else 0
            if track.watched(height, now_us):
                self._say(LayersNeeded(room=self.name, peer=peer.name, video=track.demand.layers))

    def _assign(self, viewer: Peer, kind: str) -> None:
        slots, part = viewer.slots_of(kind), self._parts.get(viewer.source)
        shown = {slot.source for slot in slots}
        wanted = [
            source
            for source in self.sources.values()
            if source.name != viewer.source
            and self._parts.get(source.name) == part
            and source.is_open[kind]
            and source.active[kind] is not None
            and viewer.shows(kind, source.name)
        ]
        if len(wanted) > len(slots):
            # Too few slots: large tiles first, then those shown already, then by time of coming.
            size = viewer.height if kind == "video" else (lambda _: 0)
            wanted.sort(key=lambda source: (-size(source.name), source.name not in shown))
            del wanted[len(slots) :]
        names = {source.name for source in wanted}
        for slot in slots:
            if slot.source is not None and slot.source not in names:
                self._vacate(slot)
        for source in wanted:
            if not any(slot.source == source.name for slot in slots):
                self._lend(slots, source)

    def _lend(self, slots: list[Slot], source: Source) -> None:
        """Show `source` in a free slot: the one it had before, else the one left the longest ago."""
        free = [slot for slot in slots if slot.source is None]
        slot = min(free, key=lambda slot: (slot.before != source.name, slot.vacated))
        slot.show(source.name)
        source.slots[slot.kind].append(slot)
        self._route(source)

    def _vacate(self, slot: Slot) -> None:
        if slot.source is None:
            return
        source = self.sources.get(slot.source)
        if source is not None and slot in source.slots[slot.kind]:
            source.slots[slot.kind].remove(slot)
            self._route(source)
        self._vacations += 1
        slot.vacated = self._vacations
        slot.show(None)

    def _choose_layers(self, viewer: Peer, now_us: int) -> None:
        """Aim the viewer's slots at the layers that suit; tell when one is left out, or no longer."""
        pictures: list[Picture] = []
        sounds: list[Layer] = []
        for slot in viewer.slots.values():
            source = self.sources.get(slot.source or "")
            track = source.track(slot.kind) if source is not None else None
            if source is None or track is None:
                continue
            if slot.kind == "audio":
                slot.aim(track.layers[0])
                sounds.append(track.layers[0])
            else:
                height = viewer.height(source.name) if slot.kind == "video" else SCREEN_HEIGHT
                pictures.append(Picture(slot, track, height))
        lowest_only = viewer.wish.mode == "low_data"
        if lowest_only or sum(picture.height <= SMALL_TILE for picture in pictures) >= MANY:
            pictures = [picture._replace(spare=self._spare(picture, lowest_only)) for picture in pictures]
        paused = [picture.slot.is_paused for picture in pictures]
        awaited = viewer.delivery.fit(pictures, sounds, lowest_only=lowest_only, now_us=now_us)
        if viewer.delivery.probes:
            self.stir(viewer)
        for place, layer in enumerate(awaited):
            layer.want_keyframe(now_us + place * KEYFRAMES_SPREAD_US // len(awaited))
        if [picture.slot.is_paused for picture in pictures] != paused:
            self._tell_slots(viewer)

    def _spare(self, picture: Picture, lowest_only: bool) -> int:
        """How many temporal layers a viewer who wants little data, or shows many small tiles, can do without."""
        if lowest_only:
            return 0 if picture.slot.kind == "screen" else ALL_TEMPORAL
        return int(picture.height <= SMALL_TILE and picture.slot.source not in self._told_levels)

    def _flows(self, now_us: int) -> list[tuple[Layer, int, bool, bool, int]]:
        """Which layers flow, how large they are, whether one may climb to them, and how many temporal layers they have:
        with who speaks, what choices rest on."""
        return [
            (layer, *layer.state(now_us).looks(now_us))
            for source in self.sources.values()
            for kind in KINDS
            if (track := source.track(kind)) is not None
            for layer in track.layers
        ]

    def _tell_slots(self, viewer: Peer) -> None:
        shown = tuple(
            {slot.mid: slot.source for slot in viewer.slots_of(kind) if slot.source is not None and not slot.is_paused}
            for kind in KINDS
        )
        if self._told_slots.get(viewer.name) != shown:
            self._told_slots[viewer.name] = shown
            audio, video, screen = (dict(slots) for slots in shown)
            self._say(SlotsChanged(room=self.name, peer=viewer.name, audio=audio, video=video, screen=screen))

    # ------------------------------------------------------------------ by the clock

    def tick(self, now_us: int) -> None:
        """Do what is due; called every 20 ms or so, less often while the room is calm."""
        for peer in tuple(self._restless):
            if now_us < peer.rests_until_us:
                continue
            if not peer.is_busy:
                self._restless.discard(peer)
            elif peer.is_connected:
                peer.tick(now_us)
        if now_us < self._next_due_us:
            return
        peers = list(self.peers.values())
        is_calm = now_us - self._stirred_us >= CALM_AFTER_US
        is_due = self._is_due("layers", TURNS_EVERY_US if is_calm else LAYERS_EVERY_US, now_us)
        if is_due and (not is_calm or self._has_turned(peers, now_us)):
            self._measure(peers, now_us)
        if self._is_due("speakers", SPEAKERS_EVERY_US, now_us):
            self._tell_speakers(now_us)
        if self._is_due("liveness", LIVENESS_EVERY_US, now_us):
            for peer in peers:
                self._look_after(peer, now_us)
        if self._is_due("reports", REPORTS_EVERY_US, now_us):
            self._tell_onward_loss(peers)
            for peer in peers:
                if peer.is_connected:
                    self._report(peer, now_us)
        self._next_due_us = min(self._due.values())

    def is_calm(self, now_us: int) -> bool:
        """Whether nothing is due before long."""
        return not self._restless and now_us - self._stirred_us >= CALM_AFTER_US

    def _has_turned(self, peers: Sequence[Peer], now_us: int) -> bool:
        """Whether there is reason to look at layers in a calm room."""
        return (
            now_us - self._measured_us >= CALM_EVERY_US
            or self._told_levels.keys() != self._spoke
            or any(layer.has_turned(now_us) for peer in peers for layer in peer.uplink.layers())
        )

    def _measure(self, peers: Sequence[Peer], now_us: int) -> None:
        """Take stock of all layers, and choose anew for those viewers for whom that changes something."""
        self._measured_us = now_us
        for peer in peers:
            for layer in peer.uplink.layers():
                layer.measure(now_us)
        self._tell_needs(now_us)
        flows, spoke = self._flows(now_us), frozenset(self._told_levels)
        is_other = flows != self._flowed
        for peer in peers:
            if not peer.is_connected or (not is_other and spoke == self._spoke and peer.delivery.is_fitted(now_us)):
                continue
            self._choose_layers(peer, now_us)
            if is_other or not peer.delivery.is_content:
                self._stirred_us = now_us
        self._flowed, self._spoke = flows, spoke

    def _is_due(self, what: str, every_us: int, now_us: int) -> bool:
        if now_us < self._due[what]:
            return False
        self._due[what] = now_us + every_us
        return True

    def _tell_speakers(self, now_us: int) -> None:
        levels = {}
        for source in self.sources.values():
            track = source.track("audio")
            if track is not None:
                source.meter.heard(track.core.levels())
            loudness = source.meter.loudness(now_us)
            if loudness is not None and source.is_open["audio"] and source.active["audio"] is not None:
                levels[source.name] = loudness // LEVEL_STEP * LEVEL_STEP
        if levels != self._told_levels:
            self._told_levels = levels
            self._say(SpeakersChanged(room=self.name, levels=dict(levels)))

    def _look_after(self, peer: Peer, now_us: int) -> None:
        silent_us = peer.silent_us(now_us)
        if silent_us < CHECK_AFTER_US and peer.is_connected and not peer.is_busy:
            return
        if peer.connected_us is None:
            if now_us - peer.joined_us > UNCONNECTED_US_MAX:
                self.remove(peer.name)
            return
        if not peer.is_lost and silent_us >= LOST_AFTER_US:
            self._lose(peer)
        elif peer.is_lost and peer.link.is_open and silent_us < LOST_AFTER_US:
            self.connected(peer)
        elif peer.is_lost and silent_us > LOST_US_MAX:
            self.remove(peer.name)
            return
        peer.check(now_us)
        if peer.is_busy:  # Word of it may have found no room on its way here.
            self.stir(peer)

    def _tell_onward_loss(self, peers: Sequence[Peer]) -> None:
        """Let senders of sound know what of it gets lost on its way to the listener who loses most."""
        worst: dict[str | None, float] = {}
        for viewer in peers:
            loss = viewer.delivery.downlink.loss
            if loss and viewer.is_connected:
                for slot in viewer.slots_of("audio"):
                    worst[slot.source] = max(loss, worst.get(slot.source, 0.0))
        for peer in peers:
            track = peer.uplink.tracks.get("audio")
            if track is not None:
                is_heard = self.sources[peer.source].active["audio"] is peer
                track.lost_onward(worst.get(peer.source, 0.0) if is_heard else 0.0)

    def _report(self, peer: Peer, now_us: int) -> None:
        peer.report(now_us)
        if peer.quality.judge(
            loss_up=peer.link.core.lost,
            loss_down=peer.delivery.downlink.loss,
            round_trip_us=peer.delivery.downlink.round_trip_us,
            silent_us=peer.silent_us(now_us),
            missing_down=peer.delivery.shortage,
        ):
            self._say(
                QualityChanged(
                    room=self.name,
                    source=peer.source,
                    peer=peer.name,
                    quality=peer.quality.word,
                    direction=peer.quality.direction,
                )
            )

    def heard_instant(self, peer: Peer) -> Instant:
        """The wall-clock instant of the peer's last authenticated packet."""
        return self._instant(peer.link.heard_us if peer.link.heard_us is not None else peer.joined_us)
