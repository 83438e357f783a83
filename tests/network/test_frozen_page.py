"""The session page in the background of a phone: hidden, frozen by the browser, and back by itself when somebody looks
at it again."""

from __future__ import annotations

import asyncio
import itertools
import time
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.network.moves import WATCH
from tests.support.browser import executable
from tests.support.call import Call, call
from tests.support.frozen import WITHIN_S, LonePage, lone_page
from tests.support.seats import RECEIVED, WATCH_PEERS, SeatAtBrowser

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(executable(with_windows=True).endswith("-shell"), reason="the whole Chromium is not installed"),
]

STATES = """
(() => {
  window.states_ = [];
  window.ticks_ = [];
  for (const name of ["freeze", "resume"]) document.addEventListener(name, () => window.states_.push(name));
  setInterval(() => window.ticks_.push(Date.now()), 100);
})();
"""
STOPPED = "[...document.querySelectorAll('audio, video')].filter((each) => each.paused).length"
STILL_S = 0.6
"""Pictures of a camera of ten a second that move on after no longer than this were not seen to stop."""


class Evening:
    """Dr. Fay, and Robin on a phone that freezes what is not looked at."""

    def __init__(self, room: Call, fay: SeatAtBrowser, robin: LonePage) -> None:
        self.room, self.fay, self.robin = room, fay, robin

    async def begin(self, link: str) -> None:
        """Robin comes back on the phone, with microphone and camera on."""
        await self.robin.open(link, script=WATCH_PEERS + WATCH + STATES)
        await self.robin.until("document.querySelector('body[data-place=room]')")
        for number in range(2):
            button = f"document.querySelectorAll('.dock-button')[{number}]"
            await self.robin.until(button)
            await self.robin.evaluate(f"{button}.ariaPressed === 'true' || {button}.click()")
            await self.robin.until(f"{button}.ariaPressed === 'true'")
        await self.fay.page.evaluate("() => window.watch_()")
        await self.robin.evaluate("window.watch_()")
        await self.settled()

    async def settled(self) -> None:
        """Until each sees and hears the other."""
        await self.fay.sees_and_hears(1)
        before = await self.robin.evaluate(f"({RECEIVED})()")
        for _ in range(WITHIN_S * 10):
            now = await self.robin.evaluate(f"({RECEIVED})()")
            grown = [count - before["pictures"].get(mid, 0) for mid, count in now["pictures"].items()]
            if now["energy"] > before["energy"] and max(grown, default=0) > 5:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(f"Robin should see and hear Dr. Fay: {before} → {now}")
        await asyncio.sleep(2)

    async def moved(self) -> tuple[list[float], list[float]]:
        """When the picture moved on that Fay sees, and the one that Robin does, in seconds."""
        seen = await self.fay.page.evaluate("() => window.moves_"), await self.robin.evaluate("window.moves_")
        fay, robin = (sorted(at / 1_000 for each in moves.values() for at in each) for moves in seen)
        return fay, robin

    async def freezes(self, seconds: float) -> list[float]:
        """Have the page left and frozen for so long; how long after the return each saw the other move for good."""
        await self.robin.leave()
        await asyncio.sleep(1)
        frozen_s = time.time()
        await self.robin.freeze()
        await asyncio.sleep(seconds)
        back_s = time.time()
        await self.robin.come_back()
        await asyncio.sleep(6)
        states, ticks = await self.robin.evaluate("[window.states_.splice(0), window.ticks_]")
        assert states == ["freeze", "resume"]
        assert not [at for at in ticks if frozen_s + 0.2 < at / 1_000 < back_s], "it was not frozen"
        waits = []
        for moments in await self.moved():
            # What it had of before may be shown first: it counts from when the picture goes on.
            after = [back_s, *(at for at in moments if at >= back_s), time.time()]
            stops = [later for earlier, later in itertools.pairwise(after) if later - earlier > STILL_S]
            waits.append((stops[-1] if stops else after[1]) - back_s)
        print(f"frozen for {seconds} s: seen after {waits[0]:.2f} s, sees after {waits[1]:.2f} s")
        return waits


async def test_a_page_that_was_frozen_sees_and_is_seen_within_a_second_of_being_looked_at(
    chromium: Browser, tmp_path: Path
) -> None:
    async with call(tmp_path / "room") as room, lone_page(tmp_path / "profile") as page:
        fay = await room.enter(chromium, "fay", script=WATCH)
        robin = await room.enter(chromium, "robin", by=fay, script=WATCH)
        await robin.context.close()
        evening = Evening(room, fay, page)
        await evening.begin(room.link("robin"))
        waits: list[float] = []
        for seconds in (5, 8, 5, 30, 100):
            waits += await evening.freezes(seconds)
            await evening.settled()
            assert await fay.page.locator(".tile").count() == 2, "the same seat"
            assert await page.evaluate(STOPPED) == 0, "what it plays has gone on"
            assert await page.evaluate("document.querySelector('.notice') === null")
        assert fay.mistakes == []
        assert max(waits) < 1
