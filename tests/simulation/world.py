"""A whole session in virtual time: people at tabs, a bad network, a store that fails, servers that are killed.

Everything that is tested is the real code, from the websocket's endpoint to the log; only wire, clock and store's
weather are made. One seed gives one world, always the same.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, cast

from starlette.websockets import WebSocket

from facilitation.commands import OpenSession
from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.programme import PLAIN, Programme
from facilitation.state import RoomState
from facilitation.timebase import Instant
from server.rooms.directory import Rooms
from server.rooms.silent_media import SilentMedia
from server.store import memory
from server.wire.connection import Greeting, session_socket
from tests.simulation.network import Socket
from tests.simulation.virtual import VirtualClock
from tests.simulation.weather import Weather, WeatheredLeases, WeatheredLog
from tests.support.rooms import end_process
from tests.wire.example import EVERYBODY, PARTICIPANTS, PLAN, SESSION, opening

Message = dict[str, Any]

RETRY_S = (0.0, 0.3, 1.0, 2.0, 4.0, 5.0)
SILENCE_S = 6.0
FINAL = {1000, 4400, 4401, 4403, 4404}


class Process:
    """One server process, from its start to its death."""

    def __init__(self, world: World, node: str) -> None:
        loop = asyncio.get_running_loop()
        self.clock = VirtualClock(loop, off_ms=world.rng.randint(-3_000, 3_000))
        self.media = SilentMedia(self.clock)
        self.rooms = Rooms(
            log=world.log,
            leases=world.leases,
            media=self.media,
            clock=self.clock,
            load_session=self._load,
            node=node,
        )
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self.sockets: list[Socket] = []

    async def start(self) -> None:
        await self.media.start(self.rooms.media_fact)

    async def _load(self, session: SessionId) -> OpenSession | None:
        opened = opening(session, starts_at=self.clock.now())
        return replace(opened, programme=self._world.programme, prompt_seed=self._world.rng.randrange(2**48))

    async def _identify(self, websocket: WebSocket, session: SessionId, ticket: str | None) -> Expected | None:
        return next((expected for expected in EVERYBODY if expected.person == ticket), None)

    def connect(self) -> Socket:
        socket = Socket(self._world.rng, session=SESSION, clock=self.clock)
        serving = session_socket(
            cast(WebSocket, socket), rooms=self.rooms, identify=self._identify, clock=self.clock, greeting=Greeting()
        )
        task = asyncio.create_task(serving)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.sockets.append(socket)
        self._world.sockets.append(socket)
        return socket

    async def kill(self) -> None:
        """As `kill -9` does it: between any two instructions, and nothing more is said or written."""
        await end_process(self.rooms)
        for socket in self.sockets:
            socket.cut(server_sees=False, browser_sees=self._world.rng.random() < 0.7)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class Tab:
    """One tab of a browser, as PROTOCOL.md wants it: it comes back, and sends again what had no answer."""

    def __init__(self, world: World, expected: Expected, device: str) -> None:
        self.expected = expected
        self.device = device
        self.peer: str | None = None
        self.bye: str | None = None
        self.welcomed = False
        self._world = world
        self._unanswered: dict[str, str] = {}
        self._socket: Socket | None = None
        self._wanted = True
        self._view = ""

    @property
    def view(self) -> Message:
        """The latest view. Read when it is looked at: most never are."""
        return cast(Message, json.loads(self._view))

    async def run(self) -> None:
        attempt = 0
        while self._wanted:
            server = self._world.server
            if server is not None:
                code = await self._once(server)
                attempt = 0 if self.welcomed else attempt
                if code in FINAL:
                    break
            await asyncio.sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)] * self._world.rng.uniform(0.8, 1.2))
            attempt += 1
        self._socket = None
        self._wanted = False

    async def _once(self, server: Process) -> int:
        socket = self._socket = server.connect()
        self.welcomed = False
        socket.say(json.dumps({
            "type": "hello", "protocol": 1, "device": self.device, "ticket": self.expected.person,
        }))  # fmt: skip
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    text = await socket.inbox.get()
            except TimeoutError:
                socket.cut(server_sees=False, browser_sees=False)
                return 1006
            if text is None:
                return socket.code or 1006
            if text.startswith('{"type":"view"'):
                self._view = text
            else:
                self._take(server, socket, json.loads(text))

    def _take(self, server: Process, socket: Socket, message: Message) -> None:
        match message["type"]:
            case "ping":
                socket.say(json.dumps({"type": "pong", "now": message["now"]}))
            case "welcome":
                self.welcomed = True
                for unanswered in self._unanswered.values():
                    socket.say(unanswered)
            case "accepted" | "refused" if message.get("command_id") in self._unanswered:
                del self._unanswered[message["command_id"]]
                self._world.answered(self.expected, message)
            case "answer":
                self.peer = message["peer"]
                self._world.picture(server, message["peer"])
            case "no_media":
                self.peer = None
            case "bye":
                self.bye = message["reason"]
            case _:
                pass

    # ------------------------------------------------------------------ doing

    @property
    def here(self) -> bool:
        """Whether this tab is open and shows something."""
        return self._wanted and bool(self._view)

    @property
    def settled(self) -> bool:
        return not self._unanswered

    def ask(self, type_: str, **fields: Any) -> None:
        """Ask now, or as soon as there is a line; people press twice at times."""
        id_ = f"{self.device}-{next(self._world.numbers)}"
        text = self._unanswered[id_] = json.dumps({"type": type_, "command_id": id_, **fields})
        if self._socket is not None and self.welcomed:
            self._socket.say(text)
            if self._world.rng.random() < 0.2:
                self._world.doubled.add((self.expected.person, id_))
                self._socket.say(text)

    def offer(self) -> None:
        if self._socket is not None and self.welcomed:
            offer = {"type": "offer", "offer_id": "o", "peer": self.peer, "sdp": "v=0"}
            self._socket.say(json.dumps(offer))

    def close(self) -> None:
        """The person closes the tab; what had no answer is lost with it."""
        self._wanted = False
        self._unanswered.clear()
        if self._socket is not None:
            self._socket.leave()

    def weather(self, kind: str, rng: random.Random) -> None:
        if (socket := self._socket) is None:
            return
        if kind == "stall":
            socket.stall()
            asyncio.get_running_loop().call_later(rng.uniform(0.5, 12), socket.flow)
        else:
            socket.cut(server_sees=rng.random() < 0.5, browser_sees=rng.random() < 0.5)


class World:
    """One session of six minutes. `calm` switches all bad luck off."""

    def __init__(self, seed: int, *, calm: bool = False, programme: Programme = PLAIN) -> None:
        self.rng = random.Random(seed)
        self.calm = calm
        self.programme = programme
        self.loop = asyncio.get_running_loop()
        self.store = memory.connect(seconds=self.loop.time)
        self.weather = Weather(self.rng, calm=calm)
        self.log = WeatheredLog(self.store.log, self.weather)
        self.leases = WeatheredLeases(self.store.leases, self.weather)
        self.numbers = itertools.count(1)
        self.sockets: list[Socket] = []
        self.tabs: list[Tab] = []
        self.server: Process | None = None
        self.kills = 0
        self.lived_until: list[Instant] = []
        """When the room was killed, by its own clock, each time."""
        self.accepted: dict[tuple[str, str], int] = {}
        self.refused: dict[tuple[str, str], str] = {}
        self.doubled: set[tuple[str, str]] = set()
        """Commands said twice at once, of which the first may have come too early and the second not."""
        self._tasks: set[asyncio.Task[None]] = set()

    def go(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    def answered(self, expected: Expected, message: Message) -> None:
        key = expected.person, message["command_id"]
        if message["type"] == "accepted":
            assert key not in self.refused, "accepted after it was refused"
            self.accepted[key] = message["seq"]
        else:
            assert key not in self.accepted, "refused after it was accepted"
            self.refused[key] = message["code"]

    def picture(self, server: Process, peer: str) -> None:
        """The peer's packets begin to come, and some day they end."""
        self.go(self._picture(server, peer))

    async def _picture(self, server: Process, peer: str) -> None:
        await asyncio.sleep(self.rng.uniform(0.1, 1.0))
        until = self.loop.time() + self.rng.expovariate(1 / 120)
        here = server.media.rooms.get(SESSION)
        if here is None or peer not in here.sources:
            return
        server.media.connect(room=SESSION, peer=peer)
        while self.loop.time() < until:
            await asyncio.sleep(1)
            if server is not self.server or peer not in here.sources:
                return
            server.media.packet(room=SESSION, peer=peer)
        await asyncio.sleep(4.5)
        if server is self.server and peer in here.heard:
            server.media.lose(room=SESSION, peer=peer)

    # ------------------------------------------------------------------ the play

    async def play(self, minutes: float = 6) -> RoomState:
        """The room's state when all is over, everybody has been answered, and nothing moves any more."""
        await self._start("node")
        for expected in EVERYBODY:
            self._open(expected, first=True)
        self.go(self._live(minutes * 60))
        if not self.calm:
            self.go(self._weather(minutes * 60))
        await asyncio.sleep(minutes * 60)
        self.weather.away, self.weather.calm = False, True
        if self.server is None:
            await self._start("node")
        await asyncio.sleep(60)
        for _ in range(30):
            if all(tab.settled for tab in self.tabs if tab.here):
                break
            await asyncio.sleep(2)
        assert self.server is not None
        room = await self.server.rooms.open(SESSION)
        await asyncio.sleep(1)
        return room._actor.state

    async def _start(self, node: str) -> None:
        server = Process(self, node)
        await server.start()
        self.server = server

    async def kill(self, *, away_s: float, then: str) -> None:
        """Kill the server, between any two instructions of its; another one starts so much later, under this name."""
        server, self.server = self.server, None
        assert server is not None
        self.kills += 1
        self.lived_until += [room._actor.now() for room in server.rooms._rooms.values()]
        await server.kill()
        await asyncio.sleep(away_s)
        if self.server is None:
            await self._start(then)

    def _open(self, expected: Expected, *, first: bool = False) -> None:
        tab = Tab(self, expected, f"{expected.person}-{next(self.numbers)}")
        self.tabs.append(tab)
        self.go(self._sit_down(tab, self.rng.uniform(0, 60) if first else 0))

    async def _sit_down(self, tab: Tab, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await tab.run()

    async def _live(self, seconds: float) -> None:
        """People do what people do, about twice a second all together."""
        end = self.loop.time() + seconds
        while self.loop.time() < end - 5:
            await asyncio.sleep(self.rng.expovariate(2))
            here = [tab for tab in self.tabs if tab.here]
            if not here:
                continue
            tab = self.rng.choice(here)
            if tab.expected.role is Role.PARTICIPANT:
                self._participant(tab)
            else:
                self._staff(tab, ending=self.loop.time() > end - 120)

    def _participant(self, tab: Tab) -> None:
        rng, place = self.rng, tab.view["you"]["place"]
        if place == "arriving":
            tab.ask("arrive", name=tab.expected.name, location="here", callback="555 0100", private_space=True,
                    agreement=True)  # fmt: skip
        elif place == "room":
            match rng.randrange(18):
                case 17:
                    tab.ask("call_for_help", on=rng.random() < 0.7, alone=rng.random() < 0.3)
                case 16:
                    tab.ask("dispute_minutes", text="I was here.")
                case 0 | 1:
                    tab.ask("set_media", microphone=rng.random() < 0.5, camera=rng.random() < 0.5)
                case 2 | 3:
                    here = tab.view["room"]["small_room"]
                    to = rng.choice(("everyone", "staff"))
                    tab.ask("send_chat", text=f"word {next(self.numbers)}", to=to, room=here and here["room"])
                case 4:
                    tab.ask("raise_hand")
                case 5:
                    tab.ask("lower_hand")
                case 6 | 7:
                    tab.ask("save_form", form="check-in", answers={"mood": rng.randint(0, 10), "goal": "rest"})
                case 8:
                    tab.ask("submit_form", form="check-in", answers={"mood": 5, "unsafe": rng.random() < 0.2})
                case 9:
                    tab.ask("share_answer", form="check-in", question="goal", shared=rng.random() < 0.5)
                case 10:
                    tab.ask("shield", on=rng.random() < 0.3)
                case 11 | 12:
                    tab.offer()
                case 13 if rng.random() < 0.2:
                    tab.ask(rng.choice(("leave", "quick_exit")))
                case 14:
                    self._devices(tab)
                case _:
                    tab.ask("react", reaction="heart")
        elif rng.random() < 0.1:
            self._devices(tab)

    def _staff(self, tab: Tab, *, ending: bool) -> None:
        rng, view = self.rng, tab.view
        agenda = view["room"]["agenda"]
        someone = rng.choice(PARTICIPANTS).person
        open_flags = [flag for flag in view["staff"]["flags"] if flag["disposition"] is None]
        if open_flags and rng.random() < 0.5:
            tab.ask("dispose_flag", flag=open_flags[0]["flag"], disposition="spoke_safe", text="spoke")
        elif any(each["place"] == "waiting" for each in view["staff"]["people"]) and rng.random() < 0.7:
            tab.ask("admit_all")
        elif view["room"]["phase"] == "lobby":
            tab.ask("start_session")
        elif ending and rng.random() < 0.5:
            tab.ask("end_session")
        else:
            match rng.randrange(17):
                case 14 | 15 | 16:
                    self._small_rooms(tab, someone)
                case 12:
                    now = view["now"]
                    start = now - rng.randrange(120_000)
                    fix = {
                        "start": start,
                        "end": min(now, start + rng.randrange(60_000)),
                        "present": rng.random() < 0.5,
                    }
                    tab.ask("correct_attendance", person=someone, reason="Seen.", **fix)
                case 13:
                    self._answer(tab)
                case 0:
                    tab.ask("advance", from_segment=agenda["position"] or "check-in")
                case 1:
                    tab.ask("go_back", from_segment=agenda["position"] or "process")
                case 2:
                    tab.ask("undo_move")
                case 3:
                    tab.ask(rng.choice(("pause", "resume")))
                case 4:
                    tab.ask("extend", segment=rng.choice(PLAN.segments).id, by_ms=rng.randint(-3, 5) * 60_000)
                case 5:
                    tab.ask("skip", segment=rng.choice(PLAN.segments).id, on=rng.random() < 0.5)
                case 6 | 7:
                    subject = rng.choice(("group", someone))
                    revision = view["staff"]["notes"].get(subject, {"revision": 0})["revision"]
                    tab.ask("edit_note", subject=subject, text=f"note {next(self.numbers)}", revision=revision)
                case 8:
                    tab.ask(rng.choice(("mute_person", "ask_to_unmute", "move_to_waiting")), person=someone)
                case 9:
                    tab.ask("take_lead")
                case 10 if rng.random() < 0.1:
                    tab.ask("remove", person=someone)
                case _:
                    self._devices(tab)

    def _small_rooms(self, tab: Tab, someone: PersonId) -> None:
        """Draw and open them, go there, call all back, or speak with somebody apart."""
        rng, room, part = self.rng, tab.view["room"], tab.view["staff"]["breakouts"]
        there = rng.choice([None, *(each["room"] for each in part["rooms"])])
        if part["calls"] and rng.random() < 0.5:
            tab.ask("open_side_room", person=part["calls"][0]["person"])
        elif rng.random() < 0.3:
            tab.ask("visit", room=there)
        elif room["breakouts"] is None and part["plan"] is None:
            tab.ask("draw_breakouts", size=2, again=True)
        elif room["breakouts"] is None:
            tab.ask("open_breakouts", minutes=1, task="Say hello.")
        else:
            match rng.randrange(4):
                case 0:
                    tab.ask("call_back", seconds=rng.randrange(30))
                case 1:
                    tab.ask("move_to", person=someone, room=there)
                case 2:
                    tab.ask("open_side_room", person=someone)
                case _:
                    tab.ask("close_breakouts")

    def _answer(self, tab: Tab) -> None:
        """To a dispute, or by taking a correction back."""
        disputes = tab.view["staff"]["disputes"]
        if disputes:
            tab.ask(
                "answer_dispute", dispute=disputes[0]["dispute"], accepted=self.rng.random() < 0.5, text="We looked."
            )
        else:
            tab.ask("take_back_correction", correction=f"correction-{self.rng.randint(1, 9)}", reason="Not so.")

    def _devices(self, tab: Tab) -> None:
        """Open one more tab, close this one, or reload it."""
        mine = [each for each in self.tabs if each.here and each.expected is tab.expected]
        if len(mine) < 3 and self.rng.random() < 0.5:
            self._open(tab.expected)
        else:
            tab.close()
            if len(mine) == 1:
                self._open(tab.expected)

    # ------------------------------------------------------------------ bad luck

    async def _weather(self, seconds: float) -> None:
        rng, end = self.rng, self.loop.time() + seconds
        while self.loop.time() < end - 60:
            await asyncio.sleep(rng.expovariate(1 / 6))
            luck = rng.random()
            if luck < 0.80:
                if here := [tab for tab in self.tabs if tab.here]:
                    rng.choice(here).weather(rng.choice(("stall", "cut")), rng)
            elif luck < 0.88:
                self.weather.away = True
                await asyncio.sleep(rng.uniform(0.2, 15))
                self.weather.away = False
            elif luck < 0.94 and self.server is not None:
                self.server.clock.jump(rng.randint(0, 20_000))
            elif self.server is not None:
                await self.kill(away_s=rng.choice((0.05, 2.0, 20.0)), then=rng.choice(("node", "node", "other")))
