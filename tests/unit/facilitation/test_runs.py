"""Exercises as a group does them: what each rule of `facilitation.runs` says, in a sentence."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation import views
from facilitation.exercises import (
    Beat,
    Entry,
    Exercise,
    Field,
    FieldKind,
    Grouping,
    Privacy,
    Repertoire,
    Shape,
    SkillCard,
    Step,
    Today,
)
from facilitation.forms import Choice
from facilitation.ids import ExerciseId, FieldId, PersonId, RunId, SkillId
from facilitation.partition import pair
from facilitation.people import Expected, Role
from facilitation.room import replay
from facilitation.runs import LEAD_MS, RUNS_MAX, groups_of
from facilitation.timebase import SECOND_MS
from tests.support.meeting import ALEX, COLE, FAY, OLA, ROBIN, ROSTER, SAM, Meeting, running

FIRST = RunId("exercise-1")
CARE = "Eyes may stay open, and you can stop at any time you like."
ABOUT = "Something that a group can do together on its screens."


def exercise(name: str, shape: Shape, *steps: Step, **more: Any) -> Exercise:
    return Exercise(
        id=ExerciseId(name), version="2026-01", title=name.title(), shape=shape, about=ABOUT, care=CARE,
        minutes=5, steps=steps, **more,
    )  # fmt: skip


def field(name: str, kind: FieldKind = FieldKind.TEXT, **more: Any) -> Field:
    return Field(id=FieldId(name), kind=kind, label=name.capitalize(), **more)


BREATH = exercise(
    "breath",
    Shape.BREATH,
    Step(title="Breathe", text="In and out.", seconds=60, beat=Beat(inhale_ms=4_000, exhale_ms=6_000)),
    Step(title="Look", text="Look around.", seconds=20),
    Step(title="End", text="Back again."),
)
SHEET = exercise(
    "sheet",
    Shape.SHEET,
    Step(
        title="All",
        text="Write.",
        fields=(
            field("open", privacy=Privacy.SHAREABLE),
            field("mine"),
            field("about", privacy=Privacy.SHAREABLE, quoted=False),
            field("line", FieldKind.DRAWING, privacy=Privacy.SHAREABLE),
            field("cards", FieldKind.CARDS, most=2, privacy=Privacy.SHAREABLE,
                  choices=tuple(Choice(value=each, label=each.upper()) for each in "abc")),
        ),
    ),
    own_pace=True,
)  # fmt: skip
POLL = exercise(
    "poll",
    Shape.POLL,
    Step(
        title="Ask",
        text="Answer.",
        fields=(
            field("words", FieldKind.WORDS, privacy=Privacy.ANONYMOUS),
            field("scale", FieldKind.SCALE, privacy=Privacy.ANONYMOUS),
        ),
    ),
    own_pace=True,
)
PAIRS = exercise("pairs", Shape.SHEET, *SHEET.steps, own_pace=True, grouping=Grouping.PAIRS, cards=("One.", "Two."))
CHAIN = exercise("chain", Shape.CHAIN, Step(title="Say", text="Say it."), grouping=Grouping.CHAIN)
SKILLS = tuple(SkillCard(id=SkillId(name), title=name.title(), summary="…") for name in ("stop", "wave"))
REPERTOIRE = Repertoire(
    skills=SKILLS,
    exercises=(BREATH, SHEET, POLL, PAIRS, CHAIN),
    today=Today(skill=SkillId("wave"), focus="Gently."),
)
CROWD = [PersonId(f"p-{number}") for number in range(1, 8)]


def evening(*people: PersonId) -> Meeting:
    return running(*(people or (ROBIN, SAM)), repertoire=REPERTOIRE)


def crowd(count: int = 7) -> Meeting:
    guests = tuple(Expected(person=each, role=Role.PARTICIPANT, name=f"Guest {each}") for each in CROWD)
    meeting = Meeting(roster=(*ROSTER, *guests), repertoire=REPERTOIRE)
    meeting.join(FAY)
    for person in CROWD[:count]:
        meeting.join(person)
    meeting.start()
    return meeting


def opened(name: str, *people: PersonId) -> Meeting:
    meeting = evening(*people)
    meeting.do(c.OpenExercise(exercise=ExerciseId(name)), FAY)
    return meeting


def write(meeting: Meeting, person: PersonId, sent: bool = False, **answers: Entry) -> tuple[v.Event, ...]:
    return meeting.do(c.AnswerExercise(run=FIRST, answers=dict(answers), sent=sent), person)


def share(meeting: Meeting, person: PersonId, name: str, entry: Entry) -> tuple[v.Event, ...]:
    return meeting.do(c.ShareExerciseAnswer(run=FIRST, field=FieldId(name), entry=entry), person)


def room(meeting: Meeting) -> dict[str, Any]:
    return views.room_part(meeting.state, "group")


def own(meeting: Meeting, person: PersonId) -> dict[str, Any]:
    (paper,) = views.you_part(meeting.state, person, meeting.now)["exercises"]
    return dict(paper)


def everything(meeting: Meeting, but: PersonId) -> str:
    """All that anybody but one person may see."""
    others = [seat.person for seat in meeting.state.seats.by_person.values() if seat.person != but]
    return json.dumps(
        [room(meeting), views.staff_part(meeting.state, meeting.now), views.record_part(meeting.state, meeting.now)]
        + [views.you_part(meeting.state, other, meeting.now) for other in others]
    )


# --------------------------------------------------------------- opening and leading


def test_an_exercise_waits_on_the_card_until_the_first_step() -> None:
    meeting = opened("breath")
    shown = room(meeting)["exercise"]
    assert (shown["run"], shown["title"], shown["step"], shown["starts"]) == ("exercise-1", "Breath", -1, None)


def test_what_is_done_at_ones_own_pace_is_open_at_once() -> None:
    assert room(opened("sheet"))["exercise"]["step"] == 0


def test_one_exercise_at_a_time_by_those_who_lead_while_the_session_runs() -> None:
    meeting = opened("breath")
    again = c.OpenExercise(exercise=ExerciseId("sheet"))
    assert meeting.refused(again, COLE) == "exercise_open"
    for person in (ROBIN, OLA):
        assert meeting.refused(again, person) == "not_allowed"
    meeting.do(c.CloseExercise(run=FIRST), COLE)
    assert room(meeting)["exercise"] is None
    assert meeting.do(c.CloseExercise(run=FIRST), FAY) == ()
    meeting.do(again, COLE)
    assert meeting.refused(c.StepExercise(run=FIRST, step=0), FAY) == "exercise_over"
    lobby = Meeting(repertoire=REPERTOIRE)
    lobby.join(FAY)
    assert lobby.refused(again, FAY) == "not_running"


def test_what_is_not_there_is_refused_by_its_name() -> None:
    meeting = opened("breath")
    assert meeting.refused(c.StepExercise(run=RunId("exercise-9"), step=0), FAY) == "unknown_run"
    for step in (-1, 3):
        assert meeting.refused(c.StepExercise(run=FIRST, step=step), FAY) == "unknown_step"
    assert meeting.refused(c.GroupExercise(run=FIRST), FAY) == "no_groups"
    assert meeting.refused(c.ShowResults(run=FIRST, to_group=True), FAY) == "nothing_to_show"
    meeting.do(c.CloseExercise(run=FIRST), FAY)
    assert meeting.refused(c.OpenExercise(exercise=ExerciseId("juggling")), FAY) == "unknown_exercise"


def test_a_session_has_so_many_exercises_and_no_more() -> None:
    meeting = evening()
    for number in range(1, RUNS_MAX + 1):
        meeting.do(c.OpenExercise(exercise=ExerciseId("breath")), FAY)
        meeting.do(c.CloseExercise(run=RunId(f"exercise-{number}")), FAY)
    assert meeting.refused(c.OpenExercise(exercise=ExerciseId("breath")), FAY) == "too_many"


def test_a_beat_begins_a_little_later_than_it_is_asked_for_so_that_everybody_knows_by_then() -> None:
    meeting = opened("breath")
    meeting.do(c.StepExercise(run=FIRST, step=0), FAY)
    assert room(meeting)["exercise"]["starts"] == meeting.now + LEAD_MS
    meeting.do(c.StepExercise(run=FIRST, step=2), FAY)
    assert room(meeting)["exercise"]["starts"] == meeting.now


def test_steps_with_seconds_lead_on_by_themselves_and_a_press_that_comes_late_changes_nothing() -> None:
    meeting = opened("breath")
    meeting.do(c.StepExercise(run=FIRST, step=0), FAY)
    began = meeting.now + LEAD_MS
    run = meeting.state.practice.open
    assert run is not None
    assert run.at(meeting.now) == (0, began)
    meeting.later(seconds=62)
    assert run.at(meeting.now) == (1, began + 60 * SECOND_MS)
    assert meeting.do(c.StepExercise(run=FIRST, step=1), FAY) == ()
    meeting.later(seconds=1_000)
    assert run.at(meeting.now) == (2, began + 80 * SECOND_MS)
    (back,) = meeting.do(c.StepExercise(run=FIRST, step=0), FAY)
    assert isinstance(back, v.ExerciseStepped)


def test_the_end_of_the_session_ends_the_exercise() -> None:
    meeting = opened("sheet")
    meeting.end()
    assert meeting.state.practice.open is None


# --------------------------------------------------------------- taking part


def test_nobody_has_to_take_part_and_everybody_may_come_in_later() -> None:
    meeting = opened("sheet")
    assert own(meeting, ROBIN)["joined"] is None
    meeting.do(c.JoinExercise(run=FIRST, on=False), ROBIN)
    assert views.staff_part(meeting.state, meeting.now)["practice"]["run"]["people"] == {ROBIN: "out", SAM: ""}
    meeting.do(c.JoinExercise(run=FIRST, on=True), ROBIN)
    assert meeting.do(c.JoinExercise(run=FIRST, on=True), ROBIN) == ()
    write(meeting, SAM, sent=True, mine="x")
    assert views.staff_part(meeting.state, meeting.now)["practice"]["run"]["people"] == {ROBIN: "in", SAM: "done"}


def test_who_is_not_in_the_room_takes_no_part() -> None:
    meeting = opened("sheet")
    meeting.do(c.MoveToWaiting(person=ROBIN), FAY)
    for command in (
        c.JoinExercise(run=FIRST, on=True),
        c.AnswerExercise(run=FIRST, answers={}),
        c.ShareExerciseAnswer(run=FIRST, field=FieldId("open"), entry="x"),
    ):
        assert meeting.refused(command, ROBIN) == "not_in_room"
    assert views.you_part(meeting.state, ROBIN, meeting.now)["exercises"] == []


# --------------------------------------------------------------- whose it is


def test_what_is_written_is_its_authors_alone_until_they_share_it() -> None:
    meeting = opened("sheet")
    write(meeting, ROBIN, open="secret-one", mine="secret-two")
    write(meeting, ROBIN, sent=True, open="secret-one", mine="secret-two")
    assert own(meeting, ROBIN)["answers"] == {"open": "secret-one", "mine": "secret-two"}
    assert "secret" not in everything(meeting, but=ROBIN)
    share(meeting, ROBIN, "open", "secret-one")
    assert room(meeting)["exercise"]["shared"] == [{"person": ROBIN, "field": "open", "entry": "secret-one"}]
    assert "secret-two" not in everything(meeting, but=ROBIN)
    share(meeting, ROBIN, "open", None)
    assert "secret" not in everything(meeting, but=ROBIN)
    assert own(meeting, ROBIN)["answers"]["open"] == "secret-one"


def test_what_is_typed_after_sharing_is_ones_own_again() -> None:
    meeting = opened("sheet")
    share(meeting, ROBIN, "open", "as it was")
    write(meeting, ROBIN, open="as it is")
    assert "as it is" not in everything(meeting, but=ROBIN)
    assert own(meeting, ROBIN)["shared"] == {"open": "as it was"}
    share(meeting, ROBIN, "open", "as it is")
    assert room(meeting)["exercise"]["shared"][0]["entry"] == "as it is"
    assert share(meeting, ROBIN, "open", "as it is") == ()


def test_a_private_answer_cannot_be_shared_nor_an_empty_one() -> None:
    meeting = opened("sheet")
    for name, entry, code in (
        ("mine", "x", "not_shareable"),
        ("open", "", "empty_text"),
        ("none", "x", "unknown_field"),
    ):
        command = c.ShareExerciseAnswer(run=FIRST, field=FieldId(name), entry=entry)
        assert meeting.refused(command, ROBIN) == code


def test_writing_and_sharing_go_on_after_the_exercise_and_end_with_the_session() -> None:
    meeting = opened("sheet")
    write(meeting, ROBIN, open="in mid-sen")
    meeting.do(c.CloseExercise(run=FIRST), FAY)
    write(meeting, ROBIN, open="in mid-sentence", sent=True)
    share(meeting, ROBIN, "open", "in mid-sentence")
    assert own(meeting, ROBIN)["exercise"]["title"] == "Sheet"
    assert room(meeting)["shared"] == [
        {"person": ROBIN, "form": "exercise-1", "question": "open", "label": "Open", "answer": "in mid-sentence"}
    ]
    assert views.you_part(meeting.state, SAM, meeting.now)["exercises"] == []
    meeting.end()
    assert meeting.refused(c.AnswerExercise(run=FIRST, answers={}), ROBIN) == "session_ended"


def test_facilitators_can_go_first() -> None:
    meeting = opened("sheet")
    write(meeting, FAY, open="mine first")
    share(meeting, FAY, "open", "mine first")
    assert room(meeting)["exercise"]["shared"][0]["person"] == FAY
    assert meeting.refused(c.JoinExercise(run=FIRST, on=True), FAY) == "not_allowed"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"open": 3}, "bad_answer"),
        ({"open": "x" * 1_001}, "too_long"),
        ({"open": "\x00"}, "bad_text"),
        ({"nothing": "x"}, "unknown_field"),
        ({"line": (1, 101)}, "bad_answer"),
        ({"line": (1,) * 49}, "bad_answer"),
        ({"line": ("a",)}, "bad_answer"),
        ({"cards": ("a", "b", "c")}, "bad_answer"),
        ({"cards": ("a", "a")}, "bad_answer"),
        ({"cards": ("z",)}, "bad_answer"),
        ({"cards": "a"}, "bad_answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(answers: dict[str, Entry], code: str) -> None:
    meeting = opened("sheet")
    assert meeting.refused(c.AnswerExercise(run=FIRST, answers=answers), ROBIN) == code


def test_the_same_again_is_not_written_down_twice() -> None:
    meeting = opened("sheet")
    assert len(write(meeting, ROBIN, open="x")) == 1
    assert write(meeting, ROBIN, open="x") == ()


# --------------------------------------------------------------- anonymous answers


def polled(*scales: int, words: bool = True) -> Meeting:
    meeting = crowd(len(scales))
    meeting.do(c.OpenExercise(exercise=ExerciseId("poll")), FAY)
    for person, scale in zip(CROWD, scales, strict=False):
        write(meeting, person, sent=True, scale=scale, **({"words": (f"word{scale}", "same")} if words else {}))
    return meeting


def test_fewer_than_five_anonymous_answers_are_shown_to_nobody() -> None:
    meeting = polled(1, 2, 3, 4)
    for to_group in (False, True):
        assert meeting.refused(c.ShowResults(run=FIRST, to_group=to_group), FAY) == "too_few_answers"
    assert "word1" not in everything(meeting, but=CROWD[0])


def test_staff_look_first_and_see_no_more_than_the_group() -> None:
    meeting = polled(1, 2, 2, 4, 5)
    meeting.do(c.ShowResults(run=FIRST, to_group=False), FAY)
    assert room(meeting)["exercise"]["results"] is None
    seen = views.staff_part(meeting.state, meeting.now)["practice"]["run"]["results"]
    assert seen["words"] == [["same", 5], ["word1", 1], ["word2", 2], ["word4", 1], ["word5", 1]]
    assert seen["scale"] == [[str(step), [0, 1, 2, 0, 1, 1, 0, 0, 0, 0, 0][step]] for step in range(11)]
    meeting.do(c.ShowResults(run=FIRST, to_group=True, without=("Word4",)), FAY)
    assert ["word4", 1] not in room(meeting)["exercise"]["results"]["words"]
    assert meeting.do(c.ShowResults(run=FIRST, to_group=True), FAY) == ()


def test_who_answers_later_or_is_sent_out_changes_nothing_that_is_shown() -> None:
    meeting = polled(1, 2, 3, 4, 5)
    meeting.join(CROWD[5])
    meeting.do(c.ShowResults(run=FIRST, to_group=True), FAY)
    before = room(meeting)["exercise"]["results"]
    late = c.AnswerExercise(run=FIRST, answers={"scale": 9}, sent=True)
    assert meeting.refused(late, CROWD[5]) == "results_shown"
    assert meeting.refused(late, CROWD[0]) == "results_shown"
    write(meeting, CROWD[5], scale=9)
    meeting.do(c.Remove(person=CROWD[0]), FAY)
    assert room(meeting)["exercise"]["results"] == before


def test_a_field_that_too_few_answered_stays_dark_beside_one_that_enough_did() -> None:
    meeting = polled(1, 2, 3, 4, words=False)
    meeting.join(CROWD[4])
    write(meeting, CROWD[4], sent=True, scale=5, words=("alone",))
    meeting.do(c.ShowResults(run=FIRST, to_group=True), FAY)
    assert set(room(meeting)["exercise"]["results"]) == {"scale"}


def test_the_answers_of_facilitators_are_not_among_five() -> None:
    meeting = polled(1, 2, 3, 4)
    assert meeting.refused(c.AnswerExercise(run=FIRST, answers={"scale": 5}, sent=True), FAY) == "group_only"


def test_who_sends_nothing_is_not_counted() -> None:
    meeting = polled(1, 2)
    empty = c.AnswerExercise(run=FIRST, answers={"scale": None, "words": ()}, sent=True)
    assert meeting.refused(empty, CROWD[0]) == "answer_missing"
    meeting.do(c.CloseExercise(run=FIRST), FAY)
    assert meeting.refused(c.AnswerExercise(run=FIRST, answers={"scale": 1}, sent=True), CROWD[0]) == "exercise_over"
    assert meeting.refused(c.ShowResults(run=FIRST, to_group=True), FAY) == "exercise_over"


# --------------------------------------------------------------- pairs and rows


def test_everybody_is_with_somebody_and_is_dealt_a_card() -> None:
    meeting = opened("pairs", ROBIN, SAM, ALEX)
    assert own(meeting, ROBIN)["partners"] and own(meeting, ROBIN)["card"] in ("One.", "Two.")
    meeting.lose(meeting.connect(SAM))
    meeting.do(c.GroupExercise(run=FIRST), FAY)
    assert {each for group in room(meeting)["exercise"]["groups"] for each in group} == {ROBIN, SAM, ALEX}


@pytest.mark.parametrize("count", range(2, 10))
def test_pairs_are_others_each_time_until_everybody_was_with_everybody(count: int) -> None:
    here = [PersonId(f"p-{number}") for number in range(count)]
    met: dict[frozenset[PersonId], int] = {}
    rounds = count - 1 if count % 2 == 0 else count
    for before in range(rounds):
        groups = groups_of(Grouping.PAIRS, here, before)
        assert sorted(each for group in groups for each in group) == sorted(here)
        assert all(len(group) in (2, 3) for group in groups)
        for group in groups:
            for two in ({a, b} for a in group for b in group if a < b):
                met[frozenset(two)] = met.get(frozenset(two), 0) + 1
    assert len(met) == count * (count - 1) // 2
    if count % 2 == 0:
        assert set(met.values()) == {1}


def test_nobody_is_paired_with_whom_they_are_kept_apart_from() -> None:
    here = [PersonId(f"p-{number}") for number in range(6)]
    apart = {pair(here[0], other) for other in here[2:]}
    for before in range(12):
        groups = groups_of(Grouping.PAIRS, here, before, apart)
        assert (here[0], here[1]) in groups or (here[1], here[0]) in groups
        assert sorted(each for group in groups for each in group) == sorted(here)
    everybody = {pair(*each) for each in combinations(here, 2)}
    assert sorted(groups_of(Grouping.PAIRS, here, 0, everybody)) == [(each,) for each in here]


def test_alone_or_with_nobody_there_is_no_pair() -> None:
    assert groups_of(Grouping.PAIRS, [], 0) == () == groups_of(Grouping.CHAIN, [], 0)
    assert groups_of(Grouping.PAIRS, [ROBIN], 3) == ((ROBIN,),)


def test_in_a_row_each_speaks_of_the_one_before_and_the_first_of_the_last() -> None:
    meeting = opened("chain", ROBIN, SAM, ALEX)
    assert [own(meeting, person)["partners"] for person in (ROBIN, SAM, ALEX)] == [[ALEX], [ROBIN], [SAM]]
    meeting.do(c.GroupExercise(run=FIRST), FAY)
    assert [own(meeting, person)["partners"] for person in (ROBIN, SAM, ALEX)] == [[SAM], [ALEX], [ROBIN]]


# --------------------------------------------------------------- the skill of a part


def test_a_chosen_skill_is_shown_and_named_among_those_that_were_taught() -> None:
    meeting = evening()
    assert views.staff_part(meeting.state, meeting.now)["practice"]["today"]["skill"] == "wave"
    meeting.do(c.ChooseSkill(skill=SkillId("stop")), FAY)
    assert room(meeting)["skill"]["title"] == "Stop"
    assert meeting.state.notes.skills == ("Stop",)
    meeting.do(c.ChooseSkill(skill=SkillId("wave")), FAY)
    assert meeting.state.notes.skills == ("Wave",), "a slip is put right"
    meeting.advance()
    assert room(meeting)["skill"] is None
    meeting.do(c.ChooseSkill(skill=SkillId("wave")), FAY)
    assert meeting.do(c.ChooseSkill(skill=SkillId("wave")), FAY) == ()
    meeting.do(c.ChooseSkill(skill=None), FAY)
    assert meeting.state.notes.skills == ("Wave",), "it was taught in the part before"
    assert meeting.refused(c.ChooseSkill(skill=SkillId("flying")), FAY) == "unknown_skill"


# --------------------------------------------------------------- what the note says


def facts_of(meeting: Meeting, person: PersonId) -> dict[str, str]:
    people = views.record_part(meeting.state, meeting.now)["people"]
    (found,) = (each["facts"] for each in people if each["person"] == person)
    return {fact["label"]: fact["value"] for fact in found}


def test_what_was_done_and_shared_flows_into_each_note_and_nothing_else_does() -> None:
    meeting = opened("sheet")
    write(meeting, ROBIN, open="shown", mine="hidden")
    share(meeting, ROBIN, "open", "shown")
    share(meeting, ROBIN, "about", "Sam is kind")
    share(meeting, ROBIN, "cards", ("b", "a"))
    share(meeting, ROBIN, "line", (1, 50))
    meeting.do(c.JoinExercise(run=FIRST, on=False), SAM)
    meeting.later(minutes=3)
    meeting.do(c.CloseExercise(run=FIRST), FAY)
    meeting.end()
    robin, sam = facts_of(meeting, ROBIN), facts_of(meeting, SAM)
    assert robin["Exercises done together"] == sam["Exercises done together"] == "Sheet (3 min 00 s)"
    assert robin["Took part in"] == "Sheet"
    assert robin["Shared with the group (Sheet)"] == "Open: shown; Cards: B, A"
    assert "Took part in" not in sam and "hidden" not in json.dumps([robin, sam])


def test_a_replay_gives_the_same_exercises() -> None:
    meeting = polled(1, 2, 3, 4, 5)
    meeting.do(c.ShowResults(run=FIRST, to_group=True), FAY)
    assert replay(meeting.log) == meeting.state
