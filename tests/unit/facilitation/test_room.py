from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation.errors import Refusal
from facilitation.ids import CommandId, PersonId, SourceId
from facilitation.people import Actor, Expected, Role
from facilitation.plan import SessionPlan
from facilitation.room import EMPTY, decide, knows, next_deadline, replay
from facilitation.seats import Place
from facilitation.timebase import MINUTE_MS, Instant
from facilitation.views import room_part, staff_part, you_part
from tests.support.meeting import ALEX, COLE, FAY, OLA, PLAN, ROBIN, ROSTER, SAM, START, Meeting, among, running


def place(meeting: Meeting, person: PersonId = ROBIN) -> Place:
    return meeting.state.seats.of(person).place


def shut(person: PersonId) -> e.Forward:
    return e.Forward(person=person, microphone=False, camera=False)


# --------------------------------------------------------------- the way in


def test_the_way_into_the_room() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    assert place(meeting) is Place.EXPECTED
    meeting.connect(ROBIN)
    assert place(meeting) is Place.ARRIVING
    meeting.arrive(ROBIN, name="  Robin   E. ")
    assert place(meeting) is Place.WAITING
    meeting.do(c.Admit(person=ROBIN), FAY)
    assert place(meeting) is Place.ROOM
    assert meeting.state.seats.of(ROBIN).name == "Robin E."
    assert meeting.effects == [e.Nudge(person=ROBIN, kind="admitted")]


def test_staff_need_no_admission() -> None:
    meeting = Meeting()
    for person in (FAY, COLE, OLA):
        meeting.connect(person)
        assert place(meeting, person) is Place.ROOM


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agreement": False}, "agreement_needed"),
        ({"name": " "}, "empty_text"),
        ({"name": "x" * 61}, "too_long"),
        ({"location": ""}, "empty_text"),
        ({"location": "x" * 201}, "too_long"),
        ({"callback": "call me"}, "bad_callback"),
        ({"callback": "1" * 41}, "too_long"),
        ({"others_present": "x" * 201}, "too_long"),
        ({"name": "\ud800"}, "bad_text"),
        ({"name": "a\x00b"}, "bad_text"),
    ],
)
def test_the_arrival_gate_asks_for_all_it_needs(change: dict[str, str | bool], code: str) -> None:
    meeting = Meeting()
    meeting.connect(ROBIN)
    answers = c.Arrive(name="Robin", location="Home", callback="555-0100", private_space=True, agreement=True)
    assert meeting.refused(replace(answers, **change), ROBIN) == code


def test_arrival_answers_can_be_corrected_without_leaving_ones_place() -> None:
    meeting = running(ROBIN)
    meeting.arrive(ROBIN, location="At a friend's")
    assert place(meeting) is Place.ROOM
    people = staff_part(meeting.state, meeting.now)["people"]
    assert next(p for p in people if p["person"] == ROBIN)["arrival"]["location"] == "At a friend's"


def test_all_who_wait_and_are_there_are_admitted_in_the_order_they_came() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    for person in (SAM, ROBIN, ALEX):
        source = meeting.connect(person)
        meeting.arrive(person)
        meeting.later(seconds=1)
    meeting.lose(source)
    assert meeting.do(c.AdmitAll(), FAY) == (v.Admitted(person=SAM), v.Admitted(person=ROBIN))
    assert place(meeting, ALEX) is Place.WAITING
    assert meeting.do(c.AdmitAll(), FAY) == ()


def test_who_has_not_arrived_cannot_be_admitted() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.connect(ROBIN)
    assert meeting.refused(c.Admit(person=ROBIN), FAY) == "not_waiting"


def test_admitting_twice_changes_nothing() -> None:
    assert running(ROBIN).do(c.Admit(person=ROBIN), FAY) == ()


def test_a_stranger_does_not_come_in() -> None:
    meeting = Meeting()
    stranger = PersonId("p-stranger")
    opening = c.OpenConnection(connection=SourceId("c9"), person=stranger, device="d")
    assert meeting.refused(opening) == "not_expected"
    assert meeting.refused(c.RaiseHand(), stranger) == "not_expected"


