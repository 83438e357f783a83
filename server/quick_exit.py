"""Quick exit, the two halves made one: the page's own farewell reaches the room, the room's reaches the cookie.

A page says both, and either may be lost: a blocked beacon, a websocket that just broke.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from facilitation.commands import PersonCommand, QuickExit
from facilitation.errors import Refusal
from facilitation.ids import CommandId, SessionId
from server.errands import RoomErrands
from server.rooms.around import Around, look
from server.rooms.ports import CorruptLog, Room, RoomDirectory, StoreUnavailable, Viewer
from server.web.auth import Identity

log = structlog.get_logger(__name__)


class Departures:
    """What pages ask of rooms for who left by them."""

    def __init__(self, errands: RoomErrands) -> None:
        self._errands = errands

    async def depart(self, identity: Identity) -> None:
        """Take somebody out as their quick exit would. Never fails: their browser has forgotten them already."""
        try:
            await self._errands.ask(identity, QuickExit())
        except Refusal:
            pass  # they were in no room
        except (StoreUnavailable, CorruptLog) as error:
            log.warning("quick exit did not reach the room", session=identity.session, error=type(error).__name__)


class Farewell:
    """The rooms as one websocket finds them: a quick exit asked for here also calls `forget`, once and at once."""

    def __init__(self, rooms: RoomDirectory, *, forget: Callable[[], Awaitable[None]]) -> None:
        self._rooms = rooms
        self._forget = forget

    async def open(self, session: SessionId) -> Room:
        return _Watched(await self._rooms.open(session), self._forget)


class _Watched(Around):
    """A room, and a look at what one connection asks of it."""

    def __init__(self, room: Room, forget: Callable[[], Awaitable[None]]) -> None:
        super().__init__(room)
        self._forget = forget

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        super().ask(viewer, command_id, command)
        if isinstance(command, QuickExit):
            look(viewer, self._forgotten(), "forget a browser")

    async def _forgotten(self) -> None:
        try:
            await self._forget()
        except StoreUnavailable as error:
            log.warning("quick exit did not reach the cookie", error=type(error).__name__)
