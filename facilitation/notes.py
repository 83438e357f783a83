"""Notes: drafts that are typed during the session, then one signed note per person, then addenda and a co-signature.

A draft has a *revision*, so that two who type at once cannot overwrite each other unseen. A signed note never
changes: its content is hashed, and what comes later is an addendum with author and date.

    not started → in progress → to sign → signed → to co-sign ⇄ returned → done
                                             └────────────────────────────↗   where no co-signature is needed
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.events import (
    AddendumAdded,
    CounsellingNoteKept,
    Event,
    GoalsAddressed,
    GoalsListed,
    LocationSaid,
    NoteCosigned,
    NoteDrafted,
    NoteReturned,
    NoteSigned,
    Recorded,
    SectionDrafted,
    SkillsNamed,
)
from facilitation.goals import ListedGoal, check_listed
from facilitation.ids import CounsellingNoteId, GoalId, PersonId, SectionId
from facilitation.noteforms import NoteForm
from facilitation.programme import PLAIN_TEXT
from facilitation.sentences import Sentence, joined
from facilitation.text import LOCATION_MAX, NOTE_MAX, TITLE_MAX, body, line
from facilitation.timebase import HOUR_MS, Instant

GROUP = "group"
"""The subject of the note on the whole group."""

ADDENDA_MAX = 100
RETURNS_MAX = 100
SKILLS_MAX = 12
COUNSELLING_NOTES_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Text so far. The first text has revision 1; revision 0 is the empty page."""

    text: str = ""
    revision: int = 0

    @property
    def blank(self) -> bool:
        return not self.text.strip()


EMPTY_PAGE = Draft()


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """What a person's plan says, and what of it (or of what it said before) the session worked on."""

    known: tuple[ListedGoal, ...] = ()
    addressed: tuple[ListedGoal, ...] = ()
    revision: int = 0

    @property
    def choosable(self) -> tuple[ListedGoal, ...]:
        """Those of the plan, in its order, then what was addressed and has left it; worded as when chosen."""
        by_id = {goal.goal: goal for goal in (*self.known, *self.addressed)}
        return tuple(by_id.values())


NO_GOALS = Goals()


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
class Cosigned:
    """`addenda`: how many there were, and were read."""

    by: PersonId | None
    at: Instant
    addenda: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A supervisor's words. `addenda`: how many there were; one more answers."""

    by: PersonId | None
    at: Instant
    text: str
    addenda: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    drafts: Mapping[str, Draft] = field(default_factory=dict)
    sections: Mapping[PersonId, Mapping[SectionId, Draft]] = field(default_factory=dict)
    goals: Mapping[PersonId, Goals] = field(default_factory=dict)
    skills: tuple[str, ...] = ()
    locations: Mapping[PersonId, str] = field(default_factory=dict)
    counselling: frozenset[CounsellingNoteId] = frozenset()
    signed: Mapping[PersonId, Signed] = field(default_factory=dict)
    addenda: Mapping[PersonId, tuple[Addendum, ...]] = field(default_factory=dict)
    cosigned: Mapping[PersonId, Cosigned] = field(default_factory=dict)
    returns: Mapping[PersonId, tuple[Return, ...]] = field(default_factory=dict)

    def draft(self, subject: str) -> Draft:
        return self.drafts.get(subject, EMPTY_PAGE)

    def section(self, person: PersonId, section: SectionId) -> Draft:
        return self.sections.get(person, {}).get(section, EMPTY_PAGE)

    def goals_of(self, person: PersonId) -> Goals:
        return self.goals.get(person, NO_GOALS)

    def addenda_of(self, person: PersonId) -> tuple[Addendum, ...]:
        return self.addenda.get(person, ())

    def returns_of(self, person: PersonId) -> tuple[Return, ...]:
        return self.returns.get(person, ())

    def returned(self, person: PersonId) -> bool:
        """Whether a supervisor's words wait for an answer."""
        returns = self.returns_of(person)
        return bool(returns) and returns[-1].addenda == len(self.addenda_of(person))


# --------------------------------------------------------------- fold


