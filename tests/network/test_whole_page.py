"""The session page itself at a home with a bad network, its line to the room and all: back without a click.

What a laptop does when its lid is shut is played by stopping every process of the browser and cutting its network.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from facilitation import events as v
from facilitation.timebase import Instant
from tests.network.moves import WATCH
from tests.simulation.link import Weather
from tests.support.browser import executable, open_chromium
from tests.support.call import PEOPLE, SESSION, Call, call
from tests.support.netns import Home, home, why_not
from tests.support.seats import SeatAtBrowser

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "namespaces can be made"),
]

NAME = "milieu.localhost"
"""What both browsers call the server: only so may a page without a certificate open a camera."""
OFFERS = """(() => {
  const real = RTCPeerConnection.prototype.setLocalDescription;
  window.offers_ = 0;
  RTCPeerConnection.prototype.setLocalDescription = function (...given) {
    if (given[0]?.type === "offer") window.offers_ += 1;
    return real.apply(this, given);
  };
})();"""


ROAMS = "() => window.made_.length > 0 && window.made_.every((each) => !(each instanceof RTCPeerConnection))"
"""Whether the page's connections are those of its frame, which are bound to no address."""


@dataclass
class Evening:
    """Robin at home, and Dr. Fay elsewhere. `browser` is the first of Robin's processes."""

    place: Home
    room: Call
    robin: SeatAtBrowser
    fay: SeatAtBrowser
    browser: int

    async def moved(self, seat: SeatAtBrowser) -> list[float]:
        """When the one picture that somebody sees moved on, in seconds."""
        moves: dict[str, list[int]] = await seat.page.evaluate("() => window.moves_")
        return sorted(at / 1_000 for each in moves.values() for at in each)

    async def back(self, since_s: float, *, within_s: float = 20) -> list[float]:
        """Seconds from `since_s` until each sees the other again."""
        deadline, waits = time.monotonic() + within_s, []
        for seat in (self.robin, self.fay):
            while not (after := [at for at in await self.moved(seat) if at >= since_s]):
                assert time.monotonic() < deadline, f"{seat.name} does not see the other again"
                await asyncio.sleep(0.1)
            waits.append(after[0] - since_s)
        print(f"back after {[round(wait, 2) for wait in waits]} s")
        return waits

    async def settled(self) -> None:
        """Until all is as if nothing had been: line, media and what is measured."""
        await self.robin.page.wait_for_function("() => !document.querySelector('.notice')")
        for seat in (self.robin, self.fay):
            await seat.sees_and_hears(1)
        await asyncio.sleep(2)

    async def sleeps(self, seconds: float) -> tuple[Instant, Instant]:
        """Shut the lid for so long; when it was shut and opened."""
        processes = family(self.browser)
        self.place.cut()
        shut = self.room.clock.now()
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)
        return shut, self.room.clock.now()

    async def presence(self, since: Instant) -> list[tuple[Instant, bool]]:
        """From when to when Robin was there since then, as minutes are counted: (instant, begins)."""
        records = await self.room.store.log.read(SESSION)
        own = {
            each.event.connection
            for each in records
            if isinstance(each.event, v.ConnectionOpened) and each.event.person == PEOPLE["robin"].person
        }
        own |= {
            each.event.peer
            for each in records
            if isinstance(each.event, v.MediaConnected) and each.event.person == PEOPLE["robin"].person
        }
        found = []
        for each in records:
            match each.event:
                case v.ConnectionOpened(connection=source) | v.MediaConnected(peer=source) if source in own:
                    found.append((each.at, True))
                case v.ConnectionClosed(connection=source, heard=heard) | v.MediaLost(peer=source, heard=heard):
                    if source in own:
                        found.append((heard, False))
        return [(at, begins) for at, begins in found if at >= since]


