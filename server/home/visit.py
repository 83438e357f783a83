"""One look at the home page: who looks, when, and what their cards rest on, each read once however many cards ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, Role
from facilitation.plan import SessionPlan
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.progress import Progress, ProgressBook
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Clinic
from server.web.auth import Visitor
from server.web.words import Words, local

DAY_MS: Final = 24 * HOUR_MS
OWED_DAYS: Final = 30
"""So far back notes are looked for."""
PAST_DAYS: Final = 9
"""So far back looks whoever writes none: any week that now is in lies within, wherever on earth."""
AHEAD_DAYS: Final = 14
DOORS_MS: Final = 15 * MINUTE_MS
"""So long before its start a session is what is now."""


class Visit:
    """`near`: the clinic's sessions around now, by start; `mine`: those of whoever looks; `words`: their language."""

    def __init__(
        self,
        me: Visitor,
        *,
        now: Instant,
        words: Words,
        person: Person | None,
        near: Sequence[ScheduledSession],
        plans: Mapping[str, SessionPlan],
        progress: ProgressBook,
    ) -> None:
        self.me = me
        self.now = now
        self.words = words
        self.person = person
        self.zone = person.zone if person else "UTC"
        self.near = tuple(near)
        self.mine = tuple(each for each in near if _is_mine(each, me))
        self._plans = plans
        self._progress = progress
        self._known: dict[SessionId, Progress] = {}

    @property
    def today(self) -> date:
        return self.day(self.now)

    def day(self, at: Instant) -> date:
        """By the calendar of whoever looks."""
        return local(at, self.zone).date()

    async def progress(self, sessions: Iterable[ScheduledSession]) -> dict[SessionId, Progress]:
        """How far they are. Raises StoreUnavailable, CorruptLog."""
        wanted = [each.session for each in sessions]
        unknown = [session for session in wanted if session not in self._known]
        if unknown:
            self._known |= await self._progress.of_all(unknown)
        return {session: self._known[session] for session in wanted}

    async def far(self, sessions: Iterable[ScheduledSession]) -> list[Far]:
        """The same, as pairs, in the order given."""
        sessions = tuple(sessions)
        progress = await self.progress(sessions)
        return [Far(scheduled=each, progress=progress[each.session], ends_at=self.ends_at(each)) for each in sessions]

    def ends_at(self, scheduled: ScheduledSession) -> Instant:
        """By its plan."""
        plan = self._plans.get(scheduled.plan_id)
        planned_ms = sum(segment.planned_ms for segment in plan.segments) if plan else 0
        return Instant(scheduled.starts_at + planned_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """A session, how far it is, and until when it is planned."""

    scheduled: ScheduledSession
    progress: Progress
    ends_at: Instant

    def is_on(self, now: Instant) -> bool:
        """Whether it is what one goes to now: it runs, or its time has come and nobody has ended it."""
        if self.progress.ended_at is not None:
            return False
        begins = self.scheduled.starts_at - DOORS_MS <= now < self.ends_at
        return begins or self.progress.started_at is not None

    def is_to_come(self, now: Instant) -> bool:
        return self.progress.started_at is None and now < self.scheduled.starts_at and not self.is_on(now)

    def role_of(self, person: PersonId) -> Role | None:
        return role_in(self.scheduled, person)


def role_in(scheduled: ScheduledSession, person: PersonId) -> Role | None:
    return next((each.role for each in scheduled.roster if each.person == person), None)


def _is_mine(scheduled: ScheduledSession, me: Visitor) -> bool:
    """By link, a participant's are those of their links, and staff's all on whose list they stand as staff.

    Who is signed in has all on whose list they stand.
    """
    here = role_in(scheduled, me.person)
    return scheduled.session in me.seats or (here is not None and me.signed_in) or (here in STAFF and me.staff)


class Visits:
    """Begins visits over the store. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, clinic: Clinic, *, plans: Mapping[str, SessionPlan], progress: ProgressBook) -> None:
        self._clinic = clinic
        self._plans = plans
        self._progress = progress

    async def begin(self, me: Visitor, now: Instant, words: Words) -> Visit:
        back = OWED_DAYS if me.role in STAFF else PAST_DAYS
        near = await self._clinic.list_sessions(
            since=Instant(max(0, now - back * DAY_MS)), until=Instant(now + AHEAD_DAYS * DAY_MS)
        )
        return Visit(
            me,
            now=now,
            words=words,
            person=await self._clinic.get_person(me.person),
            near=near,
            plans=self._plans,
            progress=self._progress,
        )
