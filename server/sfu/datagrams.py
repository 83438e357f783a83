"""Datagrams in and out by the batch, by `recvmmsg` and `sendmmsg` of the C library: no compiler is needed for it.

Packets are written where they leave from, and encrypted there; those of one size that go to one peer go down as one,
which the kernel cuts up (`UDP_SEGMENT`). Where the library lacks these calls one goes after the other.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, cast

import cffi

from server.sfu.core import Address
from server.sfu.rtp.demux import MTU

BATCH = 64
WAITING_MAX = 16
"""Datagrams to one peer in a batch."""
STRIDE = 1_664
"""Bytes from one datagram of a batch to the next: room for an extension and SRTP's trailer. No power of two, lest the
beginnings of all share a few lines of the processor's cache."""

_LOW_HALF = 0 if sys.byteorder == "little" else 1
"""Where in a length of eight bytes the lower four are."""

ffi = cffi.FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    struct segments { size_t len; int level; int type; uint16_t size; };
    int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
    int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, void *timeout);
    """
)
_libc = ffi.dlopen(None)
HAS_BATCHES = all(hasattr(_libc, name) for name in ("sendmmsg", "recvmmsg"))

_MESSAGE_BYTES, _CUT_BYTES = ffi.sizeof("struct mmsghdr"), ffi.sizeof("struct segments")
_HEAD = Struct("@PIPNPNi")
"""A `msghdr`: written at once, as there are many."""
_FAMILY = Struct("=H")
_IPV4 = Struct("!2xH4s")
_IPV6 = Struct("!2xHI16s")
_SCOPE = Struct("=I")
_NAME_BYTES = 28
_SHORT_BYTES, _PLACE_BYTES = 8, 32
"""What of an IPv4 address means anything; and the room for any address where they are received."""
_SOL_UDP, _UDP_SEGMENT = 17, 103
_BUSY = (errno.EAGAIN, errno.ENOBUFS)

Name = int | bytes
"""An address as the kernel has it; one of IPv4, all of which are short, as a number: many are read at once."""


def _socket_name(address: Address) -> bytes:
    host = ipaddress.ip_address(address[0].partition("%")[0]).packed
    if len(host) == 4:
        return _FAMILY.pack(socket.AF_INET) + _IPV4.pack(address[1], host)[2:]
    flow, scope = address[2:] if len(address) > 2 else (0, 0)
    return _FAMILY.pack(socket.AF_INET6) + _IPV6.pack(address[1], flow, host)[2:] + _SCOPE.pack(scope)


def name_of(address: Address) -> Name:
    name = _socket_name(address)
    return int.from_bytes(name, sys.byteorder) if len(name) == _SHORT_BYTES else name


def address_of(name: Name) -> Address:
    if isinstance(name, int):
        port, host = _IPV4.unpack(name.to_bytes(_SHORT_BYTES, sys.byteorder))
        return (socket.inet_ntop(socket.AF_INET, host), port)
    port, flow, host = _IPV6.unpack_from(name)
    return (socket.inet_ntop(socket.AF_INET6, host), port, flow, _SCOPE.unpack_from(name, 24)[0])


def _number(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))


Berth = tuple[int, Any, Any]
"""Room for one datagram: where in the lane's `data`, the pointer to that, and the one to where its size is written."""


class Lane:
    """Datagrams to one peer, side by side: they leave with those to others.

    Whoever writes one into `berths[count]` adds it afterwards.

    Its fields are for whoever writes many: reading them is quicker than asking.
    """

    __slots__ = (
        "_lengths",
        "_name",
        "_owned",
        "address",
        "berths",
        "count",
        "data",
        "is_whole",
        "name_at",
        "outbox",
        "parts_at",
    )

    def __init__(self) -> None:
        self.data = bytearray(WAITING_MAX * STRIDE)
        whole, parts = ffi.from_buffer("char[]", self.data), ffi.new("struct iovec[]", WAITING_MAX)
        self._owned = whole, parts  # Pointers into them do not keep them.
        self.berths: list[Berth] = []
        for index in range(WAITING_MAX):
            place, length = index * STRIDE, ffi.addressof(parts[index], "iov_len")
            parts[index].iov_base = whole + place
            self.berths.append((place, whole + place, ffi.cast("int *", length) + _LOW_HALF))
        self.parts_at = [_number(parts + index) for index in range(WAITING_MAX)]
        self._lengths = memoryview(ffi.buffer(parts)).cast("B").cast("L")[1::2]
        self.count = 0
        self.outbox: Outbox | None = None
        """None while it leads nowhere."""
        self.address: Address | None = None
        self._name = ffi.new("char[]", _NAME_BYTES)
        """The same, as the kernel has it."""
        self.name_at = _number(self._name)
        self.is_whole = False
        """Whether the kernel will not cut up what goes there."""

    def lead(self, outbox: Outbox | None, address: Address | None) -> None:
        """Where to, from now on; what waits goes where it was meant to."""
        if self.outbox is not None:
            self.outbox.flush()
        self.outbox = outbox
        if address is not None:
            self.address = address
            name = _socket_name(address)
            ffi.memmove(self._name, name, len(name))

    def add(self) -> None:
        """The datagram in the next berth is whole."""
        assert self.outbox is not None
        if not self.count:
            self.outbox.waiting.append(self)
        self.count += 1
        if self.count == WAITING_MAX:
            self.outbox.flush()

    def lengths(self) -> list[int]:
        """The sizes of those that wait."""
        return self._lengths[: self.count].tolist()


