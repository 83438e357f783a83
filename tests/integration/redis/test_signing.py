"""Signing PINs and proofs: what both stores promise (server/store/signing.py, memory.py)."""

from __future__ import annotations

import time

from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.store.ports import Store

FAY, CODY = PersonId("p-fay"), PersonId("p-cody")


def in_a_while() -> Instant:
    return Instant(round(time.time() * 1_000) + 60_000)


async def test_the_first_pin_stands_until_it_is_replaced_or_forgotten(store: Store) -> None:
    assert await store.signing.pin(FAY) is None
    assert await store.signing.choose(FAY, "hash 1")
    assert await store.signing.choose(FAY, "hash 1"), "the same once more is harmless"
    assert not await store.signing.choose(FAY, "hash 2")
    assert await store.signing.pin(FAY) == "hash 1"
    await store.signing.replace(FAY, "hash 3")
    assert (await store.signing.pin(FAY), await store.signing.pin(CODY)) == ("hash 3", None)
    assert await store.signing.forget(FAY)
    assert not await store.signing.forget(FAY)
    assert await store.signing.pin(FAY) is None


async def test_wrong_pins_are_counted_by_person_until_they_are_forgiven(store: Store) -> None:
    assert await store.signing.misses(FAY) == 0
    assert [await store.signing.missed(FAY) for _ in range(3)] == [1, 2, 3]
    assert (await store.signing.misses(FAY), await store.signing.misses(CODY)) == (3, 0)
    await store.signing.forgive(FAY)
    assert await store.signing.misses(FAY) == 0


async def test_a_proof_is_of_one_person_in_one_browser(store: Store) -> None:
    until = in_a_while()
    await store.signing.prove("browser-1", FAY, until=until)
    assert await store.signing.proven("browser-1", FAY) == until
    assert await store.signing.proven("browser-2", FAY) is None
    assert await store.signing.proven("browser-1", CODY) is None


async def test_a_browsers_name_and_a_persons_id_are_never_run_together(store: Store) -> None:
    await store.signing.prove("a b", PersonId("c"), until=in_a_while())
    assert await store.signing.proven("a", PersonId("b c")) is None


async def test_a_proof_of_a_real_store_ends_by_itself(valkey_store: Store) -> None:
    await valkey_store.signing.prove("browser-1", FAY, until=Instant(1_000))
    assert await valkey_store.signing.proven("browser-1", FAY) is None
