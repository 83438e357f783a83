"""The log of a session: what both stores promise (server/store/eventlog.py, memory.py)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from facilitation.events import NoteSigned, Recorded
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, LeaseLost, StoreUnavailable
from server.store import eventlog
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.logs import chat, chats, records, signed
from tests.support.proxy import proxied

KEYS = Keys("demo")
LOG = KEYS.log("s-1")


async def test_what_was_appended_is_read_as_it_was(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 3), epoch=epoch)
    await store.log.append("s-1", chats(4, 2), epoch=epoch)
    assert await store.log.read("s-1") == chats(1, 5)
    assert await store.log.read("s-1", after=3) == chats(4, 2)
    assert await store.log.read("s-1", after=5) == []
    assert await store.log.sessions() == ["s-1"]


async def test_a_session_without_a_log_is_empty(store: Store) -> None:
    assert await store.log.read("s-unknown") == []
    assert await store.log.sessions() == []


async def test_appending_nothing_is_nothing(store: Store) -> None:
    await store.log.append("s-1", [], epoch=1)
    assert await store.log.read("s-1") == []


async def test_every_author_letter_and_command_survives(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    text = 'Ünïcode 🌱 \u2028 \x00 "quoted" \\ {braces}'
    (record,) = records([chat(text)], by="p-robin")
    await store.log.append("s-1", [record], epoch=epoch)
    assert await store.log.read("s-1") == [record]


async def test_the_same_append_again_is_harmless(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    for _ in range(3):
        await store.log.append("s-1", chats(1, 3), epoch=epoch)
    await store.log.append("s-1", chats(4, 1), epoch=epoch)
    await store.log.append("s-1", chats(1, 3), epoch=epoch)
    await store.log.append("s-1", chats(3, 4), epoch=epoch)  # half of it is news
    assert await store.log.read("s-1") == chats(1, 6)


async def test_other_records_in_the_same_place_are_refused(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 3), epoch=epoch)
    with pytest.raises(CorruptLog, match="s-1: another record 2 is there already"):
        await store.log.append("s-1", records([chat("other"), chat("history")], first=2), epoch=epoch)
    with pytest.raises(CorruptLog, match="another record 3"):
        await store.log.append("s-1", [*records([chat("other")], first=3), *chats(4, 1)], epoch=epoch)
    assert await store.log.read("s-1") == chats(1, 3)


async def test_a_gap_is_refused(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    with pytest.raises(CorruptLog, match="has no record 1"):
        await store.log.append("s-1", chats(2, 1), epoch=epoch)
    await store.log.append("s-1", chats(1, 3), epoch=epoch)
    with pytest.raises(CorruptLog, match="has no record 4"):
        await store.log.append("s-1", chats(5, 1), epoch=epoch)
    assert await store.log.read("s-1") == chats(1, 3)


async def test_only_the_owner_of_the_room_can_append(store: Store) -> None:
    with pytest.raises(LeaseLost):
        await store.log.append("s-1", chats(1, 1), epoch=1)
    old = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 2), epoch=old)
    new = await store.leases.acquire("s-1", node="n-1")
    for late in (chats(3, 1), chats(2, 1)):  # even a repeat: the old owner must stop
        with pytest.raises(LeaseLost):
            await store.log.append("s-1", late, epoch=old)
    await store.log.append("s-1", chats(3, 1), epoch=new)
    assert await store.log.read("s-1") == chats(1, 3)


async def test_what_nobody_could_read_back_is_not_written(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 2), epoch=epoch)
    good = chats(3, 1)[0]
    note = signed()
    bad: list[list[Recorded]] = [
        [replace(good, at=Instant(good.at - 10_000))],  # time goes back
        [good, chats(5, 1)[0]],  # not consecutive
        [replace(good, at=Instant(-1))],
        [replace(good, event=chat("\ud800"))],  # half a letter
        [replace(good, event=replace(chat("x"), text=17))],
        [replace(good, event=replace(note, content={"pair": (1, 2)}))],  # would come back as a list
        [replace(good, event=replace(note, content={"figure": float("nan")}))],
        [replace(good, event=replace(note, content={"text": "x" * 1_000_000}))],
        [replace(good, event="rubbish")],
    ]
    for batch in bad:
        with pytest.raises(ValueError, match=r"record|consecutive"):
            await store.log.append("s-1", batch, epoch=epoch)
    with pytest.raises(ValueError, match="at once"):
        await store.log.append("s-1", chats(3, eventlog.BATCH_MAX + 1), epoch=epoch)
    assert await store.log.read("s-1") == chats(1, 2)


async def test_hashes_name_the_whole_history(store: Store) -> None:
    for session in ("s-1", "s-2"):
        epoch = await store.leases.acquire(session, node="n-1")
        await store.log.append(session, chats(1, 3), epoch=epoch)
    linked = [each async for each in store.log.linked("s-1")]
    assert [await store.log.hash_at("s-1", seq) for seq in (1, 2, 3)] == [each.hash for each in linked]
    assert len({each.hash for each in linked}) == 3
    assert await store.log.hash_at("s-2", 3) != linked[2].hash  # a log cannot be passed off as another's
    with pytest.raises(CorruptLog, match="has no record 4"):
        await store.log.hash_at("s-1", 4)


async def test_one_record_is_read_by_itself_and_checked_like_every_other(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 3), epoch=epoch)
    linked = [each async for each in store.log.linked("s-1")]
    assert [await store.log.at("s-1", seq) for seq in (3, 1, 2)] == [linked[2], linked[0], linked[1]]
    for missing in (("s-1", 4), ("s-2", 1)):
        with pytest.raises(CorruptLog, match=f"has no record {missing[1]}"):
            await store.log.at(*missing)


async def test_the_lengths_of_many_logs_are_asked_at_once(store: Store) -> None:
    for session, count in (("s-1", 3), ("s-2", 1)):
        epoch = await store.leases.acquire(session, node="n-1")
        await store.log.append(session, chats(1, count), epoch=epoch)
    assert await store.log.lengths(["s-2", "s-none", "s-1"]) == {"s-2": 1, "s-none": 0, "s-1": 3}
    assert await store.log.lengths([]) == {}


async def test_a_signed_note_is_owed_from_the_moment_it_is_logged_until_settled(store: Store) -> None:
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", chats(1, 2), epoch=epoch)
    assert await store.ledger.owed() == {}
    note = records([signed()], first=3)
    await store.log.append("s-1", note, epoch=epoch)
    assert await store.ledger.owed() == {"s-1": 3}
    await store.ledger.settle("s-1", 2)
    assert (await store.ledger.owed(), await store.ledger.cursor("s-1")) == ({"s-1": 3}, 2)
    await store.ledger.settle("s-1", 3)
    assert (await store.ledger.owed(), await store.ledger.cursor("s-1")) == ({}, 3)
    await store.log.append("s-1", note, epoch=epoch)  # a repeat is no news
    await store.ledger.settle("s-1", 1)  # and the cursor never goes back
    assert (await store.ledger.owed(), await store.ledger.cursor("s-1")) == ({}, 3)
    await store.log.append("s-1", records([chat("x"), signed("p-sam"), chat("y")], first=4), epoch=epoch)
    assert await store.ledger.owed() == {"s-1": 5}


async def test_many_writers_of_many_rooms_do_not_meet(store: Store) -> None:
    async def room(session: str) -> None:
        epoch = await store.leases.acquire(session, node="n-1")
        for first in range(1, 20, 2):
            await store.log.append(session, chats(first, 2), epoch=epoch)

    sessions = [f"s-{number:02}" for number in range(60)]  # more than there are connections
    await asyncio.gather(*(room(session) for session in sessions))
    assert await store.log.sessions() == sessions
    for session in sessions:
        assert await store.log.read(session) == chats(1, 20)


# --------------------------------------------------------------- on a real Valkey only


async def test_another_node_goes_on_where_one_stopped(valkey_store: Store, valkey_url: str) -> None:
    first = await valkey_store.leases.acquire("s-1", node="n-1")
    await valkey_store.log.append("s-1", chats(1, 3), epoch=first)
    await valkey_store.leases.release("s-1", node="n-1", epoch=first)
    other = await connect(valkey_url)
    second = await other.leases.acquire("s-1", node="n-2")
    await other.log.append("s-1", chats(4, 2), epoch=second)
    with pytest.raises(LeaseLost):
        await valkey_store.log.append("s-1", chats(4, 1), epoch=first)
    assert await other.log.read("s-1") == await valkey_store.log.read("s-1") == chats(1, 5)
    await other.close()


async def test_an_append_whose_answer_was_lost_is_there_once(valkey_url: str, valkey: Redis) -> None:
    async with proxied(valkey_url) as proxy:
        store = await connect(proxy.url)
        epoch = await store.leases.acquire("s-1", node="n-1")
        await store.log.append("s-1", chats(1, 2), epoch=epoch)
        proxy.losing = True
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await store.log.append("s-1", chats(3, 2), epoch=epoch)
        assert await valkey.xlen(LOG) == 4  # done, and nobody heard of it
        proxy.losing = False
        await store.log.append("s-1", chats(3, 2), epoch=epoch)
        await store.log.append("s-1", chats(5, 1), epoch=epoch)
        assert await store.log.read("s-1") == chats(1, 5)
        await store.close()


async def test_an_append_that_never_arrived_can_be_done_again(
    valkey_url: str, valkey: Redis, valkey_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = await valkey_store.leases.acquire("s-1", node="n-1")
    await valkey_store.log.append("s-1", chats(1, 2), epoch=epoch)
    monkeypatch.setattr("server.store.connect.ANSWER_WITHIN_S", 1.0)
    impatient = await connect(valkey_url)
    await valkey.client_pause(60_000, all=False)  # writes wait, and are dropped with the one who asked
    with pytest.raises(StoreUnavailable, match="in time"):
        await impatient.log.append("s-1", chats(3, 2), epoch=epoch)
    await impatient.close()
    await valkey.client_unpause()
    await valkey_store.log.append("s-1", chats(3, 2), epoch=epoch)
    assert await valkey_store.log.read("s-1") == chats(1, 4)


async def test_a_room_that_gave_up_on_an_append_goes_on_with_a_new_epoch(valkey_url: str) -> None:
    """It cannot know whether the append happened: it takes the lease anew, reads, and decides on what is there."""
    async with proxied(valkey_url) as proxy:
        store = await connect(proxy.url)
        old = await store.leases.acquire("s-1", node="n-1")
        proxy.losing = True
        with pytest.raises(StoreUnavailable):
            await store.log.append("s-1", chats(1, 1), epoch=old)
        proxy.losing = False
        new = await store.leases.acquire("s-1", node="n-1")
        with pytest.raises(LeaseLost):
            await store.log.append("s-1", chats(1, 1), epoch=old)
        assert await store.log.read("s-1") == chats(1, 1)
        await store.log.append("s-1", chats(2, 1), epoch=new)
        await store.close()


async def test_a_store_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await connect(f"unix://{tmp_path}/none.sock")


async def test_a_long_log_is_read_in_pages(
    valkey_store: Store, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog, "PAGE", 7)
    epoch = await valkey_store.leases.acquire("s-1", node="n-1")
    for first in range(1, 50, 7):
        await valkey_store.log.append("s-1", chats(first, 7), epoch=epoch)
        assert await valkey_store.log.read("s-1") == chats(1, first + 6)
    fresh = await connect(valkey_url)
    assert await fresh.log.read("s-1", after=13) == chats(14, 36)
    await fresh.close()


@pytest.fixture
async def written(valkey_store: Store) -> Store:
    """A log of five records, the last a signed note."""
    epoch = await valkey_store.leases.acquire("s-1", node="n-1")
    await valkey_store.log.append("s-1", [*chats(1, 4), *records([signed(last=4)], first=5)], epoch=epoch)
    return valkey_store


async def rewrite(valkey: Redis, seq: int, **changed: bytes) -> None:
    """Change fields of one entry behind the store's back, as a tamperer with full access would."""
    entries = await valkey.xrange(LOG)
    await valkey.delete(LOG)
    for stream_id, fields in entries:
        if stream_id == f"{seq}-0".encode():
            fields |= {name.encode(): value for name, value in changed.items()}
        await valkey.xadd(LOG, fields, id=stream_id)


