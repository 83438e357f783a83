"""The real pages over a made-up clinic in memory: for tests of pages, and to look at them while they are made.

`python -m tests.support.pages [PORT]` prints links for a facilitator, a participant and a second one. There is no
room behind the websocket: pages mount with recorded views.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import date
from functools import partial
from typing import Any, Never

import uvicorn
from starlette.applications import Starlette
from starsessions import InMemoryStore

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, Instant
from server.accounts.parts import parts
from server.app import schedule_of
from server.calllog import CallLog
from server.catalog import load_catalog
from server.clinicbook import ClinicBook
from server.clock import Clock, RoomClock
from server.consent_letters import ConsentLetters
from server.consentbook import ConsentBook
from server.door.ages import Ages
from server.door.consents import Consents
from server.door.gate import Gate
from server.door.guardians import Guardians
from server.door.hours import OpeningHours, OpenRooms
from server.errands import RoomErrands
from server.families import Families
from server.familybook import FamilyBook
from server.firststeps import FirstSteps
from server.glass import GlassCase
from server.guardianbook import GuardianBook
from server.home.page import HomePage, cards
from server.home.visit import Visits
from server.languages import ChosenLanguages
from server.library import load_library
from server.licencebook import LicenceBook
from server.mail.memory import Pocket
from server.measures.page import MeasureBook
from server.meeting_letters import MeetingLetters
from server.milestones import MilestoneBook
from server.notebook import StaffNotebook
from server.numberbook import NumberBook
from server.own_calendar import OwnCalendar
from server.own_minutes import OwnMinutes
from server.own_progress import OwnProgress
from server.people.contacts import contacts
from server.people.ids import ids_under
from server.people.intake import Shelves
from server.peopleaccess import AccountAccess
from server.peoplebook import PeopleBook
from server.progress import ProgressBook
from server.projections.meters import Meters
from server.reading import ReadingRoom
from server.rooms.ports import NoSuchSession
from server.safetybook import SafetyBook
from server.school.away import Away
from server.school.call_list import CallList
from server.school.page import SchoolBook
from server.school.placing import Placing
from server.school.waiting import WaitingLists
from server.signing import SetUpCodes, Signatures
from server.spreadsheet import encode
from server.store import memory
from server.store.clinic import Person
from server.teaching.editor import SkillEditor
from server.teaching.library import ClinicLibrary
from server.timetable.office import Office
from server.timetable.timetable import ClinicTimetable
from server.trail import Trail
from server.web.application import application
from server.web.auth import Doorkeeper, Identity, Visitor
from server.web.exports import Asked, Handout
from server.web.links import Links, Seat
from server.web.papers import Kind
from server.web.site import Site
from server.web.words import Words
from server.weekbook import WeekBook
from tests.support.consents import named_of, releases_of
from tests.support.diary import diary_of, practice_of

KEY = "a key for tests and for nothing else, long enough"
EVENING = SessionId("s-evening")
MORNING = SessionId("s-morning")
FAY = PersonId("p-fay")
ROBIN = PersonId("p-robin")
SAM = PersonId("p-sam")


def expected(person: PersonId, name: str, role: Role = Role.PARTICIPANT) -> Expected:
    return Expected(person=person, role=role, name=name)


class MemoryClinic:
    """Two sessions. Robin is in both, Sam in the evening only; Fay leads both."""

    def __init__(self) -> None:
        fay = expected(FAY, "Dr. Fay Facilitator", Role.FACILITATOR)
        self.rosters = {
            EVENING: [fay, expected(ROBIN, "Robin Example"), expected(SAM, "Sam Sample")],
            MORNING: [fay, expected(ROBIN, "Robin Example")],
        }
        self.others: dict[PersonId, Person] = {}
        self.departed: list[Identity] = []
        self.works = {"store": True, "media": True}

    async def roster(self, session: SessionId) -> list[Expected] | None:
        return self.rosters.get(session)

    async def person(self, person: PersonId) -> Person | None:
        known = next((each for roster in self.rosters.values() for each in roster if each.person == person), None)
        if known is None:
            return self.others.get(person)
        return Person(person=person, name=known.name, role=known.role, track="adult", zone="America/New_York")

    async def standing(self, person: PersonId, device: str, since: Instant) -> frozenset[Role] | None:
        """Whoever a test signed in still is."""
        return frozenset()

    async def depart(self, identity: Identity) -> None:
        self.departed.append(identity)

    async def health(self) -> dict[str, bool]:
        return self.works

    # ------------------------------------------------------------------ Books

    async def title(self, session: SessionId) -> str | None:
        return "Evening group" if session in self.rosters else None

    async def cancelled(self, session: SessionId) -> bool:
        return False

    async def statement(
        self, person: PersonId, words: Words, *, reader: Visitor, as_of: date | None = None
    ) -> dict[str, Any] | None:
        this_week = {
            "label": "This week",
            "from": "2026-11-23",
            "to": "2026-11-29",
            "current": True,
            "minutes": 0,
            "minutes_text": "0 min",
            "target": 540,
            "target_text": "9 h",
            "fraction": 0.0,
            "reached": False,
            "aside": "",
            "entries": [],
            "days": [
                {"label": day, "date": "2026-11-23", "minutes": 0, "minutes_text": "0 min", "fraction": 0.0}
                for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
            ],
        }
        return {
            "person": {"person": person, "name": "Robin Example", "track": "adult", "zone": "America/New_York"},
            "as_of": as_of and {"date": as_of.isoformat(), "text": words.dated(as_of)},
            "today": "2026-11-24",
            "disclosures": [],
            "weeks": [this_week],
            "total": {"minutes": 0, "minutes_text": "0 min", "sessions": 0},
        }

    async def what_if(
        self, person: PersonId, words: Words, *, rules: str | None, day: date | None
    ) -> dict[str, Any] | None:
        """The choice alone: weeks under other rules are for tests that have a ledger."""
        return {"choices": [], "day": None, "result": None} if rules is None else None

    # ------------------------------------------------------------------ Exports

    async def name(self, person: PersonId) -> str | None:
        everybody = [each for roster in self.rosters.values() for each in roster]
        return next((each.name for each in everybody if each.person == person), None)

    async def receivers(self) -> list[str]:
        return ["Example Insurance"]

    def tables(self) -> dict[str, str]:
        return {"example": "Example: by the day"}

    async def hours(self, person: PersonId | None, *, by: Visitor, asked: Asked) -> Handout:
        return Handout(filename="hours-2026-11-24.csv", chunks=encode(["session"], []))

    # ------------------------------------------------------------------ Papers

    async def hand_out(self, person: PersonId, kind: Kind, *, by: Visitor, asked: Asked) -> Handout:
        return Handout(filename=f"{kind}-2026-11-24.pdf", chunks=[b"%PDF-"], media_type="application/pdf")


class Nowhere:
    """Rooms of which there are none."""

    async def open(self, session: SessionId) -> Never:
        raise NoSuchSession(session)


def pages(clinic: MemoryClinic, *, clock: Clock, site: Site | None = None) -> tuple[Starlette, Links, Doorkeeper]:
    """The application, what makes links for it, and who knows people by them."""
    site = site or Site(clinic=ClinicId("demo"), keys=(KEY,), staff_links_open=True)
    links = Links(site.keys, clinic=site.clinic)
    store, catalog = memory.connect(), load_catalog()
    progress = ProgressBook(store.log)
    meters = Meters(store, catalog=catalog, clock=clock)
    visits = Visits(store.clinic, plans=catalog.plans, progress=progress)
    accounts = parts(
        store,
        keys=site.keys,
        clinic=site.clinic,
        place="Example Clinic (made up)",
        base_url="http://milieu.test",
        mail=Pocket(),
        clock=clock,
    )
    ids = ids_under(site.keys[0], clinic=site.clinic)
    glass = GlassCase(store, clock=clock)
    doorkeeper = Doorkeeper(
        links,
        roster=clinic.roster,
        people=clinic.person,
        standing=clinic.standing,
        glass=glass.open_to,
        trail=Trail(store.audit, clock=clock),
        clock=clock,
        lock_ms=site.lock_ms,
    )
    book = schedule_of(store, catalog=catalog, clock=clock)
    access = AccountAccess(accounts.book, accounts.invitations)
    first_steps = FirstSteps(store, book, access, catalog=catalog, clock=clock)
    belonging = Shelves(
        cohorts=book.shelves.cohorts,
        enrolments=book.shelves.enrolments,
        guardianships=accounts.book.shelves.guardianships,
    )
    ages = Ages(store.clinic, catalog=catalog, clock=clock)
    guardianships = accounts.book.shelves.guardianships
    guardians = Guardians(guardianships, people=store.clinic, ages=ages, clock=clock)
    family = FamilyBook(store, guardians=guardians, ages=ages, clock=clock)
    consents = Consents(
        store, shipped=catalog.consents, programmes=catalog.programme, guardianships=guardians, clock=clock
    )
    library = ClinicLibrary(load_library(), store.register)
    office = Office(book=book, store=store, catalog=catalog, clock=clock, seats_max=16)
    languages = ChosenLanguages(store.register, clock=clock)
    letters = MeetingLetters(
        store, Pocket(), plans=catalog.plans, languages=languages, base_url="http://milieu.test", sender=None
    )
    hours = OpeningHours(store.clinic, programmes=catalog.programme, progress=progress, clock=clock)
    gate = Gate(
        store,
        consents=consents,
        programmes=catalog.programme,
        contacts=contacts(store.register),
        rooms=Nowhere(),
        clock=clock,
    )
    diary, practice = diary_of(store, clock=clock), practice_of(store, clock=clock)
    app = application(
        site,
        links=links,
        doorkeeper=doorkeeper,
        cookies=InMemoryStore(),
        books=clinic,
        home=HomePage(
            visits,
            cards(
                store,
                catalog=catalog,
                meters=meters,
                guardians=guardians,
                consents=consents,
                first_steps=first_steps,
                diary=diary,
                family=family,
                trail=Trail(store.audit, clock=clock),
            ),
            clock=clock,
        ),
        exports=clinic,
        papers=clinic,
        calls=CallList(store),
        safety=SafetyBook(store, shipped=catalog.safety, clock=clock),
        measures=MeasureBook(store, progress=progress, clock=clock),
        milestones=MilestoneBook(store.register, clock=clock),
        contact_log=CallLog(store, clock=clock),
        clinic=ClinicBook(store, progress=progress, releases=releases_of(store, clock=clock), clock=clock),
        weeks=WeekBook(
            store,
            meters=meters,
            releases=releases_of(store, clock=clock),
            skills=partial(practice.for_staff, diary=diary),
            clock=clock,
        ),
        waiting=WaitingLists(store, schedule=book, catalog=catalog, clock=clock, seats_max=16),
        placing=Placing(store, schedule=book, catalog=catalog, clock=clock, seats_max=16),
        away=Away(store, schedule=book, catalog=catalog, rooms=Nowhere(), progress=progress, clock=clock, seats_max=16),
        school=SchoolBook(store, schedule=book, catalog=catalog, clock=clock, seats_max=16),
        minutes=OwnMinutes(store),
        diary=diary,
        progress=OwnProgress(
            store,
            books=clinic,
            practice=partial(practice.own, diary=diary),
            progress=progress,
            discharges=book.shelves.discharges,
            clock=clock,
            clinic="Example Clinic (made up)",
        ),
        commands=RoomErrands(Nowhere(), ahead=Nowhere()),
        library=library,
        writing=SkillEditor(library, clock=clock),
        notebook=StaffNotebook(store, rooms=Nowhere(), library=library, clock=clock),
        proofs=Signatures(store.signing, codes=SetUpCodes(site.keys, clinic=site.clinic), clock=clock),
        ways=accounts.ways,
        calendars=OwnCalendar(store, plans=catalog.plans, clock=clock),
        audit=store.audit,
        reading=ReadingRoom(store, clinic="Example Clinic (made up)"),
        glass=glass,
        timetable=ClinicTimetable(office),
        people=PeopleBook(store, access, belonging, plan=book.plan, guardians=guardians, clock=clock, ids=ids),
        steps=first_steps,
        arrivals=gate,
        licences=LicenceBook(store, clock=clock),
        family=family,
        guardianships=GuardianBook(
            office,
            guardians=guardians,
            guardianships=guardianships,
            words_for=languages.words_for,
            mail=Pocket(),
            base_url="http://milieu.test",
        ),
        invitations=Families(
            office,
            guardians=guardians,
            guardianships=guardianships,
            ages=ages,
            access=access,
            invite=letters.invite,
            ids=ids,
        ),
        languages=languages,
        consents=ConsentBook(
            store,
            consents=consents,
            named=named_of(store, clock=clock),
            guardians=guardians,
            tell_rooms=gate.revoked,
            letters=ConsentLetters(
                store,
                Pocket(),
                consents=consents,
                languages=languages.of,
                base_url="http://milieu.test",
                clock=clock,
            ),
            clock=clock,
        ),
        numbers=NumberBook(store, clock=clock),
        hours=hours,
        prepare=OpenRooms(Nowhere(), hours).prepare,
        depart=clinic.depart,
        health=clinic.health,
        clock=clock,
    )
    return app, links, doorkeeper


def link(links: Links, person: PersonId, session: SessionId, role: Role, *, until: int) -> str:
    return links.link(Seat(session=session, person=person, role=role, until=Instant(until)))


async def main(port: int) -> None:
    app, links, _ = pages(MemoryClinic(), clock=RoomClock())
    until = int(time.time() * 1_000) + 12 * HOUR_MS
    for person, role in ((FAY, Role.FACILITATOR), (ROBIN, Role.PARTICIPANT), (SAM, Role.PARTICIPANT)):
        print(f"http://127.0.0.1:{port}/j/{link(links, person, EVENING, role, until=until)}", flush=True)
    await uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning")).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8123))
