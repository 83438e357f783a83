"""Where rooms are found: opened once each, by replay, and kept by a lease while somebody needs them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from facilitation.agreement import Kept
from facilitation.commands import Command, OpenSession, TakeOver
from facilitation.errors import Refusal
from facilitation.ids import SessionId
from facilitation.room import replay
from facilitation.state import THE_BEGINNING
from server.clock import Clock
from server.rooms.actor import SLOW_STORE_S
from server.rooms.live import LiveRoom, Poison
from server.rooms.ports import (
    Close,
    CorruptLog,
    EventLog,
    Held,
    LeaseLost,
    Leases,
    MediaFact,
    MediaPlane,
    NoSuchSession,
    Proofs,
    StoreUnavailable,
)

log = structlog.get_logger(__name__)

PULSE_S: Final = 2.0
BREATH: Final = 5
"""Rooms looked at before others get their turn."""
AGAIN_S: Final = 0.5
"""After a pulse that the store did not take."""
IDLE_MS: Final = 10 * 60_000
FINISH_WITHIN_S: Final = 5.0
POISON_MAX: Final = 100

LoadSession = Callable[[SessionId], Awaitable[OpenSession | None]]
Brief = Callable[[SessionId], Awaitable[Sequence[Command]]]


class Rooms:
    """The rooms of this node.

    `load_session` says how a session begins that has no log yet (None: there is no such session). `brief`: what the
    clinic has to say to a room whenever it opens, and when somebody new comes on its list. `on_signed` is called with a
    session in which a note was just signed, `on_agreed` with what its group agreed on there: at once, and again
    whenever its room is opened anew.
    The media plane's facts belong to `media_fact`: `await media.start(rooms.media_fact)`. With `sealed_only` media is
    agreed only with browsers that announced a key.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        leases: Leases,
        media: MediaPlane,
        clock: Clock,
        load_session: LoadSession,
        node: str,
        on_signed: Callable[[SessionId], None] = lambda session: None,
        on_agreed: Callable[[SessionId, Kept], None] = lambda session, kept: None,
        brief: Brief | None = None,
        sealed_only: bool = False,
    ) -> None:
        self._log = log
        self._leases = leases
        self._media = media
        self._clock = clock
        self._load_session = load_session
        self._node = node
        self._on_signed = on_signed
        self._on_agreed = on_agreed
        self._brief = brief
        self._sealed_only = sealed_only
        self._rooms: dict[SessionId, LiveRoom] = {}
        self._opening: dict[SessionId, asyncio.Task[LiveRoom]] = {}
        self._keepers: set[asyncio.Task[None]] = set()
        self._poison: deque[tuple[SessionId, Poison]] = deque(maxlen=POISON_MAX)
        self._pulse: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._rooms)

    async def open(self, session: SessionId) -> LiveRoom:
        """The live room of a session, opened now if need be; asked at once by many, it is opened once.

        Raises NoSuchSession, LeaseLost (LeaseHeld: by another node), StoreUnavailable, CorruptLog.
        """
        if self._closed:
            raise LeaseLost("this node is closing")
        room = self._rooms.get(session)
        if room is not None and not room.ended.is_set():
            return room
        task = self._opening.get(session)
        if task is None:
            task = self._opening[session] = asyncio.create_task(self._open(session), name=f"open {session}")
            task.add_done_callback(self._opened)
        return await asyncio.shield(task)

    def media_fact(self, fact: MediaFact) -> None:
        """Where the media plane reports to."""
        room = self._rooms.get(SessionId(fact.room))
        if room is not None:
            room.fact(fact)

    def moving(self, in_ms: int) -> int:
        """Tell everyone that this node is about to stop; returns how many connections there are."""
        return sum(room.moving(in_ms) for room in self._rooms.values())

    async def close(self) -> None:
        """End every room after what was asked already, and give the leases back."""
        self._closed = True
        for task in list(self._opening.values()):
            task.cancel()
        if self._pulse is not None:
            self._pulse.cancel()
        await asyncio.gather(*(self._retire(room) for room in list(self._rooms.values())))
        if self._keepers:
            _, late = await asyncio.wait(self._keepers, timeout=FINISH_WITHIN_S)
            for keeper in late:
                keeper.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------------ inside

    def _opened(self, task: asyncio.Task[LiveRoom]) -> None:
        self._opening = {session: opening for session, opening in self._opening.items() if opening is not task}
        if not task.cancelled():
            task.exception()  # seen: whoever asked may have gone

    def _ended(self, room: LiveRoom) -> None:
        if self._rooms.get(room.session) is room:
            del self._rooms[room.session]
        if room.deadly is not None:
            self._poison.append((room.session, room.deadly))

    async def _open(self, session: SessionId) -> LiveRoom:
        epoch = await self._leases.acquire(session, node=self._node)
        try:
            return await self._revive(session, epoch)
        except BaseException:
            await self._release(session, epoch)
            raise

    async def _revive(self, session: SessionId, epoch: int) -> LiveRoom:
        records, kept = await self._log.read(session), await self._leases.proofs(session)
        opening = None
        if not records:
            opening = await self._load_session(session)
            if opening is None:
                raise NoSuchSession(session)
        try:
            state = replay(records)
        except Exception as error:
            raise CorruptLog(f"log of session {session} cannot be replayed: {error!r}") from error
        room = LiveRoom(
            session,
            state,
            epoch=epoch,
            log=self._log,
            clock=self._clock,
            media=self._media,
            on_signed=self._on_signed,
            on_agreed=self._on_agreed,
            on_expected=self._brief_again,
            sealed_only=self._sealed_only,
            on_end=self._ended,
            poison=[poison for where, poison in self._poison if where == session],
            not_before=THE_BEGINNING if kept is None else kept.at,
            spoken_ms={} if kept is None else kept.spoke_ms,
        )
        room.start()
        try:
            if opening is not None:
                await room.do(opening)
            await room.do(_take_over(self._node, epoch, kept))
        except BaseException as error:
            await room.kill()
            if isinstance(error, Refusal):
                raise CorruptLog(f"session {session} cannot be opened: {error}") from error
            raise
        if state.agreement.stands.here:
            self._on_agreed(session, state.agreement.stands)
        await self._tell(room)
        log.info("room opened", session=session, epoch=epoch, records=len(records))
        self._rooms[session] = room
        if self._pulse is None:
            self._pulse = asyncio.create_task(self._beat(), name="pulse")
        self._keep_an_eye_on(self._keep(room), f"keep {session}")
        return room

    def _brief_again(self, session: SessionId) -> None:
        room = self._rooms.get(session)
        if room is not None:
            self._keep_an_eye_on(self._tell(room), f"brief {session}")

    async def _tell(self, room: LiveRoom) -> None:
        """What the clinic has to say to a room; it goes on without it, too."""
        try:
            for command in () if self._brief is None else await self._brief(room.session):
                await room.do(command)
        except (Refusal, StoreUnavailable, CorruptLog, LeaseLost) as error:
            log.warning("a room was not told", session=room.session, error=type(error).__name__)

    def _keep_an_eye_on(self, work: Coroutine[Any, Any, None], name: str) -> None:
        keeper = asyncio.create_task(work, name=name)
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    async def _keep(self, room: LiveRoom) -> None:
        """Give the lease back when the room is over."""
        await room.ended.wait()
        await self._release(room.session, room.epoch)
        log.info("room closed", session=room.session)

    async def _beat(self) -> None:
        """Keep all rooms in one write, time after time, and end those that are ours no more or that nobody needs."""
        time = asyncio.get_running_loop().time
        due_s = time() + PULSE_S
        while not self._closed:
            await asyncio.sleep(due_s - time())
            due_s = max(due_s, time()) + PULSE_S
            rooms = {room.session: room for room in self._rooms.values() if not room.ended.is_set()}
            lost = await self._keep_all(rooms)
            if lost is None:
                due_s = time() + AGAIN_S
                continue
            for id_, room in rooms.items():
                if id_ in lost:
                    log.warning("lease lost", session=id_, epoch=room.epoch, at=lost[id_])
                    await room.kill(Close.ELSEWHERE)
                elif room.idle(self._clock.now(), after_ms=IDLE_MS):
                    self._keep_an_eye_on(self._retire(room), f"retire {id_}")

    async def _keep_all(self, rooms: Mapping[SessionId, LiveRoom]) -> Mapping[str, int] | None:
        """Renew the leases of these rooms and keep what they have seen. Returns those that were lost.

        None: the store did not take it, which everybody is shown, also while it is only slow. Rooms go on: every
        append is fenced, and the next one tells whether a room is still ours.
        """
        beats: dict[SessionId, Held] = {}
        for number, (id_, room) in enumerate(rooms.items(), 1):
            try:
                beats[id_] = room.beat()
            except Exception:  # a mistake of ours in one room is not the end of the others
                log.exception("room died of a mistake of ours", session=id_)
                await room.kill(Close.OUR_MISTAKE)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        held: dict[str, Held] = {id_: beat for id_, beat in beats.items() if not rooms[id_].ended.is_set()}

        def tell(kept: bool) -> None:
            for room in rooms.values():
                room.kept(kept)

        alarm = asyncio.get_running_loop().call_later(SLOW_STORE_S, tell, False)
        try:
            lost = await self._leases.renew(held, node=self._node)
        except (StoreUnavailable, CorruptLog) as error:
            log.warning("leases not renewed", error=str(error))
            tell(False)
            return None
        except Exception:  # whatever it is, the next pulse may do better, and without any every room is lost
            log.exception("leases not renewed")
            tell(False)
            return None
        finally:
            alarm.cancel()
        tell(True)
        return lost

    async def _release(self, session: SessionId, epoch: int) -> None:
        try:
            await self._leases.release(session, node=self._node, epoch=epoch)
        except (StoreUnavailable, LeaseLost):
            pass  # it runs out by itself

    async def _retire(self, room: LiveRoom) -> None:
        try:
            async with asyncio.timeout(FINISH_WITHIN_S):
                await room.finish()
        except TimeoutError:
            await room.kill()
        except Exception:
            log.exception("room died of a mistake of ours", session=room.session)
            await room.kill(Close.OUR_MISTAKE)


def _take_over(node: str, epoch: int, kept: Proofs | None) -> TakeOver:
    """With what was kept beside the log by the node before."""
    if kept is None:
        return TakeOver(node=node, epoch=epoch)
    return TakeOver(node=node, epoch=epoch, heard=dict(kept.heard), lived_at=kept.at)
