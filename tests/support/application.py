"""The whole application as `server.app` joins it, over a store that a test can look into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.accounts.parts import parts
from server.app import build, site_of
from server.catalog import load_catalog
from server.clock import Clock, RoomClock
from server.config import Settings
from server.library import load_library
from server.mail.memory import Pocket
from server.opening import opening
from server.rooms.directory import Rooms
from server.rooms.ports import MediaFact, MediaPlane
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.web.links import Links, Seat
from tests.support.authenticator import Phone
from tests.support.serving import served
from tests.support.visitor import Visitor

SECRET = "a secret of tests and of nothing else, long enough"
ADA = PersonId("p-ada")
"""Who invites."""


def settings_of(folder: Path = Path("nowhere"), **more: Any) -> Settings:
    """Settings with a secret of their own, so that nothing is written into the data folder."""
    return Settings(data_dir=folder, secret=SecretStr(SECRET), **more)


class Application:
    """One node; `served()` gives it a port. `mail` has its letters, `well` is what it says of its health.

    `site`: what of its web face differs from what the settings say.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        store: Store | None = None,
        media: MediaPlane | None = None,
        on_signed: Callable[[SessionId], None] = lambda session: None,
        **site: Any,
    ) -> None:
        self.settings = settings or settings_of()
        self.clock = clock or RoomClock()
        self.store = store or memory.connect()
        self.media = media or SilentMedia(self.clock)
        self.mail = Pocket()
        self.catalog = load_catalog()
        self.well = {"store": True, "media": True, "accepting": True}
        self.site = replace(site_of(self.settings), **site)
        self.links = Links(self.site.keys, clinic=self.site.clinic)
        self.accounts = parts(
            self.store,
            keys=self.site.keys,
            clinic=self.site.clinic,
            place=self.settings.clinic_name,
            base_url="",
            mail=self.mail,
            clock=self.clock,
        )
        library = load_library(numbers=self.site.lines.numbers)
        self.rooms = Rooms(
            log=self.store.log,
            leases=self.store.leases,
            media=self.media,
            clock=self.clock,
            load_session=opening(self.settings, store=self.store, catalog=self.catalog, library=library),
            node="n-1",
            on_signed=on_signed,
        )
        self.app = build(
            self.settings,
            site=self.site,
            store=self.store,
            catalog=self.catalog,
            library=library,
            rooms=self.rooms,
            clock=self.clock,
            health=self._health,
            mail=self.mail,
        )
        self.url = ""

    async def fill(self) -> None:
        """Put what this clinic has into its store, before anybody comes."""

    @asynccontextmanager
    async def served(self, **config: Any) -> AsyncIterator[Self]:
        """Filled, and open to browsers at `url`."""
        await self.fill()
        await self.media.start(self.media_fact)
        try:
            async with served(self.app, **config) as self.url:
                yield self
        finally:
            await self.rooms.close()
            await self.media.stop()

    def media_fact(self, fact: MediaFact) -> None:
        self.rooms.media_fact(fact)

    async def _health(self) -> dict[str, bool]:
        return self.well

    # ------------------------------------------------------------------ who comes in

    def seat(
        self, person: PersonId, session: ScheduledSession, *, role: Role | None = None, hours: int | None = None
    ) -> Seat:
        """As the session's list has them, for so many `hours` from now; else until a day after it began."""
        if hours is None:
            until = max(self.clock.now(), session.starts_at) + 24 * HOUR_MS
        else:
            until = self.clock.now() + hours * HOUR_MS
        role = role or next(each.role for each in session.roster if each.person == person)
        return Seat(session=session.session, person=person, role=role, until=Instant(until))

    def path(self, seat: Seat) -> str:
        """Of the link to it."""
        return "/j/" + self.links.link(seat)

    def browser(self, host: str = "localhost") -> Visitor:
        """At an address that passkeys are for."""
        return Visitor(self.url.replace("127.0.0.1", host))

    async def opened(self, *links: str, browser: Visitor | None = None) -> Visitor:
        """A browser that has opened these links."""
        browser = browser or Visitor(self.url)
        for link in links:
            assert (await browser.get(link)).status == 303
        return browser

    async def invite(self, person: PersonId, email: str = "") -> str:
        """The path of a fresh invitation."""
        return await self.accounts.invitations.invite(
            person, email or f"{person}@example.org", by=ADA, role=Role.ADMINISTRATOR
        )

    async def begin(self, person: PersonId, browser: Visitor | None = None) -> tuple[Visitor, Phone]:
        """Somebody who has used their invitation, in the browser where they are signed in by it."""
        browser = browser or self.browser()
        phone = Phone(browser.base_url)
        link = await self.invite(person)
        options = (await browser.post(f"{link}/passkey/options", {})).json
        answer = await browser.post(f"{link}/passkey", {"credential": phone.make(options), "remember": True})
        assert answer.status == 200, answer.text
        return browser, phone
