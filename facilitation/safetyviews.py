"""The safety path as staff see it beside a flag, and as facts of the note."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from facilitation.checkin import Flag
from facilitation.ids import PersonId
from facilitation.safetypath import SafetyPath, asked, level
from facilitation.sentences import Moment, Sentence, joined, marked
from facilitation.state import RoomState
from facilitation.timebase import Instant

View = dict[str, Any]

LEVEL_WORDS = {
    "high": marked("high by the instrument’s own levels"),
    "moderate": marked("moderate by the instrument’s own levels"),
    "low": marked("low by the instrument’s own levels"),
    "": marked("no answer was a yes"),
}


def path_part(path: SafetyPath) -> View:
    screener = path.screener
    return {
        "title": path.title,
        "version": path.version,
        "steps": [{"id": step.id, "text": step.text} for step in path.steps],
        "prompts": [{"id": prompt.id, "text": prompt.text} for prompt in path.prompts],
        "screener": None
        if screener is None
        else {
            "short": screener.short,
            "about": screener.about,
            "licence": screener.licence,
            "source": screener.source,
            "questions": [
                {"id": each.id, "text": each.text, "period": each.period, "asked_if": each.asked_if}
                for each in screener.questions
            ],
        },
    }


def response_part(state: RoomState, flag: Flag) -> View:
    response, screener = state.safety.of(flag.flag), state.safety.path.screener
    screen = response.screen
    plan: dict[str, list[View]] = {}
    for (prompt, author), text in response.plan.items():
        plan.setdefault(prompt, []).append({"by": author, "name": state.name_of(author), "text": text})
    return {
        "taken": None if response.taken is None else _done(state, response.taken.by, response.taken.at),
        "steps": {step: _done(state, done.by, done.at) for step, done in response.steps.items()},
        "screen": None
        if screen is None or screener is None
        else {
            "answers": dict(screen.answers),
            "level": level(screener, screen.answers),
            **_done(state, screen.by, screen.at),
        },
        "plan": plan,
    }


def facts_of(
    state: RoomState, flag: Flag, time: Callable[[Instant], Moment]
) -> Iterable[tuple[Sentence, str | Sentence]]:
    """What was done about one flag, as lines of the note."""
    response, path = state.safety.of(flag.flag), state.safety.path
    if response.taken is not None:
        yield Sentence("Taken on by"), _by(state, response.taken.by, time(response.taken.at))
    steps = [
        Sentence("{step} ({done})", step=Sentence(step.text), done=_by(state, done.by, time(done.at)))
        for step in path.steps
        if (done := response.steps.get(step.id)) is not None
    ]
    title = Sentence("Steps taken ({path}, version {version})", path=Sentence(path.title), version=path.version)
    yield title, joined(steps, "; ")
    screen = response.screen
    if path.screener is not None and screen is not None:
        found = level(path.screener, screen.answers)
        answers = [
            Sentence(
                "{question} ({period}) {answer}",
                question=f"{each.id}. {each.text}",
                period=each.period,
                answer=Sentence("Yes" if screen.answers.get(each.id) else "No"),
            )
            for each in asked(path.screener, screen.answers)
        ]
        by = Sentence("asked by {by}", by=_by(state, screen.by, time(screen.at)))
        yield Sentence(path.screener.short), joined([Sentence(LEVEL_WORDS[found]), by, *answers], "; ")
    for prompt in path.prompts:
        told = [text for (name, _), text in response.plan.items() if name == prompt.id and text.strip()]
        yield Sentence("Plan: {question}", question=Sentence(prompt.text)), "; ".join(told)


def _by(state: RoomState, by: PersonId | None, at: Moment) -> Sentence:
    return Sentence("{name}, {time}", name=state.name_of(by), time=at)


def _done(state: RoomState, by: PersonId | None, at: Instant) -> View:
    return {"by": by, "name": state.name_of(by), "at": at}
