"""Licences follow the participant's body: who is covered where, and what the programme does about it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.licences import (
    ELSEWHERE,
    STATES,
    Coverage,
    Licence,
    Outcome,
    Travel,
    check_licence,
    coverage,
    is_place,
    outcome,
    state_name,
)

FAY, CODY = PersonId("p-fay"), PersonId("p-cody")
DAY = date(2026, 11, 30)


def licence(person: PersonId = FAY, states: tuple[str, ...] = ("OH",), **more: object) -> Licence:
    given: dict[str, object] = {
        "licence": "l-1", "person": person, "title": "LISW", "states": states, "first": date(2026, 1, 1),
    }  # fmt: skip
    return Licence(**(given | more))


def test_one_of_those_who_lead_is_enough() -> None:
    kept = [licence(FAY, ("OH",)), licence(CODY, ("PA", "KY"))]
    assert coverage(kept, [FAY, CODY], "KY", DAY) is Coverage.COVERED
    assert coverage(kept, [FAY], "KY", DAY) is Coverage.UNCOVERED


def test_a_licence_counts_from_its_first_day_to_its_last() -> None:
    kept = [licence(first=DAY, last=DAY + timedelta(days=1))]
    days = [coverage(kept, [FAY], "OH", DAY + timedelta(days=each)) for each in (-1, 0, 1, 2)]
    assert days == [Coverage.UNCOVERED, Coverage.COVERED, Coverage.COVERED, Coverage.UNCOVERED]


def test_where_no_place_or_no_licence_is_known_nothing_can_be_said() -> None:
    assert coverage([licence()], [FAY], "", DAY) is Coverage.UNKNOWN
    assert coverage([licence()], [CODY], "OH", DAY) is Coverage.UNKNOWN
    assert coverage([licence()], [FAY], ELSEWHERE, DAY) is Coverage.UNCOVERED


@pytest.mark.parametrize(
    ("found", "travel", "then"),
    [
        (Coverage.COVERED, Travel.BLOCK, Outcome.IN),
        (Coverage.UNCOVERED, Travel.ALLOW, Outcome.IN),
        (Coverage.UNCOVERED, Travel.WARN, Outcome.WARN),
        (Coverage.UNCOVERED, Travel.BLOCK, Outcome.BLOCK),
        (Coverage.UNKNOWN, Travel.ALLOW, Outcome.IN),
        (Coverage.UNKNOWN, Travel.WARN, Outcome.WARN),
        (Coverage.UNKNOWN, Travel.BLOCK, Outcome.WARN),  # nobody is locked out by an empty shelf
    ],
)
def test_the_programme_says_what_is_done(found: Coverage, travel: Travel, then: Outcome) -> None:
    assert outcome(found, travel) is then


@pytest.mark.parametrize(
    "wrong", [{"title": " "}, {"states": ()}, {"states": ("OH", "ZZ")}, {"states": ("XX",)}, {"last": date(2025, 1, 1)}]
)
def test_what_is_no_licence_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        check_licence(licence(**wrong))


def test_states_have_names_and_elsewhere_is_a_place_too() -> None:
    assert len(STATES) == 56
    assert is_place("OH")
    assert is_place(ELSEWHERE)
    assert not is_place("oh")
    assert state_name("OH") == "Ohio"
    assert state_name("") == ""
