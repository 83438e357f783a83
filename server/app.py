"""The composition root: every part of the application made once and joined."""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from starsessions import InMemoryStore
from starsessions.stores.base import SessionStore

from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected
from facilitation.skills import Library
from facilitation.timebase import MINUTE_MS
from server.accounts.book import Book
from server.accounts.parts import Parts, parts
from server.accounts.provider import ProviderSettings
from server.accounts.reminders import Reminders
from server.accounts.shelves import shelves
from server.books.access import AccountAccess
from server.books.calls import CallLog
from server.books.clinic import ClinicBook
from server.books.consents import ConsentBook
from server.books.exports import HoursExports
from server.books.families import Families
from server.books.family import FamilyBook
from server.books.first_steps import FirstSteps
from server.books.guardians import GuardianBook
from server.books.licences import LicenceBook
from server.books.milestones import MilestoneBook
from server.books.notebook import StaffNotebook
from server.books.numbers import NumberBook
from server.books.own_calendar import OwnCalendar
from server.books.own_minutes import OwnMinutes
from server.books.own_progress import OwnProgress
from server.books.papers import ClinicPapers
from server.books.people import PeopleBook
from server.books.practice import PracticeBook
from server.books.reading import ReadingRoom
from server.books.safety import SafetyBook
from server.books.statements import ClinicBooks
from server.books.weeks import WeekBook
from server.catalog import Catalog
from server.clock import Clock
from server.config import US_LIFELINE, Settings
from server.diary.book import DiaryBook
from server.diary.reminders import DiaryReminders, ReminderBook
from server.door.ages import Ages
from server.door.consents import Consents
from server.door.gate import Gate, Gated
from server.door.guardians import Guardians, guardians_of
from server.door.hours import OpeningHours, OpenRooms
from server.door.named import NamedReleases
from server.door.releases import Releases
from server.errands import RoomErrands
from server.glass import GlassCase
from server.home.page import HomePage, cards
from server.home.visit import Visits
from server.languages import ChosenLanguages
from server.letters.consents import ConsentLetters
from server.letters.meetings import MeetingLetters
from server.mail.outbox import Outbox
from server.mail.ports import Mail
from server.mail.post_office import PostOffice
from server.mail.smtp import Smtp
from server.measures.page import MeasureBook
from server.people.contacts import contacts
from server.people.ids import ids_under
from server.people.intake import Shelves
from server.progress import ProgressBook
from server.projections.meters import Meters
from server.quick_exit import Departures, Farewell
from server.relay import ice_servers
from server.rooms.directory import Rooms
from server.rooms.ports import TooEarly
from server.schedule.book import ScheduleBook
from server.schedule.planner import Begun, Planned
from server.school.away import Away
from server.school.call_list import CallList
from server.school.letters import OfferLetters
from server.school.page import SchoolBook
from server.school.placing import Placing
from server.school.waiting import WaitingLists
from server.signing import Sealed, SetUpCodes, Signatures
from server.store.calls import ask
from server.store.ports import Store
from server.teaching.curricula import CurriculumEditor
from server.teaching.editor import SkillEditor
from server.teaching.exercises import ExerciseEditor
from server.teaching.library import ClinicLibrary
from server.timetable.office import Office
from server.timetable.timetable import ClinicTimetable
from server.tour import Tour
from server.trail import Trail
from server.web.application import application
from server.web.auth import Doorkeeper, Identity, bearer
from server.web.cookies import Cookies
from server.web.links import Links
from server.web.pages import Health
from server.web.site import CLINIC, ROOT, Lines, Site
from server.wire.connection import Greeting, session_socket


