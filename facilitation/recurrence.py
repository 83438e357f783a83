"""How often something meets, as RFC 5545 says it: every few weeks on some weekdays, monthly on the first Tuesday, once.

A rule is days only; the hour stands beside it, in local time, so that 16:00 stays 16:00 over a change of the clock.
At most one meeting a day: the day names it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from facilitation.errors import Refusal

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""RFC 5545 §3.3.10, in the order of `date.weekday()`."""
INTERVAL_MAX = 4
NTHS = (1, 2, 3, 4, -1)


class Every(StrEnum):
    ONCE = "once"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """`days`: weekdays, 0 for Monday. `interval`: every so many weeks or months. `nths`: by month only, which of them
    (−1: the last). Once has neither: the first day is the day."""

    every: Every
    days: tuple[int, ...] = ()
    interval: int = 1
    nths: tuple[int, ...] = ()


def rrule(recurrence: Recurrence, until: date | None = None) -> str | None:
    """The value of an RRULE (RFC 5545 §3.8.5.3), `until` included; None for what is once. Weeks begin on Monday."""
    codes = [CODES[day] for day in sorted(recurrence.days)]
    match recurrence.every:
        case Every.ONCE:
            return None
        case Every.WEEK:
            parts = ["FREQ=WEEKLY", f"BYDAY={','.join(codes)}"]
        case Every.MONTH:
            parts = ["FREQ=MONTHLY", f"BYDAY={','.join(f'{nth}{code}' for nth in recurrence.nths for code in codes)}"]
    if recurrence.interval > 1:
        parts.append(f"INTERVAL={recurrence.interval}")
    if until is not None:
        parts.append(f"UNTIL={until:%Y%m%d}T235959")
    return ";".join([*parts, "WKST=MO"])


def check_recurrence(recurrence: Recurrence) -> None:
    """Raises `Refusal` that says what is missing."""
    if not 1 <= recurrence.interval <= INTERVAL_MAX:
        raise Refusal("bad_recurrence", "Choose every week or month, every second, third or fourth one.")
    if len(set(recurrence.days)) != len(recurrence.days) or not set(recurrence.days) <= set(range(len(CODES))):
        raise Refusal("bad_recurrence", "The days of the week are Monday to Sunday, each once.")
    if recurrence.every is Every.ONCE:
        if recurrence.days or recurrence.nths or recurrence.interval != 1:
            raise Refusal("bad_recurrence", "What is once has its date and no days of the week.")
        return
    if not recurrence.days:
        raise Refusal("bad_recurrence", "Choose at least one day of the week.")
    monthly = recurrence.every is Every.MONTH
    if bool(recurrence.nths) != monthly or len(set(recurrence.nths)) != len(recurrence.nths):
        raise Refusal("bad_recurrence", "By the month, say which of the weekdays: the first, the last. Otherwise not.")
    if not set(recurrence.nths) <= set(NTHS):
        raise Refusal("bad_recurrence", "By the month there are a first, second, third, fourth and last weekday.")
