"""What forwarding one packet costs the server's processor, beside the bare work that nobody can leave out.

    python -m tests.load.media

Twelve people send sound (50 packets a second of 100 bytes) and a picture (40 of 1000) and receive everybody else's:
11,880 packets a second leave the media plane, which runs in a process of its own. Its processor time over the packets
it sent is the figure. In the same process, right afterwards, the floor: the same packets decrypted once, encrypted
for eleven and sent, in a plain loop that decides nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pylibsrtp
import uvloop

from facilitation.timebase import Instant
from server.sfu.plane import MediaSettings, Sfu
from tests.media.rawpeer import LEVEL_ID, MID_ID, TWCC_ID, RawPeer
from tests.unit.sfu.packets import rtp, vp8

PEOPLE = 12
SOUND_HZ, SOUND_BYTES = 50, 100
PICTURE_HZ, PICTURE_BYTES = 40, 1_000
WARM_S, MEASURED_S = 2.0, 8.0
FLOOR_PACKETS = 3_000


def cpu_us() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


# ---------------------------------------------------------------------------- the server's process


async def serve() -> None:
    """Answer lines of JSON: offers, and what was used so far."""
    sfu = Sfu(
        MediaSettings(hosts=("127.0.0.1",), public_addresses=("127.0.0.1",)),
        clock=lambda: Instant(time.time_ns() // 1_000_000),
    )
    await sfu.start(lambda fact: None)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ask = json.loads(line)
        if "offer" in ask:
            source = ask["source"]
            sfu.forward(room="load", source=source, microphone=True, camera=True)
            answer: Any = await sfu.join(room="load", source=source, peer=source, offer=ask["offer"])
        elif "floor" in ask:
            answer = floor()
        else:
            peers = list(sfu._rooms["load"].peers.values())
            answer = {
                "cpu_us": cpu_us(),
                "sent": sum(slot.packets for peer in peers for slot in peer.slots.values()),
                "received": sum(layer.reception.received for peer in peers for layer in peer.uplink.layers()),
                "unsent": sfu._port.unsent,
                "failures": sum(peer.link.failures for peer in peers),
            }
        print(json.dumps(answer), flush=True)
    await sfu.stop()


def floor() -> dict[str, float]:
    """Processor time per packet of a loop that receives, decrypts once, encrypts and sends for everybody else."""

    def session(kind: int) -> pylibsrtp.Session:
        profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
        return pylibsrtp.Session(pylibsrtp.Policy(key=bytes(28), ssrc_type=kind, srtp_profile=profile))

    sender = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
    receiver = session(pylibsrtp.Policy.SSRC_ANY_INBOUND)
    viewers = [session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND) for _ in range(PEOPLE - 1)]
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 0))
    away = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in viewers]
    for sock in away:
        sock.bind(("127.0.0.1", 0))
    addresses = [sock.getsockname() for sock in away]
    packets = [sender.protect(sound(n) if n % 9 < 5 else picture(n)) for n in range(FLOOR_PACKETS)]
    feeder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    address = here.getsockname()
    used = 0.0
    for packet in packets:
        feeder.sendto(packet, address)  # what the other side does is not counted
        before = time.process_time_ns()
        plain = receiver.unprotect(here.recvfrom(2_048)[0])
        for viewer, to in zip(viewers, addresses, strict=True):
            here.sendto(viewer.protect(plain), to)
        used += time.process_time_ns() - before
    for sock in (here, feeder, *away):
        sock.close()
    return {"us": used / 1_000 / (FLOOR_PACKETS * len(viewers))}


# ---------------------------------------------------------------------------- the people's process


def sound(number: int) -> bytes:
    extensions = {LEVEL_ID: b"\x30", TWCC_ID: (number & 0xFFFF).to_bytes(2, "big"), MID_ID: b"0"}
    return rtp(sequence=number, ssrc=1, payload_type=111, payload=bytes(SOUND_BYTES - 28), extensions=extensions)


def picture(number: int) -> bytes:
    extensions = {TWCC_ID: (number & 0xFFFF).to_bytes(2, "big"), MID_ID: b"1"}
    payload = vp8(picture=number & 0x7FFF, keyframe=number % 80 == 0, height=360, body=bytes(PICTURE_BYTES - 40))
    return rtp(sequence=number, timestamp=number * 2_250, ssrc=2, payload=payload, marker=True, extensions=extensions)


async def publish(hertz: int, offset_s: float, send: Callable[[int], None]) -> None:
    """Send packet after packet at a steady pace, catching up after a delay."""
    loop = asyncio.get_running_loop()
    start = loop.time() + offset_s
    number = 0
    while True:
        await asyncio.sleep(max(0.0, start + number / hertz - loop.time()))
        send(number)
        number += 1


def sender(peer: RawPeer, kind: str) -> Callable[[int], None]:
    def send(number: int) -> None:
        plain, ssrc = (sound(number), peer.audio_ssrc) if kind == "sound" else (picture(number), peer.video_ssrc)
        twcc = peer.twcc.to_bytes(2, "big")
        peer.twcc = (peer.twcc + 1) & 0xFFFF
        old = bytes([TWCC_ID << 4 | 1]) + (number & 0xFFFF).to_bytes(2, "big")
        plain = plain[:8] + ssrc.to_bytes(4, "big") + plain[12:].replace(old, old[:1] + twcc, 1)
        peer.raw(peer.protect(plain))

    return send


async def measure() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.load.media", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    stdin, stdout = child.stdin, child.stdout

    def ask(what: dict[str, Any]) -> Any:
        stdin.write(json.dumps(what) + "\n")
        stdin.flush()
        return json.loads(stdout.readline())

    peers: list[RawPeer] = []
    tasks: list[asyncio.Task[None]] = []
    try:
        for index in range(PEOPLE):
            peer = RawPeer(audio_slots=PEOPLE - 1, video_slots=PEOPLE - 1)
            answer = await asyncio.to_thread(ask, {"source": f"p-{index}", "offer": peer.offer()})
            await peer.connect(answer)
            peer.is_counting = True
            peers.append(peer)
        for index, peer in enumerate(peers):
            shift = index / PEOPLE / PICTURE_HZ
            tasks.append(asyncio.create_task(publish(SOUND_HZ, shift, sender(peer, "sound"))))
            tasks.append(asyncio.create_task(publish(PICTURE_HZ, shift, sender(peer, "picture"))))
        await asyncio.sleep(WARM_S)
        before = await asyncio.to_thread(ask, {})
        await asyncio.sleep(MEASURED_S)
        after = await asyncio.to_thread(ask, {})
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        least = await asyncio.to_thread(ask, {"floor": True})
    finally:
        for peer in peers:
            await peer.close()
        stdin.close()
        await asyncio.to_thread(child.wait)
    sent = after["sent"] - before["sent"]
    each = (after["cpu_us"] - before["cpu_us"]) / sent
    rate = sent / MEASURED_S
    wanted = PEOPLE * (PEOPLE - 1) * (SOUND_HZ + PICTURE_HZ)
    print(f"{rate:,.0f} of {wanted:,} packets a second sent, {after['unsent']} not taken", file=sys.stderr)
    if after["failures"] or rate < wanted / 10:
        print(f"No figure: {after['failures']} packets failed, or hardly any came.", file=sys.stderr)
        sys.exit(1)
    against = f"decrypt, encrypt and send the same packets in a bare loop: {least['us']:.1f} µs"
    for name, value, unit in (
        ("media.cpu_us_per_packet", each, "µs"),
        ("media.cpu_vs_bare_loop", each / least["us"], "ratio"),
    ):
        row = {"figure": name, "value": round(value, 2), "unit": unit, "better": "lower", "against": against}
        print(json.dumps({**row, "n": sent}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    uvloop.run(serve() if "--serve" in sys.argv else measure())
