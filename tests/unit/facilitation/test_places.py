"""Who answers an emergency where somebody is, and what is remembered of an arrival."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.places import KEEP_MS, LocalHelp, Remembered, check_help, check_remembered, lines_for, phone
from facilitation.timebase import Instant


def kept(state: str, area: str, dispatch: str) -> LocalHelp:
    return LocalHelp(help=f"h-{area or state}", state=state, area=area, dispatch=dispatch)


SHELF = [kept("OH", "", "555-0100"), kept("OH", "Franklin", "555-0101"), kept("PA", "", "555-0102")]
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
    found = lines_for(SHELF, "OH", "12 Sample Street, Franklin County")
    assert [(each.phone, each.name) for each in found] == [
        ("555-0101", "Emergency dispatch, Franklin, Ohio"),
        ("555-0100", "Emergency dispatch, Ohio"),
    ]


def test_of_another_county_only_the_states_own_number_is_given() -> None:
    assert [each.phone for each in lines_for(SHELF, "OH", "1 Main Street, Delaware County")] == ["555-0100"]


def test_where_no_number_is_kept_none_is_made_up() -> None:
    assert lines_for(SHELF, "NV", "Franklin Street 1") == ()
    assert lines_for(SHELF, "", "Franklin") == ()


@pytest.mark.parametrize("wrong", [{"state": "ZZ"}, {"dispatch": "call them"}, {"area": "x" * 61}, {"note": "x" * 200}])
def test_what_is_no_number_of_a_place_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        check_help(replace(SHELF[0], **wrong))


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
