"""Quick exit, the two halves made one: the page's own farewell reaches the room, the room's reaches the cookie.

A page says both, and either may be lost: a blocked beacon, a websocket that just broke.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from facilitation.commands import PersonCommand, QuickExit
from facilitation.ids import CommandId, SessionId, SourceId
from facilitation.people import Expected
from facilitation.timebase import Instant
from server.rooms.ports import (
    Accepted,
    Close,
    LeaseLost,
    NoSuchSession,
    Refused,
    Room,
    RoomDirectory,
    StoreUnavailable,
    Told,
    Viewer,
)
from server.web.auth import Identity

log = structlog.get_logger(__name__)

DONE_WITHIN_S: Final = 5.0


class Messenger:
    """The port `Viewer` of somebody who is not there: it waits for one answer and sees nothing."""

    record = True
    device = "errand"
    heard = Instant(0)

    def __init__(self, expected: Expected) -> None:
        self.connection = SourceId(f"e{secrets.token_urlsafe(9)}")
        self.expected = expected
        self.answered = asyncio.Event()

    def tell(self, message: Told) -> None:
        if isinstance(message, Accepted | Refused):
            self.answered.set()

    def view_due(self) -> None:
        """Nobody looks."""

    def close(self, code: Close) -> None:
        self.answered.set()


class Errands:
    """What pages ask of rooms."""

    def __init__(self, rooms: RoomDirectory) -> None:
        self._rooms = rooms

    async def depart(self, identity: Identity) -> None:
        """Take somebody out as their quick exit would. Never fails: their browser has forgotten them already."""
        messenger = Messenger(identity.expected)
        try:
            async with asyncio.timeout(DONE_WITHIN_S):
                room = await self._rooms.open(identity.session)
                room.ask(messenger, CommandId(f"exit-{secrets.token_hex(8)}"), QuickExit())
                await messenger.answered.wait()
        except (TimeoutError, NoSuchSession, LeaseLost, StoreUnavailable) as error:
            log.warning("quick exit did not reach the room", session=identity.session, error=type(error).__name__)


class Farewell:
    """The rooms as one websocket finds them: a quick exit asked for here also calls `forget`, once and at once."""

    def __init__(self, rooms: RoomDirectory, *, forget: Callable[[], Awaitable[None]]) -> None:
        self._rooms = rooms
        self._forget = forget

    async def open(self, session: SessionId) -> Room:
        return _Watched(await self._rooms.open(session), self._quick_exit)

    def _quick_exit(self) -> None:
        task = asyncio.create_task(self._forgotten(), name="forget a browser")
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)

    async def _forgotten(self) -> None:
        try:
            await self._forget()
        except StoreUnavailable as error:
            log.warning("quick exit did not reach the cookie", error=type(error).__name__)


_under_way: set[asyncio.Task[None]] = set()
"""Tasks that nobody waits for must be held by somebody."""


class _Watched:
    """A room, and a look at what one connection asks of it."""

    def __init__(self, room: Room, quick_exit: Callable[[], None]) -> None:
        self._room = room
        self._quick_exit = quick_exit
        self.enter = room.enter
        self.leave = room.leave
        self.offer = room.offer
        self.wish = room.wish
        self.announce_key = room.announce_key
        self.seal_keys = room.seal_keys
        self.view = room.view

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        self._room.ask(viewer, command_id, command)
        if isinstance(command, QuickExit):
            self._quick_exit()
