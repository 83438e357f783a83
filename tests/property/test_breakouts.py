"""Small rooms under random comings, goings, crashes and take-overs: nobody stranded, not a minute touched, nothing read
by whom it is not for."""

from __future__ import annotations

import json
import os
from itertools import permutations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from facilitation import breakouts, views
from facilitation import commands as c
from facilitation import effects as e
from facilitation import events as v
from facilitation.breakouts import GRACE_MS
from facilitation.crediting import credit
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.ids import PersonId, SmallRoomId, SourceId
from facilitation.partition import pairs_of
from facilitation.people import Expected, Role
from facilitation.room import RoomState, next_deadline, replay
from facilitation.seats import Place
from facilitation.talk import ALL_ROOMS, EVERYONE
from facilitation.timebase import SECOND_MS, Instant
from tests.support.meeting import COLE, FAY, ROSTER, Meeting

pytestmark = pytest.mark.timeout(300)
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "25"))
CROWD = tuple(PersonId(f"p-{number}") for number in range(1, 8))
LEADERS = (FAY, COLE)
MEMBERS = tuple(Expected(person=each, role=Role.PARTICIPANT, name=f"Member {each}") for each in CROWD)
APART = ((CROWD[0], CROWD[1]), (CROWD[2], CROWD[5]))
OF_SMALL_ROOMS = (
    v.ApartListed,
    v.BreakoutsPlanned,
    v.BreakoutsOpened,
    v.BreakoutsEnding,
    v.BreakoutsClosed,
    v.PersonMoved,
    v.SideRoomOpened,
    v.SideRoomClosed,
    v.HelpCalled,
    v.HelpAnswered,
)

people = st.sampled_from(CROWD)
leaders = st.sampled_from(LEADERS)
names = st.sampled_from([None, *(SmallRoomId(f"small-{number}") for number in range(1, 9))])


