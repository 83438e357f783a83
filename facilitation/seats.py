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

from facilitation.commands import Arrive, CheckDoor, TellRevoked
from facilitation.doorfacts import Signed, Unsigned, place_words, signed_words, unsigned_words
from facilitation.errors import Refusal
from facilitation.events import (
    Admitted,
    Arrived,
    ConnectionOpened,
    ConsentRevoked,
    DoorChecked,
    Event,
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
from facilitation.licences import Outcome, is_place
from facilitation.people import STAFF, Expected, Role
from facilitation.places import HelpLine
from facilitation.sentences import Sentence
from facilitation.text import CALLBACK_MAX, LOCATION_MAX, NAME_MAX, OTHERS_MAX, line
from facilitation.timebase import Instant

CALLBACK_DIGITS_MIN = 3
REACTIONS = frozenset({"heart", "thumbs_up", "clap", "smile", "with_you"})


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
    state: str = ""
    contact_name: str = ""
    contact_phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What was looked up as somebody gave their answers, for staff only; `held`: why they cannot come in yet."""

    held: tuple[str, ...]
    words: str
    location: str
    state: str
    callback: str
    help: tuple[HelpLine, ...]
    consents: tuple[str, ...]
    lacking: tuple[Unsigned, ...]
    licence: Outcome
    signed: tuple[Signed, ...]
    at: Instant

    @property
    def said(self) -> tuple[str | Sentence, ...]:
        """What facilitators should know before they let them in; of older logs the words that those hold."""
        place = place_words(self.licence, self.state)
        found: list[str | Sentence] = [self.words] if self.words else []
        return (*found, *map(unsigned_words, self.lacking), *(() if place is None else (place,)))

    @property
    def standing(self) -> tuple[str | Sentence, ...]:
        """The consents that stood."""
        return (*self.consents, *map(signed_words, self.signed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One person of the list. `hand` and `admitted` are numbers of the log that give the order."""

    person: PersonId
    role: Role
    name: str
    teen: bool = False
    guest: bool = False
    place: Place = Place.EXPECTED
    arrival: Arrival | None = None
    door: Door | None = None
    arrived_at: Instant | None = None
    waiting_since: Instant | None = None
    admitted: int | None = None
    revoked: tuple[str, ...] = ()
    """Kinds of consents that they took back while the session goes on, until they come in anew."""
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
    def treated(self) -> bool:
        """Whether this session is for them: they have hours, forms and a note. Staff and guests have none."""
        return not (self.staff or self.guest)

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

    @property
    def treated(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.by_person.values() if seat.treated)

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
                location=arrived.location,
                callback=arrived.callback,
                private_space=arrived.private_space,
                others_present=arrived.others_present,
                state=arrived.state,
                contact_name=arrived.contact_name,
                contact_phone=arrived.contact_phone,
            )
            return _change(
                seats, person, lambda seat: _arrived(replace(seat, name=name, arrival=arrival, revoked=()), at)
            )
        case DoorChecked(person=person) as checked:
            return _change(seats, person, lambda seat: replace(seat, door=_door(checked, at)))
        case ConsentRevoked(person=person, kind=kind):
            return _change(seats, person, lambda seat: replace(seat, revoked=(*seat.revoked, kind)))
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
            return _change(
                seats,
                person,
                lambda seat: replace(
                    seat,
                    microphone=microphone,
                    camera=camera,
                    unmute_asked=False,
                    muted_by=other if not microphone else None,
                ),
            )
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
            return Seats(
                by_person={
                    person: replace(seat, microphone=False, camera=False, hand=None, unmute_asked=False)
                    for person, seat in seats.by_person.items()
                }
            )
        case _:
            return seats


def _expected(expected: Expected) -> Seat:
    return Seat(
        person=expected.person,
        role=expected.role,
        name=expected.name,
        teen=expected.teen,
        guest=expected.guest,
    )


def _door(checked: DoorChecked, at: Instant) -> Door:
    return Door(
        held=checked.held,
        words=checked.words,
        location=checked.location,
        state=checked.state,
        callback=checked.callback,
        help=checked.help,
        consents=checked.consents,
        lacking=checked.lacking,
        licence=checked.licence,
        signed=checked.signed,
        at=at,
    )


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
        seat,
        place=place,
        waiting_since=None,
        microphone=False,
        camera=False,
        muted_by=None,
        unmute_asked=False,
        shielded=False,
        hand=None,
        reaction=None,
    )


# --------------------------------------------------------------- rules


