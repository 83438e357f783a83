from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import checkin
from facilitation import commands as c
from facilitation import events as v
from facilitation.errors import Refusal
from facilitation.forms import Answer
from facilitation.ids import FlagId, FormId, PersonId, QuestionId
from facilitation.views import room_part, staff_part, you_part
from tests.support.meeting import CHECK_IN, COLE, FAY, FORMS, ROBIN, SAM, WRAP_UP, Meeting, running

MOOD, GOAL, URGE = QuestionId("mood"), QuestionId("goal"), QuestionId("urge")


def own(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, object]:
    return you_part(meeting.state, person, meeting.now)["forms"][CHECK_IN]


def for_staff(meeting: Meeting, person: PersonId = ROBIN) -> dict[str, object]:
    people = staff_part(meeting.state, meeting.now)["people"]
    return next(found["forms"][CHECK_IN] for found in people if found["person"] == person)


# --------------------------------------------------------------- drafts and answers


def test_a_draft_is_kept_for_its_author_and_shown_to_nobody_else() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers={"goal": "Listen"}), ROBIN)
    assert (own(meeting)["status"], own(meeting)["answers"]) == ("draft", {"goal": "Listen"})
    assert for_staff(meeting) == {"status": "draft", "answers": {}}


def test_saving_the_same_again_is_not_logged() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers={"goal": "Listen"}), ROBIN)
    assert meeting.do(c.SaveForm(form=CHECK_IN, answers={"goal": "Listen"}), ROBIN) == ()


def test_submitted_answers_are_seen_by_staff() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, goal="Listen")
    assert for_staff(meeting) == {"status": "submitted", "answers": {"mood": 5, "safe": True, "goal": "Listen"}}


def test_sending_again_replaces_what_was_sent() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, mood=3)
    meeting.submit(ROBIN, mood=8)
    assert for_staff(meeting)["answers"] == {"mood": 8, "safe": True}


def test_typing_on_after_sending_stays_with_its_author() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers={"mood": 9}), ROBIN)
    assert own(meeting)["answers"] == {"mood": 9}
    assert for_staff(meeting)["answers"] == {"mood": 5, "safe": True}


def test_an_advance_does_not_take_the_form_away() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers={"goal": "Lis"}), ROBIN)
    meeting.advance()
    meeting.submit(ROBIN, goal="Listen")
    assert own(meeting)["status"] == "submitted"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("mood", 11),
        ("mood", -1),
        ("mood", True),
        ("mood", "5"),
        ("safe", 1),
        ("safe", "yes"),
        ("days", 1001),
        ("meds", "n"),
        ("meds", True),
        ("goal", 4),
    ],
)
def test_an_answer_that_does_not_fit_its_question_is_refused(question: str, answer: Answer) -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.SaveForm(form=CHECK_IN, answers={question: answer}), ROBIN) == "bad_answer"


def test_a_long_answer_is_refused_and_not_cut() -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.SaveForm(form=CHECK_IN, answers={"goal": "x" * 2001}), ROBIN) == "too_long"


def test_unknown_questions_and_forms_are_refused() -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.SaveForm(form=CHECK_IN, answers={"weight": 70}), ROBIN) == "unknown_question"
    assert meeting.refused(c.SaveForm(form=FormId("quiz"), answers={}), ROBIN) == "unknown_form"


@pytest.mark.parametrize("answers", [{"mood": 5}, {"mood": 5, "safe": None}])
def test_required_answers_are_asked_for_when_sending_only(answers: dict[str, Answer]) -> None:
    meeting = running(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers=answers), ROBIN)
    assert meeting.refused(c.SubmitForm(form=CHECK_IN, answers=answers), ROBIN) == "answer_missing"


def test_the_check_in_is_offered_from_admission_on() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.connect(ROBIN)
    meeting.arrive(ROBIN)
    assert meeting.refused(c.SaveForm(form=CHECK_IN, answers={}), ROBIN) == "not_in_room"
    meeting.do(c.Admit(person=ROBIN), FAY)
    assert own(meeting)["offered"] is True
    meeting.submit(ROBIN)


