"""Who runs a room: one node at a time, known by name, fenced by an epoch that grows with every hand-over.

A node's name outlives its process (`node`), so that a server which was killed has its rooms back the moment it
starts again; another node waits until the lease has run out.

With the leases go the last proofs of life of everybody in these rooms: beside the logs, for a log is for ever and of
these only the latest ever matters. A new owner writes them into the log.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from redis.asyncio import Redis

from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, Held, LeaseHeld, Proofs
from server.store.calls import ask, script
from server.store.keys import Keys

LEASE_MS = 10_000
"""How long a silent node keeps its rooms: a few missed renewals."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, int]).decode


class RedisLeases:
    """The port `Leases` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys, *, lease_ms: int = LEASE_MS) -> None:
        self._client = client
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

    async def renew(self, rooms: Mapping[str, Held], *, node: str) -> Mapping[str, int]:
        if not rooms:
            return {}
        keys: list[str] = []
        words: list[str | bytes | int] = [node, self._lease_ms]
        for session, held in rooms.items():
            keys += (self._keys.lease(session), self._keys.epoch(session), self._keys.proofs(session))
            proofs = held.proofs
            if proofs is None:
                words += (held.epoch, 0, "", "")
            else:
                words += (held.epoch, proofs.at, _encode(proofs.heard), _encode(proofs.spoke_ms))
        answer = await ask(lambda: self._renew(keys, words))
        return {
            session: int(current)
            for (session, held), current in zip(rooms.items(), answer, strict=True)
            if int(current) != held.epoch
        }

    async def proofs(self, session: str) -> Proofs | None:
        kept = await ask(lambda: self._client.hgetall(self._keys.proofs(session)))
        if not kept:
            return None
        try:
            heard = {name: Instant(at) for name, at in _decode(kept[b"heard"]).items()}
            spoke_ms = _decode(kept.get(b"spoke", b"{}"))
            return Proofs(at=Instant(int(kept[b"at"])), heard=heard, spoke_ms=spoke_ms)
        except (KeyError, ValueError, msgspec.DecodeError) as error:
            raise CorruptLog(
                f"the proofs of life of session {session} were not written by Milieu: {error!r}"
            ) from error

    async def release(self, session: str, *, node: str, epoch: int) -> None:
        keys = [self._keys.lease(session), self._keys.epoch(session)]
        await ask(lambda: self._release(keys, [epoch]))
