"""One websocket: hello, proof of life, pace, and a bounded outbox around a room (PROTOCOL.md §2–§4, §8).

Two tasks: one reads, one writes. Whatever ends either ends both, and the room is told when the other side was last
heard. Identity comes from `identify` alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, assert_never

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from facilitation import policy
from facilitation.ids import PersonId, SessionId, SourceId
from facilitation.people import STAFF, Expected, Role
from facilitation.policy import Action
from facilitation.sentences import marked
from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms import ports
from server.rooms.ports import (
    Agenda,
    Close,
    CorruptLog,
    Degraded,
    KeyRing,
    LeaseLost,
    NoSuchSession,
    NotAdmitted,
    Qualities,
    Quality,
    Refused,
    Room,
    RoomDirectory,
    SealedKeys,
    SendLayers,
    Slots,
    Speaking,
    StoreUnavailable,
    Talk,
    Told,
    TooEarly,
)
from server.wire.messages import (
    PROTOCOL,
    AnnounceKey,
    Ask,
    ClockAsked,
    ClockTold,
    Hello,
    Message,
    Offer,
    Ping,
    Pong,
    ProtocolError,
    SealKeys,
    SlotCount,
    Welcome,
    Wish,
    decode,
    encode,
)

log = structlog.get_logger(__name__)

HELLO_WITHIN_S: Final = 10.0
PING_EVERY_S: Final = 2.0
LOST_AFTER_S: Final = 4.5
STALL_S: Final = 0.2
"""Grace after LOST_AFTER_S: what arrived while this very process stood still is read before anyone counts as lost."""
STUCK_S: Final = 8.0
"""A single message that takes longer to hand to the network: nobody reads at the other side."""
VIEWS_PER_S: Final = 10.0
VIEW_BURST: Final = 3.0
"""So that a change is seen at once although another one was just shown."""
AGENDA_AHEAD_S: Final = 0.003
"""How long whole views wait when the group has moved: until everybody has been told where it is."""
SIGNALS: Final = (*(Agenda, Slots, SendLayers, Speaking, Quality, Qualities, Talk, KeyRing, Degraded, Ping),)
"""Of these only the latest counts, of each peer."""
OUTBOX_MAX: Final = 256
RATE_PER_S: Final = 20.0
BURST: Final = 60.0
FLOOD: Final = 200.0
"""So many messages beyond the burst end the connection."""
STRANGERS_MAX: Final = 512
"""Connections of this process that have not yet said who they are."""
CLOSE_WITHIN_S: Final = 10.0

_strangers: int = 0


class Identity(Protocol):
    """Somebody whom a ticket or a cookie proves."""

    @property
    def person(self) -> PersonId: ...
    @property
    def role(self) -> Role: ...
    @property
    def name(self) -> str: ...
    @property
    def teen(self) -> bool: ...
    @property
    def guest(self) -> bool: ...


Identify = Callable[[WebSocket, SessionId, str | None], Awaitable[Identity | None]]
"""Who opens a websocket, by cookie and origin or by ticket; None: nobody we know. Raises NotAdmitted."""


Trail = Callable[[Expected, SessionId, bool], Awaitable[None]]
"""Keep in the audit log that one of the staff reads a session's record, if they do: they ask for it, or for its room,
where all of it stands once it is over. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What every welcome says beside who and where."""

    audio_slots: int = 15
    video_slots: int = 15
    screen_slots: int = 1
    ice_servers: Callable[[], list[dict[str, Any]]] = list
    """Asked for each connection: credentials are short-lived."""
    encryption: Literal["preferred", "required"] = "preferred"
    exit_url: str = "/soup"


class _Ended(Exception):
    """The connection is to be closed with `code`; `reason` is for the log of whoever wrote the other side."""

    def __init__(self, code: Close, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


async def session_socket(
    websocket: WebSocket,
    *,
    rooms: RoomDirectory,
    identify: Identify,
    clock: Clock,
    greeting: Greeting,
    trail: Trail | None = None,
) -> None:
    """The endpoint of `/s/{session}/socket`: returns when the websocket is over."""
    session = SessionId(websocket.path_params["session"])
    await websocket.accept()
    try:
        hello = await _hello(websocket)
        identity = await _known(websocket, identify, session, hello)
        if trail is not None and identity.role in STAFF:
            await _kept(trail(identity, session, hello.mode == "record"))
        room = await _opened(rooms, session)
        connection = Connection(websocket, session, identity, hello, room=room, clock=clock)
        await connection.run(greeting)
    except _Ended as ended:
        await _close(websocket, ended.code, ended.reason)
    except WebSocketDisconnect:
        pass  # gone before it said anything
    except Exception:
        log.exception("connection died of a mistake of ours", session=session)
        await _close(websocket, Close.OUR_MISTAKE)


async def _hello(websocket: WebSocket) -> Hello:
    global _strangers
    if _strangers >= STRANGERS_MAX:
        raise _Ended(Close.TOO_MANY)
    _strangers += 1
    try:
        async with asyncio.timeout(HELLO_WITHIN_S):
            message = _message(await websocket.receive())
    except TimeoutError:
        raise _Ended(Close.TOO_SLOW, "no hello within 10 s") from None
    finally:
        _strangers -= 1
    if not isinstance(message, Hello):
        raise _Ended(Close.MALFORMED, "the first message must be hello")
    if message.protocol != PROTOCOL:
        raise _Ended(Close.MALFORMED, f"this server speaks protocol {PROTOCOL}")
    return message


async def _known(websocket: WebSocket, identify: Identify, session: SessionId, hello: Hello) -> Expected:
    try:
        identity = await identify(websocket, session, hello.ticket)
    except TooEarly:
        raise _Ended(Close.TOO_EARLY, "the room does not open yet") from None
    except NotAdmitted:
        raise _Ended(Close.NOT_ADMITTED) from None
    except StoreUnavailable:
        raise _Ended(Close.TRY_AGAIN) from None
    if identity is None:
        raise _Ended(Close.NO_TICKET)
    if not policy.may(identity.role, Action.READ_RECORD if hello.mode == "record" else Action.ENTER_ROOM):
        raise _Ended(Close.NOT_ADMITTED, "the record is for staff")
    return Expected(
        person=identity.person, role=identity.role, name=identity.name, teen=identity.teen, guest=identity.guest
    )


async def _kept(trail: Awaitable[None]) -> None:
    """A reading of a record, in the audit log before anything is shown."""
    try:
        await trail
    except StoreUnavailable:
        raise _Ended(Close.TRY_AGAIN) from None


async def _opened(rooms: RoomDirectory, session: SessionId) -> Room:
    try:
        return await rooms.open(session)
    except NoSuchSession:
        raise _Ended(Close.NO_SESSION) from None
    except LeaseLost:
        raise _Ended(Close.ELSEWHERE) from None
    except StoreUnavailable:
        raise _Ended(Close.TRY_AGAIN) from None
    except CorruptLog as error:
        log.critical("session cannot be opened", session=session, error=str(error))
        raise _Ended(Close.OUR_MISTAKE) from None


async def _close(websocket: WebSocket, code: Close, reason: str = "") -> None:
    """Say goodbye if anyone still listens."""
    if WebSocketState.DISCONNECTED in (websocket.client_state, websocket.application_state):
        return
    try:
        async with asyncio.timeout(CLOSE_WITHIN_S):
            await websocket.close(code, reason.encode()[:120].decode(errors="ignore"))
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        pass


def _message(received: Any) -> Message:
    """The message in what ASGI received. Raises WebSocketDisconnect, _Ended."""
    if received["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(received.get("code", 1006))
    text = received.get("text")
    if text is None:
        raise _Ended(Close.MALFORMED, "messages are JSON text")
    try:
        return decode(text)
    except ProtocolError as error:
        raise _Ended(Close.MALFORMED, str(error)) from None


class Bucket:
    """A token bucket: `burst` at once, `per_s` in the long run."""

    def __init__(self, now_s: float, *, burst: float, per_s: float) -> None:
        self._tokens = burst
        self._at_s = now_s
        self._per_s = per_s
        self._burst = burst

    def wait_s(self, now_s: float) -> float:
        """How long until there is a token; 0: there is one."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        missing = 1 - self._tokens
        return missing / self._per_s if missing > 1e-6 else 0.0

    def take(self, now_s: float) -> bool:
        """Whether there was a token to take."""
        if self.wait_s(now_s) > 0:
            return False
        self._tokens -= 1
        return True


