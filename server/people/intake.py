"""Taking people in from a list: what it would change is shown first, and the same list again changes nothing.

People are written before what refers to them, each record as a whole. Ended half-way, the same list again takes in the
rest: whoever is there already stands in the preview as known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final
from zoneinfo import available_timezones

from facilitation.ages import ADULT_AGE, is_minor
from facilitation.cohorts import Cohort
from facilitation.contacts import Contact, Nearest, with_nearest
from facilitation.enrolment import EVERY_DAY, Enrolment, Step
from facilitation.facts import zone_of
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.roll import Around, Enrolled, Fate, Roll, read
from facilitation.weeks import day_of
from server.clock import Clock
from server.people.contacts import contacts
from server.people.ids import Ids
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import CHANGES_MAX, Draft, Held, Shelf, put_all

GUARDIANS_MAY: Final = frozenset(Care)
"""What a guardian who comes with a list may do; each can be taken back by itself."""
AT_ONCE: Final = CHANGES_MAX // 4
"""Rows in one step: a row makes at most two contacts, an enrolment and a guardianship."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """Where it is kept who belongs to whom and to which group."""

    cohorts: Shelf[Cohort]
    enrolments: Shelf[Enrolment]
    guardianships: Shelf[Guardianship]


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """How many rows of a list are taken in, of how many that are to be."""

    rows: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What a list did. `newcomers`: everybody who was not there before, guardians included; they can be invited."""

    new: int
    changed: int
    newcomers: tuple[PersonId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """The clinic as a list meets it."""

    by_address: Mapping[str, PersonId]
    people: Mapping[PersonId, Person]
    contacts: Mapping[str, Held[Contact]]
    cohorts: Mapping[str, Held[Cohort]]
    enrolments: Mapping[str, Held[Enrolment]]
    enrolled: Mapping[PersonId, Enrolment]
    """Those that go on. Whoever was discharged can be enrolled again."""
    guardianships: Mapping[str, Held[Guardianship]]


class Intake:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(self, store: Store, shelves: Shelves, *, clock: Clock, ids: Ids, seats_max: int) -> None:
        self._store = store
        self._shelves = shelves
        self._contacts = contacts(store.register)
        self._clock = clock
        self._ids = ids
        self._seats_max = seats_max

    async def preview(self, heading: Sequence[str], rows: Sequence[Sequence[str]], *, zone: str) -> Roll:
        """What the list says, against what is there. `zone`: of whoever's row says none."""
        return read(heading, rows, self._around(await self._look(), zone))

    async def take_in(
        self, heading: Sequence[str], rows: Sequence[Sequence[str]], *, zone: str, by: PersonId
    ) -> AsyncIterator[Far | TakenIn]:
        """Everybody whose row is right, step by step: how far it is after each, and at last what was done.

        What is wrong waits; what is the same is left alone. Raises Stale.
        """
        there = await self._look()
        roll = read(heading, rows, self._around(there, zone))
        fresh = [row.person for row in roll.rows if row.person and row.fate in (Fate.NEW, Fate.CHANGED)]
        newcomers: dict[PersonId, None] = {}
        far = 0
        yield Far(rows=far, of=len(fresh))
        for some in _batches(fresh):
            newcomers |= dict.fromkeys(await self._take(some, there, by))
            far += len(some)
            yield Far(rows=far, of=len(fresh))
        yield TakenIn(new=len(roll.of(Fate.NEW)), changed=len(roll.of(Fate.CHANGED)), newcomers=tuple(newcomers))

    async def _take(self, some: Sequence[Enrolled], there: _There, by: PersonId) -> list[PersonId]:
        now = self._clock.now()
        people: dict[PersonId, Person] = {}
        drafts: dict[str, Draft] = {}
        for each in some:
            people[each.person] = Person(
                person=each.person,
                name=each.name,
                role=each.role,
                track=each.track,
                zone=each.zone,
                born=each.born,
            )
            guardian = self._guardian(each, there, people, drafts)
            contact = there.contacts.get(each.person)
            reached = _reached(each, contact.value if contact else Contact(person=each.person), guardian)
            if contact is None or contact.value != reached:
                drafts[f"contact {each.person}"] = self._contacts.draft(
                    reached, upon=contact.revision if contact else 0
                )
            if each.cohort and each.person not in there.enrolled:
                cohort = there.cohorts[each.cohort].value
                enrolment = Enrolment(
                    id=EnrolmentId(f"e-{each.person.removeprefix('p-')}-{cohort.id}"),
                    person=each.person,
                    cohort=CohortId(cohort.id),
                    steps=(Step(since=day_of(now, zone_of(cohort.zone)), days=EVERY_DAY),),
                )
                before = there.enrolments.get(enrolment.id)
                upon = before.revision if before else 0
                drafts[f"enrolment {each.person}"] = self._shelves.enrolments.draft(enrolment, upon=upon)
        await self._store.clinic.put_people(list(people.values()))
        await put_all(self._store.register, list(drafts.values()), by=by, at=now)
        return [person for person in people if person not in there.people]

    def _guardian(
        self, each: Enrolled, there: _There, people: dict[PersonId, Person], drafts: dict[str, Draft]
    ) -> PersonId | None:
        """The guardian whom a teen's row names with an address, taken in beside the teen."""
        today = day_of(self._clock.now(), zone_of(each.zone))
        if not each.guardian_email or not is_minor(each.track, each.born, today, ADULT_AGE):
            return None
        guardian = there.by_address.get(each.guardian_email) or self._ids(each.guardian_email)
        if guardian not in there.people:
            people.setdefault(
                guardian,
                Person(person=guardian, name=each.guardian, role=Role.GUARDIAN, track="adult", zone=each.zone),
            )
        if guardian not in there.contacts:
            contact = Contact(person=guardian, email=each.guardian_email, phone=each.guardian_phone)
            drafts[f"contact {guardian}"] = self._contacts.draft(contact, upon=0)
        care = Guardianship(guardian=guardian, teen=each.person, since=self._clock.now(), may=GUARDIANS_MAY)
        if care.id not in there.guardianships:
            drafts[f"guardianship {care.id}"] = self._shelves.guardianships.draft(care, upon=0)
        return guardian

    # ------------------------------------------------------------------ what is there

    async def _look(self) -> _There:
        reached, enrolments = await self._contacts.all(), await self._shelves.enrolments.all()
        return _There(
            by_address={held.value.email: held.value.person for held in reached.values() if held.value.email},
            people={person.person: person for person in await self._store.clinic.list_people()},
            contacts=reached,
            cohorts=await self._shelves.cohorts.all(),
            enrolments=enrolments,
            enrolled={each.value.person: each.value for each in enrolments.values() if each.value.until is None},
            guardianships=await self._shelves.guardianships.all(),
        )

    def _around(self, there: _There, zone: str) -> Around:
        known = {}
        for address, id in there.by_address.items():
            if (person := there.people.get(id)) is not None:
                known[address] = self._as_a_row(person, address, there)
        cohorts = {held.value.title: id for id, held in there.cohorts.items() if not held.value.closed}
        goes_on = Counter(str(each.value.cohort) for each in there.enrolments.values() if each.value.until is None)
        return Around(
            id_of=self._ids,
            zone=zone,
            zones=available_timezones(),
            known=known,
            cohorts=cohorts,
            seats={
                id: max(0, self._seats_max - len(held.value.leads) - goes_on[id]) for id, held in there.cohorts.items()
            },
            today=day_of(self._clock.now(), zone_of(zone)),
        )

    @staticmethod
    def _as_a_row(person: Person, address: str, there: _There) -> Enrolled:
        """What a list would have to say to change nothing."""
        contact = there.contacts.get(person.person)
        nearest = contact.value.nearest[0] if contact and contact.value.nearest else None
        enrolled = there.enrolled.get(person.person)
        return Enrolled(
            person=person.person,
            name=person.name,
            email=address,
            role=person.role,
            track=person.track,
            zone=person.zone,
            cohort=enrolled.cohort if enrolled else "",
            phone=contact.value.phone if contact else "",
            guardian=nearest.name if nearest else "",
            guardian_email=_address(there, nearest.guardian) if nearest and nearest.guardian else "",
            guardian_phone=nearest.phone if nearest else "",
            born=person.born,
        )


def _address(there: _There, person: PersonId) -> str:
    held = there.contacts.get(person)
    return held.value.email if held else ""


def _reached(each: Enrolled, before: Contact, guardian: PersonId | None) -> Contact:
    contact = Contact(person=each.person, email=each.email, phone=each.phone, nearest=before.nearest)
    if not each.guardian:
        return contact
    relation = next((one.relation for one in before.nearest if one.name == each.guardian), "guardian")
    return with_nearest(
        contact, Nearest(name=each.guardian, relation=relation, phone=each.guardian_phone, guardian=guardian)
    )


def _batches(rows: Iterable[Enrolled]) -> Iterator[Sequence[Enrolled]]:
    left = iter(rows)
    while some := list(islice(left, AT_ONCE)):
        yield some
