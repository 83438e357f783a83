"""Whatever is asked of notes after a session, in whatever order: what was signed never changes, and what is kept apart
stays apart."""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from facilitation import commands as c
from facilitation import policy, views
from facilitation.errors import Refusal
from facilitation.events import AddendumAdded, NoteCosigned, NoteSigned
from facilitation.goals import ListedGoal
from facilitation.ids import CounsellingNoteId, GoalId, PersonId, SectionId
from facilitation.noteforms import format_of
from facilitation.notes import content_hash
from facilitation.people import Expected, Role
from facilitation.programme import Programme
from facilitation.room import replay
from facilitation.timebase import Instant
from server.books.worklist import dues
from server.progress import Progress, fold
from server.store import codec
from tests.support.meeting import COLE, FAY, OLA, ROBIN, ROSTER, SAM, Meeting

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "60"))
SUE = PersonId("p-sue")
GOALS = tuple(ListedGoal(goal=GoalId(f"g-{n}"), text=f"Goal {n}") for n in range(3))
TEXTS = ("", " ", "Words.", "Other words, and more of them than eight in all.", "Did not attend.", "Sam and Robin")

everybody = st.sampled_from([FAY, COLE, OLA, SUE, ROBIN])
participants = st.sampled_from([ROBIN, SAM])
sections = st.sampled_from([SectionId(part.id) for part in format_of("birp").sections] + [SectionId("data")])
texts = st.sampled_from(TEXTS)


