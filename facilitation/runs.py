"""Exercises as they are done: which one is open, where the group is in it, who wrote and showed what.

What somebody writes is theirs alone, also before facilitators, until they share it. Anonymous answers are counted
once, for good, and only when there are `ANSWERS_MIN` of them: whoever comes or goes after that changes nothing that is
shown, so that nobody can be told by the difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import (
    Event,
    ExerciseAnswered,
    ExerciseClosed,
    ExerciseDrafted,
    ExerciseGrouped,
    ExerciseJoined,
    ExerciseOpened,
    ExerciseShared,
    ExerciseStepped,
    Recorded,
    ResultsShown,
    SessionEnded,
    SessionOpened,
    SkillChosen,
)
from facilitation.exercises import (
    NOTHING,
    Entries,
    Entry,
    Exercise,
    Field,
    FieldKind,
    Grouping,
    Privacy,
    Repertoire,
    check_entry,
    checked,
    is_empty,
)
from facilitation.ids import ExerciseId, FieldId, PersonId, RunId, SegmentId, SkillId
from facilitation.partition import Group, Pair, pairs_of, partition
from facilitation.sentences import Sentence
from facilitation.timebase import SECOND_MS, Instant

ANSWERS_MIN = 5
"""Fewer anonymous answers than this are shown to nobody."""
LEAD_MS = 2_000
"""A beat begins so long after it is asked for: by then everybody has been told, and has breathed out."""
RUNS_MAX = 24

Count = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What one person wrote in one run. `sent`: as it was when they were done; `shared`: as when they showed it."""

    answers: Entries = field(default_factory=dict)
    sent: Entries | None = None
    shared: Entries = field(default_factory=dict)
    joined: bool | None = None

    @property
    def took_part(self) -> bool:
        return self.sent is not None or bool(self.shared) or self.joined is True


