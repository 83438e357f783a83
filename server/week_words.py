"""What a rule set makes of a week, in sentences and as plain values: for the command and for the page."""

from __future__ import annotations

from datetime import date
from typing import Any

from facilitation.crediting import OverCap
from facilitation.rules import RuleSet
from facilitation.weeks import Gap, Reach, Room, Week
from server.projections.what_if import Share, WhatIf
from server.web import words

NOTHING_CHANGES = "A what-if: nothing is changed by looking. Posted entries keep the rule set they were made with."


def title(rules: RuleSet) -> str:
    example = " · example, to be checked by the clinic" if rules.example else ""
    return f"{rules.title} (version {rules.version}){example}"


def range_of(week: Week) -> str:
    """'Sunday, November 15 – Saturday, November 21'."""
    return f"{words.weekday(week.first)} – {words.weekday(week.last)}"


def sentences(told: WhatIf) -> list[str]:
    """All that is to be said of the week, the most important first."""
    week = told.week
    lines = [_floor(week, bool(told.planned or told.unsigned)), _short(week), _days(week), _ceiling(week)]
    if week.units is not None:
        lines.append(f"{_many(week.units, 'unit')} of {told.rules.unit_min} min.")
    lines += [gap(each) for each in week.gaps]
    if week.next_due is not None and told.today <= week.next_due <= week.last:
        lines.append(f"The next counted day is due by {words.weekday(week.next_due)}.")
    if told.unsigned:
        left = sum(share.minutes for share in told.unsigned)
        lines.append(f"{_many(len(told.unsigned), 'session')} not signed yet: {words.minutes(left)} more.")
    if told.planned:
        left = sum(told.planned.values())
        lines.append(f"{_many(len(told.planned), 'session')} still to come: {words.minutes(left)}.")
    lines += [_over(share.day, each) for share in (*told.signed, *told.unsigned) for each in share.over]
    return [line for line in lines if line]


def floor_word(week: Week) -> str:
    """'reached', 'reachable', 'missed' or, where there is no floor, '–'."""
    return "–" if week.floor is Reach.NONE else week.floor.value


def _floor(week: Week, more: bool) -> str:
    there, least = words.minutes(week.minutes), words.minutes(week.floor_min)
    possible, left = words.minutes(week.possible_min), words.minutes(week.left_min)
    match week.floor:
        case Reach.NONE:
            return f"{there}. This rule has no weekly floor."
        case Reach.REACHED:
            return f"{there} of {least}: reached."
        case Reach.REACHABLE:
            return f"{there} of {least}, {left} to go: reachable, for it can still become {possible}."
        case Reach.MISSED if more:
            return f"{there} of {least}, {left} short: not reachable, for it can become {possible} at most."
        case Reach.MISSED:
            return f"{there} of {least}, {left} short: missed."


def _short(week: Week) -> str:
    apart = week.attended_min - week.minutes
    return f"{words.minutes(apart)} of days below the threshold do not count." if apart else ""


def _days(week: Week) -> str:
    there = f"{week.counted_days} of {_many(week.days_min, 'counted day')}"
    match week.days_floor:
        case Reach.NONE:
            return ""
        case Reach.REACHED:
            return f"{there}: reached."
        case Reach.REACHABLE:
            return f"{there}: reachable, for there can still be {week.possible_days}."
        case Reach.MISSED:
            return f"{there}: missed."


def _ceiling(week: Week) -> str:
    most = words.minutes(week.ceiling_min)
    match week.ceiling:
        case Room.NONE | Room.WITHIN:
            return ""
        case Room.WOULD_EXCEED:
            return f"With what is planned it would be {words.minutes(week.possible_min)}, over the ceiling of {most}."
        case Room.EXCEEDED:
            return f"Over the ceiling of {most}."


def gap(gap: Gap) -> str:
    end = "and it goes on" if gap.until is None else f"up to {words.weekday(gap.until)}"
    free = f"{gap.days} days without a counted one after {words.weekday(gap.after)}"
    return f"{free}, {end}; at most {gap.most} are allowed."


def _over(day: date, cap: OverCap) -> str:
    return f"{words.weekday(day)}, {cap.segment.title}: {cap.people} participants, at most {cap.most} by this rule."


def _many(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


# --------------------------------------------------------------- as plain values


def day_rows(told: WhatIf) -> list[dict[str, Any]]:
    """A row for each day with a signed session: what is posted, and what it would be."""
    rows = []
    for day in told.week.days:
        shares = [share for share in told.signed if share.day == day.day]
        posted = sum(share.posted_min or 0 for share in shares)
        rows.append(
            {
                "day": day.day.isoformat(),
                "date": words.weekday(day.day),
                "short": f"{day.day:%a}, {day.day:%b} {day.day.day}",
                "posted": posted,
                "posted_text": words.minutes(posted),
                "minutes": day.minutes,
                "minutes_text": words.minutes(day.minutes),
                "units": day.units,
                "counted": day.counted,
                "instead": [short.text for short in day.short],
            }
        )
    return rows


def plain(told: WhatIf) -> dict[str, Any]:
    """Everything, for programs. Minutes are whole; days are ISO dates."""
    week = told.week
    return {
        "person": told.person,
        "track": told.track,
        "rules": {"id": told.rules.id, "version": told.rules.version, "title": told.rules.title}
        | {"example": told.rules.example},
        "first": week.first.isoformat(),
        "last": week.last.isoformat(),
        "posted_min": told.posted_min,
        "minutes": week.minutes,
        "attended_min": week.attended_min,
        "possible_min": week.possible_min,
        "units": week.units,
        "floor": {"min": week.floor_min, "state": week.floor.value, "left_min": week.left_min},
        "ceiling": {"min": week.ceiling_min, "state": week.ceiling.value},
        "days": {"counted": week.counted_days, "possible": week.possible_days, "min": week.days_min}
        | {"state": week.days_floor.value},
        "gaps": [
            {"after": gap.after.isoformat(), "until": _iso(gap.until), "days": gap.days, "most": gap.most}
            for gap in week.gaps
        ],
        "next_due": _iso(week.next_due),
        "by_day": [
            {name: row[name] for name in ("day", "posted", "minutes", "units", "counted", "instead")}
            for row in day_rows(told)
        ],
        "sessions": [_session(share) for share in (*told.signed, *told.unsigned)],
        "planned": dict(told.planned),
        "in_words": sentences(told),
    }


def _session(share: Share) -> dict[str, Any]:
    return {
        "session": share.session,
        "day": share.day.isoformat(),
        "signed": share.posted_min is not None,
        "posted_min": share.posted_min,
        "minutes": share.minutes,
        "units": share.units,
        "over_group_cap": [
            {"segment": each.segment.id, "people": each.people, "most": each.most} for each in share.over
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