def arrive(seat: Seat, answers: Arrive) -> tuple[Event, ...]:
    """The arrival gate; also to correct the answers later, which changes no place."""
    if not answers.agreement:
        raise Refusal("agreement_needed", "Please read the group agreement and say yes to it to come in.")
    if seat.place not in (Place.ARRIVING, Place.WAITING, Place.ROOM):
        raise Refusal("not_here", "Please connect first.")
    arrived = Arrived(
        person=seat.person,
        name=line(answers.name, "your name", NAME_MAX),
        location=line(answers.location, "where you are today", LOCATION_MAX),
        callback=line(answers.callback, "a number we can call", CALLBACK_MAX),
        private_space=answers.private_space,
        others_present=line(answers.others_present, "who is with you", OTHERS_MAX, required=False),
        state=answers.state,
        contact_name=line(answers.contact_name, "who could be called near you", NAME_MAX, required=False),
        contact_phone=line(answers.contact_phone, "their number", CALLBACK_MAX, required=False),
    )
    if arrived.state and not is_place(arrived.state):
        raise Refusal("bad_place", "Please choose the state you are in.")
    if sum(character.isdigit() for character in arrived.callback) < CALLBACK_DIGITS_MIN:
        raise Refusal("bad_callback", "Please give a phone number we can call if we lose you.")
    return (arrived,)


def check_door(seat: Seat, checked: CheckDoor) -> tuple[Event, ...]:
    """What is known already is not said again; nothing is said of whom there is nothing to say."""
    found = DoorChecked(
        person=seat.person,
        held=checked.held,
        location=checked.location,
        state=checked.state,
        callback=checked.callback,
        help=checked.help,
        lacking=checked.lacking,
        licence=checked.licence,
        signed=checked.signed,
    )
    if seat.door is None:
        door = _door(found, Instant(0))
        return (found,) if door.held or door.said or door.help or door.standing else ()
    return () if replace(seat.door, at=Instant(0)) == _door(found, Instant(0)) else (found,)


def tell_revoked(seat: Seat, told: TellRevoked) -> tuple[Event, ...]:
    """Facilitators are told of it; who cannot stay without it leaves. Nothing else stops."""
    if told.kind in seat.revoked:
        return ()
    revoked = ConsentRevoked(person=seat.person, kind=told.kind, stops=told.stops)
    return (revoked, *(leave(seat, "consent") if told.stops else ()))


def admit(seat: Seat) -> tuple[Event, ...]:
    if seat.in_room:
        return ()
    if seat.place is not Place.WAITING:
        raise Refusal("not_waiting", Sentence("{name} is not in the waiting room.", name=seat.name))
    return (Admitted(person=seat.person),)


def move_to_waiting(seat: Seat) -> tuple[Event, ...]:
    if seat.place is Place.WAITING:
        return ()
    check_is_in_room(seat)
    return (MovedToWaiting(person=seat.person),)


def remove(seat: Seat) -> tuple[Event, ...]:
    return () if seat.place is Place.REMOVED else (PersonRemoved(person=seat.person),)


def leave(seat: Seat, how: str) -> tuple[Event, ...]:
    if seat.place in (Place.EXPECTED, Place.LEFT):
        return ()
    return (PersonLeft(person=seat.person, how=how),)


def set_media(seat: Seat, microphone: bool, camera: bool) -> tuple[Event, ...]:
    check_in_room(seat)
    if seat.shielded and (microphone or camera):
        raise Refusal("shielded", "You are hidden now. Say that you are alone again before you turn this on.")
    unchanged = (microphone, camera) == (seat.microphone, seat.camera)
    if unchanged and not seat.unmute_asked:
        return ()
    return (MediaSet(person=seat.person, microphone=microphone, camera=camera),)


def mute(seat: Seat) -> tuple[Event, ...]:
    check_is_in_room(seat)
    if not seat.microphone:
        return ()
    return (MediaSet(person=seat.person, microphone=False, camera=seat.camera),)


def ask_to_unmute(seat: Seat) -> tuple[Event, ...]:
    check_is_in_room(seat)
    return () if seat.microphone else (UnmuteAsked(person=seat.person),)


def raise_hand(seat: Seat) -> tuple[Event, ...]:
    check_in_room(seat)
    return () if seat.hand is not None else (HandRaised(person=seat.person),)


def lower_hand(seat: Seat) -> tuple[Event, ...]:
    return () if seat.hand is None else (HandLowered(person=seat.person),)


def react(seat: Seat, reaction: str) -> tuple[Event, ...]:
    check_in_room(seat)
    if reaction not in REACTIONS:
        raise Refusal("unknown_reaction", "There is no such reaction.")
    return (Reacted(person=seat.person, reaction=reaction),)


def shield(seat: Seat, on: bool) -> tuple[Event, ...]:
    check_in_room(seat)
    if seat.shielded == on:
        return ()
    shielded = Shielded(person=seat.person, on=on)
    if not on or not (seat.microphone or seat.camera):
        return (shielded,)
    return shielded, MediaSet(person=seat.person, microphone=False, camera=False)


def check_in_room(asker: Seat) -> None:
    """Refuses, to the person themself, what can be done in the room only."""
    if not asker.in_room:
        raise Refusal("not_in_room", "You can do this once you are in the room.")


def check_is_in_room(seat: Seat) -> None:
    """Refuses, to who leads, what can be done to somebody in the room only."""
    if not seat.in_room:
        raise Refusal("not_in_room", Sentence("{name} is not in the room.", name=seat.name))
