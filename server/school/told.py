"""What the finder found, in words and as small pictures of a week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from facilitation.finder import Change, ChangeKind, Explanation, Help, Meeting, Offer, Proposal, Wish
from facilitation.rules import WEEKDAYS
from facilitation.school import Matter, School
from facilitation.timebase import Instant
from server.web import words

FROM_H, TO_H = 7, 22
"""Hours of the day that a picture shows."""
SHORT: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def proposal(one: Proposal, wish: Wish, school: School) -> dict[str, Any]:
    """'Mon, Wed, Thu, 4:30 PM; 6 h 30 min a week.'"""
    starts = [_at(offer.meetings[0].start, wish.zone) for offer in one.offers]
    days = sorted({moment.weekday() for moment in starts})
    free = [day for day in range(5) if day not in days]
    sentences = [f"{words.minutes(one.minutes)} a week."]
    if free:
        sentences.append(f"First free weekday: {_weekday(free[0])}.")
    if one.late:
        sentences.append(
            "One evening ends after 8:30 PM." if one.late == 1 else f"{one.late} evenings end after 8:30 PM."
        )
    titles = {offer.id: offer for offer in one.offers}
    sentences += [_odd(each.first, each.out, each.added, each.minutes, each.reached, titles, wish)
                  for each in one.odd_weeks]  # fmt: skip
    return {
        "title": _times(starts),
        "groups": [
            {
                "day": words.weekday(moment.date()).split(",")[0],
                "time": words.span(offer.meetings[0].start, offer.meetings[0].end, school.zone),
                "group": offer.group,
                "seats": offer.seats_left,
            }
            for offer, moment in zip(one.offers, starts, strict=True)
        ],
        "sentences": sentences,
        "picture": picture(one.offers, school, wish),
    }


def _times(starts: Sequence[datetime]) -> str:
    """'Mon, Wed 4:30 PM; Thu 5:00 PM'."""
    by_time: dict[time, list[str]] = {}
    for moment in starts:
        by_time.setdefault(moment.time(), []).append(SHORT[moment.weekday()])
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
) -> str:
    week = words.days(first, first + timedelta(days=6))
    away = ", ".join(_weekday(offers[id].weekday) for id in out)
    instead = ", ".join(
        f"{words.weekday(_at(meeting.start, wish.zone).date())}, {words.clock_time(_at(meeting.start, wish.zone))}"
        for _, meeting in added
    )
    said = f"{week}: without {away}"
    said += f", and {instead} instead" if instead else ""
    return said + (f"; {words.minutes(minutes)}." if reached else f"; only {words.minutes(minutes)}, which is short.")


# --------------------------------------------------------------- why there is nothing


def explanation(one: Explanation, wish: Wish, school: School) -> dict[str, Any]:
    floor = wish.rules.week_floor_min.get(wish.track, 0)
    why = []
    if not one.enough:
        why.append("There are not enough groups on offer to reach the week’s hours, whatever is in the way.")
    if one.short_min:
        why.append(
            f"With what fits it is {words.minutes(one.best_min)} a week at most; the week asks for "
            f"{words.minutes(floor)}: {words.minutes(one.short_min)} more."
        )
    if one.short_days:
        why.append(f"{one.best_days} days of it count; the week asks for {one.best_days + one.short_days}.")
    if not why:
        why.append("What fits does not come together to a week that the rules allow.")
    return {
        "why": why,
        "helps": [help_words(each) | {"week": proposal(each.proposal, wish, school)} for each in one.helps],
        "nothing": not one.helps,
    }


def help_words(one: Help) -> dict[str, Any]:
    """'If Football on Tuesday ended 20 minutes earlier, a week fits.'"""
    return {"text": f"If {' and '.join(_change(change) for change in one.changes)}, a week fits."}


def _change(change: Change) -> str:
    minutes = words.minutes(change.minutes)
    reason = change.reason
    match change.kind:
        case ChangeKind.SEAT:
            return f"there were one more seat in {change.group}"
        case ChangeKind.MARGIN:
            return f"the time for the way and a rest were {minutes} shorter"
        case ChangeKind.ENDS_EARLIER:
            assert reason is not None
            return f"{_name(reason.matter, reason.name)} on {reason.weekday.capitalize()} ended {minutes} earlier"
        case ChangeKind.STARTS_LATER:
            assert reason is not None
            return f"{_name(reason.matter, reason.name)} on {reason.weekday.capitalize()} began {minutes} later"


def _name(matter: Matter, name: str) -> str:
    return "school" if matter is Matter.SCHOOL else name


# --------------------------------------------------------------- pictures


def picture(offers: Sequence[Offer], school: School, wish: Wish) -> dict[str, Any]:
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
        f"{_weekday(start.weekday())} {words.clock_time(start)}"
        for start in (_at(offer.meetings[0].start, wish.zone) for offer in offers)
    )
    return {"blocks": blocks, "text": f"A week with groups on {said}" if said else "The school week"}


def _block(day: int, start: time, end: time, kind: str) -> dict[str, Any]:
    top, bottom = (_share(at) for at in (start, end))
    return {"day": day, "y": round(top, 1), "height": round(max(2.0, bottom - top), 1), "kind": kind}


def _share(at: time) -> float:
    hours = min(max(at.hour + at.minute / 60, FROM_H), TO_H)
    return (hours - FROM_H) / (TO_H - FROM_H) * 100


def _at(instant: Instant, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(instant // 1_000, UTC).astimezone(zone)


def _weekday(day: int) -> str:
    return WEEKDAYS[day].capitalize()
