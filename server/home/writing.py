"""The cards of what is to be written and signed: notes that are due, and safety answers nobody has written about."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from facilitation.notes import Work
from facilitation.people import Role
from facilitation.policy import FACILITATORS
from server.books import worklist
from server.home.meetings import day_in_words
from server.home.visit import Far, Visit
from server.store.clinic import ScheduledSession

SHOWN_MAX: Final = 3


async def due(visit: Visit) -> dict[str, Any]:
    """Notes that whoever looks is to sign or co-sign next, the sessions of the most pressing first."""
    far = await visit.far(_held(visit))
    told = worklist.page(
        [(each.scheduled, each.progress) for each in far], visit.me, zone=visit.zone, now=visit.now, words=visit.words
    )
    rows = [session for group in told["groups"] if group["key"] != "others" for session in group["sessions"]]
    return {
        "count": told["count"],
        "sessions": rows[:SHOWN_MAX],
        "more": len(rows[SHOWN_MAX:]),
        "work_url": f"/work{visit.me.choice}",
        "held": bool(far),
    }


async def flags(visit: Visit) -> dict[str, Any] | None:
    """People whose safety answer still waits for a word on what was done, in meetings that are over. None: nobody."""
    rows = [
        {
            "person": person,
            "name": name,
            "title": far.scheduled.title,
            "day": day_in_words(visit, far.scheduled.starts_at),
            "url": f"/s/{far.scheduled.session}/record{visit.me.choice}#{person}",
        }
        for far in await visit.far(_held(visit))
        if far.progress.ended_at is not None
        for person, name in far.progress.names.items()
        if far.progress.writing_of(person).open_flags
    ]
    return {"people": rows, "named": [row["person"] for row in rows]} if rows else None


async def lagging(visit: Visit) -> dict[str, Any]:
    """For a supervisor: who is late with notes, and what was sent back and not answered yet."""
    late: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for far in await visit.far(_held(visit)):
        notes = worklist.dues(far.progress, visit.now).values()
        late[_lead(far)] += sum(note.overdue and note.owed_by(Role.FACILITATOR) for note in notes)
        returned[_lead(far)] += sum(note.work is Work.RETURNED for note in notes)
    rows = [
        {"name": name, "late": late[name], "returned": returned[name]}
        for name in sorted(late, key=lambda name: (-late[name], -returned[name], name.casefold()))
        if late[name] or returned[name]
    ]
    return {"facilitators": rows}


def _held(visit: Visit) -> list[ScheduledSession]:
    return [each for each in visit.mine if each.starts_at <= visit.now]


def _lead(far: Far) -> str:
    """The facilitator whose notes these are."""
    found = [each for each in far.scheduled.roster if each.role in FACILITATORS]
    first = min(found, key=lambda each: each.role is not Role.FACILITATOR, default=None)
    return first.name if first else ""