def family(first: int) -> list[int]:
    """A process and all that came of it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:  # gone meanwhile
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [first]
    for each in found:
        found += children.get(each, [])
    return found


@pytest_asyncio.fixture(scope="module")
async def homes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Home, Browser, Browser, int]]:
    folder: Path = tmp_path_factory.mktemp("home")
    async with home() as place:
        flags = [f"--host-resolver-rules=MAP {NAME} {place.here}"]
        program = place.wrapper(folder, executable(with_windows=True))
        async with open_chromium(flags=flags) as here, open_chromium(flags=flags, program=program) as away:
            yield place, here, away, int((folder / "pid").read_text())


@pytest.fixture
def roams() -> bool:
    """Whether Robin's connection is bound to none of the addresses that there are; see `seat_at`."""
    return True


@pytest_asyncio.fixture
async def evening(homes: tuple[Home, Browser, Browser, int], tmp_path: Path, roams: bool) -> AsyncIterator[Evening]:
    place, here, away, process = homes
    for direction in ("up", "down"):
        place.set(direction, **vars(Weather(delay_us=5_000)))
    async with call(tmp_path, host=place.here) as room:
        room.url = room.url.replace(place.here, NAME)
        fay = await room.enter(here, "fay", script=WATCH, roams=True)
        robin = await room.enter(away, "robin", by=fay, script=WATCH + OFFERS, roams=roams)
        held = Evening(place, room, robin, fay, process)
        for seat in (robin, fay):
            await seat.sees_and_hears(1)
            await seat.page.evaluate("() => window.watch_()")
        await held.settled()
        yield held
        assert robin.mistakes == fay.mistakes == []


async def test_after_ten_seconds_without_a_network_nothing_has_to_be_agreed_anew(evening: Evening) -> None:
    waits: list[float] = []
    for _ in range(5):
        offers = await evening.robin.page.evaluate("() => window.offers_")
        evening.place.cut()
        await asyncio.sleep(10)
        evening.place.mend()
        waits += await evening.back(time.time())
        await evening.settled()
        assert await evening.robin.page.evaluate("() => window.offers_") == offers
    assert max(waits) < 1


async def moves_on(evening: Evening, times: int) -> list[float]:
    """For how long each did not see the other move, when Robin was in another network all at once."""
    waits: list[float] = []
    for _ in range(times):
        since = time.time()
        evening.place.move()
        await asyncio.sleep(6)
        for seat in (evening.robin, evening.fay):
            moments = [since, *(at for at in await evening.moved(seat) if at >= since)]
            waits.append(max(later - earlier for earlier, later in itertools.pairwise(moments)))
        await evening.settled()
    print(f"stood still for {[round(wait, 2) for wait in waits]} s")
    return waits


async def test_in_another_network_everybody_is_back_within_a_second(evening: Evening) -> None:
    assert await evening.robin.page.evaluate(ROAMS)
    assert max(await moves_on(evening, 5)) < 1


@pytest.mark.parametrize("roams", [False])
async def test_a_connection_that_is_bound_goes_on_half_a_second_after_chromium_knows_of_another_network(
    evening: Evening,
) -> None:
    assert not await evening.robin.page.evaluate(ROAMS)
    # net::NetworkChangeNotifierLinux waits for two seconds before it tells anybody of another address.
    assert max(await moves_on(evening, 3)) < 2 + 1


@pytest.mark.parametrize(("seconds", "times"), [(10, 3), (70, 1), (130, 1)])
async def test_a_laptop_that_wakes_is_back_by_itself_and_what_it_slept_is_not_counted(
    evening: Evening, seconds: float, times: int
) -> None:
    waits: list[float] = []
    for _ in range(times):
        shut, opened = await evening.sleeps(seconds)
        evening.place.mend()
        waits += await evening.back(time.time())
        await evening.settled()
        presence = await evening.presence(shut - 1_000)
        assert presence, "nothing was noticed"
        # Both ways end where something was heard last, and nothing begins before the lid is open.
        assert all(at <= shut + 100 for at, begins in presence if not begins and at < opened)
        assert all(at >= opened for at, begins in presence if begins)
        seats = await evening.fay.page.locator(".tile").count()
        assert seats == 2, "the same seat"
    assert max(waits) < (1 if seconds < 120 else 2)
