"""The ring of keys: who takes part in a room's media and could open it, and the way by which browsers hand out keys.

The server passes on what it cannot read: public keys, and boxes that one browser locked for another. Nothing of it is
logged or kept beyond the room. What the boxes hold, and what this does not protect against: server/sfu/ENCRYPTION.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from facilitation.ids import PersonId, SourceId
from server.rooms.audience import Audience
from server.rooms.ports import KeyHolder, KeyRing, SealedKeys, Viewer

KEPT_S: Final = 30.0
"""How long a member without a connection stays: a browser that comes back finds the keys as they were."""


@dataclass(slots=True, kw_only=True)
class Member:
    """One browser. `key` is its public key, None: it cannot encrypt. `turn` grows when it asks for all keys again."""

    person: PersonId
    key: str | None
    turn: int
    deadline: asyncio.TimerHandle | None = None


class Ring:
    """The members of one room by their connections. Every change is told to all of them, as a whole."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._members: dict[SourceId, Member] = {}
        self._turns = 0

    def __len__(self) -> int:
        return len(self._members)

    def holds(self, viewer: Viewer) -> bool:
        """Whether this connection announced a key."""
        member = self._members.get(viewer.connection)
        return member is not None and member.key is not None

    def announce(self, viewer: Viewer, key: str | None) -> None:
        """Take a browser in, or in again: after a reconnect the same key moves to the new connection."""
        if key is not None:
            for connection, member in list(self._members.items()):
                if member.key != key:
                    continue
                if member.person != viewer.expected.person:
                    return  # keys are random: this one was copied, and opens nothing for whoever copied it
                self._forget(connection)
        self._put(viewer, key)

    def with_media(self, viewer: Viewer) -> None:
        """This connection agrees media: if it announced no key, nobody can encrypt for it."""
        if viewer.connection not in self._members:
            self._put(viewer, None)

    def seal(self, viewer: Viewer, boxes: Mapping[str, str]) -> None:
        """Pass boxes on to the members they are for; what is for nobody (any more) is dropped."""
        if not self.holds(viewer):
            return
        for connection, box in boxes.items():
            member = self._members.get(SourceId(connection))
            addressee = self._audience.get(SourceId(connection))
            if member is not None and member.key is not None and addressee is not None:
                addressee.tell(SealedKeys(member=viewer.connection, box=box))

    def gone(self, viewer: Viewer) -> None:
        """A connection ended: its browser may be back soon."""
        member = self._members.get(viewer.connection)
        if member is not None and member.deadline is None:
            loop = asyncio.get_running_loop()
            member.deadline = loop.call_later(KEPT_S, self._expired, viewer.connection)

    def drop(self, person: PersonId) -> None:
        """Somebody is out of the room: the others take new keys at once."""
        gone = [connection for connection, member in self._members.items() if member.person == person]
        for connection in gone:
            self._forget(connection)
        if gone:
            self._tell()

    def clear(self) -> None:
        for connection in list(self._members):
            self._forget(connection)

    # ------------------------------------------------------------------ inside

    def _put(self, viewer: Viewer, key: str | None) -> None:
        self._forget(viewer.connection)
        self._turns += 1
        self._members[viewer.connection] = Member(person=viewer.expected.person, key=key, turn=self._turns)
        self._tell()

    def _expired(self, connection: SourceId) -> None:
        self._forget(connection)
        self._tell()

    def _forget(self, connection: SourceId) -> None:
        member = self._members.pop(connection, None)
        if member is not None and member.deadline is not None:
            member.deadline.cancel()

    def _tell(self) -> None:
        told = KeyRing(
            members=[
                KeyHolder(member=connection, person=member.person, key=member.key, turn=member.turn)
                for connection, member in self._members.items()
            ]
        )
        for connection in self._members:
            viewer = self._audience.get(connection)
            if viewer is not None:
                viewer.tell(told)
