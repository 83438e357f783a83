"""Live exercises that a clinic makes itself: a kind of the shipped ones, filled with its own words.

What a kind is (its shape, who sees an answer, what is counted, who is paired) is fixed here and not typed: so each has
the privacy of its kind, whatever somebody writes. What is typed is a draft and binds nobody; published, it stands in
the list of those who lead, and a session that has begun keeps what it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from facilitation.exercises import (
    PICKS_MAX,
    SECONDS_MAX,
    Exercise,
    Field,
    FieldKind,
    Grouping,
    Privacy,
    Shape,
    Step,
    exercise_mistakes,
)
from facilitation.forms import Choice
from facilitation.ids import ExerciseId, FieldId, SkillId
from facilitation.sentences import Sentence
from facilitation.skills import Library
from facilitation.teaching import Mistakes, length, wording

OWN_MAX: Final = 40
MINUTES: Final = (1, 30)
SECONDS: Final = (5, SECONDS_MAX)


class Kind(StrEnum):
    SHEET = "sheet"
    """A sheet of prompts, at one's own pace."""
    FOUR = "four"
    """One question, looked at from four sides."""
    WORDS = "words"
    """A question that is answered with single words, shown together."""
    SCALE = "scale"
    """A question that is answered with a number, shown together."""
    CHOICE = "choice"
    """A question with answers to choose from, shown together."""
    PROMPTS = "prompts"
    """One prompt after another, each for its time."""
    CARDS = "cards"
    """Cards to choose from, the dearest first."""
    PAIRS = "pairs"
    """A role-play in pairs, each with a card."""


class Answer(StrEnum):
    """How a prompt of a sheet is answered."""

    TEXT = "text"
    LINE = "line"
    SCALE = "scale"


TEXTS: Final[Mapping[str, tuple[int, int]]] = {"title": (3, 50), "about": (40, 300), "care": (40, 300)}
"""Fewest and most characters of what every kind has."""
LABEL, HINT = (3, 90), (0, 200)
_TASK: Final = {"heading": (2, 60), "task": (10, 400)}
_ASKED: Final = _TASK | {"question": LABEL}
OF_KIND: Final[Mapping[Kind, Mapping[str, tuple[int, int]]]] = {
    Kind.SHEET: _TASK,
    Kind.FOUR: _TASK | {f"side_{n}": LABEL for n in range(1, 5)},
    Kind.WORDS: _ASKED | {"hint": HINT},
    Kind.SCALE: _ASKED | {"low_label": (1, 40), "high_label": (1, 40)},
    Kind.CHOICE: _ASKED,
    Kind.PROMPTS: {"closing": (0, 90)},
    Kind.CARDS: _ASKED | {"closing": (0, 90)},
    Kind.PAIRS: _TASK,
}
"""The same of what one kind has."""
LISTS: Final[Mapping[Kind, Mapping[str, tuple[int, int, tuple[int, int]]]]] = {
    Kind.CHOICE: {"choices": (2, 8, (1, 60))},
    Kind.CARDS: {"choices": (4, 30, (2, 40))},
    Kind.PAIRS: {"cards": (2, 12, (10, 200)), "prompts": (1, 6, LABEL)},
}
"""Fewest and most lines, and the characters of each."""
ROWS: Final[Mapping[Kind, tuple[Mapping[str, tuple[int, int]], int, int]]] = {
    Kind.SHEET: ({"label": LABEL, "hint": HINT}, 1, 8),
    Kind.PROMPTS: ({"title": (2, 60), "text": (10, 400)}, 2, 12),
}
"""What each row has, and the fewest and most of them."""
SHAREABLE: Final = frozenset({Kind.SHEET, Kind.FOUR, Kind.PROMPTS, Kind.CARDS, Kind.PAIRS})
"""Where its author says whether what people write can be shown to the group at all."""

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExerciseDraft:
    """As it was typed. `skill`: what it practices first, or "". `sharing`: people may show what they wrote."""

    kind: Kind
    fields: dict[str, str] = field(default_factory=dict)
    rows: tuple[dict[str, str], ...] = ()
    skill: str = ""
    minutes: str = "10"
    sharing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnExercise:
    """`stands`: what groups can do, if it was published."""

    id: ExerciseId
    language: str = "en"
    draft: ExerciseDraft
    stands: Exercise | None = None
    withdrawn: bool = False

    @property
    def offered(self) -> Exercise | None:
        return None if self.withdrawn else self.stands


