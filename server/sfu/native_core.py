"""The native core, as the rooms know cores: each object here is a handle on one of `native/core.h`.

Packets never come here. They pass in the core's own thread, with nothing of Python's in their way; what the core has
no place for waits in a buffer of bounded size until the event loop fetches it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from struct import Struct
from typing import Any, cast

import cffi

import server.sfu.core as port
from server.sfu.core import LEVELS_MAX, Address, CoreName, LayerFigures, LinkHandler, TakeStun, Told
from server.sfu.native import build
from server.sfu.python_core import bind
from server.sfu.rtp.echo import Echo
from server.sfu.rtp.nack import MISSING_MAX
from server.sfu.sdp import RATES
from server.sfu.sealing import Sealing

EVENTS_PER_TURN = 64
"""Events handled in one go, before timers and everybody else have their turn."""
DATAGRAM_BYTES_MAX = 2_048

_EVENT = Struct("=IIQq")
_ADDRESS = Struct("=16sIIHBx")
_LAYER_FIGURES = Struct("@2q6Q4I")
"""Of `layer_figures`; each is written at once, and so they are read in the machine's own manner."""
_STUN, _DTLS, _UNPLACED, _CONTROL, _ECHO, _MISSING, _ELSEWHERE = range(7)
_READ_ECHO = Struct("=7q")

ffi = cffi.FFI()
ffi.cdef((build.SOURCES / "core.h").read_text())


_EVENT_BYTES, _FROM = ffi.sizeof("event"), ffi.offsetof("event", "from")
_ADDRESS_POINTER = ffi.typeof("address *")
_NUMBERS = ffi.typeof("int64_t[]")


class _Handle:
    """Something of the core's that may be freed: afterwards its figures stay as they were, and calls do nothing."""

    def __init__(self, lib: Any, pointer: Any, figures: Any) -> None:
        if pointer == ffi.NULL:
            raise MemoryError
        self._lib = lib
        self.pointer = pointer
        self._figures = figures

    def expire(self) -> None:
        self.pointer = None
        self._figures = ffi.new(ffi.typeof(self._figures), self._figures[0])


class LayerCore(_Handle):
    def __init__(self, lib: Any, track: TrackCore, owner: Any) -> None:
        pointer = lib.layer_new(track.pointer)
        super().__init__(lib, pointer, lib.layer_read(pointer))
        self.owner = owner
        self.number: int = lib.layer_number(pointer)
        self._track = track
        self._read = ffi.buffer(self._figures)

    def figures(self) -> LayerFigures:
        return LayerFigures._make(_LAYER_FIGURES.unpack_from(self._read))

    @property
    def last_us(self) -> int:
        return cast(int, self._figures.last_us)

    def due(self, now_us: int, round_trip_us: int) -> list[int]:
        if self.pointer is None:
            return []
        numbers = ffi.new(_NUMBERS, MISSING_MAX)
        count = self._lib.layer_due(self.pointer, now_us, round_trip_us, numbers, MISSING_MAX)
        return list(numbers[0:count])

    def clock(self) -> tuple[int, int] | None:
        ntp = self._figures.clock_ntp
        return (ntp, self._figures.clock_timestamp) if ntp else None

    def bind(self, ssrc: int) -> None:
        self._bind(ssrc, 0)

    def bind_resend(self, ssrc: int) -> None:
        self._bind(ssrc, 1)

    def _bind(self, ssrc: int, is_resend: int) -> None:
        if self.pointer is not None:
            assert self._lib.layer_bind(self.pointer, ssrc, is_resend) == 0

    def end(self) -> None:
        if self.pointer is not None:
            pointer = self.pointer
            self.expire()
            self._track.layers.remove(self)
            self._lib.layer_end(pointer)

    def expire(self) -> None:
        self.owner = None
        super().expire()
        self._read = ffi.buffer(self._figures)
        self._track.link.core.layers.pop(self.number, None)


