from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation.breakouts import GRACE_MS
from facilitation.crediting import Tally
from facilitation.errors import Refusal
from facilitation.facts import facts
from facilitation.ids import PersonId, SmallRoomId
from facilitation.people import Expected, Role
from facilitation.state import replay
from facilitation.talk import ALL_ROOMS
from facilitation.views import audience_of, room_part, staff_part, you_part
from tests.support.meeting import COLE, FAY, ROBIN, ROSTER, SAM, Meeting

KIM, JO, LEE = PersonId("p-kim"), PersonId("p-jo"), PersonId("p-lee")
SIX = (ROBIN, SAM, PersonId("p-alex"), KIM, JO, LEE)
ALEX = SIX[2]
ROOM_1, ROOM_2, ROOM_3 = (SmallRoomId(f"small-{number}") for number in (1, 2, 3))
MORE = tuple(
    Expected(person=person, role=Role.PARTICIPANT, name=f"{person[2:].title()} Example") for person in (KIM, JO, LEE)
)


class Evening(Meeting):
    """A running session with both who lead, and these people, each on one line."""

    def __init__(self, *people: PersonId, together: tuple[tuple[tuple[PersonId, ...], ...], ...] = ()) -> None:
        super().__init__(roster=(*ROSTER, *MORE), together=together)
        self.lines = {person: self.join(person) for person in (FAY, COLE, *people)}
        self.start()

    def drop(self, person: PersonId) -> None:
        self.lose(self.lines[person])


def in_pairs(minutes: int | None = 10) -> Evening:
    """Robin and Sam, Alex and Kim, Jo and Lee."""
    meeting = Evening(*SIX)
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, SAM), (ALEX, KIM), (JO, LEE))), FAY)
    meeting.do(c.OpenBreakouts(minutes=minutes, task="Rehearse one hard moment."), FAY)
    return meeting


def room(meeting: Meeting, person: PersonId) -> dict[str, Any]:
    return room_part(meeting.state, audience_of(meeting.state, person))


def company(meeting: Meeting, person: PersonId) -> set[PersonId]:
    return {one["person"] for one in room(meeting, person)["people"]} - {person}


def you(meeting: Meeting, person: PersonId) -> dict[str, Any]:
    return you_part(meeting.state, person, meeting.now)


def staff(meeting: Meeting) -> dict[str, Any]:
    part: dict[str, Any] = staff_part(meeting.state, meeting.now)["breakouts"]
    return part


# --------------------------------------------------------------- side rooms


def test_a_side_room_takes_one_person_and_one_who_leads_apart_in_one_step() -> None:
    meeting = Evening(ROBIN, SAM)
    assert meeting.do(c.OpenSideRoom(person=ROBIN), COLE) == (
        v.SideRoomOpened(room=ROOM_1, person=ROBIN, facilitator=COLE),
    )
    assert meeting.effects == [e.Partition(rooms={ROBIN: ROOM_1, COLE: ROOM_1})]
    assert company(meeting, ROBIN) == {COLE}
    assert company(meeting, FAY) == {SAM}, "the other keeps the group"
    assert room(meeting, ROBIN)["small_room"] == {"room": ROOM_1, "number": 1, "side": True, "alone": False}
    assert room(meeting, SAM)["small_room"] is None
    assert {one["person"] for one in room(meeting, SAM)["elsewhere"]} == {ROBIN, COLE}


def test_both_are_back_when_it_is_closed() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    assert meeting.do(c.CloseSideRoom(room=ROOM_1), FAY) == (
        v.SideRoomClosed(room=ROOM_1, people=(ROBIN, COLE), how="facilitator"),
    )
    assert meeting.effects == [e.Partition(rooms={})]
    assert company(meeting, ROBIN) == {FAY, COLE, SAM}
    assert meeting.do(c.CloseSideRoom(room=ROOM_1), FAY) == (), "once more changes nothing"


def test_who_was_in_a_small_room_comes_back_to_it_from_a_side_room() -> None:
    meeting = in_pairs()
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    assert company(meeting, ROBIN) == {COLE}
    meeting.later(seconds=5)
    meeting.do(c.CloseSideRoom(room=staff(meeting)["rooms"][-1]["room"]), COLE)
    assert company(meeting, ROBIN) == {SAM}
    assert company(meeting, COLE) == {FAY}


