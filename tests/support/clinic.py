"""The demo clinic in memory behind the whole application, with people of every role who can sign in."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyotp

from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from server import demo
from server.clock import FakeClock
from server.people.ids import ids_under
from server.store.clinic import Person, ScheduledSession
from tests.support.application import ADA, Application, settings_of
from tests.support.authenticator import Phone
from tests.support.visitor import Answer, Visitor

FAY, FLO, SUE, ROBIN, SAM, ASH = (PersonId(f"p-{name}") for name in ("fay", "flo", "sue", "robin", "sam", "ash"))
GRAY, UMA, OLA, SAL = (PersonId(f"p-{name}") for name in ("gray", "uma", "ola", "sal"))
OTHERS = (
    (ADA, "Ada Administrator", Role.ADMINISTRATOR),
    (GRAY, "Gray Guardian", Role.GUARDIAN),
    (UMA, "Uma Auditor", Role.AUDITOR),
    (SAL, "Sal Scheduler", Role.SCHEDULER),
    (OLA, "Ola Observer", Role.OBSERVER),
)
"""Beside the demo's: of each role that no session's list there has."""


class Clinic(Application):
    """Made by `clinic()`."""

    clock: FakeClock

    def __init__(self, folder: Path, clock: FakeClock, **settings: Any) -> None:
        super().__init__(settings_of(folder, **settings), clock=clock)
        self.sessions: list[ScheduledSession] = []

    @property
    def evening(self) -> ScheduledSession:
        return self.sessions[0]

    async def fill(self) -> None:
        self.sessions = await demo.prepare(self.store, clinic=ClinicId("demo"), now=self.clock.now())
        for person, name, role in OTHERS:
            await self.store.clinic.put_person(
                Person(person=person, name=name, role=role, track="adult", zone=demo.ZONE)
            )

    # ------------------------------------------------------------------ people

    def newcomer(self, email: str) -> PersonId:
        """Who somebody of that address becomes here."""
        return ids_under(self.site.keys[0], clinic=self.site.clinic)(email)

    async def begin_with_password(self, person: PersonId, password: str) -> tuple[Visitor, str, list[str]]:
        """The same by a password; the seed of their codes, and the codes for paper."""
        browser = self.browser()
        link = await self.invite(person)
        assert (await typed(browser, link, password=password)).status == 303
        page = (await browser.get(f"{link}/code")).text
        seed = pyotp.parse_uri(re.search(r'href="(otpauth://[^"]+)"', page)[1].replace("&amp;", "&")).secret
        done = await typed(browser, f"{link}/code", code=self.code(seed))
        assert done.status == 200, done.text
        return browser, seed, re.findall(r"<li>([A-Z0-9-]{19})</li>", done.text)

    def code(self, seed: str, *, steps: int = 0) -> str:
        return pyotp.TOTP(seed).generate_otp(self.clock.now() // 30_000 + steps)

    async def show(self, browser: Visitor, phone: Phone, *, address: str = "/sign-in/passkey", **more: Any) -> Answer:
        options = (await browser.post("/sign-in/passkey/options")).json
        return await browser.post(address, {"credential": phone.show(options), "remember": True} | more)

    def reminder(self, person: PersonId, session: ScheduledSession, *, hours: int = 12) -> str:
        return "/come/" + self.links.reminder(self.seat(person, session, hours=hours))

    def link(self, person: PersonId, session: ScheduledSession) -> str:
        return self.path(self.seat(person, session))


async def typed(browser: Visitor, path: str, **fields: str) -> Answer:
    """A form sent."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(path, urlencode(fields).encode(), headers)


@asynccontextmanager
async def clinic(folder: Path, clock: FakeClock, **settings: Any) -> AsyncIterator[Clinic]:
    """Served on a free port of this machine."""
    async with Clinic(folder, clock, **settings).served() as made:
        yield made
