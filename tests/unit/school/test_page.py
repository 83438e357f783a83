"""The page around school over a real schedule: what is shown, what is kept, and a letter that outs nobody."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest

from facilitation.errors import Refusal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, Instant
from server.app import schedule_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.documents.letter import letter_data
from server.documents.paper import make
from server.rooms.ports import Stale
from server.school.form import fields_of, school_of
from server.school.page import SchoolBook
from server.store import memory
from server.store.clinic import Person, ScheduledSession
from server.web.auth import Visitor
from server.web.words import IN_ENGLISH, words_in
from tests.support.afternoons import EARLY, ZONE, afternoons, enrolled
from tests.support.school import MONDAY, TYPED, activity, instant, school

NOW = instant(MONDAY - timedelta(days=4), time(12))
ASH, GALE = PersonId("p-ash"), PersonId("p-gale")


def visitor(person: PersonId = ASH, role: Role = Role.PARTICIPANT) -> Visitor:
    return Visitor(person=person, role=role, name="Ash Example", teen=True, zone=ZONE)


class House:
    def __init__(self) -> None:
        self.store = memory.connect()
        self.clock = FakeClock(NOW)
        catalog = load_catalog()
        self.schedule = schedule_of(self.store, catalog=catalog, clock=self.clock)
        self.book = SchoolBook(self.store, schedule=self.schedule, catalog=catalog, clock=self.clock, seats_max=16)

    async def filled(self, **seats: int) -> House:
        await self.store.clinic.put_person(
            Person(person=ASH, name="Ash Example", role=Role.PARTICIPANT, track="teen", zone=ZONE)
        )
        await afternoons(self.store, first=MONDAY - timedelta(days=7), now=self.clock.now(), **seats)
        return self

    async def keep(self, **more: str) -> None:
        await self.book.keep(ASH, TYPED | more, by=visitor())

    async def page(self, **asked: str) -> dict[str, Any]:
        shown = await self.book.page(ASH, IN_ENGLISH, reader=visitor(), given=asked, typed=False)
        assert shown is not None
        return shown


@pytest.fixture
async def house() -> House:
    return await House().filled()


async def test_before_anything_is_known_the_form_is_shown_and_nothing_looked_for(house: House) -> None:
    shown = await house.page()
    assert not shown["known"]
    assert shown["found"] is None
    assert len(shown["rows"]["hours"]) == 7


async def test_weeks_of_the_schedules_groups_are_proposed_in_words(house: House) -> None:
    await house.keep()
    found = (await house.page())["found"]
    first = found["proposals"][0]
    assert first["title"] == "Mon, Tue, Thu 4:00 PM"
    assert first["sentences"][:2] == ["6 h a week.", "First free weekday: Wednesday."]
    assert [group["seats"] for group in first["groups"]] == [4, 4, 4]
    assert "Monday 4:00 PM" in first["picture"]["text"]


async def test_seats_that_are_taken_are_not_offered_and_ones_own_are(house: House) -> None:
    house = await House().filled(early_seats=1, late_seats=1)
    await house.keep()
    shelf = house.schedule.shelves.enrolments
    everyday = (0, 1, 2, 3)
    await shelf.put(enrolled(PersonId("p-bay"), EARLY, everyday, MONDAY), upon=0, by="", at=NOW)
    explanation = (await house.page())["found"]["explanation"]
    assert explanation["helps"][0]["text"] == "If there were one more seat in The four o’clock group, a week fits."
    await shelf.put(enrolled(ASH, EARLY, everyday, MONDAY), upon=0, by="", at=NOW)
    await shelf.put(enrolled(PersonId("p-bay"), EARLY, (4,), MONDAY), upon=1, by="", at=NOW)
    assert (await house.page())["found"]["proposals"]


async def test_why_nothing_fits_is_said_with_the_smallest_change(house: House) -> None:
    late = TYPED | {key: "15:50" for key in TYPED if key.endswith("_end")}
    await house.book.keep(ASH, late | {"margin": "10"}, by=visitor())
    assert (await house.page())["found"]["proposals"]
    await house.book.keep(ASH, late | {"margin": "25", "revision": "1"}, by=visitor())
    told = (await house.page())["found"]["explanation"]
    assert told["helps"][0]["text"] == "If school on Thursday ended 15 min earlier, a week fits."
    assert told["why"][0].startswith("With what fits it is 4 h a week at most; the week asks for 6 h")


async def test_a_match_is_told_with_what_is_instead(house: House) -> None:
    await house.keep(
        activity_0_name="Match", activity_0_day=str(MONDAY + timedelta(days=7)), activity_0_start="16:00",
        activity_0_end="18:00", activity_0_weekday="monday",
    )  # fmt: skip
    proposals = (await house.page())["found"]["proposals"]
    odd = [line for each in proposals for line in each["sentences"] if "without Monday" in line]
    assert odd[0].startswith("November 23 – 29: without Monday, and ")


async def test_weeks_and_days_in_an_address_are_bounded(house: House) -> None:
    await house.keep()
    for asked in ({"weeks": "9999999"}, {"weeks": "x"}, {"weeks": "-1"}, {"from": "soon"}, {"from": "9999-12-31"}):
        assert (await house.page(**asked))["found"] is not None


async def test_staff_and_strangers_have_no_school_week(house: House) -> None:
    assert await house.book.page(PersonId("p-nobody"), IN_ENGLISH, reader=visitor(), given={}, typed=False) is None


# --------------------------------------------------------------- keeping


def test_what_was_kept_comes_back_as_it_was() -> None:
    one = school(activities=[activity("Band", 2, "16:00", "17:00")], exams=[MONDAY], margin_min=15)
    assert school_of(fields_of(one), one.person) == one


async def test_of_two_who_change_it_the_second_is_told(house: House) -> None:
    await house.keep()
    await house.keep(revision="1", margin="20")
    with pytest.raises(Stale):
        await house.keep(revision="1", margin="25")


async def test_keeping_the_same_again_changes_nothing(house: House) -> None:
    await house.keep()
    await house.keep()
    held = await house.book._shelves.schools.get(ASH)
    assert held is not None
    assert held.revision == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"hours_monday_end": ""}, "School on Monday has one of two times"),
        ({"hours_monday_end": "noon"}, "written like 15:30"),
        ({"hours_monday_start": "15:00", "hours_monday_end": "8:00"}, "written like 15:30"),
        ({"margin": "half an hour"}, "a number of minutes"),
        ({"margin": "999"}, "from 0 to 180"),
        ({"exam_0": "tomorrow"}, "written like 2026-11-24"),
        ({"term_0_last": "2026-12-18"}, "no first one"),
        ({"activity_0_name": "Band"}, "needs a time"),
        ({"activity_0_start": "16:00", "activity_0_end": "17:00", "activity_0_weekday": "monday"}, "fill in"),
        ({"zone": "Mars"}, "No such time zone"),
        ({"activity_0_name": "\x00", "activity_0_start": "16:00", "activity_0_end": "17:00"}, "cannot be kept"),
    ],
)
async def test_rubbish_is_refused_in_words_and_given_back(house: House, typed: dict[str, str], says: str) -> None:
    with pytest.raises(Refusal) as refusal:
        await house.keep(**typed)
    assert says in refusal.value.text
    shown = await house.book.page(ASH, IN_ENGLISH, reader=visitor(), given=TYPED | typed, typed=True)
    assert shown is not None
    assert str(shown["rows"]).count("08:00") >= 4


# --------------------------------------------------------------- guardians


async def test_a_guardian_may_while_it_holds_and_what_was_allowed(house: House) -> None:
    shelf = house.book._shelves.guardianships
    assert not await house.book.may(GALE, ASH)
    care = Guardianship(guardian=GALE, teen=ASH, since=Instant(NOW - 1), may=frozenset({Care.SCHEDULE}))
    await shelf.put(care, upon=0, by="", at=NOW)
    assert await house.book.may(GALE, ASH)
    assert not await house.book.may(GALE, PersonId("p-sam"))


# --------------------------------------------------------------- the letter


def session(day: int, title: str = "Recovery group") -> ScheduledSession:
    return ScheduledSession(
        session=SessionId(f"s-{day}"),
        clinic=ClinicId("demo"),
        title=title,
        zone=ZONE,
        starts_at=Instant(NOW + day * 24 * HOUR_MS),
        plan_id="teen-short",
        rules_id="exact-floor",
        programme_id="teen-iop",
        roster=(Expected(person=ASH, role=Role.PARTICIPANT, name="Ash Example", teen=True),),
    )


async def test_a_letter_is_handed_out_and_logged(house: House) -> None:
    await house.store.clinic.put_session(session(1))
    handout = await house.book.letter(ASH, MONDAY - timedelta(days=7), MONDAY, IN_ENGLISH, by=visitor())
    assert b"".join(handout.chunks).startswith(b"%PDF-")
    (entry,) = await house.store.disclosures.about(ASH)
    assert (entry.what, entry.purpose.value) == ("school letter", "own")


async def test_a_letter_is_in_the_language_of_who_reads_it(house: House) -> None:
    times = [(Instant(NOW), Instant(NOW + 2 * HOUR_MS))]
    data = letter_data(words_in("es"), "Ash Example", times, zone=ZONE, day=MONDAY, margin_min=30)
    assert data["heading"] == "Citas de Ash Example" and data["said"]["language"] == "es"
    assert "30 min antes y después para el camino" in data["paragraphs"][1]


async def test_days_without_meetings_give_no_letter(house: House) -> None:
    for first, last in ((MONDAY, MONDAY), (MONDAY, MONDAY - timedelta(days=1)), (date.min, date.min)):
        with pytest.raises(Refusal):
            await house.book.letter(ASH, first, last, IN_ENGLISH, by=visitor())
    assert await house.store.disclosures.about(ASH) == []


def test_a_letter_says_times_and_nothing_of_health_or_clinics() -> None:
    times = [(Instant(NOW), Instant(NOW + 2 * HOUR_MS))]
    data = letter_data(IN_ENGLISH, "Ash Example", times, zone=ZONE, day=MONDAY, margin_min=30)
    said = str(data).casefold()
    for word in (
        "therapy",
        "treatment",
        "clinic",
        "group",
        "session",
        "health",
        "program",
        "iop",
        "recovery",
        "milieu",
    ):
        assert word not in said, word
    assert data["rows"] == [["Thursday, November 12, 2026", "12:00 PM – 2:00 PM"]]
    assert make("letter", data, at=Instant(NOW)) == make("letter", data, at=Instant(NOW))
