"""Inviting a family in one step: a guardian with everything that takes, and a family session with letters to all."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any, Final
from urllib.parse import quote

from facilitation.clashes import Booking, clashes_of
from facilitation.cohorts import Lead
from facilitation.contacts import EMAIL_MAX, RELATION_MAX, Contact, Nearest, check_contact, with_nearest
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.freetimes import days_from, offered
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId, SeriesId, SessionId
from facilitation.people import STAFF, Role
from facilitation.policy import FACILITATORS
from facilitation.recurrence import Every, Recurrence
from facilitation.roll import EMAIL
from facilitation.schedule import Series, SeriesKind, check_series, instant_of, session_of
from facilitation.school import School, busy, in_the_way, usual_week
from facilitation.sentences import Sentence, marked
from facilitation.text import CALLBACK_MAX, NAME_MAX, TITLE_MAX, line
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.books.family import MAY
from server.books.people import Access, Standing
from server.door.ages import Ages
from server.door.guardians import Guardians
from server.people.contacts import contacts
from server.people.ids import Ids
from server.rooms.ports import Stale
from server.schedule.planner import HORIZON_DAYS
from server.schedule.snapshot import Schedule
from server.school.shelves import Shelves as SchoolShelves
from server.store.clinic import Person, ScheduledSession
from server.store.register import Draft, Shelf, put_all
from server.timetable.given import Given
from server.timetable.office import Office
from server.web.auth import Visitor
from server.web.schedule import Fields
from server.web.words import Words, local

PLAN: Final = "family"
LOOK_DAYS: Final = 21
OFFERED: Final = 8
NOTICE_MS: Final = 4 * HOUR_MS
"""Nothing is offered sooner: a letter has to be read first."""
DAY_MS: Final = 24 * HOUR_MS
TITLE: Final = marked("Family session")

Invite = Callable[[ScheduledSession], Awaitable[Sequence[str]]]
"""Write to everybody on the list of a meeting that is new to them; the names of those who have no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A family session as the form says it: who leads, who of the family comes, and, once it is chosen, when."""

    lead: PersonId
    guardians: tuple[PersonId, ...]


class Families:
    """The port `FamilyInvitations` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        office: Office,
        *,
        guardians: Guardians,
        guardianships: Shelf[Guardianship],
        ages: Ages,
        access: Access,
        invite: Invite,
        ids: Ids,
    ) -> None:
        self._office = office
        self._store = office.store
        self._clock = office.clock
        self._guardians = guardians
        self._guardianships = guardianships
        self._ages = ages
        self._access = access
        self._invite = invite
        self._ids = ids
        self._contacts = contacts(office.store.register)
        self._schools = SchoolShelves(office.store.register).schools

    # ------------------------------------------------------------------ a guardian

    async def guardian_page(self, teen: PersonId, sent: Fields | None, words: Words) -> dict[str, Any] | None:
        """The form; None: no such teen."""
        known = await self._teen(teen)
        if known is None:
            return None
        return {
            "name": known.name,
            "given": Given({"may": [each.value for each in Care]} if sent is None else sent),
            "care": [(each.value, words(text)) for each, text in MAY.items()],
            "name_max": NAME_MAX,
            "email_max": EMAIL_MAX,
            "relation_max": RELATION_MAX,
            "phone_max": CALLBACK_MAX,
        }

    async def invite_guardian(self, teen: PersonId, sent: Fields, *, by: Visitor) -> str:
        """Who they are, that they answer for this teen, how they are reached, and their invitation: all of it.

        Returns what there is to say ('invited', 'known'). Somebody who signs in already needs no invitation. Raises
        Refusal, Stale.
        """
        known = await self._teen(teen)
        if known is None:
            raise Refusal("unknown_person", "There is no such teen any more.")
        given = Given(sent)
        name = line(given.raw("name"), "the guardian’s name", NAME_MAX)
        relation = line(given.raw("relation"), "who they are", RELATION_MAX, required=False) or "guardian"
        phone = line(given.raw("phone"), "the phone number", CALLBACK_MAX, required=False)
        may = frozenset(Care(each) for each in given.some_of("may", "what they may", set(Care)))
        email = "".join(given.raw("email").split()).casefold()
        if len(email) > EMAIL_MAX or not EMAIL.fullmatch(email):
            raise Refusal("bad_address", "That is no mail address. It is where the invitation goes.")
        guardian = await self._whose(email, known) or Person(
            person=self._ids(email), name=name, role=Role.GUARDIAN, track="adult", zone=known.zone
        )
        await self._store.clinic.put_person(guardian)
        drafts = await self._noted(known, guardian, email, phone, relation, may)
        await put_all(self._store.register, drafts, by=by.person, at=self._clock.now())
        if (await self._access.standings()).get(guardian.person) is Standing.IN:
            return "known"
        await self._access.invite(guardian.person, email, by=by)
        return "invited"

    async def _noted(
        self, teen: Person, guardian: Person, email: str, phone: str, relation: str, may: frozenset[Care]
    ) -> list[Draft]:
        """That they answer for the teen, and how both are reached: in one step."""
        care = Guardianship(guardian=guardian.person, teen=teen.person, since=self._clock.now(), may=may)
        there = await self._guardianships.get(care.id)
        if there is not None and there.value.holds(self._clock.now()):
            care = replace(there.value, may=may)
        mine = await self._contacts.get(guardian.person)
        own = mine.value if mine else Contact(person=guardian.person, email=email)
        theirs = await self._contacts.get(teen.person)
        near = theirs.value if theirs else Contact(person=teen.person)
        before = next((each for each in near.nearest if each.guardian == guardian.person), None)
        number = phone or own.phone or (before.phone if before else "")
        nearest = Nearest(name=guardian.name, relation=relation, phone=number, guardian=guardian.person)
        reached = with_nearest(near, nearest)
        check_contact(reached)
        own = replace(own, email=own.email or email, phone=number)
        return [
            self._guardianships.draft(care, upon=there.revision if there else 0),
            self._contacts.draft(own, upon=mine.revision if mine else 0),
            self._contacts.draft(reached, upon=theirs.revision if theirs else 0),
        ]

    async def _whose(self, email: str, teen: Person) -> Person | None:
        """The guardian of this address who is here already. Raises Refusal: it is somebody else's."""
        for held in (await self._contacts.all()).values():
            if held.value.email == email:
                found = await self._store.clinic.get_person(held.value.person)
                if found is not None and found.person == teen.person:
                    raise Refusal("known_address", "This is the teen’s own address. A guardian needs one of their own.")
                if found is not None and found.role is not Role.GUARDIAN:
                    raise Refusal(
                        "known_address",
                        "Somebody who is here as something else has this address. Ask the guardian for another one.",
                    )
                return found
        return None

    # ------------------------------------------------------------------ a family session

    async def session_page(
        self, teen: PersonId, sent: Fields | None, words: Words, *, reader: Visitor
    ) -> dict[str, Any] | None:
        """Who comes, who leads, and when all of them could. None: no such teen."""
        known = await self._teen(teen)
        if known is None:
            return None
        schedule = await self._office.book.load()
        family = await self._family(teen)
        leads = _leaders(schedule)
        usual = {"lead": [self._usual_lead(schedule, teen, reader)], "guardians": [each for each, _ in family]}
        given = Given(usual if sent is None else sent)
        asked = Asked(
            lead=PersonId(given.raw("lead")),
            guardians=tuple(PersonId(id) for id, _ in family if id in given.many("guardians")),
        )
        school = await self._schools.get(known.person)
        kept = None if school is None else school.value
        times = await self._times(schedule, known, asked, kept) if asked.guardians and asked.lead in dict(leads) else []
        return {
            "name": known.name,
            "given": given,
            "new_id": given.raw("id") or f"w-{secrets.token_hex(4)}",
            "family": family,
            "leads": leads,
            "length": words.minutes(self._length_ms(schedule) // MINUTE_MS),
            "times": [
                {
                    "value": f"{day}T{at:%H:%M}",
                    "day": words.weekday(day),
                    "time": self._span(schedule, known, day, at, words),
                }
                for day, at in times
            ],
            "school_url": f"/school/{quote(known.person, safe='')}{reader.choice}" if kept is None else "",
            "to_come": await self._to_come(known, words, reader),
            "zone": known.zone,
        }

    async def invite_session(self, teen: PersonId, sent: Fields, words: Words, *, by: Visitor) -> dict[str, Any]:
        """Plan it and write to everybody: who cannot be reached by mail, or, unplanned, what clashes.

        Raises Refusal, Stale.
        """
        known = await self._teen(teen)
        if known is None:
            raise Refusal("unknown_person", "There is no such teen any more.")
        given = Given(sent)
        schedule = await self._office.book.load()
        family = dict(await self._family(teen))
        leads = dict(_leaders(schedule))
        asked = Asked(
            lead=PersonId(given.one_of("lead", "who leads it", leads)),
            guardians=tuple(PersonId(each) for each in given.some_of("guardians", "who comes", family)),
        )
        if not asked.guardians:
            raise Refusal("nobody_comes", "Choose who of the family comes.")
        series = self._series(schedule, known, asked, given, words)
        if series.id in schedule.series:
            raise Stale("series", series.id)
        start = instant_of(series.first, series.starts, zone_of(known.zone))
        now = self._clock.now()
        if start <= now:
            raise Refusal("bad_day", "That time is over already. Choose one to come.")
        if start > now + (HORIZON_DAYS - 1) * DAY_MS:
            raise Refusal("bad_day", Sentence("Choose a day within the next {n} weeks.", n=HORIZON_DAYS // 7))
        busy_ones = await self._busy_ones(schedule, known, asked, start, series.id)
        if busy_ones and not given.on("anyway"):
            return {"busy": busy_ones}
        book = self._office.book
        await book.put([book.shelves.series.draft(series, upon=0)], by=by.person)
        session = await self._store.clinic.get_session(session_of(series.id, series.first))
        assert session is not None, "what is put is planned"
        unreached = await self._invite(session)
        await self._ask_in(asked.guardians, by=by)
        return {"invited": words.moment(session.starts_at, known.zone), "unreached": list(unreached)}

    async def _ask_in(self, guardians: Sequence[PersonId], *, by: Visitor) -> None:
        """Whoever was never invited is now: the letter tells them to sign in."""
        standings = await self._access.standings()
        for guardian in guardians:
            held = await self._contacts.get(guardian)
            if held is not None and held.value.email and guardian not in standings:
                await self._access.invite(guardian, held.value.email, by=by)

    def _series(self, schedule: Schedule, teen: Person, asked: Asked, given: Given, words: Words) -> Series:
        new = given.raw("id")
        if not new.startswith("w-") or len(new) != 10 or not new[2:].isalnum():
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        day, at = _chosen(given)
        series = Series(
            id=SeriesId(new),
            title=line(words(TITLE), "the name", TITLE_MAX),
            kind=SeriesKind.FAMILY,
            plan_id=PLAN,
            zone=teen.zone,
            recurrence=Recurrence(every=Every.ONCE),
            first=day,
            starts=at,
            people=(teen.person,),
            relatives=asked.guardians,
            leads=(Lead(person=asked.lead, role=Role.FACILITATOR),),
            programme=self._programme(schedule, teen.person),
        )
        check_series(series)
        return series

    # ------------------------------------------------------------------ when they could

    async def _times(
        self, schedule: Schedule, teen: Person, asked: Asked, school: School | None
    ) -> list[tuple[date, time]]:
        zone = zone_of(teen.zone)
        today = local(self._clock.now(), teen.zone).date()
        days = days_from(today, LOOK_DAYS)
        soonest = self._clock.now() + NOTICE_MS
        near = await self._near(days[0], days[-1], teen)
        one = timedelta(days=1)
        at_school = busy(school or usual_week(teen.person, teen.zone), days[0] - one, days[-1] + one)

        def free(day: date, at: time) -> bool:
            wanted = self._booking(schedule, teen, asked, instant_of(day, at, zone))
            return (
                wanted.start >= soonest
                and not in_the_way(at_school, wanted.start, wanted.end)
                and not clashes_of(wanted, near)
            )

        return offered(days, free, most=OFFERED)

    async def _near(self, first: date, last: date, teen: Person, *, but: SeriesId | None = None) -> list[Booking]:
        sessions = await self._office.sessions(first - timedelta(days=1), last + timedelta(days=1), teen.zone)
        return [self._office.booking(each) for each in sessions if not each.cancelled and each.series != but]

    def _booking(self, schedule: Schedule, teen: Person, asked: Asked, start: Instant) -> Booking:
        return Booking(
            session=SessionId("wanted"),
            start=start,
            end=Instant(start + self._length_ms(schedule)),
            leads=frozenset({asked.lead}),
            guests=frozenset({teen.person, *asked.guardians}),
        )

    async def _busy_ones(
        self, schedule: Schedule, teen: Person, asked: Asked, start: Instant, planned: SeriesId
    ) -> list[str]:
        """Who could not come then: in another meeting, or at school."""
        day = local(start, teen.zone).date()
        wanted = self._booking(schedule, teen, asked, start)
        found = {each.person: None for each in clashes_of(wanted, await self._near(day, day, teen, but=planned))}
        held = await self._schools.get(teen.person)
        one = timedelta(days=1)
        if held is not None and in_the_way(busy(held.value, day - one, day + one), wanted.start, wanted.end):
            found[teen.person] = None
        return [schedule.people[each].name for each in found if each in schedule.people]

    def _length_ms(self, schedule: Schedule) -> int:
        return self._office.length_ms(self._office.plan(schedule, PLAN))

    def _span(self, schedule: Schedule, teen: Person, day: date, at: time, words: Words) -> str:
        start = instant_of(day, at, zone_of(teen.zone))
        return words.span(start, Instant(start + self._length_ms(schedule)), teen.zone)

    # ------------------------------------------------------------------ who

    async def _teen(self, person: PersonId) -> Person | None:
        found = await self._store.clinic.get_person(person)
        return found if found is not None and await self._ages.minor(found) else None

    async def _family(self, teen: PersonId) -> list[tuple[str, str]]:
        """Guardians who may know when meetings are: id and name."""
        now = self._clock.now()
        found = []
        for care in await self._guardians.of(teen):
            known = await self._store.clinic.get_person(care.guardian)
            if known is not None and care.allows(Care.SCHEDULE, now):
                found.append((str(known.person), known.name))
        return sorted(found, key=lambda each: each[1].casefold())

    def _usual_lead(self, schedule: Schedule, teen: PersonId, reader: Visitor) -> str:
        """Whoever asks, if they lead groups; else who leads the teen's own."""
        if reader.role in FACILITATORS:
            return str(reader.person)
        for enrolment in schedule.enrolments_of(teen):
            cohort = schedule.cohorts.get(enrolment.cohort)
            if enrolment.until is None and cohort is not None:
                for lead in cohort.leads:
                    if lead.role is Role.FACILITATOR:
                        return str(lead.person)
        return ""

    def _programme(self, schedule: Schedule, teen: PersonId) -> str:
        """That of the teen's own group; else the first for teens."""
        for enrolment in schedule.enrolments_of(teen):
            cohort = schedule.cohorts.get(enrolment.cohort)
            if enrolment.until is None and cohort is not None and not cohort.alumni:
                return cohort.programme
        programmes = self._office.programmes(schedule)
        return next((id for id, each in programmes.items() if each.track == "teen"), next(iter(programmes), ""))

    async def _to_come(self, teen: Person, words: Words, reader: Visitor) -> list[dict[str, str]]:
        """The family sessions that are planned already."""
        now = self._clock.now()
        near: Mapping[str, ScheduledSession] = {
            each.session: each
            for each in await self._store.clinic.list_sessions(since=now, until=Instant(now + HORIZON_DAYS * DAY_MS))
            if each.kind is SeriesKind.FAMILY and any(seat.person == teen.person for seat in each.roster)
        }
        return [
            {
                "when": words.moment(each.starts_at, teen.zone),
                "who": words.listed([seat.name for seat in each.roster if seat.guest]),
                "url": f"/schedule/series/{each.series}/{each.on}{reader.choice}" if each.series and each.on else "",
            }
            for each in near.values()
        ]


def _leaders(schedule: Schedule) -> list[tuple[str, str]]:
    return [(str(each.person), each.name) for each in schedule.people.values() if each.role in STAFF - {Role.OBSERVER}]


def _chosen(given: Given) -> tuple[date, time]:
    """One of the times that were offered, or another one. Raises Refusal."""
    day, _, at = given.raw("at").partition("T")
    if at:
        picked = Given({"day": [day], "starts": [at]})
        return picked.day("day", "the meeting"), picked.clock("starts", "the meeting")
    return given.day("day", "the meeting"), given.clock("starts", "the meeting")
