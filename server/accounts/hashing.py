"""Slow hashes (Argon2id, RFC 9106), a few at a time; and as much work for nobody's password as for somebody's."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE_MAX: Final = 2
"""Each takes 64 MiB and a core for a quarter of a second."""


class Hashing:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._nobodys: str | None = None

    async def hash(self, secret: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, secret)

    async def fits(self, secret: str, hashed: str | None) -> bool:
        """Whether it is this secret's hash. With no hash the answer is no, after the same work."""
        if hashed is None:
            self._nobodys = self._nobodys or await self.hash("nobody has this password")
        async with self._turns:
            return await asyncio.to_thread(self._fits, secret, hashed or self._nobodys or "") and hashed is not None

    def _fits(self, secret: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, secret)
        except (VerificationError, InvalidHashError):
            return False
