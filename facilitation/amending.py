"""Amending hours: the deliberate act that posts anew what was signed with the note, because it is not so any more.

Other figures, or another session that these hours make up for. The note stays as it is. What is signed here holds what
is so now, the corrections it rests on, and the hash of what stood before.
"""

from __future__ import annotations

from facilitation import crediting
from facilitation.corrections import Posting, check_amendable
from facilitation.crediting import Hours, corrections_part, figures_part, segments_part
from facilitation.errors import Refusal
from facilitation.events import HoursAmended
from facilitation.ids import PersonId, SessionId
from facilitation.notes import content_hash
from facilitation.seats import Seat
from facilitation.state import RoomState
from facilitation.text import REASON_MAX, line
from facilitation.timebase import Instant

CONTENT_FORMAT = 1
"""Version of the shape of an amendment's content."""

POSTED = ("present_ms", "gap_credit_ms", "corrected_ms", "counted_ms", "countable_min")
"""The figures that an entry of the ledger is made of."""


def differs(posting: Posting, hours: Hours, makes_up: SessionId | None) -> bool:
    """Whether what is so now is something else than what was signed for the ledger last."""
    return posting.makes_up != makes_up or other_figures(posting, hours)


def other_figures(posting: Posting, hours: Hours) -> bool:
    return any(posting.figure(name) != getattr(hours, name) for name in POSTED) or _segments(posting) != {
        str(segment): length for segment, length in hours.by_segment.items()
    }


def amend(state: RoomState, person: PersonId, signer: Seat, now: Instant, *, reason: str) -> HoursAmended:
    """What is so now, signed by `signer`, or the reason why there is nothing to amend."""
    before = check_amendable(state.corrections, person)
    reason = line(reason, "the reason", REASON_MAX)
    hours = crediting.credit(state, person)
    if not differs(before, hours, state.absences.makes_up.get(person)):
        raise Refusal("nothing_to_amend", "What is posted is what the record says. There is nothing to amend.")
    content = _content(state, hours, signer, before, now, reason)
    return HoursAmended(
        person=person, reason=reason, content=content, content_hash=content_hash(content), evidence=(1, state.seq)
    )


def _content(
    state: RoomState, hours: Hours, signer: Seat, before: Posting, now: Instant, reason: str
) -> dict[str, object]:
    session = state.opened
    return {
        "format": CONTENT_FORMAT,
        "kind": "amendment",
        "amends": before.content_hash,
        "reason": reason,
        "session": {"session": session.session, "title": session.title, "zone": session.zone},
        "rules": {"id": session.rules.id, "version": session.rules.version, "title": session.rules.title},
        "person": {"person": hours.person, "name": state.seats.of(hours.person).name},
        "figures": figures_part(hours),
        "intervals": [list(interval) for interval in hours.intervals],
        "times": [list(interval) for interval in hours.times],
        "segments": segments_part(state, hours),
        "corrections": corrections_part(state, hours.person),
        "makes_up": state.absences.makes_up.get(hours.person),
        "signed_by": {"person": signer.person, "name": signer.name, "role": signer.role.value},
        "signed_at": now,
    }


def _segments(posting: Posting) -> dict[str, object]:
    segments = posting.content.get("segments")
    if not isinstance(segments, list):
        return {}
    return {str(each.get("id")): each.get("attended_ms") for each in segments if isinstance(each, dict)}
