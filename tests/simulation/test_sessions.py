"""Seeded sessions in virtual time: whatever the network, the store and the power supply do, the record is right.

`SEEDS=200` plays more of them; a failure names its seed, and `SEED=n` plays that one again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import msgspec
import pytest
import structlog

from facilitation import crediting
from facilitation import events as v
from facilitation.events import Recorded
from facilitation.ids import PersonId
from facilitation.programme import PLAIN
from facilitation.state import RoomState, replay
from facilitation.timebase import Instant
from server.rooms.ports import SpeakersChanged
from tests.simulation.virtual import run
from tests.simulation.world import Tab, World
from tests.support.oracle import Oracle
from tests.wire.example import EVERYBODY, PARTICIPANTS, ROBIN, RULES, SAM, SESSION

ONE = os.environ.get("SEED")
SEEDS = [int(ONE)] if ONE else range(1, 1 + int(os.environ.get("SEEDS", "6")))


@pytest.fixture(autouse=True)
def hush() -> Iterator[None]:
    """Thousands of lines about connections help nobody."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_the_record_is_right(seed: int) -> None:
    async def scene() -> None:
        world = World(seed)
        state = await world.play()
        records = await world.store.log.read(SESSION)
        assert len(records) > 200, "hardly anything happened"
        the_log_is_what_lives(records, state)
        every_command_was_done_once(world, records)
        nobody_was_present_while_silent(world, records)
        gaps_lie_behind_the_log(records)
        minutes_are_those_of_the_oracle(records, state)
        everybody_sees_the_latest(world)

    run(scene)


def test_with_a_good_network_nothing_is_lost_at_all() -> None:
    async def scene() -> None:
        world = World(0, calm=True)
        state = await world.play()
        records = await world.store.log.read(SESSION)
        assert world.kills == 0 and world.accepted
        assert sum(isinstance(record.event, v.ServerTookOver) for record in records) == 1
        the_log_is_what_lives(records, state)
        every_command_was_done_once(world, records)
        minutes_are_those_of_the_oracle(records, state)
        closed = [record.event for record in records if isinstance(record.event, v.ConnectionClosed)]
        truths = last_heard(world)
        assert closed and all(event.heard >= truths[event.connection] for event in closed)

    run(scene)


def test_a_kill_loses_two_seconds_of_proof_at_most_whenever_it_comes() -> None:
    """However long nobody has said anything: what proves life lies beside the log, and goes into it afterwards."""

    async def scene() -> None:
        world = Silence(5, calm=True)
        world.go(kill_now_and_then(world, times=12))
        state = await world.play(minutes=8)
        records = await world.store.log.read(SESSION)
        took_over = [record for record in records if isinstance(record.event, v.ServerTookOver)][1:]
        truths, cut = last_heard(world), 0
        for record, died_at in zip(took_over, world.lived_until, strict=True):
            assert 0 <= died_at - record.event.gap_from <= LOST_MS_MAX
            before = replay(records[: record.seq - 1]).attendance
            for source, person in before.owners.items():
                heard, truth = before.of(person).sources[source].heard, truths[source]
                assert heard == truth or heard <= truth >= died_at - LOST_MS_MAX
                cut += 1
        assert world.kills == 12 and cut > 30
        lines = sum(isinstance(record.event, v.Heard) for record in records)
        assert 1 <= lines <= 12, "proofs of life stand in the log where a server took over, and nowhere else"
        the_log_is_what_lives(records, state)
        gaps_lie_behind_the_log(records)
        nobody_was_present_while_silent(world, records)
        minutes_are_those_of_the_oracle(records, state)

    run(scene)


async def kill_now_and_then(world: World, *, times: int) -> None:
    await asyncio.sleep(80)
    for _ in range(times):
        await asyncio.sleep(world.rng.uniform(10, 30))
        await world.kill(away_s=world.rng.choice((0.05, 3.0)), then="node")


LOST_MS_MAX = 2_000 + 310
"""From one pulse to the next, and on its way to a calm store."""
ASKING = replace(PLAIN, id="asking", prompt_every_min=(5, 6), prompt_answer_s=60)


class Silence(World):
    """Everybody comes in and says nothing more; Robin answers when asked, as a person does: after some seconds."""

    def _participant(self, tab: Tab) -> None:
        you = tab.view["you"]
        if you["place"] == "arriving":
            super()._participant(tab)
        elif you["still_here"] and tab.expected is ROBIN and self.rng.random() < 0.3:
            tab.ask("still_here")

    def _staff(self, tab: Tab, *, ending: bool) -> None:
        if tab.view["room"]["phase"] == "lobby" or any(
            each["place"] == "waiting" for each in tab.view["staff"]["people"]
        ):
            super()._staff(tab, ending=False)


