"""Disputes, corrections and amended hours: what was seen stays, and what stands says who said so and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation.events import AttendanceCorrected, DisputeAnswered, HoursAmended
from facilitation.facts import facts
from facilitation.ids import CorrectionId, DisputeId, PersonId, SegmentId, SessionId
from facilitation.intervals import Intervals
from facilitation.notes import content_hash
from facilitation.room import replay
from facilitation.timebase import MINUTE_MS, Instant
from facilitation.views import record_part, staff_part, you_part
from tests.support.meeting import COLE, FAY, OLA, ROBIN, SAM, START, Meeting, running


def correct(
    meeting: Meeting, start: float, end: float, *, present: bool, person: PersonId = ROBIN, **more: object
) -> c.CorrectAttendance:
    fields = {"reason": "We spoke by phone.", "dispute": None} | more
    return c.CorrectAttendance(
        person=person,
        start=meeting.at(start),
        end=meeting.at(end),
        present=present,
        **fields,
    )


def away_from_20_to_30() -> Meeting:
    """Robin is away from minute 20 to 30 of 90 (check-in 20, skills 30, break 10, practice 30), then it ends."""
    meeting = running(ROBIN, SAM)
    meeting.later(minutes=20)
    meeting.advance()
    meeting.lose(next(iter(meeting.state.attendance.of(ROBIN).sources)))
    meeting.later(minutes=10)
    meeting.connect(ROBIN)
    meeting.later(minutes=20)
    meeting.advance()
    meeting.later(minutes=10)
    meeting.advance()
    meeting.later(minutes=30)
    meeting.end()
    return meeting


def times(meeting: Meeting, *spans: tuple[float, float]) -> Intervals:
    return tuple((meeting.at(start), meeting.at(end)) for start, end in spans)


def line_of(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, object]:
    people = record_part(meeting.state, meeting.now)["people"]
    return next(each for each in people if each["person"] == person)


# --------------------------------------------------------------- corrections


def test_a_correction_adds_time_and_what_was_seen_stays() -> None:
    meeting = away_from_20_to_30()
    assert meeting.hours(ROBIN).counted_ms == 70 * MINUTE_MS
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    hours = meeting.hours(ROBIN)
    assert hours.intervals == times(meeting, (0, 20), (30, 90)) and hours.present_ms == 80 * MINUTE_MS
    assert hours.times == times(meeting, (0, 90)) and hours.corrected_ms == 10 * MINUTE_MS
    assert (hours.counted_ms, hours.countable_min) == (80 * MINUTE_MS, 80)
    assert hours.by_segment[SegmentId("skills")] == 30 * MINUTE_MS


def test_a_correction_takes_time_away_and_what_was_seen_stays() -> None:
    meeting = away_from_20_to_30()
    meeting.do(correct(meeting, 0, 5, present=False, reason="The camera showed an empty chair."), FAY)
    hours = meeting.hours(ROBIN)
    assert (hours.present_ms, hours.corrected_ms) == (80 * MINUTE_MS, -5 * MINUTE_MS)
    assert (hours.counted_ms, hours.late_ms) == (65 * MINUTE_MS, 5 * MINUTE_MS)
    assert hours.first == meeting.at(5)


def test_time_in_a_break_that_is_added_does_not_count() -> None:
    meeting = running(SAM)
    meeting.later(minutes=50)
    meeting.advance()
    meeting.advance()
    meeting.later(minutes=10)
    meeting.end()
    meeting.do(correct(meeting, 40, 60, present=True), FAY)
    hours = meeting.hours(ROBIN)
    assert (hours.corrected_ms, hours.counted_ms) == (20 * MINUTE_MS, 10 * MINUTE_MS)


def test_the_later_of_two_corrections_holds() -> None:
    meeting = away_from_20_to_30()
    meeting.do(correct(meeting, 15, 30, present=True), FAY)
    meeting.do(correct(meeting, 10, 25, present=False), COLE)
    assert meeting.hours(ROBIN).times == times(meeting, (0, 10), (25, 90))


def test_a_correction_that_is_taken_back_counts_as_never_made() -> None:
    meeting = away_from_20_to_30()
    before = meeting.hours(ROBIN)
    meeting.do(correct(meeting, 0, 90, present=False), FAY)
    assert not meeting.hours(ROBIN).attended
    meeting.do(c.TakeBackCorrection(correction=CorrectionId("correction-1"), reason="Wrong person."), COLE)
    assert meeting.hours(ROBIN) == before
    shown = line_of(meeting)["corrections"]
    assert isinstance(shown, list) and shown[0]["taken_back"]["reason"] == "Wrong person."
    again = c.TakeBackCorrection(correction=CorrectionId("correction-1"), reason="Wrong person.")
    assert meeting.do(again, COLE) == ()


def test_who_never_came_can_be_corrected_to_have_been_there() -> None:
    meeting = running(SAM)
    meeting.later(minutes=30)
    meeting.end()
    meeting.do(correct(meeting, 0, 30, present=True, reason="Sat beside Sam."), FAY)
    hours = meeting.hours(ROBIN)
    assert hours.attended and hours.present_ms == 0 and hours.countable_min == 30
    assert hours.clock_ms == 30 * MINUTE_MS


def test_a_correction_made_while_the_session_runs_holds_at_once() -> None:
    meeting = running(SAM)
    meeting.later(minutes=10)
    meeting.do(correct(meeting, 0, 10, present=True), FAY)
    assert you_part(meeting.state, ROBIN, meeting.now)["minutes"]["corrected_ms"] == 10 * MINUTE_MS


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (80, 90.1), (100, 110), (10, 10), (20, 10)], ids=str)
def test_only_time_within_the_session_can_be_corrected(start: float, end: float) -> None:
    meeting = away_from_20_to_30()
    assert meeting.refused(correct(meeting, start, end, present=True), FAY) == "bad_times"


def test_nothing_can_be_corrected_before_the_start_nor_beyond_now() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    assert meeting.refused(correct(meeting, 0, 1, present=True), FAY) == "bad_times"
    meeting.start()
    meeting.later(minutes=1)
    assert meeting.refused(correct(meeting, 0, 2, present=True), FAY) == "bad_times"


def test_a_log_that_corrects_beyond_its_session_adds_nothing_there() -> None:
    meeting = running(SAM)
    meeting.later(minutes=10)
    meeting.end()
    meeting.do(correct(meeting, 0, 10, present=True), FAY)
    last = meeting.log[-1]
    assert isinstance(last.event, AttendanceCorrected)
    wild = replace(last, event=replace(last.event, start=Instant(0), end=Instant(START * 2)))
    meeting.state = replay([*meeting.log[:-1], wild])
    assert meeting.hours(ROBIN).times == times(meeting, (0, 10))


def test_a_correction_needs_a_reason_a_participant_and_a_facilitator() -> None:
    meeting = away_from_20_to_30()
    assert meeting.refused(correct(meeting, 0, 1, present=True, reason="  "), FAY) == "empty_text"
    assert meeting.refused(correct(meeting, 0, 1, present=True, reason="x" * 301), FAY) == "too_long"
    assert meeting.refused(correct(meeting, 0, 1, present=True, person=COLE), FAY) == "not_a_participant"
    assert meeting.refused(correct(meeting, 0, 1, present=True), OLA) == "not_allowed"
    assert meeting.refused(correct(meeting, 0, 1, present=True), ROBIN) == "not_allowed"
    nothing = c.TakeBackCorrection(correction=CorrectionId("correction-9"), reason="None there.")
    assert meeting.refused(nothing, FAY) == "unknown_correction"


def test_a_correction_stands_in_the_facts_of_the_note_with_who_and_why() -> None:
    meeting = away_from_20_to_30()
    meeting.do(correct(meeting, 20, 30, present=True, reason="Spoke by phone."), FAY)
    everyone = {person: meeting.hours(person) for person in (ROBIN, SAM, PersonId("p-alex"))}
    told = {each["label"]: each["value"] for each in facts(meeting.state, ROBIN, everyone)}
    assert "counted as present (Fay Example, " in told["Corrected by hand"]
    assert told["Corrected by hand"].endswith(": Spoke by phone.")


# --------------------------------------------------------------- disputes


def test_a_dispute_waits_until_it_is_answered_and_its_author_sees_the_answer() -> None:
    meeting = away_from_20_to_30()
    meeting.do(c.DisputeMinutes(text="I was on the phone with you."), ROBIN)
    waiting = staff_part(meeting.state, meeting.now)["disputes"]
    assert [(each["person"], each["text"], each["answer"]) for each in waiting] == [
        (ROBIN, "I was on the phone with you.", None)
    ]
    answer = c.AnswerDispute(dispute=DisputeId("dispute-1"), accepted=False, text="The call was after the group.")
    meeting.do(answer, FAY)
    assert staff_part(meeting.state, meeting.now)["disputes"] == []
    mine = you_part(meeting.state, ROBIN, meeting.now)["disputes"]
    assert [(each["answer"]["accepted"], each["answer"]["text"]) for each in mine] == [
        (False, "The call was after the group.")
    ]
    assert you_part(meeting.state, SAM, meeting.now)["disputes"] == []
    assert meeting.refused(answer, FAY) == "dispute_closed"


def test_a_dispute_is_taken_back_by_its_author_while_nobody_has_answered_and_stays_readable() -> None:
    meeting = away_from_20_to_30()
    back = c.TakeBackDispute(dispute=DisputeId("dispute-1"))
    assert meeting.refused(back, ROBIN) == "unknown_dispute"
    meeting.do(c.DisputeMinutes(text="I was there."), ROBIN)
    assert meeting.refused(back, SAM) == "unknown_dispute"
    meeting.later(minutes=1)
    meeting.do(back, ROBIN)
    assert staff_part(meeting.state, meeting.now)["disputes"] == []
    [mine] = you_part(meeting.state, ROBIN, meeting.now)["disputes"]
    assert (mine["text"], mine["answer"], mine["taken_back"]) == ("I was there.", None, meeting.now)
    assert meeting.do(back, ROBIN) == ()
    answer = c.AnswerDispute(dispute=DisputeId("dispute-1"), accepted=True)
    assert meeting.refused(answer, FAY) == "dispute_closed"
    late = correct(meeting, 20, 30, present=True, dispute=DisputeId("dispute-1"))
    assert [type(event) for event in meeting.do(late, FAY)] == [AttendanceCorrected], "there is nothing to answer"


def test_what_was_answered_cannot_be_taken_back_and_something_else_can_be_said_afterwards() -> None:
    meeting = away_from_20_to_30()
    meeting.do(c.DisputeMinutes(text="I was there."), ROBIN)
    meeting.do(c.AnswerDispute(dispute=DisputeId("dispute-1"), accepted=False, text="We did not see you."), FAY)
    assert meeting.refused(c.TakeBackDispute(dispute=DisputeId("dispute-1")), ROBIN) == "dispute_closed"
    meeting.do(c.DisputeMinutes(text="Only from 6:20 on."), ROBIN)
    meeting.do(c.TakeBackDispute(dispute=DisputeId("dispute-2")), ROBIN)
    assert meeting.do(c.DisputeMinutes(text="Only from 6:25 on."), ROBIN)


def test_a_correction_that_names_a_dispute_answers_it() -> None:
    meeting = away_from_20_to_30()
    meeting.do(c.DisputeMinutes(text="I was there."), ROBIN)
    events = meeting.do(correct(meeting, 20, 30, present=True, dispute=DisputeId("dispute-1")), FAY)
    assert [type(event) for event in events] == [AttendanceCorrected, DisputeAnswered]
    more = meeting.do(correct(meeting, 19, 30, present=True, dispute=DisputeId("dispute-1")), FAY)
    assert [type(event) for event in more] == [AttendanceCorrected]


def test_a_dispute_can_be_made_while_the_session_runs_and_after_it_but_not_before() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.join(ROBIN)
    assert meeting.refused(c.DisputeMinutes(text="Too few."), ROBIN) == "not_running"
    meeting.start()
    assert meeting.do(c.DisputeMinutes(text="Too few."), ROBIN)
    assert meeting.refused(c.DisputeMinutes(text="Still too few."), ROBIN) == "already_disputed"
    meeting.do(c.AnswerDispute(dispute=DisputeId("dispute-1"), accepted=True), FAY)
    meeting.end()
    assert meeting.do(c.DisputeMinutes(text="Too few."), ROBIN)


@pytest.mark.parametrize(("text", "code"), [("", "empty_text"), ("x" * 2_001, "too_long"), ("\x00", "bad_text")])
def test_a_dispute_says_what_is_wrong(text: str, code: str) -> None:
    assert running(ROBIN).refused(c.DisputeMinutes(text=text), ROBIN) == code


def test_saying_no_needs_words_and_only_facilitators_answer() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.DisputeMinutes(text="Too few."), ROBIN)
    no = c.AnswerDispute(dispute=DisputeId("dispute-1"), accepted=False)
    assert meeting.refused(no, FAY) == "empty_text"
    assert meeting.refused(no, ROBIN) == meeting.refused(no, OLA) == "not_allowed"
    assert meeting.refused(c.AnswerDispute(dispute=DisputeId("dispute-7"), accepted=True), FAY) == "unknown_dispute"
    of_another = correct(meeting, 0, 0.001, present=True, person=SAM, dispute=DisputeId("dispute-1"))
    meeting.later(minutes=1)
    assert meeting.refused(of_another, FAY) == "unknown_dispute"


# --------------------------------------------------------------- after the signature


def sign(meeting: Meeting, person: PersonId = ROBIN) -> None:
    meeting.do(c.EditNote(subject=person, text="Took part.", revision=0), FAY)
    meeting.do(c.SignNote(person=person, group_revision=0, person_revision=1), FAY)


def test_a_correction_before_the_signature_is_in_what_is_signed() -> None:
    meeting = away_from_20_to_30()
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    sign(meeting)
    content = meeting.state.notes.signed[ROBIN].content
    figures, corrections = content["figures"], content["corrections"]
    assert isinstance(figures, dict) and isinstance(corrections, list)
    assert (figures["countable_min"], figures["corrected_ms"]) == (80, 10 * MINUTE_MS)
    assert [each["reason"] for each in corrections] == ["We spoke by phone."]
    assert line_of(meeting)["amendable"] is None


def test_a_correction_after_the_signature_changes_what_is_posted_only_by_an_amendment() -> None:
    meeting = away_from_20_to_30()
    sign(meeting)
    signed = meeting.state.notes.signed[ROBIN]
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    line = line_of(meeting)
    assert (line["countable_min"], line["amendable"]) == (80, "minutes")
    assert line["posted"] == {"counted_ms": 70 * MINUTE_MS, "countable_min": 70, "corrected_ms": 0, "makes_up": None}
    (event,) = meeting.do(c.AmendHours(person=ROBIN, reason="Phone call accepted."), COLE)
    assert isinstance(event, HoursAmended) and meeting.effects == [e.PostHours()]
    assert event.content_hash == content_hash(event.content)
    assert (event.content["amends"], event.reason) == (signed.content_hash, "Phone call accepted.")
    assert event.evidence == (1, meeting.state.seq - 1)
    line = line_of(meeting)
    assert (line["amendable"], line["posted"]) == (
        None,
        {"counted_ms": 80 * MINUTE_MS, "countable_min": 80, "corrected_ms": 10 * MINUTE_MS, "makes_up": None},
    )
    assert meeting.state.notes.signed[ROBIN] == signed, "a signed note never changes"


def test_a_make_up_linked_after_the_signature_is_posted_by_an_amendment_and_changes_no_minute() -> None:
    meeting = away_from_20_to_30()
    sign(meeting)
    again = c.AmendHours(person=ROBIN, reason="Makes up for Monday.")
    meeting.do(c.LinkMakeUp(person=ROBIN, missed_session=SessionId("s-0")), FAY)
    assert line_of(meeting)["amendable"] == "make_up"
    (event,) = meeting.do(again, FAY)
    assert isinstance(event, HoursAmended) and event.content["makes_up"] == "s-0"
    line = line_of(meeting)
    assert (line["amendable"], line["posted"]) == (
        None,
        {"counted_ms": 70 * MINUTE_MS, "countable_min": 70, "corrected_ms": 0, "makes_up": "s-0"},
    )
    assert meeting.refused(again, FAY) == "nothing_to_amend"
    meeting.do(c.LinkMakeUp(person=ROBIN, missed_session=None), FAY)
    assert line_of(meeting)["amendable"] == "make_up", "what was taken back does not stand any more, either"


def test_what_was_linked_before_the_signature_is_in_what_is_posted() -> None:
    meeting = away_from_20_to_30()
    meeting.do(c.LinkMakeUp(person=ROBIN, missed_session=SessionId("s-0")), FAY)
    sign(meeting)
    line = line_of(meeting)
    assert (line["amendable"], line["posted"]["makes_up"]) == (None, "s-0")


def test_a_second_amendment_stands_upon_the_first() -> None:
    meeting = away_from_20_to_30()
    sign(meeting)
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    (first,) = meeting.do(c.AmendHours(person=ROBIN, reason="One."), FAY)
    assert isinstance(first, HoursAmended)
    meeting.do(c.TakeBackCorrection(correction=CorrectionId("correction-1"), reason="Mistaken."), FAY)
    (second,) = meeting.do(c.AmendHours(person=ROBIN, reason="Two."), FAY)
    assert isinstance(second, HoursAmended) and second.content["amends"] == first.content_hash
    amendments = line_of(meeting)["amendments"]
    assert isinstance(amendments, list)
    assert [(each["reason"], each["countable_min"]) for each in amendments] == [("One.", 80), ("Two.", 70)]


def test_there_is_nothing_to_amend_where_nothing_is_posted_or_nothing_differs() -> None:
    meeting = away_from_20_to_30()
    ask = c.AmendHours(person=ROBIN, reason="Because.")
    assert meeting.refused(ask, FAY) == "not_signed"
    sign(meeting)
    assert meeting.refused(ask, FAY) == "nothing_to_amend"
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    assert meeting.refused(c.AmendHours(person=ROBIN, reason=" "), FAY) == "empty_text"
    assert meeting.refused(ask, OLA) == meeting.refused(ask, ROBIN) == "not_allowed"


def test_a_correction_that_moves_minutes_between_parts_can_be_amended_though_the_sum_is_the_same() -> None:
    meeting = away_from_20_to_30()
    meeting.do(correct(meeting, 20, 30, present=True), FAY)
    meeting.do(correct(meeting, 10, 20, present=False), FAY)
    sign(meeting)
    meeting.do(correct(meeting, 10, 20, present=True), FAY)
    meeting.do(correct(meeting, 20, 30, present=False), FAY)
    assert meeting.hours(ROBIN).counted_ms == 70 * MINUTE_MS
    assert line_of(meeting)["amendable"] == "minutes"
