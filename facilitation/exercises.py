"""Live exercises: what a group does together on its screens, as data, and what may be answered in them.

An exercise is steps that all take at once, and fields that each answers alone. What is written in a field stays with
whoever wrote it until they share it; nobody has to take part, and every exercise can be left at any time. What
becomes of one in a session stands in `runs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.forms import Choice
from facilitation.ids import ExerciseId, FieldId, SkillId
from facilitation.languages import ENGLISH
from facilitation.roundquestions import QUESTIONS_MAX, RoundQuestion
from facilitation.sentences import Sentence
from facilitation.text import body, line

Entry = int | str | tuple[int | str, ...] | None
"""What somebody answers in one field: a scale's number, a text, a choice, or several (cards, words, points)."""
Entries = Mapping[str, Entry]

TEXT_MAX = 1_000
LINE_MAX = 80
WORDS_MAX = 3
WORD_MAX = 24
POINTS_MAX = 48
POINT_MAX = 100
PICKS_MAX = 10


class Shape(StrEnum):
    """What it looks like; for each there is one component in `webclient/components/exercises`."""

    BREATH = "breath"
    """One breath for all: some step has a beat."""
    PROMPTS = "prompts"
    """One prompt after another, in the group's time."""
    WAVE = "wave"
    """A line that is drawn while time goes by."""
    SHEET = "sheet"
    """Fields that each fills in at their own pace."""
    FOUR = "four"
    """A sheet whose fields stand two by two."""
    POLL = "poll"
    """Anonymous answers that are shown together."""
    CHAIN = "chain"
    """One says something about the one before."""


class Grouping(StrEnum):
    NONE = "none"
    PAIRS = "pairs"
    """Two by two; three where somebody would be left over."""
    CHAIN = "chain"
    """All in one row: each has one before them, and the first has the last."""


class Privacy(StrEnum):
    PRIVATE = "private"
    """The author's alone, for ever."""
    SHAREABLE = "shareable"
    """The author's alone until they share it with the group, and again when they take it back."""
    ANONYMOUS = "anonymous"
    """Shown among those of all others, to staff as well, and never fewer than `runs.ANSWERS_MIN` of them."""


class FieldKind(StrEnum):
    TEXT = "text"
    LINE = "line"
    """A few words in one line."""
    SCALE = "scale"
    """A whole number from `low` to `high`."""
    CHOICE = "choice"
    CARDS = "cards"
    """Up to `most` of the choices, the dearest first."""
    WORDS = "words"
    """Up to three single words."""
    DRAWING = "drawing"
    """How high a line is from left to right: up to 48 points from 0 to 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to answer; none of them must be. `quoted`: what is shared of it may stand in the author's note."""

    id: FieldId
    kind: FieldKind
    label: str
    hint: str = ""
    privacy: Privacy = Privacy.PRIVATE
    low: int = 0
    high: int = 10
    low_label: str = ""
    high_label: str = ""
    choices: tuple[Choice, ...] = ()
    most: int = 1
    quoted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One breath, in milliseconds; a part of 0 is left out."""

    inhale_ms: int
    hold_ms: int = 0
    exhale_ms: int
    rest_ms: int = 0

    @property
    def length_ms(self) -> int:
        return self.inhale_ms + self.hold_ms + self.exhale_ms + self.rest_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the group is asked to do. `seconds`: then the next step comes by itself; 0: when the facilitator says so."""

    title: str
    text: str
    seconds: int = 0
    beat: Beat | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One exercise, complete. `id` and `version` name it for ever: a change of meaning takes a new version.

    `care`: how to take part gently. `own_pace`: all steps are open at once. `cards`: each pair is dealt one.
    """

    id: ExerciseId
    version: str
    title: str
    shape: Shape
    about: str
    care: str
    minutes: int
    skills: tuple[SkillId, ...] = ()
    own_pace: bool = False
    grouping: Grouping = Grouping.NONE
    cards: tuple[str, ...] = ()
    steps: tuple[Step, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(field for step in self.steps for field in step.fields)

    @property
    def anonymous(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.privacy is Privacy.ANONYMOUS)

    def field(self, name: str) -> Field:
        for field in self.fields:
            if field.id == name:
                return field
        raise Refusal("unknown_field", "This is not part of the exercise.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillCard:
    """What the group sees of a skill of the library. `language`: the one that it was written in."""

    id: SkillId
    title: str
    summary: str
    language: str = ENGLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What the curriculum has for this session: the skill, what to lean on, and what to look back at.

    `skill` None: the clinic withdrew it since. `curriculum`, `version`: the title and version that were followed, in
    whose `week` and `session` this was; "" and 0 in logs from before they were kept.
    """

    skill: SkillId | None
    focus: str
    revisit: SkillId | None = None
    curriculum: str = ""
    version: str = ""
    week: int = 0
    session: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """What a group can do in a session, as it was when the session was opened.

    `last_time`: the names of the skills that were taught when the group met before.
    """

    skills: tuple[SkillCard, ...] = ()
    exercises: tuple[Exercise, ...] = ()
    questions: tuple[RoundQuestion, ...] = ()
    today: Today | None = None
    last_time: tuple[str, ...] = ()

    def skill(self, name: SkillId) -> SkillCard:
        for skill in self.skills:
            if skill.id == name:
                return skill
        raise Refusal("unknown_skill", "This skill is not in the library of this session.")

    def exercise(self, name: ExerciseId) -> Exercise:
        for exercise in self.exercises:
            if exercise.id == name:
                return exercise
        raise Refusal("unknown_exercise", "This exercise is not there in this session.")


