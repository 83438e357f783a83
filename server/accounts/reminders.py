"""A letter before each meeting to everybody who takes part and has an account, with a link for their own device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.accounts import letters
from server.accounts.book import Book
from server.again import again_and_again
from server.clock import Clock
from server.mail.ports import Mail
from server.rooms.ports import Stale
from server.store.clinic import ScheduledSession
from server.store.ports import Clinic
from server.store.register import Held, Shelf
from server.web.links import Links, Seat
from server.web.words import local

LOOK_EVERY_S: Final = 60.0
OPENS_FOR_MS: Final = 12 * HOUR_MS
"""After the start: whoever is late comes in by it, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """Who has had their letter for a session, and for which start: when it is moved, they get another."""

    session: SessionId
    starts_at: Instant
    people: frozenset[PersonId] = frozenset()


class Reminders:
    """`before_ms`: how long before a meeting its letters go out."""

    def __init__(
        self, book: Book, clinic: Clinic, *, links: Links, mail: Mail, clock: Clock, base_url: str, before_ms: int
    ) -> None:
        self._book = book
        self._clinic = clinic
        self._links = links
        self._mail = mail
        self._clock = clock
        self._base_url = base_url
        self._before_ms = before_ms
        self._sent = Shelf(
            book.shelves.register, "reminded", Reminded, id_of=lambda each: each.session, remembered=False
        )

    async def run(self) -> None:
        await again_and_again(self.send_due, every_s=LOOK_EVERY_S, what="reminders")

    async def send_due(self) -> int:
        """Write to whoever has had no letter yet for a meeting that begins soon; to how many."""
        now = self._clock.now()
        soon = await self._clinic.list_sessions(since=now, until=Instant(now + self._before_ms + 1))
        return sum([await self._of(session) for session in soon if not session.cancelled])

    async def _of(self, session: ScheduledSession) -> int:
        held = await self._sent.get(session.session)
        reminded = Reminded(session=session.session, starts_at=session.starts_at)
        if held is not None and held.value.starts_at == session.starts_at:
            reminded = held.value
        people = [each.person for each in session.roster if each.role is Role.PARTICIPANT]
        written: set[PersonId] = set()
        try:
            for person in people:
                if person not in reminded.people and await self._write(session, person):
                    written.add(person)
        finally:  # who has a letter gets no second one because somebody else's could not be taken
            if written:
                after = replace(reminded, people=reminded.people | written)
                await self._keep(after, held)
        return len(written)

    async def _keep(self, reminded: Reminded, held: Held[Reminded] | None) -> None:
        try:
            await self._sent.put(reminded, upon=held.revision if held else 0, by="", at=self._clock.now())
        except Stale:
            pass  # another server writes to the same people: a letter has one key, and comes once

    async def _write(self, session: ScheduledSession, person: PersonId) -> bool:
        standing = await self._book.standing(person)
        if standing is None or not standing.account.email:
            return False
        until = Instant(session.starts_at + OPENS_FOR_MS)
        seat = Seat(session=session.session, person=person, role=Role.PARTICIPANT, until=until)
        words, at = await self._book.words_for(person), local(session.starts_at, standing.person.zone)
        letter = letters.reminder(
            words,
            key=_key(f"{session.session} {session.starts_at} {person}"),
            to=standing.account.email,
            name=standing.person.name,
            when=f"{words.weekday(at.date())}, {words.clock_time(at)}",
            link=f"{self._base_url}/come/{self._links.reminder(seat)}",
        )
        await self._mail.send(letter)
        return True


def _key(text: str) -> str:
    """A letter's name goes with it: it tells nobody of whom or what it is."""
    return sha256(text.encode()).hexdigest()[:32]
