"""A Valkey that is killed over and over, at any moment: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.projections.verify import verify
from server.projections.worker import HoursProjection
from server.rooms.ports import StoreUnavailable
from server.store import embedded
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.ports import Store
from tests.support.logs import chats, hours_facts
from tests.support.sessions import STARTED, signed_session

ROOT = Path(__file__).parents[3]
KILLS = 30
SEED = 20261121
ROOMS = 4


class Progress:
    """How much was acknowledged; lets the killer wait for more of it, however slow the machine is."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def made(self) -> None:
        self.count += 1
        self._changed.set()

    async def more(self, count: int) -> None:
        target = self.count + count
        async with asyncio.timeout(60):
            while self.count < target:
                self._changed.clear()
                await self._changed.wait()


class Valkey:
    """A supervised Valkey, and how to kill it and wait for its return."""

    def __init__(self, folder: Path) -> None:
        self._back = asyncio.Event()
        self.server = EmbeddedValkey(folder, on_state=lambda up: self._back.set() if up else None)

    async def kill(self) -> None:
        self._back.clear()
        assert self.server.pid is not None
        os.kill(self.server.pid, signal.SIGKILL)
        async with asyncio.timeout(60):
            await self._back.wait()


@pytest_asyncio.fixture
async def mortal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Valkey]:
    monkeypatch.setattr(embedded, "RESTART_DELAY_S_MAX", 0.05)  # it is killed more often than in life
    folder = Path(tempfile.mkdtemp(prefix="milieu-"))
    valkey = Valkey(folder)
    await valkey.server.start()
    yield valkey
    await valkey.server.stop()
    shutil.rmtree(folder)


async def surely(deed: Callable[[], Awaitable[object]]) -> None:
    """Do it until it is known to be done: as a room does with an append, and the worker with a post."""
    while True:
        try:
            await deed()
            return
        except StoreUnavailable:
            await asyncio.sleep(0.01)


@pytest.mark.timeout(240)
async def test_what_was_acknowledged_is_there_once_after_thirty_kills(mortal: Valkey) -> None:
    rng = random.Random(SEED)
    store = await connect(mortal.server.url)
    over, progress = asyncio.Event(), Progress()
    logged = dict.fromkeys((f"s-{number}" for number in range(ROOMS)), 0)
    posted: list[str] = []

    async def room(session: str) -> None:
        while not over.is_set():
            batch = chats(logged[session] + 1, 1 + logged[session] % 3)
            await surely(lambda batch=batch: store.log.append(session, batch, epoch=1))
            logged[session] = batch[-1].seq
            progress.made()

    async def poster(person: str) -> None:
        while not over.is_set():
            session = f"h-{len(posted)}"
            posted.append(session)
            facts = hours_facts(session, person)
            await surely(lambda facts=facts: store.ledger.post(facts, posted_at=Instant(STARTED)))
            progress.made()

    people = ("p-robin", "p-sam")
    for session in logged:
        assert await store.leases.acquire(session, node="n-1") == 1
    async with asyncio.TaskGroup() as group:
        for session in logged:
            group.create_task(room(session))
        for person in people * 2:  # two at once for each
            group.create_task(poster(person))
        for _ in range(KILLS):
            await progress.more(rng.randint(1, 60))
            await asyncio.sleep(rng.uniform(0, 0.002))  # in the midst of whatever is under way
            await mortal.kill()
        over.set()

    assert progress.count > KILLS
    for session, last in logged.items():
        assert await store.log.read(session) == chats(1, last), f"seed {SEED}"
    entries = {person: (await store.ledger.account(person)).entries() for person in people}
    assert sorted(e.facts.session for chain in entries.values() for e in chain) == sorted(posted), f"seed {SEED}"
    for person, chain in entries.items():
        assert (await store.ledger.account(person)).weeks == {"2026-09-21": 150 * len(chain)}
    await store.close()


@pytest.mark.timeout(240)
async def test_hours_come_out_right_however_often_the_store_dies_while_they_are_posted(mortal: Valkey) -> None:
    rng = random.Random(SEED)
    store = await connect(mortal.server.url)
    sessions = [f"s-{number:02}" for number in range(12)]
    worker = HoursProjection(store.log, store.ledger, FakeClock(STARTED))
    task = asyncio.create_task(worker.run())

    async def hold(session: str) -> None:
        scribe = signed_session(session)
        epoch = 0

        async def acquire() -> None:
            nonlocal epoch
            epoch = await store.leases.acquire(session, node="n-1")

        await surely(acquire)
        for record in scribe.records:
            await surely(lambda record=record: store.log.append(session, [record], epoch=epoch))
        worker.wake(session)

    async with asyncio.TaskGroup() as group:
        for session in sessions:
            group.create_task(hold(session))
        for _ in range(10):
            await asyncio.sleep(rng.uniform(0, 0.05))
            await mortal.kill()
    worker.wake("")
    async with asyncio.timeout(60):
        while await store.ledger.owed():  # noqa: ASYNC110 - posted, and nobody is told
            await asyncio.sleep(0.05)
    task.cancel()
    assert worker.problems == {}
    await _assert_right(store, sessions)
    await store.close()


async def _assert_right(store: Store, sessions: list[str]) -> None:
    report = await verify(store)
    assert report.right, [finding.text for finding in report.findings]
    assert report.entries == 4 * len(sessions)
    robin = await store.ledger.account(PersonId("p-robin"))
    assert sorted(entry.facts.session for entry in robin.entries()) == sessions
    assert robin.weeks == {"2026-09-21": 20 * len(sessions)}


# --------------------------------------------------------------- servers, too


@pytest.mark.timeout(240)
async def test_hours_stand_once_after_servers_and_stores_were_killed_at_every_kind_of_write() -> None:
    """A short `make kills`: each write of a node's, before, during and after it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.kills", "50"), cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    told, complaints = await process.communicate()
    figures = {row["figure"]: row["value"] for row in map(json.loads, told.splitlines())}
    assert process.returncode == 0, complaints.decode()
    assert (figures["ledger.lost"], figures["ledger.doubled"], figures["ledger.chains_broken"]) == (0, 0, 0)
    assert figures["ledger.kills"] >= 50
