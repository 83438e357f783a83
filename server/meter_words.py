"""A person's week in words, as a picture's measures and as plain values: for home, for the page of weeks, for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facilitation.absences import Absence
from facilitation.weeks import Outlook, Room, Week
from server import week_words
from server.projections.meters import Meter, Part, Stage
from server.web import words

ORDER: Final = (Outlook.MISSED, Outlook.TIGHT, Outlook.ON_TRACK, Outlook.REACHED, Outlook.NONE)
"""Who needs somebody's attention first."""

LABELS: Final = {
    Outlook.MISSED: "Will miss it",
    Outlook.TIGHT: "Needs every session",
    Outlook.ON_TRACK: "Within reach",
    Outlook.REACHED: "Reached",
    Outlook.NONE: "No weekly floor",
}
CHIPS: Final = {
    Outlook.MISSED: "clay",
    Outlook.TIGHT: "clay",
    Outlook.ON_TRACK: "",
    Outlook.REACHED: "moss",
    Outlook.NONE: "",
}
COLUMNS: Final = (
    *("person", "name", "track", "groups", "week_from", "week_to", "rules", "signed_min", "waiting_min"),
    *("to_come_sessions", "to_come_min", "possible_min", "floor_min", "ceiling_min", "counted_days", "days_min"),
    *("outlook", "short_min", "excused", "unexcused", "unexplained", "make_ups"),
)


def told(meter: Meter) -> dict[str, Any]:
    """What a template needs of one meter."""
    week = meter.week
    return {
        "minutes_text": words.minutes(week.minutes),
        "target": week.floor_min,
        "target_text": words.minutes(week.floor_min),
        "outlook": meter.outlook.value,
        "label": LABELS[meter.outlook],
        "chip": CHIPS[meter.outlook],
        "range": words.days(week.first, week.last),
        "picture": picture(meter),
        "sentences": for_staff(meter),
        "absences": [absence_words(part) for part in meter.missed],
    }


def ring(week: Week) -> dict[str, Any]:
    """What `parts/quantities.html` draws a week's ring of."""
    return {
        "from": week.first.isoformat(),
        "to": week.last.isoformat(),
        "minutes": week.minutes,
        "minutes_text": words.minutes(week.minutes),
        "target": week.floor_min,
        "target_text": words.minutes(week.floor_min),
        "fraction": fraction(week.minutes, week.floor_min),
        "reached": 0 < week.floor_min <= week.minutes,
    }


def fraction(part: int, whole: int) -> float:
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


def picture(meter: Meter) -> dict[str, Any]:
    """The bar, in percent of its width: signed, waiting, to come, side by side; and where floor and ceiling are."""
    week = meter.week
    waiting = min(meter.waiting_min, max(0, week.possible_min - week.minutes))
    whole = max(week.floor_min, week.possible_min, week.minutes, 1)
    ceiling = week.ceiling_min if 0 < week.ceiling_min <= whole else None

    def share(minutes: int) -> float:
        return round(100 * minutes / whole, 2)

    signed_and_waiting = week.minutes + waiting
    return {
        "signed": share(week.minutes),
        "waiting": share(waiting),
        "to_come": share(max(0, week.possible_min - signed_and_waiting)),
        "floor": share(week.floor_min) if week.floor_min else None,
        "ceiling": None if ceiling is None else share(ceiling),
        "text": _spoken(meter),
    }


def _spoken(meter: Meter) -> str:
    """The picture for whoever does not see it."""
    week = meter.week
    parts = [f"{words.minutes(week.minutes)} signed"]
    if meter.waiting_min:
        parts.append(f"{words.minutes(meter.waiting_min)} waiting for a signature")
    if meter.to_come:
        parts.append(f"{words.minutes(sum(meter.to_come))} still possible")
    floor = f"; the week asks for {words.minutes(week.floor_min)}" if week.floor_min else ""
    return f"{', '.join(parts)}{floor}"


