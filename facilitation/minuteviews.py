"""Views of minutes: how a person's figures came about, what was said of them by hand, and what of them is posted.

The shapes are those of the wire protocol (§5); `views` puts them into its parts.
"""

from __future__ import annotations

from typing import Any

from facilitation import amending, attendance, explain, prompts
from facilitation.corrections import Correction, Dispute, Posting
from facilitation.crediting import Hours
from facilitation.explain import Cause, Piece
from facilitation.ids import PersonId
from facilitation.programme import PLAIN, policy_words
from facilitation.sentences import told
from facilitation.state import RoomState
from facilitation.timebase import Instant

View = dict[str, Any]


def still_here_part(state: RoomState, person: PersonId) -> View | None:
    """The question that a person can answer now."""
    asked = prompts.waiting(state.prompts, state.attendance, state.agenda, person)
    return None if asked is None else {"asked_at": asked.asked_at, "until": asked.until}


def proof_part(state: RoomState, person: PersonId) -> View:
    """For staff: whether a person is being asked, or has not answered."""
    asked = prompts.waiting(state.prompts, state.attendance, state.agenda, person)
    missed = prompts.unanswered(state.prompts, state.attendance, person)
    return {
        "asked_until": None if asked is None else asked.until,
        "unanswered_at": None if missed is None else missed.asked_at,
    }


def own_disputes(state: RoomState, person: PersonId) -> list[View]:
    return [_dispute(state, dispute) for dispute in state.corrections.disputes_of(person)]


def open_disputes(state: RoomState) -> list[View]:
    return [_dispute(state, dispute) for dispute in state.corrections.open_disputes]


def person_part(state: RoomState, hours: Hours, now: Instant) -> View:
    """A person's line of the record, as far as it is about minutes beyond the bare figures."""
    person, posted = hours.person, state.corrections.posted(hours.person)
    programme = PLAIN if state.session is None else state.session.programme
    session = attendance.session_span(state.attendance, now)
    return {
        "corrected_ms": hours.corrected_ms,
        "pieces": [_piece(piece) for piece in explain.pieces(state, hours, now)],
        "marks": [
            {"kind": mark.kind.value, "start": mark.start, "end": mark.end}
            for mark in explain.marks(programme, hours, session, state.agenda.ended_at)
        ],
        "prompts": [
            {
                "asked_at": prompt.asked_at,
                "until": prompt.until,
                "answered_at": prompt.answered_at,
                "missed": prompt.missed,
            }
            for prompt in state.prompts.of(person).prompts
        ],
        "disputes": own_disputes(state, person),
        "corrections": [_correction(state, correction) for correction in state.corrections.of(person)],
        "posted": None
        if posted is None
        else {name: posted.figure(name) for name in ("counted_ms", "countable_min", "corrected_ms")}
        | {"makes_up": posted.makes_up},
        "amendable": None if posted is None else _amendable(state, posted, hours),
        "amendments": [
            {
                "by": amendment.by,
                "name": state.name_of(amendment.by),
                "at": amendment.at,
                "reason": amendment.reason,
                "countable_min": amendment.figure("countable_min"),
            }
            for amendment in state.corrections.amendments(person)
        ],
    }


def _amendable(state: RoomState, posted: Posting, hours: Hours) -> str | None:
    """What of the posted hours is not so any more: 'minutes', 'make_up' (the minutes are right), or nothing."""
    if amending.other_figures(posted, hours):
        return "minutes"
    return "make_up" if amending.differs(posted, hours, state.absences.makes_up.get(hours.person)) else None


def policy_part(state: RoomState) -> list[View]:
    """The programme's attendance policy, sentence by sentence."""
    if state.session is None:
        return []
    return [told(each) for each in policy_words(state.session.programme, state.session.rules)]


def _dispute(state: RoomState, dispute: Dispute) -> View:
    answer = {
        "accepted": dispute.accepted,
        "text": dispute.answer,
        "name": state.name_of(dispute.by),
        "at": dispute.answered_at,
    }
    return {
        "dispute": dispute.dispute,
        "person": dispute.person,
        "name": state.name_of(dispute.person),
        "at": dispute.at,
        "text": dispute.text,
        "answer": None if dispute.accepted is None else answer,
        "taken_back": dispute.taken_back,
    }


def _piece(piece: Piece) -> View:
    return {
        "start": piece.start,
        "end": piece.end,
        "seen": piece.seen.value,
        "stands": piece.stands,
        "segment": piece.segment,
        "counts": piece.counts,
        "began": _cause(piece.began),
        "ended": _cause(piece.ended),
    }


def _cause(cause: Cause | None) -> View | None:
    return None if cause is None else {"seq": cause.seq, **told(cause.text)}


def _correction(state: RoomState, correction: Correction) -> View:
    back = correction.taken_back
    return {
        "correction": correction.correction,
        "start": correction.start,
        "end": correction.end,
        "present": correction.present,
        "reason": correction.reason,
        "dispute": correction.dispute,
        "by": correction.by,
        "name": state.name_of(correction.by),
        "at": correction.at,
        "after_signing": correction.after_signing,
        "taken_back": None
        if back is None
        else {"by": back.by, "name": state.name_of(back.by), "at": back.at, "reason": back.reason},
    }
