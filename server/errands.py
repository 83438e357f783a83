"""What a page asks of a room on somebody's behalf: one command, and its answer, without a websocket."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from facilitation.commands import PersonCommand
from facilitation.errors import Refusal
from facilitation.ids import CommandId, SourceId
from facilitation.people import Expected
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from server.rooms.ports import Accepted, Close, LeaseLost, NoSuchSession, Refused, RoomDirectory, StoreUnavailable, Told
from server.web.auth import Identity

ANSWERED_WITHIN_S: Final = 10.0


class Asker:
    """The port `Viewer` of somebody who is not there: it sees nothing and waits for the one answer."""

    record = True
    device = "page"
    heard = Instant(0)

    def __init__(self, expected: Expected) -> None:
        self.connection = SourceId(f"e{secrets.token_urlsafe(9)}")
        self.expected = expected
        self.answer: asyncio.Future[Accepted | Refused | Close] = asyncio.get_running_loop().create_future()

    def tell(self, message: Told) -> None:
        if isinstance(message, Accepted | Refused):
            self._say(message)

    def view_due(self) -> None:
        """Nobody looks."""

    def close(self, code: Close) -> None:
        self._say(code)

    def _say(self, answer: Accepted | Refused | Close) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class RoomErrands:
    """Commands from pages. Who asks, and in which session, is what the page's cookie proved.

    `rooms` are those that are open; `ahead` begins one before its hours as well.
    """

    def __init__(self, rooms: RoomDirectory, *, ahead: RoomDirectory) -> None:
        self._rooms = rooms
        self._ahead = ahead

    async def ask(self, identity: Identity, command: PersonCommand, *, ahead: bool = False) -> int:
        """The `seq` of the log after it; it is durable then. What is said `ahead` may begin the room. Raises Refusal,
        StoreUnavailable."""
        asker = Asker(identity.expected)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                room = await (self._ahead if ahead else self._rooms).open(identity.session)
                room.ask(asker, CommandId(f"page-{secrets.token_hex(12)}"), command)
                answer = await asker.answer
        except (TimeoutError, LeaseLost) as error:
            raise StoreUnavailable(f"session {identity.session} does not answer: {type(error).__name__}") from error
        except NoSuchSession:
            raise Refusal("no_session", "There is no such session.") from None
        match answer:
            case Accepted(seq=seq):
                return seq
            case Refused(code=code, text=text, message=message, values=values):
                raise Refusal(code, Sentence(message, **values) if message else text)
            case _:
                raise StoreUnavailable(f"session {identity.session} was closed meanwhile")
