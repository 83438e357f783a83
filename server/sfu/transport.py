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
import ctypes
import logging
import secrets
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import pylibsrtp
from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import get_host_addresses
from aiortc import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, RTCIceTransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES
from pylibsrtp import _binding
from pylibsrtp._binding import ffi, lib

from server.sfu.core import Address, Core, CoreChoice, TakeStun
from server.sfu.native import build
from server.sfu.native_core import NativeCore
from server.sfu.python_core import PythonCore
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.packet import MalformedPacket
from server.sfu.sealing import Sealing, sealing

log = logging.getLogger(__name__)

ADDRESSES_MAX = 8
"""Verified addresses remembered of one peer."""
CHECKS_MAX = 8
"""Unanswered checks remembered of one peer."""
DTLS_WAITING_MAX = 64
HANDSHAKE_S_MAX = 20.0
HELD_US = 4_500_000
"""Where a peer was heard within this time nobody else is: a check that says so was sent in its name."""
SEND_WINDOW = 128
"""How far back packets may be sent after later ones: libsrtp shifts as many bits on each packet."""


def monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


def host_addresses(*, ipv6: bool) -> list[str]:
    """This machine's own addresses of one kind, loopback last; those that hold on one cable alone are left out."""
    found: list[str] = get_host_addresses(use_ipv4=not ipv6, use_ipv6=ipv6)
    return [*dict.fromkeys(found), "::1" if ipv6 else "127.0.0.1"]


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
    def moved(self) -> None:
        """The peer is at another address now."""

    def missed(self) -> None: ...
    def received_unplaced(self, plain: bytes, now_us: int) -> None: ...
    def received_rtcp(self, plain: bytes, now_us: int) -> None: ...
    def received_echo(self, echo: Echo, now_us: int) -> None: ...


def make_core(choice: CoreChoice, *, stun: TakeStun, now_us: Callable[[], int]) -> Core:
    """The forwarding core of this choice; 'auto' is the native one where it was built. Raises NotBuilt."""
    library = build.library()
    if choice == "native" and not library.exists():
        raise build.NotBuilt(build.WHY_NOT)
    if choice == "python" or not library.exists():
        return PythonCore(stun=stun, srtp=_Srtp(), failure=pylibsrtp.Error, now_us=now_us)
    crypto = srtp_functions() | cipher_functions() | code_functions()
    return NativeCore(library, stun=stun, crypto=crypto, session_pointer=session_pointer)


class _Srtp:
    """libsrtp for the core in Python."""

    protect, unprotect = lib.srtp_protect, lib.srtp_unprotect
    protect_rtcp, unprotect_rtcp = lib.srtp_protect_rtcp, lib.srtp_unprotect_rtcp

    def pointer(self, session: Any) -> Any | None:
        return session._srtp[0] if isinstance(session, pylibsrtp.Session) else None


def srtp_functions() -> dict[str, int]:
    """Where libsrtp's functions stand in memory, by their names without 'srtp_'."""
    names = ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp", "remove_stream")
    return {name: int(ffi.cast("uintptr_t", ffi.addressof(lib, f"srtp_{name}"))) for name in names}


CIPHER_FUNCTIONS = {
    "cipher_new": "EVP_CIPHER_CTX_new",
    "cipher_free": "EVP_CIPHER_CTX_free",
    "aes_128_gcm": "EVP_aes_128_gcm",
    "encrypt_init": "EVP_EncryptInit_ex",
    "encrypt_update": "EVP_EncryptUpdate",
    "encrypt_final": "EVP_EncryptFinal_ex",
    "decrypt_init": "EVP_DecryptInit_ex",
    "decrypt_update": "EVP_DecryptUpdate",
    "decrypt_final": "EVP_DecryptFinal_ex",
    "control": "EVP_CIPHER_CTX_ctrl",
}
"""OpenSSL's functions that the native core encrypts and decrypts by, as its `crypto` in core.h calls them."""


CODE_FUNCTIONS = {"sha1": "EVP_sha1", "hmac": "HMAC"}
"""Those that it proves the passwords of checks by."""


def cipher_functions() -> dict[str, int]:
    return _functions(CIPHER_FUNCTIONS)


