"""How far apart a group breathes: real browsers on emulated lines, with clocks that are wrong.

    python -m tests.load.exercises

Each seat is a page of the real application in Chromium, behind a proxy that delays both ways of its line, and with a
`Date` and a `performance.now` that are off and drift. A facilitator begins the paced breathing; each page notes, by
the machine's true clock, at which frame its circle turns from one half of a breath to the other. The spread of a turn
is how much later the last seat shows it than the first. Seats whose ways are as long there as back come first; then
some join whose ways are uneven, of which half the difference can be known to nobody. Beside it stands what telling
alone would give: how far apart the seats heard that the breathing begins.

All seats share this machine, which may be too slow to draw so many pages sixty times a second. A turn at which some
page had no frame for FRAME_MS_MAX is told apart: it says how this machine draws, and nothing of the group's clock.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from playwright.async_api import Browser, Page, expect

from facilitation import commands as c
from facilitation.timebase import MINUTE_MS
from server.store.embedded import EmbeddedValkey
from tests.support.acts import open_listed
from tests.support.browser import open_chromium
from tests.support.evening import FAY, Clinic, Evening, open_clinic

BREATHS_S = 32
SETTLE_S = 7
FRAME_MS_MAX = 34.0
"""Two frames at sixty a second."""

Turn = tuple[str, float, float]
"""The half of a breath that begins, when it was drawn, and how long the page had drawn nothing before; true ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One seat's way to the server, in milliseconds each way, and how wrong its clocks are."""

    up_ms: float
    down_ms: float
    jitter_ms: float = 0
    skew_ms: float = 0
    drift: float = 0.0


EVEN = (
    Line(up_ms=1, down_ms=1),
    Line(up_ms=20, down_ms=20, jitter_ms=15, skew_ms=90_000, drift=5e-5),
    Line(up_ms=60, down_ms=60, jitter_ms=40, skew_ms=-86_400_000, drift=-5e-5),
    Line(up_ms=120, down_ms=120, jitter_ms=80, skew_ms=-3_000, drift=2e-5),
    Line(up_ms=250, down_ms=250, jitter_ms=150, skew_ms=500_000),
)
UNEVEN = (
    Line(up_ms=90, down_ms=30, jitter_ms=30, drift=-3e-5),
    Line(up_ms=30, down_ms=110, jitter_ms=30, skew_ms=7_000),
)

WRONG_CLOCKS = """({skew, drift}) => {
    const now = performance.now.bind(performance), began = now(), date = Date.now.bind(Date);
    window.truth = () => performance.timeOrigin + now();
    performance.now = () => now() + (now() - began) * drift + Math.abs(skew);
    Date.now = () => date() + skew;
    window.turns = [];
    window.told = null;
    const Socket = WebSocket;
    window.WebSocket = class extends Socket {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", event => {
                if (window.told === null && /"exercise":\\{.*?"step":0/.test(event.data)) window.told = window.truth();
            });
        }
    };
}"""
WATCH = """() => {
    const circle = document.querySelector(".breath");
    let frames = [truth(), truth(), truth()];
    const note = () => { frames = [...frames.slice(1), truth()]; requestAnimationFrame(note); };
    requestAnimationFrame(note);
    const turned = () => {
        const gap = Math.max(truth() - frames[2], frames[2] - frames[1], frames[1] - frames[0]);
        window.turns.push([circle.dataset.phase, truth(), gap]);
    };
    new MutationObserver(turned).observe(circle, {attributes: true, attributeFilter: ["data-phase"]});
}"""


