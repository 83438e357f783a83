"""Absences and make-ups: who said that they will be away, why somebody was, which missed session another makes up for.

None of it changes a minute. An absence stands in the log of the session that was missed, a make-up in the log of the
one that was attended instead, whose hours are entries of their own date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facilitation.commands import TellAbsence
from facilitation.errors import Refusal
from facilitation.events import AbsenceExplained, AbsenceTold, Event, MakeUpLinked, Recorded
from facilitation.ids import PersonId, SessionId
from facilitation.text import NAME_MAX, REASON_MAX, line
from facilitation.timebase import Instant

SESSION_ID_MAX = 64


class Kind(StrEnum):
    """`NONE` takes back what was said."""

    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    kind: Kind
    reason: str
    by: PersonId | None
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Said before the start, by the person or a guardian (`name`, as they are known to staff)."""

    teller: PersonId
    name: str
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Absences:
    """What was said last of each. `told`: who will not come, beforehand; whether that is excused is for facilitators to
    say. `makes_up`: whom this session makes up for which missed one."""

    told: Mapping[PersonId, Told] = field(default_factory=dict)
    explained: Mapping[PersonId, Absence] = field(default_factory=dict)
    makes_up: Mapping[PersonId, SessionId] = field(default_factory=dict)


# --------------------------------------------------------------- fold


def evolve(absences: Absences, recorded: Recorded) -> Absences:
    match recorded.event:
        case AbsenceExplained(person=person, kind=kind, reason=reason):
            explained = {each: absence for each, absence in absences.explained.items() if each != person}
            if kind in (Kind.EXCUSED, Kind.UNEXCUSED):
                explained[person] = Absence(kind=Kind(kind), reason=reason, by=recorded.by, at=recorded.at)
            return replace(absences, explained=explained)
        case AbsenceTold(person=person) as said:
            told = {each: before for each, before in absences.told.items() if each != person}
            if said.away:
                at = Instant(min(max(0, said.told_at), recorded.at))
                told[person] = Told(teller=said.teller, name=said.name, reason=said.reason, at=at)
            return replace(absences, told=told)
        case MakeUpLinked(person=person, missed_session=missed):
            makes_up = {each: session for each, session in absences.makes_up.items() if each != person}
            if missed is not None:
                makes_up[person] = missed
            return replace(absences, makes_up=makes_up)
        case _:
            return absences


# --------------------------------------------------------------- rules


def tell(absences: Absences, ask: TellAbsence, *, begun: bool) -> tuple[Event, ...]:
    """What was said before the start, also if this log hears of it later; once it has begun nothing is told ahead."""
    said = absences.told.get(ask.person)
    reason = line(ask.reason, "the reason", REASON_MAX, required=False) if ask.away else ""
    if ask.away == (said is not None) and (said is None or (said.teller, said.reason) == (ask.teller, reason)):
        return ()
    if begun:
        raise Refusal("already_started", "This meeting has begun. Please call your clinic.")
    name = line(ask.name, "the name", NAME_MAX)
    return (
        AbsenceTold(person=ask.person, away=ask.away, teller=ask.teller, name=name, told_at=ask.told_at, reason=reason),
    )


def explain(absences: Absences, person: PersonId, kind: str, reason: str) -> tuple[Event, ...]:
    if kind not in set(Kind):
        raise Refusal("unknown_absence", "An absence is excused or unexcused.")
    reason = line(reason, "the reason", REASON_MAX, required=kind == Kind.EXCUSED)
    now = absences.explained.get(person)
    if kind == Kind.NONE:
        return () if now is None else (AbsenceExplained(person=person, kind=kind, reason=""),)
    if now is not None and (now.kind, now.reason) == (kind, reason):
        return ()
    return (AbsenceExplained(person=person, kind=kind, reason=reason),)


def link(absences: Absences, person: PersonId, missed: SessionId | None, *, session: SessionId) -> tuple[Event, ...]:
    """`session`: the one that was, or will be, attended instead."""
    if missed is not None and (missed == session or not 1 <= len(missed) <= SESSION_ID_MAX or not missed.isprintable()):
        raise Refusal("unknown_session", "Choose the session that was missed: another one than this.")
    if absences.makes_up.get(person) == missed:
        return ()
    return (MakeUpLinked(person=person, missed_session=missed),)