Run = tuple[int, int, int]
"""Datagrams that go down as one: the first, the one after the last, and the size of all but the last."""


@lru_cache(1_024)
def _runs(sizes: tuple[int, ...]) -> list[Run]:
    """How datagrams of these sizes to one peer go down: peers are sent the same, and so their batches are alike."""
    runs: list[Run] = []
    begin = 0
    while begin < len(sizes):
        end, size = begin + 1, sizes[begin]
        while end < len(sizes) and sizes[end] == size:
            end += 1
        if end < len(sizes) and sizes[end] < size:
            end += 1  # Only the last segment may be shorter.
        runs.append((begin, end, size))
        begin = end
    return runs


def _each(sizes: Sequence[int]) -> list[Run]:
    """The same, each by itself."""
    return [(index, index + 1, size) for index, size in enumerate(sizes)]


class Outbox:
    """What leaves together by one socket: `sock` while there is one, else `caught` keeps it, to be looked at."""

    def __init__(self, *, is_ipv6: bool, caught: deque[tuple[bytes, Address]] | None = None) -> None:
        self.sock: socket.socket | None = None
        self.caught = caught
        self.unsent = 0
        """How many the system would not take: lost, as by any router."""
        self.waiting: list[Lane] = []
        """Those with something to send."""
        self.before = 0
        """How much the last packet of this batch carries, for whoever writes the next."""
        self._runs: list[tuple[Lane, int, int]] = []
        self._messages = ffi.new("struct mmsghdr[]", BATCH)
        self._cuts = ffi.new("struct segments[]", BATCH)
        self._heads = ffi.buffer(self._messages)
        place, stride = ffi.offsetof("struct segments", "size") // 2, _CUT_BYTES // 2
        self._cut_sizes = memoryview(ffi.buffer(self._cuts)).cast("B").cast("H")[place::stride]
        self._cuts_at = [_number(self._cuts + index) for index in range(BATCH)]
        self._name_bytes = _NAME_BYTES if is_ipv6 else 16
        for index in range(BATCH):
            cut = self._cuts[index]
            cut.len, cut.level, cut.type = ffi.offsetof("struct segments", "size") + 2, _SOL_UDP, _UDP_SEGMENT

    def flush(self) -> None:
        """Send what waits."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        self.before = 0
        if self.sock is None or not HAS_BATCHES:
            for lane in waiting:
                self._send_singly(lane)
            return
        for lane in waiting:
            sizes, lane.count = tuple(lane.lengths()), 0
            self._put(lane, _each(sizes) if lane.is_whole else _runs(sizes), self.sock)
        self._send(self.sock)

    def _put(self, lane: Lane, runs: list[Run], sock: socket.socket) -> None:
        put, name_at, name_bytes, parts_at = self._runs, lane.name_at, self._name_bytes, lane.parts_at
        for begin, end, size in runs:
            index, count = len(put), end - begin
            if index == BATCH:
                self._send(sock)
                index = 0
            cut_bytes = 0
            if count > 1:
                self._cut_sizes[index], cut_bytes = size, _CUT_BYTES
            values = name_at, name_bytes, parts_at[begin], count, self._cuts_at[index], cut_bytes, 0
            _HEAD.pack_into(self._heads, index * _MESSAGE_BYTES, *values)
            put.append((lane, begin, end))

    def _send(self, sock: socket.socket) -> None:
        runs = self._runs.copy()
        self._runs.clear()
        begun, count, fd = 0, len(runs), sock.fileno()
        refused: list[tuple[Lane, int, int]] = []
        while begun < count:
            sent = _libc.sendmmsg(fd, self._messages + begun, count - begun, socket.MSG_DONTWAIT)
            if sent < 1:
                lane, begin, end = runs[begun]
                if end - begin > 1 and ffi.errno not in _BUSY:
                    lane.is_whole = True  # A narrow way, or a card that cannot: one by one, then.
                    refused.append((lane, begin, end))
                else:
                    self.unsent += end - begin
            begun += max(1, sent)
        for lane, begin, end in refused:
            self._put(lane, [(index, index + 1, 0) for index in range(begin, end)], sock)
        if refused:
            self._send(sock)

    def _send_singly(self, lane: Lane) -> None:
        sizes, lane.count = lane.lengths(), 0
        assert lane.address is not None
        for index, size in enumerate(sizes):
            data = bytes(lane.data[index * STRIDE : index * STRIDE + size])
            if self.sock is None:
                if self.caught is not None:
                    self.caught.append((data, lane.address))
                continue
            try:
                self.sock.sendto(data, lane.address)
            except OSError:
                self.unsent += 1


class Inbox:
    """Up to BATCH datagrams that one socket received at once: the i-th lies from `data[i * STRIDE]` on."""

    def __init__(self) -> None:
        self.data, self._names = bytearray(BATCH * STRIDE), bytearray(BATCH * _PLACE_BYTES)
        self.view = memoryview(self.data)
        whole = ffi.from_buffer("char[]", self.data)
        names = ffi.from_buffer("char[]", self._names)
        self.at = [whole + index * STRIDE for index in range(BATCH)]
        parts = ffi.new("struct iovec[]", BATCH)
        self._messages = ffi.new("struct mmsghdr[]", BATCH)
        self._owned = whole, names, parts  # Pointers into them do not keep them.
        for index in range(BATCH):
            head = self._messages[index].msg_hdr
            parts[index].iov_base, parts[index].iov_len = self.at[index], MTU + 1
            head.msg_iov, head.msg_iovlen = parts + index, 1
            head.msg_name, head.msg_namelen = names + index * _PLACE_BYTES, _NAME_BYTES
        place, size = ffi.offsetof("struct mmsghdr", "msg_len") // 4, ffi.sizeof("struct mmsghdr") // 4
        self._sizes = memoryview(ffi.buffer(self._messages)).cast("B").cast("I")[place::size]
        self._short_names = memoryview(self._names).cast("Q")[:: _PLACE_BYTES // _SHORT_BYTES]

    def read(self, sock: socket.socket) -> int:
        """Read what has come, at most one batch; how many there are."""
        if not HAS_BATCHES:
            return self._read_singly(sock)
        count: int = _libc.recvmmsg(sock.fileno(), self._messages, BATCH, socket.MSG_DONTWAIT, ffi.NULL)
        return max(0, count)

    def put(self, data: bytes, name: Name, index: int = 0) -> None:
        """One datagram, as if it had come."""
        self.data[index * STRIDE : index * STRIDE + len(data)] = data
        self._sizes[index] = len(data)
        if isinstance(name, int):
            self._short_names[index] = name
        else:
            self._names[index * _PLACE_BYTES : index * _PLACE_BYTES + len(name)] = name

    def sizes(self, count: int) -> list[int]:
        """How many bytes each has."""
        return self._sizes[:count].tolist()

    def names(self, count: int) -> list[Name]:
        """Where each came from."""
        if _FAMILY.unpack_from(self._names)[0] == socket.AF_INET:  # Of one socket all are of one kind.
            return cast(list[Name], self._short_names[:count].tolist())
        begins = range(0, count * _PLACE_BYTES, _PLACE_BYTES)
        return [bytes(self._names[begin : begin + _NAME_BYTES]) for begin in begins]

    def datagram(self, index: int) -> bytes:
        return bytes(self.view[index * STRIDE : index * STRIDE + self._sizes[index]])

    def _read_singly(self, sock: socket.socket) -> int:
        count = 0
        while count < BATCH:
            try:
                data, address = sock.recvfrom(MTU + 1)
            except BlockingIOError:
                break
            except OSError:  # An ICMP error about something sent earlier.
                continue
            self.put(data, name_of(address), count)
            count += 1
        return count