def test_the_wrap_up_form_comes_with_its_part_and_stays() -> None:
    meeting = running(ROBIN)
    assert meeting.refused(c.SaveForm(form=WRAP_UP, answers={}), ROBIN) == "not_offered"
    for _ in range(4):
        meeting.advance()
    meeting.do(c.GoBack(from_segment=meeting.state.agenda.plan.segments[4].id), FAY)
    meeting.do(c.SubmitForm(form=WRAP_UP, answers={"takeaway": "Breathing"}), ROBIN)


# --------------------------------------------------------------- sharing


def test_a_shared_answer_is_seen_by_the_group_until_it_is_taken_back() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, goal="Listen")
    assert room_part(meeting.state, "group")["shared"] == []
    meeting.do(c.ShareAnswer(form=CHECK_IN, question=GOAL, shared=True), ROBIN)
    assert room_part(meeting.state, "group")["shared"] == [
        {"person": ROBIN, "form": CHECK_IN, "question": "goal", "label": "Goal", "answer": "Listen"}
    ]
    meeting.do(c.ShareAnswer(form=CHECK_IN, question=GOAL, shared=False), ROBIN)
    assert room_part(meeting.state, "group")["shared"] == []


def test_what_was_not_sent_cannot_be_shared() -> None:
    meeting = running(ROBIN)
    meeting.do(c.SaveForm(form=CHECK_IN, answers={"goal": "Listen"}), ROBIN)
    assert meeting.refused(c.ShareAnswer(form=CHECK_IN, question=GOAL, shared=True), ROBIN) == "not_submitted"


def test_a_safety_answer_can_never_be_shared() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, urge=0)
    assert meeting.refused(c.ShareAnswer(form=CHECK_IN, question=URGE, shared=True), ROBIN) == "not_shareable"


def test_a_form_that_would_share_safety_answers_is_refused_at_the_opening() -> None:
    form = FORMS[0]
    leaky = replace(form, questions=tuple(replace(question, shareable=True) for question in form.questions))
    with pytest.raises(Refusal, match="bad_session"):
        Meeting(forms=(leaky,))


def test_who_left_the_room_takes_their_shared_answers_along() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, goal="Listen")
    meeting.do(c.ShareAnswer(form=CHECK_IN, question=GOAL, shared=True), ROBIN)
    meeting.do(c.Leave(), ROBIN)
    assert room_part(meeting.state, "group")["shared"] == []


# --------------------------------------------------------------- safety


@pytest.mark.parametrize(("answers", "questions"), [({"urge": 1}, ("urge",)), ({"safe": False}, ("safe",))])
def test_a_safety_answer_raises_a_flag(answers: dict[str, Answer], questions: tuple[str, ...]) -> None:
    meeting = running(ROBIN)
    events = meeting.submit(ROBIN, **answers)
    assert events[1] == v.FlagRaised(
        flag=FlagId("flag-1"), person=ROBIN, form=CHECK_IN, questions=tuple(map(QuestionId, questions))
    )


def test_a_calm_answer_raises_none() -> None:
    assert len(running(ROBIN).submit(ROBIN, urge=0)) == 1


def test_a_flag_tells_staff_what_was_said_and_where_the_person_is() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, urge=7, safe=False)
    flag = staff_part(meeting.state, meeting.now)["flags"][0]
    assert flag["questions"] == [{"label": "Urge", "answer": "7"}, {"label": "Safe", "answer": "No"}]
    assert (flag["location"], flag["callback"], flag["disposition"]) == ("Home, 1 Example Street", "555-0100", None)


def test_a_flag_of_somebody_who_left_keeps_where_they_are_and_whom_to_call() -> None:
    meeting = running()
    meeting.connect(ROBIN)
    near = c.Arrive(
        name="Robin",
        location="12 Sample Street",
        callback="555-0100",
        private_space=True,
        agreement=True,
        state="NY",
        contact_name="Casey",
        contact_phone="555-0111",
    )
    meeting.do(near, ROBIN)
    meeting.do(c.Admit(person=ROBIN), FAY)
    meeting.submit(ROBIN, safe=False)
    meeting.do(c.Leave(), ROBIN)
    flag = staff_part(meeting.state, meeting.now)["flags"][0]
    told = (flag["location"], flag["state"], flag["callback"], flag["contact_name"], flag["contact_phone"])
    assert told == ("12 Sample Street", "New York", "555-0100", "Casey", "555-0111")
    assert flag["disposition"] is None


