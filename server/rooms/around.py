"""A room as one websocket finds it, where a command may have to wait for a look elsewhere before it is asked.

Whatever such a look ends with, whoever asked is not left without an answer: a mistake of ours ends their connection,
and they come back by a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from facilitation.commands import PersonCommand
from facilitation.ids import CommandId
from server.rooms.ports import Close, Room, Viewer

log = structlog.get_logger(__name__)

_under_way: set[asyncio.Task[None]] = set()
"""Tasks that nobody waits for must be held by somebody."""


class Around:
    """The port `Room` around a room: everything passes, until whoever inherits looks at what is asked."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.enter = room.enter
        self.leave = room.leave
        self.offer = room.offer
        self.wish = room.wish
        self.announce_key = room.announce_key
        self.seal_keys = room.seal_keys
        self.view = room.view

    def ask(self, viewer: Viewer, command_id: CommandId, command: PersonCommand) -> None:
        self._room.ask(viewer, command_id, command)


def look(viewer: Viewer, work: Coroutine[Any, Any, None], name: str) -> None:
    """Let `work` run beside what the viewer does meanwhile; it tells them what came of it."""
    task = asyncio.create_task(_told(viewer, work), name=name)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def _told(viewer: Viewer, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a look before the room met a mistake of ours", connection=viewer.connection)
        viewer.close(Close.OUR_MISTAKE)