# --------------------------------------------------------------- from what was typed


def exercise_of(draft: ExerciseDraft, *, id: ExerciseId, version: str) -> Exercise:
    """A draft as an exercise, right or not. Its privacy follows from its kind alone."""
    kind = draft.kind
    anonymous = kind in (Kind.WORDS, Kind.SCALE, Kind.CHOICE)
    return Exercise(
        id=id,
        version=version,
        title=_text(draft, "title"),
        shape={Kind.FOUR: Shape.FOUR, Kind.PROMPTS: Shape.PROMPTS}.get(kind, Shape.POLL if anonymous else Shape.SHEET),
        about=_text(draft, "about"),
        care=_text(draft, "care"),
        minutes=_number(draft.minutes),
        skills=(SkillId(draft.skill),) if draft.skill else (),
        own_pace=kind is not Kind.PROMPTS,
        grouping=Grouping.PAIRS if kind is Kind.PAIRS else Grouping.NONE,
        cards=lines(draft, "cards") if kind is Kind.PAIRS else (),
        steps=_timed(draft) if kind is Kind.PROMPTS else (_task(draft),),
    )


def _task(draft: ExerciseDraft) -> Step:
    fields = [replace(each, id=FieldId(f"f{number}")) for number, each in enumerate(_fields(draft), 1)]
    return Step(title=_text(draft, "heading"), text=_text(draft, "task"), fields=tuple(fields))


def _timed(draft: ExerciseDraft) -> tuple[Step, ...]:
    """The last step stays; where a question closes it, it has no time."""
    rows, closing = written(draft), _text(draft, "closing")
    last = len(rows) - 1
    return tuple(
        Step(
            title=_line(row.get("title", "")),
            text=_line(row.get("text", "")),
            seconds=0 if closing and number == last else _number(row.get("seconds", "")),
            fields=(_open(draft, closing),) if closing and number == last else (),
        )
        for number, row in enumerate(rows)
    )


def _fields(draft: ExerciseDraft) -> Iterable[Field]:
    question = _text(draft, "question")
    match draft.kind:
        case Kind.SHEET:
            for row in written(draft):
                answered = FieldKind(row["answer"]) if row.get("answer") in set(Answer) else FieldKind.TEXT
                yield replace(_open(draft, _line(row.get("label", "")), _line(row.get("hint", ""))), kind=answered)
        case Kind.FOUR:
            yield from (_open(draft, _text(draft, f"side_{n}")) for n in range(1, 5))
        case Kind.WORDS:
            yield _counted(FieldKind.WORDS, question, hint=_text(draft, "hint"))
        case Kind.SCALE:
            low, high = _text(draft, "low_label"), _text(draft, "high_label")
            yield replace(_counted(FieldKind.SCALE, question), low_label=low, high_label=high)
        case Kind.CHOICE:
            yield replace(_counted(FieldKind.CHOICE, question), choices=_choices(draft))
        case Kind.CARDS:
            most = _number(draft.fields.get("most", ""))
            yield replace(_open(draft, question), kind=FieldKind.CARDS, choices=_choices(draft), most=most)
        case Kind.PAIRS:
            yield from (_open(draft, each) for each in lines(draft, "prompts"))
        case Kind.PROMPTS:
            return
    if draft.kind is Kind.CARDS and (closing := _text(draft, "closing")):
        yield _open(draft, closing)


def _open(draft: ExerciseDraft, label: str, hint: str = "") -> Field:
    """What each writes for themselves, and shows or not."""
    privacy = Privacy.SHAREABLE if draft.sharing else Privacy.PRIVATE
    return Field(id=FieldId("f1"), kind=FieldKind.TEXT, label=label, hint=hint, privacy=privacy)


def _counted(kind: FieldKind, label: str, hint: str = "") -> Field:
    return Field(id=FieldId("f1"), kind=kind, label=label, hint=hint, privacy=Privacy.ANONYMOUS)


def _choices(draft: ExerciseDraft) -> tuple[Choice, ...]:
    return tuple(Choice(value=f"c{n}", label=each) for n, each in enumerate(lines(draft, "choices"), 1))


def written(draft: ExerciseDraft) -> tuple[Row, ...]:
    """The rows with something in them."""
    if draft.kind not in ROWS:
        return ()
    names = ROWS[draft.kind][0]
    return tuple(row for row in draft.rows if any(row.get(name, "").strip() for name in names))


