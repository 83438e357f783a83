"""The cards of whoever plans: meetings that lack somebody, people in two places at once, the week in figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from facilitation.clashes import clashes
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.policy import FACILITATORS
from facilitation.timebase import MINUTE_MS
from server.home.meetings import day_in_words, participants
from server.home.visit import Visit
from server.schedule.bookings import booking
from server.store.clinic import ScheduledSession

SHOWN_MAX: Final = 4


async def gaps(visit: Visit) -> dict[str, Any]:
    """Meetings of the next two weeks without anybody who leads, and without anybody who comes."""
    to_come = [each for each in visit.near if each.starts_at > visit.now]
    unled = [each for each in to_come if not any(seat.role in FACILITATORS for seat in each.roster)]
    empty = [each for each in to_come if each not in unled and not participants(each)]
    return {
        "unled": _some(visit, unled),
        "more_unled": len(unled[SHOWN_MAX:]),
        "empty": _some(visit, empty),
        "more_empty": len(empty[SHOWN_MAX:]),
        "planned": len(to_come),
    }


async def conflicts(visit: Visit) -> dict[str, Any]:
    """Pairs of meetings of the next two weeks that somebody is in at once, or leads both of without a rest between."""
    to_come = {each.session: each for each in visit.near if visit.ends_at(each) > visit.now}
    found: dict[tuple[SessionId, SessionId, int | None], list[PersonId]] = {}
    for each in clashes(booking(session, visit.ends_at(session)) for session in to_come.values()):
        found.setdefault((each.a, each.b, each.rest_ms), []).append(each.person)
    rows = [
        _clash(visit, people, to_come[a], to_come[b], rest_ms)
        for (a, b, rest_ms), people in [*found.items()][:SHOWN_MAX]
    ]
    treated = {seat.person for session in to_come.values() for seat in session.roster if seat.role is Role.PARTICIPANT}
    told = [person for people in [*found.values()][:SHOWN_MAX] for person in people[:SHOWN_MAX]]
    return {"clashes": rows, "more": len(found) - len(rows), "named": [each for each in told if each in treated]}


async def counts(visit: Visit) -> dict[str, Any]:
    """This week so far, from Monday."""
    monday = visit.today - timedelta(days=visit.today.weekday())
    week = [each for each in visit.near if monday <= visit.day(each.starts_at) < monday + timedelta(days=7)]
    far = await visit.far(week)
    held = [each.progress for each in far if each.progress.ended_at is not None]
    asked = sum(len(progress.names) for progress in held)
    came = sum(progress.writing_of(person).came for progress in held for person in progress.names)
    return {
        "range": visit.words.days(monday, monday + timedelta(days=6)),
        "planned": len(week),
        "held": len(held),
        "asked": asked,
        "came": came,
        "rate": f"{came / asked:.0%}" if asked else "",
        "unsigned": sum(len(progress.owing) for progress in held),
    }


def meeting_url(visit: Visit, session: ScheduledSession) -> str:
    """Where it is moved, cancelled or led by somebody else; "" for one that is of no series."""
    return f"/schedule/series/{session.series}/{session.on}{visit.me.choice}" if session.series and session.on else ""


def _some(visit: Visit, sessions: Sequence[ScheduledSession]) -> list[dict[str, Any]]:
    return [
        {
            "title": each.title,
            "day": day_in_words(visit, each.starts_at),
            "time": visit.words.span(each.starts_at, visit.ends_at(each), visit.zone),
            "url": meeting_url(visit, each),
        }
        for each in sessions[:SHOWN_MAX]
    ]


def _clash(
    visit: Visit, people: Sequence[PersonId], a: ScheduledSession, b: ScheduledSession, rest_ms: int | None
) -> dict[str, Any]:
    names = {seat.person: seat.name for seat in (*a.roster, *b.roster)}
    return {
        "names": [names[person] for person in people[:SHOWN_MAX]],
        "more": len(people[SHOWN_MAX:]),
        "day": day_in_words(visit, b.starts_at),
        "url": meeting_url(visit, b) or meeting_url(visit, a),
        "rest": None if rest_ms is None else visit.words.minutes(rest_ms // MINUTE_MS),
        "meetings": [
            {"title": each.title, "time": visit.words.span(each.starts_at, visit.ends_at(each), visit.zone)}
            for each in (a, b)
        ],
    }
