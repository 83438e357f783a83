"""Who runs a room: one node at a time, known by name, fenced by an epoch that grows with every hand-over.

A node's name outlives its process (`node`), so that a server which was killed has its rooms back the moment it
starts again; another node waits until the lease has run out.
"""

from __future__ import annotations

from redis.asyncio import Redis

from server.rooms.ports import LeaseHeld, LeaseLost
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

    async def acquire(self, session: str, *, node: str) -> int:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        match await ask(lambda: self._acquire(keys, [node, self._lease_ms])):
            case [b"ok", int(epoch)]:
                return epoch
            case [b"held", bytes(holder), int(ms_left)]:
                raise LeaseHeld(holder.decode(), ms_left)
            case answer:
                raise AssertionError(answer)

    async def renew(self, session: str, *, node: str, epoch: int) -> None:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        status, *rest = await ask(lambda: self._renew(keys, [node, epoch, self._lease_ms]))
        if status != b"ok":
            raise LeaseLost(f"session {session} is at epoch {rest[0].decode()}, not {epoch}")

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        await ask(lambda: self._renew(keys, [node, epoch, 0]))