def test_a_side_room_ends_when_the_last_one_who_leads_goes_back() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.do(c.Visit(room=ROOM_1), FAY)
    assert company(meeting, ROBIN) == {COLE, FAY}
    meeting.do(c.Visit(room=None), COLE)
    assert company(meeting, ROBIN) == {FAY}
    meeting.do(c.Visit(room=None), FAY)
    assert meeting.state.breakouts.where == {}


def test_nobody_is_left_alone_in_a_side_room() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.later(seconds=60)
    meeting.drop(COLE)
    assert room(meeting, ROBIN)["small_room"]["alone"]
    assert meeting.live(minutes=1) == [v.SideRoomClosed(room=ROOM_1, people=(ROBIN, COLE), how="alone")]
    assert company(meeting, ROBIN) == {FAY, COLE, SAM}


def test_a_line_that_comes_back_in_time_changes_nothing() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.drop(COLE)
    meeting.later(seconds=10)
    meeting.connect(COLE)
    assert meeting.live(minutes=2) == []
    assert company(meeting, ROBIN) == {COLE}


def test_who_is_spoken_with_leaves_and_whoever_led_is_back_with_the_group() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.do(c.QuickExit(), ROBIN)
    assert company(meeting, COLE) == {FAY, SAM}
    assert e.Partition(rooms={}) in meeting.effects


def test_a_second_one_who_leads_comes_along_to_whom_is_spoken_with_already() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    assert meeting.do(c.OpenSideRoom(person=ROBIN), COLE) == ()
    meeting.do(c.OpenSideRoom(person=ROBIN), FAY)
    assert company(meeting, ROBIN) == {COLE, FAY}
    assert not room(meeting, SAM)["led"], "the group is told that they will be back"
    assert meeting.refused(c.OpenSideRoom(person=SAM), FAY) == "in_side_room"


def test_a_side_room_needs_somebody_who_is_there() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.connect(KIM)
    assert meeting.refused(c.OpenSideRoom(person=KIM), FAY) == "not_in_room"
    assert meeting.refused(c.OpenSideRoom(person=COLE), FAY) == "not_a_participant"
    meeting.drop(SAM)
    assert meeting.refused(c.OpenSideRoom(person=SAM), FAY) == "not_here"
    assert meeting.refused(c.OpenSideRoom(person=SAM), ROBIN) == "not_allowed"
    meeting.do(c.Leave(), COLE)
    assert meeting.refused(c.OpenSideRoom(person=ROBIN), COLE) == "not_in_room"


def test_somebody_asks_to_be_spoken_with_and_one_step_does_it() -> None:
    meeting = Evening(ROBIN, SAM)
    meeting.do(c.CallForHelp(alone=True), ROBIN)
    assert staff(meeting)["calls"] == [{"person": ROBIN, "at": meeting.now, "alone": True, "room": None}]
    assert you(meeting, ROBIN)["called"] == {"at": meeting.now, "alone": True}
    assert you(meeting, SAM)["called"] is None
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    assert staff(meeting)["calls"] == []


def test_a_side_room_opens_before_the_session_and_closes_with_it() -> None:
    meeting = Meeting()
    for person in (FAY, COLE, ROBIN):
        meeting.join(person)
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.start()
    meeting.later(minutes=2)
    meeting.end()
    assert meeting.state.breakouts.where == {}
    [stay] = meeting.state.breakouts.stays[ROBIN]
    assert (stay.side, stay.start, stay.end) == (True, meeting.at(0), meeting.now)


# --------------------------------------------------------------- small rooms


def test_each_sees_and_hears_their_own_small_room_alone() -> None:
    meeting = in_pairs()
    assert meeting.effects == [
        e.Partition(rooms={ROBIN: ROOM_1, SAM: ROOM_1, ALEX: ROOM_2, KIM: ROOM_2, JO: ROOM_3, LEE: ROOM_3})
    ]
    assert company(meeting, ROBIN) == {SAM}
    assert company(meeting, FAY) == {COLE}
    assert room(meeting, ROBIN)["breakouts"] == {
        "opened_at": meeting.now,
        "ends_at": meeting.at(10),
        "called": False,
        "task": "Rehearse one hard moment.",
    }
    assert replay(meeting.log) == meeting.state


