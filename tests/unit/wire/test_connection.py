"""The outbox and the pace of one connection (server/wire/connection.py), in virtual time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from starlette.websockets import WebSocket

from facilitation.ids import CommandId, SessionId
from facilitation.people import Expected
from facilitation.timebase import Instant
from server.rooms import ports
from server.rooms.ports import (
    Agenda,
    Close,
    Nudge,
    Qualities,
    RoomDirectory,
    Slots,
    Speaking,
    StoreUnavailable,
    Told,
    View,
    Viewer,
)
from server.wire import connection
from server.wire.connection import BURST, RATE_PER_S, Bucket, Greeting, session_socket
from tests.simulation.network import Socket
from tests.simulation.virtual import VirtualClock, VirtualLoop
from tests.wire.example import ROBIN, SESSION


class EarlyLoop(VirtualLoop):
    """Timers fire up to a millisecond before their time, as uvloop's do."""

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return super().call_at(max(when - 0.001, self.time() + 1e-5), callback, *args, context=context)


class Room:
    """Lets one connection in and counts."""

    def __init__(self, clock: VirtualClock) -> None:
        self.viewer: Viewer | None = None
        self.asked: list[CommandId] = []
        self.left: Instant | None = None
        self.version = 0
        self._clock = clock

    async def open(self, session: SessionId) -> ports.Room:
        return cast(ports.Room, self)

    def enter(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def leave(self, viewer: Viewer, *, heard: Instant) -> None:
        self.left = heard

    def ask(self, viewer: Viewer, command_id: CommandId, command: Any) -> None:
        self.asked.append(command_id)

    def view(self, viewer: Viewer) -> View:
        self.version += 1
        empty = msgspec.Raw(b"{}")
        return View(version=self.version, now=self._clock.now(), room=empty, you=empty)


class Line:
    """A person who answers pings, and everything they were sent with its time."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = VirtualClock(self.loop)
        self.room = Room(self.clock)
        self.socket = Socket(random.Random(1), session=SESSION, clock=self.clock)
        self.got: list[tuple[float, dict[str, Any]]] = []
        self.pongs = True
        self._tasks = [asyncio.create_task(self._serve()), asyncio.create_task(self._read())]
        self.socket.say(json.dumps({"type": "hello", "protocol": 1, "device": "d", "ticket": "t"}))

    async def _serve(self) -> None:
        await session_socket(
            cast(WebSocket, self.socket), rooms=cast(RoomDirectory, self.room), identify=self._identify,
            clock=self.clock, greeting=Greeting(),
        )  # fmt: skip

    async def _identify(self, websocket: WebSocket, session: SessionId, ticket: str | None) -> Expected | None:
        return ROBIN

    async def _read(self) -> None:
        while (text := await self.socket.inbox.get()) is not None:
            message = json.loads(text)
            self.got.append((self.loop.time(), message))
            if message["type"] == "ping" and self.pongs:
                self.socket.say(json.dumps({"type": "pong", "now": message["now"]}))

    def times(self, type_: str) -> list[float]:
        return [at for at, message in self.got if message["type"] == type_]

    async def viewer(self) -> Viewer:
        await asyncio.sleep(1)
        assert self.room.viewer is not None
        return self.room.viewer

    async def end(self) -> None:
        self.socket.cut(server_sees=True, browser_sees=True)
        await asyncio.gather(*self._tasks)


def play(scene: Callable[[], Any], loop: type[asyncio.AbstractEventLoop] = EarlyLoop) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(scene())


@pytest.mark.parametrize("loop", [VirtualLoop, EarlyLoop])
def test_the_last_of_many_views_is_sent_in_time_and_no_more_than_ten_a_second(loop: type[VirtualLoop]) -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()
        began = line.loop.time()
        for _ in range(1_000):
            viewer.view_due()
            await asyncio.sleep(0.002)
        last = line.loop.time()
        await asyncio.sleep(1.5)
        views = line.times("view")
        expected = (last - began) * connection.VIEWS_PER_S
        assert expected - 1 <= len(views) <= expected + connection.VIEW_BURST + 1
        assert views[-1] - last < 0.1 + 0.5 and views[0] - began < 0.5  # the line itself takes up to 0.4 s
        await line.end()

    play(scene, loop)


def test_of_a_signal_the_latest_is_sent_and_of_words_every_one() -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()
        for number in range(50):
            viewer.tell(Speaking(levels={"p": number}))
            viewer.tell(Slots(peer="m1", audio={"2": str(number)}, video={}, screen={}))
            viewer.tell(Slots(peer="m2", audio={"2": str(number)}, video={}, screen={}))
            viewer.tell(Qualities(people={}))
            viewer.tell(Nudge(kind=str(number)))
        await asyncio.sleep(2)
        messages = [message for _, message in line.got]
        assert [m["kind"] for m in messages if m["type"] == "nudge"] == [str(number) for number in range(50)]
        assert [m["levels"] for m in messages if m["type"] == "speaking"] == [{"p": 49}]
        assert [(m["peer"], m["audio"]["2"]) for m in messages if m["type"] == "slots"] == [("m1", "49"), ("m2", "49")]
        await line.end()

    play(scene)


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        (Agenda(version=1, now=0, phase="running", agenda=msgspec.Raw(b"{}")), connection.AGENDA_AHEAD_S),
        (Qualities(people={}), 0.0),
    ],
    ids=["a move", "anything else"],
)
def test_a_view_waits_a_moment_after_a_move_and_after_nothing_else(told: Told, wait_s: float) -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()
        made: list[float] = []
        view = line.room.view

        def noticed(viewer: Viewer) -> View:
            made.append(line.loop.time())
            return view(viewer)

        line.room.view = noticed
        moved = line.loop.time()
        viewer.tell(told)
        viewer.view_due()
        await asyncio.sleep(2)
        assert [at - moved for at in made] == [pytest.approx(wait_s, abs=1e-4)]
        (short,), (long,) = line.times(type(told).__name__.lower()), line.times("view")
        assert short <= long
        await line.end()

    play(scene, VirtualLoop)


def test_an_outbox_that_overflows_ends_the_connection() -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()
        for number in range(connection.OUTBOX_MAX + 1):
            viewer.tell(Nudge(kind=str(number)))
        await asyncio.sleep(1)
        assert line.socket.code == Close.TOO_SLOW and line.room.left is not None
        await line.end()

    play(scene)


def test_words_told_before_a_close_are_said_first() -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()
        viewer.tell(ports.Bye(reason="left"))
        viewer.close(Close.BYE)
        viewer.close(Close.OUR_MISTAKE)
        await asyncio.sleep(1)
        assert line.got[-1][1] == {"type": "bye", "reason": "left"}
        assert line.socket.code == 1000
        await line.end()

    play(scene)


def test_pings_come_every_two_seconds_and_silence_ends_it_as_of_the_last_word() -> None:
    async def scene() -> None:
        line = Line()
        await line.viewer()
        await asyncio.sleep(20)
        pings = line.times("ping")
        assert 10 <= len(pings) <= 11 and line.room.left is None
        line.pongs = False
        silent = line.clock.now()
        await asyncio.sleep(5.5)
        assert line.room.left is not None and line.room.left <= silent + 1_000
        assert line.room.left == line.socket.last_heard
        assert line.socket.code == 1013
        await line.end()

    play(scene)


def test_a_store_that_is_away_turns_nobody_away_for_good() -> None:
    async def scene() -> None:
        line = Line()

        async def away(session: SessionId) -> ports.Room:
            raise StoreUnavailable("away")

        line.room.open = away
        await asyncio.sleep(1)
        assert line.socket.code == 1013
        await line.end()

    play(scene)


def test_a_mistake_of_ours_closes_one_connection_and_is_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    async def scene() -> None:
        line = Line()
        viewer = await line.viewer()

        def broken(viewer: Viewer) -> View:
            raise ZeroDivisionError("a mistake of ours")

        line.room.view = broken
        viewer.view_due()
        await asyncio.sleep(1)
        assert line.socket.code == 4500 and line.room.left is not None
        await line.end()

    play(scene)
    assert "a mistake of ours" in capsys.readouterr().out


def test_a_bucket_gives_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(0.0, burst=BURST, per_s=RATE_PER_S)
    assert sum(bucket.take(0.0) for _ in range(100)) == BURST
    assert sum(bucket.take(10 + n / 1_000) for n in range(1_000)) == BURST + RATE_PER_S - 1
    assert bucket.take(1_000.0)
