"""The floor: the same packets encrypted for every viewer and sent, by a bare loop that decides nothing.

There is one in C, and one in Python by what the core in Python sends with.
"""

from __future__ import annotations

import ctypes
import os
import socket
import time

import pylibsrtp
from pylibsrtp._binding import lib

from server.sfu.datagrams import Outbox
from server.sfu.departures import Way, spread
from tests.load.media.crowd import built, function, pointer
from tests.load.media.scene import PICTURE_BYTES, PICTURE_HZ, PICTURE_PACKETS, SOUND_BYTES, SOUND_HZ
from tests.load.media.subject import SERVER_CORE

_TRANSMIT_WINDOW = 128


def _sessions(count: int) -> list[pylibsrtp.Session]:
    """One for each viewer."""
    sessions = []
    for _ in range(count):
        policy = pylibsrtp.Policy(
            key=os.urandom(28),
            ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
            srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
        )
        policy.window_size = _TRANSMIT_WINDOW
        sessions.append(pylibsrtp.Session(policy))
    return sessions


def _sockets(count: int) -> list[socket.socket]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
    return sockets


def floor_us(people: int, seconds: float, *, speed: float = 1.0) -> float:
    """Processor time (µs) per packet sent, at the pace at which `people` people send everything to everybody."""
    viewers = people - 1
    sessions = _sessions(viewers)
    here, *away = _sockets(1 + viewers)
    addresses = b""
    for sock in away:
        port = sock.getsockname()[1]
        addresses += socket.AF_INET.to_bytes(2, "little") + port.to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
    copies = ctypes.c_uint64()
    seals = (ctypes.c_void_p * viewers)(*map(pointer, sessions))
    drains = (ctypes.c_int * viewers)(*(sock.fileno() for sock in away))
    cost_ns = built().floor_run(
        *(function("srtp_protect"), seals, viewers, here.fileno(), addresses, 16, drains, people),
        *(SOUND_BYTES, SOUND_HZ * speed, PICTURE_BYTES, PICTURE_HZ * speed, PICTURE_PACKETS),
        *(seconds, SERVER_CORE if (os.cpu_count() or 1) > SERVER_CORE else -1, ctypes.byref(copies)),
    )
    for sock in (here, *away):
        sock.close()
    return float(cost_ns) / 1_000


def python_floor_us(people: int, seconds: float) -> float:
    """The same from Python, by what the core in Python sends with: a header for each viewer, and no more.

    Nobody reads what it sends, and what does not fit into the readers' buffers costs less than what does.
    """
    viewers = people - 1
    sessions = _sessions(viewers)
    here, *away = _sockets(1 + viewers)
    box = Outbox(is_ipv6=False)
    box.sock = here
    recipients = []
    for session, sock in zip(sessions, away, strict=True):
        way = Way()
        way.protect, way.seal = lib.srtp_protect, session._srtp[0]
        way.lead(box, sock.getsockname())
        recipients.append(way.recipient(ahead=0, later=0, ssrc=1, payload_type=96))
    every_s = 1 / people / (SOUND_HZ + PICTURE_HZ)
    pictures = PICTURE_HZ / (SOUND_HZ + PICTURE_HZ)
    bodies = [b"\x55" * SOUND_BYTES, b"\x55" * PICTURE_BYTES]
    before = os.sched_getaffinity(0)
    if (os.cpu_count() or 1) > SERVER_CORE:
        os.sched_setaffinity(0, {SERVER_CORE})
    number = packets = 0
    begun, due = time.thread_time(), time.monotonic()
    until = due + seconds
    while due < until:
        is_picture = int((number + 1) * pictures) > int(number * pictures)
        for _ in range(PICTURE_PACKETS if is_picture else 1):
            spread(recipients, 0, packets & 0xFFFF, number, bodies[is_picture], 0)
            packets += 1
        box.flush()
        number += 1
        due += every_s
        time.sleep(max(0.0, due - time.monotonic()))
    spent = time.thread_time() - begun
    os.sched_setaffinity(0, before)
    for sock in (here, *away):
        sock.close()
    return spent * 1e6 / packets / viewers
