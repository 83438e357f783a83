"""Everybody's week as it stands now: signed, waiting for a signature, and still to come. Read only.

Signed hours come from the ledger, as they were posted, and no log is read for them. What is held and not signed yet is
told by its log; so is who was, or will be, away and why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from facilitation import absences, agenda, crediting
from facilitation.absences import Absence
from facilitation.facts import zone_of
from facilitation.ids import PersonId, SessionId
from facilitation.intervals import total_ms
from facilitation.people import Role
from facilitation.plan import SessionPlan
from facilitation.rules import RuleSet
from facilitation.state import EMPTY, RoomState
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.weeks import DAYS, Outlook, Visit, Week, day_of, first_day, outlook, week
from server.clock import Clock
from server.projections.fold import Room
from server.store import hours
from server.store.clinic import Person, ScheduledSession
from server.store.hours import HoursEntry
from server.store.ports import Store

DAY_MS = 24 * HOUR_MS
AROUND_DAYS = 9
"""So far around now lies any week that now is in, wherever on earth and whatever weekday it begins on."""
RECENT_ENTRIES = 80
"""More than two months of five sessions a week, each amended: as far back as gaps are looked for."""
MISSED_DAYS = 28
"""How long a missed session can be made up for, as far as pages offer it."""
KEPT_MAX = 500
"""Sessions whose fold is kept."""
POSTED_MAX = 2_000
"""People whose hours are kept."""
BREATH = 100
"""Records folded before the rooms of this process get their turn."""


class Catalog(Protocol):
    @property
    def plans(self) -> Mapping[str, SessionPlan]: ...
    @property
    def rules(self) -> Mapping[str, RuleSet]: ...
    def rules_of(self, id: str, version: str) -> RuleSet | None: ...
    def rules_on(self, id: str, day: date) -> RuleSet: ...


class Stage(StrEnum):
    SIGNED = "signed"
    WAITING = "waiting"  # held, and not signed yet
    RUNNING = "running"
    TO_COME = "to_come"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one session gives, or can give, to somebody's week.

    `ms` counts already (signed, or waiting for a signature); `still_ms` can be added by attending (the rest of) it.
    `absence`: what was said of it; who is excused beforehand is not expected. `makes_up`: the missed session, by the
    log; `posted_makes_up`: by the hours that are posted.
    """

    session: SessionId
    title: str
    day: date
    starts_at: Instant
    stage: Stage
    ms: int
    still_ms: int
    absence: Absence | None = None
    makes_up: SessionId | None = None
    posted_makes_up: SessionId | None = None

    @property
    def minutes(self) -> int:
        return self.ms // MINUTE_MS

    @property
    def still_min(self) -> int:
        return self.still_ms // MINUTE_MS

    @property
    def missed(self) -> bool:
        """It is over, and this person was not there at all."""
        return self.stage in (Stage.SIGNED, Stage.WAITING) and self.ms == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """`week` is made of the signed sessions; `possible_min` in it, of all `parts`, which are in order of time.

    `waiting_min`: held and not signed yet. `to_come`: the minutes of each session that can still be attended.
    """

    person: Person
    rules: RuleSet
    today: date
    week: Week
    outlook: Outlook
    parts: tuple[Part, ...]

    @property
    def waiting_min(self) -> int:
        return sum(part.ms for part in self.parts if part.stage is not Stage.SIGNED) // MINUTE_MS

    @property
    def to_come(self) -> tuple[int, ...]:
        return tuple(part.still_min for part in self.parts if part.still_min)

    @property
    def missed(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.missed)

    @property
    def groups(self) -> tuple[str, ...]:
        """Titles of this week's sessions."""
        return tuple(sorted({part.title for part in self.parts}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What meters need of hours that stand in the ledger."""

    session: SessionId
    day: date
    counted_ms: int
    makes_up: SessionId | None
    rules_id: str
    rules_version: str


class Meters:
    """The weeks that now is in. Every method may raise StoreUnavailable or CorruptLog.

    A log is read once, and somebody's hours; afterwards only what is new in them.
    """

    def __init__(self, store: Store, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._rooms: dict[str, Room] = {}
        self._posted: dict[str, tuple[str, tuple[Posted, ...]]] = {}
        self._reading = asyncio.Lock()

    async def of(self, person: Person, *, why: bool = True) -> Meter:
        """`why`: also tell of absences and make-ups of signed sessions, for which their logs must be read."""
        return (await self.of_all([person], why=why))[0]

    async def everybody(self, *, why: bool = True) -> list[Meter]:
        """By name, everybody who is on the list of a session around now: of who is in no group, no week is told."""
        invited = {each.person for scheduled in await self._near() for each in scheduled.roster if each.treated}
        people = await self._store.clinic.list_people()
        return await self.of_all(
            [person for person in people if person.role is Role.PARTICIPANT and person.person in invited], why=why
        )

    async def missed(self, person: Person) -> list[Part]:
        """Sessions of the last weeks that this person was invited to and not at, the newest first."""
        now = self._clock.now()
        standing = (await self._standing([person]))[person.person]
        posted = {entry.session: entry.counted_ms for entry in standing}
        before = await self._store.clinic.list_sessions(since=Instant(max(0, now - MISSED_DAYS * DAY_MS)), until=now)
        unposted = [each for each in before if _invites(each, person.person) and not posted.get(each.session)]
        rooms = await self._rooms_of([each.session for each in unposted])
        parts = [self._part(person.person, each, rooms[each.session], standing, now) for each in unposted]
        return [part for part in parts[::-1] if part is not None and part.missed]

    # ------------------------------------------------------------------ reading

    async def of_all(self, people: Sequence[Person], *, why: bool = True) -> list[Meter]:
        """In the order of `people`."""
        now = self._clock.now()
        near, posted_to = await self._near(), await self._standing(people)
        invited_to: dict[PersonId, list[ScheduledSession]] = {}
        for scheduled in near:
            for person_id in {each.person for each in scheduled.roster if each.treated}:
                invited_to.setdefault(person_id, []).append(scheduled)
        theirs = [
            self._week_of(person, invited_to.get(person.person, ()), posted_to[person.person], now) for person in people
        ]
        wanted = {
            scheduled.session
            for _, _, of_week, standing in theirs
            for scheduled in of_week
            if why or scheduled.session not in {each.session for each in standing}
        }
        rooms = await self._rooms_of(sorted(wanted))
        meters = []
        for person, (rules, today, of_week, standing) in zip(people, theirs, strict=True):
            parts = []
            for scheduled in of_week:
                room = rooms.get(scheduled.session, EMPTY)
                part = self._part(person.person, scheduled, room, standing, now)
                parts += [part] if part is not None else []
            meters.append(_meter(person, rules, today, standing, parts))
            await asyncio.sleep(0)
        return meters

    def _week_of(
        self, person: Person, invited: Sequence[ScheduledSession], standing: Sequence[Posted], now: Instant
    ) -> tuple[RuleSet, date, list[ScheduledSession], Sequence[Posted]]:
        """By which rules, which day today is, and to which sessions of this week they are invited."""
        rules = self._rules(person, invited, standing, now)
        today = day_of(now, zone_of(person.zone))
        first = first_day(rules, today)
        last = first + timedelta(days=DAYS - 1)
        return rules, today, [each for each in invited if first <= _day(each) <= last], standing

    async def _near(self) -> list[ScheduledSession]:
        now = self._clock.now()
        return await self._store.clinic.list_sessions(
            since=Instant(max(0, now - AROUND_DAYS * DAY_MS)), until=Instant(now + AROUND_DAYS * DAY_MS)
        )

    async def _standing(self, people: Sequence[Person]) -> dict[PersonId, tuple[Posted, ...]]:
        """The hours that stand of each. Whose chain has the end that it had is not read again."""
        ids = [person.person for person in people]
        heads = await self._store.ledger.heads(ids)
        unknown = [id for id in ids if id in heads and self._posted.get(id, ("", ()))[0] != heads[id].hash]
        for id, entries in (await self._store.ledger.recent(unknown, RECENT_ENTRIES)).items():
            self._posted[id] = (heads[id].hash, tuple(_posted(each) for each in hours.standing(entries)))
        found = {id: self._posted[id][1] if id in heads else () for id in ids}
        if len(self._posted) > max(POSTED_MAX, len(ids)):
            self._posted = {id: self._posted[id] for id in ids if id in heads}
        return found

    def _rules(
        self, person: Person, invited: Sequence[ScheduledSession], standing: Sequence[Posted], now: Instant
    ) -> RuleSet:
        """Those of the session nearest to now, else of the last hours, else the catalog's first."""
        if invited:
            nearest = min(invited, key=lambda each: abs(each.starts_at - now))
            return self._catalog.rules_on(nearest.rules_id, _day(nearest))
        last = standing[-1] if standing else None
        found = last and (
            self._catalog.rules_of(last.rules_id, last.rules_version) or self._catalog.rules.get(last.rules_id)
        )
        return found or next(iter(self._catalog.rules.values()))

    async def _rooms_of(self, sessions: Sequence[SessionId]) -> dict[SessionId, RoomState]:
        """As their logs have them now: asked once how long those are, and read where they have grown."""
        async with self._reading:
            found = {}
            for session, length in (await self._store.log.lengths(sessions)).items():
                room = self._rooms.pop(session, None) or Room()
                if length > room.seq:
                    async for linked in self._store.log.linked(session, after=room.seq):
                        room.add(linked.record)
                        if linked.record.seq % BREATH == 0:
                            await asyncio.sleep(0)
                found[SessionId(session)] = room.state
                self._rooms[session] = room
                if len(self._rooms) > max(KEPT_MAX, len(sessions)):
                    del self._rooms[next(iter(self._rooms))]
            return found

    def _part(
        self,
        person: PersonId,
        scheduled: ScheduledSession,
        room: RoomState,
        standing: Iterable[Posted],
        now: Instant,
    ) -> Part | None:
        """None for a session that never was: its time is over and nobody started it."""
        entry = next((each for each in standing if each.session == scheduled.session), None)
        rules = room.session.rules if room.session else self._catalog.rules_on(scheduled.rules_id, _day(scheduled))
        absence = room.absences.explained.get(person)
        part = Part(
            session=scheduled.session,
            title=scheduled.title,
            day=_day(scheduled),
            starts_at=scheduled.starts_at,
            stage=Stage.SIGNED,
            ms=0,
            still_ms=0,
            absence=absence,
            makes_up=room.absences.makes_up.get(person),
        )
        if entry is not None:
            return replace(part, ms=entry.counted_ms, posted_makes_up=entry.makes_up)
        if room.session is not None and room.phase != "lobby":
            running = room.phase == "running"
            so_far = crediting.credit(room, person, now if running else None).counted_ms
            stage = Stage.RUNNING if running else Stage.WAITING
            return replace(part, stage=stage, ms=so_far, still_ms=_rest_ms(room, rules, now) if running else 0)
        plan = self._catalog.plans.get(scheduled.plan_id)
        if plan is None or scheduled.starts_at + sum(segment.planned_ms for segment in plan.segments) <= now:
            return None
        excused = absence is not None and absence.kind is absences.Kind.EXCUSED
        return replace(part, stage=Stage.TO_COME, still_ms=0 if excused else crediting.target_ms(plan, rules))


# --------------------------------------------------------------- figures


def _posted(entry: HoursEntry) -> Posted:
    facts = entry.facts
    return Posted(
        session=SessionId(facts.session),
        day=day_of(facts.started, zone_of(facts.zone)),
        counted_ms=facts.counted_ms,
        makes_up=SessionId(facts.makes_up) if facts.makes_up else None,
        rules_id=facts.rules_id,
        rules_version=facts.rules_version,
    )


def _meter(person: Person, rules: RuleSet, today: date, standing: Sequence[Posted], parts: Sequence[Part]) -> Meter:
    signed = [Visit(day=entry.day, counted_ms=entry.counted_ms) for entry in standing]
    open_parts = [part for part in parts if part.stage is not Stage.SIGNED]
    planned = [Visit(day=part.day, counted_ms=part.ms + part.still_ms) for part in open_parts]
    told = week(rules, person.track, today, signed, planned=planned, today=today)
    to_come = [part.still_min for part in open_parts if part.still_min]
    return Meter(
        person=person,
        rules=rules,
        today=today,
        week=told,
        outlook=outlook(told, to_come),
        parts=tuple(sorted(parts, key=lambda part: (part.starts_at, part.session))),
    )


def _rest_ms(room: RoomState, rules: RuleSet, now: Instant) -> int:
    """What a running session still holds for somebody who stays until its end, if it goes as planned."""
    left = 0
    for segment in room.agenda.plan.segments:
        if crediting.counts(rules, segment.kind) and segment.id not in room.agenda.skipped:
            planned_ms = room.agenda.planned_ms[segment.id]
            left += max(0, planned_ms - total_ms(agenda.spans_of(room.agenda, segment.id, now)))
    return left


def _invites(scheduled: ScheduledSession, person: PersonId) -> bool:
    return any(each.person == person and each.treated for each in scheduled.roster)


def _day(scheduled: ScheduledSession) -> date:
    return day_of(scheduled.starts_at, zone_of(scheduled.zone))
