"""A hash of the store as this process last read it: each look asks what was put since, and reads that alone.

Every put gives its field the next *turn* of its hash, in the step of the write. So twenty thousand records cost one
short question while nobody changes one, and nothing is shown that is older than the question, whoever has written.
What stands there without a turn was put before there were any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from redis.asyncio import Redis

from server.store.calls import ask, script

T = TypeVar("T")

BREATH: Final = 500
"""Records read before the rooms of this process get their turn."""
NEAR_MAX: Final = 10_000
"""Records that are kept of a hash that is not read as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """`all`: everything is meant, and not what was put since alone. `words`: fields, or fields and records in turn."""

    all: bool
    words: Sequence[bytes]


class _Turns:
    """How far a hash was heard."""

    def __init__(self, client: Redis, *, records: str, turns: str) -> None:
        self._keys = [records, turns]
        self._changed = script(client, "changed")
        self._heard: tuple[int, bytes] = (-1, b"")

    async def since(self, *, wanted: bool) -> tuple[_News, tuple[int, bytes]]:
        """What was put since what was heard, with the records if they are `wanted`; and how far one has heard then."""
        turn, whose = self._heard
        answer: list[Any] = await ask(partial(self._changed, self._keys, [turn, whose, int(wanted)]))
        return _News(all=bool(answer[2]), words=answer[3:]), (answer[0], answer[1])

    def heard(self, until: tuple[int, bytes]) -> None:
        self._heard = until


class Followed(Generic[T]):
    """A whole hash, each record read once. `read` makes one of its field and its bytes, and may raise CorruptLog."""

    def __init__(self, client: Redis, *, records: str, turns: str, read: Callable[[str, bytes], T]) -> None:
        self._turns = _Turns(client, records=records, turns=turns)
        self._read = read
        self._known: Mapping[str, T] = MappingProxyType({})
        self._asking = asyncio.Lock()

    async def all(self) -> Mapping[str, T]:
        """By field, sorted: the very same object as before while nothing has changed.

        Raises StoreUnavailable, CorruptLog.
        """
        async with self._asking:
            news, until = await self._turns.since(wanted=True)
            if news.all or news.words:
                found = {} if news.all else dict(self._known)
                new = False
                for count, (field, line) in enumerate(_pairs(news.words), 1):
                    id = field.decode(errors="replace")
                    new = new or id not in found
                    found[id] = self._read(id, line)
                    if count % BREATH == 0:
                        await asyncio.sleep(0)
                self._known = MappingProxyType(dict(sorted(found.items())) if new else found)
            self._turns.heard(until)
            return self._known


class Nearby(Generic[T]):
    """A hash that grows for ever, of which some are looked at again and again: each of those read once."""

    def __init__(self, client: Redis, *, records: str, turns: str, read: Callable[[str, bytes], T]) -> None:
        self._client = client
        self._records = records
        self._turns = _Turns(client, records=records, turns=turns)
        self._read = read
        self._known: dict[bytes, T] = {}
        self._asking = asyncio.Lock()

    async def those(self, fields: Callable[[], Any]) -> list[T]:
        """Of the fields that `fields` finds in the store, in that order; those that are not there are left out.

        Raises StoreUnavailable, CorruptLog.
        """
        async with self._asking:
            news, until = await self._turns.since(wanted=False)
            for field in tuple(self._known) if news.all else news.words:
                self._known.pop(field, None)
            self._turns.heard(until)
            wanted: list[bytes] = await ask(fields)
            unknown = [field for field in wanted if field not in self._known]
            if unknown:
                lines: list[bytes | None] = await ask(partial(self._client.hmget, self._records, unknown))
                for count, (field, line) in enumerate(zip(unknown, lines, strict=True), 1):
                    if line is not None:
                        self._known[field] = self._read(field.decode(errors="replace"), line)
                    if count % BREATH == 0:
                        await asyncio.sleep(0)
            found = [self._known[field] for field in wanted if field in self._known]
            if len(self._known) > max(NEAR_MAX, len(wanted)):
                self._known = {field: self._known[field] for field in wanted if field in self._known}
            return found


def _pairs(words: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(words[::2], words[1::2], strict=True)