def test_what_is_written_in_a_small_room_stays_there_and_an_announcement_reaches_all() -> None:
    meeting = in_pairs()
    assert meeting.refused(c.SendChat(text="Only you"), ROBIN) == "other_room", "written before they were moved"
    meeting.do(c.SendChat(text="Only you", room=ROOM_1), ROBIN)
    meeting.do(c.SendChat(text="Five minutes left", to=ALL_ROOMS), FAY)
    texts = {one: [message["text"] for message in room(meeting, one)["chat"]] for one in (SAM, ALEX, FAY)}
    assert texts == {
        SAM: ["Only you", "Five minutes left"],
        ALEX: ["Five minutes left"],
        FAY: ["Five minutes left"],
    }
    assert meeting.refused(c.SendChat(text="Hello all", to=ALL_ROOMS), ROBIN) == "not_allowed"
    meeting.do(c.Visit(room=ROOM_1), FAY)
    assert [message["text"] for message in room(meeting, FAY)["chat"]] == ["Only you", "Five minutes left"]
    meeting.do(c.CloseBreakouts(), FAY)
    assert [message["text"] for message in room(meeting, ROBIN)["chat"]] == ["Five minutes left"]


def test_everybody_comes_back_by_themselves_when_the_time_is_over() -> None:
    meeting = in_pairs(minutes=10)
    assert meeting.live(minutes=9.9) == []
    assert meeting.live(minutes=0.1) == [v.BreakoutsClosed(people=SIX, how="time")]
    assert meeting.now == meeting.at(10)
    assert company(meeting, ROBIN) == {FAY, COLE, *SIX} - {ROBIN}
    assert meeting.effects == [e.Partition(rooms={})]


def test_a_call_back_warns_and_then_brings_all_back() -> None:
    meeting = in_pairs(minutes=None)
    assert room(meeting, ROBIN)["breakouts"]["ends_at"] is None
    meeting.do(c.CallBack(seconds=60), FAY)
    shown = room(meeting, ROBIN)["breakouts"]
    assert (shown["called"], shown["ends_at"]) == (True, meeting.at(1))
    meeting.do(c.ExtendBreakouts(by_ms=120_000), FAY)
    shown = room(meeting, ROBIN)["breakouts"]
    assert (shown["called"], shown["ends_at"]) == (False, meeting.at(3)), "called back too soon: two minutes more"
    assert [type(event) for event in meeting.live(minutes=3)] == [v.BreakoutsClosed]
    assert meeting.refused(c.CallBack(seconds=60), FAY) == "breakouts_closed"


def test_help_is_called_in_one_step_and_answered_by_coming() -> None:
    meeting = in_pairs()
    meeting.do(c.CallForHelp(), KIM)
    assert meeting.do(c.CallForHelp(), KIM) == ()
    assert staff(meeting)["calls"] == [{"person": KIM, "at": meeting.now, "alone": False, "room": ROOM_2}]
    meeting.do(c.Visit(room=ROOM_2), COLE)
    assert staff(meeting)["calls"] == []
    assert company(meeting, KIM) == {ALEX, COLE}
    meeting.do(c.CallForHelp(), JO)
    meeting.do(c.CallForHelp(on=False), JO)
    assert staff(meeting)["calls"] == []


def test_somebody_left_alone_is_told_and_then_brought_to_others() -> None:
    meeting = in_pairs()
    meeting.later(minutes=1)
    meeting.do(c.Leave(), SAM)
    assert room(meeting, ROBIN)["small_room"]["alone"]
    assert meeting.live(minutes=0.5) == [v.PersonMoved(person=ROBIN, room=ROOM_2, why="alone")]
    assert company(meeting, ROBIN) == {ALEX, KIM}
    assert you(meeting, ROBIN)["moved"] == "alone"


def test_somebody_whose_line_dropped_finds_the_others_in_the_main_room() -> None:
    meeting = in_pairs()
    meeting.later(minutes=1)
    meeting.drop(SAM)
    moved = meeting.live(minutes=0.5)
    assert moved == [
        v.PersonMoved(person=ROBIN, room=ROOM_2, why="alone"),
        v.PersonMoved(person=SAM, room=None, why="gone"),
    ]
    meeting.connect(SAM)
    assert company(meeting, SAM) == {FAY, COLE}
    assert you(meeting, SAM)["moved"] == "gone"
    [late] = staff(meeting)["main"]
    assert late == {"person": SAM, "fits": [ROOM_3, ROOM_2], "waits": True}
    meeting.do(c.MoveTo(person=SAM, room=ROOM_3), FAY)
    assert company(meeting, SAM) == {JO, LEE}


