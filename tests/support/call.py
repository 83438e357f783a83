"""Calls for tests: the real application and media plane in this very process, so that both can be looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import MINUTE_MS, Instant
from server.clock import RoomClock
from server.rooms.ports import MediaFact
from server.sfu.plane import MediaSettings, Sfu
from server.store.clinic import Person, ScheduledSession
from server.web.site import CLINIC
from tests.media.rawpeer import RawPeer
from tests.support.application import Application, settings_of
from tests.support.seats import SeatAtBrowser, seat_at

SESSION = SessionId("s-call")
SPY = "m-spy"
ZONE = "America/New_York"
PEOPLE = {
    "fay": Expected(person=PersonId("p-fay"), role=Role.FACILITATOR, name="Dr. Fay Facilitator"),
    "robin": Expected(person=PersonId("p-robin"), role=Role.PARTICIPANT, name="Robin Example"),
    "sam": Expected(person=PersonId("p-sam"), role=Role.PARTICIPANT, name="Sam Sample"),
    "kim": Expected(person=PersonId("p-kim"), role=Role.PARTICIPANT, name="Kim Pattern"),
}


class Call(Application):
    """One session that anybody of PEOPLE may enter at any time."""

    def __init__(self, folder: Path, *, host: str = "127.0.0.1", **settings: Any) -> None:
        clock = RoomClock()
        self.sfu = Sfu(MediaSettings(hosts=(host,), public_addresses=(host,)), clock=clock.now)
        super().__init__(settings_of(folder, **settings), clock=clock, media=self.sfu)
        self._session = ScheduledSession(
            session=SESSION,
            clinic=CLINIC,
            title="Evening group",
            zone=ZONE,
            starts_at=Instant(clock.now() + MINUTE_MS),
            plan_id="adult",
            rules_id="exact-floor",
            roster=tuple(PEOPLE.values()),
        )
        self._raw: list[RawPeer] = []
        self._seats: list[SeatAtBrowser] = []

    def link(self, name: str) -> str:
        return self.url + self.path(self.seat(PEOPLE[name].person, self._session))

    async def fill(self) -> None:
        for each in PEOPLE.values():
            person = Person(person=each.person, name=each.name, role=each.role, track="adult", zone=ZONE)
            await self.store.clinic.put_person(person)
        await self.store.clinic.put_session(self._session)

    def media_fact(self, fact: MediaFact) -> None:
        if getattr(fact, "peer", "") != SPY:  # the room would send it out
            super().media_fact(fact)

    async def leave(self) -> None:
        """Everybody."""
        for seat in self._seats:
            await seat.context.close()
        for raw in self._raw:
            await raw.close()

    async def enter(
        self, browser: Browser, name: str, *, by: SeatAtBrowser | None = None, script: str = "", **kind: Any
    ) -> SeatAtBrowser:
        """Somebody in the room with microphone and camera on; participants are let in `by` a facilitator.

        `script` runs in their pages before anything else; for the rest see `seat_at`.
        """
        seat = await seat_at(browser, PEOPLE[name].name, self.link(name), **kind)
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
async def call(folder: Path, *, host: str = "127.0.0.1", port: int = 0, **settings: Any) -> AsyncIterator[Call]:
    """`host` and `port`: where its pages and its media are."""
    async with Call(folder, host=host, **settings).served(host=host, port=port) as held:
        try:
            yield held
        finally:
            await held.leave()
