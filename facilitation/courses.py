"""Which curriculum a programme's groups, or one group of its own, follow, and from which day on.

A group's own choice goes before its programme's, and that before what the programme was shipped with. What a session
had stays in its log, whatever is chosen later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import CohortId
from facilitation.sentences import Sentence

STEPS_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `since` on, with its lesson number `begins` (0: the first) first. `curriculum` "": none is followed.

    `as_programme`: a group goes by its programme again.
    """

    since: date
    curriculum: str = ""
    begins: int = 0
    as_programme: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`of`: whose it is (`of_cohort`, `of_programme`). `steps` in the order of their days."""

    of: str
    steps: tuple[Step, ...] = ()

    def on(self, day: date) -> Step | None:
        return next((step for step in reversed(self.steps) if step.since <= day), None)


def of_cohort(cohort: CohortId) -> str:
    return f"cohort {cohort}"


def of_programme(programme: str) -> str:
    """Of a programme in whatever version: "adult@3" is "adult"."""
    return f"programme {programme.partition('@')[0]}"


def followed(cohort: Course | None, programme: Course | None, shipped: str, day: date) -> Step:
    """What a group follows on a day."""
    own = None if cohort is None else cohort.on(day)
    if own is not None and not own.as_programme:
        return own
    common = None if programme is None else programme.on(day)
    return common or Step(since=date.min, curriculum=shipped)


def stepping(course: Course, step: Step) -> Course:
    """With one more step; of two on one day the later word stands. Raises Refusal."""
    steps = sorted((*(each for each in course.steps if each.since != step.since), step), key=lambda each: each.since)
    if len(steps) > STEPS_MAX:
        raise Refusal("too_many", Sentence("At most {most} changes of a curriculum are kept here.", most=STEPS_MAX))
    return replace(course, steps=tuple(steps))


def taking_back(course: Course, since: date, today: date) -> Course:
    """Without a step that has not begun yet. Raises Refusal."""
    if since <= today:
        raise Refusal("already_begun", "That has begun already. Choose what follows from today on instead.")
    return replace(course, steps=tuple(each for each in course.steps if each.since != since))
