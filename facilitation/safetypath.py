"""The safety path as data: what facilitators do about a safety flag, what they ask, and what an answer weighs.

A clinic writes steps and prompts of its own. The screener is somebody's instrument: its words and its levels stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facilitation.errors import Refusal
from facilitation.ids import PromptId, ScreenQuestionId, StepId
from facilitation.sentences import Sentence, marked
from facilitation.text import TITLE_MAX, line

STEPS_MAX = 20
PROMPTS_MAX = 12
QUESTIONS_MAX = 16
TEXT_MAX = 200

LEVELS = ("low", "moderate", "high")
"""What a yes weighs, the least first."""

Screened = Mapping[ScreenQuestionId, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, in the order in which it is mostly done."""

    id: StepId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A question for a plan that is made together."""

    id: PromptId
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenQuestion:
    """A yes-or-no question. `level`: what a yes weighs. `asked_if`: only after a yes to that one."""

    id: ScreenQuestionId
    text: str
    period: str
    level: str
    asked_if: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screener:
    """An instrument that a clinician asks aloud and fills in. `check`: what a clinic makes sure of before using it."""

    id: str
    version: str
    short: str
    about: str
    source: str
    licence: str
    questions: tuple[ScreenQuestion, ...]
    check: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyPath:
    """`id` and `version` name it for ever: what a step meant is read in the version it was ticked in."""

    id: str
    version: str
    title: str
    steps: tuple[Step, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    screener: Screener | None = None


NO_PATH = SafetyPath(id="none", version="1", title="No path")
"""What held before there was one."""


# --------------------------------------------------------------- the screener


def asked(screener: Screener, answers: Screened) -> tuple[ScreenQuestion, ...]:
    """The questions that these answers lead to."""
    return tuple(
        question
        for question in screener.questions
        if not question.asked_if or answers.get(ScreenQuestionId(question.asked_if)) is True
    )


def level(screener: Screener, answers: Screened) -> str:
    """The heaviest of all that was answered with yes; "": nothing was."""
    yes = [question.level for question in asked(screener, answers) if answers.get(question.id) is True]
    return max(yes, key=LEVELS.index, default="")


def check_answers(screener: Screener, answers: Screened) -> None:
    """Raises `Refusal` unless exactly the questions that were to be asked are answered."""
    wanted = asked(screener, answers)
    unknown = answers.keys() - {question.id for question in screener.questions}
    if unknown:
        raise Refusal("unknown_question", "This question is not part of the form.")
    if answers.keys() - {question.id for question in wanted}:
        raise Refusal("bad_answer", "There is an answer to a question that is only asked after another was a yes.")
    for question in wanted:
        if question.id not in answers:
            raise Refusal("answer_missing", Sentence("One more answer is needed: “{question}”", question=question.text))


# --------------------------------------------------------------- checks


def check_path(path: SafetyPath) -> None:
    """Raises `Refusal` that says in words what cannot be followed."""
    line(path.title, "the title", TITLE_MAX)
    _check_texts(marked("steps"), [(step.id, step.text) for step in path.steps], STEPS_MAX)
    _check_texts(marked("questions for the plan"), [(prompt.id, prompt.text) for prompt in path.prompts], PROMPTS_MAX)
    if path.screener is None:
        return
    questions = path.screener.questions
    _check_texts(marked("questions"), [(question.id, question.text) for question in questions], QUESTIONS_MAX)
    if not path.screener.source.strip() or not path.screener.licence.strip():
        raise Refusal("bad_path", "A screener needs its source and its licence.")
    before: set[str] = set()
    for question in questions:
        if question.level not in LEVELS or (question.asked_if and question.asked_if not in before):
            message = Sentence(
                "The screener: question {question} weighs nothing, or follows none.", question=repr(question.id)
            )
            raise Refusal("bad_path", message)
        before.add(question.id)


def _check_texts(what: str, texts: list[tuple[str, str]], most: int) -> None:
    names = [name for name, _ in texts]
    if len(set(names)) != len(names) or len(names) > most:
        raise Refusal("bad_path", Sentence("At most {most} {what}, each once.", most=most, what=Sentence(what)))
    for _, text in texts:
        line(text, what, TEXT_MAX)
