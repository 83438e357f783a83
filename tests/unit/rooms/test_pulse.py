"""The pulse of a node: what is kept beside the logs, and what becomes of it (server/rooms/directory.py, live.py)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from facilitation import commands as c
from facilitation import room as domain
from facilitation.events import Heard, Recorded, ServerTookOver
from facilitation.ids import CommandId, PersonId
from facilitation.state import replay
from facilitation.timebase import Instant
from server.rooms import actor as actors
from server.rooms import audience, directory
from server.rooms.ports import Close, Degraded, LeaseHeld, Proofs, View
from server.store.lease import LEASE_MS
from tests.simulation.virtual import run
from tests.support.rooms import Seat, Stage, broken_by, end_process
from tests.wire.example import FACILITATOR, ROBIN, SESSION

PULSE_MS = round(directory.PULSE_S * 1_000)


async def proofs(stage: Stage) -> Proofs:
    found = await stage.proofs()
    assert found is not None
    return found


def online(records: list[Recorded], person: PersonId = FACILITATOR.person) -> tuple[tuple[Instant, Instant], ...]:
    return replay(records).attendance.of(person).online


async def killed_and_back(stage: Stage, *, after_s: float = 5) -> ServerTookOver:
    """The process ends now; later another one of the same name opens the room."""
    await end_process(stage.rooms)
    await asyncio.sleep(after_s)
    stage.rooms = stage.directory("node")
    await stage.room()
    event = (await stage.records())[-1].event
    assert isinstance(event, ServerTookOver)
    return event


# --------------------------------------------------------------- what is kept


def test_proofs_of_life_of_all_rooms_are_kept_in_one_write_every_two_seconds_and_no_log_grows() -> None:
    async def scene() -> None:
        stage = Stage(sessions=3)
        seats = [await stage.seat(session=session) for session in stage.sessions]
        written = [len(await stage.store.log.read(session)) for session in stage.sessions]
        before = stage.leases.writes
        await asyncio.sleep(60)
        assert stage.leases.writes - before == 30
        assert [len(await stage.store.log.read(session)) for session in stage.sessions] == written
        for session, seat in zip(stage.sessions, seats, strict=True):
            kept = await stage.store.leases.proofs(session)
            assert kept is not None
            assert 0 <= stage.clock.now() - kept.at <= PULSE_MS
            assert kept.heard == {seat.connection: kept.at}

    run(scene)


def test_who_is_silent_is_kept_as_of_when_they_were_heard() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(3)
        seat.silent_since = silent_since = stage.clock.now()
        await asyncio.sleep(2)
        kept = await proofs(stage)
        assert kept.heard[seat.connection] == silent_since < kept.at

    run(scene)


def test_nothing_is_kept_of_a_session_that_has_ended() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.StartSession(), "1")
        assert await stage.proofs() is not None
        await stage.ask(seat, c.EndSession(), "2")
        assert await stage.proofs() is None
        await stage.rooms.close()
        assert not any(isinstance(record.event, Heard) for record in await stage.records())

    run(scene)


def test_a_room_that_everybody_left_is_kept_only_while_its_session_runs() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(3)
        (await stage.room()).leave(seat, heard=stage.clock.now())
        await asyncio.sleep(3)
        assert await stage.proofs() is None
        seat = await stage.seat(name="c2")
        await stage.ask(seat, c.StartSession())
        (await stage.room()).leave(seat, heard=stage.clock.now())
        await asyncio.sleep(5)
        kept = await proofs(stage)
        assert kept.heard == {} and stage.clock.now() - kept.at <= PULSE_MS

    run(scene)


def test_a_room_says_until_when_everybody_was_there_before_it_is_put_away() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.StartSession())
        await asyncio.sleep(1)
        await stage.rooms.close()
        (last,) = (await stage.records())[-1:]
        assert last.event == Heard(heard={str(seat.connection): stage.clock.now()}) and last.at == stage.clock.now()
        stopped_at = last.at
        await asyncio.sleep(20)
        stage.rooms = stage.directory("node")
        await stage.room()
        took_over = (await stage.records())[-1].event
        assert isinstance(took_over, ServerTookOver) and took_over.gap_from == stopped_at

    run(scene)


# --------------------------------------------------------------- after a kill


def test_after_a_kill_the_log_is_told_what_was_kept_and_says_all_of_it() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await stage.ask(seat, c.StartSession())
        await asyncio.sleep(60.9)
        kept, killed_at = await proofs(stage), stage.clock.now()
        event = await killed_and_back(stage)
        assert event.gap_from == kept.at >= killed_at - PULSE_MS
        records = await stage.records()
        assert records[-2].event == Heard(heard={str(seat.connection): kept.at})
        assert records[-2].at == records[-1].at
        assert online(records)[-1][1] == kept.at
        assert replay(records) == (await stage.room())._actor.state

    run(scene)


def test_what_happened_after_the_last_pulse_begins_the_gap() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(2.5)
        (await stage.room()).ask(seat, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(0.1)
        spoken_at = (await stage.records())[-1].at
        assert spoken_at > (await proofs(stage)).at
        assert (await killed_and_back(stage)).gap_from == spoken_at

    run(scene)


def test_a_server_whose_clock_is_behind_goes_on_from_what_was_kept() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(30)
        kept = await proofs(stage)
        stage.clock.jump(-3_600_000)
        event = await killed_and_back(stage)
        records = await stage.records()
        assert event.gap_from == kept.at <= records[-1].at
        assert online(records)[-1][1] == kept.heard[seat.connection]
        assert [record.at for record in records] == sorted(record.at for record in records)

    run(scene)


def test_within_one_server_too_nothing_is_recorded_as_earlier_than_what_was_kept() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(30)
        kept = await proofs(stage)
        stage.clock.jump(-60_000)
        await stage.ask(seat, c.RaiseHand())
        assert (await stage.records())[-1].at >= kept.at

    run(scene)


def test_a_server_that_dies_before_its_first_pulse_hands_on_what_an_older_one_kept_to_no_harm() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(30)
        kept = await proofs(stage)
        first = await killed_and_back(stage)
        again_at = (await stage.records())[-1].at
        second = await killed_and_back(stage)
        assert (first.gap_from, second.gap_from) == (kept.at, again_at)
        assert online(await stage.records())[-1][1] == kept.heard[seat.connection]

    run(scene)


def test_a_room_that_died_of_a_mistake_of_ours_goes_on_from_what_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "decide", broken_by(c.SendChat, domain.decide))

    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        await asyncio.sleep(30)
        kept = await proofs(stage)
        (await stage.room()).ask(seat, CommandId("poison"), c.SendChat(text="x"))
        await asyncio.sleep(0.1)
        assert seat.closed is Close.OUR_MISTAKE
        await stage.seat(name="c2")
        took_over = [r.event for r in await stage.records() if isinstance(r.event, ServerTookOver)]
        assert took_over[-1].gap_from == kept.at
        assert online(await stage.records())[-1][1] == kept.heard["c1"]

    run(scene)


def test_another_node_that_takes_the_lease_goes_on_from_what_was_kept() -> None:
    async def scene() -> None:
        stage = Stage()
        await stage.seat()
        await asyncio.sleep(30)
        kept = await proofs(stage)
        await end_process(stage.rooms)
        other = stage.directory("other")
        with pytest.raises(LeaseHeld):
            await other.open(SESSION)
        await asyncio.sleep(LEASE_MS / 1_000)
        await other.open(SESSION)
        event = (await stage.records())[-1].event
        assert isinstance(event, ServerTookOver) and event.gap_from == kept.at

    run(scene)


# --------------------------------------------------------------- what the log does not know yet


def test_an_end_that_waits_for_the_store_is_kept_and_counts_no_further() -> None:
    """Robin's line ends while the log is not written; then the server dies. The pulse was written all along."""

    async def scene() -> None:
        stage = Stage()
        await stage.seat()
        robin = await stage.seat(ROBIN, "c2")
        await asyncio.sleep(10)
        stage.log.slow_s = 3_600
        gone_at = stage.clock.now()
        (await stage.room()).leave(robin, heard=gone_at)
        await asyncio.sleep(20)
        kept = await proofs(stage)
        assert kept.heard == {"c1": kept.at, "c2": gone_at}
        stage.log.slow_s = 0
        await killed_and_back(stage)
        assert online(await stage.records(), ROBIN.person)[-1][1] == gone_at

    run(scene)