def evolve(notes: Notes, recorded: Recorded) -> Notes:
    by, at = recorded.by, recorded.at
    match recorded.event:
        case NoteDrafted(subject=subject, text=text):
            draft = Draft(text=text, revision=notes.draft(subject).revision + 1)
            return replace(notes, drafts={**notes.drafts, subject: draft})
        case SectionDrafted(subject=person, section=section, text=text):
            draft = Draft(text=text, revision=notes.section(person, section).revision + 1)
            theirs = {**notes.sections.get(person, {}), section: draft}
            return replace(notes, sections={**notes.sections, person: theirs})
        case GoalsListed(person=person, goals=goals):
            return replace(notes, goals={**notes.goals, person: replace(notes.goals_of(person), known=goals)})
        case GoalsAddressed(person=person, goals=goals):
            before = notes.goals_of(person)
            chosen = replace(before, addressed=goals, revision=before.revision + 1)
            return replace(notes, goals={**notes.goals, person: chosen})
        case SkillsNamed(skills=skills):
            return replace(notes, skills=skills)
        case LocationSaid(person=person, location=location):
            return replace(notes, locations={**notes.locations, person: location})
        case CounsellingNoteKept(note=note):
            return replace(notes, counselling=notes.counselling | {note})
        case NoteSigned(person=person, content=content, content_hash=content_hash, evidence=evidence):
            signed = Signed(by=by, at=at, content=content, content_hash=content_hash, evidence=evidence)
            return replace(notes, signed={**notes.signed, person: signed})
        case AddendumAdded(person=person, text=text):
            addendum = Addendum(by=by, at=at, text=text)
            return replace(notes, addenda={**notes.addenda, person: (*notes.addenda_of(person), addendum)})
        case NoteCosigned(person=person, addenda=addenda):
            return replace(notes, cosigned={**notes.cosigned, person: Cosigned(by=by, at=at, addenda=addenda)})
        case NoteReturned(person=person, text=text):
            given_back = Return(by=by, at=at, text=text, addenda=len(notes.addenda_of(person)))
            return replace(notes, returns={**notes.returns, person: (*notes.returns_of(person), given_back)})
        case _:
            return notes


# --------------------------------------------------------------- drafts


def edit(notes: Notes, subject: str, text: str, revision: int) -> tuple[Event, ...]:
    _check_unsigned(notes, subject)
    if _same(notes.draft(subject), text, revision):
        return ()
    return (NoteDrafted(subject=subject, text=text),)


def edit_section(
    notes: Notes, form: NoteForm, person: PersonId, section: str, text: str, revision: int
) -> tuple[Event, ...]:
    part = form.section(section)
    _check_unsigned(notes, person)
    if _same(notes.section(person, part.id), text, revision):
        return ()
    return (SectionDrafted(subject=person, section=part.id, text=text),)


def _same(draft: Draft, text: str, revision: int) -> bool:
    """Whether that is the text already. Raises `Refusal` where it was typed upon another one."""
    body(text, "a note", NOTE_MAX)
    if text == draft.text:
        return True
    if revision != draft.revision:
        raise Refusal("stale_note", "Someone else wrote in this note in the meantime. Your text is kept: compare both.")
    return False


def _check_unsigned(notes: Notes, subject: str) -> None:
    if subject in notes.signed:
        raise Refusal("already_signed", "This note is signed and stays as it is. You can add an addendum.")


def list_goals(notes: Notes, person: PersonId, goals: tuple[ListedGoal, ...]) -> tuple[Event, ...]:
    check_listed(goals)
    return () if goals == notes.goals_of(person).known else (GoalsListed(person=person, goals=goals),)


def address_goals(notes: Notes, person: PersonId, chosen: tuple[GoalId, ...], revision: int) -> tuple[Event, ...]:
    _check_unsigned(notes, person)
    now = notes.goals_of(person)
    can_be = {goal.goal: goal for goal in now.choosable}
    if unknown := set(chosen) - can_be.keys():
        raise Refusal(
            "unknown_goal", Sentence("{n} of these goals do not stand in this person's plan.", n=len(unknown))
        )
    goals = tuple(goal for id, goal in can_be.items() if id in chosen)
    if {goal.goal for goal in now.addressed} == set(chosen):
        return ()
    if revision != now.revision:
        raise Refusal("stale_note", "Someone else chose goals in the meantime. Please look at them, then choose again.")
    return (GoalsAddressed(person=person, goals=goals),)


def name_skills(notes: Notes, skills: tuple[str, ...]) -> tuple[Event, ...]:
    if len(skills) > SKILLS_MAX:
        raise Refusal("too_many", Sentence("At most {most} skills can be named for one session.", most=SKILLS_MAX))
    named = tuple(dict.fromkeys(line(skill, "the name of a skill", TITLE_MAX) for skill in skills))
    return () if named == notes.skills else (SkillsNamed(skills=named),)


def say_location(notes: Notes, person: PersonId, location: str) -> tuple[Event, ...]:
    said = line(location, "where you are", LOCATION_MAX)
    return () if notes.locations.get(person) == said else (LocationSaid(person=person, location=said),)


def keep_counselling_note(notes: Notes, note: CounsellingNoteId, subject: str, author: PersonId) -> tuple[Event, ...]:
    if note in notes.counselling or len(notes.counselling) >= COUNSELLING_NOTES_MAX:
        return ()
    return (CounsellingNoteKept(note=note, subject=subject, author=author),)


# --------------------------------------------------------------- signing


def missing(notes: Notes, form: NoteForm, person: PersonId, *, attended: bool) -> tuple[str, ...]:
    """Ids of required sections without a word ('text': the one text). Nothing has to be said of who did not attend."""
    if not attended:
        return ()
    if not form.sections:
        return (PLAIN_TEXT,) if notes.draft(person).blank else ()
    return tuple(part.id for part in form.sections if part.required and notes.section(person, part.id).blank)


