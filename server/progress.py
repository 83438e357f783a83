"""How far each session is, folded from its log as it grows: what home pages need, and nothing of what was said.

Of check-in, wrap-up and measures it keeps the figures: they are shown as means of many, and measures one by one to
clinicians alone. Of people's own words it keeps the place alone, so that they themselves can be shown them again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from facilitation.events import (
    AbsenceTold,
    AddendumAdded,
    Admitted,
    ExerciseAnswered,
    ExerciseJoined,
    ExerciseOpened,
    ExerciseShared,
    FlagDisposed,
    FlagRaised,
    FormSubmitted,
    MeasureHandedIn,
    MissingNoticed,
    NoteCosigned,
    NoteDrafted,
    NoteReturned,
    NoteSigned,
    PersonExpected,
    ReachedOut,
    Recorded,
    SectionDrafted,
    SessionEnded,
    SessionOpened,
    SessionStarted,
    SkillChosen,
)
from facilitation.ids import ExerciseId, FlagId, FormId, PersonId, RunId, SegmentId, SessionId, SkillId
from facilitation.measures import Measure, Values
from facilitation.notes import GROUP
from facilitation.people import Expected, Role
from facilitation.plan import SegmentKind
from facilitation.programme import PLAIN, PLAIN_TEXT, Programme
from facilitation.timebase import Instant

BREATH = 50
"""Records folded at once: about two milliseconds."""
KEPT_MAX = 2_000
"""Sessions that are remembered: the last months of a large clinic. The log of any other is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How far one person's note is. `written`: the parts that hold a word. `returned`: by a supervisor, unanswered."""

    came: bool = False
    written: frozenset[str] = frozenset()
    open_flags: frozenset[FlagId] = frozenset()
    signed_at: Instant | None = None
    cosigned: bool = False
    returned: bool = False


NOTHING_WRITTEN = Writing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one person handed in of one measure, as it was worded in that session."""

    measure: Measure
    values: Values
    at: Instant
    page_language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`seq`: the last record folded. `names`: of the participants, in the order in which they came onto the list.

    `owing`: once it is over, those whose note is not signed, absent or not.
    """

    seq: int = 0
    programme: Programme = PLAIN
    started_at: Instant | None = None
    ended_at: Instant | None = None
    names: Mapping[PersonId, str] = field(default_factory=dict)
    signed: frozenset[PersonId] = frozenset()
    writing: Mapping[PersonId, Writing] = field(default_factory=dict)
    figures: Mapping[PersonId, Mapping[str, int]] = field(default_factory=dict)
    """What people answered in numbers, by 'form/question', as they handed it in last."""
    closing: frozenset[FormId] = frozenset()
    """The forms with which a session ends."""
    wrapped: Mapping[PersonId, int] = field(default_factory=dict)
    """The record with which they handed in such a form last."""
    arrived: Mapping[PersonId, int] = field(default_factory=dict)
    """The record with which they handed in another form, the check-in, last."""
    chosen: Mapping[SegmentId, SkillId | None] = field(default_factory=dict)
    """The skill of each part of the plan that has one."""
    exercises: Mapping[ExerciseId, SkillId] = field(default_factory=dict)
    """The skill that each exercise practices first."""
    runs: Mapping[RunId, ExerciseId] = field(default_factory=dict)
    practised: Mapping[PersonId, frozenset[SkillId]] = field(default_factory=dict)
    """The skills of exercises in which somebody took part by their own word or answer."""
    told: frozenset[PersonId] = frozenset()
    """Who said beforehand that they will not come."""
    missed: frozenset[PersonId] = frozenset()
    """Who was noticed to be missing, also if they came later."""
    sought: frozenset[PersonId] = frozenset()
    """About whom somebody tried to reach somebody."""
    asked: tuple[Measure, ...] = ()
    """The measures that it could ask."""
    readings: Mapping[PersonId, tuple[Reading, ...]] = field(default_factory=dict)
    """What people handed in, in order of time."""

    def writing_of(self, person: PersonId) -> Writing:
        return self.writing.get(person, NOTHING_WRITTEN)

    @property
    def taught(self) -> tuple[SkillId, ...]:
        return tuple(dict.fromkeys(skill for skill in self.chosen.values() if skill is not None))

    @property
    def participants(self) -> frozenset[PersonId]:
        return frozenset(self.names)

    @property
    def owing(self) -> frozenset[PersonId]:
        return self.participants - self.signed if self.ended_at is not None else frozenset()

    @property
    def status(self) -> str:
        """'scheduled', 'open' (somebody was there), 'running', 'ended' or 'signed'."""
        if self.ended_at is not None:
            return "ended" if self.owing else "signed"
        if self.started_at is not None:
            return "running"
        return "open" if self.seq else "scheduled"


def fold(progress: Progress, records: Iterable[Recorded]) -> Progress:
    seq = progress.seq
    for record in records:
        progress = _evolve(progress, record)
        seq = record.seq
    return replace(progress, seq=seq)


