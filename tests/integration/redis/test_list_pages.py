"""However many accounts a clinic has, a page of a list asks the store as often: round trips are counted, not time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from facilitation.people import Role
from server.clock import RoomClock
from server.store.clinic import Person
from server.store.connect import connect
from tests.support.application import ADA, Application
from tests.support.crowd import ZONE, Crowd
from tests.support.visitor import Visitor

COHORTS = 2
FEW, MANY = 120, 1_500
TRIPS_MAX = 40
"""Of one page, with all that the door asks for who opens it."""
PAGES = (
    "/home",
    "/accounts",
    "/accounts?page=2",
    "/accounts?q=robin",
    "/people",
    "/people?q=sam&role=participant",
    "/weeks",
    "/weeks?q=sam",
    "/consents/missing",
    "/clinic",
    "/waiting",
    "/placement",
    "/schedule",
    "/schedule/cohorts",
    "/schedule/cohorts/c-001",
    "/schedule/series/new?kind=multi_family",
    "/audit",
    "/audit?about=sam",
)


class Counted:
    """What is asked of the store, counted where a connection is taken for it: a pipeline is one."""

    def __init__(self, client: Redis) -> None:
        self.trips = 0
        pool: Any = client.connection_pool
        take = pool.get_connection

        async def counted(*args: Any, **more: Any) -> Any:
            self.trips += 1
            return await take(*args, **more)

        pool.get_connection = counted

    async def of(self, browser: Visitor, page: str) -> int:
        before = self.trips
        answer = await browser.get(page)
        assert answer.status == 200, (page, answer.status)
        return self.trips - before


@asynccontextmanager
async def clinic_of(people: int, url: str) -> AsyncIterator[tuple[Visitor, Counted]]:
    """Somebody who may see every list of it."""
    async with Redis.from_url(url) as client:
        await client.flushall()
    store = await connect(url)
    there = Application(store=store, clock=RoomClock())
    await Crowd(people, cohorts=COHORTS, now=there.clock.now()).fill(store, there.catalog, there.clock)
    await store.clinic.put_person(
        Person(person=ADA, name="Ada Administrator", role=Role.ADMINISTRATOR, track="adult", zone=ZONE)
    )
    async with there.served():
        browser, _ = await there.begin(ADA)
        assert store.client is not None
        yield browser, Counted(store.client)
    await store.close()


async def trips_of(people: int, url: str) -> dict[str, tuple[int, int]]:
    """Of every page, the first look and the second."""
    async with clinic_of(people, url) as (browser, counted):
        return {page: (await counted.of(browser, page), await counted.of(browser, page)) for page in PAGES}


async def test_a_page_of_a_list_asks_the_store_as_often_however_many_accounts_there_are(valkey_url: str) -> None:
    few, many = await trips_of(FEW, valkey_url), await trips_of(MANY, valkey_url)
    more = {page: (few[page], many[page]) for page in PAGES if many[page] > few[page]}
    assert more == {}, "page: (first look, second look) of few and of many"
    assert {page: trips for page, (_, trips) in many.items() if trips > TRIPS_MAX} == {}
