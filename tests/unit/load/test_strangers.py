"""Floods are made of what they are called (tests/load/media/strangers.py)."""

from __future__ import annotations

import random
import socket
from types import SimpleNamespace
from typing import Any, cast

import pytest

from server.sfu.rtp.demux import MTU, Kind, classify
from server.sfu.rtp.stun import proves
from tests.load.media.milieu import Milieu
from tests.load.media.seats import Seat
from tests.load.media.strangers import FLOODS, STRANGE_PORTS, Flood, packets

HERE, THERE = ("198.51.100.1", 40_001), ("198.51.100.2", 8_421)
KINDS = {
    "rubbish": Kind.RUBBISH,
    "check": Kind.STUN,
    "copies": Kind.STUN,
    "answers": Kind.STUN,
    "handshakes": Kind.DTLS,
    "media": Kind.RTP,
    "forged media": Kind.RTP,
    "reports": Kind.RTCP,
    "forged reports": Kind.RTCP,
}


@pytest.fixture(scope="module")
def seat() -> Seat:
    seat = Seat()
    seat._remote = ("ours", "password of ours")
    seat._socket = cast(Any, SimpleNamespace(getsockname=lambda: HERE, getpeername=lambda: THERE))
    return seat


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: f"{flood.name}{' in a name' if flood.is_known else ''}")
def test_a_flood_is_what_it_is_called_and_comes_from_where_it_says(seat: Seat, flood: Flood) -> None:
    made = packets(flood, cast(Milieu, SimpleNamespace(_seats=[seat])))
    kind = next(KINDS[name] for name in sorted(KINDS, key=len, reverse=True) if flood.name.startswith(name))
    for packet in made[:50]:
        assert packet[0] == 0x45
        assert (packet[12:16], packet[16:20]) == (socket.inet_aton(HERE[0]), socket.inet_aton(THERE[0]))
        source, to, size = (int.from_bytes(packet[at : at + 2], "big") for at in (20, 22, 24))
        assert (to, size) == (THERE[1], len(packet) - 20)
        assert source == HERE[1] if flood.is_known else source in STRANGE_PORTS
        assert classify(packet[28:]) is kind
        assert len(packet) - 28 <= MTU


def test_only_copies_of_true_checks_prove_anything(seat: Seat) -> None:
    dice = random.Random(1)
    for flood in FLOODS:
        if "check" in flood.name and "answers" not in flood.name:
            data = flood.make(seat, dice)
            assert proves(data, b"password of ours") == (flood.name == "copies of true checks"), flood.name
