"""Real browsers through the real port: they see and hear each other, and nothing is agreed twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from server.bots.publisher import Publisher
from server.sfu.facts import LayersNeeded, MediaConnected, MediaLost, Wish
from server.sfu.peer import LOST_AFTER_US
from server.sfu.plane import Sfu
from server.sfu.publisher import Layer
from server.sfu.subscription import Slot
from server.sfu.transport import monotonic_us
from tests.media.network import Way
from tests.media.stage import Stage, eventually, received, sees_and_hears, until
from tests.media.voice import TALKING
from tests.unit.sfu.bare import CORES

pytestmark = pytest.mark.timeout(300)  # browsers on a busy machine

NAMES = ("ada", "ben", "cleo")
on_both_cores = pytest.mark.parametrize("stage", CORES, indirect=True)
"""The cores are held to the same by `test_plane` and `test_cores`; here the one that a clinic has serves, mostly."""


@pytest_asyncio.fixture
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with Stage(core=getattr(request, "param", "auto")) as stage:
        yield stage


async def everybody(stage: Stage, context: BrowserContext, **options: Any) -> dict[str, Page]:
    """Three pages that see and hear each other."""
    pages = {name: await stage.enter(context, name, **options) for name in NAMES}
    for name, page in pages.items():
        await sees_and_hears(page, *(other for other in NAMES if other != name))
    return pages


@on_both_cores
async def test_three_people_see_and_hear_each_other_and_a_fourth_comes_and_goes(
    browser_context: BrowserContext, stage: Stage
) -> None:
    pages = await everybody(stage, browser_context)
    dora = await stage.enter(browser_context, "dora")
    await sees_and_hears(dora, *NAMES)
    for page in pages.values():
        await sees_and_hears(page, "dora")
    await dora.evaluate("() => window.peer.close()")
    await stage.until(lambda: stage.said(MediaLost, peer="dora") != [], "her leaving", LOST_AFTER_US / 1e6 - 0.5)
    stage.sfu.leave(room="room", peer="dora")
    for name, page in pages.items():
        await sees_and_hears(page, *(other for other in NAMES if other != name))
        assert "dora" not in await received(page)
        assert await page.evaluate("() => window.states_()") == ["connecting", "connected"]
    assert stage.offers == dict.fromkeys((*NAMES, "dora"), 1), "nothing was agreed twice"


async def test_browsers_with_ipv4_and_with_ipv6_alone_see_each_other(browser_context: BrowserContext) -> None:
    async with Stage("127.0.0.1", "::1") as stage:
        pages = {}
        for name, stage.host in (("ada", "127.0.0.1"), ("ben", "::1")):
            pages[name] = await stage.enter(browser_context, name)
        await sees_and_hears(pages["ada"], "ben")
        await sees_and_hears(pages["ben"], "ada")
        peers = stage.sfu._rooms["room"].peers
        assert {name: ":" in peer.link.address[0] for name, peer in peers.items()} == {"ada": False, "ben": True}


@on_both_cores
async def test_srtp_is_the_quick_kind_and_layers_switch_while_the_picture_goes_on(
    browser_context: BrowserContext, stage: Stage
) -> None:
    ada = await stage.enter(browser_context, "ada", simulcast=True)
    ben = await stage.enter(browser_context, "ben", simulcast=True)
    await sees_and_hears(ada, "ben")
    await sees_and_hears(ben, "ada")
    assert stage.sfu._rooms["room"].peers["ada"].link.srtp_profile == "SRTP_AEAD_AES_128_GCM"
    for wished, shown in ((360, 360), (90, 180), (360, 360)):
        stage.sfu.wish(room="room", peer="ada", wish=Wish(heights={"ben": wished}))
        await eventually(
            ada,
            "async height => (await window.peer.stats()).received.ben.frameHeight === height",
            shown,
        )
        await sees_and_hears(ada, "ben")


async def test_a_layer_that_nobody_watches_is_not_sent_and_comes_back_at_once(
    browser_context: BrowserContext, stage: Stage
) -> None:
    await stage.enter(browser_context, "ada", simulcast=True)
    ben = await stage.enter(browser_context, "ben", tracks=False)
    large = stage.sfu._rooms["room"].peers["ada"].uplink.tracks["video"].layers[1]
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 90}))
    await sees_and_hears(ben, "ada")
    await stage.until(lambda: bool(stage.said(LayersNeeded, peer="ada", video=1)), "word that one layer will do")
    await until(lambda: monotonic_us() - large.core.figures().last_us > 1_500_000)
    await sees_and_hears(ben, "ada")

    small = large.track.layers[0]
    slot = next(slot for slot in stage.sfu._rooms["room"].peers["ben"].slots.values() if slot.kind == "video")
    asked = monotonic_us()
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 360}))
    while (shown := slot.flowing()) is not large:
        assert shown is small, "there is a picture to look at until the larger one comes"
        assert monotonic_us() < asked + 20_000_000, "it never came"
        await asyncio.sleep(0.005)
    print(f"the larger picture came after {(monotonic_us() - asked) / 1_000:.0f} ms")
    await eventually(ben, "async () => (await window.peer.stats()).received.ada.frameHeight === 360")
    await sees_just(ben, "ada", slot, large, temporal=2)


async def test_little_data_is_a_small_picture_with_few_frames_and_none_of_those_is_missing(
    browser_context: BrowserContext, stage: Stage
) -> None:
    await stage.enter(browser_context, "ada", simulcast=True, picture=(640, 360, 20))
    ben = await stage.enter(browser_context, "ben", tracks=False)
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 360}))
    await sees_and_hears(ben, "ada")
    small, large = stage.sfu._rooms["room"].peers["ada"].uplink.tracks["video"].layers[:2]
    slot = next(slot for slot in stage.sfu._rooms["room"].peers["ben"].slots.values() if slot.kind == "video")
    await until(lambda: len(small.shares.cumulative) == 3)
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 360}, mode="low_data"))
    await eventually(ben, "async () => (await window.peer.stats()).received.ada.frameHeight === 180")
    await sees_just(ben, "ada", slot, small, temporal=0)
    stage.sfu.wish(room="room", peer="ben", wish=Wish(heights={"ada": 360}))
    await eventually(ben, "async () => (await window.peer.stats()).received.ada.frameHeight === 360")
    await sees_just(ben, "ada", slot, large, temporal=2)


async def sees_just(page: Page, source: str, slot: Slot, layer: Layer, *, temporal: int, seconds: float = 60) -> None:
    """Wait until the page decoded ten pictures in a row, none of them a keyframe, while its slot was sent each byte
    of these temporal layers that came, and nothing of those above.

    A browser's own count of freezes proves less: it tells of long gaps between pictures, which a camera on a busy
    machine makes as well.
    """

    def came() -> int:
        return sum(layer.core.figures().octets_by_temporal[: temporal + 1])

    def above() -> int:
        return sum(layer.core.figures().octets_by_temporal[temporal + 1 :])

    deadline = monotonic_us() + seconds * 1e6
    while monotonic_us() < deadline:
        keyframes, left_out, sent, due = layer.core.figures().keyframes, above(), slot.core.octets, came()
        await sees_and_hears(page, source)
        is_even = slot.core.octets - sent == came() - due  # but for a packet that is just being forwarded
        if is_even and layer.core.figures().keyframes == keyframes and (temporal == 2 or above() > left_out):
            return
    raise AssertionError(f"{slot.core.octets - sent} bytes were sent of {came() - due}")


async def test_twelve_people_are_all_seen_and_heard_by_all(browser_context: BrowserContext, stage: Stage) -> None:
    names = [f"p{n}" for n in range(12)]
    page = await stage.crowd(browser_context, names)
    await eventually(
        page,
        """async names => {
            for (const name of names) {
                const { received } = await window.peers[name].stats();
                for (const other of names) {
                    if (other === name) continue;
                    const figures = received[other];
                    if (!(figures?.framesDecoded >= 10 && figures.audioEnergy > 0)) return false;
                }
            }
            return true;
        }""",
        names,
        120,
    )
    # Twelve browsers' worth of decoding can starve a small machine, and a starved connection heals itself; that
    # nothing is agreed twice is held by the test of four above.


# What a page has received of one source, and what it has coded itself.
FIGURES = """async (source) => {
  const found = { lost: 0, asked: 0, decoded: 0, dropped: 0, encoded: 0, made_up: 0, samples: 0 };
  const tracks = ["audio", "video"].map((kind) => window.peer.stream(source, kind)?.getTracks()[0].id);
  for (const connection of window.connections) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type === "outbound-rtp") found.encoded += entry.framesEncoded ?? 0;
      if (entry.type !== "inbound-rtp" || !tracks.includes(entry.trackIdentifier)) continue;
      found.lost += entry.packetsLost;
      found.asked += entry.pliCount ?? 0;
      found.decoded += entry.framesDecoded ?? 0;
      found.dropped += entry.framesDropped ?? 0;
      found.made_up += (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0);
      found.samples += entry.totalSamplesReceived ?? 0;
    }
  }
  return found;
}"""


class Seat:
    """The one thing a simulated participant needs to send pictures and sound: a way to the media plane."""

    def __init__(self, plane: Sfu, name: str) -> None:
        self.name = name
        self._plane = plane

    async def offer(self, sdp: str, peer: str | None = None) -> tuple[str, str]:
        return self.name, await self._plane.join(room="room", source=self.name, peer=self.name, offer=sdp)


async def test_who_comes_and_goes_costs_those_who_stay_no_picture_and_no_sound(
    browser_context: BrowserContext, stage: Stage
) -> None:
    pages = {name: await stage.enter(browser_context, name) for name in ("ada", "ben")}
    await sees_and_hears(pages["ada"], "ben")
    await sees_and_hears(pages["ben"], "ada")

    async def figures() -> dict[str, dict[str, float]]:
        return {name: await pages[name].evaluate(FIGURES, other) for name, other in (("ada", "ben"), ("ben", "ada"))}

    async def grown(seconds: float) -> dict[str, dict[str, float]]:
        before = await figures()
        await asyncio.sleep(seconds)
        return {name: {key: now[key] - before[name][key] for key in now} for name, now in (await figures()).items()}

    usual = await grown(4)
    watching = asyncio.ensure_future(grown(6))
    publishers = []
    for number in range(4):
        seat = Seat(stage.sfu, f"dora{number}")
        stage.sfu.forward(room="room", source=seat.name, microphone=True, camera=True)
        publisher = Publisher(seat, number)
        publishers.append(publisher)
        await publisher.connect()
        publisher.set(microphone=True, camera=True)
        await sees_and_hears(pages["ada"], seat.name)
        if number % 2:
            await publishers.pop(0).disconnect()
            stage.sfu.leave(room="room", peer=f"dora{number - 1}")
    during = await watching
    for publisher in publishers:
        await publisher.disconnect()
    print(usual, during)
    for name, other in (("ada", "ben"), ("ben", "ada")):
        seen, sent = during[name], during[other]
        assert seen["lost"] == 0
        assert seen["asked"] == 0, "a picture had to be asked for"
        assert seen["dropped"] <= usual[name]["dropped"] + 2
        # All that the other's camera made is shown; how much that is, a busy machine decides.
        assert abs(seen["decoded"] - sent["encoded"]) <= 3
        assert seen["made_up"] <= usual[name]["made_up"] + 0.05 * seen["samples"]
    assert stage.offers == {"ada": 1, "ben": 1}


async def test_who_only_watches_stays_though_nothing_is_said(browser_context: BrowserContext, stage: Stage) -> None:
    await stage.enter(browser_context, "ada", tracks=False)
    await stage.until(lambda: stage.said(MediaConnected, peer="ada") != [], "connection")
    await asyncio.sleep(LOST_AFTER_US / 1e6 + 2)
    assert stage.said(MediaLost) == []
    link = stage.sfu._rooms["room"].peers["ada"].link
    await until(lambda: link.heard_us is not None and monotonic_us() - link.heard_us < 1_000_000)


async def test_a_shut_gate_stops_packets_and_the_camera_off_sends_none(
    browser_context: BrowserContext, stage: Stage
) -> None:
    ada = await stage.enter(browser_context, "ada")
    ben = await stage.enter(browser_context, "ben")
    await sees_and_hears(ben, "ada")
    slots = [slot for slot in stage.sfu._rooms["room"].peers["ben"].slots.values() if slot.source == "ada"]
    assert len(slots) == 2

    stage.sfu.forward(room="room", source="ada", microphone=False, camera=False)
    await ben.wait_for_function("() => window.peer.stream('ada', 'video') === null")
    sent = [slot.core.packets for slot in slots]
    uplink = stage.sfu._rooms["room"].peers["ada"].uplink.layers()
    arrived = [layer.core.figures().received for layer in uplink]
    await until(
        lambda: all(layer.core.figures().received > before + 10 for layer, before in zip(uplink, arrived, strict=True))
    )
    assert [slot.core.packets for slot in slots] == sent
    assert await received(ben) == {}

    stage.sfu.forward(room="room", source="ada", microphone=True, camera=True)
    await sees_and_hears(ben, "ada")

    await ada.evaluate(
        "async () => { const [t] = window.media_().getVideoTracks();"
        " await window.peer.setTrack('video', null); t.stop(); }"
    )
    video = next(layer for layer in uplink if layer.track.kind == "video")
    await until(lambda: 0 < video.core.figures().last_us < monotonic_us() - 500_000)
    before = await ada.evaluate("async () => (await window.peer.stats()).sent")
    await asyncio.sleep(1.0)
    after = await ada.evaluate("async () => (await window.peer.stats()).sent")
    assert after["videoPackets"] == before["videoPackets"]
    assert after["audioPackets"] > before["audioPackets"]
    assert await ada.evaluate("() => window.media_().getVideoTracks()[0].readyState") == "ended"


async def test_a_browser_cut_off_for_six_seconds_comes_back_by_itself(
    browser_context: BrowserContext, stage: Stage
) -> None:
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        stage.way = way.port
        ada = await stage.enter(browser_context, "ada")
        stage.way = None
        ben = await stage.enter(browser_context, "ben")
        await sees_and_hears(ada, "ben")
        await sees_and_hears(ben, "ada")
        way.is_cut = True
        await stage.until(lambda: stage.said(MediaLost, peer="ada") != [], "loss")
        await ada.wait_for_function("() => window.peer.state === 'reconnecting'")
        way.is_cut = False
        way.rebind()
        await stage.until(lambda: len(stage.said(MediaConnected, peer="ada")) == 2, "return")
        await sees_and_hears(ada, "ben")
        await sees_and_hears(ben, "ada")
        assert await ada.evaluate("() => window.peer.state") == "connected"


async def test_a_reloaded_page_and_a_forgetful_server_both_heal(browser_context: BrowserContext, stage: Stage) -> None:
    ada = await stage.enter(browser_context, "ada")
    ben = await stage.enter(browser_context, "ben")
    await sees_and_hears(ben, "ada")
    await ada.close()
    again = await stage.enter(browser_context, "ada")
    await sees_and_hears(again, "ben")
    await sees_and_hears(ben, "ada")
    # The server restarted: it knows nobody. Whoever signals says so, and the page begins anew.
    stage.sfu.close_room(room="room")
    for name, page in (("ada", again), ("ben", ben)):
        stage.sfu.forward(room="room", source=name, microphone=True, camera=True)
        await page.evaluate("() => window.peer.rebuild()")
    await sees_and_hears(again, "ben")
    await sees_and_hears(ben, "ada")


async def test_an_offer_that_fails_or_is_refused_is_made_again_until_it_is_taken(
    browser_context: BrowserContext, stage: Stage
) -> None:
    stage.refusals = ["connection_lost"]
    ada = await stage.enter(browser_context, "ada")
    ben = await stage.enter(browser_context, "ben")
    await sees_and_hears(ada, "ben")
    assert stage.offers["ada"] == 2
    first = stage.sfu._rooms["room"].peers["ada"].link.fingerprints

    # A restart that the network ate is tried again on the same connection; one that is refused begins anew.
    for code, same in (("connection_lost", True), ("no_media", False)):
        before = stage.offers["ada"]
        stage.refusals = [code]
        await ada.evaluate("() => window.peer.restart()")
        await until(lambda before=before: stage.offers["ada"] == before + 2)
        await sees_and_hears(ada, "ben")
        await sees_and_hears(ben, "ada")
        assert (stage.sfu._rooms["room"].peers["ada"].link.fingerprints == first) is same


ODD = """
const Broken = {
  ada: class { constructor() { throw new Error("not here"); } },
  // It has no way out: nothing of it ever comes to the server.
  ben: class extends RTCPeerConnection {
    constructor(settings) { super({ ...settings, iceTransportPolicy: "relay" }); }
  },
};
window.chosen = [];
window.choose_ = async (plain) => {
  window.chosen.push(plain);
  return plain ? RTCPeerConnection : Broken[window.whose ?? "ada"];
};
"""


async def test_a_kind_of_connection_of_which_nothing_comes_is_left_for_the_usual_one(
    browser_context: BrowserContext, stage: Stage
) -> None:
    await browser_context.add_init_script(ODD)
    ada = await stage.enter(browser_context, "ada")
    await browser_context.add_init_script("window.whose = 'ben';")
    ben = await stage.enter(browser_context, "ben")
    await sees_and_hears(ada, "ben")
    await sees_and_hears(ben, "ada")
    for page in (ada, ben):
        assert await page.evaluate("() => window.chosen") == [False, True]
        await page.evaluate("() => window.peer.rebuild()")
    await sees_and_hears(ada, "ben")
    await sees_and_hears(ben, "ada")
    for page in (ada, ben):
        assert await page.evaluate("() => window.chosen") == [False, True, True], "what works is kept"


async def test_without_a_line_nothing_is_offered_and_media_heals_by_the_names_that_the_server_knows(
    browser_context: BrowserContext, stage: Stage
) -> None:
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        stage.way = way.port
        ada = await stage.enter(browser_context, "ada")
        stage.way = None
        ben = await stage.enter(browser_context, "ben")
        await sees_and_hears(ada, "ben")
        await ada.evaluate("() => { window.noLine = true; }")
        way.is_cut = True
        await ada.wait_for_function("() => window.peer.state === 'reconnecting'")
        way.is_cut = False
        way.rebind()
        await sees_and_hears(ada, "ben")
        await sees_and_hears(ben, "ada")
        # Media is back before the browser says so; as long as it does not, another offer would be in its place.
        await ada.wait_for_function("() => window.peer.state === 'connected'")
        assert stage.offers["ada"] == 1
        # What could not be told is told once there is a line, and only if it still matters.
        await ada.evaluate("() => { window.noLine = false; window.peer.reached(); }")
        assert stage.offers["ada"] == 1
        await ada.evaluate("() => { window.noLine = true; window.peer.rebuild(); }")
        await ada.evaluate("() => { window.noLine = false; window.peer.reached(); }")
        await sees_and_hears(ada, "ben")
        assert stage.offers["ada"] == 2


async def test_a_browser_on_a_lossy_way_goes_on_seeing(browser_context: BrowserContext, stage: Stage) -> None:
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        stage.way = way.port
        ada = await stage.enter(browser_context, "ada")
        stage.way = None
        ben = await stage.enter(browser_context, "ben")
        await sees_and_hears(ada, "ben")
        await sees_and_hears(ben, "ada")
        way.loss_up = way.loss_down = 0.05
        for _ in range(3):
            await sees_and_hears(ada, "ben")
            await sees_and_hears(ben, "ada")


# What a page heard of the only one it hears: packets that are missing, and those that the next one made good.
HEARD = """async () => {
  for (const connection of window.connections) {
    for (const entry of (await connection.getStats()).values()) {
      if (entry.type !== "inbound-rtp" || entry.kind !== "audio" || !entry.packetsReceived) continue;
      return {
        lost: entry.packetsLost,
        repeated: entry.fecPacketsReceived,
        repaired: entry.fecPacketsReceived - entry.fecPacketsDiscarded,
        made_up: entry.concealedSamples - entry.silentConcealedSamples,
        samples: entry.totalSamplesReceived,
      };
    }
  }
}"""


async def test_a_voice_is_repaired_for_a_listener_whose_way_loses_a_fifth(
    browser_context: BrowserContext, stage: Stage
) -> None:
    await browser_context.add_init_script(TALKING)
    async with Way(("127.0.0.1", stage.sfu.port)) as way:
        stage.way = way.port
        ada = await stage.enter(browser_context, "ada")
        stage.way = None
        await stage.enter(browser_context, "ben")
        await sees_and_hears(ada, "ben")
        before: dict[str, float] = await ada.evaluate(HEARD)
        assert before["repeated"] == 0, "nobody pays for it where nothing is lost"
        way.loss_down = 0.2
        begun = monotonic_us()
        # Ben's browser is told of it, and believes it slowly. Of several lost in a row the next repeats only the last.
        found: dict[str, float] = {"lost": 0, "repaired": 0}
        while found["repaired"] <= 0.6 * found["lost"]:
            assert monotonic_us() - begun < 40_000_000, found
            await eventually(ada, f"async lost => (await ({HEARD})()).lost >= lost", before["lost"] + 20)
            now = await ada.evaluate(HEARD)
            found, before = {key: now[key] - before[key] for key in now}, now
            print(f"{found['made_up'] / found['samples']:.1%} made up: {found}")
