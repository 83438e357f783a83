"""The safety path beside a flag: taken on, ticked, asked, planned, ended with a disposition; for staff alone."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import facts, safetypath, views
from facilitation.crediting import Tally
from facilitation.errors import Refusal
from facilitation.ids import FlagId, PersonId, PromptId, ScreenQuestionId, StepId
from facilitation.people import Role
from facilitation.room import replay
from facilitation.safetypath import SafetyPath, Step, check_path
from server.catalog import load_catalog
from tests.support.meeting import COLE, FAY, OLA, ROBIN, SAM, Meeting

PATH = load_catalog().safety
SCREENER = PATH.screener
assert SCREENER is not None
FLAG = FlagId("flag-1")
NO = {ScreenQuestionId(name): False for name in ("1", "2", "6")}


def flagged(*people: PersonId) -> Meeting:
    meeting = Meeting(safety=PATH)
    meeting.join(FAY)
    meeting.join(COLE)
    for person in people or (ROBIN, SAM):
        meeting.join(person)
    meeting.start()
    for person in people or (ROBIN,):
        meeting.submit(person, urge=4)
    return meeting


def flag(meeting: Meeting, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = views.staff_part(meeting.state, meeting.now)["flags"][number]
    return found


def answers(**said: bool) -> dict[ScreenQuestionId, bool]:
    return {ScreenQuestionId(name.removeprefix("q")): yes for name, yes in said.items()}


# --------------------------------------------------------------- what is done


def test_whoever_takes_a_flag_on_is_named_and_another_can_take_it_over() -> None:
    meeting = flagged()
    meeting.do(c.TakeFlag(flag=FLAG), FAY)
    assert flag(meeting)["taken"] == {"by": FAY, "name": "Fay Example", "at": meeting.now}
    assert meeting.do(c.TakeFlag(flag=FLAG), FAY) == ()
    meeting.later(minutes=2)
    meeting.do(c.TakeFlag(flag=FLAG), COLE)
    assert flag(meeting)["taken"] == {"by": COLE, "name": "Cole Example", "at": meeting.now}


def test_steps_are_ticked_with_author_and_time_and_can_be_unticked() -> None:
    meeting = flagged()
    meeting.do(c.TickStep(flag=FLAG, step=StepId("apart")), COLE)
    assert flag(meeting)["steps"] == {"apart": {"by": COLE, "name": "Cole Example", "at": meeting.now}}
    assert meeting.do(c.TickStep(flag=FLAG, step=StepId("apart")), FAY) == ()
    meeting.do(c.TickStep(flag=FLAG, step=StepId("apart"), done=False), FAY)
    assert flag(meeting)["steps"] == {}


def test_words_of_two_who_write_at_once_are_both_kept() -> None:
    meeting = flagged()
    meeting.do(c.WritePlan(flag=FLAG, prompt=PromptId("tell"), text="Her sister"), FAY)
    meeting.do(c.WritePlan(flag=FLAG, prompt=PromptId("tell"), text="And me"), COLE)
    assert [(each["by"], each["text"]) for each in flag(meeting)["plan"]["tell"]] == [
        (FAY, "Her sister"),
        (COLE, "And me"),
    ]


def test_several_flags_at_once_have_each_their_own() -> None:
    meeting = flagged(ROBIN, SAM)
    meeting.do(c.TakeFlag(flag=FLAG), FAY)
    meeting.do(c.TakeFlag(flag=FlagId("flag-2")), COLE)
    meeting.do(c.TickStep(flag=FLAG, step=StepId("where")), FAY)
    assert [(flag(meeting, n)["taken"]["by"], list(flag(meeting, n)["steps"])) for n in (0, 1)] == [
        (FAY, ["where"]),
        (COLE, []),
    ]


def test_what_was_done_survives_a_new_server() -> None:
    meeting = flagged()
    meeting.do(c.TakeFlag(flag=FLAG), FAY)
    meeting.do(c.AskScreener(flag=FLAG, answers=NO), FAY)
    meeting.take_over(after_seconds=5)
    assert replay(meeting.log) == meeting.state
    assert flag(meeting)["taken"]["by"] == FAY and flag(meeting)["screen"]["level"] == ""


def test_after_the_disposition_nothing_is_added() -> None:
    meeting = flagged()
    meeting.do(c.DisposeFlag(flag=FLAG, disposition="spoke_safe"), COLE)
    for command in (
        c.TakeFlag(flag=FLAG),
        c.TickStep(flag=FLAG, step=StepId("apart")),
        c.AskScreener(flag=FLAG, answers=NO),
        c.WritePlan(flag=FLAG, prompt=PromptId("tell"), text="x"),
    ):
        assert meeting.refused(command, FAY) == "flag_closed"


def test_what_there_is_not_is_refused() -> None:
    meeting = flagged()
    assert meeting.refused(c.TakeFlag(flag=FlagId("flag-9")), FAY) == "unknown_flag"
    assert meeting.refused(c.TickStep(flag=FLAG, step=StepId("dance")), FAY) == "unknown_step"
    assert meeting.refused(c.WritePlan(flag=FLAG, prompt=PromptId("dance"), text=""), FAY) == "unknown_question"
    assert meeting.refused(c.WritePlan(flag=FLAG, prompt=PromptId("tell"), text="x" * 2001), FAY) == "too_long"


@pytest.mark.parametrize("person", [ROBIN, SAM, OLA])
def test_nobody_but_those_who_lead_does_anything_about_a_flag(person: PersonId) -> None:
    meeting = flagged()
    if person == OLA:
        meeting.connect(OLA)
    assert meeting.roles[person] is not Role.FACILITATOR
    assert meeting.refused(c.TakeFlag(flag=FLAG), person) == "not_allowed"
    assert meeting.refused(c.AskScreener(flag=FLAG, answers=NO), person) == "not_allowed"


# --------------------------------------------------------------- nobody goes away silently


def test_nobody_is_sent_out_while_their_flag_is_open() -> None:
    meeting = flagged()
    assert meeting.refused(c.Remove(person=ROBIN), FAY) == "open_flag"
    meeting.do(c.Remove(person=SAM), FAY)
    meeting.do(c.DisposeFlag(flag=FLAG, disposition="emergency", text="Ambulance is on its way."), FAY)
    meeting.do(c.Remove(person=ROBIN), FAY)


def test_whoever_leaves_by_themselves_leaves_an_open_flag_and_the_session_waits() -> None:
    meeting = flagged()
    meeting.do(c.Leave(), ROBIN)
    assert flag(meeting)["disposition"] is None
    assert meeting.refused(c.EndSession(), FAY) == "open_flag"


# --------------------------------------------------------------- the screener


def by_hand(said: dict[str, bool]) -> str:
    """A second opinion: high from 4, 5 or a recent 6; moderate from 3 or an older 6; low from 1 or 2."""
    if said["4"] or said["5"] or said["7"]:
        return "high"
    if said["3"] or said["6"]:
        return "moderate"
    return "low" if said["1"] or said["2"] else ""


@pytest.mark.parametrize("said", list(product([False, True], repeat=7)))
def test_every_way_through_the_screener_weighs_what_the_instrument_says(said: tuple[bool, ...]) -> None:
    given = dict(zip("1234567", said, strict=True))
    if not given["2"]:
        given |= {"3": False, "4": False, "5": False}
    if not given["6"]:
        given["7"] = False
    wanted = {"1", "2", "6", *(("3", "4", "5") if given["2"] else ()), *("7" if given["6"] else ())}
    told = {ScreenQuestionId(name): yes for name, yes in given.items() if name in wanted}
    safetypath.check_answers(SCREENER, told)
    assert safetypath.level(SCREENER, told) == by_hand(given)
    for missing in told:
        with pytest.raises(Refusal):
            safetypath.check_answers(SCREENER, {name: yes for name, yes in told.items() if name != missing})


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answers(q1=True, q2=False), "answer_missing"),
        (answers(q1=True, q2=True, q6=False), "answer_missing"),
        (answers(q1=True, q2=False, q6=True), "answer_missing"),
        (answers(q1=True, q2=False, q6=False, q4=True), "bad_answer"),
        (answers(q1=True, q2=False, q6=False, q9=True), "unknown_question"),
        ({}, "answer_missing"),
    ],
)
def test_the_screener_is_kept_whole_or_not_at_all(said: dict[ScreenQuestionId, bool], code: str) -> None:
    assert flagged().refused(c.AskScreener(flag=FLAG, answers=said), FAY) == code


def test_the_screener_can_be_corrected_and_the_log_has_both() -> None:
    meeting = flagged()
    meeting.do(c.AskScreener(flag=FLAG, answers=NO), FAY)
    meeting.do(c.AskScreener(flag=FLAG, answers={**NO, **answers(q6=True, q7=True)}), COLE)
    assert (flag(meeting)["screen"]["level"], flag(meeting)["screen"]["by"]) == ("high", COLE)
    assert sum(type(record.event).__name__ == "ScreenerAnswered" for record in meeting.log) == 2


def test_a_session_without_a_path_asks_nothing() -> None:
    meeting = Meeting()
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    meeting.submit(ROBIN, urge=4)
    assert meeting.refused(c.AskScreener(flag=FLAG, answers=NO), FAY) == "unknown_form"
    meeting.do(c.TakeFlag(flag=FLAG), FAY)


# --------------------------------------------------------------- who sees it


def busy() -> Meeting:
    meeting = flagged()
    meeting.do(c.TakeFlag(flag=FLAG), FAY)
    meeting.do(c.TickStep(flag=FLAG, step=StepId("apart")), FAY)
    meeting.do(c.AskScreener(flag=FLAG, answers={**NO, **answers(q1=True)}), FAY)
    meeting.do(c.WritePlan(flag=FLAG, prompt=PromptId("tell"), text="Her sister, tonight"), FAY)
    return meeting


def test_no_participant_sees_a_word_of_it_not_even_the_one_it_is_about() -> None:
    meeting = busy()
    parts = [views.room_part(meeting.state, audience) for audience in ("group", "outside")]
    parts += [views.you_part(meeting.state, person, meeting.now) for person in (ROBIN, SAM)]
    told = json.dumps(parts)
    for word in ("sister", "flag-1", "apart", "c-ssrs", "wished you were dead"):
        assert word not in told


def test_all_of_it_stands_in_the_facts_of_that_persons_note_alone() -> None:
    meeting = busy()
    meeting.do(c.DisposeFlag(flag=FLAG, disposition="safety_plan"), FAY)
    tally = Tally(meeting.state)
    everyone = {seat.person: tally.of(seat.person) for seat in meeting.state.seats.treated}
    told = {each["label"]: each["value"] for each in facts.facts(meeting.state, ROBIN, everyone)}
    assert told["Taken on by"].startswith("Fay Example, ")
    assert "Speak with the person apart" in told["Steps taken (After a safety answer, version 2026-01)"]
    assert told["C-SSRS screener"].startswith("low by the instrument’s own levels; asked by Fay Example, ")
    assert "go to sleep and not wake up? (past month) Yes" in told["C-SSRS screener"]
    assert told["Plan: Whom will you tell, and with which words?"] == "Her sister, tonight"
    assert "sister" not in json.dumps(facts.facts(meeting.state, SAM, everyone))


# --------------------------------------------------------------- what cannot be followed


@pytest.mark.parametrize(
    "path",
    [
        replace(PATH, title=" "),
        replace(PATH, steps=PATH.steps * 2),
        replace(PATH, steps=(Step(id=StepId("a"), text=" "),)),
        replace(PATH, steps=(Step(id=StepId("a"), text="x" * 201),)),
        replace(PATH, steps=tuple(Step(id=StepId(str(n)), text="x") for n in range(21))),
        replace(PATH, screener=replace(SCREENER, licence="")),
        replace(PATH, screener=replace(SCREENER, questions=SCREENER.questions[2:])),
        replace(PATH, screener=replace(SCREENER, questions=(replace(SCREENER.questions[0], level="grave"),))),
    ],
)
def test_a_path_that_cannot_be_followed_is_refused(path: SafetyPath) -> None:
    check_path(PATH)
    with pytest.raises(Refusal):
        check_path(path)
