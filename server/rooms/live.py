"""A live room: the actor, its audience and its hands, joined; what a connection meets as the port `Room`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import structlog

from facilitation.agreement import Kept
from facilitation.commands import CloseConnection, Command, ExpectPerson, OpenConnection, PersonCommand, Pulse
from facilitation.effects import Effect
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.ids import CommandId, PersonId, SessionId
from facilitation.people import Actor
from facilitation.room import RoomState, next_deadline
from facilitation.sentences import Sentence, marked
from facilitation.state import THE_BEGINNING
from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms.actor import Outcome, RoomActor
from server.rooms.audience import Audience
from server.rooms.ports import (
    Accepted,
    Bye,
    Close,
    CorruptLog,
    Degraded,
    EventLog,
    Held,
    LeaseLost,
    MediaFact,
    MediaPlane,
    Moving,
    Proofs,
    Refused,
    View,
    Viewer,
    Wish,
)
from server.rooms.runner import Runner
from server.rooms.talktime import NOBODY_YET

log = structlog.get_logger(__name__)

Poison = tuple[PersonId | None, CommandId]
"""A person's command that ended the room once; it is not tried again."""

SPREAD_MS: Final = 2_000
"""All rooms of a node beat at once; the views that time alone changes are made one room after the other."""

TURNED_AWAY: Final[dict[str, tuple[str | None, Close]]] = {
    "removed": ("removed", Close.BYE),
    "session_ended": ("ended", Close.BYE),
    "too_many_connections": (None, Close.TOO_MANY),
    "busy": (None, Close.TRY_AGAIN),
}
"""How a connection ends that the room refuses: with which goodbye, and which code."""


