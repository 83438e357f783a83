"""Janus' VideoRoom as a subject of the bench: one publishing and one receiving connection a person, as it wants.

It runs with a configuration of its own in a temporary folder, on loopback alone, and is ended by its process id.
Signalling is its WebSocket API.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.load.media.apart import ADDRESS
from tests.load.media.crowd import End
from tests.load.media.scene import Scene
from tests.load.media.seats import CANDIDATE, Seat, ssrcs
from tests.load.media.subject import hurry

PROGRAM = "janus"
MEDIA_PORTS = "42000-48000"
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu/janus")
ANSWER_S = 15.0

_GENERAL = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{libraries}/plugins"
    transports_folder = "{libraries}/transports"
    events_folder = "{libraries}/events"
    loggers_folder = "{libraries}/loggers"
    debug_level = 2
    interface = "127.0.0.1"
    session_timeout = 0
    {loops}
}}
media: {{ rtp_port_range = "{ports}" }}
nat: {{ ice_lite = true ice_enforce_list = "{address}" ice_tcp = false }}
plugins: {{ disable = "{no_plugins}" }}
transports: {{ disable = "{no_transports}" }}
"""
_WEBSOCKETS = """
general: {{ json = "compact" ws = true ws_port = {port} ws_ip = "127.0.0.1" wss = false }}
admin: {{ admin_ws = false admin_wss = false }}
"""


def version() -> str | None:
    """'1.1.2', or None where Janus is not installed."""
    if shutil.which(PROGRAM) is None:
        return None
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return found[0] if found else "?"


class JanusRefused(RuntimeError):
    """Janus said no; the text is its own."""


