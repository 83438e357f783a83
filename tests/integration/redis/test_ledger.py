"""The hours ledger: what both stores promise (server/store/ledger.py, memory.py)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from facilitation.ids import PersonId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store.checkpoint import ChainHead
from server.store.connect import connect
from server.store.hours import HoursFacts, LedgerConflict, entry_id, genesis
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.logs import hours_facts as facts
from tests.support.proxy import proxied

KEYS = Keys("demo")
NOW = Instant(1_790_050_000_000)
LATER = Instant(NOW + 60_000)


async def test_what_was_posted_is_in_the_account(store: Store) -> None:
    entry = await store.ledger.post(facts(), posted_at=NOW)
    assert (entry.number, entry.facts, entry.posted_at) == (1, facts(), NOW)
    assert entry.previous == genesis("p-robin")
    account = await store.ledger.account("p-robin")
    assert account.entries() == [entry]
    assert account.weeks == {"2026-09-21": 150}
    assert account.posted == {entry.facts.entry: (1, entry.facts.digest)}
    assert await store.ledger.people() == ["p-robin"]


async def test_nobody_has_hours_at_first(store: Store) -> None:
    account = await store.ledger.account("p-robin")
    assert (account.entries(), account.weeks, account.posted) == ([], {}, {})
    assert (await store.ledger.people(), await store.ledger.owed(), await store.ledger.cursor("s-1")) == ([], {}, 0)


async def test_the_same_fact_twice_is_one_entry_for_ever(store: Store) -> None:
    first = await store.ledger.post(facts(), posted_at=NOW)
    await store.ledger.post(facts("s-2"), posted_at=NOW)
    assert await store.ledger.post(facts(), posted_at=LATER) == first
    account = await store.ledger.account("p-robin")
    assert [entry.facts.session for entry in account.entries()] == ["s-1", "s-2"]
    assert account.weeks == {"2026-09-21": 300}


async def test_other_facts_under_the_same_id_are_refused_and_change_nothing(store: Store) -> None:
    first = await store.ledger.post(facts(), posted_at=NOW)
    with pytest.raises(LedgerConflict, match=r"p-robin for session s-1 are posted already"):
        await store.ledger.post(replace(facts(), countable_min=999), posted_at=NOW)
    account = await store.ledger.account("p-robin")
    assert account.entries() == [first]
    assert account.weeks == {"2026-09-21": 150}


async def test_each_entry_is_chained_to_the_one_before(store: Store) -> None:
    posted = [await store.ledger.post(facts(f"s-{number}"), posted_at=NOW) for number in range(1, 6)]
    assert [entry.number for entry in posted] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in posted[1:]] == [entry.hash for entry in posted[:-1]]
    other = await store.ledger.post(facts("s-1", "p-sam"), posted_at=NOW)
    assert other.previous == genesis("p-sam") != genesis("p-robin")
    assert await store.ledger.people() == ["p-robin", "p-sam"]


async def test_many_who_post_at_once_for_one_person_make_one_chain(store: Store) -> None:
    sessions = [f"s-{number:02}" for number in range(15)]
    await asyncio.gather(*(store.ledger.post(facts(session), posted_at=NOW) for session in sessions * 3))
    account = await store.ledger.account("p-robin")
    assert sorted(entry.facts.session for entry in account.entries()) == sessions
    assert account.weeks == {"2026-09-21": 150 * len(sessions)}


async def test_an_entry_counts_in_the_week_of_the_place_where_it_was_held(store: Store) -> None:
    sunday_evening = Instant(1_790_031_600_000 - 86_400_000 + 4 * 3_600_000)  # Monday 03:00 UTC, Sunday 23:00 there
    await store.ledger.post(replace(facts(), started=sunday_evening), posted_at=NOW)
    await store.ledger.post(replace(facts("s-2"), started=sunday_evening, zone="Europe/Berlin"), posted_at=NOW)
    assert (await store.ledger.account("p-robin")).weeks == {"2026-09-14": 150, "2026-09-21": 150}


async def test_the_ends_of_chains_are_told_and_who_has_none_is_left_out(store: Store) -> None:
    assert await store.ledger.heads(["p-robin"]) == {}
    await store.ledger.post(facts(), posted_at=NOW)
    last = await store.ledger.post(facts("s-2"), posted_at=NOW)
    sams = await store.ledger.post(facts("s-1", "p-sam"), posted_at=NOW)
    assert await store.ledger.heads(["p-eve", "p-robin", "p-sam"]) == {
        "p-robin": ChainHead(number=2, hash=last.hash),
        "p-sam": ChainHead(number=1, hash=sams.hash),
    }


def test_an_entrys_name_says_clinic_session_person_and_kind() -> None:
    def name(**changed: str) -> str:
        return entry_id(**({"clinic": "demo", "session": "s-1", "person": "p-robin"} | changed))

    names = {name(), name(clinic="other"), name(session="s-2"), name(person="p-sam"), name(kind="reversal")}
    assert len(names) == 5
    assert name() == name()


# --------------------------------------------------------------- on a real Valkey only


async def test_two_servers_that_post_at_once_make_one_chain(valkey_store: Store, valkey_url: str) -> None:
    other = await connect(valkey_url)
    sessions = [f"s-{number:02}" for number in range(12)]
    for session in sessions:
        await asyncio.gather(
            valkey_store.ledger.post(facts(session), posted_at=NOW),
            other.ledger.post(facts(session), posted_at=LATER),
            other.ledger.post(facts(f"{session}-b"), posted_at=LATER),
        )
    account = await other.ledger.account("p-robin")
    assert len(account.entries()) == 24
    assert account.weeks == {"2026-09-21": 150 * 24}
    await other.close()


async def test_a_post_whose_answer_was_lost_is_there_once(valkey_url: str, valkey: Redis) -> None:
    async with proxied(valkey_url) as proxy:
        store = await connect(proxy.url)
        await store.ledger.post(facts("s-0"), posted_at=NOW)
        proxy.losing = True
        with pytest.raises(StoreUnavailable):
            await store.ledger.post(facts(), posted_at=NOW)
        proxy.losing = False
        assert await valkey.xlen(KEYS.entries("p-robin")) == 2  # done, and nobody heard of it
        entry = await store.ledger.post(facts(), posted_at=LATER)
        assert (entry.number, entry.posted_at) == (2, NOW)
        assert (await store.ledger.account("p-robin")).weeks == {"2026-09-21": 300}
        await store.close()


async def tamper(valkey: Redis, number: int, fields: dict[bytes, bytes]) -> None:
    rows: Any = await valkey.xrange(KEYS.entries("p-robin"))
    await valkey.delete(KEYS.entries("p-robin"))
    for stream_id, there in rows:
        if stream_id == f"{number}-0".encode():
            there |= fields
        await valkey.xadd(KEYS.entries("p-robin"), there, id=stream_id)


async def test_a_changed_entry_is_named(valkey_store: Store, valkey: Redis) -> None:
    for number in range(1, 4):
        await valkey_store.ledger.post(facts(f"s-{number}"), posted_at=NOW)
    line: bytes = (await valkey_store.ledger.account("p-robin")).rows[1].line
    await tamper(valkey, 2, {b"entry": line.replace(b'"countable_min":150', b'"countable_min":999')})
    with pytest.raises(CorruptLog, match="hours of p-robin, entry 2: its text is not what was posted"):
        (await valkey_store.ledger.account("p-robin")).entries()


async def test_a_missing_entry_is_named_and_nothing_is_posted_over_it(valkey_store: Store, valkey: Redis) -> None:
    for number in range(1, 4):
        await valkey_store.ledger.post(facts(f"s-{number}"), posted_at=NOW)
    await valkey.xdel(KEYS.entries("p-robin"), "2-0")
    with pytest.raises(CorruptLog, match="entry 2: missing; 3-0 stands in its place"):
        (await valkey_store.ledger.account("p-robin")).entries()
    await valkey.xdel(KEYS.entries("p-robin"), "3-0")
    with pytest.raises(CorruptLog, match="entry 3: missing, though it was posted"):
        await valkey_store.ledger.post(facts("s-3"), posted_at=NOW)
    with pytest.raises(CorruptLog, match="was removed from the store"):
        await valkey_store.ledger.post(facts("s-4"), posted_at=NOW)


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        (KEYS.weeks("p-robin"), "2026-09-21", "many"),
        (KEYS.posted("p-robin"), "x", "rubbish"),
        (KEYS.posted("p-robin"), b"\xff", b"\xff \xff"),
    ],
)
async def test_rubbish_in_an_account_is_named(
    valkey_store: Store, valkey: Redis, key: str, field: Any, value: Any
) -> None:
    await valkey_store.ledger.post(facts(), posted_at=NOW)
    await valkey.hset(key, field, value)
    with pytest.raises(CorruptLog, match="hours of p-robin"):
        await valkey_store.ledger.account("p-robin")


@pytest.mark.parametrize("fields", [{"entry": "{}", "hash": "rubbish"}, {"rubbish": "\n"}])
async def test_an_end_that_is_none_is_named(valkey_store: Store, valkey: Redis, fields: dict[Any, Any]) -> None:
    await valkey.xadd(KEYS.entries("p-robin"), fields, id="1-0")
    with pytest.raises(CorruptLog, match="hours of p-robin, entry 1: there is no hash with it"):
        await valkey_store.ledger.heads(["p-robin"])
    await valkey.xadd(KEYS.entries("p-robin"), fields, id="2-7")
    with pytest.raises(CorruptLog, match="entry 2-7 was not written by Milieu"):
        await valkey_store.ledger.heads(["p-robin"])


async def test_an_entry_of_somebody_else_in_a_chain_is_named(valkey_store: Store, valkey: Redis) -> None:
    await valkey_store.ledger.post(facts("s-1", "p-sam"), posted_at=NOW)
    rows: Any = await valkey.xrange(KEYS.entries("p-sam"))
    await valkey.xadd(KEYS.entries("p-robin"), rows[0][1], id="1-0")
    with pytest.raises(CorruptLog, match="hours of p-robin, entry 1"):
        (await valkey_store.ledger.account("p-robin")).entries()


async def test_ids_with_any_letters_keep_to_themselves(store: Store) -> None:
    strange = "p:posted:{x} y\nü"
    made: HoursFacts = replace(facts(), person=PersonId(strange), session=SessionId("s:{1}"))
    await store.ledger.post(made, posted_at=NOW)
    assert [entry.facts for entry in (await store.ledger.account(strange)).entries()] == [made]
    assert await store.ledger.people() == [strange]


# --------------------------------------------------------------- entries that belong together


async def test_entries_that_belong_together_are_posted_together_and_once(store: Store) -> None:
    both = [facts("s-1"), facts("s-2")]
    made = await store.ledger.post_all(both, posted_at=NOW)
    assert [(entry.number, entry.facts) for entry in made] == [(1, both[0]), (2, both[1])]
    assert await store.ledger.post_all(both, posted_at=NOW) == made
    assert (await store.ledger.account("p-robin")).entries() == made
    assert sum((await store.ledger.account("p-robin")).weeks.values()) == 300


async def test_a_part_of_what_belongs_together_is_never_taken_for_the_whole(store: Store) -> None:
    await store.ledger.post(facts("s-2"), posted_at=NOW)
    with pytest.raises(LedgerConflict, match="a part of what belongs together"):
        await store.ledger.post_all([facts("s-1"), facts("s-2")], posted_at=NOW)
    assert len((await store.ledger.account("p-robin")).entries()) == 1


async def test_entries_of_two_people_are_never_posted_together(store: Store) -> None:
    with pytest.raises(ValueError, match="several people"):
        await store.ledger.post_all([facts("s-1"), replace(facts("s-2"), person=PersonId("p-sam"))], posted_at=NOW)


async def test_the_last_entries_are_read_without_the_rest_and_checked(store: Store) -> None:
    made = [await store.ledger.post(facts(f"s-{number}"), posted_at=NOW) for number in range(5)]
    assert await store.ledger.recent(["p-robin", "p-nobody"], 3) == {"p-robin": made[2:], "p-nobody": []}
    assert await store.ledger.recent(["p-robin"], 5) == {"p-robin": made}
    assert await store.ledger.recent(["p-robin"], 9) == {"p-robin": made}
    assert await store.ledger.recent([], 9) == {}


async def test_a_changed_one_among_the_last_entries_is_refused(valkey_store: Store) -> None:
    for number in range(3):
        await valkey_store.ledger.post(facts(f"s-{number}"), posted_at=NOW)
    client, key = valkey_store.client, valkey_store.keys.entries("p-robin")
    assert client is not None
    (row,) = await client.xrange(key, "3-0", "3-0")
    await client.xdel(key, "3-0")
    await client.delete(key)
    await client.xadd(key, row[1], id="3-0")
    with pytest.raises(CorruptLog):
        await valkey_store.ledger.recent(["p-robin"], 9)