def check_signable(
    notes: Notes,
    form: NoteForm,
    person: PersonId,
    *,
    group_revision: int,
    person_revision: int,
    sections: Mapping[SectionId, int],
    goals_revision: int,
    attended: bool,
) -> None:
    """Refuses a signature under texts that the signer has not seen, or under nothing."""
    if person in notes.signed:
        raise Refusal("already_signed", "This note is signed already.")
    for section in sections:
        form.section(section)
    seen = (group_revision, person_revision, goals_revision, [sections.get(part.id, 0) for part in form.sections])
    now = (
        notes.draft(GROUP).revision,
        notes.draft(person).revision,
        notes.goals_of(person).revision,
        [notes.section(person, part.id).revision for part in form.sections],
    )
    if seen != now:
        raise Refusal("stale_note", "The text has changed since you last saw it. Please read it again before signing.")
    empty = missing(notes, form, person, attended=attended)
    if empty and not form.sections:
        raise Refusal("empty_note", "Please write a few words on this person before you sign.")
    if empty:
        titles = joined([Sentence(part.title) for part in form.sections if part.id in empty], ", ")
        raise Refusal(
            "empty_section", Sentence("Before you sign, please write a few words under: {titles}.", titles=titles)
        )


def add(notes: Notes, person: PersonId, text: str) -> tuple[Event, ...]:
    if person not in notes.signed:
        raise Refusal("not_signed", "This note is not signed yet: you can still change the note itself.")
    if len(notes.addenda_of(person)) >= ADDENDA_MAX:
        raise Refusal("too_many", "This note cannot take any more addenda.")
    body(text, "an addendum", NOTE_MAX, required=True)
    return (AddendumAdded(person=person, text=text),)


# --------------------------------------------------------------- co-signing


def cosign(notes: Notes, person: PersonId, hash: str, addenda: int) -> tuple[Event, ...]:
    signed = _signed(notes, person)
    if (hash, addenda) != (signed.content_hash, len(notes.addenda_of(person))):
        raise Refusal("stale_note", "Something was added since you last saw this note. Please read it, then co-sign.")
    before = notes.cosigned.get(person)
    if before is not None and before.addenda == addenda:
        return ()
    if notes.returned(person):
        raise Refusal("note_returned", "You have returned this note. It can be co-signed once an addendum answers you.")
    return (NoteCosigned(person=person, content_hash=hash, addenda=addenda),)


def give_back(notes: Notes, person: PersonId, text: str) -> tuple[Event, ...]:
    _signed(notes, person)
    before = notes.cosigned.get(person)
    if before is not None and before.addenda == len(notes.addenda_of(person)):
        raise Refusal("already_cosigned", "This note is co-signed already.")
    if len(notes.returns_of(person)) >= RETURNS_MAX:
        raise Refusal("too_many", "This note was returned too often. Please talk to each other.")
    body(text, "what should be looked at", NOTE_MAX, required=True)
    if notes.returned(person) and notes.returns_of(person)[-1].text == text:
        return ()
    return (NoteReturned(person=person, text=text),)


def _signed(notes: Notes, person: PersonId) -> Signed:
    signed = notes.signed.get(person)
    if signed is None:
        raise Refusal("not_signed", "This note is not signed yet.")
    return signed


# --------------------------------------------------------------- what is owed


class Work(StrEnum):
    """How far a note is."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    TO_SIGN = "to_sign"
    TO_COSIGN = "to_cosign"
    RETURNED = "returned"
    DONE = "done"


def work(
    *, ended: bool, begun: bool, complete: bool, signed: bool, cosign: bool, cosigned: bool, returned: bool
) -> Work:
    """`begun`: a word is written; `complete`: nothing required is missing; `cosign`: the programme wants it."""
    if signed:
        if not cosign or cosigned:
            return Work.DONE
        return Work.RETURNED if returned else Work.TO_COSIGN
    if complete and ended:
        return Work.TO_SIGN
    return Work.IN_PROGRESS if begun else Work.NOT_STARTED


def due_at(*, ended_at: Instant | None, signed_at: Instant | None, due_h: int, work: Work) -> Instant | None:
    """Until when the next signature should be there: so many hours after the end, or after the one before it."""
    match work:
        case Work.DONE:
            return None
        case Work.TO_COSIGN | Work.RETURNED:
            return None if signed_at is None else Instant(signed_at + due_h * HOUR_MS)
        case Work.NOT_STARTED | Work.IN_PROGRESS | Work.TO_SIGN:
            return None if ended_at is None else Instant(ended_at + due_h * HOUR_MS)


# --------------------------------------------------------------- as text


def canonical_json(content: Mapping[str, object]) -> str:
    """The one way to write a note as text: keys sorted, no spaces, characters as they are."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(content: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
