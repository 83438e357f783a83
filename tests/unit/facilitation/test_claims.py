"""Claim-ready rows, held against tables worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from facilitation.claims import Attended, Payer, check_payer, rows
from facilitation.errors import Refusal
from server.catalog import load_catalog

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
PAYERS = load_catalog().payers


def there(minutes: int, *, day: date = MONDAY, number: int = 1) -> Attended:
    return Attended(session=f"s-{number}", number=number, day=day, minutes=minutes, rules="exact 1")


def billed(payer: str, track: str, *attended: Attended) -> list[tuple[str, int, int]]:
    return [(row.code, row.units, row.minutes) for row in rows(PAYERS[payer], track, attended)]


def test_a_day_of_three_hours_is_a_day_and_one_below_is_its_sessions() -> None:
    assert billed("example-sud-day", "adult", there(180)) == [("H0015", 1, 180)]
    assert billed("example-sud-day", "adult", there(90), there(90, number=2)) == [("H0015", 1, 180)]
    assert billed("example-sud-day", "adult", there(179)) == [("90853", 1, 179)]
    assert billed("example-sud-day", "adult", there(60), there(44, number=2)) == [("90853", 1, 60)]


def test_a_teens_day_needs_two_hours() -> None:
    assert billed("example-sud-day", "teen", there(120)) == [("H0015", 1, 120)]
    assert billed("example-sud-day", "teen", there(119)) == [("90853", 1, 119)]


@pytest.mark.parametrize(("minutes", "units"), [(7, None), (8, 1), (22, 1), (23, 2), (37, 2), (38, 3), (180, 12)])
def test_quarter_hours_by_the_eight_minute_rule(minutes: int, units: int | None) -> None:
    wanted = [("", 0, minutes)] if units is None else [("H0004", units, minutes)]
    assert billed("example-quarter-hours", "adult", there(minutes)) == wanted


def test_a_day_that_no_line_fits_is_a_row_that_says_so_and_an_empty_day_is_none() -> None:
    [row] = rows(PAYERS["example-psychiatric-day"], "adult", [there(100), there(0, day=TUESDAY, number=2)])
    assert (row.code, row.units, row.day) == ("", 0, MONDAY)
    assert "100 min" in row.basis


def test_days_come_in_order_and_name_their_sessions_and_entries() -> None:
    found = rows(PAYERS["example-sud-day"], "adult", [there(180, day=TUESDAY, number=2), there(200)])
    assert [(row.day, row.sessions, row.entries) for row in found] == [
        (MONDAY, ("s-1",), (1,)),
        (TUESDAY, ("s-2",), (2,)),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"place_of_service": "11"},
        {"service": ()},
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_words(changed: dict[str, Any]) -> None:
    payer: Payer = replace(PAYERS["example-sud-day"], **changed)
    with pytest.raises(Refusal, match="payer's table"):
        check_payer(payer)


@pytest.mark.parametrize(
    "changed",
    [{"code": " "}, {"rounding": "exact"}, {"unit_min": 1}, {"from_min": {"elder": 1}}, {"from_min": {"teen": -1}}],
)
def test_a_line_that_makes_no_sense_is_refused_in_words(changed: dict[str, Any]) -> None:
    payer = PAYERS["example-sud-day"]
    with pytest.raises(Refusal, match="payer's table"):
        check_payer(replace(payer, service=(replace(payer.service[0], **changed),)))