def code_functions() -> dict[str, int]:
    return _functions(CODE_FUNCTIONS)


def _functions(names: Mapping[str, str]) -> dict[str, int]:
    """Where they stand in the OpenSSL that pylibsrtp brings; none where it shows them to nobody."""
    library = ctypes.CDLL(_binding.__file__)
    try:
        return {name: cast(int, _address_of(getattr(library, theirs))) for name, theirs in names.items()}
    except AttributeError:
        return {}


def _address_of(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


def session_pointer(session: pylibsrtp.Session) -> int:
    """Where libsrtp's own session stands in memory."""
    return int(ffi.cast("uintptr_t", session._srtp[0]))


class Port:
    """The UDP port that all peers share, and whose a first check is.

    Rubbish and strangers cost one look and are counted as strays; they never get an answer.
    """

    def __init__(
        self,
        *,
        hosts: Sequence[str],
        port: int,
        core: CoreChoice = "auto",
        now_us: Callable[[], int] = monotonic_us,
    ) -> None:
        self._hosts = tuple(hosts)
        self._wanted = port
        self.now_us = now_us
        self.core = make_core(core, stun=self._stun, now_us=now_us)
        self._refused = 0
        self._by_ufrag: dict[str, Link] = {}
        self._by_address: dict[Address, Link] = {}
        self._asked: dict[bytes, Link] = {}
        """Who sent a check of ours, by its transaction."""
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        return self.core.port

    @property
    def strays(self) -> int:
        """Datagrams that were nobody's, or nothing, or did not prove a password."""
        return self.core.strays + self._refused

    @property
    def unsent(self) -> int:
        return self.core.unsent

    async def open(self) -> None:
        """Bind; with port 0 any free one is taken, the same on all hosts. Raises OSError."""
        await self.core.open(self._hosts, self._wanted)

    async def close(self) -> None:
        for link in list(self._by_ufrag.values()):
            link.close()
        if self._closing:
            await asyncio.wait(self._closing, timeout=2)
        await self.core.close()
        self.core.release()

    def send(self, data: bytes, address: Address) -> None:
        self.core.send(data, address)

    def _stun(self, data: bytes, address: Address, now_us: int) -> None:
        try:
            message = stun.parse_message(data)
            if message.message_class is stun.Class.REQUEST:
                link = self._by_ufrag.get(message.attributes["USERNAME"].partition(":")[0])
            else:
                link = self._asked.get(message.transaction_id)
            if link is None:
                raise MalformedPacket("a STUN message of a stranger")
            link.received_stun(message, address, now_us)
        except (ValueError, struct.error):
            self._refused += 1

    # Used by links.

    def name(self, link: Link, ufrag: str, *, theirs: str, password: str) -> None:
        self._by_ufrag[ufrag] = link
        self.core.name_link(ufrag, theirs=theirs, password=password)

    def unname(self, ufrag: str) -> None:
        self._by_ufrag.pop(ufrag, None)
        self.core.unname_link(ufrag)

    def asked(self, transaction: bytes, link: Link) -> None:
        self._asked[transaction] = link

    def unasked(self, transaction: bytes) -> None:
        self._asked.pop(transaction, None)

    def is_known(self, address: Address) -> bool:
        """Whether some peer was there."""
        return address in self._by_address

    def is_held(self, address: Address, link: Link, now_us: int) -> bool:
        """Whether another peer is there just now."""
        holder = self._by_address.get(address)
        if holder is None or holder is link or not holder.is_open or holder.address != address:
            return False
        return holder.heard_us is not None and now_us - holder.heard_us < HELD_US

    def verify(self, link: Link, address: Address) -> None:
        before = self._by_address.get(address)
        if before is not None and before is not link:
            before.lost_address(address)
        self._by_address[address] = link
        link.core.admit(address)

    def unverify(self, link: Link, address: Address) -> None:
        if self._by_address.get(address) is link:
            del self._by_address[address]
            link.core.expel(address)

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


class _Dtls(RTCDtlsTransport):
    """aiortc's, that gives away a session for sending with a small window: it only costs time, since nobody replays
    to ourselves."""

    def new_tx(self) -> tuple[pylibsrtp.Session, Sealing | None, Sealing | None]:
        """Another session with the key of what we send, and if it is for AES-GCM that key, and that of what comes.

        No two may ever send with the same SSRC.
        """
        assert self._ssl is not None
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next(profile for profile in SRTP_PROFILES if profile.openssl_profile == chosen)
        size = 2 * (profile.key_length + profile.salt_length)
        material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        master = profile.get_key_and_salt(material, 1)  # the server's
        policy = pylibsrtp.Policy(
            key=master,
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=profile.libsrtp_profile,
        )
        policy.allow_repeat_tx = True
        policy.window_size = SEND_WINDOW
        if profile is not SRTP_AEAD_AES_128_GCM:
            return pylibsrtp.Session(policy), None, None
        return pylibsrtp.Session(policy), sealing(master), sealing(profile.get_key_and_salt(material, 0))


class Link:
    """The secured way to one peer: its ICE credentials and addresses, its DTLS association, its SRTP sessions.

    `remote` is the browser's (ufrag, password), `room` any number that those of one room share. The link opens once
    DTLS is done, and never opens again.
    """

    def __init__(
        self,
        port: Port,
        certificate: Certificate,
        handler: LinkHandler,
        *,
        remote: tuple[str, str],
        fingerprints: Sequence[tuple[str, str]],
        room: int = 0,
    ) -> None:
        self._port = port
        self._handler: LinkHandler | None = handler
        self.core = port.core.link(self, room=room)
        self.fingerprints = tuple(fingerprints)
        self.ufrag = self.password = ""
        self.remote = remote
        self._passwords: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._addresses: OrderedDict[Address, None] = OrderedDict()
        self._selected: Address | None = None
        self._nominated: set[Address] = set()
        """Where the peer wants to go on, not yet asked back."""
        self._followed: Address | None = None
        """Where media of the peer came from last that was nobody's place: media goes there once it was asked back."""
        # transaction -> where our check went
        self._checks: OrderedDict[bytes, Address] = OrderedDict()
        self._tie_breaker = secrets.randbits(64)
        self._checked_us = 0
        self.is_open = False
        self.is_over = False
        """DTLS failed or was ended by the peer: nothing will ever flow again."""
        self._is_closed = False
        self._pipe = _Pipe(self)
        # The pipe has the few members of an ICE transport that DTLS uses.
        self._dtls = _Dtls(cast(RTCIceTransport, self._pipe), [certificate.own])
        self._dtls._set_role("server")
        self._dtls._srtp_profiles = sorted(SRTP_PROFILES, key=lambda profile: profile != SRTP_AEAD_AES_128_GCM)
        self._dtls.on("statechange", self._dtls_changed)
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
        self._port.name(self, self.ufrag, theirs=remote[0], password=self.password)

    def received_stun(self, message: stun.Message, address: Address, now_us: int) -> None:
        """A check, or the answer to one of ours; whatever does not prove the password is dropped."""
        if message.message_class != stun.Class.REQUEST:
            if self._checks.get(message.transaction_id) == address and message.check_message_integrity(
                self.remote[1].encode()
            ):
                self._forget_check(message.transaction_id)
                self._checked_us = now_us
                if address in self._nominated:
                    self._nominated.clear()
                    self._select(address)
                elif address == self._followed and not self._port.is_held(address, self, now_us):
                    self._followed = None
                    self._verified(address, nominated=False)
                    self._select(address)
            return
        ours, _, theirs = message.attributes["USERNAME"].partition(":")
        password, expected = self._passwords.get(ours, ("", None))
        if theirs != expected or not message.check_message_integrity(password.encode()):
            raise MalformedPacket("a check without the password")
        if self._port.is_held(address, self, now_us):
            raise MalformedPacket("a check from where somebody else is")
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
        self._checked_us = now_us
        if ours == self.ufrag:
            while len(self._passwords) > 1:
                self._port.unname(self._passwords.popitem(last=False)[0])
            # From now on the core answers those that change nothing: a browser checks each few seconds.
            self.core.answer_checks(f"{ours}:{theirs}", password)
        self._verified(address, nominated="USE-CANDIDATE" in message.attributes)

    def _verified(self, address: Address, *, nominated: bool) -> None:
        self._addresses[address] = None
        self._addresses.move_to_end(address)
        self._port.verify(self, address)
        if self._selected is None:
            self._select(address)
        elif nominated and address != self._selected:
            # A check can be a copy that somebody sends from elsewhere: media moves once our own was answered there.
            self._nominated.add(address)
            self._check(address)
        while len(self._addresses) > ADDRESSES_MAX:
            oldest = next(known for known in self._addresses if known != self._selected)
            del self._addresses[oldest]
            self._nominated.discard(oldest)
            self._port.unverify(self, oldest)

    def heard_elsewhere(self, address: Address, now_us: int) -> None:
        """Media came from an address of nobody, as after a change of networks or a router's new binding: find out at
        once whether the peer is there, before it checks itself (RFC 9000 §9, RFC 8445 §7.3.1.4).

        The packet was the peer's, but whoever can copy it may have sent it from there. So media moves only once our
        check was answered, from that address and with the password.
        """
        if not self.is_open or self._port.is_known(address):
            return
        self._followed = address
        self.core.expect(address)
        self._check(address)

    def lost_address(self, address: Address) -> None:
        """Somebody else proved to be at `address` now."""
        self._addresses.pop(address, None)
        self._nominated.discard(address)
        if self._selected == address:
            self._select(next(reversed(self._addresses), None))

    def _select(self, address: Address | None) -> None:
        has_moved = self._selected is not None and address is not None
        self._selected = address
        self.core.direct(address)
        if has_moved and self._handler is not None:
            self._handler.moved()

    @property
    def address(self) -> Address | None:
        """Where the peer is now."""
        return self._selected

    @property
    def heard_us(self) -> int | None:
        """When something authenticated came from the peer for the last time."""
        return max(self._checked_us, self.core.heard_us) or None

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
        self._port.asked(request.transaction_id, self)
        while len(self._checks) > CHECKS_MAX:
            self._forget_check(next(iter(self._checks)))
        self._port.send(bytes(request), address)

    def _forget_check(self, transaction: bytes) -> None:
        del self._checks[transaction]
        self._port.unasked(transaction)

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
        self.core.secure(self._dtls._rx_srtp, *self._dtls.new_tx())
        self.is_open = True
        self._handler.opened()

    def _dtls_changed(self) -> None:
        if self.is_open and self._dtls.state in ("closed", "failed") and self._handler is not None:
            self.is_open = False
            self.is_over = True
            self.core.silence()
            self._handler.closed()

    def received_dtls(self, data: bytes) -> None:
        self._pipe.feed(data)

    @property
    def srtp_profile(self) -> str:
        """Name of the negotiated SRTP profile, empty before the handshake."""
        ssl = self._dtls._ssl if self.is_open else None
        return ssl.get_selected_srtp_profile().decode() if ssl is not None else ""

    # ------------------------------------------------------------------ SRTP

    def missed(self) -> None:
        if self.is_open and self._handler is not None:
            self._handler.missed()

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        if self.is_open and self._handler is not None:
            self._handler.received_unplaced(plain, now_us)

    def received_rtcp(self, plain: bytes, now_us: int) -> None:
        if self.is_open and self._handler is not None:
            self._handler.received_rtcp(plain, now_us)

    def received_echo(self, echo: Echo, now_us: int) -> None:
        if self.is_open and self._handler is not None:
            self._handler.received_echo(echo, now_us)

    def send_rtcp(self, plain: bytes) -> None:
        """Protect and send; without an open link it is dropped."""
        self.core.send_rtcp(plain)

    @property
    def failures(self) -> int:
        """Packets that SRTP refused."""
        return self.core.failures

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
        for transaction in list(self._checks):
            self._forget_check(transaction)
        self.core.close()
        self._port.later(self._finish())

    async def _finish(self) -> None:
        if self._handshake is not None:
            self._handshake.cancel()
            await asyncio.wait([self._handshake])
            self._handshake = None
        await self._dtls.stop()
        self._pipe.feed(None)
        self._dtls.remove_all_listeners()
        del self._dtls, self._pipe  # They point back here, and hold what OpenSSL keeps of a peer.
        self._selected = None
