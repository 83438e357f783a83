"""Seats: where each person is between the door and the room, and what they send from there.

    expected → arriving → waiting → room → left
                             ↑        ↓
                             └── moved to waiting          (removed: out for good)

Losing one's connection changes no place: the seat is kept, and coming back asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facilitation.errors import Refusal
from facilitation.events import (
    Admitted,
    Arrived,
    ConnectionOpened,
    HandLowered,
    HandRaised,
    MediaSet,
    MovedToWaiting,
    PersonExpected,
    PersonLeft,
    PersonRemoved,
    Reacted,
    Recorded,
    SessionEnded,
    SessionOpened,
    Shielded,
    UnmuteAsked,
)
from facilitation.ids import PersonId
from facilitation.people import STAFF, Expected, Role
from facilitation.timebase import Instant


class Place(StrEnum):
    EXPECTED = "expected"
    ARRIVING = "arriving"
    WAITING = "waiting"
    ROOM = "room"
    LEFT = "left"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a person said at the arrival gate, for staff only."""

    location: str
    callback: str
    private_space: bool
    others_present: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One person of the list. `hand` and `admitted` are numbers of the log that give the order."""

    person: PersonId
    role: Role
    name: str
    teen: bool = False
    place: Place = Place.EXPECTED
    arrival: Arrival | None = None
    arrived_at: Instant | None = None
    waiting_since: Instant | None = None
    admitted: int | None = None
    left_how: str | None = None
    left_at: Instant | None = None
    microphone: bool = False
    camera: bool = False
    muted_by: PersonId | None = None
    """Who switched this microphone off, while it is off and that was somebody else."""
    unmute_asked: bool = False
    shielded: bool = False
    hand: int | None = None
    reaction: tuple[str, Instant] | None = None

    @property
    def staff(self) -> bool:
        return self.role in STAFF

    @property
    def in_room(self) -> bool:
        return self.place is Place.ROOM


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    by_person: Mapping[PersonId, Seat] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.by_person)

    def of(self, person: PersonId) -> Seat:
        seat = self.by_person.get(person)
        if seat is None:
            raise Refusal("unknown_person", "This person is not on the list for this session.")
        return seat

    def known(self, person: PersonId | None) -> Seat | None:
        return None if person is None else self.by_person.get(person)

    @property
    def in_room(self) -> tuple[Seat, ...]:
        """Everyone in the room, oldest admission first."""
        seated = (seat for seat in self.by_person.values() if seat.in_room)
        return tuple(sorted(seated, key=lambda seat: seat.admitted or 0))

    @property
    def participants(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.by_person.values() if not seat.staff)

    def hand_rank(self, person: PersonId) -> int | None:
        """Place in the queue of raised hands, from 1."""
        mine = self.of(person).hand
        if mine is None:
            return None
        return 1 + sum(1 for seat in self.by_person.values() if seat.hand is not None and seat.hand < mine)


# --------------------------------------------------------------- fold


def evolve(seats: Seats, recorded: Recorded) -> Seats:
    at = recorded.at
    match recorded.event:
        case SessionOpened(roster=roster):
            return Seats(by_person={expected.person: _expected(expected) for expected in roster})
        case PersonExpected(expected=expected):
            return Seats(by_person={**seats.by_person, expected.person: _expected(expected)})
        case ConnectionOpened(person=person):
            return _change(seats, person, lambda seat: _connected(seat, recorded))
        case Arrived(person=person, name=name) as arrived:
            arrival = Arrival(
                location=arrived.location, callback=arrived.callback,
                private_space=arrived.private_space, others_present=arrived.others_present,
            )
            return _change(seats, person, lambda seat: _arrived(replace(seat, name=name, arrival=arrival), at))
        case Admitted(person=person):
            return _change(seats, person, lambda seat: _into_room(seat, recorded.seq))
        case MovedToWaiting(person=person):
            return _change(seats, person, lambda seat: replace(_out(seat, Place.WAITING), waiting_since=at))
        case PersonRemoved(person=person):
            return _change(seats, person, lambda seat: replace(_out(seat, Place.REMOVED), left_at=at))
        case PersonLeft(person=person, how=how):
            return _change(seats, person, lambda seat: replace(_out(seat, Place.LEFT), left_how=how, left_at=at))
        case MediaSet(person=person, microphone=microphone, camera=camera):
            other = recorded.by if recorded.by != person else None
            return _change(seats, person, lambda seat: replace(
                seat, microphone=microphone, camera=camera, unmute_asked=False,
                muted_by=other if not microphone else None,
            ))
        case UnmuteAsked(person=person):
            return _change(seats, person, lambda seat: replace(seat, unmute_asked=True))
        case HandRaised(person=person):
            return _change(seats, person, lambda seat: replace(seat, hand=recorded.seq))
        case HandLowered(person=person):
            return _change(seats, person, lambda seat: replace(seat, hand=None))
        case Reacted(person=person, reaction=reaction):
            return _change(seats, person, lambda seat: replace(seat, reaction=(reaction, at)))
        case Shielded(person=person, on=on):
            return _change(seats, person, lambda seat: replace(seat, shielded=on))
        case SessionEnded():
            return Seats(by_person={
                person: replace(seat, microphone=False, camera=False, hand=None, unmute_asked=False)
                for person, seat in seats.by_person.items()
            })
        case _:
            return seats


def _expected(expected: Expected) -> Seat:
    return Seat(person=expected.person, role=expected.role, name=expected.name, teen=expected.teen)


def _change(seats: Seats, person: PersonId, change: Callable[[Seat], Seat]) -> Seats:
    seat = seats.by_person.get(person)
    if seat is None:
        return seats
    return Seats(by_person={**seats.by_person, person: change(seat)})


def _connected(seat: Seat, recorded: Recorded) -> Seat:
    """Staff are in the room by coming; others come to the door, unless they hold a seat already."""
    if seat.place not in (Place.EXPECTED, Place.LEFT):
        return seat
    if seat.staff:
        return _into_room(replace(seat, arrived_at=seat.arrived_at or recorded.at), recorded.seq)
    return replace(seat, place=Place.ARRIVING, left_how=None, left_at=None)


def _arrived(seat: Seat, at: Instant) -> Seat:
    if seat.place is not Place.ARRIVING:
        return seat
    return replace(seat, place=Place.WAITING, arrived_at=seat.arrived_at or at, waiting_since=at)


def _into_room(seat: Seat, seq: int) -> Seat:
    return replace(
        seat, place=Place.ROOM, admitted=seat.admitted or seq, waiting_since=None, left_how=None, left_at=None
    )


def _out(seat: Seat, place: Place) -> Seat:
    """Nothing goes on from a seat that is given up."""
    return replace(
        seat, place=place, waiting_since=None, microphone=False, camera=False, muted_by=None, unmute_asked=False,
        shielded=False, hand=None, reaction=None,
    )
