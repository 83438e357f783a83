"""From a rule to days. The arithmetic of RFC 5545 is dateutil's: old, maintained, and checked by many calendars."""

from __future__ import annotations

from datetime import date, datetime, time

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from facilitation.recurrence import rrule
from facilitation.schedule import Series


def days(series: Series, first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included, on which the series would be by its rule.

    Days only: the clock's changes are no matter here, each day gets its local hour afterwards.
    """
    start, end = max(series.first, first), min(series.until or date.max, last)
    rule = rrule(series.recurrence)
    if start > end:
        return []
    if rule is None:
        return [series.first] if start == series.first else []
    every = rrulestr(rule, dtstart=datetime.combine(series.first, time()))
    between = every.between(datetime.combine(start, time()), datetime.combine(end, time()), inc=True)
    return [each.date() for each in between]
