"""A person's week in words, as a picture's measures and as plain values: for home, for the page of weeks, for files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facilitation.absences import Absence, Kind
from facilitation.sentences import marked
from facilitation.weeks import Outlook, Room, Week
from server.books import week_words
from server.projections.meters import Meter, Part, Stage
from server.web.words import Words

ORDER: Final = (Outlook.MISSED, Outlook.TIGHT, Outlook.ON_TRACK, Outlook.REACHED, Outlook.NONE)
"""Who needs somebody's attention first."""

LABELS: Final = {
    Outlook.MISSED: marked("Will miss it"),
    Outlook.TIGHT: marked("Needs every session"),
    Outlook.ON_TRACK: marked("Within reach"),
    Outlook.REACHED: marked("Reached"),
    Outlook.NONE: marked("No weekly floor"),
}
KINDS: Final = {Kind.EXCUSED: marked("excused"), Kind.UNEXCUSED: marked("unexcused")}
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


def told(meter: Meter, words: Words) -> dict[str, Any]:
    """What a template needs of one meter."""
    week = meter.week
    return {
        "minutes_text": words.minutes(week.minutes),
        "target": week.floor_min,
        "target_text": words.minutes(week.floor_min),
        "outlook": meter.outlook.value,
        "label": words(LABELS[meter.outlook]),
        "chip": CHIPS[meter.outlook],
        "range": words.days(week.first, week.last),
        "picture": picture(meter, words),
        "sentences": for_staff(meter, words),
        "absences": [absence_words(part, words) for part in meter.missed],
    }


def ring(week: Week, words: Words) -> dict[str, Any]:
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


def picture(meter: Meter, words: Words) -> dict[str, Any]:
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
        "text": _spoken(meter, words),
    }


def _spoken(meter: Meter, words: Words) -> str:
    """The picture for whoever does not see it."""
    week = meter.week
    parts = [words("{time} signed", time=words.minutes(week.minutes))]
    if meter.waiting_min:
        parts.append(words("{time} waiting for a signature", time=words.minutes(meter.waiting_min)))
    if meter.to_come:
        parts.append(words("{time} still possible", time=words.minutes(sum(meter.to_come))))
    if not week.floor_min:
        return ", ".join(parts)
    return words("{parts}; the week asks for {floor}", parts=", ".join(parts), floor=words.minutes(week.floor_min))


def for_participant(meter: Meter, words: Words) -> list[str]:
    """To the person: kind, plain, and what can still be done."""
    week, left = meter.week, len(meter.to_come)
    there, floor = words.minutes(week.minutes), words.minutes(week.floor_min)
    lines = []
    if meter.outlook is Outlook.REACHED:
        lines.append(words("{time} of {floor}. You reached this week’s hours.", time=there, floor=floor))
    elif week.floor_min:
        lines.append(words("{time} of {floor} so far.", time=there, floor=floor))
        lines += _waiting(meter, words)
        lines += _meetings_left(meter, words)
        match meter.outlook:
            case Outlook.TIGHT if left == 1:
                lines.append(words("It is within reach if you come."))
            case Outlook.TIGHT:
                lines.append(words("It is within reach if you come to all of them."))
            case Outlook.MISSED if week.short_min:
                lines.append(
                    words(
                        "With all that is planned it is {time} short. That can happen. Ask your facilitator about a "
                        "make-up session.",
                        time=words.minutes(week.short_min),
                    )
                )
            case Outlook.MISSED:
                lines.append(words("There are too few days left for this week. Ask your facilitator what can be done."))
            case _:
                lines.append(words("It is within reach."))
    elif week.minutes or meter.waiting_min or left:
        lines += [words("{time} so far.", time=there), *_waiting(meter, words), *_meetings_left(meter, words)]
    return lines


def _waiting(meter: Meter, words: Words) -> list[str]:
    more = words.minutes(meter.waiting_min)
    return [words("{time} more wait for your facilitator’s signature.", time=more)] if meter.waiting_min else []


def _meetings_left(meter: Meter, words: Words) -> list[str]:
    left, possible = len(meter.to_come), words.minutes(sum(meter.to_come))
    if not left:
        return []
    return [
        words.many(
            "{n} meeting left this week, {time} possible.",
            "{n} meetings left this week, {time} possible.",
            left,
            time=possible,
        )
    ]


def for_staff(meter: Meter, words: Words) -> list[str]:
    """About the person: the floor first, then days, gaps, ceiling, short days."""
    week, left, ceiling = meter.week, len(meter.to_come), words.minutes(meter.week.ceiling_min)
    lines = []
    if left:
        lines.append(
            words.many(
                "{n} session left this week, {time} possible.",
                "{n} sessions left this week, {time} possible.",
                left,
                time=words.minutes(sum(meter.to_come)),
            )
        )
    if week.short_min:
        lines.append(words("{time} short with all that is planned.", time=words.minutes(week.short_min)))
    if meter.waiting_min:
        lines.append(words("{time} not signed yet.", time=words.minutes(meter.waiting_min)))
    if week.days_min:
        lines.append(words("{n} of {all} counted days.", n=week.counted_days, all=week.days_min))
    lines += [week_words.gap(each, words) for each in week.gaps]
    if week.next_due is not None and meter.today <= week.next_due <= week.last:
        lines.append(words("The next counted day is due by {day}.", day=words.weekday(week.next_due)))
    if week.ceiling is Room.EXCEEDED:
        lines.append(words("Over the ceiling of {time}.", time=ceiling))
    elif week.ceiling is Room.WOULD_EXCEED:
        lines.append(words("Would go over the ceiling of {time}.", time=ceiling))
    for day in week.days:
        if day.minutes:
            of_day = {"day": words.weekday(day.day), "time": words.minutes(day.minutes)}
            lines += [words("{day}: {time} is no counted day. {why}.", why=short.text, **of_day) for short in day.short]
    return lines


def absence_words(part: Part, words: Words) -> str:
    """'Tuesday, November 24: excused (dentist)'."""
    day = words.weekday(part.day)
    if part.absence is None:
        return words("{day}: away, not explained yet", day=day)
    return f"{day}: {absence_kind(part.absence, words)}"


def absence_kind(absence: Absence, words: Words) -> str:
    """'excused (dentist)'."""
    kind = words(KINDS[absence.kind])
    return f"{kind} ({absence.reason})" if absence.reason else kind


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
