"""Who is missing after the start, who told beforehand, and whom one tried to reach (facilitation/noshow.py)."""

from __future__ import annotations

from typing import Any

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation.crediting import Tally
from facilitation.events import AbsenceTold, MissingNoticed
from facilitation.facts import facts
from facilitation.ids import PersonId
from facilitation.noshow import ATTEMPTS_MAX
from facilitation.room import next_deadline, replay
from facilitation.timebase import MINUTE_MS, Instant
from facilitation.views import record_part, room_part, staff_part, you_part
from tests.support.meeting import ALEX, COLE, FAY, OLA, ROBIN, SAM, Meeting, running

GUARDIAN = PersonId("p-gale")


def tell(person: PersonId = ALEX, *, away: bool = True, reason: str = "", at: int = 0) -> c.TellAbsence:
    return c.TellAbsence(
        person=person, away=away, teller=GUARDIAN, name="Gale Example", told_at=Instant(at), reason=reason
    )


def reach(outcome: str = "no_answer", whom: str = "self", person: PersonId = ALEX) -> c.ReachOut:
    return c.ReachOut(person=person, whom=whom, outcome=outcome)


def line(meeting: Meeting, person: PersonId = ALEX) -> dict[str, Any]:
    people = staff_part(meeting.state, meeting.now)["people"]
    return next(each for each in people if each["person"] == person)


def told(meeting: Meeting, person: PersonId = ALEX) -> list[tuple[str, str]]:
    tally = Tally(meeting.state, meeting.now)
    everyone = {each.person: tally.of(each.person) for each in meeting.state.seats.participants}
    wanted = ("Told beforehand that they would not come", "Missing", "Tried to reach")
    return [
        (each["label"], each["value"]) for each in facts(meeting.state, person, everyone) if each["label"] in wanted
    ]


# --------------------------------------------------------------- being missing


def test_four_minutes_after_the_start_whoever_did_not_come_is_noticed_once() -> None:
    meeting = running(ROBIN)
    assert meeting.live(minutes=3.99) == []
    assert meeting.live(minutes=1) == [MissingNoticed(people=(SAM, ALEX))]
    assert meeting.live(minutes=60) == []
    assert meeting.state.noshows.noticed == {SAM: meeting.at(4), ALEX: meeting.at(4)}


def test_staff_see_it_from_then_on_until_the_person_comes() -> None:
    meeting = running(ROBIN)
    meeting.live(minutes=3)
    assert line(meeting)["missing_since"] is None
    meeting.live(minutes=2)
    assert line(meeting)["missing_since"] == meeting.at(4)
    assert line(meeting, ROBIN)["missing_since"] is None
    meeting.connect(ALEX)
    assert line(meeting)["missing_since"] is None


def test_nobody_but_staff_sees_who_is_missing_or_was_called() -> None:
    meeting = running(ROBIN)
    before = room_part(meeting.state, "group"), you_part(meeting.state, ROBIN, meeting.now)
    meeting.live(minutes=5)
    meeting.do(reach("reached", "guardian"), FAY)
    after = room_part(meeting.state, "group"), you_part(meeting.state, ROBIN, meeting.now)
    assert [set(part) for part in after] == [set(part) for part in before]
    for word in ("missing", "attempts", "guardian", ALEX):
        assert word not in str(after)


def test_who_was_there_for_a_moment_is_not_missing() -> None:
    meeting = running(ROBIN, SAM, ALEX)
    meeting.later(seconds=5)
    meeting.do(c.Leave(), ALEX)
    for source, owner in list(meeting.state.attendance.owners.items()):
        if owner == SAM:
            meeting.lose(source)
    assert meeting.live(minutes=10) == []


def test_who_is_at_the_door_is_not_missing_until_they_go_away_again() -> None:
    meeting = running(ROBIN, SAM)
    source = meeting.connect(ALEX)
    assert meeting.live(minutes=10) == []
    meeting.lose(source)
    assert meeting.live(minutes=1) == [MissingNoticed(people=(ALEX,))]
    assert meeting.state.noshows.noticed[ALEX] == meeting.at(10)


def test_who_was_sent_out_or_is_excused_is_not_missing() -> None:
    meeting = running(ROBIN)
    meeting.do(c.ExplainAbsence(person=SAM, kind="excused", reason="At the dentist"), FAY)
    meeting.connect(ALEX)
    meeting.do(c.Remove(person=ALEX), FAY)
    assert meeting.live(minutes=10) == []


def test_an_absence_that_is_not_excused_leaves_somebody_missing() -> None:
    meeting = running(ROBIN, SAM)
    meeting.do(c.ExplainAbsence(person=ALEX, kind="unexcused"), FAY)
    assert meeting.live(minutes=10) == [MissingNoticed(people=(ALEX,))]


def test_staff_are_never_missing() -> None:
    meeting = running(ROBIN, SAM, ALEX)
    assert meeting.live(minutes=10) == []


def test_before_the_start_and_after_the_end_nobody_is_missing() -> None:
    lobby = Meeting()
    lobby.join(FAY)
    assert lobby.live(minutes=60) == []
    meeting = running(ROBIN)
    meeting.later(minutes=3)
    meeting.end()
    assert meeting.live(minutes=60) == []
    assert next_deadline(meeting.state) is None


def test_after_a_server_came_back_people_have_the_same_time_to_come_back() -> None:
    meeting = running(ROBIN)
    meeting.take_over(after_seconds=600)
    meeting.connect(FAY)
    back = meeting.now
    meeting.live(minutes=5)
    assert meeting.state.noshows.noticed[ALEX] == back + 4 * MINUTE_MS


