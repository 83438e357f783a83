from __future__ import annotations

from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.guardianship import TOLD_FOR_MS, Care, Guardianship, ended, left_out, resumed
from facilitation.ids import PersonId
from facilitation.schedule import instant_of
from facilitation.timebase import HOUR_MS, Instant

GUARDIANSHIP = Guardianship(
    guardian=PersonId("p-gray"),
    teen=PersonId("p-ash"),
    since=Instant(10),
    until=Instant(20),
    may=frozenset({Care.SCHEDULE}),
)


def test_it_holds_from_its_first_moment_up_to_its_end() -> None:
    assert [GUARDIANSHIP.holds(Instant(at)) for at in (9, 10, 19, 20)] == [False, True, True, False]


def test_what_was_not_allowed_is_not_allowed_while_it_holds() -> None:
    assert GUARDIANSHIP.allows(Care.SCHEDULE, Instant(15))
    assert not GUARDIANSHIP.allows(Care.HOURS, Instant(15))
    assert not GUARDIANSHIP.allows(Care.SCHEDULE, Instant(25))


def test_without_an_end_it_goes_on() -> None:
    assert Guardianship(guardian=PersonId("p-gray"), teen=PersonId("p-ash"), since=Instant(0)).holds(Instant(10**15))


ZONE = "America/Los_Angeles"
NOON = instant_of(date(2026, 11, 30), time(12), zone_of(ZONE))
CARE = Guardianship(guardian=PersonId("p-gray"), teen=PersonId("p-ash"), since=Instant(NOON - 400 * 24 * HOUR_MS))


def test_an_end_today_is_now_and_an_end_to_come_is_a_midnight_where_the_teen_lives() -> None:
    today = ended(CARE, date(2026, 11, 30), "Custody", zone=ZONE, now=NOON)
    assert (today.until, today.why) == (NOON, "Custody") and today.over(NOON) and not today.holds(NOON)
    later = ended(CARE, date(2026, 12, 5), "Custody", zone=ZONE, now=NOON)
    midnight = instant_of(date(2026, 12, 5), time(), zone_of(ZONE))
    assert later.holds(Instant(midnight - 1)) and not later.holds(midnight)
    before = ended(CARE, date(2026, 11, 1), "Custody", zone=ZONE, now=NOON)
    assert before.until == instant_of(date(2026, 11, 1), time(), zone_of(ZONE)) and before.over(NOON)


@given(ahead=st.integers(-399, 366))
def test_on_whatever_day_it_ends_it_never_holds_from_that_day_on(ahead: int) -> None:
    day = date.fromordinal(date(2026, 11, 30).toordinal() + ahead)
    care = ended(CARE, day, "Custody", zone=ZONE, now=NOON)
    assert care.until is not None and not care.holds(Instant(max(care.until, NOON)))
    assert resumed(care) == CARE


@pytest.mark.parametrize(("day", "why"), [("2026-11-30", ""), ("2025-01-01", "Custody"), ("2028-01-01", "Custody")])
def test_an_end_needs_a_reason_and_a_day_on_which_something_can_end(day: str, why: str) -> None:
    with pytest.raises(Refusal):
        ended(CARE, date.fromisoformat(day), why, zone=ZONE, now=NOON)


def test_it_is_told_for_two_months() -> None:
    care = replace(CARE, until=NOON)
    told = [care.over_lately(Instant(at)) for at in (NOON - 1, NOON, NOON + TOLD_FOR_MS - 1, NOON + TOLD_FOR_MS)]
    assert told == [False, True, True, False]


def test_who_answers_for_another_teen_there_or_never_was_a_guardian_comes_all_the_same() -> None:
    over, holds = replace(CARE, until=NOON), replace(CARE, teen=PersonId("p-bay"))
    gray, ash, bay = CARE.guardian, CARE.teen, PersonId("p-bay")
    assert left_out(gray, [ash], [over, holds], NOON)
    assert not left_out(gray, [ash, bay], [over, holds], NOON)
    assert not left_out(gray, [ash], [over], Instant(NOON - 1))
    assert not left_out(PersonId("p-aunt"), [ash], [over, holds], NOON)
