"""The diary: what somebody writes down for themselves between sessions, a minute a day, and what they show of it.

A day belongs to its author alone. Showing makes a copy of the week as it is at that moment (a `Showing`), for one
session and its facilitators; parts of it, never urges nor anything in own words, may go to the group as well. What is
written later is the author's alone until they show again, and a showing can be taken back whole.

Nobody watches while a diary is written. So it asks for no urge to hurt oneself (a question whose answer nobody sees at
once promises what nobody keeps); whoever wants to follow one may name it as a target of their own, and whatever is
strong (`strong`) is answered with whom to call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId, SkillId
from facilitation.sentences import Sentence, marked
from facilitation.text import body, line
from facilitation.timebase import Instant

STRENGTH_MAX: Final = 5
DAYS: Final = 7
"""Today and the six days before: what may still be filled in or changed, and what a showing holds."""
TARGETS_MAX: Final = 3
TARGETS_OF_DAY_MAX: Final = 6
"""A day keeps those of its time beside those of today."""
TARGET_CHARS_MAX: Final = 60
WORD_CHARS_MAX: Final = 500
SKILLS_OF_DAY_MAX: Final = 12
SLEEP_H_MAX: Final = 24

FEELINGS: Final[Mapping[str, str]] = {
    "joy": marked("Joy"),
    "calm": marked("Calm"),
    "sadness": marked("Sadness"),
    "fear": marked("Fear or worry"),
    "anger": marked("Anger"),
    "shame": marked("Shame or guilt"),
}
URGES: Final[Mapping[str, str]] = {
    "use": marked("To use something I am staying away from"),
    "hide": marked("To hide from people"),
    "lash-out": marked("To lash out"),
}


class Ate(StrEnum):
    LITTLE = "little"
    SOME = "some"
    REGULAR = "regular"


class Moved(StrEnum):
    LITTLE = "little"
    SOME = "some"
    PLENTY = "plenty"


class Part(StrEnum):
    """What a week is made of, and what can be shown of it by itself."""

    DISTRESS = "distress"
    FEELINGS = "feelings"
    BODY = "body"
    """Sleep, food, movement."""
    SKILLS = "skills"
    URGES = "urges"
    TARGETS = "targets"
    WORDS = "words"


TO_GROUP: Final = frozenset({Part.DISTRESS, Part.FEELINGS, Part.BODY, Part.SKILLS})
"""What a group may see; urges and own words are for facilitators, as they are in check-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How strong something was, and whether it was acted on; None: left open."""

    strength: int | None = None
    acted: bool | None = None


LEFT_OPEN: Final = Mark()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something of one's own to follow, by the name it had on that day."""

    label: str
    mark: Mark = LEFT_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day as its author wrote it down. The first text has revision 1; None and "" are left open."""

    day: date
    revision: int
    at: Instant
    distress: int | None = None
    feelings: dict[str, int] = field(default_factory=dict)
    urges: dict[str, Mark] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    skills: tuple[SkillId, ...] = ()
    sleep_h: int | None = None
    food: Ate | None = None
    movement: Moved | None = None
    word: str = ""

    def __repr__(self) -> str:
        """Without what was written: it must not get into a log or an error by accident."""
        return f"Day({self.day}, revision {self.revision})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKept:
    """How the plan went that its author wrote at the wrap-up of `session`."""

    session: SessionId
    revision: int
    at: Instant
    done: bool
    word: str = ""

    def __repr__(self) -> str:
        return f"PlanKept({self.session}, revision {self.revision})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the diary asks its author besides: up to three targets in their own words."""

    revision: int
    at: Instant
    targets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Card({len(self.targets)} targets, revision {self.revision})"


