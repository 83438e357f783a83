"""What the home and statement pages tell, made ready to be shown from the clinic's schedule, logs and ledger.

The shapes are those of `server/web/README.md`, "What a template gets".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Protocol

from facilitation.ids import PersonId, SessionId
from facilitation.people import STAFF, Expected
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS, Action
from facilitation.rules import RuleSet
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import DAYS, Visit, Week, first_day, week
from server import meter_words, week_words, worklist
from server.clock import Clock
from server.progress import Progress, ProgressBook
from server.projections.meters import Meter, Meters
from server.projections.what_if import Ask
from server.store import hours
from server.store.clinic import Person, ScheduledSession
from server.store.hours import HoursEntry
from server.store.ports import Store
from server.web import words
from server.web.auth import Visitor

DAY_MS = 24 * HOUR_MS
AHEAD_DAYS = 7
OWED_DAYS = 30
SOON_MS = 2 * HOUR_MS


class Catalog(Protocol):
    @property
    def plans(self) -> Mapping[str, SessionPlan]: ...
    @property
    def rules(self) -> Mapping[str, RuleSet]: ...
    def rules_of(self, id: str, version: str) -> RuleSet | None: ...
    def rules_on(self, id: str, day: date) -> RuleSet: ...


class ClinicBooks:
    """The port `Books` of the pages, over the store. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, catalog: Catalog, clock: Clock, meters: Meters | None = None) -> None:
        self._store = store
        self._meters = meters or Meters(store, catalog=catalog, clock=clock)
        self._clinic = store.clinic
        self._ledger = store.ledger
        self._disclosures = store.disclosures
        self._catalog = catalog
        self._clock = clock
        self._progress = ProgressBook(store.log)

    async def roster(self, session: SessionId) -> Sequence[Expected] | None:
        scheduled = await self._clinic.get_session(session)
        return None if scheduled is None else scheduled.roster

    async def title(self, session: SessionId) -> str | None:
        scheduled = await self._clinic.get_session(session)
        return None if scheduled is None else scheduled.title

    # ------------------------------------------------------------------ home

    async def home(self, me: Visitor) -> dict[str, Any]:
        now = self._clock.now()
        zone = await self._zone(me.person)
        rows = []
        for scheduled in await self._sessions_of(me, now):
            progress = await self._progress.of(scheduled.session)
            if _shown(scheduled, progress, now):
                rows.append(self._session_row(scheduled, progress, me, zone, now))
        owed = [row for row in rows if row["to_sign"]]
        own = await self._own(me) if me.may(Action.READ_OWN_STATEMENT) else None
        return {
            "now": words.weekday(words.local(now, zone).date()),
            "sessions": rows,
            "next": _next(rows, now),
            "owed": owed,
            "people": await self._people(me) if me.may(Action.READ_STATEMENT) else [],
            "week": own and own["week"],
            "meter": own and own["meter"],
            "statement_url": own and own["statement_url"],
        }

    async def work(self, me: Visitor) -> dict[str, Any]:
        """The notes that are due in the sessions of one of the staff."""
        now = self._clock.now()
        sessions = await self._sessions_of(me, now)
        far = [(scheduled, await self._progress.of(scheduled.session)) for scheduled in sessions]
        return worklist.page(far, me, zone=await self._zone(me.person), now=now)

    async def _sessions_of(self, me: Visitor, now: Instant) -> list[ScheduledSession]:
        """By link, a participant's are those of their links, and staff's all on whose list they stand as staff.

        Who is signed in has all on whose list they stand.
        """
        near = await self._clinic.list_sessions(
            since=Instant(now - OWED_DAYS * DAY_MS), until=Instant(now + AHEAD_DAYS * DAY_MS)
        )

        def mine(session: ScheduledSession) -> bool:
            here = next((each.role for each in session.roster if each.person == me.person), None)
            return session.session in me.seats or (here is not None and me.signed_in) or (here in STAFF and me.staff)

        return [session for session in near if mine(session)]

    def _session_row(
        self, scheduled: ScheduledSession, progress: Progress, me: Visitor, zone: str, now: Instant
    ) -> dict[str, Any]:
        starts = words.local(scheduled.starts_at, zone)
        today = words.local(now, zone).date()
        planned_ms = sum(segment.planned_ms for segment in self._plan(scheduled))
        return {
            "session": scheduled.session,
            "title": scheduled.title,
            "day": "Today" if starts.date() == today else words.weekday(starts.date()),
            "time": words.span(scheduled.starts_at, Instant(scheduled.starts_at + planned_ms), zone),
            "zone": zone,
            "status": progress.status,
            "url": f"/s/{scheduled.session}{me.choice}",
            "record_url": f"/s/{scheduled.session}/record{me.choice}" if me.may(Action.READ_RECORD) else None,
            "head_count": len(progress.participants)
            if progress.ended_at is not None
            else sum(each.treated for each in scheduled.roster),
            "starts_at": scheduled.starts_at,
            "to_sign": len(progress.owing) if worklist.role_of(scheduled, me.person) in FACILITATORS else 0,
        }

    def _plan(self, scheduled: ScheduledSession) -> Sequence[Any]:
        plan = self._catalog.plans.get(scheduled.plan_id)
        return plan.segments if plan else ()

    async def _people(self, me: Visitor) -> list[dict[str, Any]]:
        return [self._row(meter, me) for meter in await self._meters.everybody(why=False)]

    async def _own(self, me: Visitor) -> dict[str, Any] | None:
        """A participant's own week, as a row and in words to them."""
        found = await self._clinic.get_person(me.person)
        if found is None:
            return None
        meter = await self._meters.of(found, why=False)
        told = meter_words.told(meter) | {"sentences": meter_words.for_participant(meter)}
        return self._row(meter, me) | {"meter": told}

    def _row(self, meter: Meter, me: Visitor) -> dict[str, Any]:
        person = meter.person
        return {
            "person": person.person,
            "name": person.name,
            "track": person.track,
            "statement_url": f"/statement/{person.person}{me.choice}",
            "week": _week_row(meter.week) | {"label": "This week", "current": True},
        }

    # ------------------------------------------------------------------ statement

    async def statement(self, person: PersonId, *, reader: Visitor, as_of: date | None = None) -> dict[str, Any] | None:
        """`reader`: who may read records finds entries leading to them. `as_of`: as it stood at the end of that day.

        None: nobody of that id. Raises CorruptLog.
        """
        found = await self._clinic.get_person(person)
        if found is None:
            return None
        entries = (await self._ledger.account(person)).entries()
        today = words.local(self._clock.now(), found.zone).date()
        meter = await self._meters.of(found, why=False)
        if as_of is not None:
            entries = hours.as_of(entries, as_of)
        by_week: dict[date, list[HoursEntry]] = {first_day(meter.rules, as_of or today): []}
        for entry in entries:
            by_week.setdefault(first_day(meter.rules, _day(entry)), []).append(entry)
        numbers = {entry.facts.entry: entry.number for entry in entries}
        standing = {entry.number for entry in hours.standing(entries)}
        weeks = []
        for first, of_week in sorted(by_week.items(), reverse=True):
            week = self._week(meter, first, of_week, as_of=as_of)
            week["entries"] = [
                await self._entry_row(entry, found.zone, reader, numbers) | {"stands": entry.number in standing}
                for entry in of_week
            ]
            weeks.append(week)
        total = sum(entry.facts.countable_min for entry in entries)
        return {
            "person": {"person": found.person, "name": found.name, "track": found.track, "zone": found.zone},
            "as_of": as_of and {"date": as_of.isoformat(), "text": words.dated(as_of)},
            "today": today.isoformat(),
            "disclosures": await self._disclosed(found, reader, as_of),
            "weeks": weeks,
            "total": {
                "minutes": total,
                "minutes_text": words.minutes(total),
                "sessions": len({entry.facts.session for entry in entries}),
            },
        }

    async def what_if(self, person: PersonId, *, rules: str | None, day: date | None) -> dict[str, Any] | None:
        """The choice of rule sets, and the week of `day` (None: of today) under the one that is chosen, if one is.

        Nothing is changed by it. None: no such person or rule set. Raises CorruptLog.
        """
        found = await self._clinic.get_person(person)
        if found is None or not (rules is None or rules in self._catalog.rules):
            return None
        choices = [
            {"id": each.id, "title": each.title, "example": each.example, "chosen": each.id == rules}
            for each in self._catalog.rules.values()
        ]
        if rules is None:
            return {"choices": choices, "day": None, "result": None}
        ask = Ask(
            self._store,
            person=person,
            track=found.track,
            zone=found.zone,
            plans=self._catalog.plans,
            now=self._clock.now(),
        )
        at = day or ask.today
        told = await ask.week(self._catalog.rules_on(rules, at), at)
        return {
            "choices": choices,
            "day": at.isoformat(),
            "result": {
                "title": week_words.title(told.rules),
                "source": told.rules.source,
                "range": week_words.range_of(told.week),
                "posted_text": words.minutes(told.posted_min),
                "minutes_text": words.minutes(told.week.minutes),
                "units": told.week.units,
                "sentences": week_words.sentences(told),
                "days": week_words.day_rows(told),
                "nothing_changes": week_words.NOTHING_CHANGES,
            },
        }

    async def _disclosed(self, person: Person, reader: Visitor, as_of: date | None) -> list[dict[str, Any]]:
        """The accounting of disclosures, the newest first."""
        rows = []
        names: dict[str, str] = {reader.person: "You"}
        for each in await self._disclosures.about(person.person):
            at = words.local(each.at, person.zone)
            if as_of is None or at.date() <= as_of:
                if each.by not in names:
                    by = await self._clinic.get_person(each.by)
                    names[each.by] = by.name if by else each.by
                why = words.PURPOSES[each.purpose]
                rows.append(
                    {
                        "at": f"{words.calendar(at.date())}, {words.clock_time(at)}",
                        "by": names[each.by],
                        "what": words.handed_out(each),
                        "why": f"{why}: {each.reason}" if each.reason else why,
                    }
                )
        return rows

    def _week(
        self, meter: Meter, first: date, entries: Sequence[HoursEntry], *, as_of: date | None = None
    ) -> dict[str, Any]:
        """The week from `first` on: this one as its meter has it, others by the rules that their last hours had.

        All begin on the weekday of the rules of now, so that every day is in one of them.
        """
        then = (self._rules(entries[-1]) if entries else None) or meter.rules
        rules = replace(then, week_start=meter.rules.week_start)
        visits = [Visit(day=_day(entry), counted_ms=entry.facts.counted_ms) for entry in hours.standing(entries)]
        this_week = meter.week.first
        current = first == this_week and as_of is None
        told = meter.week if current else week(rules, meter.person.track, first, visits, today=first)
        known = {this_week: "This week", this_week - timedelta(days=7): "Last week"}
        return _week_row(told) | {
            "label": (known.get(first) if as_of is None else None) or words.days(first, told.last),
            "current": current,
            "days": _days(told),
            "aside": _aside(meter.rules if current else rules, meter.person.track, told),
        }

    def _rules(self, entry: HoursEntry) -> RuleSet | None:
        """The version that the entry was posted by; failing that, the newest of the same name."""
        facts = entry.facts
        return self._catalog.rules_of(facts.rules_id, facts.rules_version) or self._catalog.rules.get(facts.rules_id)

    async def _entry_row(
        self, entry: HoursEntry, zone: str, reader: Visitor, numbers: Mapping[str, int]
    ) -> dict[str, Any]:
        """`numbers`: of every entry of this person, by its id."""
        facts = entry.facts
        made_up = await self._clinic.get_session(facts.makes_up) if facts.makes_up else None
        scheduled = await self._clinic.get_session(facts.session)
        signer = await self._clinic.get_person(facts.signer)
        rules = self._rules(entry)
        titles = {segment.id: segment.title for segment in (self._plan(scheduled) if scheduled else ())}
        uncounted = rules.uncounted if rules else ("break",)
        first, last = facts.evidence
        return {
            "entry": facts.entry,
            "number": entry.number,
            "session": facts.session,
            "title": scheduled.title if scheduled else "Session",
            "day": words.local(facts.started, zone).date().isoformat(),
            "date": words.weekday(words.local(facts.started, zone).date()),
            "time": words.span(facts.started, facts.ended, zone),
            "minutes": facts.countable_min,
            "minutes_text": words.minutes(facts.countable_min),
            "kind": facts.kind,
            "corrects": numbers.get(facts.corrects),
            "reason": facts.reason,
            "corrected_text": words.minutes(_whole_min(facts.corrected_ms)) if facts.corrected_ms else "",
            "makes_up": made_up and f"{made_up.title}, {words.weekday(words.local(made_up.starts_at, zone).date())}",
            "rules": f"{rules.title if rules else facts.rules_id} (version {facts.rules_version})",
            "signer": signer.name if signer else facts.signer,
            "signed": words.moment(facts.signed_at, zone),
            "evidence": f"log {first} – {last}",
            "hash": entry.hash,
            "previous": entry.previous,
            "segments": [
                {
                    "title": titles.get(share.segment, share.segment),
                    "minutes_text": words.minutes(_whole_min(share.present_ms)),
                    "counted": share.kind not in uncounted,
                }
                for share in facts.by_segment
            ],
            "record_url": f"/s/{facts.session}/record{reader.choice}" if reader.may(Action.READ_RECORD) else None,
        }

    async def _zone(self, person: PersonId) -> str:
        found = await self._clinic.get_person(person)
        return found.zone if found else "UTC"