BLANK = Paper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One time of doing an exercise. `step` is -1 while it waits for the first one."""

    run: RunId
    exercise: Exercise
    segment: SegmentId
    opened_at: Instant
    step: int = -1
    starts: Instant | None = None
    began_at: Instant | None = None
    closed_at: Instant | None = None
    groups: tuple[tuple[PersonId, ...], ...] = ()
    grouped: int = 0
    papers: Mapping[PersonId, Paper] = field(default_factory=dict)
    results: Mapping[FieldId, tuple[Count, ...]] | None = None
    to_group: bool = False

    def paper(self, person: PersonId) -> Paper:
        return self.papers.get(person, BLANK)

    def at(self, now: Instant) -> tuple[int, Instant | None]:
        """The step that the group is in at `now`, and since when: steps with seconds lead on by themselves."""
        step, since = self.step, self.starts
        while since is not None and 0 <= step < len(self.exercise.steps) - 1:
            seconds = self.exercise.steps[step].seconds
            over = Instant(since + seconds * SECOND_MS)
            if not seconds or now < over:
                break
            step, since = step + 1, over
        return step, since

    def partners(self, person: PersonId) -> tuple[PersonId, ...]:
        """With whom somebody does it; in a row, the one before them."""
        for group in self.groups:
            if person in group:
                if self.exercise.grouping is Grouping.CHAIN:
                    return (group[group.index(person) - 1],) if len(group) > 1 else ()
                return tuple(other for other in group if other != person)
        return ()

    def card(self, person: PersonId) -> str:
        """The card that was dealt to somebody's pair."""
        cards = self.exercise.cards
        for number, group in enumerate(self.groups):
            if person in group and cards:
                return cards[(number + self.grouped - 1) % len(cards)]
        return ""

    @property
    def sent(self) -> int:
        return sum(paper.sent is not None for paper in self.papers.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What the group can do, what it did, and the skill of each part."""

    repertoire: Repertoire = NOTHING
    runs: tuple[Run, ...] = ()
    skills: Mapping[SegmentId, SkillId] = field(default_factory=dict)

    @property
    def open(self) -> Run | None:
        return self.runs[-1] if self.runs and self.runs[-1].closed_at is None else None

    def run(self, name: RunId) -> Run:
        for run in self.runs:
            if run.run == name:
                return run
        raise Refusal("unknown_run", "There is no such exercise in this session.")


# --------------------------------------------------------------- fold


def evolve(practice: Practice, recorded: Recorded) -> Practice:
    at = recorded.at
    match recorded.event:
        case SessionOpened(repertoire=repertoire):
            return Practice(repertoire=repertoire)
        case SkillChosen(segment=segment, skill=skill):
            others = {each: name for each, name in practice.skills.items() if each != segment}
            return replace(practice, skills=others if skill is None else {**others, segment: skill})
        case ExerciseOpened(run=name, exercise=exercise, segment=segment):
            known = next((each for each in practice.repertoire.exercises if each.id == exercise), None)
            if known is None:
                return practice
            run = Run(run=name, exercise=known, segment=segment, opened_at=at)
            return replace(practice, runs=(*practice.runs, run))
        case SessionEnded():
            last = practice.open
            return practice if last is None else _with(practice, replace(last, closed_at=at))
        case (
            ExerciseStepped()
            | ExerciseGrouped()
            | ExerciseJoined()
            | ExerciseDrafted()
            | ExerciseAnswered()
            | ExerciseShared()
            | ResultsShown()
            | ExerciseClosed()
        ) as event:
            found = next((each for each in practice.runs if each.run == event.run), None)
            return practice if found is None else _with(practice, _evolve_run(found, event, at))
        case _:
            return practice


def _with(practice: Practice, run: Run) -> Practice:
    return replace(practice, runs=tuple(run if each.run == run.run else each for each in practice.runs))


def _evolve_run(run: Run, event: Event, at: Instant) -> Run:
    match event:
        case ExerciseStepped(step=step, starts=starts):
            return replace(run, step=step, starts=starts, began_at=run.began_at or at)
        case ExerciseGrouped(groups=groups):
            return replace(run, groups=groups, grouped=run.grouped + 1)
        case ExerciseJoined(person=person, on=on):
            return _write(run, person, replace(run.paper(person), joined=on))
        case ExerciseDrafted(person=person, answers=answers):
            return _write(run, person, replace(run.paper(person), answers=answers))
        case ExerciseAnswered(person=person, answers=answers):
            return _write(run, person, replace(run.paper(person), answers=answers, sent=answers))
        case ExerciseShared(person=person, field=name, entry=entry):
            paper = run.paper(person)
            shared = {each: value for each, value in paper.shared.items() if each != name}
            if entry is not None:
                paper = replace(paper, answers={**paper.answers, name: entry})
                shared[name] = entry
            return _write(run, person, replace(paper, shared=shared))
        case ResultsShown(to_group=to_group, without=without):
            counted = _count(run) if run.results is None else run.results
            results = {
                name: tuple(each for each in counts if each[0] not in without) for name, counts in counted.items()
            }
            return replace(run, results=results, to_group=run.to_group or to_group)
        case ExerciseClosed():
            return replace(run, closed_at=at)
        case _:
            return run


def _write(run: Run, person: PersonId, paper: Paper) -> Run:
    return replace(run, papers={**run.papers, person: paper})


def _count(run: Run) -> dict[FieldId, tuple[Count, ...]]:
    """How often each answer was given, in an order that tells nothing: by number, by choice, by the alphabet.

    Fields that too few answered are left out.
    """
    given = {asked: _given(asked, run) for asked in run.exercise.anonymous}
    return {asked.id: _count_of(asked, entries) for asked, entries in given.items() if len(entries) >= ANSWERS_MIN}


def _given(asked: Field, run: Run) -> list[Entry]:
    sent = (paper.sent.get(asked.id) for paper in run.papers.values() if paper.sent is not None)
    return [entry for entry in sent if not is_empty(entry)]


def _count_of(asked: Field, given: Sequence[Entry]) -> tuple[Count, ...]:
    if asked.kind is FieldKind.WORDS:
        words = Counter(str(word).casefold() for entry in given if isinstance(entry, tuple) for word in set(entry))
        return tuple(sorted(words.items()))
    if asked.kind is FieldKind.SCALE:
        return tuple((str(step), given.count(step)) for step in range(asked.low, asked.high + 1))
    return tuple((choice.label, given.count(choice.value)) for choice in asked.choices)


# --------------------------------------------------------------- rules


def choose_skill(practice: Practice, segment: SegmentId, skill: SkillId | None) -> tuple[Event, ...]:
    if skill is not None:
        practice.repertoire.skill(skill)
    if practice.skills.get(segment) == skill:
        return ()
    return (SkillChosen(segment=segment, skill=skill),)


def open_(
    practice: Practice,
    exercise: ExerciseId,
    segment: SegmentId,
    here: Sequence[PersonId],
    now: Instant,
    apart: Collection[Pair] = frozenset(),
) -> tuple[Event, ...]:
    """`here`: participants in the room, in the order they came; `apart`: who is not made a pair of."""
    known = practice.repertoire.exercise(exercise)
    if practice.open is not None:
        raise Refusal(
            "exercise_open",
            Sentence("“{title}” is still open. End it first.", title=Sentence(practice.open.exercise.title)),
        )
    if len(practice.runs) >= RUNS_MAX:
        raise Refusal("too_many", Sentence("A session has at most {most} exercises.", most=RUNS_MAX))
    name = RunId(f"exercise-{len(practice.runs) + 1}")
    events: list[Event] = [ExerciseOpened(run=name, exercise=exercise, segment=segment)]
    if known.grouping is not Grouping.NONE:
        before = sum(run.grouped for run in practice.runs)
        events.append(ExerciseGrouped(run=name, groups=groups_of(known.grouping, here, before, apart)))
    if known.own_pace:
        events.append(ExerciseStepped(run=name, step=0, starts=now))
    return tuple(events)


def step(practice: Practice, run: RunId, number: int, now: Instant) -> tuple[Event, ...]:
    found = _open(practice, run)
    if not 0 <= number < len(found.exercise.steps):
        raise Refusal("unknown_step", "This exercise has no such step.")
    if found.at(now)[0] == number:
        return ()
    lead = LEAD_MS if found.exercise.steps[number].beat else 0
    return (ExerciseStepped(run=run, step=number, starts=Instant(now + lead)),)


def group(
    practice: Practice, run: RunId, here: Sequence[PersonId], apart: Collection[Pair] = frozenset()
) -> tuple[Event, ...]:
    found = _open(practice, run)
    if found.exercise.grouping is Grouping.NONE:
        raise Refusal("no_groups", "This exercise is done by each alone.")
    before = sum(each.grouped for each in practice.runs)
    return (ExerciseGrouped(run=run, groups=groups_of(found.exercise.grouping, here, before, apart)),)


def groups_of(
    grouping: Grouping, here: Sequence[PersonId], before: int, apart: Collection[Pair] = frozenset()
) -> tuple[Group, ...]:
    """Who does it with whom, the `before` + 1st time: other pairs each time, until everybody was with everybody.

    As in a tournament where each meets each: one keeps their place, all others move on by one. A turn that would bring
    two together who are kept `apart` is left out; where there is no turn without, some do it alone.
    """
    if grouping is Grouping.CHAIN:
        row = here if before % 2 == 0 else here[::-1]
        return (tuple(row),) if row else ()
    if not here:
        return ()
    for later in range(max(1, len(here))):
        groups = _turn(here, before + later)
        if not any(each in apart for group in groups for each in pairs_of(group)):
            return groups
    return partition(here, 2, never=apart, met={}) or _alone_where_apart(_turn(here, before), apart)


def _turn(here: Sequence[PersonId], number: int) -> tuple[Group, ...]:
    first, *others = here if len(here) % 2 == 0 else (None, *here)  # who would meet nobody makes a pair three
    turn = number % max(1, len(others))
    moved = [first, *others[turn:], *others[:turn]]
    pairs = [[moved[number], moved[-1 - number]] for number in range(len(moved) // 2)]
    if first is None and len(pairs) > 1:
        pairs[-1].extend(pairs.pop(0))
    return tuple(tuple(each for each in pair if each is not None) for pair in pairs)


def _alone_where_apart(groups: Sequence[Group], apart: Collection[Pair]) -> tuple[Group, ...]:
    found: list[Group] = []
    for group in groups:
        parted = any(each in apart for each in pairs_of(group))
        found += [(person,) for person in group] if parted else [group]
    return tuple(found)


def row(practice: Practice) -> tuple[PersonId, ...]:
    """The row of the exercise that is open, if it made one."""
    run = practice.open
    if run is None or run.exercise.grouping is not Grouping.CHAIN or not run.groups:
        return ()
    return run.groups[0]


def join(practice: Practice, run: RunId, person: PersonId, on: bool) -> tuple[Event, ...]:
    found = _open(practice, run)
    return () if found.paper(person).joined is on else (ExerciseJoined(run=run, person=person, on=on),)


def answer(
    practice: Practice, run: RunId, person: PersonId, answers: Entries, *, sent: bool, staff: bool
) -> tuple[Event, ...]:
    """Writing goes on after the exercise is over; what is counted does not."""
    found = practice.run(run)
    kept, paper = checked(found.exercise, answers), found.paper(person)
    if not sent:
        return () if kept == paper.answers else (ExerciseDrafted(run=run, person=person, answers=kept),)
    counts = {each.id: kept.get(each.id) for each in found.exercise.anonymous if not is_empty(kept.get(each.id))}
    if counts and staff:
        raise Refusal("group_only", "Anonymous answers are the group’s alone, so that five are five of them.")
    if found.exercise.anonymous:
        if found.results is not None:
            raise Refusal("results_shown", "The answers have been counted already. Yours stays with you.")
        _open(practice, run)
        if not counts:
            raise Refusal("answer_missing", "Choose or write something first, or just leave it open.")
    return () if kept == paper.sent else (ExerciseAnswered(run=run, person=person, answers=kept),)


def share(practice: Practice, run: RunId, person: PersonId, name: FieldId, entry: Entry) -> tuple[Event, ...]:
    found = practice.run(run)
    asked = found.exercise.field(name)
    if asked.privacy is not Privacy.SHAREABLE:
        raise Refusal("not_shareable", "This answer stays with you alone.")
    if entry is not None and is_empty(entry):
        raise Refusal("empty_text", "Write something first, then you can share it.")
    check_entry(asked, entry)
    if found.paper(person).shared.get(name) == entry:
        return ()
    return (ExerciseShared(run=run, person=person, field=name, entry=entry),)


def show(practice: Practice, run: RunId, to_group: bool, without: Sequence[str]) -> tuple[Event, ...]:
    found = practice.run(run)
    if not found.exercise.anonymous:
        raise Refusal("nothing_to_show", "This exercise has no answers that are shown together.")
    if found.results is None:
        _open(practice, run)
        if not _count(found):
            raise Refusal(
                "too_few_answers",
                Sentence(
                    "There have to be {least} answers, so that nobody can be picked out. Until then, ask aloud.",
                    least=ANSWERS_MIN,
                ),
            )
    elif found.to_group or not (to_group or without):
        return ()
    return (ResultsShown(run=run, to_group=to_group, without=tuple(word.casefold() for word in without)),)


def close(practice: Practice, run: RunId) -> tuple[Event, ...]:
    return () if practice.run(run).closed_at is not None else (ExerciseClosed(run=run),)


def _open(practice: Practice, run: RunId) -> Run:
    found = practice.run(run)
    if found.closed_at is not None:
        raise Refusal("exercise_over", "This exercise is over. What you wrote is kept.")
    return found
