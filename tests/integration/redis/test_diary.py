"""Diaries: what both stores promise (server/store/diary.py, memory.py)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from redis.asyncio import Redis

from facilitation.diary import Card, Day, Mark, PlanKept, Showing, Target
from facilitation.ids import PersonId, SessionId, SkillId
from facilitation.timebase import Instant
from server.rooms.ports import CorruptLog
from server.store.keys import Keys
from server.store.ports import Store

ROBIN, SAM = PersonId("p-robin"), PersonId("p-sam")
TUESDAY = date(2026, 11, 24)
DAY = Day(
    day=TUESDAY,
    revision=1,
    at=Instant(1_000),
    feelings={"fear": 4},
    urges={"hide": Mark(strength=2, acted=True)},
    targets=(Target(label="My own thing", mark=Mark(strength=1)),),
    skills=(SkillId("wise-mind"),),
    word="Words of Robin",
)
PLAN = PlanKept(session=SessionId("s-1"), revision=1, at=Instant(2_000), done=True, word="Went well")
CARD = Card(revision=1, at=Instant(500), targets=("My own thing",))
SHOWING = Showing(session=SessionId("s-1"), person=ROBIN, at=Instant(3_000), last=TUESDAY, days=(DAY,), plans=(PLAN,))


async def test_pages_are_found_by_their_author_alone(store: Store) -> None:
    for page in (DAY, PLAN, CARD):
        assert await store.diaries.keep(ROBIN, page) == page
    pages = await store.diaries.of(ROBIN)
    assert (pages.card, pages.days, pages.plans) == (CARD, {TUESDAY: DAY}, {PLAN.session: PLAN})
    nothing = await store.diaries.of(SAM)
    assert (nothing.card, nothing.days, nothing.plans) == (None, {}, {})


async def test_two_devices_of_one_author_do_not_overwrite_each_other_unseen(store: Store) -> None:
    await store.diaries.keep(ROBIN, DAY)
    second = replace(DAY, word="Later words", revision=2)
    assert await store.diaries.keep(ROBIN, second) == second
    assert await store.diaries.keep(ROBIN, second) == second, "the same once more is harmless"
    assert await store.diaries.keep(ROBIN, replace(DAY, word="From the phone", revision=2)) == second


async def test_what_is_shown_lies_apart_replaces_what_was_and_can_be_taken_back(store: Store) -> None:
    await store.diaries.show(SHOWING)
    other = replace(SHOWING, session=SessionId("s-2"), at=Instant(9_000), days=())
    await store.diaries.show(other)
    anew = replace(SHOWING, at=Instant(4_000))
    await store.diaries.show(anew)
    assert await store.diaries.shown(ROBIN) == [anew, other]
    assert await store.diaries.shown(SAM) == []
    assert (await store.diaries.of(ROBIN)).days == {}
    for _ in range(2):
        await store.diaries.take_back(ROBIN, SHOWING.session)
    assert await store.diaries.shown(ROBIN) == [other]


async def test_what_cannot_be_read_is_said_without_quoting_it(valkey_store: Store, valkey: Redis) -> None:
    keys = Keys(valkey_store.keys.clinic)
    for field in (b"day 2026-11-24", b"plan s-1", b"card", b"else"):
        await valkey.delete(keys.diary(ROBIN))
        await valkey.hset(keys.diary(ROBIN), field, b'{"word": "Words of Robin"')
        with pytest.raises(CorruptLog) as raised:
            await valkey_store.diaries.of(ROBIN)
        assert "Words" not in str(raised.value) + str(raised.value.__cause__)
    await valkey.hset(keys.diary_shown(ROBIN), b"s-1", b"Words of Robin")
    with pytest.raises(CorruptLog) as raised:
        await valkey_store.diaries.shown(ROBIN)
    assert "Words" not in str(raised.value)


def test_nothing_of_a_diary_prints_its_text() -> None:
    assert "Robin W" not in f"{DAY!r} {PLAN} {CARD!r} {SHOWING!r}" and "Words" not in f"{[DAY, SHOWING]}"
    assert "own thing" not in f"{[DAY, CARD, SHOWING]}" and "well" not in repr(PLAN)
