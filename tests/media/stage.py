"""A media plane with real browser pages around it; signalling is a function call into the test."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, Route

from facilitation.timebase import Instant
from server.sfu.core import CoreChoice
from server.sfu.facts import LayersNeeded, MediaConnected, MediaFact, MediaRefused, SlotsChanged
from server.sfu.plane import MediaSettings, Sfu
from tests.media.rawpeer import RawPeer

STATIC = Path(__file__).parents[2] / "webclient/static"
ORIGIN = "http://localhost:9"
"""Never reached: the browser context answers it from files. Localhost, so that the camera may be asked for."""

PAGE = """<!doctype html><title>peer</title><body><script type="module" src="/page.mjs"></script>"""

SCRIPT = """
import { createPeer } from "/static/media/peer.mjs";
const states = [], slots = [];
const Real = window.RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = class extends Real {
  constructor(...given) { super(...given); window.connections.push(this); }
};
let peer, media;
window.open_ = async ({ audioSlots, videoSlots, simulcast, tracks, picture }) => {
  media = await navigator.mediaDevices.getUserMedia(
    { audio: true, video: { width: picture[0], height: picture[1], frameRate: picture[2] } });
  peer = window.peer = createPeer({
    audioSlots, videoSlots, simulcast,
    sendOffer: async (sdp, again) => {
      const reply = await window.offer(sdp, again);
      if (reply.refused) throw Object.assign(new Error(reply.refused), { code: reply.code });
      return reply.answer;
    },
    onSlot: (source, kind, stream) => {
      slots.push([source, kind, stream !== null]);
      const id = `${kind}-${source}`;
      document.getElementById(id)?.remove();
      if (stream === null) return;
      const element = document.createElement(kind);
      Object.assign(element, { id, autoplay: true, playsInline: true, srcObject: stream });
      document.body.append(element);
    },
    onState: (state) => { states.push(state); },
    mayOffer: () => !window.noLine,
    choose: window.choose_,
  });
  if (tracks) {
    await peer.setTrack("audio", media.getAudioTracks()[0]);
    await peer.setTrack("video", media.getVideoTracks()[0]);
  }
  await peer.start().catch(() => peer.rebuild()); // as the room does
};
window.peers = {};
window.crowd_ = async ({ names, picture }) => {
  media = await navigator.mediaDevices.getUserMedia(
    { audio: true, video: { width: picture[0], height: picture[1], frameRate: picture[2] } });
  for (const name of names) {
    const one = window.peers[name] = createPeer({
      audioSlots: names.length - 1, videoSlots: names.length - 1, simulcast: false,
      sendOffer: async (sdp) => (await window.offerAs(name, sdp)).answer,
      onSlot: (source, kind, stream) => {
        if (stream === null) return;
        const element = document.createElement(kind);
        Object.assign(element, { autoplay: true, playsInline: true, srcObject: stream });
        document.body.append(element);
      },
    });
    await one.setTrack("audio", media.getAudioTracks()[0].clone());
    await one.setTrack("video", media.getVideoTracks()[0].clone());
    await one.start();
  }
};
window.media_ = () => media;
window.states_ = () => states;
window.shown_ = () => slots;
"""


def wall_clock() -> Instant:
    return Instant(time.time_ns() // 1_000_000)


class Stage:
    """An Sfu on loopback, every fact it said, and the pages that joined. One room, gates open by default."""

    def __init__(self, *hosts: str, core: CoreChoice = "auto") -> None:
        hosts = hosts or ("127.0.0.1",)
        self.sfu = Sfu(MediaSettings(hosts=hosts, public_addresses=hosts, core=core), clock=wall_clock)
        self.facts: list[MediaFact] = []
        self.offers: dict[str, int] = {}
        self.refusals: list[str] = []
        """Codes with which the next offers of pages are refused, the last one first."""
        self.way: int | None = None
        """Port of a relay that pages entering now go by, instead of the server's."""
        self.host = ""
        """The only address that those entering now are told, instead of all of the server's."""
        self._changed = asyncio.Event()
        self._pages: dict[str, Page] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._raw: list[RawPeer] = []

    async def __aenter__(self) -> Stage:
        await self.sfu.start(self._fact)
        return self

    async def __aexit__(self, *_: object) -> None:
        for raw in self._raw:
            await raw.close()
        await self.sfu.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _fact(self, fact: MediaFact) -> None:
        self.facts.append(fact)
        self._changed.set()
        if isinstance(fact, SlotsChanged) and fact.peer in self._pages:
            slots = {"audio": fact.audio, "video": fact.video}
            self._tell(fact.peer, "([name, slots]) => (window.peers[name] ?? window.peer).setSlots(slots)", slots)
        elif isinstance(fact, LayersNeeded) and fact.peer in self._pages:
            # A first one comes with the offer, when there is no peer yet.
            script = "([name, count]) => (window.peers[name] ?? window.peer)?.setLayers(count)"
            self._tell(fact.peer, script, fact.video)

    def _tell(self, peer: str, script: str, what: Any) -> None:
        task = asyncio.ensure_future(self._say(self._pages[peer], script, [peer, what]))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _say(self, page: Page, script: str, what: list[Any]) -> None:
        if not page.is_closed():
            await page.evaluate(script, what)

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = 40) -> None:
        """Wait until a fact makes `holds` true."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not holds():
            self._changed.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, left))
            except TimeoutError:
                raise AssertionError(f"{what} never came; facts: {self.facts[-20:]}") from None

    def said(self, kind: type[Any], **fields: Any) -> list[Any]:
        """Facts of a kind with these fields."""
        return [
            fact
            for fact in self.facts
            if isinstance(fact, kind) and all(getattr(fact, name) == value for name, value in fields.items())
        ]

    async def join(
        self, source: str, *, peer: str | None = None, gates: bool = True, way: int | None = None, **kinds: Any
    ) -> RawPeer:
        """A raw peer of `source`, connected; `way` is the port of a relay to go by."""
        name = peer or source
        raw = RawPeer(**kinds)
        self._raw.append(raw)
        if gates:
            self.sfu.forward(room="room", source=source, microphone=True, camera=True)
        answer = self._told(await self.sfu.join(room="room", source=source, peer=name, offer=raw.offer()))
        before = len(self.said(MediaConnected, peer=name))
        await raw.connect(answer, port=way)
        await self.until(lambda: len(self.said(MediaConnected, peer=name)) > before, f"connection of {name}")
        return raw

    def _told(self, answer: str) -> str:
        other = re.compile(rf"a=candidate:(?!\S+ 1 udp \d+ {re.escape(self.host)} ).*\r\n")
        return other.sub("", answer) if self.host else answer

    def slots(self, peer: str) -> SlotsChanged | None:
        """What the slots of a peer show, as it was told last."""
        told: list[SlotsChanged] = self.said(SlotsChanged, peer=peer)
        return told[-1] if told else None

    async def shows(self, viewer: str, source: str, kind: str) -> str:
        """Wait until a slot of `viewer` shows `source`; its mid."""

        def mids() -> list[str]:
            told = self.slots(viewer)
            shown = {} if told is None else told.audio if kind == "audio" else told.video
            return [mid for mid, shown_source in shown.items() if shown_source == source]

        await self.until(lambda: bool(mids()), f"{kind} of {source} for {viewer}")
        return mids()[0]

    async def enter(
        self,
        context: BrowserContext,
        source: str,
        *,
        peer: str | None = None,
        slots: int = 4,
        simulcast: bool = False,
        tracks: bool = True,
        gates: bool = True,
        picture: tuple[int, int, int] = (640, 360, 15),
    ) -> Page:
        """A page of `source` that joins the room; `peer` is its name, the source's by default."""
        name, way = peer or source, self.way
        page = await self._page(context, name)

        async def offer(sdp: str, again: bool) -> dict[str, str]:
            self.offers[name] = self.offers.get(name, 0) + 1
            if self.refusals:
                return {"refused": "not now", "code": self.refusals.pop()}
            try:
                answer = self._told(await self.sfu.join(room="room", source=source, peer=name, offer=sdp))
            except MediaRefused as refused:
                return {"refused": refused.text, "code": refused.code}
            return {"answer": answer if way is None else answer.replace(f" {self.sfu.port} typ", f" {way} typ")}

        await page.expose_function("offer", offer)
        await page.goto(ORIGIN + "/")
        await page.wait_for_function("() => window.open_ !== undefined")
        self._pages[name] = page
        if gates:
            self.sfu.forward(room="room", source=source, microphone=True, camera=True)
        await page.evaluate(
            "options => window.open_(options)",
            {
                "audioSlots": slots,
                "videoSlots": slots,
                "simulcast": simulcast,
                "tracks": tracks,
                "picture": picture,
            },
        )
        return page

    async def crowd(self, context: BrowserContext, names: Sequence[str]) -> Page:
        """One page that is many people at once, each with a connection of their own."""
        page = await self._page(context, "crowd")

        async def offer_as(name: str, sdp: str) -> dict[str, str]:
            self.offers[name] = self.offers.get(name, 0) + 1
            return {"answer": await self.sfu.join(room="room", source=name, peer=name, offer=sdp)}

        await page.expose_function("offerAs", offer_as)
        await page.goto(ORIGIN + "/")
        await page.wait_for_function("() => window.crowd_ !== undefined")
        for name in names:
            self._pages[name] = page
            self.sfu.forward(room="room", source=name, microphone=True, camera=True)
        await page.evaluate("options => window.crowd_(options)", {"names": names, "picture": (160, 90, 5)})
        return page

    async def _page(self, context: BrowserContext, name: str) -> Page:
        page = await context.new_page()
        page.on("pageerror", lambda error: print(f"[{name}] {error}"))
        page.on("console", lambda message: print(f"[{name}] {message.text}"))
        await page.route(ORIGIN + "/**", _serve)
        return page


