"""The browser's own media modules, one by one: frames against Python's, advice in words, devices that come and go."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from server.bots.secrecy import Keys
from server.web.statics import Files
from server.web.templates import WEBCLIENT
from tests.support.serving import served

pytestmark = pytest.mark.timeout(180)

FRAME = bytes(range(256)) * 5


@pytest_asyncio.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    async def nothing(request: Request) -> Response:
        return HTMLResponse("<!doctype html><title>modules</title>")

    files = Files(WEBCLIENT / "static", suffixes=frozenset({".mjs"}), cache="no-cache")
    async with served(Starlette(routes=[Route("/", nothing), Mount("/static", files)])) as url:
        context = await chromium.new_context(permissions=["camera", "microphone"])
        page = await context.new_page()
        await page.goto(url)
        yield page
        await context.close()


def sealed_by_python(clear: int) -> tuple[str, str]:
    """A frame sealed by a simulated participant, and its key, in base64."""
    keys = Keys(lambda message: None, session="s", person="p")
    keys.ring([{"member": "c", "person": "p", "key": keys.public, "turn": 1}])
    sealed = keys.seal(FRAME, clear=clear)
    assert sealed is not None and keys._current is not None
    return base64.b64encode(sealed).decode(), base64.b64encode(keys._current.raw).decode()


OPEN = """async ([sealed, raw]) => {
  const { labelOf, open } = await import("/static/media/frames.mjs");
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
  const frame = bytes(sealed);
  const label = labelOf(frame);
  const opened = Array.from(new Uint8Array(await open(frame, key, label)));
  let refusals = 0;
  for (const at of [0, 20, frame.length - 20, frame.length - 16, frame.length - 5]) {
    const changed = frame.slice();
    changed[at] ^= 1;
    const now = labelOf(changed);
    await open(changed, key, now ?? label).catch(() => (refusals += 1));
  }
  return { label, opened, refusals };
}"""


@pytest.mark.parametrize("clear", [0, 1, 10])
async def test_a_browser_opens_what_python_sealed_and_no_changed_bit_passes(page: Page, clear: int) -> None:
    seen = await page.evaluate(OPEN, list(sealed_by_python(clear)))
    assert bytes(seen["opened"]) == FRAME
    assert seen["label"]["clear"] == clear
    assert seen["label"]["counter"] == 0
    assert seen["refusals"] == 5


async def test_what_is_not_sealed_or_cut_off_is_never_taken_for_a_sealed_frame(page: Page) -> None:
    labels = await page.evaluate(
        """async () => {
            const { labelOf } = await import("/static/media/frames.mjs");
            const mark = [0x4d, 0x4c, 0x55, 0x31];
            const zeros = (count) => new Array(count).fill(0);
            const frames = [[], [1, 2, 3], mark, [...zeros(12), ...mark], [...zeros(27), ...mark],
                [...zeros(27), 200, ...mark], zeros(1200)];
            return frames.map((frame) => labelOf(new Uint8Array(frame)));
        }"""
    )
    assert labels == [None] * 7


async def test_a_large_counter_survives_the_way_into_a_frame_and_back(page: Page) -> None:
    same = await page.evaluate(
        """async () => {
            const { labelOf, open, seal } = await import("/static/media/frames.mjs");
            const raw = new Uint8Array(16);
            const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
            const results = [];
            for (const counter of [0, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7]) {
                const label = { sender: "00ff10ab", keyId: 255, counter, clear: 1 };
                const sealed = new Uint8Array(await seal(new Uint8Array([9, 8, 7]), key, label));
                const read = labelOf(sealed);
                const opened = new Uint8Array(await open(sealed, key, read));
                const same = Object.keys(label).every((name) => read[name] === label[name]);
                results.push(same && opened.join() === "9,8,7");
            }
            return results;
        }"""
    )
    assert same == [True] * 4


REPLAYED = """async () => {
  const { seal } = await import("/static/media/frames.mjs");
  await import("/static/media/frames-worker.mjs");
  const sender = "00ff10ab", clear = 0;
  const keys = [];
  for (const id of [0, 1]) {
    const raw = new Uint8Array(16).fill(id);
    keys.push({ id, sender, key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]) });
  }
  const order = (keys) => window.onmessage({ data: { mode: "sealed", own: null, keys } });
  const inbound = new TransformStream(), outbound = new TransformStream();
  window.onrtctransform({ transformer: {
    options: { side: "receive", kind: "audio" }, readable: inbound.readable, writable: outbound.writable,
  } });
  const into = inbound.writable.getWriter(), out = outbound.readable.getReader();
  const heard = [];
  (async () => {
    for (let next = await out.read(); !next.done; next = await out.read()) {
      heard.push(new Uint8Array(next.value.data)[0]);
    }
  })();
  let said = 0;
  const play = async (keyId, counter) => {
    said += 1;
    const data = await seal(new Uint8Array([said]), keys[keyId].key, { sender, keyId, counter, clear });
    await into.write({ data, type: "key", getMetadata: () => ({}) });
  };
  order(keys);
  await play(0, 10);
  await play(0, 9); // a little late
  await play(1, 6_000);
  await play(0, 11); // of minutes ago, sealed with the key before
  order([]);
  order(keys); // its sender was gone and is back
  await play(0, 12);
  await play(1, 1_500);
  await play(1, 6_001);
  const open = new Uint8Array([99, 99]).buffer; // not sealed at all
  await into.write({ data: open, type: "key", getMetadata: () => ({}) });
  await into.close();
  while (heard.at(-1) !== said) await new Promise((resolve) => setTimeout(resolve));
  return heard;
}"""


async def test_what_was_said_minutes_ago_cannot_be_played_again_whichever_key_it_was_sealed_with(page: Page) -> None:
    assert await page.evaluate(REPLAYED) == [1, 2, 3, 7]


STALE = """async () => {
  const { createWatch } = await import("/static/media/stale.mjs");
  let now = 0, stood = 0;
  const watch = createWatch({ now: () => now, stood: () => { stood += 1; } });
  const isStale = { audio: watch.stream("audio"), video: watch.stream("video") };
  const came = (kind, ms, ssrc) => {
    const rtpTimestamp = (2 ** 32 - 90_000 + ms * (kind === "audio" ? 48 : 90)) % 2 ** 32; // it wraps
    return !isStale[kind]({ getMetadata: () => ({ synchronizationSource: ssrc, rtpTimestamp }) });
  };
  const passed = {};
  const go = (until) => {
    while (now < until) { now += 20; watch.look(); came("audio", now, 1); came("video", now, 2); }
  };
  go(2_000);
  now = 7_000; // nothing was looked at for five seconds
  passed.waited = [2_020, 4_000, 6_600].flatMap((ms) => [came("audio", ms, 1), came("video", ms, 2)]);
  passed.fresh = [came("audio", 6_980, 1), came("video", 6_980, 2), came("video", 123_456, 3)];
  passed.stood = stood;
  go(9_500);
  now += 900; // busy, no more
  passed.busy = came("audio", 9_520, 1);
  passed.stoodAgain = stood;
  now = 20_000;
  watch.look();
  now += 400; // of somebody who was silent before, and says a first word now
  passed.word = came("audio", 9_540, 5);
  const plain = watch.stream("audio");
  const frame = { getMetadata: () => ({}) }; // of a browser that tells no timestamps
  passed.untold = [!plain(frame), !plain(frame)];
  return passed;
}"""


async def test_what_waited_while_a_page_was_frozen_is_not_sent_after_all(page: Page) -> None:
    assert await page.evaluate(STALE) == {
        "waited": [False] * 6,
        "fresh": [True] * 3,
        "stood": 1,
        "busy": True,
        "stoodAgain": 1,
        "word": True,
        "untold": [True, True],
    }


BOXES_AGAIN = """async () => {
  const { createKeys } = await import("/static/media/keys.mjs");
  const orders = {}, sent = {}, members = {};
  const browser = (person) => {
    sent[person] = [];
    const keys = createKeys({
      session: "s", person, able: true, changed() {}, rotateMs: 0,
      send: (message) => {
        const { type, key } = message;
        if (type === "announce_key") members[person] = { member: `c-${person}`, person, key, turn: 1 };
        else sent[person].push(message.boxes);
      },
      order: (given) => (orders[person] = given),
    });
    return keys;
  };
  const [ada, ben, cam] = ["ada", "ben", "cam"].map(browser);
  for (const keys of [ada, ben, cam]) await keys.announce();
  const { ada: a, ben: b, cam: c } = members;
  const ids = () => orders.ada.keys.map(({ id }) => id);
  const seen = [];
  await ada.ring([a, b]);
  await ben.ring([a, b]);
  const first = sent.ben.at(-1)["c-ada"];
  await ada.take("c-ben", first);
  seen.push(ids());
  await ben.ring([a, b, c]);
  await ada.take("c-ben", sent.ben.at(-1)["c-ada"]);
  seen.push(ids());
  await ada.take("c-ben", first);
  await ada.ring([a]); // the server says that Ben is gone, …
  await ada.ring([a, b]); // … and back, …
  await ada.take("c-ben", first); // … and plays what he sent before
  seen.push(ids());
  await ben.ring([a, b]);
  await ada.take("c-ben", sent.ben.at(-1)["c-ada"]);
  seen.push(ids());
  return seen;
}"""


async def test_a_box_of_before_is_not_opened_again_for_somebody_who_left_and_is_back(page: Page) -> None:
    first, both, after, fresh = await page.evaluate(BOXES_AGAIN)
    assert (first, both, after) == ([0], [0, 1], [])
    assert 2 in fresh


ADVICE: list[tuple[dict[str, Any], str | None, str]] = [
    ({"quality": {"word": "good", "direction": ""}, "camera": True, "mode": "normal"}, None, ""),
    ({"quality": {"word": "weak", "direction": "up"}, "camera": True, "mode": "normal"}, "camera_off", "camera off"),
    ({"quality": {"word": "weak", "direction": "both"}, "camera": True, "mode": "normal"}, "camera_off", "camera off"),
    ({"quality": {"word": "weak", "direction": "up"}, "camera": False, "mode": "normal"}, None, ""),
    ({"quality": {"word": "weak", "direction": "down"}, "camera": True, "mode": "normal"}, "low_data", "Smaller"),
    ({"quality": {"word": "poor", "direction": "down"}, "camera": True, "mode": "low_data"}, "audio_only", "Sound"),
    ({"quality": {"word": "poor", "direction": "up"}, "camera": False, "mode": "normal"}, None, "Wi-Fi"),
    (
        {"quality": {"word": "good", "direction": ""}, "camera": True, "mode": "normal", "limitedBy": "cpu"},
        "low_data",
        "busy",
    ),
]


@pytest.mark.parametrize(("facts", "remedy", "word"), ADVICE)
async def test_advice_names_one_thing_that_helps(
    page: Page, facts: dict[str, Any], remedy: str | None, word: str
) -> None:
    said = await page.evaluate("""async (facts) => (await import("/static/media/advice.mjs")).advice(facts)""", facts)
    if not word:
        assert said is None
    else:
        assert said["remedy"] == remedy
        assert word in said["text"]
        assert bool(said["label"]) == (remedy is not None)


WAYS_BACK: list[tuple[dict[str, Any], str]] = [
    ({"eased": "low_data", "steady": True, "camera": True, "mode": "low_data"}, "Pictures as before"),
    ({"eased": "audio_only", "steady": True, "camera": False, "mode": "audio_only"}, "Pictures as before"),
    ({"eased": "camera_off", "steady": True, "camera": False, "mode": "normal"}, "Turn my camera on"),
    ({"eased": "camera_off", "steady": True, "camera": True, "mode": "normal"}, ""),  # it is on again
    ({"eased": "low_data", "steady": True, "camera": True, "mode": "audio_only"}, ""),  # wished otherwise since
    ({"eased": "low_data", "steady": False, "camera": True, "mode": "low_data"}, ""),
    ({"eased": None, "steady": True, "camera": False, "mode": "audio_only"}, ""),  # that was never a remedy
]


@pytest.mark.parametrize(("facts", "label"), WAYS_BACK)
async def test_the_way_back_is_from_the_remedy_that_was_taken(page: Page, facts: dict[str, Any], label: str) -> None:
    said = await page.evaluate("""async (facts) => (await import("/static/media/advice.mjs")).wayBack(facts)""", facts)
    assert (said["label"] if said else "") == label


# Devices that a test can plug in and out; tracks are real ones.
DEVICES = """() => {
  const plugged = (window.plugged = [
    { kind: "audioinput", deviceId: "laptop", label: "Laptop microphone" },
    { kind: "audioinput", deviceId: "headset", label: "Blue headset" },
    { kind: "videoinput", deviceId: "camera", label: "Camera" },
  ]);
  const context = new AudioContext();
  navigator.mediaDevices.enumerateDevices = async () => [...plugged];
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    const stream = new MediaStream();
    for (const [kind, wanted] of [["audioinput", audio], ["videoinput", video]]) {
      if (!wanted) continue;
      const id = wanted.deviceId?.exact;
      const device = plugged.find((one) => one.kind === kind && (!id || one.deviceId === id));
      if (!device) throw new DOMException("gone", "OverconstrainedError");
      const track = kind === "audioinput" ? context.createMediaStreamDestination().stream.getAudioTracks()[0]
        : document.createElement("canvas").captureStream(1).getVideoTracks()[0];
      Object.defineProperty(track, "label", { value: device.label });
      track.getSettings = () => ({ deviceId: device.deviceId, backgroundBlur: window.blurred });
      track.getCapabilities = () => (window.canBlur ? { backgroundBlur: [true, false] } : {});
      track.applyConstraints = async (wanted) => { window.blurred = wanted.backgroundBlur; };
      device.track = track;
      stream.addTrack(track);
    }
    return stream;
  };
  window.plug = (device) => { plugged.push(device); navigator.mediaDevices.dispatchEvent(new Event("devicechange")); };
  window.unplug = (id) => {
    const [device] = plugged.splice(plugged.findIndex((one) => one.deviceId === id), 1);
    device.track?.dispatchEvent(new Event("ended"));
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
  };
}"""

START = """async (wish) => {
  const { createCapture } = await import("/static/media/capture.mjs");
  window.capture = createCapture();
  await window.capture.start(wish);
}"""


async def using(page: Page, label: str | None) -> None:
    await page.wait_for_function("(label) => (window.capture.tracks.audio?.label ?? null) === label", arg=label)


async def test_a_headset_that_comes_back_or_is_swapped_is_used_without_a_click(page: Page) -> None:
    await page.evaluate(DEVICES)
    await page.evaluate(START, {"camera": False, "microphone": True})
    await page.evaluate("() => window.capture.use({ microphoneId: 'headset' })")
    await using(page, "Blue headset")
    await page.evaluate("() => window.unplug('headset')")
    await using(page, "Laptop microphone")
    await page.evaluate("() => window.plug({ kind: 'audioinput', deviceId: 'headset', label: 'Blue headset' })")
    await using(page, "Blue headset")
    assert await page.evaluate("() => window.capture.notice") == "Now using Blue headset."

    await page.evaluate("() => window.unplug('headset')")
    await using(page, "Laptop microphone")
    await page.evaluate("() => window.plug({ kind: 'audioinput', deviceId: 'red', label: 'Red headset' })")
    await using(page, "Red headset")


async def test_what_is_plugged_in_beside_a_microphone_that_works_changes_nothing(page: Page) -> None:
    await page.evaluate(DEVICES)
    await page.evaluate(START, {"camera": False, "microphone": True})
    await using(page, "Laptop microphone")
    await page.evaluate("() => window.plug({ kind: 'audioinput', deviceId: 'red', label: 'Red headset' })")
    await page.wait_for_timeout(300)
    await using(page, "Laptop microphone")


async def test_where_the_only_microphone_went_it_is_told_when_there_is_one_again(page: Page) -> None:
    await page.evaluate(DEVICES)
    await page.evaluate(START, {"camera": False, "microphone": True})
    await page.evaluate("() => { window.unplug('headset'); window.unplug('laptop'); }")
    await using(page, None)
    assert await page.evaluate("() => window.capture.microphoneBack") is False
    await page.evaluate("() => window.plug({ kind: 'audioinput', deviceId: 'red', label: 'Red headset' })")
    await page.wait_for_function("() => window.capture.microphoneBack")
    await page.evaluate("() => window.capture.setMicrophone(true)")
    await using(page, "Red headset")


async def test_blur_is_offered_only_where_the_browser_has_it_and_is_kept(page: Page) -> None:
    await page.evaluate(DEVICES)
    await page.evaluate(START, {"camera": True, "microphone": False})
    assert await page.evaluate("() => window.capture.blur") == {"possible": False, "on": False}
    await page.evaluate("() => { window.canBlur = true; return window.capture.setBlur(true); }")
    assert await page.evaluate("() => window.capture.blur") == {"possible": True, "on": True}
    # The camera goes off and on, and the page is another one: still blurred, without asking.
    await page.evaluate("async () => { window.blurred = false; await window.capture.setCamera(false); }")
    await page.evaluate(START, {"camera": True, "microphone": False})
    await page.wait_for_function("() => window.capture.blur.on")
    await page.evaluate("() => window.capture.setBlur(false)")
    assert (await page.evaluate("() => window.capture.blur"))["on"] is False


async def test_the_microphone_is_asked_for_with_echo_noise_and_gain_seen_to(page: Page) -> None:
    await page.evaluate(
        """() => {
            const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = (wanted) => { window.wanted = wanted; return real(wanted); };
        }"""
    )
    await page.evaluate(START, {"camera": False, "microphone": True})
    wanted = await page.evaluate("() => window.wanted.audio")
    assert wanted["echoCancellation"] is wanted["noiseSuppression"] is wanted["autoGainControl"] is True


HEARD_ALIKE = """async ([system, microphone, speakerId, speakers]) => {
  const { isHeardAlike } = await import("/static/media/roaming.mjs");
  const [platform, mobile, version] = system;
  const userAgentData = { platform, mobile, brands: [{ brand: "Chromium", version }] };
  Object.defineProperty(Navigator.prototype, "userAgentData", { get: () => userAgentData, configurable: true });
  navigator.mediaDevices.enumerateDevices = async () =>
    speakers.map(([deviceId, groupId]) => ({ kind: "audiooutput", deviceId, groupId }));
  const [groupId, echoCancellation] = microphone ?? [];
  const audio = microphone && { getSettings: () => ({ groupId }), getCapabilities: () => ({ echoCancellation }) };
  return isHeardAlike({ chosen: { speakerId }, tracks: { audio } });
}"""
BOTH = [["default", "laptop"], ["a", "laptop"], ["b", "headset"]]
DESKTOP_NOW, OLD, PHONE_NOW = ["Windows", False, "156"], ["Windows", False, "100"], ["Android", True, "156"]


@pytest.mark.parametrize(
    ("system", "microphone", "speaker", "is_alike"),
    [
        (DESKTOP_NOW, ["laptop", [True, False]], "", True),
        (DESKTOP_NOW, ["laptop", [True, False]], "default", True),
        (DESKTOP_NOW, None, "", True),
        (DESKTOP_NOW, ["another", None], "", True),
        (DESKTOP_NOW, ["headset", [True, False]], "", False),
        (DESKTOP_NOW, ["laptop", [True, False]], "b", False),
        (OLD, ["laptop", [True, False]], "", False),
        (OLD, ["laptop", [True, False, "all"]], "", True),
        (PHONE_NOW, ["laptop", [True, False]], "", False),
        (PHONE_NOW, ["laptop", [True, False, "all"]], "", True),
        (PHONE_NOW, None, "", False),
        (["Chrome OS", False, "156"], ["laptop", [True, False, "remote-only"]], "", False),
    ],
)
async def test_a_connection_of_a_frame_is_taken_only_where_it_is_heard_as_the_pages_own_and_no_echo_of_it(
    page: Page, system: list[Any], microphone: list[Any] | None, speaker: str, is_alike: bool
) -> None:
    assert await page.evaluate(HEARD_ALIKE, [system, microphone, speaker, BOTH]) is is_alike