async def test_a_changed_record_is_named(written: Store, valkey: Redis) -> None:
    line = (await valkey.xrange(LOG, "3-0", "3-0"))[0][1][b"record"]
    await rewrite(valkey, 3, record=line.replace(b"line 3", b"line 9"))
    for reading in (written.log.read("s-1"), written.log.at("s-1", 3)):
        with pytest.raises(CorruptLog, match=r"s-1, record 3: its text is not what was written"):
            await reading


async def test_a_changed_hash_is_named(written: Store, valkey: Redis) -> None:
    await rewrite(valkey, 3, hash=b"0" * 64)
    with pytest.raises(CorruptLog, match="record 3"):
        await written.log.read("s-1")


async def test_a_record_taken_out_is_named(written: Store, valkey: Redis) -> None:
    await valkey.xdel(LOG, "3-0")
    with pytest.raises(CorruptLog, match="record 4: records 3 to 3 are missing"):
        await written.log.read("s-1")


async def test_records_taken_off_the_end_are_named(written: Store, valkey: Redis) -> None:
    await valkey.xdel(LOG, "4-0", "5-0")
    with pytest.raises(CorruptLog, match="records 4 to 5 were removed from its end"):
        await written.log.read("s-1")


async def test_a_log_emptied_is_named(written: Store, valkey: Redis) -> None:
    await valkey.xtrim(LOG, maxlen=0)
    with pytest.raises(CorruptLog, match="records 1 to 5 were removed from its end"):
        await written.log.read("s-1")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"rubbish", "not a record"),
        (b"", "not a record"),
        (b"\xff\xfe", "not a record"),
        (b"null", "not a record"),
        (b"[" * 100_000, "not a record"),
        (b'{"seq":6,"at":1,"by":null,"command":null,"type":"Explosion","data":{}}', "no event of type 'Explosion'"),
        (b'{"seq":6,"at":1,"by":null,"command":null,"type":"ChatSent","data":{"person":"p"}}', "not a record"),
        (
            b'{"seq":6,"at":1790000006000,"by":null,"command":null,"type":"HandRaised","data":{"person":"p","x":1}}',
            "no field data.x",
        ),
        (b'{"seq":7,"at":1790000006000,"by":null,"command":null,"type":"HandRaised","data":{"person":"p"}}', "itself"),
        (b'{"seq":6,"at":1,"by":null,"command":null,"type":"HandRaised","data":{"person":"p"}}', "older"),
    ],
)
async def test_rubbish_in_a_log_is_named_even_when_its_hash_is_right(
    written: Store, valkey: Redis, line: bytes, word: str
) -> None:
    line_hash = eventlog.chain.link(await written.log.hash_at("s-1", 5), line)
    await valkey.xadd(LOG, {"record": line, "hash": line_hash}, id="6-0")
    with pytest.raises(CorruptLog, match=word) as caught:
        await written.log.read("s-1")
    assert "s-1, record 6" in str(caught.value)


