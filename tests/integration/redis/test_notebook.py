"""Goals, phrases and counselling notes: what both stores promise (server/store/notebook.py, memory.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from redis.asyncio import Redis

from facilitation.counselling import CounsellingNote
from facilitation.goals import Goal
from facilitation.ids import CounsellingNoteId, GoalId, PersonId, SessionId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store.keys import Keys
from server.store.ports import Store

ROBIN, FAY, CODY = PersonId("p-robin"), PersonId("p-fay"), PersonId("p-cody")
GOAL = Goal(goal=GoalId("g-1"), person=ROBIN, text="Sleep seven hours", since=date(2026, 11, 1))
NOTE = CounsellingNote(
    note=CounsellingNoteId("n-1"),
    author=FAY,
    session=SessionId("s-1"),
    subject=ROBIN,
    text="My own thoughts",
    revision=1,
    at=Instant(1_000),
)


async def test_goals_come_back_as_put_the_oldest_first(store: Store) -> None:
    later = replace(GOAL, goal=GoalId("g-0"), text="Call the sister", since=date(2026, 11, 9))
    await store.notebook.put_goal(later)
    await store.notebook.put_goal(GOAL)
    await store.notebook.put_goal(replace(later, until=date(2026, 11, 20)))
    assert await store.notebook.goals(ROBIN) == [GOAL, replace(later, until=date(2026, 11, 20))]
    assert await store.notebook.goals(FAY) == []


async def test_phrases_belong_to_one_of_the_staff(store: Store) -> None:
    await store.notebook.put_snippet(FAY, "walk", "Will take a walk before noon.")
    await store.notebook.put_snippet(FAY, "breath", "Ça va: practised paced breathing.")
    await store.notebook.put_snippet(FAY, "walk", "Will walk.")
    assert await store.notebook.snippets(CODY) == {}
    assert list((await store.notebook.snippets(FAY)).items()) == [
        ("breath", "Ça va: practised paced breathing."),
        ("walk", "Will walk."),
    ]
    await store.notebook.drop_snippet(FAY, "walk")
    await store.notebook.drop_snippet(FAY, "walk")
    assert list(await store.notebook.snippets(FAY)) == ["breath"]


async def test_a_counselling_note_is_found_by_its_author_alone(store: Store) -> None:
    assert await store.notebook.keep(NOTE) == NOTE
    assert await store.notebook.counselling_notes(FAY, NOTE.session, ["group", ROBIN]) == [NOTE]
    assert await store.notebook.counselling_notes(CODY, NOTE.session, ["group", ROBIN]) == []
    assert await store.notebook.counselling_notes(FAY, SessionId("s-2"), ["group", ROBIN]) == []
    assert await store.notebook.counselling_notes(FAY, NOTE.session, []) == []


async def test_two_windows_of_one_author_do_not_overwrite_each_other_unseen(store: Store) -> None:
    await store.notebook.keep(NOTE)
    second = replace(NOTE, text="More thoughts", revision=2)
    assert await store.notebook.keep(second) == second
    assert await store.notebook.keep(second) == second, "the same once more is harmless"
    assert await store.notebook.keep(replace(NOTE, text="From the other window", revision=2)) == second
    assert await store.notebook.counselling_notes(FAY, NOTE.session, [ROBIN]) == [second]


async def test_ids_with_odd_characters_are_never_taken_for_each_other(store: Store) -> None:
    one = replace(NOTE, session=SessionId('s","a'), subject="b", text="one")
    other = replace(NOTE, session=SessionId("s"), subject='a","b', text="other")
    await store.notebook.keep(one)
    await store.notebook.keep(other)
    assert await store.notebook.counselling_notes(FAY, one.session, ["b"]) == [one]
    assert await store.notebook.counselling_notes(FAY, other.session, ['a","b']) == [other]


async def test_what_cannot_be_read_is_said_without_quoting_it(valkey_store: Store, valkey: Redis) -> None:
    await valkey_store.notebook.keep(NOTE)
    key = Keys(valkey_store.keys.clinic).counselling(FAY)
    (field,) = await valkey.hkeys(key)
    await valkey.hset(key, field, b'{"text": "My own thoughts"')
    with pytest.raises(CorruptLog) as raised:
        await valkey_store.notebook.counselling_notes(FAY, NOTE.session, [ROBIN])
    assert "thoughts" not in str(raised.value) + str(raised.value.__cause__)


def test_a_counselling_note_never_prints_its_text() -> None:
    assert "thoughts" not in f"{NOTE!r} {NOTE} {[NOTE]}"
