"""The demo clinic: made once, never twice, and a fresh session when the last one is over or stale."""

from __future__ import annotations

from facilitation import commands as c
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server import demo
from server.catalog import load_catalog
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
    assert len(people) == 3 + 8 + 6 + 4 + 2


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
