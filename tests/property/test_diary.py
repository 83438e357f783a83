"""The week of a diary under random groups: nobody reads a word of it before it is shown, and nobody after it is taken
back; the group reads the parts that are for it and no other, and only in the room."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from facilitation import commands as c
from facilitation import views
from facilitation.diary import TO_GROUP, Part
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import STAFF, Role
from facilitation.policy import Action, may
from server.clock import FakeClock
from server.store import codec, memory
from server.store.clinic import Person
from server.web.words import IN_ENGLISH, local
from tests.support.diary import SESSION, OneRoom, diary_of, typed
from tests.support.meeting import FAY, ROSTER, START, Meeting

pytestmark = pytest.mark.timeout(300)
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "25"))
T = TypeVar("T")
ZONE = "America/New_York"
AUTHORS = [each.person for each in ROSTER if each.treated]
EVERYBODY = [each.person for each in ROSTER]
authors = st.sampled_from(AUTHORS)
parts = st.sets(st.sampled_from(sorted(TO_GROUP)))
SECRET = {Part.WORDS: "words of", Part.TARGETS: "target of", Part.URGES: "To hide from people"}
OPEN = {Part.FEELINGS: "Sadness", Part.SKILLS: "Wise mind"}


class Diaries(RuleBasedStateMachine):
    """`stands`: whose week is shown now, and which parts of it to the group, as an oracle would have it."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store = memory.connect()
        self.clock = FakeClock(START)
        self.meeting = Meeting()
        self.room = OneRoom(self.meeting, self.store)
        self.diary = diary_of(self.store, clock=self.clock, rooms=self.room)
        self.written: set[PersonId] = set()
        self.stands: dict[PersonId, frozenset[Part]] = {}

    def teardown(self) -> None:
        self.loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def _ask(self, command: c.Command, by: PersonId | None) -> None:
        try:
            self.meeting.do(command, by)
        except Refusal as refusal:
            assert refusal.text
        self.wait(self.room.write())

    @initialize(there=st.sets(authors))
    def an_evening_begins(self, there: set[PersonId]) -> None:
        for each in ROSTER:
            person = Person(person=each.person, name=each.name, role=each.role, track="adult", zone=ZONE)
            self.wait(self.store.clinic.put_person(person))
            if each.role in STAFF:
                self.meeting.join(each.person)
        for person_id in sorted(there):
            self.meeting.join(person_id)
        self.meeting.start()
        self.wait(self.room.write())

    @rule(person=authors, back=st.integers(0, 6))
    def somebody_writes(self, person: PersonId, back: int) -> None:
        day = local(self.clock.now(), ZONE).date() - timedelta(days=back)
        fields = {"feeling_sadness": "3", "urge_hide": "4", "skill_wise-mind": "on", "word": f"words of {person}"}
        fields |= {"target_0_label": f"target of {person}", "target_0": "2"}
        try:
            self.wait(self.diary.keep(person, typed(day, **fields)))
        except Exception as error:  # the same day again, upon nothing: told, and nothing is lost
            assert type(error).__name__ == "Stale"
        self.written.add(person)

    @rule(person=authors, to_group=parts)
    def somebody_shows(self, person: PersonId, to_group: set[Part]) -> None:
        seat = self.meeting.state.seats.of(person)
        can = person in self.written and seat.in_room and self.meeting.state.phase != "ended"
        try:
            self.wait(self.diary.show(person, SESSION, sorted(to_group)))
            assert can
            self.stands[person] = frozenset(to_group)
        except Refusal:
            assert not can

    @rule(person=authors)
    def somebody_takes_it_back(self, person: PersonId) -> None:
        self.wait(self.diary.take_back(person, SESSION))
        self.stands.pop(person, None)

    @rule(person=authors)
    def somebody_leaves(self, person: PersonId) -> None:
        self._ask(c.Leave(), person)

    @rule(person=authors)
    def somebody_is_sent_out(self, person: PersonId) -> None:
        self._ask(c.Remove(person=person), FAY)

    @rule(person=authors)
    def somebody_waits(self, person: PersonId) -> None:
        self._ask(c.MoveToWaiting(person=person), FAY)

    @rule(person=authors)
    def somebody_comes(self, person: PersonId) -> None:
        if self.meeting.state.phase != "ended" and not self.meeting.state.seats.of(person).in_room:
            self._ask(
                c.OpenConnection(connection=f"c-{person}-{self.meeting.state.seq}", person=person, device="d"), None
            )
            arrive = c.Arrive(name="A", location="Home", callback="555-0100", private_space=True, agreement=True)
            self._ask(arrive, person)
            self._ask(c.Admit(person=person), FAY)

    @rule()
    def it_ends(self) -> None:
        self._ask(c.EndSession(), FAY)

    @rule()
    def a_minute_goes_by(self) -> None:
        self.meeting.later(minutes=1)
        self.clock.advance(minutes=1)

    @invariant()
    def everybody_reads_what_is_for_them(self) -> None:
        roles = {each.person: each.role for each in ROSTER}
        for author in AUTHORS:
            for reader in EVERYBODY:
                leads = may(roles[reader], Action.READ_SHOWN_WEEK)
                told = self.wait(self.diary.shown(SESSION, author, IN_ENGLISH, reader=reader, leads=leads))
                assert {section["part"] for section in (told or {"sections": []})["sections"]} == self.expected(
                    author, reader, leads
                )
                text = json.dumps(told)
                assert told is None or not any(f"of {other}" in text for other in AUTHORS if other != author)

    def expected(self, author: PersonId, reader: PersonId, leads: bool) -> set[str]:
        if author not in self.stands:
            return set()
        everything = {Part.FEELINGS, Part.URGES, Part.TARGETS, Part.SKILLS, Part.WORDS}
        seat = self.meeting.state.seats.of(reader)
        if leads or reader == author:
            return {part.value for part in everything}
        if seat.role is not Role.PARTICIPANT or not seat.in_room:
            return set()
        return {part.value for part in self.stands[author] & everything}

    @invariant()
    def no_word_of_it_is_in_a_log_or_a_view(self) -> None:
        told = b"\n".join(codec.encode(record) for record in self.meeting.log).decode()
        now = self.meeting.now
        told += json.dumps(
            [
                views.room_part(self.meeting.state, "group"),
                views.staff_part(self.meeting.state, now),
                views.record_part(self.meeting.state, now),
                *(views.you_part(self.meeting.state, person, now) for person in EVERYBODY),
            ]
        )
        assert not any(word in told for word in [*SECRET.values(), *OPEN.values()])

    @invariant()
    def the_room_says_whose_week_is_shown(self) -> None:
        assert set(self.meeting.state.showings.by_person) == set(self.stands)


Diaries.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25)
TestDiaries = Diaries.TestCase
