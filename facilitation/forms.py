"""Forms a participant answers: questions are data, answers are checked here.

An answer is `None` (left open), a bool (`yes_no`), an int (`scale`, `number`) or a str (`choice`, `text`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from facilitation.ids import FormId, QuestionId

Answer = bool | int | str | None
Answers = Mapping[str, Answer]


class QuestionKind(StrEnum):
    SCALE = "scale"
    """A whole number from `low` to `high`."""
    NUMBER = "number"
    """A whole number from `low` to `high`, typed."""
    YES_NO = "yes_no"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    `shareable`: the person may show the answer to the group; safety and use answers never are.
    `flag_at`: an int answer of at least this raises a safety flag. `flag_values`: so do these answers
    (`"yes"`/`"no"` stand for bools).
    """

    id: QuestionId
    kind: QuestionKind
    label: str
    hint: str = ""
    low: int = 0
    high: int = 10
    low_label: str = ""
    high_label: str = ""
    choices: tuple[Choice, ...] = ()
    required: bool = False
    shareable: bool = False
    flag_at: int | None = None
    flag_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """`segment_kind` says when it is offered: 'check_in' or 'wrap_up'."""

    id: FormId
    version: str
    title: str
    intro: str
    segment_kind: str
    questions: tuple[Question, ...]
