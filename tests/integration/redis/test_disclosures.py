"""The log of disclosures: what both stores promise (server/store/disclosures.py, memory.py)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from redis.asyncio import Redis

from facilitation.disclosures import Disclosure, Purpose, disclose
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.commands.ledger import in_words
from server.projections.verify import verify
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.proxy import proxied

KEYS = Keys("demo")
AT = Instant(1_795_561_200_000)
EVERYBODY = ("p-robin", "p-sam")


def handed_out(form: str = "f-1", *about: str, at: int = AT) -> Disclosure:
    return disclose(
        clinic="demo",
        by=PersonId("p-fay"),
        at=Instant(at),
        what="hours",
        first=date(2026, 11, 1),
        last=None,
        about=[PersonId(person) for person in about or EVERYBODY],
        purpose=Purpose.OTHER,
        reason="For the “auditor”, ünïcode",
        form=form,
    )


async def everything(store: Store) -> list[Disclosure]:
    return [each async for each in store.disclosures.all()]


async def test_nothing_is_disclosed_at_first(store: Store) -> None:
    assert (await everything(store), await store.disclosures.about("p-robin")) == ([], [])


async def test_a_disclosure_stands_in_the_account_of_everybody_it_is_about(store: Store) -> None:
    first, second = handed_out("f-1"), handed_out("f-2", "p-sam")
    assert await store.disclosures.record(first) == first
    assert await store.disclosures.record(second) == second
    assert await store.disclosures.about("p-robin") == [first]
    assert await store.disclosures.about("p-sam") == [second, first]  # the newest first
    assert await store.disclosures.about("p-fay") == []
    assert await everything(store) == [first, second]


async def test_the_same_one_again_is_one_and_the_first_stands(store: Store) -> None:
    first = await store.disclosures.record(handed_out())
    await store.disclosures.record(handed_out("f-2"))
    assert await store.disclosures.record(handed_out(at=AT + 5_000)) == first
    assert len(await everything(store)) == 2
    assert len(await store.disclosures.about("p-robin")) == 2


async def test_many_at_once_are_each_logged_once(store: Store) -> None:
    forms = [f"f-{number:02}" for number in range(8)]
    await asyncio.gather(*(store.disclosures.record(handed_out(form)) for form in forms * 2))
    assert len(await everything(store)) == 8
    assert len(await store.disclosures.about("p-sam")) == 8


async def test_one_about_hundreds_of_people_is_in_every_account(store: Store) -> None:
    people = [f"p-{number}" for number in range(600)]
    made = await store.disclosures.record(handed_out("f-1", *people))
    assert len(made.about) == 600
    assert await store.disclosures.about("p-599") == [made]


async def test_a_whole_log_is_said_to_be_right(store: Store) -> None:
    await store.disclosures.record(handed_out())
    report = await verify(store)
    assert report.right and report.disclosures == 1
    assert in_words(report)[0].endswith("1 disclosure in a whole chain.")


# --------------------------------------------------------------- on a real Valkey only


async def test_one_whose_answer_was_lost_is_there_once(valkey_url: str) -> None:
    async with proxied(valkey_url) as proxy:
        store = await connect(proxy.url)
        await store.disclosures.record(handed_out("f-0"))
        proxy.losing = True
        with pytest.raises(StoreUnavailable):
            await store.disclosures.record(handed_out())
        proxy.losing = False
        assert (await store.disclosures.record(handed_out(at=AT + 9_000))).at == AT
        assert len(await everything(store)) == 2
        await store.close()


async def rewrite(valkey: Redis, change: Any) -> None:
    rows: Any = await valkey.xrange(KEYS.disclosures)
    await valkey.delete(KEYS.disclosures)
    for stream_id, fields in rows:
        kept = change(stream_id, fields)
        if kept is not None:
            await valkey.xadd(KEYS.disclosures, kept, id=stream_id)


async def test_one_that_was_changed_cut_out_or_cut_off_is_named(valkey_store: Store, valkey: Redis) -> None:
    for form in ("f-1", "f-2", "f-3"):
        await valkey_store.disclosures.record(handed_out(form))
    await rewrite(valkey, lambda _, fields: fields | {b"disclosure": fields[b"disclosure"].replace(b"fay", b"eve")})
    with pytest.raises(CorruptLog, match="disclosure 3: its text is not what was logged"):
        await valkey_store.disclosures.about("p-sam")
    report = await verify(valkey_store)
    assert [finding.kind for finding in report.findings] == ["disclosed"]
    assert report.findings[0].text.startswith("Disclosure 1: its text is not what was logged")
    await rewrite(valkey, lambda _, fields: fields | {b"disclosure": fields[b"disclosure"].replace(b"eve", b"fay")})
    assert (await verify(valkey_store)).right

    await rewrite(valkey, lambda stream_id, fields: None if stream_id == b"3-0" else fields)
    with pytest.raises(CorruptLog, match="disclosures 3 to 3: missing"):
        await everything(valkey_store)
    await rewrite(valkey, lambda stream_id, fields: None if stream_id == b"1-0" else fields)
    with pytest.raises(CorruptLog, match="disclosure 1: missing; 2 stands in its place"):
        await everything(valkey_store)
    with pytest.raises(CorruptLog, match="missing, though it was logged"):
        await valkey_store.disclosures.about("p-robin")


@pytest.mark.parametrize("fields", [{"disclosure": "rubbish", "hash": "rubbish"}, {"rubbish": "\xff"}])
async def test_rubbish_in_the_log_is_named(valkey_store: Store, valkey: Redis, fields: dict[Any, Any]) -> None:
    await valkey.xadd(KEYS.disclosures, fields, id="1-0")
    with pytest.raises(CorruptLog, match="disclosure 1"):
        await everything(valkey_store)
    await valkey.zadd(KEYS.disclosed_about("p-robin"), {"rubbish": 1})
    with pytest.raises(CorruptLog, match="index of disclosures"):
        await valkey_store.disclosures.about("p-robin")


async def test_ids_with_any_letters_keep_to_themselves(store: Store) -> None:
    strange = PersonId("p:about:{x} y\nü")
    made = replace(handed_out(), about=(strange,))
    await store.disclosures.record(made)
    assert await store.disclosures.about(strange) == [made]
