"""The hours projection: signed notes become entries, once, whatever dies in between (server/projections/worker.py)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from server.clock import FakeClock
from server.projections.worker import HoursProjection
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store import hours
from server.store.hours import HoursEntry
from server.store.ports import Ledger, Linked, SessionLog, Store
from tests.support.sessions import FIGURES, STARTED, Scribe, amended_session, ended_session, signed_session

WEEK_MS = 7 * 86_400_000


async def keep(store: Store, scribe: Scribe) -> None:
    """The scribe's records into the store."""
    epoch = await store.leases.acquire(scribe.session, node="n-1")
    await store.log.append(scribe.session, scribe.records, epoch=epoch)


async def entries(store: Store) -> dict[str, list[HoursEntry]]:
    return {person: (await store.ledger.account(person)).entries() for person in await store.ledger.people()}


async def assert_posted_once(store: Store) -> None:
    """Everyone's hours of one evening: the figures worked out by hand, one entry each, totals to match."""
    posted = await entries(store)
    assert {person: len(chain) for person, chain in posted.items()} == dict.fromkeys(FIGURES, 1)
    for person, (present_ms, credit_ms, counted_ms, minutes) in FIGURES.items():
        facts = posted[person][0].facts
        assert (facts.present_ms, facts.gap_credit_ms, facts.counted_ms) == (present_ms, credit_ms, counted_ms)
        assert facts.countable_min == minutes
        assert facts.evidence_hash == await store.log.hash_at("s-1", facts.evidence[1])
        assert (await store.ledger.account(person)).weeks == {"2026-09-21": minutes}
    assert await store.ledger.owed() == {}


def projection(store: Store) -> HoursProjection:
    return HoursProjection(store.log, store.ledger, FakeClock(STARTED + 2_000_000))


async def test_signed_notes_become_hours(store: Store) -> None:
    await keep(store, signed_session())
    assert await projection(store).catch_up() == 4
    await assert_posted_once(store)


async def test_nothing_is_posted_before_a_note_is_signed(store: Store) -> None:
    await keep(store, ended_session())
    assert await projection(store).catch_up() == 0
    assert await store.ledger.people() == []


async def test_another_round_posts_nothing(store: Store) -> None:
    await keep(store, signed_session())
    worker = projection(store)
    await worker.catch_up()
    before = await entries(store)
    assert await worker.catch_up() == 0
    assert await projection(store).catch_up() == 0
    assert await entries(store) == before


async def test_notes_signed_one_by_one_are_posted_one_by_one(store: Store) -> None:
    worker = projection(store)
    scribe = ended_session()
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", scribe.records, epoch=epoch)
    for number, person in enumerate(FIGURES):
        written = len(scribe.records)
        scribe.sign(2_000 + number, person)
        await store.log.append("s-1", scribe.records[written:], epoch=epoch)
        assert await worker.catch_up() == 1
    await assert_posted_once(store)


async def test_two_workers_at_once_post_once(store: Store) -> None:
    await keep(store, signed_session())
    await asyncio.gather(projection(store).catch_up(), projection(store).catch_up())
    await assert_posted_once(store)


