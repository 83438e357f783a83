"""Minutes from facts: every test here could be a dispute at a kitchen table."""

from __future__ import annotations

import pytest

from facilitation import attendance
from facilitation import commands as c
from facilitation import events as v
from facilitation.ids import PersonId, SourceId
from facilitation.intervals import Intervals
from facilitation.room import replay
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from facilitation.views import record_part
from tests.support.meeting import ALEX, FAY, OLA, ROBIN, SAM, START, Meeting, running


def minutes(meeting: Meeting, *spans: tuple[float, float]) -> Intervals:
    return tuple((meeting.at(start), meeting.at(end)) for start, end in spans)


def seen(meeting: Meeting, person: PersonId = ROBIN) -> Intervals:
    return meeting.hours(person).intervals


# --------------------------------------------------------------- what counts as present


def test_who_is_there_from_start_to_end_has_the_whole_session() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=90)
    meeting.end()
    assert seen(meeting) == minutes(meeting, (0, 90))


def test_time_before_the_start_does_not_count() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.start()
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (10, 15))


def test_the_waiting_room_does_not_count() -> None:
    meeting = running()
    meeting.connect(ROBIN)
    meeting.arrive(ROBIN)
    meeting.later(minutes=10)
    assert seen(meeting) == ()
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (10, 15))


def test_a_late_person_gets_minutes_from_arrival_only() -> None:
    meeting = running()
    meeting.later(minutes=12)
    meeting.join(ROBIN)
    meeting.later(minutes=8)
    meeting.end()
    assert seen(meeting) == minutes(meeting, (12, 20))
    assert meeting.hours(ROBIN).late_ms == 12 * MINUTE_MS


def test_staff_are_in_the_room_by_connecting_and_their_minutes_are_kept_too() -> None:
    meeting = running()
    meeting.later(minutes=5)
    meeting.connect(OLA)
    meeting.later(minutes=5)
    assert seen(meeting, FAY) == minutes(meeting, (0, 10))
    assert seen(meeting, OLA) == minutes(meeting, (5, 10))


def test_after_the_end_no_fact_changes_any_minutes() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=30)
    meeting.end()
    before = meeting.hours(ROBIN)
    meeting.later(seconds=3)
    meeting.lose(source, seconds_ago=7)
    meeting.take_over(after_seconds=600)
    meeting.connect(FAY)
    assert meeting.hours(ROBIN) == before
    assert before.intervals == minutes(meeting, (0, 30))


def test_who_stays_connected_after_the_end_gains_nothing() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=30)
    meeting.end()
    meeting.later(minutes=60)
    assert seen(meeting) == seen(meeting, FAY) == minutes(meeting, (0, 30))


# --------------------------------------------------------------- losing and coming back


def test_presence_ends_when_last_heard_and_not_at_the_time_out() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.lose(source, seconds_ago=4.5)
    meeting.later(minutes=5)
    assert seen(meeting) == ((START, Instant(START + 10 * MINUTE_MS - 4_500)),)


def test_coming_back_opens_a_new_interval_and_asks_nothing() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.lose(source)
    meeting.later(minutes=2)
    meeting.connect(ROBIN)
    meeting.later(minutes=3)
    assert meeting.state.seats.of(ROBIN).in_room
    assert seen(meeting) == minutes(meeting, (0, 10), (12, 15))


def test_a_tab_that_opens_before_the_old_one_is_known_as_lost_leaves_the_true_gap() -> None:
    meeting = running()
    old = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.connect(ROBIN)
    meeting.later(seconds=2)
    meeting.lose(old, seconds_ago=5)
    assert seen(meeting) == (
        (START, Instant(START + 10 * MINUTE_MS - 3_000)),
        (meeting.at(10), meeting.now),
    )