async def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something inside the server, which no fact tells, is true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)


async def _serve(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path == "/":
        await route.fulfill(body=PAGE, content_type="text/html")
    elif path == "/page.mjs":
        await route.fulfill(body=SCRIPT, content_type="text/javascript")
    elif path.startswith("/static/"):
        await route.fulfill(path=STATIC / path.removeprefix("/static/"), content_type="text/javascript")
    else:
        await route.fulfill(status=404, body="")


async def received(page: Page) -> dict[str, dict[str, float]]:
    """Per source: what the page's own statistics say it decoded and heard."""
    stats: dict[str, dict[str, float]] = await page.evaluate("async () => (await window.peer.stats()).received")
    return stats


async def eventually(page: Page, script: str, arg: Any = None, seconds: float = 60) -> None:
    """Wait until an async function of the page gives true. (Playwright's own waiting takes a promise for true.)"""
    deadline = time.monotonic() + seconds
    while await page.evaluate(script, arg) is not True:
        assert time.monotonic() < deadline, f"it never came true: {script} {arg}; received {await received(page)}"
        await asyncio.sleep(0.1)


async def sees_and_hears(page: Page, *sources: str, seconds: float = 60) -> None:
    """Wait until the page decoded ten more pictures of each source, and heard more of each."""
    await eventually(
        page,
        """async ([sources, before]) => {
            const now = (await window.peer.stats()).received;
            return sources.every(source => now[source] !== undefined
                && now[source].framesDecoded >= (before[source]?.framesDecoded ?? 0) + 10
                && now[source].audioEnergy > (before[source]?.audioEnergy ?? 0));
        }""",
        [list(sources), await received(page)],
        seconds,
    )