class LiveRoom:
    """One session's room from replay to close. Runs from `start` on; `ended` is set when it is over, however."""

    def __init__(
        self,
        session: SessionId,
        state: RoomState,
        *,
        epoch: int,
        log: EventLog,
        clock: Clock,
        media: MediaPlane,
        on_signed: Callable[[SessionId], None],
        on_agreed: Callable[[SessionId, Kept], None] = lambda session, kept: None,
        on_expected: Callable[[SessionId], None] = lambda session: None,
        sealed_only: bool = False,
        on_end: Callable[[LiveRoom], None] = lambda room: None,
        poison: Collection[Poison] = (),
        not_before: Instant = THE_BEGINNING,
        spoken_ms: Mapping[str, int] = NOBODY_YET,
    ) -> None:
        self.session = session
        self.epoch = epoch
        self.ended = asyncio.Event()
        self.empty_since: Instant | None = clock.now()
        self._audience = Audience(state)
        self._runner = Runner(
            session,
            media=media,
            audience=self._audience,
            on_signed=on_signed,
            on_agreed=on_agreed,
            on_expected=on_expected,
            sealed_only=sealed_only,
            spoken_ms=spoken_ms,
        )
        self._actor = RoomActor(session, state, epoch=epoch, log=log, clock=clock, stage=self, not_before=not_before)
        self._runner.attach(self._actor)
        self._poison = frozenset(poison)
        self._on_end = on_end
        self._task: asyncio.Task[None] | None = None
        self._code = Close.TRY_AGAIN
        self._heard: dict[str, Instant] = {}
        self._phase_s = crc32(session.encode()) % SPREAD_MS / 1_000
        self._kept = True
        """False while what is kept beside the log is not taken by the store."""
        self._degraded = False

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"room {self.session}")

    async def _run(self) -> None:
        try:
            await self._actor.run()
        except LeaseLost as error:
            log.warning("room belongs to another node now", session=self.session, error=str(error))
            self._code = Close.ELSEWHERE
        except CorruptLog as error:
            log.critical("the log does not take what happened", session=self.session, error=str(error))
            self._code = Close.OUR_MISTAKE
        except Exception:
            asked = self._actor.in_hand
            kind = type(asked.command).__name__ if asked is not None else None
            log.exception("room died of a mistake of ours", session=self.session, command=kind)
            self._code = Close.OUR_MISTAKE
        finally:
            self.ended.set()
            self._runner.close()
            self._audience.close(self._code)
            self._on_end(self)

    @property
    def deadly(self) -> Poison | None:
        """The person's command that ended this room, if one did."""
        asked = self._actor.in_hand
        if not self.ended.is_set() or asked is None or asked.command_id is None:
            return None
        return asked.by.person, asked.command_id

    async def do(self, command: Command) -> int:
        """Have the server's own command carried out; returns the log's `seq`. Raises Refusal, LeaseLost."""
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answered(outcome: Outcome) -> None:
            if not done.done():
                done.set_result(outcome)

        self._actor.ask(command, answer=answered, always=True)
        over = asyncio.create_task(self.ended.wait())
        waiting: set[asyncio.Future[Any]] = {done, over}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        if not done.done():
            raise LeaseLost(f"the room of {self.session} ended")
        outcome = done.result()
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def finish(self) -> None:
        """Do what is asked already, then end."""
        self._actor.finish()
        await self.ended.wait()

    async def kill(self, code: Close = Close.TRY_AGAIN) -> None:
        """End at once, whatever is under way: what is not durable has not happened."""
        assert self._task is not None
        self._code = code
        self._task.cancel()
        await asyncio.wait({self._task})

    def moving(self, in_ms: int) -> int:
        """Say that the node is about to stop; returns how many connections heard it."""
        self._audience.tell(Moving(in_ms=in_ms))
        return len(self._audience)

    def idle(self, now: Instant, *, after_ms: int) -> bool:
        """Nobody has been here for so long, and nothing is to come."""
        if self.empty_since is None or next_deadline(self._actor.state) is not None:
            return False
        return now - self.empty_since >= after_ms

    # ------------------------------------------------------------------ the pulse

    def beat(self) -> Held:
        """What time alone brings about is done, and what must survive this node is told, without the log.

        That is while somebody is there, or the session runs. A source whose end is not yet in the log counts to that
        end, and no further; one of which nothing is known for the moment, to what was known last.
        """
        now, state = self._actor.now(), self._actor.state
        asyncio.get_running_loop().call_later(self._phase_s, self._audience.pass_time, now)
        if spoke := self._runner.spoke():
            self._actor.ask(Pulse(spoke=spoke))
        known = {source: at for source, at in self._heard.items() if source in state.attendance.owners}
        found = known | self.heard() | self._actor.ending()
        self._heard = {source: min(at, now) for source, at in found.items()}
        if state.phase == "ended" or not (self._heard or state.phase == "running"):
            return Held(epoch=self.epoch)
        return Held(epoch=self.epoch, proofs=Proofs(at=now, heard=self._heard, spoke_ms=self._runner.spoken_ms))

    def kept(self, kept: bool) -> None:
        """Whether the store takes what is kept beside the log."""
        self._kept = kept
        self._tell_store()

    # ------------------------------------------------------------------ the port Room

    def enter(self, viewer: Viewer) -> None:
        """Let a connection in: its view follows, or it is closed with a reason."""
        if self.ended.is_set():
            viewer.close(Close.TRY_AGAIN)
            return
        if not self._audience.has_room_for(viewer.expected.person):
            viewer.close(Close.TOO_MANY)
            return
        self._audience.add(viewer)
        self.empty_since = None
        if self._degraded:
            viewer.tell(Degraded(store=True))

        def entered(outcome: Outcome) -> None:
            if isinstance(outcome, Refusal):
                reason, code = TURNED_AWAY.get(outcome.code, (None, Close.NOT_ADMITTED))
                if reason is not None:
                    viewer.tell(Bye(reason=reason))
                viewer.close(code)
            else:
                self._audience.show(viewer)
                self._runner.welcome(viewer)

        expect = ExpectPerson(expected=viewer.expected)
        if viewer.record:
            self._actor.ask(expect, answer=entered)
            return
        self._actor.ask(expect)
        connection, person = viewer.connection, viewer.expected.person
        self._actor.ask(OpenConnection(connection=connection, person=person, device=viewer.device), answer=entered)

    def leave(self, viewer: Viewer, *, heard: Instant) -> None:
        """A connection is gone; presence by it ends at `heard`."""
        if self._audience.get(viewer.connection) is None:
            return
        self._audience.discard(viewer)
        if not len(self._audience):
            self.empty_since = self._actor.now()
        if not viewer.record:
            self._runner.gone(viewer)
            self._actor.ask(CloseConnection(connection=viewer.connection, heard=heard), always=True)

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        person = viewer.expected.person
        if (person, command_id) in self._poison:
            text = marked("This could not be done: a mistake of ours. It was noted.")
            viewer.tell(Refused(command_id=command_id, code="failed", text=text))
            return

        def answered(outcome: Outcome) -> None:
            match outcome:
                case Refusal() as refusal:
                    viewer.tell(refused(command_id, refusal))
                case seq:
                    viewer.tell(Accepted(command_id=command_id, seq=seq))

        by = Actor(person=person, role=viewer.expected.role, connection=viewer.connection)
        self._actor.ask(command, by=by, command_id=command_id, answer=answered)

    def offer(self, viewer: Viewer, *, offer_id: str, peer: str | None, sdp: str) -> None:
        self._runner.offer(viewer, offer_id=offer_id, peer=peer, sdp=sdp)

    def wish(self, viewer: Viewer, *, peer: str, wish: Wish) -> None:
        self._runner.wish(viewer, peer=peer, wish=wish)

    def announce_key(self, viewer: Viewer, key: str | None) -> None:
        self._runner.announce_key(viewer, key)

    def seal_keys(self, viewer: Viewer, boxes: Mapping[str, str]) -> None:
        self._runner.ring.seal(viewer, boxes)

    def view(self, viewer: Viewer) -> View:
        return self._audience.view(viewer, self._actor.now())

    def fact(self, fact: MediaFact) -> None:
        self._runner.fact(fact)

    # ------------------------------------------------------------------ the port Stage

    def foresee(self, state: RoomState, records: Sequence[Recorded]) -> Callable[[], None] | None:
        return self._audience.foresee(state, records)

    def happened(self, state: RoomState, records: Sequence[Recorded], effects: Sequence[Effect]) -> None:
        self._audience.happened(state, records)
        self._runner.run(effects)

    def store_answers(self, answers: bool) -> None:
        self._tell_store()

    def heard(self) -> dict[str, Instant]:
        found: dict[str, Instant] = {viewer.connection: viewer.heard for viewer in self._audience if not viewer.record}
        found.update(self._runner.heard())
        return found

    # ------------------------------------------------------------------ inside

    def _tell_store(self) -> None:
        degraded = not (self._actor.stored and self._kept)
        if degraded != self._degraded:
            self._degraded = degraded
            self._audience.tell(Degraded(store=degraded))


def refused(command_id: str, refusal: Refusal) -> Refused:
    """A refusal as it is told, with what whoever says it in another language needs."""
    said = refusal.said
    if not isinstance(said, Sentence) or not said.values:
        return Refused(command_id=command_id, code=refusal.code, text=refusal.text)
    values = {name: str(value) for name, value in said.values.items()}
    return Refused(command_id=command_id, code=refusal.code, text=refusal.text, message=said.message, values=values)
