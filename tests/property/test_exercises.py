"""Every exercise of the catalogue, and one of each kind of a clinic's own, under random groups: whose an answer is, and
that five are five."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from facilitation import commands as c
from facilitation import events as v
from facilitation import views
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.exercises import Entry, Exercise, Field, FieldKind, Privacy, is_empty
from facilitation.ids import ExerciseId, PersonId, RunId
from facilitation.ownexercises import OwnExercise, exercise_of, with_exercises
from facilitation.people import Expected, Role
from facilitation.room import RoomState, replay
from facilitation.seats import Place
from server.library import load_library
from tests.support.meeting import COLE, FAY, OLA, ROSTER, Meeting
from tests.support.ownexercises import COMPLETE

pytestmark = pytest.mark.timeout(300)
FIVE = 5
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "40"))
OWN = [
    OwnExercise(
        id=ExerciseId(f"own-{kind}"),
        draft=draft,
        stands=exercise_of(draft, id=ExerciseId(f"own-{kind}"), version="2026-01"),
    )
    for kind, draft in COMPLETE.items()
]
REPERTOIRE = with_exercises(load_library(), OWN).repertoire()
CROWD = [PersonId(f"p-{number}") for number in range(1, 8)]
POLLS = [each for each in REPERTOIRE.exercises if each.anonymous]
GUESTS = tuple(Expected(person=each, role=Role.PARTICIPANT, name=f"Guest {each}") for each in CROWD)

people = st.sampled_from(CROWD)
leaders = st.sampled_from([FAY, COLE])


def an_answer(field: Field, choose: int) -> Entry:
    """One of at least three answers that fit the field."""
    match field.kind:
        case FieldKind.SCALE:
            return field.low + choose % (field.high - field.low + 1)
        case FieldKind.CHOICE:
            return field.choices[choose % len(field.choices)].value
        case FieldKind.CARDS:
            return (field.choices[choose % len(field.choices)].value,)
        case FieldKind.WORDS:
            return (f"word{choose}",)
        case FieldKind.DRAWING:
            return (choose, 50)
        case FieldKind.TEXT | FieldKind.LINE:
            return f"text{choose}"


class Group(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting(roster=(*ROSTER, *GUESTS), repertoire=REPERTOIRE)
        for person in (FAY, COLE, OLA):
            self.meeting.join(person)
        self.frozen: dict[RunId, str] = {}

    @property
    def state(self) -> RoomState:
        return self.meeting.state

    def _try(self, command: c.Command, by: PersonId) -> None:
        try:
            self.meeting.do(command, by)
        except Refusal as refusal:
            assert refusal.text

    # --- what a group does

    @initialize(
        there=st.sets(people, min_size=2) | st.just(set(CROWD)),
        exercise=st.sampled_from(REPERTOIRE.exercises) | st.sampled_from(POLLS),
    )
    def an_evening_begins(self, there: set[PersonId], exercise: Exercise) -> None:
        for person in sorted(there):
            self.meeting.join(person)
        self.meeting.start()
        self.meeting.do(c.OpenExercise(exercise=exercise.id), FAY)

    @precondition(lambda self: self.state.phase == "running" and self.state.practice.open is None)
    @rule(exercise=st.sampled_from(REPERTOIRE.exercises), by=leaders)
    def open(self, exercise: Exercise, by: PersonId) -> None:
        self._try(c.OpenExercise(exercise=exercise.id), by)

    @precondition(lambda self: self.state.practice.runs)
    @rule(step=st.integers(-1, 9), by=leaders, seconds=st.integers(0, 300), again=st.booleans())
    def lead(self, step: int, by: PersonId, seconds: int, again: bool) -> None:
        run = self.state.practice.runs[-1].run
        self.meeting.later(seconds=seconds)
        self._try(c.StepExercise(run=run, step=step), by)
        if again:
            self._try(c.GroupExercise(run=run), by)

    @precondition(lambda self: self.state.practice.runs)
    @rule(data=st.data(), person=people, sent=st.booleans(), choose=st.integers(0, 99), which=st.integers(1, 2**9 - 1))
    def write(self, data: st.DataObject, person: PersonId, sent: bool, choose: int, which: int) -> None:
        run = data.draw(st.sampled_from(self.state.practice.runs))
        fields = [field for number, field in enumerate(run.exercise.fields) if which >> (number % 9) & 1]
        answers = {field.id: an_answer(field, choose + number) for number, field in enumerate(fields)}
        self._try(
            c.AnswerExercise(run=run.run, answers={str(name): e for name, e in answers.items()}, sent=sent), person
        )

    @precondition(lambda self: self.state.practice.open and self.state.practice.open.exercise.anonymous)
    @rule(choose=st.integers(0, 9), many=st.sampled_from([4, 4, 5, 6]), counted=st.booleans())
    def many_send(self, choose: int, many: int, counted: bool) -> None:
        """As many of those who are there; and somebody who leads asks at once what there is."""
        run = self.state.practice.open
        assert run is not None
        there = [person for person in CROWD if self.state.seats.of(person).in_room]
        for number, person in enumerate(there[:many]):
            answers = {str(field.id): an_answer(field, choose * number) for field in run.exercise.anonymous}
            self._try(c.AnswerExercise(run=run.run, answers=answers, sent=True), person)
        if counted:
            self._try(c.ShowResults(run=run.run, to_group=False), FAY)

    @precondition(lambda self: self.state.practice.runs)
    @rule(data=st.data(), person=st.sampled_from([*CROWD, FAY]), choose=st.integers(0, 99), back=st.booleans())
    def share(self, data: st.DataObject, person: PersonId, choose: int, back: bool) -> None:
        run = data.draw(st.sampled_from(self.state.practice.runs))
        if not run.exercise.fields:
            return
        field = data.draw(st.sampled_from(run.exercise.fields))
        entry = None if back else an_answer(field, choose)
        ask = c.ShareExerciseAnswer(run=run.run, field=field.id, entry=entry)
        if field.privacy is not Privacy.SHAREABLE:
            assert self.meeting.refused(ask, person) in ("not_shareable", "not_in_room", "removed", "session_ended")
        self._try(ask, person)

    @precondition(lambda self: self.state.practice.runs)
    @rule(to_group=st.booleans(), without=st.sampled_from([(), ("word1",)]), by=leaders)
    def show(self, to_group: bool, without: tuple[str, ...], by: PersonId) -> None:
        self._try(c.ShowResults(run=self.state.practice.runs[-1].run, to_group=to_group, without=without), by)

    @precondition(lambda self: self.state.practice.open)
    @rule(by=leaders)
    def close(self, by: PersonId) -> None:
        run = self.state.practice.open
        assert run is not None
        self.meeting.do(c.CloseExercise(run=run.run), by)

    @precondition(lambda self: self.state.phase == "running")
    @rule(person=people, how=st.sampled_from(["come", "wait", "remove", "leave", "join", "out"]))
    def come_and_go(self, person: PersonId, how: str) -> None:
        place = self.state.seats.of(person).place
        run = self.state.practice.open
        if how == "come" and place not in (Place.ROOM, Place.REMOVED):
            self.meeting.join(person)
        elif how == "wait":
            self._try(c.MoveToWaiting(person=person), FAY)
        elif how == "remove" and person == CROWD[0]:
            self._try(c.Remove(person=person), FAY)
        elif how == "leave":
            self._try(c.Leave(), person)
        elif run is not None:
            self._try(c.JoinExercise(run=run.run, on=how == "join"), person)

    @precondition(lambda self: self.state.phase == "running" and len(self.meeting.log) > 60)
    @rule()
    def end(self) -> None:
        self.meeting.end()

    # --- what always holds

    @invariant()
    def five_are_five_and_stay_as_they_were_counted(self) -> None:
        for run in self.state.practice.runs:
            sent = [paper.sent for paper in run.papers.values() if paper.sent is not None]
            shown = run.results or {}
            for name, counts in shown.items():
                field = run.exercise.field(name)
                given = sum(not is_empty(answers.get(name)) for answers in sent)
                assert given >= FIVE
                if field.kind is not FieldKind.WORDS:
                    assert sum(count for _, count in counts) == given
            if run.results is not None:
                counted = json.dumps({name: sorted(dict(counts).items()) for name, counts in run.results.items()})
                before = self.frozen.setdefault(run.run, counted)
                assert len(counted) <= len(before), "nothing is ever added to what was counted"
            parts = [views.room_part(self.state, "group")["exercise"], views.staff_part(self.state, self.meeting.now)]
            if run is self.state.practice.open and run.results is None:
                assert '"results": {' not in json.dumps(parts)

    @precondition(lambda self: len(self.meeting.log) % 5 == 0)
    @invariant()
    def what_is_not_shared_makes_no_difference_to_anybody_else(self) -> None:
        self.check_nobody_can_tell(CROWD[len(self.meeting.log) % len(CROWD)])

    def check_nobody_can_tell(self, me: PersonId) -> None:
        """If all others had written something else, everything I see would be the same; and so for staff and record."""
        counted = {run.run for run in self.state.practice.runs if run.results is not None}
        other = replay([_otherwise(record, self.state, counted, but=me) for record in self.meeting.log])
        assert self.seen_by(me, other) == self.seen_by(me, self.state)

    def seen_by(self, me: PersonId, state: RoomState) -> list[Any]:
        now = self.meeting.now
        parts: list[Any] = [views.room_part(state, audience) for audience in ("group", "outside")]
        parts += [views.staff_part(state, now), views.record_part(state, now), views.you_part(state, me, now)]
        parts += [views.you_part(state, leader, now) for leader in (OLA,)]
        return parts

    def teardown(self) -> None:
        for person in (*CROWD[:3], OLA):
            self.check_nobody_can_tell(person)
        assert replay(self.meeting.log) == self.meeting.state


def _otherwise(record: Recorded, state: RoomState, counted: set[RunId], *, but: PersonId) -> Recorded:
    """The same record, had its author written something else wherever that is nobody's business."""
    event = record.event
    if not isinstance(event, v.ExerciseDrafted | v.ExerciseAnswered) or event.person == but:
        return record
    exercise = state.practice.run(event.run).exercise
    answers: dict[str, Entry] = {}
    for name, entry in event.answers.items():
        field = exercise.field(name)
        stays = field.privacy is Privacy.ANONYMOUS and event.run in counted and isinstance(event, v.ExerciseAnswered)
        others = (an_answer(field, choose) for choose in range(100, 103))
        answers[name] = entry if stays else next(other for other in others if other != entry)
    return replace(record, event=replace(event, answers=answers))


Group.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestGroup = Group.TestCase
