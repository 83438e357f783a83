"""Datagrams by the batch: what is put into an outbox arrives as it was, and an inbox says where it came from."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import cache

import pytest

from server.sfu import datagrams
from server.sfu.core import Address
from server.sfu.datagrams import BATCH, STRIDE, Inbox, Name, Outbox, address_of, destination, name_of


@pytest.fixture(params=["by the batch", "one by one"])
def pair(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, ...]]:
    """Three sockets on loopback."""
    if request.param == "one by one":
        monkeypatch.setattr(datagrams, "HAS_BATCHES", False)
    sockets = tuple(socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3))
    for sock in sockets:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
    yield sockets
    for sock in sockets:
        sock.close()


_there = cache(destination)  # An outbox keeps none of them alive.


def put(box: Outbox, data: bytes, address: Address) -> None:
    start = box.count * STRIDE
    box.data[start : start + len(data)] = data
    box.add(len(data), _there(address))


@pytest.mark.parametrize("address", [("192.0.2.7", 4_000), ("2001:db8::7", 65_535, 0, 3)])
def test_an_address_is_the_same_there_and_back(address: Address) -> None:
    assert address_of(name_of(address)) == address


def test_a_batch_goes_to_many_and_comes_in_order(pair: tuple[socket.socket, ...]) -> None:
    here, one, other = pair
    box = Outbox(is_ipv6=False)
    for number in range(BATCH):
        put(box, bytes([number]) * (number + 1), (one, other)[number % 2].getsockname())
    assert box.send(here) == 0
    assert box.count == 0
    for place, sock in enumerate((one, other)):
        came: list[tuple[bytes, Name]] = []
        inbox = Inbox()
        while inbox.read(sock, lambda data, name, came=came: came.append((data, name))):
            pass
        assert [data for data, _ in came] == [bytes([n]) * (n + 1) for n in range(place, BATCH, 2)]
        assert {address_of(name) for _, name in came} == {here.getsockname()}


def test_nothing_came_is_no_datagram(pair: tuple[socket.socket, ...]) -> None:
    came: list[bytes] = []
    assert Inbox().read(pair[0], lambda data, _: came.append(data)) == 0
    assert came == []


def test_what_the_system_refuses_is_counted_and_the_rest_goes_out(pair: tuple[socket.socket, ...]) -> None:
    here, one, _ = pair
    box = Outbox(is_ipv6=False)
    put(box, b"first", one.getsockname())
    put(box, b"nowhere", ("127.0.0.1", 0))
    put(box, b"last", one.getsockname())
    assert box.send(here) == 1
    assert [one.recv(100), one.recv(100)] == [b"first", b"last"]


def test_what_is_taken_out_is_not_sent() -> None:
    box = Outbox(is_ipv6=True)
    put(box, b"hello", ("::1", 7, 0, 0))
    assert box.taken() == [(b"hello", ("::1", 7, 0, 0))]
    assert box.taken() == []
