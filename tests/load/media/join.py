"""A newcomer's wait: from the click on *join* to the first picture of everybody, in a real Chromium.

Eleven people are in the room already and send real VP8 and Opus; they answer a keyframe request with the next frame.
The page is the same for every server, and so is the way of its signalling (a call into this process): only which
connections it makes differ, one by `peer.mjs` for Milieu, one to publish and one to receive for Janus.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route

from server.bots.picture import encoded_loop
from server.sfu.rtp import rtcp
from tests.load.media.janus import Janus
from tests.load.media.milieu import BROWSER, Milieu
from tests.load.media.seats import CANDIDATE, Seat
from tests.media.rawpeer import AUDIO, MID_ID
from tests.support.browser import open_chromium
from tests.unit.sfu.packets import rtp, vp8

STATIC = Path(__file__).resolve().parents[3] / "webclient/static"
ORIGIN = "http://localhost:9"
"""Never reached: the page is answered from files. Localhost, so that the camera may be asked for."""
FRAMES_HZ, SOUNDS_HZ = 25, 50
CHUNK_BYTES = 1_100
SILENCE = b"\xf8\xff\xfe"
SLOTS = 15
"""As many receiving lines as a session's page asks for."""
JOIN_S_MAX = 20.0

PAGE = """<!doctype html><title>join</title>
<style>video { inline-size: 160px; block-size: 120px }</style>
<button id="join">Join</button><main></main><script type="module" src="/page.mjs"></script>"""

SCRIPT = """
import { createPeer } from "/static/media/peer.mjs";

let media;
let leave = () => {};
window.ready_ = async () => {
  media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 25 } });
};

/** Play a stream; resolves at its first picture. */
function seen(stream) {
  const video = document.createElement("video");
  Object.assign(video, { autoplay: true, playsInline: true, muted: true, srcObject: stream });
  document.querySelector("main").append(video);
  return new Promise((resolve) => video.requestVideoFrameCallback(resolve));
}

/** Resolves when `count` different people were seen. */
function everybody(count) {
  const names = new Set();
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  return { all, async add(name, stream) {
    await seen(stream);
    names.add(name);
    if (names.size === count) done();
  } };
}

async function milieu(name, count, slots) {
  const people = everybody(count);
  const peer = createPeer({
    audioSlots: slots, videoSlots: slots,
    sendOffer: (sdp) => window.offer_(name, sdp),
    onSlot: (source, kind, stream) => {
      if (kind === "video" && stream) void people.add(source, stream);
    },
  });
  window.slots_ = (of, told) => { if (of === name) peer.setSlots(told); };
  leave = () => peer.close();
  await peer.setTrack("audio", media.getAudioTracks()[0]);
  await peer.setTrack("video", media.getVideoTracks()[0]);
  await peer.start();
  await people.all;
}

async function janus(name, count) {
  const people = everybody(count);
  const up = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  const down = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  leave = () => { up.close(); down.close(); };
  down.ontrack = ({ track }) => {
    if (track.kind === "video") void people.add(track.id, new MediaStream([track]));
  };
  const publish = async () => {
    for (const track of media.getTracks()) up.addTransceiver(track, { direction: "sendonly" });
    await up.setLocalDescription();
    await up.setRemoteDescription({ type: "answer", sdp: await window.publish_(name, up.localDescription.sdp) });
  };
  const subscribe = async () => {
    const [handle, sdp] = await window.subscribe_(name);
    await down.setRemoteDescription({ type: "offer", sdp });
    await down.setLocalDescription();
    await window.begin_(handle, down.localDescription.sdp);
  };
  await Promise.all([publish(), subscribe()]);
  await people.all;
}

window.wait_ = (server, name, count, slots) => new Promise((resolve, reject) => {
  document.querySelector("#join").onclick = (click) => {
    (server === "janus" ? janus(name, count) : milieu(name, count, slots))
      .then(() => resolve(performance.now() - click.timeStamp), reject);
  };
});
window.leave_ = () => { leave(); document.querySelector("main").replaceChildren(); };
"""


