"""What a forwarding core is: the few objects every packet passes, and the calls that set them up beforehand.

There are two, held to the same tests: `native_core` (C in a thread of its own, which waits for nothing that Python
does) and `python_core`, where there is no compiler. A core decides nothing. Whom a slot shows, in which layer, when
to ask for a keyframe: rooms say so by these calls, and each takes effect between two packets. The core forwards,
counts, and hands over what it has no place for.

    datagram → LinkCore (decrypt) → LayerCore (order, count) → its TrackCore's route → SlotCore (renumber, encrypt)

Everything here is called on the event loop, and everything a core tells comes there too. Moments are microseconds of
the monotonic clock. Figures are read as they are at that instant; two of them may be a packet apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from server.sfu.rtp.echo import Echo
from server.sfu.sealing import Sealing

Address = tuple[Any, ...]
"""What the socket says a datagram came from: (host, port) or, for IPv6, (host, port, flow, scope)."""

CoreName = Literal["native", "python"]
CoreChoice = Literal["auto", "native", "python"]

STREAMS_MAX = 64
"""Incoming SSRCs of one link that are alive …"""
ENDED_MAX = 1_024
"""… and those that ended: they are remembered, lest somebody replay them."""
UNPLACED_MAX, UNPLACED_EVERY_US = 128, 100_000
"""Packets without a place that one link may hand over in a while; a keyframe's worth."""
CHECKS_MAX, CHECKS_EVERY_US = 16, 250_000
"""STUN messages of one name, or answers from a known address, that are told in a while. Anybody can send copies of true
checks, or pretend to be where a peer is; a browser that connects sends some twenty a second. The while is short: what
many names tell at once keeps the event loop from all else."""
HANDSHAKES_MAX, UNPROVED_EVERY_US = 64, 1_000_000
"""DTLS records of one link that are told in a while; a browser that connects sends some tens."""
PROOFS_MAX, PROOFS_EVERY_US = 64, 100_000
"""Checks under one name that are looked at in a while, whether they prove its password or not: that costs something.
Far more than there are, lest true ones be lost among copies, and spread over the second, lest packets wait for them."""
ELSEWHERE_MAX, ELSEWHERE_EVERY_US = 32, 100_000
"""Packets of one link's streams from addresses of nobody that are looked at in a while, authentic or not. True ones are
seldom more before they are nobody's no longer; whoever can send far more keeps a peer from being followed by them."""
FOLLOW_EVERY_US = 100_000
"""That a peer sends from elsewhere is told so often."""
CONTROL_MAX, CONTROL_EVERY_US = 600, 1_000_000
"""RTCP datagrams of one link that are read in a while; a viewer of many with much loss sends some hundreds a second."""
FEEDBACK_EVERY_US, FEEDBACK_FEW, FEEDBACK_LATEST_US = 100_000, 20, 200_000
"""How often a sender is told when its packets arrived, as long as some do; of fewer than so many it is told later: of
its way it learns as much from half as many reports."""
LEVELS_MAX = 64
"""Levels of one track kept until they are fetched."""
REPORT_EACH = 3
"""A slot's sender report comes every so many times: with many slots one each time is more than anybody needs."""
REPORT_BYTES_MAX = 1_100
"""Of one datagram with reports."""


class LayerFigures(NamedTuple):
    """What is counted of one layer, read at once.

    `last_us` is when its last packet with content came, 0 before the first; `since_us` when it began to flow, after its
    last second of silence. `octets` are bytes of payload that came so far, resent ones once: what the layer would cost
    a viewer; those of a picture by temporal layer follow `received`, without any all in the first. `received` are
    packets that came by its own stream, copies included. `height` is that of its last keyframe whose clear bytes show
    it, 0 while not known. `overflows` says how often so much was missing that only a keyframe could heal it, `missing`
    how many packets are waited for.
    """

    last_us: int
    since_us: int
    octets: int
    received: int
    octets_0: int
    octets_1: int
    octets_2: int
    octets_3: int
    height: int
    keyframes: int
    overflows: int
    missing: int

    @property
    def octets_by_temporal(self) -> tuple[int, ...]:
        return self[4:8]


class Told(NamedTuple):
    """What a peer's reports came to so far: `blocks` about slots that show somebody, the sum of the shares `lost` that
    they tell (in 1/256), and how many `trips` there and back they measured, of `trips_us` in all."""

    blocks: int
    lost: int
    trips: int
    trips_us: int


