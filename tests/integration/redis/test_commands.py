"""The operator's commands on a real store: beside a running server, without one, and on an outside store."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, Instant
from server.clock import FakeClock, RoomClock
from server.projections.worker import HoursProjection
from server.store.clinic import Person, ScheduledSession
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey, in_use_by
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.sessions import FIGURES, STARTED, signed_session

ROOT = Path(__file__).parents[3]
KEYS = Keys("demo")


@dataclass(frozen=True)
class Answer:
    status: int
    out: bytes
    err: str


async def run(*words: str, given: bytes | None = None, **settings: str) -> Answer:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILIEU_")} | settings
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", *words),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given)
    assert process.returncode is not None
    assert b"Traceback" not in err, err.decode()
    return Answer(process.returncode, out, err.decode())


async def fill(store: Store) -> None:
    """One evening, signed and posted."""
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", signed_session().records, epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED)).catch_up()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[EmbeddedValkey]:
    """The embedded store of a data folder, running, with one evening in it."""
    folder = Path(tempfile.mkdtemp(prefix="milieu-"))
    embedded = EmbeddedValkey(folder)
    store = await connect(await embedded.start())
    await fill(store)
    await store.close()
    yield embedded
    await embedded.stop()
    shutil.rmtree(folder)


@pytest.mark.parametrize("running", [True, False], ids=["beside a server", "without one"])
async def test_the_ledger_is_proved_and_what_was_changed_is_named(server: EmbeddedValkey, running: bool) -> None:
    folder = str(server.data_dir)
    if not running:
        await server.stop()
    right = await run("ledger", "verify", MILIEU_DATA_DIR=folder)
    assert (right.status, right.err) == (0, "")
    assert b"Checked 1 log with 36 records and 4 signed notes, and 4 hours entries of 4 people" in right.out
    assert b"Every entry follows from its log" in right.out

    if not running:
        assert in_use_by(server.data_dir) is None  # what was started for it is gone
        await server.start()
    async with Redis.from_url(server.url) as client:
        ((_, fields),) = await client.xrange(KEYS.entries("p-sam"))
        await client.delete(KEYS.entries("p-sam"), KEYS.entries("p-noor"))
        line = fields[b"entry"].replace(b'"countable_min":19', b'"countable_min":190')
        await client.xadd(KEYS.entries("p-sam"), {"entry": line, "hash": fields[b"hash"]}, id="1-0")
    if not running:
        await server.stop()

    wrong = await run("ledger", "verify", MILIEU_DATA_DIR=folder)
    text = wrong.out.decode()
    assert wrong.status == 1
    assert "Hours of p-sam, entry 1, for session s-1: countable_min is 190, and the log gives 19." in text
    assert "Hours of p-noor for session s-1: signed, and not in the ledger." in text
    assert "Every entry follows" not in text
    assert "Example" not in text  # ids, no names


async def test_a_checkpoint_is_kept_and_later_says_whose_history_was_rewritten(
    server: EmbeddedValkey, tmp_path: Path
) -> None:
    folder, file = str(server.data_dir), tmp_path / "checkpoint"
    taken = await run("ledger", "checkpoint", "--save", str(file), MILIEU_DATA_DIR=folder)
    assert (taken.status, taken.err) == (0, "")
    text = taken.out.decode()
    assert "4 entries of 4 people" in text and "p-robin" not in text
    digits = re.search(r"SHA-256 ([0-9a-f ]{71})", text)
    assert digits is not None
    above, _, _ = file.read_bytes().partition(b"sha256 ")
    assert digits[1].replace(" ", "") == hashlib.sha256(above).hexdigest()

    again = await run("ledger", "checkpoint", "--save", str(file), MILIEU_DATA_DIR=folder)
    assert again.status == 1 and "It was not saved" in again.err
    right = await run("ledger", "verify", "--against", str(file), MILIEU_DATA_DIR=folder)
    assert right.status == 0
    assert "All 4 entries in it are still there, unchanged; 0 entries came after it." in right.out.decode()
    assert digits[0] in right.out.decode()

    copy = tmp_path / "backup"
    assert (await run("backup", str(copy), MILIEU_DATA_DIR=folder)).status == 0
    async with Redis.from_url(server.url) as client:
        await client.delete(KEYS.entries("p-sam"))
    wrong = (await run("ledger", "verify", "--against", str(file), MILIEU_DATA_DIR=folder)).out.decode()
    assert "rewritten Hours of p-sam: the checkpoint ends at entry 1, and now there are 0." in wrong
    assert "The history of 1 person in it is not what it was." in wrong
    restored = await run("ledger", "verify", "--against", str(file), MILIEU_DATA_DIR=str(copy))
    assert restored.status == 0


async def test_a_checkpoint_that_was_changed_or_is_none_is_refused(server: EmbeddedValkey, tmp_path: Path) -> None:
    folder, file = str(server.data_dir), tmp_path / "checkpoint"
    await run("ledger", "checkpoint", "--save", str(file), MILIEU_DATA_DIR=folder)
    file.write_bytes(file.read_bytes().replace(b"p-sam", b"p-tam"))
    changed = await run("ledger", "verify", "--against", str(file), MILIEU_DATA_DIR=folder)
    assert changed.status == 1 and "It was changed: its hash is not that of its lines." in changed.err
    none = await run("ledger", "verify", "--against", str(tmp_path / "none"), MILIEU_DATA_DIR=folder)
    assert none.status != 0 and "does not exist" in none.err


@pytest.mark.parametrize("running", [True, False], ids=["beside a server", "without one"])
async def test_an_exported_log_replays_to_the_figures_of_the_ledger(server: EmbeddedValkey, running: bool) -> None:
    if not running:
        await server.stop()
    exported = await run("export", "s-1", MILIEU_DATA_DIR=str(server.data_dir))
    assert (exported.status, exported.err) == (0, "")
    assert exported.out.count(b"\n") == 36
    told = await run("replay", "-", given=exported.out)
    minutes = {each["person"]: each["countable_min"] for each in json.loads(told.out)["hours"]}
    assert minutes == {person: figures[3] for person, figures in FIGURES.items()}


async def test_what_cannot_be_exported_is_said(server: EmbeddedValkey) -> None:
    folder = str(server.data_dir)
    missing = await run("export", "s-9", MILIEU_DATA_DIR=folder)
    assert (missing.status, missing.out) == (1, b"")
    assert "There is no log of session s-9. Sessions with a log: s-1." in missing.err
    async with Redis.from_url(server.url) as client:
        await client.xdel(KEYS.log("s-1"), "20-0")
    broken = await run("export", "s-1", MILIEU_DATA_DIR=folder)
    assert broken.status == 1
    assert broken.out.count(b"\n") == 19
    assert "Stopped after 19 records: log of session s-1, record 21: records 20 to 20 are missing." in broken.err


async def test_a_persons_hours_are_shown(server: EmbeddedValkey) -> None:
    folder = str(server.data_dir)
    shown = (await run("ledger", "show", "p-robin", MILIEU_DATA_DIR=folder)).out.decode()
    assert "2026-09-21 18:00" in shown
    assert "0:24:49" in shown
    assert "Week of 2026-09-21: 20 minutes" in shown
    posted = await run("ledger", "show", "p-robin", "--as-of", "2026-09-21", MILIEU_DATA_DIR=folder)
    assert "As it stood at the end of 2026-09-21: 1 of the 1 entries there are now." in posted.out.decode()
    assert "Week of 2026-09-21: 20 minutes" in posted.out.decode()
    before = (await run("ledger", "show", "p-robin", "--as-of", "2026-09-20", MILIEU_DATA_DIR=folder)).out.decode()
    assert "As it stood at the end of 2026-09-20: 0 of the 1 entries there are now." in before
    assert "Week of" not in before
    rubbish = await run("ledger", "show", "p-robin", "--as-of", "last week", MILIEU_DATA_DIR=folder)
    assert (rubbish.status, rubbish.out) == (2, b"")
    nobody = await run("ledger", "show", "p-eve", MILIEU_DATA_DIR=folder)
    assert nobody.status == 1
    assert "p-eve has no hours. Hours were posted for: p-kim, p-noor, p-robin, p-sam." in nobody.err
    async with Redis.from_url(server.url) as client:
        await client.xtrim(KEYS.entries("p-robin"), maxlen=0)
        await client.xadd(KEYS.entries("p-robin"), {"entry": "rubbish", "hash": "rubbish"}, id="2-0")
    damaged = await run("ledger", "show", "p-robin", MILIEU_DATA_DIR=folder)
    assert damaged.status == 1
    assert "The store is damaged: hours of p-robin, entry 1: missing" in damaged.err


async def test_an_outside_store_is_looked_into_where_one_is_set(valkey_store: Store, valkey_url: str) -> None:
    await fill(valkey_store)
    right = await run("ledger", "verify", MILIEU_REDIS_URL=valkey_url)
    assert (right.status, right.err) == (0, "")


async def test_where_there_is_no_store_it_is_said_and_none_is_made(tmp_path: Path) -> None:
    empty = await run("ledger", "verify", MILIEU_DATA_DIR=str(tmp_path / "none"))
    assert (empty.status, empty.out) == (1, b"")
    assert "There is no store in" in empty.err
    assert not (tmp_path / "none").exists()
    gone = await run("ledger", "verify", MILIEU_REDIS_URL=f"unix://{tmp_path}/none.sock")
    assert gone.status == 1
    assert "The store is not there" in gone.err
    wrong = await run("ledger", "verify", MILIEU_REDIS_URL="http://example.org")
    assert wrong.status == 1
    assert "MILIEU_REDIS_URL" in wrong.err


async def test_a_backup_is_proved_where_it_lies_also_against_a_checkpoint(
    server: EmbeddedValkey, tmp_path: Path
) -> None:
    """A backup of yesterday holds yesterday's ledger; one whose history was rewritten is caught."""
    folder, kept, checkpoint = str(server.data_dir), tmp_path / "backup", tmp_path / "checkpoint"
    assert (await run("ledger", "checkpoint", "--save", str(checkpoint), MILIEU_DATA_DIR=folder)).status == 0
    assert (await run("backup", str(kept), MILIEU_DATA_DIR=folder)).status == 0
    right = await run("ledger", "verify", "--backup", str(kept), "--against", str(checkpoint), MILIEU_DATA_DIR=folder)
    assert right.status == 0, right
    assert b"All 4 entries in it are still there, unchanged" in right.out
    copy = EmbeddedValkey(kept)
    async with Redis.from_url(await copy.start()) as client:
        await client.delete(KEYS.entries("p-sam"), KEYS.posted("p-sam"), KEYS.weeks("p-sam"))
    await copy.stop()
    wrong = await run("ledger", "verify", "--backup", str(kept), "--against", str(checkpoint), MILIEU_DATA_DIR=folder)
    assert wrong.status == 1
    assert b"the checkpoint ends at entry 1, and now there are 0" in wrong.out
    assert (await run("ledger", "verify", MILIEU_DATA_DIR=folder)).status == 0


async def test_everybodys_week_is_told_for_people_and_for_programs(server: EmbeddedValkey) -> None:
    store, robin = await connect(server.url), PersonId("p-robin")
    for person in (robin, PersonId("p-in-no-group")):
        await store.clinic.put_person(
            Person(person=person, name="Robin Example", role=Role.PARTICIPANT, track="adult", zone="UTC")
        )
    await store.clinic.put_session(
        ScheduledSession(
            session=SessionId("s-soon"),
            clinic=ClinicId("demo"),
            title="Evening group",
            zone="UTC",
            starts_at=Instant(RoomClock().now() + HOUR_MS),
            plan_id="adult",
            rules_id="exact-floor",
            roster=(Expected(person=robin, role=Role.PARTICIPANT, name="Robin Example"),),
        )
    )
    await store.close()
    told = await run("ledger", "weeks", "--json", MILIEU_DATA_DIR=str(server.data_dir))
    assert told.status == 0
    (week,) = json.loads(told.out)["weeks"]
    assert (week["person"], week["floor_min"]) == ("p-robin", 540)
    table = await run("ledger", "weeks", MILIEU_DATA_DIR=str(server.data_dir))
    assert b"p-robin" in table.out and b"9 h" in table.out
