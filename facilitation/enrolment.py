"""Enrolment: who belongs to which cohort, on which days of the week, from when until when; and how it ends.

A step down never rewrites what was: each step says from when on it holds, and the days before stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.sentences import Sentence, marked
from facilitation.text import NOTE_MAX, REASON_MAX, body

STEPS_MAX = 50
EVERY_DAY = tuple(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `since` on: the weekdays (0 for Monday) on which somebody comes."""

    since: date
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """`steps`: in order of time, the first is the beginning. `until`: the last day, if one is known."""

    id: EnrolmentId
    person: PersonId
    cohort: CohortId
    steps: tuple[Step, ...]
    until: date | None = None

    @property
    def since(self) -> date:
        return self.steps[0].since


class Ending(StrEnum):
    COMPLETED = "completed"
    STEPPED_DOWN = "stepped_down"
    MOVED_UP = "moved_up"
    TRANSFERRED = "transferred"
    LEFT = "left"
    OTHER = "other"


ENDING_WORDS = {
    Ending.COMPLETED: marked("Completed the program"),
    Ending.STEPPED_DOWN: marked("Goes on with less care, elsewhere or here"),
    Ending.MOVED_UP: marked("Goes on with more care"),
    Ending.TRANSFERRED: marked("Goes on with another provider"),
    Ending.LEFT: marked("Left before the end"),
    Ending.OTHER: marked("Another reason"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """How somebody's time in the program ended. `day`: their last one. `aftercare`: what was agreed on for afterwards;
    `own_words`: what the person wants to keep in mind, in their own words. `alumni`: the cohort they go on meeting.
    `taken_back`: it was a mistake, and counts as never said."""

    person: PersonId
    day: date
    ending: Ending
    aftercare: str
    own_words: str = ""
    alumni: CohortId | None = None
    taken_back: bool = False


def step_on(enrolment: Enrolment, day: date) -> Step | None:
    """What holds on `day`; None: not enrolled then."""
    if enrolment.until is not None and day > enrolment.until:
        return None
    return next((step for step in reversed(enrolment.steps) if step.since <= day), None)


def attends(enrolment: Enrolment, day: date) -> bool:
    step = step_on(enrolment, day)
    return step is not None and day.weekday() in step.days


def members(enrolments: Iterable[Enrolment], cohort: CohortId, day: date) -> Iterator[PersonId]:
    """Who of a cohort comes on `day`, each once, in the order in which they are given."""
    seen = set()
    for each in enrolments:
        if each.cohort == cohort and each.person not in seen and attends(each, day):
            seen.add(each.person)
            yield each.person


def stepped(enrolment: Enrolment, step: Step) -> Enrolment:
    """With other days from `step.since` on. Later steps go: what was said last holds. Raises `Refusal`."""
    if step.since < enrolment.since:
        raise Refusal("bad_enrolment", "Other days can begin on the first day of the enrolment or later.")
    if enrolment.until is not None and step.since > enrolment.until:
        raise Refusal("bad_enrolment", "The enrolment ends before these days would begin.")
    before = tuple(each for each in enrolment.steps if each.since < step.since)
    if before and before[-1].days == step.days:
        return replace(enrolment, steps=before)
    return replace(enrolment, steps=(*before, step))


def ended(enrolment: Enrolment, last: date) -> Enrolment:
    """With `last` as the last day, or as it is if it was over by then. One that had not begun never begins."""
    if enrolment.until is not None and enrolment.until <= last:
        return enrolment
    steps = tuple(each for each in enrolment.steps if each.since <= last)
    return replace(enrolment, until=last, steps=steps or enrolment.steps[:1])


def check_enrolment(enrolment: Enrolment) -> None:
    """Raises `Refusal` that says in words what no enrolment can be."""
    if not 1 <= len(enrolment.steps) <= STEPS_MAX:
        raise Refusal(
            "bad_enrolment",
            Sentence("An enrolment has a beginning, and its days can change {most} times.", most=STEPS_MAX),
        )
    for step in enrolment.steps:
        if not step.days or len(set(step.days)) != len(step.days) or not set(step.days) <= set(EVERY_DAY):
            raise Refusal("bad_enrolment", "Choose at least one day of the week, each once.")
    sinces = [step.since for step in enrolment.steps]
    if sinces != sorted(set(sinces)):
        raise Refusal("bad_enrolment", "Each change of days comes after the one before it.")
    if enrolment.until is not None and enrolment.until < sinces[-1]:
        raise Refusal("bad_enrolment", "The last day is before the first one. Please look at the two dates again.")


def check_discharge(discharge: Discharge) -> None:
    if discharge.ending is not Ending.LEFT:
        body(discharge.aftercare, "the plan for afterwards", NOTE_MAX, required=True)
    body(discharge.aftercare, "the plan for afterwards", NOTE_MAX)
    body(discharge.own_words, "their own words", REASON_MAX * 4)
