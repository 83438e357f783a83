"""The clinic's figures, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import Instant
from server.books.overview import Course, course, overview
from server.progress import Progress, Writing
from server.store.clinic import ScheduledSession

MONDAY = date(2026, 11, 2)
NOON = 1_793_620_800_000
"""2026-11-02T12:00:00Z, a Monday."""
DAY = 86_400_000
NAMES = ("a", "b", "c", "d", "e", "f")


def held(
    day: int, *, came: str, roster: str = "abcdef", **figures: tuple[int, int]
) -> tuple[ScheduledSession, Progress]:
    """A session `day` days after that Monday. `figures`: mood before and after, by person."""
    starts = Instant(NOON + day * DAY)
    people = [PersonId(name) for name in roster]
    scheduled = ScheduledSession(
        session=SessionId(f"s-{day}"),
        clinic=ClinicId("demo"),
        title="Group",
        zone="UTC",
        starts_at=starts,
        plan_id="adult",
        rules_id="exact",
        roster=tuple(Expected(person=each, role=Role.PARTICIPANT, name=each) for each in people),
    )
    progress = Progress(
        seq=1,
        started_at=starts,
        ended_at=Instant(starts + 3_600_000),
        names={PersonId(each): each for each in people},
        writing={PersonId(name): Writing(came=True) for name in came},
        figures={
            PersonId(name): {"check-in/mood": before, "wrap-up/mood": after}
            for name, (before, after) in figures.items()
        },
    )
    return scheduled, progress


def seen(*sessions: tuple[ScheduledSession, Progress], day: int = 13, weeks: int = 4) -> Any:
    today = date.fromordinal(MONDAY.toordinal() + day)
    return overview(sessions, {}, today=today, weeks=weeks, now=Instant(NOON + day * DAY))


def test_a_weeks_rate_is_of_the_seats_of_sessions_that_were_held() -> None:
    told = seen(held(0, came="abcd"), held(2, came="abcdef"), held(8, came="ab"))
    rates = {week.first: (week.sessions, week.came, week.asked) for week in told.weeks}
    assert rates[MONDAY] == (2, 10, 12)
    assert rates[date(2026, 11, 9)] == (1, 2, 6)
    assert rates[date(2026, 10, 19)] == (0, 0, 0)
    assert next(week.rate for week in told.weeks if not week.sessions) is None


def test_a_session_that_has_not_ended_counts_for_nothing() -> None:
    scheduled, progress = held(0, came="abc")
    running = Progress(seq=1, started_at=progress.started_at, names=progress.names)
    assert seen((scheduled, running)).visits == ()


@pytest.mark.parametrize(
    ("came", "days_ago", "wanted"),
    [
        ([True, True], 0, Course.BEGINNING),
        ([True, False], 2, Course.MISSED_EARLY),
        ([True, False, True], 0, Course.MISSED_EARLY),
        ([True, True], 15, Course.GONE),
        ([True, True], 14, Course.BEGINNING),
        ([True] * 5, 30, Course.STAYING),
        ([True, False, True, True, True, True], 0, Course.STAYING),
    ],
)
def test_who_misses_one_before_the_fifth_visit_is_told_of(came: list[bool], days_ago: int, wanted: Course) -> None:
    today = date(2026, 11, 30)
    assert course(came, date.fromordinal(today.toordinal() - days_ago), today) is wanted


def test_who_never_came_missed_early() -> None:
    assert course([False], None, date(2026, 11, 30)) is Course.MISSED_EARLY


def test_those_who_need_somebody_come_first_and_the_fifth_visit_is_counted() -> None:
    told = seen(*(held(day, came="abcde" if day else "abcd", roster="abcdef") for day in (0, 1, 2, 3, 7)))
    assert [(each.person, each.count) for each in told.visits] == [
        ("e", 4), ("f", 0), ("a", 5), ("b", 5), ("c", 5), ("d", 5),
    ]  # fmt: skip
    assert (told.begun, told.reached_fifth) == (5, 4)


def test_a_mean_is_of_five_people_or_more_and_never_of_fewer() -> None:
    five = dict.fromkeys("abcd", (4, 6)) | {"e": (9, 6)}
    [mood, *_] = seen(held(0, came="abcde", **five), held(8, came="abcd", **dict.fromkeys("abcd", (4, 6)))).outcomes
    by_week = {week.first: week for week in mood.weeks}
    assert (by_week[MONDAY].before, by_week[MONDAY].after, by_week[MONDAY].answers) == (5.0, 6.0, 5)
    assert (by_week[date(2026, 11, 9)].before, by_week[date(2026, 11, 9)].answers) == (None, 4)
