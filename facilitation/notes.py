"""Notes: drafts that are typed during the session, then one signed note per person, then addenda.

A draft has a *revision*, so that two who type at once cannot overwrite each other unseen. A signed note never
changes: its content is hashed, and what comes later is an addendum with author and date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import AddendumAdded, Event, NoteDrafted, NoteSigned, Recorded
from facilitation.ids import PersonId
from facilitation.text import NOTE_MAX, body
from facilitation.timebase import Instant

GROUP = "group"
"""The subject of the note on the whole group."""

ADDENDA_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Text so far. The first text has revision 1; revision 0 is the empty page."""

    text: str = ""
    revision: int = 0


EMPTY_PAGE = Draft()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    by: PersonId | None
    at: Instant
    content: Mapping[str, object]
    content_hash: str
    evidence: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addendum:
    by: PersonId | None
    at: Instant
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    signed: Mapping[PersonId, Signed] = field(default_factory=dict)
    addenda: Mapping[PersonId, tuple[Addendum, ...]] = field(default_factory=dict)

    def draft(self, subject: str) -> Draft:
        return self.drafts.get(subject, EMPTY_PAGE)


# --------------------------------------------------------------- fold


def evolve(notes: Notes, recorded: Recorded) -> Notes:
    match recorded.event:
        case NoteDrafted(subject=subject, text=text):
            draft = Draft(text=text, revision=notes.draft(subject).revision + 1)
            return replace(notes, drafts={**notes.drafts, subject: draft})
        case NoteSigned(person=person, content=content, content_hash=content_hash, evidence=evidence):
            signed = Signed(
                by=recorded.by, at=recorded.at, content=content, content_hash=content_hash, evidence=evidence
            )
            return replace(notes, signed={**notes.signed, person: signed})
        case AddendumAdded(person=person, text=text):
            addendum = Addendum(by=recorded.by, at=recorded.at, text=text)
            return replace(notes, addenda={**notes.addenda, person: (*notes.addenda.get(person, ()), addendum)})
        case _:
            return notes


# --------------------------------------------------------------- rules


def edit(notes: Notes, subject: str, text: str, revision: int) -> tuple[Event, ...]:
    if subject in notes.signed:
        raise Refusal("already_signed", "This note is signed and stays as it is. You can add an addendum.")
    body(text, "a note", NOTE_MAX)
    draft = notes.draft(subject)
    if text == draft.text:
        return ()
    if revision != draft.revision:
        raise Refusal("stale_note", "Someone else wrote in this note in the meantime. Your text is kept: compare both.")
    return (NoteDrafted(subject=subject, text=text),)


def check_signable(
    notes: Notes, person: PersonId, *, group_revision: int, person_revision: int, attended: bool
) -> None:
    """Refuses a signature under texts that the signer has not seen, or under nothing."""
    if person in notes.signed:
        raise Refusal("already_signed", "This note is signed already.")
    if (group_revision, person_revision) != (notes.draft(GROUP).revision, notes.draft(person).revision):
        raise Refusal("stale_note", "The text has changed since you last saw it. Please read it again before signing.")
    if attended and not notes.draft(person).text.strip():
        raise Refusal("empty_note", "Please write a few words on this person before you sign.")


def add(notes: Notes, person: PersonId, text: str) -> tuple[Event, ...]:
    if person not in notes.signed:
        raise Refusal("not_signed", "This note is not signed yet: you can still change the note itself.")
    if len(notes.addenda.get(person, ())) >= ADDENDA_MAX:
        raise Refusal("too_many", "This note cannot take any more addenda.")
    body(text, "an addendum", NOTE_MAX, required=True)
    return (AddendumAdded(person=person, text=text),)


def canonical_json(content: Mapping[str, object]) -> str:
    """The one way to write a note as text: keys sorted, no spaces, characters as they are."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(content: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