def test_the_person_is_shown_help_and_others_are_not() -> None:
    meeting = running(ROBIN, SAM)
    meeting.submit(ROBIN, safe=False)
    assert you_part(meeting.state, ROBIN, meeting.now)["help"] == "coming"
    assert you_part(meeting.state, SAM, meeting.now)["help"] is None


def test_who_asked_for_help_is_told_the_truth_of_who_comes() -> None:
    meeting = Meeting()
    line = meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.submit(ROBIN, safe=False)

    def told() -> str | None:
        found: str | None = you_part(meeting.state, ROBIN, meeting.now)["help"]
        return found

    assert told() == "coming"
    meeting.lose(line)
    assert told() == "away"
    meeting.connect(FAY)
    assert told() == "coming"
    meeting.do(c.DisposeFlag(flag=FlagId("flag-1"), disposition="spoke_safe", text=""), FAY)
    assert told() == "seen_to"
    meeting.submit(ROBIN, safe=False, urge=9)
    assert told() == "coming"


def test_sending_the_same_safety_answer_again_raises_no_second_flag() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, urge=3)
    assert len(meeting.submit(ROBIN, urge=3, mood=1)) == 1


def test_a_worse_answer_raises_another_flag() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, urge=3)
    meeting.submit(ROBIN, urge=8)
    assert [flag.flag for flag in meeting.state.checkin.open_flags] == ["flag-1", "flag-2"]


def test_taking_an_answer_back_leaves_the_flag_open() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, safe=False)
    meeting.submit(ROBIN, safe=True)
    assert len(meeting.state.checkin.open_flags) == 1


def test_the_session_cannot_end_before_something_was_done() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, safe=False)
    assert meeting.refused(c.EndSession(), FAY) == "open_flag"
    meeting.do(c.DisposeFlag(flag=FlagId("flag-1"), disposition="spoke_safe", text="We talked."), COLE)
    meeting.end()
    flag = staff_part(meeting.state, meeting.now)["flags"][0]
    assert (flag["disposition"], flag["text"], flag["by"]) == ("spoke_safe", "We talked.", COLE)


def test_a_flag_is_answered_once_and_from_the_list() -> None:
    meeting = running(ROBIN)
    meeting.submit(ROBIN, safe=False)
    flag = FlagId("flag-1")
    assert meeting.refused(c.DisposeFlag(flag=flag, disposition="ignored"), FAY) == "unknown_disposition"
    meeting.do(c.DisposeFlag(flag=flag, disposition="emergency"), FAY)
    assert meeting.refused(c.DisposeFlag(flag=flag, disposition="emergency"), FAY) == "flag_closed"
    assert meeting.refused(c.DisposeFlag(flag=FlagId("flag-9"), disposition="emergency"), FAY) == "unknown_flag"


def test_safety_answers_are_not_taken_when_nobody_watches() -> None:
    meeting = Meeting()
    facilitator = meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.lose(facilitator)
    answers: dict[str, Answer] = {"mood": 5, "safe": False}
    assert meeting.refused(c.SubmitForm(form=CHECK_IN, answers=answers), ROBIN) == "nobody_watching"
    meeting.do(c.SaveForm(form=CHECK_IN, answers=answers), ROBIN)
    meeting.connect(COLE)
    meeting.do(c.SubmitForm(form=CHECK_IN, answers=answers), ROBIN)
    assert len(meeting.state.checkin.open_flags) == 1


def test_every_disposition_of_the_protocol_is_known() -> None:
    assert set(checkin.DISPOSITIONS) == {
        "spoke_safe",
        "safety_plan",
        "contacted_support",
        "emergency",
        "not_reached",
    }
