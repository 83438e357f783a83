"""Goals of a person's treatment plan: kept by the clinic, listed in a session, addressed in a note.

The clinic's store holds each `Goal` with its time. A session's log holds what the goals said when it was written up
(`ListedGoal`): a goal that is worded anew later changes no note.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from facilitation.errors import Refusal
from facilitation.ids import GoalId, PersonId
from facilitation.sentences import Sentence
from facilitation.text import body

GOALS_MAX = 40
"""Of one person, those that have ended included."""
GOAL_CHARS_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One goal of one person's plan, from `since` on, both days included; `until` None: it goes on."""

    goal: GoalId
    person: PersonId
    text: str
    since: date
    until: date | None = None
    agreed: bool = False
    """Agreed with the person, who sees it on their page of progress."""
    shared: bool = False
    """Shared with their guardians as well; it is agreed then."""

    @property
    def open_to_person(self) -> bool:
        return self.agreed or self.shared

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedGoal:
    """A goal as a session knows it."""

    goal: GoalId
    text: str


def worded(text: str) -> str:
    """A goal's text as it is kept. Raises `Refusal`."""
    return body(text.strip(), "a goal", GOAL_CHARS_MAX, required=True)


def listed(goals: Iterable[Goal], day: date) -> tuple[ListedGoal, ...]:
    """Those that hold on `day`, the oldest first."""
    holding = sorted((goal for goal in goals if goal.holds_on(day)), key=lambda goal: (goal.since, goal.goal))
    return tuple(ListedGoal(goal=goal.goal, text=goal.text) for goal in holding)


def check_listed(goals: tuple[ListedGoal, ...]) -> None:
    """Raises `Refusal`: no list that a session can take."""
    if len(goals) > GOALS_MAX or len({goal.goal for goal in goals}) != len(goals):
        raise Refusal("bad_session", Sentence("A person has at most {most} goals, each of them once.", most=GOALS_MAX))
    for goal in goals:
        worded(goal.text)
