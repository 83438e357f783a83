"""The demo clinic's week planned from its records: who is on which list, what a change does and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest

from facilitation.cohorts import Lead
from facilitation.enrolment import Step, ended, stepped
from facilitation.facts import zone_of
from facilitation.ids import ClinicId, CoverId, EnrolmentId, PersonId, SeriesId, SessionId
from facilitation.people import Role
from facilitation.plan import SessionPlan
from facilitation.schedule import Cover, Deviation, deviate, instant_of
from facilitation.timebase import HOUR_MS, Instant
from server import demo, demo_week
from server.app import schedule_of
from server.catalog import Catalog, load_catalog
from server.clock import FakeClock
from server.config import Settings
from server.opening import opening
from server.rooms.ports import Stale
from server.schedule.book import ScheduleBook
from server.store import memory
from server.store.clinic import ScheduledSession
from server.store.ports import Store

ZONE = zone_of(demo_week.ZONE)
SUNDAY = date(2026, 11, 29)
EVENINGS, TEENS, ASH = SeriesId("w-evening"), SeriesId("w-teens"), SeriesId("w-ash")
FAY, CODY, ROBIN = PersonId("p-fay"), PersonId("p-cody"), PersonId("p-robin")


class Clinic:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.store: Store = memory.connect()
        self.catalog: Catalog = load_catalog()
        self.book: ScheduleBook = schedule_of(self.store, catalog=self.catalog, clock=clock)

    async def session(self, series: SeriesId, on: str) -> ScheduledSession:
        found = await self.store.clinic.get_session(f"{series}-{on}")
        assert found is not None
        return found

    async def change_series(self, id: SeriesId, deviation: Deviation) -> None:
        held = await self.book.shelves.series.get(id)
        assert held is not None
        draft = self.book.shelves.series.draft(deviate(held.value, deviation), upon=held.revision)
        await self.book.put([draft], by=FAY)


@pytest.fixture
async def clinic() -> Clinic:
    clinic = Clinic(FakeClock(instant_of(SUNDAY, time(12, 0), ZONE)))
    await demo.prepare(clinic.store, clinic=ClinicId("demo"), now=clinic.clock.now())
    await clinic.book.plan()
    return clinic


async def test_the_coming_week_is_full(clinic: Clinic) -> None:
    start = clinic.clock.now()
    week = await clinic.store.clinic.list_sessions(
        since=Instant(start + HOUR_MS), until=Instant(start + 7 * 24 * HOUR_MS)
    )
    assert sorted(each.session for each in week if each.series) == [
        *("w-alumni-20261201", "w-ash-20261201", "w-evening-20261130", "w-evening-20261202", "w-evening-20261204"),
        *(
            "w-families-20261203",
            "w-recovery-20261201",
            "w-recovery-20261203",
            "w-recovery-20261204",
            "w-robin-20261201",
        ),
        *("w-teens-20261130", "w-teens-20261201", "w-teens-20261202", "w-teens-20261203"),
    ]


async def test_lists_name_staff_first_teens_as_teens_and_family_as_guests(clinic: Clinic) -> None:
    family = await clinic.session(ASH, "20261201")
    assert [(each.person, each.role, each.teen, each.guest) for each in family.roster] == [
        ("p-fay", Role.FACILITATOR, False, False),
        ("p-sue", Role.SUPERVISOR, False, False),
        ("p-ash", Role.PARTICIPANT, True, False),
        ("p-pat", Role.PARTICIPANT, False, True),
    ]
    evening = await clinic.session(EVENINGS, "20261130")
    assert [each.treated for each in evening.roster].count(True) == 8
    assert (evening.programme_id, evening.rules_id) == ("adult-iop", "exact-floor")


async def test_nobody_is_treated_on_an_alumni_evening(clinic: Clinic) -> None:
    book = clinic.book
    first = next(iter((await book.shelves.enrolments.all()).values())).value
    tuesdays = (Step(since=SUNDAY, days=(1,)),)
    enrolled = replace(first, id=EnrolmentId("e-a"), cohort=demo_week.ALUMNI, steps=tuesdays)
    await book.put([book.shelves.enrolments.draft(enrolled, upon=0)], by=FAY)
    alumni = await clinic.session(SeriesId("w-alumni"), "20261201")
    assert [each.guest for each in alumni.roster if each.role is Role.PARTICIPANT] == [True]


async def test_holidays_have_no_session_and_move_nothing(clinic: Clinic) -> None:
    assert await clinic.store.clinic.get_session("w-teens-20261224") is None
    assert (await clinic.session(TEENS, "20261223")).starts_at == instant_of(date(2026, 12, 23), time(15, 30), ZONE)


async def test_a_cancelled_meeting_keeps_its_people_and_is_off_for_everybody(clinic: Clinic) -> None:
    before = await clinic.session(EVENINGS, "20261202")
    await clinic.change_series(EVENINGS, Deviation(on=date(2026, 12, 2), cancelled=True, reason="Snow"))
    assert await clinic.session(EVENINGS, "20261202") == replace(before, cancelled="Snow", sequence=1)
    assert before.session not in {each.session for each in await clinic.store.clinic.list_sessions()}
    await clinic.change_series(EVENINGS, Deviation(on=date(2026, 12, 2)))
    assert await clinic.session(EVENINGS, "20261202") == replace(before, sequence=2)


async def test_a_cancelled_meeting_cannot_be_opened(clinic: Clinic, tmp_path: object) -> None:
    settings = Settings(data_dir=str(tmp_path))
    load = opening(settings, store=clinic.store, catalog=clinic.catalog, learn=clinic.book.load)
    assert await load(SessionId("w-evening-20261202")) is not None
    await clinic.change_series(EVENINGS, Deviation(on=date(2026, 12, 2), cancelled=True, reason="Snow"))
    assert await load(SessionId("w-evening-20261202")) is None


async def test_a_substitute_is_on_the_list_for_these_days_and_no_longer(clinic: Clinic) -> None:
    cover = Cover(id=CoverId("v"), away=CODY, by=PersonId("p-sue"), first=date(2026, 12, 1), last=date(2026, 12, 2))
    await clinic.book.put([clinic.book.shelves.covers.draft(cover, upon=0)], by=FAY)
    leads = [
        [(each.person, each.role.value) for each in (await clinic.session(EVENINGS, on)).roster if not each.treated]
        for on in ("20261130", "20261202", "20261204")
    ]
    usual = [("p-fay", "facilitator"), ("p-cody", "cofacilitator"), ("p-sue", "supervisor")]
    assert leads == [usual, [("p-fay", "facilitator"), ("p-sue", "cofacilitator")], usual]


async def test_a_step_down_and_an_end_take_people_off_the_lists_to_come(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.enrolments
    held = await shelf.get("e-evening-robin")
    assert held is not None
    down = stepped(held.value, Step(since=date(2026, 12, 7), days=(0,)))
    await clinic.book.put([shelf.draft(ended(down, date(2026, 12, 14)), upon=held.revision)], by=FAY)
    there = [
        on
        for on in ("20261130", "20261202", "20261204", "20261207", "20261209", "20261214", "20261221")
        if any(each.person == ROBIN for each in (await clinic.session(EVENINGS, on)).roster)
    ]
    assert there == ["20261130", "20261202", "20261204", "20261207", "20261214"]


async def test_a_new_version_of_a_plan_is_for_sessions_to_come_and_every_version_stays(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.plans
    old = clinic.catalog.plans["adult"]

    def version(n: int) -> SessionPlan:
        return replace(old, version=str(n), segments=old.segments[: 3 + n])

    await clinic.book.put([shelf.draft(version(1), upon=0)], by=FAY)
    assert (await clinic.session(EVENINGS, "20261130")).plan_id == "adult@1"
    await clinic.book.put([shelf.draft(version(2), upon=1)], by=FAY)
    assert (await clinic.session(EVENINGS, "20261130")).plan_id == "adult@2"
    other = load_catalog()  # another process, which has only read files so far
    book = schedule_of(clinic.store, catalog=other, clock=clinic.clock)
    load = opening(Settings(), store=clinic.store, catalog=other, learn=book.load)
    opened = await load(SessionId("w-evening-20261130"))
    assert opened is not None and opened.plan == version(2)
    assert (other.plans["adult"], other.plans["adult@1"]) == (old, version(1))


async def test_of_two_who_change_the_same_thing_the_second_is_told(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.cohorts
    held = await shelf.get(demo_week.EVENING)
    assert held is not None
    await clinic.book.put([shelf.draft(replace(held.value, title="Late group"), upon=held.revision)], by=FAY)
    with pytest.raises(Stale):
        await clinic.book.put([shelf.draft(replace(held.value, leads=()), upon=held.revision)], by=CODY)


async def test_a_closed_group_meets_no_more(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.cohorts
    held = await shelf.get(demo_week.EVENING)
    assert held is not None
    planned = await clinic.book.put([shelf.draft(replace(held.value, closed=True), upon=held.revision)], by=FAY)
    assert len(planned.cancelled) == 24 - 2  # eight weeks of three evenings, but for two holidays
    assert all(each.after.cancelled and not each.before.cancelled for each in planned.cancelled)


async def test_what_somebody_changed_in_the_demo_stays_changed(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.cohorts
    held = await shelf.get(demo_week.EVENING)
    assert held is not None
    changed = replace(held.value, leads=(Lead(person=CODY, role=Role.FACILITATOR),))
    await clinic.book.put([shelf.draft(changed, upon=held.revision)], by=FAY)
    await demo.prepare(clinic.store, clinic=ClinicId("demo"), now=clinic.clock.now())
    assert (await shelf.get(demo_week.EVENING)).value == changed