class Notes(RuleBasedStateMachine):
    """Robin was there, Sam was not. The revisions asked upon are mostly the right ones, and sometimes not."""

    @initialize(cosign=st.booleans())
    def evening(self, cosign: bool) -> None:
        programme = Programme(
            id="iop", version="1", title="IOP", track="adult", rules_id="exact-floor", note_format="birp", cosign=cosign
        )
        roster = (*ROSTER, Expected(person=SUE, role=Role.SUPERVISOR, name="Sue Example"))
        self.meeting = Meeting(programme=programme, roster=roster)
        for person in (FAY, ROBIN):
            self.meeting.join(person)
        self.meeting.start()
        self.meeting.later(minutes=40)
        self.meeting.end()
        self.signed: dict[PersonId, str] = {}
        self.addenda: dict[PersonId, list[str]] = {}

    def ask(self, command: c.Command, by: PersonId | None) -> None:
        role = None if by is None else self.meeting.roles[by]
        try:
            self.meeting.do(command, by)
        except Refusal as refusal:
            assert refusal.text
            assert (refusal.code == "not_allowed") == (not policy.allows(role, type(command)))
        else:
            assert policy.allows(role, type(command))
        self.meeting.later(seconds=1)

    # --- writing

    @rule(by=everybody, person=participants, section=sections, text=texts, off=st.sampled_from([0, 0, 0, 1]))
    def section(self, by: PersonId, person: PersonId, section: SectionId, text: str, off: int) -> None:
        revision = self.meeting.state.notes.section(person, section).revision + off
        self.ask(c.EditSection(person=person, section=section, text=text, revision=revision), by)

    @rule(person=participants)
    def everything(self, person: PersonId) -> None:
        """So that notes do come to a signature."""
        for part in format_of("birp").sections:
            self.section(FAY, person, part.id, f"{part.title} of {person}.", 0)

    @rule(by=everybody, subject=st.sampled_from(["group", ROBIN, SAM]), text=texts)
    def plain(self, by: PersonId, subject: str, text: str) -> None:
        revision = self.meeting.state.notes.draft(subject).revision
        self.ask(c.EditNote(subject=subject, text=text, revision=revision), by)

    @rule(person=participants, goals=st.sets(st.sampled_from(GOALS)))
    def plan(self, person: PersonId, goals: set[ListedGoal]) -> None:
        self.ask(c.ListGoals(person=person, goals=tuple(sorted(goals, key=lambda goal: goal.goal))), None)

    @rule(by=everybody, person=participants, goals=st.sets(st.sampled_from(GOALS)))
    def goals(self, by: PersonId, person: PersonId, goals: set[ListedGoal]) -> None:
        revision = self.meeting.state.notes.goals_of(person).revision
        self.ask(c.AddressGoals(person=person, goals=tuple(goal.goal for goal in goals), revision=revision), by)

    @rule(by=everybody, text=texts)
    def facts(self, by: PersonId, text: str) -> None:
        self.ask(c.NameSkills(skills=(text,)), by)
        self.ask(c.SayLocation(location=text), by)

    # --- signing

    @rule(by=everybody, person=participants, off=st.sampled_from([0, 0, 0, 1]))
    def sign(self, by: PersonId, person: PersonId, off: int) -> None:
        notes = self.meeting.state.notes
        self.ask(
            c.SignNote(
                person=person,
                group_revision=notes.draft("group").revision,
                person_revision=notes.draft(person).revision + off,
                sections={name: draft.revision for name, draft in notes.sections.get(person, {}).items()},
                goals_revision=notes.goals_of(person).revision,
            ),
            by,
        )
        now = self.meeting.state.notes.signed.get(person)
        if now is not None:
            self.signed.setdefault(person, json.dumps(now.content, sort_keys=True))

    @rule(by=everybody, person=participants, text=texts)
    def addendum(self, by: PersonId, person: PersonId, text: str) -> None:
        before = len(self.meeting.state.notes.addenda_of(person))
        self.ask(c.AddAddendum(person=person, text=text), by)
        if len(self.meeting.state.notes.addenda_of(person)) > before:
            self.addenda.setdefault(person, []).append(text)

    @rule(by=everybody, person=participants, off=st.sampled_from([0, 0, 1]))
    def cosign(self, by: PersonId, person: PersonId, off: int) -> None:
        notes = self.meeting.state.notes
        hash_ = notes.signed[person].content_hash if person in notes.signed else "0" * 64
        self.ask(c.CosignNote(person=person, hash=hash_, addenda=len(notes.addenda_of(person)) + off), by)

    @rule(by=everybody, person=participants, text=texts)
    def give_back(self, by: PersonId, person: PersonId, text: str) -> None:
        self.ask(c.ReturnNote(person=person, text=text), by)

    @rule(by=st.sampled_from([None, FAY, SUE, ROBIN]), person=participants, n=st.integers(0, 2))
    def counsel(self, by: PersonId | None, person: PersonId, n: int) -> None:
        self.ask(c.KeepCounsellingNote(note=CounsellingNoteId(f"counsel-{n}"), subject=person, author=FAY), by)

    # --- what always holds

    @invariant()
    def what_was_signed_never_changes(self) -> None:
        notes = self.meeting.state.notes
        assert set(notes.signed) == set(self.signed)
        for person, content in self.signed.items():
            assert json.dumps(notes.signed[person].content, sort_keys=True) == content
            assert content_hash(json.loads(content)) == notes.signed[person].content_hash
        signings = [record.event.person for record in self.meeting.log if isinstance(record.event, NoteSigned)]
        assert sorted(signings) == sorted(self.signed), "once each"

    @invariant()
    def what_was_signed_is_what_stood_there(self) -> None:
        notes = self.meeting.state.notes
        for person, signed in notes.signed.items():
            note: Any = signed.content["note"]
            assert {part["id"]: part["text"] for part in note["sections"]} == {
                part.id: notes.section(person, part.id).text for part in format_of("birp").sections
            }, "and nothing is typed under a signature"

    @invariant()
    def a_cosignature_is_a_supervisors_under_what_they_read(self) -> None:
        read = dict.fromkeys((ROBIN, SAM), 0)
        for record in self.meeting.log:
            match record.event:
                case AddendumAdded(person=person):
                    read[person] += 1
                case NoteCosigned(person=person, content_hash=hash_, addenda=addenda):
                    signed = self.meeting.state.notes.signed[person]
                    assert (record.by, hash_, addenda) == (SUE, signed.content_hash, read[person])
                    assert record.at > signed.at

    @invariant()
    def addenda_only_grow(self) -> None:
        for person, added in self.addenda.items():
            assert [addendum.text for addendum in self.meeting.state.notes.addenda_of(person)] == added

    @invariant()
    def the_list_and_the_record_agree(self) -> None:
        now = Instant(self.meeting.now)
        shown = {each["person"]: each for each in views.record_part(self.meeting.state, now)["people"]}
        for person, due in dues(fold(Progress(), self.meeting.log), now).items():
            assert (due.work, due.due, due.overdue) == tuple(
                shown[person][key] for key in ("work", "due_at", "overdue")
            )

    @invariant()
    def counselling_notes_are_in_no_view_and_notes_in_no_participants(self) -> None:
        state, now = self.meeting.state, self.meeting.now
        for part in (views.staff_part(state, now), views.record_part(state, now), views.room_part(state, "group")):
            assert "counsel-" not in json.dumps(part)
        for person in (ROBIN, SAM):
            seen = json.dumps(views.you_part(state, person, now)) + json.dumps(views.room_part(state, "group"))
            assert not any(text in seen for text in TEXTS if len(text) > 1)

    def teardown(self) -> None:
        lines = [codec.encode(record) for record in self.meeting.log]
        assert replay(map(codec.decode, lines)) == self.meeting.state


Notes.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
TestNotes = Notes.TestCase
