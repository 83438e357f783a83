"""Asking a room for something in a person's name without a websocket: the quick exit of a page that is gone."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import structlog

from facilitation.commands import QuickExit
from facilitation.ids import CommandId, SourceId
from facilitation.people import Expected
from facilitation.timebase import Instant
from server.rooms.ports import Accepted, Close, LeaseLost, NoSuchSession, Refused, RoomDirectory, StoreUnavailable, Told
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
        messenger = Messenger(
            Expected(person=identity.person, role=identity.role, name=identity.name, teen=identity.teen)
        )
        try:
            async with asyncio.timeout(DONE_WITHIN_S):
                room = await self._rooms.open(identity.session)
                room.ask(messenger, CommandId(f"exit-{secrets.token_hex(8)}"), QuickExit())
                await messenger.answered.wait()
        except (TimeoutError, NoSuchSession, LeaseLost, StoreUnavailable) as error:
            log.warning("quick exit did not reach the room", session=identity.session, error=type(error).__name__)