def _evolve(progress: Progress, record: Recorded) -> Progress:
    match record.event:
        case SessionOpened(roster=roster, programme=programme, forms=forms, measures=asked, repertoire=repertoire):
            return replace(
                progress,
                names={each.person: each.name for each in roster if each.treated},
                programme=programme,
                closing=frozenset(form.id for form in forms if form.segment_kind == SegmentKind.WRAP_UP),
                asked=asked,
                exercises={each.id: each.skills[0] for each in repertoire.exercises if each.skills},
            )
        case SkillChosen(segment=segment, skill=skill):
            return replace(progress, chosen={**progress.chosen, segment: skill})
        case ExerciseOpened(run=run, exercise=exercise):
            return replace(progress, runs={**progress.runs, run: exercise})
        case ExerciseJoined(run=run, person=person, on=True) | ExerciseAnswered(run=run, person=person):
            return _practise(progress, run, person)
        case ExerciseShared(run=run, person=person, entry=entry) if entry is not None:
            return _practise(progress, run, person)
        case SessionStarted():
            return replace(progress, started_at=record.at)
        case SessionEnded():
            return replace(progress, ended_at=record.at)
        case PersonExpected(expected=Expected(role=Role.PARTICIPANT, person=person, name=name, guest=False)):
            return replace(progress, names={**progress.names, person: name})
        case NoteSigned(person=person):
            return _write(replace(progress, signed=progress.signed | {person}), person, signed_at=record.at)
        case AbsenceTold(person=person, away=away):
            return replace(progress, told=progress.told | {person} if away else progress.told - {person})
        case MissingNoticed(people=people):
            return replace(progress, missed=progress.missed | frozenset(people))
        case ReachedOut(person=person):
            return replace(progress, sought=progress.sought | {person})
        case Admitted(person=person):
            return _write(progress, person, came=True)
        case NoteDrafted(subject=subject, text=text) if subject != GROUP:
            return _word(progress, PersonId(subject), PLAIN_TEXT, text)
        case SectionDrafted(subject=person, section=section, text=text):
            return _word(progress, person, section, text)
        case FormSubmitted(person=person, form=form, answers=answers):
            numbers = {f"{form}/{name}": each for name, each in answers.items() if type(each) is int}
            figures = {**progress.figures, person: {**progress.figures.get(person, {}), **numbers}}
            if form in progress.closing:
                return replace(progress, figures=figures, wrapped={**progress.wrapped, person: record.seq})
            return replace(progress, figures=figures, arrived={**progress.arrived, person: record.seq})
        case MeasureHandedIn(person=person, measure=name, values=values, page_language=language):
            measure = next((each for each in progress.asked if each.id == name), None)
            if measure is not None:
                reading = Reading(measure=measure, values=values, at=record.at, page_language=language)
                theirs = (*progress.readings.get(person, ()), reading)
                return replace(progress, readings={**progress.readings, person: theirs})
        case FlagRaised(flag=flag, person=person):
            return _write(progress, person, open_flags=progress.writing_of(person).open_flags | {flag})
        case FlagDisposed(flag=flag):
            for person, writing in progress.writing.items():
                if flag in writing.open_flags:
                    return _write(progress, person, open_flags=writing.open_flags - {flag})
        case AddendumAdded(person=person):
            return _write(progress, person, returned=False)
        case NoteCosigned(person=person):
            return _write(progress, person, cosigned=True)
        case NoteReturned(person=person):
            return _write(progress, person, returned=True)
    return progress


def _practise(progress: Progress, run: RunId, person: PersonId) -> Progress:
    skill = progress.exercises.get(progress.runs.get(run, ExerciseId("")))
    if skill is None:
        return progress
    before = progress.practised.get(person, frozenset())
    return replace(progress, practised={**progress.practised, person: before | {skill}})


def _word(progress: Progress, person: PersonId, part: str, text: str) -> Progress:
    before = progress.writing_of(person).written
    written = before | {part} if text.strip() else before - {part}
    return progress if written == before else _write(progress, person, written=written)


def _write(progress: Progress, person: PersonId, **changes: Any) -> Progress:
    writing = replace(progress.writing_of(person), **changes)
    return replace(progress, writing={**progress.writing, person: writing})


class Line(Protocol):
    @property
    def record(self) -> Recorded: ...


class Log(Protocol):
    def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Line]: ...
    async def lengths(self, sessions: Sequence[str]) -> Mapping[str, int]: ...


class ProgressBook:
    """The progress of every session asked for. Each log is read once; afterwards only what is new in it.

    A long log is read in breaths, so that the rooms and the media of this process get their turns meanwhile.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[str, Progress] = {}
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of_all(self, sessions: Sequence[SessionId]) -> dict[SessionId, Progress]:
        """Of many: which of their logs have grown is one question. Raises StoreUnavailable, CorruptLog."""
        lengths = await self._log.lengths(sessions)
        return {session: await self._as_of(session, lengths[session]) for session in sessions}

    async def _as_of(self, session: SessionId, length: int) -> Progress:
        known = self._known.get(session, Progress())
        return self._keep(session, known) if known.seq == length else await self.of(session)

    async def of(self, session: str) -> Progress:
        """Raises StoreUnavailable, CorruptLog."""
        reading = self._reading.setdefault(session, asyncio.Lock())
        async with reading:
            progress = self._known.get(session, Progress())
            breath: list[Recorded] = []
            async for line in self._log.linked(session, after=progress.seq):
                breath.append(line.record)
                if len(breath) == BREATH:
                    progress = fold(progress, breath)
                    breath.clear()
                    await asyncio.sleep(0)
            return self._keep(session, fold(progress, breath))

    def _keep(self, session: str, progress: Progress) -> Progress:
        self._known.pop(session, None)
        self._known[session] = progress  # at the end: of too many, what nobody has asked for the longest goes
        if len(self._known) > KEPT_MAX:
            del self._known[next(iter(self._known))]
        return progress