class Evening(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting(roster=(*ROSTER[:3], *MEMBERS))
        self.lines: dict[PersonId, SourceId] = {}
        self.told: dict[PersonId, SmallRoomId] = {}
        """Who is where as the media plane was told last."""
        self.read = 0
        self.times: list[dict[PersonId, set[PersonId]]] = []
        """With whom each was, time by time, as it was seen to be."""

    @property
    def state(self) -> RoomState:
        return self.meeting.state

    def ask(self, command: c.Command, by: PersonId | None = None) -> None:
        try:
            self.meeting.do(command, by)
        except Refusal as refusal:
            assert refusal.text
        else:
            self.hear_effects()

    def hear_effects(self) -> None:
        for effect in self.meeting.effects:
            if isinstance(effect, e.Partition):
                self.told = dict(effect.rooms)

    # --- who comes and goes

    @initialize(there=st.sets(people, min_size=2), both=st.booleans())
    def an_evening_begins(self, there: set[PersonId], both: bool) -> None:
        self.meeting.do(c.ListApart(pairs=APART))
        for person in (*(LEADERS if both else LEADERS[:1]), *sorted(there)):
            self.lines[person] = self.meeting.join(person)
        self.meeting.start()

    @rule(person=st.sampled_from([*CROWD, COLE]))
    def come(self, person: PersonId) -> None:
        if person in self.lines or self.state.seats.of(person).place is Place.REMOVED:
            return
        self.lines[person] = self.meeting.connect(person)
        if self.state.seats.of(person).place in (Place.ARRIVING, Place.WAITING):
            self.meeting.arrive(person)
            self.ask(c.Admit(person=person), FAY)

    @rule(person=st.sampled_from([*CROWD, COLE]), seconds_ago=st.sampled_from([0, 1, 4]))
    def drop(self, person: PersonId, seconds_ago: int) -> None:
        line = self.lines.pop(person, None)
        if line is not None:
            self.meeting.lose(line, seconds_ago=seconds_ago)
            self.hear_effects()

    @rule(person=st.sampled_from([*CROWD, COLE]), how=st.sampled_from([c.Leave(), c.QuickExit()]))
    def leave(self, person: PersonId, how: c.Command) -> None:
        self.ask(how, person)
        self.lines.pop(person, None)
        for source in [s for s, owner in self.state.attendance.owners.items() if owner == person]:
            self.meeting.lose(source)

    @rule(person=people, how=st.sampled_from([c.MoveToWaiting, c.Remove]))
    def send_out(self, person: PersonId, how: type[c.MoveToWaiting] | type[c.Remove]) -> None:
        self.ask(how(person=person), FAY)

    @rule(seconds=st.sampled_from([1, 8, 60]))
    def the_server_dies(self, seconds: int) -> None:
        """Everybody's line is gone, and some come back at once."""
        self.meeting.take_over(after_seconds=seconds)
        there, self.lines = self.lines, {}
        for person in there:
            if self.state.seats.of(person).place is not Place.REMOVED:
                self.lines[person] = self.meeting.connect(person)

    @rule(seconds=st.sampled_from([1, 5, 19, 21, 61, 300]))
    def time_passes(self, seconds: int) -> None:
        until = Instant(self.meeting.now + seconds * SECOND_MS)
        while (deadline := next_deadline(self.state)) is not None and deadline <= until:
            self.meeting.now = max(self.meeting.now, deadline)
            assert self.meeting.do(c.Tick()), "a deadline came and nothing was done about it"
            self.hear_effects()
        self.meeting.now = until

    # --- small rooms

    @rule(size=st.sampled_from([2, 3]), by=leaders, again=st.booleans())
    def draw(self, size: int, by: PersonId, again: bool) -> None:
        self.ask(c.DrawBreakouts(size=size, again=again), by)

    @rule(split=st.lists(people, unique=True, min_size=2), at=st.integers(0, 4), by=leaders, at_once=st.booleans())
    def plan(self, split: list[PersonId], at: int, by: PersonId, at_once: bool) -> None:
        self.ask(c.PlanBreakouts(rooms=(tuple(split[:at]), tuple(split[at:]))), by)
        if at_once:
            self.ask(c.OpenBreakouts(minutes=None), by)

    @rule(pairs=st.sampled_from([*APART, APART[0] + APART[1][:1]]), by=leaders)
    def plan_whom_nobody_should(self, pairs: tuple[PersonId, ...], by: PersonId) -> None:
        self.ask(c.PlanBreakouts(rooms=(pairs,)), by)
        self.ask(c.OpenBreakouts(minutes=None), by)

    @precondition(lambda self: self.state.breakouts.open is None)
    @rule(times=st.integers(2, 4), size=st.sampled_from([2, 3]), by=leaders)
    def one_time_after_another(self, times: int, size: int, by: PersonId) -> None:
        for _ in range(times):
            self.ask(c.DrawBreakouts(size=size), by)
            self.ask(c.OpenBreakouts(minutes=None), by)
            self.nobody_is_put_with_the_same_one_a_third_time_running()
            self.ask(c.CloseBreakouts(), by)

    @rule(minutes=st.sampled_from([None, 1, 5]), by=leaders, size=st.sampled_from([2, 3]))
    def open(self, minutes: int | None, by: PersonId, size: int) -> None:
        if self.state.breakouts.plan is None:
            self.ask(c.DrawBreakouts(size=size), by)
        self.ask(c.OpenBreakouts(minutes=minutes), by)

    @precondition(lambda self: self.state.breakouts.open is not None)
    @rule(
        how=st.sampled_from([c.CallBack(seconds=30), c.CloseBreakouts(), c.ExtendBreakouts(by_ms=60_000)]), by=leaders
    )
    def end(self, how: c.Command, by: PersonId) -> None:
        self.ask(how, by)

    @rule(person=people, room=names, by=leaders)
    def move(self, person: PersonId, room: SmallRoomId | None, by: PersonId) -> None:
        self.ask(c.MoveTo(person=person, room=room), by)

    @rule(room=names, by=leaders)
    def visit(self, room: SmallRoomId | None, by: PersonId) -> None:
        self.ask(c.Visit(room=room), by)

    @rule(person=people, by=leaders)
    def speak_apart(self, person: PersonId, by: PersonId) -> None:
        self.ask(c.OpenSideRoom(person=person), by)

    @rule(room=names, by=leaders)
    def close_side(self, room: SmallRoomId | None, by: PersonId) -> None:
        if room is not None:
            self.ask(c.CloseSideRoom(room=room), by)

    @rule(person=people, on=st.booleans(), alone=st.booleans())
    def call(self, person: PersonId, on: bool, alone: bool) -> None:
        self.ask(c.CallForHelp(on=on, alone=alone), person)

    @rule(person=st.sampled_from([*CROWD, *LEADERS]), to=st.sampled_from([EVERYONE, ALL_ROOMS]))
    def write(self, person: PersonId, to: str) -> None:
        here = self.state.breakouts.where.get(person)
        self.ask(c.SendChat(text=f"said-in {here or 'main'} to {to}", to=to, room=here), person)

    # --- what holds

    @invariant()
    def everybody_is_in_one_place_that_there_is(self) -> None:
        here = self.state.breakouts
        for person, room in here.where.items():
            assert room in here.rooms
            assert self.state.seats.of(person).in_room
        if here.open is None:
            assert not here.groups
        assert set(here.calls) <= {seat.person for seat in self.state.seats.in_room}
        for side in here.sides:
            assert here.participants(side.id), "a side room is somebody's"

    @invariant()
    def the_media_plane_knows_it(self) -> None:
        assert self.told == dict(self.state.breakouts.where)

    @invariant()
    def who_is_kept_apart_is_never_together(self) -> None:
        here = self.state.breakouts
        for room in here.groups:
            assert not any(frozenset(each) in set(pairs_of(here.participants(room.id))) for each in APART)

    @invariant()
    def nobody_is_put_with_the_same_one_a_third_time_running(self) -> None:
        here, fresh = self.state.breakouts, self.meeting.log[self.read :]
        self.read = len(self.meeting.log)
        for opened in (record.event for record in fresh if isinstance(record.event, v.BreakoutsOpened)):
            allowed = here.open is not None and here.open.again
            for one, other in (pair for group in opened.rooms.values() for pair in permutations(group, 2)):
                theirs = [time[one] for time in self.times if one in time]
                assert allowed or not (len(theirs) > 1 and other in theirs[-1] & theirs[-2])
            self.times.append({})
        for room in here.groups:
            for one, other in permutations(here.participants(room.id), 2):
                self.times[-1].setdefault(one, set()).add(other)

    @invariant()
    def nobody_waits_alone_longer_than_a_line_needs(self) -> None:
        for room in self.state.breakouts.rooms.values():
            since = breakouts.alone_since(self.state.breakouts, self.state.attendance, room)
            deadline = breakouts.next_due(self.state.breakouts, self.state.attendance)
            assert since is None or (deadline is not None and deadline <= since + GRACE_MS)

    @invariant()
    def each_sees_who_is_with_them_and_reads_what_was_said_there(self) -> None:
        where, seated = self.state.breakouts.where, self.state.seats.in_room
        shown = {seat.person: views.audience_of(self.state, seat.person) for seat in seated}
        parts = {audience: views.room_part(self.state, audience) for audience in set(shown.values())}
        for seat in seated:
            room, said = parts[shown[seat.person]], where.get(seat.person) or "main"
            together = {other.person for other in seated if where.get(other.person) == where.get(seat.person)}
            assert {one["person"] for one in room["people"]} == together
            for message in room["chat"]:
                assert message["to"] == ALL_ROOMS or message["text"].startswith(f"said-in {said} ")
            assert "apart" not in json.dumps(room), "who is kept apart is nobody's but staff's"
            assert "apart" not in views.you_part(self.state, seat.person, self.meeting.now)

    @invariant()
    def no_minute_knows_of_it(self) -> None:
        """Without a word of small rooms in the log, everybody has the same minutes in the same parts."""
        if len(self.meeting.log) % 7:
            return
        bare = [record for record in self.meeting.log if not isinstance(record.event, OF_SMALL_ROOMS)]
        again = replay(Recorded(seq=n, at=r.at, event=r.event, by=r.by) for n, r in enumerate(bare, 1))
        for person in CROWD:
            mine, theirs = (credit(state, person, self.meeting.now) for state in (self.state, again))
            assert (mine.intervals, mine.by_segment) == (theirs.intervals, theirs.by_segment)

    def teardown(self) -> None:
        assert replay(self.meeting.log) == self.state
        if self.state.phase != "running":
            return
        if self.state.breakouts.open is not None:
            self.meeting.do(c.CloseBreakouts(), FAY)
        assert set(self.state.breakouts.where.values()) <= {room.id for room in self.state.breakouts.sides}
        self.meeting.end()
        assert self.state.breakouts.where == {}
        assert all(stays[-1].end is not None for stays in self.state.breakouts.stays.values())


Evening.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestEvening = Evening.TestCase
