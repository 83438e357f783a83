"""Signing PINs and who has just shown theirs. Of a PIN, only a slow hash is kept, and of a browser only a fast one."""

from __future__ import annotations

import hashlib

from redis.asyncio import Redis

from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.store.calls import ask
from server.store.keys import Keys

MISSES_FOR_S = 15 * 60
"""How long a wrong PIN is remembered, counted from the first."""


def proof_of(bearer: str, person: str) -> str:
    """The name of a proof: a leaked store opens no browser's session."""
    return hashlib.sha256(f"{len(bearer)} {bearer} {person}".encode()).hexdigest()


class RedisSigning:
    """The port `Signing` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    async def pin(self, person: PersonId) -> str | None:
        found = await ask(lambda: self._client.hget(self._keys.pins, person))
        return None if found is None else bytes(found).decode(errors="replace")

    async def choose(self, person: PersonId, hashed: str) -> bool:
        """A lost answer may hide a yes: what stands is asked for again."""
        if await ask(lambda: self._client.hsetnx(self._keys.pins, person, hashed)):
            return True
        return await self.pin(person) == hashed

    async def replace(self, person: PersonId, hashed: str) -> None:
        await ask(lambda: self._client.hset(self._keys.pins, person, hashed))

    async def forget(self, person: PersonId) -> bool:
        async def both() -> int:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hdel(self._keys.pins, person)
                pipeline.delete(self._keys.misses(person))
                gone, _ = await pipeline.execute()
            return int(gone)

        return bool(await ask(both))

    async def missed(self, person: PersonId) -> int:
        async def both() -> int:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(self._keys.misses(person), 0, ex=MISSES_FOR_S, nx=True)
                pipeline.incr(self._keys.misses(person))
                _, count = await pipeline.execute()
            return int(count)

        return int(await ask(both))

    async def misses(self, person: PersonId) -> int:
        return int(await ask(lambda: self._client.get(self._keys.misses(person))) or 0)

    async def forgive(self, person: PersonId) -> None:
        await ask(lambda: self._client.delete(self._keys.misses(person)))

    async def prove(self, bearer: str, person: PersonId, *, until: Instant) -> None:
        key = self._keys.proof(proof_of(bearer, person))
        await ask(lambda: self._client.set(key, until, pxat=until))

    async def proven(self, bearer: str, person: PersonId) -> Instant | None:
        found = await ask(lambda: self._client.get(self._keys.proof(proof_of(bearer, person))))
        return None if found is None else Instant(int(found))
