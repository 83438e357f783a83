"""The private names of others that `server/sfu/transport.py` stands on. An upgrade that moves one fails here."""

from __future__ import annotations

import ast
import asyncio
import ctypes
import inspect
import re
from pathlib import Path

import pylibsrtp
from aioice import stun
from aioice.candidate import candidate_priority
from aioice.ice import Connection, get_host_addresses
from aiortc import RTCCertificate, RTCDtlsTransport, rtcdtlstransport
from aiortc.rtcdtlstransport import SRTP_AEAD_AES_128_GCM, SRTP_PROFILES

from server.sfu.transport import (
    CIPHER_FUNCTIONS,
    CODE_FUNCTIONS,
    cipher_functions,
    code_functions,
    session_pointer,
    srtp_functions,
)

ROOT = Path(__file__).parents[3]
OUTSIDE = ("aiortc", "aioice", "pylibsrtp")
ALLOWED = {"server/sfu/transport.py", "server/bots/publisher.py", "server/commands/_relays.py"}
"""What of the server uses them at all."""
PRIVATE = {"_set_role", "_srtp_profiles", "_rx_srtp", "_ssl"}
IN_TESTS = {"_role", "_tx_srtp"}
OF_PYLIBSRTP = {"_srtp", "_binding"}
OF_SENDERS = {"_RTCRtpSender__encoder"}
"""Looked after by tests/media/test_simulated_publisher.py: an encoder that is put there is the one that encodes."""


class _Pipe:
    role = "controlled"

    async def _recv(self) -> bytes:
        await asyncio.sleep(0)
        raise ConnectionError

    async def _send(self, data: bytes) -> None:
        del data


async def test_a_dtls_transport_has_what_a_link_uses() -> None:
    transport = RTCDtlsTransport(_Pipe(), [RTCCertificate.generateCertificate()])
    assert all(hasattr(transport, name) for name in PRIVATE | IN_TESTS)
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
    assert "get_host_addresses(" in inspect.getsource(Connection), "simulated participants put another in its place"


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


def test_a_profile_of_srtp_has_what_keys_are_cut_from() -> None:
    for profile in SRTP_PROFILES:
        size = 2 * (profile.key_length + profile.salt_length)
        for place in (0, 1):
            assert len(profile.get_key_and_salt(bytes(size), place)) == profile.key_length + profile.salt_length
    assert isinstance(SRTP_AEAD_AES_128_GCM.openssl_profile, bytes)
    assert SRTP_AEAD_AES_128_GCM.libsrtp_profile == pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    connection = rtcdtlstransport.SSL.Connection
    assert hasattr(connection, "get_selected_srtp_profile")
    assert hasattr(connection, "export_keying_material")


def parsed(*folders: str, naming: tuple[str, ...] = ("",)) -> dict[str, ast.Module]:
    """The Python under these folders whose text names one of these."""
    return {
        str(path.relative_to(ROOT)): ast.parse(text)
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if any(name in (text := path.read_text()) for name in naming)
    }


def imported(tree: ast.Module) -> set[str]:
    """Modules of those that a file imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in OUTSIDE}


def test_others_parts_are_used_where_they_are_looked_after() -> None:
    assert {where for where, tree in parsed("server", naming=OUTSIDE).items() if imported(tree)} == ALLOWED


def test_every_private_name_that_is_used_is_looked_after_here() -> None:
    """Whatever begins with an underscore in a file that uses them, and is no name of our own."""
    media = ("server/sfu", "server/bots", "tests/media", "tests/load/media", "tests/unit/sfu", "tests/simulation")
    trees = parsed(*media) | parsed("tests", naming=OUTSIDE)
    own = {
        name
        for tree in [*trees.values(), *parsed("server/rooms").values()]
        for node in ast.walk(tree)
        for name in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            else [node.attr]
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            else [node.target.id]
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            else []
        )
    }
    used, theirs = set(), set()
    # The latter also where we have something of the same name.
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                used.add(node.attr)
                if isinstance(node.value, ast.Attribute) and node.value.attr in ("_dtls", "_ssl"):
                    theirs.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and (module := (node.module or "").split("."))[0] in OUTSIDE:
                used |= {*module, *(alias.name for alias in node.names)}
            elif isinstance(node, ast.Constant) and re.fullmatch(r"_[A-Z]\w*__\w+", str(node.value)):
                used.add(str(node.value))
    of_named_tuples = {"_asdict", "_fields", "_make", "_replace"}
    private = {name for name in used - own - of_named_tuples | theirs if re.fullmatch(r"_[^_]\w*", name)}
    known = PRIVATE | IN_TESTS | OF_PYLIBSRTP | OF_SENDERS
    assert known <= private, "what nobody uses any more need not be looked after"
    assert private - known == set()
