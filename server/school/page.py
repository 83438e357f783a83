"""The page around school: what a teen's week looks like, and which weeks of groups fit around it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from facilitation.disclosures import Purpose, disclose
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.finder import OFFERS_MAX, WEEKS_MAX, Offer, Wish, find
from facilitation.guardianship import Care
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.school import School, busy
from facilitation.sentences import Sentence
from facilitation.timebase import HOUR_MS, Instant
from facilitation.weeks import DAYS, day_of
from server.clock import Clock
from server.documents.letter import letter_data
from server.documents.paper import made
from server.door.guardians import guardians_of
from server.schedule.book import ScheduleBook
from server.school import told
from server.school.form import fields_of, rows, school_of
from server.school.offers import Catalog, Offering
from server.school.shelves import Shelves
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.exports import Handout
from server.web.words import Words

WEEKS: Final = 8
LETTER_DAYS: Final = 120
LETTER_DAYS_MAX: Final = 200
DAY_MS: Final = 24 * HOUR_MS


class SchoolBook:
    """The port `SchoolPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, schedule: ScheduleBook, catalog: Catalog, clock: Clock, seats_max: int) -> None:
        self._store = store
        self._schedule = schedule
        self._catalog = catalog
        self._clock = clock
        self._seats_max = seats_max
        self._shelves = Shelves(store.register)
        self._guardians = guardians_of(store, self._shelves.guardianships, catalog=catalog, clock=clock)

    async def may(self, guardian: PersonId, person: PersonId) -> bool:
        return await self._guardians.cares(guardian, person, Care.SCHEDULE)

    async def page(
        self, person: PersonId, words: Words, *, reader: Visitor, given: Mapping[str, str], typed: bool
    ) -> dict[str, Any] | None:
        """`given`: what the address asks for, or what was `typed` into the form. None: no such participant."""
        found = await self._participant(person)
        if found is None:
            return None
        held = await self._shelves.schools.get(person)
        school = School(person=person, zone=found.zone) if held is None else held.value
        today = day_of(self._clock.now(), zone_of(school.zone))
        weeks, first = _weeks(given.get("weeks", "")), _first(given.get("from", ""), today)
        context: dict[str, Any] = {
            "person": person,
            "name": found.name,
            "own": reader.person == person,
            "known": held is not None,
            "revision": given.get("revision", "") if typed else str(0 if held is None else held.revision),
            "rows": rows(given if typed else fields_of(school), words),
            "from": str(first),
            "weeks": weeks,
            "weeks_most": WEEKS_MAX,
            "letter_first": str(today),
            "letter_last": str(today + timedelta(days=LETTER_DAYS)),
            "found": None,
        }
        if held is not None and not typed:
            context["found"] = await self._found(found, school, first, weeks, words)
        return context

    async def keep(self, person: PersonId, given: Mapping[str, str], *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        found = await self._participant(person)
        if found is None:
            raise Refusal("unknown_person", "There is nobody of that name.")
        revision = given.get("revision", "")
        upon = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0
        school = school_of({"zone": found.zone, **given}, person)
        held = await self._shelves.schools.get(person)
        if held is None or held.value != school:
            await self._shelves.schools.put(school, upon=upon, by=by.person, at=self._clock.now())

    async def letter(self, person: PersonId, first: date, last: date, words: Words, *, by: Visitor) -> Handout:
        """A letter with times alone, already logged. Raises Refusal."""
        found = await self._participant(person)
        if found is None:
            raise Refusal("unknown_person", "There is nobody of that name.")
        if not 0 <= (last - first).days <= LETTER_DAYS_MAX:
            raise Refusal(
                "bad_days",
                Sentence("A letter is about {most} days at most, the first one first.", most=LETTER_DAYS_MAX),
            )
        held = await self._shelves.schools.get(person)
        zone = found.zone if held is None else held.value.zone
        sessions = await self._sessions(found, first, last, zone)
        if not sessions:
            raise Refusal("nothing", "No meetings are planned on these days, so there is nothing to write.")
        now = self._clock.now()
        data = letter_data(
            words,
            found.name,
            [(each.starts_at, self._ends(each)) for each in sessions],
            zone=zone,
            day=day_of(now, zone_of(zone)),
            margin_min=0 if held is None else held.value.margin_min,
        )
        pdf = await made("letter", data, at=now)
        await self._store.disclosures.record(
            disclose(
                clinic=self._store.keys.clinic,
                by=by.person,
                at=now,
                what="school letter",
                first=first,
                last=last,
                about=[person],
                purpose=Purpose.OWN if by.person == person else Purpose.REQUEST,
                reason="",
                form="",
            )
        )
        return Handout(filename=f"letter-{day_of(now, zone_of(zone))}.pdf", chunks=[pdf], media_type="application/pdf")

    # ------------------------------------------------------------------ inside

    async def _participant(self, person: PersonId) -> Person | None:
        found = await self._store.clinic.get_person(person)
        return found if found is not None and found.role is Role.PARTICIPANT else None

    async def _found(self, person: Person, school: School, first: date, weeks: int, words: Words) -> dict[str, Any]:
        last = first + timedelta(days=DAYS * (weeks + 1) - 1)  # whole weeks begin at most six days later
        schedule = await self._schedule.load()
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        offers = offering.offers(person.person, person.track, first, last)
        wish = Wish(
            track=person.track,
            rules=offering.rules(person.person, person.track, first),
            zone=zone_of(school.zone),
            busy=busy(school, first - timedelta(days=1), last + timedelta(days=1)),
            first=first,
            last=last,
            stay=frozenset(offering.cohorts_of(person.person, first)),
        )
        return await asyncio.to_thread(_told, wish, offers[:OFFERS_MAX], school, words)  # it may take a second

    async def _sessions(self, person: Person, first: date, last: date, zone: str) -> list[ScheduledSession]:
        """Those that somebody is expected in, on these days of their calendar."""
        begin = Instant(max(0, int((first - date(1970, 1, 1)).days - 1) * DAY_MS))
        end = Instant(int((last - date(1970, 1, 1)).days + 2) * DAY_MS)
        near = await self._store.clinic.list_sessions(since=begin, until=end)
        return [
            each
            for each in near
            if first <= day_of(each.starts_at, zone_of(zone)) <= last
            and any(seat.person == person.person and seat.role is Role.PARTICIPANT for seat in each.roster)
        ]

    def _ends(self, session: ScheduledSession) -> Instant:
        plan = self._catalog.plans.get(session.plan_id)
        return Instant(session.starts_at + (sum(each.planned_ms for each in plan.segments) if plan else 0))


def _told(wish: Wish, offers: list[Offer], school: School, words: Words) -> dict[str, Any]:
    found = find(wish, offers)
    why = found.explanation
    return {
        "offers": len({offer.cohort for offer in offers}),
        "proposals": [told.proposal(each, wish, school, words) for each in found.proposals],
        "explanation": None if why is None else told.explanation(why, wish, school, words),
    }


def _weeks(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else WEEKS
    return min(max(1, number), WEEKS_MAX - 1)


def _first(text: str, today: date) -> date:
    try:
        asked = date.fromisoformat(text)
    except ValueError:
        return today
    return min(max(asked, today - timedelta(days=366)), today + timedelta(days=2 * 366))
