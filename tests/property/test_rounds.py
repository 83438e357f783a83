"""Rounds under random groups that come and go: nobody is skipped, nobody is asked twice, the order is kept."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from facilitation import commands as c
from facilitation import events as v
from facilitation import rounds, views
from facilitation.errors import Refusal
from facilitation.ids import PersonId, RoundId, SourceId
from facilitation.people import Expected, Role
from facilitation.room import RoomState, next_deadline, replay
from facilitation.rounds import How, Round
from facilitation.seats import Place
from tests.support.meeting import COLE, FAY, ROSTER, Meeting

pytestmark = pytest.mark.timeout(300)
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "40"))
CROWD = [PersonId(f"p-{number}") for number in range(1, 7)]
GUESTS = tuple(Expected(person=each, role=Role.PARTICIPANT, name=f"Example {each}") for each in CROWD)

people = st.sampled_from(CROWD)
leaders = st.sampled_from([FAY, COLE])
kinds = st.sampled_from(["question", "check_in", "appreciation", "wrap_up"])


class Circle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting(roster=(*ROSTER, *GUESTS))
        self.lines: dict[PersonId, SourceId] = {}

    @property
    def state(self) -> RoomState:
        return self.meeting.state

    def _try(self, command: c.Command, by: PersonId | None) -> None:
        try:
            self.meeting.do(command, by)
        except Refusal as refusal:
            assert refusal.text

    @initialize(there=st.sets(people, min_size=1), kind=kinds, order=st.permutations(CROWD))
    def a_round_begins(self, there: set[PersonId], kind: str, order: list[PersonId]) -> None:
        for person in (FAY, COLE, *sorted(there)):
            self.lines[person] = self.meeting.join(person)
        self.meeting.start()
        self.open(kind, order, True, FAY)

    @precondition(lambda self: self.state.rounds.open is None or self.state.rounds.open.over)
    @rule(kind=kinds, order=st.permutations(CROWD), given=st.booleans(), by=leaders)
    def open(self, kind: str, order: list[PersonId], given: bool, by: PersonId) -> None:
        here = rounds.participants(self.state.seats, self.state.attendance)
        ask = c.OpenRound(
            kind=kind, question="What helped?", order="given" if given else "random", line=tuple(order), turn_ms=60_000
        )
        before = self.state.rounds.open
        self._try(ask, by)
        last = self.state.rounds.open
        if last is not None and last.turn == 0 and (before is None or last.round != before.round):
            assert sorted(last.line) == sorted(here), "everybody who is here, once"
            if given:
                assert last.line == tuple(each for each in order if each in here), "the order that was asked for"

    # --- what a group does

    @precondition(lambda self: self.state.rounds.open)
    @rule(by=leaders, stale=st.booleans(), seconds=st.integers(0, 120))
    def lead_on(self, by: PersonId, stale: bool, seconds: int) -> None:
        self.pass_time(seconds)
        found = self._found()
        self._try(c.MoveRoundOn(round=found.round, turn=found.turn - stale), by)

    @precondition(lambda self: self.state.rounds.open)
    @rule(person=people, how=st.sampled_from(["done", "pass", "later", "want"]))
    def say(self, person: PersonId, how: str) -> None:
        found = self._found()
        owner = found.now if how != "want" and found.now in CROWD else person
        asks: dict[str, c.Command] = {
            "done": c.MoveRoundOn(round=found.round, turn=found.turn),
            "pass": c.PassTurn(round=found.round),
            "later": c.AskMeLater(round=found.round),
            "want": c.JoinRound(round=found.round),
        }
        self._try(asks[how], owner)

    @precondition(lambda self: self.state.rounds.open)
    @rule(person=people, how=st.sampled_from(["add", "next", "back", "more"]), by=leaders)
    def lead(self, person: PersonId, how: str, by: PersonId) -> None:
        found = self._found()
        asks: dict[str, c.Command] = {
            "add": c.JoinRound(round=found.round, person=person),
            "next": c.ChooseNext(round=found.round, person=person),
            "back": c.GoBackInRound(round=found.round, turn=found.turn),
            "more": c.ExtendTurn(round=found.round, turn=found.turn, by_ms=30_000),
        }
        self._try(asks[how], by)

    @rule(person=people, how=st.sampled_from(["drop", "back", "leave", "hide", "show", "wait"]))
    def come_and_go(self, person: PersonId, how: str) -> None:
        place = self.state.seats.of(person).place
        connected = self.state.attendance.of(person).connected
        if how == "drop" and connected:
            self.meeting.lose(self.lines[person])
        elif how == "back" and place is Place.ROOM and not connected:
            self.lines[person] = self.meeting.connect(person)
        elif how == "back" and place is Place.WAITING:
            self._try(c.Admit(person=person), FAY)
        elif how == "back" and not connected:
            self.lines[person] = self.meeting.join(person)
        elif how == "leave" and connected:
            self._try(c.Leave(), person)
            self.meeting.lose(self.lines[person])
        elif how == "wait":
            self._try(c.MoveToWaiting(person=person), FAY)
        elif how in ("hide", "show"):
            self._try(c.Shield(on=how == "hide"), person)

    @rule(seconds=st.integers(1, 60))
    def pass_time(self, seconds: int) -> None:
        self.meeting.live(minutes=seconds / 60)

    @rule(seconds=st.integers(1, 30))
    def another_server(self, seconds: int) -> None:
        back = [person for person in self.lines if self.state.attendance.of(person).connected]
        self.meeting.take_over(after_seconds=seconds)
        for person in back:
            self.lines[person] = self.meeting.connect(person)

    # --- what always holds

    @invariant()
    def everybody_is_in_exactly_one_place(self) -> None:
        for found in self.state.rounds.all:
            places = [*found.queue, *found.done, *([] if found.now is None else [found.now])]
            if found.closed_at is None:
                assert sorted(places) == sorted(found.line)
            assert len(set(places)) == len(places) and len(set(found.line)) == len(found.line)

    @invariant()
    def nobody_is_asked_twice(self) -> None:
        """A turn more than one has a reason that its owner gave, or somebody who led."""
        for found in self.state.rounds.all:
            told = [each.event for each in self.meeting.log if getattr(each.event, "round", None) == found.round]
            began = Counter(each.person for each in told if isinstance(each, v.TurnBegan))
            for person, turns in began.items():
                reasons = [
                    each
                    for each in told
                    if (isinstance(each, v.TurnEnded) and each.person == person and each.how in (How.LATER, How.LEFT))
                    or (isinstance(each, v.RoundJoined) and each.person == person)
                    or isinstance(each, v.TurnReturned)
                ]
                assert turns <= 1 + len(reasons)
                if not any(isinstance(each, v.TurnReturned | v.RoundJoined) for each in told):
                    ended = [each.how for each in told if isinstance(each, v.TurnEnded) and each.person == person]
                    assert sum(how in (How.SPOKE, How.PASSED) for how in ended) <= 1

    @invariant()
    def nobody_waits_for_nobody(self) -> None:
        """While somebody can be asked, either somebody has the turn or a time is set at which it moves by itself."""
        found = self.state.rounds.open
        if found is None or found.turn == 0:
            return
        here = rounds.here(self.state.seats, self.state.attendance)
        if found.next(here) is not None and (found.now is None or found.now not in here):
            deadline = rounds.next_due(self.state.rounds, self.state.seats, self.state.attendance)
            assert deadline is not None and deadline <= self.meeting.now + rounds.AWAY_MS
            assert next_deadline(self.state) is not None

    @invariant()
    def that_somebody_passed_is_between_them_and_who_leads(self) -> None:
        """Had everybody who passed spoken instead, the rest of the group would see the same."""
        if len(self.meeting.log) % 4:
            return
        spoken = replay([_spoken(each) for each in self.meeting.log])
        for state in (spoken, self.state):
            part = views.room_part(state, "group")["round"]
            assert part is None or set(part) == ROUND_KEYS
        assert self._seen(spoken, CROWD[0]) == self._seen(self.state, CROWD[0])

    def teardown(self) -> None:
        assert replay(self.meeting.log) == self.meeting.state
        found = self.state.rounds.open
        if found is not None:
            self._everybody_is_reached(found.round)

    def _everybody_is_reached(self, name: RoundId) -> None:
        """Whatever happened: once all are back and speak, the round gets to its end, and each of them was asked."""
        for person in CROWD:
            self.come_and_go(person, "back")
            self.come_and_go(person, "back")
            self._try(c.Shield(on=False), person)
        for _ in range(4 * len(CROWD)):
            self.meeting.live(minutes=1)
            found = self.state.rounds.of(name)
            if found.over:
                break
            self._try(c.MoveRoundOn(round=name, turn=found.turn), FAY)
        found = self.state.rounds.of(name)
        assert found.over and sorted(found.done) == sorted(found.line)

    def _found(self) -> Round:
        found = self.state.rounds.open
        assert found is not None
        return found

    def _seen(self, state: RoomState, person: PersonId) -> list[Any]:
        found = state.rounds.open
        own = None if found is None or person in found.done else views.you_part(state, person, self.meeting.now)["turn"]
        return [views.room_part(state, "group")["round"], own]


ROUND_KEYS = {"round", "kind", "question", "turn", "now", "since", "until", "to_come", "of", "over"}


def _spoken(record: v.Recorded) -> v.Recorded:
    """The same record, had its owner spoken in a turn that they passed."""
    event = record.event
    if not isinstance(event, v.TurnEnded) or event.how != How.PASSED:
        return record
    return replace(record, event=replace(event, how=How.SPOKE))


Circle.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestCircle = Circle.TestCase
