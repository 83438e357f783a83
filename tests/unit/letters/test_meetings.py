"""Letters about meetings that changed: to whom they go, what they say, and the entries that calendars take up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from facilitation.contacts import Contact
from facilitation.enrolment import ended
from facilitation.facts import zone_of
from facilitation.ids import ClinicId, CoverId, PersonId
from facilitation.schedule import Cover, Deviation, deviate, instant_of
from server import demo, demo_week
from server.app import schedule_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.languages import ChosenLanguages
from server.letters.meetings import MeetingLetters
from server.mail.letter import Letter, composed, revealing
from server.mail.memory import Pocket
from server.people.contacts import contacts
from server.schedule.calendar import uid_of
from server.store import memory
from tests.support.calendars import read

SUNDAY = date(2026, 11, 29)
ZONE = zone_of(demo_week.ZONE)
EVENING = date(2026, 12, 2)
ROBIN, SAM, FAY, CODY, SUE = (PersonId(f"p-{name}") for name in ("robin", "sam", "fay", "cody", "sue"))


class Clinic:
    """The demo clinic, of which Robin, Fay, Cody and Sue can be reached by mail."""

    def __init__(self) -> None:
        self.clock = FakeClock(instant_of(SUNDAY, time(12, 0), ZONE))
        self.store, catalog, self.mail = memory.connect(), load_catalog(), Pocket()
        letters = MeetingLetters(
            self.store,
            self.mail,
            plans=catalog.plans,
            languages=ChosenLanguages(self.store.register, clock=self.clock),
            base_url="https://milieu.example",
            sender="meet@milieu.example",
        )
        self.book = schedule_of(self.store, catalog=catalog, clock=self.clock, tell=letters.tell)

    async def ready(self) -> Clinic:
        await demo.prepare(self.store, clinic=ClinicId("demo"), now=self.clock.now())
        for person in (ROBIN, FAY, CODY, SUE):
            contact = Contact(person=person, email=f"{person}@example.org")
            await contacts(self.store.register).put(contact, upon=0, by="", at=self.clock.now())
        await self.book.plan()
        return self

    async def deviate(self, deviation: Deviation) -> None:
        shelf = self.book.shelves.series
        held = await shelf.get("w-evening")
        assert held is not None
        await self.book.put([shelf.draft(deviate(held.value, deviation), upon=held.revision)], by=FAY)

    def to(self, person: PersonId) -> list[Letter]:
        return [each for each in self.mail.letters if each.to == f"{person}@example.org"]


@pytest.fixture
async def clinic() -> Clinic:
    return await Clinic().ready()


async def test_a_week_that_is_planned_writes_to_nobody(clinic: Clinic) -> None:
    assert clinic.mail.letters == []


async def test_a_move_is_told_to_everybody_who_comes_and_says_nothing_of_health(clinic: Clinic) -> None:
    await clinic.deviate(Deviation(on=EVENING, day=date(2026, 12, 5), starts=time(20, 0)))
    assert [each.to for each in clinic.mail.letters] == [f"{each}@example.org" for each in (CODY, FAY, ROBIN)]
    [letter] = clinic.to(ROBIN)
    assert "- Meeting on Wednesday, December 2, 6:00 PM: it is now on Saturday, December 5, 8:00 PM.\n" in letter.text
    assert "https://milieu.example/home" in letter.text and revealing(letter.text) == [] and "group" not in letter.text
    [entry] = letter.attachments
    assert entry.media_type == "text/calendar; method=REQUEST; charset=utf-8"
    told = await read(entry.data)
    assert told["method"] == "REQUEST"
    [event] = told["events"]
    assert (event["uid"], event["sequence"]) == (uid_of("demo", "w-evening-20261202"), 1)
    assert (event["local"], event["attendees"]) == ("2026-12-05T20:00:00", 1)
    sent = composed(letter, sender="meet@milieu.example", at=clinic.clock.now())
    [_, part] = sent.iter_parts()
    assert part.get_content_type() == "text/calendar" and part.get_param("method") == "REQUEST"


async def test_who_chose_spanish_is_told_in_spanish_and_finds_it_so_in_the_calendar(clinic: Clinic) -> None:
    await ChosenLanguages(clinic.store.register, clock=clinic.clock).choose(ROBIN, "es")
    await clinic.deviate(Deviation(on=EVENING, day=date(2026, 12, 5), starts=time(20, 0)))
    [letter] = clinic.to(ROBIN)
    assert letter.subject == "Tu reunión" and "Hola, Robin Example" in letter.text
    assert "- Reunión del miércoles 2 de diciembre" in letter.text and "sábado 5 de diciembre" in letter.text
    [event] = (await read(letter.attachments[0].data))["events"]
    assert event["summary"] == "Reunión"
    assert "Meeting on Wednesday" in clinic.to(FAY)[0].text


async def test_a_cancelled_meeting_takes_its_entry_out(clinic: Clinic) -> None:
    await clinic.deviate(Deviation(on=EVENING, cancelled=True, reason="Fay is ill"))
    [letter] = clinic.to(ROBIN)
    assert "Meeting on Wednesday, December 2, 6:00 PM: it will not be held." in letter.text
    assert "ill" not in letter.text.replace("will", "")
    told = await read(letter.attachments[0].data)
    assert (told["method"], told["events"][0]["status"]) == ("CANCEL", "CANCELLED")
    await clinic.deviate(Deviation(on=EVENING))
    again = clinic.to(ROBIN)[-1]
    assert "it will be held after all" in again.text and again.key != letter.key


async def test_a_substitute_and_who_is_away_are_told_and_nobody_else(clinic: Clinic) -> None:
    cover = Cover(id=CoverId("v"), away=CODY, by=SUE, first=date(2026, 12, 1), last=date(2026, 12, 1))
    await clinic.book.put([clinic.book.shelves.covers.draft(cover, upon=0)], by=CODY)
    assert {each.to for each in clinic.mail.letters} == {f"{each}@example.org" for each in (CODY, SUE)}
    [to_sue], [to_cody] = clinic.to(SUE), clinic.to(CODY)
    assert "- Appointment on Tuesday, December 1, 2:00 PM: you lead it now." in to_sue.text
    assert "- Appointment on Tuesday, December 1, 2:00 PM: somebody else leads it now." in to_cody.text
    methods = [(await read(each.data))["method"] for each in (*to_sue.attachments, *to_cody.attachments)]
    assert methods == ["REQUEST"] * 3 + ["CANCEL"] * 3


async def test_who_leaves_a_group_gets_no_letter_from_here(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.enrolments
    held = await shelf.get("e-evening-robin")
    assert held is not None
    await clinic.book.put([shelf.draft(ended(held.value, SUNDAY), upon=held.revision)], by=FAY)
    assert clinic.mail.letters == []


async def test_many_changes_are_one_letter_with_a_few_entries(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.series
    held = await shelf.get("w-evening")
    assert held is not None
    later = replace(held.value, starts=time(19))
    await clinic.book.put([shelf.draft(later, upon=held.revision)], by=FAY)
    [letter] = clinic.to(ROBIN)
    assert letter.text.count("\n- ") == 13 and "- and 10 more" in letter.text
    assert len(letter.attachments) == 5


async def test_planning_again_sends_nothing_again(clinic: Clinic) -> None:
    await clinic.deviate(Deviation(on=EVENING, cancelled=True, reason="Snow"))
    count = len(clinic.mail.letters)
    await clinic.book.plan()
    assert len(clinic.mail.letters) == count
    assert clinic.to(SAM) == []  # who has no address is reached otherwise
