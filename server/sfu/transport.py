"""One UDP port, and a secured link to each peer over it: ICE, DTLS and SRTP, on aiortc's own parts.

The only module that touches private names of aiortc and pylibsrtp; `tests/unit/sfu/test_transport_contract.py`
fails when an upgrade moves one of them.

ICE is the lite kind (RFC 8445 §2.5): the server has known addresses and only answers checks, so that a restart,
a new network or a new NAT binding of a browser needs no machinery here. What is written by hand of it is which
address to believe; the messages are aioice's. In addition a silent peer is asked whether it is still there
(RFC 7675), since its last answer is what attendance ends at.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

import pylibsrtp
from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import get_host_addresses
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES

from server.sfu.rtp.demux import MTU, Kind, classify
from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.stun import StunKind, outline

log = logging.getLogger(__name__)

Address = tuple[Any, ...]
"""What the socket says a datagram came from: (host, port) or, for IPv6, (host, port, flow, scope)."""

BATCH_MAX = 64
"""Datagrams read in one go, before timers and everybody else have their turn."""
ADDRESSES_MAX = 8
"""Verified addresses remembered of one peer."""
CHECKS_MAX = 8
"""Unanswered checks remembered of one peer."""
STREAMS_MAX = 64
"""Incoming SSRCs of one peer."""
DTLS_WAITING_MAX = 64
HANDSHAKE_S_MAX = 20.0
SOCKET_BUFFER_BYTES = 4 << 20


def monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


def host_addresses() -> list[str]:
    """This machine's own IPv4 addresses, loopback last."""
    found: list[str] = get_host_addresses(use_ipv4=True, use_ipv6=False)
    return [*dict.fromkeys(found), "127.0.0.1"]


class Certificate:
    """The server's DTLS identity: one for all peers, as long as the process lives."""

    def __init__(self) -> None:
        self.own = RTCCertificate.generateCertificate()

    @property
    def fingerprint(self) -> str:
        """SHA-256, upper-case hex with colons."""
        return next(f.value for f in self.own.getFingerprints() if f.algorithm == "sha-256")


class LinkHandler(Protocol):
    """Who is told what a link receives. All calls come on the event loop, with authenticated content."""

    def opened(self) -> None: ...
    def closed(self) -> None: ...
    def received_rtp(self, data: bytes, now_us: int) -> None: ...
    def received_rtcp(self, data: bytes, now_us: int) -> None: ...


