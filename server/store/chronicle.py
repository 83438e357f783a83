"""Chronicles: lines in one chain that only grows, each written once under its id, and found by indexes.

What was handed out (`disclosures`) and who read or did what (`audit`) are chronicles.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from redis.asyncio import Redis

from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store import chain
from server.store.calls import ask, script
from server.store.together import Word

T = TypeVar("T")

RACES_MAX = 20
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[T]):
    """What a chronicle is of. `word`: one line of it, as it is called in its stream, its JSON and in errors.

    `name` stands in the first hash of the chain; `id_of`: under what a line is written once.
    """

    type: type[T]
    name: str
    word: str
    id_of: Callable[[T], str]

    def genesis(self, clinic: str) -> str:
        return chain.genesis(self.name, clinic)

    def text(self, number: int, thing: T) -> bytes:
        """A line of JSON, the text that is hashed."""
        return msgspec.json.encode({"number": number, self.word: thing})

    def check(self, number: int, line: bytes, line_hash: str, previous: str) -> T:
        """What rightly stands at `number` after `previous`. Raises CorruptLog that says why it does not."""
        if chain.link(previous, line) != line_hash:
            raise CorruptLog(f"{self.word} {number}: its text is not what was logged (hash chain broken)")
        try:
            fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            if fields.keys() != {"number", self.word}:
                raise msgspec.ValidationError("it has other fields")
            said = msgspec.json.decode(fields["number"], type=int)
            thing = msgspec.json.decode(fields[self.word], type=self.type)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CorruptLog(f"{self.word} {number}: not one: {error}") from error
        if said != number:
            raise CorruptLog(f"{self.word} {number}: it says of itself that it is number {said}")
        return thing


@dataclass(frozen=True, slots=True)
class ChronicleKeys:
    """`lines` is a stream, `ids` a hash of ids to numbers, an index a sorted set of numbers."""

    lines: str
    ids: str


class RedisChronicle(Generic[T]):
    """A chronicle on a real Redis or Valkey."""

    def __init__(self, client: Redis, kind: Kind[T], keys: ChronicleKeys, *, clinic: str) -> None:
        self._client = client
        self._kind = kind
        self._keys = keys
        self._write = script(client, "chronicle")
        self._genesis = kind.genesis(clinic)
        self._end = (0, self._genesis)  # a guess of the chain's end that the script checks

    async def write(self, thing: T, indexes: Sequence[str]) -> T:
        """Write it, durably and once; returns what stands under its id. Raises CorruptLog."""
        id, keys = self._kind.id_of(thing), [self._keys.lines, self._keys.ids, *indexes]
        for _ in range(RACES_MAX):
            last, previous = self._end
            line = self._kind.text(last + 1, thing)
            end = (last + 1, chain.link(previous, line))
            words: list[Word] = [id, end[0], previous, self._kind.word, line, end[1]]
            match await ask(partial(self._write, keys, words)):
                case [b"written"]:
                    self._end = end
                    return thing
                case [b"already", bytes(number)]:
                    return (await self.read([self._whole(number)]))[0]
                case [b"moved", bytes(last_id), last_hash]:
                    known = last_hash.decode(errors="replace") if last_hash else self._genesis
                    self._end = (self._number(last_id), known)
                case answer:
                    raise AssertionError(answer)
        raise StoreUnavailable(f"other servers keep writing: {self._kind.name}")

    async def count(self) -> int:
        return int(await ask(partial(self._client.hlen, self._keys.ids)))

    async def newest(self, index: str, count: int, *, before: int | None = None) -> list[int]:
        """Numbers in `index`, the newest first, those below `before` alone."""
        high = "+inf" if before is None else f"({before}"
        numbers = await ask(
            partial(self._client.zrange, index, high, "-inf", desc=True, byscore=True, offset=0, num=count)
        )
        return [self._whole(number) for number in numbers]

    async def all(self) -> AsyncIterator[T]:
        """Every one, the oldest first, each checked against the chain: raises CorruptLog at the first bad one."""
        logged = await self.count()  # first: more may be written meanwhile
        number, previous = 0, self._genesis
        while True:
            low = f"{number + 1}-0"
            page = await ask(partial(self._client.xrange, self._keys.lines, low, "+", PAGE))
            for stream_id, fields in page:
                number += 1
                if self._number(stream_id) != number:
                    raise CorruptLog(
                        f"{self._kind.word} {number}: missing; {self._number(stream_id)} stands in its place"
                    )
                line, line_hash = self._fields(number, fields)
                yield self._kind.check(number, line, line_hash, previous)
                previous = line_hash
            if len(page) < PAGE:
                break
        if logged > number:
            raise CorruptLog(f"{self._kind.word}s {number + 1} to {logged}: missing, though they were logged")

    async def read(self, numbers: Sequence[int]) -> list[T]:
        """Those of these numbers, each checked against the one before it. Raises CorruptLog."""
        found = []
        for first in range(0, len(numbers), PAGE):
            found += await self._read(numbers[first : first + PAGE])
        return found

    async def _read(self, numbers: Sequence[int]) -> list[T]:
        async def all_of_them() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipeline:
                for number in numbers:  # with the one before it, whose hash this one's covers
                    pipeline.xrange(self._keys.lines, f"{max(1, number - 1)}-0", f"{number}-0")
                return await pipeline.execute()

        found = []
        for number, rows in zip(numbers, await ask(all_of_them), strict=True):
            if [self._number(stream_id) for stream_id, _ in rows] != list(range(max(1, number - 1), number + 1)):
                raise CorruptLog(f"{self._kind.word} {number}: missing, though it was logged")
            line, line_hash = self._fields(number, rows[-1][1])
            previous = self._genesis if number == 1 else self._fields(number - 1, rows[0][1])[1]
            found.append(self._kind.check(number, line, line_hash, previous))
        return found

    def _fields(self, number: int, fields: dict[bytes, bytes]) -> tuple[bytes, str]:
        word = self._kind.word.encode()
        if fields.keys() != {word, b"hash"}:
            raise CorruptLog(f"{self._kind.word} {number}: it was not written by Milieu")
        return fields[word], fields[b"hash"].decode(errors="replace")

    def _number(self, stream_id: bytes) -> int:
        number, _, zero = stream_id.decode().partition("-")
        if zero != "0":
            raise CorruptLog(f"{self._kind.word} {number}-{zero} was not written by Milieu")
        return int(number)

    def _whole(self, number: bytes) -> int:
        try:
            return int(number)
        except ValueError as error:
            raise CorruptLog(f"the index of {self._kind.name} was not written by Milieu") from error


class MemoryChronicle(Generic[T]):
    """Its twin in this process's memory."""

    def __init__(self, kind: Kind[T], *, clinic: str) -> None:
        self._kind = kind
        self._genesis = kind.genesis(clinic)
        self._rows: list[tuple[bytes, str]] = []
        self._ids: dict[str, int] = {}
        self._indexes: dict[str, list[int]] = {}

    async def write(self, thing: T, indexes: Sequence[str]) -> T:
        id = self._kind.id_of(thing)
        if id in self._ids:
            return (await self.read([self._ids[id]]))[0]
        number = len(self._rows) + 1
        line = self._kind.text(number, thing)
        self._rows.append((line, chain.link(self._previous(number), line)))
        self._ids[id] = number
        for index in dict.fromkeys(indexes):
            self._indexes.setdefault(index, []).append(number)
        return thing

    async def count(self) -> int:
        return len(self._rows)

    async def newest(self, index: str, count: int, *, before: int | None = None) -> list[int]:
        numbers = (n for n in reversed(self._indexes.get(index, ())) if before is None or n < before)
        return [number for number, _ in zip(numbers, range(count), strict=False)]

    async def all(self) -> AsyncIterator[T]:
        for number in range(1, len(self._rows) + 1):
            yield self._at(number)

    async def read(self, numbers: Sequence[int]) -> list[T]:
        return [self._at(number) for number in numbers]

    def _at(self, number: int) -> T:
        return self._kind.check(number, *self._rows[number - 1], self._previous(number))

    def _previous(self, number: int) -> str:
        return self._rows[number - 2][1] if number > 1 else self._genesis
