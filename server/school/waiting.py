"""Waiting lists over the schedule: when a seat opens, the first who fits is offered it, and has two days to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from facilitation.cohorts import Cohort
from facilitation.enrolment import Enrolment, Step
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.finder import Offer, Wish, fitting
from facilitation.guardianship import Care
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.school import busy
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from facilitation.waiting import Wait, Waiting, answer, is_offered, look
from facilitation.weeks import day_of
from server.again import again_and_again
from server.clock import Clock
from server.door.guardians import guardians_of
from server.schedule.book import ScheduleBook
from server.school.offers import Catalog, Offering
from server.school.shelves import Shelves
from server.store.ports import Store
from server.store.register import Held
from server.web.auth import Visitor
from server.web.lists import SHOWN, Asked, leaf, ways
from server.web.words import Words, local, marked

EVERY_S: Final = 300.0
AHEAD_DAYS: Final = 34
"""Four whole weeks, whenever they begin."""
LIST_MAX: Final = 500
STANDINGS: Final = {
    Wait.WAITING: marked("Waiting"),
    Wait.OFFERED: marked("Offered a seat"),
    Wait.TAKEN: marked("Took the seat"),
    Wait.DECLINED: marked("Said no"),
    Wait.LAPSED: marked("Did not answer in time"),
    Wait.OFF: marked("Taken off"),
}


class WaitingLists:
    """The port `WaitingPage` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

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

    # ------------------------------------------------------------------ looking

    async def page(self, words: Words, *, reader: Visitor, asked: Asked) -> dict[str, Any]:
        """Every list, in its order, a page at a time, and who can be put on one."""
        await self.look()
        schedule = await self._schedule.load()
        held = await self._shelves.waiting.all()
        fitting = [
            each.value
            for each in held.values()
            if not asked.words
            or ((known := schedule.people.get(each.value.person)) and asked.fits(known.name.casefold()))
        ]
        fitting.sort(key=lambda each: _in_order(each, schedule.cohorts))
        shown = leaf(fitting, asked.page)
        participants = [
            (each.person, each.name)
            for each in schedule.people.values()
            if each.role is Role.PARTICIPANT and asked.fits(each.name.casefold())
        ]
        return {
            "rows": [self._row(each, schedule.people, schedule.cohorts, words) for each in shown.rows],
            "ways": ways("/waiting", shown, reader, q=asked.text),
            "people": participants[:SHOWN],
            "more_people": len(participants) > SHOWN,
            "groups": [(each.id, each.title) for each in schedule.cohorts.values() if not (each.closed or each.alumni)],
        }

    async def offered(self) -> list[Waiting]:
        """Who is offered a seat now."""
        now = self._clock.now()
        return [held.value for held in (await self._shelves.waiting.all()).values() if is_offered(held.value, now)]

    async def own(self, person: PersonId, words: Words) -> dict[str, Any] | None:
        """What one person waits for and is offered. None: no such participant."""
        found = await self._store.clinic.get_person(person)
        if found is None or found.role is not Role.PARTICIPANT:
            return None
        await self.look()
        schedule = await self._schedule.load()
        today = day_of(self._clock.now(), zone_of(found.zone))
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        weekly = offering.all(today, today + timedelta(days=AHEAD_DAYS))
        mine = [each.value for each in (await self._shelves.waiting.all()).values() if each.value.person == person]
        mine.sort(key=lambda each: (each.standing is not Wait.OFFERED, each.standing is not Wait.WAITING, each.since))
        return {
            "person": person,
            "name": found.name,
            "rows": [
                self._row(each, schedule.people, schedule.cohorts, words)
                | {"times": [_time(offer, found.zone, words) for offer in weekly if offer.cohort == each.cohort]}
                for each in mine
            ],
        }

    def _row(
        self, each: Waiting, people: Mapping[PersonId, Any], cohorts: Mapping[CohortId, Any], words: Words
    ) -> dict[str, Any]:
        person, cohort = people.get(each.person), cohorts.get(each.cohort)
        zone = "UTC" if person is None else person.zone
        return {
            "person": each.person,
            "cohort": each.cohort,
            "name": "" if person is None else person.name,
            "group": "" if cohort is None else cohort.title,
            "since": each.since,
            "since_text": words.calendar(local(each.since, zone).date()),
            "standing": each.standing.value,
            "stands": words(STANDINGS[each.standing]),
            "open": each.standing in (Wait.WAITING, Wait.OFFERED),
            "offered": is_offered(each, self._clock.now()),
            "answer_by": "" if each.answer_by is None else words.moment(each.answer_by, zone),
        }

    # ------------------------------------------------------------------ changing

    async def put(self, person: str, cohort: str, *, by: Visitor) -> None:
        """At the end of the list. Raises Refusal, Stale."""
        schedule = await self._schedule.load()
        known = schedule.people.get(PersonId(person))
        if known is None or known.role is not Role.PARTICIPANT or CohortId(cohort) not in schedule.cohorts:
            raise Refusal("unknown_person", "Choose a person and a group.")
        held = await self._shelves.waiting.all()
        if len(held) >= LIST_MAX:
            raise Refusal("too_many", Sentence("At most {n} places are kept on the lists.", n=LIST_MAX))
        before = held.get(f"{cohort} {person}")
        if before is not None and before.value.standing in (Wait.WAITING, Wait.OFFERED):
            return
        entry = Waiting(person=known.person, cohort=CohortId(cohort), since=self._clock.now())
        await self._keep(entry, before, by=by.person)
        await self.look()

    async def take_off(self, person: str, cohort: str, *, by: Visitor) -> None:
        """Raises Refusal, Stale."""
        held = await self._entry(person, cohort)
        await self._keep(replace(held.value, standing=Wait.OFF, answer_by=None), held, by=by.person)
        await self.look()

    async def answer(self, person: PersonId, cohort: str, taken: bool, *, by: Visitor) -> None:
        """Taken: they are enrolled on all days of that group from tomorrow on. Raises Refusal, Stale."""
        held = await self._entry(person, cohort)
        now = self._clock.now()
        answered = answer(held.value, taken, now)
        drafts = [self._shelves.waiting.draft(answered, upon=held.revision)]
        if taken:
            schedule = await self._schedule.load()
            group = schedule.cohorts[answered.cohort]
            days = sorted(
                {day for each in schedule.series.values() if each.cohort == group.id for day in each.recurrence.days}
            )
            since = day_of(now, zone_of(group.zone)) + timedelta(days=1)
            enrolment = Enrolment(
                id=EnrolmentId(f"e-{group.id}-{person}-{since:%Y%m%d}"),
                person=person,
                cohort=group.id,
                steps=(Step(since=since, days=tuple(days)),),
            )
            drafts.append(self._schedule.shelves.enrolments.draft(enrolment, upon=0))
        await self._schedule.put(drafts, by=by.person)
        await self.look()

    async def look(self) -> int:
        """Let offers lapse, and offer seats that opened; how many places changed."""
        held = await self._shelves.waiting.all()
        if not any(each.value.standing in (Wait.WAITING, Wait.OFFERED) for each in held.values()):
            return 0
        now = self._clock.now()
        today = day_of(now, zone_of("UTC"))
        schedule = await self._schedule.load()
        offering = Offering(schedule, self._catalog, seats_max=self._seats_max)
        last = today + timedelta(days=AHEAD_DAYS)
        weekly = offering.all(today, last)
        free = {
            cohort: min(offer.seats_left for offer in weekly if offer.cohort == cohort)
            for cohort in {CohortId(offer.cohort) for offer in weekly}
        }
        schools = await self._shelves.schools.all()

        def fits(one: Waiting) -> bool:
            offers = [offer for offer in weekly if offer.cohort == one.cohort]
            school = schools.get(one.person)
            return school is None or _fits(school.value, offers, offering, one, today, last)

        changed = look([each.value for each in held.values()], free, fits, now)
        for each in changed:
            await self._keep(each, held[each.id], by="")
        return len(changed)

    async def run(self) -> None:
        await again_and_again(self.look, every_s=EVERY_S, what="waiting lists")

    # ------------------------------------------------------------------ inside

    async def _entry(self, person: str, cohort: str) -> Held[Waiting]:
        held = await self._shelves.waiting.get(f"{cohort} {person}"[:200]) if cohort else None
        if held is None:
            raise Refusal("not_offered", "There is no such place on a list any more.")
        return held

    async def _keep(self, entry: Waiting, held: Held[Waiting] | None, *, by: PersonId | str) -> None:
        await self._shelves.waiting.put(entry, upon=0 if held is None else held.revision, by=by, at=self._clock.now())


def _in_order(each: Waiting, cohorts: Mapping[CohortId, Cohort]) -> tuple[str, bool, Instant]:
    """By group; in it those that are open first, in the order in which they came."""
    cohort = cohorts.get(each.cohort)
    title = "" if cohort is None else cohort.title.casefold()
    return title, each.standing not in (Wait.WAITING, Wait.OFFERED), each.since


def _time(offer: Offer, zone: str, words: Words) -> str:
    """'Monday, 4:00 PM – 6:10 PM', on their own clock."""
    first = offer.meetings[0]
    day = words.day_name(local(first.start, zone).weekday())
    return words("{day}, {time}", day=day, time=words.span(first.start, first.end, zone))


def _fits(school: Any, offers: list[Offer], offering: Offering, one: Waiting, first: date, last: date) -> bool:
    """Whether no weekly meeting of the group lies in anything that a teen does every week."""
    wish = Wish(
        track="teen",
        rules=offering.rules(one.person, "teen", first),
        zone=zone_of(school.zone),
        busy=busy(school, first - timedelta(days=1), last + timedelta(days=1)),
        first=first,
        last=last,
    )
    return bool(offers) and len(fitting(wish, [replace(each, seats_left=1) for each in offers])) == len(offers)
