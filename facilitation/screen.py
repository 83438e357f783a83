"""The shared screen: one at a time in each room, shown by a facilitator or by a participant whom one has allowed to.

Whether pictures of it really come is the media plane's matter; here stands who may send them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from facilitation.errors import Refusal
from facilitation.events import (
    Event,
    MovedToWaiting,
    PersonLeft,
    PersonRemoved,
    Recorded,
    ScreenShared,
    SessionEnded,
    SharingAllowed,
)
from facilitation.ids import PersonId
from facilitation.policy import FACILITATORS
from facilitation.seats import Seat, check_in_room
from facilitation.sentences import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`showing` show theirs now, each in the room they are in; `allowed` are the participants who may."""

    showing: frozenset[PersonId] = frozenset()
    allowed: frozenset[PersonId] = frozenset()

    def may_share(self, seat: Seat) -> bool:
        return seat.role in FACILITATORS or seat.person in self.allowed


def evolve(screen: Screen, recorded: Recorded) -> Screen:
    match recorded.event:
        case ScreenShared(person=person, on=on):
            return replace(screen, showing=screen.showing | {person}) if on else _without(screen, person)
        case SharingAllowed(person=person, on=on):
            return replace(screen, allowed=screen.allowed | {person} if on else screen.allowed - {person})
        case PersonLeft(person=person) | MovedToWaiting(person=person) | PersonRemoved(person=person):
            return _without(screen, person)
        case SessionEnded():
            return Screen()
        case _:
            return screen


def _without(screen: Screen, person: PersonId) -> Screen:
    return replace(screen, showing=screen.showing - {person}) if person in screen.showing else screen


# --------------------------------------------------------------- rules


def share(screen: Screen, asker: Seat, other: Seat | None, *, other_is_here: bool) -> tuple[Event, ...]:
    """Begin to show mine. `other` shows theirs now in the same room; if they lost their line, theirs ends."""
    check_in_room(asker)
    if asker.shielded:
        raise Refusal("shielded", "You are hidden now. Say that you are alone again before you share your screen.")
    if not screen.may_share(asker):
        raise Refusal("may_not_share", "Ask your facilitator to let you share your screen.")
    if other is None:
        return (ScreenShared(person=asker.person, on=True),)
    if other.person == asker.person:
        return ()
    if other_is_here:
        raise Refusal(
            "screen_taken", Sentence("{name} is showing their screen. Theirs has to end first.", name=other.name)
        )
    return (*stop(screen, other.person), ScreenShared(person=asker.person, on=True))


def stop(screen: Screen, person: PersonId) -> tuple[Event, ...]:
    return (ScreenShared(person=person, on=False),) if person in screen.showing else ()


def allow(screen: Screen, participant: Seat, on: bool) -> tuple[Event, ...]:
    """Let a participant share, or no longer: then what they show ends too."""
    if (participant.person in screen.allowed) == on:
        return ()
    allowed = SharingAllowed(person=participant.person, on=on)
    return (allowed,) if on else (allowed, *stop(screen, participant.person))
