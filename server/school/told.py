"""What the finder found, in words and as small pictures of a week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from facilitation.finder import Change, ChangeKind, Explanation, Help, Meeting, Offer, Proposal, Wish
from facilitation.rules import WEEKDAYS
from facilitation.school import Matter, Reason, School
from facilitation.timebase import Instant
from server.web.words import Words, marked

FROM_H, TO_H = 7, 22
"""Hours of the day that a picture shows."""


def proposal(one: Proposal, wish: Wish, school: School, words: Words) -> dict[str, Any]:
    """'Mon, Wed, Thu, 4:30 PM; 6 h 30 min a week.'"""
    starts = [_at(offer.meetings[0].start, wish.zone) for offer in one.offers]
    days = sorted({moment.weekday() for moment in starts})
    free = [day for day in range(5) if day not in days]
    sentences = [words("{minutes} a week.", minutes=words.minutes(one.minutes))]
    if free:
        sentences.append(words("First free weekday: {day}.", day=words.day_within(free[0])))
    if one.late:
        sentences.append(
            words("One evening ends after 8:30 PM.")
            if one.late == 1
            else words("{n} evenings end after 8:30 PM.", n=one.late)
        )
    titles = {offer.id: offer for offer in one.offers}
    sentences += [_odd(each.first, each.out, each.added, each.minutes, each.reached, titles, wish, words)
                  for each in one.odd_weeks]  # fmt: skip
    return {
        "title": _times(starts, words),
        "groups": [
            {
                "day": words.day_name(moment.weekday()),
                "time": words.span(offer.meetings[0].start, offer.meetings[0].end, school.zone),
                "group": offer.group,
                "seats": offer.seats_left,
            }
            for offer, moment in zip(one.offers, starts, strict=True)
        ],
        "sentences": sentences,
        "picture": picture(one.offers, school, wish, words),
    }


def _times(starts: Sequence[datetime], words: Words) -> str:
    """'Mon, Wed 4:30 PM; Thu 5:00 PM'."""
    by_time: dict[time, list[str]] = {}
    for moment in starts:
        by_time.setdefault(moment.time(), []).append(words.weekday_short(moment))
    return "; ".join(
        f"{', '.join(days)} {words.clock_time(datetime.combine(date.min, at))}" for at, days in by_time.items()
    )


def _odd(
    first: date,
    out: Sequence[str],
    added: Sequence[tuple[str, Meeting]],
    minutes: int,
    reached: bool,
    offers: Mapping[str, Offer],
    wish: Wish,
    words: Words,
) -> str:
    week, comes_to = words.days(first, first + timedelta(days=6)), words.minutes(minutes)
    away = ", ".join(words.day_within(offers[id].weekday) for id in out)
    instead = ", ".join(
        f"{words.weekday(_at(meeting.start, wish.zone).date())}, {words.clock_time(_at(meeting.start, wish.zone))}"
        for _, meeting in added
    )
    if instead and reached:
        message = marked("{week}: without {away}, and {instead} instead; {minutes}.")
    elif instead:
        message = marked("{week}: without {away}, and {instead} instead; only {minutes}, which is short.")
    elif reached:
        message = marked("{week}: without {away}; {minutes}.")
    else:
        message = marked("{week}: without {away}; only {minutes}, which is short.")
    return words(message, week=week, away=away, instead=instead, minutes=comes_to)


# --------------------------------------------------------------- why there is nothing


def explanation(one: Explanation, wish: Wish, school: School, words: Words) -> dict[str, Any]:
    floor = wish.rules.week_floor_min.get(wish.track, 0)
    why = []
    if not one.enough:
        why.append(words("There are not enough groups on offer to reach the week’s hours, whatever is in the way."))
    if one.short_min:
        why.append(
            words(
                "With what fits it is {best} a week at most; the week asks for {floor}: {short} more.",
                best=words.minutes(one.best_min),
                floor=words.minutes(floor),
                short=words.minutes(one.short_min),
            )
        )
    if one.short_days:
        why.append(
            words(
                "{days} days of it count; the week asks for {needed}.",
                days=one.best_days,
                needed=one.best_days + one.short_days,
            )
        )
    if not why:
        why.append(words("What fits does not come together to a week that the rules allow."))
    return {
        "why": why,
        "helps": [
            help_words(each, words) | {"week": proposal(each.proposal, wish, school, words)} for each in one.helps
        ],
        "nothing": not one.helps,
    }


def help_words(one: Help, words: Words) -> dict[str, Any]:
    """'If Football on Tuesday ended 20 minutes earlier, a week fits.'"""
    return {"text": changes_words(one.changes, words), "changes": len(one.changes)}


def changes_words(changes: Iterable[Change], words: Words) -> str:
    return words("If {changes}, a week fits.", changes=words.listed([_change(each, words) for each in changes]))


def _change(change: Change, words: Words) -> str:
    minutes = words.minutes(change.minutes)
    reason = change.reason
    match change.kind:
        case ChangeKind.SEAT:
            return words("there were one more seat in {group}", group=change.group)
        case ChangeKind.MARGIN:
            return words("the time for the way and a rest were {minutes} shorter", minutes=minutes)
        case ChangeKind.ENDS_EARLIER:
            assert reason is not None
            message = marked("{name} on {day} ended {minutes} earlier")
            if reason.matter is Matter.SCHOOL:
                message = marked("school on {day} ended {minutes} earlier")
            return words(message, name=reason.name, day=_day(reason, words), minutes=minutes)
        case ChangeKind.STARTS_LATER:
            assert reason is not None
            message = marked("{name} on {day} began {minutes} later")
            if reason.matter is Matter.SCHOOL:
                message = marked("school on {day} began {minutes} later")
            return words(message, name=reason.name, day=_day(reason, words), minutes=minutes)


def _day(reason: Reason, words: Words) -> str:
    return words.day_within(WEEKDAYS.index(reason.weekday))


# --------------------------------------------------------------- pictures


def picture(offers: Sequence[Offer], school: School, wish: Wish, words: Words) -> dict[str, Any]:
    """Seven columns, from 7 in the morning to 10 at night, in percent: school, activities, groups; and in words."""
    blocks = []
    for hours in school.hours:
        blocks.append(_block(WEEKDAYS.index(hours.weekday), hours.start, hours.end, "school"))
    for activity in school.activities:
        if activity.weekday:
            blocks.append(_block(WEEKDAYS.index(activity.weekday), activity.start, activity.end, "activity-block"))
    for offer in offers:
        start, end = (_at(at, wish.zone) for at in (offer.meetings[0].start, offer.meetings[0].end))
        blocks.append(_block(start.weekday(), start.time(), end.time(), "group"))
    said = ", ".join(
        f"{words.day_within(start.weekday())} {words.clock_time(start)}"
        for start in (_at(offer.meetings[0].start, wish.zone) for offer in offers)
    )
    text = words("A week with groups on {days}", days=said) if said else words("The school week")
    return {"blocks": blocks, "text": text}


def _block(day: int, start: time, end: time, kind: str) -> dict[str, Any]:
    top, bottom = (_share(at) for at in (start, end))
    return {"day": day, "y": round(top, 1), "height": round(max(2.0, bottom - top), 1), "kind": kind}


def _share(at: time) -> float:
    hours = min(max(at.hour + at.minute / 60, FROM_H), TO_H)
    return (hours - FROM_H) / (TO_H - FROM_H) * 100


def _at(instant: Instant, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(instant // 1_000, UTC).astimezone(zone)
