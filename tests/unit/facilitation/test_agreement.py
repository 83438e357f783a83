"""The group's own agreement: what each rule of `facilitation.agreement` says, in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation import views
from facilitation.agreement import LINE_MAX, LINES_MAX, OWN_OPEN_MAX, PROPOSALS_MAX, checked
from facilitation.errors import Refusal
from facilitation.ids import PersonId, ProposalId
from facilitation.room import replay
from facilitation.timebase import Instant
from tests.support.meeting import ALEX, COLE, FAY, OLA, ROBIN, SAM, Meeting, running

LISTEN, CONFIDE = "We listen to the end.", "What is said here stays here."


def evening(*people: PersonId) -> Meeting:
    return running(*(people or (ROBIN, SAM)))


def propose(meeting: Meeting, person: PersonId, text: str = LISTEN) -> tuple[v.Event, ...]:
    return meeting.do(c.ProposeLine(text=text), person)


def take(meeting: Meeting, number: int = 1, text: str = "", taken: bool = True) -> tuple[v.Event, ...]:
    return meeting.do(c.AnswerProposal(proposal=ProposalId(f"proposal-{number}"), taken=taken, text=text), FAY)


def revision(meeting: Meeting) -> int:
    return meeting.state.agreement.revision


def agree(meeting: Meeting, person: PersonId) -> tuple[v.Event, ...]:
    return meeting.do(c.AgreeToDraft(revision=revision(meeting)), person)


def keep(meeting: Meeting) -> tuple[v.Event, ...]:
    return meeting.do(c.KeepAgreement(revision=revision(meeting)), FAY)


def room(meeting: Meeting, audience: str = "group") -> dict[str, Any]:
    part: dict[str, Any] = views.room_part(meeting.state, audience)["agreement"]
    return part


def test_anybody_proposes_and_what_is_taken_up_becomes_a_draft_that_all_see() -> None:
    meeting = evening()
    assert propose(meeting, ROBIN, "  We listen   to the end. ") == (
        v.LineProposed(proposal=ProposalId("proposal-1"), person=ROBIN, text=LISTEN),
    )
    assert room(meeting) == {"version": 0, "lines": [], "revision": 0, "draft": None}
    take(meeting)
    assert room(meeting)["draft"] == {"lines": [LISTEN], "yes": 0, "of": 2}
    assert room(meeting, "outside")["draft"] is None


def test_a_line_may_be_taken_up_in_other_words_or_set_aside() -> None:
    meeting = evening()
    propose(meeting, ROBIN, "Shut up and listen")
    propose(meeting, SAM, "Cameras on, always")
    take(meeting, 1, LISTEN)
    take(meeting, 2, taken=False)
    assert take(meeting, 2) == (), "it was answered"
    assert meeting.state.agreement.draft == (LISTEN,)
    own = views.you_part(meeting.state, SAM, meeting.now)["agreement"]
    assert own == {"agreed": False, "proposals": [{"text": "Cameras on, always", "taken": False}]}


def test_who_leads_takes_up_what_they_propose_themselves() -> None:
    meeting = evening()
    proposed, taken = propose(meeting, FAY)
    assert isinstance(proposed, v.LineProposed) and isinstance(taken, v.ProposalAnswered)
    assert meeting.refused(c.ProposeLine(text=LISTEN.upper()), FAY) == "line_there"


def test_a_change_of_the_draft_asks_for_a_yes_anew() -> None:
    meeting = evening()
    propose(meeting, FAY)
    agree(meeting, ROBIN)
    assert agree(meeting, ROBIN) == () and room(meeting)["draft"]["yes"] == 1
    before = revision(meeting)
    propose(meeting, FAY, CONFIDE)
    assert room(meeting)["draft"]["yes"] == 0
    for ask in (c.AgreeToDraft(revision=before), c.KeepAgreement(revision=before)):
        assert meeting.refused(ask, ROBIN if isinstance(ask, c.AgreeToDraft) else FAY) == "stale_draft"
    assert meeting.refused(c.DropLine(revision=before, number=0), FAY) == "stale_draft"
    meeting.do(c.DropLine(revision=revision(meeting), number=0), FAY)
    assert meeting.state.agreement.draft == (CONFIDE,)
    assert meeting.refused(c.DropLine(revision=revision(meeting), number=1), FAY) == "unknown_line"


def test_the_group_keeps_what_somebody_said_yes_to() -> None:
    meeting = evening()
    assert meeting.refused(c.KeepAgreement(revision=0), FAY) == "no_draft"
    propose(meeting, FAY)
    assert meeting.refused(c.KeepAgreement(revision=revision(meeting)), FAY) == "nobody_agreed"
    agree(meeting, ROBIN)
    agree(meeting, SAM)
    assert keep(meeting) == (v.AgreementKept(lines=(LISTEN,), agreed=2),)
    assert meeting.effects == [e.KeepAgreement()]
    assert room(meeting) == {"version": 1, "lines": [LISTEN], "revision": 1, "draft": None}
    assert room(meeting, "outside")["lines"] == [LISTEN], "who is at the door reads it"
    assert meeting.refused(c.KeepAgreement(revision=1), FAY) == "no_draft"
    meeting.do(c.DropLine(revision=1, number=0), FAY)
    agree(meeting, ROBIN)
    assert meeting.refused(c.KeepAgreement(revision=2), FAY) == "empty_agreement"


def test_what_stands_comes_along_and_overwrites_nothing_that_is_newer() -> None:
    meeting = evening()
    told = c.TellAgreement(version=3, lines=(CONFIDE,), agreed=6, at=Instant(meeting.now - 5))
    meeting.do(told)
    assert meeting.do(told) == () and room(meeting)["lines"] == [CONFIDE]
    propose(meeting, FAY)
    assert meeting.state.agreement.draft == (CONFIDE, LISTEN), "a draft begins with what stands"
    agree(meeting, ROBIN)
    keep(meeting)
    assert room(meeting)["version"] == 4
    assert meeting.do(replace(told, at=Instant(meeting.now - 1))) == ()
    meeting.do(c.TellAgreement(version=5, lines=("Staff wrote this.",), agreed=0, at=Instant(meeting.now + 1)))
    assert room(meeting)["lines"] == ["Staff wrote this."]


def test_the_group_is_told_neither_whose_line_it_is_nor_who_said_yes() -> None:
    def seen(author: PersonId, yes: PersonId) -> str:
        meeting = evening(ROBIN, SAM, ALEX)
        propose(meeting, author)
        take(meeting)
        agree(meeting, yes)
        return json.dumps([room(meeting), views.you_part(meeting.state, ALEX, meeting.now)["agreement"]])

    assert seen(ROBIN, SAM) == seen(SAM, ROBIN)


def test_staff_see_what_waits_for_an_answer() -> None:
    meeting = evening()
    propose(meeting, ROBIN)
    waiting = views.staff_part(meeting.state, meeting.now)["proposals"]
    assert waiting == [{"proposal": "proposal-1", "person": ROBIN, "text": LISTEN}]
    take(meeting)
    assert views.staff_part(meeting.state, meeting.now)["proposals"] == []


@pytest.mark.parametrize(
    ("text", "code"), [("  ", "empty_text"), ("a" * (LINE_MAX + 1), "too_long"), ("a\x00", "bad_text")]
)
def test_what_is_no_line_is_refused_in_words(text: str, code: str) -> None:
    meeting = evening()
    assert meeting.refused(c.ProposeLine(text=text), ROBIN) == code


def test_nobody_floods_the_facilitator_or_the_agreement() -> None:
    meeting = evening()
    for number in range(OWN_OPEN_MAX):
        propose(meeting, ROBIN, f"Line {number}")
    assert meeting.refused(c.ProposeLine(text="One more"), ROBIN) == "too_many"
    for number in range(LINES_MAX):
        propose(meeting, FAY, f"Our line {number}")
    assert meeting.refused(c.ProposeLine(text="One more"), FAY) == "too_many"
    assert meeting.refused(c.AnswerProposal(proposal=ProposalId("proposal-1"), taken=True), FAY) == "too_many"
    assert meeting.refused(c.AnswerProposal(proposal=ProposalId("proposal-x"), taken=True), FAY) == "unknown_proposal"
    for number in range(PROPOSALS_MAX):
        last = meeting.state.agreement.proposals[-1]
        if len(meeting.state.agreement.proposals) == PROPOSALS_MAX:
            break
        propose(meeting, SAM, f"Sam's line {number}")
        meeting.do(c.AnswerProposal(proposal=last.proposal, taken=False), FAY)
        newest = meeting.state.agreement.proposals[-1]
        meeting.do(c.AnswerProposal(proposal=newest.proposal, taken=False), FAY)
    assert meeting.refused(c.ProposeLine(text="One more"), SAM) == "too_many"


def test_what_staff_write_is_bounded_and_each_line_stands_once() -> None:
    assert checked(["  We   listen.", "", "We listen.", "We pass."]) == ("We listen.", "We pass.")
    with pytest.raises(Refusal):
        checked([f"Line {number}" for number in range(LINES_MAX + 1)])


def test_only_participants_say_yes_and_only_who_leads_decides() -> None:
    meeting = evening()
    propose(meeting, FAY)
    for person in (FAY, COLE, OLA):
        assert meeting.refused(c.AgreeToDraft(revision=1), person) in ("not_allowed", "not_in_room")
    assert meeting.refused(c.KeepAgreement(revision=1), ROBIN) == "not_allowed"
    assert meeting.refused(c.ProposeLine(text=LISTEN), ALEX) == "not_in_room"
    assert replay(meeting.log) == meeting.state
