"""A browser without pictures: one websocket that answers pings, keeps the latest view and asks."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from facilitation.people import Expected
from tests.wire.example import SESSION
from tests.wire.node import Node

Message = dict[str, Any]

_numbers = itertools.count(1)


class Refused(Exception):
    """The server said no, with a code."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class Browser:
    """`async with Browser(node, person) as browser`: connected, welcomed and shown a view; closed at the end."""

    def __init__(
        self, node: Node, person: Expected, *, session: str = SESSION, mode: str = "room", device: str = "laptop"
    ) -> None:
        self.node = node
        self.person = person
        self.mode = mode
        self.device = device
        self.session = session
        self.pongs = True
        """Switch off, and this browser never proves life again."""
        self.pings = 0
        self.messages: list[Message] = []
        self.views: list[Message] = []
        self.closed: tuple[int, str] | None = None
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self, *, shown: bool = True) -> Self:
        self.closed = None
        self._socket = await connect(self.node.address(self.session), ping_interval=None, proxy=None, max_size=None)
        await self.say(type="hello", protocol=1, device=self.device, mode=self.mode, ticket=self.person.person)
        self._reader = asyncio.create_task(self._read())
        if shown:
            before = len(self.views)
            await self.until(lambda: len(self.views) > before or self.closed)
        return self

    async def __aenter__(self) -> Self:
        return await self.connect()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close as a tab closes."""
        if self._socket is not None:
            await self._socket.close(1001)
        if self._reader is not None:
            await self._reader

    async def vanish(self) -> None:
        """Break off without a goodbye, as a network does."""
        assert self._socket is not None and self._reader is not None
        self._socket.transport.abort()
        await self._reader

    async def _read(self) -> None:
        assert self._socket is not None
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message["type"] == "ping":
                    self.pings += 1
                    if self.pongs:
                        await self.say(type="pong", now=message["now"])
                elif message["type"] == "view":
                    self.views.append(message)
                else:
                    self.messages.append(message)
                async with self._changed:
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        self.closed = (self._socket.close_code or 1006, self._socket.close_reason or "")
        async with self._changed:
            self._changed.notify_all()

    # ------------------------------------------------------------------ saying

    async def say(self, **fields: Any) -> None:
        await self.send(json.dumps(fields))

    async def send(self, data: str | bytes) -> None:
        assert self._socket is not None
        await self._socket.send(data)

    async def ask(self, command: str, *, id_: str | None = None, **fields: Any) -> int:
        """Send a command; returns its `seq`. Raises Refused."""
        id_ = id_ or f"{self.person.person}-{next(_numbers)}"
        before = len(self.messages)
        await self.say(type=command, command_id=id_, **fields)
        answer = await self.message(lambda m: m.get("command_id") == id_, after=before)
        if answer["type"] == "refused":
            raise Refused(answer["code"], answer["text"])
        return int(answer["seq"])

    # ------------------------------------------------------------------ seeing

    async def until(self, true: Callable[[], object], *, within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s), self._changed:
            while not true():
                await self._changed.wait()

    async def message(self, wanted: Callable[[Message], object], *, after: int = 0, within_s: float = 60.0) -> Message:
        """The first message since number `after` that is wanted."""
        await self.until(lambda: any(wanted(m) for m in self.messages[after:]), within_s=within_s)
        return next(m for m in self.messages[after:] if wanted(m))

    async def view(self, wanted: Callable[[Message], object] = lambda view: True, *, within_s: float = 60.0) -> Message:
        """The latest view, once one is wanted."""
        await self.until(lambda: self.views and wanted(self.views[-1]), within_s=within_s)
        return self.views[-1]

    async def ended(self, *, within_s: float = 60.0) -> int:
        """The close code, once closed."""
        await self.until(lambda: self.closed is not None, within_s=within_s)
        assert self.closed is not None
        return self.closed[0]


async def arrive(browser: Browser) -> None:
    """Through the gate into the waiting room."""
    await browser.ask(
        "arrive",
        name=browser.person.name,
        location="1 Example Road",
        callback="555 0100",
        private_space=True,
        agreement=True,
    )


async def seat(facilitator: Browser, *participants: Browser) -> None:
    """Through the gate and into the room."""
    for each in participants:
        await arrive(each)
        await facilitator.ask("admit", person=each.person.person)
        await each.view(lambda view: view["you"]["place"] == "room")