class SlotCore(_Handle):
    def __init__(
        self,
        lib: Any,
        link: LinkCore,
        *,
        kind: str,
        ssrc: int,
        payload_type: int,
        resend_ssrc: int | None,
        resend_type: int | None,
    ) -> None:
        resends = resend_ssrc is not None and resend_type is not None
        pointer = lib.slot_new(
            link.pointer,
            RATES[kind],
            kind != "audio",
            ssrc,
            payload_type,
            resend_ssrc if resends else 0,
            resend_type if resends else -1,
            _first_sequence(),
            secrets.randbits(32),
            _first_sequence(),
        )
        super().__init__(lib, pointer, lib.slot_read(pointer))
        self._link = link
        self._layers = link.core.layers

    def aim(self, layer: port.LayerCore | None, *, cut: bool, clock_shift: int | None = None) -> None:
        if self.pointer is not None:
            target = cast(LayerCore, layer).pointer if layer is not None else None
            self._lib.slot_aim(self.pointer, target or ffi.NULL, cut, clock_shift is not None, clock_shift or 0)

    def pace(self, temporal: int) -> None:
        if self.pointer is not None:
            self._lib.slot_pace(self.pointer, temporal)

    @property
    def flowing(self) -> LayerCore | None:
        return self._layers.get(self._figures.flowing)

    @property
    def awaited(self) -> LayerCore | None:
        aim = self._figures.aimed_at
        return self._layers.get(aim) if aim != self._figures.flowing else None

    @property
    def packets(self) -> int:
        return cast(int, self._figures.packets)

    @property
    def octets(self) -> int:
        return cast(int, self._figures.octets)

    def resend(self, numbers: Sequence[int], round_trip_us: int, now_us: int) -> None:
        if self.pointer is not None:
            lost = [number & 0xFFFF for number in numbers]
            self._lib.slot_resend(self.pointer, lost, len(lost), round_trip_us, now_us)

    def probe(self, octets: int, now_us: int) -> int:
        return self._lib.slot_probe(self.pointer, octets, now_us) if self.pointer is not None else 0

    def forget(self) -> None:
        if self.pointer is not None:
            self._lib.slot_forget(self.pointer)


class TrackCore(_Handle):
    def __init__(
        self, lib: Any, link: LinkCore, *, kind: str, payload_type: int, resend_type: int | None, level_extension: int
    ) -> None:
        pointer = lib.track_new(
            link.pointer,
            RATES[kind],
            kind != "audio",
            payload_type,
            -1 if resend_type is None else resend_type,
            level_extension,
        )
        super().__init__(lib, pointer, lib.track_read(pointer))
        self.link = link
        self.layers: list[LayerCore] = []

    def layer(self, owner: Any) -> LayerCore:
        layer = LayerCore(self._lib, self, owner)
        self.layers.append(layer)
        self.link.core.layers[layer.number] = layer
        return layer

    def route(self, slots: Sequence[port.SlotCore]) -> None:
        if self.pointer is not None:
            alive = [pointer for slot in slots if (pointer := cast(SlotCore, slot).pointer) is not None]
            if self._lib.track_route(self.pointer, alive, len(alive)):
                raise MemoryError

    def shut(self) -> None:
        if self.pointer is not None:
            self._lib.track_shut(self.pointer)

    def unroute(self) -> None:
        if self.pointer is not None:
            self._lib.track_unroute(self.pointer)

    def lost_onward(self, share: int) -> None:
        if self.pointer is not None:
            self._lib.track_lost_onward(self.pointer, share)

    @property
    def last_us(self) -> int:
        return cast(int, self._figures.last_us)

    def levels(self) -> list[tuple[int, int]]:
        if self.pointer is None or not self._figures.levels:
            return []
        found = self.link.core.levels
        count = self._lib.track_levels(self.pointer, found, LEVELS_MAX)
        return [(found[index].at_us, found[index].number) for index in range(count)]