def test_nobody_is_brought_to_whom_they_are_kept_apart_from() -> None:
    meeting = in_pairs()
    meeting.do(c.ListApart(pairs=((ROBIN, ALEX), (ROBIN, LEE))))
    meeting.do(c.Leave(), SAM)
    assert meeting.live(minutes=1) == [v.PersonMoved(person=ROBIN, room=None, why="alone")]
    assert company(meeting, ROBIN) == {FAY, COLE}


def test_two_who_are_left_alone_at_once_find_each_other() -> None:
    meeting = in_pairs()
    meeting.do(c.Leave(), SAM)
    meeting.do(c.Leave(), KIM)
    assert meeting.live(minutes=1) == [v.PersonMoved(person=ROBIN, room=ROOM_2, why="alone")]
    assert company(meeting, ALEX) == {ROBIN}


def test_a_facilitator_keeps_company() -> None:
    meeting = in_pairs()
    meeting.do(c.Visit(room=ROOM_1), COLE)
    meeting.do(c.Leave(), SAM)
    assert meeting.live(minutes=2) == []
    meeting.do(c.Visit(room=None), COLE)
    assert [type(event) for event in meeting.live(minutes=1)] == [v.PersonMoved]


def test_a_restart_of_the_server_leaves_all_where_they_were() -> None:
    meeting = in_pairs()
    meeting.take_over(after_seconds=40)
    for person in (FAY, COLE, *SIX):
        meeting.later(seconds=3)
        meeting.connect(person)
    assert meeting.live(minutes=5) == []
    assert company(meeting, ROBIN) == {SAM}


def test_who_comes_late_waits_with_those_who_lead_and_is_placed_by_them() -> None:
    meeting = Evening(*SIX[:4])
    meeting.do(c.ListApart(pairs=((JO, KIM),)))
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, SAM), (ALEX, KIM))), FAY)
    meeting.do(c.OpenBreakouts(), FAY)
    meeting.join(JO)
    assert company(meeting, JO) == {FAY, COLE}
    assert staff(meeting)["main"] == [{"person": JO, "fits": [ROOM_1], "waits": True}]
    assert you(meeting, JO)["moved"] == "late"
    assert meeting.refused(c.MoveTo(person=JO, room=ROOM_2), FAY) == "kept_apart"
    meeting.do(c.MoveTo(person=JO, room=ROOM_1), FAY)
    assert company(meeting, JO) == {ROBIN, SAM}


def test_who_moves_takes_no_screen_along() -> None:
    meeting = Evening(*SIX)
    meeting.do(c.AllowSharing(person=ROBIN), FAY)
    meeting.do(c.ShareScreen(on=True), ROBIN)
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, SAM), (ALEX, KIM), (JO, LEE))), FAY)
    first, *_ = meeting.do(c.OpenBreakouts(), FAY)
    assert first == v.ScreenShared(person=ROBIN, on=False)
    meeting.do(c.ShareScreen(on=True), ROBIN)
    meeting.do(c.ShareScreen(on=True), FAY)
    assert (room(meeting, SAM)["screen"], room(meeting, ALEX)["screen"], room(meeting, COLE)["screen"]) == (
        ROBIN,
        None,
        FAY,
    )
    meeting.do(c.Visit(room=ROOM_1), FAY)
    assert room(meeting, SAM)["screen"] == ROBIN
    assert room(meeting, COLE)["screen"] is None
    meeting.do(c.CloseBreakouts(), FAY)
    assert room(meeting, SAM)["screen"] is None


def test_minutes_run_on_in_small_rooms() -> None:
    meeting = in_pairs(minutes=5)
    meeting.do(c.OpenSideRoom(person=LEE), COLE)
    meeting.live(minutes=12)
    for person in (ROBIN, LEE):
        hours = meeting.hours(person)
        assert hours.present_ms == 12 * 60_000
        assert hours.by_segment == {"check-in": 12 * 60_000}


def test_the_record_says_when_somebody_was_in_a_small_room_and_not_with_whom() -> None:
    meeting = in_pairs(minutes=5)
    meeting.live(minutes=6)
    meeting.end()
    tally = Tally(meeting.state)
    everyone = {seat.person: tally.of(seat.person) for seat in meeting.state.seats.treated}
    [times] = [line["value"] for line in facts(meeting.state, ROBIN, everyone) if line["label"] == "In small rooms"]
    assert times.count("–") == 1
    assert "Sam" not in times


