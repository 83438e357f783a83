"""Milestones: what each rule of `facilitation.milestones` says, in a sentence."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation import views
from facilitation.errors import Refusal
from facilitation.ids import MarkId, PersonId
from facilitation.milestones import MARKS_MAX, TEXT_MAX, OwnMilestones, mark, unmark
from facilitation.room import replay
from tests.support.meeting import FAY, OLA, ROBIN, SAM, Meeting, running

TEXT = "Thirty days, one at a time."


def show(meeting: Meeting, text: str = TEXT, person: PersonId = ROBIN) -> tuple[v.Event, ...]:
    return meeting.do(c.ShowMilestone(text=text), person)


def shown(meeting: Meeting, audience: str = "group") -> list[dict[str, Any]]:
    part: list[dict[str, Any]] = views.room_part(meeting.state, audience)["milestones"]
    return part


def test_what_somebody_shows_stands_before_the_group_until_they_take_it_back() -> None:
    meeting = running(ROBIN, SAM)
    assert show(meeting, f"  {TEXT} ") == (v.MilestoneShown(person=ROBIN, text=TEXT),)
    assert show(meeting) == ()
    assert shown(meeting) == [{"person": ROBIN, "text": TEXT, "glad": 0}]
    assert shown(meeting, "outside") == [], "whoever is at the door is not the group yet"
    show(meeting, "My exam.")
    assert [each["text"] for each in shown(meeting)] == ["My exam."]
    meeting.do(c.HideMilestone(), ROBIN)
    assert shown(meeting) == [] and meeting.do(c.HideMilestone(), ROBIN) == ()


def test_others_are_glad_once_each_and_the_group_sees_how_many() -> None:
    meeting = running(ROBIN, SAM)
    show(meeting)
    assert meeting.do(c.BeGlad(person=ROBIN), SAM) == (v.GladSaid(person=ROBIN, by=SAM),)
    assert meeting.do(c.BeGlad(person=ROBIN), SAM) == meeting.do(c.BeGlad(person=ROBIN), ROBIN) == ()
    meeting.do(c.BeGlad(person=ROBIN), FAY)
    assert shown(meeting)[0]["glad"] == 2
    assert views.you_part(meeting.state, SAM, meeting.now)["glad"] == [ROBIN]
    assert meeting.refused(c.BeGlad(person=SAM), ROBIN) == "nothing_shown"
    meeting.do(c.Leave(), ROBIN)
    assert shown(meeting) == [] and meeting.refused(c.BeGlad(person=ROBIN), SAM) == "nothing_shown"


def test_nobody_takes_down_what_is_anothers_but_who_leads() -> None:
    meeting = running(ROBIN, SAM)
    show(meeting)
    assert meeting.refused(c.HideMilestone(person=ROBIN), SAM) == "not_allowed"
    for ask in (c.ShowMilestone(text=TEXT), c.HideMilestone(person=ROBIN), c.BeGlad(person=ROBIN)):
        assert meeting.refused(ask, OLA) == "not_allowed"
    assert meeting.refused(c.ShowMilestone(text=TEXT), FAY) == "not_allowed", "it is the participants'"
    meeting.do(c.HideMilestone(person=ROBIN), FAY)
    assert shown(meeting) == []
    assert replay(meeting.log) == meeting.state


def test_it_stands_in_nobodys_record() -> None:
    meeting = running(ROBIN, SAM)
    show(meeting)
    meeting.do(c.BeGlad(person=ROBIN), SAM)
    meeting.end()
    assert TEXT not in json.dumps(views.record_part(meeting.state, meeting.now))


@pytest.mark.parametrize(
    ("text", "code"), [(" ", "empty_text"), ("a" * (TEXT_MAX + 1), "too_long"), ("\x00", "bad_text")]
)
def test_what_cannot_be_shown_is_refused_in_words(text: str, code: str) -> None:
    assert running(ROBIN).refused(c.ShowMilestone(text=text), ROBIN) == code


def test_marks_are_ones_own_words_the_latest_first_and_gone_when_taken_out() -> None:
    own = OwnMilestones(person=ROBIN)
    own = mark(own, MarkId("a"), " My   exam ", date(2026, 11, 30))
    own = mark(own, MarkId("b"), "A call", None)
    assert [(each.id, each.text) for each in own.marks] == [("b", "A call"), ("a", "My exam")]
    assert unmark(unmark(own, "b"), "b").marks == own.marks[1:]
    for number in range(MARKS_MAX - 2):
        own = mark(own, MarkId(str(number)), "One more", None)
    with pytest.raises(Refusal) as refused:
        mark(own, MarkId("z"), "One too many", None)
    assert refused.value.code == "too_many"
