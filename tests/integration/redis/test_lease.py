"""Who runs a room: what both stores promise (server/store/lease.py, memory.py)."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, Held, LeaseHeld, Proofs
from server.store import memory
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store


async def test_the_epoch_grows_with_every_hand_over(store: Store) -> None:
    assert await store.leases.acquire("s-1", node="n-1") == 1
    await store.leases.release("s-1", node="n-1", epoch=1)
    assert await store.leases.acquire("s-1", node="n-2") == 2
    assert await store.leases.acquire("s-2", node="n-1") == 1


async def test_another_node_is_refused_and_told_who_holds_the_room(store: Store) -> None:
    await store.leases.acquire("s-1", node="n-1")
    with pytest.raises(LeaseHeld) as refused:
        await store.leases.acquire("s-1", node="n-2")
    assert refused.value.node == "n-1"
    assert 0 < refused.value.ms_left <= 60_000


async def test_a_restarted_node_has_its_room_back_at_once(store: Store) -> None:
    first = await store.leases.acquire("s-1", node="n-1")
    again = await store.leases.acquire("s-1", node="n-1")  # the same name, after a kill
    assert again == first + 1
    assert await store.leases.renew({"s-1": Held(epoch=first)}, node="n-1") == {"s-1": again}
    assert await store.leases.renew({"s-1": Held(epoch=again)}, node="n-1") == {}


async def test_an_old_owner_cannot_give_away_what_is_not_its_own(store: Store) -> None:
    old = await store.leases.acquire("s-1", node="n-1")
    await store.leases.acquire("s-1", node="n-1")
    await store.leases.release("s-1", node="n-1", epoch=old)
    with pytest.raises(LeaseHeld):
        await store.leases.acquire("s-1", node="n-2")


async def test_what_was_never_held_cannot_be_renewed(store: Store) -> None:
    assert await store.leases.renew({"s-1": Held(epoch=1)}, node="n-1") == {"s-1": 0}
    await store.leases.release("s-1", node="n-1", epoch=1)


async def test_many_rooms_are_renewed_at_once_and_only_the_lost_one_is_told(store: Store) -> None:
    rooms = {f"s-{n}": Held(epoch=await store.leases.acquire(f"s-{n}", node="n-1")) for n in range(20)}
    taken = await store.leases.acquire("s-7", node="n-1")  # another process of the same name
    assert await store.leases.renew(rooms, node="n-1") == {"s-7": taken}
    assert await store.leases.renew({}, node="n-1") == {}


# --------------------------------------------------------------- proofs of life


def seen(at: int, **heard: int) -> Proofs:
    return Proofs(at=Instant(at), heard={source: Instant(instant) for source, instant in heard.items()})


async def test_of_each_session_the_latest_proofs_of_life_are_kept(store: Store) -> None:
    epochs = {name: await store.leases.acquire(name, node="n-1") for name in ("s-1", "s-2")}
    assert await store.leases.proofs("s-1") is None
    for at in (1_000, 3_000):
        rooms = {
            "s-1": Held(epoch=epochs["s-1"], proofs=seen(at, c1=at - 10, m1=at)),
            "s-2": Held(epoch=epochs["s-2"], proofs=seen(at)),
        }
        assert await store.leases.renew(rooms, node="n-1") == {}
    assert await store.leases.proofs("s-1") == seen(3_000, c1=2_990, m1=3_000)
    assert await store.leases.proofs("s-2") == seen(3_000)


async def test_how_long_each_spoke_is_kept_beside_the_log_and_gone_with_the_proofs(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    spoke = Proofs(at=Instant(1_000), heard={}, spoke_ms={"p-robin": 63_000})
    await store.leases.renew({"s-1": Held(epoch=epoch, proofs=spoke)}, node="n-1")
    assert await store.leases.proofs("s-1") == spoke
    await store.leases.renew({"s-1": Held(epoch=epoch)}, node="n-1")
    assert await store.leases.proofs("s-1") is None


async def test_what_was_kept_outlives_its_lease_and_is_there_for_the_next_owner(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.leases.renew({"s-1": Held(epoch=epoch, proofs=seen(1_000, c1=900))}, node="n-1")
    await store.leases.release("s-1", node="n-1", epoch=epoch)
    await store.leases.acquire("s-1", node="n-2")
    assert await store.leases.proofs("s-1") == seen(1_000, c1=900)


async def test_who_has_lost_a_room_keeps_nothing_beside_its_log_and_the_others_are_kept_all_the_same(
    store: Store,
) -> None:
    old = await store.leases.acquire("s-1", node="n-1")
    other = await store.leases.acquire("s-2", node="n-1")
    new = await store.leases.acquire("s-1", node="n-1")
    await store.leases.renew({"s-1": Held(epoch=new, proofs=seen(1_000, c1=900))}, node="n-1")
    late = {"s-1": Held(epoch=old, proofs=seen(9_000)), "s-2": Held(epoch=other, proofs=seen(9_000))}
    assert await store.leases.renew(late, node="n-1") == {"s-1": new}
    assert await store.leases.renew({"s-1": Held(epoch=old)}, node="n-1") == {"s-1": new}
    assert await store.leases.proofs("s-1") == seen(1_000, c1=900)
    assert await store.leases.proofs("s-2") == seen(9_000)


async def test_what_was_given_up_on_and_comes_late_does_not_undo_what_is_newer(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    newer = {"s-1": Held(epoch=epoch, proofs=seen(3_000, c1=2_900))}
    await store.leases.renew(newer, node="n-1")
    assert await store.leases.renew({"s-1": Held(epoch=epoch, proofs=seen(1_000, c1=900))}, node="n-1") == {}
    await store.leases.renew(newer, node="n-1")  # and twice is once
    assert await store.leases.proofs("s-1") == seen(3_000, c1=2_900)


async def test_a_session_that_needs_no_proofs_any_more_keeps_none(store: Store, valkey: Redis) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.leases.renew({"s-1": Held(epoch=epoch, proofs=seen(1_000))}, node="n-1")
    await store.leases.renew({"s-1": Held(epoch=epoch)}, node="n-1")
    assert await store.leases.proofs("s-1") is None
    assert not await valkey.exists(Keys("demo").proofs("s-1"))


async def test_what_does_not_look_like_proofs_of_life_is_named_and_not_taken_for_any(
    valkey_store: Store, valkey: Redis
) -> None:
    await valkey.hset(Keys("demo").proofs("s-1"), mapping={"at": "soon", "heard": "{}"})
    with pytest.raises(CorruptLog, match="session s-1"):
        await valkey_store.leases.proofs("s-1")


# --------------------------------------------------------------- one of many


async def test_only_one_of_many_gets_a_free_room(store: Store) -> None:
    tries = [store.leases.acquire("s-1", node=f"n-{number}") for number in range(30)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(answer for answer in answers if isinstance(answer, int)) == [1]
    assert sum(isinstance(answer, LeaseHeld) for answer in answers) == 29


async def test_a_silent_node_loses_its_room_in_time_and_a_late_one_may_keep_it_until_then() -> None:
    now = 0.0
    leases = memory.MemoryLeases(lease_ms=10_000, seconds=lambda: now)
    epoch = await leases.acquire("s-1", node="n-1")
    now = 9.9
    with pytest.raises(LeaseHeld):
        await leases.acquire("s-1", node="n-2")
    now = 11.0
    assert not await leases.renew({"s-1": Held(epoch=epoch)}, node="n-1")  # late, but nobody came
    with pytest.raises(LeaseHeld):
        await leases.acquire("s-1", node="n-2")
    now = 22.0
    assert await leases.acquire("s-1", node="n-2") == epoch + 1
    assert await leases.renew({"s-1": Held(epoch=epoch)}, node="n-1") == {"s-1": epoch + 1}


async def run_out(valkey: Redis) -> None:
    async with asyncio.timeout(60):
        while await valkey.exists(Keys("demo").lease("s-1")):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)


async def test_a_lease_runs_out_on_a_real_valkey(valkey_url: str, valkey: Redis) -> None:
    store = await connect(valkey_url, lease_ms=100)
    epoch = await store.leases.acquire("s-1", node="n-1")
    await run_out(valkey)
    assert not await store.leases.renew({"s-1": Held(epoch=epoch)}, node="n-1")  # late, but nobody came
    await run_out(valkey)
    assert await store.leases.acquire("s-1", node="n-2") == epoch + 1
    assert await store.leases.renew({"s-1": Held(epoch=epoch)}, node="n-1") == {"s-1": epoch + 1}
    await store.close()