def test_someone_can_be_expected_later() -> None:
    meeting = running()
    new = Expected(person=PersonId("p-new"), role=Role.PARTICIPANT, name="New Example")
    meeting.do(c.ExpectPerson(expected=new))
    assert meeting.effects == [e.Brief()], "what the clinic has to say of them is said now"
    assert meeting.do(c.ExpectPerson(expected=new)) == ()
    meeting.join(ROBIN)
    meeting.roles[new.person] = new.role
    meeting.join(new.person)
    assert place(meeting, new.person) is Place.ROOM


def test_the_list_is_never_longer_than_the_seats() -> None:
    meeting = Meeting(seats_max=6)
    new = Expected(person=PersonId("p-new"), role=Role.PARTICIPANT, name="New Example")
    assert meeting.refused(c.ExpectPerson(expected=new)) == "list_full"
    with pytest.raises(Refusal, match="list_full"):
        Meeting(seats_max=5)


@pytest.mark.parametrize(
    "change",
    [
        {"plan": SessionPlan(id="e", version="1", title="Empty", track="adult", segments=())},
        {"plan": replace(PLAN, segments=PLAN.segments + PLAN.segments)},
        {"roster": ROSTER + ROSTER},
        {"seats_max": 0},
    ],
)
def test_a_session_that_cannot_be_held_does_not_open(change: dict[str, object]) -> None:
    with pytest.raises(Refusal, match="bad_session"):
        Meeting(**change)


def test_a_session_opens_once() -> None:
    meeting = Meeting()
    opened = meeting.log[0].event
    assert isinstance(opened, v.SessionOpened)
    again = c.OpenSession(**{name: getattr(opened, name) for name in opened.__slots__})
    assert meeting.refused(again) == "already_open"


def test_nothing_happens_before_the_opening() -> None:
    with pytest.raises(Refusal, match="not_open"):
        decide(EMPTY, c.StartSession(), by=Actor(person=FAY, role=Role.FACILITATOR), now=START)


# --------------------------------------------------------------- dropping, leaving, being sent out


def test_a_drop_keeps_the_seat_and_coming_back_asks_nothing() -> None:
    meeting = running()
    source = meeting.join(ROBIN)
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)
    meeting.lose(source)
    shown = next(p for p in room_part(meeting.state, "group")["people"] if p["person"] == ROBIN)
    assert (place(meeting), shown["connected"]) == (Place.ROOM, False)
    people = staff_part(meeting.state, meeting.now)["people"]
    assert next(p for p in people if p["person"] == ROBIN)["left_how"] == "dropped"
    meeting.connect(ROBIN)
    meeting.connect_media(ROBIN)
    assert meeting.effects == [e.Forward(person=ROBIN, microphone=True, camera=True)]


def test_who_waits_and_drops_still_waits() -> None:
    meeting = Meeting()
    source = meeting.connect(ROBIN)
    meeting.arrive(ROBIN)
    meeting.lose(source)
    meeting.connect(ROBIN)
    assert place(meeting) is Place.WAITING


def test_a_new_server_finds_everyone_in_their_seats() -> None:
    meeting = running(ROBIN)
    meeting.take_over(after_seconds=5)
    meeting.connect(ROBIN)
    assert place(meeting) is Place.ROOM
    assert meeting.state.agenda.position is not None


@pytest.mark.parametrize(("command", "reason"), [(c.Leave(), "left"), (c.QuickExit(), "quick_exit")])
def test_leaving_closes_media_and_connections(command: c.Command, reason: str) -> None:
    meeting = running(ROBIN)
    meeting.do(command, ROBIN)
    assert meeting.effects == [shut(ROBIN), e.DropMedia(person=ROBIN), e.Dismiss(person=ROBIN, reason=reason)]
    assert place(meeting) is Place.LEFT
    assert meeting.do(command, ROBIN) == ()


