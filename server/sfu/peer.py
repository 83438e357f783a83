"""One WebRTC transport of one person: what it sends, the slots it receives into, and how it fares."""

from __future__ import annotations

import secrets
from typing import Protocol

from server.sfu.delivery import Delivery
from server.sfu.facts import Wish
from server.sfu.publisher import Uplink
from server.sfu.rtp import rtcp
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.quality import Quality
from server.sfu.rtp.twcc import Feedback
from server.sfu.sdp import KINDS, Offer, Server, SlotStream, departure_extension, write_answer
from server.sfu.subscription import Slot
from server.sfu.transport import Certificate, Link, Port

CHECK_AFTER_US = 1_500_000
"""A peer silent for this long is asked whether it is there, again and again …"""
CHECK_EVERY_US = 500_000
LOST_AFTER_US = 4_500_000
"""… and is lost after this long."""
POOL_US = 500_000
"""Feedback that says nothing new is told together each so often."""
REST_US = 100_000
"""Whether a probe may begin is looked at so often."""
USUAL_STEP_US = 2_000
"""What delay is usual may be so much out of date."""
SMALL_HEIGHT = 180
"""Height in pixels that is assumed for a source no wish names."""


class PeerOwner(Protocol):
    """The room, as its peers see it."""

    number: int

    def connected(self, peer: Peer) -> None: ...
    def disconnected(self, peer: Peer) -> None: ...
    def unrouted(self, peer: Peer, kind: str, now_us: int) -> None: ...
    def stir(self, peer: Peer) -> None: ...
    def hurry(self, now_us: int) -> None: ...
    def keyframe_wanted(self, slot: Slot) -> None: ...


