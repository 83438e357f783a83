"""People and scheduled sessions: what both stores promise (server/store/clinic.py, memory.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store.clinic import Person, ScheduledSession
from server.store.keys import Keys
from server.store.ports import Store

ROBIN = Person(
    person=PersonId("p-robin"),
    name="Robin Example",
    role=Role.PARTICIPANT,
    track="adult",
    zone="America/New_York",
)
SESSION = ScheduledSession(
    session=SessionId("s-1"),
    clinic=ClinicId("demo"),
    title="Evening group",
    zone="America/New_York",
    starts_at=Instant(1_000),
    plan_id="adult",
    rules_id="exact",
    roster=(Expected(person=PersonId("p-robin"), role=Role.PARTICIPANT, name="Robin"),),
)


async def test_what_is_cancelled_is_listed_only_for_who_asks_for_it(store: Store) -> None:
    off = replace(SESSION, session=SessionId("s-2"), cancelled="Snow", sequence=1)
    await store.clinic.put_session(SESSION)
    await store.clinic.put_session(off)
    assert await store.clinic.list_sessions() == [SESSION]
    assert await store.clinic.list_sessions(cancelled=True) == [SESSION, off]
    assert await store.clinic.get_session("s-2") == off


async def test_a_person_comes_back_as_put(store: Store) -> None:
    assert await store.clinic.get_person("p-robin") is None
    await store.clinic.put_person(ROBIN)
    assert await store.clinic.get_person("p-robin") == ROBIN
    await store.clinic.put_person(replace(ROBIN, name="Robin Q. Example"))
    assert [person.name for person in await store.clinic.list_people()] == ["Robin Q. Example"]


async def test_people_are_listed_by_name(store: Store) -> None:
    for name in ("sam Example", "Ana Example", "Zoe Example"):
        await store.clinic.put_person(replace(ROBIN, person=PersonId(name), name=name))
    assert [person.name for person in await store.clinic.list_people()] == ["Ana Example", "sam Example", "Zoe Example"]


async def test_a_session_comes_back_as_put(store: Store) -> None:
    assert await store.clinic.get_session("s-1") is None
    await store.clinic.put_session(SESSION)
    await store.clinic.put_session(SESSION)
    assert await store.clinic.get_session("s-1") == SESSION
    assert await store.clinic.list_sessions() == [SESSION]


async def test_sessions_are_listed_by_start_and_within_a_time(store: Store) -> None:
    assert await store.clinic.list_sessions() == []
    for number, starts_at in enumerate((3_000, 1_000, 2_000)):
        session = replace(SESSION, session=SessionId(f"s-{number}"), starts_at=Instant(starts_at))
        await store.clinic.put_session(session)

    async def starts(since: int | None, until: int | None) -> list[int]:
        return [
            each.starts_at
            for each in await store.clinic.list_sessions(
                since=None if since is None else Instant(since), until=None if until is None else Instant(until)
            )
        ]

    assert await starts(None, None) == [1_000, 2_000, 3_000]
    assert await starts(2_000, None) == [2_000, 3_000]
    assert await starts(None, 2_000) == [1_000]
    assert await starts(1_000, 3_000) == [1_000, 2_000]


async def test_a_session_that_is_moved_is_listed_once_at_its_new_time(store: Store) -> None:
    await store.clinic.put_session(SESSION)
    moved = replace(SESSION, starts_at=Instant(9_000))
    await store.clinic.put_session(moved)
    assert await store.clinic.list_sessions() == [moved]
    assert await store.clinic.list_sessions(until=Instant(5_000)) == []


async def test_a_clinic_record_that_cannot_be_read_is_named(valkey_store: Store, valkey: Redis) -> None:
    await valkey.hset(Keys("demo").people, "p-robin", b"rubbish")
    with pytest.raises(CorruptLog, match="a stored Person cannot be read"):
        await valkey_store.clinic.get_person("p-robin")
