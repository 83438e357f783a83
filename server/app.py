"""The composition root: every part made once, joined, and torn down in the opposite order."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from starsessions import InMemoryStore
from starsessions.stores.base import SessionStore

from facilitation.commands import Command, ListApart, OpenSession
from facilitation.facts import zone_of
from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected
from facilitation.room import EMPTY as EMPTY_ROOM
from facilitation.room import RoomState, replay
from facilitation.schedule import SeriesKind
from facilitation.skills import EMPTY, Library
from facilitation.timebase import MINUTE_MS
from facilitation.weeks import day_of
from server import collector
from server.accounts.book import Book
from server.accounts.parts import parts
from server.accounts.provider import ProviderSettings
from server.accounts.reminders import Reminders
from server.accounts.shelves import shelves
from server.agreements import Agreements
from server.apart import ApartList
from server.books import ClinicBooks
from server.calllog import CallLog
from server.catalog import Catalog, load_catalog
from server.clinicbook import ClinicBook
from server.clock import Clock, RoomClock
from server.config import Settings, SettingsError
from server.consent_letters import ConsentLetters
from server.consentbook import ConsentBook
from server.diary.book import DiaryBook
from server.diary.reminders import DiaryReminders, ReminderBook
from server.door.ages import Ages
from server.door.consents import Consents
from server.door.gate import Gate, Gated
from server.door.guardians import Guardians, guardians_of
from server.door.hours import OpeningHours, OpenRooms
from server.door.named import NamedReleases
from server.door.releases import Releases
from server.draining import DrainingServer
from server.errands import RoomErrands
from server.exports import HoursExports
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
from server.mail.outbox import Outbox
from server.mail.ports import Mail
from server.mail.post_office import PostOffice
from server.mail.smtp import Smtp
from server.measures.offers import Offers
from server.measures.page import MeasureBook
from server.meeting_letters import MeetingLetters
from server.milestones import MilestoneBook
from server.notebook import StaffNotebook
from server.numberbook import NumberBook
from server.own_calendar import OwnCalendar
from server.own_minutes import OwnMinutes
from server.own_progress import OwnProgress
from server.papers import ClinicPapers
from server.people.contacts import contacts
from server.people.ids import ids_under
from server.people.intake import Shelves
from server.peopleaccess import AccountAccess
from server.peoplebook import PeopleBook
from server.practice import PracticeBook
from server.progress import ProgressBook
from server.projections.meters import Meters
from server.projections.worker import HoursProjection
from server.quick_exit import Errands, Farewell
from server.reading import ReadingRoom
from server.relay import ice_servers
from server.rooms.directory import Brief, LoadSession, Rooms
from server.rooms.ports import CorruptLog, StoreUnavailable, TooEarly
from server.safetybook import SafetyBook
from server.schedule.book import ScheduleBook
from server.schedule.planner import Begun, Planned
from server.school.away import Away, Briefing
from server.school.call_list import CallList
from server.school.letters import OfferLetters
from server.school.page import SchoolBook
from server.school.placing import Placing
from server.school.waiting import WaitingLists
from server.sfu.native.build import NotBuilt
from server.sfu.plane import MediaSettings, Sfu
from server.signing import Sealed, SetUpCodes, Signatures
from server.store.calls import ask
from server.store.clinic import ScheduledSession
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.node import NodeName
from server.store.ports import Store
from server.teaching.editor import SkillEditor
from server.teaching.library import ClinicLibrary
from server.timetable.office import Office
from server.timetable.timetable import ClinicTimetable
from server.trail import Trail
from server.web.application import application
from server.web.auth import Doorkeeper, Identity, bearer
from server.web.cookies import Cookies
from server.web.links import Links
from server.web.pages import Health
from server.web.site import CLINIC, ROOT, Site
from server.weekbook import WeekBook
from server.welcome import simulated, welcome
from server.wire.connection import Greeting, session_socket

log = structlog.get_logger(__name__)

LOOKED_BACK = 4
"""Meetings that are looked at for who was with whom: one that was never held knows nothing of those before it."""

MESSAGE_BYTES_MAX: Final = 64 * 1024
CONNECTIONS_MAX: Final = 5_000
PING_WITHIN_S: Final = 1.0
CANCEL_AGAIN_S: Final = 0.5


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
        lock_ms=settings.lock_minutes * MINUTE_MS,
        staff_links_open=settings.staff_links_open,
        version=version(),
    )


def build(
    settings: Settings,
    *,
    store: Store,
    catalog: Catalog,
    library: Library,
    rooms: Rooms,
    clock: Clock,
    health: Health,
    mail: Mail,
    schedule: ScheduleBook | None = None,
    placing: Placing | None = None,
) -> Starlette:
    """The application over its parts. It starts and stops nothing."""
    site = site_of(settings)
    links = Links(site.keys, clinic=site.clinic)
    meters = Meters(store, catalog=catalog, clock=clock)
    books = ClinicBooks(store, catalog=catalog, clock=clock, meters=meters)
    progress = ProgressBook(store.log)
    visits = Visits(store.clinic, plans=catalog.plans, progress=progress)
    accounts = parts(
        store,
        keys=site.keys,
        clinic=site.clinic,
        place=settings.clinic_name,
        base_url=settings.named_url,
        mail=mail,
        clock=clock,
        provider=_provider(settings),
    )
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
    office = Office(
        book=schedule,
        store=store,
        catalog=catalog,
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
    own_library = ClinicLibrary(library, store.register)
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

        async def reads(expected: Expected, session: SessionId) -> None:
            await doorkeeper.reads_record(expected, session)

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
        commands=RoomErrands(open_rooms, ahead=rooms),
        library=own_library,
        writing=SkillEditor(own_library, clock=clock),
        notebook=StaffNotebook(store, rooms=rooms, library=own_library, clock=clock),
        proofs=signatures,
        ways=accounts.ways,
        audit=store.audit,
        reading=ReadingRoom(store, clinic=settings.clinic_name),
        glass=glass,
        timetable=ClinicTimetable(office),
        people=PeopleBook(store, access, belonging, plan=schedule.plan, guardians=guardians, clock=clock, ids=ids),
        steps=first_steps,
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
        depart=Errands(open_rooms).depart,
        health=health,
        clock=clock,
        routes=[WebSocketRoute("/s/{session}/socket", socket_endpoint)],
    )


def _cookies(store: Store) -> SessionStore:
    if store.client is None:
        return InMemoryStore()
    return Cookies(store.client, prefix=store.keys.web_sessions, ask=ask)


def _provider(settings: Settings) -> ProviderSettings | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret is None:
        return None
    return ProviderSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        name=settings.oidc_name,
    )


def reminders(settings: Settings, store: Store, *, mail: Mail, clock: Clock) -> Reminders:
    """Letters before meetings. They go out while `run` runs."""
    site = site_of(settings)
    made = parts(
        store,
        keys=site.keys,
        clinic=site.clinic,
        place=settings.clinic_name,
        base_url=settings.named_url,
        mail=mail,
        clock=clock,
    )
    return Reminders(
        made.book,
        store.clinic,
        links=Links(site.keys, clinic=site.clinic),
        mail=mail,
        clock=clock,
        base_url=settings.named_url,
        before_ms=settings.reminder_minutes * MINUTE_MS,
    )


def diary_reminders(settings: Settings, store: Store, *, mail: Mail, clock: Clock) -> DiaryReminders:
    """Notes at an hour that people chose. They go out while `run` runs."""
    site = site_of(settings)
    book = parts(
        store,
        keys=site.keys,
        clinic=site.clinic,
        place=settings.clinic_name,
        base_url=settings.named_url,
        mail=mail,
        clock=clock,
    ).book
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


def opening(
    settings: Settings,
    *,
    store: Store,
    catalog: Catalog,
    library: Library = EMPTY,
    learn: Callable[[], Awaitable[object]] | None = None,
) -> LoadSession:
    """How a session begins that has no log yet: as it was scheduled, by the catalog of today.

    `learn`: takes into the catalog what another process has put there meanwhile.
    """

    safety = SafetyBook(store, shipped=catalog.safety, clock=RoomClock())

    async def load(session: SessionId) -> OpenSession | None:
        scheduled = await store.clinic.get_session(session)
        if scheduled is None or scheduled.cancelled:
            return None
        if learn is not None and scheduled.plan_id not in catalog.plans:
            await learn()
        current = await ClinicLibrary(library, store.register).load()
        programme = catalog.programme(scheduled.programme_id)
        before = await _met_before(scheduled, store)
        lesson = None
        if programme.curriculum and scheduled.kind is SeriesKind.GROUP:
            lesson = current.lesson(programme.curriculum, len(before))
        earlier = await _as_it_ended(before[-1], store) if before else EMPTY_ROOM
        return OpenSession(
            session=scheduled.session,
            clinic=scheduled.clinic,
            title=scheduled.title,
            zone=scheduled.zone,
            starts_at=scheduled.starts_at,
            plan=catalog.plans[scheduled.plan_id],
            rules=catalog.rules_on(scheduled.rules_id, day_of(scheduled.starts_at, zone_of(scheduled.zone))),
            forms=tuple(catalog.forms.values()),
            roster=scheduled.roster,
            seats_max=settings.seats_max,
            programme=programme,
            prompt_seed=secrets.randbits(48),
            repertoire=current.repertoire(lesson, last_time=earlier.notes.skills),
            measures=catalog.measures_of(programme),
            apart=await ApartList(store.register).among(scheduled),
            together=(await _last_together(before, earlier, store)).breakouts.told_times,
            safety=await safety.current(),
        )

    return load


def briefing(store: Store, *, catalog: Catalog, agreements: Agreements) -> Brief:
    """What a room is told as it opens: who will not come, what makes up for what, what the group agreed on, who is kept
    apart, and which measures are due."""
    told, apart = Briefing(store), ApartList(store.register)
    offers = Offers(store, catalog=catalog, progress=ProgressBook(store.log))

    async def brief(session: SessionId) -> list[Command]:
        commands = [*await told.of(session), *await agreements.brief(session)]
        if (scheduled := await store.clinic.get_session(session)) is not None:
            commands.append(ListApart(pairs=await apart.among(scheduled)))
        try:
            return [*commands, *await offers.of(session)]
        except CorruptLog as error:  # of an older session: that keeps nobody from hearing the rest
            log.critical("which measures are due cannot be read", session=session, error=str(error))
            return commands

    return brief


async def _as_it_ended(scheduled: ScheduledSession, store: Store) -> RoomState:
    """A session as its log tells it; an empty one where it cannot be read, which keeps no other group from meeting."""
    try:
        return replay(await store.log.read(scheduled.session))
    except CorruptLog as error:
        log.critical("the meeting before cannot be read", session=scheduled.session, error=str(error))
        return EMPTY_ROOM


async def _last_together(before: Sequence[ScheduledSession], last: RoomState, store: Store) -> RoomState:
    """The latest meeting that was held, of the last few: it knows who was in small rooms there, and before it."""
    for scheduled in reversed(before[-LOOKED_BACK:-1]):
        if last.session is not None:
            break
        last = await _as_it_ended(scheduled, store)
    return last


async def _met_before(scheduled: ScheduledSession, store: Store) -> list[ScheduledSession]:
    """When the same group was to meet before: of a cohort, of a series, or, standing alone, by name."""

    def group(each: ScheduledSession) -> tuple[str, ...]:
        return (each.cohort or "", "" if each.cohort else each.series or f"{each.programme_id} {each.title}")

    earlier = await store.clinic.list_sessions(until=scheduled.starts_at)
    return [each for each in earlier if each.kind is SeriesKind.GROUP and group(each) == group(scheduled)]


# --------------------------------------------------------------------------- running


def _media_plane(settings: Settings, clock: RoomClock) -> Sfu:
    try:
        return Sfu(
            MediaSettings(
                hosts=(settings.media_host,),
                port=settings.udp_port,
                public_addresses=settings.media_addresses,
                core=settings.media_core,
            ),
            clock=clock.now,
        )
    except NotBuilt as reason:
        raise SettingsError([f"MILIEU_MEDIA_CORE: {reason}."]) from None


async def serve(settings: Settings, *, demo: bool = False) -> None:
    """Run Milieu until it is told to stop. Call it from the main thread. `demo` adds simulated participants.

    Raises OSError (an address or port), SettingsError, EmbeddedStoreError, NodeNameTaken, StoreUnavailable and
    CorruptLog, all before anything is served.
    """
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        clock = RoomClock()
        store = await _open_store(settings, stack)
        node = NodeName(settings.data_dir)
        stack.callback(node.release)
        catalog, library = load_catalog(), load_library()
        mail = post_office(settings, clock)
        letters = letters_of(settings, store, mail, catalog=catalog, clock=clock)
        schedule = schedule_of(store, catalog=catalog, clock=clock, tell=letters.tell)
        hours = HoursProjection(store.log, store.ledger, clock)
        agreements = Agreements(store, clock=clock)
        media = _media_plane(settings, clock)
        rooms = Rooms(
            log=store.log,
            leases=store.leases,
            media=media,
            clock=clock,
            load_session=opening(settings, store=store, catalog=catalog, library=library, learn=schedule.load),
            node=node.name,
            on_signed=hours.wake,
            on_agreed=agreements.agreed,
            brief=briefing(store, catalog=catalog, agreements=agreements),
            sealed_only=settings.end_to_end == "required",
        )
        await media.start(rooms.media_fact)
        stack.push_async_callback(media.stop)
        await stack.enter_async_context(_background(hours.run(), "hours"))
        stack.push_async_callback(agreements.close)
        stack.push_async_callback(rooms.close)
        mail.open()
        await stack.enter_async_context(_background(mail.run(), "mail"))
        if settings.reminder_minutes:
            soon = reminders(settings, store, mail=mail, clock=clock)
            await stack.enter_async_context(_background(soon.run(), "reminders"))
        minutes = diary_reminders(settings, store, mail=mail, clock=clock)
        await stack.enter_async_context(_background(minutes.run(), "diary reminders"))
        await stack.enter_async_context(_background(collector.keep_aside(lambda: len(rooms) > 0), "collector"))

        async def health() -> dict[str, bool]:
            return {"store": await _answers(store), "media": media.port > 0, "accepting": not server.stopping}

        placing = Placing(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max)
        stack.push_async_callback(placing.close)
        app = build(
            settings,
            store=store,
            catalog=catalog,
            library=library,
            rooms=rooms,
            clock=clock,
            health=health,
            mail=mail,
            schedule=schedule,
            placing=placing,
        )

        async def ready() -> None:
            links = await welcome(settings, store, now=clock.now())
            await stack.enter_async_context(_background(schedule.run(), "schedule"))
            lists = WaitingLists(store, schedule=schedule, catalog=catalog, clock=clock, seats_max=settings.seats_max)
            await stack.enter_async_context(_background(lists.run(), "waiting"))
            offers = offer_letters(
                settings, store, schedule=schedule, catalog=catalog, lists=lists, rooms=rooms, mail=mail, clock=clock
            )
            await stack.enter_async_context(_background(offers.run(), "offers"))
            if demo and links:
                await stack.enter_async_context(simulated(links))
            log.info("ready")
            collector.settle()

        server = DrainingServer(_uvicorn(settings, app), moving=rooms.moving, ready=ready)
        await server.serve(sockets=[listener])
    log.info("stopped")


def _listen(settings: Settings) -> socket.socket:
    """The bound socket, taken before anything else starts. Raises OSError that names the address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"{error.strerror}: port {settings.port} of {settings.host}") from None
    return listener


async def _open_store(settings: Settings, stack: AsyncExitStack) -> Store:
    url = settings.redis_url
    if url is None:
        valkey = EmbeddedValkey(settings.data_dir)
        stack.push_async_callback(valkey.stop)
        url = await valkey.start()
    store = await connect(url, clinic=CLINIC)
    stack.push_async_callback(store.close)
    return store


def _uvicorn(settings: Settings, app: Starlette) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        lifespan="off",
        log_config=None,
        log_level="warning",  # its comings and goings; ours are told by us
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_ping_interval=None,  # the protocol has its own proof of life
        ws_per_message_deflate=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            [f"The certificate cannot be used ({error.strerror or error}). More: python -m server check"]
        ) from error
    return config


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Runs `work` until the block is left. It handles its own errors: one that ends it early is our bug, and told."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_tell_early_end)
    try:
        yield
    finally:
        while not task.done():  # the store's client may swallow a cancellation while it connects
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_S)


def _tell_early_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        log.critical("background work ended", task=task.get_name(), exc_info=task.exception())


async def _answers(store: Store) -> bool:
    try:
        async with asyncio.timeout(PING_WITHIN_S):
            await store.ping()
    except (StoreUnavailable, TimeoutError):
        return False
    return True
