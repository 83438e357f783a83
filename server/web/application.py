"""The web application put together: guards outermost, then cookies, then pages."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from secure.middleware import SecureASGIMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan
from starsessions import SessionMiddleware
from starsessions.stores.base import SessionStore

from server.clock import Clock
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.web.account import AccountDesk
from server.web.accounts import AccountsDesk
from server.web.arrivals import ArrivalDesk, Arrivals
from server.web.audit import Audit, AuditDesk, GlassCase, Reading
from server.web.auth import Doorkeeper
from server.web.away import AwayDesk, AwayPage
from server.web.calendar import CalendarDesk, Calendars
from server.web.calls import CallDesk, Calls, ContactLog
from server.web.clinic import ClinicDesk, ClinicPage
from server.web.consents import ConsentDesk, ConsentPages
from server.web.curricula import CurriculumPages, CurriculumWriting
from server.web.diary import DiaryDesk, DiaryPages
from server.web.door import Door
from server.web.errors import Refusals
from server.web.exercises import ExercisePages, ExerciseWriting
from server.web.exports import ExportDesk, Exports
from server.web.family import FamilyDesk, FamilyInvitations, FamilyPages, GuardianPages
from server.web.guard import BODY_BYTES_MAX, BodyLimits, SameOriginOnly, Throttle, security_headers
from server.web.home import Home, HomeDesk
from server.web.invite import InviteDesk
from server.web.language import LanguageDesk, Languages, Remembered
from server.web.licences import LicenceDesk, LicencePages
from server.web.links import Links
from server.web.measures import MeasureDesk, MeasurePages
from server.web.milestones import MilestoneDesk, Milestones
from server.web.minutes import Minutes, MinutesDesk
from server.web.notebook import Notebook, NotebookDesk, Proofs
from server.web.numbers import NumberDesk, NumberPages
from server.web.pages import Books, Depart, Desk, Health, Hours, Prepare
from server.web.papers import PaperDesk, Papers
from server.web.people import LIST_BYTES_MAX, LIST_PATH, People, PeopleDesk
from server.web.placing import PlacingDesk, PlacingPage
from server.web.progress import ProgressDesk, ProgressPage
from server.web.safety import SafetyDesk, SafetyPages
from server.web.schedule import ScheduleDesk, Timetable
from server.web.school import SchoolDesk, SchoolPage
from server.web.signin import SignInDesk
from server.web.site import Site
from server.web.skills import Libraries, SkillPages
from server.web.start import StartDesk, Steps
from server.web.statics import static_routes
from server.web.teaching import SkillWriting, TeachingDesk
from server.web.templates import Pages
from server.web.tour import TourDesk, TourPage
from server.web.waiting import WaitingDesk, WaitingPage
from server.web.ways import WaysIn
from server.web.weeks import RoomCommands, WeekPages, Weeks

log = structlog.get_logger(__name__)


def application(
    site: Site,
    *,
    links: Links,
    doorkeeper: Doorkeeper,
    cookies: SessionStore,
    books: Books,
    home: Home,
    exports: Exports,
    papers: Papers,
    weeks: Weeks,
    clinic: ClinicPage,
    measures: MeasurePages,
    safety: SafetyPages,
    milestones: Milestones,
    calls: Calls,
    contact_log: ContactLog,
    school: SchoolPage,
    away: AwayPage,
    waiting: WaitingPage,
    placing: PlacingPage,
    minutes: Minutes,
    diary: DiaryPages,
    progress: ProgressPage,
    commands: RoomCommands,
    library: Libraries,
    writing: SkillWriting,
    curricula: CurriculumWriting,
    exercises: ExerciseWriting,
    notebook: Notebook,
    proofs: Proofs,
    ways: WaysIn,
    audit: Audit,
    reading: Reading,
    glass: GlassCase,
    timetable: Timetable,
    people: People,
    steps: Steps,
    tour: TourPage,
    arrivals: Arrivals,
    consents: ConsentPages,
    licences: LicencePages,
    numbers: NumberPages,
    family: FamilyPages,
    guardianships: GuardianPages,
    invitations: FamilyInvitations,
    languages: Languages,
    calendars: Calendars,
    hours: Hours,
    prepare: Prepare,
    depart: Depart,
    health: Health,
    clock: Clock,
    routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Milieu's web face. `routes` are those of others (the websocket)."""
    pages = Pages(site)
    throttle = Throttle(site)
    refusals = Refusals(pages)
    headers = security_headers(site)
    door = Door(site, doorkeeper=doorkeeper, devices=ways.devices, clock=clock)
    desk = Desk(
        site,
        pages=pages,
        links=links,
        doorkeeper=doorkeeper,
        door=door,
        throttle=throttle,
        books=books,
        people=doorkeeper.people,
        hours=hours,
        prepare=prepare,
        depart=depart,
        health=health,
        clock=clock,
    )

    home_desk = HomeDesk(home, pages=pages, doorkeeper=doorkeeper)
    paper_desk = PaperDesk(papers, pages=pages, doorkeeper=doorkeeper)
    export_desk = ExportDesk(exports, pages=pages, doorkeeper=doorkeeper)
    week_pages = WeekPages(weeks, errands=commands, pages=pages, doorkeeper=doorkeeper)
    clinic_desk = ClinicDesk(clinic, pages=pages, doorkeeper=doorkeeper)
    minutes_desk = MinutesDesk(minutes, commands, pages=pages, doorkeeper=doorkeeper)
    skills = SkillPages(library, pages=pages, doorkeeper=doorkeeper)
    calendar_desk = CalendarDesk(calendars, site=site, pages=pages, doorkeeper=doorkeeper, throttle=throttle)
    schedule_desk = ScheduleDesk(timetable, pages=pages, doorkeeper=doorkeeper)
    notebook_desk = NotebookDesk(notebook, proofs, doorkeeper=doorkeeper)
    sign_in = SignInDesk(
        ways.gate,
        door=door,
        links=links,
        proofs=proofs,
        pages=pages,
        doorkeeper=doorkeeper,
        throttle=throttle,
        clock=clock,
        provider=ways.provider,
    )
    invite_desk = InviteDesk(ways.invitations, door=door, pages=pages, throttle=throttle, picture=ways.picture)
    account = AccountDesk(ways.upkeep, door=door, pages=pages, doorkeeper=doorkeeper, clock=clock, picture=ways.picture)
    accounts = AccountsDesk(ways.upkeep, ways.invitations, pages=pages, doorkeeper=doorkeeper, clock=clock)
    people_desk = PeopleDesk(people, pages=pages, doorkeeper=doorkeeper)
    start_desk = StartDesk(steps, pages=pages, doorkeeper=doorkeeper)
    arrival_desk = ArrivalDesk(arrivals, doorkeeper=doorkeeper)
    licence_desk = LicenceDesk(licences, pages=pages, doorkeeper=doorkeeper)
    family_desk = FamilyDesk(family, invitations, guardianships, pages=pages, doorkeeper=doorkeeper)
    consent_desk = ConsentDesk(site, consents, pages=pages, doorkeeper=doorkeeper)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return refusals.answer(request, error)

    async def unavailable(request: Request, error: Exception) -> Response:
        return refusals.answer(request, HTTPException(503, headers={"Retry-After": "5"}))

    async def damaged(request: Request, error: Exception) -> Response:
        log.critical("records are damaged", error=str(error))
        return refusals.answer(request, HTTPException(500, "damaged"))

    async def our_mistake(request: Request, error: Exception) -> Response:
        response = refusals.answer(request, HTTPException(500))
        headers.set_headers(response)  # sent from outside all middleware
        return response

    return Starlette(
        routes=[
            *desk.routes(),
            *LanguageDesk(site, languages, doorkeeper=doorkeeper).routes(),
            *home_desk.routes(),
            *export_desk.routes(),
            *paper_desk.routes(),
            *minutes_desk.routes(),
            *PlacingDesk(placing, pages=pages, doorkeeper=doorkeeper).routes(),
            *DiaryDesk(diary, pages=pages, doorkeeper=doorkeeper).routes(),
            *ProgressDesk(progress, pages=pages, doorkeeper=doorkeeper).routes(),
            *WaitingDesk(waiting, pages=pages, doorkeeper=doorkeeper).routes(),
            *AwayDesk(away, pages=pages, doorkeeper=doorkeeper).routes(),
            *SchoolDesk(school, pages=pages, doorkeeper=doorkeeper).routes(),
            *CallDesk(calls, contact_log, pages=pages, doorkeeper=doorkeeper).routes(),
            *TeachingDesk(writing, pages=pages, doorkeeper=doorkeeper).routes(),
            *CurriculumPages(library, curricula, pages=pages, doorkeeper=doorkeeper).routes(),
            *ExercisePages(library, exercises, pages=pages, doorkeeper=doorkeeper).routes(),
            *skills.routes(),
            *notebook_desk.routes(),
            *people_desk.routes(),
            *start_desk.routes(),
            *TourDesk(tour, links=links, pages=pages, throttle=throttle).routes(),
            *sign_in.routes(),
            *invite_desk.routes(),
            *account.routes(),
            *accounts.routes(),
            *AuditDesk(audit, reading, glass, pages=pages, doorkeeper=doorkeeper).routes(),
            *week_pages.routes(),
            *clinic_desk.routes(),
            *MeasureDesk(measures, pages=pages, doorkeeper=doorkeeper).routes(),
            *SafetyDesk(safety, pages=pages, doorkeeper=doorkeeper).routes(),
            *MilestoneDesk(milestones, pages=pages, doorkeeper=doorkeeper).routes(),
            *schedule_desk.routes(),
            *arrival_desk.routes(),
            *consent_desk.routes(),
            *family_desk.routes(),
            *licence_desk.routes(),
            *NumberDesk(numbers, pages=pages, doorkeeper=doorkeeper).routes(),
            *calendar_desk.routes(),
            *routes,
            *static_routes(),
        ],
        lifespan=lifespan,
        middleware=[
            Middleware(SecureASGIMiddleware, secure=headers),
            Middleware(BodyLimits, most=BODY_BYTES_MAX, but={LIST_PATH: LIST_BYTES_MAX + BODY_BYTES_MAX}),
            Middleware(SameOriginOnly, refuse=refusals.answer),
            Middleware(Remembered, site=site, languages=languages),
            Middleware(
                SessionMiddleware,
                store=cookies,
                lifetime=site.cookie_lifetime_s,
                rolling=True,
                cookie_name=site.cookie_name,
                cookie_path="/",
                cookie_same_site="lax",
                cookie_https_only=site.https,
            ),
        ],
        exception_handlers={
            HTTPException: refused,
            StoreUnavailable: unavailable,
            CorruptLog: damaged,
            Exception: our_mistake,
        },
    )
