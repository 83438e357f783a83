"""The log of disclosures: one chain a clinic, which only grows, and for each person what of it is about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec
from redis.asyncio import Redis

from facilitation.disclosures import Disclosure
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store import chain
from server.store.calls import ask, script
from server.store.keys import Keys
from server.store.together import Word

RACES_MAX = 20
PAGE = 500
SHOWN_MAX = 1_000
"""Of one person's account, the newest."""


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A disclosure as it is written: what its hash covers beside the hash before it."""

    number: int
    disclosure: Disclosure


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def genesis(clinic: str) -> str:
    return chain.genesis("disclosures", clinic)


def text(number: int, disclosure: Disclosure) -> bytes:
    """A disclosure as one line of JSON, the text that is hashed."""
    return _encoder.encode(Line(number=number, disclosure=disclosure))


def check(number: int, line: bytes, line_hash: str, previous: str) -> Disclosure:
    """The disclosure that rightly stands at `number` after `previous`. Raises CorruptLog that says why it does not."""
    if chain.link(previous, line) != line_hash:
        raise CorruptLog(f"disclosure {number}: its text is not what was logged (hash chain broken)")
    try:
        read = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptLog(f"disclosure {number}: not one: {error}") from error
    if read.number != number:
        raise CorruptLog(f"disclosure {number}: it says of itself that it is number {read.number}")
    return read.disclosure


class RedisDisclosures:
    """The port `Disclosures` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._disclose = script(client, "disclose")
        self._genesis = genesis(keys.clinic)
        self._end = (0, self._genesis)  # a guess of the chain's end that the script checks

    async def record(self, disclosure: Disclosure) -> Disclosure:
        keys = [self._keys.disclosures, self._keys.disclosed]
        keys += [self._keys.disclosed_about(person) for person in disclosure.about]
        for _ in range(RACES_MAX):
            last, previous = self._end
            line = text(last + 1, disclosure)
            end = (last + 1, chain.link(previous, line))
            words: list[Word] = [disclosure.disclosure, end[0], previous, line, end[1]]
            match await ask(partial(self._disclose, keys, words)):
                case [b"logged"]:
                    self._end = end
                    return disclosure
                case [b"already", bytes(number)]:
                    return await self._stands(_whole(number))
                case [b"moved", bytes(last_id), last_hash]:
                    known = last_hash.decode(errors="replace") if last_hash else self._genesis
                    self._end = (_number(last_id), known)
                case answer:
                    raise AssertionError(answer)
        raise StoreUnavailable("other servers keep logging disclosures")

    async def about(self, person: str) -> list[Disclosure]:
        key = self._keys.disclosed_about(person)
        numbers = await ask(partial(self._client.zrange, key, 0, SHOWN_MAX - 1, desc=True))
        found = []
        for first in range(0, len(numbers), PAGE):
            found += await self._read([_whole(number) for number in numbers[first : first + PAGE]])
        return found

    async def all(self) -> AsyncIterator[Disclosure]:
        logged = await ask(partial(self._client.hlen, self._keys.disclosed))  # first: more may be logged meanwhile
        number, previous = 0, self._genesis
        while True:
            low = f"{number + 1}-0"
            page = await ask(partial(self._client.xrange, self._keys.disclosures, low, "+", PAGE))
            for stream_id, fields in page:
                number += 1
                if _number(stream_id) != number:
                    raise CorruptLog(f"disclosure {number}: missing; {_number(stream_id)} stands in its place")
                line, line_hash = _fields(number, fields)
                yield check(number, line, line_hash, previous)
                previous = line_hash
            if len(page) < PAGE:
                break
        if logged > number:
            raise CorruptLog(f"disclosures {number + 1} to {logged}: missing, though they were logged")

    async def _stands(self, number: int) -> Disclosure:
        return (await self._read([number]))[0]

    async def _read(self, numbers: Sequence[int]) -> list[Disclosure]:
        async def both() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipeline:
                for number in numbers:  # with the one before it, whose hash this one's covers
                    pipeline.xrange(self._keys.disclosures, f"{max(1, number - 1)}-0", f"{number}-0")
                return await pipeline.execute()

        found = []
        for number, rows in zip(numbers, await ask(both), strict=True):
            if [_number(stream_id) for stream_id, _ in rows] != list(range(max(1, number - 1), number + 1)):
                raise CorruptLog(f"disclosure {number}: missing, though it was logged")
            line, line_hash = _fields(number, rows[-1][1])
            previous = self._genesis if number == 1 else _fields(number - 1, rows[0][1])[1]
            found.append(check(number, line, line_hash, previous))
        return found


def _fields(number: int, fields: dict[bytes, bytes]) -> tuple[bytes, str]:
    if fields.keys() != {b"disclosure", b"hash"}:
        raise CorruptLog(f"disclosure {number}: it was not written by Milieu")
    return fields[b"disclosure"], fields[b"hash"].decode(errors="replace")


def _number(stream_id: bytes) -> int:
    number, _, zero = stream_id.decode().partition("-")
    if zero != "0":
        raise CorruptLog(f"disclosure {number}-{zero} was not written by Milieu")
    return int(number)


def _whole(number: bytes) -> int:
    try:
        return int(number)
    except ValueError as error:
        raise CorruptLog("the index of disclosures was not written by Milieu") from error
