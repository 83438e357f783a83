"""A bad network in virtual time: websockets whose messages are late, stand still or are cut, in either direction.

What a websocket promises holds as well: in order, whole, and each once until it breaks.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from typing import Any

from starlette.websockets import WebSocketDisconnect, WebSocketState

from facilitation.timebase import Instant
from server.clock import Clock


class Line:
    """One direction of a websocket."""

    def __init__(self, rng: random.Random, deliver: Any) -> None:
        self._rng = rng
        self._deliver = deliver
        self._free_at_s = 0.0
        self._held: deque[Any] | None = None
        self._cut = False
        self._loop = asyncio.get_running_loop()

    def send(self, thing: Any) -> None:
        if self._cut:
            return
        if self._held is not None:
            self._held.append(thing)
            return
        late_s = self._rng.choice((0.001, 0.005, 0.02, 0.08, 0.4))
        self._free_at_s = max(self._free_at_s + 1e-6, self._loop.time() + late_s)
        self._loop.call_at(self._free_at_s, self._arrive, thing)

    def _arrive(self, thing: Any) -> None:
        if self._cut:
            return
        if self._held is not None:
            self._held.append(thing)
        else:
            self._deliver(thing)

    def stall(self) -> None:
        """Nothing arrives until `flow`."""
        self._held = self._held or deque()

    def flow(self) -> None:
        held, self._held = self._held, None
        for thing in held or ():
            self.send(thing)

    def cut(self) -> None:
        """What is under way is lost."""
        self._cut = True


class Socket:
    """Both ends of one websocket. To the server it is what Starlette's `WebSocket` is."""

    def __init__(self, rng: random.Random, *, session: str, clock: Clock) -> None:
        self.path_params = {"session": session}
        self._clock = clock
        self.headers: dict[str, str] = {}
        self.client_state = WebSocketState.CONNECTED
        self.application_state = WebSocketState.CONNECTED
        self.inbox: asyncio.Queue[str | None] = asyncio.Queue()
        """What arrives at the browser; None: the line is closed."""
        self.code: int | None = None
        self.connection: str | None = None
        """The name the server gave it."""
        self.last_heard: Instant | None = None
        """When the server last took something in, by its own clock."""
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._up = Line(rng, self._received.put_nowait)
        self._down = Line(rng, self.inbox.put_nowait)

    # ------------------------------------------------------------------ the server's end

    async def accept(self) -> None:
        pass

    async def receive(self) -> dict[str, Any]:
        received = await self._received.get()
        if received["type"] == "websocket.receive":
            self.last_heard = self._clock.now()
        else:
            self.client_state = WebSocketState.DISCONNECTED
            if received["code"] == 1001:
                self.last_heard = self._clock.now()
        return received

    async def send(self, message: dict[str, Any]) -> None:
        if self.client_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnect(1006)
        if self.connection is None:
            self.connection = json.loads(message["text"])["connection"]
        self._down.send(message["text"])

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.application_state = WebSocketState.DISCONNECTED
        self.code = self.code or int(code)
        self._down.send(None)

    # ------------------------------------------------------------------ the browser's end

    def say(self, text: str) -> None:
        self._up.send({"type": "websocket.receive", "text": text})

    def leave(self) -> None:
        """Close as a tab does."""
        self._up.send({"type": "websocket.disconnect", "code": 1001})
        self._down.cut()
        self.inbox.put_nowait(None)

    # ------------------------------------------------------------------ the weather

    def stall(self) -> None:
        self._up.stall()
        self._down.stall()

    def flow(self) -> None:
        self._up.flow()
        self._down.flow()

    def cut(self, *, server_sees: bool, browser_sees: bool) -> None:
        """The line breaks; either end may be told, or has to notice the silence."""
        self._up.cut()
        self._down.cut()
        if server_sees:
            self._received.put_nowait({"type": "websocket.disconnect", "code": 1006})
        if browser_sees:
            self.code = self.code or 1006
            self.inbox.put_nowait(None)