def test_who_is_silent_is_asked_in_time_by_a_live_room_and_loses_nothing() -> None:
    async def scene() -> None:
        world = Silence(3, calm=True, programme=ASKING)
        state = await world.play(minutes=14)
        records = await world.store.log.read(SESSION)
        asked = [record for record in records if isinstance(record.event, v.StillHereAsked)]
        assert {record.event.person for record in asked} == {each.person for each in PARTICIPANTS}
        for record in asked:
            silent_s = (record.at - last_sign(records, record)) / 1_000
            assert 300 <= silent_s <= 360.1
        missed = {record.event.person for record in records if isinstance(record.event, v.StillHereMissed)}
        assert missed == {each.person for each in PARTICIPANTS} - {ROBIN.person}
        minutes_are_those_of_the_oracle(records, state)
        the_log_is_what_lives(records, state)

    run(scene)


def test_who_is_heard_speaking_is_not_asked_and_speech_is_a_line_a_minute_at_most() -> None:
    async def scene() -> None:
        world = Silence(4, calm=True, programme=ASKING)
        talking = asyncio.create_task(talk(world, SAM.person))
        await world.play(minutes=12)
        talking.cancel()
        records = await world.store.log.read(SESSION)
        asked = {record.event.person for record in records if isinstance(record.event, v.StillHereAsked)}
        assert SAM.person not in asked and ROBIN.person in asked
        spoken = [record.at for record in records if isinstance(record.event, v.Spoke)]
        assert 8 <= len(spoken) <= 13
        assert all(after - before >= 60_000 for before, after in pairwise(spoken))

    run(scene)


async def talk(world: World, person: PersonId) -> None:
    """The media plane hears somebody, and somebody else whom nobody knows, five times a second."""
    while True:
        await asyncio.sleep(0.2)
        if world.server is not None:
            heard = SpeakersChanged(room=SESSION, levels={person: 40, "p-unknown": 3})
            world.server.rooms.media_fact(heard)


def last_sign(records: list[Recorded], asked: Recorded) -> Instant:
    """When this person did something themself last, came in, or was asked; or when the session started."""
    assert isinstance(asked.event, v.StillHereAsked)
    person, last = asked.event.person, Instant(0)
    for record in records[: asked.seq - 1]:
        match record.event:
            case v.SessionStarted():
                last = record.at
            case v.Admitted(person=who) | v.StillHereAsked(person=who) if who == person:
                last = record.at
            case _ if record.by == person:
                last = record.at
    return last


# --------------------------------------------------------------- what holds


def the_log_is_what_lives(records: list[Recorded], state: RoomState) -> None:
    assert replay(records) == state
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    instants = [record.at for record in records]
    assert instants == sorted(instants)


def every_command_was_done_once(world: World, records: list[Recorded]) -> None:
    """What was accepted stands in the log in one piece (or changed nothing); what was refused stands nowhere."""
    batches = [key for key, _ in groupby((record.by, record.command) for record in records) if key[1] is not None]
    assert len(batches) == len(set(batches)), "a command was done twice"
    done = set(batches)
    assert not done & set(world.refused) - world.doubled
    silent = [key for key in world.accepted if key not in done]
    assert len(silent) < len(world.accepted) / 2  # pressing what is pressed already
    last = {(record.by, record.command): record.seq for record in records}
    for key, seq in world.accepted.items():
        if key in last and key not in world.doubled:
            assert last[key] <= seq


def nobody_was_present_while_silent(world: World, records: list[Recorded]) -> None:
    """A source never counts beyond what the server truly took in from it, but for an instant when its person left."""
    truths = last_heard(world)
    opened: dict[str, tuple[Instant, PersonId]] = {}
    known_until: dict[PersonId, Instant] = {}
    for record in records:
        match record.event:
            case v.ConnectionOpened(connection=connection, person=person):
                opened[connection] = record.at, person
            case v.PersonLeft(person=person) | v.MovedToWaiting(person=person) | v.PersonRemoved(person=person):
                known_until[person] = record.at
            case v.SessionEnded():
                known_until = {expected.person: record.at for expected in EVERYBODY}
            case v.ConnectionClosed(connection=connection, heard=heard):
                at, person = opened[connection]
                assert at <= heard <= max(at, truths[connection], known_until.get(person, Instant(0)))
            case v.Heard(heard=heard_of):
                for connection, instant in heard_of.items():
                    if connection in opened:
                        assert instant <= truths[connection]
            case _:
                pass


