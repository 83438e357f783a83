"""Three people in real browsers, one of them at a home with a bad network: what they see and hear of each other.

The home is a network namespace; what its way out does is played packet by packet (see `tests.support.netns`). Figures
are those of the browsers themselves (getStats).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from server.sfu.facts import Wish
from tests.media.network import Way
from tests.media.stage import Stage, sees_and_hears
from tests.network.moves import WATCH
from tests.simulation.link import Weather
from tests.support.browser import executable, open_chromium
from tests.support.netns import Home, home, why_not

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "namespaces can be made"),
]

AT_HOME, ELSEWHERE = "ada", ("ben", "cleo")
PICTURE = (480, 270, 10)
QUICK = (320, 180, 30)
"""As many pictures a second as people's cameras give: of one of ten a second, a lost packet is seen only with the next
picture, and sent again it comes after so long that Chromium counts it as a freeze."""
FLAGS = [f"--use-fake-device-for-media-stream=fps={QUICK[2]}"]


@pytest_asyncio.fixture(scope="module")
async def away(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Home, Browser]]:
    """The home, and the browser in it."""
    folder: Path = tmp_path_factory.mktemp("home")
    async with home() as place, open_chromium(flags=FLAGS, program=place.wrapper(folder, executable())) as browser:
        yield place, browser


@pytest_asyncio.fixture(scope="module")
async def here() -> AsyncIterator[Browser]:
    """The browser of the others."""
    async with open_chromium(flags=FLAGS) as browser:
        yield browser


@pytest.fixture
def picture() -> tuple[int, int, int]:
    """Width, height and pictures a second of everybody's camera."""
    return PICTURE


@dataclass
class Call:
    """Three people who see and hear each other."""

    place: Home
    stage: Stage
    pages: dict[str, Page]

    async def streams(self, name: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = await self.pages[name].evaluate("() => window.received_()")
        return found


@pytest_asyncio.fixture
async def call(away: tuple[Home, Browser], here: Browser, picture: tuple[int, int, int]) -> AsyncIterator[Call]:
    place, browser = away
    for direction in ("up", "down"):
        place.set(direction, **vars(Weather(delay_us=5_000)))
    contexts: list[BrowserContext] = []
    async with Stage(place.here) as stage:
        pages = {}
        for name in (AT_HOME, *ELSEWHERE):
            context = await (browser if name == AT_HOME else here).new_context(permissions=["camera", "microphone"])
            contexts.append(context)
            await context.add_init_script(WATCH)
            pages[name] = await stage.enter(context, name, slots=2, simulcast=True, picture=picture)
        for name in pages:
            stage.sfu.wish(room="room", peer=name, wish=Wish(heights=dict.fromkeys(pages, 270)))
        for name, page in pages.items():
            await sees_and_hears(page, *(other for other in pages if other != name))
            await page.evaluate("() => window.watch_()")
        yield Call(place, stage, pages)
        for context in contexts:
            await context.close()


@dataclass
class Fared:
    """How the streams of one kind fared in a while. Pictures are of the one that fared worst."""

    seconds: float
    frames: int
    freezes: int
    frozen_s: float
    concealed: float
    """Share of the sound that the browser had to make up."""
    sound_delay_s: float

    @property
    def rate(self) -> float:
        return self.frames / self.seconds

    @property
    def frozen(self) -> float:
        """Share of the time."""
        return self.frozen_s / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.frames} frames in {self.seconds:.1f} s, {self.freezes} freezes of {self.frozen_s:.2f} s, "
            f"{self.concealed:.1%} of the sound made up, {self.sound_delay_s * 1000:.0f} ms in the jitter buffer"
        )


async def fares(call: Call, name: str, seconds: float, *, pictures: int = 2) -> Fared:
    """Watch somebody's streams for a while; the best `pictures` of them count."""
    before, began = await call.streams(name), time.monotonic()
    await asyncio.sleep(seconds)
    after, passed = await call.streams(name), time.monotonic() - began

    def grown(stream: str, figure: str) -> float:
        return float(after[stream].get(figure, 0)) - float(before.get(stream, {}).get(figure, 0))

    videos = sorted(
        (stream for stream in after if after[stream]["kind"] == "video"),
        key=lambda stream: -grown(stream, "framesDecoded"),
    )[:pictures]
    sounds = [stream for stream in after if after[stream]["kind"] == "audio"]
    samples = sum(grown(stream, "totalSamplesReceived") for stream in sounds)
    emitted = sum(grown(stream, "jitterBufferEmittedCount") for stream in sounds)
    fared = Fared(
        seconds=passed,
        frames=round(min(grown(stream, "framesDecoded") for stream in videos)),
        freezes=round(max(grown(stream, "freezeCount") for stream in videos)),
        frozen_s=max(grown(stream, "totalFreezesDuration") for stream in videos),
        concealed=sum(grown(s, "concealedSamples") - grown(s, "silentConcealedSamples") for s in sounds) / samples,
        sound_delay_s=sum(grown(stream, "jitterBufferDelay") for stream in sounds) / emitted,
    )
    print(f"{name}: {fared}")
    return fared


