"""Guests of a session: family who come along, or an alumni evening. Seen, and without hours, forms and notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation.crediting import credit
from facilitation.errors import Refusal
from facilitation.facts import facts
from facilitation.ids import PersonId
from facilitation.people import Expected, Role
from facilitation.timebase import MINUTE_MS
from facilitation.views import record_part, staff_part, you_part
from tests.support.meeting import CHECK_IN, FAY, ROBIN, ROSTER, SAM, Meeting

PAT = Expected(person=PersonId("p-pat"), role=Role.PARTICIPANT, name="Pat Example", guest=True)
STAFF = tuple(each for each in ROSTER if each.role is not Role.PARTICIPANT)


def family(*treated: PersonId) -> Meeting:
    """Robin (and whoever else) with Pat, for ten minutes."""
    roster = (*STAFF, *(each for each in ROSTER if each.person in treated), PAT)
    meeting = Meeting(roster=roster)
    for person in (FAY, *treated, PAT.person):
        meeting.join(person)
    meeting.do(c.StartSession(), FAY)
    meeting.later(minutes=10)
    return meeting


def lines(meeting: Meeting, person: PersonId, *everybody: PersonId) -> dict[str, str]:
    hours = {each: credit(meeting.state, each) for each in everybody}
    return {line["label"]: line["value"] for line in facts(meeting.state, person, hours)}


def over(meeting: Meeting) -> Meeting:
    meeting.do(c.EndSession(), FAY)
    return meeting


def test_a_guest_is_seen_to_be_there_and_earns_nothing() -> None:
    meeting = over(family(ROBIN))
    guest, robin = credit(meeting.state, PAT.person), credit(meeting.state, ROBIN)
    assert guest.present_ms == robin.present_ms == 10 * MINUTE_MS
    assert (guest.counted_ms, guest.countable_min) == (0, 0)
    assert robin.countable_min == 10


def test_no_note_can_be_signed_on_a_guest_so_no_hours_can_be_posted() -> None:
    meeting = over(family(ROBIN))
    sign = c.SignNote(person=PAT.person, group_revision=0, person_revision=0, sections={}, goals_revision=0)
    for command in (
        sign,
        c.EditNote(subject=PAT.person, text="Was there.", revision=0),
        c.AddAddendum(person=PAT.person, text="Was there."),
        c.AmendHours(person=PAT.person, reason="Was there."),
        c.ExplainAbsence(person=PAT.person, kind="excused", reason="Ill"),
    ):
        with pytest.raises(Refusal) as refusal:
            meeting.do(command, FAY)
        assert refusal.value.code in ("not_a_participant", "unknown_person")
    assert [row["person"] for row in record_part(meeting.state, meeting.now)["people"]] == [ROBIN]


def test_a_guest_is_asked_no_questions_about_themself() -> None:
    meeting = family(ROBIN)
    assert you_part(meeting.state, PAT.person, meeting.now)["forms"] == {}
    rows = {row["person"]: row for row in staff_part(meeting.state, meeting.now)["people"]}
    assert rows[PAT.person]["forms"] == {} and rows[ROBIN]["forms"]
    with pytest.raises(Refusal, match="not_offered"):
        meeting.do(c.SaveForm(form=CHECK_IN, answers={"mood": 3}), PAT.person)


def test_a_guest_has_no_minutes_that_could_be_wrong() -> None:
    with pytest.raises(Refusal, match="not_a_participant"):
        family(ROBIN).do(c.DisputeMinutes(text="I was there."), PAT.person)


def test_the_note_says_which_family_was_there_and_when() -> None:
    said = lines(over(family(ROBIN)), ROBIN, ROBIN)
    assert said["Family attending"] == "p-pat 12:00:00 PM – 12:10:00 PM"
    assert said["Participants attending"] == "1"
    assert "with family by live video" in said["Service"]


def test_where_it_might_be_another_familys_only_the_number_is_told() -> None:
    said = lines(over(family(ROBIN, SAM)), ROBIN, ROBIN, SAM)
    assert said["Family members attending"] == "1"
    assert "Pat" not in " ".join(said.values())
    assert "in a group of families by live video" in said["Service"]


def test_who_comes_late_onto_the_list_stays_a_guest() -> None:
    meeting = Meeting(roster=tuple(each for each in ROSTER if each.person != SAM))
    meeting.do(c.ExpectPerson(expected=replace(PAT, person=SAM)))
    assert not meeting.state.seats.of(SAM).treated