def test_an_answer_about_safety_and_a_quick_exit_work_from_inside() -> None:
    meeting = in_pairs()
    raised = meeting.submit(ROBIN, safe=False)
    assert any(isinstance(event, v.FlagRaised) for event in raised)
    meeting.do(c.QuickExit(), SAM)
    assert e.Dismiss(person=SAM, reason="quick_exit") in meeting.effects
    assert SAM not in meeting.state.breakouts.where


# --------------------------------------------------------------- the proposal


def drawn(meeting: Meeting) -> list[set[PersonId]]:
    return [set(one["people"]) for one in staff(meeting)["plan"]["rooms"]]


def test_pairs_are_drawn_by_lot_and_an_odd_one_makes_three() -> None:
    meeting = Evening(*SIX[:5])
    meeting.do(c.DrawBreakouts(size=2), FAY)
    assert sorted(map(len, drawn(meeting))) == [2, 3]
    assert set().union(*drawn(meeting)) == set(SIX[:5])
    first = drawn(meeting)
    for _ in range(20):
        meeting.do(c.DrawBreakouts(size=2), COLE)
        if drawn(meeting) != first:
            break
    else:
        raise AssertionError("the lot always falls alike")


def test_who_is_kept_apart_is_never_drawn_together_and_only_staff_know() -> None:
    meeting = Evening(*SIX[:4])
    meeting.do(c.ListApart(pairs=((ROBIN, SAM), (KIM, ROBIN))))
    for _ in range(10):
        meeting.do(c.DrawBreakouts(size=2), FAY)
        assert {ROBIN, ALEX} in drawn(meeting)
    assert staff(meeting)["apart"] == [[KIM, ROBIN], [ROBIN, SAM]]


def test_nobody_is_drawn_with_the_same_one_three_times_running() -> None:
    meeting = Evening(*SIX[:4])
    for _ in range(6):
        meeting.do(c.DrawBreakouts(size=2), FAY)
        meeting.do(c.OpenBreakouts(), FAY)
        meeting.do(c.CloseBreakouts(), FAY)
    times = meeting.state.breakouts.times
    for first, second, third in zip(times, times[1:], times[2:], strict=False):
        assert not first & second & third
    met = meeting.state.breakouts.met
    assert set(met.values()) == {2}, "after six times each was with each twice"


def test_two_people_can_meet_a_third_time_if_that_is_allowed() -> None:
    meeting = Evening(ROBIN, SAM)
    for _ in range(2):
        meeting.do(c.DrawBreakouts(size=2), FAY)
        meeting.do(c.OpenBreakouts(), FAY)
        meeting.do(c.CloseBreakouts(), FAY)
    assert meeting.refused(c.DrawBreakouts(size=2), FAY) == "no_groups_possible"
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, SAM),)), FAY)
    assert staff(meeting)["plan"]["rooms"][0]["problems"] == ["again"]
    assert meeting.refused(c.OpenBreakouts(), FAY) == "together_again"
    meeting.do(c.DrawBreakouts(size=2, again=True), FAY)
    meeting.do(c.OpenBreakouts(), FAY)
    assert company(meeting, ROBIN) == {SAM}


def test_the_history_of_former_meetings_counts() -> None:
    before = ((ROBIN, SAM), (ALEX, KIM))
    meeting = Evening(ROBIN, SAM, ALEX, KIM, together=(before, before))
    for _ in range(10):
        meeting.do(c.DrawBreakouts(size=2), FAY)
        assert {ROBIN, SAM} not in drawn(meeting)
    assert meeting.state.breakouts.told_times == (((ALEX, KIM), (ROBIN, SAM)),) * 2


@pytest.mark.parametrize(
    ("apart", "size", "words"),
    [
        ([(ROBIN, SAM), (ROBIN, ALEX), (ROBIN, KIM)], 2, "It only works if .* may be together"),
        (list(combinations(SIX[:4], 2)), 2, "Too many people are kept apart"),
    ],
)
def test_where_there_is_no_way_the_rule_that_could_give_is_named(
    apart: list[tuple[PersonId, PersonId]], size: int, words: str
) -> None:
    meeting = Evening(*SIX[:4])
    meeting.do(c.ListApart(pairs=tuple(apart)))
    with pytest.raises(Refusal, match=words):
        meeting.do(c.DrawBreakouts(size=size), FAY)


