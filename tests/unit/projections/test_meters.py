"""Everybody's week in the middle of it (server/projections/meters.py), against the table in tests/support/week.py."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from facilitation import commands as c
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS
from facilitation.weeks import Outlook
from server.books import meter_words
from server.catalog import load_catalog
from server.clock import FakeClock
from server.projections.meters import Meter, Meters, Stage
from server.projections.worker import HoursProjection
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Linked, Store
from server.web.words import IN_ENGLISH
from tests.support.evening import FAY, ZONE, Evening
from tests.support.week import ALEX, DAY_MS, JO, KIM, ROBIN, SAM, WEDNESDAY_NOON, held, signed, week


class Desk:
    """The meters over evenings, read by a clock that stands where the test puts it."""

    def __init__(self, *evenings: Evening, now: int = WEDNESDAY_NOON, track: str = "adult") -> None:
        self.evenings = evenings
        self.clock = FakeClock(now)
        self.store: Store = memory.connect()
        self.track = track
        self.meters = Meters(self.store, catalog=load_catalog(), clock=self.clock)

    async def fill(self) -> Desk:
        for evening in self.evenings:
            await self.store.clinic.put_session(evening.scheduled)
            for each in evening.scheduled.roster:
                person = Person(person=each.person, name=each.name, role=each.role, track=self.track, zone=ZONE)
                await self.store.clinic.put_person(person)
            if evening.lived:
                epoch = await self.store.leases.acquire(evening.scheduled.session, node="n")
                await self.store.log.append(evening.scheduled.session, evening.records, epoch=epoch)
        await HoursProjection(self.store.log, self.store.ledger, self.clock).catch_up()
        return self

    async def meter(self, person: str) -> Meter:
        return next(meter for meter in await self.meters.everybody() if meter.person.person == person)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    yield await Desk(*week()).fill()


@pytest.mark.parametrize(
    ("person", "signed_h", "waiting_h", "to_come", "possible_h", "outlook"),
    [
        (ROBIN, 3, 3, (180, 180), 12, Outlook.ON_TRACK),
        (SAM, 3, 0, (180, 180), 9, Outlook.TIGHT),
        (ALEX, 0, 0, (180, 180), 6, Outlook.MISSED),
        (JO, 0, 3, (180, 180), 9, Outlook.TIGHT),
        (KIM, 3, 0, (180,), 6, Outlook.MISSED),
    ],
)
async def test_a_week_says_what_is_signed_what_waits_and_what_can_still_come(
    desk: Desk, person: str, signed_h: int, waiting_h: int, to_come: tuple[int, ...], possible_h: int, outlook: Outlook
) -> None:
    meter = await desk.meter(person)
    assert (meter.week.minutes, meter.waiting_min) == (signed_h * 60, waiting_h * 60)
    assert meter.to_come == to_come
    assert (meter.week.possible_min, meter.week.floor_min) == (possible_h * 60, 540)
    assert meter.outlook is outlook


async def test_those_who_need_help_come_first(desk: Desk) -> None:
    order = meter_words.by_need(await desk.meters.everybody())
    assert [meter.person.person for meter in order] == [ALEX, KIM, JO, SAM, ROBIN]


async def test_a_missed_session_says_why_once_somebody_said_it(desk: Desk) -> None:
    jo, alex = await desk.meter(JO), await desk.meter(ALEX)
    (missed,) = jo.missed
    assert missed.absence is not None
    assert (missed.session, missed.absence.kind, missed.absence.reason) == ("s-monday", "excused", "At the dentist")
    assert [(part.session, part.absence) for part in alex.missed] == [("s-monday", None), ("s-tuesday", None)]
    assert meter_words.told(alex, IN_ENGLISH)["absences"][0] == "Monday, November 23: away, not explained yet"


async def test_who_is_excused_beforehand_is_not_expected() -> None:
    *others, thursday = week()
    thursday.do(c.ExplainAbsence(person=ROBIN, kind="excused", reason="A wedding"), FAY)
    meter = await (await Desk(*others, thursday).fill()).meter(ROBIN)
    assert meter.to_come == (180,)
    assert meter.outlook is Outlook.TIGHT


async def test_a_running_session_gives_what_was_attended_and_what_is_left_of_it() -> None:
    evening = Evening(session="s-now", starts_at=WEDNESDAY_NOON - 30 * MINUTE_MS, people=2)
    evening.at(-5).come(FAY)
    evening.come(ROBIN)
    evening.at(0).do(c.StartSession(), FAY)
    evening.at(30)
    desk = await Desk(evening).fill()
    robin, sam = await desk.meter(ROBIN), await desk.meter(SAM)
    assert (robin.waiting_min, robin.to_come, robin.week.possible_min) == (30, (150,), 180)
    assert (sam.waiting_min, sam.to_come, sam.week.possible_min) == (0, (150,), 150)
    assert [part.stage for part in robin.parts] == [Stage.RUNNING]


async def test_signing_moves_minutes_from_waiting_to_signed_and_changes_no_sum(desk: Desk) -> None:
    before = await desk.meter(ROBIN)
    tuesday = signed(desk.evenings[1])
    there = await desk.store.log.read("s-tuesday")
    epoch = await desk.store.leases.acquire("s-tuesday", node="n")
    await desk.store.log.append("s-tuesday", tuesday.records[len(there) :], epoch=epoch)
    await HoursProjection(desk.store.log, desk.store.ledger, desk.clock).catch_up()
    after = await desk.meter(ROBIN)
    assert (after.week.minutes, after.waiting_min) == (360, 0)
    assert after.week.possible_min == before.week.possible_min


async def test_a_session_that_nobody_started_gives_nothing_once_its_time_is_over() -> None:
    evening = Evening(session="s-never", starts_at=WEDNESDAY_NOON - 5 * HOUR_MS, people=1)
    meter = await (await Desk(evening).fill()).meter(ROBIN)
    assert (meter.parts, meter.week.possible_min) == ((), 0)


async def test_last_weeks_sessions_are_not_this_weeks_but_can_be_made_up_for(desk: Desk) -> None:
    last_week = signed(held(Evening(session="s-before", starts_at=WEDNESDAY_NOON - 7 * DAY_MS, people=3), ROBIN))
    desk = await Desk(last_week, *week()).fill()
    sam = await desk.store.clinic.get_person(SAM)
    assert sam is not None
    assert [part.session for part in (await desk.meter(SAM)).parts] == [
        *("s-monday", "s-tuesday", "s-wednesday", "s-thursday")
    ]
    assert [part.session for part in await desk.meters.missed(sam)] == ["s-tuesday", "s-before"]


async def test_teens_are_measured_by_their_own_floor() -> None:
    meter = await (await Desk(*week(), track="teen").fill()).meter(SAM)
    assert meter.week.floor_min == 360
    assert meter.outlook is Outlook.ON_TRACK


async def test_staff_have_no_meter(desk: Desk) -> None:
    assert {meter.person.role for meter in await desk.meters.everybody()} == {Role.PARTICIPANT}


async def test_without_the_reasons_the_figures_are_the_same_and_signed_logs_are_left_alone(desk: Desk) -> None:
    read: list[str] = []
    linked = desk.store.log.linked

    def watched(session: str, *, after: int = 0) -> AsyncIterator[Linked]:
        read.append(session)
        return linked(session, after=after)

    full = await desk.meters.everybody()
    desk.store.log.linked = watched
    fresh = Meters(desk.store, catalog=load_catalog(), clock=desk.clock)
    brief = await fresh.everybody(why=False)
    assert [(meter.week, meter.outlook, meter.to_come, meter.waiting_min) for meter in brief] == [
        (meter.week, meter.outlook, meter.to_come, meter.waiting_min) for meter in full
    ]
    assert "s-monday" not in read
    assert read


# --------------------------------------------------------------- in words


async def test_a_participant_reads_what_is_left_and_whether_it_is_within_reach(desk: Desk) -> None:
    assert meter_words.for_participant(await desk.meter(ROBIN), IN_ENGLISH) == [
        "3 h of 9 h so far.",
        "3 h more wait for your facilitator’s signature.",
        "2 meetings left this week, 6 h possible.",
        "It is within reach.",
    ]
    assert "if you come to all of them" in meter_words.for_participant(await desk.meter(SAM), IN_ENGLISH)[-1]
    assert (
        "With all that is planned it is 3 h short."
        in meter_words.for_participant(await desk.meter(ALEX), IN_ENGLISH)[-1]
    )


async def test_the_picture_adds_up_and_is_told_in_words(desk: Desk) -> None:
    bar = meter_words.picture(await desk.meter(ROBIN), IN_ENGLISH)
    assert (bar["signed"], bar["waiting"], bar["to_come"], bar["floor"]) == (25, 25, 50, 75)
    assert bar["text"] == "3 h signed, 3 h waiting for a signature, 6 h still possible; the week asks for 9 h"
    short = meter_words.picture(await desk.meter(ALEX), IN_ENGLISH)
    assert (short["signed"], short["waiting"], short["floor"]) == (0, 0, 100)
    assert short["to_come"] == pytest.approx(66.67)


async def test_a_row_of_the_file_says_the_same_as_the_page(desk: Desk) -> None:
    row = dict(zip(meter_words.COLUMNS, meter_words.row(await desk.meter(JO)), strict=True))
    assert (row["outlook"], row["signed_min"], row["waiting_min"], row["possible_min"]) == ("tight", 0, 180, 540)
    assert (row["excused"], row["unexcused"], row["unexplained"]) == (1, 0, 0)
    assert (row["week_from"], row["week_to"], row["groups"]) == ("2026-11-23", "2026-11-29", "Evening group")


# --------------------------------------------------------------- rule sets with more rules


async def under(rules_id: str, *evenings: Evening, now: int = WEDNESDAY_NOON) -> list[str]:
    """What staff read of Robin, whose sessions are scheduled with these rules."""
    for evening in evenings:
        evening.scheduled = replace(evening.scheduled, rules_id=rules_id)
    return meter_words.for_staff(await (await Desk(*evenings, now=now).fill()).meter(ROBIN), IN_ENGLISH)


async def test_a_short_day_tells_what_can_be_done_with_it() -> None:
    short = Evening(session="s-short", starts_at=WEDNESDAY_NOON - DAY_MS, people=1)
    short.at(-10).come(FAY)
    short.come(ROBIN)
    short.at(0).do(c.StartSession(), FAY)
    short.at(30).do(c.EndSession(), FAY)
    assert (
        "Tuesday, November 24: 30 min is no counted day. Bill the single services of this day instead of the day."
        in await under("new-york-ios", signed(short))
    )


async def test_gap_days_and_counted_days_are_told_where_the_rules_know_them() -> None:
    long_ago = signed(held(Evening(session="s-ago", starts_at=WEDNESDAY_NOON - 5 * DAY_MS, people=1), ROBIN))
    to_come = Evening(session="s-next", starts_at=WEDNESDAY_NOON + 6 * HOUR_MS, people=1)
    said = await under("north-carolina-saiop", long_ago, to_come)
    assert "0 of 3 counted days." in said
    assert any("days without a counted one after Friday, November 20" in line for line in said), said


async def test_a_week_over_its_ceiling_is_told_before_it_is() -> None:
    evenings = [Evening(session=f"s-{n}", starts_at=WEDNESDAY_NOON + n * 4 * HOUR_MS, people=1) for n in range(7)]
    said = await under("asam-2-1", *evenings, now=WEDNESDAY_NOON - 1)
    assert "Would go over the ceiling of 19 h." in said
