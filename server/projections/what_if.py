"""What would this week be under another rule set? Read from the logs, as if their sessions had been opened with it.

It writes nothing, and what is posted stays as it is: entries are made by the rules that their session was opened with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from facilitation import crediting
from facilitation.crediting import OverCap
from facilitation.facts import zone_of
from facilitation.ids import PersonId, SessionId
from facilitation.plan import SessionPlan
from facilitation.rules import RuleSet
from facilitation.state import EMPTY, RoomState
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import Visit, Week, day_of, first_day, is_counted, week
from server.projections.fold import fold
from server.store import hours
from server.store.hours import HoursEntry
from server.store.ports import Store

DAY_MS = 24 * HOUR_MS
LOOK_BACK_DAYS = 60
"""How far back the last counted day before a week is looked for, where a rule set knows gaps."""
BREATH = 50
"""Records folded before the rooms of this process get their turn."""
KEPT_MAX = 40
"""Sessions whose fold is kept while several rule sets are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One session's share of the week. `posted_min` is None while its note is not signed."""

    session: SessionId
    day: date
    posted_min: int | None
    counted_ms: int
    minutes: int
    units: int | None
    over: tuple[OverCap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The week of a person under `rules`. `posted_min`: what the ledger holds for the sessions of these seven days.

    `week` is made of the signed sessions alone; `unsigned` ones and the minutes of those `planned` (by session) are
    what could still be added.
    """

    person: PersonId
    track: str
    rules: RuleSet
    week: Week
    today: date
    posted_min: int
    signed: tuple[Share, ...]
    unsigned: tuple[Share, ...]
    planned: Mapping[SessionId, int]


class Ask:
    """One person's question. Each log is read once, however many rule sets are tried.

    `track` and `zone` are the person's. Every method may raise StoreUnavailable or CorruptLog.
    """

    def __init__(
        self, store: Store, *, person: PersonId, track: str, zone: str, plans: Mapping[str, SessionPlan], now: Instant
    ) -> None:
        self._store = store
        self._person = person
        self._track = track
        self._plans = plans
        self._now = now
        self.today = day_of(now, zone_of(zone))
        self._entries: list[tuple[date, HoursEntry]] | None = None
        self._rooms: dict[tuple[str, int | None], RoomState] = {}

    async def week(self, rules: RuleSet, day: date) -> WhatIf:
        """The week that `day` is in."""
        first = first_day(rules, day)
        last = first + timedelta(days=6)
        entries = await self._posted()
        signed = [await self._signed(rules, at, entry) for at, entry in entries if first <= at <= last]
        unsigned, planned = await self._open(rules, first, last, {entry.facts.session for _, entry in entries})
        before = await self._before(rules, first)
        return WhatIf(
            person=self._person,
            track=self._track,
            rules=rules,
            week=week(
                rules,
                self._track,
                day,
                [*before, *map(_visit, signed)],
                planned=[*map(_visit, unsigned), *(visit for _, visit in planned)],
                today=self.today,
            ),
            today=self.today,
            posted_min=sum(share.posted_min or 0 for share in signed),
            signed=tuple(signed),
            unsigned=tuple(unsigned),
            planned={session: crediting.kept_ms(rules, visit.counted_ms) // 60_000 for session, visit in planned},
        )

    # ------------------------------------------------------------------ reading

    async def _posted(self) -> list[tuple[date, HoursEntry]]:
        """The entries that stand, one a session, with their days; oldest first."""
        if self._entries is None:
            entries = hours.standing((await self._store.ledger.account(self._person)).entries())
            days = [(day_of(entry.facts.started, zone_of(entry.facts.zone)), entry) for entry in entries]
            self._entries = sorted(days, key=lambda each: (each[1].facts.started, each[1].number))
        return self._entries

    async def _signed(self, rules: RuleSet, day: date, entry: HoursEntry) -> Share:
        room = await self._room(entry.facts.session, entry.facts.evidence[1])
        return self._share(rules, room, day, entry.facts.countable_min)

    async def _open(
        self, rules: RuleSet, first: date, last: date, signed: set[SessionId]
    ) -> tuple[list[Share], list[tuple[SessionId, Visit]]]:
        """Sessions of the week that this person is invited to and has no entry for: those held, and those to come."""
        near = await self._store.clinic.list_sessions(
            since=Instant(max(0, _about(first) - 2 * DAY_MS)), until=Instant(_about(last) + 3 * DAY_MS)
        )
        unsigned, planned = [], []
        for scheduled in near:
            day = day_of(scheduled.starts_at, zone_of(scheduled.zone))
            invited = any(each.person == self._person and each.treated for each in scheduled.roster)
            if not invited or scheduled.session in signed or not first <= day <= last:
                continue
            room = await self._room(scheduled.session, None) if scheduled.starts_at <= self._now + DAY_MS else EMPTY
            if room.session is not None and room.phase != "lobby":
                unsigned.append(self._share(rules, room, day, None))
                continue
            plan = self._plans.get(scheduled.plan_id)
            if plan is not None and scheduled.starts_at + sum(each.planned_ms for each in plan.segments) > self._now:
                visit = Visit(day=day, counted_ms=crediting.target_ms(plan, rules))
                planned.append((scheduled.session, visit))
        return unsigned, planned

    async def _before(self, rules: RuleSet, first: date) -> list[Visit]:
        """Back to the last counted day before the week: where a gap may have begun."""
        if rules.gap_days_max is None:
            return []
        earlier = [each for each in await self._posted() if each[0] < first]
        for day, of_day in groupby(reversed(earlier), key=lambda each: each[0]):
            if (first - day).days > LOOK_BACK_DAYS:
                break
            visits = [_visit(await self._signed(rules, day, entry)) for _, entry in of_day]
            if is_counted(rules, self._track, [visit.counted_ms for visit in visits]):
                return visits
        return []

    async def _room(self, session: str, last: int | None) -> RoomState:
        """The room as of record `last`, or as it is now."""
        room = self._rooms.get((session, last))
        if room is None:
            room = EMPTY
            async for linked in self._store.log.linked(session):
                if last is not None and linked.record.seq > last:
                    break
                room = fold(room, linked.record)
                if room.seq % BREATH == 0:
                    await asyncio.sleep(0)
            self._rooms[session, last] = room
            if len(self._rooms) > KEPT_MAX:
                del self._rooms[next(iter(self._rooms))]
        return room

    # ------------------------------------------------------------------ figures

    def _share(self, rules: RuleSet, room: RoomState, day: date, posted_min: int | None) -> Share:
        session = room.session
        assert session is not None
        room = replace(room, session=replace(session, rules=rules))
        until = self._now if room.phase == "running" else None
        people = {seat.person for seat in room.seats.treated} if rules.group_caps else set()
        tally = crediting.Tally(room, until)
        everyone = {person: tally.of(person) for person in {*people, self._person}}
        hours = everyone[self._person]
        over = crediting.over_caps(room, (everyone[person] for person in people))
        return Share(
            session=session.session,
            day=day,
            posted_min=posted_min,
            counted_ms=hours.counted_ms,
            minutes=hours.countable_min,
            units=hours.units,
            over=tuple(each for each in over if hours.by_segment.get(each.segment.id)),
        )


def _visit(share: Share) -> Visit:
    return Visit(day=share.day, counted_ms=share.counted_ms)


def _about(day: date) -> int:
    """Some instant of that day, give or take a day."""
    return (day - date(1970, 1, 1)).days * DAY_MS
