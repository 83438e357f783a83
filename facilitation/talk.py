"""Chat: to everyone, to the staff, or from the staff to one person. Nobody else's view holds what is private."""

from __future__ import annotations

from dataclasses import dataclass, replace

from facilitation.events import ChatSent, Event, Recorded
from facilitation.ids import PersonId
from facilitation.text import CHAT_MAX, body
from facilitation.timebase import Instant

EVERYONE = "everyone"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    everyone: tuple[Message, ...] = ()
    private: tuple[Message, ...] = ()

    def private_of(self, person: PersonId) -> tuple[Message, ...]:
        """What a participant wrote to the staff, and what the staff answered them."""
        return tuple(
            message
            for message in self.private
            if message.to == person or (message.to == STAFF and message.person == person)
        )


def evolve(talk: Talk, recorded: Recorded) -> Talk:
    match recorded.event:
        case ChatSent(person=person, to=to, text=text):
            message = Message(id=str(recorded.seq), at=recorded.at, person=person, to=to, text=text)
            if to == EVERYONE:
                return replace(talk, everyone=(*talk.everyone, message)[-HISTORY_MAX:])
            return replace(talk, private=(*talk.private, message)[-HISTORY_MAX:])
        case _:
            return talk


def send(person: PersonId, to: str, text: str) -> tuple[Event, ...]:
    return (ChatSent(person=person, to=to, text=body(text, "a message", CHAT_MAX, required=True)),)
