"""Who runs a room: one node at a time, known by name, fenced by an epoch that grows with every hand-over.

A node's name outlives its process (`node`), so that a server which was killed has its rooms back the moment it
starts again; another node waits until the lease has run out.
"""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from server.rooms.ports import LeaseHeld
from server.store.calls import ask, script
from server.store.keys import Keys

LEASE_MS = 10_000
"""How long a silent node keeps its rooms. Renew every third of it."""


class RedisLeases:
    """The port `Leases` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys, *, lease_ms: int = LEASE_MS) -> None:
        self._keys = keys
        self._lease_ms = lease_ms
        self._acquire = script(client, "acquire")
        self._renew = script(client, "renew")
        self._release = script(client, "release")

    async def acquire(self, session: str, *, node: str) -> int:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        match await ask(lambda: self._acquire(keys, [node, self._lease_ms])):
            case [b"ok", int(epoch)]:
                return epoch
            case [b"held", bytes(holder), int(ms_left)]:
                raise LeaseHeld(holder.decode(), ms_left)
            case answer:
                raise AssertionError(answer)

    async def renew(self, epochs: Mapping[str, int], *, node: str) -> Mapping[str, int]:
        if not epochs:
            return {}
        keys = [key for session in epochs for key in (self._keys.lease(session), self._keys.epoch(session))]
        answer = await ask(lambda: self._renew(keys, [node, self._lease_ms, *epochs.values()]))
        return {
            session: int(current)
            for (session, epoch), current in zip(epochs.items(), answer, strict=True)
            if int(current) != epoch
        }

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        await ask(lambda: self._release(keys, [epoch]))
