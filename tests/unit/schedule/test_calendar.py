"""Calendars, read back by ical.js over both changes of the clock, in zones that change by an hour or half of one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from recurring_ical_events import of

from facilitation.cohorts import Lead
from facilitation.enrolment import Step, stepped
from facilitation.facts import zone_of
from facilitation.ids import ClinicId, CoverId, PersonId, SeriesId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence
from facilitation.schedule import Cover, Deviation, Series, SeriesKind, deviate, instant_of
from facilitation.timebase import MINUTE_MS, Instant
from server import demo, demo_week
from server.app import schedule_of
from server.books.own_calendar import OwnCalendar
from server.catalog import load_catalog
from server.clock import FakeClock
from server.schedule.calendar import Entry, calendar, uid_of
from server.store import memory
from tests.support.calendars import read

URL = "https://milieu.example/home"
SUNDAY = date(2026, 11, 29)
ZONE = zone_of(demo_week.ZONE)
ROBIN, SUE, CODY, PAT = (PersonId(f"p-{name}") for name in ("robin", "sue", "cody", "pat"))
CHANGES = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}


def entry(zone: str, day: date, at: time, number: int = 0, **more: object) -> Entry:
    plain = Entry(
        uid=uid_of("demo", f"{zone} {day} {at} {number}"),
        summary="Meeting",
        starts_at=instant_of(day, at, ZoneInfo(zone)),
        length_ms=90 * MINUTE_MS,
        zone=zone,
        sequence=0,
        changed_at=Instant(1_790_000_000_000),
    )
    return replace(plain, **more)


@pytest.mark.parametrize("zone", CHANGES)
async def test_every_hour_around_both_changes_of_the_clock_is_read_as_it_was_meant(zone: str) -> None:
    days = [change + timedelta(days=n) for change in CHANGES[zone] for n in (-1, 0, 1)]
    entries = [entry(zone, day, time(hour, minute)) for day in days for hour in range(24) for minute in (0, 30)]
    told = await read(calendar(entries, url=URL))
    assert told["zones"] == [zone]
    by_uid = {each["uid"]: each for each in told["events"]}
    twice = {each.starts_at for each in entries if _told_twice(each)}
    for each in entries:
        found = by_uid[each.uid]
        lasts = each.starts_at + each.length_ms
        if each.starts_at not in twice:
            assert found["starts"] * 1_000 == each.starts_at, (found["local"], each)
        if not _told_twice(replace(each, starts_at=Instant(lasts))):
            assert found["ends"] * 1_000 == lasts, (found["local"], each)


def _told_twice(each: Entry) -> bool:
    """Whether the clock tells this hour twice: a local time alone cannot say which is meant (RFC 5545: the first)."""
    local = datetime.fromtimestamp(each.starts_at / 1_000, ZoneInfo(each.zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@pytest.mark.parametrize("zone", CHANGES)
async def test_another_reader_in_another_language_agrees(zone: str) -> None:
    entries = [entry(zone, change + timedelta(days=n), time(16, 0)) for change in CHANGES[zone] for n in range(-8, 9)]
    file = Calendar.from_ical(calendar(entries, url=URL))
    found = of(file).between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert sorted(each["DTSTART"].dt.timestamp() * 1_000 for each in found) == sorted(
        each.starts_at for each in entries
    )
    assert {each["DTSTART"].dt.time() for each in found} == {time(16, 0)}


async def test_a_file_says_how_often_to_look_again_and_nothing_that_outs_anybody() -> None:
    file = calendar([entry("Europe/Berlin", SUNDAY, time(18, 0))], url=URL)
    told = await read(file)
    assert (told["method"], told["refresh"]) == ("PUBLISH", "PT1H")
    [event] = told["events"]
    assert event["summary"] == "Meeting" and event["url"] == URL and event["busy"]
    assert not event["description"] and not event["location"] and not event["attendees"]
    assert not re.search(rb"therap|group|treat|health|clinic|program|recover|evening", file, re.IGNORECASE)


async def test_an_empty_calendar_is_a_calendar() -> None:
    assert (await read(calendar([], url=URL)))["events"] == []


# --------------------------------------------------------------------------- of the demo clinic


class Clinic:
    def __init__(self) -> None:
        self.clock = FakeClock(instant_of(SUNDAY, time(12, 0), ZONE))
        self.store, catalog = memory.connect(), load_catalog()
        self.book = schedule_of(self.store, catalog=catalog, clock=self.clock)
        self.calendar = OwnCalendar(self.store, plans=catalog.plans, clock=self.clock)

    async def events(self, person: PersonId) -> list[dict[str, object]]:
        """Those of series, by time."""
        file = await self.calendar.feed(await self.calendar.token(person), url=URL)
        assert file is not None
        return sorted((await read(file))["events"], key=lambda each: each["starts"])

    async def on(self, person: PersonId, session: str) -> dict[str, object] | None:
        uid = uid_of("demo", session)
        return next((each for each in await self.events(person) if each["uid"] == uid), None)

    async def deviate(self, id: str, deviation: Deviation) -> None:
        shelf = self.book.shelves.series
        held = await shelf.get(id)
        assert held is not None
        await self.book.put([shelf.draft(deviate(held.value, deviation), upon=held.revision)], by=CODY)


@pytest.fixture
async def clinic() -> Clinic:
    clinic = Clinic()
    await demo.prepare(clinic.store, clinic=ClinicId("demo"), now=clinic.clock.now())
    await clinic.book.plan()
    clinic.clock.advance(minutes=60)
    return clinic


async def test_a_move_is_an_update_of_the_same_event(clinic: Clinic) -> None:
    before = await clinic.on(ROBIN, "w-evening-20261202")
    await clinic.deviate("w-evening", Deviation(on=date(2026, 12, 2), day=date(2026, 12, 3), starts=time(20, 0)))
    after = await clinic.on(ROBIN, "w-evening-20261202")
    assert before is not None and after is not None
    assert (before["sequence"], before["local"]) == (0, "2026-12-02T18:00:00")
    assert (after["sequence"], after["local"], after["status"]) == (1, "2026-12-03T20:00:00", "CONFIRMED")


async def test_a_cancelled_meeting_says_so_and_is_no_time_that_is_taken(clinic: Clinic) -> None:
    await clinic.deviate("w-evening", Deviation(on=date(2026, 12, 2), cancelled=True, reason="Fay is ill"))
    event = await clinic.on(ROBIN, "w-evening-20261202")
    assert event is not None
    assert (event["status"], event["sequence"], event["busy"]) == ("CANCELLED", 1, False)
    await clinic.deviate("w-evening", Deviation(on=date(2026, 12, 2)))
    again = await clinic.on(ROBIN, "w-evening-20261202")
    assert again is not None and (again["status"], again["sequence"]) == ("CONFIRMED", 2)


async def test_a_step_down_takes_the_other_days_out(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.enrolments
    held = await shelf.get("e-evening-robin")
    assert held is not None
    down = stepped(held.value, Step(since=date(2026, 12, 7), days=(0,)))
    await clinic.book.put([shelf.draft(down, upon=held.revision)], by=CODY)
    evenings = [str(each["local"]) for each in await clinic.events(ROBIN) if str(each["local"]).endswith("T18:00:00")]
    assert [each[5:10] for each in evenings[:6]] == ["11-30", "12-02", "12-04", "12-07", "12-14", "12-21"]


async def test_a_substitute_finds_it_in_their_calendar_at_once(clinic: Clinic) -> None:
    before = await clinic.on(SUE, "w-robin-20261201")
    assert before is not None and not before["busy"]  # she supervises: it takes none of her time
    cover = Cover(
        id=CoverId("v"), away=CODY, by=SUE, first=date(2026, 12, 1), last=date(2026, 12, 1), series=SeriesId("w-robin")
    )
    await clinic.book.put([clinic.book.shelves.covers.draft(cover, upon=0)], by=CODY)
    after = await clinic.on(SUE, "w-robin-20261201")
    assert after is not None and after["busy"] and after["sequence"] == 1
    assert await clinic.on(CODY, "w-robin-20261201") is None
    assert await clinic.on(CODY, "w-robin-20261208") is not None


async def test_family_has_the_meetings_they_come_to_and_no_other(clinic: Clinic) -> None:
    assert {each["summary"] for each in await clinic.events(PAT)} == {"Meeting", "Appointment"}
    assert await clinic.on(PAT, "w-ash-20261201") is not None
    assert await clinic.on(PAT, "w-teens-20261201") is None


async def test_a_new_address_opens_and_the_one_before_opens_nothing(clinic: Clinic) -> None:
    old = await clinic.calendar.token(ROBIN)
    assert await clinic.calendar.token(ROBIN) == old
    await clinic.calendar.renew(ROBIN)
    new = await clinic.calendar.token(ROBIN)
    assert await clinic.calendar.feed(old, url=URL) is None
    assert await clinic.calendar.whose(new) == ROBIN
    assert await clinic.calendar.whose(await clinic.calendar.token(CODY)) == CODY


@pytest.mark.parametrize("rubbish", ["", "x", "a.b.c", "é" * 50, "W10.x", "x" * 5_000])
async def test_rubbish_is_nobodys_address(clinic: Clinic, rubbish: str) -> None:
    assert await clinic.calendar.feed(rubbish, url=URL) is None


async def test_an_address_with_somebody_elses_secret_opens_nothing(clinic: Clinic) -> None:
    mine, yours = await clinic.calendar.token(ROBIN), await clinic.calendar.token(CODY)
    swapped = f"{mine.partition('.')[0]}.{yours.partition('.')[2]}"
    assert await clinic.calendar.whose(mine) == ROBIN
    assert await clinic.calendar.whose(swapped) is None
    assert await clinic.calendar.whose(f"{mine.partition('.')[0]}.") is None


async def test_only_the_present_secret_of_an_address_is_kept(clinic: Clinic) -> None:
    old = await clinic.calendar.token(ROBIN)
    await clinic.calendar.renew(ROBIN)
    assert await clinic.calendar.token(ROBIN) != old
    assert await clinic.store.register.history("calendar", ROBIN) == []


async def test_a_series_over_a_year_keeps_its_hour_in_every_zone_for_every_reader(clinic: Clinic) -> None:
    shelf = clinic.book.shelves.series
    for zone in CHANGES:
        made = Series(
            id=SeriesId(f"w-{zone[-4:].lower()}"),
            title="Alone",
            kind=SeriesKind.INDIVIDUAL,
            plan_id="individual",
            zone=zone,
            recurrence=Recurrence(every=Every.WEEK, days=(6,)),
            first=SUNDAY,
            starts=time(16, 0),
            people=(ROBIN,),
            leads=(Lead(person=CODY, role=Role.FACILITATOR),),
            programme="adult-iop",
        )
        await clinic.book.put([shelf.draft(made, upon=0)], by=CODY)
    for _ in range(12):
        for zone in CHANGES:
            ours = [each for each in await clinic.events(ROBIN) if each["zone"] == zone and _sunday(each)]
            assert ours and {str(each["local"])[11:] for each in ours} == {"16:00:00"}
            for each in ours:
                local = datetime.fromisoformat(str(each["local"])).replace(tzinfo=ZoneInfo(zone))
                assert local.timestamp() == each["starts"]
        clinic.clock.advance(minutes=30 * 24 * 60)
        await clinic.book.plan()


def _sunday(event: dict[str, object]) -> bool:
    return event["summary"] == "Appointment" and datetime.fromisoformat(str(event["local"])).weekday() == 6
