"""The clinic's register: versioned records of every kind, each replaced as a whole and none ever lost.

A record says upon which revision it was typed, so that of two people who change the same thing the second is told
(`Stale`) and nothing is overwritten unseen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from redis.asyncio import Redis

from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog, Stale
from server.store.calls import ask, script
from server.store.followed import Followed
from server.store.keys import Keys
from server.store.together import Word

T = TypeVar("T")

CHANGES_MAX = 500
"""In one call: they are one step of the store, which does nothing else meanwhile."""
RECORD_BYTES_MAX = 256 * 1024
KIND = re.compile(r"[a-z][a-z-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A record as it is to be. `upon`: the revision it was typed upon; 0: there was none. `data`: JSON.

    `remembered`: whether its past is kept, as it is for whatever somebody may have to answer for. Not for what changes
    by itself (when a device was last seen) or should be gone when it is over.
    """

    kind: str
    id: str
    data: bytes
    upon: int
    remembered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record as it stands, or stood. `revision` counts from 1; `by`: who made it so ("": the server itself)."""

    id: str
    revision: int
    by: PersonId | str
    at: Instant
    data: bytes


class Register(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def get(self, kind: str, id: str) -> Kept | None: ...
    async def some(self, kind: str, ids: Sequence[str]) -> dict[str, Kept]:
        """By id, in one question; those that are not there are left out."""
        ...

    async def all(self, kind: str, as_: type[Any], read: Callable[[Kept], T]) -> Mapping[str, T]:
        """By id, each as `read` makes it of what is kept: once for each type `as_`, however often they are asked for.

        The same object as before while none has changed.
        """
        ...

    async def history(self, kind: str, id: str) -> list[Kept]:
        """The oldest first, what stands included; empty for what is not remembered."""
        ...

    async def put(self, changes: Sequence[Change], *, by: PersonId | str, at: Instant) -> list[Kept]:
        """All of them or none, durably. Doing it again is harmless. Raises Stale."""
        ...


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    by: str
    at: int
    data: msgspec.Raw


_decoder = msgspec.json.Decoder(_Envelope)


def seal(change: Change, *, by: str, at: Instant) -> bytes:
    """A record as one line: its revision, then the rest as JSON."""
    envelope = _Envelope(by=by, at=at, data=msgspec.Raw(change.data))
    return b"%d %b" % (change.upon + 1, msgspec.json.encode(envelope))


def unseal(kind: str, id: str, line: bytes) -> Kept:
    revision, _, rest = line.partition(b" ")
    try:
        envelope = _decoder.decode(rest)
        return Kept(id=id, revision=int(revision), by=envelope.by, at=Instant(envelope.at), data=bytes(envelope.data))
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise CorruptLog(f"{kind} {id} of the register cannot be read") from error


def check(changes: Sequence[Change]) -> None:
    """Whether the store may be asked for these. What is not is our mistake (AssertionError)."""
    assert len(changes) <= CHANGES_MAX, "too many changes in one step"
    assert len({(change.kind, change.id) for change in changes}) == len(changes), "one record twice in one step"
    for change in changes:
        assert KIND.fullmatch(change.kind), change.kind
        assert 0 < len(change.id) <= 200, "an id of no use"
        assert len(change.data) <= RECORD_BYTES_MAX, f"a {change.kind} that is too large"


class RedisRegister:
    """The port on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._put = script(client, "register")
        self._followed: dict[tuple[str, type], Followed[Any]] = {}

    async def get(self, kind: str, id: str) -> Kept | None:
        line = await ask(partial(self._client.hget, self._keys.register(kind), id))
        return None if line is None else unseal(kind, id, line)

    async def some(self, kind: str, ids: Sequence[str]) -> dict[str, Kept]:
        if not ids:
            return {}
        lines: list[bytes | None] = await ask(partial(self._client.hmget, self._keys.register(kind), list(ids)))
        return {id: unseal(kind, id, line) for id, line in zip(ids, lines, strict=True) if line is not None}

    async def all(self, kind: str, as_: type[Any], read: Callable[[Kept], T]) -> Mapping[str, T]:
        followed: Followed[T] | None = self._followed.get((kind, as_))
        if followed is None:
            followed = self._followed[kind, as_] = Followed(
                self._client,
                records=self._keys.register(kind),
                turns=self._keys.register_turns(kind),
                read=lambda id, line: read(unseal(kind, id, line)),
            )
        return await followed.all()

    async def history(self, kind: str, id: str) -> list[Kept]:
        lines = await ask(partial(self._client.lrange, self._keys.register_past(kind, id), 0, -1))
        return [unseal(kind, id, line) for line in lines]

    async def put(self, changes: Sequence[Change], *, by: PersonId | str, at: Instant) -> list[Kept]:
        check(changes)
        keys: list[str] = []
        words: list[Word] = []
        lines = [seal(change, by=by, at=at) for change in changes]
        for change, line in zip(changes, lines, strict=True):
            keys += [self._keys.register(change.kind), self._keys.register_turns(change.kind)]
            keys += [self._keys.register_past(change.kind, change.id)]
            words += [change.id, change.upon, line, int(change.remembered)]
        match await ask(partial(self._put, keys, words)) if changes else [b"kept"]:
            case [b"kept"]:
                return [unseal(each.kind, each.id, line) for each, line in zip(changes, lines, strict=True)]
            case [b"stale", int(which)]:
                raise Stale(changes[which - 1].kind, changes[which - 1].id)
            case answer:
                raise AssertionError(answer)