def test_who_left_comes_back_by_the_door_with_the_answers_filled_in() -> None:
    meeting = running(ROBIN)
    meeting.do(c.Leave(), ROBIN)
    meeting.connect(ROBIN)
    assert place(meeting) is Place.ARRIVING
    assert you_part(meeting.state, ROBIN, meeting.now)["arrival"]["location"] == "Home, 1 Example Street"
    meeting.arrive(ROBIN)
    assert place(meeting) is Place.WAITING


def test_the_group_goes_on_when_the_facilitator_leaves() -> None:
    meeting = running(ROBIN)
    meeting.do(c.Leave(), FAY)
    meeting.later(minutes=5)
    assert meeting.state.phase == "running"
    meeting.connect(FAY)
    assert place(meeting, FAY) is Place.ROOM


def test_moving_to_the_waiting_room_keeps_the_connection() -> None:
    meeting = running(ROBIN)
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    nudge = e.Nudge(person=ROBIN, kind="moved_to_waiting")
    assert meeting.effects == [shut(ROBIN), e.DropMedia(person=ROBIN), nudge]
    assert meeting.state.attendance.of(ROBIN).connected
    assert [person["person"] for person in room_part(meeting.state, "group")["people"]] == [FAY]


def test_who_was_removed_stays_out() -> None:
    meeting = running(ROBIN)
    meeting.do(c.Remove(person=ROBIN), FAY)
    assert meeting.effects == [shut(ROBIN), e.DropMedia(person=ROBIN), e.Dismiss(person=ROBIN, reason="removed")]
    opening = c.OpenConnection(connection=SourceId("c99"), person=ROBIN, device="d")
    assert meeting.refused(opening) == "removed"
    assert meeting.refused(c.RaiseHand(), ROBIN) == "removed"
    assert meeting.do(c.Remove(person=ROBIN), FAY) == ()


@pytest.mark.parametrize("command", [c.Remove(person=COLE), c.MoveToWaiting(person=COLE), c.Admit(person=COLE)])
def test_staff_cannot_be_sent_out(command: c.Command) -> None:
    meeting = running()
    meeting.join(COLE)
    assert meeting.refused(command, FAY) == "not_a_participant"


def test_a_person_has_a_bounded_number_of_connections() -> None:
    meeting = running(ROBIN)
    with pytest.raises(Refusal, match="too_many_connections"):
        for _ in range(100):
            meeting.connect(ROBIN)
    assert len(meeting.state.attendance.of(ROBIN).sources) == 24


# --------------------------------------------------------------- in the room


def test_media_flows_as_its_owner_says() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SetMedia(microphone=True, camera=False), ROBIN)
    assert meeting.effects == [e.Forward(person=ROBIN, microphone=True, camera=False)]
    assert meeting.do(c.SetMedia(microphone=True, camera=False), ROBIN) == ()


def test_nobody_sends_media_from_the_waiting_room() -> None:
    meeting = Meeting()
    meeting.connect(ROBIN)
    meeting.arrive(ROBIN)
    assert meeting.refused(c.SetMedia(microphone=True, camera=True), ROBIN) == "not_in_room"
    assert meeting.do(c.ConnectMedia(peer=SourceId("m1"), person=ROBIN)) == ()


def test_being_muted_is_told_and_can_be_undone_by_its_owner_alone() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)
    meeting.do(c.MutePerson(person=ROBIN), FAY)
    assert meeting.effects == [
        e.Forward(person=ROBIN, microphone=False, camera=True),
        e.Nudge(person=ROBIN, kind="muted"),
    ]
    assert meeting.do(c.MutePerson(person=ROBIN), FAY) == ()
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)
    assert meeting.effects == [e.Forward(person=ROBIN, microphone=True, camera=True)]


def test_asking_to_unmute_waits_for_an_answer() -> None:
    meeting = running(ROBIN)
    meeting.do(c.AskToUnmute(person=ROBIN), FAY)
    assert meeting.effects == [e.Nudge(person=ROBIN, kind="unmute_asked")]
    assert you_part(meeting.state, ROBIN, meeting.now)["unmute_asked"] is True
    meeting.do(c.SetMedia(microphone=False, camera=False), ROBIN)
    assert you_part(meeting.state, ROBIN, meeting.now)["unmute_asked"] is False


