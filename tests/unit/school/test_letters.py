"""Letters about offers: to whom, in which language, with nothing in them that outs anybody, and once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.contacts import Contact
from facilitation.errors import Refusal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.makeups import Invited
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.app import offer_letters
from server.catalog import load_catalog
from server.config import Settings
from server.languages import ChosenLanguages
from server.mail.memory import Pocket
from server.people.contacts import contacts
from server.school.letters import OfferLetters
from server.school.shelves import Shelves
from server.school.waiting import WaitingLists
from server.store.clinic import Person
from tests.support.afternoons import EARLY, ZONE
from tests.unit.school.test_away import ASH, BAY, BY_FAY, GALE, TUESDAY, WEDNESDAY, House, visitor


class Mailing(House):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.mail = Pocket()
        self.folder = folder
        self.lists = WaitingLists(
            self.store, schedule=self.schedule, catalog=load_catalog(), clock=self.clock, seats_max=16
        )

    def letters(self) -> OfferLetters:
        """As after a restart: of what was written before, only the store knows."""
        return offer_letters(
            Settings(data_dir=self.folder, public_url="https://milieu.test"),
            self.store,
            schedule=self.schedule,
            catalog=load_catalog(),
            lists=self.lists,
            rooms=self.rooms,
            mail=self.mail,
            clock=self.clock,
        )

    async def fill(self) -> None:
        await super().fill()
        gale = Person(person=GALE, name="Gale Guardian", role=Role.GUARDIAN, track="adult", zone=ZONE)
        await self.store.clinic.put_person(gale)
        for person in (ASH, BAY, GALE):
            contact = Contact(person=person, email=f"{person}@example.org")
            await contacts(self.store.register).put(contact, upon=0, by="", at=self.clock.now())

    async def answers_for(self, *may: Care) -> None:
        care = Guardianship(guardian=GALE, teen=ASH, since=Instant(0), may=frozenset(may))
        await Shelves(self.store.register).guardianships.put(care, upon=0, by="", at=self.clock.now())

    def to(self) -> list[str]:
        return sorted(letter.to for letter in self.mail.letters)

    async def offer_seat(self) -> None:
        """Ash leaves the group that they then wait for, and there is room in it."""
        held = await self.schedule.shelves.enrolments.get(f"e-{EARLY}-{ASH}")
        assert held is not None
        gone = replace(held.value, until=held.value.since)
        await self.schedule.put([self.schedule.shelves.enrolments.draft(gone, upon=held.revision)], by=BY_FAY.person)
        await self.lists.put(ASH, EARLY, by=BY_FAY)


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[Mailing]:
    house = Mailing(tmp_path)
    await house.fill()
    yield house
    await house.rooms.close()


async def test_who_is_offered_a_seat_is_written_to_once_also_after_a_restart(house: Mailing) -> None:
    await house.offer_seat()
    assert await house.letters().send_due() == 1
    (letter,) = house.mail.letters
    assert (letter.to, letter.subject) == (f"{ASH}@example.org", "Your meetings")
    assert f"https://milieu.test/waiting/{ASH}\n" in letter.text
    assert "Please answer by November 17, 12:00 PM, yes or no:" in letter.text
    assert "four o’clock" not in letter.text
    house.mail.letters.clear()
    assert await house.letters().send_due() == 0
    assert house.mail.letters == []


async def test_a_guardian_who_may_is_written_to_as_well_in_their_own_language(house: Mailing) -> None:
    await house.answers_for(Care.SCHEDULE)
    await ChosenLanguages(house.store.register, clock=house.clock).choose(GALE, "es")
    await house.offer_seat()
    await house.letters().send_due()
    assert house.to() == [f"{ASH}@example.org", f"{GALE}@example.org"]
    theirs = next(letter for letter in house.mail.letters if letter.to.startswith(GALE))
    assert "Hola" in theirs.text and "Ash" not in theirs.text


async def test_a_guardian_without_that_right_and_a_seat_that_was_answered_get_no_letter(house: Mailing) -> None:
    await house.answers_for(Care.HOURS)
    await house.offer_seat()
    await house.lists.answer(ASH, EARLY, False, by=visitor())
    assert await house.letters().send_due() == 0


# --------------------------------------------------------------- making up


async def told(house: Mailing, *, ago_h: float = 1) -> None:
    await house.away.tell(ASH, TUESDAY, True, "", by=visitor())
    house.clock.advance(ms=round(ago_h * HOUR_MS))


async def test_who_told_ahead_is_offered_what_can_make_up_for_it_once_they_had_time_to_see_it(house: Mailing) -> None:
    await told(house, ago_h=0)
    assert await house.letters().send_due() == 0
    house.clock.advance(ms=HOUR_MS)
    assert await house.letters().send_due() == 1
    (letter,) = house.mail.letters
    assert "There is another time for the meeting on Tuesday, November 17." in letter.text
    assert f"https://milieu.test/away/{ASH}\n" in letter.text
    assert await house.letters().send_due() == 0
    assert (await house.row())["until"]


async def test_who_has_chosen_already_or_comes_after_all_is_left_in_peace(house: Mailing) -> None:
    await told(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    assert await house.letters().send_due() == 0
    await house.away.answer(f"{WEDNESDAY} {ASH}", False, by=BY_FAY)
    assert await house.letters().send_due() == 1
    await house.away.tell(ASH, TUESDAY, False, "", by=visitor())
    assert await house.away.offers() == []


async def asked_and_answered(house: Mailing, *, agreed: bool) -> None:
    await told(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    await house.away.answer(f"{WEDNESDAY} {ASH}", agreed, by=BY_FAY)


async def test_whoever_asked_for_a_make_up_hears_that_it_is_agreed_with_an_entry_for_their_calendar(
    house: Mailing,
) -> None:
    await house.answers_for(Care.ABSENCES)
    await asked_and_answered(house, agreed=True)
    assert await house.letters().send_due() == 2
    own, guardians = sorted(house.mail.letters, key=lambda letter: letter.to)
    assert "the meeting on November 18, 4:00 PM makes up for the one on Tuesday, November 17." in own.text
    assert "https://milieu.test/home\n" in own.text
    [entry] = own.attachments
    assert b"SUMMARY:Meeting" in entry.data and b"20261118T160000" in entry.data
    assert guardians.attachments == () and "Ash" not in guardians.text
    for letter in (own, guardians):
        assert "four o’clock" not in letter.text
    assert await house.letters().send_due() == 0


async def test_whoever_asked_in_vain_hears_it_with_the_way_to_another_one_and_in_one_letter(house: Mailing) -> None:
    await asked_and_answered(house, agreed=False)
    assert await house.letters().send_due() == 1
    (letter,) = house.mail.letters
    assert "The meeting on November 18, 4:00 PM cannot make up for the one on Tuesday, November 17." in letter.text
    assert f"https://milieu.test/away/{ASH}\n" in letter.text and letter.attachments == ()
    assert await house.letters().send_due() == 0
    house.clock.advance(ms=HOUR_MS)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    await house.away.answer(f"{WEDNESDAY} {ASH}", True, by=BY_FAY)
    assert await house.letters().send_due() == 1


async def test_of_a_meeting_that_has_begun_meanwhile_no_answer_is_written(house: Mailing) -> None:
    await asked_and_answered(house, agreed=True)
    house.clock.advance(ms=76 * HOUR_MS)
    assert await house.letters().send_due() == 0


async def test_a_no_is_kept_and_can_be_thought_over(house: Mailing) -> None:
    await told(house)
    await house.letters().send_due()
    await house.away.decline(ASH, TUESDAY, by=visitor())
    row = await house.row()
    assert row["declined"] and row["offers"]
    assert await house.away.offers() == []


async def test_when_the_time_is_over_the_page_says_so_and_nothing_is_taken_any_more(house: Mailing) -> None:
    await told(house)
    now = house.clock.now()
    over = Invited(missed=TUESDAY, person=ASH, at=now, answer_by=now)
    await Shelves(house.store.register).invited.put(over, upon=0, by="", at=now)
    row = await house.row()
    assert row["lapsed"] and row["offers"] == []
    for late in (
        house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor()),
        house.away.decline(ASH, TUESDAY, by=visitor()),
    ):
        with pytest.raises(Refusal) as refusal:
            await late
        assert refusal.value.code == "lapsed"


@pytest.mark.parametrize("missed", ["s-nowhere", WEDNESDAY, "x" * 400, ""])
async def test_nothing_can_be_declined_that_was_not_theirs(house: Mailing, missed: str) -> None:
    with pytest.raises(Refusal):
        await house.away.decline(PersonId(ASH), missed, by=visitor())