class LinkHandler(Protocol):
    """Who is told what a link receives and the core does not forward. All but DTLS is authenticated and decrypted."""

    def received_dtls(self, data: bytes) -> None: ...
    def received_rtcp(self, plain: bytes, now_us: int) -> None:
        """An RTCP datagram with requests; reports and transport-wide feedback in it were read already."""

    def received_echo(self, echo: Echo, now_us: int) -> None:
        """What transport-wide feedback came to; see `LinkCore.pool`. It may wait until `Core.collect`: nobody is woken
        for it, unless it says something new where most does not."""

    def missed(self) -> None:
        """From now on some of what it sent is missing, or too much is."""

    def heard_elsewhere(self, address: Address, now_us: int) -> None:
        """An RTP packet of the peer's came from an address of nobody: authentic, and no copy of one that came before.
        It was taken. Told each FOLLOW_EVERY_US at most."""

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        """An RTP packet of an unknown stream, or of a track without a route: `LinkCore.place` takes it back."""


class LayerCore(Protocol):
    """One incoming stream and the one that resends it. New numbering needs a new one: see `TrackCore.layer`."""

    owner: Any
    """Whatever stands for this layer outside; the core hands it back and looks no further."""

    def figures(self) -> LayerFigures:
        """As they are now."""

    @property
    def last_us(self) -> int:
        """That of the figures: when its last packet with content came."""

    def due(self, now_us: int, round_trip_us: int) -> list[int]:
        """Missing numbers to ask for now, ascending and growing; counts them as asked."""

    def clock(self) -> tuple[int, int] | None:
        """NTP time and timestamp of one moment, by the sender's last report; None before the first."""

    def bind(self, ssrc: int) -> None:
        """These packets are the layer's."""

    def bind_resend(self, ssrc: int) -> None:
        """These carry its packets again (RFC 4588)."""

    def end(self) -> None:
        """Forget its streams, in SRTP too, but one that another layer took over: what still comes of them is dropped,
        and no slot waits for it."""


class SlotCore(Protocol):
    """One outgoing stream and its resending one: numbers, timestamps and pictures without a seam, whoever is shown."""

    def aim(self, layer: LayerCore | None, *, cut: bool, clock_shift: int | None = None) -> None:
        """From its next usable packet on, send `layer`; see `rtp.rewrite.Rewriter.aim`."""

    def pace(self, temporal: int) -> None:
        """Leave out pictures above this temporal layer; see `rtp.rewrite.Rewriter.pace`."""

    @property
    def flowing(self) -> LayerCore | None:
        """The layer whose packets go out now."""

    @property
    def awaited(self) -> LayerCore | None:
        """The layer whose first usable packet is waited for, if any."""

    @property
    def packets(self) -> int: ...

    @property
    def octets(self) -> int:
        """Bytes of payload sent, resent ones not counted."""

    def resend(self, numbers: Sequence[int], round_trip_us: int, now_us: int) -> None:
        """Send lost packets again, by their 16-bit numbers, within the budget."""

    def probe(self, octets: int, now_us: int) -> int:
        """Send the newest packets again until `octets` are reached, whatever the budget; how many bytes went."""

    def forget(self) -> None:
        """Never send again what was sent so far."""


class TrackCore(Protocol):
    """What one sender's microphone or camera sends, in its layers, and which slots get it."""

    def layer(self, owner: Any) -> LayerCore:
        """Another layer, not yet bound to a stream."""

    def route(self, slots: Sequence[SlotCore]) -> None:
        """Forward to these slots, of any link of this core."""

    def shut(self) -> None:
        """Drop what comes, without a word."""

    def unroute(self) -> None:
        """Hand over what comes as unplaced (so it is at first)."""

    def lost_onward(self, share: int) -> None:
        """Report at least `share` (in 1/256) as the fraction lost of what it sends, which is lost further on, by those
        who get it; nothing else that is told or counted of it changes. See `rtp.onward`."""

    @property
    def last_us(self) -> int:
        """When its last packet with content came; 0 before the first."""

    def levels(self) -> list[tuple[int, int]]:
        """(when, −dBov) of the forwarded packets since the last call that are loud enough for a voice, oldest first."""