def test_the_shield_shuts_everything_until_it_is_lifted() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)
    meeting.do(c.Shield(on=True), ROBIN)
    assert meeting.effects == [shut(ROBIN)]
    assert meeting.refused(c.SetMedia(microphone=True, camera=False), ROBIN) == "shielded"
    meeting.do(c.Shield(on=False), ROBIN)
    assert meeting.state.seats.of(ROBIN).microphone is False
    meeting.do(c.SetMedia(microphone=True, camera=True), ROBIN)


def test_hands_queue_in_the_order_they_were_raised() -> None:
    meeting = running(ROBIN, SAM, ALEX)
    for person in (SAM, ALEX, ROBIN):
        meeting.do(c.RaiseHand(), person)
    assert meeting.do(c.RaiseHand(), SAM) == ()
    meeting.do(c.LowerHand(person=SAM), FAY)
    ranks = {p["person"]: p["hand"] for p in room_part(meeting.state, "group")["people"]}
    assert ranks == {FAY: None, SAM: None, ALEX: 1, ROBIN: 2}


def test_a_participant_lowers_their_own_hand_only() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.RaiseHand(), SAM)
    assert meeting.refused(c.LowerHand(person=SAM), ROBIN) == "not_allowed"
    meeting.do(c.LowerHand(), SAM)


def test_leaving_lowers_the_hand() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.RaiseHand(), ROBIN)
    meeting.do(c.RaiseHand(), SAM)
    meeting.do(c.Leave(), ROBIN)
    assert meeting.state.seats.hand_rank(SAM) == 1


def test_only_known_reactions_are_shown() -> None:
    meeting = running(ROBIN)
    meeting.do(c.React(reaction="heart"), ROBIN)
    shown = next(p for p in room_part(meeting.state, "group")["people"] if p["person"] == ROBIN)
    assert shown["reaction"] == {"reaction": "heart", "at": meeting.now}
    assert meeting.refused(c.React(reaction="thumbs_down"), ROBIN) == "unknown_reaction"


def test_the_first_to_start_leads_until_another_takes_the_lead() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.join(COLE)
    meeting.do(c.StartSession(), COLE)
    assert meeting.state.lead == COLE
    meeting.do(c.TakeLead(), FAY)
    assert meeting.state.lead == FAY
    assert meeting.do(c.TakeLead(), FAY) == ()


# --------------------------------------------------------------- chat


def test_participants_write_to_everyone_or_to_staff() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.SendChat(text="Hello all"), ROBIN)
    meeting.do(c.SendChat(text="Help me", to="staff"), ROBIN)
    assert meeting.refused(c.SendChat(text="Psst", to=SAM), ROBIN) == "not_allowed"
    assert [m["text"] for m in room_part(meeting.state, "group")["chat"]] == ["Hello all"]
    assert [m["text"] for m in staff_part(meeting.state, meeting.now)["chat"]] == ["Help me"]


def test_staff_answer_one_person_in_private() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.SendChat(text="Are you all right?", to=ROBIN), FAY)
    assert [m["text"] for m in you_part(meeting.state, ROBIN, meeting.now)["chat"]] == ["Are you all right?"]
    assert you_part(meeting.state, SAM, meeting.now)["chat"] == []
    assert meeting.refused(c.SendChat(text="x", to=COLE), FAY) == "not_a_participant"
    assert meeting.refused(c.SendChat(text="x", to="p-nobody"), FAY) == "unknown_person"


@pytest.mark.parametrize(("text", "code"), [(" \n", "empty_text"), ("x" * 2001, "too_long")])
def test_a_message_has_words_and_an_end(text: str, code: str) -> None:
    assert running(ROBIN).refused(c.SendChat(text=text), ROBIN) == code


def test_the_history_is_bounded_and_private_words_are_not_pushed_out_by_public_ones() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SendChat(text="Help me", to="staff"), ROBIN)
    for number in range(510):
        meeting.do(c.SendChat(text=str(number)), ROBIN)
    assert len(meeting.state.talk.everyone) == 500
    assert [m["text"] for m in room_part(meeting.state, "group")["chat"]] == [str(n) for n in range(310, 510)]
    assert len(meeting.state.talk.private) == 1


