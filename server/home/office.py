"""The cards of whoever plans: meetings that lack somebody, people in two places at once, the week in figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from facilitation.clashes import Booking, Clash, clashes
from facilitation.policy import FACILITATORS
from server.home.meetings import day_in_words, participants
from server.home.visit import Visit
from server.store.clinic import ScheduledSession
from server.web import words

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
    """The same person in two meetings of the next two weeks at once, and whoever leads two without a rest between."""
    to_come = {each.session: each for each in visit.near if visit.ends_at(each) > visit.now}
    found = clashes(_booking(visit, each) for each in to_come.values())
    return {
        "clashes": [_clash(visit, each, to_come[each.a], to_come[each.b]) for each in found[:SHOWN_MAX]],
        "more": len(found[SHOWN_MAX:]),
    }


async def counts(visit: Visit) -> dict[str, Any]:
    """This week so far, from Monday."""
    monday = visit.today - timedelta(days=visit.today.weekday())
    week = [each for each in visit.near if monday <= visit.day(each.starts_at) < monday + timedelta(days=7)]
    far = await visit.far(week)
    held = [each.progress for each in far if each.progress.ended_at is not None]
    asked = sum(len(progress.names) for progress in held)
    came = sum(progress.writing_of(person).came for progress in held for person in progress.names)
    return {
        "range": words.days(monday, monday + timedelta(days=6)),
        "planned": len(week),
        "held": len(held),
        "asked": asked,
        "came": came,
        "rate": f"{came / asked:.0%}" if asked else "",
        "unsigned": sum(len(progress.owing) for progress in held),
    }


def _some(visit: Visit, sessions: Sequence[ScheduledSession]) -> list[dict[str, Any]]:
    return [
        {
            "title": each.title,
            "day": day_in_words(visit, each.starts_at),
            "time": words.span(each.starts_at, visit.ends_at(each), visit.zone),
        }
        for each in sessions[:SHOWN_MAX]
    ]


def _clash(visit: Visit, clash: Clash, a: ScheduledSession, b: ScheduledSession) -> dict[str, Any]:
    name = next(seat.name for seat in (*a.roster, *b.roster) if seat.person == clash.person)
    return {
        "name": name,
        "day": day_in_words(visit, b.starts_at),
        "rest": None if clash.rest_ms is None else words.minutes(clash.rest_ms // 60_000),
        "meetings": [
            {"title": each.title, "time": words.span(each.starts_at, visit.ends_at(each), visit.zone)}
            for each in (a, b)
        ],
    }


def _booking(visit: Visit, scheduled: ScheduledSession) -> Booking:
    return Booking(
        session=scheduled.session,
        start=scheduled.starts_at,
        end=visit.ends_at(scheduled),
        leads=frozenset(each.person for each in scheduled.roster if each.role in FACILITATORS),
        guests=frozenset(participants(scheduled)),
    )
