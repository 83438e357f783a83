"""The private names of others that `server/sfu/transport.py` stands on. An upgrade that moves one fails here."""

from __future__ import annotations

import ast
import asyncio
import ctypes
import inspect
from pathlib import Path

import pylibsrtp
from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import get_host_addresses
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES

from server.sfu.transport import (
    CIPHER_FUNCTIONS,
    CODE_FUNCTIONS,
    cipher_functions,
    code_functions,
    session_pointer,
    srtp_functions,
)

SFU = Path(__file__).parents[3] / "server/sfu"
PRIVATE = {"_set_role", "_srtp_profiles", "_rx_srtp", "_ssl"}


class _Pipe:
    role = "controlled"

    async def _recv(self) -> bytes:
        await asyncio.sleep(0)
        raise ConnectionError

    async def _send(self, data: bytes) -> None:
        del data


async def test_a_dtls_transport_has_what_a_link_uses() -> None:
    transport = RTCDtlsTransport(_Pipe(), [RTCCertificate.generateCertificate()])
    assert all(hasattr(transport, name) for name in PRIVATE)
    assert transport._srtp_profiles is SRTP_PROFILES
    assert SRTP_AEAD_AES_128_GCM in SRTP_PROFILES
    assert transport._rx_srtp is None
    assert transport._ssl is None
    transport._set_role("server")
    assert transport._role == "server"
    assert transport.state == "new"


def test_a_dtls_transport_asks_of_its_way_only_what_the_pipe_has() -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(RTCDtlsTransport))))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in ("transport", "_transport")
    }
    assert used <= {"_recv", "_send", "role"}


def test_stun_messages_prove_the_password() -> None:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes["USERNAME"] = "a:b"
    message.add_message_integrity(b"secret")
    read = stun.parse_message(bytes(message))
    assert read.check_message_integrity(b"secret")
    assert not read.check_message_integrity(b"other")
    assert candidate_priority(1, "prflx") > 0
    assert isinstance(get_host_addresses(use_ipv4=True, use_ipv6=False), list)


def test_openssls_functions_stand_in_pylibsrtp_as_well() -> None:
    assert set(cipher_functions()) == set(CIPHER_FUNCTIONS), "without them it works, and costs more"
    assert all(cipher_functions().values())
    assert set(code_functions()) == set(CODE_FUNCTIONS), "likewise"
    assert all(code_functions().values())


def test_libsrtps_functions_and_sessions_can_be_taken_from_where_they_stand() -> None:
    at = srtp_functions()
    assert set(at) == {"protect", "unprotect", "protect_rtcp", "unprotect_rtcp", "remove_stream"}
    session = pylibsrtp.Session(pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND))
    protect = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))(
        at["protect"]
    )
    plain = b"\x80\x60\x00\x01" + bytes(4) + b"\x00\x00\x00\x05" + b"words"
    packet, size = ctypes.create_string_buffer(plain, 200), ctypes.c_int(len(plain))
    assert protect(session_pointer(session), packet, ctypes.byref(size)) == 0
    assert size.value == len(plain) + 10
    other = pylibsrtp.Session(pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND))
    assert other.unprotect(packet.raw[: size.value]) == plain


def test_an_srtp_session_can_forget_a_stream() -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    session = pylibsrtp.Session(policy)
    session.protect(b"\x80\x60\x00\x01" + bytes(4) + b"\x00\x00\x00\x05" + b"x")
    session.remove_stream(5)


def test_private_names_are_used_in_one_module_only() -> None:
    for path in SFU.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
                outside = [n for n in names if n.split(".")[0] in ("aiortc", "aioice", "pylibsrtp")]
                assert not outside or path.name == "transport.py", f"{path} imports {outside}"
