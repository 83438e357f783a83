"""What each session's log says of hours, and whether it can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from facilitation.events import HoursAmended, NoteSigned
from facilitation.ids import PersonId
from server.projections.hours import SessionHours
from server.rooms.ports import CorruptLog
from server.store.hours import HoursFacts
from server.store.ports import SessionLog, Store

BREATH = 500
"""Records folded before others of this process get their turn."""


@dataclass(slots=True, kw_only=True)
class Told:
    """What one log says. `hours`: what belongs into the ledger. `wrong`: signatures that do not follow from it, each
    with its person and why. `unreadable`: why it can be trusted no further than `records`; None: it can."""

    session: str
    records: int = 0
    notes: int = 0
    amendments: int = 0
    hours: list[HoursFacts] = field(default_factory=list)
    wrong: list[tuple[PersonId, str]] = field(default_factory=list)
    unreadable: str | None = None


Reader = Callable[[Sequence[str]], AsyncIterator[Told]]
"""Reads these sessions and tells of each, in their order. Raises StoreUnavailable."""


async def tell(log: SessionLog, session: str) -> Told:
    """Read one log from its beginning, check it line by line and fold it."""
    told, room = Told(session=session), SessionHours()
    try:
        async for linked in log.linked(session):
            record = linked.record
            match record.event:
                case NoteSigned(person=person) | HoursAmended(person=person) as event:
                    told.notes += isinstance(event, NoteSigned)
                    told.amendments += isinstance(event, HoursAmended)
                    try:
                        told.hours += room.posts(record)
                    except CorruptLog as error:
                        told.wrong.append((person, str(error)))
            room.add(record, linked.hash)
            if record.seq == 1 and (room.state.session is None or room.state.session.session != session):
                raise CorruptLog(f"log of session {session}, record 1: it does not open this session")
            told.records += 1
            if record.seq % BREATH == 0:
                await asyncio.sleep(0)
        _ = room.state  # what was gathered last must follow, too
    except CorruptLog as error:
        told.unreadable = str(error)
    return told


def reader_of(store: Store) -> Reader:
    """In this process, one after the other."""

    async def read(sessions: Sequence[str]) -> AsyncIterator[Told]:
        for session in sessions:
            yield await tell(store.log, session)

    return read
