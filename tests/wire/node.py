"""A real node on a loopback port: uvicorn, the websocket endpoint, the rooms over a store; and a way to kill it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from facilitation.commands import Command, OfferMeasures, OpenSession
from facilitation.ids import SessionId
from facilitation.measures import Measure
from facilitation.people import Expected
from server.clock import Clock
from server.rooms.directory import Rooms
from server.rooms.ports import EventLog, Leases, MediaPlane, NotAdmitted
from server.rooms.silent_media import SilentMedia
from server.wire.connection import Greeting, session_socket
from tests.support.rooms import end_process
from tests.support.serving import Server
from tests.wire.example import EVERYBODY, SESSION, opening


class Node:
    """One node with the example session (`s-…` names all exist, other names do not). A ticket is a person's id."""

    def __init__(
        self,
        log: EventLog,
        leases: Leases,
        clock: Clock,
        *,
        media: MediaPlane | None = None,
        name: str = "node",
        port: int = 0,
        send_buffer: int | None = None,
        roster: tuple[Expected, ...] = EVERYBODY,
        measures: tuple[Measure, ...] = (),
    ) -> None:
        """`measures`: due for every participant."""
        self.clock = clock
        self.log = log
        self.media = media or SilentMedia(clock)
        self.signed: list[SessionId] = []
        self.rooms = Rooms(
            log=log,
            leases=leases,
            media=self.media,
            clock=clock,
            load_session=self._load,
            node=name,
            on_signed=self.signed.append,
            brief=self._brief,
        )
        self._measures = measures
        self._roster = {expected.person: expected for expected in roster}
        self._socket = socket.create_server(("127.0.0.1", port))
        if send_buffer is not None:  # inherited by what it accepts
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.port: int = self._socket.getsockname()[1]
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None

    def expect(self, late: Expected) -> None:
        """Put somebody on the clinic's list who was not on it as rooms opened."""
        self._roster[late.person] = late

    async def _load(self, session: SessionId) -> OpenSession | None:
        if not session.startswith("s-"):
            return None
        opened = opening(session, starts_at=self.clock.now(), roster=tuple(self._roster.values()))
        return replace(opened, measures=self._measures)

    async def _brief(self, session: SessionId) -> list[Command]:
        names = tuple(measure.id for measure in self._measures)
        people = (each.person for each in self._roster.values() if each.treated)
        return [OfferMeasures(person=person, measures=names) for person in people] if names else []

    async def _identify(self, websocket: WebSocket, session: SessionId, ticket: str | None) -> Expected | None:
        if "origin" in websocket.headers:
            raise NotAdmitted
        return self._roster.get(ticket)

    async def _endpoint(self, websocket: WebSocket) -> None:
        await session_socket(
            websocket, rooms=self.rooms, identify=self._identify, clock=self.clock, greeting=Greeting()
        )

    def address(self, session: str = SESSION) -> str:
        return f"ws://127.0.0.1:{self.port}/s/{session}/socket"

    async def start(self) -> None:
        await self.media.start(self.rooms.media_fact)
        app = Starlette(routes=[WebSocketRoute("/s/{session}/socket", self._endpoint)])
        self._server = Server(app, log_level="critical", timeout_graceful_shutdown=5)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="uvicorn")
        await self._server.up.wait()

    async def stop(self) -> None:
        """As a server stops that was asked to."""
        assert self._server is not None and self._serving is not None
        self._server.should_exit = True
        await self._serving
        await self.rooms.close()
        await self.media.stop()

    async def crash(self) -> None:
        """As a server ends that was killed: nothing more is written, nobody is told, sockets just end."""
        assert self._server is not None and self._serving is not None
        await end_process(self.rooms)
        for protocol in list(self._server.server_state.connections):
            protocol.transport.abort()
        self._server.should_exit = True
        await self._serving


@contextlib.asynccontextmanager
async def running(node: Node) -> AsyncIterator[Node]:
    await node.start()
    try:
        yield node
    finally:
        await node.stop()
