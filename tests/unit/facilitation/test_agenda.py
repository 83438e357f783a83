from __future__ import annotations

import pytest

from facilitation import agenda
from facilitation import commands as c
from facilitation import events as v
from facilitation.ids import SegmentId
from facilitation.timebase import MINUTE_MS, SECOND_MS
from facilitation.views import room_part
from tests.support.meeting import FAY, PLAN, ROBIN, START, Meeting, running

CHECK_IN, SKILLS, BREAK = SegmentId("check-in"), SegmentId("skills"), SegmentId("break")
PRACTICE, WRAP_UP = SegmentId("practice"), SegmentId("wrap-up")


def states(meeting: Meeting) -> list[str]:
    return [segment["state"] for segment in room_part(meeting.state, "group")["agenda"]["segments"]]


def test_a_session_starts_in_its_first_part() -> None:
    meeting = running()
    assert meeting.state.agenda.position == CHECK_IN
    assert states(meeting) == ["now", "next", "next", "next", "next"]


def test_a_session_starts_in_the_first_part_that_is_not_skipped() -> None:
    meeting = Meeting()
    meeting.do(c.Skip(segment=CHECK_IN), FAY)
    meeting.start()
    assert meeting.state.agenda.position == SKILLS


def test_a_plan_of_which_all_is_skipped_cannot_start() -> None:
    meeting = Meeting()
    for segment in PLAN.segments:
        meeting.do(c.Skip(segment=segment.id), FAY)
    assert meeting.refused(c.StartSession(), FAY) == "nothing_planned"


def test_starting_twice_changes_nothing() -> None:
    assert running().do(c.StartSession(), FAY) == ()


def test_advancing_goes_to_the_next_part_that_is_not_skipped() -> None:
    meeting = running()
    meeting.do(c.Skip(segment=SKILLS), FAY)
    meeting.advance()
    assert meeting.state.agenda.position == BREAK
    assert states(meeting) == ["done", "skipped", "now", "next", "next"]


def test_a_double_press_of_advance_moves_once() -> None:
    meeting = running()
    meeting.do(c.Advance(from_segment=CHECK_IN), FAY)
    assert meeting.refused(c.Advance(from_segment=CHECK_IN), FAY) == "stale_position"
    assert meeting.state.agenda.position == SKILLS


def test_the_last_part_has_no_next() -> None:
    meeting = running()
    for _ in range(4):
        meeting.advance()
    assert meeting.refused(c.Advance(from_segment=WRAP_UP), FAY) == "last_segment"


def test_the_first_part_has_none_before_it() -> None:
    assert running().refused(c.GoBack(from_segment=CHECK_IN), FAY) == "first_segment"


@pytest.mark.parametrize("command", [c.Advance(from_segment=CHECK_IN), c.UndoMove(), c.Pause(), c.EndSession()])
def test_before_the_start_there_is_nothing_to_run(command: c.Command) -> None:
    assert Meeting().refused(command, FAY) == "not_running"


def test_an_undone_advance_gives_its_minutes_back() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    meeting.advance()
    meeting.later(minutes=3)
    meeting.do(c.UndoMove(), FAY)
    meeting.later(minutes=2)
    assert meeting.state.agenda.position == CHECK_IN
    assert meeting.hours(ROBIN).by_segment == {CHECK_IN: 15 * MINUTE_MS}


def test_going_back_on_purpose_keeps_what_was_done_where_it_was_done() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    meeting.advance()
    meeting.later(minutes=3)
    meeting.do(c.GoBack(from_segment=SKILLS), FAY)
    meeting.later(minutes=2)
    assert meeting.hours(ROBIN).by_segment == {CHECK_IN: 12 * MINUTE_MS, SKILLS: 3 * MINUTE_MS}


def test_only_the_last_move_can_be_undone() -> None:
    meeting = running()
    meeting.advance()
    meeting.advance()
    meeting.do(c.UndoMove(), FAY)
    assert meeting.state.agenda.position == SKILLS
    assert meeting.refused(c.UndoMove(), FAY) == "nothing_to_undo"


def test_a_part_skipped_after_going_back_is_taken_in_again_by_undoing() -> None:
    meeting = running()
    meeting.advance()
    meeting.do(c.GoBack(from_segment=SKILLS), FAY)
    meeting.do(c.Skip(segment=SKILLS), FAY)
    meeting.do(c.UndoMove(), FAY)
    assert meeting.state.agenda.position == SKILLS
    assert SKILLS not in meeting.state.agenda.skipped


def test_pausing_stops_the_plans_clock_and_not_the_presence() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    meeting.do(c.Pause(), FAY)
    meeting.later(minutes=7)
    part = room_part(meeting.state, "group")["agenda"]
    assert (part["paused"], part["ends_at"], part["left_ms"]) == (True, None, 15 * MINUTE_MS)
    meeting.do(c.Resume(), FAY)
    assert room_part(meeting.state, "group")["agenda"]["ends_at"] == meeting.at(27)
    assert meeting.hours(ROBIN).counted_ms == 12 * MINUTE_MS


def test_pausing_twice_is_pausing_once() -> None:
    meeting = running()
    meeting.do(c.Pause(), FAY)
    assert meeting.do(c.Pause(), FAY) == ()
    meeting.do(c.Resume(), FAY)
    assert meeting.do(c.Resume(), FAY) == ()


