"""The actor of a room: one task that takes one thing at a time, and tells nobody before it is durable.

A turn: decide, evolve and react (all pure, so that whatever they raise leaves no trace), then append, then make it
known. The actor knows no socket and no packet: who is told, and what is done, is its `stage`'s matter.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from facilitation.commands import CloseConnection, Command, LoseMedia, Pulse, Tick
from facilitation.effects import Effect
from facilitation.errors import Refusal
from facilitation.events import Recorded
from facilitation.ids import CommandId, SessionId
from facilitation.people import SERVER, Actor
from facilitation.room import RoomState, decide, evolve, knows, next_deadline, react
from facilitation.state import THE_BEGINNING
from facilitation.timebase import Instant
from server.clock import Clock
from server.rooms.ports import EventLog, StoreUnavailable

log = structlog.get_logger(__name__)

MAILBOX_MAX: Final = 512
SLOW_STORE_S: Final = 1.0
"""An append that takes longer is shown to people as a store that fails."""
STEPS_TO_THE_STORE: Final = 2
"""Turns of the loop until an append has left this process: one to write it, one to hand it to the network."""
RETRY_S_MIN, RETRY_S_MAX = 0.05, 1.0

Outcome = int | Refusal
"""What a command came to: the log's `seq` that holds it, or a rule's no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command in the mailbox, with the instant at which it came: an outage of the store does not shift it."""

    command: Command
    by: Actor
    command_id: CommandId | None
    at: Instant
    answer: Callable[[Outcome], None]


class Stage(Protocol):
    """What happens around the actor. None of it waits, and none of it may fail the room."""

    def foresee(self, state: RoomState, records: Sequence[Recorded]) -> Callable[[], None] | None:
        """How to prepare, while the store is at work, for what will have happened if it takes it; None: no need.

        Nobody may be told yet.
        """
        ...

    def happened(self, state: RoomState, records: Sequence[Recorded], effects: Sequence[Effect]) -> None: ...
    def store_answers(self, answers: bool) -> None: ...
    def heard(self) -> dict[str, Instant]:
        """When each open source last proved life; empty when nobody is there."""
        ...


def _nobody(outcome: Outcome) -> None:
    """For commands of the server, whose answer nobody waits for."""


class RoomActor:
    """Runs one room from `state` on. `run` returns after `finish`, and raises LeaseLost, CorruptLog or our bug.

    `not_before`: an instant that this room has lived through already, whatever the clock says.
    """

    def __init__(
        self,
        session: SessionId,
        state: RoomState,
        *,
        epoch: int,
        log: EventLog,
        clock: Clock,
        stage: Stage,
        not_before: Instant = THE_BEGINNING,
    ) -> None:
        self.session = session
        self.state = state
        self.in_hand: Asked | None = None
        """The command that is not durable yet; after a crash the one that did it."""
        self.stored = True
        """False while the store does not take what happened."""
        self._epoch = epoch
        self._log = log
        self._clock = clock
        self._stage = stage
        self._mailbox: deque[Asked] = deque()
        self._wake = asyncio.Event()
        self._finishing = False
        self._latest = not_before
        self._ticked: tuple[Instant, int] | None = None

    # ------------------------------------------------------------------ asking

    def now(self) -> Instant:
        """The room's present: the clock's, but never before what the log holds or what it was before."""
        self._latest = max(self._latest, self._clock.now(), self.state.at)
        return self._latest

    def ask(
        self,
        command: Command,
        *,
        by: Actor = SERVER,
        command_id: CommandId | None = None,
        answer: Callable[[Outcome], None] = _nobody,
        always: bool = False,
    ) -> None:
        """Put a command into the mailbox; `answer` is called once, when it is durable or refused.

        Refused as 'busy' when the mailbox is full. `always` is for facts that close what an accepted command
        opened, and are thereby bounded themselves.
        """
        if len(self._mailbox) >= MAILBOX_MAX and not always:
            answer(Refusal("busy", "Too much is waiting to be saved. Please try again in a moment."))
            return
        self._mailbox.append(Asked(command=command, by=by, command_id=command_id, at=self.now(), answer=answer))
        self._wake.set()

    def finish(self) -> None:
        """Let `run` return once the mailbox is empty, and the log says until when everybody was there."""
        if not self._finishing:
            self.ask(Pulse(heard=self._stage.heard()), always=True)
        self._finishing = True
        self._wake.set()

    def ending(self) -> dict[str, Instant]:
        """Sources whose end waits to be written down: when each was last heard."""
        found: dict[str, Instant] = {}
        for asked in self._mailbox if self.in_hand is None else (self.in_hand, *self._mailbox):
            match asked.command:
                case CloseConnection(connection=source, heard=heard) | LoseMedia(peer=source, heard=heard):
                    found.setdefault(source, heard)
        return found

    # ------------------------------------------------------------------ running

    async def run(self) -> None:
        while True:
            self._wake.clear()
            asked = self._next()
            if asked is not None:
                self.in_hand = asked
                await self._turn(asked)
                self.in_hand = None
            elif self._finishing:
                return
            else:
                await self._sleep()

    def _next(self) -> Asked | None:
        """What is to be done now: a deadline that has come, else the oldest command."""
        at = self._mailbox[0].at if self._mailbox else self.now()
        deadline = self._deadline()
        if deadline is not None and deadline <= at:
            self._ticked = (deadline, self.state.seq)
            return Asked(command=Tick(), by=SERVER, command_id=None, at=at, answer=_nobody)
        return self._mailbox.popleft() if self._mailbox else None

    def _deadline(self) -> Instant | None:
        """The next deadline, unless a tick has just shown that nothing is to be done about it."""
        deadline = next_deadline(self.state)
        if deadline is not None and self._ticked == (deadline, self.state.seq):
            return None
        return deadline

    async def _sleep(self) -> None:
        """Until something is asked or the next deadline comes."""
        deadline = self._deadline()
        if deadline is None:
            await self._wake.wait()
            return
        delay_s = max(0, deadline - self.now()) / 1_000
        alarm = asyncio.get_running_loop().call_later(delay_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _turn(self, asked: Asked) -> None:
        now = max(asked.at, self.state.at)
        if asked.command_id is not None and knows(self.state, asked.by, asked.command_id):
            asked.answer(self.state.seq)
            return
        try:
            events = decide(self.state, asked.command, by=asked.by, now=now)
        except Refusal as refusal:
            asked.answer(refusal)
            return
        if not events:
            asked.answer(self.state.seq)
            return
        state = self.state
        records: list[Recorded] = []
        effects: list[Effect] = []
        for seq, event in enumerate(events, state.seq + 1):
            record = Recorded(seq=seq, at=now, event=event, by=asked.by.person, command=asked.command_id)
            state = evolve(state, record)
            effects += react(state, event)
            records.append(record)
        prepare = self._stage.foresee(state, records)
        if prepare is None:
            await self._append(records)
        else:
            await self._append_and(prepare, records)
        self.in_hand = None
        self.state = state
        asked.answer(state.seq)
        self._stage.happened(state, records, effects)

    async def _append_and(self, prepare: Callable[[], None], records: Sequence[Recorded]) -> None:
        """Append, and prepare as soon as the store has work, unless it is done by then."""
        loop = asyncio.get_running_loop()
        next_step: asyncio.Handle

        def step(left: int) -> None:
            nonlocal next_step
            next_step = loop.call_soon(step, left - 1) if left else loop.call_soon(prepare)

        step(STEPS_TO_THE_STORE - 1)
        try:
            await self._append(records)
        finally:
            next_step.cancel()

    async def _append(self, records: Sequence[Recorded]) -> None:
        """Make the records durable, however long the store is away: the same ones again, which is harmless."""
        alarm = asyncio.get_running_loop().call_later(SLOW_STORE_S, self._store_answers, False)
        pause_s = RETRY_S_MIN
        try:
            while True:
                try:
                    await self._log.append(self.session, records, epoch=self._epoch)
                    break
                except StoreUnavailable as error:
                    log.warning("store unavailable", session=self.session, seq=records[0].seq, error=str(error))
                    self._store_answers(False)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, RETRY_S_MAX)
        finally:
            alarm.cancel()
        self._store_answers(True)

    def _store_answers(self, answers: bool) -> None:
        if answers != self.stored:
            self.stored = answers
            self._stage.store_answers(answers)
