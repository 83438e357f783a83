"""Who did not come: noticed a few minutes after the start, and whom the facilitators then tried to reach.

Missing is whoever was expected, has not been present for an instant, is not at the door now, and neither told ahead nor
is excused. Being noticed is a fact of the log; it changes no minute, and coming later ends it. Of a call is kept when,
by whom, whom they tried and whether they got through; never what was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facilitation import attendance as presence
from facilitation.absences import Absences, Kind
from facilitation.attendance import Attendance
from facilitation.errors import Refusal
from facilitation.events import Event, MissingNoticed, ReachedOut, Recorded
from facilitation.ids import PersonId
from facilitation.seats import Place, Seat
from facilitation.sentences import Sentence, marked
from facilitation.timebase import MINUTE_MS, Instant

NOTICED_AFTER_MS = 4 * MINUTE_MS
"""Late enough that most of those who are only late have come; early enough that a call can still bring somebody."""
ATTEMPTS_MAX = 20


class Whom(StrEnum):
    """In the order in which one calls."""

    SELF = "self"
    GUARDIAN = "guardian"
    EMERGENCY = "emergency"


WHOM_WORDS = {
    Whom.SELF: marked("the person"),
    Whom.GUARDIAN: marked("a guardian"),
    Whom.EMERGENCY: marked("the emergency contact"),
}


class Outcome(StrEnum):
    REACHED = "reached"
    LEFT_WORD = "left_word"
    NO_ANSWER = "no_answer"


OUTCOME_WORDS = {
    Outcome.REACHED: marked("reached"),
    Outcome.LEFT_WORD: marked("left word"),
    Outcome.NO_ANSWER: marked("no answer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to reach somebody about a person who is missing."""

    whom: Whom
    outcome: Outcome
    by: PersonId | None
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShows:
    """`noticed`: when somebody was found missing, also if they came later. `attempts`: in order of time."""

    noticed: Mapping[PersonId, Instant] = field(default_factory=dict)
    attempts: Mapping[PersonId, tuple[Attempt, ...]] = field(default_factory=dict)

    def attempts_of(self, person: PersonId) -> tuple[Attempt, ...]:
        return self.attempts.get(person, ())


# --------------------------------------------------------------- fold


def evolve(noshows: NoShows, recorded: Recorded) -> NoShows:
    match recorded.event:
        case MissingNoticed(people=people):
            return replace(noshows, noticed=dict.fromkeys(people, recorded.at) | dict(noshows.noticed))
        case ReachedOut(person=person, whom=whom, outcome=outcome) if whom in set(Whom) and outcome in set(Outcome):
            attempt = Attempt(whom=Whom(whom), outcome=Outcome(outcome), by=recorded.by, at=recorded.at)
            return replace(noshows, attempts={**noshows.attempts, person: (*noshows.attempts_of(person), attempt)})
        case _:
            return noshows


# --------------------------------------------------------------- reading


def missing(seats: Iterable[Seat], attendance: Attendance, absences: Absences, until: Instant) -> tuple[PersonId, ...]:
    """Who is missing as of `until`, in the order of the list: of those for whom the session is."""
    return tuple(
        seat.person
        for seat in seats
        if seat.treated
        and seat.place is not Place.REMOVED
        and not attendance.of(seat.person).connected
        and not _accounted_for(absences, seat.person)
        and not presence.presence(attendance, seat.person, until)
    )


def _accounted_for(absences: Absences, person: PersonId) -> bool:
    explained = absences.explained.get(person)
    return person in absences.told or (explained is not None and explained.kind is Kind.EXCUSED)


def next_due(
    noshows: NoShows, seats: Iterable[Seat], attendance: Attendance, absences: Absences, at: Instant
) -> Instant | None:
    """When somebody is to be noticed who is missing now."""
    begins = _begins(attendance)
    if begins is None or all(person in noshows.noticed for person in missing(seats, attendance, absences, at)):
        return None
    return begins


def _begins(attendance: Attendance) -> Instant | None:
    """From when on people are noticed: some minutes after the start, or after a server came back and they can, too."""
    if attendance.started_at is None or attendance.ended_at is not None:
        return None
    return Instant(max(attendance.started_at, attendance.took_over_at or 0) + NOTICED_AFTER_MS)


# --------------------------------------------------------------- rules


def due(
    noshows: NoShows, seats: Iterable[Seat], attendance: Attendance, absences: Absences, now: Instant
) -> tuple[Event, ...]:
    """Whoever is missing by now, and was not noticed before."""
    begins = _begins(attendance)
    if begins is None or now < begins:
        return ()
    people = tuple(person for person in missing(seats, attendance, absences, now) if person not in noshows.noticed)
    return (MissingNoticed(people=people),) if people else ()


def reach_out(noshows: NoShows, person: PersonId, whom: str, outcome: str) -> tuple[Event, ...]:
    if whom not in set(Whom):
        raise Refusal("unknown_contact", "Say whom you tried to reach: the person, a guardian, the emergency contact.")
    if outcome not in set(Outcome):
        raise Refusal("unknown_outcome", "Say how it went: reached, left word or no answer.")
    if len(noshows.attempts_of(person)) >= ATTEMPTS_MAX:
        raise Refusal("too_many", Sentence("{most} tries are kept about one person.", most=ATTEMPTS_MAX))
    return (ReachedOut(person=person, whom=whom, outcome=outcome),)
