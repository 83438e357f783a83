"""Whom to call about somebody (facilitation/contacts.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.contacts import NEAREST_MAX, Call, Contact, Nearest, calls, check_contact, with_nearest
from facilitation.errors import Refusal
from facilitation.ids import PersonId

PAT = Nearest(name="Pat Example", relation="mother", phone="+1 555-0101")
ASH = Contact(person=PersonId("p-ash"), phone="+1 555-0100", nearest=(PAT,))


def test_the_person_is_called_first_and_then_the_others_in_their_order() -> None:
    aunt = Nearest(name="Uma Example", relation="aunt", phone="+1 555-0102")
    assert calls(with_nearest(ASH, aunt), "Ash") == (
        Call(name="Ash", relation="", phone="+1 555-0100", own=True),
        Call(name="Pat Example", relation="mother", phone="+1 555-0101"),
        Call(name="Uma Example", relation="aunt", phone="+1 555-0102"),
    )


def test_who_has_no_number_cannot_be_called() -> None:
    assert [call.name for call in calls(replace(ASH, phone=""), "Ash")] == ["Pat Example"]
    assert calls(Contact(person=PersonId("p-bay")), "Bay") == ()


def test_the_same_name_again_changes_a_number_and_no_order() -> None:
    aunt = Nearest(name="Uma Example", relation="aunt", phone="+1 555-0102")
    both = with_nearest(ASH, aunt)
    changed = with_nearest(both, replace(PAT, name="PAT example", phone="+1 555-0109"))
    assert [each.phone for each in changed.nearest] == ["+1 555-0109", "+1 555-0102"]


@pytest.mark.parametrize(
    "contact",
    [
        replace(ASH, phone="5" * 41),
        replace(ASH, nearest=(replace(PAT, name=" "),)),
        replace(ASH, nearest=(replace(PAT, relation="m" * 41),)),
        replace(ASH, nearest=tuple(replace(PAT, name=f"Pat {n}") for n in range(NEAREST_MAX + 1))),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(contact: Contact) -> None:
    with pytest.raises(Refusal):
        check_contact(contact)
    check_contact(ASH)
