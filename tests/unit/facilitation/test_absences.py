"""Why somebody was away, and what makes up for it (facilitation/absences.py)."""

from __future__ import annotations

from typing import Any

import pytest

from facilitation import commands as c
from facilitation.absences import Kind
from facilitation.ids import PersonId, SessionId
from facilitation.state import replay
from facilitation.views import record_part, you_part
from tests.support.meeting import COLE, FAY, ROBIN, SAM, Meeting


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


def explain(kind: str, reason: str = "", person: PersonId = ROBIN) -> c.ExplainAbsence:
    return c.ExplainAbsence(person=person, kind=kind, reason=reason)


def on_record(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, Any]:
    people: list[dict[str, Any]] = record_part(meeting.state, meeting.now)["people"]
    return next(each for each in people if each["person"] == person)


def test_an_absence_is_explained_with_author_and_time(meeting: Meeting) -> None:
    meeting.do(explain("excused", "  At the   dentist "), FAY)
    said = meeting.state.absences.explained[ROBIN]
    assert (said.kind, said.reason, said.by, said.at) == (Kind.EXCUSED, "At the dentist", FAY, meeting.now)
    shown = on_record(meeting)["absence"]
    assert (shown["kind"], shown["reason"], shown["by"]) == ("excused", "At the dentist", FAY)


def test_an_excuse_needs_a_reason_and_an_unexcused_absence_does_not(meeting: Meeting) -> None:
    assert meeting.refused(explain("excused", "   "), FAY) == "empty_text"
    meeting.do(explain("unexcused"), FAY)
    assert meeting.state.absences.explained[ROBIN].kind is Kind.UNEXCUSED


def test_the_last_word_holds_and_can_be_taken_back(meeting: Meeting) -> None:
    meeting.do(explain("unexcused"), FAY)
    meeting.do(explain("excused", "Called later"), COLE)
    assert meeting.state.absences.explained[ROBIN].by == COLE
    meeting.do(explain("none"), FAY)
    assert meeting.state.absences.explained == {}
    assert on_record(meeting)["absence"] is None


def test_saying_the_same_again_adds_nothing_to_the_log(meeting: Meeting) -> None:
    meeting.do(explain("excused", "At the dentist"), FAY)
    seq = meeting.state.seq
    meeting.do(explain("excused", "At the dentist"), COLE)
    meeting.do(explain("none", person=SAM), FAY)
    assert meeting.state.seq == seq


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (explain("holiday", "x"), "unknown_absence"),
        (explain("", "x"), "unknown_absence"),
        (explain("excused", "x" * 301), "too_long"),
        (explain("excused", "\x00"), "bad_text"),
        (explain("excused", "x", person=PersonId("p-nobody")), "unknown_person"),
        (explain("excused", "x", person=FAY), "not_a_participant"),
        (c.LinkMakeUp(person=FAY, missed_session=SessionId("s-0")), "not_a_participant"),
        (c.LinkMakeUp(person=ROBIN, missed_session=SessionId("")), "unknown_session"),
        (c.LinkMakeUp(person=ROBIN, missed_session=SessionId("s" * 65)), "unknown_session"),
        (c.LinkMakeUp(person=ROBIN, missed_session=SessionId("s\n")), "unknown_session"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(meeting: Meeting, command: Any, code: str) -> None:
    before = meeting.state
    assert meeting.refused(command, FAY) == code
    assert meeting.state == before


def test_participants_explain_nothing(meeting: Meeting) -> None:
    assert meeting.refused(explain("excused", "I was ill"), ROBIN) == "not_allowed"


def test_no_session_makes_up_for_itself(meeting: Meeting) -> None:
    assert meeting.state.session is not None
    itself = c.LinkMakeUp(person=ROBIN, missed_session=meeting.state.session.session)
    assert meeting.refused(itself, FAY) == "unknown_session"


def test_a_make_up_is_linked_changed_and_unlinked(meeting: Meeting) -> None:
    for missed in ("s-0", "s-1b", None):
        meeting.do(c.LinkMakeUp(person=ROBIN, missed_session=None if missed is None else SessionId(missed)), FAY)
        assert on_record(meeting)["makes_up"] == missed
    assert meeting.state.absences.makes_up == {}


def test_absences_and_make_ups_change_no_minute_and_are_told_to_no_participant(meeting: Meeting) -> None:
    before = [you_part(meeting.state, person, meeting.now) for person in (ROBIN, SAM)]
    meeting.do(explain("excused", "At the dentist"), FAY)
    meeting.do(c.LinkMakeUp(person=ROBIN, missed_session=SessionId("s-0")), FAY)
    assert [you_part(meeting.state, person, meeting.now) for person in (ROBIN, SAM)] == before


def test_a_replay_knows_them_too(meeting: Meeting) -> None:
    meeting.do(explain("excused", "At the dentist"), FAY)
    meeting.do(c.LinkMakeUp(person=SAM, missed_session=SessionId("s-0")), FAY)
    assert replay(meeting.log).absences == meeting.state.absences
