"""Group commit on a real Valkey: everyone gets their own answer, whatever happens to the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from server.store import together as module
from server.store.connect import open_client
from server.store.together import Together
from tests.support.proxy import proxied

ADD = "return {KEYS[1], redis.call('INCRBY', KEYS[1], ARGV[1])}"


class Asking:
    """A client, and a script that answers with its key and the new sum."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.together = Together(client)
        self.add = client.register_script(ADD)

    async def ask(self, key: str, number: int) -> Any:
        return await self.together.run(self.add, [f"{{t}}{key}"], [number])


@pytest_asyncio.fixture
async def asking(valkey_url: str) -> AsyncIterator[Asking]:
    client = open_client(valkey_url)
    yield Asking(client)
    await client.aclose()


async def commands(client: Redis) -> int:
    return int((await client.info("stats"))["total_reads_processed"])


async def test_everyone_gets_their_own_answer(asking: Asking) -> None:
    answers = await asyncio.gather(*(asking.ask(f"k{n % 50}", n) for n in range(1_000)))
    assert [key for key, _ in answers] == [b"{t}k%d" % (n % 50) for n in range(1_000)]
    for key in {key for key, _ in answers}:  # each once, in whatever order
        assert max(total for there, total in answers if there == key) == sum(
            n for n in range(1_000) if key == b"{t}k%d" % (n % 50)
        )


async def test_what_is_asked_at_once_goes_together(asking: Asking) -> None:
    await asking.ask("k", 1)
    before = await commands(asking.client)
    await asyncio.gather(*(asking.ask("k", 1) for _ in range(400)))
    assert await commands(asking.client) - before < 60  # reads of a socket, not 400


async def test_one_that_fails_fails_alone(asking: Asking) -> None:
    await asking.client.set("{t}bad", "no number")
    keys = ["bad" if n % 3 == 0 else "good" for n in range(30)]
    answers = await asyncio.gather(*(asking.ask(key, 1) for key in keys), return_exceptions=True)
    for key, answer in zip(keys, answers, strict=True):
        assert isinstance(answer, ResponseError) is (key == "bad")
    assert await asking.client.get("{t}good") == b"20"


async def test_a_server_that_forgot_the_script_is_taught_it_again(asking: Asking) -> None:
    await asking.ask("k", 1)
    await asking.client.script_flush()
    answers = await asyncio.gather(*(asking.ask("k", 1) for _ in range(20)))
    assert sorted(total for _, total in answers) == list(range(2, 22))


async def test_whoever_goes_away_does_not_hold_up_the_others(asking: Asking) -> None:
    tasks = [asyncio.create_task(asking.ask("k", 1)) for _ in range(60)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, list) for answer in done[1::2])
    assert isinstance(await asking.ask("k", 0), list)


async def test_more_than_fits_at_once_is_asked_in_turns(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER_MAX", 7)
    answers = await asyncio.gather(*(asking.ask("k", 1) for _ in range(100)))
    assert sorted(total for _, total in answers) == list(range(1, 101))


async def test_everyone_is_told_when_the_store_goes_away_and_can_ask_again(valkey_url: str) -> None:
    async with proxied(valkey_url) as proxy:
        client = open_client(proxy.url)
        asking = Asking(client)
        await asyncio.gather(*(asking.ask("k", 1) for _ in range(20)))
        proxy.losing = True
        lost = await asyncio.gather(*(asking.ask("k", 1) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in lost)
        proxy.losing = False
        assert isinstance(await asking.ask("k", 1), list)
        await client.aclose()
    with pytest.raises((RedisConnectionError, OSError)):
        await asking.ask("k", 1)
