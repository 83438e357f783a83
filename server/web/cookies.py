"""Where cookies' seats lie: in the store, each under its id, revocable at any moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from starsessions.stores.base import SessionStore

Answer = TypeVar("Answer")

REVOKED = b"-"
REVOKED_FOR_S = 3_600

_WRITE = """
if redis.call('GET', KEYS[1]) == ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


class Client(Protocol):
    """As much of a Redis client (bytes in, bytes out) as this takes."""

    def get(self, name: str) -> Awaitable[bytes | str | None]: ...
    def set(self, name: str, value: bytes, ex: int) -> Awaitable[object]: ...
    def eval(self, script: str, numkeys: int, *keys_and_args: str | bytes | int) -> Awaitable[object]: ...


class Ask(Protocol):
    """Runs a call of the store, in whose words its failures come (StoreUnavailable)."""

    async def __call__(self, call: Callable[[], Awaitable[Answer]]) -> Answer: ...


class Cookies(SessionStore):
    """Cookie sessions in a Redis.

    What was revoked leaves a mark for an hour, so that a request that was under way meanwhile does not write the
    seats back.
    """

    def __init__(self, client: Client, *, prefix: str, ask: Ask) -> None:
        self._client = client
        self._prefix = prefix
        self._ask = ask

    async def read(self, session_id: str, lifetime: int) -> bytes:
        value = await self._ask(lambda: self._client.get(self._prefix + session_id))
        return value if isinstance(value, bytes) and value != REVOKED else b""

    async def write(self, session_id: str, data: bytes, lifetime: int, ttl: int) -> str:
        key = self._prefix + session_id
        await self._ask(lambda: self._client.eval(_WRITE, 1, key, data, max(1, ttl), REVOKED))
        return session_id

    async def remove(self, session_id: str) -> None:
        await self._ask(lambda: self._client.set(self._prefix + session_id, REVOKED, REVOKED_FOR_S))