def test_a_replay_notices_the_same() -> None:
    meeting = running(ROBIN)
    meeting.live(minutes=10)
    meeting.do(reach(), FAY)
    assert replay(meeting.log).noshows == meeting.state.noshows


# --------------------------------------------------------------- telling beforehand


def test_who_told_beforehand_is_not_missing_and_staff_see_who_told_and_when() -> None:
    meeting = Meeting()
    meeting.do(tell(reason="  At the   dentist ", at=1_000))
    assert line(meeting)["told"] == {"name": "Gale Example", "reason": "At the dentist", "at": 1_000}
    for person in (FAY, ROBIN, SAM):
        meeting.join(person)
    meeting.start()
    assert meeting.live(minutes=10) == []
    assert meeting.state.absences.explained == {}, "whether it is excused is for facilitators to say"


def test_telling_can_be_taken_back_until_the_start_and_not_later() -> None:
    meeting = Meeting()
    meeting.do(tell())
    meeting.do(tell(away=False))
    assert meeting.state.absences.told == {}
    meeting.do(tell())
    meeting.join(FAY)
    meeting.start()
    assert meeting.refused(tell(away=False)) == "already_started"
    assert meeting.refused(tell(ROBIN)) == "already_started"


def test_telling_the_same_again_adds_nothing_also_when_the_session_has_begun() -> None:
    meeting = Meeting()
    meeting.do(tell(reason="School"))
    meeting.join(FAY)
    meeting.start()
    seq = meeting.state.seq
    meeting.do(tell(reason="School", at=5))
    meeting.do(tell(ROBIN, away=False))
    assert meeting.state.seq == seq


def test_who_told_and_comes_all_the_same_is_welcome() -> None:
    meeting = Meeting()
    meeting.do(tell())
    meeting.join(FAY)
    meeting.join(ALEX)
    meeting.start()
    meeting.later(minutes=20)
    assert meeting.hours(ALEX).present_ms == 20 * MINUTE_MS


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (tell(FAY), "not_a_participant"),
        (tell(PersonId("p-nobody")), "unknown_person"),
        (tell(reason="x" * 301), "too_long"),
        (tell(reason="x\x00"), "bad_text"),
    ],
)
def test_only_participants_can_be_told_of_and_in_a_line(command: c.TellAbsence, code: str) -> None:
    assert Meeting().refused(command) == code


def test_nobody_tells_the_room_directly() -> None:
    assert Meeting().refused(tell(), ROBIN) == "not_allowed"


def test_it_was_told_no_later_than_the_log_hears_of_it() -> None:
    meeting = Meeting()
    said = AbsenceTold(person=ALEX, away=True, teller=ALEX, name="Alex", told_at=Instant(2**70))
    record = v.Recorded(seq=meeting.state.seq + 1, at=meeting.now, event=said)
    assert replay([*meeting.log, record]).absences.told[ALEX].at == meeting.now


# --------------------------------------------------------------- reaching out


def test_tries_are_kept_with_time_author_and_outcome() -> None:
    meeting = running(ROBIN)
    meeting.live(minutes=5)
    meeting.do(reach("no_answer"), FAY)
    meeting.later(minutes=1)
    meeting.do(reach("reached", "guardian"), COLE)
    assert [(each["whom"], each["outcome"], each["name"], each["at"]) for each in line(meeting)["attempts"]] == [
        ("self", "no_answer", "Fay Example", meeting.at(5)),
        ("guardian", "reached", "Cole Example", meeting.at(6)),
    ]


def test_what_happened_stands_among_the_facts_of_the_note() -> None:
    meeting = Meeting()
    meeting.do(tell(SAM, reason="School", at=meeting.now))
    meeting.join(FAY)
    meeting.start()
    meeting.live(minutes=5)
    meeting.do(reach("left_word", "emergency"), FAY)
    assert [label for label, _ in told(meeting)] == ["Missing", "Tried to reach"]
    assert "the emergency contact: left word (Fay Example)" in told(meeting)[1][1]
    assert told(meeting, SAM)[0][1].endswith("by Gale Example: School")
    record = next(each for each in record_part(meeting.state, meeting.now)["people"] if each["person"] == ALEX)
    assert record["noticed_at"] == meeting.at(4)
    assert len(record["attempts"]) == 1


def test_who_comes_after_the_call_keeps_the_fact_that_they_were_missing() -> None:
    meeting = running(ROBIN)
    meeting.live(minutes=5)
    meeting.do(reach("reached"), FAY)
    meeting.join(ALEX)
    meeting.later(minutes=5)
    assert line(meeting)["missing_since"] is None
    assert [label for label, _ in told(meeting)] == ["Missing", "Tried to reach"]


@pytest.mark.parametrize(
    ("command", "by", "code"),
    [
        (reach(whom="dog"), FAY, "unknown_contact"),
        (reach("maybe"), FAY, "unknown_outcome"),
        (reach(person=FAY), COLE, "not_a_participant"),
        (reach(person=PersonId("p-nobody")), FAY, "unknown_person"),
        (reach(), OLA, "not_allowed"),
        (reach(), ROBIN, "not_allowed"),
    ],
)
def test_rubbish_and_others_are_refused(command: c.ReachOut, by: PersonId, code: str) -> None:
    assert running(ROBIN).refused(command, by) == code


def test_tries_are_bounded_and_possible_after_the_end() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=5)
    meeting.end()
    for _ in range(ATTEMPTS_MAX):
        meeting.do(reach(), FAY)
    assert meeting.refused(reach(), FAY) == "too_many"
