"""A forwarding core without a socket: datagrams in by call, what it sends caught and decrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pylibsrtp
import pytest

from server.sfu.core import Address, Core, CoreName, LinkCore, SlotCore
from server.sfu.native import build
from server.sfu.native_core import NativeCore, ffi
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.packet import RtpPacket
from server.sfu.sealing import sealing
from server.sfu.transport import make_core
from tests.unit.sfu.packets import rtp

OPUS, VP8, RTX = 111, 96, 97
LEVEL_ID, ARRIVAL_ID, DEPARTURE_ID = 1, 3, 5
SECOND_US = 1_000_000


def _why_no_native_core() -> str:
    try:
        build.build()
    except build.NotBuilt as reason:
        return str(reason)
    return ""


_MISSING = _why_no_native_core()
CORES = [
    pytest.param("native", marks=pytest.mark.skipif(bool(_MISSING), reason=f"no native core: {_MISSING}")),
    pytest.param("python"),
]
"""What is held to the same tests."""


MASTER = bytes(range(28))
"""Everybody's master key and salt."""


def session(kind: int) -> pylibsrtp.Session:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    policy = pylibsrtp.Policy(key=MASTER, ssrc_type=kind, srtp_profile=profile)
    policy.allow_repeat_tx = True
    policy.window_size = 1_024
    return pylibsrtp.Session(policy)


_BOTH = (pylibsrtp.Policy.SSRC_ANY_INBOUND, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)


class Open:
    """An SRTP session that leaves everything as it is: what a core does beside it shows without its replay check."""

    def unchanged(self, packet: bytes) -> bytes:
        return packet

    protect = unprotect = protect_rtcp = unprotect_rtcp = unchanged

    def remove_stream(self, ssrc: int) -> None:
        pass


@ffi.callback("int(void *, void *, int *)")
def _unchanged(session: Any, packet: Any, size: Any) -> int:
    return 0


@ffi.callback("int(void *, uint32_t)")
def _forgotten(session: Any, ssrc: int) -> int:
    return 0


_OPEN_CRYPTO = {
    **{
        name: int(ffi.cast("uintptr_t", _unchanged))
        for name in ("protect", "unprotect", "protect_rtcp", "unprotect_rtcp")
    },
    "remove_stream": int(ffi.cast("uintptr_t", _forgotten)),
}


class Bare:
    """A core of either name whose datagrams `links` get by their addresses; encrypted, unless it is `is_open`."""

    def __init__(self, name: CoreName = "python", *, is_open: bool = False) -> None:
        self.is_open = is_open
        self.stun: list[tuple[bytes, Address, int]] = []
        self.now_us = SECOND_US
        self.core: Core
        if is_open and name == "native":
            self.core = NativeCore(
                build.library(), stun=self._stun, crypto=_OPEN_CRYPTO, session_pointer=lambda session: 1
            )
        else:
            self.core = make_core(name, stun=self._stun, now_us=lambda: self.now_us)
        self.sent: list[tuple[bytes, Address]] = []
        self._links = 0

    def _stun(self, data: bytes, address: Address, now_us: int) -> None:
        self.stun.append((data, address, now_us))

    def link(self, *, seals: bool = True) -> BareLink:
        """Another link; one that `seals` may encrypt RTP without libsrtp."""
        self._links += 1
        return BareLink(self, ("127.0.0.1", 10_000 + self._links), seals=seals)

    def feed(self, data: bytes, address: Address, now_us: int) -> None:
        self.now_us = max(self.now_us, now_us)
        self.core.feed(data, address, now_us)
        self.collect()

    def collect(self) -> None:
        """Gather what the core would have sent."""
        self.sent += self.core.caught()

    def close(self) -> None:
        self.core.release()


class BareLink:
    """One link of it, and the far end: same keys, so that what it gets can be read."""

    def __init__(self, bare: Bare, address: Address, *, secured: bool = True, seals: bool = True) -> None:
        self.bare = bare
        self.address = address
        self.dtls: list[bytes] = []
        self.control: list[bytes] = []
        self.echoes: list[Echo] = []
        self.handed: list[bytes] = []
        self.elsewhere: list[tuple[Address, int]] = []
        self.misses = 0
        self.unplaced: Callable[[bytes, int], None] | None = None
        self.core: LinkCore = bare.core.link(self)
        self.core.admit(address)
        self.core.direct(address)
        come, go = (Open() if bare.is_open else session(kind) for kind in _BOTH)
        self.rx = come
        if secured:
            key = sealing(MASTER) if seals and not bare.is_open else None
            self.core.secure(come, go, key, key)
        self.far_rx, self.far_tx = (Open() if bare.is_open else session(kind) for kind in _BOTH)
        self._slots = 0

    # What the core tells.

    def received_dtls(self, data: bytes) -> None:
        self.dtls.append(data)

    def missed(self) -> None:
        self.misses += 1

    def heard_elsewhere(self, address: Address, now_us: int) -> None:
        self.elsewhere.append((address, now_us))

    def received_rtcp(self, plain: bytes, now_us: int) -> None:
        self.control.append(plain)

    def received_echo(self, echo: Echo, now_us: int) -> None:
        self.echoes.append(echo)

    def received_unplaced(self, plain: bytes, now_us: int) -> None:
        self.handed.append(plain)
        if self.unplaced is not None:
            self.unplaced(plain, now_us)

    # The far end.

    def send(self, plain: bytes, now_us: int) -> None:
        self.bare.feed(self.far_tx.protect(plain), self.address, now_us)

    def send_rtp(self, now_us: int, **fields: Any) -> None:
        self.send(rtp(**fields), now_us)

    def received(self) -> list[RtpPacket]:
        """The RTP packets that came here since the last call, decrypted."""
        self.bare.collect()
        mine = [data for data, address in self.bare.sent if address[:2] == self.address[:2]]
        self.bare.sent = [(data, address) for data, address in self.bare.sent if address[:2] != self.address[:2]]
        return [RtpPacket(self.far_rx.unprotect(data)) for data in mine if not 192 <= data[1] <= 223]

    # What rooms set up.

    def slot(self, kind: str, *, resends: bool = True) -> SlotCore:
        self._slots += 1
        is_audio = kind == "audio"
        return self.core.slot(
            kind=kind,
            ssrc=1_000 * self._slots,
            payload_type=OPUS if is_audio else VP8,
            resend_ssrc=1_000 * self._slots + 1 if resends and not is_audio else None,
            resend_type=RTX if resends and not is_audio else None,
        )
