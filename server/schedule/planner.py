"""The planner: makes of the schedule the sessions of the next weeks, with a room, a ledger and a week for each.

Doing it again changes nothing, and being ended between two writes loses nothing: each session has a name that follows
from its series and day, is written as a whole, and is compared with what should be whenever the planner runs.

A session that has a log belongs to those who are in it. It is never moved or given another plan behind their backs;
once it has started it is not cancelled either. Who is enrolled late is let in, and who left the program is not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final, Protocol

from facilitation.ids import ClinicId, SessionId
from facilitation.people import STAFF
from facilitation.programme import Programme
from facilitation.timebase import HOUR_MS, Instant
from server.schedule.snapshot import Schedule
from server.store.clinic import ScheduledSession

HORIZON_DAYS: Final = 56
"""Eight weeks: as far ahead as people plan their evenings, and as calendars show them."""
DAY_MS: Final = 24 * HOUR_MS
NOT_PLANNED: Final = "not planned any more"


class Sessions(Protocol):
    """Raises StoreUnavailable."""

    async def put_session(self, session: ScheduledSession) -> None: ...
    async def list_sessions(
        self, *, since: Instant | None = None, until: Instant | None = None, cancelled: bool = False
    ) -> list[ScheduledSession]: ...
    async def get_session(self, session: str) -> ScheduledSession | None: ...


class Begun(IntEnum):
    """How far a session is: nobody was there, somebody opened its room, it was started."""

    NO = 0
    OPENED = 1
    STARTED = 2


BegunOf = Callable[[SessionId], Awaitable[Begun]]
"""How far a session is, by its log. Raises StoreUnavailable, CorruptLog."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One session, as it was and as it is now."""

    before: ScheduledSession
    after: ScheduledSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run did. `kept`: sessions that should be otherwise now, but belong to those who are in them."""

    made: list[SessionId] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    cancelled: list[Changed] = field(default_factory=list)
    kept: list[SessionId] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """`programmes`: all that the catalog knows."""

    sessions: Sessions
    begun: BegunOf
    clinic: ClinicId | str
    programmes: dict[str, Programme]

    async def plan(self, schedule: Schedule, *, now: Instant, days: int = HORIZON_DAYS) -> Planned:
        """Bring the sessions of the next `days` in line with the schedule. Raises StoreUnavailable: run it again."""
        today = datetime.fromtimestamp(now // 1_000, UTC).date()
        first, last = today - timedelta(days=1), today + timedelta(days=days)
        every = schedule.sessions(self.clinic, self.programmes, first, last)
        wanted = {session.session: session for _, session in every}
        ahead = await self.sessions.list_sessions(since=now, cancelled=True)
        there = {each.session: each for each in ahead if each.series is not None}
        planned = Planned()
        for name, session in wanted.items():
            before = there.pop(name, None)
            if session.starts_at > now:  # else its hour has come: it stays as it is
                await self._bring(before or await self.sessions.get_session(name), session, planned, now)
        for left in there.values():
            if left.starts_at <= now + days * DAY_MS or not _goes_on(schedule, left):
                await self._bring(left, replace(left, cancelled=left.cancelled or NOT_PLANNED), planned, now)
        return planned

    async def _bring(
        self, before: ScheduledSession | None, wanted: ScheduledSession, planned: Planned, now: Instant
    ) -> None:
        if before is None:
            if not wanted.cancelled:
                await self.sessions.put_session(replace(wanted, changed_at=now))
                planned.made.append(wanted.session)
            return
        if wanted.cancelled and before.cancelled:
            return
        after = replace(wanted, sequence=before.sequence, changed_at=before.changed_at)
        if wanted.cancelled:  # whom it was for, and when, stays: their calendars are to show that it is off
            after = replace(before, cancelled=wanted.cancelled)
        if after == before:
            return
        begun = await self.begun(before.session)
        if begun is Begun.STARTED or (begun is Begun.OPENED and not wanted.cancelled):
            planned.kept.append(before.session)
            after = _let_in(before, wanted, started=begun is Begun.STARTED)
            if after == before:
                return
        changed = replace(after, sequence=before.sequence + 1, changed_at=now)
        await self.sessions.put_session(changed)
        (planned.cancelled if changed.cancelled else planned.changed).append(Changed(before=before, after=changed))


def _goes_on(schedule: Schedule, session: ScheduledSession) -> bool:
    """Whether its series is still there: what lies past the horizon was planned by a longer one, and can wait."""
    series = schedule.series.get(session.series) if session.series else None
    return series is not None and schedule.meets(series)


def _let_in(before: ScheduledSession, wanted: ScheduledSession, *, started: bool) -> ScheduledSession:
    """With everybody on the list who should be, and without participants who should not, unless it is under way."""
    if wanted.cancelled:
        return before
    should = {each.person for each in wanted.roster}
    stay = tuple(each for each in before.roster if started or each.person in should or each.role in STAFF)
    known = {each.person for each in stay}
    return replace(before, roster=stay + tuple(each for each in wanted.roster if each.person not in known))
