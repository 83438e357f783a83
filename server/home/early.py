"""The card of early absences: who misses one of their first meetings, or two in a row, while a call can still help.

Most of those who leave a program leave it before their fifth visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facilitation.ids import PersonId
from facilitation.policy import Action
from facilitation.timebase import Instant
from server.books.overview import EARLY_VISITS
from server.home.visit import DAY_MS, Far, Visit
from server.store.clinic import ScheduledSession
from server.store.ports import Clinic
from server.web.words import local

BACK_DAYS: Final = 30
"""A first meeting that lies farther back is none any more."""
FRESH_DAYS: Final = 10
"""So long a miss is told: then somebody has called, or the week's page shows it."""
SHOWN_MAX: Final = 6


class EarlyAbsences:
    """The card `early`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """Of one's own meetings; whoever plans sees those of all. None: nobody is to be told of."""
        sessions: Sequence[ScheduledSession] = visit.mine
        if visit.me.may(Action.PLAN_SCHEDULE):
            since = Instant(max(0, visit.now - BACK_DAYS * DAY_MS))
            sessions = await self._clinic.list_sessions(since=since, until=visit.now)
        held = [each for each in await visit.far(sessions) if each.progress.ended_at is not None]
        by_person: dict[PersonId, list[Far]] = {}
        for each in sorted(held, key=lambda far: far.scheduled.starts_at):
            for person in each.progress.names:
                by_person.setdefault(person, []).append(each)
        rows = [row for person, theirs in by_person.items() if (row := _row(visit, person, theirs)) is not None]
        rows.sort(key=lambda row: (-row["in_a_row"], row["name"].casefold()))
        named = [row["person"] for row in rows[:SHOWN_MAX]]
        return {"people": rows[:SHOWN_MAX], "more": len(rows[SHOWN_MAX:]), "named": named} if rows else None


def _row(visit: Visit, person: PersonId, theirs: Sequence[Far]) -> dict[str, Any] | None:
    """`in_a_row`: the meetings missed last. None: they came last, it is long ago, or it is one of many."""
    missed: list[Far] = []
    for far in reversed(theirs):
        if far.progress.writing_of(person).came:
            break
        missed.append(far)
    if not missed or visit.now - missed[0].scheduled.starts_at > FRESH_DAYS * DAY_MS:
        return None
    if len(missed) < 2 and len(theirs) > EARLY_VISITS:
        return None
    days = [visit.words.weekday(local(far.scheduled.starts_at, visit.zone).date()) for far in reversed(missed)]
    return {
        "person": person,
        "name": missed[0].progress.names[person],
        "in_a_row": len(missed),
        "first": len(theirs) <= EARLY_VISITS,
        "of": len(theirs),
        "days": visit.words.listed(days[-3:]),
        "told": all(person in far.progress.told for far in missed),
        "url": f"/weeks/{person}{visit.me.choice}",
        "calls_url": f"/calls/{person}{visit.me.choice}" if visit.me.may(Action.LOG_CALLS) else None,
    }