class Peer:
    """A peer hands what its link receives to the uplink, and what viewers ask for to its slots."""

    def __init__(
        self, *, name: str, source: str, owner: PeerOwner, port: Port, certificate: Certificate, offer: Offer
    ) -> None:
        self.name = name
        self.source = source
        self.owner = owner
        self._port = port
        self._certificate = certificate
        self.ssrc = _random_ssrc()
        """Our own SSRC in reports to this peer."""
        self.wish = Wish(heights={})
        self.joined_us = port.now_us()
        self.connected_us: int | None = None
        self.is_lost = False
        self.quality = Quality()
        self._malformed = 0
        self._session = secrets.randbits(62)
        self._version = 0
        self._checked_us = 0
        self._offer = offer
        self.slots: dict[str, Slot] = {}
        self._slots_by_ssrc: dict[int, Slot] = {}
        self.link = self._new_link(offer)
        self._told = self.link.core.told()
        self.rests_until_us = 0
        """Until then nothing is due of it though it is busy: it only waits to begin a probe."""
        self._usual_us: int | None = None
        """What the core takes for a usual delay."""
        self.delivery = Delivery()
        self.uplink = Uplink(
            self.link.core,
            ssrc=self.ssrc,
            unrouted=lambda kind, now_us: owner.unrouted(self, kind, now_us),
            stirred=lambda: owner.stir(self),
        )
        self._take_lines(offer)

    # ------------------------------------------------------------------ signalling

    def _new_link(self, offer: Offer) -> Link:
        return Link(
            self._port,
            self._certificate,
            self,
            remote=(offer.ufrag, offer.password),
            fingerprints=offer.fingerprints,
            room=self.owner.number,
        )

    def continues(self, offer: Offer) -> bool:
        """Whether `offer` comes from the same browser connection: the same certificate over a link that lives."""
        mids = [section.mid for section in self._offer.sections]
        return (
            not self.link.is_over
            and offer.fingerprints == self.link.fingerprints
            and [section.mid for section in offer.sections[: len(mids)]] == mids
        )

    def renew(self, offer: Offer) -> None:
        """An ICE restart, or more slots, on the same DTLS and SRTP: nothing that flows stops."""
        if (offer.ufrag, offer.password) != self.link.remote:
            self.link.restart_ice((offer.ufrag, offer.password))
        self._take_lines(offer)

    def _take_lines(self, offer: Offer) -> None:
        self.uplink.take_lines([section for kind in KINDS if (section := offer.sent(kind))])
        for section in (slot for kind in KINDS for slot in offer.slots(kind)):
            if section.mid not in self.slots:
                assert section.codec is not None
                resends = section.codec.resend_type is not None and section.kind != "audio"
                stream = SlotStream(ssrc=self._free_ssrc(), resend_ssrc=self._free_ssrc() if resends else None)
                slot = self.slots[section.mid] = Slot(self.link.core, section, stream)
                self._slots_by_ssrc[stream.ssrc] = slot
        extension = departure_extension(offer)
        self.link.core.number_departures(extension)
        if extension:
            self.delivery.downlink.expect()
        self._offer = offer

    def _free_ssrc(self) -> int:
        while True:
            ssrc = _random_ssrc()
            if ssrc != self.ssrc and ssrc not in self._slots_by_ssrc:
                return ssrc

    def answer(self, candidates: list[tuple[str, int]]) -> str:
        """The answer to the last offer."""
        self._version += 1
        server = Server(
            session=self._session,
            version=self._version,
            ufrag=self.link.ufrag,
            password=self.link.password,
            fingerprint=self._certificate.fingerprint,
            candidates=candidates,
        )
        return write_answer(self._offer, server, {mid: slot.stream for mid, slot in self.slots.items()})

    def now_us(self) -> int:
        return self._port.now_us()

    def slots_of(self, kind: str) -> list[Slot]:
        return [slot for slot in self.slots.values() if slot.kind == kind]

    def height(self, source: str) -> int:
        """Height in pixels at which this viewer shows the camera of `source`; 0 when not at all."""
        if self.wish.mode == "audio_only":
            return 0
        return self.wish.heights.get(source, SMALL_HEIGHT)

    def needed_height(self, source: str) -> int:
        """Of those pixels, how many it has a use for: with little data the smallest picture will do."""
        return min(self.height(source), 1) if self.wish.mode == "low_data" else self.height(source)

    def shows(self, kind: str, source: str) -> bool:
        """Whether this viewer has any use for this track of `source`."""
        if kind == "screen":
            return self.wish.screen and self.wish.mode != "audio_only"
        return kind == "audio" or self.height(source) > 0

    @property
    def is_connected(self) -> bool:
        return self.link.is_open and not self.is_lost

    @property
    def malformed(self) -> int:
        """Authentic packets of this peer that were not what they claimed to be."""
        return self._malformed + self.link.core.malformed

    def close(self) -> None:
        """Say goodbye, and let go of everything.

        What a peer takes goes with it then, and does not wait for the collector of cycles, which seldom comes by while
        people are there (`server.collector`).
        """
        for slot in self.slots.values():
            slot.show(None)
        self.uplink.close()
        self.link.close()

    # ------------------------------------------------------------------ from the link

    def opened(self) -> None:
        self.connected_us = self._port.now_us()
        self.owner.connected(self)

    def closed(self) -> None:
        self.owner.disconnected(self)

    def moved(self) -> None:
        self.delivery.downlink.moved()
        self._say_what_is_usual()

    def missed(self) -> None:
        self.owner.stir(self)

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        try:
            self.uplink.received_unplaced(plain, now_us)
        except MalformedPacket:
            self._malformed += 1

    def received_rtcp(self, data: bytes, now_us: int) -> None:
        try:
            for report in rtcp.read(data):
                self._reported(report, now_us)
        except MalformedPacket:
            self._malformed += 1

    def received_echo(self, echo: Echo, now_us: int) -> None:
        self.delivery.echoed(echo, now_us)
        if self.delivery.downlink.state != "clear":
            self.owner.hurry(now_us)
        self._say_what_is_usual()

    def _say_what_is_usual(self) -> None:
        """Let the core keep feedback together that says nothing new: not while a probe waits for its own."""
        usual_us, known_us = None if self.delivery.probes else self.delivery.downlink.usual_us, self._usual_us
        if usual_us is None and known_us is not None:
            self.link.core.pool(0, 0)
        elif usual_us is not None and (known_us is None or abs(usual_us - known_us) > USUAL_STEP_US):
            self.link.core.pool(POOL_US, usual_us)
        else:
            return
        self._usual_us = usual_us

    def _reported(self, report: rtcp.Report, now_us: int) -> None:
        match report:
            case rtcp.Nack():
                slot = self._slots_by_ssrc.get(report.media)
                if slot is not None:
                    slot.core.resend(report.numbers, self.delivery.downlink.round_trip_us, now_us)
            case rtcp.KeyframeRequest():
                slot = self._slots_by_ssrc.get(report.media)
                if slot is not None:
                    self.owner.keyframe_wanted(slot)
            case rtcp.BandwidthMessage():
                self.delivery.downlink.told(report.bitrate_bps, self.delivery.sending_bps, now_us)
            case Feedback() | rtcp.SenderReport() | rtcp.ReceiverReport() | rtcp.Goodbye():
                pass  # The core took these; who leaves says so by DTLS, and a stream that ends just stops.

    # ------------------------------------------------------------------ by the clock

    @property
    def is_busy(self) -> bool:
        """Whether `tick` has anything to do: seldom."""
        return self.uplink.wants_keyframe() or self.delivery.probes or self.link.core.missing > 0

    def tick(self, now_us: int) -> None:
        """Ask for what is missing, and find out what the connection bears; due each 20 ms or so while it is busy."""
        if self.link.core.missing:
            self.ask_for_missing(now_us)
        self.ask_for_keyframes(now_us)
        self._say_what_is_usual()
        self.delivery.probe(now_us)
        if not self.link.core.missing and not self.uplink.awaits_keyframe and not self.delivery.is_probing:
            self.rests_until_us = now_us + REST_US

    def ask_for_keyframes(self, now_us: int) -> None:
        """Send upstream the keyframe requests that are due."""
        round_trip_us = self.delivery.downlink.round_trip_us
        for layer in self.uplink.layers():
            if layer.ssrc is not None and layer.keyframe_due(now_us, round_trip_us):
                self.link.send_rtcp(rtcp.write_keyframe_request(ssrc=self.ssrc, media=layer.ssrc))

    def ask_for_missing(self, now_us: int) -> None:
        for layer in self.uplink.layers():
            if layer.ssrc is not None and layer.core.figures().missing:
                numbers = layer.core.due(now_us, self.delivery.downlink.round_trip_us)
                if numbers:
                    wrapped = [number & 0xFFFF for number in numbers]
                    self.link.send_rtcp(rtcp.write_nack(ssrc=self.ssrc, media=layer.ssrc, numbers=wrapped))

    def report(self, now_us: int) -> None:
        """Sum up what the viewer reported since the last time, for browsers report each stream on its own; and report
        to it; due each second."""
        before, self._told = self._told, self.link.core.told()
        blocks, trips = self._told.blocks - before.blocks, self._told.trips - before.trips
        downlink = self.delivery.downlink
        if blocks:
            loss = (self._told.lost - before.lost) / blocks / 256
            downlink.reported(loss, self.delivery.sending_bps, now_us)
        if trips:
            downlink.round_trip((self._told.trips_us - before.trips_us) // trips, times=trips)
        self.link.core.report(self.ssrc, now_us)

    def silent_us(self, now_us: int) -> int:
        """How long nothing authenticated came."""
        heard = self.link.heard_us if self.link.heard_us is not None else self.joined_us
        return now_us - heard

    def check(self, now_us: int) -> None:
        """Ask a silent peer whether it is there."""
        if self.silent_us(now_us) >= CHECK_AFTER_US and now_us - self._checked_us >= CHECK_EVERY_US:
            self._checked_us = now_us
            self.link.check()


def _random_ssrc() -> int:
    return 1 + secrets.randbelow((1 << 32) - 1)