class Way:
    """Passes a browser's lines on to the server, each way as late as its line says; nothing overtakes anything."""

    def __init__(self, line: Line, port: int, seed: int) -> None:
        self.slow = False
        self._line = line
        self._port = port
        self._random = random.Random(seed)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there_writer}
        for source, sink, ms in ((reader, there_writer, self._line.up_ms), (there_reader, writer, self._line.down_ms)):
            late: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            for work in (self._take(source, late, ms), self._give(late, sink)):
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _take(self, source: asyncio.StreamReader, late: asyncio.Queue[tuple[float, bytes]], ms: float) -> None:
        loop, due = asyncio.get_running_loop(), 0.0
        data = b"-"
        while data:
            try:
                data = await source.read(65_536)
            except OSError:
                data = b""
            wait_ms = ms + self._random.random() * self._line.jitter_ms if self.slow else 0
            due = max(due, loop.time() + wait_ms / 1_000)
            late.put_nowait((due, data))

    async def _give(self, late: asyncio.Queue[tuple[float, bytes]], sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await late.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                sink.close()
                return
            sink.write(data)

    def cut(self) -> None:
        """End every line: browsers come back, and learn the server's clock anew."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()


@asynccontextmanager
async def way_to(line: Line, port: int, seed: int) -> AsyncIterator[tuple[Way, int]]:
    way = Way(line, port, seed)
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    try:
        yield way, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await way.close()


def evening(seats: int) -> Evening:
    told = Evening(session="s-now", starts_at=int(time.time() * 1_000) - 3 * MINUTE_MS, people=seats)
    told.at(-2)
    for person in (FAY, *told.people):
        told.come(person)
    told.at(0)
    told.do(c.StartSession(), FAY)
    return told


async def enter(browser: Browser, clinic: Clinic, person: str, line: Line, port: int) -> Page:
    context = await browser.new_context(viewport={"width": 360, "height": 640})
    context.set_default_timeout(60_000)
    await context.add_init_script(f"({WRONG_CLOCKS})({json.dumps({'skew': line.skew_ms, 'drift': line.drift})})")
    page = await context.new_page()
    await page.goto(re.sub(r":\d+/", f":{port}/", clinic.link("s-now", person)))
    await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
    return page


async def breathe(lines: tuple[Line, ...]) -> tuple[list[tuple[float, float]], float]:
    """Of each turn, its spread over all seats and the longest time without a frame; and the spread of hearing of it."""
    told = evening(len(lines))
    with tempfile.TemporaryDirectory(prefix="milieu-load-") as name:
        folder = Path(name)
        valkey = EmbeddedValkey(folder)
        try:
            async with (
                open_clinic(folder, await valkey.start(), told) as clinic,
                open_chromium() as browser,
                _ways(lines, int(clinic.url.rsplit(":", 1)[1])) as ways,
            ):
                fay = await enter(browser, clinic, FAY, Line(up_ms=0, down_ms=0), int(clinic.url.rsplit(":", 1)[1]))
                seats = [
                    await enter(browser, clinic, person, line, port)
                    for person, line, (_, port) in zip(told.people, lines, ways, strict=True)
                ]
                for way, _ in ways:
                    way.slow = True
                    way.cut()
                await asyncio.sleep(SETTLE_S)
                await fay.get_by_role("button", name="Group").click()
                await fay.get_by_role("tab", name="Now").click()
                await open_listed(fay, "Paced breathing")
                for page in seats:
                    await expect(page.get_by_role("heading", name="Paced breathing")).to_be_visible()
                await fay.get_by_role("button", name="Begin").click()
                for page in seats:
                    await page.locator(".breath").wait_for(state="attached")
                    await page.evaluate(WATCH)
                await asyncio.sleep(BREATHS_S)
                turns: list[list[Turn]] = [await page.evaluate("window.turns") for page in seats]
                heard: list[float] = [await page.evaluate("window.told") for page in seats]
        finally:
            await valkey.stop()
    return spreads(turns), max(heard) - min(heard)


@asynccontextmanager
async def _ways(lines: tuple[Line, ...], port: int) -> AsyncIterator[list[tuple[Way, int]]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(way_to(line, port, seed)) for seed, line in enumerate(lines)]


def spreads(turns: list[list[Turn]]) -> list[tuple[float, float]]:
    """Of the turns that every seat saw: those of each seat beside the ones of the first that are nearest in time."""
    found = []
    for phase, at, _ in turns[0]:
        shown = [min((turn for turn in seat if turn[0] == phase), key=lambda t: abs(t[1] - at)) for seat in turns]
        if phase in ("inhale", "exhale") and all(abs(turn[1] - at) < 2_000 for turn in shown):
            times = [turn[1] for turn in shown]
            found.append((max(times) - min(times), max(turn[2] for turn in shown)))
    return found


def tell(figure: str, measured: list[tuple[float, float]], *, against: str) -> None:
    """The largest spread of the turns that this machine drew in time."""
    words = ", ".join(f"{spread:.0f} ({gap:.0f} without a frame)" for spread, gap in measured)
    print(f"{figure}: {words} ms", file=sys.stderr)
    drawn = [spread for spread, gap in measured if gap <= FRAME_MS_MAX]
    if len(drawn) < 3:
        raise SystemExit(f"{figure}: this machine is too busy to draw; only {len(drawn)} turns came in time")
    told: dict[str, Any] = {
        "figure": figure, "value": round(max(drawn), 1), "unit": "ms", "better": "lower",
        "against": f"{against}; {len(measured) - len(drawn)} turns were drawn late", "n": len(drawn),
    }  # fmt: skip
    print(json.dumps(told), flush=True)


async def measure() -> None:
    even, heard = await breathe(EVEN)
    tell("facilitation.sync_spread_ms", even, against=f"hearing of it: {heard:.0f} ms apart")
    uneven, heard = await breathe((*EVEN, *UNEVEN))
    bias = [(line.up_ms - line.down_ms) / 2 for line in (*EVEN, *UNEVEN)]
    against = f"half of how uneven the ways are: {max(bias) - min(bias):.0f} ms; hearing of it: {heard:.0f} ms apart"
    tell("facilitation.sync_spread_uneven_ms", uneven, against=against)


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(measure())


if __name__ == "__main__":
    main()
