"""Measures in a session: offered, answered one by one, handed in; and the ninth question at every boundary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation import facts, views
from facilitation.crediting import Tally
from facilitation.ids import FormId, ItemId, MeasureId, PersonId
from facilitation.measures import Earlier
from facilitation.room import replay
from facilitation.timebase import Instant
from server.catalog import load_catalog
from tests.support.meeting import ALEX, COLE, FAY, OLA, ROBIN, ROSTER, SAM, Meeting

MEASURES = tuple(load_catalog().measures.values())
PHQ9, PHQA, GAD7, CLIMATE = (MeasureId(name) for name in ("phq-9", "phq-a", "gad-7", "group-climate"))
NINTH = ItemId("9")


def group(*people: PersonId, offered: tuple[MeasureId, ...] = (PHQ9, GAD7, CLIMATE)) -> Meeting:
    meeting = Meeting(measures=MEASURES)
    meeting.join(FAY)
    for person in people or (ROBIN, SAM):
        meeting.do(c.OfferMeasures(person=person, measures=offered))
        meeting.join(person)
    meeting.start()
    return meeting


def tick(item: int | str, value: int | None = 0, measure: MeasureId = PHQ9) -> c.AnswerItem:
    return c.AnswerItem(measure=measure, item=ItemId(str(item)), value=value)


def own(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, Any]:
    return {each["id"]: each for each in views.you_part(meeting.state, person, meeting.now)["measures"]}


def for_staff(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, Any]:
    people = views.staff_part(meeting.state, meeting.now)["people"]
    return {each["id"]: each for found in people if found["person"] == person for each in found["measures"]}


def facts_of(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, str]:
    tally = Tally(meeting.state)
    everyone = {seat.person: tally.of(seat.person) for seat in meeting.state.seats.treated}
    return {each["label"]: each["value"] for each in facts.facts(meeting.state, person, everyone)}


# --------------------------------------------------------------- offered


def test_what_is_due_is_offered_to_that_person_alone() -> None:
    meeting = group(ROBIN)
    meeting.join(SAM)
    assert list(own(meeting)) == [PHQ9, GAD7]
    assert own(meeting, SAM) == {}
    assert meeting.refused(tick(1), SAM) == "unknown_form"


def test_a_room_that_is_told_again_changes_nothing() -> None:
    meeting = group(ROBIN)
    assert meeting.do(c.OfferMeasures(person=ROBIN, measures=(PHQ9, GAD7, CLIMATE))) == ()
    assert meeting.do(c.OfferMeasures(person=ROBIN, measures=())) == ()
    assert list(own(meeting)) == [PHQ9, GAD7]


def test_staff_strangers_and_what_a_session_cannot_ask_are_passed_over() -> None:
    meeting = group(ROBIN)
    for person in (FAY, PersonId("p-nobody")):
        assert meeting.do(c.OfferMeasures(person=person, measures=(PHQ9,))) == ()
    assert meeting.do(c.OfferMeasures(person=SAM, measures=(MeasureId("bam"),))) == ()


def test_the_climate_waits_for_the_wrap_up() -> None:
    meeting = group(ROBIN)
    assert meeting.refused(tick("quiet", 1, CLIMATE), ROBIN) == "not_offered"
    for _ in range(4):
        meeting.advance()
    assert CLIMATE in own(meeting)
    meeting.do(tick("quiet", 1, CLIMATE), ROBIN)


def test_only_who_is_in_the_room_is_asked() -> None:
    meeting = group(ROBIN)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    assert own(meeting) == {}
    assert meeting.refused(tick(1), ROBIN) == "not_in_room"


def test_nothing_is_asked_after_the_end() -> None:
    meeting = group(ROBIN)
    meeting.end()
    assert own(meeting) == {}
    assert meeting.refused(tick(1), ROBIN) == "session_ended"


# --------------------------------------------------------------- answering


def test_what_was_ticked_is_kept_for_its_author_and_shown_to_nobody_else() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    meeting.do(tick(2, None), ROBIN)
    assert (own(meeting)[PHQ9]["values"], own(meeting)[PHQ9]["passed"]) == ({"1": 2}, ["2"])
    assert for_staff(meeting)[PHQ9] == {"id": PHQ9, "short": "PHQ-9", "status": "begun", "result": None}


def test_an_answer_can_be_changed_and_left_open_again() -> None:
    meeting = group(ROBIN)
    for value in (2, 0, None, 1):
        meeting.do(tick(1, value), ROBIN)
    assert own(meeting)[PHQ9]["values"] == {"1": 1}
    assert own(meeting)[PHQ9]["passed"] == []


def test_the_same_answer_again_is_not_logged() -> None:
    meeting = group(ROBIN)
    for value in (0, None):
        assert meeting.do(tick(1, value), ROBIN) != ()
        assert meeting.do(tick(1, value), ROBIN) == ()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (tick(1, 4), "bad_answer"),
        (tick(1, -1), "bad_answer"),
        (tick(1, True), "bad_answer"),
        (tick(11, 1), "unknown_question"),
        (tick(1, 1, MeasureId("bam")), "unknown_form"),
    ],
)
def test_an_answer_that_nobody_can_tick_is_refused(command: c.AnswerItem, code: str) -> None:
    assert group(ROBIN).refused(command, ROBIN) == code


def test_what_was_ticked_survives_a_drop_and_a_new_server() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    meeting.take_over(after_seconds=5)
    meeting.connect(FAY)
    meeting.connect(ROBIN)
    assert own(meeting)[PHQ9]["values"] == {"1": 2}
    assert replay(meeting.log) == meeting.state


def test_not_today_needs_no_reason_and_can_be_taken_back() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    meeting.do(c.PutOffMeasure(measure=PHQ9), ROBIN)
    assert (own(meeting)[PHQ9]["status"], for_staff(meeting)[PHQ9]["status"]) == ("put_off", "put_off")
    assert meeting.do(c.PutOffMeasure(measure=PHQ9), ROBIN) == ()
    meeting.do(c.PutOffMeasure(measure=PHQ9, off=False), ROBIN)
    assert own(meeting)[PHQ9]["values"] == {"1": 2}


def test_going_on_takes_not_today_back() -> None:
    meeting = group(ROBIN)
    meeting.do(c.PutOffMeasure(measure=PHQ9), ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    assert own(meeting)[PHQ9]["status"] == "begun"


# --------------------------------------------------------------- handing in


def hand_in(meeting: Meeting, person: PersonId = ROBIN, measure: MeasureId = PHQ9, **values: int) -> None:
    asked = next(each for each in MEASURES if each.id == measure)
    for item in asked.items:
        meeting.do(tick(item.id, values.get(f"q{item.id}", values.get("each", 1)), measure), person)
    meeting.do(c.HandInMeasure(measure=measure), person)


def test_what_was_handed_in_is_scored_for_staff_and_a_fact_of_the_note() -> None:
    meeting = group(ROBIN)
    hand_in(meeting, each=1, q9=0, q10=2)
    result = for_staff(meeting)[PHQ9]["result"]
    assert (result["score"], result["score_max"], result["band"], result["open"]) == (8, 27, "mild", [])
    assert result["answers"][9]["answer"] == "Very difficult"
    assert facts_of(meeting)["PHQ-9"] == "8 of 27, mild"
    assert own(meeting)[PHQ9]["form"] is None and own(meeting)[PHQ9]["status"] == "handed_in"


def test_whoever_reads_a_score_is_told_that_its_page_spoke_another_language() -> None:
    meeting = group(ROBIN)
    assert meeting.refused(c.HandInMeasure(measure=PHQ9, page_language="not a tag!"), ROBIN) == "answer_missing"
    meeting.do(tick(1, 2), ROBIN)
    assert meeting.refused(c.HandInMeasure(measure=PHQ9, page_language="not a tag!"), ROBIN) == "bad_choice"
    meeting.do(c.HandInMeasure(measure=PHQ9, page_language="es"), ROBIN)
    assert facts_of(meeting)["PHQ-9"].endswith("answered in English, on a page in Spanish")
    assert for_staff(meeting)[PHQ9]["result"]["answered_in"]["text"] == "answered in English, on a page in Spanish"


def test_a_page_in_the_language_of_the_form_is_not_worth_a_word() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    meeting.do(c.HandInMeasure(measure=PHQ9, page_language="en"), ROBIN)
    assert "answered in" not in facts_of(meeting)["PHQ-9"]
    assert for_staff(meeting)[PHQ9]["result"]["answered_in"] is None


def test_what_is_open_makes_no_score_and_is_named() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    meeting.do(c.HandInMeasure(measure=PHQ9), ROBIN)
    result = for_staff(meeting)[PHQ9]["result"]
    assert (result["score"], result["band"], result["open"]) == (None, None, [str(n) for n in range(2, 10)])
    assert facts_of(meeting)["PHQ-9"] == "no score, left open: 2, 3, 4, 5, 6, 7, 8, 9"


def test_nothing_at_all_is_not_handed_in() -> None:
    meeting = group(ROBIN)
    assert meeting.refused(c.HandInMeasure(measure=PHQ9), ROBIN) == "answer_missing"
    meeting.do(tick(1, None), ROBIN)
    assert meeting.refused(c.HandInMeasure(measure=PHQ9), ROBIN) == "answer_missing"


def test_what_was_handed_in_stays_as_it_was() -> None:
    meeting = group(ROBIN)
    hand_in(meeting, each=0)
    for command in (tick(1, 3), c.HandInMeasure(measure=PHQ9), c.PutOffMeasure(measure=PHQ9)):
        assert meeting.refused(command, ROBIN) == "already_sent"


def test_the_last_time_stands_beside_it_as_a_fact() -> None:
    meeting = Meeting(measures=MEASURES)
    before = Earlier(measure=PHQ9, version="1999", score=15, at=Instant(meeting.now - 14 * 86_400_000))
    meeting.do(c.OfferMeasures(person=ROBIN, measures=(PHQ9,), earlier=(before,)))
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    hand_in(meeting, each=1, q9=0)
    result = for_staff(meeting)[PHQ9]["result"]
    assert (result["before"]["score"], result["change"]) == (15, "lower")
    assert "7 lower than on" in facts_of(meeting)["PHQ-9"]


def test_another_version_is_not_compared() -> None:
    meeting = Meeting(measures=MEASURES)
    before = Earlier(measure=PHQ9, version="2030", score=15, at=Instant(meeting.now - 1))
    meeting.do(c.OfferMeasures(person=ROBIN, measures=(PHQ9,), earlier=(before,)))
    meeting.join(FAY)
    meeting.join(ROBIN)
    hand_in(meeting, each=1, q9=0)
    assert for_staff(meeting)[PHQ9]["result"]["before"] is None


def test_of_an_anonymous_measure_nobody_sees_an_answer_or_who_gave_one() -> None:
    meeting = group(ROBIN, SAM)
    for _ in range(4):
        meeting.advance()
    hand_in(meeting, ROBIN, CLIMATE, each=3)
    assert for_staff(meeting)[CLIMATE] == for_staff(meeting, SAM)[CLIMATE]
    assert for_staff(meeting)[CLIMATE]["result"] is None
    assert "Group climate" not in facts_of(meeting)
    assert own(meeting)[CLIMATE]["status"] == "handed_in"


# --------------------------------------------------------------- the ninth question


@pytest.mark.parametrize("value", [1, 2, 3])
def test_the_ninth_question_raises_a_flag_at_once_before_anything_is_handed_in(value: int) -> None:
    meeting = group(ROBIN)
    events = meeting.do(tick(9, value), ROBIN)
    assert [type(event) for event in events] == [v.ItemAnswered, v.FlagRaised]
    flag = views.staff_part(meeting.state, meeting.now)["flags"][0]
    assert (flag["person"], flag["form"], flag["disposition"]) == (ROBIN, FormId(PHQ9), None)
    assert flag["questions"][0]["label"].startswith("Thoughts that you would be better off dead")
    assert flag["questions"][0]["answer"] == ("Several days", "More than half the days", "Nearly every day")[value - 1]
    assert views.you_part(meeting.state, ROBIN, meeting.now)["help"] == "coming"


@pytest.mark.parametrize("value", [0, None])
def test_no_thoughts_and_an_open_question_raise_none(value: int | None) -> None:
    meeting = group(ROBIN)
    assert [type(event) for event in meeting.do(tick(9, value), ROBIN)] == [v.ItemAnswered]
    assert meeting.state.checkin.flags == ()


def test_a_flag_stays_when_the_answer_is_taken_back() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(9, 2), ROBIN)
    meeting.do(tick(9, 0), ROBIN)
    assert [flag.open for flag in meeting.state.checkin.flags] == [True]


def test_another_worrying_answer_raises_another_flag() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(9, 1), ROBIN)
    meeting.do(tick(9, 1), ROBIN)
    meeting.do(tick(9, 3), ROBIN)
    assert [flag.flag for flag in meeting.state.checkin.flags] == ["flag-1", "flag-2"]


def test_teens_alert_by_their_own_form() -> None:
    meeting = group(ALEX, offered=(PHQA,))
    for item in ("9", "12", "13"):
        meeting.do(tick(item, 1, PHQA), ALEX)
    assert len(meeting.state.checkin.open_flags) == 3


def test_peers_see_nothing_of_it() -> None:
    meeting = group(ROBIN, SAM)
    before = views.room_part(meeting.state, views.GROUP_AUDIENCE), views.you_part(meeting.state, SAM, meeting.now)
    meeting.do(tick(9, 3), ROBIN)
    hand_in(meeting, ROBIN, GAD7)
    after = views.room_part(meeting.state, views.GROUP_AUDIENCE), views.you_part(meeting.state, SAM, meeting.now)
    assert json.dumps(after) == json.dumps(before)


def test_the_session_does_not_end_and_no_note_is_signed_over_it() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(9, 1), ROBIN)
    assert meeting.refused(c.EndSession(), FAY) == "open_flag"
    meeting.do(c.DisposeFlag(flag=meeting.state.checkin.flags[0].flag, disposition="spoke_safe"), FAY)
    meeting.end()


# --------------------------------------------------------------- never while nobody watches


def test_nothing_with_the_ninth_question_is_asked_before_a_facilitator_is_there() -> None:
    meeting = group(ROBIN)
    away = leave(meeting, FAY)
    assert away
    assert own(meeting)[PHQ9]["waits"] is True and own(meeting)[PHQ9]["form"] is None
    assert own(meeting)[GAD7]["waits"] is False
    for item, value in ((1, 1), (9, 0), (9, 3), (9, None)):
        assert meeting.refused(tick(item, value), ROBIN) == "nobody_watching"
    assert meeting.state.measuring.sheet(ROBIN, PHQ9).values == {}


def leave(meeting: Meeting, person: PersonId) -> bool:
    for source, owner in list(meeting.state.attendance.owners.items()):
        if owner == person:
            meeting.lose(source)
    return not meeting.state.attendance.of(person).connected


def test_what_was_ticked_waits_until_somebody_is_back() -> None:
    meeting = group(ROBIN)
    meeting.do(tick(1, 2), ROBIN)
    leave(meeting, FAY)
    assert meeting.refused(c.HandInMeasure(measure=PHQ9), ROBIN) == "nobody_watching"
    assert own(meeting)[PHQ9]["waits"] is True and own(meeting)[PHQ9]["values"] == {}
    meeting.connect(FAY)
    assert own(meeting)[PHQ9]["values"] == {"1": 2}
    meeting.do(tick(9, 1), ROBIN)
    assert len(meeting.state.checkin.open_flags) == 1


def test_not_today_can_be_said_with_nobody_there() -> None:
    meeting = group(ROBIN)
    leave(meeting, FAY)
    meeting.do(c.PutOffMeasure(measure=PHQ9), ROBIN)


@pytest.mark.parametrize(("watcher", "watches"), [(COLE, True), (OLA, False), (SAM, False)])
def test_who_leads_watches_and_nobody_else(watcher: PersonId, watches: bool) -> None:
    assert {each.person for each in ROSTER} >= {COLE, OLA, SAM}
    meeting = group(ROBIN)
    if watcher == SAM:
        meeting.join(SAM)
    else:
        meeting.connect(watcher)
    leave(meeting, FAY)
    assert own(meeting)[PHQ9]["waits"] is not watches


def test_of_an_answer_and_a_leaving_facilitator_the_log_says_which_came_first() -> None:
    """Whichever the room takes first: either the flag is raised and stays, or nothing at all is kept."""
    first = group(ROBIN)
    first.do(tick(9, 2), ROBIN)
    leave(first, FAY)
    assert len(first.state.checkin.open_flags) == 1
    second = group(ROBIN)
    leave(second, FAY)
    assert second.refused(tick(9, 2), ROBIN) == "nobody_watching"
    assert second.state.checkin.flags == () and second.state.measuring.sheet(ROBIN, PHQ9).values == {}
