"""Times and minutes as people read them."""

from __future__ import annotations

from datetime import date

import pytest

from facilitation.timebase import HOUR_MS, Instant
from server.web import words

SIX_PM_NEW_YORK = Instant(1_795_561_200_000)  # 2026-11-24T23:00Z


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 min"), (12, "12 min"), (60, "1 h"), (171, "2 h 51 min"), (540, "9 h"), (-5, "−5 min"), (-65, "−1 h 5 min")],
)
def test_minutes_are_said_in_hours_and_minutes(count: int, text: str) -> None:
    assert words.minutes(count) == text


def test_a_span_stands_on_the_clock_of_its_zone() -> None:
    end = Instant(SIX_PM_NEW_YORK + 3 * HOUR_MS)
    assert words.span(SIX_PM_NEW_YORK, end, "America/New_York") == "6:00 PM – 9:00 PM"
    assert words.span(SIX_PM_NEW_YORK, end, "America/Los_Angeles") == "3:00 PM – 6:00 PM"


def test_midnight_and_noon_are_twelve() -> None:
    assert words.clock_time(words.local(0, "UTC")) == "12:00 AM"
    assert words.clock_time(words.local(12 * HOUR_MS, "UTC")) == "12:00 PM"


def test_days_within_one_month_name_it_once() -> None:
    assert words.days(date(2026, 11, 9), date(2026, 11, 15)) == "November 9 – 15"
    assert words.days(date(2026, 11, 30), date(2026, 12, 6)) == "November 30 – December 6"


def test_a_moment_has_its_day_and_time() -> None:
    assert words.moment(SIX_PM_NEW_YORK, "America/New_York") == "November 24, 6:00 PM"
    assert words.weekday(date(2026, 11, 24)) == "Tuesday, November 24"
