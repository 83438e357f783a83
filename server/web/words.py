"""Times and minutes as people read them. Pure; English, with American clock and calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from facilitation.disclosures import Disclosure, Purpose
from facilitation.timebase import Instant


def local(instant: int, zone: str) -> datetime:
    """The instant on the wall clock of `zone` (an IANA name)."""
    return datetime.fromtimestamp(instant / 1_000, UTC).astimezone(ZoneInfo(zone))


def clock_time(moment: datetime) -> str:
    """'6:00 PM'."""
    return f"{moment.hour % 12 or 12}:{moment:%M} {moment:%p}"


def span(start: Instant, end: Instant, zone: str) -> str:
    """'6:00 PM – 9:20 PM'."""
    return f"{clock_time(local(start, zone))} – {clock_time(local(end, zone))}"


def weekday(day: date) -> str:
    """'Tuesday, November 24'."""
    return f"{day:%A}, {day:%B} {day.day}"


def calendar(day: date) -> str:
    """'November 24, 2026'."""
    return f"{day:%B} {day.day}, {day.year}"


def short(day: date) -> str:
    """'Tue, Nov 24, 2026'."""
    return f"{day:%a}, {day:%b} {day.day}, {day.year}"


def dated(day: date) -> str:
    """'Tuesday, November 24, 2026'."""
    return f"{day:%A}, {calendar(day)}"


def moment(instant: Instant, zone: str) -> str:
    """'November 24, 9:41 PM'."""
    at = local(instant, zone)
    return f"{at:%B} {at.day}, {clock_time(at)}"


PURPOSES = {
    Purpose.TREATMENT: "Treatment here",
    Purpose.CARE: "Treatment by somebody else",
    Purpose.EMERGENCY: "A medical emergency",
    Purpose.PAYMENT: "Payment",
    Purpose.OPERATIONS: "Running the clinic",
    Purpose.REQUEST: "The person asked for it",
    Purpose.OTHER: "Other",
    Purpose.OWN: "A copy of one’s own",
}


def handed_out(disclosure: Disclosure) -> str:
    """'Hours, all', 'Hours, from November 1, 2026 to November 30, 2026': what a disclosure was."""
    first, last = disclosure.first, disclosure.last
    span = " ".join(f"{word} {calendar(day)}" for word, day in (("from", first), ("to", last)) if day is not None)
    return f"{disclosure.what.capitalize()}, {span or 'all'}"


def days(first: date, last: date) -> str:
    """'November 9 – 15', 'November 30 – December 6'."""
    end = f"{last.day}" if first.month == last.month else f"{last:%B} {last.day}"
    return f"{first:%B} {first.day} – {end}"


def minutes(count: int) -> str:
    """'2 h 51 min', '9 h', '12 min', '−5 min'."""
    hours, rest = divmod(abs(count), 60)
    sign = "−" if count < 0 else ""
    if hours and rest:
        return f"{sign}{hours} h {rest} min"
    return f"{sign}{hours} h" if hours else f"{sign}{rest} min"