def test_two_tabs_are_one_person() -> None:
    meeting = running()
    first = meeting.join(ROBIN)
    meeting.later(minutes=5)
    second = meeting.connect(ROBIN)
    meeting.later(minutes=5)
    meeting.lose(first)
    meeting.later(minutes=5)
    meeting.lose(second)
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 15))


def test_while_two_tabs_are_open_minutes_run_from_the_first() -> None:
    meeting = running()
    meeting.join(ROBIN)
    meeting.later(minutes=5)
    meeting.connect(ROBIN, "phone")
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_media_alone_proves_presence() -> None:
    meeting = running()
    socket = meeting.join(ROBIN)
    peer = meeting.connect_media(ROBIN)
    meeting.later(minutes=5)
    meeting.lose(socket)
    meeting.later(minutes=5)
    meeting.lose(peer, seconds_ago=60)
    assert seen(meeting) == minutes(meeting, (0, 9))


def test_a_pulse_moves_the_last_proof_of_life() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.hear_all()
    meeting.later(seconds=4)
    meeting.lose(source, seconds_ago=60)
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_a_pulse_may_be_older_than_its_record() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.Pulse(heard={source: meeting.at(9)}))
    meeting.lose(source, seconds_ago=120)
    assert seen(meeting) == minutes(meeting, (0, 9))


def test_nobody_can_be_heard_in_the_future() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.CloseConnection(connection=source, heard=meeting.at(99)))
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_a_pulse_that_says_nothing_new_is_not_logged() -> None:
    meeting = running(ROBIN)
    meeting.later(seconds=2)
    meeting.hear_all()
    assert meeting.do(c.Pulse(heard={"c1": START, "c99": meeting.now})) == ()


def test_after_the_end_no_proof_of_life_is_worth_a_line_of_the_log() -> None:
    meeting = running(ROBIN)
    meeting.end()
    meeting.later(seconds=2)
    assert meeting.do(c.Pulse(heard={str(name): meeting.now for name in meeting.state.attendance.owners})) == ()


def test_what_is_said_of_an_unknown_source_changes_nothing() -> None:
    meeting = running()
    assert meeting.do(c.LoseMedia(peer=SourceId("m77"), heard=meeting.now)) == ()
    assert meeting.do(c.CloseConnection(connection=SourceId("c77"), heard=meeting.now)) == ()


# --------------------------------------------------------------- going by decision


@pytest.mark.parametrize("how", [c.Leave(), c.QuickExit()])
def test_leaving_ends_presence_at_that_instant_with_all_sources(how: c.Command) -> None:
    meeting = running(ROBIN)
    meeting.connect(ROBIN, "phone")
    meeting.connect_media(ROBIN)
    meeting.later(minutes=10)
    meeting.do(how, ROBIN)
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_time_out_of_the_room_does_not_count_although_connected() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    meeting.later(minutes=5)
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 10), (15, 20))


def test_who_is_removed_was_there_until_then() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.Remove(person=ROBIN), FAY)
    meeting.lose(source, seconds_ago=2)
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_media_of_a_seat_that_was_given_up_proves_nothing_later() -> None:
    meeting = running(ROBIN)
    meeting.connect_media(ROBIN)
    meeting.later(minutes=5)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.lose(SourceId("c2"))
    meeting.later(minutes=5)
    assert seen(meeting) == minutes(meeting, (0, 5))


# --------------------------------------------------------------- server gaps


def crash(meeting: Meeting, *, seconds: float) -> None:
    """The server hears everyone, dies, and another one takes over after so many seconds."""
    meeting.hear_all()
    meeting.take_over(after_seconds=seconds)


def test_a_short_server_gap_is_credited_to_who_was_there_and_came_back() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=30)
    meeting.later(seconds=6)
    meeting.connect(ROBIN)
    meeting.later(minutes=5)
    hours = meeting.hours(ROBIN)
    assert hours.present_ms == 15 * MINUTE_MS
    assert hours.gap_credit_ms == 36 * SECOND_MS
    assert hours.counted_ms == hours.clock_ms == 15 * MINUTE_MS + 36 * SECOND_MS
    assert sum(hours.by_segment.values()) == hours.present_ms + hours.gap_credit_ms


