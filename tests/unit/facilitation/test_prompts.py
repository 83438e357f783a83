""" "Are you still here?": who is asked and when, what answers it, and that no minute hangs on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation.events import StillHereAsked, StillHereMissed
from facilitation.ids import PersonId, SourceId
from facilitation.programme import PLAIN
from facilitation.room import next_deadline, replay
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from facilitation.views import record_part, staff_part, you_part
from tests.support.meeting import ALEX, CHECK_IN, FAY, ROBIN, ROSTER, SAM, Meeting, among, running

ASKING = replace(PLAIN, id="asking", prompt_every_min=(10, 15), prompt_answer_s=120)


def asked(meeting: Meeting, person: PersonId = ROBIN) -> Instant | None:
    """Since when the question stands that this person sees."""
    shown = you_part(meeting.state, person, meeting.now)["still_here"]
    return None if shown is None else shown["asked_at"]


def until_asked(meeting: Meeting) -> Instant:
    """Let time go by until somebody is asked."""
    events = meeting.live(minutes=15)
    first = next(event for event in events if isinstance(event, StillHereAsked))
    return Instant(first.until - ASKING.prompt_answer_s * SECOND_MS)


def staff_line(meeting: Meeting, person: PersonId = ROBIN) -> tuple[object, object]:
    line = next(each for each in staff_part(meeting.state, meeting.now)["people"] if each["person"] == person)
    return line["asked_until"], line["unanswered_at"]


# --------------------------------------------------------------- who is asked, and when


def test_who_is_silent_is_asked_between_the_least_and_the_most_minutes() -> None:
    meeting = among(ROBIN, programme=ASKING)
    began = meeting.now
    at = until_asked(meeting)
    assert 10 * MINUTE_MS <= at - began <= 15 * MINUTE_MS


def test_the_times_are_not_the_same_for_everybody_and_every_session() -> None:
    drawn = set()
    for person in (ROBIN, SAM, ALEX):
        meeting = among(person, programme=ASKING)
        drawn.add(until_asked(meeting) - meeting.at(0))
    assert len(drawn) == 3


def test_a_replay_asks_at_the_same_instant() -> None:
    meeting = among(ROBIN, SAM, programme=ASKING)
    meeting.live(minutes=4)
    assert next_deadline(replay(meeting.log)) == next_deadline(meeting.state) is not None


def test_nobody_is_asked_where_the_programme_does_not_ask() -> None:
    meeting = among(ROBIN)
    assert meeting.live(minutes=85) == []


def test_staff_are_never_asked() -> None:
    meeting = among(programme=ASKING)
    assert meeting.live(minutes=85) == []


def test_nobody_is_asked_before_the_start_or_in_the_waiting_room() -> None:
    meeting = Meeting(programme=ASKING, roster=tuple(each for each in ROSTER if each.person not in (SAM, ALEX)))
    meeting.join(FAY)
    meeting.join(ROBIN)
    assert meeting.live(minutes=60) == []
    meeting.start()
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    assert meeting.live(minutes=29) == []


def test_who_is_seen_is_not_asked() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.connect_media(ROBIN)
    meeting.do(c.SetMedia(microphone=False, camera=True), ROBIN)
    assert meeting.live(minutes=60) == []


def test_a_camera_that_sends_no_picture_proves_nothing() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.do(c.SetMedia(microphone=False, camera=True), ROBIN)
    assert until_asked(meeting)


def test_after_the_picture_is_lost_the_time_begins_anew() -> None:
    meeting = among(ROBIN, programme=ASKING)
    peer = meeting.connect_media(ROBIN)
    meeting.do(c.SetMedia(microphone=False, camera=True), ROBIN)
    meeting.live(minutes=40)
    meeting.lose(peer)
    assert meeting.live(minutes=9.9) == []
    assert until_asked(meeting)


def test_coming_back_without_the_camera_is_not_being_seen() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.connect_media(ROBIN)
    meeting.do(c.SetMedia(microphone=False, camera=True), ROBIN)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.connect_media(ROBIN)
    assert until_asked(meeting)


@pytest.mark.parametrize(
    "sign",
    [
        c.SendChat(text="I am listening"),
        c.React(reaction="heart"),
        c.RaiseHand(),
        c.SaveForm(form=CHECK_IN, answers={"goal": "Listen"}),
        c.SetMedia(microphone=True, camera=False),
        c.DisputeMinutes(text="I was here all along."),
    ],
    ids=lambda sign: type(sign).__name__,
)
def test_whatever_somebody_does_themself_proves_that_they_are_there(sign: c.Command) -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.live(minutes=9)
    meeting.do(sign, ROBIN)
    assert meeting.live(minutes=9.9) == []


def test_what_others_do_to_somebody_proves_nothing() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.do(c.SetMedia(microphone=True, camera=False), ROBIN)
    meeting.live(minutes=9)
    meeting.do(c.MutePerson(person=ROBIN), FAY)
    meeting.do(c.SendChat(text="Hello Robin"), FAY)
    assert meeting.live(minutes=6) != []


def speaks(meeting: Meeting, person: PersonId, *, minutes: int) -> int:
    """How often it is logged that somebody talks all the time, and is never asked."""
    spoken = 0
    for _ in range(minutes * 2):
        assert meeting.live(minutes=0.5) == []
        spoken += len(meeting.do(c.Pulse(spoke=(person, FAY, PersonId("p-nobody")))))
    return spoken


def test_speaking_proves_it_and_is_logged_in_a_fifth_of_the_least_silence_once_at_most() -> None:
    assert speaks(among(ROBIN, programme=ASKING), ROBIN, minutes=30) == 15
    assert speaks(among(ROBIN, programme=replace(ASKING, prompt_every_min=(5, 5))), ROBIN, minutes=30) == 30


def test_speech_of_who_is_seen_anyway_is_not_logged_but_answers_a_question() -> None:
    meeting = among(ROBIN, programme=ASKING)
    until_asked(meeting)
    meeting.do(c.ConnectMedia(peer=SourceId("m-robin"), person=ROBIN))
    assert meeting.do(c.Pulse(spoke=(ROBIN,))) != ()
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)
    assert speaks(meeting, ROBIN, minutes=10) == 0
    meeting.do(c.LoseMedia(peer=SourceId("m-robin"), heard=meeting.now))
    meeting.live(minutes=2)
    assert meeting.do(c.Pulse(spoke=(ROBIN,))) != ()


def test_speech_is_not_logged_where_nobody_is_asked() -> None:
    meeting = among(ROBIN)
    meeting.later(minutes=5)
    assert meeting.do(c.Pulse(heard={}, spoke=(ROBIN,))) == ()


def test_nobody_is_asked_in_a_break_or_a_pause_and_the_time_begins_anew_after_it() -> None:
    meeting = among(ROBIN, programme=ASKING)
    for _ in range(2):
        meeting.live(minutes=1)
        meeting.advance()
    assert meeting.live(minutes=29) == []
    meeting.advance()
    meeting.live(minutes=5)
    meeting.do(c.Pause(), FAY)
    assert meeting.live(minutes=29) == []
    meeting.do(c.Resume(), FAY)
    assert meeting.live(minutes=9.9) == []
    assert until_asked(meeting)


# --------------------------------------------------------------- answers


def test_the_answer_ends_the_question() -> None:
    meeting = among(ROBIN, programme=ASKING)
    at = until_asked(meeting)
    meeting.now = Instant(at + 30 * SECOND_MS)
    meeting = _again(meeting, at)
    assert asked(meeting) == at
    assert staff_line(meeting) == (at + 120 * SECOND_MS, None)
    meeting.do(c.StillHere(), ROBIN)
    assert asked(meeting) is None
    assert staff_line(meeting) == (None, None)


def _again(meeting: Meeting, until: Instant) -> Meeting:
    """The same evening up to that instant, half a minute later."""
    told = [record for record in meeting.log if record.at <= until]
    meeting.log, meeting.state = told, replay(told)
    meeting.now = Instant(until + 30 * SECOND_MS)
    return meeting


def test_taking_part_answers_it_too() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting = _again(meeting, until_asked(meeting))
    meeting.do(c.SendChat(text="I only listen today"), ROBIN)
    assert asked(meeting) is None
    assert meeting.do(c.StillHere(), ROBIN) == ()


def test_no_answer_is_shown_to_staff_and_takes_nothing_away() -> None:
    meeting = among(ROBIN, programme=ASKING)
    at = until_asked(meeting)
    meeting = _again(meeting, at)
    assert meeting.live(minutes=2) == [StillHereMissed(person=ROBIN)]
    assert asked(meeting) is None
    assert staff_line(meeting) == (None, at)
    meeting.end()
    hours = meeting.hours(ROBIN)
    assert hours.present_ms == hours.clock_ms == meeting.now - meeting.at(0)
    line = record_part(meeting.state, meeting.now)["people"][0]
    assert line["prompts"] == [{"asked_at": at, "until": at + 120_000, "answered_at": None, "missed": True}]
    assert "Did not answer in time; no minutes were taken away" in [each["text"] for each in line["evidence"]]


def test_a_late_answer_is_one_and_staff_see_it() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting = _again(meeting, until_asked(meeting))
    meeting.live(minutes=5)
    assert staff_line(meeting)[1] is not None
    meeting.do(c.StillHere(), ROBIN)
    assert staff_line(meeting) == (None, None)


def test_who_stays_silent_is_asked_again() -> None:
    meeting = among(ROBIN, programme=ASKING)
    events = meeting.live(minutes=80)
    kinds = [type(event) for event in events]
    assert kinds == [StillHereAsked, StillHereMissed] * (len(kinds) // 2)
    assert 5 <= len(kinds) // 2 <= 8


def test_a_lost_connection_ends_the_question_and_is_no_missed_answer() -> None:
    meeting = among(ROBIN, programme=ASKING)
    source = next(iter(meeting.state.attendance.of(ROBIN).sources))
    meeting = _again(meeting, until_asked(meeting))
    meeting.lose(source)
    assert meeting.live(minutes=5) == []
    meeting.connect(ROBIN)
    assert asked(meeting) is None
    assert meeting.live(minutes=9.9) == []


def test_a_break_ends_the_question_and_is_no_missed_answer() -> None:
    meeting = among(ROBIN, programme=ASKING)
    meeting.advance()
    meeting = _again(meeting, until_asked(meeting))
    meeting.advance()
    assert asked(meeting) is None
    assert meeting.live(minutes=10) == []


def test_only_who_is_in_the_room_can_answer() -> None:
    meeting = running(ROBIN, programme=ASKING)
    assert meeting.refused(c.StillHere(), SAM) == "not_in_room"
    assert meeting.refused(c.StillHere(), FAY) == "not_allowed"


def test_a_log_from_before_there_were_questions_asks_nobody() -> None:
    meeting = among(ROBIN)
    opened = meeting.log[0].event
    assert isinstance(opened, v.SessionOpened) and opened.prompt_seed == 0
    assert next_deadline(meeting.state) is None