async def test_a_person_of_several_sessions_has_one_chain(store: Store) -> None:
    for number in range(3):
        await keep(store, signed_session(f"s-{number}", started=STARTED + number * WEEK_MS // 2))
    await projection(store).catch_up()
    account = await store.ledger.account("p-robin")
    assert [entry.facts.session for entry in account.entries()] == ["s-0", "s-1", "s-2"]
    assert account.weeks == {"2026-09-21": 40, "2026-09-28": 20}


async def test_a_running_worker_posts_when_it_is_woken(store: Store) -> None:
    worker = projection(store)
    task = asyncio.create_task(worker.run())
    try:
        await keep(store, signed_session())
        worker.wake("s-1")
        async with asyncio.timeout(60):
            while await store.ledger.owed():  # noqa: ASYNC110 - posted, and nobody is told
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
    await assert_posted_once(store)


# --------------------------------------------------------------- deaths


class Died(BaseException):
    """The process is gone: nothing after this happens, and nobody handles it."""


class Fate:
    """Counts the questions to the store and dies at one of them: before it is done, or after."""

    def __init__(self, dies_at: int, *, after: bool, how: type[BaseException] = Died) -> None:
        self.asked = 0
        self._dies_at = dies_at
        self._after = after
        self._how = how

    async def meet(self, call: Callable[[], Awaitable[Any]]) -> Any:
        self.asked += 1
        if self.asked == self._dies_at and not self._after:
            raise self._how
        answer = await call()
        if self.asked == self._dies_at:
            raise self._how
        return answer


class Doomed:
    """A log and a ledger, each question of which meets its fate."""

    def __init__(self, inner: SessionLog | Ledger, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name == "linked":
            return self._linked
        return lambda *words, **named: self._fate.meet(lambda: method(*words, **named))

    async def _linked(self, session: str, *, after: int = 0) -> AsyncIterator[Linked]:
        assert hasattr(self._inner, "linked")
        async for linked in self._inner.linked(session, after=after):
            yield await self._fate.meet(lambda linked=linked: _given(linked))


async def _given(linked: Linked) -> Linked:
    return linked


def doomed(store: Store, fate: Fate) -> HoursProjection:
    log: Any = Doomed(store.log, fate)
    ledger: Any = Doomed(store.ledger, fate)
    return HoursProjection(log, ledger, FakeClock(STARTED + 2_000_000))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_worker_killed_at_any_question_leaves_the_rest_to_the_next(store: Store, after: bool) -> None:
    """Every await point: killed there, a new process does the rest, and each entry is there once."""
    deaths = 0
    scribe = signed_session()
    while True:
        session = f"s-1-{deaths}"
        fate = Fate(deaths + 1, after=after)
        again = signed_session(session)
        assert len(again.records) == len(scribe.records)
        await keep(store, again)
        try:
            await doomed(store, fate).catch_up()
        except Died:
            deaths += 1
        else:
            break
        assert await projection(store).catch_up() in range(5)
        assert await store.ledger.owed() == {}
    assert deaths > 40  # questions of one round: owed, cursor, 37 records, 4 hashes, 4 posts, settle
    account = await store.ledger.account("p-robin")
    assert [entry.facts.session for entry in account.entries()] == [f"s-1-{n}" for n in range(deaths + 1)]
    assert account.weeks == {"2026-09-21": 20 * (deaths + 1)}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_worker_whose_store_fails_at_any_question_goes_on_by_itself(store: Store, after: bool) -> None:
    failures = 0
    while True:
        session = f"s-2-{failures}"
        await keep(store, signed_session(session))
        worker = doomed(store, Fate(failures + 1, after=after, how=StoreUnavailable))
        try:
            await worker.catch_up()
        except StoreUnavailable:
            failures += 1
        else:
            break
        await worker.catch_up()
        assert worker.problems == {}
        assert await store.ledger.owed() == {}
    account = await store.ledger.account("p-sam")
    assert len(account.entries()) == failures + 1 > 40
    assert account.weeks == {"2026-09-21": 19 * (failures + 1)}


async def test_a_running_worker_outlives_a_store_that_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.projections.worker.RETRY_S", 0.01)
    await keep(store, signed_session())
    task = asyncio.create_task(doomed(store, Fate(3, after=False, how=StoreUnavailable)).run())
    try:
        async with asyncio.timeout(60):
            while await store.ledger.owed():  # noqa: ASYNC110 - posted, and nobody is told
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
    await assert_posted_once(store)


# --------------------------------------------------------------- what must not stop the others


async def test_one_session_that_cannot_be_read_does_not_keep_back_the_others(store: Store) -> None:
    broken = signed_session("s-0")
    await keep(store, broken)
    await keep(store, signed_session())

    class Broken(Doomed):
        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        @property
        def linked(self) -> Any:
            def linked(session: str, *, after: int = 0) -> AsyncIterator[Linked]:
                if session == "s-0":
                    raise CorruptLog("log of session s-0, record 7: rubbish")
                assert hasattr(self._inner, "linked")
                stream: AsyncIterator[Linked] = self._inner.linked(session, after=after)
                return stream

            return linked

    log: Any = Broken(store.log, Fate(0, after=False))
    worker = HoursProjection(log, store.ledger, FakeClock())
    await worker.catch_up()
    assert worker.problems == {"s-0": "log of session s-0, record 7: rubbish"}
    assert await store.ledger.owed() == {"s-0": len(broken.records)}
    assert len((await store.ledger.account("p-robin")).entries()) == 1
    assert await projection(store).catch_up() == 4  # mended
    assert await store.ledger.owed() == {}


async def test_one_note_that_cannot_be_posted_does_not_keep_back_the_others(store: Store) -> None:
    await keep(store, signed_session())
    wrong = await _posted_by_another_hand(store)
    worker = projection(store)
    await worker.catch_up()
    assert "p-sam for session s-1 are posted already" in worker.problems["s-1"]
    posted = await entries(store)
    assert {person: len(chain) for person, chain in posted.items()} == dict.fromkeys(FIGURES, 1)
    assert posted["p-sam"] == [wrong]
    assert await store.ledger.owed() == {"s-1": 36}


async def _posted_by_another_hand(store: Store) -> HoursEntry:
    from tests.support.logs import hours_facts

    return await store.ledger.post(hours_facts("s-1", "p-sam"), posted_at=FakeClock().now())


# --------------------------------------------------------------- amendments


async def assert_amended_once(store: Store) -> None:
    first, back, instead = (await entries(store))["p-sam"]
    assert [entry.facts.countable_min for entry in (first, back, instead)] == [19, -19, 20]
    assert hours.standing([first, back, instead]) == [instead]
    assert (await store.ledger.account("p-sam")).weeks == {"2026-09-21": 20}
    assert await store.ledger.owed() == {}


async def test_an_amendment_is_posted_as_a_reversal_and_what_stands_instead(store: Store) -> None:
    await keep(store, amended_session())
    assert await projection(store).catch_up() == 6
    await assert_amended_once(store)


async def test_an_amendment_that_comes_later_finds_what_it_takes_back(store: Store) -> None:
    scribe = amended_session()
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", scribe.records[:-2], epoch=epoch)
    worker = projection(store)
    assert await worker.catch_up() == 4
    await store.log.append("s-1", scribe.records[-2:], epoch=epoch)
    assert await worker.catch_up() == 2
    await assert_amended_once(store)
    assert await projection(store).catch_up() == 0


async def test_an_amendment_posted_by_two_workers_at_once_is_posted_once(store: Store) -> None:
    await keep(store, amended_session())
    await asyncio.gather(projection(store).catch_up(), projection(store).catch_up())
    await assert_amended_once(store)


async def test_the_ledger_as_of_before_an_amendment_holds_what_stood_then(store: Store) -> None:
    scribe = amended_session()
    epoch = await store.leases.acquire("s-1", node="n-1")
    await store.log.append("s-1", scribe.records[:-2], epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED + 3_600_000)).catch_up()
    await store.log.append("s-1", scribe.records[-2:], epoch=epoch)
    await HoursProjection(store.log, store.ledger, FakeClock(STARTED + WEEK_MS)).catch_up()
    every = (await entries(store))["p-sam"]
    assert [entry.facts.countable_min for entry in hours.as_of(every, date(2026, 9, 24))] == [19]
    assert sum(entry.facts.countable_min for entry in hours.as_of(every, date(2026, 9, 28))) == 20
