"""A way between peers and the server that can lose, cut and move: a UDP relay on loopback."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

Address = tuple[Any, ...]


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, Address], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._received(data, addr)

    def error_received(self, exc: Exception) -> None:
        pass


class Way:
    """Relays between clients and `server`; to the server each client comes from an address of its own.

    `loss_up` and `loss_down` are chances, by a seeded dice; `is_cut` lets nothing through; `rebind` gives
    every client a new address, as a home router does after an outage.
    """

    def __init__(self, server: Address, *, seed: int = 1) -> None:
        self._server = server
        self._dice = random.Random(seed)
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
        self._opening: dict[Address, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.loss_up = self.loss_down = 0.0
        self.is_cut = False

    async def __aenter__(self) -> Way:
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Socket(self._up), local_addr=("127.0.0.1", 0))
        self.port = self._front.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.rebind()
        if self._front is not None:
            self._front.close()

    def rebind(self) -> None:
        for back in self._backs.values():
            back.close()
        self._backs.clear()

    def _up(self, data: bytes, client: Address) -> None:
        if self.is_cut or self._dice.random() < self.loss_up:
            return
        back = self._backs.get(client)
        if back is not None:
            back.sendto(data)
        elif client in self._opening:
            self._opening[client].append(data)
        else:
            self._opening[client] = [data]
            task = asyncio.ensure_future(self._open(client))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, client: Address) -> None:
        back, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Socket(lambda data, _: self._down(data, client)), remote_addr=self._server
        )
        self._backs[client] = back
        for data in self._opening.pop(client):
            back.sendto(data)

    def _down(self, data: bytes, client: Address) -> None:
        if self.is_cut or self._dice.random() < self.loss_down or self._front is None:
            return
        self._front.sendto(data, client)
