"""A log that nobody sane wrote: every fold and every view takes it, and minutes stay in order."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation import attendance, explain, views
from facilitation import events as v
from facilitation.crediting import credit
from facilitation.events import Recorded
from facilitation.goals import ListedGoal
from facilitation.ids import PersonId
from facilitation.people import SESSION_ROLES, Expected
from facilitation.places import HelpLine
from facilitation.programme import PLAIN
from facilitation.room import next_deadline, replay
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS, Instant
from server.projections.fold import Room
from server.projections.hours import BESIDE_HOURS
from tests.support.meeting import FAY, PLAN, ROBIN, START, Meeting

ASKING = replace(PLAIN, prompt_every_min=(5, 7))
STRANGER = PersonId("p-stranger")

instants = st.integers(-30 * MINUTE_MS, 30 * MINUTE_MS).map(lambda ms: Instant(START + ms))
sources = st.sampled_from(["c1", "c2", "m1", "c9"])
words = st.sampled_from(["check-in", "break", "nowhere", "mood", "goal", "everyone", "staff", "group", "", FAY, ROBIN])
small_rooms = st.sampled_from(["small-1", "small-2", "nowhere"])
some = st.lists(st.sampled_from([FAY, ROBIN, STRANGER]), max_size=3).map(tuple)

answers = st.dictionaries(words, st.none() | st.booleans() | st.integers() | words, max_size=3)

_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "person": st.sampled_from([FAY, ROBIN, STRANGER]),
    "connection": sources,
    "peer": sources,
    "heard": instants,
    "gap_from": instants | st.none(),
    "expected": st.builds(
        Expected, person=st.just(STRANGER), role=st.sampled_from(sorted(SESSION_ROLES)), name=st.text(max_size=3)
    ),
    "questions": st.tuples(words),
    "segment": st.sampled_from([segment.id for segment in PLAN.segments] + ["nowhere"]),
    "content": st.dictionaries(
        words | st.sampled_from(["figures", "segments"]),
        st.integers() | st.dictionaries(st.sampled_from(["counted_ms", "id"]), st.integers() | words, max_size=2),
        max_size=2,
    ),
    "evidence": st.just((1, 2)),
    "until": instants,
    "told_at": instants,
    "people": st.tuples(st.sampled_from([FAY, ROBIN, STRANGER])),
    "whom": words | st.sampled_from(["self", "guardian"]),
    "outcome": words | st.sampled_from(["reached", "no_answer"]),
    "start": instants,
    "end": instants,
    "dispute": st.sampled_from(["dispute-1", "dispute-2"]) | st.none(),
    "correction": st.sampled_from(["correction-1", "correction-2"]),
    "goals": st.lists(st.builds(ListedGoal, goal=words, text=words), max_size=2).map(tuple),
    "skills": st.lists(words, max_size=2).map(tuple),
    "held": st.lists(words | st.sampled_from(["consent", "guardian", "place"]), max_size=2).map(tuple),
    "help": st.lists(st.builds(HelpLine, name=words, phone=words), max_size=2).map(tuple),
    "consents": st.lists(words, max_size=2).map(tuple),
    "ends_at": instants,
    "room": small_rooms | st.none(),
    "facilitator": st.sampled_from([FAY, ROBIN, STRANGER]),
}
_TYPES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int": st.integers(-5, 5),
    "tuple[tuple[PersonId, ...], ...]": st.lists(some, max_size=2).map(tuple),
    "tuple[tuple[PersonId, PersonId], ...]": st.just(((FAY, ROBIN),)),
    "tuple[tuple[str, str], ...]": st.lists(st.tuples(words, words), max_size=2).map(tuple),
    "dict[str, Answer]": answers,
    "dict[str, Entry]": answers,
    "dict[ScreenQuestionId, bool]": st.dictionaries(words, st.booleans(), max_size=3),
    "dict[SmallRoomId, tuple[PersonId, ...]]": st.dictionaries(small_rooms, some, max_size=2),
}


def anything(kind: type[v.Event]) -> st.SearchStrategy[v.Event]:
    if kind is v.Heard:
        return st.builds(v.Heard, heard=st.dictionaries(sources, instants, max_size=3))
    fields = {
        f.name: _FIELDS[f.name] if f.name in _FIELDS else _TYPES.get(str(f.type), words)
        for f in dataclasses.fields(kind)
    }
    return st.builds(kind, **fields)


any_event = st.one_of([anything(kind) for kind in get_args(v.Event) if kind is not v.SessionOpened])
steps = st.tuples(st.integers(0, 5 * MINUTE_MS), any_event, st.sampled_from([None, FAY, ROBIN, STRANGER]))


def logged(log: list[tuple[int, v.Event, PersonId | None]]) -> list[Recorded]:
    """After the opening, so long after the record before it, each."""
    records, at = list(Meeting(programme=ASKING).log), START
    for wait, event, by in log:
        at = Instant(at + wait)
        records.append(Recorded(seq=len(records) + 1, at=at, event=event, by=by))
    return records


def bears_on_hours(state: RoomState) -> tuple[object, ...]:
    return state.session, state.attendance, state.agenda, state.corrections, state.absences, state.seq, state.at


@given(st.lists(steps, max_size=30))
@settings(deadline=None)
def test_what_is_said_to_lie_beside_the_hours_changes_nothing_of_what_they_are_made_of(
    log: list[tuple[int, v.Event, PersonId | None]],
) -> None:
    records = logged(log)
    room = Room(beside=BESIDE_HOURS)
    for record in records:
        room.add(record)
    assert bears_on_hours(room.state) == bears_on_hours(replay(records))


@given(st.lists(steps, max_size=30))
@settings(deadline=None)
def test_no_log_breaks_a_fold_or_a_view(log: list[tuple[int, v.Event, PersonId | None]]) -> None:
    records = logged(log)
    state, at = replay(records), records[-1].at if log else START
    for person in (FAY, ROBIN, STRANGER):
        hours = credit(state, person, at)
        assert 0 <= hours.countable_min * MINUTE_MS <= hours.counted_ms
        attended_ms = hours.present_ms + hours.gap_credit_ms + hours.corrected_ms
        assert hours.counted_ms <= attended_ms <= hours.clock_ms
        assert sum(p.end - p.start for p in explain.pieces(state, hours, at) if p.stands) <= attended_ms
        assert hours.intervals == attendance.presence(state.attendance, person, at)
    parts = [views.room_part(state, audience) for audience in ("group", "outside", "small-1")]
    parts += [views.you_part(state, ROBIN, at), views.staff_part(state, at), views.record_part(state, at)]
    json.dumps(parts)
    next_deadline(state)
