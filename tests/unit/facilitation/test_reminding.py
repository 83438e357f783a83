from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.reminding import IGNORED_MAX, Reminder, after, chosen, is_due
from facilitation.timebase import Instant

NINE = datetime(2026, 11, 24, 21, 5, tzinfo=UTC)
WANTED = chosen(Reminder(person=PersonId("p-1")), 21)


def at(when: datetime) -> Instant:
    return Instant(int(when.timestamp() * 1_000))


def lived(days: int, *, writes: bool) -> list[bool]:
    """Whether one went out, day by day."""
    reminder, sent, written_at = WANTED, [], Instant(0)
    for n in range(days):
        here = NINE + timedelta(days=n)
        due = is_due(reminder, here)
        if due:
            reminder = after(reminder, here, at(here), written_at=written_at)
        sent.append(due and not reminder.stopped)
        if writes:
            written_at = at(here + timedelta(hours=1))
    return sent


def test_one_goes_out_a_day_at_its_hour_and_none_at_another() -> None:
    assert not is_due(WANTED, NINE.replace(hour=20)) and is_due(WANTED, NINE)
    sent = after(WANTED, NINE, at(NINE), written_at=Instant(0))
    assert not is_due(sent, NINE + timedelta(minutes=30))
    assert is_due(sent, NINE + timedelta(days=1))


def test_one_that_a_server_was_away_for_comes_late_but_not_in_the_night() -> None:
    assert is_due(chosen(WANTED, 18), NINE.replace(hour=20)) and not is_due(chosen(WANTED, 18), NINE)


def test_they_go_on_for_as_long_as_they_are_used() -> None:
    assert lived(10, writes=True) == [True] * 10


def test_they_stop_by_themselves_after_three_that_nobody_answered() -> None:
    assert lived(10, writes=False) == [True] * IGNORED_MAX + [False] * (10 - IGNORED_MAX)


def test_who_wants_none_gets_none_and_who_chooses_again_starts_anew() -> None:
    assert not is_due(chosen(WANTED, None), NINE)
    again = chosen(Reminder(person=PersonId("p-1"), stopped=True), 21)
    assert (again.hour, again.stopped, again.ignored) == (21, False, 0)
    for hour in (24, -1):
        with pytest.raises(Refusal):
            chosen(WANTED, hour)
