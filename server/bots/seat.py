"""One seat in a session, held over the wire protocol: ticket, hello, pings, commands, views, reconnecting."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

Message = dict[str, Any]

RECONNECT_AFTER_S = (0.0, 0.3, 1.0, 2.0, 4.0, 5.0)
SILENCE_S_MAX = 6.0
FINAL_CLOSE_CODES = frozenset({1000, 4400, 4401, 4403, 4404})
ANSWER_S_MAX = 30.0


class Refused(Exception):
    """The server said no to a command or an offer; `code` is the protocol's stable word."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class SeatClosed(Exception):
    """The seat is gone for good: a final close code, or `close` was called."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code} {reason}")
        self.code = code
        self.reason = reason


def _fetch(url: str, body: Message | None = None, *, ticket: str | None = None) -> Message:
    """POST `body`, or GET without one."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {ticket}"} if ticket else {}),
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as refused:
        with refused:
            error = json.load(refused).get("error", {})
        raise Refused(error.get("code", str(refused.code)), error.get("text", "")) from None


class Seat:
    """Takes a seat with a link and keeps it until `close`.

    `view` is the latest whole view (`{}` before the first). Unanswered commands are sent again after a reconnect,
    under the same id. `on_message` sees every message that is not a view, a ping or an answer to a command.
    """

    def __init__(
        self,
        link: str,
        *,
        mode: str = "room",
        device: str | None = None,
        on_message: Callable[[Message], None] = lambda message: None,
    ) -> None:
        split = urllib.parse.urlsplit(link)
        self._base = f"{split.scheme}://{split.netloc}"
        self._link = split.path.rsplit("/", 1)[-1]
        self._mode = mode
        self._device = device or secrets.token_hex(8)
        self._on_message = on_message
        self._ticket: Message | None = None
        self._socket: ClientConnection | None = None
        self._unanswered: dict[str, tuple[str, asyncio.Future[Message]]] = {}
        self._changed = asyncio.Condition()
        self._closed: SeatClosed | None = None
        self.view: Message = {}
        self.welcome: Message = {}
        self.connections = 0
        """How many times a welcome was received: 1 = never dropped."""

    @property
    def person(self) -> str:
        return str(self.welcome["person"])

    async def run(self) -> None:
        """Hold the seat, over any number of connections. Returns when it is closed for good."""
        attempt = 0
        try:
            while self._closed is None:
                try:
                    before = self.connections
                    await self._connect_once()
                    attempt = 0 if self.connections > before else attempt
                except ConnectionClosed as closed:
                    code = closed.rcvd.code if closed.rcvd else 1006
                    attempt = 0 if self.view else attempt
                    if code in FINAL_CLOSE_CODES:
                        self._closed = SeatClosed(code, closed.rcvd.reason if closed.rcvd else "")
                        return
                except (OSError, TimeoutError, InvalidStatus):
                    pass
                if self._closed is None:
                    pause = RECONNECT_AFTER_S[min(attempt, len(RECONNECT_AFTER_S) - 1)]
                    attempt += 1
                    await asyncio.sleep(pause * random.uniform(0.8, 1.2))
        finally:
            self._closed = self._closed or SeatClosed(1000, "stopped")
            for _, answer in self._unanswered.values():
                if not answer.done():
                    answer.set_exception(self._closed)
                    answer.exception()  # seen: nobody may be waiting any more
            self._unanswered.clear()
            async with self._changed:
                self._changed.notify_all()

    async def sign(self, name: str) -> None:
        """Sign all that the door asks this person for (PROTOCOL §12). Raises Refused."""
        assert self._ticket is not None, "there is a ticket once there is a view"
        ticket = self._ticket["ticket"]
        door = f"{self._base}/s/{self._ticket['session']}/door"
        there = await asyncio.to_thread(_fetch, door, ticket=ticket)
        for each in there["consents"]:
            if each["mine"]:
                signed = {"kind": each["kind"], "fingerprint": each["fingerprint"], "name": name}
                await asyncio.to_thread(_fetch, f"{door}/consents", signed, ticket=ticket)

    async def _connect_once(self) -> None:
        if self._ticket is None:
            self._ticket = await asyncio.to_thread(_fetch, f"{self._base}/api/ticket", {"link": self._link})
        async with connect(self._ticket["socket"], max_size=4 * 2**20, ping_interval=None, proxy=None) as socket:
            await socket.send(
                json.dumps(
                    {
                        "type": "hello",
                        "protocol": 1,
                        "device": self._device,
                        "mode": self._mode,
                        "ticket": self._ticket["ticket"],
                    }
                )
            )
            try:
                while True:
                    async with asyncio.timeout(SILENCE_S_MAX):
                        message = json.loads(await socket.recv())
                    await self._take(socket, message)
            finally:
                self._socket = None

    async def _take(self, socket: ClientConnection, message: Message) -> None:
        match message["type"]:
            case "ping":
                await socket.send(json.dumps({"type": "pong", "now": message["now"]}))
            case "welcome":
                self.welcome = message
                self.connections += 1
                self._socket = socket
                for text, _ in list(self._unanswered.values()):
                    await socket.send(text)
            case "view":
                self.view = message
            case "agenda":
                if self.view:
                    room = self.view["room"] | {"phase": message["phase"], "agenda": message["agenda"]}
                    self.view = self.view | {"room": room}
            case "accepted" | "refused" | "answer":
                key = str(message.get("command_id") or message.get("offer_id"))
                waiting = self._unanswered.pop(key, None)
                if waiting is not None and not (answer := waiting[1]).done():
                    if message["type"] == "refused":
                        answer.set_exception(Refused(message["code"], message["text"]))
                    else:
                        answer.set_result(message)
            case _:
                self._on_message(message)
        async with self._changed:
            self._changed.notify_all()

    async def command(self, kind: str, **fields: Any) -> int:
        """Send a command; returns the log's `seq` once it is durable. Raises Refused or SeatClosed."""
        key = secrets.token_hex(8)
        answer = await self._ask(key, {"type": kind, "command_id": key, **fields})
        return int(answer["seq"])

    async def offer(self, sdp: str, peer: str | None = None) -> tuple[str, str]:
        """Agree media: (peer id, SDP answer). Raises Refused or SeatClosed."""
        key = secrets.token_hex(8)
        answer = await self._ask(key, {"type": "offer", "offer_id": key, "peer": peer, "sdp": sdp})
        return str(answer["peer"]), str(answer["sdp"])

    async def tell(self, message: Message) -> None:
        """Send a message that has no answer (`wish`); dropped while there is no connection."""
        if self._socket is not None:
            await self._socket.send(json.dumps(message))

    async def _ask(self, key: str, message: Message) -> Message:
        if self._closed is not None:
            raise self._closed
        text = json.dumps(message)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._unanswered[key] = (text, answer)
        try:
            if self._socket is not None:
                try:
                    await self._socket.send(text)
                except ConnectionClosed:
                    pass  # sent again after the reconnect
            async with asyncio.timeout(ANSWER_S_MAX):
                return await answer
        finally:
            self._unanswered.pop(key, None)

    async def until(self, true_of: Callable[[Message], object], *, within_s: float = 30.0) -> Message:
        """The first view of which `true_of` holds. Raises TimeoutError or SeatClosed."""
        async with asyncio.timeout(within_s), self._changed:
            while not (self.view and true_of(self.view)):
                if self._closed is not None:
                    raise self._closed
                await self._changed.wait()
            return self.view

    async def drop(self) -> None:
        """Break the connection without a goodbye, as a bad network does; `run` then comes back."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def close(self) -> None:
        """Give the seat up: no reconnect follows."""
        self._closed = SeatClosed(1000, "closed here")
        if self._socket is not None:
            await self._socket.close()
