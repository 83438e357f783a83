"""The actor's turn, its time and its end (server/rooms/actor.py, live.py, directory.py), in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from facilitation import commands as c
from facilitation import room as domain
from facilitation import views
from facilitation.commands import Command, OpenSession
from facilitation.errors import Refusal
from facilitation.events import HandRaised, Recorded, SessionEnded
from facilitation.ids import CommandId, SessionId
from facilitation.room import ABANDONED_AFTER_MS
from facilitation.state import replay
from facilitation.timebase import MINUTE_MS, Instant
from server.rooms import actor as actors
from server.rooms import directory, sight
from server.rooms.ports import (
    Accepted,
    Close,
    CorruptLog,
    Degraded,
    LeaseHeld,
    LeaseLost,
    NoSuchSession,
    Refused,
)
from tests.simulation.virtual import run
from tests.support.rooms import Stage, broken_by
from tests.wire.example import FACILITATOR, ROBIN, SESSION

# --------------------------------------------------------------- a turn


def test_nobody_is_told_before_it_is_durable() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        due, stage.log.slow_s = seat.due, 0.5
        (await stage.room()).ask(seat, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(0.4)
        assert seat.answers() == [] and seat.due == due
        await asyncio.sleep(0.2)
        assert isinstance(seat.answers()[0], Accepted) and seat.due == due + 1

    run(scene)


@pytest.mark.parametrize("done", [False, True])
def test_a_lost_answer_of_the_store_does_nothing_twice(done: bool) -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        if done:
            stage.log.after = 3
        else:
            stage.log.before = 3
        assert isinstance(await stage.ask(seat, c.RaiseHand()), Accepted)
        assert [message for message in seat.told if isinstance(message, Degraded)] == [
            Degraded(store=True), Degraded(store=False),
        ]  # fmt: skip
        assert sum(isinstance(record.event, HandRaised) for record in await stage.records()) == 1
        assert replay(await stage.records()) == (await stage.room())._actor.state

    run(scene)


def test_views_are_made_while_the_store_works_and_shown_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def room_part(*asked: Any) -> Any:
        made.append(asyncio.get_running_loop().time())
        return views.room_part(*asked)

    monkeypatch.setattr(sight, "room_part", room_part)

    async def scene() -> None:
        stage = Stage()
        fran, robin = await stage.seat(), await stage.seat(ROBIN, "c2")
        await asyncio.sleep(1)
        made.clear()
        began, stage.log.slow_s = asyncio.get_running_loop().time(), 0.5
        room = await stage.room()
        room.ask(fran, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(0.4)
        before = robin.due
        assert [at - began for at in made] == [0, 0]  # for those in the room, and those outside
        assert msgspec.json.decode(room.view(fran).you)["hand"] is None
        await asyncio.sleep(0.2)
        assert robin.due == before + 1
        assert msgspec.json.decode(room.view(fran).you)["hand"] == 1
        assert room.view(fran).version == len(await stage.records())

    run(scene)


def test_a_view_that_cannot_be_made_is_no_reason_not_to_do_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a mistake of ours")

    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(1)
        monkeypatch.setattr(sight, "room_part", broken)
        assert isinstance(await stage.ask(seat, c.StartSession()), Accepted)
        with pytest.raises(ZeroDivisionError):  # closes the connection that looks (tests/unit/wire/test_connection.py)
            (await stage.room()).view(seat)

    run(scene)


def test_a_slow_store_is_shown_before_it_fails() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.log.slow_s = 3.0
        (await stage.room()).ask(seat, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(1.5)
        assert seat.told[-1] == Degraded(store=True)
        await asyncio.sleep(2)
        assert Degraded(store=False) in seat.told

    run(scene)


def test_what_waited_for_the_store_happened_when_it_was_asked() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.log.slow_s = 20.0
        room = await stage.room()
        room.ask(seat, CommandId("1"), c.StartSession())
        await asyncio.sleep(1)
        asked_at = stage.clock.now()
        room.ask(seat, CommandId("2"), c.RaiseHand())
        await asyncio.sleep(60)
        assert next(record.at for record in await stage.records() if record.command == "2") == asked_at

    run(scene)


def test_time_in_a_room_never_goes_back() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.RaiseHand(), "1")
        stage.clock.jump(-60_000)
        await stage.ask(seat, c.LowerHand(), "2")
        instants = [record.at for record in await stage.records()]
        assert instants == sorted(instants)

    run(scene)


def test_a_full_mailbox_refuses_people_and_forgets_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "MAILBOX_MAX", 3)

    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.log.slow_s = 5.0
        room = await stage.room()
        for number in range(6):
            room.ask(seat, CommandId(str(number)), c.SendChat(text="x"))
            await asyncio.sleep(0)
        room.leave(seat, heard=stage.clock.now())
        assert [message.code for message in seat.answers() if isinstance(message, Refused)] == ["busy", "busy"]
        await asyncio.sleep(60)
        assert not replay(await stage.records()).attendance.of(FACILITATOR.person).connected

    run(scene)


# --------------------------------------------------------------- time


def test_a_session_that_everybody_left_ends_by_itself_at_its_deadline() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.StartSession())
        (await stage.room()).leave(seat, heard=stage.clock.now())
        left_at = stage.clock.now()
        await asyncio.sleep(ABANDONED_AFTER_MS / 1_000 - 1)
        assert replay(await stage.records()).phase == "running"
        await asyncio.sleep(2)
        ended = (await stage.records())[-1]
        assert isinstance(ended.event, SessionEnded) and 0 <= ended.at - left_at - ABANDONED_AFTER_MS < 1_000

    run(scene)


def test_a_tick_that_nothing_follows_from_is_not_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = []

    def decide(state: Any, command: Command, **rest: Any) -> Any:
        if isinstance(command, c.Tick):
            ticks.append(command)
            return ()
        return domain.decide(state, command, **rest)

    monkeypatch.setattr(actors, "next_deadline", lambda state: Instant(0))
    monkeypatch.setattr(actors, "decide", decide)

    async def scene() -> None:
        stage = Stage()
        await stage.seat()
        await asyncio.sleep(1)
        assert len(ticks) <= 1 + len(await stage.records()), "one after each record: nothing else has changed"

    run(scene)


# --------------------------------------------------------------- our mistakes


def test_a_mistake_of_ours_ends_the_room_and_its_command_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "decide", broken_by(c.SendChat, domain.decide))

    async def scene() -> None:
        stage = Stage()
        fran, robin = await stage.seat(), await stage.seat(ROBIN, "c2")
        old = await stage.room()
        old.ask(fran, CommandId("poison"), c.SendChat(text="x"))
        await asyncio.sleep(1)
        assert (fran.closed, robin.closed) == (Close.OUR_MISTAKE, Close.OUR_MISTAKE)
        assert old.ended.is_set() and len(stage.rooms) == 0

        fran = await stage.seat(name="c3")
        assert await stage.room() is not old
        refused = await stage.ask(fran, c.SendChat(text="x"), "poison")
        assert isinstance(refused, Refused) and refused.code == "failed"
        assert isinstance(await stage.ask(fran, c.RaiseHand(), "2"), Accepted)
        assert fran.closed is None

    run(scene)


def test_what_cannot_be_folded_never_gets_into_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def evolve(state: Any, record: Recorded) -> Any:
        assert not isinstance(record.event, HandRaised), "a mistake of ours"
        return domain.evolve(state, record)

    monkeypatch.setattr(actors, "evolve", evolve)

    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        (await stage.room()).ask(seat, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(1)
        assert seat.closed is Close.OUR_MISTAKE
        assert not any(isinstance(record.event, HandRaised) for record in await stage.records())
        await stage.seat(name="c2")

    run(scene)


# --------------------------------------------------------------- the directory


def test_a_room_asked_for_by_many_at_once_is_opened_once() -> None:
    async def scene() -> None:
        stage = Stage()
        rooms = await asyncio.gather(*(stage.room() for _ in range(10)))
        assert len(set(map(id, rooms))) == 1 and stage.loads == 1
        assert stage.store.leases.epoch(SESSION) == 1

    run(scene)


def test_an_unknown_session_leaves_no_trace() -> None:
    async def scene() -> None:
        stage = Stage()
        with pytest.raises(NoSuchSession):
            await stage.rooms.open(SessionId("s-nothing"))
        assert len(stage.rooms) == 0
        assert await stage.store.log.sessions() == []

    run(scene)


def test_a_room_that_nobody_needs_is_closed_and_opens_again_as_it_was() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        (await stage.room()).leave(seat, heard=stage.clock.now())
        await asyncio.sleep(directory.IDLE_MS / 1_000 - 5)
        assert len(stage.rooms) == 1
        await asyncio.sleep(10)
        assert len(stage.rooms) == 0
        other = stage.directory("other")  # the lease was given back
        await other.open(SESSION)

    run(scene)


def test_a_session_that_runs_is_kept_open_for_its_deadline() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.StartSession())
        (await stage.room()).leave(seat, heard=stage.clock.now())
        await asyncio.sleep(20 * MINUTE_MS / 1_000)
        assert len(stage.rooms) == 1
        await asyncio.sleep(30 * MINUTE_MS / 1_000)
        assert len(stage.rooms) == 0
        assert replay(await stage.records()).phase == "ended"

    run(scene)


def test_a_lease_is_renewed_for_as_long_as_the_room_lives_and_another_node_waits() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.seat()
        await asyncio.sleep(120)
        other = stage.directory("other")
        with pytest.raises(LeaseHeld):
            await other.open(SESSION)
        await stage.rooms.close()
        await other.open(SESSION)
        with pytest.raises(LeaseLost):
            await stage.room()

    run(scene)


def test_a_node_that_was_cut_off_writes_nothing_more_and_sends_its_people_away() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.store.leases.acquire(SESSION, node="node")  # as a restarted process of this name would
        written = len(await stage.records())
        await asyncio.sleep(5)
        assert seat.closed is Close.ELSEWHERE
        assert len(await stage.records()) == written

    run(scene)


def test_a_log_that_no_longer_replays_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.seat()
        await stage.rooms.close()

        def broken(records: Any) -> Any:
            raise KeyError("a mistake of ours")

        monkeypatch.setattr(directory, "replay", broken)
        with pytest.raises(CorruptLog):
            await stage.directory("node").open(SESSION)

    run(scene)


def test_a_session_that_cannot_begin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide(state: Any, command: Command, **rest: Any) -> Any:
        if isinstance(command, OpenSession):
            raise Refusal("bad_session", "A plan without segments.")
        return domain.decide(state, command, **rest)

    monkeypatch.setattr(actors, "decide", decide)

    async def scene() -> None:
        stage = Stage()
        with pytest.raises(CorruptLog, match="A plan without segments"):
            await stage.room()
        assert len(stage.rooms) == 0

    run(scene)


def test_closing_does_what_was_asked_already() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.log.slow_s = 0.2
        room = await stage.room()
        for number in range(5):
            room.ask(seat, CommandId(str(number)), c.SendChat(text=str(number)))
        await stage.rooms.close()
        assert sum(isinstance(message, Accepted) for message in seat.answers()) == 5
        assert seat.closed is Close.TRY_AGAIN

    run(scene)


def test_closing_does_not_wait_for_ever_for_a_store_that_is_away() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.log.before = 1_000_000
        room = await stage.room()
        room.ask(seat, CommandId("1"), c.RaiseHand())
        began = asyncio.get_running_loop().time()
        await stage.rooms.close()
        assert asyncio.get_running_loop().time() - began <= directory.FINISH_WITHIN_S + 1
        assert seat.answers() == []

    run(scene)
