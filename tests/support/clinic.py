"""The demo clinic in memory behind the whole application, with people of every role who can sign in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp
from starlette.applications import Starlette

from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server import demo
from server.accounts.parts import parts
from server.app import build, opening, site_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.config import Settings
from server.library import load_library
from server.mail.memory import Pocket
from server.people.ids import ids_under
from server.rooms.directory import Rooms
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.store.clinic import Person, ScheduledSession
from server.web.links import Links, Seat
from server.web.site import CLINIC
from tests.support.authenticator import Phone
from tests.support.visitor import Answer, Visitor, served

FAY, SUE, ROBIN, SAM, ASH = (PersonId(f"p-{name}") for name in ("fay", "sue", "robin", "sam", "ash"))
ADA, GRAY, UMA, OLA = (PersonId(f"p-{name}") for name in ("ada", "gray", "uma", "ola"))
OTHERS = (
    (ADA, "Ada Administrator", Role.ADMINISTRATOR),
    (GRAY, "Gray Guardian", Role.GUARDIAN),
    (UMA, "Uma Auditor", Role.AUDITOR),
    (OLA, "Ola Observer", Role.OBSERVER),
)
"""Beside the demo's: of each role that no session's list there has."""


class Clinic:
    """Made by `clinic()`. `url` is where it is served; `mail` has the letters."""

    def __init__(self, folder: Path, clock: FakeClock, **settings: Any) -> None:
        self.settings = Settings(data_dir=folder, **settings)
        self.clock = clock
        self.store = memory.connect()
        self.mail = Pocket()
        self.catalog = load_catalog()
        site = site_of(self.settings)
        self.links = Links(site.keys, clinic=site.clinic)
        self.accounts = parts(
            self.store,
            keys=site.keys,
            clinic=site.clinic,
            place=self.settings.clinic_name,
            base_url="",
            mail=self.mail,
            clock=clock,
        )
        self.rooms = Rooms(
            log=self.store.log,
            leases=self.store.leases,
            media=SilentMedia(clock),
            clock=clock,
            load_session=opening(self.settings, store=self.store, catalog=self.catalog),
            node="n-test",
        )
        self.sessions: list[ScheduledSession] = []
        self.app = Starlette()
        self.url = ""

    @property
    def evening(self) -> ScheduledSession:
        return self.sessions[0]

    async def fill(self) -> None:
        self.sessions = await demo.prepare(self.store, clinic=ClinicId("demo"), now=self.clock.now())
        for person, name, role in OTHERS:
            await self.store.clinic.put_person(
                Person(person=person, name=name, role=role, track="adult", zone=demo.ZONE)
            )

    async def health(self) -> dict[str, bool]:
        return {"store": True}

    # ------------------------------------------------------------------ people

    async def invite(self, person: PersonId, email: str = "") -> str:
        """The path of a fresh invitation."""
        return await self.accounts.invitations.invite(
            person, email or f"{person}@example.org", by=ADA, role=Role.ADMINISTRATOR
        )

    def newcomer(self, email: str) -> PersonId:
        """Who somebody of that address becomes here."""
        return ids_under(site_of(self.settings).keys[0], clinic=CLINIC)(email)

    def browser(self, host: str = "localhost") -> Visitor:
        return Visitor(self.url.replace("127.0.0.1", host))

    async def begin(self, person: PersonId, browser: Visitor | None = None) -> tuple[Visitor, Phone]:
        """Somebody who has used their invitation, in the browser where they are signed in by it."""
        browser = browser or self.browser()
        phone = Phone(browser.base_url)
        link = await self.invite(person)
        options = (await browser.post(f"{link}/passkey/options", {})).json
        answer = await browser.post(f"{link}/passkey", {"credential": phone.make(options), "remember": True})
        assert answer.status == 200, answer.text
        return browser, phone

    async def begin_with_password(self, person: PersonId, password: str) -> tuple[Visitor, str, list[str]]:
        """The same by a password; the seed of their codes, and the codes for paper."""
        browser = self.browser()
        link = await self.invite(person)
        assert (await typed(browser, link, password=password)).status == 303
        page = (await browser.get(f"{link}/code")).text
        seed = pyotp.parse_uri(re.search(r'href="(otpauth://[^"]+)"', page)[1].replace("&amp;", "&")).secret  # type: ignore[index]
        done = await typed(browser, f"{link}/code", code=self.code(seed))
        assert done.status == 200, done.text
        return browser, seed, re.findall(r"<li>([A-Z0-9-]{19})</li>", done.text)

    def code(self, seed: str, *, steps: int = 0) -> str:
        return pyotp.TOTP(seed).generate_otp(self.clock.now() // 30_000 + steps)

    async def show(self, browser: Visitor, phone: Phone, *, address: str = "/sign-in/passkey", **more: Any) -> Answer:
        options = (await browser.post("/sign-in/passkey/options")).json
        return await browser.post(address, {"credential": phone.show(options), "remember": True} | more)

    def reminder(self, person: PersonId, session: ScheduledSession, *, hours: int = 12) -> str:
        expected = next(each for each in session.roster if each.person == person)
        until = Instant(self.clock.now() + hours * HOUR_MS)
        seat = Seat(session=session.session, person=person, role=expected.role, until=until)
        return "/come/" + self.links.reminder(seat)

    def link(self, person: PersonId, session: ScheduledSession) -> str:
        expected = next(each for each in session.roster if each.person == person)
        until = Instant(session.starts_at + 24 * HOUR_MS)
        return "/j/" + self.links.link(Seat(session=session.session, person=person, role=expected.role, until=until))


async def typed(browser: Visitor, path: str, **fields: str) -> Answer:
    """A form sent."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(path, urlencode(fields).encode(), headers)


@asynccontextmanager
async def clinic(folder: Path, clock: FakeClock, **settings: Any) -> AsyncIterator[Clinic]:
    """Served on a free port of this machine."""
    made = Clinic(folder, clock, **settings)
    await made.fill()
    app = build(
        made.settings,
        store=made.store,
        catalog=made.catalog,
        library=load_library(),
        rooms=made.rooms,
        clock=clock,
        health=made.health,
        mail=made.mail,
    )
    made.app = app
    async with served(app) as made.url:
        yield made
    await made.rooms.close()