class Api:
    """Janus' WebSocket API: one session, its handles, and a reply for each request."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self._session = 0

    @classmethod
    async def open(cls, port: int) -> Api:
        # Without pings: nobody answers them while the server is held.
        way = connect(f"ws://127.0.0.1:{port}", subprotocols=["janus-protocol"], max_size=None, ping_interval=None)
        api = cls(await way)
        api._session = (await api._ask({"janus": "create"}))["data"]["id"]
        return api

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._connection:
                message = json.loads(text)
                waiting = self._waiting.get(message.get("transaction", ""))
                # An acknowledgement only says that the event will come.
                if waiting is not None and not waiting.done() and message["janus"] != "ack":
                    waiting.set_result(message)

    async def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        transaction = str(next(self._numbers))
        waiting = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        if self._session:
            request["session_id"] = self._session
        try:
            await self._connection.send(json.dumps({**request, "transaction": transaction}))
            reply = await asyncio.wait_for(waiting, ANSWER_S)
        finally:
            del self._waiting[transaction]
        inner = reply.get("plugindata", {}).get("data", {})
        if reply["janus"] == "error" or "error" in inner:
            raise JanusRefused(inner.get("error") or reply["error"]["reason"])
        return reply

    async def attach(self) -> int:
        """A new handle on the VideoRoom."""
        return int((await self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom"}))["data"]["id"])

    async def message(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], str]:
        """What the VideoRoom says to `body`, and the SDP that came with it."""
        request: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            request["jsep"] = jsep
        reply = await self._ask(request)
        return reply["plugindata"]["data"], reply.get("jsep", {}).get("sdp", "")

    async def detach(self, handle: int) -> None:
        await self._ask({"janus": "detach", "handle_id": handle})

    async def close(self) -> None:
        await self._connection.close()
        await asyncio.wait([self._reading])


class Janus:
    """One Janus process. `event_loops` shares that many threads among all connections (0: one each, its default)."""

    def __init__(self, *, event_loops: int = 0) -> None:
        self.name = "janus" if not event_loops else f"janus-{event_loops}-loop"
        self._loops = event_loops
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._api: Api | None = None
        self._seats: list[Seat] = []
        self._handles: list[int] = []
        self._rooms: dict[int, int] = {}
        self.on_layers: Callable[[int, int, int], None] | None = None
        """Never told: Janus takes all layers, watched or not."""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def api(self) -> Api:
        assert self._api is not None
        return self._api

    async def start(self) -> None:
        folder = self._folder = Path(tempfile.mkdtemp(prefix="milieu-janus-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        plugins = [path.name for path in LIBRARIES.glob("plugins/*.so") if "videoroom" not in path.name]
        transports = [path.name for path in LIBRARIES.glob("transports/*.so") if "websockets" not in path.name]
        (folder / "janus.jcfg").write_text(
            _GENERAL.format(
                folder=folder,
                address=ADDRESS,
                libraries=LIBRARIES,
                ports=MEDIA_PORTS,
                loops=f"event_loops = {self._loops}" if self._loops else "",
                no_plugins=",".join(plugins),
                no_transports=",".join(transports),
            )
        )
        (folder / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=port))
        (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
        log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            [PROGRAM, "--configs-folder", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=hurry,
        )
        log.close()
        for _ in range(100):
            try:
                self._api = await Api.open(port)
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                await asyncio.sleep(0.1)
        raise JanusRefused("Janus did not start: " + (folder / "log").read_text()[-2_000:])

    async def room(self, room: int, people: int) -> int:
        """Make a room; its number at Janus."""
        if room not in self._rooms:
            number = 1_000 + room
            handle = await self.api.attach()
            await self.api.message(
                handle,
                {
                    "request": "create",
                    "room": number,
                    "publishers": people,
                    "audiocodec": "opus",
                    "videocodec": "vp8",
                    "opus_dtx": True,
                    "opus_fec": True,
                    "bitrate": 0,
                },
            )
            await self.api.detach(handle)
            self._rooms[room] = number
        return self._rooms[room]

    async def publish(self, number: int, display: str, offer: str) -> tuple[int, int, str]:
        """Publish by an offer: the handle, the feed's id, the answer."""
        handle = await self.api.attach()
        self._handles.append(handle)
        said, answer = await self.api.message(
            handle,
            {"request": "joinandconfigure", "room": number, "ptype": "publisher", "display": display},
            {"type": "offer", "sdp": offer},
        )
        return handle, said["id"], answer

    async def subscribe(self, number: int, streams: list[dict[str, Any]]) -> tuple[int, str]:
        """Ask for streams in one connection: the handle and Janus' offer."""
        handle = await self.api.attach()
        self._handles.append(handle)
        _, offer = await self.api.message(
            handle,
            {
                "request": "join",
                "room": number,
                "ptype": "subscriber",
                "streams": streams,
            },
        )
        return handle, offer

    async def begin(self, handle: int, answer: str) -> None:
        """Take a subscriber's answer: media flows once it is connected."""
        await self.api.message(handle, {"request": "start"}, {"type": "answer", "sdp": answer})

    async def release(self, handle: int) -> None:
        """End a connection."""
        self._handles.remove(handle)
        await self.api.detach(handle)

    async def fill(self, room: int, scene: Scene) -> list[End]:
        """Seat everybody of one room."""
        number = await self.room(room, scene.people)
        published = await asyncio.gather(*(self._publisher(number, place, scene) for place in range(scene.people)))
        feeds = [feed for _, feed in published]
        viewers = await asyncio.gather(*(self._viewer(number, feeds, place, scene) for place in range(scene.people)))
        ends = [seat.hand_over(room, place, ssrcs(seat, scene, place)) for place, (seat, _) in enumerate(published)]
        return ends + [seat.hand_over(room, place, {}) for place, seat in enumerate(viewers)]

    async def _publisher(self, number: int, place: int, scene: Scene) -> tuple[Seat, int]:
        seat = Seat(audio_slots=0, video_slots=0, rids=scene.rids)
        self._seats.append(seat)
        # Janus must wait for our DTLS, as Milieu does.
        offer = seat.offer().replace("actpass", "active").replace("a=mid:", CANDIDATE + "a=mid:")
        _, feed, answer = await self.publish(number, f"p-{place}", offer)
        await seat.connect(answer)
        return seat, feed

    async def _viewer(self, number: int, feeds: list[int], place: int, scene: Scene) -> Seat:
        seat = Seat(publishes=False)
        self._seats.append(seat)
        streams: list[dict[str, Any]] = []
        for other in scene.wishes(place):
            streams += [{"feed": feeds[other], "mid": "0"}, {"feed": feeds[other], "mid": "1"}]
            layers = [stream for stream in scene.of(other).values() if stream.rid]
            shown = next((index for index, stream in enumerate(layers) if scene.sees(place, stream)), None)
            if shown is not None:
                # Janus takes the layer that is named first for the largest.
                streams[-1]["substream"] = len(layers) - 1 - shown
        handle, offer = await self.subscribe(number, streams)
        await self.begin(handle, seat.answer(offer))
        await seat.connect(offer)
        return seat

    async def empty(self) -> None:
        """Everybody leaves and every room is destroyed."""
        for seat in self._seats:
            await seat.close()
        self._seats.clear()
        for handle in self._handles:
            await self.api.detach(handle)
        self._handles.clear()
        handle = await self.api.attach()
        for number in self._rooms.values():
            await self.api.message(handle, {"request": "destroy", "room": number})
        await self.api.detach(handle)
        self._rooms.clear()

    async def stop(self) -> None:
        for seat in self._seats:
            await seat.close()
        self._seats.clear()
        if self._api is not None:
            await self._api.close()
        if self._process is not None:
            self._process.terminate()
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder)