class Connection:
    """One person's websocket in one room: the port `Viewer`."""

    def __init__(
        self, websocket: WebSocket, session: SessionId, expected: Expected, hello: Hello, *, room: Room, clock: Clock
    ) -> None:
        self.connection = SourceId(f"c{secrets.token_urlsafe(9)}")
        self.expected = expected
        self.device = hello.device
        self.record = hello.mode == "record"
        self.heard: Instant = clock.now()
        self._websocket = websocket
        self._session = session
        self._room = room
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        now_s = self._loop.time()
        self._pace = Bucket(now_s, burst=BURST, per_s=RATE_PER_S)
        self._patience = Bucket(now_s, burst=FLOOD, per_s=RATE_PER_S)
        self._views = Bucket(now_s, burst=VIEW_BURST, per_s=VIEWS_PER_S)
        self._words: deque[Told] = deque()
        self._signals: dict[tuple[type[Told], str], Told] = {}
        self._view_due = False
        self._wake = asyncio.Event()
        self._closing: Close | None = None
        self._writer: asyncio.Task[None] | None = None
        self._sending_since_s: float | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # ------------------------------------------------------------------ life

    async def run(self, greeting: Greeting) -> None:
        """Hold the connection until either side ends it. Raises _Ended with the code to close with."""
        self.tell(
            Welcome(
                connection=self.connection,
                session=self._session,
                person=self.expected.person,
                role=self.expected.role,
                now=self._clock.now(),
                slots=SlotCount(audio=greeting.audio_slots, video=greeting.video_slots, screen=greeting.screen_slots),
                ice_servers=greeting.ice_servers(),
                encryption=greeting.encryption,
                exit_url=greeting.exit_url,
            )
        )
        log.info("connected", session=self._session, connection=self.connection, role=self.expected.role)
        self._room.enter(self)
        self._ping()
        self._writer = asyncio.create_task(self._write(), name=f"write {self.connection}")
        both = {self._writer, asyncio.create_task(self._read(), name=f"read {self.connection}")}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for timer in self._timers.values():
                timer.cancel()
            self._room.leave(self, heard=self.heard)
            for task in both:
                task.cancel()
            log.info("disconnected", session=self._session, connection=self.connection)
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
                raise outcome
        if self._closing is not None:
            raise _Ended(self._closing)

    async def _read(self) -> None:
        """Hand on what comes, until silence, a goodbye or rubbish."""
        silence_s = LOST_AFTER_S
        while True:
            try:
                async with asyncio.timeout(silence_s) as silence:
                    while True:
                        received = await self._websocket.receive()
                        if received["type"] == "websocket.disconnect":
                            if received.get("code") not in (None, 1005, 1006, 1012):
                                self.heard = self._clock.now()  # a close frame proves life as well
                            raise WebSocketDisconnect(received.get("code", 1006))
                        self.heard = self._clock.now()
                        silence.reschedule(self._loop.time() + LOST_AFTER_S)
                        self._take(received)
                        silence_s = LOST_AFTER_S
            except TimeoutError:
                if silence_s == STALL_S:
                    raise _Ended(Close.TRY_AGAIN, "nothing was heard for 4.5 s") from None
                silence_s = STALL_S

    def _take(self, received: Any) -> None:
        message = _message(received)
        now_s = self._loop.time()
        hasty = not self._pace.take(now_s)
        if hasty and not self._patience.take(now_s):
            raise _Ended(Close.TOO_MANY, "too many messages")
        match message:
            case Pong():
                pass
            case ClockAsked(mark=mark):
                if not hasty:  # whoever asks too often goes by what they know
                    self.tell(ClockTold(mark=mark, now=self._clock.now()))
            case Ask(command_id=id_) if hasty:
                self._refuse_haste(id_)
            case Offer(offer_id=id_) if hasty:
                self._refuse_haste(id_)
            case Ask(command_id=id_, command=command):
                self._room.ask(self, id_, command)
            case Offer(offer_id=id_, peer=peer, sdp=sdp):
                self._room.offer(self, offer_id=id_, peer=peer, sdp=sdp)
            case Wish(peer=peer, heights=heights, mode=mode, screen=screen):
                if not hasty:  # the next one says all of it again
                    self._room.wish(self, peer=peer, wish=ports.Wish(heights=dict(heights), mode=mode, screen=screen))
            case AnnounceKey(key=key):
                self._room.announce_key(self, key)
            case SealKeys(boxes=boxes):
                self._room.seal_keys(self, boxes)
            case Hello():
                raise _Ended(Close.MALFORMED, "hello is said once")
            case _:
                assert_never(message)

    def _refuse_haste(self, id_: str) -> None:
        text = marked("That was too much at once. Please try again in a moment.")
        self.tell(Refused(command_id=id_, code="too_fast", text=text))

    # ------------------------------------------------------------------ the port Viewer

    def tell(self, message: Told) -> None:
        if isinstance(message, SIGNALS):
            self._signals[type(message), getattr(message, "peer", "")] = message
        elif isinstance(message, SealedKeys):
            self._signals[type(message), message.member] = message  # each box holds all that its sender still uses
        elif len(self._words) < OUTBOX_MAX:
            self._words.append(message)
        else:
            self.close(Close.TOO_SLOW)
        self._wake.set()

    def view_due(self) -> None:
        if not self._view_due:
            self._view_due = True
            self._wake.set()

    def close(self, code: Close) -> None:
        if self._closing is None or code is Close.TOO_SLOW:
            self._closing = code
        if code is Close.TOO_SLOW and self._writer is not None:
            self._writer.cancel()  # it may be waiting for a reader that never comes
        self._wake.set()

    # ------------------------------------------------------------------ writing

    async def _write(self) -> None:
        """Send what is in the outbox, in this order: words as they came, latest signals, the view if it is time."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._words:
                await self._send(self._words.popleft())
            signals, self._signals = self._signals, {}
            for signal in signals.values():
                await self._send(signal)
            if self._words:
                self._wake.set()
            elif self._closing is not None:
                raise _Ended(self._closing)
            elif self._view_due:
                if signals:  # what is short goes to everybody, and is read by them, before what is long to anybody
                    await asyncio.sleep(AGENDA_AHEAD_S if any(kind is Agenda for kind, _ in signals) else 0)
                await self._show()

    async def _show(self) -> None:
        """Send the view as it is now, or see to it that it is sent as soon as the pace allows."""
        now_s = self._loop.time()
        if self._views.take(now_s):
            self._view_due = False
            await self._send(self._room.view(self))
            return
        if (before := self._timers.get("view")) is not None:
            before.cancel()  # asked anew after every alarm: timers may be early by a millisecond
        self._timers["view"] = self._loop.call_later(max(self._views.wait_s(now_s), 0.001), self._wake.set)

    async def _send(self, message: Told) -> None:
        self._sending_since_s = self._loop.time()
        await self._websocket.send({"type": "websocket.send", "text": encode(message)})
        self._sending_since_s = None

    def _ping(self) -> None:
        """Ask for a sign of life every two seconds, and notice a browser that reads nothing any more."""
        now_s = self._loop.time()
        if self._sending_since_s is not None and now_s - self._sending_since_s > STUCK_S:
            self.close(Close.TOO_SLOW)
        self.tell(Ping(now=self._clock.now()))
        self._timers["ping"] = self._loop.call_later(PING_EVERY_S, self._ping)
