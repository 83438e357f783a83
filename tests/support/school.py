"""Made-up school weeks and weekly groups for the finder, and a naive second opinion on what fits.

The second opinion shares no code with `facilitation.finder` or `facilitation.school`: it compares times on the wall
clock, tries every subset, and asks `weeks.week` what a week comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from facilitation.finder import Meeting, Offer, Wish
from facilitation.ids import PersonId, SessionId
from facilitation.rules import WEEKDAYS, RuleSet
from facilitation.school import Activity, School, SchoolHours, busy
from facilitation.timebase import MINUTE_MS, Instant
from facilitation.weeks import Reach, Room, Visit, week

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 11, 16)
ROBIN = PersonId("p-robin")
TYPED = {
    "zone": "America/New_York",
    "margin": "30",
    **{f"hours_{day}_start": "08:00" for day in WEEKDAYS[:5]},
    **{f"hours_{day}_end": "15:00" for day in WEEKDAYS[:5]},
}
"""What the form of a school week sends: from eight to three on five days."""
SIX_HOURS = RuleSet(
    id="six",
    version="1",
    title="Six hours a week",
    source="",
    uncounted=("break",),
    rounding="floor_minute",
    server_gap_credit_ms_max=0,
    week_floor_min={"teen": 360},
)


def instant(day: date, at: time, zone: ZoneInfo = NEW_YORK) -> Instant:
    return Instant(int(datetime.combine(day, at, zone).timestamp()) * 1_000)


def weekly(
    cohort: str,
    weekday: int,
    start: str,
    minutes: int = 120,
    *,
    weeks: int = 2,
    seats: int = 4,
    first: date = MONDAY,
    zone: ZoneInfo = NEW_YORK,
) -> Offer:
    """A weekly group that counts for all of its `minutes`."""
    begin = time.fromisoformat(start)
    meetings = []
    for number in range(weeks):
        day = first + timedelta(days=7 * number + weekday)
        at = instant(day, begin, zone)
        meetings.append(
            Meeting(
                session=SessionId(f"s-{cohort}-{day}"),
                day=day,
                start=at,
                end=Instant(at + minutes * MINUTE_MS),
                seats_left=seats,
            )
        )
    return Offer(
        id=f"{cohort}/{weekday}/{start}",
        cohort=cohort,
        group=f"Group {cohort}",
        weekday=weekday,
        counted_ms=minutes * MINUTE_MS,
        seats_left=seats,
        meetings=tuple(meetings),
    )


def school(
    *,
    days: Iterable[int] = range(5),
    start: str = "08:00",
    end: str = "15:00",
    activities: Sequence[Activity] = (),
    exams: Sequence[date] = (),
    margin_min: int = 30,
    zone: str = "America/New_York",
) -> School:
    return School(
        person=ROBIN,
        zone=zone,
        hours=tuple(
            SchoolHours(weekday=WEEKDAYS[day], start=time.fromisoformat(start), end=time.fromisoformat(end))
            for day in days
        ),
        exams=tuple(exams),
        activities=tuple(activities),
        margin_min=margin_min,
    )


def activity(name: str, weekday: int, start: str, end: str) -> Activity:
    return Activity(name=name, weekday=WEEKDAYS[weekday], start=time.fromisoformat(start), end=time.fromisoformat(end))


def wish(
    one: School, *, rules: RuleSet = SIX_HOURS, weeks: int = 2, first: date = MONDAY, stay: Iterable[str] = ()
) -> Wish:
    last = first + timedelta(days=7 * weeks - 1)
    return Wish(
        track="teen",
        rules=rules,
        zone=ZoneInfo(one.zone),
        busy=busy(one, first - timedelta(days=1), last + timedelta(days=1)),
        first=first,
        last=last,
        stay=frozenset(stay),
    )


# --------------------------------------------------------------- the second opinion


def is_free(one: School, meeting: Meeting, *, weekly_only: bool) -> bool:
    """On the wall clock: whether it lies beside everything of these days, widened by the margin."""
    zone = ZoneInfo(one.zone)
    start = datetime.fromtimestamp(meeting.start / 1_000, UTC).astimezone(zone).replace(tzinfo=None)
    end = datetime.fromtimestamp(meeting.end / 1_000, UTC).astimezone(zone).replace(tzinfo=None)
    margin = timedelta(minutes=one.margin_min)
    for number in (-1, 0, 1):
        day = start.date() + timedelta(days=number)
        taken: list[tuple[datetime, datetime]] = []
        off = any(span.first <= day <= span.last for span in one.days_off)
        if not off and (not one.terms or any(term.first <= day <= term.last for term in one.terms)):
            taken += [
                (datetime.combine(day, hours.start) - margin, datetime.combine(day, hours.end) + margin)
                for hours in one.hours
                if WEEKDAYS.index(hours.weekday) == day.weekday()
            ]
        taken += [
            (datetime.combine(day, each.start) - margin, datetime.combine(day, each.end) + margin)
            for each in one.activities
            if (each.weekday and WEEKDAYS.index(each.weekday) == day.weekday()) or (not weekly_only and each.day == day)
        ]
        if day in one.exams and not weekly_only:
            taken.append((datetime.combine(day, time.min), datetime.combine(day + timedelta(days=1), time.min)))
        if any(begin < end and start < finish for begin, finish in taken):
            return False
    return True


def reaches(rules: RuleSet, meetings: Iterable[tuple[date, int]], first: date, *, alone: bool = False) -> bool:
    """What `weeks.week` says of these; the gap rule by living the same week over and over."""
    meetings = list(meetings)
    visits = [Visit(day=day, counted_ms=ms) for day, ms in meetings]
    told = week(rules, "teen", first, visits, today=first + timedelta(days=6))
    good = (
        told.floor in (Reach.NONE, Reach.REACHED)
        and told.days_floor in (Reach.NONE, Reach.REACHED)
        and told.ceiling is not Room.EXCEEDED
    )
    if alone or rules.gap_days_max is None or not good:
        return good
    often = [
        Visit(day=day + timedelta(days=7 * number), counted_ms=ms) for number in (-1, 0, 1) for day, ms in meetings
    ]
    around = week(rules, "teen", first, often, today=first + timedelta(days=6))
    return bool(told.counted_days) and not around.gaps


def patterns(one: School, rules: RuleSet, offers: Sequence[Offer]) -> Iterator[frozenset[str]]:
    """Every set of offers that fits and reaches the floor, small ones first."""
    fitting = [
        offer
        for offer in offers
        if offer.seats_left > 0 and all(is_free(one, meeting, weekly_only=True) for meeting in offer.meetings)
    ]
    for count in range(1, 8):
        for some in combinations(fitting, count):
            if len({offer.weekday for offer in some}) == count and reaches(
                rules, [(offer.meetings[0].day, offer.counted_ms) for offer in some], MONDAY
            ):
                yield frozenset(offer.id for offer in some)


def any_fits(one: School, rules: RuleSet, offers: Sequence[Offer]) -> bool:
    return next(patterns(one, rules, offers), None) is not None