NOTHING = Repertoire()


# --------------------------------------------------------------- answers


def is_empty(entry: Entry) -> bool:
    return entry is None or (not isinstance(entry, int) and not entry)


def checked(exercise: Exercise, entries: Entries) -> dict[str, Entry]:
    """The same answers, if each fits its field. Raises Refusal that names the field."""
    for name, entry in entries.items():
        check_entry(exercise.field(name), entry)
    return dict(entries)


def check_entry(field: Field, entry: Entry) -> None:
    if not is_empty(entry) and not _fits(field, entry):
        raise Refusal("bad_answer", Sentence("This answer does not fit “{label}”", label=Sentence(field.label)))


def _fits(field: Field, entry: Entry) -> bool:
    match field.kind:
        case FieldKind.TEXT:
            return isinstance(entry, str) and bool(body(entry, f"“{field.label}”", TEXT_MAX))
        case FieldKind.LINE:
            return isinstance(entry, str) and "\n" not in entry and bool(body(entry, f"“{field.label}”", LINE_MAX))
        case FieldKind.SCALE:
            return isinstance(entry, int) and not isinstance(entry, bool) and field.low <= entry <= field.high
        case FieldKind.CHOICE:
            return entry in {choice.value for choice in field.choices}
        case FieldKind.CARDS:
            return (
                isinstance(entry, tuple)
                and len(entry) <= field.most
                and len(set(entry)) == len(entry)
                and set(entry) <= {choice.value for choice in field.choices}
            )
        case FieldKind.WORDS:
            return isinstance(entry, tuple) and len(entry) <= WORDS_MAX and all(_is_word(word) for word in entry)
        case FieldKind.DRAWING:
            return (
                isinstance(entry, tuple)
                and len(entry) <= POINTS_MAX
                and all(isinstance(point, int) and 0 <= point <= POINT_MAX for point in entry)
            )


def _is_word(word: int | str) -> bool:
    return isinstance(word, str) and bool(word.strip()) and line(word, "a word", WORD_MAX) == word


def in_words(field: Field, entry: Entry) -> str:
    """An answer as people read it; a drawing has no words."""
    labels = {choice.value: choice.label for choice in field.choices}
    if is_empty(entry) or field.kind is FieldKind.DRAWING:
        return ""
    if isinstance(entry, tuple):
        return ", ".join(labels.get(str(each), str(each)) for each in entry)
    if field.kind is FieldKind.SCALE:
        return f"{entry} of {field.high}"
    return labels.get(str(entry), str(entry)) if field.kind is FieldKind.CHOICE else str(entry)


# --------------------------------------------------------------- what makes an entry of the catalogue complete

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
VERSION = re.compile(r"\d{4}-\d{2}")
ID_MAX = 40
SECONDS_MAX = 600
EXERCISES_MAX = 64
SKILLS_MAX = 200


def texts(exercise: Exercise) -> Iterator[str]:
    """Everything of it that people read."""
    yield from (exercise.title, exercise.about, exercise.care, *exercise.cards)
    for step in exercise.steps:
        yield from (step.title, step.text)
        for field in step.fields:
            yield from (field.label, field.hint, field.low_label, field.high_label)
            yield from (choice.label for choice in field.choices)


def exercise_mistakes(exercise: Exercise, skills: Iterable[SkillId]) -> tuple[str, ...]:
    """What is wrong with an exercise, in words, all of it at once; nothing when a group can do it."""
    wrong: list[str] = []
    if not ID.fullmatch(exercise.id) or len(exercise.id) > ID_MAX:
        wrong.append(f"the id {exercise.id!r} is not made of small letters, digits and single hyphens")
    if not VERSION.fullmatch(exercise.version):
        wrong.append(f"the version {exercise.version!r} is not a year and a number, such as '2026-01'")
    for name, (least, most) in {"title": (3, 50), "about": (40, 300), "care": (40, 300)}.items():
        wrong += _length_mistakes(name, getattr(exercise, name), least, most)
    if not 1 <= exercise.minutes <= 30:
        wrong.append(f"minutes is {exercise.minutes}; an exercise takes 1 to 30")
    unknown = sorted(set(exercise.skills) - set(skills))
    wrong += [f"there is no skill {skill!r}" for skill in unknown]
    if not 1 <= len(exercise.steps) <= 16:
        wrong.append(f"it has {len(exercise.steps)} steps; it needs 1 to 16")
    for number, step in enumerate(exercise.steps, 1):
        wrong += [f"step {number}: {mistake}" for mistake in _step_mistakes(step)]
    names = [field.id for field in exercise.fields]
    if len(set(names)) != len(names) or len(names) > 24:
        wrong.append("it needs at most 24 fields, each with an id of its own")
    return (*wrong, *_shape_mistakes(exercise))


