"""What is being done about each safety flag: who has taken it on, the steps, the screener, the plan made together.

All of it is for staff alone, stands in the log with its author and time, and ends with the flag's disposition
(`checkin`). Two who lead may work on one flag at once: a step is ticked once, words are their author's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.checkin import CheckIn
from facilitation.errors import Refusal
from facilitation.events import (
    Event,
    FlagTaken,
    PlanWritten,
    Recorded,
    SafetyStepTicked,
    ScreenerAnswered,
    SessionOpened,
)
from facilitation.ids import FlagId, PersonId, PromptId, ScreenQuestionId, StepId
from facilitation.safetypath import NO_PATH, SafetyPath, check_answers
from facilitation.text import ANSWER_MAX, body
from facilitation.timebase import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """By whom and when."""

    by: PersonId | None
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The answers to the screener, as they were kept last."""

    answers: Mapping[ScreenQuestionId, bool]
    by: PersonId | None
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was done about one flag so far. `plan`: each author's own words to each prompt."""

    taken: Done | None = None
    steps: Mapping[StepId, Done] = field(default_factory=dict)
    screen: Screen | None = None
    plan: Mapping[tuple[PromptId, PersonId], str] = field(default_factory=dict)


NOTHING_DONE = Response()


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    path: SafetyPath = NO_PATH
    responses: Mapping[FlagId, Response] = field(default_factory=dict)

    def of(self, flag: FlagId) -> Response:
        return self.responses.get(flag, NOTHING_DONE)


# --------------------------------------------------------------- fold


def evolve(safety: Safety, recorded: Recorded) -> Safety:
    by, at = recorded.by, recorded.at
    match recorded.event:
        case SessionOpened(safety=path):
            return Safety(path=path)
        case FlagTaken(flag=flag):
            return _with(safety, flag, replace(safety.of(flag), taken=Done(by=by, at=at)))
        case SafetyStepTicked(flag=flag, step=step, done=done):
            response = safety.of(flag)
            steps = {name: how for name, how in response.steps.items() if name != step}
            return _with(safety, flag, replace(response, steps={**steps, step: Done(by=by, at=at)} if done else steps))
        case ScreenerAnswered(flag=flag, answers=answers):
            return _with(safety, flag, replace(safety.of(flag), screen=Screen(answers=answers, by=by, at=at)))
        case PlanWritten(flag=flag, prompt=prompt, author=author, text=text):
            response = safety.of(flag)
            return _with(safety, flag, replace(response, plan={**response.plan, (prompt, author): text}))
        case _:
            return safety


def _with(safety: Safety, flag: FlagId, response: Response) -> Safety:
    return replace(safety, responses={**safety.responses, flag: response})


# --------------------------------------------------------------- rules


def take(safety: Safety, checkin: CheckIn, flag: FlagId, me: PersonId) -> tuple[Event, ...]:
    """I have this now, whoever had it before."""
    _open(checkin, flag)
    taken = safety.of(flag).taken
    return () if taken is not None and taken.by == me else (FlagTaken(flag=flag),)


def tick(safety: Safety, checkin: CheckIn, flag: FlagId, step: StepId, done: bool) -> tuple[Event, ...]:
    _open(checkin, flag)
    if all(each.id != step for each in safety.path.steps):
        raise Refusal("unknown_step", "There is no such step on this path.")
    return () if (step in safety.of(flag).steps) is done else (SafetyStepTicked(flag=flag, step=step, done=done),)


def screen(
    safety: Safety, checkin: CheckIn, flag: FlagId, answers: Mapping[ScreenQuestionId, bool]
) -> tuple[Event, ...]:
    """All answers at once; keeping it anew corrects it, and the log has both."""
    _open(checkin, flag)
    if safety.path.screener is None:
        raise Refusal("unknown_form", "This form is not part of this session.")
    check_answers(safety.path.screener, answers)
    kept = safety.of(flag).screen
    if kept is not None and kept.answers == answers:
        return ()
    return (ScreenerAnswered(flag=flag, screener=safety.path.screener.id, answers=dict(answers)),)


def write_plan(
    safety: Safety, checkin: CheckIn, flag: FlagId, prompt: PromptId, me: PersonId, text: str
) -> tuple[Event, ...]:
    _open(checkin, flag)
    if all(each.id != prompt for each in safety.path.prompts):
        raise Refusal("unknown_question", "This question is not part of the form.")
    body(text, "the safety plan", ANSWER_MAX)
    if safety.of(flag).plan.get((prompt, me), "") == text:
        return ()
    return (PlanWritten(flag=flag, prompt=prompt, author=me, text=text),)


def _open(checkin: CheckIn, flag: FlagId) -> None:
    known = next((candidate for candidate in checkin.flags if candidate.flag == flag), None)
    if known is None:
        raise Refusal("unknown_flag", "There is no such safety flag.")
    if not known.open:
        raise Refusal("flag_closed", "It is already written down what was done about this.")
