from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facilitation.accounts import Account
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server import demo
from server.accounts.parts import Parts, parts
from server.accounts.reminders import Reminders
from server.clock import FakeClock
from server.languages import ChosenLanguages
from server.mail.letter import Letter, revealing
from server.mail.memory import Pocket
from server.mail.ports import MailIsFull
from server.store import memory
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.web.links import Links

KEYS = ("k" * 40,)
ROBIN, SAM, FAY = PersonId("p-robin"), PersonId("p-sam"), PersonId("p-fay")


class Desk:
    """The demo's evening, an hour and a half from now; Robin and Fay have accounts."""

    def __init__(self, clock: FakeClock, mail: Any = None) -> None:
        self.clock, self.store, self.mail = clock, memory.connect(), mail or Pocket()
        self.links = Links(KEYS, clinic=ClinicId("demo"))
        self.accounts = self._parts(self.store)
        self.reminders = Reminders(
            self.accounts.book,
            self.store.clinic,
            links=self.links,
            mail=self.mail,
            clock=clock,
            base_url="https://meet.example.org",
            before_ms=HOUR_MS,
        )

    def _parts(self, store: Store) -> Parts:
        return parts(
            store, keys=KEYS, clinic=ClinicId("demo"), place="E", base_url="", mail=self.mail, clock=self.clock
        )

    async def fill(self, *people: PersonId) -> ScheduledSession:
        evening, *others = await demo.prepare(self.store, clinic=ClinicId("demo"), now=self.clock.now())
        for other in others:
            await self.store.clinic.put_session(replace(other, starts_at=Instant(0)))
        for person in people or (ROBIN, FAY):
            account = Account(person=person, email=f"{person}@example.org", since=self.clock.now(), single="x y")
            await self.accounts.book.shelves.accounts.put(account, upon=0, by="", at=self.clock.now())
        return await self.at(evening, self.clock.now() + 90 * MINUTE_MS)

    async def at(self, session: ScheduledSession, starts_at: int, **change: str) -> ScheduledSession:
        moved = replace(session, starts_at=Instant(starts_at), **change)
        await self.store.clinic.put_session(moved)
        return moved


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return Desk(clock)


async def test_within_the_hour_before_whoever_takes_part_and_has_an_account_gets_one_letter(
    desk: Desk, clock: FakeClock
) -> None:
    evening = await desk.fill()
    assert await desk.reminders.send_due() == 0, "not yet"
    clock.advance(minutes=31)
    assert [await desk.reminders.send_due() for _ in range(2)] == [1, 0]
    [letter] = desk.mail.letters
    assert letter.to == "p-robin@example.org"
    link = letter.text.partition("https://meet.example.org/come/")[2].split()[0]
    seat = desk.links.open_reminder(link, now=clock.now())
    assert (seat.person, seat.session, seat.role) == (ROBIN, evening.session, Role.PARTICIPANT)
    assert revealing(letter.text) == [] and "Evening group" not in letter.text


async def test_it_comes_in_the_language_that_its_reader_chose(desk: Desk, clock: FakeClock) -> None:
    await desk.fill()
    await ChosenLanguages(desk.store.register, clock=clock).choose(ROBIN, "es")
    clock.advance(minutes=31)
    await desk.reminders.send_due()
    [letter] = desk.mail.letters
    assert letter.subject == "Tu reunión" and letter.text.startswith("Hola, Robin Example:")
    assert revealing(letter.subject) == revealing(letter.text) == []


async def test_a_meeting_that_was_moved_is_told_anew_and_one_that_was_cancelled_not_at_all(
    desk: Desk, clock: FakeClock
) -> None:
    evening = await desk.fill()
    clock.advance(minutes=31)
    assert await desk.reminders.send_due() == 1
    moved = await desk.at(evening, evening.starts_at - 10 * MINUTE_MS)
    assert await desk.reminders.send_due() == 1
    await desk.at(moved, moved.starts_at - MINUTE_MS, cancelled="Snow")
    assert await desk.reminders.send_due() == 0


class Small(Pocket):
    """Takes so many letters, and forgets what it has delivered, as a mail server does."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.to: list[str] = []

    async def send(self, letter: Letter) -> None:
        if len(self.to) == self.room:
            raise MailIsFull
        self.to.append(letter.to)


async def test_who_has_a_letter_gets_no_second_one_because_anothers_could_not_be_taken(clock: FakeClock) -> None:
    desk = Desk(clock, Small(1))
    await desk.fill(ROBIN, SAM)
    clock.advance(minutes=31)
    with pytest.raises(MailIsFull):
        await desk.reminders.send_due()
    desk.mail.room = 9
    assert [await desk.reminders.send_due() for _ in range(2)] == [1, 0]
    assert sorted(desk.mail.to) == ["p-robin@example.org", "p-sam@example.org"]


async def test_a_locked_account_gets_none(desk: Desk, clock: FakeClock) -> None:
    await desk.fill()
    await desk.accounts.book.change(ROBIN, lambda each: replace(each, locked=True))
    clock.advance(minutes=31)
    assert await desk.reminders.send_due() == 0