# --------------------------------------------------------------- the end


def test_the_end_shuts_the_media_and_sends_participants_home() -> None:
    meeting = running(ROBIN, SAM)
    meeting.lose(SourceId("c3"))
    meeting.end()
    assert meeting.effects == [
        shut(FAY),
        shut(ROBIN),
        shut(SAM),
        e.CloseMedia(),
        e.Dismiss(person=ROBIN, reason="ended"),
    ]
    assert meeting.do(c.EndSession(), FAY) == ()


def test_after_the_end_only_the_record_is_worked_on() -> None:
    meeting = running(ROBIN)
    meeting.end()
    for command in (c.StartSession(), c.UndoMove(), c.Admit(person=ROBIN), c.SendChat(text="x"), c.TakeLead()):
        assert meeting.refused(command, FAY) == "session_ended"
    meeting.do(c.EditNote(subject="group", text="Good work.", revision=0), FAY)


def test_after_the_end_staff_may_connect_and_participants_not() -> None:
    meeting = running(ROBIN)
    meeting.end()
    meeting.connect(COLE)
    opening = c.OpenConnection(connection=SourceId("c99"), person=ROBIN, device="d")
    assert meeting.refused(opening) == "session_ended"


def test_a_session_that_everyone_left_ends_by_itself() -> None:
    meeting = among(ROBIN)
    assert next_deadline(meeting.state) is None
    meeting.later(minutes=10)
    for source in list(meeting.state.attendance.owners):
        meeting.lose(source)
    assert next_deadline(meeting.state) == meeting.at(40)
    meeting.later(minutes=29)
    assert meeting.do(c.Tick()) == ()
    meeting.later(minutes=1)
    assert meeting.do(c.Tick()) == (v.SessionEnded(reason="abandoned"),)
    assert next_deadline(meeting.state) is None
    assert meeting.hours(ROBIN).present_ms == 10 * MINUTE_MS


def test_someone_who_comes_back_keeps_the_session_open() -> None:
    meeting = among()
    meeting.lose(SourceId("c1"))
    meeting.later(minutes=29)
    meeting.connect(FAY)
    assert next_deadline(meeting.state) is None


def test_a_server_that_was_away_for_long_gives_people_time_to_come_back() -> None:
    meeting = among()
    meeting.take_over(after_seconds=3600)
    assert meeting.do(c.Tick()) == ()
    assert next_deadline(meeting.state) == meeting.now + 30 * MINUTE_MS


# --------------------------------------------------------------- who asks


def test_a_ticket_of_another_role_gives_no_rights() -> None:
    meeting = running(ROBIN)
    forged = Actor(person=ROBIN, role=Role.FACILITATOR)
    with pytest.raises(Refusal, match="not_expected"):
        decide(meeting.state, c.EndSession(), by=forged, now=meeting.now)


def test_a_command_that_was_carried_out_is_known_again() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.RaiseHand(), ROBIN, id="one")
    robin, sam = meeting.actor(ROBIN), meeting.actor(SAM)
    assert knows(meeting.state, robin, CommandId("one"))
    assert not knows(meeting.state, sam, CommandId("one"))
    assert not knows(meeting.state, robin, CommandId("two"))
    assert knows(replay(meeting.log), robin, CommandId("one"))


def test_of_each_person_the_last_commands_are_remembered() -> None:
    meeting = running(ROBIN)
    for number in range(300):
        meeting.do(c.React(reaction="heart"), ROBIN, id=f"id-{number}")
    robin = meeting.actor(ROBIN)
    assert knows(meeting.state, robin, CommandId("id-44"))
    assert not knows(meeting.state, robin, CommandId("id-43"))


def test_a_clock_that_went_back_does_not_turn_time_around() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    meeting.do(c.RaiseHand(), ROBIN)
    past = Instant(meeting.now - MINUTE_MS)
    events = decide(meeting.state, c.Pulse(heard={"c1": meeting.now}), by=meeting.actor(None), now=past)
    assert events == (v.Heard(heard={"c1": meeting.now}),)