async def test_an_entry_of_another_kind_is_named(written: Store, valkey: Redis) -> None:
    await valkey.xadd(LOG, {"what": "is this"}, id="6-0")
    with pytest.raises(CorruptLog, match="record 6: the entry was not written by Milieu"):
        await written.log.read("s-1")


async def test_a_stream_id_of_another_kind_is_named(written: Store, valkey: Redis) -> None:
    await valkey.xadd(LOG, {"record": "x", "hash": "y"}, id="5-1")
    with pytest.raises(CorruptLog, match="5-1 was not written by Milieu"):
        await written.log.read("s-1")
    with pytest.raises(CorruptLog, match="ends at 5-1"):
        await written.log.append("s-1", chats(6, 1), epoch=1)


async def test_a_log_that_is_no_stream_is_named(valkey_store: Store, valkey: Redis) -> None:
    await valkey.set(LOG, "rubbish")
    epoch = await valkey_store.leases.acquire("s-1", node="n-1")
    with pytest.raises(CorruptLog, match="not a stream"):
        await valkey_store.log.read("s-1")
    with pytest.raises(CorruptLog, match="something else"):
        await valkey_store.log.append("s-1", chats(1, 1), epoch=epoch)


async def test_a_signer_cannot_be_slipped_in_under_the_writer(written: Store, valkey: Redis) -> None:
    """Somebody else's entry after ours: our next append finds another history and stops."""
    note = NoteSigned(person=PersonId("p-eve"), content={}, content_hash="", evidence=(1, 5))
    (forged,) = records([note], first=6)
    made = eventlog.batch([forged], eventlog.Head(5, 0, await written.log.hash_at("s-1", 5)))
    await valkey.xadd(LOG, {"record": made.lines[0][0], "hash": made.lines[0][1]}, id="6-0")
    with pytest.raises(CorruptLog, match="another record 6"):
        await written.log.append("s-1", chats(6, 1), epoch=1)
