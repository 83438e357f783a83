"""The demo clinic: made once, never twice, and a fresh session when the last one is over or stale."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from facilitation import commands as c
from facilitation.clashes import clashes
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server import demo
from server.app import schedule_of
from server.catalog import load_catalog
from server.clock import FakeClock
from server.schedule.bookings import booking
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store
from tests.support.evening import FAY, Evening

CLINIC = ClinicId("demo")
NOW = Instant(1_795_561_234_567)


async def prepare(store: Store, *, hours: float = 0) -> list[str]:
    now = Instant(round(NOW + hours * HOUR_MS))
    return [session.session for session in await demo.prepare(store, clinic=CLINIC, now=now)]


async def test_everything_in_it_is_in_the_catalog() -> None:
    catalog = load_catalog()
    for group in demo.GROUPS:
        assert catalog.plans[group.plan_id].track == group.track
        programme = catalog.programmes[group.programme_id]
        assert (programme.track, programme.rules_id) == (group.track, group.rules_id)
        assert group.rules_id in catalog.rules


async def test_each_group_has_a_session_that_can_start_now() -> None:
    store = memory.connect()
    evening, _, teens, _ = await demo.prepare(store, clinic=CLINIC, now=NOW)
    assert NOW <= evening.starts_at < NOW + 5 * MINUTE_MS
    assert [each.role for each in evening.roster].count(Role.PARTICIPANT) == 8
    assert not any(each.teen for each in evening.roster)
    assert all(each.teen for each in teens.roster if each.role is Role.PARTICIPANT)


async def test_preparing_again_finds_what_is_there() -> None:
    store = memory.connect()
    first = await prepare(store)
    assert await prepare(store, hours=11.5) == first
    people = await store.clinic.list_people()
    assert len(people) == 6 + 8 + 3 + 6 + 4 + 2


async def test_everybody_who_is_treated_has_goals_and_each_group_a_supervisor() -> None:
    store = memory.connect()
    for session in await demo.prepare(store, clinic=CLINIC, now=NOW):
        assert [each.role for each in session.roster].count(Role.SUPERVISOR) == 1
        for each in session.roster:
            goals = await store.notebook.goals(each.person)
            assert len({goal.text for goal in goals}) == (2 if each.role is Role.PARTICIPANT else 0)


async def test_after_twelve_hours_there_is_a_new_one_and_the_old_one_stays() -> None:
    store = memory.connect()
    first = await prepare(store)
    second = await prepare(store, hours=13)
    assert not set(first) & set(second)
    assert len(await store.clinic.list_sessions()) == 2 * len(demo.GROUPS)


async def test_after_its_end_there_is_a_new_one() -> None:
    store = memory.connect()
    first = await prepare(store)
    held = Evening(session=first[0], starts_at=NOW, people=2)
    held.at(0).come(FAY)
    held.do(c.StartSession(), FAY)
    held.at(10).do(c.EndSession(), FAY)
    epoch = await store.leases.acquire(first[0], node="n")
    await store.log.append(first[0], held.records, epoch=epoch)
    second = await prepare(store, hours=0.5)
    assert second[0] != first[0]
    assert second[1:] == first[1:]


async def test_somebody_renamed_stays_renamed() -> None:
    store = memory.connect()
    await prepare(store)
    robin = Person(
        person=PersonId("p-robin"), name="Robin Renamed", role=Role.PARTICIPANT, track="adult", zone="America/Denver"
    )
    await store.clinic.put_person(robin)
    await prepare(store)
    assert await store.clinic.get_person("p-robin") == robin


async def test_a_real_clinics_store_is_left_alone() -> None:
    store = memory.connect()
    assert await demo.belongs(store)
    await store.clinic.put_person(
        Person(person=PersonId("p-real"), name="A. Person", role=Role.FACILITATOR, track="adult", zone="UTC")
    )
    assert not await demo.belongs(store)


MONDAY_MIDNIGHT = Instant(round(datetime(2026, 11, 30, 5, tzinfo=UTC).timestamp() * 1_000))
"""In New York."""


async def clashing(store: Store, now: Instant) -> list[str]:
    """Who would be in two meetings at once, or lead two without a rest, in the next two weeks."""
    plans = load_catalog().plans
    near = await store.clinic.list_sessions(since=Instant(now - 12 * HOUR_MS), until=Instant(now + 14 * 24 * HOUR_MS))
    length = {id: sum(part.planned_ms for part in plan.segments) for id, plan in plans.items()}
    ends = {each.session: each.starts_at + length[each.plan_id] for each in near}
    ahead = [each for each in near if ends[each.session] > now]
    names = {each.session: f"{each.title} {each.starts_at}" for each in ahead}
    found = clashes(booking(each, Instant(ends[each.session])) for each in ahead)
    return [f"{each.person}: {names[each.a]}, {names[each.b]}" for each in found]


@pytest.mark.parametrize("hour", range(0, 5 * 24, 3))
async def test_nobody_is_in_two_places_at_once_whenever_one_begins_to_look(hour: int) -> None:
    """Every three hours of a working week, begun anew; and again on the day after, when last evening stands unheld."""
    now = Instant(MONDAY_MIDNIGHT + hour * HOUR_MS)
    clock, store = FakeClock(now), memory.connect()
    for _ in range(2):
        await demo.prepare(store, clinic=CLINIC, now=clock.now())
        await schedule_of(store, catalog=load_catalog(), clock=clock).plan()
        assert await clashing(store, clock.now()) == []
        clock.advance(ms=24 * HOUR_MS)


async def test_what_steps_aside_is_called_off_and_nothing_else_is() -> None:
    store, clock = memory.connect(), FakeClock(Instant(MONDAY_MIDNIGHT + 17 * HOUR_MS))
    await demo.prepare(store, clinic=CLINIC, now=clock.now())
    await schedule_of(store, catalog=load_catalog(), clock=clock).plan()
    week = await store.clinic.list_sessions(until=Instant(clock.now() + 7 * 24 * HOUR_MS))
    held = {each.session for each in week}
    assert "w-evening-20261130" not in held
    assert {"w-evening-20261202", "w-teens-20261201", "w-robin-20261201"} <= held


async def test_a_meeting_that_somebody_has_opened_goes_on() -> None:
    store, clock = memory.connect(), FakeClock(Instant(MONDAY_MIDNIGHT - 4 * HOUR_MS))
    await demo.prepare(store, clinic=CLINIC, now=clock.now())
    await schedule_of(store, catalog=load_catalog(), clock=clock).plan()
    clock.advance(ms=20 * HOUR_MS)  # four o'clock on Monday: the teens meet since half past three
    met = Evening(session="w-teens-20261130", starts_at=clock.now(), people=2)
    met.at(0).come(FAY)
    epoch = await store.leases.acquire("w-teens-20261130", node="n")
    await store.log.append("w-teens-20261130", met.records, epoch=epoch)
    await demo.prepare(store, clinic=CLINIC, now=clock.now())
    session = await store.clinic.get_session("w-teens-20261130")
    assert session is not None and not session.cancelled