def test_a_media_plane_that_cannot_say_who_was_heard_takes_back_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        stage = Stage()
        fran = await stage.seat()
        room = await stage.room()
        room.offer(fran, offer_id="o", peer=None, sdp="v=0")
        await asyncio.sleep(0.1)
        (peer,) = stage.media.rooms[SESSION].sources
        await stage.media.start(stage.rooms.media_fact)
        stage.media.connect(room=SESSION, peer=peer)
        await asyncio.sleep(3)
        heard_at = (await proofs(stage)).heard[peer]

        def broken(*, room: str) -> dict[str, Instant]:
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr(stage.media, "heard", broken)
        await asyncio.sleep(10)
        assert (await proofs(stage)).heard[peer] == heard_at
        assert not room.ended.is_set()

    run(scene)


def test_a_picture_that_comes_back_while_its_loss_waits_for_the_store_is_not_there_in_between() -> None:
    async def scene() -> None:
        stage = Stage()
        fran = await stage.seat()
        room = await stage.room()
        room.offer(fran, offer_id="o", peer=None, sdp="v=0")
        await asyncio.sleep(0.1)
        (peer,) = stage.media.rooms[SESSION].sources
        await stage.media.start(stage.rooms.media_fact)
        stage.media.connect(room=SESSION, peer=peer)
        await asyncio.sleep(3)
        stage.log.slow_s = 3_600
        lost_at = stage.clock.now()
        stage.media.packet(room=SESSION, peer=peer)
        stage.media.lose(room=SESSION, peer=peer)
        await asyncio.sleep(4)
        stage.media.connect(room=SESSION, peer=peer)
        await asyncio.sleep(4)
        assert (await proofs(stage)).heard[peer] == lost_at
        stage.log.slow_s = 0

    run(scene)


