"""What the statement pages tell, made ready to be shown from the clinic's schedule, logs and ledger.

The shapes are those of `server/web/README.md`, "What a template gets".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected
from facilitation.plan import Segment
from facilitation.policy import Action
from facilitation.rules import RuleSet
from facilitation.weeks import DAYS, Visit, Week, first_day, week
from server.books import meter_words, week_words
from server.clock import Clock
from server.projections.meters import Catalog, Meter, Meters
from server.projections.what_if import Ask
from server.store import hours
from server.store.clinic import Person, ScheduledSession
from server.store.hours import HoursEntry
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.words import Words, local


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

    async def roster(self, session: SessionId) -> Sequence[Expected] | None:
        scheduled = await self._clinic.get_session(session)
        return None if scheduled is None else scheduled.roster

    async def title(self, session: SessionId) -> str | None:
        scheduled = await self._clinic.get_session(session)
        return None if scheduled is None else scheduled.title

    async def cancelled(self, session: SessionId) -> bool:
        scheduled = await self._clinic.get_session(session)
        return scheduled is not None and bool(scheduled.cancelled)

    # ------------------------------------------------------------------ statement

    async def statement(
        self, person: PersonId, words: Words, *, reader: Visitor, as_of: date | None = None
    ) -> dict[str, Any] | None:
        """`reader`: who may read records finds entries leading to them. `as_of`: as it stood at the end of that day.

        None: nobody of that id. Raises CorruptLog.
        """
        found = await self._clinic.get_person(person)
        if found is None:
            return None
        entries = (await self._ledger.account(person)).entries()
        today = local(self._clock.now(), found.zone).date()
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
            week = self._week(meter, first, of_week, words, as_of=as_of)
            week["entries"] = [
                await self._entry_row(entry, found.zone, reader, numbers, words) | {"stands": entry.number in standing}
                for entry in of_week
            ]
            weeks.append(week)
        total = sum(entry.facts.countable_min for entry in entries)
        return {
            "person": {"person": found.person, "name": found.name, "track": found.track, "zone": found.zone},
            "as_of": as_of and {"date": as_of.isoformat(), "text": words.dated(as_of)},
            "today": today.isoformat(),
            "disclosures": await self._disclosed(found, reader, as_of, words),
            "weeks": weeks,
            "total": {
                "minutes": total,
                "minutes_text": words.minutes(total),
                "sessions": len({entry.facts.session for entry in entries}),
            },
        }

    async def what_if(
        self, person: PersonId, words: Words, *, rules: str | None, day: date | None
    ) -> dict[str, Any] | None:
        """The choice of rule sets, and the week of `day` (None: of today) under the one that is chosen, if one is.

        Nothing is changed by it. None: no such person or rule set. Raises CorruptLog.
        """
        found = await self._clinic.get_person(person)
        if found is None or not (rules is None or rules in self._catalog.rules):
            return None
        choices = [
            {"id": each.id, "title": words.of(each.title), "example": each.example, "chosen": each.id == rules}
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
                "title": week_words.title(told.rules, words),
                "source": told.rules.source,
                "range": week_words.range_of(told.week, words),
                "posted_text": words.minutes(told.posted_min),
                "minutes_text": words.minutes(told.week.minutes),
                "units": told.week.units,
                "sentences": week_words.sentences(told, words),
                "days": week_words.day_rows(told, words),
                "nothing_changes": words(week_words.NOTHING_CHANGES),
            },
        }

    async def _disclosed(
        self, person: Person, reader: Visitor, as_of: date | None, words: Words
    ) -> list[dict[str, Any]]:
        """The accounting of disclosures, the newest first."""
        rows = []
        names: dict[str, str] = {reader.person: words("You")}
        for each in await self._disclosures.about(person.person):
            at = local(each.at, person.zone)
            if as_of is None or at.date() <= as_of:
                if each.by not in names:
                    by = await self._clinic.get_person(each.by)
                    names[each.by] = by.name if by else each.by
                why = words.purpose(each.purpose)
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
        self, meter: Meter, first: date, entries: Sequence[HoursEntry], words: Words, *, as_of: date | None = None
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
        known = {this_week: words("This week"), this_week - timedelta(days=7): words("Last week")}
        return meter_words.ring(told, words) | {
            "label": (known.get(first) if as_of is None else None) or words.days(first, told.last),
            "current": current,
            "days": _days(told, words),
            "aside": _aside(meter.rules if current else rules, meter.person.track, told, words),
        }

    def _rules(self, entry: HoursEntry) -> RuleSet | None:
        """The version that the entry was posted by; failing that, the newest of the same name."""
        facts = entry.facts
        return self._catalog.rules_of(facts.rules_id, facts.rules_version) or self._catalog.rules.get(facts.rules_id)

    async def _entry_row(
        self, entry: HoursEntry, zone: str, reader: Visitor, numbers: Mapping[str, int], words: Words
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
            "title": scheduled.title if scheduled else words("Session"),
            "day": local(facts.started, zone).date().isoformat(),
            "date": words.weekday(local(facts.started, zone).date()),
            "time": words.span(facts.started, facts.ended, zone),
            "minutes": facts.countable_min,
            "minutes_text": words.minutes(facts.countable_min),
            "kind": facts.kind,
            "corrects": numbers.get(facts.corrects),
            "reason": facts.reason,
            "corrected_text": words.minutes(_whole_min(facts.corrected_ms)) if facts.corrected_ms else "",
            "makes_up": made_up and f"{made_up.title}, {words.weekday(local(made_up.starts_at, zone).date())}",
            "rules": words(
                "{title} (version {version})",
                title=words.of(rules.title) if rules else facts.rules_id,
                version=facts.rules_version,
            ),
            "signer": signer.name if signer else facts.signer,
            "signed": words.moment(facts.signed_at, zone),
            "evidence": words("log {first} – {last}", first=first, last=last),
            "hash": entry.hash,
            "previous": entry.previous,
            "segments": [
                {
                    "title": words.of(titles.get(share.segment, share.segment)),
                    "minutes_text": words.minutes(_whole_min(share.present_ms)),
                    "counted": share.kind not in uncounted,
                }
                for share in facts.by_segment
            ],
            "record_url": f"/s/{facts.session}/record{reader.choice}" if reader.may(Action.READ_RECORD) else None,
        }

    def _plan(self, scheduled: ScheduledSession) -> Sequence[Segment]:
        plan = self._catalog.plans.get(scheduled.plan_id)
        return plan.segments if plan else ()


def _day(entry: HoursEntry) -> date:
    return hours.day_of(entry.facts.started, entry.facts.zone)


def _days(told: Week, words: Words) -> list[dict[str, Any]]:
    minutes = {day.day: day.minutes for day in told.days}
    longest = max(minutes.values(), default=0)
    return [
        {
            "label": words.weekday_short(day),
            "date": day.isoformat(),
            "minutes": minutes.get(day, 0),
            "minutes_text": words.minutes(minutes.get(day, 0)),
            "fraction": meter_words.fraction(minutes.get(day, 0), longest),
        }
        for day in (told.first + timedelta(days=n) for n in range(DAYS))
    ]


def _aside(rules: RuleSet, track: str, told: Week, words: Words) -> str:
    """What was attended in this week and does not count towards it, where days are too short to count."""
    short = told.attended_min - told.minutes
    if not short:
        return ""
    threshold = words.minutes(rules.day_threshold_min.get(track, 0))
    return words(
        "{time} more on days of less than {least}, which do not count towards the week.",
        time=words.minutes(short),
        least=threshold,
    )


def _whole_min(length_ms: int) -> int:
    """Whole minutes, the rest dropped on either side of zero: what was added is taken back alike."""
    return length_ms // 60_000 if length_ms >= 0 else -(-length_ms // 60_000)
