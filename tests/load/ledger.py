"""How fast hours are posted and records are logged, beside bare appends of the same size on the same Valkey.

Everything is synced to disk before it is answered. Both sides use the same client and take turns within the run; a
figure is the median of the rounds' ratios. `python -m tests.load.ledger`
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from statistics import median

import uvloop
from redis.asyncio import Redis

from facilitation import commands as c
from facilitation.events import SessionEnded
from facilitation.state import replay
from facilitation.timebase import Instant
from server import logs
from server.clock import RoomClock
from server.projections.worker import HoursProjection
from server.store import codec, hours
from server.store.connect import connect, open_client
from server.store.embedded import EmbeddedValkey
from server.store.ports import Store
from tests.support.logs import chats, hours_facts
from tests.support.sessions import STARTED, Scribe, ended_session

ROUNDS = 9
PER_ROUND = 400
WRITERS = 50
PEOPLE = 1_000

Work = Callable[[], Awaitable[object]]


def figure(name: str, value: float, unit: str, better: str, against: str, n: int) -> None:
    row = {"figure": name, "value": round(value, 3), "unit": unit, "better": better, "against": against, "n": n}
    print(json.dumps(row), flush=True)


async def rate(work: Work, writers: int) -> float:
    """Deeds a second of `writers` who each do one after the other."""

    async def write() -> None:
        for _ in range(PER_ROUND // writers):
            await work()

    began = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    return PER_ROUND // writers * writers / (time.perf_counter() - began)


async def beside(ours: Work, bare: Work, writers: int) -> tuple[float, float, float]:
    """Median ratio of the rounds, and both median rates. They take turns at going first; round one only warms up."""
    ratios, our_rates, bare_rates = [], [], []
    for number in range(ROUNDS + 1):
        if number % 2:
            ours_now, bare_now = await rate(ours, writers), await rate(bare, writers)
        else:
            bare_now, ours_now = await rate(bare, writers), await rate(ours, writers)
        if number:
            ratios.append(ours_now / bare_now)
            our_rates.append(ours_now)
            bare_rates.append(bare_now)
    return median(ratios), median(our_rates), median(bare_rates)


def posting(store: Store) -> tuple[Work, bytes]:
    """Post the next entry of the next person: a session each, as after an evening of groups. The facts are there."""
    ready = iter([hours_facts(f"s-{number}", f"p-{number % PEOPLE}") for number in range((ROUNDS + 1) * PER_ROUND)])

    async def post() -> None:
        await store.ledger.post(next(ready), posted_at=Instant(STARTED))

    return post, hours.text(number=1, posted_at=STARTED, facts=hours_facts())


async def logging(store: Store, writers: int, label: str) -> tuple[Work, bytes]:
    """Append the next record to the next room's log."""
    rooms = [f"{label}-{number}" for number in range(writers)]
    epochs = [await store.leases.acquire(room, node="n-1") for room in rooms]
    last = [0] * writers
    free = asyncio.Queue[int]()
    for room in range(writers):
        free.put_nowait(room)

    async def append() -> None:
        room = await free.get()
        last[room] += 1
        await store.log.append(rooms[room], chats(last[room], 1), epoch=epochs[room])
        free.put_nowait(room)

    return append, codec.encode(chats(1, 1)[0])


def bare(client: Redis, line: bytes) -> Work:
    """An append of the same fields and size, to one of as many streams, and nothing else."""
    numbers = count()

    async def xadd() -> None:
        await client.xadd(f"bare:{next(numbers) % PEOPLE}", {"entry": line, "hash": "0" * 64})

    return xadd


def long_session(session: str) -> Scribe:
    """Three hours of pulses for everyone who is there, every 2 s, before the end: what a real log is made of."""
    scribe = Scribe(session)
    whole = ended_session(session)
    for record in whole.records:
        if isinstance(record.event, SessionEnded):
            break
        scribe.records.append(record)
    scribe.state = replay(scribe.records)
    for second in range(1_202, 10_800, 2):
        scribe.hear(second)
    scribe.at(10_800, c.EndSession(), by="p-ada")
    for number, person in enumerate(("p-robin", "p-sam", "p-noor", "p-kim")):
        scribe.sign(10_900 + number, person)
    return scribe


async def project(store: Store) -> None:
    """A whole evening at once, as after a crash: read, check, fold and post."""
    scribe = long_session("s-long")
    epoch = await store.leases.acquire("s-long", node="n-1")
    for first in range(0, len(scribe.records), 400):
        await store.log.append("s-long", scribe.records[first : first + 400], epoch=epoch)
    worst_ms, stop = 0.0, asyncio.Event()

    async def breathe() -> None:
        nonlocal worst_ms
        while not stop.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0)
            worst_ms = max(worst_ms, (time.perf_counter() - began) * 1_000)

    watch = asyncio.create_task(breathe())
    began = time.perf_counter()
    posted = await HoursProjection(store.log, store.ledger, RoomClock()).catch_up()
    took_s = time.perf_counter() - began
    stop.set()
    await watch
    assert posted == 4
    length = len(scribe.records)
    figure("hours.catch_up_s", took_s, "s", "lower", f"nothing: one log of {length} records from its beginning", 1)
    figure("hours.loop_blocked_ms_max", worst_ms, "ms", "lower", "nothing: while that log is folded", 1)


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="milieu-") as folder:
        valkey = EmbeddedValkey(Path(folder))
        url = await valkey.start()
        store, client = await connect(url), open_client(url)
        try:
            worst = {}
            for writers in (1, WRITERS):
                ours, line = posting(await connect(url, clinic=f"post-{writers}"))
                ratio, ours_s, bare_s = await beside(ours, bare(client, line), writers)
                print(f"{writers} writers: {ours_s:.0f} posts/s, {bare_s:.0f} bare/s", file=sys.stderr)
                against = f"bare XADD of {len(line)} bytes, fsync always, {writers} at once"
                worst[ratio] = against
                name = "serial" if writers == 1 else f"writers_{writers}"
                figure(f"ledger.post_rate_vs_append.{name}", ratio, "ratio", "higher", against, ROUNDS * PER_ROUND)
            ratio = min(worst)
            figure("ledger.post_rate_vs_append", ratio, "ratio", "higher", worst[ratio], ROUNDS * PER_ROUND)
            for writers in (1, WRITERS):
                ours, line = await logging(store, writers, f"log-{writers}")
                ratio, ours_s, bare_s = await beside(ours, bare(client, line), writers)
                print(f"{writers} writers: {ours_s:.0f} appends/s, {bare_s:.0f} bare/s", file=sys.stderr)
                name = "serial" if writers == 1 else f"writers_{writers}"
                against = f"bare XADD of {len(line)} bytes, fsync always, {writers} at once"
                figure(f"log.append_rate_vs_xadd.{name}", ratio, "ratio", "higher", against, ROUNDS * PER_ROUND)
            await project(store)
        finally:
            await client.aclose()
            await store.close()
            await valkey.stop()


if __name__ == "__main__":
    logs.configure(level="warning")
    uvloop.run(main())  # as the server runs
