"""The log of disclosures: one chain a clinic, which only grows, and for each person what of it is about them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from facilitation.disclosures import Disclosure
from server.store.chronicle import Kind, MemoryChronicle, RedisChronicle
from server.store.keys import Keys

SHOWN_MAX = 1_000
"""Of one person's account, the newest."""

KIND = Kind(type=Disclosure, name="disclosures", word="disclosure", id_of=lambda each: each.disclosure)


class ChronicleOfDisclosures:
    """The port `Disclosures` on a chronicle of either kind."""

    def __init__(self, lines: RedisChronicle[Disclosure] | MemoryChronicle[Disclosure], keys: Keys) -> None:
        self._lines = lines
        self._keys = keys

    async def record(self, disclosure: Disclosure) -> Disclosure:
        return await self._lines.write(disclosure, [self._keys.disclosed_about(each) for each in disclosure.about])

    async def about(self, person: str) -> list[Disclosure]:
        return await self._lines.read(await self._lines.newest(self._keys.disclosed_about(person), SHOWN_MAX))

    def all(self) -> AsyncIterator[Disclosure]:
        return self._lines.all()