def for_participant(meter: Meter) -> list[str]:
    """To the person: kind, plain, and what can still be done."""
    week, left = meter.week, len(meter.to_come)
    lines = []
    if meter.outlook is Outlook.REACHED:
        so_far = f"{words.minutes(week.minutes)} of {words.minutes(week.floor_min)}."
        lines.append(f"{so_far} You reached this week’s hours.")
    elif week.floor_min:
        lines.append(f"{words.minutes(week.minutes)} of {words.minutes(week.floor_min)} so far.")
        lines += _waiting(meter)
        lines += [_left(left, sum(meter.to_come), "meeting")] if left else []
        match meter.outlook:
            case Outlook.TIGHT if left == 1:
                lines.append("It is within reach if you come.")
            case Outlook.TIGHT:
                lines.append("It is within reach if you come to all of them.")
            case Outlook.MISSED if week.short_min:
                lines.append(
                    f"With all that is planned it is {words.minutes(week.short_min)} short. "
                    "That can happen. Ask your facilitator about a make-up session."
                )
            case Outlook.MISSED:
                lines.append("There are too few days left for this week. Ask your facilitator what can be done.")
            case _:
                lines.append("It is within reach.")
    elif week.minutes or meter.waiting_min or left:
        lines += [f"{words.minutes(week.minutes)} so far.", *_waiting(meter)]
        lines += [_left(left, sum(meter.to_come), "meeting")] if left else []
    return lines


def _waiting(meter: Meter) -> list[str]:
    more = meter.waiting_min
    return [f"{words.minutes(more)} more wait for your facilitator’s signature."] if more else []


def for_staff(meter: Meter) -> list[str]:
    """About the person: the floor first, then days, gaps, ceiling, short days."""
    week, left = meter.week, len(meter.to_come)
    lines = []
    if left:
        lines.append(_left(left, sum(meter.to_come), "session"))
    if week.short_min:
        lines.append(f"{words.minutes(week.short_min)} short with all that is planned.")
    if meter.waiting_min:
        lines.append(f"{words.minutes(meter.waiting_min)} not signed yet.")
    if week.days_min:
        lines.append(f"{week.counted_days} of {week.days_min} counted days.")
    lines += [week_words.gap(each) for each in week.gaps]
    if week.next_due is not None and meter.today <= week.next_due <= week.last:
        lines.append(f"The next counted day is due by {words.weekday(week.next_due)}.")
    if week.ceiling is Room.EXCEEDED:
        lines.append(f"Over the ceiling of {words.minutes(week.ceiling_min)}.")
    elif week.ceiling is Room.WOULD_EXCEED:
        lines.append(f"Would go over the ceiling of {words.minutes(week.ceiling_min)}.")
    lines += [
        f"{words.weekday(day.day)}: {words.minutes(day.minutes)} is no counted day. {short.text}."
        for day in week.days
        if day.minutes
        for short in day.short
    ]
    return lines


def absence_words(part: Part) -> str:
    """'Tuesday, November 24: excused (dentist)'."""
    day = words.weekday(part.day)
    if part.absence is None:
        return f"{day}: away, not explained yet"
    return f"{day}: {absence_kind(part.absence)}"


def absence_kind(absence: Absence) -> str:
    """'excused (dentist)'."""
    return f"{absence.kind.value} ({absence.reason})" if absence.reason else absence.kind.value


def _left(count: int, minutes: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'} left this week, {words.minutes(minutes)} possible."


# --------------------------------------------------------------- as plain values


def plain(meter: Meter) -> dict[str, Any]:
    """For programs: minutes are whole, days ISO dates."""
    week = meter.week
    kinds = [None if part.absence is None else part.absence.kind.value for part in meter.missed]
    return {
        "person": meter.person.person,
        "name": meter.person.name,
        "track": meter.person.track,
        "groups": list(meter.groups),
        "week_from": week.first.isoformat(),
        "week_to": week.last.isoformat(),
        "rules": f"{meter.rules.id} {meter.rules.version}",
        "signed_min": week.minutes,
        "waiting_min": meter.waiting_min,
        "to_come_sessions": len(meter.to_come),
        "to_come_min": sum(meter.to_come),
        "possible_min": week.possible_min,
        "floor_min": week.floor_min,
        "ceiling_min": week.ceiling_min,
        "counted_days": week.counted_days,
        "days_min": week.days_min,
        "outlook": meter.outlook.value,
        "short_min": week.short_min,
        "excused": kinds.count("excused"),
        "unexcused": kinds.count("unexcused"),
        "unexplained": kinds.count(None),
        "make_ups": sum(part.makes_up is not None and part.stage is not Stage.TO_COME for part in meter.parts),
    }


def row(meter: Meter) -> tuple[str | int, ...]:
    """The same as one row under COLUMNS."""
    values = plain(meter) | {"groups": "; ".join(meter.groups)}
    return tuple(values[name] for name in COLUMNS)


def by_need(meters: Sequence[Meter]) -> list[Meter]:
    """Those first whose week needs help, the farthest from their floor before the others."""
    return sorted(
        meters,
        key=lambda meter: (
            ORDER.index(meter.outlook),
            meter.week.possible_min - meter.week.floor_min,
            meter.person.name.casefold(),
        ),
    )
