"""The clinic's people and scheduled sessions: small records, replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

import msgspec
from redis.asyncio import Redis

from facilitation.ids import ClinicId, CohortId, PersonId, SeriesId, SessionId
from facilitation.people import Expected, Role
from facilitation.schedule import SeriesKind
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store.calls import ask, script
from server.store.followed import Followed, Nearby
from server.store.keys import Keys
from server.store.together import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone of the clinic. `track` ('adult' or 'teen') says which week's floor holds; `zone` is an IANA name.

    `born`: their birthday, where the clinic knows it; minors' rules follow it (`facilitation.ages`).
    """

    person: PersonId
    name: str
    role: Role
    track: str
    zone: str
    born: date | None = None


NEVER = Instant(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledSession:
    """A session that is to be held. `plan_id`, `rules_id`, `programme_id` (may be "") name entries of the catalog.

    `series` and `on`: the series it is a meeting of, and its day by the rule of that; None for one that stands alone.
    `sequence`: how often it was changed since it was planned (RFC 5545 §3.8.7.4), last at `changed_at`. `cancelled`:
    why, or "".
    """

    session: SessionId
    clinic: ClinicId
    title: str
    zone: str
    starts_at: Instant
    plan_id: str
    rules_id: str
    roster: tuple[Expected, ...]
    programme_id: str = ""
    kind: SeriesKind = SeriesKind.GROUP
    cohort: CohortId | None = None
    series: SeriesId | None = None
    on: date | None = None
    sequence: int = 0
    changed_at: Instant = NEVER
    cancelled: str = ""


T = TypeVar("T")

_encoder = msgspec.json.Encoder()


def encode(thing: Person | ScheduledSession) -> bytes:
    return _encoder.encode(thing)


def decode(kind: type[T], data: bytes) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CorruptLog(f"a stored {kind.__name__} cannot be read: {error}") from error


def by_name(person: Person) -> tuple[str, str]:
    """How people are sorted."""
    return person.name.casefold(), person.person


class RedisClinic:
    """The port `Clinic` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._put = script(client, "put")
        self._people = Followed(
            client, records=keys.people, turns=keys.people_turns, read=lambda _, data: decode(Person, data)
        )
        self._sessions = Nearby(
            client,
            records=keys.sessions,
            turns=keys.sessions_turns,
            read=lambda _, data: decode(ScheduledSession, data),
        )
        self._named: tuple[Mapping[str, Person], tuple[Person, ...]] = ({}, ())

    async def put_person(self, person: Person) -> None:
        await self.put_people([person])

    async def put_people(self, people: Sequence[Person]) -> None:
        """All of them in one step."""
        keys = [self._keys.people, self._keys.people_turns]
        words: list[Word] = [word for person in people for word in (person.person, encode(person))]
        if words:
            await ask(partial(self._put, keys, words))

    async def get_person(self, person: str) -> Person | None:
        data = await ask(lambda: self._client.hget(self._keys.people, person))
        return None if data is None else decode(Person, data)

    async def get_people(self, people: Sequence[str]) -> dict[PersonId, Person]:
        if not people:
            return {}
        lines: list[bytes | None] = await ask(lambda: self._client.hmget(self._keys.people, list(people)))
        found = (decode(Person, data) for data in lines if data is not None)
        return {person.person: person for person in found}

    async def list_people(self) -> Sequence[Person]:
        people = await self._people.all()
        if people is not self._named[0]:
            self._named = (people, tuple(sorted(people.values(), key=by_name)))
        return self._named[1]

    async def put_session(self, session: ScheduledSession) -> None:
        keys = [self._keys.sessions, self._keys.sessions_turns, self._keys.schedule]
        words: list[Word] = [session.session, encode(session), session.starts_at]
        await ask(partial(self._put, keys, words))

    async def get_session(self, session: str) -> ScheduledSession | None:
        data = await ask(lambda: self._client.hget(self._keys.sessions, session))
        return None if data is None else decode(ScheduledSession, data)

    async def list_sessions(
        self, *, since: Instant | None = None, until: Instant | None = None, cancelled: bool = False
    ) -> list[ScheduledSession]:
        low = "-inf" if since is None else str(since)
        high = "+inf" if until is None else f"({until}"
        found = await self._sessions.those(lambda: self._client.zrange(self._keys.schedule, low, high, byscore=True))
        return [each for each in found if cancelled or not each.cancelled]