def test_a_proposal_by_hand_may_break_rules_until_it_is_opened() -> None:
    meeting = Evening(*SIX[:4])
    meeting.do(c.ListApart(pairs=((ROBIN, SAM),)))
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, SAM), (ALEX,), ())), FAY)
    assert [one["problems"] for one in staff(meeting)["plan"]["rooms"]] == [["apart"], ["alone"]]
    assert meeting.refused(c.OpenBreakouts(), FAY) == "kept_apart"
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, KIM), (ALEX,))), FAY)
    assert meeting.refused(c.OpenBreakouts(), FAY) == "left_alone"
    meeting.do(c.PlanBreakouts(rooms=((ROBIN, KIM),)), FAY)
    meeting.do(c.OpenBreakouts(), FAY)
    assert company(meeting, SAM) == {FAY, COLE, ALEX}, "who is in none stays"


def test_a_round_and_small_rooms_do_not_go_together() -> None:
    meeting = Evening(*SIX)
    meeting.do(c.DrawBreakouts(size=2), FAY)
    meeting.do(c.OpenRound(kind="check_in", order="random"), FAY)
    assert meeting.refused(c.OpenBreakouts(), FAY) == "round_open"
    assert meeting.state.rounds.open is not None
    meeting.do(c.CloseRound(round=meeting.state.rounds.open.round), FAY)
    meeting.do(c.OpenBreakouts(), FAY)
    assert meeting.refused(c.OpenRound(kind="check_in"), FAY) == "breakouts_open"


def test_a_round_goes_on_without_whoever_is_spoken_with_apart_and_asks_them_later() -> None:
    meeting = Evening(ROBIN, SAM, ALEX)
    meeting.do(c.OpenRound(kind="check_in", order="given", line=(ROBIN, SAM, ALEX)), FAY)
    run = meeting.state.rounds.open
    assert run is not None
    meeting.do(c.MoveRoundOn(round=run.round, turn=0), FAY)
    assert room(meeting, SAM)["round"]["now"] == ROBIN
    meeting.do(c.OpenSideRoom(person=ROBIN), COLE)
    meeting.live(minutes=0.1)
    assert room(meeting, SAM)["round"]["now"] == SAM
    meeting.do(c.CloseSideRoom(room=ROOM_1), COLE)
    assert room(meeting, SAM)["round"]["to_come"] == 2, "Robin is asked again"


def test_what_cannot_be_is_refused() -> None:
    meeting = Evening(*SIX[:4])
    refused = meeting.refused
    assert refused(c.OpenBreakouts(), FAY) == "no_plan"
    assert refused(c.PlanBreakouts(rooms=((ROBIN, SAM), (SAM, KIM))), FAY) == "bad_plan"
    assert refused(c.PlanBreakouts(rooms=((*SIX, PersonId("p-7")),)), FAY) == "unknown_person"
    assert refused(c.PlanBreakouts(rooms=((ROBIN, COLE),)), FAY) == "not_a_participant"
    assert refused(c.DrawBreakouts(size=4), FAY) == "bad_size"
    meeting.do(c.DrawBreakouts(size=2), FAY)
    assert refused(c.OpenBreakouts(minutes=0), FAY) == "bad_length"
    assert refused(c.OpenBreakouts(task="x" * 501), FAY) == "too_long"
    meeting.do(c.OpenBreakouts(), FAY)
    assert refused(c.DrawBreakouts(size=2), FAY) == "breakouts_open"
    assert refused(c.CallBack(seconds=601), FAY) == "bad_length"
    assert refused(c.ExtendBreakouts(by_ms=61 * 60_000), FAY) == "bad_length"
    assert refused(c.Visit(room=SmallRoomId("small-9")), FAY) == "unknown_room"
    assert refused(c.MoveTo(person=KIM, room=SmallRoomId("small-9")), FAY) == "unknown_room"
    assert refused(c.Visit(room=ROOM_1), ROBIN) == "not_allowed"
    lone = Evening(ROBIN)
    assert lone.refused(c.DrawBreakouts(size=2), FAY) == "too_few_people"


def test_company_is_waited_for_as_long_as_a_line_needs_to_come_back() -> None:
    meeting = in_pairs(minutes=None)
    meeting.drop(SAM)
    assert meeting.live(minutes=(GRACE_MS - 1) / 60_000) == []
    assert len(meeting.live(minutes=1 / 60_000)) == 2
