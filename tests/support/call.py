"""Calls for tests: the real application and media plane in this very process, so that both can be looked at."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Browser
from pydantic import SecretStr

from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.app import build, opening
from server.catalog import load_catalog
from server.clock import RoomClock
from server.config import Settings
from server.library import load_library
from server.mail.memory import Pocket
from server.rooms.directory import Rooms
from server.sfu.facts import MediaFact
from server.sfu.plane import MediaSettings, Sfu
from server.store import memory
from server.store.clinic import Person, ScheduledSession
from server.web.links import Links, Seat
from server.web.site import CLINIC
from tests.media.rawpeer import RawPeer
from tests.support.net import free_port
from tests.support.seats import SeatAtBrowser, seat_at

SESSION = SessionId("s-call")
SPY = "m-spy"
PEOPLE = {
    "fay": Expected(person=PersonId("p-fay"), role=Role.FACILITATOR, name="Dr. Fay Facilitator"),
    "robin": Expected(person=PersonId("p-robin"), role=Role.PARTICIPANT, name="Robin Example"),
    "sam": Expected(person=PersonId("p-sam"), role=Role.PARTICIPANT, name="Sam Sample"),
    "kim": Expected(person=PersonId("p-kim"), role=Role.PARTICIPANT, name="Kim Pattern"),
}


class Call:
    """One session that anybody of PEOPLE may enter at any time."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.settings = Settings(
            data_dir=folder,
            secret=SecretStr("a secret of tests and of nothing else, long enough"),
            port=free_port(),
            **settings,
        )
        self.clock = RoomClock()
        self.sfu = Sfu(MediaSettings(hosts=("127.0.0.1",), public_addresses=("127.0.0.1",)), clock=self.clock.now)
        self.store = memory.connect()
        self._links = Links(self.settings.signing_keys(), clinic=CLINIC)
        self._stack = AsyncExitStack()
        self._raw: list[RawPeer] = []
        self._seats: list[SeatAtBrowser] = []

    @property
    def url(self) -> str:
        return self.settings.base_url

    def link(self, name: str) -> str:
        each = PEOPLE[name]
        until = Instant(self.clock.now() + HOUR_MS)
        seat = Seat(session=SESSION, person=each.person, role=each.role, until=until)
        return f"{self.url}/j/{self._links.link(seat)}"

    async def start(self) -> None:
        catalog = load_catalog()
        roster = tuple(PEOPLE.values())
        for each in roster:
            person = Person(person=each.person, name=each.name, role=each.role, track="adult", zone="America/New_York")
            await self.store.clinic.put_person(person)
        await self.store.clinic.put_session(
            ScheduledSession(
                session=SESSION,
                clinic=CLINIC,
                title="Evening group",
                zone="America/New_York",
                starts_at=Instant(self.clock.now() + MINUTE_MS),
                plan_id="adult",
                rules_id="exact-floor",
                roster=roster,
            )
        )
        self.rooms = Rooms(
            log=self.store.log,
            leases=self.store.leases,
            media=self.sfu,
            clock=self.clock,
            node="n-1",
            load_session=opening(self.settings, store=self.store, catalog=catalog, library=load_library()),
            on_signed=lambda session: None,
        )
        await self.sfu.start(self._fact)
        self._stack.push_async_callback(self.sfu.stop)
        self._stack.push_async_callback(self.rooms.close)

        async def health() -> dict[str, bool]:
            return {"store": True, "media": True, "accepting": True}

        app = build(
            self.settings,
            store=self.store,
            catalog=catalog,
            library=load_library(),
            rooms=self.rooms,
            clock=self.clock,
            health=health,
            mail=Pocket(),
        )
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="websockets-sansio", ws_ping_interval=None)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[socket.create_server(("127.0.0.1", self.settings.port))]))

        async def stop() -> None:
            server.should_exit = True
            await serving

        self._stack.push_async_callback(stop)

    def _fact(self, fact: MediaFact) -> None:
        if getattr(fact, "peer", "") != SPY:  # the room would send it out
            self.rooms.media_fact(fact)

    async def stop(self) -> None:
        for seat in self._seats:
            await seat.context.close()
        for raw in self._raw:
            await raw.close()
        await self._stack.aclose()

    async def enter(
        self, browser: Browser, name: str, *, by: SeatAtBrowser | None = None, script: str = "", **size: int
    ) -> SeatAtBrowser:
        """Somebody in the room with microphone and camera on; participants are let in `by` a facilitator.

        `script` runs in their pages before anything else.
        """
        seat = await seat_at(browser, PEOPLE[name].name, self.link(name), **size)
        self._seats.append(seat)
        await seat.context.add_init_script(script or ";")
        await seat.open()
        if by is not None:
            await seat.arrive()
            row = by.page.get_by_role("listitem").filter(has_text=seat.name)
            await row.get_by_role("button", name="Admit").first.click(timeout=30_000)
        await seat.is_in_the_room()
        await seat.speak_and_show()
        return seat

    async def spy(self, **slots: Any) -> RawPeer:
        """A place in the media plane itself: it gets, decrypted hop by hop, exactly what the server forwards."""
        raw = RawPeer(publishes=False, **slots)
        self._raw.append(raw)
        answer = await self.sfu.join(room=SESSION, source="p-spy", peer=SPY, offer=raw.offer())
        await raw.connect(answer)
        return raw


@asynccontextmanager
async def call(folder: Path, **settings: Any) -> AsyncIterator[Call]:
    held = Call(folder, **settings)
    await held.start()
    try:
        yield held
    finally:
        await held.stop()
