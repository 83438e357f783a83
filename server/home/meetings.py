"""The cards of meetings: what is now or next, what comes after that, and, for staff, who is there today."""

from __future__ import annotations

from collections.abc import Set
from datetime import timedelta
from typing import Any, Final

from facilitation.ids import PersonId
from facilitation.people import STAFF, WORKFORCE, Role
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.home.visit import DOORS_MS, Far, Visit
from server.school.shelves import Shelves
from server.store.clinic import ScheduledSession
from server.store.register import Register
from server.web.words import local

SELDOM_MEET: Final = WORKFORCE - STAFF | {Role.GUARDIAN}
COMING_MAX: Final = 3
NAMES_MAX: Final = 6
"""Of people who are missing, on a home page; the room names all."""


async def now(visit: Visit) -> dict[str, Any] | None:
    """What goes on or is about to; else what is next and when; else that nothing is.

    None: nothing is, for those who seldom are in a meeting.
    """
    far = await visit.far(visit.mine)
    on = sorted((each for each in far if each.is_on(visit.now)), key=lambda each: _first_what_runs(each))
    next = _to_come(far, visit)[:1]
    if not on and not next and visit.me.role in SELDOM_MEET:
        return None
    doors_at = next[0].scheduled.starts_at - DOORS_MS if next else None
    return {
        "on": [meeting(visit, each) for each in on],
        "next": meeting(visit, next[0]) if next else None,
        "doors": None if doors_at is None else visit.words.clock_time(local(doors_at, visit.zone)),
        "doors_in_ms": None if doors_at is None else doors_at - visit.now,
    }


async def coming(visit: Visit) -> dict[str, Any] | None:
    """What comes after what `now` tells, and for staff after today's `groups`. None: nothing does."""
    far = await visit.far(visit.mine)
    to_come = _to_come(far, visit)
    if not any(each.is_on(visit.now) for each in far):
        to_come = to_come[1:]
    if visit.me.may(Action.SEE_DUE_NOTES):
        to_come = [each for each in to_come if visit.day(each.scheduled.starts_at) != visit.today]
    if not to_come:
        return None
    rows = [meeting(visit, each) for each in to_come[:COMING_MAX]]
    return {"meetings": rows, "more": len(to_come) - len(rows)}


class Groups:
    """The card `groups`: today's meetings of one of the staff, who is there, and who is expected and is not.

    Raises StoreUnavailable, CorruptLog.
    """

    def __init__(self, register: Register) -> None:
        self._shelves = Shelves(register)

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        far = await visit.far(
            each for each in visit.mine if visit.day(each.starts_at) == visit.today or visit.ends_at(each) > visit.now
        )
        today = [each for each in far if visit.day(each.scheduled.starts_at) == visit.today or each.is_on(visit.now)]
        return {"groups": [meeting(visit, each) | _attended(each, await self._told(each)) for each in today]}

    async def _told(self, far: Far) -> Set[PersonId]:
        """Who told ahead that they will not come: by the log, and, where its room was not opened yet, as it is kept."""
        if far.progress.seq:
            return far.progress.told
        told = set()
        for person in participants(far.scheduled):
            held = await self._shelves.told.get(f"{far.scheduled.session} {person}")
            if held is not None and held.value.away:
                told.add(person)
        return told


def meeting(visit: Visit, far: Far) -> dict[str, Any]:
    """What every card tells of a meeting."""
    scheduled, me = far.scheduled, visit.me
    leads = far.role_of(me.person) in STAFF
    return {
        "session": scheduled.session,
        "title": scheduled.title,
        "day": day_in_words(visit, scheduled.starts_at),
        "time": visit.words.span(scheduled.starts_at, far.ends_at, visit.zone),
        "today": visit.day(scheduled.starts_at) == visit.today,
        "starts_at": scheduled.starts_at,
        "zone": visit.zone,
        "status": far.progress.status,
        "leads": leads,
        "url": f"/s/{scheduled.session}{me.choice}",
        "record_url": f"/s/{scheduled.session}/record{me.choice}" if leads and me.may(Action.READ_RECORD) else None,
        "expected": len(participants(scheduled)),
        "to_sign": len(far.progress.owing),
    }


def participants(scheduled: ScheduledSession) -> dict[PersonId, str]:
    """Who is to come, by name: those who are treated, and guests."""
    return {each.person: each.name for each in scheduled.roster if each.role is Role.PARTICIPANT}


def day_in_words(visit: Visit, at: Instant) -> str:
    """'Today', 'Tomorrow', 'Tuesday, November 24'."""
    day = visit.day(at)
    known = {visit.today: visit.words("Today"), visit.today + timedelta(days=1): visit.words("Tomorrow")}
    return known.get(day) or visit.words.weekday(day)


def _attended(far: Far, told_ahead: Set[PersonId]) -> dict[str, Any]:
    """Missing, while it runs, is who was noticed to be: some minutes after the start, and not who told ahead."""
    progress = far.progress
    names = participants(far.scheduled) | dict(progress.names)
    away = [person for person in names if not progress.writing_of(person).came]
    told = [person for person in away if person in told_ahead]
    over = progress.ended_at is not None
    missing = [person for person in away if person not in told and (over or person in progress.missed)]
    return {
        "expected": len(names),
        "came": len(names) - len(away),
        "told": [names[person] for person in told],
        "missing": [names[person] for person in missing[:NAMES_MAX]],
        "more_missing": len(missing[NAMES_MAX:]),
        "unsought": not over and any(person not in progress.sought for person in missing),
        "begun": progress.started_at is not None,
        "over": over,
    }


def _to_come(far: list[Far], visit: Visit) -> list[Far]:
    return [each for each in far if each.is_to_come(visit.now)]


def _first_what_runs(far: Far) -> tuple[bool, int, str]:
    return far.progress.started_at is None, far.scheduled.starts_at, far.scheduled.session
