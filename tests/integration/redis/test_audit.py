"""The audit log: what both stores promise (server/store/audit.py)."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from facilitation.audit import Trace
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store import audit
from server.store.keys import Keys
from server.store.ports import Store

AT = Instant(1_795_561_200_000)


def trace(number: int, *, by: str = "p-fay", about: tuple[str, ...] = ("p-robin",), action: str = "statement") -> Trace:
    return Trace(
        trace=f"t-{number}",
        at=Instant(AT + number * 1_000),
        by=PersonId(by),
        role=Role.FACILITATOR,
        action=action,
        about=tuple(PersonId(each) for each in about),
    )


async def names(store: Store, **wanted: object) -> list[str]:
    return [each.trace for each in (await store.audit.search(**wanted)).traces]


async def test_a_trace_is_kept_once_and_for_ever(store: Store) -> None:
    first = await store.audit.record(trace(1))
    assert await store.audit.record(trace(1, by="p-cody")) == first
    assert [each async for each in store.audit.all()] == [first]


async def test_traces_are_found_by_whose_record_by_whom_what_and_when(store: Store) -> None:
    for each in (
        trace(1),
        trace(2, by="p-cody"),
        trace(3, about=("p-sam", "p-robin"), action="export"),
        trace(4, about=()),
        trace(5, about=("p-sam",)),
    ):
        await store.audit.record(each)
    assert await names(store) == ["t-5", "t-4", "t-3", "t-2", "t-1"]
    assert await names(store, about="p-robin") == ["t-3", "t-2", "t-1"]
    assert await names(store, by="p-cody") == ["t-2"]
    assert await names(store, about="p-robin", by="p-fay") == ["t-3", "t-1"]
    assert await names(store, actions={"export"}) == ["t-3"]
    assert await names(store, since=Instant(AT + 2_000), until=Instant(AT + 4_000)) == ["t-3", "t-2"]
    assert await names(store, about="p-nobody") == []


async def test_a_search_goes_on_where_its_page_ended(store: Store) -> None:
    for number in range(1, 8):
        await store.audit.record(trace(number))
    seen, before = [], None
    while True:
        page = await store.audit.search(count=3, before=before)
        seen += [each.trace for each in page.traces]
        if (before := page.older) is None:
            break
    assert seen == [f"t-{number}" for number in range(7, 0, -1)]


async def test_a_search_for_what_is_rare_reads_a_bounded_part_and_says_where_to_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "PAGE", 2)
    monkeypatch.setattr(audit, "SCANNED_MAX", 4)
    await store.audit.record(trace(1, action="export"))
    for number in range(2, 8):
        await store.audit.record(trace(number))
    page = await store.audit.search(actions={"export"})
    assert (page.traces, page.older) == ((), 4)
    assert await names(store, actions={"export"}, before=page.older) == ["t-1"]


async def test_a_trace_that_was_changed_is_noticed(valkey_store: Store) -> None:
    client, keys = valkey_store.client, Keys("demo")
    assert isinstance(client, Redis)
    for number in (1, 2):
        await valkey_store.audit.record(trace(number))
    [(_, fields), _] = await client.xrange(keys.audit)
    await client.delete(keys.audit)
    await client.xadd(keys.audit, fields | {b"trace": fields[b"trace"].replace(b"p-fay", b"p-eve")}, id="1-0")
    with pytest.raises(CorruptLog, match="trace 1"):
        [each async for each in valkey_store.audit.all()]
    with pytest.raises(CorruptLog):
        await valkey_store.audit.search()