Page = Day | PlanKept | Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A week as its author showed it in a session. `skills`: the names that those had then.

    To whom, and whether it still stands, says the session's log (`showings`), which holds no word of this.
    """

    session: SessionId
    person: PersonId
    at: Instant
    last: date
    days: tuple[Day, ...]
    plans: tuple[PlanKept, ...] = ()
    skills: dict[SkillId, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Showing({self.person} in {self.session})"


# --------------------------------------------------------------- reading


def open_days(today: date) -> tuple[date, ...]:
    """The days that may be filled in or changed, the oldest first."""
    return tuple(today - timedelta(days=back) for back in reversed(range(DAYS)))


def strong(day: Day) -> bool:
    """Whether something was as strong as it can be: then whom to call is said first."""
    marks = (*day.urges.values(), *(target.mark for target in day.targets))
    return day.distress == STRENGTH_MAX or any(mark.strength == STRENGTH_MAX for mark in marks)


def is_empty(day: Day) -> bool:
    """Whether nothing at all was written: such a day is as if it had not been opened."""
    return replace(day, targets=tuple(each for each in day.targets if each.mark != LEFT_OPEN)) == Day(
        day=day.day, revision=day.revision, at=day.at
    )


def asked_targets(card: Sequence[str], day: Day | None) -> tuple[Target, ...]:
    """The targets that a day's page asks for: those it has, then those of today's card."""
    there = () if day is None else tuple(each for each in day.targets if each.label in card or each.mark != LEFT_OPEN)
    known = {target.label.casefold() for target in there}
    more = (Target(label=label) for label in card if label.casefold() not in known)
    return (*there, *more)[:TARGETS_OF_DAY_MAX]


def week_of(days: Iterable[Day], today: date) -> tuple[Day, ...]:
    """Of these days those that a showing holds, the oldest first."""
    last = set(open_days(today))
    return tuple(sorted((day for day in days if day.day in last and not is_empty(day)), key=lambda day: day.day))


# --------------------------------------------------------------- rules


def check_day(day: Day, *, today: date, skills: Iterable[SkillId]) -> Day:
    """The same, as it is kept. `skills`: those there are, and those the day had. Raises `Refusal`."""
    if day.day not in open_days(today):
        raise _bad(Sentence("Only today and the six days before can be filled in."))
    _check_strength(day.distress)
    for name, strength in day.feelings.items():
        _known(name, FEELINGS)
        _check_strength(strength)
    for name, mark in day.urges.items():
        _known(name, URGES)
        _check_strength(mark.strength)
    for target in day.targets:
        _check_strength(target.mark.strength)
    if day.sleep_h is not None and not 0 <= day.sleep_h <= SLEEP_H_MAX:
        raise _bad(Sentence("Hours of sleep are a whole number from 0 to {most}.", most=SLEEP_H_MAX))
    known = set(skills)
    if (
        len(day.skills) > SKILLS_OF_DAY_MAX
        or len(set(day.skills)) != len(day.skills)
        or not known.issuperset(day.skills)
    ):
        raise _bad(Sentence("Choose up to {most} skills of the list.", most=SKILLS_OF_DAY_MAX))
    return replace(
        day,
        urges={name: mark for name, mark in day.urges.items() if mark != LEFT_OPEN},
        targets=_named(day.targets),
        word=body(day.word.strip(), "a word on the day", WORD_CHARS_MAX),
    )


def check_targets(labels: Sequence[str]) -> tuple[str, ...]:
    """Targets as they are kept: empty ones and repetitions left out. Raises `Refusal`."""
    named = dict.fromkeys(line(label, "what you want to follow", TARGET_CHARS_MAX) for label in labels if label.strip())
    if len(named) > TARGETS_MAX or len({label.casefold() for label in named}) != len(named):
        raise _bad(Sentence("Up to {most} things can be followed, each of them once.", most=TARGETS_MAX))
    return tuple(named)


def check_plan(plan: PlanKept) -> PlanKept:
    return replace(plan, word=body(plan.word.strip(), "a word on how it went", WORD_CHARS_MAX))


def check_parts(parts: Iterable[str]) -> frozenset[Part]:
    """Parts that somebody wants the group to see. Raises `Refusal`."""
    wanted = set(parts)
    if not wanted <= {part.value for part in TO_GROUP}:
        raise Refusal("not_shareable", "This part of your week stays between you and your facilitators.")
    return frozenset(Part(part) for part in wanted)


def _named(targets: Sequence[Target]) -> tuple[Target, ...]:
    kept = tuple(
        replace(target, label=line(target.label, "what you want to follow", TARGET_CHARS_MAX, required=True))
        for target in targets
        if target.mark != LEFT_OPEN
    )
    if len(kept) > TARGETS_OF_DAY_MAX or len({target.label.casefold() for target in kept}) != len(kept):
        raise _bad(Sentence("Up to {most} things can be followed, each of them once.", most=TARGETS_OF_DAY_MAX))
    return kept


def _known(name: str, names: Mapping[str, str]) -> None:
    if name not in names:
        raise _bad(Sentence("This is not on the card."))


def _check_strength(strength: int | None) -> None:
    if strength is not None and not 0 <= strength <= STRENGTH_MAX:
        raise _bad(Sentence("How strong something was is a whole number from 0 to {most}.", most=STRENGTH_MAX))


def _bad(text: Sentence) -> Refusal:
    return Refusal("bad_diary", text)
