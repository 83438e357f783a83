"""Group commit: what is asked at the same time goes to the store together, and one sync of its disk answers it all.

A hundred rooms that log at once are a few round trips instead of a hundred. Who asks alone is not held up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

UNDER_WAY_MAX = 3
"""Round trips at once: while one waits for the disk, the next ones gather."""
TOGETHER_MAX = 200

Word = str | bytes | int


@dataclass(frozen=True, slots=True)
class _Asked:
    script: AsyncScript
    keys: Sequence[str]
    words: Sequence[Word]
    answer: asyncio.Future[Any]


class Together:
    """Runs scripts, those asked meanwhile in one round trip. Each is atomic by itself, as ever."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: list[_Asked] = []
        self._under_way = 0
        self._carriers: set[asyncio.Task[None]] = set()

    async def run(self, script: AsyncScript, keys: Sequence[str], words: Sequence[Word]) -> Any:
        """What the script answers, or raises what the client raises."""
        if self._under_way == 0:
            self._under_way += 1
            try:
                return await script(keys, words)
            finally:
                self._under_way -= 1
                self._send_waiting()
        asked = _Asked(script, keys, words, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._send_waiting()
        return await asked.answer

    def _send_waiting(self) -> None:
        """Start a carrier if there is work. It begins once all who ask in this turn of the loop have asked."""
        if self._waiting and self._under_way < UNDER_WAY_MAX and len(self._carriers) < UNDER_WAY_MAX:
            carrier = asyncio.create_task(self._carry())
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    async def _carry(self) -> None:
        self._under_way += 1
        try:
            while self._waiting:
                load, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
                await self._send(load)
        finally:
            self._under_way -= 1

    async def _send(self, load: list[_Asked]) -> None:
        answers: Sequence[Any]
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for asked in load:
                    pipeline.evalsha(asked.script.sha, len(asked.keys), *asked.keys, *asked.words)
                answers = await pipeline.execute(raise_on_error=False)
        except Exception as error:  # nobody knows what of it was done: everyone who asked is told, and asks again
            answers = [error] * len(load)
        except BaseException:
            for asked in load:
                asked.answer.cancel()
            raise
        for asked, answer in zip(load, answers, strict=True):
            await _give(asked, answer)


async def _give(asked: _Asked, answer: Any) -> None:
    if isinstance(answer, NoScriptError):  # the server was restarted: teach it the script
        try:
            answer = await asked.script(asked.keys, asked.words)
        except Exception as error:
            answer = error
    if asked.answer.done():  # whoever asked has gone
        return
    if isinstance(answer, Exception):
        asked.answer.set_exception(answer)
    else:
        asked.answer.set_result(answer)