def version() -> str:
    """What runs here, as pyproject.toml says it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def site_of(settings: Settings) -> Site:
    return Site(
        clinic=CLINIC,
        keys=settings.signing_keys(),
        https=settings.https,
        public_url=settings.public_url,
        exit_url=settings.exit_url or "/soup",
        clinic_phone=settings.clinic_phone or "",
        lines=Lines(
            crisis=settings.crisis_line,
            text=settings.crisis_text or (US_LIFELINE if settings.crisis_line == US_LIFELINE else ""),
            name=settings.crisis_name or "",
            emergency=settings.emergency_number,
        ),
        lock_ms=settings.lock_minutes * MINUTE_MS,
        staff_links_open=settings.staff_links_open,
        version=version(),
    )


def build(
    settings: Settings,
    *,
    site: Site,
    store: Store,
    catalog: Catalog,
    library: Library,
    rooms: Rooms,
    clock: Clock,
    health: Health,
    mail: Mail,
    schedule: ScheduleBook | None = None,
    placing: Placing | None = None,
    tour: Tour | None = None,
) -> Starlette:
    """The application over its parts. It starts and stops nothing."""
    links = Links(site.keys, clinic=site.clinic)
    meters = Meters(store, catalog=catalog, clock=clock)
    books = ClinicBooks(store, catalog=catalog, clock=clock, meters=meters)
    progress = ProgressBook(store.log)
    visits = Visits(store.clinic, plans=catalog.plans, progress=progress)
    accounts = accounts_of(settings, store, site=site, mail=mail, clock=clock)
    glass = GlassCase(store, clock=clock)
    trail = Trail(store.audit, clock=clock)
    doorkeeper = Doorkeeper(
        links,
        roster=books.roster,
        people=store.clinic.get_person,
        standing=accounts.standing,
        glass=glass.open_to,
        trail=trail,
        clock=clock,
        lock_ms=site.lock_ms,
    )
    letters = letters_of(settings, store, mail, catalog=catalog, clock=clock)
    schedule = schedule or schedule_of(store, catalog=catalog, clock=clock, tell=letters.tell)
    own_library = ClinicLibrary(library, store.register)
    office = Office(
        book=schedule,
        store=store,
        catalog=catalog,
        library=own_library,
        clock=clock,
        seats_max=settings.seats_max,
    )
    ids = ids_under(site.keys[0], clinic=site.clinic)
    access = AccountAccess(accounts.book, accounts.invitations)
    first_steps = FirstSteps(store, schedule, access, catalog=catalog, clock=clock)
    belonging = Shelves(
        cohorts=schedule.shelves.cohorts,
        enrolments=schedule.shelves.enrolments,
        guardianships=accounts.book.shelves.guardianships,
    )
    signatures = Signatures(store.signing, codes=SetUpCodes(site.keys, clinic=site.clinic), clock=clock)
    ages = Ages(store.clinic, catalog=catalog, clock=clock)
    guardianships = accounts.book.shelves.guardianships
    guardians = Guardians(guardianships, people=store.clinic, ages=ages, clock=clock)
    family = FamilyBook(store, guardians=guardians, ages=ages, clock=clock)
    consents = Consents(
        store, shipped=catalog.consents, programmes=catalog.programme, guardianships=guardians, clock=clock
    )
    named = NamedReleases(store, consents=consents, discloser=settings.clinic_name, clock=clock)
    releases = Releases(store, consents=consents, named=named, programmes=catalog.programme, clock=clock)
    gate = Gate(
        store,
        consents=consents,
        programmes=catalog.programme,
        contacts=contacts(store.register),
        rooms=rooms,
        clock=clock,
    )
    languages = ChosenLanguages(store.register, clock=clock)
    hours = OpeningHours(store.clinic, programmes=catalog.programme, progress=progress, clock=clock)
    open_rooms = OpenRooms(rooms, hours)
    errands = RoomErrands(open_rooms, ahead=rooms)
    practice = PracticeBook(store, progress=progress, library=own_library, clock=clock)
    diary = DiaryBook(
        store,
        rooms=rooms,
        library=own_library,
        taught=practice.taught_lately,
        reminders=ReminderBook(store.register, accounts.book, clock=clock),
        clock=clock,
    )
    turn_secret = settings.turn_secret.get_secret_value() if settings.turn_secret else None
    greeting = Greeting(
        exit_url=site.exit_url,
        ice_servers=lambda: ice_servers(settings.turn_urls, turn_secret, now=clock.now()),
        encryption=settings.end_to_end,
    )

    async def socket_endpoint(websocket: WebSocket) -> None:
        known_by = bearer(websocket)

        async def identify(websocket: WebSocket, session: SessionId, ticket: str | None) -> Identity | None:
            nonlocal known_by
            known_by = bearer(websocket, ticket)
            identity = await doorkeeper.identify(websocket, session, ticket)
            if identity is not None and await hours.opens_at(session, identity.role) is not None:
                raise TooEarly
            return identity

        async def fresh(person: PersonId) -> bool:
            return await signatures.fresh_until(person, known_by) is not None

        async def reads(expected: Expected, session: SessionId, record: bool) -> None:
            if record or (await progress.of(session)).ended_at is not None:
                await doorkeeper.reads_record(expected, session, known_by)

        farewell = Farewell(rooms, forget=partial(doorkeeper.get_up, websocket))
        gated = Gated(Sealed(farewell, fresh=fresh), gate=gate)
        await session_socket(websocket, rooms=gated, identify=identify, clock=clock, greeting=greeting, trail=reads)

    return application(
        site,
        links=links,
        doorkeeper=doorkeeper,
        cookies=_cookies(store),
        books=books,
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
                trail=trail,
            ),
            trail=trail,
            clock=clock,
        ),
        exports=HoursExports(store, releases=releases, clock=clock, payers=catalog.payers),
        papers=ClinicPapers(store, books=books, releases=releases, clock=clock, clinic=settings.clinic_name),
        calls=CallList(store),
        contact_log=CallLog(store, clock=clock),
        clinic=ClinicBook(store, progress=progress, releases=releases, clock=clock),
        safety=SafetyBook(store, shipped=catalog.safety, clock=clock),
        measures=MeasureBook(store, progress=progress, clock=clock),
        milestones=MilestoneBook(store.register, clock=clock),
        weeks=WeekBook(
            store, meters=meters, releases=releases, skills=partial(practice.for_staff, diary=diary), clock=clock
        ),
        waiting=WaitingLists(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max),
        placing=placing
        or Placing(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max),
        away=Away(
            store,
            schedule=schedule,
            catalog=catalog,
            rooms=rooms,
            progress=progress,
            clock=clock,
            seats_max=settings.seats_max,
        ),
        school=SchoolBook(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max),
        minutes=OwnMinutes(store),
        diary=diary,
        progress=OwnProgress(
            store,
            books=books,
            practice=partial(practice.own, diary=diary),
            progress=progress,
            discharges=schedule.shelves.discharges,
            clock=clock,
            clinic=settings.clinic_name,
        ),
        commands=errands,
        library=own_library,
        writing=SkillEditor(own_library, clock=clock),
        curricula=CurriculumEditor(own_library, clock=clock),
        exercises=ExerciseEditor(own_library, clock=clock),
        notebook=StaffNotebook(store, rooms=rooms, library=own_library, clock=clock),
        proofs=signatures,
        ways=accounts.ways,
        audit=store.audit,
        reading=ReadingRoom(store, clinic=settings.clinic_name),
        glass=glass,
        timetable=ClinicTimetable(office),
        people=PeopleBook(
            store,
            access,
            belonging,
            plan=schedule.plan,
            guardians=guardians,
            clock=clock,
            ids=ids,
            seats_max=settings.seats_max,
        ),
        steps=first_steps,
        tour=tour or Tour(store, settings=settings, accounts=accounts, clock=clock),
        arrivals=gate,
        licences=LicenceBook(store, clock=clock),
        numbers=NumberBook(store, clock=clock),
        family=family,
        guardianships=GuardianBook(
            office,
            guardians=guardians,
            guardianships=guardianships,
            words_for=languages.words_for,
            mail=mail,
            base_url=settings.named_url,
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
            named=named,
            guardians=guardians,
            tell_rooms=gate.revoked,
            letters=ConsentLetters(
                store,
                mail,
                consents=consents,
                languages=languages.of,
                base_url=settings.named_url,
                clock=clock,
            ),
            clock=clock,
        ),
        calendars=OwnCalendar(store, plans=catalog.plans, clock=clock),
        hours=hours,
        prepare=open_rooms.prepare,
        depart=Departures(errands).depart,
        health=health,
        clock=clock,
        routes=[WebSocketRoute("/s/{session}/socket", socket_endpoint)],
    )


def _cookies(store: Store) -> SessionStore:
    if store.client is None:
        return InMemoryStore()
    return Cookies(store.client, prefix=store.keys.web_sessions, ask=ask)


def accounts_of(settings: Settings, store: Store, *, site: Site, mail: Mail, clock: Clock) -> Parts:
    """Who may sign in, and by what."""
    return parts(
        store,
        keys=site.keys,
        clinic=site.clinic,
        place=settings.clinic_name,
        base_url=settings.named_url,
        mail=mail,
        clock=clock,
        provider=_provider(settings),
    )


def _provider(settings: Settings) -> ProviderSettings | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    return ProviderSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        name=settings.oidc_name,
    )


def reminders(settings: Settings, store: Store, *, site: Site, mail: Mail, clock: Clock) -> Reminders:
    """Letters before meetings. They go out while `run` runs."""
    return Reminders(
        accounts_of(settings, store, site=site, mail=mail, clock=clock).book,
        store.clinic,
        links=Links(site.keys, clinic=site.clinic),
        mail=mail,
        clock=clock,
        base_url=settings.named_url,
        before_ms=settings.reminder_minutes * MINUTE_MS,
    )


def diary_reminders(settings: Settings, store: Store, *, site: Site, mail: Mail, clock: Clock) -> DiaryReminders:
    """Notes at an hour that people chose. They go out while `run` runs."""
    book = accounts_of(settings, store, site=site, mail=mail, clock=clock).book
    reminded = ReminderBook(store.register, book, clock=clock)
    return DiaryReminders(reminded, book, store.diaries, mail=mail, clock=clock, base_url=settings.named_url)


def post_office(settings: Settings, clock: Clock) -> PostOffice:
    """What takes letters: a mail server's queue, or the outbox folder. It delivers nothing before `run`."""
    carrier: Smtp | Outbox
    if settings.smtp_url is not None and settings.mail_from is not None:
        carrier = Smtp(settings.smtp_url, sender=settings.mail_from, clock=clock)
    else:
        carrier = Outbox(settings.outbox, clock=clock, sender=settings.mail_from)
    return PostOffice(settings.data_dir / "mail", carrier, clock=clock)