class LinkCore(Protocol):
    """The secured way to one peer."""

    @property
    def heard_us(self) -> int:
        """When the last authenticated packet came; 0 before the first."""

    @property
    def failures(self) -> int:
        """Packets that could not be authenticated, decrypted or encrypted."""

    @property
    def malformed(self) -> int:
        """Authentic packets that were not what they claimed to be."""

    @property
    def streams(self) -> int:
        """Incoming SSRCs that SRTP keeps state of."""

    @property
    def missing(self) -> int:
        """How many packets all its layers wait for: seldom any, and then nobody need ask each layer."""

    @property
    def overflows(self) -> int:
        """How often one of its layers overflowed."""

    def admit(self, address: Address) -> None:
        """Take what comes from this address for the link's; nobody else's any longer."""

    def expel(self, address: Address) -> None: ...

    def expect(self, address: Address) -> None:
        """Take answers to checks from this address of nobody for the link's, and nothing else; from no other one any
        longer. `admit` takes all."""

    def direct(self, address: Address | None) -> None:
        """Send to this address from now on."""

    def secure(self, rx: Any, tx: Any, sealing: Sealing | None = None, opening: Sealing | None = None) -> None:
        """Take the SRTP sessions (pylibsrtp's): from now on media and RTCP are taken and sent.

        `sealing` is the key of `tx`, and `opening` that of `rx`, where those are for AES-GCM: a core may then encrypt
        and decrypt RTP by itself.
        """

    def silence(self) -> None:
        """Neither take nor send media and RTCP any more."""

    def told(self) -> Told:
        """What the peer's reports came to."""

    @property
    def lost(self) -> float:
        """The worst loss (0..1) of what the peer sends, by the last report to it."""

    def report(self, ssrc: int, now_us: int) -> None:
        """Tell the peer, in the name of `ssrc`, how its streams arrive and of a part of its slots where they are; to be
        called each second."""

    def answer_checks(self, username: str, password: str) -> None:
        """Answer by oneself those checks that change nothing: with this name and password, from where it is.

        They count as heard; all others are still told. A core may leave all of them to whom it tells.
        """

    def send_rtcp(self, plain: bytes) -> None:
        """Protect and send; without SRTP sessions or a direction it is dropped."""

    def place(self, plain: bytes, now_us: int) -> None:
        """Forward a packet that was handed over, as far as there is a place for it now."""

    def number_arrivals(self, extension: int, *, ssrc: int) -> None:
        """Collect arrivals by the transport-wide number in this header extension; 0 for none.

        The sender is told of them in the name of `ssrc` (`rtp.twcc`), each FEEDBACK_EVERY_US or, of few, each
        FEEDBACK_LATEST_US with the packet that comes
        then: so nobody need be woken for it, and it leaves together with what the packet became.
        """

    def number_departures(self, extension: int) -> None:
        """Give everything sent a transport-wide number, in this header extension; 0 for none."""

    def pool(self, wait_us: int, delay_us: int) -> None:
        """Tell feedback that says nothing new (no packet is lost, the quickest took no longer than `delay_us`) for
        `wait_us` together; with 0 each is told as it comes, and so it is at first. See `rtp.echo.Pool`."""

    def track(self, *, kind: str, payload_type: int, resend_type: int | None, level_extension: int) -> TrackCore:
        """Another incoming track: 'audio', 'video' or 'screen'."""

    def slot(
        self, *, kind: str, ssrc: int, payload_type: int, resend_ssrc: int | None, resend_type: int | None
    ) -> SlotCore:
        """Another outgoing stream; it lives as long as the link."""

    def close(self) -> None:
        """Release everything: the link's addresses, streams and slots. Its objects do nothing any more."""


class Core(Protocol):
    """The one UDP port and all that is forwarded over it."""

    name: CoreName
    port: int

    @property
    def strays(self) -> int:
        """Datagrams that were nobody's, or nothing."""

    @property
    def unsent(self) -> int:
        """Datagrams that the system would not take."""

    @property
    def untold(self) -> int:
        """What found no room on its way to the event loop, or came too often."""

    async def open(self, hosts: Sequence[str], port: int) -> None:
        """Bind on all hosts; with port 0 any free one, the same on all. Raises OSError."""

    async def close(self) -> None:
        """Close the port, and tell nobody anything any more. Links stay until they are closed."""

    def send(self, data: bytes, address: Address) -> None:
        """A datagram as it is; a full buffer loses it, as any router does."""

    def name_link(self, ufrag: str, *, theirs: str, password: str) -> None:
        """Take checks from anywhere under this user name and the peer's, if they prove the password: PROOFS_MAX of them
        are looked at in a while, and CHECKS_MAX told. All others are strays."""

    def unname_link(self, ufrag: str) -> None: ...

    def link(self, handler: LinkHandler, *, room: int = 0) -> LinkCore:
        """A link to one peer; those of one room are served together."""

    def collect(self) -> None:
        """Tell what waits because nobody need be woken for it; to be called each 20 to 200 ms."""

    def feed(self, data: bytes, address: Address, now_us: int) -> None:
        """Take one datagram as if the port had received it, and tell all that follows from it at once."""

    def caught(self) -> list[tuple[bytes, Address]]:
        """What would have been sent since the last call, as far as no port is open: for tests and simulations."""

    def release(self) -> None:
        """Free everything; nothing may be called any more."""


TakeStun = Callable[[bytes, Address, int], None]
"""Told of each STUN message that is worth a look: (data, from, now_us)."""