def check_repertoire(repertoire: Repertoire) -> None:
    """Refuses what no session can offer. Texts were looked at when the catalogue was read."""
    names = [exercise.id for exercise in repertoire.exercises]
    skills = [skill.id for skill in repertoire.skills]
    if len(set(names)) != len(names) or len(names) > EXERCISES_MAX:
        raise Refusal(
            "bad_session",
            Sentence("A session has at most {most} exercises, each with an id of its own.", most=EXERCISES_MAX),
        )
    if len(set(skills)) != len(skills) or len(skills) > SKILLS_MAX:
        raise Refusal(
            "bad_session", Sentence("A session has at most {most} skills, each with an id of its own.", most=SKILLS_MAX)
        )
    asked = [question.id for question in repertoire.questions]
    if len(set(asked)) != len(asked) or len(asked) > QUESTIONS_MAX:
        raise Refusal(
            "bad_session",
            Sentence(
                "A session has at most {most} questions for rounds, each with an id of its own.", most=QUESTIONS_MAX
            ),
        )
    for exercise in repertoire.exercises:
        if not exercise.steps:
            raise Refusal("bad_session", "An exercise has at least one step.")
        fields = [field.id for field in exercise.fields]
        if len(set(fields)) != len(fields):
            raise Refusal("bad_session", "Each field of an exercise has an id of its own.")
    if repertoire.today is not None and repertoire.today.skill is not None:
        repertoire.skill(repertoire.today.skill)


def _step_mistakes(step: Step) -> Iterator[str]:
    yield from _length_mistakes("title", step.title, 2, 60)
    yield from _length_mistakes("text", step.text, 10, 400)
    if not 0 <= step.seconds <= SECONDS_MAX:
        yield f"seconds is {step.seconds}; a step takes at most {SECONDS_MAX}"
    if step.beat is not None:
        parts = (step.beat.inhale_ms, step.beat.hold_ms, step.beat.exhale_ms, step.beat.rest_ms)
        if min(step.beat.inhale_ms, step.beat.exhale_ms) < 2_000 or max(parts) > 10_000 or min(parts) < 0:
            yield "a breath is 2 to 10 seconds in and out, with pauses of at most 10"
        if not step.seconds:
            yield "a step with a beat needs seconds"
    for field in step.fields:
        yield from (f"field {field.id!r}: {mistake}" for mistake in _field_mistakes(field))


def _field_mistakes(field: Field) -> Iterator[str]:
    yield from _length_mistakes("label", field.label, 3, 90)
    yield from _length_mistakes("hint", field.hint, 0, 200)
    if field.kind in (FieldKind.CHOICE, FieldKind.CARDS) and len(field.choices) < 2:
        yield "it needs choices"
    if field.kind is FieldKind.CARDS and not 1 <= field.most <= PICKS_MAX:
        yield f"most is {field.most}; it needs 1 to {PICKS_MAX}"
    if field.kind is FieldKind.SCALE and not field.low < field.high <= field.low + 10:
        yield "a scale has two to eleven numbers"
    if len({choice.value for choice in field.choices}) != len(field.choices):
        yield "two choices are the same"
    if field.privacy is Privacy.ANONYMOUS and field.kind not in (FieldKind.WORDS, FieldKind.SCALE, FieldKind.CHOICE):
        yield "what cannot be counted cannot be anonymous"
    if field.kind is FieldKind.WORDS and field.privacy is not Privacy.ANONYMOUS:
        yield "words are for anonymous answers"


def _shape_mistakes(exercise: Exercise) -> Iterator[str]:
    needed = {
        Shape.BREATH: (any(step.beat for step in exercise.steps), "a step with a beat"),
        Shape.WAVE: (any(field.kind is FieldKind.DRAWING for field in exercise.fields), "a field to draw in"),
        Shape.FOUR: (sum(field.kind is FieldKind.TEXT for field in exercise.fields) >= 4, "four fields of text"),
        Shape.POLL: (bool(exercise.anonymous), "an anonymous field"),
        Shape.CHAIN: (exercise.grouping is Grouping.CHAIN, "the grouping 'chain'"),
        Shape.SHEET: (bool(exercise.fields), "a field"),
        Shape.PROMPTS: (len(exercise.steps) > 1, "more than one step"),
    }
    there, what = needed[exercise.shape]
    if not there:
        yield f"the shape '{exercise.shape}' needs {what}"
    if exercise.own_pace and any(step.seconds for step in exercise.steps):
        yield "at one's own pace there are no seconds"
    if exercise.cards and exercise.grouping is not Grouping.PAIRS:
        yield "cards are dealt to pairs"


def _length_mistakes(what: str, text: str, least: int, most: int) -> Iterator[str]:
    if text != text.strip():
        yield f"{what} begins or ends with white space"
    if not least <= len(text) <= most:
        yield f"{what} has {len(text)} characters; it needs {least} to {most}"