def test_a_server_gap_is_shown_in_the_record() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=30)
    assert record_part(meeting.state, meeting.now)["gaps"] == [[meeting.at(10), meeting.at(10.5)]]


def test_who_does_not_come_back_in_time_is_not_credited() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=30)
    meeting.later(minutes=2, ms=1)
    meeting.connect(ROBIN)
    meeting.later(minutes=5)
    assert meeting.hours(ROBIN).gap_credit_ms == 0


def test_the_time_to_come_back_runs_from_the_end_of_the_gap() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=120)
    meeting.later(minutes=2)
    meeting.connect(ROBIN)
    meeting.later(minutes=5)
    assert meeting.hours(ROBIN).gap_credit_ms == 4 * MINUTE_MS


def test_a_long_server_gap_credits_nobody() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=121)
    meeting.connect(ROBIN)
    meeting.later(minutes=5)
    assert meeting.hours(ROBIN).gap_credit_ms == 0


def test_who_had_dropped_before_the_gap_is_not_credited() -> None:
    meeting = running(ROBIN)
    source = meeting.join(SAM)
    meeting.later(minutes=10)
    meeting.lose(source)
    crash(meeting, seconds=30)
    meeting.connect(SAM)
    meeting.later(minutes=5)
    assert meeting.hours(SAM).gap_credit_ms == 0
    assert meeting.hours(SAM).present_ms == 15 * MINUTE_MS


def test_who_was_silent_before_the_gap_is_not_credited() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    meeting.hear_all()
    meeting.later(seconds=6)
    meeting.do(c.RaiseHand(), FAY)
    meeting.take_over(after_seconds=10)
    meeting.connect(ROBIN)
    meeting.later(minutes=1)
    assert meeting.hours(ROBIN).gap_credit_ms == 0


def test_a_gap_that_nobody_saw_the_end_of_is_not_credited() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=30)
    meeting.connect(FAY)
    meeting.end()
    meeting.connect(FAY)
    assert meeting.hours(ROBIN).gap_credit_ms == 0
    assert meeting.hours(FAY).gap_credit_ms == 0, "Fay was back at the very end, not before it"


def test_two_crashes_in_a_row_are_credited_once() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=10)
    crash(meeting, seconds=20)
    meeting.take_over(after_seconds=20)
    meeting.connect(ROBIN)
    meeting.later(minutes=1)
    hours = meeting.hours(ROBIN)
    assert hours.gap_credit_ms == 40 * SECOND_MS
    assert hours.present_ms + hours.gap_credit_ms == hours.clock_ms


def test_the_first_server_of_a_session_leaves_no_gap() -> None:
    meeting = Meeting()
    assert meeting.state.attendance.gaps == ()


def test_a_gap_before_the_start_is_no_gap_of_the_session() -> None:
    meeting = Meeting()
    meeting.take_over(after_seconds=600)
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    meeting.later(minutes=1)
    assert record_part(meeting.state, meeting.now)["gaps"] == []
    assert meeting.hours(ROBIN).gap_credit_ms == 0


def test_what_was_kept_beside_the_log_goes_into_it_with_the_take_over() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    heard, lived_at = {str(source): meeting.at(10)}, Instant(meeting.now + 900)
    meeting.later(seconds=30)
    events = meeting.do(c.TakeOver(node="n2", epoch=2, heard=heard, lived_at=lived_at))
    assert events == (v.Heard(heard=heard), v.ServerTookOver(node="n2", epoch=2, gap_from=lived_at))
    assert seen(meeting) == minutes(meeting, (0, 10))
    assert record_part(meeting.state, meeting.now)["gaps"] == [[lived_at, meeting.now]]
    assert replay(meeting.log) == meeting.state


