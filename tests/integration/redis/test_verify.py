"""Proving the ledger: whatever was changed is named (server/projections/verify.py)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from facilitation.events import NoteSigned
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.commands import _log_pool
from server.commands.ledger import in_words
from server.projections.verify import Report, verify
from server.projections.worker import HoursProjection
from server.store import chain, codec, hours, memory
from server.store.checkpoint import Checkpoint
from server.store.connect import connect
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.logs import hours_facts
from tests.support.sessions import STARTED, amended_session, signed_session

KEYS = Keys("demo")
DAY_MS = 86_400_000


async def evenings(store: Store, count: int = 3) -> None:
    """Evenings of four people, all notes signed, all hours posted."""
    for number in range(1, count + 1):
        session = f"s-{number}"
        scribe = signed_session(session, started=STARTED + number * DAY_MS)
        epoch = await store.leases.acquire(session, node="n-1")
        await store.log.append(session, scribe.records, epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED + 9 * DAY_MS)).catch_up()


@pytest_asyncio.fixture
async def kept(valkey_store: Store) -> AsyncIterator[Store]:
    await evenings(valkey_store)
    assert (await verify(valkey_store)).right
    yield valkey_store


def said(report: Report) -> set[tuple[str, str | None, str | None]]:
    return {(finding.kind, finding.person, finding.session) for finding in report.findings}


def texts(report: Report) -> str:
    return "\n".join(finding.text for finding in report.findings)


async def test_a_right_ledger_is_said_to_be_right(store: Store) -> None:
    await evenings(store)
    watched: list[tuple[str, int, int]] = []
    report = await verify(store, lambda *step: watched.append(step))
    assert report.right
    assert (report.sessions, report.notes, report.people, report.entries) == (3, 12, 4, 12)
    assert report.minutes == 3 * (20 + 19 + 11 + 0)
    assert watched[-1] == ("sessions", 3, 3)
    assert ("people", 4, 4) in watched
    first, second = in_words(report)
    assert first.startswith("Checked 3 logs with 108 records and 12 signed notes, and 12 hours entries of 4 people")
    assert "Every entry follows from its log" in second


async def test_an_empty_store_is_right(store: Store) -> None:
    report = await verify(store)
    assert report.right
    assert in_words(report)[1] == "There are no hours yet, and none are owed."


async def test_a_note_signed_and_not_yet_posted_is_said_to_wait(store: Store) -> None:
    await evenings(store, 1)
    epoch = await store.leases.acquire("s-9", node="n-1")
    await store.log.append("s-9", signed_session("s-9", started=STARTED + 20 * DAY_MS).records, epoch=epoch)
    report = await verify(store)
    assert said(report) == {("waiting", person, "s-9") for person in ("p-robin", "p-sam", "p-noor", "p-kim")}
    assert "4 entries not posted yet:" in in_words(report)


async def test_posting_while_it_is_verified_is_no_finding(store: Store) -> None:
    """Everything is signed and posted between the reading of the ledger and of the logs."""
    await evenings(store, 1)

    class Meanwhile:
        def __init__(self) -> None:
            self.done = False

        async def sessions(self) -> list[str]:
            if not self.done:
                self.done = True
                await evenings(store, 2)
            return await store.log.sessions()

        def __getattr__(self, name: str) -> Any:
            return getattr(store.log, name)

    log: Any = Meanwhile()
    report = await verify(replace(store, log=log))
    assert texts(report) == ""
    assert report.entries == 8


# --------------------------------------------------------------- entries


async def rows(valkey: Redis, key: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found: list[tuple[bytes, dict[bytes, bytes]]] = await valkey.xrange(key)
    return found


async def write(valkey: Redis, key: str, stream: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
    await valkey.delete(key)
    for stream_id, fields in stream:
        await valkey.xadd(key, fields, id=stream_id)


async def change_entry(valkey: Redis, number: int, change: Callable[[bytes], bytes]) -> None:
    stream = await rows(valkey, KEYS.entries("p-robin"))
    stream[number - 1][1][b"entry"] = change(stream[number - 1][1][b"entry"])
    await write(valkey, KEYS.entries("p-robin"), stream)


async def forge_chain(valkey: Redis, person: str, facts: list[hours.HoursFacts]) -> None:
    """A chain made anew by somebody who knows how: hashes, index and totals all agree with each other."""
    await valkey.delete(KEYS.entries(person), KEYS.posted(person), KEYS.weeks(person))
    previous = hours.genesis(person)
    for number, each in enumerate(facts, 1):
        line = hours.text(number=number, posted_at=STARTED, facts=each)
        previous = chain.link(previous, line)
        await valkey.xadd(KEYS.entries(person), {"entry": line, "hash": previous}, id=f"{number}-0")
        await valkey.hset(KEYS.posted(person), each.entry, f"{number} {each.digest}")
        await valkey.hincrby(KEYS.weeks(person), each.week.isoformat(), each.countable_min)
    await valkey.sadd(KEYS.earners, person)


def minutes(line: bytes, before: int, after: int) -> bytes:
    changed = line.replace(b'"countable_min":%d' % before, b'"countable_min":%d' % after)
    assert changed != line
    return changed


async def test_a_changed_entry_is_named_with_what_differs(kept: Store, valkey: Redis) -> None:
    await change_entry(valkey, 2, lambda line: minutes(line, 20, 200))
    report = await verify(kept)
    assert said(report) == {
        ("chain", "p-robin", "s-2"),
        ("differs", "p-robin", "s-2"),
        ("index", "p-robin", "s-2"),
        ("total", "p-robin", None),
    }
    assert "Hours of p-robin, entry 2: its text is not what was posted" in texts(report)
    assert "entry 2, for session s-2: countable_min is 200, and the log gives 20." in texts(report)
    assert "Example" not in texts(report)  # ids, no names


async def test_a_forged_chain_that_agrees_with_itself_is_named_with_what_differs(kept: Store, valkey: Redis) -> None:
    facts = [entry.facts for entry in (await kept.ledger.account("p-robin")).entries()]
    facts[1] = msgspec.structs.replace(facts[1], countable_min=200, present_ms=12_000_000)
    await forge_chain(valkey, "p-robin", facts)
    assert (await kept.ledger.account("p-robin")).entries()
    report = await verify(kept)
    assert said(report) == {("differs", "p-robin", "s-2")}
    assert "present_ms is 12000000, and the log gives 1489000" in texts(report)


async def test_a_missing_entry_is_named(kept: Store, valkey: Redis) -> None:
    facts = [entry.facts for entry in (await kept.ledger.account("p-sam")).entries()]
    await forge_chain(valkey, "p-sam", [facts[0], facts[2]])
    report = await verify(kept)
    assert said(report) == {("missing", "p-sam", "s-2")}
    assert texts(report) == "Hours of p-sam for session s-2: signed, and not in the ledger."


async def test_an_entry_cut_out_of_the_middle_or_off_the_end_is_named(kept: Store, valkey: Redis) -> None:
    await valkey.xdel(KEYS.entries("p-sam"), "1-0")
    await valkey.xdel(KEYS.entries("p-robin"), "3-0")
    found = said(await verify(kept))
    assert {("chain", "p-sam", "s-2"), ("missing", "p-sam", "s-1"), ("missing", "p-robin", "s-3")} <= found
    assert {("total", "p-sam", None), ("total", "p-robin", None)} <= found


async def test_a_person_whose_hours_are_all_gone_is_named(kept: Store, valkey: Redis) -> None:
    await valkey.delete(*(key("p-noor") for key in (KEYS.entries, KEYS.posted, KEYS.weeks)))
    await valkey.srem(KEYS.earners, "p-noor")
    assert said(await verify(kept)) == {("missing", "p-noor", f"s-{number}") for number in (1, 2, 3)}


async def test_an_extra_entry_is_named(kept: Store, valkey: Redis) -> None:
    facts = [entry.facts for entry in (await kept.ledger.account("p-robin")).entries()]
    await forge_chain(valkey, "p-robin", [*facts, hours_facts("s-never", "p-robin")])
    report = await verify(kept)
    assert said(report) == {("extra", "p-robin", "s-never")}
    assert "there is no signed note behind it" in texts(report)


async def test_an_entry_that_stands_there_twice_is_named(kept: Store, valkey: Redis) -> None:
    facts = [entry.facts for entry in (await kept.ledger.account("p-robin")).entries()]
    await forge_chain(valkey, "p-robin", [*facts, facts[0]])
    assert ("extra", "p-robin", "s-1") in said(await verify(kept))


async def test_hours_of_somebody_nobody_signed_for_are_named(kept: Store, valkey: Redis) -> None:
    await forge_chain(valkey, "p-eve", [hours_facts("s-1", "p-eve")])
    assert said(await verify(kept)) == {("extra", "p-eve", "s-1")}


async def test_a_wrong_total_is_named(kept: Store, valkey: Redis) -> None:
    await valkey.hincrby(KEYS.weeks("p-robin"), "2026-09-21", 100)
    await valkey.hset(KEYS.weeks("p-sam"), "2027-01-04", 540)
    report = await verify(kept)
    assert said(report) == {("total", "p-robin", None), ("total", "p-sam", None)}
    assert "week of 2026-09-21: the total says 160 minutes, and the entries add up to 60." in texts(report)
    assert "week of 2027-01-04: the total says 540 minutes, and the entries add up to 0." in texts(report)


async def test_a_wrong_index_is_named(kept: Store, valkey: Redis) -> None:
    await valkey.hset(KEYS.posted("p-robin"), "made-up", "7 digest")
    await valkey.hset(KEYS.posted("p-sam"), "rubbish", "rubbish")
    report = await verify(kept)
    assert ("index", "p-robin", None) in said(report)
    assert ("index", "p-sam", None) in said(report)


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"{}", b"\xff", b"[" * 10_000])
async def test_rubbish_for_an_entry_is_named(kept: Store, valkey: Redis, rubbish: bytes) -> None:
    await change_entry(valkey, 2, lambda _: rubbish)
    found = said(await verify(kept))
    assert ("chain", "p-robin", None) in found
    assert ("missing", "p-robin", "s-2") in found


async def test_an_entry_of_an_impossible_time_is_named(kept: Store, valkey: Redis) -> None:
    await change_entry(valkey, 2, lambda line: line.replace(b'"started":1790', b'"started":99999999991790'))
    assert ("missing", "p-robin", "s-2") in said(await verify(kept))


# --------------------------------------------------------------- logs


async def rewrite_log(valkey: Redis, session: str, change: Callable[[int, bytes], bytes], *, forge: bool) -> None:
    """Change lines of a log; `forge`: with hashes that hold, by somebody who knows how."""
    stream = await rows(valkey, KEYS.log(session))
    line_hash = chain.genesis("log", session)
    for seq, (_, fields) in enumerate(stream, 1):
        fields[b"record"] = change(seq, fields[b"record"])
        line_hash = chain.link(line_hash, fields[b"record"])
        if forge:
            fields[b"hash"] = line_hash.encode()
    await write(valkey, KEYS.log(session), stream)


def later_start(_: int, line: bytes) -> bytes:
    """Moves the start of the session in the log by ten minutes."""
    record = codec.decode(line)
    if type(record.event).__name__ != "SessionStarted":
        return line
    return codec.encode(replace(record, at=record.at + 100_000))


async def test_a_changed_log_is_named_and_so_are_the_hours_that_rest_on_it(kept: Store, valkey: Redis) -> None:
    await rewrite_log(valkey, "s-2", later_start, forge=False)
    report = await verify(kept)
    assert ("log", None, "s-2") in said(report)
    assert "Log of session s-2, record 10: its text is not what was written" in texts(report)
    assert ("log", "p-robin", "s-2") in said(report)
    assert not any(finding.session in ("s-1", "s-3") for finding in report.findings)


async def test_a_log_forged_whole_disagrees_with_the_signed_notes_and_the_entries(kept: Store, valkey: Redis) -> None:
    await rewrite_log(valkey, "s-2", later_start, forge=True)
    report = await verify(kept)
    assert ("note", "p-robin", "s-2") in said(report)  # what was signed is not what this log gives
    assert ("extra", "p-robin", "s-2") in said(report)


async def test_a_log_forged_with_its_notes_still_disagrees_with_the_entries(kept: Store, valkey: Redis) -> None:
    """Even a change without any effect on the figures changes the hash that each entry holds."""

    def elsewhere(_: int, line: bytes) -> bytes:
        return line.replace(b"555-0100", b"555-0199")

    await rewrite_log(valkey, "s-2", elsewhere, forge=True)
    report = await verify(kept)
    assert said(report) == {("differs", person, "s-2") for person in ("p-robin", "p-sam", "p-noor", "p-kim")}
    assert "evidence_hash is" in texts(report)


async def test_a_log_that_is_gone_is_named_by_the_hours_that_rest_on_it(kept: Store, valkey: Redis) -> None:
    await valkey.delete(KEYS.log("s-2"))
    await valkey.srem(KEYS.logs, "s-2")
    found = said(await verify(kept))
    assert found == {("extra", person, "s-2") for person in ("p-robin", "p-sam", "p-noor", "p-kim")}


async def test_signatures_cut_off_a_log_are_named(kept: Store, valkey: Redis) -> None:
    await valkey.xdel(KEYS.log("s-2"), "36-0")
    report = await verify(kept)
    assert ("log", None, "s-2") in said(report)
    assert "records 36 to 36 were removed from its end" in texts(report)


async def test_a_log_of_another_session_in_its_place_is_named(kept: Store, valkey: Redis) -> None:
    await write(valkey, KEYS.log("s-2"), await rows(valkey, KEYS.log("s-3")))
    assert ("log", None, "s-2") in said(await verify(kept))
    await rewrite_log(valkey, "s-2", lambda _, line: line, forge=True)
    report = await verify(kept)
    assert "it does not open this session" in texts(report)


async def test_no_record_can_be_left_out(kept: Store, valkey: Redis) -> None:
    stream = await rows(valkey, KEYS.log("s-2"))
    for seq in range(1, len(stream) + 1):
        await write(valkey, KEYS.log("s-2"), [each for each in stream if each[0] != f"{seq}-0".encode()])
        report = await verify(kept)
        assert not report.right, f"record {seq}"
        assert {finding.session for finding in report.findings} == {"s-2"}


async def test_a_note_forged_onto_a_log_is_named(kept: Store, valkey: Redis) -> None:
    """A second note for Kim, with hashes that hold: no entry follows from it."""
    note = codec.decode((await rows(valkey, KEYS.log("s-2")))[35][1][b"record"])
    assert isinstance(note.event, NoteSigned)
    forged = codec.encode(replace(note, seq=37, event=replace(note.event, person=PersonId("p-ada"))))
    line_hash = chain.link(await kept.log.hash_at("s-2", 36), forged)
    await valkey.xadd(KEYS.log("s-2"), {"record": forged, "hash": line_hash}, id="37-0")
    found = said(await verify(kept))
    assert found <= {("note", "p-ada", "s-2"), ("missing", "p-ada", "s-2")}
    assert found


async def test_every_changed_byte_of_an_entry_is_noticed(kept: Store, valkey: Redis) -> None:
    """Sixty seeded places: whatever byte is changed, the ledger is not right any more."""
    stream = await rows(valkey, KEYS.entries("p-robin"))
    line = stream[1][1][b"entry"]
    for seed in range(60):
        digest = hashlib.sha256(str(seed).encode()).digest()
        place = int.from_bytes(digest[:4]) % len(line)
        damaged = bytearray(line)
        damaged[place] ^= 1 + digest[5] % 255
        await change_entry(valkey, 2, lambda _, damaged=damaged: bytes(damaged))
        report = await verify(kept)
        assert not report.right, f"seed {seed}"
        assert {finding.person for finding in report.findings} == {"p-robin"}
    await change_entry(valkey, 2, lambda _: line)
    assert (await verify(kept)).right


# --------------------------------------------------------------- against a checkpoint


async def checkpoint_of(store: Store) -> Checkpoint:
    people = await store.ledger.people()
    return Checkpoint(clinic="demo", taken=Instant(STARTED), heads=await store.ledger.heads(people))


async def test_a_ledger_that_only_grew_still_holds_its_checkpoint(store: Store) -> None:
    await evenings(store, 2)
    then = await checkpoint_of(store)
    await evenings(store, 3)
    report = await verify(store, against=then)
    assert report.right and report.kept == 4
    assert then.entries == 8 and report.entries == 12
    assert (await checkpoint_of(store)).hash != then.hash


async def test_history_made_anew_with_every_hash_right_is_named_by_its_checkpoint_alone(
    kept: Store, valkey: Redis, valkey_url: str
) -> None:
    """Somebody who owns the server rewrites a log and everything that follows from it, to the last hash."""
    then = await checkpoint_of(kept)
    await rewrite_log(valkey, "s-2", lambda _, line: line.replace(b"555-0100", b"555-0199"), forge=True)
    for person in await kept.ledger.people():
        await valkey.delete(KEYS.entries(person), KEYS.posted(person), KEYS.weeks(person))
    await valkey.delete(KEYS.earners, KEYS.cursors)
    for session in ("s-1", "s-2", "s-3"):
        await valkey.hset(KEYS.owed, session, "36")
    fresh = await connect(valkey_url)
    await HoursProjection(fresh.log, fresh.ledger, FakeClock(STARTED + 9 * DAY_MS)).catch_up()
    assert (await verify(fresh)).right  # nothing within the store can tell
    report = await verify(fresh, against=then)
    await fresh.close()
    people = ("p-robin", "p-sam", "p-noor", "p-kim")
    assert said(report) == {("rewritten", person, None) for person in people}
    assert "Hours of p-robin: entries 1 to 3 are not those of the checkpoint." in texts(report)


async def test_one_persons_forged_chain_is_the_only_one_that_a_checkpoint_names(kept: Store, valkey: Redis) -> None:
    then = await checkpoint_of(kept)
    facts = [entry.facts for entry in (await kept.ledger.account("p-sam")).entries()]
    await forge_chain(valkey, "p-sam", [facts[1], facts[0], facts[2]])  # the same entries, in another order
    assert (await verify(kept)).right
    report = await verify(kept, against=then)
    assert said(report) == {("rewritten", "p-sam", None)}
    assert report.kept == 3


async def test_an_entry_changed_under_its_old_hash_is_named_by_a_checkpoint_too(kept: Store, valkey: Redis) -> None:
    then = await checkpoint_of(kept)
    await change_entry(valkey, 2, lambda line: minutes(line, 20, 200))
    assert ("rewritten", "p-robin", None) in said(await verify(kept, against=then))


async def test_who_is_gone_from_everywhere_is_named_by_a_checkpoint(kept: Store, valkey: Redis) -> None:
    then = await checkpoint_of(kept)
    await valkey.delete(*(key("p-noor") for key in (KEYS.entries, KEYS.posted, KEYS.weeks)))
    await valkey.srem(KEYS.earners, "p-noor")
    await valkey.xdel(KEYS.entries("p-robin"), "3-0")
    report = await verify(kept, against=then)
    assert {("rewritten", "p-noor", None), ("rewritten", "p-robin", None)} <= said(report)
    assert "Hours of p-noor: the checkpoint ends at entry 3, and now there are 0." in texts(report)


# --------------------------------------------------------------- amendments


async def amended(store: Store) -> None:
    scribe = amended_session("s-1")
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", scribe.records, epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED + 9 * DAY_MS)).catch_up()


async def test_an_amended_ledger_is_right_and_its_minutes_are_those_that_stand(store: Store) -> None:
    await amended(store)
    report = await verify(store)
    assert texts(report) == ""
    assert (report.entries, report.amendments, report.minutes) == (6, 1, 20 + 20 + 11)


async def test_a_reversal_without_an_amendment_is_named(valkey_store: Store, valkey: Redis) -> None:
    """Somebody takes hours back in the ledger, and makes every hash and total right again."""
    await evenings(valkey_store, 1)
    robin = (await valkey_store.ledger.account("p-robin")).entries()[0].facts
    back = hours.reversal(
        robin, entry="f" * 32, note_hash="0" * 64, signer=robin.signer, at=robin.signed_at, reason="Gone."
    )
    await forge_chain(valkey, "p-robin", [robin, back])
    report = await verify(valkey_store)
    assert ("extra", "p-robin", "s-1") in said(report)


async def test_an_amendment_left_out_of_the_ledger_is_named(valkey_store: Store, valkey: Redis) -> None:
    await amended(valkey_store)
    first = (await valkey_store.ledger.account("p-sam")).entries()[0].facts
    await forge_chain(valkey, "p-sam", [first])
    report = await verify(valkey_store)
    assert said(report) == {("missing", "p-sam", "s-1")}
    assert len(report.findings) == 2


async def test_a_correction_that_stands_before_what_it_corrects_is_named(valkey_store: Store, valkey: Redis) -> None:
    await amended(valkey_store)
    first, back, instead = ((entry.facts) for entry in (await valkey_store.ledger.account("p-sam")).entries())
    await forge_chain(valkey, "p-sam", [back, instead, first])
    report = await verify(valkey_store)
    assert "what it corrects does not stand before it" in texts(report)


# --------------------------------------------------------------- several processes


async def test_several_processes_read_what_one_reads(
    kept: Store, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A right log, one that was changed, and a note that does not follow: found by other processes alike."""
    monkeypatch.setattr(_log_pool, "WORTH_PROCESSES", 1)
    await rewrite_log(valkey, "s-2", later_start, forge=True)
    watched: list[tuple[str, int, int]] = []
    quick = await verify(kept, lambda *told: watched.append(told), read=_log_pool.quick_reader_of(kept))
    assert quick == await verify(kept)
    assert quick.findings
    assert [told for told in watched if told[0] == "sessions"] == [("sessions", done, 3) for done in (1, 2, 3)]


async def test_a_store_in_memory_is_read_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_log_pool, "WORTH_PROCESSES", 1)
    store = memory.connect()
    await evenings(store, 1)
    report = await verify(store, read=_log_pool.quick_reader_of(store))
    assert (report.right, report.entries) == (True, 4)
