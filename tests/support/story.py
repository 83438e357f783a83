"""A whole group from the door to the record, to be played in real browsers: the clinic around it, its real server by a
clock that a test sets ahead, and a witness who writes down when people really came and went.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from facilitation import commands as c
from facilitation.consents import ConsentFile, Subject, sign
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import CohortId, PersonId, SessionId, SkillId
from facilitation.licences import Licence
from facilitation.people import Expected, Role
from facilitation.places import LocalHelp
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.weeks import day_of
from server.accounts.parts import operators_parts
from server.accounts.shelves import shelves as accounts
from server.books.agreements import Agreements
from server.catalog import load_catalog
from server.config import Settings
from server.door import shelves
from server.signing import SetUpCodes
from server.store.clinic import Person, ScheduledSession
from server.store.connect import connect
from server.store.ports import Store
from server.store.register import Draft, put_all
from server.web.links import Links, Seat
from server.web.site import CLINIC
from tests.support.ahead import ClockAhead
from tests.support.application import SECRET
from tests.support.evening import CODY, FAY, Evening
from tests.support.process import Milieu

ZONE = "America/New_York"
SESSION = SessionId("s-tonight")
COHORT = CohortId("tonight")
GALE = PersonId("p-gale")
STAFF = {
    FAY: Expected(person=FAY, role=Role.FACILITATOR, name="Dr. Fay Facilitator"),
    CODY: Expected(person=CODY, role=Role.COFACILITATOR, name="Cody Cofacilitator"),
}
OUTLOOK_MS = 12 * HOUR_MS
WEEK_MS = 7 * 24 * HOUR_MS

Between = tuple[int, int]
"""Something happened after the first instant and before the second."""


def next_tuesday(hour: int) -> Instant:
    """This hour of the next Tuesday that is not today, in New York: the same evening at whatever hour tests run."""
    now = datetime.now(ZoneInfo(ZONE))
    days = (1 - now.weekday()) % 7 or 7
    then = (now + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return Instant(int(then.timestamp() * 1_000))


@dataclass
class Witness:
    """What the test itself saw happen, in no words of the server's: a bracket of instants for each coming and going.

    Of the minutes of somebody it knows at least and at most how many they are, whatever the log says.
    """

    now: Callable[[], Instant]
    came: dict[str, list[Between]] = field(default_factory=dict)
    went: dict[str, list[Between]] = field(default_factory=dict)
    marks: dict[str, Between] = field(default_factory=dict)
    """'start', 'end', and each rest by its name with ' over' for its end."""

    @asynccontextmanager
    async def coming(self, *people: str) -> AsyncIterator[None]:
        async with self._between() as seen:
            yield
        for person in people:
            self.came.setdefault(person, []).append(seen[0])

    @asynccontextmanager
    async def going(self, *people: str) -> AsyncIterator[None]:
        async with self._between() as seen:
            yield
        for person in people:
            self.went.setdefault(person, []).append(seen[0])

    @asynccontextmanager
    async def marking(self, *names: str) -> AsyncIterator[None]:
        async with self._between() as seen:
            yield
        self.marks |= dict.fromkeys(names, seen[0])

    @asynccontextmanager
    async def _between(self) -> AsyncIterator[list[Between]]:
        seen: list[Between] = []
        before = self.now()
        yield seen
        seen.append((before, self.now()))

    def counted(self, person: str) -> Between:
        """At least and at most so many milliseconds outside of rests."""
        start, end = self.marks["start"], self.marks["end"]
        rests = [(self.marks[name], self.marks[f"{name} over"]) for name in self.marks if f"{name} over" in self.marks]
        stays = [*self.went.get(person, ()), end]
        least = most = 0
        for came, went in zip(self.came[person], stays, strict=False):
            surely = (max(came[1], start[1]), min(went[0], end[0]))
            perhaps = (max(came[0], start[0]), min(went[1], end[1]))
            least += _length(*surely) - sum(_overlap(surely, (rest[0], over[1])) for rest, over in rests)
            most += _length(*perhaps) - sum(_overlap(perhaps, (rest[1], over[0])) for rest, over in rests)
        return max(0, least), most


def _length(start: int, end: int) -> int:
    return max(0, end - start)


def _overlap(one: Between, other: Between) -> int:
    return _length(max(one[0], other[0]), min(one[1], other[1]))


class Story:
    """One group on one evening. `people`: who is on its list as it opens, by id and name."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        *,
        people: dict[str, str],
        programme: str,
        plan: str,
        title: str,
        hour: int,
        leads: Sequence[PersonId],
        teens: bool = False,
    ) -> None:
        assert store.url is not None, "the server opens the same store"
        file = folder / "ahead"
        self.clock = ClockAhead(file)
        self.store = store
        self.teens = teens
        self.starts_at = next_tuesday(hour)
        self.server = Milieu(
            data_dir=folder / "data",
            program=("tests.support.ahead", str(file)),
            environment={
                "MILIEU_REDIS_URL": store.url,
                "MILIEU_SECRET": SECRET,
                "MILIEU_EXAMPLE": "no",
                "MILIEU_STAFF_LINKS": "open",
                "MILIEU_CLINIC_PHONE": "555 0123",
            },
        )
        self.settings = Settings(data_dir=folder / "data", secret=SecretStr(SECRET), port=self.server.port)
        self.scheduled = ScheduledSession(
            session=SESSION,
            clinic=CLINIC,
            title=title,
            zone=ZONE,
            starts_at=self.starts_at,
            plan_id=plan,
            rules_id="exact-floor",
            programme_id=programme,
            roster=(*(STAFF[lead] for lead in leads), *(self._expected(*each) for each in people.items())),
            cohort=COHORT,
        )
        self.witness = Witness(now=self.clock.now)
        self._links = Links(self.settings.signing_keys(), clinic=CLINIC)

    def _expected(self, person: str, name: str) -> Expected:
        return Expected(person=PersonId(person), role=Role.PARTICIPANT, name=name, teen=self.teens)

    # ------------------------------------------------------------------ before

    async def fill(self) -> None:
        """People, what the door asks for, and tonight's session."""
        now = self.clock.now()
        await self.store.clinic.put_people([self._person(each) for each in self.scheduled.roster])
        await self.store.clinic.put_session(self.scheduled)
        register, day = self.store.register, day_of(now, ZoneInfo(ZONE))
        drafts: list[Draft] = [
            shelves.licences(register).draft(
                Licence(licence=f"l-{each}", person=each, title="Example licence", states=("NY",), first=day), upon=0
            )
            for each in STAFF
        ]
        dispatch = LocalHelp(
            help="NY", state="NY", area="", dispatch="202-555-0190", note="made up", source="made up", checked=day
        )
        drafts.append(shelves.local_help(register).draft(dispatch, upon=0))
        if self.teens:
            drafts += self._signed_by_gale(now)
            gale = Person(person=GALE, name="Gale Guardian", role=Role.GUARDIAN, track="adult", zone=ZONE)
            await self.store.clinic.put_person(gale)
        await put_all(register, drafts, by="", at=now)

    def _person(self, each: Expected) -> Person:
        track = "teen" if self.teens and each.role is Role.PARTICIPANT else "adult"
        return Person(person=each.person, name=each.name, role=each.role, track=track, zone=ZONE)

    def _signed_by_gale(self, now: Instant) -> Iterable[Draft]:
        catalog, register = load_catalog(), self.store.register
        needed = catalog.programme(self.scheduled.programme_id).consents
        for teen in (each.person for each in self.scheduled.roster if each.teen):
            care = Guardianship(guardian=GALE, teen=teen, since=now, may=frozenset(Care))
            yield accounts(register).guardianships.draft(care, upon=0)
            file = ConsentFile(person=teen)
            minor = Subject(person=teen, minor=True, guardians=frozenset({GALE}))
            for form in (each for each in catalog.consents if each.kind in needed):
                day = day_of(now, ZoneInfo(ZONE))
                file = sign(file, minor, form, signer=GALE, name="Gale Guardian", at=now, day=day)
            yield shelves.consent_files(register).draft(file, upon=0)

    async def agreed(self, *lines: str) -> None:
        """What the group agreed on some time ago."""
        await Agreements(self.store, clock=self.clock).write(COHORT, lines, upon=0, by=FAY)

    async def met_before(self, times: int, *, taught: str) -> None:
        """So many meetings of this group lie behind. Of the last one there is a log: it taught this skill."""
        for number in range(2, times + 1):
            at = Instant(self.starts_at - number * WEEK_MS)
            session = SessionId(f"s-before-{number}")
            await self.store.clinic.put_session(replace(self.scheduled, session=session, starts_at=at))
        last = Evening(session="s-before-1", starts_at=self.starts_at - WEEK_MS, people=3)
        last.at(0).come(FAY)
        last.do(c.StartSession(), FAY)
        last.do(c.ChooseSkill(skill=SkillId(taught)), FAY)
        last.at(60).do(c.EndSession(), FAY)
        await self.store.clinic.put_session(
            replace(self.scheduled, session=SessionId("s-before-1"), starts_at=last.scheduled.starts_at)
        )
        epoch = await self.store.leases.acquire("s-before-1", node="told")
        await self.store.log.append("s-before-1", last.records, epoch=epoch)
        await self.store.leases.release("s-before-1", node="told", epoch=epoch)

    # ------------------------------------------------------------------ meanwhile

    def link(self, person: str) -> str:
        expected = next(each for each in self.scheduled.roster if each.person == person)
        until = Instant(self.clock.now() + OUTLOOK_MS)
        seat = Seat(session=SESSION, person=expected.person, role=expected.role, until=until)
        return f"{self.server.url}/j/{self._links.link(seat)}"

    async def list_late(self, person: str, name: str) -> None:
        """The clinic puts somebody on the list of a session that runs already, as an enrolment of today does."""
        expected = self._expected(person, name)
        await self.store.clinic.put_person(self._person(expected))
        self.scheduled = replace(self.scheduled, roster=(*self.scheduled.roster, expected))
        await self.store.clinic.put_session(self.scheduled)

    async def invite(self, person: PersonId, address: str) -> str:
        """A link with which somebody chooses how they sign in."""
        invitations = operators_parts(self.settings, self.store, clock=self.clock).invitations
        return await invitations.invite(person, address, by=FAY, role=Role.ADMINISTRATOR)

    def code(self, person: PersonId = FAY) -> str:
        """What the clinic reads out to whoever signs for the first time."""
        return SetUpCodes(self.settings.signing_keys(), clinic=CLINIC).of(person).lower()

    def until(self, minutes: float) -> None:
        """Let time go by until so long after the planned start."""
        self.clock.reach(round(self.starts_at + minutes * MINUTE_MS))

    # ------------------------------------------------------------------ afterwards

    async def log(self) -> str:
        """The session's log as `python -m server export` writes it."""
        return "\n".join([linked.line.decode() async for linked in self.store.log.linked(SESSION)])


@asynccontextmanager
async def story(
    folder: Path, valkey_url: str, prepare: Callable[[Story], Coroutine[Any, Any, None]], **shape: Any
) -> AsyncIterator[Story]:
    """The clinic on an empty Valkey, twenty minutes before the group begins, and its server up."""
    store = await connect(valkey_url, clinic=CLINIC)
    told = Story(folder, store, **shape)
    told.until(-20)
    await told.fill()
    await prepare(told)
    try:
        await told.server.start()
        yield told
    finally:
        await told.server.stop()
        await store.close()
