from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from server.sfu import listening
from server.sfu.datagrams import BATCH, Inbox
from server.sfu.listening import BATCHES_MAX, GATHER_US, Listening


class Ear:
    """A socket that is listened to by a clock of its own."""

    def __init__(self) -> None:
        self.sock, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (self.sock, self.far):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        self.now_us = 10 * GATHER_US
        self.rounds: list[list[bytes]] = []
        self.looked = asyncio.Event()
        self.on_taken: Callable[[], None] = lambda: None
        self.listening = Listening(self.sock, take=self._take, now_us=lambda: self.now_us)

    def _take(self, inbox: Inbox, count: int, now_us: int) -> None:
        assert now_us == self.now_us
        self.rounds.append([inbox.datagram(index) for index in range(count)])
        self.looked.set()
        self.on_taken()

    async def send(self, *data: bytes) -> None:
        """Send, and wait until something was taken."""
        before = len(self.taken)
        for each in data:
            self.far.sendto(each, self.sock.getsockname())
        await self.until(lambda: len(self.taken) > before)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a round after which this is so."""
        while not holds():
            self.looked.clear()
            await asyncio.wait_for(self.looked.wait(), 10)

    @property
    def taken(self) -> list[bytes]:
        return [data for each in self.rounds for data in each]


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    ear = Ear()
    yield ear
    if ear.sock.fileno() >= 0:
        ear.listening.close()
    ear.far.close()


async def test_what_comes_now_and_then_is_taken_at_once(ear: Ear) -> None:
    for number in range(3):
        ear.now_us += GATHER_US
        await ear.send(bytes([number]))
        assert ear.listening._next is None, "it waits for the next packet, not for a time"
    assert ear.rounds == [[b"\0"], [b"\1"], [b"\2"]]


async def test_what_comes_fast_gathers(ear: Ear) -> None:
    await ear.send(b"first")
    await ear.send(b"second")
    assert ear.listening._next is not None
    await ear.send(b"third", b"fourth")
    assert ear.rounds == [[b"first"], [b"second"], [b"third", b"fourth"]]
    await ear.until(lambda: ear.listening._next is None)
    await ear.send(b"last")
    assert ear.rounds[-1] == [b"last"]


async def test_a_flood_is_taken_by_the_batch_and_leaves_others_their_turn(ear: Ear) -> None:
    ear.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    flood = [bytes([number % 256]) for number in range((BATCHES_MAX + 1) * BATCH)]
    await ear.send(*flood[:200])
    await ear.until(lambda: len(ear.taken) == 200)
    assert ear.taken == flood[:200]
    assert max(len(each) for each in ear.rounds) == BATCH


async def test_what_is_more_than_a_round_takes_is_looked_at_again_at_once(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    await ear.send(b"first")
    await ear.send(b"second")
    assert ear.listening._next is not None, "it lets packets gather"
    waits: list[float] = []
    loop = asyncio.get_running_loop()

    class Loop:
        add_reader = loop.add_reader

        def call_later(self, wait_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
            waits.append(wait_s)
            return loop.call_later(wait_s, callback)

    monkeypatch.setattr(ear.listening, "_loop", Loop())
    # What loopback takes at once is less than a round's: so a round is made smaller than what comes.
    monkeypatch.setattr(listening, "BATCHES_MAX", 2)
    flood = [b"flood"] * (2 * BATCH + 7)
    await ear.send(*flood)
    await ear.until(lambda: len(ear.taken) == 2 + len(flood))
    assert waits[0] == 0, "its clock stands still: without more to take it would wait all the time"


async def test_whoever_closes_it_in_the_midst_of_a_round_hears_no_more(ear: Ear) -> None:
    ear.on_taken = ear.listening.close
    await ear.send(*[b"data"] * (BATCH + 1))
    assert (ear.sock.fileno(), len(ear.taken)) == (-1, BATCH)
    await asyncio.sleep(GATHER_US / 1e6)
    assert len(ear.rounds) == 1
