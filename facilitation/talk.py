"""Chat: to everyone in the same room, to all rooms, to the staff, or from the staff to one person.

Nobody else's view holds what is private, and what was said in a small room is in the views of that room alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from facilitation.events import ChatSent, Event, Recorded
from facilitation.ids import PersonId, SmallRoomId
from facilitation.text import CHAT_MAX, body
from facilitation.timebase import Instant

EVERYONE = "everyone"
ALL_ROOMS = "all_rooms"
"""An announcement: read in the main room and in every small one."""
STAFF = "staff"
HISTORY_MAX = 500
"""Messages kept of each kind; older ones stay in the log only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    id: str
    at: Instant
    person: PersonId
    to: str
    text: str
    room: SmallRoomId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    everyone: tuple[Message, ...] = ()
    private: tuple[Message, ...] = ()

    def heard_in(self, room: SmallRoomId | None) -> tuple[Message, ...]:
        """What was said in a small room, or (None) in the main one, and what was announced to all."""
        return tuple(message for message in self.everyone if message.room == room or message.to == ALL_ROOMS)

    def private_of(self, person: PersonId) -> tuple[Message, ...]:
        """What a participant wrote to the staff, and what the staff answered them."""
        return tuple(
            message
            for message in self.private
            if message.to == person or (message.to == STAFF and message.person == person)
        )


def evolve(talk: Talk, recorded: Recorded) -> Talk:
    match recorded.event:
        case ChatSent(person=person, to=to, text=text, room=room):
            message = Message(id=str(recorded.seq), at=recorded.at, person=person, to=to, text=text, room=room)
            if to in (EVERYONE, ALL_ROOMS):
                return replace(talk, everyone=(*talk.everyone, message)[-HISTORY_MAX:])
            return replace(talk, private=(*talk.private, message)[-HISTORY_MAX:])
        case _:
            return talk


def send(person: PersonId, to: str, text: str, room: SmallRoomId | None = None) -> tuple[Event, ...]:
    """`room`: the small room the author is in; what is private, or for all, is said in none."""
    said_in = room if to == EVERYONE else None
    return (ChatSent(person=person, to=to, text=body(text, "a message", CHAT_MAX, required=True), room=said_in),)
