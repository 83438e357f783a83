"""Datagrams by the batch: what is put into an outbox arrives as it was, and an inbox says where it came from."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator

import pytest

from server.sfu import datagrams
from server.sfu.core import Address
from server.sfu.datagrams import WAITING_MAX, Inbox, Lane, Name, Outbox, address_of, name_of


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


def outbox(sock: socket.socket | None = None, *, is_ipv6: bool = False) -> Outbox:
    box = Outbox(is_ipv6=is_ipv6, caught=deque())
    box.sock = sock
    return box


def lane(box: Outbox, address: Address) -> Lane:
    lane = Lane()
    lane.lead(box, address)
    return lane


def put(lane: Lane, data: bytes) -> None:
    place, _, size = lane.berths[lane.count]
    lane.data[place : place + len(data)] = data
    size[0] = len(data)
    lane.add()


def came_to(sock: socket.socket) -> list[tuple[bytes, Name]]:
    came: list[tuple[bytes, Name]] = []
    inbox = Inbox()
    while count := inbox.read(sock):
        came += [(inbox.datagram(index), name) for index, name in enumerate(inbox.names(count))]
    return came


@pytest.mark.parametrize("address", [("192.0.2.7", 4_000), ("2001:db8::7", 65_535, 0, 3)])
def test_an_address_is_the_same_there_and_back(address: Address) -> None:
    assert address_of(name_of(address)) == address


def test_a_batch_goes_to_many_and_comes_in_order(pair: tuple[socket.socket, ...]) -> None:
    here, *away = pair
    box = outbox(here)
    lanes = [lane(box, sock.getsockname()) for sock in away]
    sizes = [3, 3, 3, 2, 2, 7, 1, 1, 5, 5, 5, 5]
    for number, size in enumerate(sizes):
        for place, each in enumerate(lanes):
            put(each, bytes([number, place]) * size)
    box.flush()
    box.flush()
    for place, sock in enumerate(away):
        came = came_to(sock)
        assert [data for data, _ in came] == [bytes([number, place]) * size for number, size in enumerate(sizes)]
        assert {address_of(name) for _, name in came} == {here.getsockname()}
    assert box.unsent == 0


def test_more_than_there_is_room_for_leaves_before(pair: tuple[socket.socket, ...]) -> None:
    here, one, other = pair
    box = outbox(here)
    full, empty = lane(box, one.getsockname()), lane(box, other.getsockname())
    put(empty, b"first")
    for number in range(WAITING_MAX + 1):
        put(full, bytes([number]))
    assert [data for data, _ in came_to(one)] == [bytes([number]) for number in range(WAITING_MAX)]
    assert [data for data, _ in came_to(other)] == [b"first"]
    box.flush()
    assert [data for data, _ in came_to(one)] == [bytes([WAITING_MAX])]


def test_more_peers_than_one_call_takes_get_theirs(pair: tuple[socket.socket, ...]) -> None:
    here, one, _ = pair
    box = outbox(here)
    for number in range(150):
        put(lane(box, one.getsockname()), bytes([number]))
    box.flush()
    assert [data for data, _ in came_to(one)] == [bytes([number]) for number in range(150)]


def test_nothing_came_is_no_datagram(pair: tuple[socket.socket, ...]) -> None:
    assert Inbox().read(pair[0]) == 0


def test_what_is_put_into_an_inbox_is_as_if_it_had_come() -> None:
    inbox = Inbox()
    for data, address in ((b"longer", ("::1", 7, 0, 3)), (b"short", ("192.0.2.7", 9))):
        inbox.put(data, name_of(address))
        assert (inbox.datagram(0), address_of(inbox.names(1)[0])) == (data, address)


def test_what_the_system_refuses_is_counted_and_the_rest_goes_out(pair: tuple[socket.socket, ...]) -> None:
    here, one, other = pair
    box = outbox(here)
    for address, data in ((one, b"first"), (None, b"nowhere"), (other, b"last")):
        put(lane(box, address.getsockname() if address is not None else ("127.0.0.1", 0)), data)
    box.flush()
    assert box.unsent == 1
    assert [one.recv(100), other.recv(100)] == [b"first", b"last"]


def test_what_the_system_will_not_cut_up_goes_one_by_one() -> None:
    """As on a way too narrow for it, or with a card that cannot."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
    ):
        one.bind(("127.0.0.1", 0))
        box = outbox(here)
        for index in range(datagrams.BATCH):
            box._cuts[index].type = 1  # There is no such request.
        to = lane(box, one.getsockname())
        for text in (b"one", b"two", b"six"):
            put(to, text)
        box.flush()
        assert [one.recv(100) for _ in range(3)] == [b"one", b"two", b"six"]
        assert (to.is_whole, box.unsent) == (True, 0)


def test_what_waits_goes_where_it_was_meant_to(pair: tuple[socket.socket, ...]) -> None:
    here, one, other = pair
    box = outbox(here)
    moving = lane(box, one.getsockname())
    put(moving, b"before")
    moving.lead(box, other.getsockname())
    put(moving, b"after")
    moving.lead(None, None)
    assert [one.recv(100), other.recv(100)] == [b"before", b"after"]


def test_without_a_socket_it_is_kept_to_be_looked_at() -> None:
    box = outbox(is_ipv6=True)
    put(lane(box, ("::1", 7, 0, 0)), b"hello")
    box.flush()
    box.flush()
    assert box.caught is not None
    assert list(box.caught) == [(b"hello", ("::1", 7, 0, 0))]