async def moves(call: Call) -> dict[tuple[str, str], list[float]]:
    """When each picture to and from the home moved on, in seconds."""
    found: dict[tuple[str, str], list[float]] = {}
    for name, page in call.pages.items():
        wanted = ELSEWHERE if name == AT_HOME else (AT_HOME,)
        seen: dict[str, list[int]] = await page.evaluate("() => window.moves_")
        told = call.stage.slots(name)
        for mid, source in (told.video if told is not None else {}).items():
            if source in wanted:
                found[name, source] = [at / 1_000 for at in seen.get(f"video{mid}", [])]
    return found


async def recovered(call: Call, since_s: float, *, within_s: float = 20) -> list[float]:
    """Seconds from `since_s` until each picture to and from the home moved on."""
    deadline = time.monotonic() + within_s
    while True:
        firsts = [next((at for at in seen if at >= since_s), None) for seen in (await moves(call)).values()]
        waits = sorted(first - since_s for first in firsts if first is not None)
        if len(waits) == 4:
            print(f"recovered after {[round(wait, 2) for wait in waits]} s")
            return waits
        assert time.monotonic() < deadline, f"not every picture came back: {waits}"
        await asyncio.sleep(0.1)


async def longest_stills(call: Call, since_s: float) -> list[float]:
    """The longest time from `since_s` on for which each picture to and from the home stood still."""
    stills: list[float] = []
    for seen in (await moves(call)).values():
        moments = [since_s, *(at for at in seen if at >= since_s), time.time()]
        stills.append(max(later - earlier for earlier, later in itertools.pairwise(moments)))
    print(f"stood still for {[round(still, 2) for still in sorted(stills)]} s")
    assert len(stills) == 4, "not every picture came back"
    return stills


@pytest.mark.parametrize("picture", [QUICK])
async def test_five_per_cent_loss_and_sixty_milliseconds_of_jitter_leave_pictures_moving(call: Call) -> None:
    names = AT_HOME, "ben"
    usual = await asyncio.gather(*(fares(call, name, 8) for name in names))
    for direction in ("up", "down"):
        call.place.set(direction, loss=0.05, jitter_us=60_000, delay_us=20_000)
    await asyncio.sleep(6)
    since = time.time()
    for before, fared in zip(usual, await asyncio.gather(*(fares(call, name, 24) for name in names)), strict=True):
        assert fared.rate > 0.6 * before.rate
        assert fared.frozen < before.frozen + 0.08
        assert fared.concealed < before.concealed + 0.06
    assert max(await longest_stills(call, since)) < 1.5


async def test_three_hundred_kilobits_carry_sound_and_a_moving_picture(call: Call) -> None:
    usual = await fares(call, AT_HOME, 8)
    call.place.set("down", rate_bps=300_000, queue_us=500_000, delay_us=20_000)
    await asyncio.sleep(6)
    fared = await fares(call, AT_HOME, 15, pictures=1)
    # Half of the pictures go before a smaller one comes, and before any is left out.
    assert fared.rate > 0.45 * usual.rate
    assert fared.frozen < usual.frozen + 0.2
    assert fared.concealed < usual.concealed + 0.03
    assert fared.sound_delay_s < usual.sound_delay_s + 0.5


async def test_after_ten_seconds_without_a_network_everybody_is_back_within_a_second(call: Call) -> None:
    waits: list[float] = []
    for _ in range(3):
        call.place.cut()
        await asyncio.sleep(10)
        call.place.mend()
        waits += await recovered(call, time.time())
        await asyncio.sleep(3)
    assert max(waits) < 1


async def test_another_address_in_mid_call_is_followed_without_a_click(call: Call) -> None:
    waits: list[float] = []
    for _ in range(3):
        since = time.time()
        call.place.move()
        await asyncio.sleep(10)
        waits += await longest_stills(call, since)
    # Chromium tells its connections of another address only after two seconds (net::NetworkChangeNotifier).
    assert max(waits) < 4


async def test_a_router_that_gives_another_port_costs_no_second_and_no_new_offer(chromium: Browser) -> None:
    """The browser notices nothing of it, and checks a way that works each two and a half seconds only."""
    context = await chromium.new_context(permissions=["camera", "microphone"])
    await context.add_init_script(WATCH)
    waits: list[float] = []
    async with Stage() as stage, Way(("127.0.0.1", stage.sfu.port)) as way:
        stage.way = way.port
        pages = [await stage.enter(context, "ada", picture=PICTURE)]
        stage.way = None
        pages.append(await stage.enter(context, "ben", picture=PICTURE))
        for page, other in zip(pages, ("ben", "ada"), strict=True):
            await sees_and_hears(page, other)
            await page.evaluate("() => window.watch_()")
        for _ in range(5):
            await asyncio.sleep(2)
            since = time.time()
            way.rebind()
            await asyncio.sleep(4)
            for page in pages:
                (moves,) = (await page.evaluate("() => window.moves_")).values()
                moments = [since, *(at / 1_000 for at in moves if at / 1_000 >= since)]
                waits.append(max(later - earlier for earlier, later in itertools.pairwise(moments)))
        assert stage.offers == {"ada": 1, "ben": 1}
    await context.close()
    print(f"stood still for {[round(wait, 2) for wait in waits]} s")
    assert max(waits) < 1
