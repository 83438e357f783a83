"""The log of each session: a stream that only grows, one writer at a time, every line chained to those before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from redis.asyncio import Redis

from facilitation.events import HoursAmended, NoteSigned, Recorded
from server.rooms.ports import CorruptLog, LeaseLost
from server.store import chain, codec
from server.store.calls import ask, script
from server.store.keys import Keys
from server.store.ports import Linked
from server.store.together import Together, Word

BATCH_MAX = 500
"""Records in one append. A turn of a room makes far fewer."""
PAGE = 1_000
"""Entries read at once."""
HEADS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log ends."""

    seq: int
    at: int
    hash: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records ready to be written after `before`, which no reader will stumble over."""

    first: int
    lines: tuple[tuple[bytes, str], ...]
    """Line and hash of each."""
    signed: int
    """`seq` of the last among them that posts hours (a signed note, an amendment), 0 if there is none."""
    head: Head


def start(session: str) -> Head:
    """The head of an empty log."""
    return Head(0, 0, chain.genesis("log", session))


def batch(records: Sequence[Recorded], before: Head) -> Batch:
    """Encode and chain `records` after `before`. Raises ValueError where that would make a log nobody can read."""
    if not 1 <= len(records) <= BATCH_MAX:
        raise ValueError(f"{len(records)} records at once; 1 to {BATCH_MAX} can be appended")
    if any(later.seq != earlier.seq + 1 for earlier, later in pairwise(records)):
        raise ValueError("the records of an append must be consecutive")
    head, lines, signed = before, [], 0
    for record in records:
        if record.at < head.at:
            raise ValueError(f"record {record.seq} is {head.at - record.at} ms older than the one before it")
        line = codec.encode(record)
        head = Head(record.seq, record.at, chain.link(head.hash, line))
        lines.append((line, head.hash))
        if isinstance(record.event, NoteSigned | HoursAmended):
            signed = record.seq
    return Batch(records[0].seq, tuple(lines), signed, head)


def check(session: str, seq: int, line: bytes, stored_hash: str, before: Head) -> Linked:
    """The stored entry `seq` if it rightly follows `before`. Raises CorruptLog naming what is wrong."""
    where = f"log of session {session}, record {seq}"
    if seq != before.seq + 1:
        raise CorruptLog(f"{where}: records {before.seq + 1} to {seq - 1} are missing")
    if chain.link(before.hash, line) != stored_hash:
        raise CorruptLog(f"{where}: its text is not what was written (hash chain broken)")
    try:
        record = codec.decode(line)
    except CorruptLog as error:
        raise CorruptLog(f"{where}: {error}") from error
    if record.seq != seq:
        raise CorruptLog(f"{where}: it says of itself that it is record {record.seq}")
    if record.at < before.at:
        raise CorruptLog(f"{where}: it is {before.at - record.at} ms older than the one before it")
    return Linked(record=record, line=line, hash=stored_hash)


class RedisEventLog:
    """The port `SessionLog` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys, together: Together) -> None:
        self._client = client
        self._keys = keys
        self._together = together
        self._append = script(client, "append")
        self._heads: dict[str, Head] = {}  # a guess of each log's end that the script checks

    async def read(self, session: str, *, after: int = 0) -> list[Recorded]:
        return [linked.record async for linked in self.linked(session, after=after)]

    async def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Linked]:
        head = await self._head(session, after)
        while True:
            page, last = await self._page(session, head.seq)
            for stream_id, fields in page:
                seq, line, stored_hash = _entry(session, stream_id, fields)
                linked = check(session, seq, line, stored_hash, head)
                head = Head(seq, linked.record.at, stored_hash)
                yield linked
            if len(page) < PAGE:
                break
        if last > head.seq:
            raise CorruptLog(f"log of session {session}: records {head.seq + 1} to {last} were removed from its end")
        self._remember(session, head)

    async def append(self, session: str, records: Sequence[Recorded], *, epoch: int) -> None:
        if not records:
            return
        before = await self._head(session, records[0].seq - 1)
        made = batch(records, before)
        keys = [self._keys.log(session), self._keys.epoch(session), self._keys.logs, self._keys.owed]
        words: list[Word] = [epoch, session, made.first, before.hash, made.signed]
        for line, line_hash in made.lines:
            words += (line, line_hash)
        answer = await ask(lambda: self._together.run(self._append, keys, words))
        if answer[0] == b"ok":
            self._remember(session, made.head)
            return
        self._heads.pop(session, None)
        where = f"log of session {session}"
        match answer:
            case [b"fenced", current]:
                raise LeaseLost(f"{where} is at epoch {current.decode()}, not {epoch}")
            case [b"gap", last]:
                raise CorruptLog(f"{where} ends at {last.decode()}; record {made.first} does not follow")
            case [b"differs", seq]:
                raise CorruptLog(f"{where}: another record {seq} is there already")
            case _:
                raise AssertionError(answer)

    async def hash_at(self, session: str, seq: int) -> str:
        return (await self._head(session, seq)).hash

    async def at(self, session: str, seq: int) -> Linked:
        before = await self._head(session, seq - 1)
        found = await ask(lambda: self._client.xrange(self._keys.log(session), f"{seq}-0", f"{seq}-0"))
        if not found:
            raise CorruptLog(f"log of session {session} has no record {seq}")
        return check(session, *_entry(session, *found[0]), before)

    async def lengths(self, sessions: Sequence[str]) -> dict[str, int]:
        async def count() -> list[Any]:
            async with self._client.pipeline(transaction=False) as all_of_them:
                for session in sessions:
                    all_of_them.xlen(self._keys.log(session))
                return await all_of_them.execute(raise_on_error=False)

        found = dict(zip(sessions, await ask(count), strict=True)) if sessions else {}
        for session, length in found.items():
            if isinstance(length, Exception):
                raise CorruptLog(f"log of session {session} is not a stream: {length}") from length
        return found

    async def sessions(self) -> list[str]:
        members = await ask(lambda: self._client.smembers(self._keys.logs))
        return sorted(member.decode() for member in members)

    async def _head(self, session: str, seq: int) -> Head:
        """The head as it was after record `seq`, without a question if that is where we left the log."""
        if seq == 0:
            return start(session)
        known = self._heads.get(session)
        if known is not None and known.seq == seq:
            return known
        found = await ask(lambda: self._client.xrange(self._keys.log(session), f"{seq}-0", f"{seq}-0"))
        if not found:
            raise CorruptLog(f"log of session {session} has no record {seq}")
        _, line, stored_hash = _entry(session, *found[0])
        return Head(seq, codec.decode(line).at, stored_hash)

    async def _page(self, session: str, after: int) -> tuple[list[tuple[bytes, dict[bytes, bytes]]], int]:
        """Up to PAGE entries after `after`, and the `seq` last ever written, both as of one moment."""

        async def read() -> list[Any]:
            async with self._client.pipeline(transaction=True) as both:
                both.xrange(self._keys.log(session), f"{after + 1}-0", "+", count=PAGE)
                both.xinfo_stream(self._keys.log(session))
                return await both.execute(raise_on_error=False)

        page, info = await ask(read)
        for answer in (page, info):
            if isinstance(answer, Exception) and "no such key" not in str(answer):
                raise CorruptLog(f"log of session {session} is not a stream: {answer}") from answer
        last = 0 if isinstance(info, Exception) else _seq(session, info["last-generated-id"])
        return page, last

    def _remember(self, session: str, head: Head) -> None:
        self._heads.pop(session, None)
        self._heads[session] = head
        if len(self._heads) > HEADS_MAX:
            del self._heads[next(iter(self._heads))]  # the one that was left alone the longest


def _entry(session: str, stream_id: bytes, fields: Mapping[bytes, bytes]) -> tuple[int, bytes, str]:
    """`seq`, line and hash of one stream entry. Raises CorruptLog for anything else than what we write."""
    seq = _seq(session, stream_id)
    if fields.keys() != {b"record", b"hash"}:
        raise CorruptLog(f"log of session {session}, record {seq}: the entry was not written by Milieu")
    return seq, fields[b"record"], fields[b"hash"].decode(errors="replace")


def _seq(session: str, stream_id: bytes) -> int:
    seq, _, zero = stream_id.decode(errors="replace").partition("-")
    if zero != "0":
        raise CorruptLog(f"log of session {session}: entry {seq}-{zero} was not written by Milieu")
    return int(seq)
