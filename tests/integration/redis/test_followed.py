"""A hash as this process last read it (server/store/followed.py): never older than the question that is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.derived import Derived
from server.rooms.ports import CorruptLog
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store
from server.store.register import CHANGES_MAX, Shelf, put_all
from tests.integration.redis.test_clinic import ROBIN, SESSION

AT = Instant(1_795_561_200_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    room: str
    seats: int = 8


def rooms(store: Store) -> Shelf[Room]:
    return Shelf(store.register, "room", Room, id_of=lambda room: room.room)


@pytest_asyncio.fixture
async def other(valkey_url: str) -> AsyncIterator[Store]:
    """Another process's way to the same store."""
    store = await connect(valkey_url)
    yield store
    await store.close()


async def seats(store: Store) -> dict[str, int]:
    return {id: held.value.seats for id, held in (await rooms(store).all()).items()}


async def test_what_another_process_puts_is_seen_by_the_next_look(valkey_store: Store, other: Store) -> None:
    assert await seats(valkey_store) == {}
    await rooms(other).put(Room(room="r-2"), upon=0, by="", at=AT)
    assert await seats(valkey_store) == {"r-2": 8}
    await rooms(other).put(Room(room="r-1"), upon=0, by="", at=AT)
    await rooms(other).put(Room(room="r-2", seats=3), upon=1, by="", at=AT)
    assert list((await seats(valkey_store)).items()) == [("r-1", 8), ("r-2", 3)]


async def test_it_is_the_same_object_until_something_changes(valkey_store: Store) -> None:
    shelf = rooms(valkey_store)
    await shelf.put(Room(room="r-1"), upon=0, by="", at=AT)
    first = await shelf.all()
    assert await shelf.all() is first
    assert await rooms(valkey_store).all() is first
    await shelf.put(Room(room="r-1", seats=2), upon=1, by="", at=AT)
    assert await shelf.all() is not first
    assert first["r-1"].value.seats == 8, "what was handed out before stays as it was"


async def test_of_what_has_not_changed_nothing_is_read_again(valkey_store: Store) -> None:
    shelf = rooms(valkey_store)
    await put_all(valkey_store.register, [shelf.draft(Room(room=f"r-{n}"), upon=0) for n in range(50)], by="", at=AT)
    before = await shelf.all()
    await shelf.put(Room(room="r-7", seats=1), upon=1, by="", at=AT)
    after = await shelf.all()
    assert [id for id in after if after[id] is not before[id]] == ["r-7"]


async def test_what_was_put_before_there_were_turns_is_there(valkey_store: Store, valkey: Redis) -> None:
    shelf = rooms(valkey_store)
    await shelf.put(Room(room="r-1"), upon=0, by="", at=AT)
    await valkey.delete(Keys("demo").register_turns("room"))
    assert await seats(valkey_store) == {"r-1": 8}
    await shelf.put(Room(room="r-2"), upon=0, by="", at=AT)
    assert await seats(valkey_store) == {"r-1": 8, "r-2": 8}


async def test_a_store_that_lost_its_last_writes_is_read_anew(valkey_store: Store, valkey: Redis) -> None:
    """As after another node took over from one whose last second was not copied yet."""
    shelf, keys = rooms(valkey_store), Keys("demo")
    await shelf.put(Room(room="r-1"), upon=0, by="", at=AT)
    await shelf.put(Room(room="r-2"), upon=0, by="", at=AT)
    assert list(await seats(valkey_store)) == ["r-1", "r-2"]
    await valkey.hdel(keys.register("room"), "r-2")
    await valkey.zrem(keys.register_turns("room"), "r-2")
    assert list(await seats(valkey_store)) == ["r-1"]
    await shelf.put(Room(room="r-3"), upon=0, by="", at=AT)  # it gets the turn that r-2 had
    assert list(await seats(valkey_store)) == ["r-1", "r-3"]


async def test_more_changes_than_are_told_one_by_one_are_all_seen(valkey_store: Store, other: Store) -> None:
    await rooms(valkey_store).put(Room(room="r-0"), upon=0, by="", at=AT)
    assert len(await seats(valkey_store)) == 1
    shelf = rooms(other)
    for first in range(0, 2_500, CHANGES_MAX):
        some = [shelf.draft(Room(room=f"x-{n:04}"), upon=0) for n in range(first, first + CHANGES_MAX)]
        await put_all(other.register, some, by="", at=AT)
    assert len(await seats(valkey_store)) == 2_501


async def test_rubbish_is_said_to_be_damaged_at_every_look_until_it_is_mended(valkey_store: Store) -> None:
    shelf = rooms(valkey_store)
    await shelf.put(Room(room="r-1"), upon=0, by="", at=AT)
    await shelf.all()
    whole = Shelf(valkey_store.register, "room", dict, id_of=lambda _: "r-2")
    await whole.put({"room": 7}, upon=0, by="", at=AT)
    for _ in range(2):
        with pytest.raises(CorruptLog):
            await shelf.all()
    await whole.put({"room": "r-2"}, upon=1, by="", at=AT)
    assert list(await seats(valkey_store)) == ["r-1", "r-2"]


async def test_many_looks_at_once_see_what_was_put_before_each(valkey_store: Store) -> None:
    shelf = rooms(valkey_store)

    async def put_and_look(number: int) -> bool:
        await shelf.put(Room(room=f"r-{number}"), upon=0, by="", at=AT)
        return f"r-{number}" in await shelf.all()

    assert all(await asyncio.gather(*(put_and_look(number) for number in range(40))))


# --------------------------------------------------------------- people and sessions


async def test_people_and_sessions_that_another_process_changes_are_seen(valkey_store: Store, other: Store) -> None:
    await valkey_store.clinic.put_person(ROBIN)
    await valkey_store.clinic.put_session(SESSION)
    assert [each.name for each in await valkey_store.clinic.list_people()] == ["Robin Example"]
    assert await valkey_store.clinic.list_sessions() == [SESSION]
    await other.clinic.put_people([replace(ROBIN, person=PersonId("p-ana"), name="Ana Example")])
    moved = replace(SESSION, starts_at=Instant(2_000), sequence=1)
    await other.clinic.put_session(moved)
    assert [each.name for each in await valkey_store.clinic.list_people()] == ["Ana Example", "Robin Example"]
    assert await valkey_store.clinic.list_sessions() == [moved]
    assert await valkey_store.clinic.list_sessions(until=Instant(2_000)) == []
    assert list(await valkey_store.clinic.get_people(["p-ana", "p-nobody"])) == ["p-ana"]


# --------------------------------------------------------------- what follows


def test_what_follows_is_made_anew_only_when_a_reading_is_another() -> None:
    made: list[int] = []
    sums = Derived(lambda a, b: made.append(1) or [*a, *b])
    one, other = [1], [2]
    assert sums.of(one, other) is sums.of(one, other)
    assert sums.of(one, [3]) == [1, 3]
    assert len(made) == 2
