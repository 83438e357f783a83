"""A daily reminder that somebody asked for, at an hour of their own, and that stops by itself when nobody needs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant

NEVER: Final = Instant(0)
IGNORED_MAX: Final = 3
"""After so many in a row to which nothing was written, no more come."""
LATE_H_MAX: Final = 2
"""So many hours after its own a reminder still goes out, where a server was away; later it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """`hour`: on the clock of the person's zone; None: none is wanted, or (`stopped`) it stopped by itself.

    `sent_on`, `sent_at`: the last one; `ignored`: how many in a row nothing was written after.
    """

    person: PersonId
    hour: int | None = None
    stopped: bool = False
    sent_on: date | None = None
    sent_at: Instant = NEVER
    ignored: int = 0


def chosen(reminder: Reminder, hour: int | None) -> Reminder:
    """As its person wants it from now on. Raises `Refusal`."""
    if hour is not None and not 0 <= hour <= 23:
        raise Refusal("bad_hour", "Choose an hour of the list, or no reminder.")
    return replace(reminder, hour=hour, stopped=False, ignored=0)


def is_due(reminder: Reminder, here: datetime) -> bool:
    """Whether it is time. `here`: now, on the clock of the person's zone. At most one a day."""
    if reminder.hour is None or reminder.sent_on == here.date():
        return False
    return reminder.hour <= here.hour <= reminder.hour + LATE_H_MAX


def after(reminder: Reminder, here: datetime, now: Instant, *, written_at: Instant) -> Reminder:
    """What follows once it is due: the next reminder goes out (`sent_on` is today), or they stop (`stopped`).

    `written_at`: when its person last wrote anything.
    """
    before = reminder.sent_on is not None
    ignored = reminder.ignored + 1 if before and written_at <= reminder.sent_at else 0
    if ignored >= IGNORED_MAX:
        return replace(reminder, hour=None, stopped=True, ignored=0)
    return replace(reminder, sent_on=here.date(), sent_at=now, ignored=ignored)
