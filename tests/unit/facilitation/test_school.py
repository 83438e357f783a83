"""School as constraints: from a family's wall clock to instants, and what a form may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from facilitation.errors import Refusal
from facilitation.school import (
    ACTIVITIES_MAX,
    Activity,
    Matter,
    School,
    SchoolHours,
    Span,
    busy,
    check_school,
    in_the_way,
)
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from tests.support.school import MONDAY, activity, instant, school

SUNDAY = MONDAY + timedelta(days=6)


def spans(one: School, first: date, last: date) -> list[str]:
    """As the teen's wall clock shows them."""
    zone = ZoneInfo(one.zone)
    return [
        " – ".join(
            f"{datetime.fromtimestamp(at / 1_000, UTC).astimezone(zone):%a %H:%M}" for at in (each.start, each.end)
        )
        for each in busy(one, first, last)
    ]


def test_school_takes_its_hours_on_its_weekdays() -> None:
    assert spans(school(days=(0, 2)), MONDAY, SUNDAY) == ["Mon 08:00 – Mon 15:00", "Wed 08:00 – Wed 15:00"]


def test_outside_the_terms_there_is_no_school_and_football_goes_on() -> None:
    one = replace(
        school(activities=[activity("Football", 1, "16:00", "17:30")]),
        terms=(Span(first=date(2026, 9, 1), last=MONDAY),),
    )
    assert spans(one, MONDAY, SUNDAY) == ["Mon 08:00 – Mon 15:00", "Tue 16:00 – Tue 17:30"]


def test_days_off_free_their_days_of_school_alone() -> None:
    off = replace(school(), days_off=(Span(first=MONDAY, last=MONDAY + timedelta(days=3)),))
    assert spans(off, MONDAY, SUNDAY) == ["Fri 08:00 – Fri 15:00"]


def test_an_exam_takes_its_whole_day() -> None:
    assert spans(school(days=(), exams=[MONDAY]), MONDAY, SUNDAY) == ["Mon 00:00 – Tue 00:00"]


def test_what_happens_once_happens_once() -> None:
    match = Activity(name="Match", day=MONDAY, start=time(18), end=time(20))
    once = busy(replace(school(days=()), activities=(match,)), MONDAY, SUNDAY)
    assert [each.reason.matter for each in once] == [Matter.ACTIVITY]
    assert not once[0].reason.weekly


@pytest.mark.parametrize(
    ("day", "length_h"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 2), 24)]
)
def test_an_exam_day_is_as_long_as_the_day_is(day: date, length_h: int) -> None:
    (exam,) = busy(school(days=(), exams=[day]), day, day)
    assert exam.end - exam.start == length_h * HOUR_MS


def test_school_begins_at_the_same_time_of_the_wall_clock_before_and_after_a_clock_change() -> None:
    friday, monday = date(2026, 10, 30), date(2026, 11, 2)
    before, after = (busy(school(), day, day)[0] for day in (friday, monday))
    assert after.start - before.start == 3 * 24 * HOUR_MS + HOUR_MS
    assert after.start == instant(monday, time(8))


def test_a_time_that_happens_twice_is_taken_both_times() -> None:
    night = replace(school(days=()), activities=(activity("Paper round", 6, "01:15", "01:45"),))
    (taken,) = busy(night, date(2026, 11, 1), date(2026, 11, 1))
    assert taken.end - taken.start == HOUR_MS + 30 * MINUTE_MS


def test_a_time_that_does_not_happen_is_taken_from_its_earlier_reading_to_its_later_one() -> None:
    night = replace(school(days=()), activities=(activity("Paper round", 6, "02:15", "02:45"),))
    (taken,) = busy(night, date(2026, 3, 8), date(2026, 3, 8))
    assert taken.end - taken.start == HOUR_MS + 30 * MINUTE_MS


def test_only_what_can_be_looked_at_is_looked_at() -> None:
    with pytest.raises(ValueError, match="no days"):
        busy(school(), SUNDAY, MONDAY)
    with pytest.raises(ValueError, match="no days"):
        busy(school(), MONDAY, MONDAY + timedelta(days=500))


@pytest.mark.parametrize(
    ("start", "end", "free"),
    [
        ("15:30", "17:00", True),
        ("15:29", "17:00", False),
        ("06:00", "07:30", True),
        ("06:00", "07:31", False),
        ("09:00", "10:00", False),
        ("05:00", "23:00", False),
    ],
)
def test_the_margin_is_kept_to_the_minute_on_both_sides(start: str, end: str, free: bool) -> None:
    taken = busy(school(), MONDAY, SUNDAY)
    at, until = (instant(MONDAY, time.fromisoformat(each)) for each in (start, end))
    assert (in_the_way(taken, at, until) == ()) == free


def test_an_exam_keeps_no_margin_from_the_evening_before() -> None:
    taken = busy(school(days=(), exams=[MONDAY]), MONDAY, SUNDAY)
    evening = instant(MONDAY - timedelta(days=1), time(22))
    assert in_the_way(taken, evening, Instant(evening + 2 * HOUR_MS)) == ()
    assert in_the_way(taken, evening, Instant(evening + 2 * HOUR_MS + 1)) != ()


# --------------------------------------------------------------- what a form may say


def test_what_is_kept_is_sorted_and_said_once() -> None:
    untidy = replace(
        school(days=(4, 0)),
        exams=(SUNDAY, MONDAY, MONDAY),
        activities=(replace(activity("Band", 0, "16:00", "17:00"), name="  Band   practice "),),
    )
    kept = check_school(untidy)
    assert [hours.weekday for hours in kept.hours] == ["monday", "friday"]
    assert kept.exams == (MONDAY, SUNDAY)
    assert kept.activities[0].name == "Band practice"
    assert check_school(kept) == kept


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (replace(school(), zone="Mars/Olympus"), "No such time zone"),
        (replace(school(), zone="../etc/passwd"), "No such time zone"),
        (replace(school(), margin_min=-1), "from 0 to 180"),
        (replace(school(), margin_min=181), "from 0 to 180"),
        (school(start="15:00", end="08:00"), "ends at 08:00, which is not after 15:00"),
        (school(start="15:00", end="15:00"), "not after"),
        (replace(school(), hours=(SchoolHours(weekday="Montag", start=time(8), end=time(9)),)), "weekday"),
        (replace(school(), hours=(SchoolHours(weekday="monday", start=time(8), end=time(9, tzinfo=UTC)),)), "zone"),
        (replace(school(), terms=(Span(first=SUNDAY, last=MONDAY),)), "ends before it begins"),
        (replace(school(), activities=(activity(" ", 1, "16:00", "17:00"),)), "fill in the activity"),
        (replace(school(), activities=(activity("x" * 61, 1, "16:00", "17:00"),)), "too long"),
        (replace(school(), activities=(activity("x\x00", 1, "16:00", "17:00"),)), "cannot be kept"),
        (replace(school(), activities=(Activity(name="x", start=time(8), end=time(9)),)), "a weekday or one day"),
        (
            replace(school(), activities=(replace(activity("x", 1, "16:00", "17:00"), day=MONDAY),)),
            "a weekday or one day",
        ),
        (
            replace(
                school(), activities=tuple(activity(f"{n}", 1, "16:00", "17:00") for n in range(ACTIVITIES_MAX + 1))
            ),
            "more than 30",
        ),
        (replace(school(), exams=tuple(MONDAY + timedelta(days=n) for n in range(61))), "more than 60"),
    ],
)
def test_rubbish_is_refused_in_words(wrong: School, says: str) -> None:
    with pytest.raises(Refusal) as refusal:
        check_school(wrong)
    assert says in refusal.value.text