def _shown(scheduled: ScheduledSession, progress: Progress, now: Instant) -> bool:
    """Home tells what is now, what is next and what is owed: not what is over and done with, nor what never was."""
    return bool(progress.owing) or progress.status == "running" or scheduled.starts_at > now - DAY_MS


def _next(rows: Sequence[dict[str, Any]], now: Instant) -> dict[str, Any] | None:
    """What the main button is for: what goes on, what begins soon, what is owed, what comes; in this order."""
    begins_by = now + SOON_MS
    wanted = (
        [row for row in rows if row["status"] == "running"],
        [row for row in rows if row["status"] in ("open", "scheduled") and row["starts_at"] <= begins_by],
        [row for row in rows if row["to_sign"]],
        [row for row in rows if row["status"] in ("open", "scheduled")],
    )
    return next((some[0] for some in wanted if some), None)


def _day(entry: HoursEntry) -> date:
    return hours.day_of(entry.facts.started, entry.facts.zone)


def _week_row(told: Week) -> dict[str, Any]:
    return {
        "from": told.first.isoformat(),
        "to": told.last.isoformat(),
        "minutes": told.minutes,
        "minutes_text": words.minutes(told.minutes),
        "target": told.floor_min,
        "target_text": words.minutes(told.floor_min),
        "fraction": _fraction(told.minutes, told.floor_min),
        "reached": 0 < told.floor_min <= told.minutes,
    }


def _days(told: Week) -> list[dict[str, Any]]:
    minutes = {day.day: day.minutes for day in told.days}
    longest = max(minutes.values(), default=0)
    return [
        {
            "label": f"{day:%a}",
            "date": day.isoformat(),
            "minutes": minutes.get(day, 0),
            "minutes_text": words.minutes(minutes.get(day, 0)),
            "fraction": _fraction(minutes.get(day, 0), longest),
        }
        for day in (told.first + timedelta(days=n) for n in range(DAYS))
    ]


def _aside(rules: RuleSet, track: str, told: Week) -> str:
    """What was attended in this week and does not count towards it, where days are too short to count."""
    short = told.attended_min - told.minutes
    if not short:
        return ""
    threshold = words.minutes(rules.day_threshold_min.get(track, 0))
    return f"{words.minutes(short)} more on days of less than {threshold}, which do not count towards the week."


def _whole_min(length_ms: int) -> int:
    """Whole minutes, the rest dropped on either side of zero: what was added is taken back alike."""
    return length_ms // 60_000 if length_ms >= 0 else -(-length_ms // 60_000)


def _fraction(part: int, whole: int) -> float:
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