def lines(draft: ExerciseDraft, name: str) -> tuple[str, ...]:
    return tuple(_line(each) for each in draft.fields.get(name, "").splitlines() if each.strip())


def _text(draft: ExerciseDraft, name: str) -> str:
    return _line(draft.fields.get(name, ""))


def _line(text: str) -> str:
    return " ".join(text.split())


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


# --------------------------------------------------------------- what is missing


def mistakes(draft: ExerciseDraft, skills: Iterable[SkillId], *, language: str) -> Mistakes:
    """What is missing or wrong, in plain words, by its field ('title', 'choices', 'rows', 'row-2-label', …)."""
    known, kind = set(skills), draft.kind
    found: dict[str, list[Sentence]] = {}

    def say(place: str, *sentences: Sentence) -> None:
        if sentences:
            found.setdefault(place, []).extend(sentences)

    def text(place: str, typed: str, bounds: tuple[int, int], *, measured: bool = False) -> None:
        say(place, *length(typed, *bounds), *wording(typed, language if measured else None))

    for name, bounds in {**TEXTS, **OF_KIND[kind]}.items():
        text(name, _text(draft, name), bounds, measured=name in ("about", "care", "task"))
    for name, (fewest, most, bounds) in LISTS.get(kind, {}).items():
        say(name, *_lines(lines(draft, name), fewest, most, bounds))
    if kind in ROWS:
        names, fewest, most = ROWS[kind]
        rows = written(draft)
        if not fewest <= len(rows) <= most:
            say("rows", Sentence("It needs {least} to {most} of these.", least=fewest, most=most))
        for number, row in enumerate(rows, 1):
            for name, bounds in names.items():
                text(f"row-{number}-{name}", _line(row.get(name, "")), bounds)
            if kind is Kind.PROMPTS and not SECONDS[0] <= _number(row.get("seconds", "")) <= SECONDS[1]:
                say(f"row-{number}-seconds", Sentence("{least} to {most} seconds.", least=SECONDS[0], most=SECONDS[1]))
    if kind is Kind.CARDS and not 1 <= _number(draft.fields.get("most", "")) <= PICKS_MAX:
        say("most", Sentence("A number from 1 to {most}.", most=PICKS_MAX))
    if draft.skill and draft.skill not in known:
        say("skill", Sentence("This skill is not in the library any more. Choose another one, or none."))
    exercise = exercise_of(draft, id=ExerciseId("own"), version="2026-01")
    say("minutes", *_minutes(exercise))
    assert bool(found) or not exercise_mistakes(exercise, known), "a rule of exercises that is not told here"
    return {place: tuple(sentences) for place, sentences in found.items()}


def _lines(entries: Sequence[str], fewest: int, most: int, bounds: tuple[int, int]) -> Iterable[Sentence]:
    if not fewest <= len(entries) <= most:
        yield Sentence("{least} to {most} lines, please, one for each.", least=fewest, most=most)
    if len({each.casefold() for each in entries}) != len(entries):
        yield Sentence("Two of these lines are the same.")
    for number, entry in enumerate(entries, 1):
        if not bounds[0] <= len(entry) <= bounds[1]:
            yield Sentence("Line {n}: {least} to {most} characters, please.", n=number, least=bounds[0], most=bounds[1])
        yield from wording(entry, None)


def _minutes(exercise: Exercise) -> Iterable[Sentence]:
    if not MINUTES[0] <= exercise.minutes <= MINUTES[1]:
        yield Sentence("An exercise takes {least} to {most} minutes.", least=MINUTES[0], most=MINUTES[1])
    elif (seconds := sum(step.seconds for step in exercise.steps)) > exercise.minutes * 60:
        yield Sentence("Its steps take {n} minutes together.", n=-(-seconds // 60))


def with_exercises(library: Library, own: Iterable[OwnExercise]) -> Library:
    """The library with what the clinic made, in each language. A name that is taken stays with the shipped one."""
    own = tuple(own)
    taken, known = {each.id for each in library.exercises}, library.skills
    offered = (each.offered for each in own if each.id not in taken)
    added = (
        replace(each, skills=tuple(skill for skill in each.skills if skill in known))
        for each in offered
        if each is not None
    )
    others = {language: with_exercises(each, own) for language, each in library.others.items()}
    return replace(library, exercises=(*library.exercises, *added), others=others)
