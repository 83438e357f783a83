"""Telling ahead and making up: what pages show, what is kept, and what the rooms are told of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.state import replay
from facilitation.timebase import HOUR_MS
from server.app import schedule_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.config import Settings
from server.opening import opening
from server.progress import ProgressBook
from server.rooms.directory import Rooms
from server.rooms.silent_media import SilentMedia
from server.school.away import Away, Briefing
from server.school.form import school_of
from server.store import memory
from server.store.clinic import Person
from server.web.auth import Visitor
from server.web.words import IN_ENGLISH
from tests.support.afternoons import EARLY, FAY, LATE, ZONE, afternoons, enrolled
from tests.support.school import MONDAY, TYPED, instant

SUNDAY_NOON = instant(MONDAY - timedelta(days=1), time(12))
ASH, BAY, GALE = PersonId("p-ash"), PersonId("p-bay"), PersonId("p-gale")
TUESDAY = SessionId(f"w-{EARLY}-{MONDAY + timedelta(days=1):%Y%m%d}")
WEDNESDAY = SessionId(f"w-{EARLY}-{MONDAY + timedelta(days=2):%Y%m%d}")


def visitor(person: PersonId = ASH, name: str = "Ash Example", role: Role = Role.PARTICIPANT) -> Visitor:
    return Visitor(person=person, role=role, name=name, zone=ZONE)


BY_FAY = visitor(FAY, "Fay Facilitator", Role.FACILITATOR)


class House:
    def __init__(self, folder: Path, **seats: int) -> None:
        self.store, self.clock, catalog = memory.connect(), FakeClock(SUNDAY_NOON), load_catalog()
        self.seats = seats
        self.schedule = schedule_of(self.store, catalog=catalog, clock=self.clock)
        self.rooms = Rooms(
            log=self.store.log,
            leases=self.store.leases,
            media=SilentMedia(self.clock),
            clock=self.clock,
            load_session=opening(
                Settings(data_dir=folder), store=self.store, catalog=catalog, learn=self.schedule.load
            ),
            brief=Briefing(self.store).of,
            node="n-test",
        )
        self.away = Away(
            self.store,
            schedule=self.schedule,
            catalog=catalog,
            rooms=self.rooms,
            progress=ProgressBook(self.store.log),
            clock=self.clock,
            seats_max=16,
        )

    async def fill(self) -> None:
        for person, name, role in (
            (ASH, "Ash Example", Role.PARTICIPANT),
            (BAY, "Bay Example", Role.PARTICIPANT),
            (FAY, "Fay Facilitator", Role.FACILITATOR),
        ):
            track = "teen" if role is Role.PARTICIPANT else "adult"
            await self.store.clinic.put_person(Person(person=person, name=name, role=role, track=track, zone=ZONE))
        await afternoons(self.store, first=MONDAY - timedelta(days=7), now=self.clock.now(), **self.seats)
        since = MONDAY - timedelta(days=7)
        for each in (enrolled(ASH, EARLY, (0, 1, 3), since), enrolled(BAY, EARLY, (2,), since)):
            await self.schedule.put([self.schedule.shelves.enrolments.draft(each, upon=0)], by=FAY)

    async def row(self, session: SessionId = TUESDAY) -> dict[str, Any]:
        shown = await self.away.page(ASH, IN_ENGLISH, reader=visitor())
        assert shown is not None
        return next(each for each in shown["rows"] if each["session"] == session)

    async def room(self, session: SessionId) -> Any:
        await self.rooms.open(session)
        return replay(await self.store.log.read(session))


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    await house.fill()
    yield house
    await house.rooms.close()


async def tell(house: House, away: bool = True, reason: str = "") -> None:
    await house.away.tell(ASH, TUESDAY, away, reason, by=visitor())


# --------------------------------------------------------------- telling


async def test_telling_opens_no_log_and_the_room_hears_of_it_when_it_opens(house: House) -> None:
    await tell(house, reason="  School  or an exam ")
    assert (await house.row())["told"].endswith(": School or an exam.")
    assert await house.store.log.sessions() == []
    assert (await house.room(TUESDAY)).absences.told[ASH].reason == "School or an exam"


async def test_a_room_that_is_open_hears_of_it_at_once(house: House) -> None:
    await house.rooms.open(TUESDAY)
    await tell(house)
    assert ASH in (await house.room(TUESDAY)).absences.told
    await tell(house, away=False)
    assert (await house.room(TUESDAY)).absences.told == {}


async def test_telling_is_taken_back_until_the_start_and_not_later(house: House) -> None:
    await tell(house)
    await tell(house, away=False)
    assert not (await house.row())["away"]
    house.clock.advance(ms=60 * HOUR_MS)
    with pytest.raises(Refusal) as refusal:
        await tell(house)
    assert refusal.value.code == "already_started"


async def test_a_guardian_who_told_is_named(house: House) -> None:
    await house.away.tell(ASH, TUESDAY, True, "", by=visitor(GALE, "Gale Guardian", Role.GUARDIAN))
    assert (await house.row())["told"].startswith("Told by Gale Guardian on ")
    assert (await house.room(TUESDAY)).absences.told[ASH].name == "Gale Guardian"


@pytest.mark.parametrize(
    ("session", "reason"),
    [("s-nowhere", ""), (WEDNESDAY, ""), ("x" * 500, ""), (TUESDAY, "x" * 301), (TUESDAY, "\x00")],
)
async def test_rubbish_is_refused_and_keeps_nothing(house: House, session: str, reason: str) -> None:
    with pytest.raises(Refusal):
        await house.away.tell(ASH, session, True, reason, by=visitor())
    assert not (await house.row())["away"]


# --------------------------------------------------------------- making up


async def test_what_can_make_up_is_offered_with_what_the_week_comes_to(house: House) -> None:
    assert (await house.row())["offers"] == []
    await tell(house)
    offers = (await house.row())["offers"]
    assert offers[0]["session"] == f"w-{LATE}-{MONDAY:%Y%m%d}"
    wednesday = next(each for each in offers if each["session"] == WEDNESDAY)
    assert wednesday["words"] == "With it that week comes to 6 h of 6 h."
    assert [each["next_week"] for each in offers] == sorted(each["next_week"] for each in offers)


async def test_school_and_full_groups_are_left_alone(tmp_path: Path) -> None:
    house = House(tmp_path, early_seats=1)
    await house.fill()
    one = school_of(TYPED | {"activity_0_name": "Band", "activity_0_weekday": "monday",
                             "activity_0_start": "19:30", "activity_0_end": "20:00"}, ASH)  # fmt: skip
    await house.away._shelves.schools.put(one, upon=0, by=ASH, at=house.clock.now())
    await tell(house)
    days = {each["when"].split(",")[0] for each in (await house.row())["offers"]}
    assert days == {"Wednesday"}, "Bay has Wednesday's one seat at four, and Monday at seven is band"
    assert all("7:00 PM" in each["when"] for each in (await house.row())["offers"])
    await house.rooms.close()


async def test_one_tap_asks_the_clinic_agrees_and_the_person_stands_on_the_list(house: House) -> None:
    await tell(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    assert (await house.row())["offers"] == []
    (asked,) = await house.away.asks(IN_ENGLISH)
    assert asked["name"] == "Ash Example"
    await house.away.answer(asked["id"], True, by=BY_FAY)
    assert await house.away.asks(IN_ENGLISH) == []
    session = await house.store.clinic.get_session(WEDNESDAY)
    assert session is not None
    assert {each.person for each in session.roster} == {FAY, BAY, ASH}
    assert (await house.row())["asked"]["text"].startswith("Agreed: Wednesday")
    state = await house.room(WEDNESDAY)
    assert state.absences.makes_up == {ASH: TUESDAY}


async def test_planning_again_leaves_who_makes_up_on_the_list_also_of_an_open_room(house: House) -> None:
    await house.rooms.open(WEDNESDAY)
    await tell(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    await house.away.answer(f"{WEDNESDAY} {ASH}", True, by=BY_FAY)
    await house.schedule.plan()
    session = await house.store.clinic.get_session(WEDNESDAY)
    assert session is not None
    assert ASH in {each.person for each in session.roster}
    assert (await house.room(WEDNESDAY)).absences.makes_up == {ASH: TUESDAY}


async def test_who_is_told_no_can_choose_again(house: House) -> None:
    await tell(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    await house.away.answer(f"{WEDNESDAY} {ASH}", False, by=BY_FAY)
    row = await house.row()
    assert row["asked"]["standing"] == "declined"
    assert row["offers"]
    with pytest.raises(Refusal) as refusal:
        await house.away.answer(f"{WEDNESDAY} {ASH}", True, by=BY_FAY)
    assert refusal.value.code == "already_answered"


async def test_what_was_not_offered_cannot_be_asked_for(house: House) -> None:
    await tell(house)
    for session in (TUESDAY, f"w-{EARLY}-{MONDAY:%Y%m%d}", "s-nowhere", "x" * 300):
        with pytest.raises(Refusal):
            await house.away.ask(ASH, TUESDAY, session, by=visitor())
    with pytest.raises(Refusal):
        await house.away.ask(ASH, WEDNESDAY, TUESDAY, by=visitor())
    with pytest.raises(Refusal):
        await house.away.answer("nothing like it", True, by=BY_FAY)


async def test_it_is_not_agreed_to_once_that_meeting_has_begun(house: House) -> None:
    await tell(house)
    await house.away.ask(ASH, TUESDAY, WEDNESDAY, by=visitor())
    house.clock.advance(ms=80 * HOUR_MS)
    with pytest.raises(Refusal) as refusal:
        await house.away.answer(f"{WEDNESDAY} {ASH}", True, by=BY_FAY)
    assert refusal.value.code == "already_started"
