"""How long it takes until everybody has a block change, beside a bare websocket broadcast on the same server.

    python -m tests.load.rooms

100 rooms with 16 people each are open on one server over a real Valkey that syncs every write; everybody answers
pings. Then, room after room, a facilitator presses "next" and we wait until all 16 have been told the new position, and
then until all 16 have their whole new view as well. In between, on the same server and between the same two processes,
one message of the same size is handed to 16 sockets as simply as Starlette can; by turns one of each of both sizes, and
one of the first size after a bare append of about the same record to the same Valkey, because a block change is durable
before anybody is told. Between any two of these the server has a moment of rest, and every socket has been silent, but
for pings, since the round before: as in a clinic. The figures are ratios of the 99th percentiles.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facilitation.commands import OpenSession
from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected, Role
from server import collector
from server.clock import RoomClock
from server.rooms.directory import Rooms
from server.rooms.silent_media import SilentMedia
from server.store.connect import connect as connect_store
from server.store.embedded import EmbeddedValkey
from server.wire.connection import Greeting, session_socket
from tests.wire.example import opening

ROOMS = int(os.environ.get("ROOMS", "100"))
SEATS = 16
ROUNDS = 16
REST_S = 0.005
FILES = 10_000
RECORD = b"x" * 200
"""About what the record of a block change weighs in the log."""

ROSTER = (
    Expected(person=PersonId("p-0"), role=Role.FACILITATOR, name="Fran Example"),
    *(Expected(person=PersonId(f"p-{n}"), role=Role.PARTICIPANT, name=f"Robin {n} Example") for n in range(1, SEATS)),
)


# --------------------------------------------------------------------------- the server


async def serve() -> None:
    """Milieu's rooms and a bare broadcast, on one loopback port, which is printed; until standard input ends."""
    folder = Path(tempfile.mkdtemp(prefix="milieu-load-"))
    valkey = EmbeddedValkey(folder)
    store = await connect_store(await valkey.start())
    clock = RoomClock()
    roster = {expected.person: expected for expected in ROSTER}

    async def load(session: SessionId) -> OpenSession | None:
        return opening(session, starts_at=clock.now(), roster=ROSTER)

    async def identify(websocket: WebSocket, session: SessionId, ticket: str | None) -> Expected | None:
        return roster.get(PersonId(ticket or ""))

    rooms = Rooms(
        log=store.log, leases=store.leases, media=SilentMedia(clock), clock=clock, load_session=load, node="load"
    )

    async def session(websocket: WebSocket) -> None:
        await session_socket(websocket, rooms=rooms, identify=identify, clock=clock, greeting=Greeting())

    circles: dict[str, list[WebSocket]] = defaultdict(list)
    client = store.client
    assert client is not None

    async def bare(websocket: WebSocket) -> None:
        await websocket.accept()
        circle = circles[websocket.path_params["circle"]]
        circle.append(websocket)
        try:
            while True:
                number, size, kind = (await websocket.receive_text()).split()
                text = number.ljust(int(size), ".")
                if kind == "durable":
                    await client.xadd("bare", {"record": RECORD})
                for each in circle:
                    await each.send_text(text)
        except WebSocketDisconnect:
            circle.remove(websocket)

    app = Starlette(routes=[WebSocketRoute("/s/{session}/socket", session), WebSocketRoute("/bare/{circle}", bare)])
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_level="critical",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    collector.settle()  # as the product does
    keeping = asyncio.create_task(collector.keep_aside(lambda: True))
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    keeping.cancel()
    server.should_exit = True
    await serving
    await rooms.close()
    await store.close()
    await valkey.stop()
    shutil.rmtree(folder)


# --------------------------------------------------------------------------- the people


