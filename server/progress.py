"""How far each session is, folded from its log as it grows: what home pages need, and nothing of what was said."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from facilitation.events import NoteSigned, PersonExpected, Recorded, SessionEnded, SessionOpened, SessionStarted
from facilitation.ids import PersonId
from facilitation.people import Expected, Role
from facilitation.timebase import Instant

BREATH = 50
"""Records folded at once: about two milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`seq`: the last record folded. `owing`: once it is over, those whose note is not signed, absent or not."""

    seq: int = 0
    started_at: Instant | None = None
    ended_at: Instant | None = None
    participants: frozenset[PersonId] = frozenset()
    signed: frozenset[PersonId] = frozenset()

    @property
    def owing(self) -> frozenset[PersonId]:
        return self.participants - self.signed if self.ended_at is not None else frozenset()

    @property
    def status(self) -> str:
        """'scheduled', 'open' (somebody was there), 'running', 'ended' or 'signed'."""
        if self.ended_at is not None:
            return "ended" if self.owing else "signed"
        if self.started_at is not None:
            return "running"
        return "open" if self.seq else "scheduled"


def fold(progress: Progress, records: Iterable[Recorded]) -> Progress:
    seq = progress.seq
    for record in records:
        progress = _evolve(progress, record)
        seq = record.seq
    return replace(progress, seq=seq)


def _evolve(progress: Progress, record: Recorded) -> Progress:
    match record.event:
        case SessionOpened(roster=roster):
            participants = frozenset(each.person for each in roster if each.role is Role.PARTICIPANT)
            return replace(progress, participants=participants)
        case SessionStarted():
            return replace(progress, started_at=record.at)
        case SessionEnded():
            return replace(progress, ended_at=record.at)
        case PersonExpected(expected=Expected(role=Role.PARTICIPANT, person=person)):
            return replace(progress, participants=progress.participants | {person})
        case NoteSigned(person=person):
            return replace(progress, signed=progress.signed | {person})
    return progress


class Line(Protocol):
    @property
    def record(self) -> Recorded: ...


class Log(Protocol):
    def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Line]: ...


class ProgressBook:
    """The progress of every session asked for. Each log is read once; afterwards only what is new in it.

    A long log is read in breaths, so that the rooms and the media of this process get their turns meanwhile.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[str, Progress] = {}
        self._reading: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, session: str) -> Progress:
        """Raises StoreUnavailable, CorruptLog."""
        async with self._reading[session]:
            progress = self._known.get(session, Progress())
            breath: list[Recorded] = []
            async for line in self._log.linked(session, after=progress.seq):
                breath.append(line.record)
                if len(breath) == BREATH:
                    progress = fold(progress, breath)
                    breath.clear()
                    await asyncio.sleep(0)
            self._known[session] = fold(progress, breath)
            return self._known[session]