class MemoryRegister:
    """Its twin in this process's memory."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, bytes]] = {}
        self._past: dict[tuple[str, str], list[bytes]] = {}

    async def get(self, kind: str, id: str) -> Kept | None:
        line = self._records.get(kind, {}).get(id)
        return None if line is None else unseal(kind, id, line)

    async def some(self, kind: str, ids: Sequence[str]) -> dict[str, Kept]:
        records = self._records.get(kind, {})
        return {id: unseal(kind, id, records[id]) for id in ids if id in records}

    async def all(self, kind: str, as_: type[Any], read: Callable[[Kept], T]) -> Mapping[str, T]:
        return {id: read(unseal(kind, id, line)) for id, line in sorted(self._records.get(kind, {}).items())}

    async def history(self, kind: str, id: str) -> list[Kept]:
        return [unseal(kind, id, line) for line in self._past.get((kind, id), ())]

    async def put(self, changes: Sequence[Change], *, by: PersonId | str, at: Instant) -> list[Kept]:
        check(changes)
        lines = [seal(change, by=by, at=at) for change in changes]
        for change, line in zip(changes, lines, strict=True):
            there = self._records.get(change.kind, {}).get(change.id)
            stands = 0 if there is None else unseal(change.kind, change.id, there).revision
            if there != line and stands != change.upon:
                raise Stale(change.kind, change.id)
        for change, line in zip(changes, lines, strict=True):
            records = self._records.setdefault(change.kind, {})
            if records.get(change.id) != line:
                records[change.id] = line
                if change.remembered:
                    self._past.setdefault((change.kind, change.id), []).append(line)
        return [unseal(each.kind, each.id, line) for each, line in zip(changes, lines, strict=True)]


# --------------------------------------------------------------------------- by type


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(Generic[T]):
    """A record of its own type, with its revision, who made it so and when."""

    id: str
    revision: int
    by: PersonId | str
    at: Instant
    value: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A change that says to which shelf it belongs: several shelves' drafts can be put in one step (`put_all`)."""

    change: Change


class Shelf(Generic[T]):
    """Records of one kind and type. `id_of` says under what name a record is kept; `remembered` as in `Change`.

    Fields that a type gets later need a default, so that what was kept before can still be read.
    """

    def __init__(
        self, register: Register, kind: str, type: type[T], *, id_of: Callable[[T], str], remembered: bool = True
    ) -> None:
        self._register = register
        self._kind = kind
        self._type = type
        self._decoder = msgspec.json.Decoder(type)
        self._id_of = id_of
        self._remembered = remembered

    async def get(self, id: str) -> Held[T] | None:
        kept = await self._register.get(self._kind, id)
        return None if kept is None else self._held(kept)

    async def some(self, ids: Sequence[str]) -> dict[str, Held[T]]:
        """Those of these ids that there are, read in one question."""
        return {id: self._held(kept) for id, kept in (await self._register.some(self._kind, ids)).items()}

    async def all(self) -> Mapping[str, Held[T]]:
        """By id; the same object as before while none has changed."""
        return await self._register.all(self._kind, self._type, self._held)

    async def history(self, id: str) -> list[Held[T]]:
        return [self._held(kept) for kept in await self._register.history(self._kind, id)]

    async def put(self, value: T, *, upon: int, by: PersonId | str, at: Instant) -> Held[T]:
        """Raises Stale."""
        [kept] = await self._register.put([self.draft(value, upon=upon).change], by=by, at=at)
        return self._held(kept)

    def draft(self, value: T, *, upon: int) -> Draft:
        data = msgspec.json.encode(value)
        return Draft(
            change=Change(kind=self._kind, id=self._id_of(value), data=data, upon=upon, remembered=self._remembered)
        )

    def _held(self, kept: Kept) -> Held[T]:
        try:
            value = self._decoder.decode(kept.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:  # the error might quote what it reads
            raise CorruptLog(f"{self._kind} {kept.id} of the register is not one") from error
        return Held(id=kept.id, revision=kept.revision, by=kept.by, at=kept.at, value=value)


async def put_all(register: Register, drafts: Sequence[Draft], *, by: PersonId | str, at: Instant) -> None:
    """Drafts of any shelves in one step: all or none. Raises Stale."""
    await register.put([draft.change for draft in drafts], by=by, at=at)