class LinkCore(_Handle):
    def __init__(self, lib: Any, core: NativeCore, handler: LinkHandler, room: int) -> None:
        pointer = lib.link_new(core.pointer, room)
        super().__init__(lib, pointer, lib.link_read(pointer))
        self.core = core
        self.handler: LinkHandler | None = handler
        self.number: int = lib.link_number(pointer)
        self._sessions: tuple[Any, ...] = ()
        self._tracks: list[TrackCore] = []
        self._slots: list[SlotCore] = []

    @property
    def heard_us(self) -> int:
        return cast(int, self._figures.heard_us)

    @property
    def failures(self) -> int:
        return cast(int, self._figures.failures)

    @property
    def malformed(self) -> int:
        return cast(int, self._figures.malformed)

    @property
    def streams(self) -> int:
        return cast(int, self._figures.streams)

    @property
    def missing(self) -> int:
        return cast(int, self._figures.missing)

    @property
    def overflows(self) -> int:
        return cast(int, self._figures.overflows)

    def told(self) -> Told:
        figures = self._figures
        return Told(figures.told, figures.told_lost, figures.trips, figures.trips_us)

    @property
    def lost(self) -> float:
        return cast(int, self._figures.lost) / 65_536

    def report(self, ssrc: int, now_us: int) -> None:
        if self.pointer is not None:
            self._lib.link_report(self.pointer, ssrc, now_us)

    def answer_checks(self, username: str, password: str) -> None:
        if self.pointer is not None:
            self._lib.link_answer(self.pointer, username.encode(), password.encode())

    def admit(self, address: Address) -> None:
        if self.pointer is not None and self._lib.link_admit(self.pointer, _packed(address)):
            raise MemoryError

    def expel(self, address: Address) -> None:
        if self.pointer is not None:
            self._lib.link_expel(self.pointer, _packed(address))

    def expect(self, address: Address) -> None:
        if self.pointer is not None and self._lib.link_expect(self.pointer, _packed(address)):
            raise MemoryError

    def direct(self, address: Address | None) -> None:
        if self.pointer is not None:
            self._lib.link_direct(self.pointer, ffi.new(_ADDRESS_POINTER) if address is None else _packed(address))

    def secure(self, rx: Any, tx: Any, sealing: Sealing | None = None, opening: Sealing | None = None) -> None:
        if self.pointer is not None:
            self._lib.link_secure(self.pointer, self._session(rx), self._session(tx))
            self._sessions = (rx, tx)  # They live as long as the core may use them.
            if sealing is not None:
                self._lib.link_seal(self.pointer, sealing.key, sealing.salt)
            if opening is not None:
                self._lib.link_open(self.pointer, opening.key, opening.salt)

    def silence(self) -> None:
        if self.pointer is not None:
            self._lib.link_secure(self.pointer, ffi.NULL, ffi.NULL)
            self._sessions = ()

    def _session(self, session: Any) -> Any:
        return ffi.cast("void *", self.core.session_pointer(session))

    def send_rtcp(self, plain: bytes) -> None:
        if self.pointer is not None:
            self._lib.link_send_rtcp(self.pointer, plain, len(plain))

    def place(self, plain: bytes, now_us: int) -> None:
        if self.pointer is not None:
            self._lib.link_place(self.pointer, plain, len(plain), now_us)

    def number_arrivals(self, extension: int, *, ssrc: int) -> None:
        if self.pointer is not None:
            self._lib.link_number_arrivals(self.pointer, extension, ssrc)

    def number_departures(self, extension: int) -> None:
        if self.pointer is not None and self._lib.link_number_departures(self.pointer, extension):
            raise MemoryError

    def pool(self, wait_us: int, delay_us: int) -> None:
        if self.pointer is not None:
            self._lib.link_pool(self.pointer, wait_us, delay_us)

    def track(self, *, kind: str, payload_type: int, resend_type: int | None, level_extension: int) -> TrackCore:
        track = TrackCore(
            self._lib,
            self,
            kind=kind,
            payload_type=payload_type,
            resend_type=resend_type,
            level_extension=level_extension,
        )
        self._tracks.append(track)
        return track

    def slot(
        self, *, kind: str, ssrc: int, payload_type: int, resend_ssrc: int | None, resend_type: int | None
    ) -> SlotCore:
        slot = SlotCore(
            self._lib,
            self,
            kind=kind,
            ssrc=ssrc,
            payload_type=payload_type,
            resend_ssrc=resend_ssrc,
            resend_type=resend_type,
        )
        self._slots.append(slot)
        return slot

    def close(self) -> None:
        if self.pointer is None:
            return
        self.silence()
        pointer = self.pointer
        for track in self._tracks:
            for layer in track.layers:
                layer.expire()
            track.layers.clear()
            track.expire()
        for slot in self._slots:
            slot.expire()
        # Nothing of it points in a circle any more: see `Peer.close`.
        self._tracks.clear()
        self._slots.clear()
        self.expire()
        self.handler = None
        self.core.links.pop(self.number, None)
        self._lib.link_free(pointer)


