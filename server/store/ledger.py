"""The hours ledger: a chain of entries for each person; a fact is posted once, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from redis.asyncio import Redis

from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store import hours
from server.store.calls import ask, script
from server.store.checkpoint import ChainHead
from server.store.hours import Account, HoursEntry, HoursFacts, Row
from server.store.keys import Keys
from server.store.together import Together, Word

RACES_MAX = 20
"""How often a post starts over because another server was quicker. Each round one of them gets through."""
HEADS_MAX = 5_000
ASKED_AT_ONCE_MAX = 1_000
RECENT_AT_ONCE_MAX = 10
"""People whose last entries are read at once: about two milliseconds."""


class RedisLedger:
    """The port `Ledger` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys, together: Together) -> None:
        self._client = client
        self._keys = keys
        self._together = together
        self._post = script(client, "post")
        self._settle = script(client, "settle")
        self._heads: dict[str, tuple[int, str]] = {}  # a guess of each chain's end that the script checks
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def post(self, facts: HoursFacts, *, posted_at: Instant) -> HoursEntry:
        return (await self.post_all([facts], posted_at=posted_at))[0]

    async def post_all(self, facts: Sequence[HoursFacts], *, posted_at: Instant) -> list[HoursEntry]:
        person = hours.person_of(facts)
        turn = self._turns.setdefault(person, asyncio.Lock())
        async with turn:  # of two for one person at once, one would only have to start over
            return await self._post_next(person, facts, posted_at)

    async def _post_next(self, person: str, facts: Sequence[HoursFacts], posted_at: Instant) -> list[HoursEntry]:
        keys = [self._keys.entries(person), self._keys.posted(person), self._keys.weeks(person), self._keys.earners]
        for _ in range(RACES_MAX):
            head = self._heads.pop(person, None)
            last, previous = head or (0, hours.genesis(person))
            made = hours.chained(facts, after=last, previous=previous, posted_at=posted_at)
            words: list[Word] = [person, f"{last + 1} {previous}"]
            for entry, line in made:
                each = entry.facts
                about = f"{each.entry} {each.digest} {entry.hash} {each.week} {each.countable_min}"
                words += (about, line)
            match await ask(partial(self._together.run, self._post, keys, words)):
                case [b"posted"]:
                    self._remember(person, (made[-1][0].number, made[-1][0].hash))
                    return [entry for entry, _ in made]
                case [b"already", *there]:
                    posted = [None if each is None else _posted(person, each) for each in there]
                    return hours.stand(facts, posted, (await self.account(person)).entries())
                case [b"moved", bytes(last_id), last_hash]:
                    number = _number(person, last_id)
                    self._remember(person, (number, last_hash.decode() if last_hash else hours.genesis(person)))
                case answer:
                    raise AssertionError(answer)
        raise StoreUnavailable(f"other servers keep posting hours of {person}")

    async def account(self, person: str) -> Account:
        async def read() -> list[Any]:
            async with self._client.pipeline(transaction=True) as all_three:
                all_three.xrange(self._keys.entries(person))
                all_three.hgetall(self._keys.weeks(person))
                all_three.hgetall(self._keys.posted(person))
                return await all_three.execute()

        rows, weeks, posted = await ask(read)
        return Account(
            person=person,
            rows=tuple(_row(stream_id, fields) for stream_id, fields in rows),
            weeks={_text(week): _minutes(person, week, minutes) for week, minutes in weeks.items()},
            posted={_text(entry): _posted(person, there) for entry, there in posted.items()},
        )

    async def recent(self, people: Sequence[str], count: int) -> dict[str, list[HoursEntry]]:
        found: dict[str, list[HoursEntry]] = {}
        for first in range(0, len(people), RECENT_AT_ONCE_MAX):
            some = people[first : first + RECENT_AT_ONCE_MAX]
            for person, tail in zip(some, await ask(partial(self._tails, some, count + 1)), strict=True):
                rows = [_row(stream_id, fields) for stream_id, fields in reversed(tail)]
                found[person] = hours.last_entries(person, rows, count)
            await asyncio.sleep(0)
        return found

    async def people(self) -> list[str]:
        members = await ask(lambda: self._client.smembers(self._keys.earners))
        return sorted(member.decode() for member in members)

    async def heads(self, people: Sequence[str]) -> dict[str, ChainHead]:
        found: dict[str, ChainHead] = {}
        for first in range(0, len(people), ASKED_AT_ONCE_MAX):
            some = people[first : first + ASKED_AT_ONCE_MAX]
            for person, tail in zip(some, await ask(partial(self._tails, some)), strict=True):
                if tail:
                    stream_id, fields = tail[0]
                    found[person] = _head(person, stream_id, fields)
        return found

    async def weeks(self, people: Sequence[str]) -> dict[date, int]:
        found: dict[date, int] = {}
        for first in range(0, len(people), ASKED_AT_ONCE_MAX):
            some = people[first : first + ASKED_AT_ONCE_MAX]
            for person, weeks in zip(some, await ask(partial(self._weeks, some)), strict=True):
                hours.add_weeks(found, {_text(week): _minutes(person, week, told) for week, told in weeks.items()})
        return found

    async def _weeks(self, people: Sequence[str]) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for person in people:
                pipeline.hgetall(self._keys.weeks(person))
            return await pipeline.execute()

    async def _tails(self, people: Sequence[str], count: int = 1) -> list[Any]:
        async with self._client.pipeline(transaction=False) as pipeline:
            for person in people:
                pipeline.xrevrange(self._keys.entries(person), count=count)
            return await pipeline.execute()

    async def owed(self) -> dict[str, int]:
        owed = await ask(lambda: self._client.hgetall(self._keys.owed))
        return {session.decode(): int(seq) for session, seq in owed.items()}

    async def cursor(self, session: str) -> int:
        return int(await ask(lambda: self._client.hget(self._keys.cursors, session)) or 0)

    async def settle(self, session: str, seq: int) -> None:
        await ask(lambda: self._settle([self._keys.cursors, self._keys.owed], [session, seq]))

    def _remember(self, person: str, head: tuple[int, str]) -> None:
        self._heads[person] = head
        if len(self._heads) > HEADS_MAX:
            del self._heads[next(iter(self._heads))]


def _row(stream_id: bytes, fields: dict[bytes, bytes]) -> Row:
    return Row(id=stream_id.decode(), line=fields.get(b"entry", b""), hash=_text(fields.get(b"hash", b"")))


def _text(word: bytes) -> str:
    return word.decode(errors="replace")


def _head(person: str, stream_id: bytes, fields: dict[bytes, bytes]) -> ChainHead:
    return ChainHead(number=_number(person, stream_id), hash=hours.hash_of(person, _row(stream_id, fields)))


def _number(person: str, stream_id: bytes) -> int:
    number, _, zero = stream_id.decode().partition("-")
    if zero != "0":
        raise CorruptLog(f"hours of {person}: entry {stream_id.decode()} was not written by Milieu")
    return int(number)


def _posted(person: str, there: bytes) -> tuple[int, str]:
    try:
        number, digest = there.decode().split(" ")
        return int(number), digest
    except ValueError as error:
        raise CorruptLog(f"hours of {person}: the index of entries was not written by Milieu") from error


def _minutes(person: str, week: bytes, minutes: bytes) -> int:
    try:
        return int(minutes)
    except ValueError as error:
        where = f"hours of {person}: the total of week {_text(week)}"
        raise CorruptLog(f"{where} is no number") from error
