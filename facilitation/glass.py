"""Breaking the glass: one of the staff reads one record that is not theirs to read, for a reason and for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.sentences import Sentence
from facilitation.text import REASON_MAX, line
from facilitation.timebase import HOUR_MS, Instant

OPEN_FOR_MS: Final = HOUR_MS
REASON_MIN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """One time that it was broken. `seen_by`: the administrator who has taken note of it."""

    glass: str
    person: PersonId
    session: SessionId
    reason: str
    at: Instant
    until: Instant
    seen_by: PersonId | None = None
    seen_at: Instant | None = None

    def open(self, now: Instant) -> bool:
        return now < self.until


def checked_reason(reason: str) -> str:
    """Refuses what says nothing."""
    reason = line(reason, "the reason", REASON_MAX)
    if len(reason) < REASON_MIN:
        raise Refusal(
            "short_reason", Sentence("Say in a few words what you need it for: at least {n} characters.", n=REASON_MIN)
        )
    return reason
