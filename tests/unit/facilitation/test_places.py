"""Who answers an emergency where somebody is, and what is remembered of an arrival."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.places import (
    CHECK_DAYS,
    KEEP_MS,
    LocalHelp,
    Remembered,
    check_help,
    check_remembered,
    lines_for,
    phone,
)
from facilitation.timebase import Instant

TODAY = date(2026, 11, 24)


def kept(state: str, area: str, dispatch: str) -> LocalHelp:
    return LocalHelp(
        help=f"h-{area or state}",
        state=state,
        area=area,
        dispatch=dispatch,
        source="The county’s office",
        checked=TODAY,
    )


SHELF = [kept("OH", "", "202-555-0100"), kept("OH", "Franklin", "(202) 555-0101"), kept("PA", "", "202-555-0102")]
ROBIN = Remembered(
    person=PersonId("p-robin"),
    name="Robin",
    location="12 Sample Street, Exampleton",
    state="OH",
    callback="555-0110",
    contact_name="Pat",
    contact_phone="555-0111",
    at=Instant(0),
)


def test_the_number_of_the_county_that_the_address_names_comes_first() -> None:
    found = lines_for(SHELF, "OH", "12 Sample Street, Franklin County", TODAY)
    assert [(each.phone, each.name) for each in found] == [
        ("(202) 555-0101", "Emergency dispatch, Franklin, Ohio"),
        ("202-555-0100", "Emergency dispatch, Ohio"),
    ]


def test_of_another_county_only_the_states_own_number_is_given() -> None:
    assert [each.phone for each in lines_for(SHELF, "OH", "1 Main Street, Delaware County", TODAY)] == ["202-555-0100"]


def test_where_no_number_is_kept_none_is_made_up() -> None:
    assert lines_for(SHELF, "NV", "Franklin Street 1", TODAY) == ()
    assert lines_for(SHELF, "", "Franklin", TODAY) == ()


def test_a_number_that_nobody_called_for_a_year_says_so_and_one_that_was_taken_away_is_gone() -> None:
    year = timedelta(days=CHECK_DAYS)
    old, never = replace(SHELF[0], checked=TODAY - year - timedelta(days=1)), replace(SHELF[1], checked=None)
    assert [each.stale for each in lines_for([old, never], "OH", "Franklin", TODAY)] == [True, True]
    assert [each.stale for each in lines_for([replace(old, checked=TODAY - year)], "OH", "", TODAY)] == [False]
    assert lines_for([replace(SHELF[0], removed=True)], "OH", "", TODAY) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "ZZ"},
        {"dispatch": "call them"},
        {"dispatch": "911"},
        {"dispatch": "9 8 8"},
        {"dispatch": "555-0100"},
        {"dispatch": "202-555-01001"},
        {"dispatch": "202-555-CALL00"},
        {"area": "x" * 61},
        {"note": "x" * 200},
        {"source": ""},
        {"source": "x" * 121},
        {"checked": TODAY + timedelta(days=1)},
    ],
)
def test_what_is_no_number_of_a_place_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        check_help(replace(SHELF[0], **wrong), TODAY)


@pytest.mark.parametrize("number", ["202-555-0100", "+1 (202) 555 0100", "1.202.555.0100", "2025550100"])
def test_ten_digits_are_a_number_however_they_are_written(number: str) -> None:
    assert check_help(replace(SHELF[0], dispatch=number), TODAY).dispatch == number


def test_a_phone_number_has_digits_in_it() -> None:
    assert phone(" 555-0100 ", "you") == "555-0100"
    with pytest.raises(Refusal) as refused:
        phone("ask mum", "you")
    assert refused.value.code == "bad_phone"


def test_an_answer_is_offered_again_for_three_months() -> None:
    assert ROBIN.fresh(Instant(KEEP_MS))
    assert not ROBIN.fresh(Instant(KEEP_MS + 1))
    check_remembered(ROBIN)
    with pytest.raises(Refusal):
        check_remembered(replace(ROBIN, state="ZZ"))
