"""A list of emergency numbers, read row by row: what is wrong is told, and is never taken in."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.helplist import read
from facilitation.places import check_help

TODAY = date(2026, 11, 24)
HEADING = ("State", "County", "PSAP number", "Source", "Last called", "Colour")


def test_rows_become_numbers_with_their_source_and_day() -> None:
    told = read(HEADING, [("Ohio", "Franklin", "202-555-0101", "County office", "2026-11-01", "red")], TODAY)
    ((number, help),) = told.found
    assert (number, help.state, help.area, help.dispatch) == (1, "OH", "Franklin", "202-555-0101")
    assert (help.source, help.checked, told.passed_over) == ("County office", date(2026, 11, 1), ("Colour",))


@pytest.mark.parametrize(
    "row",
    [
        ("Ohia", "", "202-555-0101", "County office", "", ""),
        ("OH", "", "911", "County office", "", ""),
        ("OH", "", "555-0101", "County office", "", ""),
        ("OH", "", "202-555-0101", "", "", ""),
        ("OH", "", "202-555-0101", "County office", "last spring", ""),
        ("OH", "", "202-555-0101", "County office", "2027-01-01", ""),
        ("OH",),
    ],
)
def test_what_is_wrong_is_told_with_its_row_and_not_taken_in(row: tuple[str, ...]) -> None:
    told = read(HEADING, [("OH", "Lake", "202-555-0102", "County office", "", ""), row], TODAY)
    assert [number for number, _ in told.found] == [1]
    assert [problem.row for problem in told.problems] == [2]


def test_of_two_numbers_for_one_place_the_second_is_told() -> None:
    rows = [("OH", "Lake", "202-555-0102", "a"), ("Ohio", "LAKE", "202-555-0103", "b"), ("", "", "", "")]
    told = read(HEADING, rows, TODAY)
    assert (len(told.found), [problem.row for problem in told.problems]) == (1, [2])


def test_a_list_without_a_column_that_is_needed_is_not_read() -> None:
    told = read(("State", "Number"), [("OH", "202-555-0101")], TODAY)
    assert (told.missing, told.found) == (("Source",), ())


@given(rows=st.lists(st.lists(st.text(max_size=30) | st.sampled_from(["OH", "202-555-0101", "x"]), max_size=7)))
def test_nothing_comes_out_of_rubbish_that_could_not_be_kept_by_hand(rows: list[list[str]]) -> None:
    told = read(HEADING, rows, TODAY)
    for _, help in told.found:
        assert check_help(help, TODAY) == help
    assert len(told.found) + len(told.problems) <= len(rows)