# --------------------------------------------------------------- a store that fails


def degraded(seat: Seat) -> list[bool]:
    return [message.store for message in seat.told if isinstance(message, Degraded)]


def test_a_quiet_room_too_is_told_when_the_store_fails_and_when_it_is_back() -> None:
    async def scene() -> None:
        stage = Stage()
        fran, robin = await stage.seat(), await stage.seat(ROBIN, "c2")
        stage.leases.before = 1_000
        await asyncio.sleep(directory.PULSE_S + 0.1)
        assert degraded(fran) == degraded(robin) == [True]
        late = await stage.seat(name="c3")
        assert degraded(late) == [True]
        await asyncio.sleep(30)
        stage.leases.before = 0
        await asyncio.sleep(directory.AGAIN_S + 0.1)
        assert degraded(fran) == degraded(robin) == [True, False] == degraded(late)

    run(scene)


def test_a_pulse_that_is_slow_is_shown_and_holds_up_nobody() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.leases.slow_s = 60
        await asyncio.sleep(directory.PULSE_S + actors.SLOW_STORE_S + 0.1)
        assert degraded(seat) == [True]
        (await stage.room()).ask(seat, CommandId("1"), c.RaiseHand())
        await asyncio.sleep(0.01)
        assert len(seat.answers()) == 1
        assert degraded(seat) == [True], "what is kept beside the log still fails"
        await asyncio.sleep(60)
        stage.leases.slow_s = 0
        await asyncio.sleep(61)
        assert degraded(seat)[-1] is False

    run(scene)


def test_rooms_go_on_however_long_nothing_can_be_kept() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.leases.before = 1_000_000
        await asyncio.sleep(600)
        await stage.ask(seat, c.RaiseHand())
        room = await stage.room()
        assert not room.ended.is_set() and seat.closed is None
        stage.leases.before = 0
        await asyncio.sleep(1)
        assert stage.clock.now() - (await proofs(stage)).at <= PULSE_MS

    run(scene)


def test_a_mistake_of_ours_in_one_room_is_not_the_end_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        stage = Stage(sessions=2)
        one, other = [await stage.seat(session=session) for session in stage.sessions]

        def broken() -> dict[str, Instant]:
            raise ZeroDivisionError("a mistake of ours")

        monkeypatch.setattr(await stage.room(), "heard", broken)
        await asyncio.sleep(30)
        assert one.closed is Close.OUR_MISTAKE and other.closed is None
        kept = await stage.store.leases.proofs(stage.sessions[1])
        assert kept is not None and stage.clock.now() - kept.at <= PULSE_MS

    run(scene)


def test_a_mistake_of_ours_in_the_store_ends_no_pulse() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.leases.before, stage.leases.error = 3, ZeroDivisionError("a mistake of ours")
        await asyncio.sleep(30)
        assert degraded(seat) == [True, False] and seat.closed is None
        assert stage.clock.now() - (await proofs(stage)).at <= PULSE_MS

    run(scene)


def test_an_answer_that_was_lost_is_asked_again_to_no_harm() -> None:
    async def scene() -> None:
        stage = Stage()
        seat = await stage.seat()
        stage.leases.after = 3
        await asyncio.sleep(10)
        assert degraded(seat) == [True, False]
        assert stage.clock.now() - (await proofs(stage)).at <= PULSE_MS

    run(scene)


# --------------------------------------------------------------- what time alone brings


def agenda(view: View) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(view.room)["agenda"]
    return found


def test_proofs_of_life_make_no_views_but_staff_see_time_pass() -> None:
    async def scene() -> None:
        stage = Stage()
        fran, robin = await stage.seat(), await stage.seat(ROBIN, "c2")
        due = fran.due, robin.due
        await asyncio.sleep(audience.STAFF_REFRESH_MS / 1_000 + 5)
        assert (fran.due - due[0], robin.due - due[1]) == (1, 0)

    run(scene)


def test_a_view_of_a_quiet_room_is_of_now() -> None:
    async def scene() -> None:
        stage = Stage()
        fran = await stage.seat()
        await stage.ask(fran, c.StartSession())
        room = await stage.room()
        before = agenda(room.view(fran))
        await asyncio.sleep(1_200)
        now = agenda(room.view(fran))
        assert now["position"] == before["position"]
        assert now["ahead_ms"] < before["ahead_ms"] and now["expected_end"] > before["expected_end"]

    run(scene)
