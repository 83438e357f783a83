"""Kinds of rounds, and questions for them as data: icebreakers, and others for the rounds of a session.

A question is kind and low-stakes: whoever is shy, new or unwell can answer it in a few words, or pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.ids import RoundQuestionId


class Kind(StrEnum):
    QUESTION = "question"
    """A question of one's own, or an icebreaker."""
    CHECK_IN = "check_in"
    APPRECIATION = "appreciation"
    """Each says something good of the person before them in the line."""
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundQuestion:
    """`teens`: how it is asked in a group of teens; "": the same."""

    id: RoundQuestionId
    kind: Kind
    text: str
    teens: str = ""

    def asked(self, teens: bool) -> str:
        return self.teens if teens and self.teens else self.text


def question_of(questions: tuple[RoundQuestion, ...], name: str) -> RoundQuestion:
    for each in questions:
        if each.id == name:
            return each
    raise Refusal("unknown_round_question", "This question is not in the library of this session.")


# --------------------------------------------------------------- what makes an entry of the catalogue complete

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ID_MAX = 40
QUESTIONS_MAX = 100
TEXT_MIN, TEXT_MAX = 12, 120


def question_mistakes(question: RoundQuestion) -> Iterator[str]:
    """What is wrong with a question, in words; nothing when a group can be asked it."""
    if not ID.fullmatch(question.id) or len(question.id) > ID_MAX:
        yield f"the id {question.id!r} is not made of small letters, digits and single hyphens"
    for name, text in (("text", question.text), ("teens", question.teens)):
        if text and not TEXT_MIN <= len(text) <= TEXT_MAX:
            yield f"{name} has {len(text)} characters; it needs {TEXT_MIN} to {TEXT_MAX}"
        if text and not text.endswith(("?", ".")):
            yield f"{name} ends in neither a question mark nor a full stop"
    if not question.text:
        yield "it asks nothing"
    if question.teens == question.text:
        yield "teens is the same as text: leave it out"
