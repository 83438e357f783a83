"""Cookie seats in a real Valkey: kept, revoked, and not written back by a request that was under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from server.rooms.ports import StoreUnavailable
from server.store.calls import ask
from server.store.connect import connect
from server.web.cookies import Cookies

ID = "0123456789abcdef"
HOUR_S = 3_600


@pytest.fixture
def cookies(valkey: Redis) -> Cookies:
    return Cookies(valkey, prefix="milieu:{demo}:web:", ask=ask)


async def test_what_is_written_is_read_until_it_expires(cookies: Cookies, valkey: Redis) -> None:
    await cookies.write(ID, b"seats", lifetime=HOUR_S, ttl=HOUR_S)
    assert await cookies.read(ID, HOUR_S) == b"seats"
    assert 0 < await valkey.ttl(f"milieu:{{demo}}:web:{ID}") <= HOUR_S


async def test_an_unknown_id_holds_nothing(cookies: Cookies) -> None:
    assert await cookies.read("unknown", HOUR_S) == b""


async def test_what_was_revoked_is_gone_and_stays_gone_whatever_was_under_way(cookies: Cookies) -> None:
    await cookies.write(ID, b"seats", lifetime=HOUR_S, ttl=HOUR_S)
    await cookies.remove(ID)
    await cookies.write(ID, b"seats as a slower request still had them", lifetime=HOUR_S, ttl=HOUR_S)
    assert await cookies.read(ID, HOUR_S) == b""


async def test_however_writes_and_a_revocation_meet_the_seats_are_gone(cookies: Cookies) -> None:
    for n in range(20):
        name = f"{ID}{n}"
        await cookies.write(name, b"seats", lifetime=HOUR_S, ttl=HOUR_S)
        await asyncio.gather(
            *(cookies.write(name, b"seats", lifetime=HOUR_S, ttl=HOUR_S) for _ in range(4)),
            cookies.remove(name),
            *(cookies.write(name, b"seats", lifetime=HOUR_S, ttl=HOUR_S) for _ in range(4)),
        )
        assert await cookies.read(name, HOUR_S) == b""


async def test_the_marks_of_revoked_cookies_do_not_stay_for_ever(cookies: Cookies, valkey: Redis) -> None:
    await cookies.remove(ID)
    assert 0 < await valkey.ttl(f"milieu:{{demo}}:web:{ID}") <= HOUR_S


async def test_a_store_that_is_not_there_is_said_in_the_stores_own_words(valkey_url: str) -> None:
    store = await connect(valkey_url)
    assert store.client is not None

    async def failing(call: Callable[[], Awaitable[Any]]) -> Any:
        raise StoreUnavailable("gone")

    cookies = Cookies(store.client, prefix="x:", ask=failing)
    with pytest.raises(StoreUnavailable):
        await cookies.read(ID, HOUR_S)
    await store.close()
