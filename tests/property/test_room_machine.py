"""A room under random evenings: what holds after every step, checked against an oracle that shares no code with it."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from facilitation import agenda, explain, policy, prompts, views
from facilitation import commands as c
from facilitation import events as v
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.exercises import FieldKind
from facilitation.explain import Piece, Seen
from facilitation.ids import CorrectionId, ExerciseId, FlagId, PersonId, QuestionId, SegmentId, SourceId
from facilitation.intervals import union
from facilitation.people import Actor
from facilitation.programme import PLAIN
from facilitation.room import decide, evolve, next_deadline, react, replay
from facilitation.seats import Place
from facilitation.timebase import MINUTE_MS, Instant
from server.library import load_library
from tests.support.meeting import CHECK_IN, COLE, FAY, FORMS, OLA, PLAN, ROBIN, RULES, SAM, START, WRAP_UP, Meeting
from tests.support.oracle import Oracle

pytestmark = pytest.mark.timeout(300)  # a failure is made small before it is told
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "80"))

STAFF = (FAY, COLE)
PARTICIPANTS = (ROBIN, SAM)
EVERYONE = STAFF + PARTICIPANTS

people = st.sampled_from(EVERYONE)
participants = st.sampled_from(PARTICIPANTS)
lengths = st.sampled_from([0, 1, 700, 2_000, 4_999, 5_001, 30_000, MINUTE_MS, 7 * MINUTE_MS]) | st.integers(0, 100_000)
REPERTOIRE = load_library().repertoire()
ASKING = replace(PLAIN, prompt_every_min=(5, 7), prompt_answer_s=60)
agos = st.sampled_from([-5_000, 0, 1, 2_000, 4_500, 60_000]) | st.integers(0, 10_000)
segments = st.sampled_from([segment.id for segment in PLAN.segments])

# --------------------------------------------------------------- any command at all

_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "person": st.sampled_from([*EVERYONE, OLA, PersonId("p-nobody")]) | st.none(),
    "segment": segments | st.just(SegmentId("nowhere")),
    "from_segment": segments | st.just(SegmentId("nowhere")),
    "form": st.sampled_from([form.id for form in FORMS] + ["nothing"]),
    "question": st.sampled_from(["mood", "urge", "goal", "takeaway", "nothing"]),
    "answers": st.dictionaries(
        st.sampled_from(["mood", "urge", "safe", "days", "meds", "goal", "nothing"]),
        st.none() | st.booleans() | st.integers(-1, 11) | st.text(max_size=3),
        max_size=4,
    ),
    "planned_ms": st.dictionaries(segments, st.integers(-1, 10 * MINUTE_MS), max_size=3),
    "by_ms": st.integers(-10 * MINUTE_MS, 10 * MINUTE_MS),
    "flag": st.sampled_from(["flag-1", "flag-2", "flag-x"]),
    "disposition": st.sampled_from(["spoke_safe", "shrugged"]),
    "subject": st.sampled_from(["group", *PARTICIPANTS, FAY]),
    "reaction": st.sampled_from(["heart", "frown"]),
    "to": st.sampled_from(["everyone", "all_rooms", "staff", *PARTICIPANTS, FAY]),
    "dispute": st.sampled_from(["dispute-1", "dispute-2", "dispute-x"]),
    "correction": st.sampled_from(["correction-1", "correction-2", "correction-x"]),
    "section": st.sampled_from(["data", "nothing"]),
    "sections": st.dictionaries(st.sampled_from(["data", "nothing"]), st.integers(-1, 2), max_size=2),
    "goals": st.lists(st.sampled_from(["g-1", "g-x"]), max_size=3).map(tuple),
    "run": st.sampled_from(["exercise-1", "exercise-2", "exercise-x"]),
    "exercise": st.sampled_from([exercise.id for exercise in REPERTOIRE.exercises] + [ExerciseId("nothing")]),
    "field": st.sampled_from(["feeling", "known", "words", "nothing"]),
    "entry": st.none()
    | st.integers(-1, 11)
    | st.text(max_size=3)
    | st.lists(st.text(max_size=3), max_size=4).map(tuple),
    "skill": st.sampled_from(["urge-surfing", "the-pause", "nothing"]) | st.none(),
    "proposal": st.sampled_from(["proposal-1", "proposal-2", "proposal-x"]),
    "number": st.integers(-1, 3),
    "round": st.sampled_from(["round-1", "round-2", "round-x"]),
    "kind": st.sampled_from(["check_in", "appreciation", "question", "excused", "unexcused", "none"])
    | st.text(max_size=3),
    "order": st.sampled_from(["random", "given", "loudest"]),
    "line": st.lists(st.sampled_from([*EVERYONE, "p-nobody"]), max_size=5).map(tuple),
    "turn": st.integers(0, 4),
    "turn_ms": st.sampled_from([0, 1, 30_000, MINUTE_MS]),
    "asked": st.sampled_from(["", "weather-inside", "nothing"]),
    "without": st.lists(st.text(max_size=3), max_size=2).map(tuple),
    "skills": st.lists(st.text(max_size=5), max_size=3).map(tuple),
    "rooms": st.lists(st.lists(people, max_size=3).map(tuple), max_size=2).map(tuple),
    "room": st.sampled_from(["small-1", "small-2", "small-x"]) | st.none(),
    "minutes": st.integers(0, 3) | st.none(),
    "size": st.integers(1, 4),
    "missed_session": st.sampled_from(["s-1", "s-0", ""]) | st.none(),
    "prompt": st.sampled_from(["signs", "nothing"]),
    "measure": st.sampled_from(["phq-9", "gad-7", "nothing"]),
    "item": st.sampled_from(["1", "9", "nothing"]),
    "value": st.integers(-1, 4) | st.none(),
}
_TYPES: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=5),
    "bool": st.booleans(),
    "StepId": st.sampled_from(["apart", "nothing"]),
    "int": st.integers(-1, 3),
    "Instant": st.integers(-1, 3) | st.integers(START, START + 10 * MINUTE_MS),
}


def anything(kind: type[c.Command]) -> st.SearchStrategy[c.Command]:
    """A command of this kind with fields that may or may not make sense."""
    fields = {f.name: _FIELDS[f.name] if f.name in _FIELDS else _TYPES[str(f.type)] for f in dataclasses.fields(kind)}
    return st.builds(kind, **fields)


any_command = st.one_of([anything(kind) for kind in get_args(c.PersonCommand)])

# --------------------------------------------------------------- the machine


class Room(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting(programme=ASKING, repertoire=REPERTOIRE)
        self.oracle = Oracle(uncounted={"break"}, credit_ms_max=RULES.server_gap_credit_ms_max)
        self.last_move: str | None = None
        self.kept: tuple[Instant, dict[str, Instant]] = self.meeting.now, {}
        self.checked = 0

    # --- shorthands

    @property
    def now(self) -> Instant:
        return self.meeting.now

    def place(self, person: PersonId) -> Place:
        return self.meeting.state.seats.of(person).place

    @property
    def phase(self) -> str:
        return self.meeting.state.phase

    @property
    def seated(self) -> list[PersonId]:
        return [person for person in EVERYONE if self.oracle.is_seated(person)]

    @property
    def open_names(self) -> list[str]:
        return [name for name, source in self.oracle.sources.items() if source.end is None]

    # --- time and presence

    @initialize(there=st.sets(participants), started=st.sampled_from([True, True, True, False]))
    def an_evening_begins(self, there: set[PersonId], started: bool) -> None:
        self.connect(FAY, "laptop")
        for person in sorted(there):
            self.come_in(person)
        if started:
            self.start()

    @precondition(lambda self: self.phase == "running" and len(self.meeting.log) > 40)
    @rule(length=lengths, then=st.booleans())
    def the_room_is_empty_for_long(self, length: int, then: bool) -> None:
        for name in self.open_names:
            self.meeting.lose(SourceId(name))
            self.oracle.lost(self.now, name, self.now)
        self.meeting.later(ms=29 * MINUTE_MS + length)
        self.tick()
        if then:
            self.connect(FAY, "laptop")

    @rule(length=lengths)
    def time_passes(self, length: int) -> None:
        self.meeting.later(ms=length)

    @rule(length=lengths)
    def time_passes_and_everyone_is_heard(self, length: int) -> None:
        self.meeting.later(ms=length)
        self.meeting.hear_all()
        for name in self.open_names:
            self.oracle.heard(self.now, name, self.now)

    @rule(person=people, device=st.sampled_from(["laptop", "phone"]))
    def connect(self, person: PersonId, device: str) -> None:
        place = self.place(person)
        refused = place is Place.REMOVED or (self.phase == "ended" and person in PARTICIPANTS)
        if refused or len(self.oracle.open_sources(person)) >= 20:
            return
        before = self.meeting.hours(person)
        name = self.meeting.connect(person, device)
        self.oracle.opened(self.now, name, person)
        if person in STAFF and place in (Place.EXPECTED, Place.LEFT):
            self.oracle.sat(self.now, person)
        after = self.meeting.hours(person)
        assert after.intervals == before.intervals, "coming back must not rewrite what was"
        assert after.present_ms == before.present_ms

    @rule(person=people)
    def connect_media(self, person: PersonId) -> None:
        if len(self.oracle.open_sources(person)) >= 20:
            return
        name = self.meeting.connect_media(person)
        if self.oracle.is_seated(person) and self.phase != "ended":
            self.oracle.opened(self.now, name, person, media=True)
        else:
            assert name not in self.meeting.state.attendance.owners, "no media from outside the room"

    @precondition(lambda self: self.open_names)
    @rule(data=st.data(), wait=lengths, ago=agos)
    def lose(self, data: st.DataObject, wait: int, ago: int) -> None:
        self.meeting.later(ms=wait)
        name = data.draw(st.sampled_from(self.open_names))
        heard = Instant(self.now - ago)
        if name.startswith("m"):
            self.meeting.do(c.LoseMedia(peer=SourceId(name), heard=heard))
        else:
            self.meeting.do(c.CloseConnection(connection=SourceId(name), heard=heard))
        self.oracle.lost(self.now, name, heard)

    @rule(data=st.data(), wait=lengths, ago=agos)
    def pulse(self, data: st.DataObject, wait: int, ago: int) -> None:
        self.meeting.later(ms=wait)
        names = data.draw(st.lists(st.sampled_from([*self.open_names, "c999"]), unique=True))
        self.meeting.do(c.Pulse(heard={name: Instant(self.now - ago) for name in names}))
        for name in names:
            if name in self.oracle.sources:
                self.oracle.heard(self.now, name, self.now - ago)

    @rule(data=st.data(), ago=agos)
    def proofs_of_life_are_kept_beside_the_log(self, data: st.DataObject, ago: int) -> None:
        """The latest alone; what happens to these sources until the server dies is another matter."""
        names = data.draw(st.lists(st.sampled_from([*self.open_names, "c999"]), unique=True))
        self.kept = self.now, {name: Instant(self.now - ago) for name in names}

    @rule(keeps=st.booleans(), gap=lengths, back=st.sets(people), after=lengths)
    def the_server_dies_and_another_takes_over(self, keeps: bool, gap: int, back: set[PersonId], after: int) -> None:
        """`keeps`: everybody was just heard, and that was kept; else what was kept last, if anything ever was."""
        if keeps:
            self.kept = self.now, dict.fromkeys(self.open_names, self.now)
        last, (lived_at, heard) = self.meeting.state.at, self.kept
        self.meeting.take_over(after_seconds=gap / 1_000, heard=heard, lived_at=lived_at if heard else None)
        begins = max(last, lived_at) if heard else last
        for name, instant in heard.items():
            if name in self.open_names and self.phase != "ended":
                self.oracle.heard(begins, name, instant)
        self.oracle.crashed(begins, self.now)
        self.meeting.later(ms=after)
        for person in sorted(back):
            self.connect(person, "laptop")

    # --- places

    @rule(person=participants)
    def come_in(self, person: PersonId) -> None:
        """Through the door, or back into the room."""
        if self.phase == "ended" or self.place(person) in (Place.ROOM, Place.REMOVED):
            return
        if not self.oracle.open_sources(person) or self.place(person) is Place.LEFT:
            self.connect(person, "laptop")
        self.meeting.do(
            c.Arrive(
                name=f"name-{person}",
                location=f"place-{person}",
                callback=f"555-{person}",
                private_space=True,
                agreement=True,
                others_present=f"others-{person}",
            ),
            person,
        )
        self.meeting.do(c.Admit(person=person), FAY)
        self.oracle.sat(self.now, person)

    @precondition(lambda self: len(self.seated) > 2)
    @rule(data=st.data(), command=st.sampled_from([c.QuickExit(), c.Leave()]))
    def leave(self, data: st.DataObject, command: c.Command) -> None:
        person = data.draw(st.sampled_from(self.seated))
        self.meeting.do(command, person)
        self.oracle.rose(self.now, person)

    @precondition(lambda self: self.phase != "ended" and len(self.seated) > 2)
    @rule(person=participants, for_good=st.sampled_from([False, False, False, True]))
    def send_out(self, person: PersonId, for_good: bool) -> None:
        if not self.oracle.is_seated(person):
            return
        if for_good and any(flag.open for flag in self.meeting.state.checkin.flags_of(person)):
            with pytest.raises(Refusal, match="open_flag"):
                self.meeting.do(c.Remove(person=person), FAY)
            return
        self.meeting.do(c.Remove(person=person) if for_good else c.MoveToWaiting(person=person), FAY)
        self.oracle.rose(self.now, person)

    # --- agenda

    @precondition(lambda self: self.phase == "lobby")
    @rule()
    def start(self) -> None:
        self.meeting.start()
        self.oracle.began(self.now, PLAN.segments[0].id)

    @precondition(lambda self: self.phase == "running")
    @rule(by=st.sampled_from(STAFF), back=st.booleans())
    def move(self, by: PersonId, back: bool) -> None:
        names = [segment.id for segment in PLAN.segments]
        here = names.index(SegmentId(self.oracle.moves[-1][1]))
        there = here + (-1 if back else 1)
        command = (c.GoBack if back else c.Advance)(from_segment=names[here])
        if not 0 <= there < len(names):
            assert self.meeting.refused(command, by) in ("first_segment", "last_segment")
            return
        self.meeting.do(command, by)
        self.oracle.moved(self.now, names[there])
        self.last_move = names[there]

    @precondition(lambda self: self.phase == "running")
    @rule()
    def undo(self) -> None:
        if self.last_move is None:
            assert self.meeting.refused(c.UndoMove(), FAY) == "nothing_to_undo"
            return
        self.meeting.do(c.UndoMove(), FAY)
        self.oracle.undone()
        self.last_move = None

    @precondition(lambda self: self.phase == "running")
    @rule(on=st.booleans())
    def pause_or_resume(self, on: bool) -> None:
        self.meeting.do(c.Pause() if on else c.Resume(), FAY)

    @precondition(lambda self: self.phase == "running")
    @rule(segment=segments, by_ms=st.sampled_from([-2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS]))
    def extend_and_take_advice(self, segment: SegmentId, by_ms: int) -> None:
        self._try(c.Extend(segment=segment, by_ms=by_ms), FAY)
        advice = agenda.advice(self.meeting.state.agenda, self.now)
        if advice is not None:
            behind = agenda.ahead_ms(self.meeting.state.agenda, self.now)
            self.meeting.do(c.Replan(planned_ms={str(name): length for name, length in advice.items()}), FAY)
            assert agenda.ahead_ms(self.meeting.state.agenda, self.now) > behind

    @precondition(lambda self: self.phase == "running" and len(self.meeting.log) > 50)
    @rule()
    def end(self) -> None:
        for flag in self.meeting.state.checkin.open_flags:
            self.meeting.do(c.DisposeFlag(flag=flag.flag, disposition="spoke_safe"), FAY)
        self.meeting.end()
        self.oracle.finished(self.now)

    @precondition(lambda self: next_deadline(self.meeting.state) is not None)
    @rule()
    def tick(self) -> None:
        deadline = next_deadline(self.meeting.state)
        self.meeting.do(c.Tick())
        if self.phase == "ended" and self.oracle.ended is None:
            assert deadline is not None and self.now >= deadline
            assert not any(self.oracle.open_sources(p) and self.oracle.is_seated(p) for p in EVERYONE)
            self.oracle.finished(self.now)

    # --- words, each with a mark of whose they are

    @rule(person=participants, urge=st.integers(0, 3), share=st.booleans())
    def answer(self, person: PersonId, urge: int, share: bool) -> None:
        answers = {"mood": 4, "safe": True, "urge": urge, "goal": f"goal-{person}"}
        self._try(c.SaveForm(form=CHECK_IN, answers={"goal": f"draft-{person}"}), person)
        self._try(c.SubmitForm(form=CHECK_IN, answers=answers), person)
        self._try(c.SubmitForm(form=WRAP_UP, answers={"takeaway": f"takeaway-{person}"}), person)
        self._try(c.ShareAnswer(form=CHECK_IN, question=QuestionId("goal"), shared=share), person)

    @rule(
        person=participants, exercise=st.sampled_from([each.id for each in REPERTOIRE.exercises]), share=st.booleans()
    )
    def do_an_exercise(self, person: PersonId, exercise: ExerciseId, share: bool) -> None:
        """Whether it is refused or not, no minute changes, and what is written stays whose it is."""
        self._try(c.OpenExercise(exercise=exercise), FAY)
        runs = self.meeting.state.practice.runs
        if not runs:
            return
        run, fields = runs[-1], runs[-1].exercise.fields
        self._try(c.StepExercise(run=run.run, step=0), COLE)
        answers = {str(field.id): f"paper-{person}" for field in fields if field.kind is FieldKind.TEXT}
        self._try(c.AnswerExercise(run=run.run, answers={**answers}, sent=share), person)
        if share:
            self._try(c.CloseExercise(run=run.run), FAY)

    @rule(person=participants)
    def talk(self, person: PersonId) -> None:
        self._try(c.SendChat(text=f"whisper-{person}", to="staff"), person)
        self._try(c.SendChat(text=f"reply-{person}", to=person), FAY)
        self._try(c.SendChat(text="Hello everyone"), person)
        self._try(c.RaiseHand(), person)
        self._try(c.SetMedia(microphone=True, camera=True), person)

    @rule(person=participants)
    def write(self, person: PersonId) -> None:
        revision = self.meeting.state.notes.draft(person).revision
        self._try(c.EditNote(subject=person, text=f"note-{person}-{revision}", revision=revision), COLE)

    @precondition(lambda self: self.phase == "ended")
    @rule(person=participants)
    def sign(self, person: PersonId) -> None:
        notes = self.meeting.state.notes
        for flag in (FlagId(f"flag-{number}") for number in range(1, 9)):
            self._try(c.DisposeFlag(flag=flag, disposition="not_reached"), FAY)
        self._try(
            c.SignNote(
                person=person,
                group_revision=notes.draft("group").revision,
                person_revision=notes.draft(person).revision,
            ),
            FAY,
        )

    # --- what is said of minutes by hand

    @precondition(lambda self: self.oracle.started is not None)
    @rule(
        person=participants, by=st.sampled_from(STAFF), present=st.booleans(), at=st.integers(0, 1000), length=lengths
    )
    def correct(self, person: PersonId, by: PersonId, present: bool, at: int, length: int) -> None:
        began, stop = self.oracle.started or 0, self.oracle.ended or self.now
        start = began + (stop - began) * at // 1000
        fix = c.CorrectAttendance(
            person=person, start=Instant(start), end=Instant(start + length), present=present, reason="It was so."
        )
        if not start < start + length <= stop:
            assert self.meeting.refused(fix, by) == "bad_times"
            return
        (event,) = self.meeting.do(fix, by)
        assert isinstance(event, v.AttendanceCorrected)
        self.oracle.corrected(event.correction, person, start, start + length, present=present)

    @precondition(lambda self: self.oracle.corrections)
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(list(self.oracle.corrections)))
        self.meeting.do(c.TakeBackCorrection(correction=CorrectionId(name), reason="It was not so."), FAY)
        self.oracle.took_back(name)

    @rule(person=participants, accepted=st.booleans(), back=st.booleans())
    def dispute(self, person: PersonId, accepted: bool, back: bool) -> None:
        self._try(c.DisputeMinutes(text=f"dispute-of-{person}"), person)
        for dispute in self.meeting.state.corrections.open_disputes:
            if back:
                self._try(c.TakeBackDispute(dispute=dispute.dispute), person)
            self._try(c.AnswerDispute(dispute=dispute.dispute, accepted=accepted, text=f"answer-to-{person}"), COLE)

    @rule(person=participants)
    def amend(self, person: PersonId) -> None:
        before = self.meeting.hours(person)
        self._try(c.AmendHours(person=person, reason="Corrected."), FAY)
        assert self.meeting.hours(person) == before, "posting figures changes none"

    @rule(person=participants)
    def say_still_here(self, person: PersonId) -> None:
        self._try(c.StillHere(), person)

    def _try(self, command: c.Command, by: PersonId) -> None:
        try:
            self.meeting.do(command, by)
        except Refusal:
            pass

    # --- anything by anyone: a clear refusal, or events that every fold and every view can take

    @rule(command=any_command, by=st.sampled_from([*EVERYONE, OLA]))
    def ask_anything(self, command: c.Command, by: PersonId) -> None:
        state, actor = self.meeting.state, self.meeting.actor(by)
        try:
            events = decide(state, command, by=actor, now=self.now)
        except Refusal as refusal:
            assert refusal.code.isidentifier() and refusal.text
            if not policy.allows(actor.role, type(command)):
                assert refusal.code == "not_allowed"
            return
        assert policy.allows(actor.role, type(command)), "only what the table allows is ever carried out"
        for event in events:
            recorded = Recorded(seq=state.seq + 1, at=self.now, event=event, by=by)
            state = evolve(state, recorded)
            react(state, event)
        for person in EVERYONE:
            views.you_part(state, person, self.now)
        views.staff_part(state, self.now)
        views.record_part(state, self.now)

    @rule(command=st.sampled_from([c.OpenSession, c.TakeOver, c.Tick, c.Pulse]), by=people)
    def nobody_speaks_for_the_server(self, command: type[c.Command], by: PersonId) -> None:
        assert not policy.allows(self.meeting.roles[by], command)
        assert self.meeting.refused(c.Tick(), by) == "not_allowed"
        try:
            decide(self.meeting.state, c.EndSession(), by=Actor(), now=self.now)
        except Refusal as refusal:
            assert refusal.code == "not_allowed"
        else:
            raise AssertionError("the server ended a session by itself")

    # --- what always holds

    @invariant()
    def minutes_are_those_of_the_oracle(self) -> None:
        for person in EVERYONE:
            hours, naive = self.meeting.hours(person), self.oracle.figures(person, self.now)
            assert list(hours.intervals) == naive.intervals
            assert hours.present_ms == naive.present_ms
            assert hours.gap_credit_ms == naive.gap_credit_ms
            assert hours.counted_ms == naive.counted_ms
            assert hours.clock_ms == naive.clock_ms
            assert (list(hours.times), hours.corrected_ms) == (naive.times, naive.corrected_ms)
            assert hours.countable_min == naive.countable_min
            assert {name: length for name, length in hours.by_segment.items() if length} == naive.by_segment

    @invariant()
    def minutes_are_in_order(self) -> None:
        for person in EVERYONE:
            hours = self.meeting.hours(person)
            assert union(hours.intervals) == hours.intervals, "sorted, apart, none empty"
            assert hours.countable_min * MINUTE_MS <= hours.counted_ms
            attended_ms = hours.present_ms + hours.gap_credit_ms + hours.corrected_ms
            assert hours.counted_ms <= attended_ms <= hours.clock_ms
            assert min(hours.late_ms, hours.left_early_ms) >= 0

    @invariant()
    def every_figure_is_the_sum_of_its_pieces(self) -> None:
        state = self.meeting.state
        seqs = {record.seq for record in self.meeting.log}
        for person in PARTICIPANTS:
            hours = self.meeting.hours(person)
            pieces = explain.pieces(state, hours, self.now)

            def length_ms(of: Callable[[Piece], bool], pieces: tuple[Piece, ...] = pieces) -> int:
                return sum(piece.end - piece.start for piece in pieces if of(piece))

            assert length_ms(lambda piece: piece.seen is Seen.CONNECTED) == hours.present_ms
            assert length_ms(lambda piece: piece.seen is Seen.SERVER_GAP) == hours.gap_credit_ms
            added = length_ms(lambda piece: piece.seen is Seen.NO and piece.stands)
            assert added - length_ms(lambda piece: not piece.stands) == hours.corrected_ms
            assert length_ms(lambda piece: piece.stands and piece.counts) == hours.counted_ms
            for segment, attended_ms in hours.by_segment.items():
                stood_ms = sum(p.end - p.start for p in pieces if p.stands and p.segment == segment)
                assert stood_ms == attended_ms
            assert all(before.end <= after.start for before, after in pairwise(pieces)), "no two overlap"
            for piece in pieces:
                causes = [cause for cause in (piece.began, piece.ended) if cause is not None]
                assert {cause.seq for cause in causes} <= seqs
                assert piece.began is not None, "it is known why a piece began"
                assert piece.ended is not None or piece.end == self.now, "and why it ended, if it did"

    @invariant()
    def only_who_could_answer_is_asked(self) -> None:
        state = self.meeting.state
        for person in EVERYONE:
            asked = prompts.waiting(state.prompts, state.attendance, state.agenda, person)
            if asked is not None:
                assert person in PARTICIPANTS and self.phase == "running"
                assert self.oracle.is_seated(person) and self.oracle.open_sources(person)
                assert not any(record.by == person and record.at > asked.asked_at for record in self.meeting.log)

    @invariant()
    def nobody_sees_what_is_anothers(self) -> None:
        state = self.meeting.state
        audiences = ("group", "outside", *state.breakouts.rooms)
        parts = {audience: json.dumps(views.room_part(state, audience)) for audience in audiences}
        for me in PARTICIPANTS:
            (other,) = (person for person in PARTICIPANTS if person != me)
            seen = parts[views.audience_of(state, me)] + json.dumps(views.you_part(state, me, self.now))
            private = ["place", "555", "others", "draft", "takeaway", "whisper", "reply", "note", "paper"]
            private += ["dispute-of", "answer-to"]
            if other not in {p for (p, _), sheet in state.checkin.sheets.items() if sheet.shared}:
                private.append("goal")
            if not self.oracle.is_seated(me):
                private.append("name")
            for mark in private:
                assert f"{mark}-{other}" not in seen
            assert f"note-{me}" not in seen, "notes are for staff"
        assert not any(person in parts["outside"] for person in EVERYONE)

    @invariant()
    def a_replay_gives_the_same_room(self) -> None:
        if len(self.meeting.log) >= self.checked + 25:
            self.checked = len(self.meeting.log)
            assert replay(self.meeting.log) == self.meeting.state

    def teardown(self) -> None:
        assert replay(self.meeting.log) == self.meeting.state


Room.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=50, deadline=None)
TestRoom = Room.TestCase
