"""The daily note: at its hour, once, neutral, and none on a day that is written or once nobody needs it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.accounts import Account
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.accounts.parts import parts
from server.clock import FakeClock
from server.diary.reminders import DiaryReminders, ReminderBook
from server.languages import ChosenLanguages
from server.mail.letter import revealing
from server.mail.memory import Pocket
from server.store import memory
from server.store.clinic import Person
from tests.support.diary import EASY, diary_of
from tests.support.homes import TUESDAY_6_PM

ROBIN = PersonId("p-robin")


class Desk:
    """It is Tuesday, six in the evening in New York. Robin has an account."""

    def __init__(self) -> None:
        self.clock, self.store, self.mail = FakeClock(TUESDAY_6_PM), memory.connect(), Pocket()
        keys, clinic = ("k" * 40,), ClinicId("demo")
        self.book = parts(
            self.store, keys=keys, clinic=clinic, place="E", base_url="", mail=self.mail, clock=self.clock, hasher=EASY
        ).book
        self.wishes = ReminderBook(self.store.register, self.book, clock=self.clock)
        self.reminders = DiaryReminders(
            self.wishes, self.book, self.store.diaries, mail=self.mail, clock=self.clock, base_url="https://m.example"
        )
        self.diary = diary_of(self.store, clock=self.clock)

    async def fill(self) -> Desk:
        robin = Person(
            person=ROBIN, name="Robin Example", role=Role.PARTICIPANT, track="adult", zone="America/New_York"
        )
        await self.store.clinic.put_person(robin)
        account = Account(person=ROBIN, email="robin@example.org", since=Instant(0), single="x y")
        await self.book.shelves.accounts.put(account, upon=0, by="", at=self.clock.now())
        return self

    async def days(self, count: int) -> list[int]:
        sent = []
        for _ in range(count):
            sent.append(await self.reminders.send_due())
            self.clock.advance(minutes=24 * 60)
        return sent


@pytest.fixture
async def desk() -> Desk:
    return await Desk().fill()


async def test_nobody_gets_one_who_did_not_ask(desk: Desk) -> None:
    assert await desk.days(2) == [0, 0]


async def test_one_letter_a_day_that_tells_nobody_what_it_is(desk: Desk) -> None:
    await desk.wishes.choose(ROBIN, 18)
    assert [await desk.reminders.send_due() for _ in range(2)] == [1, 0]
    (letter,) = desk.mail.letters
    assert letter.to == "robin@example.org" and letter.subject == "A minute for yourself"
    assert revealing(letter.text) == [] and "https://m.example/diary" in letter.text
    assert not any(word in letter.text.casefold() for word in ("feel", "mood", "diary card", "group", "urge"))


async def test_it_comes_in_the_language_that_its_reader_chose(desk: Desk) -> None:
    await ChosenLanguages(desk.store.register, clock=desk.clock).choose(ROBIN, "es")
    await desk.wishes.choose(ROBIN, 18)
    await desk.reminders.send_due()
    assert desk.mail.letters[0].subject == "Un minuto para ti"
    assert revealing(desk.mail.letters[0].text) == []


async def test_a_day_that_is_written_needs_none(desk: Desk) -> None:
    await desk.wishes.choose(ROBIN, 19)
    page = await desk.diary.page(ROBIN, await desk.book.words_for(ROBIN), day="", given=None)
    await desk.diary.keep(ROBIN, {"day": page["day"], "revision": "0", "word": "Fine"})
    desk.clock.advance(minutes=60)
    assert await desk.reminders.send_due() == 0
    desk.clock.advance(minutes=24 * 60)
    assert await desk.reminders.send_due() == 1


async def test_they_stop_by_themselves_and_the_page_says_so(desk: Desk) -> None:
    await desk.wishes.choose(ROBIN, 18)
    assert await desk.days(6) == [1, 1, 1, 0, 0, 0]
    page = await desk.diary.page(ROBIN, await desk.book.words_for(ROBIN), day="", given=None)
    assert page["reminder"]["stopped"] and not page["reminder"]["on"]
    await desk.wishes.choose(ROBIN, 18)
    assert await desk.days(1) == [1]


async def test_whoever_cannot_sign_in_gets_none(desk: Desk) -> None:
    await desk.wishes.choose(ROBIN, 18)
    held = await desk.book.shelves.accounts.get(ROBIN)
    assert held is not None
    await desk.book.shelves.accounts.put(replace(held.value, locked=True), upon=held.revision, by="", at=Instant(1))
    assert await desk.reminders.send_due() == 0
