"""What people write down for themselves between sessions, and the weeks of it that they showed.

A diary lies under its author's key and nowhere else, and so does what was shown of it: whoever reads one has to say
whose it is. Whether a showing stands, and for whom, says the session's log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

import msgspec
from redis.asyncio import Redis

from facilitation.diary import Card, Day, Page, PlanKept, Showing
from facilitation.ids import PersonId, SessionId
from server.rooms.ports import CorruptLog
from server.store.calls import ask, script
from server.store.keys import Keys
from server.store.together import Word

_encoder = msgspec.json.Encoder()
_day, _plan, _card = msgspec.json.Decoder(Day), msgspec.json.Decoder(PlanKept), msgspec.json.Decoder(Card)
_showing = msgspec.json.Decoder(Showing)
CARD: Final = b"card"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """One person's diary."""

    card: Card | None = None
    days: Mapping[date, Day] = field(default_factory=dict)
    plans: Mapping[SessionId, PlanKept] = field(default_factory=dict)


def encode(thing: Page | Showing) -> bytes:
    return _encoder.encode(thing)


def place(page: Page) -> bytes:
    """The field of a diary that holds a page: no id can be taken for another."""
    match page:
        case Day(day=day):
            return b"day %b" % day.isoformat().encode()
        case PlanKept(session=session):
            return b"plan %b" % session.encode()
        case Card():
            return CARD


def decode(field: bytes, data: bytes) -> Page:
    try:
        match field.split(b" ")[0]:
            case b"day":
                return _day.decode(data)
            case b"plan":
                return _plan.decode(data)
            case b"card":
                return _card.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the error might quote the text
        pass
    raise CorruptLog("a stored page of a diary cannot be read")


def decode_showing(data: bytes) -> Showing:
    try:
        return _showing.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CorruptLog("a stored week of a diary cannot be read") from None


def pages_of(found: Iterable[tuple[bytes, bytes]]) -> Pages:
    pages = [decode(field, data) for field, data in found]
    return Pages(
        card=next((page for page in pages if isinstance(page, Card)), None),
        days={page.day: page for page in pages if isinstance(page, Day)},
        plans={page.session: page for page in pages if isinstance(page, PlanKept)},
    )


class RedisDiaries:
    """The port `Diaries` on a real Redis or Valkey."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._keep = script(client, "keep")

    async def of(self, author: PersonId) -> Pages:
        found = await ask(lambda: self._client.hgetall(self._keys.diary(author)))
        return pages_of(sorted(found.items()))

    async def keep(self, author: PersonId, page: Page) -> Page:
        words: list[Word] = [place(page), page.revision - 1, encode(page)]
        match await ask(partial(self._keep, [self._keys.diary(author)], words)):
            case [b"kept"]:
                return page
            case [b"stands", bytes(data)]:
                return decode(place(page), data)
            case answer:
                raise AssertionError(answer)

    async def show(self, showing: Showing) -> None:
        data = encode(showing)
        await ask(lambda: self._client.hset(self._keys.diary_shown(showing.person), showing.session, data))

    async def take_back(self, author: PersonId, session: SessionId) -> None:
        await ask(lambda: self._client.hdel(self._keys.diary_shown(author), session))

    async def shown(self, author: PersonId) -> list[Showing]:
        found = await ask(lambda: self._client.hvals(self._keys.diary_shown(author)))
        return sorted((decode_showing(data) for data in found), key=lambda each: (each.at, each.session))
