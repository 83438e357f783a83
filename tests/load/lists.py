"""How long a page of a list takes with 20,000 accounts, beside the same page with 200, in one run.

    python -m tests.load.lists

Two clinics of eight groups, each on a real Valkey: one with barely more people than are in its groups, one where
ten years of people have accounts. The figure is that of the slowest page: the worst ratio of medians.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from facilitation.people import Role
from server import logs
from server.clock import RoomClock
from server.store.clinic import Person
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from tests.support.application import ADA, Application
from tests.support.crowd import SEATS, ZONE, Crowd

MANY, FEW, COHORTS = 20_000, 200, 8
LOOKS = 9
PAGES = (
    "/home",
    "/accounts",
    "/accounts?page=3",
    "/accounts?q=robin",
    "/people",
    "/people?q=sam",
    "/weeks",
    "/consents/missing",
    "/clinic",
    "/waiting",
    "/schedule",
    "/schedule/cohorts",
    "/schedule/series/new?kind=multi_family",
    "/audit",
)
assert COHORTS * SEATS < FEW


def figure(name: str, value: float, unit: str, better: str, against: str, n: int) -> None:
    row = {"figure": name, "value": round(value, 3), "unit": unit, "better": better, "against": against, "n": n}
    print(json.dumps(row), flush=True)


async def looked_at(people: int) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds of each page: the first look, and the median of those after it."""
    with tempfile.TemporaryDirectory(prefix="milieu-") as folder:
        valkey = EmbeddedValkey(Path(folder))
        store = await connect(await valkey.start())
        try:
            there = Application(store=store, clock=RoomClock())
            await Crowd(people, cohorts=COHORTS, now=there.clock.now()).fill(store, there.catalog, there.clock)
            await store.clinic.put_person(
                Person(person=ADA, name="Ada Administrator", role=Role.ADMINISTRATOR, track="adult", zone=ZONE)
            )
            async with there.served():
                browser, _ = await there.begin(ADA)
                first, then = {}, {}
                for page in PAGES:
                    took = []
                    for _ in range(LOOKS + 1):
                        began = time.perf_counter()
                        answer = await browser.get(page)
                        took.append((time.perf_counter() - began) * 1_000)
                        assert answer.status == 200, (page, answer.status)
                    first[page], then[page] = took[0], statistics.median(took[1:])
                return first, then
        finally:
            await store.close()
            await valkey.stop()


async def main() -> None:
    _, few = await looked_at(FEW)
    first, many = await looked_at(MANY)
    slowest = max(PAGES, key=lambda page: many[page] / few[page])
    beside = f"{slowest} with {FEW} accounts: {few[slowest]:.0f} ms, the median of {LOOKS} looks"
    figure("server.list_page_ratio", many[slowest] / few[slowest], "ratio", "lower", beside, LOOKS)
    longest = max(PAGES, key=lambda page: many[page])
    figure("server.list_page_ms", many[longest], "ms", "lower", f"{longest} with {MANY} accounts", LOOKS)
    coldest = max(PAGES, key=lambda page: first[page])
    figure("server.list_first_look_ms", first[coldest], "ms", "lower", f"{coldest} after a start, {MANY} accounts", 1)


if __name__ == "__main__":
    logs.configure(level="warning")
    uvloop.run(main())  # as the server runs
    sys.exit(0)
