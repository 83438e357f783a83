"""Milieu's media plane as a subject of the bench: `server.sfu` in a process of its own, as the product runs it."""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import uvloop

from facilitation.timebase import Instant
from server import collector
from server.sfu.core import CoreChoice
from server.sfu.facts import LayersNeeded, MediaFact, SlotsChanged, Wish
from server.sfu.native.build import NotBuilt
from server.sfu.plane import MediaSettings, Sfu
from tests.load.media import apart
from tests.load.media.crowd import End
from tests.load.media.scene import Scene
from tests.load.media.seats import Seat, ssrcs
from tests.load.media.subject import hurry

BROWSER = "browser-"
ROOT = Path(__file__).resolve().parents[3]


class NoSuchCore(RuntimeError):
    """The core that was asked for is not to be had here; the text says why."""


class Milieu:
    """One plane process. `core` is 'python' or 'native'; `fill` seats whole rooms and `empty` lets them leave."""

    def __init__(self, core: str) -> None:
        self.name = f"milieu-{core}"
        self._core = core
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._answers: asyncio.Queue[Any] = asyncio.Queue()
        self._seats: list[Seat] = []
        self.on_slots: Callable[[str, dict[str, dict[str, str]]], Awaitable[None]] | None = None
        """Told what the slots of a browser (a source of that name) show from now on."""
        self.on_layers: Callable[[int, int, int], None] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.load.media.milieu", self._core),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            limit=1 << 20,
            preexec_fn=hurry,
        )
        self._reading = asyncio.create_task(self._read())
        missing = (await self._ask({})).get("missing")
        if missing:
            raise NoSuchCore(f"Milieu's {self._core} core: {missing}")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            said = json.loads(line)
            if "layers" in said:
                if self.on_layers is not None:
                    self.on_layers(int(said["room"]), int(said["peer"].partition("-")[2]), said["layers"])
            elif "slots" not in said:
                self._answers.put_nowait(said)
            elif self.on_slots is not None:
                await self.on_slots(said["peer"], said["slots"])
        self._answers.put_nowait(None)

    async def _ask(self, what: dict[str, Any]) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        async with self._turn:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            answer = await self._answers.get()
        if answer is None:
            raise RuntimeError("the media plane ended")
        return answer

    async def join(self, *, room: int, source: str, offer: str) -> str:
        """The plane's answer to an offer."""
        return str((await self._ask({"join": offer, "room": str(room), "source": source}))["answer"])

    async def fill(self, room: int, scene: Scene) -> list[End]:
        """Seat everybody of one room."""
        ends = []
        for place in range(scene.people):
            seat = Seat(audio_slots=scene.people - 1, video_slots=scene.people - 1, rids=scene.rids)
            await seat.connect(await self.join(room=room, source=f"p-{place}", offer=seat.offer()))
            self._seats.append(seat)
            ends.append(seat.hand_over(room, place, ssrcs(seat, scene, place)))
        for place in range(scene.people):
            heights = {f"p-{other}": height for other, height in scene.wishes(place).items()}
            await self._ask({"wish": heights, "room": str(room), "source": f"p-{place}"})
        return ends

    async def hold(self, seconds: float) -> None:
        """No line of Python runs there for so long, as in a long turn of something else that keeps the interpreter."""
        await self._ask({"hold": seconds})

    async def empty(self) -> None:
        """Everybody leaves and every room is closed."""
        for seat in self._seats:
            await seat.close()
        self._seats.clear()
        await self._ask({"close": True})

    async def stop(self) -> None:
        for seat in self._seats:
            await seat.close()
        self._seats.clear()
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
            self._process = None
        if self._reading is not None:
            await asyncio.wait([self._reading])
            self._reading = None


# ---------------------------------------------------------------------------- the plane's process


def tell(fact: MediaFact) -> None:
    """Say what the slots of browsers show, and which layers others need send; nobody else asks."""
    if isinstance(fact, LayersNeeded) and not fact.peer.startswith(BROWSER):
        print(json.dumps({"room": fact.room, "peer": fact.peer, "layers": fact.video}), flush=True)
    elif isinstance(fact, SlotsChanged) and fact.peer.startswith(BROWSER):
        slots = {"audio": fact.audio, "video": fact.video}
        print(json.dumps({"peer": fact.peer, "slots": slots}), flush=True)


async def serve() -> None:
    """Answer lines of JSON until there are no more."""
    core = cast(CoreChoice, sys.argv[1])
    host = apart.ADDRESS if apart.is_apart() else "127.0.0.1"
    settings = MediaSettings(hosts=(host,), public_addresses=(host,), core=core)
    try:
        sfu = Sfu(settings, clock=lambda: Instant(time.time_ns() // 1_000_000))
    except NotBuilt as missing:
        print(json.dumps({"missing": str(missing)}), flush=True)
        return
    await sfu.start(tell)
    collector.settle()
    tidying = asyncio.create_task(collector.keep_aside(lambda: True))
    rooms: set[str] = set()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ask = json.loads(line)
        answer: dict[str, Any] = {}
        if "join" in ask:
            room, source = ask["room"], ask["source"]
            rooms.add(room)
            sfu.forward(room=room, source=source, microphone=True, camera=True)
            answer["answer"] = await sfu.join(room=room, source=source, peer=source, offer=ask["join"])
        elif "wish" in ask:
            sfu.wish(room=ask["room"], peer=ask["source"], wish=Wish(heights=ask["wish"]))
        elif "hold" in ask:
            ctypes.PyDLL(None).usleep(round(ask["hold"] * 1_000_000))  # Called with the interpreter's lock.
        elif "close" in ask:
            for room in rooms:
                sfu.close_room(room=room)
            rooms.clear()
        print(json.dumps(answer), flush=True)
    tidying.cancel()
    await sfu.stop()


if __name__ == "__main__":
    uvloop.run(serve())