class Port:
    """The UDP port that all peers share, and the tables that tell whose a datagram is.

    Rubbish and strangers cost one look and are counted in `strays`; they never get an answer.
    """

    def __init__(self, *, hosts: Sequence[str], port: int, now_us: Callable[[], int] = monotonic_us) -> None:
        self._hosts = tuple(hosts)
        self.port = port
        self.now_us = now_us
        self._sockets: list[socket.socket] = []
        self._socket4: socket.socket | None = None
        self._socket6: socket.socket | None = None
        self._by_ufrag: dict[str, Link] = {}
        self._by_address: dict[Address, Link] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self.strays = 0
        self.unsent = 0

    async def open(self) -> None:
        """Bind; with port 0 any free one is taken, the same on all hosts. Raises OSError."""
        loop = asyncio.get_running_loop()
        for host in self._hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM)
            self._sockets.append(sock)
            sock.setblocking(False)
            for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
                sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                self._socket6 = sock
            else:
                self._socket4 = sock
            try:
                sock.bind((host, self.port))
            except OSError:
                await self.close()
                raise
            self.port = sock.getsockname()[1]
            loop.add_reader(sock.fileno(), self._readable, sock)

    async def close(self) -> None:
        for link in list(self._by_ufrag.values()):
            link.close()
        if self._closing:
            await asyncio.wait(self._closing, timeout=2)
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()
        self._socket4 = self._socket6 = None

    def send(self, data: bytes, address: Address) -> None:
        sock = self._socket6 if ":" in address[0] else self._socket4
        try:
            if sock is not None:
                sock.sendto(data, address)
        except OSError:  # A full buffer loses a packet, as any router does.
            self.unsent += 1

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(BATCH_MAX):
            try:
                data, address = sock.recvfrom(MTU + 1)
            except BlockingIOError:
                return
            except OSError:  # An ICMP error about something sent earlier.
                continue
            self.received(data, address, self.now_us())

    def received(self, data: bytes, address: Address, now_us: int) -> None:
        """Hand one datagram to the link it belongs to, if it belongs to one."""
        kind = classify(data)
        if kind is Kind.STUN:
            self._stun(data, address, now_us)
            return
        link = self._by_address.get(address)
        if link is None or kind is Kind.RUBBISH:
            self.strays += 1
        elif kind is Kind.RTP:
            link.received_rtp(data, now_us)
        elif kind is Kind.RTCP:
            link.received_rtcp(data, now_us)
        else:
            link.received_dtls(data)

    def _stun(self, data: bytes, address: Address, now_us: int) -> None:
        try:
            seen = outline(data)
            if seen.kind is StunKind.REQUEST:
                link = self._by_ufrag.get(seen.username.partition(":")[0])
            else:
                link = self._by_address.get(address)
            if link is None:
                raise MalformedPacket("a STUN message of a stranger")
            link.received_stun(stun.parse_message(data), address, now_us)
        except (ValueError, struct.error):
            self.strays += 1

    # Used by links.

    def name(self, link: Link, ufrag: str) -> None:
        self._by_ufrag[ufrag] = link

    def unname(self, ufrag: str) -> None:
        self._by_ufrag.pop(ufrag, None)

    def verify(self, link: Link, address: Address) -> None:
        before = self._by_address.get(address)
        if before is not None and before is not link:
            before.lost_address(address)
        self._by_address[address] = link

    def unverify(self, link: Link, address: Address) -> None:
        if self._by_address.get(address) is link:
            del self._by_address[address]

    def later(self, work: Any) -> None:
        """Finish some closing work in the background; `close` waits for it."""
        task = asyncio.ensure_future(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @property
    def links(self) -> int:
        return len(set(self._by_ufrag.values()))

    @property
    def addresses(self) -> int:
        return len(self._by_address)


class _Pipe:
    """What a DTLS transport of aiortc takes for its ICE transport: DTLS records in, datagrams out."""

    role = "controlled"

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(DTLS_WAITING_MAX)

    def feed(self, data: bytes | None) -> None:
        if self._waiting.full():
            if data is not None:
                return
            self._waiting.get_nowait()
        self._waiting.put_nowait(data)

    async def _recv(self) -> bytes:
        data = await self._waiting.get()
        if data is None:
            raise ConnectionError("the link was closed")
        return data

    async def _send(self, data: bytes) -> None:
        self._link.send(data)


class Link:
    """The secured way to one peer: its ICE credentials and addresses, its DTLS association, its SRTP sessions.

    `remote` is the browser's (ufrag, password). The link opens once DTLS is done, and never opens again.
    """

    def __init__(
        self,
        port: Port,
        certificate: Certificate,
        handler: LinkHandler,
        *,
        remote: tuple[str, str],
        fingerprints: Sequence[tuple[str, str]],
    ) -> None:
        self._port = port
        self._handler: LinkHandler | None = handler
        self.fingerprints = tuple(fingerprints)
        self.ufrag = self.password = ""
        self.remote = remote
        self._passwords: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._addresses: OrderedDict[Address, None] = OrderedDict()
        self._selected: Address | None = None
        self._nominated: set[Address] = set()
        """Where the peer wants to go on, not yet asked back."""
        # transaction -> where our check went
        self._checks: OrderedDict[bytes, Address] = OrderedDict()
        self._tie_breaker = secrets.randbits(64)
        self.heard_us: int | None = None
        self.is_open = False
        self.is_over = False
        """DTLS failed or was ended by the peer: nothing will ever flow again."""
        self._is_closed = False
        self.failures = 0
        self._streams: set[bytes] = set()
        self._pipe = _Pipe(self)
        # The pipe has the few members of an ICE transport that DTLS uses.
        self._dtls = RTCDtlsTransport(cast(RTCIceTransport, self._pipe), [certificate.own])
        self._dtls._set_role("server")
        self._dtls._srtp_profiles = sorted(SRTP_PROFILES, key=lambda profile: profile != SRTP_AEAD_AES_128_GCM)
        self._dtls.on("statechange", self._dtls_changed)
        self._tx: pylibsrtp.Session | None = None
        self._rx: pylibsrtp.Session | None = None
        self.restart_ice(remote)
        self._handshake: asyncio.Task[None] | None = asyncio.ensure_future(self._shake_hands())

    # ------------------------------------------------------------------ ICE

    def restart_ice(self, remote: tuple[str, str]) -> None:
        """New credentials of our own for the browser's new ones. The old way works until a check on the new."""
        self.remote = remote
        while len(self._passwords) > 1:
            self._port.unname(self._passwords.popitem(last=False)[0])
        self.ufrag, self.password = secrets.token_hex(6), secrets.token_hex(16)
        self._passwords[self.ufrag] = (self.password, remote[0])
        self._port.name(self, self.ufrag)

    def received_stun(self, message: stun.Message, address: Address, now_us: int) -> None:
        """A check, or the answer to one of ours; whatever does not prove the password is dropped."""
        if message.message_class != stun.Class.REQUEST:
            if self._checks.get(message.transaction_id) == address and message.check_message_integrity(
                self.remote[1].encode()
            ):
                del self._checks[message.transaction_id]
                self.heard_us = now_us
                if address in self._nominated:
                    self._nominated.clear()
                    self._selected = address
            return
        ours, _, theirs = message.attributes["USERNAME"].partition(":")
        password, expected = self._passwords.get(ours, ("", None))
        if theirs != expected or not message.check_message_integrity(password.encode()):
            raise MalformedPacket("a check without the password")
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=message.transaction_id,
        )
        if "ICE-CONTROLLED" in message.attributes:
            # A lite agent is always the controlled one (RFC 8445 §6.1.1).
            response.message_class = stun.Class.ERROR
            response.attributes["ERROR-CODE"] = (487, "Role Conflict")
        else:
            response.attributes["XOR-MAPPED-ADDRESS"] = (address[0], address[1])
        response.add_message_integrity(password.encode())
        self._port.send(bytes(response), address)
        if response.message_class is stun.Class.ERROR:
            return
        self.heard_us = now_us
        if ours == self.ufrag:
            while len(self._passwords) > 1:
                self._port.unname(self._passwords.popitem(last=False)[0])
        self._verified(address, nominated="USE-CANDIDATE" in message.attributes)

    def _verified(self, address: Address, *, nominated: bool) -> None:
        self._addresses[address] = None
        self._addresses.move_to_end(address)
        self._port.verify(self, address)
        if self._selected is None:
            self._selected = address
        elif nominated and address != self._selected:
            # A check can be a copy that somebody sends from elsewhere: media moves once our own was answered there.
            self._nominated.add(address)
            self._check(address)
        while len(self._addresses) > ADDRESSES_MAX:
            oldest = next(known for known in self._addresses if known != self._selected)
            del self._addresses[oldest]
            self._nominated.discard(oldest)
            self._port.unverify(self, oldest)

    def lost_address(self, address: Address) -> None:
        """Somebody else proved to be at `address` now."""
        self._addresses.pop(address, None)
        self._nominated.discard(address)
        if self._selected == address:
            self._selected = next(reversed(self._addresses), None)

    def check(self) -> None:
        """Ask the peer whether it is still there; its answer sets `heard_us`."""
        if self._selected is not None and not self._is_closed:
            self._check(self._selected)

    def _check(self, address: Address) -> None:
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self.remote[0]}:{self.ufrag}"
        request.attributes["PRIORITY"] = candidate_priority(1, "prflx")
        request.attributes["ICE-CONTROLLED"] = self._tie_breaker
        request.add_message_integrity(self.remote[1].encode())
        self._checks[request.transaction_id] = address
        while len(self._checks) > CHECKS_MAX:
            self._checks.popitem(last=False)
        self._port.send(bytes(request), address)

    # ------------------------------------------------------------------ DTLS

    async def _shake_hands(self) -> None:
        parameters = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=a, value=v) for a, v in self.fingerprints]
        )
        try:
            await asyncio.wait_for(self._dtls.start(parameters), HANDSHAKE_S_MAX)
        except (TimeoutError, ConnectionError):
            pass
        except Exception:  # OpenSSL has many; none may go unseen, and none is more than one peer's.
            log.exception("media.dtls_error")
        if self._is_closed or self._handler is None:
            return
        if self._dtls.state != "connected":
            log.info("media.dtls_failed")
            self.is_over = True
            self._handler.closed()
            return
        self._rx, self._tx = self._dtls._rx_srtp, self._dtls._tx_srtp
        self.is_open = True
        self._handler.opened()

    def _dtls_changed(self) -> None:
        if self.is_open and self._dtls.state in ("closed", "failed") and self._handler is not None:
            self.is_open = False
            self.is_over = True
            self._handler.closed()

    def received_dtls(self, data: bytes) -> None:
        self._pipe.feed(data)

    @property
    def srtp_profile(self) -> str:
        """Name of the negotiated SRTP profile, empty before the handshake."""
        ssl = self._dtls._ssl
        return ssl.get_selected_srtp_profile().decode() if ssl is not None and self.is_open else ""

    # ------------------------------------------------------------------ SRTP

    def received_rtp(self, data: bytes, now_us: int) -> None:
        if self._rx is None or not self.is_open or self._handler is None:
            return
        stream = data[8:12]
        known = stream in self._streams
        if not known and len(self._streams) >= STREAMS_MAX:
            return
        try:
            plain = self._rx.unprotect(data)
        except pylibsrtp.Error:
            self.failures += 1
            return
        if not known:
            self._streams.add(stream)
        self.heard_us = now_us
        self._handler.received_rtp(plain, now_us)

    def received_rtcp(self, data: bytes, now_us: int) -> None:
        if self._rx is None or not self.is_open or self._handler is None:
            return
        try:
            plain = self._rx.unprotect_rtcp(data)
        except pylibsrtp.Error:
            self.failures += 1
            return
        self.heard_us = now_us
        self._handler.received_rtcp(plain, now_us)

    def send_rtp(self, plain: bytes) -> None:
        """Protect and send an RTP packet; without an open link it is dropped."""
        if self.is_open and self._tx is not None and self._selected is not None:
            try:
                self._port.send(self._tx.protect(plain), self._selected)
            except (pylibsrtp.Error, ValueError):
                self.failures += 1

    def send_rtcp(self, plain: bytes) -> None:
        if self.is_open and self._tx is not None and self._selected is not None:
            try:
                self._port.send(self._tx.protect_rtcp(plain), self._selected)
            except (pylibsrtp.Error, ValueError):
                self.failures += 1

    def forget_stream(self, ssrc: int) -> None:
        """Free the sending state of a stream that ended."""
        if self._tx is not None:
            try:
                self._tx.remove_stream(ssrc)
            except pylibsrtp.Error:  # It never sent.
                pass

    def send(self, data: bytes) -> None:
        """A datagram as it is (DTLS) to where the peer is; nowhere before an address is verified."""
        if self._selected is not None:
            self._port.send(data, self._selected)

    def close(self) -> None:
        """Say goodbye to the peer, and release everything. The handler hears nothing more."""
        if self._is_closed:
            return
        self._is_closed = True
        self.is_open = False
        self._handler = None
        for ufrag in self._passwords:
            self._port.unname(ufrag)
        for address in self._addresses:
            self._port.unverify(self, address)
        self._port.later(self._finish())

    async def _finish(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            await asyncio.wait([self._handshake])
            self._handshake = None
        await self._dtls.stop()
        self._pipe.feed(None)
        self._dtls.remove_all_listeners()
        self._selected = None
        self._tx = self._rx = None