def gaps_lie_behind_the_log(records: list[Recorded]) -> None:
    """No gap begins before what the log holds, but for the proofs of life that come with it."""
    last = Instant(0)
    for record in records:
        match record.event:
            case v.ServerTookOver(gap_from=gap_from) if gap_from is not None:
                assert last <= gap_from <= record.at
            case v.Heard():
                pass
            case _:
                last = record.at


def last_heard(world: World) -> dict[str, Instant]:
    """When the server truly took in the last message of each connection."""
    return {
        socket.connection: socket.last_heard
        for socket in world.sockets
        if socket.connection is not None and socket.last_heard is not None
    }


def minutes_are_those_of_the_oracle(records: list[Recorded], state: RoomState) -> None:
    oracle = Oracle(uncounted={"break"}, credit_ms_max=RULES.server_gap_credit_ms_max)
    names = dict[str, str]()
    for record in records:
        tell(oracle, record, names)
    for expected in EVERYBODY:
        hours = crediting.credit(state, expected.person, state.at)
        naive = oracle.figures(expected.person, state.at)
        assert (list(hours.intervals), list(hours.times)) == (naive.intervals, naive.times), expected.person
        for figure in ("present_ms", "gap_credit_ms", "corrected_ms", "counted_ms", "clock_ms", "countable_min"):
            assert getattr(hours, figure) == getattr(naive, figure), (expected.person, figure)
        assert {name: ms for name, ms in hours.by_segment.items() if ms} == naive.by_segment


def tell(oracle: Oracle, record: Recorded, names: dict[str, str]) -> None:
    """The bare facts of one record. `names`: what the oracle calls a source; a peer that comes back is another one."""
    at = record.at
    match record.event:
        case v.ConnectionOpened(connection=name, person=person):
            names[name] = name
            oracle.opened(at, name, person)
            if person in {expected.person for expected in EVERYBODY if expected.role != "participant"}:
                oracle.sat(at, person)
        case v.MediaConnected(peer=name, person=person):
            names[name] = f"{name} of {record.seq}"
            oracle.opened(at, names[name], person, media=True)
        case v.ConnectionClosed(connection=name, heard=heard) | v.MediaLost(peer=name, heard=heard):
            oracle.lost(at, names[name], heard)
        case v.Heard(heard=heard_of):
            for name, instant in heard_of.items():
                oracle.heard(at, names[name], instant)
        case v.Admitted(person=person):
            oracle.sat(at, person)
        case v.MovedToWaiting(person=person) | v.PersonRemoved(person=person) | v.PersonLeft(person=person):
            oracle.rose(at, person)
        case v.AttendanceCorrected(correction=name, person=person, start=start, end=end, present=present):
            oracle.corrected(name, person, start, end, present=present)
        case v.CorrectionTakenBack(correction=name):
            oracle.took_back(name)
        case v.ServerTookOver(gap_from=gap_from) if gap_from is not None:
            oracle.crashed(gap_from, at)
        case v.SessionStarted(segment=segment):
            oracle.began(at, segment)
        case v.SegmentEntered(segment=segment):
            oracle.moved(at, segment)
        case v.MoveUndone():
            oracle.undone()
        case v.SessionEnded():
            oracle.finished(at)
        case _:
            pass


def everybody_sees_the_latest(world: World) -> None:
    """Every open tab shows the room as it is now."""
    assert world.server is not None
    room = world.server.rooms._rooms[SESSION]
    media = world.server.media.rooms.get(SESSION)
    assert media is None or not media.sources or media.parts == room._actor.state.breakouts.where
    shown = 0
    for viewer in room._audience:
        tabs = [tab for tab in world.tabs if tab.here and tab.device == viewer.device]
        for tab in tabs:
            now = msgspec.json.decode(msgspec.json.encode(room.view(viewer)))
            assert seen(tab.view) == seen(now), tab.device
            shown += 1
    assert shown >= 3


def seen(view: dict[str, Any]) -> dict[str, Any]:
    """What of a view does not depend on the time of day."""
    agenda = view["room"]["agenda"]
    timeless = {name: agenda[name] for name in ("position", "entered_at", "paused", "next")}
    you = {name: value for name, value in view["you"].items() if name != "minutes"}
    return {
        "room": {name: view["room"][name] for name in ("phase", "people", "shared", "chat")},
        "agenda": timeless,
        "you": you,
    }