def schedule_of(
    store: Store, *, catalog: Catalog, clock: Clock, tell: Callable[[Planned], Awaitable[None]] | None = None
) -> ScheduleBook:
    """The schedule, which asks the logs how far a session is before it changes one, and tells whom that concerns."""
    progress = ProgressBook(store.log)

    async def begun(session: SessionId) -> Begun:
        far = await progress.of(session)
        if far.started_at is not None:
            return Begun.STARTED
        return Begun.OPENED if far.seq else Begun.NO

    return ScheduleBook(store, catalog=catalog, begun=begun, clock=clock, tell=tell)


def letters_of(settings: Settings, store: Store, mail: Mail, *, catalog: Catalog, clock: Clock) -> MeetingLetters:
    """What writes to people about meetings that changed."""
    return MeetingLetters(
        store,
        mail,
        plans=catalog.plans,
        languages=ChosenLanguages(store.register, clock=clock),
        base_url=settings.named_url,
        sender=settings.mail_from,
    )


def offer_letters(
    settings: Settings,
    store: Store,
    *,
    schedule: ScheduleBook,
    catalog: Catalog,
    lists: WaitingLists,
    rooms: Rooms,
    mail: Mail,
    clock: Clock,
) -> OfferLetters:
    """What writes to people about seats and make-ups that they are offered."""
    languages = ChosenLanguages(store.register, clock=clock)
    book = Book(shelves(store.register), people=store.clinic, traces=store.audit, languages=languages, clock=clock)
    return OfferLetters(
        store.register,
        seats=lists,
        make_ups=Away(
            store,
            schedule=schedule,
            catalog=catalog,
            rooms=rooms,
            progress=ProgressBook(store.log),
            clock=clock,
            seats_max=settings.seats_max,
        ),
        guardians=guardians_of(store, book.shelves.guardianships, catalog=catalog, clock=clock),
        clinic=store.clinic,
        words_for=book.words_for,
        entry=letters_of(settings, store, mail, catalog=catalog, clock=clock).entry,
        mail=mail,
        clock=clock,
        base_url=settings.named_url,
    )