class Seen:
    """Notes when the last of the sockets has seen what is waited for, and how large it was."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self._wanted = wanted
        self._missing = set(range(SEATS))
        self.sizes: list[int] = []
        self.at_s = 0.0
        self.all = asyncio.Event()

    def see(self, seat: int, text: str) -> None:
        if seat in self._missing and self._wanted(text):
            self._missing.discard(seat)
            self.sizes.append(len(text.encode()))
            if not self._missing:
                self.at_s = time.perf_counter()
                self.all.set()


class Circle:
    """Sixteen sockets that wait for the same thing."""

    def __init__(self) -> None:
        self.sockets: list[ClientConnection] = []
        self.seen: list[Seen] = []
        self._readers: list[asyncio.Task[None]] = []

    def add(self, socket: ClientConnection) -> None:
        self._readers.append(asyncio.create_task(self._read(len(self.sockets), socket)))
        self.sockets.append(socket)

    async def _read(self, seat: int, socket: ClientConnection) -> None:
        async for text in socket:
            assert isinstance(text, str)
            if text.startswith('{"type":"ping"'):
                await socket.send(text.replace("ping", "pong", 1))
            else:
                for seen in self.seen:
                    seen.see(seat, text)

    async def until(self, say: Callable[[], Any], *wanted: Callable[[str], bool]) -> list[tuple[float, float]]:
        """For each thing wanted: seconds from saying something until every socket has seen it, and its mean size."""
        self.seen = [Seen(each) for each in wanted]
        began_s = time.perf_counter()
        await say()
        async with asyncio.timeout(30):
            for seen in self.seen:
                await seen.all.wait()
        found = [(seen.at_s - began_s, statistics.fmean(seen.sizes)) for seen in self.seen]
        self.seen = []
        return found

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for socket in self.sockets:
            socket.transport.abort()


def asking(socket: ClientConnection, type_: str, **fields: Any) -> Callable[[], Any]:
    asking.count += 1
    message = {"type": type_, "command_id": f"load-{asking.count}", **fields}
    return lambda: socket.send(json.dumps(message))


asking.count = 0


async def opened(port: int, number: int) -> Circle:
    """A room of which everybody came in. A machine that is busy with other things may need some tries."""
    for attempt in range(5):
        circle = Circle()
        try:
            await fill(circle, port, f"s-{number}-{attempt}")
            return circle
        except (ConnectionClosed, TimeoutError) as error:
            print(f"room {number}: {error!r}; again", file=sys.stderr)
            await circle.close()
    raise SystemExit("The machine is too busy to measure anything.")


async def fill(circle: Circle, port: int, session: str) -> None:
    """Everybody is seated and the session runs."""
    for expected in ROSTER:
        socket = await connect(f"ws://127.0.0.1:{port}/s/{session}/socket", proxy=None, ping_interval=None)
        hello = {"type": "hello", "protocol": 1, "device": "load", "ticket": expected.person}
        await socket.send(json.dumps(hello))
        circle.add(socket)
    gate = {"location": "here", "callback": "555 0100", "private_space": True, "agreement": True}
    for expected, socket in zip(ROSTER[1:], circle.sockets[1:], strict=True):
        await asking(socket, "arrive", name=expected.name, **gate)()
    fran = circle.sockets[0]
    async with asyncio.timeout(30):
        while True:  # people arrive when they arrive
            await asking(fran, "admit_all")()
            try:
                async with asyncio.timeout(0.5):
                    nothing = asking(fran, "send_chat", text="all here?", to="everyone")
                    await circle.until(nothing, lambda text: '"place":"room"' in text)
                    break
            except TimeoutError:
                continue
    await circle.until(asking(fran, "start_session"), lambda text: '"position":"check-in"' in text)


async def bare(port: int, number: int) -> Circle:
    circle = Circle()
    for _ in range(SEATS):
        url = f"ws://127.0.0.1:{port}/bare/{number}"
        circle.add(await connect(url, proxy=None, ping_interval=None, max_size=None))
    return circle


async def measure(port: int) -> None:
    rooms = [await opened(port, number) for number in range(ROOMS)]
    circles = [await bare(port, number) for number in range(ROOMS)]
    print(f"{ROOMS} rooms and {ROOMS} circles of {SEATS} are open", file=sys.stderr)
    gc.collect()
    gc.disable()  # what is measured is the server, not our own sweeping
    took_s: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, float] = {}
    for turn in range(ROUNDS):
        before, after, command = (
            ("check-in", "process", "advance") if turn % 2 == 0 else ("process", "check-in", "go_back")
        )
        for number in range(ROOMS):
            found = await rooms[number].until(
                asking(rooms[number].sockets[0], command, from_segment=before),
                lambda text, after=after: f'"position":"{after}"' in text,
                lambda text, after=after: '"type":"view"' in text and f'"position":"{after}"' in text,
            )
            took = dict(zip(("change", "view"), found, strict=True))
            sizes = {name: size for name, (_, size) in took.items()}
            await asyncio.sleep(REST_S)
            kind, like = BARE[(turn + number) % len(BARE)]
            mark = f"{turn}-{number}-{kind}"
            took[kind] = await bare_broadcast(circles[number], mark, round(sizes[like]), durable=kind == "durable")
            if turn:  # the first round warms up
                for name, (seconds, _) in took.items():
                    took_s[name].append(seconds)
            await asyncio.sleep(REST_S)
    for circle in rooms + circles:
        await circle.close()
    tell({name: percentiles(values) for name, values in took_s.items()}, sizes, len(took_s["change"]))


BARE = (("bare", "change"), ("durable", "change"), ("bare-view", "view"))
"""What a block change is held against, and whose size it has."""


async def bare_broadcast(circle: Circle, mark: str, size: int, *, durable: bool) -> tuple[float, float]:
    say = f"{mark} {size} {'durable' if durable else 'bare'}"
    (found,) = await circle.until(lambda: circle.sockets[0].send(say), lambda text: text.startswith(mark + "."))
    return found


def tell(took: dict[str, dict[int, float]], sizes: dict[str, float], n: int) -> None:
    for name, words in (
        ("change", f"block change ({sizes['change']:.0f} bytes a message)"),
        ("view", f"the whole view after it ({sizes['view']:.0f} bytes)"),
        ("bare", "bare broadcast of the block change's size"),
        ("durable", "append, then broadcast of that size"),
        ("bare-view", "bare broadcast of the view's size"),
    ):
        print(f"{words}: p50 {took[name][50]:.1f} p99 {took[name][99]:.1f} ms", file=sys.stderr)
    for figure, name, floor, words in (
        ("room.block_change_p99_vs_broadcast", "change", "bare", "bare broadcast of the same size"),
        ("room.block_change_p99_vs_durable_broadcast", "change", "durable", "bare append, then broadcast"),
        ("room.view_p99_vs_broadcast", "view", "bare-view", "bare broadcast of the same size"),
    ):
        print(json.dumps({
            "figure": figure, "value": round(took[name][99] / took[floor][99], 3), "unit": "ratio", "better": "lower",
            "against": f"{words} to {SEATS}: p99 {took[floor][99]:.1f} ms", "n": n,
        }), flush=True)  # fmt: skip


def percentiles(values_s: list[float]) -> dict[int, float]:
    cuts = statistics.quantiles(values_s, n=100, method="inclusive")
    return {percent: cuts[percent - 1] * 1_000 for percent in (50, 99)}


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard) if hard > 0 else FILES, hard))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if sys.argv[1:] == ["serve"]:
        uvloop.run(serve())
        return
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.load.rooms", "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None and server.stdin is not None
    try:
        uvloop.run(measure(int(server.stdout.readline())))
    finally:
        server.stdin.close()
        server.wait(timeout=30)


if __name__ == "__main__":
    main()
