"""The floor: the same packets encrypted for every viewer and sent, by a bare C loop that decides nothing."""

from __future__ import annotations

import ctypes
import os
import socket

import pylibsrtp

from tests.load.media.crowd import built, function, pointer
from tests.load.media.scene import PICTURE_BYTES, PICTURE_HZ, SOUND_BYTES, SOUND_HZ
from tests.load.media.subject import SERVER_CORE

_TRANSMIT_WINDOW = 128


def floor_us(people: int, seconds: float, *, speed: float = 1.0) -> float:
    """Processor time (µs) per packet sent, at the pace at which `people` people send everything to everybody."""
    viewers = people - 1
    sessions = []
    for _ in range(viewers):
        policy = pylibsrtp.Policy(
            key=os.urandom(28),
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        )
        policy.window_size = _TRANSMIT_WINDOW
        sessions.append(pylibsrtp.Session(policy))
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 0))
    away = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in sessions]
    addresses = b""
    for sock in away:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        addresses += socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    copies = ctypes.c_uint64()
    seals = (ctypes.c_void_p * viewers)(*map(pointer, sessions))
    drains = (ctypes.c_int * viewers)(*(sock.fileno() for sock in away))
    cost_ns = built().floor_run(
        *(function("srtp_protect"), seals, viewers, here.fileno(), addresses, 16, drains, people),
        *(SOUND_BYTES, SOUND_HZ * speed, PICTURE_BYTES, PICTURE_HZ * speed),
        *(seconds, SERVER_CORE if (os.cpu_count() or 1) > SERVER_CORE else -1, ctypes.byref(copies)),
    )
    for sock in (here, *away):
        sock.close()
    return float(cost_ns) / 1_000
