"""What a rule set makes of a week, in sentences and as plain values: for the command and for the page."""

from __future__ import annotations

from datetime import date
from typing import Any

from facilitation.crediting import OverCap
from facilitation.rules import RuleSet
from facilitation.sentences import marked
from facilitation.weeks import Gap, Reach, Room, Week
from server.projections.what_if import Share, WhatIf
from server.web.words import IN_ENGLISH, Words

NOTHING_CHANGES = marked(
    "A what-if: nothing is changed by looking. Posted entries keep the rule set they were made with."
)


def title(rules: RuleSet, words: Words) -> str:
    named = {"title": words.of(rules.title), "version": rules.version}
    if rules.example:
        return words("{title} (version {version}) · example, to be checked by the clinic", **named)
    return words("{title} (version {version})", **named)


def range_of(week: Week, words: Words) -> str:
    """'Sunday, November 15 – Saturday, November 21'."""
    return f"{words.weekday(week.first)} – {words.weekday(week.last)}"


def sentences(told: WhatIf, words: Words) -> list[str]:
    """All that is to be said of the week, the most important first."""
    week = told.week
    lines = [_floor(week, bool(told.planned or told.unsigned), words), _short(week, words), _days(week, words)]
    lines.append(_ceiling(week, words))
    if week.units is not None:
        lines.append(
            words.many("{n} unit of {min} min.", "{n} units of {min} min.", week.units, min=told.rules.unit_min)
        )
    lines += [gap(each, words) for each in week.gaps]
    if week.next_due is not None and told.today <= week.next_due <= week.last:
        lines.append(words("The next counted day is due by {day}.", day=words.weekday(week.next_due)))
    if told.unsigned:
        left = words.minutes(sum(share.minutes for share in told.unsigned))
        lines.append(
            words.many(
                "{n} session not signed yet: {time} more.",
                "{n} sessions not signed yet: {time} more.",
                len(told.unsigned),
                time=left,
            )
        )
    if told.planned:
        left = words.minutes(sum(told.planned.values()))
        lines.append(
            words.many(
                "{n} session still to come: {time}.",
                "{n} sessions still to come: {time}.",
                len(told.planned),
                time=left,
            )
        )
    lines += [_over(share.day, each, words) for share in (*told.signed, *told.unsigned) for each in share.over]
    return [line for line in lines if line]


def floor_word(week: Week) -> str:
    """'reached', 'reachable', 'missed' or, where there is no floor, '–'."""
    return "–" if week.floor is Reach.NONE else week.floor.value


def _floor(week: Week, more: bool, words: Words) -> str:
    told = {
        "time": words.minutes(week.minutes),
        "floor": words.minutes(week.floor_min),
        "left": words.minutes(week.left_min),
        "possible": words.minutes(week.possible_min),
    }
    match week.floor:
        case Reach.NONE:
            return words("{time}. This rule has no weekly floor.", **told)
        case Reach.REACHED:
            return words("{time} of {floor}: reached.", **told)
        case Reach.REACHABLE:
            return words("{time} of {floor}, {left} to go: reachable, for it can still become {possible}.", **told)
        case Reach.MISSED if more:
            return words(
                "{time} of {floor}, {left} short: not reachable, for it can become {possible} at most.", **told
            )
        case Reach.MISSED:
            return words("{time} of {floor}, {left} short: missed.", **told)


def _short(week: Week, words: Words) -> str:
    apart = week.attended_min - week.minutes
    return words("{time} of days below the threshold do not count.", time=words.minutes(apart)) if apart else ""


def _days(week: Week, words: Words) -> str:
    if week.days_floor is Reach.NONE:
        return ""
    there = words.many(
        "{there} of {n} counted day", "{there} of {n} counted days", week.days_min, there=week.counted_days
    )
    match week.days_floor:
        case Reach.REACHED:
            return words("{days}: reached.", days=there)
        case Reach.REACHABLE:
            return words(
                "{days}: reachable, for there can still be {possible}.", days=there, possible=week.possible_days
            )
        case _:
            return words("{days}: missed.", days=there)


def _ceiling(week: Week, words: Words) -> str:
    most = words.minutes(week.ceiling_min)
    match week.ceiling:
        case Room.NONE | Room.WITHIN:
            return ""
        case Room.WOULD_EXCEED:
            possible = words.minutes(week.possible_min)
            return words(
                "With what is planned it would be {time}, over the ceiling of {most}.", time=possible, most=most
            )
        case Room.EXCEEDED:
            return words("Over the ceiling of {time}.", time=most)


def gap(gap: Gap, words: Words) -> str:
    told = {"n": gap.days, "after": words.weekday(gap.after), "most": gap.most}
    if gap.until is None:
        return words(
            "{n} days without a counted one after {after}, and it goes on; at most {most} are allowed.", **told
        )
    until = words.weekday(gap.until)
    return words(
        "{n} days without a counted one after {after}, up to {until}; at most {most} are allowed.", until=until, **told
    )


def _over(day: date, cap: OverCap, words: Words) -> str:
    return words(
        "{day}, {part}: {n} participants, at most {most} by this rule.",
        day=words.weekday(day),
        part=words.of(cap.segment.title),
        n=cap.people,
        most=cap.most,
    )


# --------------------------------------------------------------- as plain values


def day_rows(told: WhatIf, words: Words) -> list[dict[str, Any]]:
    """A row for each day with a signed session: what is posted, and what it would be."""
    rows = []
    for day in told.week.days:
        shares = [share for share in told.signed if share.day == day.day]
        posted = sum(share.posted_min or 0 for share in shares)
        rows.append(
            {
                "day": day.day.isoformat(),
                "date": words.weekday(day.day),
                "short": words.day_short(day.day),
                "posted": posted,
                "posted_text": words.minutes(posted),
                "minutes": day.minutes,
                "minutes_text": words.minutes(day.minutes),
                "units": day.units,
                "counted": day.counted,
                "instead": [words.of(short.text) for short in day.short],
            }
        )
    return rows


def plain(told: WhatIf) -> dict[str, Any]:
    """Everything, for programs, in English. Minutes are whole; days are ISO dates."""
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
            for row in day_rows(told, IN_ENGLISH)
        ],
        "sessions": [_session(share) for share in (*told.signed, *told.unsigned)],
        "planned": dict(told.planned),
        "in_words": sentences(told, IN_ENGLISH),
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