class NativeCore:
    """`crypto` holds the addresses of libsrtp's functions and of OpenSSL's, by the names of `crypto` in core.h;
    `session_pointer` gives that of an SRTP session."""

    name: CoreName = "native"

    def __init__(
        self, library: Path, *, stun: TakeStun, crypto: Mapping[str, int], session_pointer: Callable[[Any], int]
    ) -> None:
        self._lib = ffi.dlopen(str(library))
        functions = ffi.new("crypto *")
        fields = dict(ffi.typeof("crypto").fields)
        for name, at in crypto.items():
            setattr(functions, name, ffi.cast(fields[name].type, at))
        pointer = self._lib.core_new(functions)
        if pointer == ffi.NULL:
            raise MemoryError
        self.pointer = ffi.gc(pointer, self._lib.core_free)
        self._figures = self._lib.core_read(self.pointer)
        self._stun = stun
        self.session_pointer = session_pointer
        self.port = 0
        self.links: dict[int, LinkCore] = {}
        self.layers: dict[int, LayerCore] = {}
        self.levels = ffi.new("moment[]", LEVELS_MAX)
        self._sockets: list[socket.socket] = []
        self._events = b""
        self._told_to = 0
        """So far the events that were fetched are told."""
        self._start = ffi.new("const uint8_t **")
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def strays(self) -> int:
        return cast(int, self._figures.strays)

    @property
    def unsent(self) -> int:
        return cast(int, self._figures.unsent)

    @property
    def untold(self) -> int:
        return cast(int, self._figures.untold)

    async def open(self, hosts: Sequence[str], port: int) -> None:
        self.port = port
        try:
            for host in hosts:
                sock = bind(host, self.port)
                self._sockets.append(sock)
                self.port = sock.getsockname()[1]
            families = [6 if sock.family == socket.AF_INET6 else 4 for sock in self._sockets]
            failed = self._lib.core_start(
                self.pointer, [sock.fileno() for sock in self._sockets], families, len(families)
            )
            if failed:
                raise OSError(failed, os.strerror(failed))
        except OSError:
            self._close_sockets()
            raise
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._lib.core_told(self.pointer), self._told)

    async def close(self) -> None:
        if self._loop is not None:
            self._loop.remove_reader(self._lib.core_told(self.pointer))
            self._loop = None
        if self.pointer is not None:
            self._lib.core_stop(self.pointer)
        self._events, self._told_to = b"", 0
        self._close_sockets()

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def release(self) -> None:
        for link in list(self.links.values()):
            link.close()
        if self.pointer is not None:
            self._figures = ffi.new("core_figures *", self._figures[0])
            ffi.release(self.pointer)
            self.pointer = None

    def send(self, data: bytes, address: Address) -> None:
        if self.pointer is not None:
            self._lib.core_send(self.pointer, data, len(data), _packed(address))

    def name_link(self, ufrag: str, *, theirs: str, password: str) -> None:
        if self._lib.core_name(self.pointer, ufrag.encode(), theirs.encode(), password.encode()):
            raise MemoryError

    def unname_link(self, ufrag: str) -> None:
        if self.pointer is not None:
            self._lib.core_unname(self.pointer, ufrag.encode())

    def link(self, handler: LinkHandler, *, room: int = 0) -> LinkCore:
        link = LinkCore(self._lib, self, handler, room)
        self.links[link.number] = link
        return link

    def collect(self) -> None:
        if self._loop is not None:
            self._told()

    def feed(self, data: bytes, address: Address, now_us: int) -> None:
        self._lib.core_feed(self.pointer, data, len(data), _packed(address), now_us)
        while self._fetch():
            self._tell_next()

    def caught(self) -> list[tuple[bytes, Address]]:
        data, there = ffi.new("uint8_t[]", DATAGRAM_BYTES_MAX), ffi.new(_ADDRESS_POINTER)
        caught = []
        while size := self._lib.core_caught(self.pointer, data, DATAGRAM_BYTES_MAX, there):
            caught.append((bytes(ffi.buffer(data, size)), _address(*_ADDRESS.unpack(ffi.buffer(there)))))
        return caught

    # ------------------------------------------------------------------ what the core tells

    def _told(self) -> None:
        """Handle some events, and come back for the rest once others had their turn."""
        if not self._fetch():
            return
        for _ in range(EVENTS_PER_TURN):
            self._tell_next()
            if self._told_to == len(self._events):
                return
        if self._loop is not None:
            self._loop.call_soon(self._told)

    def _fetch(self) -> bool:
        """Whether there is anything to tell: what was fetched before, or what came since."""
        if self._told_to == len(self._events):
            size = self._lib.core_events(self.pointer, self._start)
            self._events, self._told_to = ffi.buffer(self._start[0], size)[:] if size else b"", 0
        return bool(self._events)

    def _tell_next(self) -> None:
        head = self._told_to
        size, kind, number, now_us = _EVENT.unpack_from(self._events, head)
        begin = head + _EVENT_BYTES
        data = self._events[begin : begin + size]
        self._told_to = begin + (size + 7 & ~7)
        if kind == _STUN:
            self._stun(data, self._from(head), now_us)
            return
        link = self.links.get(number)
        if link is None or link.handler is None:
            return
        if kind == _ECHO:
            link.handler.received_echo(Echo._make(_READ_ECHO.unpack(data)), now_us)
        elif kind == _MISSING:
            link.handler.missed()
        elif kind == _ELSEWHERE:
            link.handler.heard_elsewhere(self._from(head), now_us)
        elif kind == _DTLS:
            link.handler.received_dtls(data)
        elif kind == _UNPLACED:
            link.handler.received_unplaced(data, now_us)
        else:
            assert kind == _CONTROL
            link.handler.received_rtcp(data, now_us)

    def _from(self, head: int) -> Address:
        return _address(*_ADDRESS.unpack_from(self._events, head + _FROM))


def _packed(address: Address) -> Any:
    """The address as the core has it."""
    packed = ffi.new(_ADDRESS_POINTER)
    host = ipaddress.ip_address(address[0].partition("%")[0]).packed
    packed.family = 4 if len(host) == 4 else 6
    packed.port = address[1]
    if len(address) > 2:
        packed.flow, packed.scope = address[2], address[3]
    ffi.memmove(packed.host, host, len(host))
    return packed


def _address(host: bytes, flow: int, scope: int, port: int, family: int) -> Address:
    """The address as sockets have it."""
    if family == 4:
        return (socket.inet_ntop(socket.AF_INET, host[:4]), port)
    return (socket.inet_ntop(socket.AF_INET6, host), port, flow, scope)


def _first_sequence() -> int:
    return 2 + secrets.randbelow((1 << 15) - 2)
