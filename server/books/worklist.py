"""The work list: which notes are due, by when, and whose turn it is. From how far each session is, and the time.

The shape of the page is that of `server/web/README.md`, `work.html`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from facilitation.ids import PersonId
from facilitation.noteforms import format_of
from facilitation.notes import Work, due_at, work
from facilitation.people import Role
from facilitation.policy import FACILITATORS, SUPERVISORS
from facilitation.programme import PLAIN_TEXT
from facilitation.timebase import MINUTE_MS, Instant
from server.progress import Progress, Writing
from server.store.clinic import ScheduledSession
from server.web.auth import Visitor
from server.web.words import Words, local

GROUPS: Final = ("overdue", "today", "tomorrow", "later", "others")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One person's note. `due`: until when its next signature should be there; None: nothing is owed any more."""

    person: PersonId
    work: Work
    due: Instant | None
    overdue: bool
    absent: bool
    blocked: bool

    @property
    def open(self) -> bool:
        return self.due is not None

    def owed_by(self, role: Role) -> bool:
        """Whether whoever has this role in the session is to act next."""
        return self.open and role in (SUPERVISORS if self.work is Work.TO_COSIGN else FACILITATORS)


def dues(progress: Progress, now: Instant) -> dict[PersonId, Due]:
    """The notes of a session that has ended, one of each participant; of any other, none."""
    if progress.ended_at is None:
        return {}
    return {person: _due(progress, person, now) for person in progress.names}


def _due(progress: Progress, person: PersonId, now: Instant) -> Due:
    programme, writing = progress.programme, progress.writing_of(person)
    state = work(
        ended=True,
        begun=bool(writing.written),
        complete=not writing.came or _complete(programme.note_format, writing),
        signed=writing.signed_at is not None,
        cosign=programme.cosign,
        cosigned=writing.cosigned,
        returned=writing.returned,
    )
    due = due_at(ended_at=progress.ended_at, signed_at=writing.signed_at, due_h=programme.note_due_h, work=state)
    return Due(
        person=person,
        work=state,
        due=due,
        overdue=due is not None and now > due,
        absent=not writing.came,
        blocked=bool(writing.open_flags) and writing.signed_at is None,
    )


def _complete(note_format: str, writing: Writing) -> bool:
    sections = format_of(note_format).sections
    required = {part.id for part in sections if part.required} if sections else {PLAIN_TEXT}
    return required <= writing.written


# --------------------------------------------------------------------------- the page


def page(
    sessions: Iterable[tuple[ScheduledSession, Progress]], me: Visitor, *, zone: str, now: Instant, words: Words
) -> dict[str, Any]:
    """`sessions`: those in which `me` is one of the staff. Times are told in `zone`."""
    groups: dict[str, list[dict[str, Any]]] = {key: [] for key in GROUPS}
    owed: list[Due] = []
    for scheduled, progress in sessions:
        notes = list(dues(progress, now).values())
        role = role_of(scheduled, me.person)
        mine = [note for note in notes if note.owed_by(role)]
        if any(note.open for note in notes):
            row = _session_row(scheduled, progress, notes, mine, me, zone=zone, now=now, words=words)
            groups[_group(row["due_at"], zone, now) if mine else "others"].append(row)
        owed += mine
    return {
        "now": words.weekday(local(now, zone).date()),
        "count": {
            "open": len(owed),
            "overdue": sum(note.overdue for note in owed),
            "to_cosign": sum(note.work is Work.TO_COSIGN for note in owed),
        },
        "groups": [
            {"key": key, "sessions": sorted(rows, key=lambda row: (row["due_at"], row["session"]))}
            for key, rows in groups.items()
            if rows
        ],
    }


def role_of(scheduled: ScheduledSession, person: PersonId) -> Role:
    """What one of the staff is in a session; who is not on its list looks on at most."""
    return next((each.role for each in scheduled.roster if each.person == person), Role.OBSERVER)


def _session_row(
    scheduled: ScheduledSession,
    progress: Progress,
    notes: Sequence[Due],
    mine: Sequence[Due],
    me: Visitor,
    *,
    zone: str,
    now: Instant,
    words: Words,
) -> dict[str, Any]:
    started, ended = progress.started_at or scheduled.starts_at, progress.ended_at
    assert ended is not None
    due = min(note.due for note in mine or notes if note.due is not None)
    day, today = local(started, zone).date(), local(now, zone).date()
    record_url = f"/s/{scheduled.session}/record{me.choice}"
    at = local(due, zone)
    return {
        "session": scheduled.session,
        "title": scheduled.title,
        "day": words("Today") if day == today else words.weekday(day),
        "time": words.span(started, ended, zone),
        "programme": words.of(progress.programme.title),
        "format": words.of(format_of(progress.programme.note_format).title),
        "record_url": record_url,
        "due_at": due,
        "due": f"{words.weekday(at.date())}, {words.clock_time(at)}",
        "left": _left(due - now, words),
        "gone": min(1.0, max(0.0, (now - ended) / (due - ended))) if due > ended else 1.0,
        "overdue": now > due,
        "done": sum(not note.open for note in notes),
        "head_count": len(notes),
        "notes": [
            {
                "person": note.person,
                "name": progress.names[note.person],
                "work": note.work.value,
                "overdue": note.overdue,
                "url": f"{record_url}#{note.person}",
                "absent": note.absent,
                "blocked": note.blocked,
            }
            for note in notes
        ],
    }


def _group(due: Instant, zone: str, now: Instant) -> str:
    if now > due:
        return "overdue"
    days = (local(due, zone).date() - local(now, zone).date()).days
    return ("today", "tomorrow")[days] if days < 2 else "later"


def _left(length_ms: int, words: Words) -> str:
    """ "in 6 days", "in 48 h", "5 min ago": as the record says it (words.mjs), in hours while each of them matters."""
    minutes = max(1, _nearest(abs(length_ms), MINUTE_MS))
    hours = _nearest(minutes, 60)
    if minutes < 90:
        text = f"{minutes} min"
    elif hours < 96:
        text = f"{hours} h"
    else:
        text = words("{n} days", n=_nearest(hours, 24))
    return words("in {time}", time=text) if length_ms >= 0 else words("{time} ago", time=text)


def _nearest(length: int, unit: int) -> int:
    return (length + unit // 2) // unit
