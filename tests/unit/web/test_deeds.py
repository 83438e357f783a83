"""What stands in the audit log, in words (server/web/deeds.py)."""

from __future__ import annotations

import pytest

from facilitation.audit import Deed, Trace
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.policy import NAMINGS, READINGS, Action
from facilitation.timebase import Instant
from server.web.deeds import DEEDS, actions_told, told
from server.web.words import words_in

FAY, ROBIN, SAM = PersonId("p-fay"), PersonId("p-robin"), PersonId("p-sam")
NAMES = {FAY: "Fay", ROBIN: "Robin", SAM: "Sam", PersonId("p-kim"): "Kim", PersonId("p-jo"): "Jo"}
ENGLISH, SPANISH = words_in("en"), words_in("es")
EVERYTHING = sorted({*READINGS, *NAMINGS, Action.BREAK_GLASS, *Deed})
PAST = {"read", "asked", "broke", "searched", "invited", "withdrew", "chose", "signed", "changed", "locked", "unlocked"}
PAST |= {"guessed", "reminded", "ended", "took"}


def trace(action: str, *about: PersonId) -> Trace:
    return Trace(trace="t", at=Instant(1), by=FAY, role=Role.FACILITATOR, action=action, about=about)


@pytest.mark.parametrize("action", EVERYTHING)
def test_whatever_is_written_down_is_told_as_something_that_was_done_in_both_languages(action: str) -> None:
    for phrase in DEEDS[action]:
        assert phrase.split()[0] in PAST
        assert SPANISH.gettext(phrase) != phrase
    assert told(trace(action, ROBIN), NAMES, ENGLISH).endswith(("Robin", *"abcdefghijklmnopqrstuvwxyz"))
    assert "Robin" in told(trace(action, ROBIN), NAMES, ENGLISH)
    assert "Robin" in told(trace(action, ROBIN), NAMES, SPANISH)
    assert "{" not in told(trace(action), NAMES, ENGLISH)


def test_nothing_is_worded_that_is_never_written_down() -> None:
    assert set(DEEDS) == set(EVERYTHING)


def test_a_reading_names_whose_record_it_was_and_counts_the_others() -> None:
    assert told(trace(Action.READ_RECORD, ROBIN, SAM), NAMES, ENGLISH) == "read the notes of Robin and Sam"
    many = told(trace(Action.READ_RECORD, ROBIN, SAM, PersonId("p-kim"), PersonId("p-jo")), NAMES, ENGLISH)
    assert many == "read the notes of Robin, Sam, Kim and 1 more"
    assert told(trace(Action.SEE_WEEKS), NAMES, ENGLISH) == "read everybody’s week"
    assert told(trace(Deed.SIGNED_IN, FAY), NAMES, ENGLISH) == "signed in"
    assert told(trace(Action.READ_RECORD, ROBIN), NAMES, SPANISH) == "leyó las notas de Robin"


def test_what_an_older_version_wrote_is_told_as_it_stands() -> None:
    assert told(trace("did an old thing", ROBIN), NAMES, ENGLISH) == "did an old thing: Robin"
    assert told(trace("did an old thing"), NAMES, SPANISH) == "did an old thing"


def test_deeds_are_found_by_their_words_in_the_language_of_whoever_looks() -> None:
    assert Action.READ_RECORD in actions_told("Notes read", ENGLISH)
    assert Action.SEE_WEEKS not in actions_told("notes", ENGLISH)
    assert actions_told("leyó las notas", SPANISH) >= {Action.READ_RECORD, Action.READ_ANY_RECORD}
    assert actions_told("notes", SPANISH) == frozenset()
    assert actions_told("xyzzy", ENGLISH) == frozenset()
