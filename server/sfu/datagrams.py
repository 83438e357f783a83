"""Datagrams in and out by the batch, by `recvmmsg` and `sendmmsg` of the C library: no compiler is needed for it.

Packets are written where they leave from, and encrypted there. Where the library lacks these calls one goes after the
other.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from struct import Struct
from typing import Any

import cffi

from server.sfu.core import Address
from server.sfu.rtp.demux import MTU

BATCH = 64
STRIDE = 2_048
"""Bytes from one datagram of a batch to the next: room for extensions and SRTP's trailer."""

ffi = cffi.FFI()
ffi.cdef(
    """
    struct iovec { void *iov_base; size_t iov_len; };
    struct msghdr {
        void *msg_name; unsigned int msg_namelen; struct iovec *msg_iov; size_t msg_iovlen;
        void *msg_control; size_t msg_controllen; int msg_flags;
    };
    struct mmsghdr { struct msghdr msg_hdr; unsigned int msg_len; };
    int sendmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags);
    int recvmmsg(int sockfd, struct mmsghdr *msgvec, unsigned int vlen, int flags, void *timeout);
    """
)
_libc = ffi.dlopen(None)
HAS_BATCHES = all(hasattr(_libc, name) for name in ("sendmmsg", "recvmmsg"))

_FAMILY = Struct("=H")
_IPV4 = Struct("!2xH4s")
_IPV6 = Struct("!2xHI16s")
_SCOPE = Struct("=I")
_NAME_BYTES = 28

Name = bytes
"""An address as the kernel has it."""


def name_of(address: Address) -> Name:
    host = ipaddress.ip_address(address[0].partition("%")[0]).packed
    if len(host) == 4:
        return _FAMILY.pack(socket.AF_INET) + _IPV4.pack(address[1], host)[2:]
    flow, scope = address[2:] if len(address) > 2 else (0, 0)
    return _FAMILY.pack(socket.AF_INET6) + _IPV6.pack(address[1], flow, host)[2:] + _SCOPE.pack(scope)


def address_of(name: Name) -> Address:
    if _FAMILY.unpack_from(name)[0] == socket.AF_INET:
        port, host = _IPV4.unpack_from(name)
        return (socket.inet_ntop(socket.AF_INET, host), port)
    port, flow, host = _IPV6.unpack_from(name)
    return (socket.inet_ntop(socket.AF_INET6, host), port, flow, _SCOPE.unpack_from(name, 24)[0])


class _Batch:
    """Datagrams side by side in `data`, and the kernel's description of them."""

    def __init__(self) -> None:
        self.data = bytearray(BATCH * STRIDE)
        self._whole = ffi.from_buffer("char[]", self.data)
        self.at = [self._whole + index * STRIDE for index in range(BATCH)]
        self.messages = ffi.new("struct mmsghdr[]", BATCH)
        self._parts = ffi.new("struct iovec[]", BATCH)
        self.parts = [self._parts[index] for index in range(BATCH)]
        self.heads = [self.messages[index].msg_hdr for index in range(BATCH)]
        for index, (head, part) in enumerate(zip(self.heads, self.parts, strict=True)):
            part.iov_base, part.iov_len = self.at[index], STRIDE
            head.msg_iov, head.msg_iovlen = self._parts + index, 1


class Outbox(_Batch):
    """Up to BATCH datagrams that leave together. Whoever writes one at `data[count * STRIDE:]` adds it afterwards."""

    def __init__(self, *, is_ipv6: bool) -> None:
        super().__init__()
        for head in self.heads:
            head.msg_namelen = _NAME_BYTES if is_ipv6 else 16
        self.count = 0
        self._sizes = ffi.new("int[]", BATCH)
        self.sizes = [self._sizes + index for index in range(BATCH)]
        """Where the encryption reads a datagram's size and writes the new one."""

    def add(self, size: int, there: Any) -> None:
        """The datagram is whole; `there` is where it goes, of `destination`, and must live until it was sent."""
        count = self.count
        self.parts[count].iov_len = size
        self.heads[count].msg_name = there
        self.count = count + 1

    def taken(self) -> list[tuple[bytes, Address]]:
        """Take the datagrams out, to be looked at rather than sent."""
        taken = []
        for index in range(self.count):
            head, size = self.heads[index], self.parts[index].iov_len
            name = bytes(ffi.buffer(head.msg_name, head.msg_namelen))
            taken.append((bytes(self.data[index * STRIDE : index * STRIDE + size]), address_of(name)))
        self.count = 0
        return taken

    def send(self, sock: socket.socket) -> int:
        """Send them all; how many the system would not take: lost, as by any router."""
        if not HAS_BATCHES:
            return self._send_singly(sock)
        begun, unsent, fd = 0, 0, sock.fileno()
        while begun < self.count:
            sent = _libc.sendmmsg(fd, self.messages + begun, self.count - begun, socket.MSG_DONTWAIT)
            unsent += sent < 1
            begun += max(1, sent)
        self.count = 0
        return unsent

    def _send_singly(self, sock: socket.socket) -> int:
        unsent = 0
        for data, address in self.taken():
            try:
                sock.sendto(data, address)
            except OSError:
                unsent += 1
        return unsent


def destination(address: Address) -> Any:
    """Where a datagram goes, for `Outbox.add`."""
    name = name_of(address)
    there = ffi.new("char[]", _NAME_BYTES)
    ffi.memmove(there, name, len(name))
    return there


class Inbox(_Batch):
    """What one socket received, up to BATCH datagrams at once."""

    def __init__(self) -> None:
        super().__init__()
        self._names = bytearray(BATCH * _NAME_BYTES)
        names = self._where = ffi.from_buffer("char[]", self._names)
        for index, (head, part) in enumerate(zip(self.heads, self.parts, strict=True)):
            part.iov_len = MTU + 1
            head.msg_name, head.msg_namelen = names + index * _NAME_BYTES, _NAME_BYTES

    def read(self, sock: socket.socket, take: Callable[[bytes, Name], None]) -> int:
        """Hand over what has come, at most one batch; how many there were."""
        if not HAS_BATCHES:
            return self._read_singly(sock, take)
        count: int = _libc.recvmmsg(sock.fileno(), self.messages, BATCH, socket.MSG_DONTWAIT, ffi.NULL)
        size = 8 if sock.family == socket.AF_INET else _NAME_BYTES
        for index in range(count):
            start, name = index * STRIDE, index * _NAME_BYTES
            take(
                bytes(self.data[start : start + self.messages[index].msg_len]),
                bytes(self._names[name : name + size]),
            )
        return max(0, count)

    def _read_singly(self, sock: socket.socket, take: Callable[[bytes, Name], None]) -> int:
        for count in range(BATCH):
            try:
                data, address = sock.recvfrom(MTU + 1)
            except BlockingIOError:
                return count
            except OSError:  # An ICMP error about something sent earlier.
                continue
            take(data, name_of(address))
        return BATCH