class Actor:
    """One who is in the room already: sends a real picture and silence, and hears keyframe requests."""

    def __init__(self, seat: Seat, number: int) -> None:
        self._seat = seat
        self._frames = encoded_loop(number)
        self._task = asyncio.create_task(self._play())

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        begun, sequence, picture, shown = loop.time(), 1_000, 0, 0
        for tick in itertools.count():
            await asyncio.sleep(max(0.0, begun + tick / SOUNDS_HZ - loop.time()))
            self._send(AUDIO, tick, tick * 960, self._seat.audio_ssrc, SILENCE, b"0")
            if tick % (SOUNDS_HZ // FRAMES_HZ):
                continue
            if self._is_asked():
                shown = 0  # The loop begins with a keyframe.
            frame = self._frames[shown % len(self._frames)]
            chunks = [frame[start : start + CHUNK_BYTES] for start in range(0, len(frame), CHUNK_BYTES)]
            for index, chunk in enumerate(chunks):
                descriptor = vp8(picture=picture & 0x7FFF, tl0=picture & 0xFF, start=index == 0, body=b"")
                head = descriptor[:-1] if index == 0 else descriptor
                last = index == len(chunks) - 1
                self._send(96, sequence, tick * 1_800, self._seat.video_ssrc, head + chunk, b"1", marker=last)
                sequence += 1
            picture, shown = picture + 1, shown + 1

    def _send(
        self, kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, mid: bytes, *, marker: bool = False
    ) -> None:
        packet = rtp(
            sequence=sequence,
            timestamp=timestamp,
            ssrc=ssrc,
            payload_type=kind,
            payload=payload,
            marker=marker,
            extensions={MID_ID: mid},
        )
        self._seat.raw(self._seat.protect(packet))

    def _is_asked(self) -> bool:
        said, self._seat.control = self._seat.control, []
        return any(isinstance(report, rtcp.KeyframeRequest) for data in said for report in rtcp.read(data))

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._seat.close()


async def _open(page: Page) -> None:
    async def serve(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/static/"):
            await route.fulfill(path=STATIC / path.removeprefix("/static/"), content_type="text/javascript")
        elif path == "/page.mjs":
            await route.fulfill(body=SCRIPT, content_type="text/javascript")
        else:
            await route.fulfill(body=PAGE, content_type="text/html")

    await page.route(ORIGIN + "/**", serve)
    await page.goto(ORIGIN + "/")
    await page.wait_for_function("() => window.ready_ !== undefined")
    await page.evaluate("() => window.ready_()")


async def _waits(
    page: Page, server: str, others: int, joins: int, left: Callable[[], Awaitable[None]] | None = None
) -> list[float]:
    """Milliseconds of each join; the first one, by which everything is loaded, does not count."""
    found = []
    for _ in range(joins + 1):
        waiting = asyncio.create_task(
            page.evaluate(
                "([server, name, count, slots]) => window.wait_(server, name, count, slots)",
                [server, f"{BROWSER}{secrets.token_hex(4)}", others, SLOTS],
            )
        )
        await asyncio.sleep(0.3)  # The last one who left is gone by then.
        await page.click("#join")
        found.append(float(await asyncio.wait_for(waiting, JOIN_S_MAX)))
        await page.evaluate("() => window.leave_()")
        if left is not None:
            await left()
    return found[1:]


async def waits_at_milieu(subject: Milieu, people: int, joins: int) -> list[float]:
    """Milliseconds that each of `joins` newcomers waited for the pictures of everybody else."""
    actors = []
    for number in range(people - 1):
        seat = Seat(audio_slots=0, video_slots=0)
        await seat.connect(await subject.join(room=0, source=f"p-{number}", offer=seat.offer()))
        actors.append(Actor(seat, number))
    try:
        async with open_chromium() as browser:
            page = await (await browser.new_context(permissions=["camera", "microphone"])).new_page()

            async def offer(name: str, sdp: str) -> str:
                return await subject.join(room=0, source=name, offer=sdp)

            async def show(peer: str, slots: dict[str, dict[str, str]]) -> None:
                await page.evaluate("([peer, slots]) => window.slots_?.(peer, slots)", [peer, slots])

            subject.on_slots = show
            await page.expose_function("offer_", offer)
            await _open(page)
            return await _waits(page, "milieu", people - 1, joins)
    finally:
        for actor in actors:
            await actor.stop()


async def waits_at_janus(subject: Janus, people: int, joins: int) -> list[float]:
    """The same at Janus. No candidate is trickled: where a browser is, Janus learns from its first check."""
    number = await subject.room(0, people + 2)
    actors, feeds = [], []
    for place in range(people - 1):
        seat = Seat(audio_slots=0, video_slots=0)
        _, feed, answer = await subject.publish(number, f"p-{place}", _reachable(seat.offer(), active=True))
        await seat.connect(answer)
        feeds.append(feed)
        actors.append(Actor(seat, place))
    try:
        async with open_chromium() as browser:
            page = await (await browser.new_context(permissions=["camera", "microphone"])).new_page()
            handles: list[int] = []

            async def publish(name: str, sdp: str) -> str:
                handle, _, answer = await subject.publish(number, name, _reachable(sdp))
                handles.append(handle)
                return answer

            async def subscribe(name: str) -> list[Any]:
                handle, offer = await subject.subscribe(number, [{"feed": feed} for feed in feeds])
                handles.append(handle)
                return [handle, offer]

            async def begin(handle: int, answer: str) -> None:
                await subject.begin(handle, _reachable(answer))

            async def left() -> None:
                while handles:
                    await subject.release(handles.pop())

            for name, function in (("publish_", publish), ("subscribe_", subscribe), ("begin_", begin)):
                await page.expose_function(name, function)
            await _open(page)
            return await _waits(page, "janus", people - 1, joins, left)
    finally:
        for actor in actors:
            await actor.stop()


def _reachable(sdp: str, *, active: bool = False) -> str:
    """The description with a candidate in every line, so that Janus does not wait for one."""
    told = "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(("a=candidate", "a=end-of")))
    told = told.replace("a=ice-options:trickle\r\n", "").replace("a=mid:", CANDIDATE + "a=mid:")
    return told.replace("actpass", "active") if active else told
