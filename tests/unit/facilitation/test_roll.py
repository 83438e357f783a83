"""Reading a clinic's people from a list (facilitation/roll.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.roll import ROLES, Around, Enrolled, Fate, Roll, read

ROBIN = Enrolled(
    person=PersonId("p-robin"),
    name="Robin Example",
    email="robin@example.org",
    role=Role.PARTICIPANT,
    track="adult",
    zone="America/New_York",
)
AROUND = Around(
    id_of=lambda email: PersonId(f"p-{email}"),
    zone="America/New_York",
    zones={"America/New_York", "Europe/Berlin"},
    known={ROBIN.email: ROBIN},
    cohorts={"Evening group": "c-evening"},
    seats={"c-evening": 2},
    today=date(2026, 11, 30),
)
HEADING = ("Name", "E-mail", "Role", "Track", "Group", "Time zone", "Phone", "Guardian", "Guardian email")


def roll(*rows: tuple[str, ...], heading: tuple[str, ...] = HEADING, around: Around = AROUND) -> Roll:
    return read(heading, rows, around)


def said(found: Roll) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, str(problem.text)) for problem in found.problems]


def test_a_row_with_name_and_address_is_enough_for_a_newcomer() -> None:
    [row] = roll(("Sam  Sample", " SAM@Example.org ")).rows
    assert (row.fate, row.number) == (Fate.NEW, 2)
    assert row.person == Enrolled(
        person=PersonId("p-sam@example.org"),
        name="Sam Sample",
        email="sam@example.org",
        role=Role.PARTICIPANT,
        track="adult",
        zone="America/New_York",
    )


def test_a_newcomer_whose_age_says_it_is_a_teen_unless_the_row_says_otherwise() -> None:
    heading = ("name", "email", "track", "date of birth")
    rows = [("Al", "a@example.org", "", "2010-03-04"), ("Bo", "b@example.org", "", "2001-03-04")]
    rows += [("Cy", "c@example.org", "adult", "2010-03-04"), ("Di", "d@example.org", "", "")]
    rows += [("Robin Example", ROBIN.email, "", "2010-03-04")]  # who is here already stays as they are
    tracks = [row.person and row.person.track for row in roll(*rows, heading=heading).rows]
    assert tracks == ["teen", "adult", "adult", "adult", "adult"]


def test_a_teen_comes_with_group_zone_and_guardian() -> None:
    [row] = roll(
        (
            "Ash Example",
            "ash@example.org",
            "teen",
            "",
            "evening  GROUP",
            "Europe/Berlin",
            "+1 555-0100",
            "Pat",
            "pat@example.org",
        )
    ).rows
    assert row.person is not None
    assert (row.person.role, row.person.track, row.person.cohort) == (Role.PARTICIPANT, "teen", "c-evening")
    assert (row.person.zone, row.person.guardian, row.person.guardian_email) == (
        "Europe/Berlin",
        "Pat",
        "pat@example.org",
    )


def test_columns_may_stand_in_any_order_and_in_spanish_and_others_are_named() -> None:
    found = roll(
        ("x", "ana@example.org", "participante", "Ana Ejemplo"),
        heading=("Shoe size", "CORREO", "Rol", "Nombre"),
    )
    assert found.passed_over == ("Shoe size",)
    assert found.rows[0].person is not None and found.rows[0].person.name == "Ana Ejemplo"


def test_a_list_without_names_or_addresses_is_not_read_at_all() -> None:
    assert roll(("Sam",), heading=("Name",)).missing == ("email",)
    assert roll(("x",), heading=("what", "ever")).missing == ("name", "email")


def test_the_same_list_again_changes_nothing() -> None:
    first = roll(("Sam", "sam@example.org"), ("Robin Example", "robin@example.org"))
    assert [row.fate for row in first.rows] == [Fate.NEW, Fate.SAME]
    known = {row.person.email: row.person for row in first.rows if row.person}
    again = roll(
        ("Sam", "sam@example.org"), ("Robin Example", "robin@example.org"), around=replace(AROUND, known=known)
    )
    assert [row.fate for row in again.rows] == [Fate.SAME, Fate.SAME]


def test_who_is_known_keeps_their_id_and_what_the_list_does_not_say() -> None:
    [row] = roll(("Robin Renamed", "robin@example.org")).rows
    assert row.fate is Fate.CHANGED
    assert row.person == replace(ROBIN, name="Robin Renamed")


def test_a_list_moves_nobody_from_one_group_to_another() -> None:
    known = {ROBIN.email: replace(ROBIN, cohort="c-morning")}
    row = ("Robin Example", "robin@example.org", "", "", "Evening group")
    found = roll(row, around=replace(AROUND, known=known))
    assert said(found) == [(2, "Group", "They are in another group already. Move them on that group’s page.")]


def test_empty_rows_are_no_rows_and_numbers_are_those_of_the_spreadsheet() -> None:
    found = roll(("", ""), ("Sam", "sam@example.org"), (), ("Kim", "kim"))
    assert [row.number for row in found.rows] == [3, 5]
    assert said(found) == [(5, "E-mail", "“kim” is no mail address.")]


def test_one_address_twice_is_said_with_the_row_that_has_it() -> None:
    found = roll(("Sam", "sam@example.org"), ("Kim", "SAM@example.org"))
    assert [row.fate for row in found.rows] == [Fate.NEW, Fate.WRONG]
    assert said(found) == [(3, "E-mail", "This address stands in row 2 already. Everybody needs their own.")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (("", "sam@example.org"), "Name"),
        (("S" * 61, "sam@example.org"), "Name"),
        (("Sam", ""), "E-mail"),
        (("Sam", "sam@example"), "E-mail"),
        (("Sam", "sam@a.org, kim@a.org"), "E-mail"),
        (("Sam", "sam@example.org", "wizard"), "Role"),
        (("Sam", "sam@example.org", "", "elder"), "Track"),
        (("Sam", "sam@example.org", "", "", "Nowhere group"), "Group"),
        (("Sam", "sam@example.org", "facilitator", "", "Evening group"), "Group"),
        (("Sam", "sam@example.org", "", "", "", "Mars/Olympus"), "Time zone"),
        (("Sam", "sam@example.org", "", "", "", "", "call me"), "Phone"),
        (("Sam", "sam@example.org", "", "", "", "", "", "Pat", "pat"), "Guardian email"),
        (("Sam", "sam@example.org", "", "", "", "", "", "Pat", "sam@example.org"), "Guardian email"),
        (("Sam", "sam@example.org", "", "", "", "", "", "", "pat@example.org"), "Guardian"),
    ],
)
def test_what_cannot_be_meant_is_named_and_its_row_waits(row: tuple[str, ...], column: str) -> None:
    found = roll(row, ("Kim", "kim@example.org"))
    assert [each.fate for each in found.rows] == [Fate.WRONG, Fate.NEW]
    assert [(problem.row, problem.column) for problem in found.problems] == [(2, column)]


def test_every_role_can_be_said() -> None:
    found = roll(*((f"N{n}", f"n{n}@example.org", word) for n, word in enumerate(ROLES)))
    assert {row.person.role for row in found.rows if row.person} == set(Role)


cells = st.text(max_size=30)


@given(
    heading=st.lists(st.sampled_from(["name", "email", "role", "group", "zone", "phone"]) | cells, max_size=8),
    rows=st.lists(st.lists(cells, max_size=9), max_size=12),
)
def test_whatever_stands_in_a_list_every_row_is_taken_or_named(heading: list[str], rows: list[list[str]]) -> None:
    found = read(heading, rows, AROUND)
    for row in found.rows:
        assert (row.person is None) == bool(row.problems) == (row.fate is Fate.WRONG)
    emails = [row.person.email for row in found.rows if row.person]
    assert len(set(emails)) == len(emails)
    assert all(str(problem.text).endswith((".", "…")) for problem in found.problems)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("31.12.2010", "“31.12.2010” is no date of birth. Write it like 2009-05-14, or 5/14/2009."),
        ("2/30/2010", "There is no such day as “2/30/2010”."),
        ("2027-01-01", "A date of birth cannot be to come."),
        ("1890-01-01", "Nobody is older than 120. Please look at the year."),
    ],
)
def test_a_cell_that_is_no_date_of_birth_is_named_in_words(cell: str, said: str) -> None:
    roll = read(("name", "email", "Date of birth"), [("Kim", "kim@example.org", cell)], AROUND)
    [problem] = roll.problems
    assert (problem.row, problem.column, str(problem.text)) == (2, "Date of birth", said)


def test_a_date_of_birth_is_read_as_it_is_written_here_and_elsewhere() -> None:
    rows = [
        ("Kim", "kim@example.org", " 2010-3-4 "),
        ("Lee", "lee@example.org", "3/4/2010"),
        ("Jo", "jo@example.org", ""),
    ]
    roll = read(("name", "email", "dob"), rows, AROUND)
    assert [row.person and row.person.born for row in roll.rows] == [date(2010, 3, 4), date(2010, 3, 4), None]


def test_a_room_takes_as_many_as_it_has_seats_and_rows_that_wait_take_none() -> None:
    rows = [(f"N{n}", f"n{n}@example.org", "", "", "Evening group") for n in range(4)]
    rows.insert(1, ("Wrong", "no address", "", "", "Evening group"))
    found = roll(*rows)
    assert [row.fate for row in found.rows] == [Fate.NEW, Fate.WRONG, Fate.NEW, Fate.WRONG, Fate.WRONG]
    assert said(found)[1:] == [
        (n, "Group", "Its room is full. Choose another group, or leave this cell empty.") for n in (5, 6)
    ]
