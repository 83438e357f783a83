"""Counselling notes: an author's own, kept apart from the record (42 CFR §2.11), on one person or the group.

They are drafts for ever: never signed, never exported, never part of a session's log, which knows their ids alone.
What belongs in the ordinary note (times, kind of service, diagnosis, plan, progress) does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass

from facilitation.ids import CounsellingNoteId, PersonId, SessionId
from facilitation.text import NOTE_MAX, body
from facilitation.timebase import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CounsellingNote:
    """The whole text so far. `subject`: 'group' or a person. The first text has revision 1."""

    note: CounsellingNoteId
    author: PersonId
    session: SessionId
    subject: str
    text: str
    revision: int
    at: Instant

    def __repr__(self) -> str:
        """Without the text: it must not get into a log or an error by accident."""
        return f"CounsellingNote({self.note}, revision {self.revision})"


def check_text(text: str) -> str:
    """Raises `Refusal`."""
    return body(text, "a counselling note", NOTE_MAX)
