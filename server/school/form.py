"""The form of a teen's school week: from fields to a `School`, and back. What was typed is never lost by a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.rules import WEEKDAYS
from facilitation.school import SCHOOL_ON, Activity, School, SchoolHours, Span, check_school
from facilitation.sentences import Sentence
from server.web.words import Words

EMPTY_ROWS: Final = 2
ROWS_MAX: Final = 40
FIELDS_MAX: Final = 400

Fields = Mapping[str, str]


def school_of(given: Fields, person: PersonId) -> School:
    """What the fields say. Raises Refusal that says which of them cannot be."""
    hours = [
        SchoolHours(weekday=weekday, start=span[0], end=span[1])
        for weekday in WEEKDAYS
        if (span := _times(given, f"hours_{weekday}", Sentence(SCHOOL_ON[weekday]))) is not None
    ]
    margin = given.get("margin", "").strip() or "0"
    if not (margin.isascii() and margin.isdigit() and len(margin) <= 4):
        raise Refusal("bad_school", "The time for the way and a rest is a number of minutes.")
    return check_school(
        School(
            person=person,
            zone=given.get("zone", ""),
            hours=tuple(hours),
            terms=tuple(_spans(given, "term", Sentence("a term"))),
            days_off=tuple(_spans(given, "off", Sentence("days off"))),
            exams=tuple(
                day
                for number in range(ROWS_MAX)
                if (day := _day(given, f"exam_{number}", Sentence("an exam"))) is not None
            ),
            activities=tuple(_activities(given)),
            margin_min=int(margin),
        )
    )


def _activities(given: Fields) -> list[Activity]:
    found = []
    for number in range(ROWS_MAX):
        name = given.get(f"activity_{number}_name", "").strip()
        weekday = given.get(f"activity_{number}_weekday", "")
        day = _day(given, f"activity_{number}_day", name or Sentence("an activity"))
        span = _times(given, f"activity_{number}", name or Sentence("An activity"))
        if not name and span is None and day is None:
            continue
        if span is None:
            raise Refusal(
                "bad_school", Sentence("{what} needs a time from and a time to.", what=name or Sentence("An activity"))
            )
        found.append(
            Activity(name=name, start=span[0], end=span[1], weekday="" if day is not None else weekday, day=day)
        )
    return found


def _spans(given: Fields, field: str, what: str | Sentence) -> list[Span]:
    found = []
    for number in range(ROWS_MAX):
        first, last = (_day(given, f"{field}_{number}_{end}", what) for end in ("first", "last"))
        if first is not None:
            found.append(Span(first=first, last=last or first))
        elif last is not None:
            raise Refusal("bad_school", Sentence("There is {what} with a last day and no first one.", what=what))
    return found


def _day(given: Fields, field: str, what: str | Sentence) -> date | None:
    text = given.get(field, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "bad_school", Sentence("A day of {what} is written like 2026-11-24: year, month, day.", what=what)
        ) from None


def _times(given: Fields, field: str, what: str | Sentence) -> tuple[time, time] | None:
    start, end = (given.get(f"{field}_{side}", "").strip() for side in ("start", "end"))
    if not start and not end:
        return None
    if not start or not end:
        raise Refusal(
            "bad_school", Sentence("{what} has one of two times. Please fill in both, or neither.", what=what)
        )
    try:
        return time.fromisoformat(start[:8]), time.fromisoformat(end[:8])
    except ValueError:
        raise Refusal("bad_school", Sentence("{what}: a time is written like 15:30.", what=what)) from None


# --------------------------------------------------------------- back into fields


def fields_of(school: School) -> dict[str, str]:
    fields = {"zone": school.zone, "margin": str(school.margin_min)}
    for hours in school.hours:
        fields |= _filled(f"hours_{hours.weekday}", hours.start, hours.end)
    for name, spans in (("term", school.terms), ("off", school.days_off)):
        for number, span in enumerate(spans):
            fields |= {f"{name}_{number}_first": str(span.first), f"{name}_{number}_last": str(span.last)}
    fields |= {f"exam_{number}": str(day) for number, day in enumerate(school.exams)}
    for number, activity in enumerate(school.activities):
        fields |= _filled(f"activity_{number}", activity.start, activity.end)
        fields |= {f"activity_{number}_name": activity.name, f"activity_{number}_weekday": activity.weekday}
        if activity.day is not None:
            fields[f"activity_{number}_day"] = str(activity.day)
    return fields


def _filled(field: str, start: time, end: time) -> dict[str, str]:
    return {f"{field}_start": f"{start:%H:%M}", f"{field}_end": f"{end:%H:%M}"}


def rows(given: Fields, words: Words) -> dict[str, Any]:
    """What the template draws: the rows that are filled, and two empty ones behind each kind."""

    def count(*names: str) -> range:
        filled = [number for number in range(ROWS_MAX) if any(given.get(name.format(number)) for name in names)]
        return range(min(ROWS_MAX, max(filled, default=-1) + 1 + EMPTY_ROWS))

    return {
        "hours": [(weekday, words.day_name(n), given.get(f"hours_{weekday}_start", ""),
                   given.get(f"hours_{weekday}_end", "")) for n, weekday in enumerate(WEEKDAYS)],
        "terms": [(n, given.get(f"term_{n}_first", ""), given.get(f"term_{n}_last", ""))
                  for n in count("term_{}_first", "term_{}_last")],
        "off": [(n, given.get(f"off_{n}_first", ""), given.get(f"off_{n}_last", ""))
                for n in count("off_{}_first", "off_{}_last")],
        "exams": [(n, given.get(f"exam_{n}", "")) for n in count("exam_{}")],
        "activities": [
            {name: given.get(f"activity_{n}_{name}", "") for name in ("name", "weekday", "day", "start", "end")}
            | {"n": n}
            for n in count("activity_{}_name", "activity_{}_start", "activity_{}_day")
        ],
        "weekdays": [(weekday, words.day_name(n)) for n, weekday in enumerate(WEEKDAYS)],
        "margin": given.get("margin", "30"),
        "zone": given.get("zone", ""),
    }  # fmt: skip
