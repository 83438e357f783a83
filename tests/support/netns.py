"""A home with a network of its own: a namespace whose only way out is a link with the weather of a test's choice.

The link runs in a program of its own, between two TUN devices, one here and one in the namespace: kernels without
`tc netem` can play a bad network as well. It obeys `tests.simulation.link`, the same model as in virtual time.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import os
import random
import secrets
import select
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path

from tests.simulation.link import Link, Time, Weather

MTU = 1_500
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000


def why_not() -> str:
    """Why no namespace can be made here; empty when one can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not Path("/dev/net/tun").exists():
        return "this machine has no /dev/net/tun"
    name = f"milieu-{secrets.token_hex(3)}"
    try:
        made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    except FileNotFoundError:
        return "the program ip (iproute2) is not installed"
    return "" if made.returncode == 0 else f"no network namespace can be made: {made.stderr.strip()}"


class Home:
    """A namespace. `here` is this machine's address as the home sees it, `address` the home's own."""

    def __init__(self, name: str, subnet: str, link: asyncio.subprocess.Process) -> None:
        self.name = name
        self.here = f"{subnet}.1"
        self._subnet = subnet
        self._last = 2
        self._link = link
        self._weather = {"up": Weather(), "down": Weather()}

    @property
    def address(self) -> str:
        return f"{self._subnet}.{self._last}"

    def wrapper(self, folder: Path, program: str) -> Path:
        """An executable file that runs `program` in the home, and leaves its process in the file `pid` beside it."""
        path = folder / "at-home"
        path.write_text(f'#!/bin/sh\necho $$ > {folder}/pid\nexec ip netns exec {self.name} {program} "$@"\n')
        path.chmod(0o755)
        return path

    def set(self, direction: str, **changes: object) -> None:
        """Change the weather of one direction, 'up' or 'down', from now on."""
        weather = self._weather[direction] = replace(self._weather[direction], **changes)
        assert self._link.stdin is not None
        self._link.stdin.write(json.dumps([direction, asdict(weather)]).encode() + b"\n")

    def cut(self) -> None:
        """Nothing passes, either way."""
        for direction in ("up", "down"):
            self.set(direction, is_cut=True)

    def mend(self) -> None:
        for direction in ("up", "down"):
            self.set(direction, is_cut=False)

    def move(self) -> None:
        """Another address, the old one gone, as from one network to another."""
        before = self.address
        self._last += 1
        _ip("-n", self.name, "addr", "del", f"{before}/24", "dev", "out")
        _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", "out")
        _ip("-n", self.name, "route", "replace", "default", "dev", "out", "src", self.address)


@asynccontextmanager
async def home(*, seed: int = 1) -> AsyncIterator[Home]:
    """A home, gone afterwards with all that still runs its link."""
    mark = secrets.token_hex(3)
    name, subnet = f"milieu-{mark}", f"10.{random.randrange(64, 128)}.{random.randrange(256)}"
    _ip("netns", "add", name)
    link = None
    try:
        link = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.netns", name, f"mil{mark}", str(seed),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert link.stdout is not None
        assert await link.stdout.readline() == b"ready\n"
        made = Home(name, subnet, link)
        _ip("addr", "add", f"{made.here}/24", "dev", f"mil{mark}")
        _ip("link", "set", f"mil{mark}", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{made.address}/24", "dev", "out")
        _ip("-n", name, "link", "set", "out", "up")
        _ip("-n", name, "route", "add", "default", "dev", "out", "src", made.address)
        yield made
    finally:
        if link is not None:
            link.terminate()
            await link.wait()
        _ip("netns", "del", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


# ---------------------------------------------------------------------------- the link


def _tun(name: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


def _play(name: str, device: str, seed: int) -> None:
    """Carry packets between the two devices until the end of standard input."""
    here = _tun(device)
    with Path(f"/var/run/netns/{name}").open("rb") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    there = _tun("out")
    clock = Time()
    zero_us = time.monotonic_ns() // 1_000 - clock.now_us

    def catch_up() -> None:
        clock.run_until(time.monotonic_ns() // 1_000 - zero_us)

    links = {
        "up": Link(clock, lambda data: _write(here, data), weather=Weather(delay_us=0), seed=seed, headers=0),
        "down": Link(clock, lambda data: _write(there, data), weather=Weather(delay_us=0), seed=seed + 1, headers=0),
    }
    os.set_blocking(0, False)
    print("ready", flush=True)
    asked = b""
    while True:
        wait_us = clock.next_us - clock.now_us if clock.next_us is not None else 1_000_000
        ready, _, _ = select.select([here, there, 0], [], [], max(0, wait_us) / 1e6)
        catch_up()
        for source, direction in ((here, "down"), (there, "up")):
            if source in ready:
                for _ in range(64):
                    try:
                        links[direction].send(os.read(source, MTU))
                    except BlockingIOError:
                        break
        if 0 in ready:
            some = os.read(0, 65_536)
            if not some:
                return
            *lines, asked = (asked + some).split(b"\n")
            for line in lines:
                direction, weather = json.loads(line)
                links[direction].weather = Weather(**weather)


def _write(device: int, data: bytes) -> None:
    try:
        os.write(device, data)
    except OSError:  # Not up yet, or gone: a packet is lost.
        pass


if __name__ == "__main__":
    _play(sys.argv[1], sys.argv[2], int(sys.argv[3]))