def test_a_log_that_is_newer_than_what_was_kept_begins_the_gap() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    kept = {str(source): meeting.now}
    lived_at = meeting.now
    meeting.later(seconds=1)
    meeting.do(c.RaiseHand(), FAY)
    spoken_at = meeting.now
    meeting.later(seconds=30)
    meeting.do(c.TakeOver(node="n2", epoch=2, heard=kept, lived_at=lived_at))
    (gap,) = meeting.state.attendance.gaps
    assert (gap.start, gap.end, gap.cut[ROBIN]) == (spoken_at, meeting.now, meeting.at(10))


def test_what_was_kept_of_sources_that_are_over_by_now_changes_nothing() -> None:
    """A server took over, and died before it had kept anything itself."""
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    kept = {str(source): meeting.now, "c-of-another-life": meeting.now}
    lived_at = meeting.now
    meeting.later(seconds=5)
    meeting.do(c.TakeOver(node="n2", epoch=2, heard=kept, lived_at=lived_at))
    again_at = meeting.now
    meeting.later(seconds=5)
    assert meeting.do(c.TakeOver(node="n3", epoch=3, heard=kept, lived_at=lived_at)) == (
        v.ServerTookOver(node="n3", epoch=3, gap_from=again_at),
    )
    assert seen(meeting) == minutes(meeting, (0, 10))


def test_nothing_that_was_kept_proves_more_than_that_its_server_lived() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.TakeOver(node="n2", epoch=2, heard={str(source): meeting.at(9)}, lived_at=meeting.at(8)))
    assert seen(meeting) == minutes(meeting, (0, 8))


def test_a_server_cannot_have_lived_in_the_future() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.TakeOver(node="n2", epoch=2, heard={str(source): meeting.at(99)}, lived_at=meeting.at(99)))
    assert seen(meeting) == minutes(meeting, (0, 10))
    assert meeting.state.attendance.gaps[-1].start == meeting.now


def test_the_first_server_of_a_session_has_nothing_to_go_by() -> None:
    meeting = Meeting(take_over=False)
    event = v.ServerTookOver(node="n1", epoch=1, gap_from=None)
    assert meeting.do(c.TakeOver(node="n1", epoch=1, heard={"c1": START}, lived_at=START)) == (event,)


# --------------------------------------------------------------- evidence


def evidence(meeting: Meeting, person: PersonId = ROBIN) -> list[str]:
    people = record_part(meeting.state, meeting.now)["people"]
    return [line["text"] for found in people if found["person"] == person for line in found["evidence"]]


def test_every_figure_is_explained_by_lines_of_the_log() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    source = meeting.join(ROBIN)
    meeting.start()
    meeting.later(minutes=1)
    meeting.connect(ROBIN, "phone")
    meeting.connect(ROBIN, "phone")
    meeting.lose(source, seconds_ago=4)
    meeting.do(c.Leave(), ROBIN)
    assert evidence(meeting) == [
        "Connected",
        "Answered the arrival questions",
        "Came into the room",
        "The session started",
        "Connected with a second device",
        "Connected in one more tab",
        "Connection ended, last heard 12:00:56 PM",
        "Left",
    ]


def test_each_persons_evidence_is_their_own() -> None:
    meeting = running(ROBIN, ALEX)
    meeting.do(c.QuickExit(), ALEX)
    assert "Left by quick exit" in evidence(meeting, ALEX)
    assert "Left by quick exit" not in evidence(meeting, ROBIN)


def test_attendance_can_be_folded_alone_from_the_log() -> None:
    meeting = running(ROBIN, SAM)
    meeting.later(minutes=10)
    crash(meeting, seconds=10)
    folded = attendance.Attendance()
    for recorded in meeting.log:
        folded = attendance.evolve(folded, recorded)
    assert folded == meeting.state.attendance == replay(meeting.log).attendance