def test_extending_moves_the_end_of_the_present_part() -> None:
    meeting = running()
    meeting.do(c.Extend(segment=CHECK_IN, by_ms=5 * MINUTE_MS), FAY)
    part = room_part(meeting.state, "group")["agenda"]
    assert part["ends_at"] == START + 25 * MINUTE_MS
    assert part["ahead_ms"] == -5 * MINUTE_MS


def test_a_part_that_is_over_cannot_be_changed() -> None:
    meeting = running()
    meeting.advance()
    assert meeting.refused(c.Extend(segment=CHECK_IN, by_ms=MINUTE_MS), FAY) == "segment_over"
    assert meeting.refused(c.Skip(segment=CHECK_IN), FAY) == "segment_over"
    assert meeting.refused(c.Replan(planned_ms={"check-in": MINUTE_MS}), FAY) == "segment_over"


def test_the_part_that_runs_cannot_be_skipped() -> None:
    assert running().refused(c.Skip(segment=CHECK_IN), FAY) == "segment_running"


@pytest.mark.parametrize("by_ms", [-20 * MINUTE_MS, 5 * 60 * MINUTE_MS])
def test_a_part_takes_from_one_minute_to_four_hours(by_ms: int) -> None:
    assert running().refused(c.Extend(segment=CHECK_IN, by_ms=by_ms), FAY) == "bad_length"


def test_a_part_that_is_not_in_the_plan_is_refused() -> None:
    assert running().refused(c.Extend(segment=SegmentId("lunch"), by_ms=MINUTE_MS), FAY) == "unknown_segment"


def test_a_new_plan_says_only_what_changes() -> None:
    events = running().do(c.Replan(planned_ms={"skills": 25 * MINUTE_MS, "break": 10 * MINUTE_MS}), FAY)
    assert events == (v.SegmentReplanned(segment=SKILLS, planned_ms=25 * MINUTE_MS),)


def test_a_new_plan_with_one_mistake_changes_nothing() -> None:
    meeting = running()
    mistaken = c.Replan(planned_ms={"skills": 25 * MINUTE_MS, "lunch": MINUTE_MS})
    assert meeting.refused(mistaken, FAY) == "unknown_segment"
    assert meeting.state.agenda.planned_ms[SKILLS] == 30 * MINUTE_MS


def test_running_over_makes_the_session_end_later() -> None:
    meeting = running()
    meeting.later(minutes=26)
    assert agenda.ahead_ms(meeting.state.agenda, meeting.now) == -6 * MINUTE_MS
    assert agenda.expected_end(meeting.state.agenda, meeting.now) == START + 96 * MINUTE_MS


def test_skipping_a_part_gains_its_time() -> None:
    meeting = running()
    meeting.do(c.Skip(segment=PRACTICE), FAY)
    assert agenda.ahead_ms(meeting.state.agenda, meeting.now) == 20 * MINUTE_MS


def test_there_is_no_advice_while_all_goes_by_plan() -> None:
    meeting = running()
    meeting.later(minutes=20)
    assert agenda.advice(meeting.state.agenda, meeting.now) is None


def test_advice_ends_on_time_and_keeps_breaks_and_the_wrap_up() -> None:
    meeting = running()
    meeting.later(minutes=35)
    advice = agenda.advice(meeting.state.agenda, meeting.now)
    assert advice == {SKILLS: 21 * MINUTE_MS, PRACTICE: 14 * MINUTE_MS}
    meeting.do(c.Replan(planned_ms=dict(advice)), FAY)
    assert agenda.ahead_ms(meeting.state.agenda, meeting.now) == 0
    assert agenda.advice(meeting.state.agenda, meeting.now) is None


def test_advice_never_goes_below_the_floors() -> None:
    meeting = running()
    meeting.later(minutes=85)
    assert agenda.advice(meeting.state.agenda, meeting.now) == {SKILLS: 5 * MINUTE_MS, PRACTICE: 5 * MINUTE_MS}


def test_undo_is_offered_for_a_minute_and_possible_until_the_next_move() -> None:
    from facilitation.views import staff_part

    meeting = running()
    meeting.later(minutes=1)
    meeting.advance()
    meeting.later(seconds=59)
    until = meeting.at(2)
    assert staff_part(meeting.state, meeting.now)["undo"] == {"move": "advance", "to": CHECK_IN, "until": until}
    meeting.later(seconds=1)
    assert staff_part(meeting.state, meeting.now)["undo"] is None
    meeting.do(c.UndoMove(), FAY)
    assert meeting.state.agenda.position == CHECK_IN


def test_after_the_end_the_agenda_stands_still() -> None:
    meeting = running()
    meeting.later(minutes=10)
    meeting.advance()
    meeting.later(seconds=30)
    meeting.end()
    meeting.later(minutes=50)
    part = room_part(meeting.state, "group")["agenda"]
    assert (part["position"], part["ends_at"], part["expected_end"], part["next"]) == (None, None, None, None)
    assert [s["spent_ms"] for s in part["segments"]] == [10 * MINUTE_MS, 30 * SECOND_MS, 0, 0, 0]
    assert states(meeting) == ["done", "done", "skipped", "skipped", "skipped"]
