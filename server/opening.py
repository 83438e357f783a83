"""How a room opens: what a session that has no log yet begins with, and what every room is told as it opens."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from facilitation.commands import Command, ListApart, OpenSession
from facilitation.facts import zone_of
from facilitation.ids import SessionId
from facilitation.room import EMPTY as EMPTY_ROOM
from facilitation.room import RoomState, replay
from facilitation.schedule import SeriesKind
from facilitation.skills import EMPTY, Library
from facilitation.weeks import day_of
from server.books.agreements import Agreements
from server.books.apart import ApartList
from server.books.safety import SafetyBook
from server.catalog import Catalog
from server.clock import RoomClock
from server.config import Settings
from server.measures.offers import Offers
from server.progress import ProgressBook
from server.rooms.directory import Brief, LoadSession
from server.rooms.ports import CorruptLog
from server.school.away import Briefing
from server.store.clinic import ScheduledSession
from server.store.ports import Store
from server.teaching.courses import Courses
from server.teaching.library import ClinicLibrary

log = structlog.get_logger(__name__)

LOOKED_BACK: Final = 4
"""Meetings that are looked at for who was with whom: one that was never held knows nothing of those before it."""


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
    courses = Courses(store.register)

    async def load(session: SessionId) -> OpenSession | None:
        scheduled = await store.clinic.get_session(session)
        if scheduled is None or scheduled.cancelled:
            return None
        if learn is not None and scheduled.plan_id not in catalog.plans:
            await learn()
        current = await ClinicLibrary(library, store.register).load()
        programme = catalog.programme(scheduled.programme_id)
        before = await _met_before(scheduled, store)
        lesson = await courses.lesson(scheduled, before, programme=programme, library=current)
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
