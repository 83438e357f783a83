"""The made-up clinic, for whoever looks for the first time: who there is, and a way in as each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from facilitation.people import STAFF, Role
from facilitation.policy import FACILITATORS, SUPERVISORS
from facilitation.sentences import marked
from facilitation.timebase import HOUR_MS, Instant
from server import demo
from server.accounts.first import First, first_administrator
from server.accounts.parts import Parts
from server.books.people import ROLE_WORDS
from server.clock import Clock
from server.config import Settings
from server.signing import SetUpCodes
from server.store.ports import Store
from server.web.links import Links
from server.web.site import CLINIC
from server.web.words import Words

SIGNERS: Final = FACILITATORS | SUPERVISORS
ABOUT: Final = {
    demo.EVENING.key: marked("Adults, three hours: check-in, process group, skills, wrap-up."),
    demo.TOUR.key: marked("Everything that a meeting has, in a quarter of an hour."),
    demo.TEENS.key: marked(
        "Teens, after school: first names and initials, cameras by choice, a guardian who sees hours."
    ),
    demo.RECOVERY.key: marked("Adults with mood and substance use: rounds, urges, and skills for both."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody of a meeting's list, with their link's `path`. `code`: with it they choose a signing PIN; "" where they
    sign nothing."""

    name: str
    role: Role
    path: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One that can start now. `key`: its group's, as in `demo.GROUPS`."""

    key: str
    title: str
    guests: tuple[Guest, ...]

    @property
    def staff(self) -> list[Guest]:
        return [guest for guest in self.guests if guest.role in STAFF]

    @property
    def participants(self) -> list[Guest]:
        return [guest for guest in self.guests if guest.role is Role.PARTICIPANT]


class Tour:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(self, store: Store, *, settings: Settings, accounts: Parts, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._accounts = accounts
        self._clock = clock
        self._links = Links(settings.signing_keys(), clinic=CLINIC)
        self._one_by_one = asyncio.Lock()

    @property
    def address(self) -> str:
        return f"{self._settings.base_url}/tour/{self._links.tour()}"

    async def is_on(self) -> bool:
        """Whether there is a made-up clinic here: none is shown beside a real one."""
        return self._settings.shows_example and await demo.belongs(self._store)

    async def meetings(self) -> list[Meeting]:
        """One of each group; where the last one is over, a new one is made."""
        settings, now = self._settings, self._clock.now()
        codes = SetUpCodes(settings.signing_keys(), clinic=CLINIC)
        until = Instant(now + settings.link_hours * HOUR_MS)
        async with self._one_by_one:
            sessions = await demo.prepare(self._store, clinic=CLINIC, now=now)
        return [
            Meeting(
                key=group.key,
                title=session.title,
                guests=tuple(
                    Guest(
                        name=each.name,
                        role=each.role,
                        path=f"/j/{self._links.link(seat)}",
                        code=codes.of(each.person) if each.role in SIGNERS else "",
                    )
                    for each, seat in demo.seats(session, until=until)
                ),
            )
            for group, session in zip(demo.GROUPS, sessions, strict=True)
        ]

    async def first(self) -> First | None:
        """Who is to be the first administrator; None: somebody is."""
        return await first_administrator(self._accounts, await self._store.clinic.list_people(), zone=demo.ZONE)

    async def page(self, words: Words) -> dict[str, Any] | None:
        """What the template needs; None: there is no made-up clinic here."""
        if not await self.is_on():
            return None
        meetings = await self.meetings()
        first = await self.first()
        return {
            "meetings": [
                {
                    "title": meeting.title,
                    "about": words(ABOUT[meeting.key]),
                    "staff": _told(meeting.staff, words),
                    "participants": _told(meeting.participants, words),
                }
                for meeting in meetings
            ],
            "signers": sorted(
                {guest.name: guest.code for each in meetings for guest in each.guests if guest.code}.items()
            ),
            "office": first,
            "guardian": {"name": demo.GUARDIAN.name, "link": await self._guardians_link()},
        }

    async def _guardians_link(self) -> str | None:
        """Guardians have no meeting's link: they sign in. None: she does already, or was sent an invitation."""
        if demo.GUARDIAN.person in await self._accounts.book.shelves.accounts.all():
            return None
        return await self._accounts.invitations.lasting(demo.GUARDIAN.person)


def _told(guests: Sequence[Guest], words: Words) -> list[dict[str, str]]:
    return [{"name": guest.name, "role": words(ROLE_WORDS[guest.role]), "link": guest.path} for guest in guests]
