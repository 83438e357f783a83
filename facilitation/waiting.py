"""Waiting lists: who waits for a seat in which cohort, who is offered one that opens, and until when they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId
from facilitation.timebase import HOUR_MS, Instant

ANSWER_WITHIN_MS = 48 * HOUR_MS
"""Two days: a family may have to talk, and whoever waits behind them should not wait longer."""


class Wait(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    DECLINED = "declined"
    LAPSED = "lapsed"
    """No answer came in time."""
    OFF = "off"
    """Taken off the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One person's place on the list of one cohort. `since` orders the list; `answer_by` where a seat is offered."""

    person: PersonId
    cohort: CohortId
    since: Instant
    standing: Wait = Wait.WAITING
    answer_by: Instant | None = None

    @property
    def id(self) -> str:
        return f"{self.cohort} {self.person}"


def is_offered(waiting: Waiting, now: Instant) -> bool:
    """Whether a yes would be taken now."""
    return waiting.standing is Wait.OFFERED and waiting.answer_by is not None and now < waiting.answer_by


def look(
    waiting: Iterable[Waiting],
    free: Mapping[CohortId, int],
    fits: Callable[[Waiting], bool],
    now: Instant,
) -> tuple[Waiting, ...]:
    """What changes by now: offers that lapsed, and seats offered to the first who fit. Free seats less those that are
    offered already are given out, each once."""
    changed: list[Waiting] = []
    open_ = dict(free)
    queue = []
    for each in sorted(waiting, key=lambda one: (one.since, one.person)):
        if each.standing is Wait.OFFERED and each.answer_by is not None and each.answer_by <= now:
            changed.append(replace(each, standing=Wait.LAPSED))
        elif each.standing is Wait.OFFERED:
            open_[each.cohort] = open_.get(each.cohort, 0) - 1
        elif each.standing is Wait.WAITING:
            queue.append(each)
    for each in queue:
        if open_.get(each.cohort, 0) > 0 and fits(each):
            open_[each.cohort] -= 1
            changed.append(replace(each, standing=Wait.OFFERED, answer_by=Instant(now + ANSWER_WITHIN_MS)))
    return tuple(changed)


def answer(waiting: Waiting, taken: bool, now: Instant) -> Waiting:
    """Raises `Refusal` where nothing is offered, or not any more."""
    if not is_offered(waiting, now):
        raise Refusal("not_offered", "This seat is not offered any more. Please ask your clinic.")
    return replace(waiting, standing=Wait.TAKEN if taken else Wait.DECLINED, answer_by=None)
