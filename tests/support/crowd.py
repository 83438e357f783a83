"""A clinic of many people, plainly made up: thousands who were here, some hundreds who are in its groups now."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from typing import Final

from facilitation.accounts import Account, Device, Devices, Invitation, Passkey
from facilitation.cohorts import Cohort, Lead
from facilitation.contacts import Contact
from facilitation.enrolment import Enrolment, Step
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import CohortId, EnrolmentId, PersonId, SeriesId, SessionId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence
from facilitation.schedule import Series, SeriesKind
from facilitation.timebase import HOUR_MS, Instant
from server.accounts import shelves as accounts
from server.catalog import Catalog
from server.clock import Clock
from server.people.contacts import contacts
from server.schedule.book import ScheduleBook
from server.schedule.planner import Begun
from server.schedule.shelves import Shelves
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import CHANGES_MAX, Draft, put_all

ZONE: Final = "America/New_York"
SEATS: Final = 12
STAFF: Final = 20
DAYS: Final = ((0, 2, 4), (1, 3), (0, 1, 3))
FIRST: Final = ("Robin", "Sam", "Ash", "Kim", "Jo", "Alex", "Lee", "Max", "Noa", "Uli")
LAST: Final = ("Example", "Sample", "Specimen", "Placeholder", "Madeup", "Pretend")


def name_of(number: int) -> str:
    return f"{FIRST[number % 10]} {LAST[number // 10 % 6]} {number:05}"


class Crowd:
    """`people` of them, of whom each of `cohorts` has twelve; a third are teens, some of them with guardians."""

    def __init__(self, people: int, *, cohorts: int, now: Instant) -> None:
        self._people = people
        self._cohorts = cohorts
        self._now = now
        self._today = datetime.fromtimestamp(now // 1_000, UTC).date()
        self._drawn = random.Random(people)

    def role(self, number: int) -> Role:
        if number < STAFF:
            return Role.FACILITATOR
        return Role.GUARDIAN if number % 12 == 11 else Role.PARTICIPANT

    def person(self, number: int) -> Person:
        track = "teen" if number % 3 == 0 and number >= STAFF else "adult"
        born = date(self._today.year - 16, 1 + number % 12, 5) if track == "teen" else None
        return Person(
            person=PersonId(f"p-{number:05}"),
            name=name_of(number),
            role=self.role(number),
            track=track,
            zone=ZONE,
            born=born,
        )

    async def fill(self, store: Store, catalog: Catalog, clock: Clock) -> None:
        people = [self.person(number) for number in range(self._people)]
        for some in _by(people, 2_000):
            await store.clinic.put_people(some)
        for some in _by([*self._drafts(store, people)], CHANGES_MAX):
            await put_all(store.register, some, by="p-ada", at=self._now)

        async def begun(session: SessionId) -> Begun:
            return Begun.NO

        await ScheduleBook(store, catalog=catalog, begun=begun, clock=clock).plan()

    def _drafts(self, store: Store, people: Sequence[Person]) -> Iterator[Draft]:
        ways, reached, schedule = accounts.shelves(store.register), contacts(store.register), Shelves(store.register)
        for number, person in enumerate(people):
            address = f"{person.person}@example.org"
            yield reached.draft(Contact(person=person.person, email=address, phone="555 0100"), upon=0)
            if number % 10 == 9:
                invited = Invitation(
                    invitation=f"i-{number}",
                    person=person.person,
                    email=address,
                    at=self._now,
                    until=Instant(self._now + 24 * HOUR_MS),
                )
                yield ways.invitations.draft(invited, upon=0)
                continue
            yield ways.accounts.draft(self._account(person, address), upon=0)
            device = Device(device=f"d-{number}", name="A phone", since=self._now, seen=self._now)
            yield ways.devices.draft(Devices(person=person.person, devices=(device,)), upon=0)
        yield from self._groups(schedule, [each for each in people if each.role is Role.PARTICIPANT])
        guardians = [each for each in people if each.role is Role.GUARDIAN]
        teens = [each for each in people if each.track == "teen" and each.role is Role.PARTICIPANT]
        for teen, guardian in zip(teens[::4], guardians, strict=False):
            care = Guardianship(
                guardian=guardian.person, teen=teen.person, since=Instant(0), may=frozenset({Care.CONSENTS})
            )
            yield ways.guardianships.draft(care, upon=0)

    def _account(self, person: Person, address: str) -> Account:
        key = Passkey(
            passkey=sha256(person.person.encode()).hexdigest(),
            public_key="x" * 120,
            count=1,
            name="A phone",
            since=self._now,
            used=self._now,
        )
        return Account(person=person.person, email=address, since=self._now, passkeys=(key,))

    def _groups(self, shelves: Shelves, treated: Sequence[Person]) -> Iterator[Draft]:
        """Whoever is in no group now was in one."""
        for number in range(self._cohorts):
            id, days = CohortId(f"c-{number:03}"), DAYS[number % 3]
            teen = number % 3 == 0
            lead = Lead(person=PersonId(f"p-{number % STAFF:05}"), role=Role.FACILITATOR)
            yield shelves.cohorts.draft(
                Cohort(
                    id=id,
                    title=f"Group {number + 1}",
                    programme="teen-iop" if teen else "adult-iop",
                    zone=ZONE,
                    strict=False,
                    leads=(lead,),
                ),
                upon=0,
            )
            series = Series(
                id=SeriesId(f"w-{number:03}"),
                title=f"Group {number + 1}",
                kind=SeriesKind.GROUP,
                plan_id="teen-long" if teen else "adult",
                zone=ZONE,
                recurrence=Recurrence(every=Every.WEEK, days=days),
                first=self._today - timedelta(days=14),
                starts=time(9 + number // STAFF * 5, 0),
                cohort=id,
            )
            yield shelves.series.draft(series, upon=0)
        shuffled = list(treated)
        self._drawn.shuffle(shuffled)
        for place, person in enumerate(shuffled):
            number = place // SEATS if place < SEATS * self._cohorts else place % max(1, self._cohorts)
            here = place < SEATS * self._cohorts
            since = self._today - timedelta(days=30 if here else 400)
            enrolment = Enrolment(
                id=EnrolmentId(f"e-{place:06}"),
                person=person.person,
                cohort=CohortId(f"c-{number:03}"),
                steps=(Step(since=since, days=DAYS[number % 3]),),
                until=None if here else since + timedelta(days=90),
            )
            yield shelves.enrolments.draft(enrolment, upon=0)


def _by(things: Iterable[object], most: int) -> Iterator[list]:
    every = iter(things)
    while some := list(islice(every, most)):
        yield some
