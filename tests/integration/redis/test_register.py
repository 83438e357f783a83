"""The register of the clinic's records: what both stores promise (server/store/register.py)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store import register
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store
from server.store.register import Change, Shelf, Stale, put_all
from tests.support.proxy import proxied

AT = Instant(1_795_561_200_000)
LATER = Instant(AT + 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    room: str
    seats: int = 8


def rooms(store: Store, *, remembered: bool = True) -> Shelf[Room]:
    return Shelf(store.register, "room", Room, id_of=lambda room: room.room, remembered=remembered)


async def test_there_is_nothing_at_first(store: Store) -> None:
    shelf = rooms(store)
    assert (await shelf.get("r-1"), await shelf.all(), await shelf.history("r-1")) == (None, {}, [])


async def test_a_record_is_replaced_as_a_whole_and_its_past_is_kept(store: Store) -> None:
    shelf = rooms(store)
    first = await shelf.put(Room(room="r-1"), upon=0, by="p-fay", at=AT)
    second = await shelf.put(Room(room="r-1", seats=12), upon=first.revision, by="p-sue", at=LATER)
    assert (first.revision, second.revision, second.by, second.at) == (1, 2, "p-sue", LATER)
    assert await shelf.get("r-1") == second
    assert await shelf.history("r-1") == [first, second]


async def test_what_was_typed_upon_an_older_revision_overwrites_nothing(store: Store) -> None:
    shelf = rooms(store)
    await shelf.put(Room(room="r-1", seats=12), upon=0, by="p-fay", at=AT)
    for upon in (0, 2, 7):
        with pytest.raises(Stale):
            await shelf.put(Room(room="r-1", seats=3), upon=upon, by="p-sue", at=AT)
    found = await shelf.get("r-1")
    assert found is not None and found.value.seats == 12


async def test_the_same_again_is_kept_once(store: Store) -> None:
    shelf = rooms(store)
    for _ in range(3):
        await shelf.put(Room(room="r-1"), upon=0, by="p-fay", at=AT)
    assert [each.revision for each in await shelf.history("r-1")] == [1]


async def test_of_several_records_all_are_kept_or_none(store: Store) -> None:
    shelf = rooms(store)
    await shelf.put(Room(room="r-2"), upon=0, by="p-fay", at=AT)
    drafts = [shelf.draft(Room(room=f"r-{n}", seats=n), upon=0) for n in (1, 2, 3)]
    with pytest.raises(Stale, match="r-2"):
        await put_all(store.register, drafts, by="p-fay", at=AT)
    assert list(await shelf.all()) == ["r-2"]
    await put_all(store.register, [drafts[0], drafts[2]], by="p-fay", at=AT)
    assert list(await shelf.all()) == ["r-1", "r-2", "r-3"]


async def test_of_many_writers_upon_one_revision_one_wins(store: Store) -> None:
    shelf = rooms(store)

    async def write(seats: int) -> bool:
        try:
            await shelf.put(Room(room="r-1", seats=seats), upon=0, by="p-fay", at=AT)
        except Stale:
            return False
        return True

    assert sum(await asyncio.gather(*(write(seats) for seats in range(8)))) == 1
    assert len(await shelf.history("r-1")) == 1


async def test_what_is_not_remembered_leaves_no_past(store: Store) -> None:
    shelf = rooms(store, remembered=False)
    first = await shelf.put(Room(room="r-1"), upon=0, by="p-fay", at=AT)
    await shelf.put(Room(room="r-1", seats=2), upon=first.revision, by="p-fay", at=LATER)
    assert await shelf.history("r-1") == []


async def test_kinds_do_not_meet(store: Store) -> None:
    await rooms(store).put(Room(room="r-1"), upon=0, by="p-fay", at=AT)
    assert await Shelf(store.register, "table", Room, id_of=lambda room: room.room).all() == {}
    with pytest.raises(AssertionError):
        await store.register.put([Change(kind="Room:x", id="r", data=b"{}", upon=0)], by="", at=AT)


async def test_a_record_written_with_fewer_fields_takes_their_defaults(store: Store) -> None:
    await store.register.put([Change(kind="room", id="r-1", data=b'{"room":"r-1"}', upon=0)], by="", at=AT)
    found = await rooms(store).get("r-1")
    assert found is not None and found.value == Room(room="r-1", seats=8)


@pytest.mark.parametrize("data", [b"[]", b'{"room":7}', b'{"seats":"many"}'])
async def test_what_is_no_record_of_its_kind_is_said_to_be_damaged(store: Store, data: bytes) -> None:
    await store.register.put([Change(kind="room", id="r-1", data=data, upon=0)], by="", at=AT)
    with pytest.raises(CorruptLog):
        await rooms(store).get("r-1")


@pytest.mark.parametrize("line", [b"", b"1", b"x {}", b'1 {"by":1,"at":2,"data":3}', b"\xff \xff"])
async def test_rubbish_in_the_store_is_said_to_be_damaged(valkey_store: Store, line: bytes) -> None:
    client = valkey_store.client
    assert isinstance(client, Redis)
    await client.hset(Keys("demo").register("room"), "r-1", line)
    with pytest.raises(CorruptLog):
        await rooms(valkey_store).all()


async def test_an_answer_that_is_lost_on_the_way_leaves_one_revision(valkey_url: str) -> None:
    async with proxied(valkey_url) as proxy:
        store = await connect(proxy.url)
        shelf = rooms(store)
        await shelf.put(Room(room="r-1"), upon=0, by="p-fay", at=AT)
        proxy.losing = True
        with pytest.raises(StoreUnavailable):
            await shelf.put(Room(room="r-1", seats=9), upon=1, by="p-fay", at=LATER)
        proxy.losing = False
        await shelf.put(Room(room="r-1", seats=9), upon=1, by="p-fay", at=LATER)
        assert [each.revision for each in await shelf.history("r-1")] == [1, 2]
        await store.close()


async def test_as_many_records_as_one_step_may_hold(store: Store) -> None:
    shelf = rooms(store)
    drafts = [shelf.draft(Room(room=f"r-{n:04}"), upon=0) for n in range(register.CHANGES_MAX)]
    await put_all(store.register, drafts, by="", at=AT)
    assert len(await shelf.all()) == register.CHANGES_MAX
