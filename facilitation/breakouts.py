"""Small rooms inside the room: pairs and threes for a while, and side rooms in which one person is spoken with apart.

Nobody's seat changes by any of it: attendance never hears of small rooms, so no minute can be lost or counted twice.
Who is in no small room is in the main one. Nobody stays alone: who was left alone for `GRACE_MS` goes to others, or
back; a side room lasts as long as somebody who leads is in it. When the time is over all are back by themselves.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from facilitation.attendance import Attendance, Trace
from facilitation.errors import Refusal
from facilitation.events import (
    Admitted,
    ApartListed,
    BreakoutsClosed,
    BreakoutsEnding,
    BreakoutsOpened,
    BreakoutsPlanned,
    Event,
    HelpAnswered,
    HelpCalled,
    MovedToWaiting,
    PersonExpected,
    PersonLeft,
    PersonMoved,
    PersonRemoved,
    Recorded,
    SessionEnded,
    SessionOpened,
    SideRoomClosed,
    SideRoomOpened,
)
from facilitation.ids import PersonId, SmallRoomId
from facilitation.partition import Group, Pair, pair, pairs_of, partition
from facilitation.people import STAFF
from facilitation.seats import Seats
from facilitation.sentences import Sentence, marked
from facilitation.text import body
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant

GRACE_MS = 20 * SECOND_MS
"""So long somebody may be alone: a line that dropped is mostly back by then."""
GROUP_MAX = 6
"""Participants in one small room that was made by hand."""
JOINED_MAX = 4
"""Participants in a small room that somebody who was left alone is brought to."""
MINUTES_MAX = 60
CALL_BACK_S_MAX = 600
TASK_MAX = 500
TIMES_KEPT = 12
"""How many times in small rooms are remembered; the rule looks at two of each person's."""
STAYS_MAX = 100
"""Stays of one person that are kept for the record; what happened stands in the log."""

ADVICE_STEPS_MAX = 1_000
ADVICE_PAIRS_MAX = 20
"""Which rule could give is looked for so long: the room waits meanwhile."""

Naming = Callable[[PersonId], str]
Name = TypeVar("Name")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallRoom:
    """`number`: as people call it, from 1. `side`: the participant for whom a side room was opened."""

    id: SmallRoomId
    number: int
    changed_at: Instant
    side: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A proposal. `again`: the same two may meet a third time running."""

    rooms: tuple[Group, ...]
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakout:
    """The present time in small rooms. `called`: somebody called all back, and `ends_at` is when they come."""

    opened_at: Instant
    ends_at: Instant | None
    task: str
    again: bool
    called: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    at: Instant
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """`[start, end)` of one person in a small room; `side`: apart, with somebody who leads."""

    room: SmallRoomId
    side: bool
    start: Instant
    end: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakouts:
    """`where` holds whoever is not in the main room; `returns` who leaves a side room for a small one; `why` what
    brought somebody to where they are."""

    plan: Plan | None = None
    open: Breakout | None = None
    rooms: Mapping[SmallRoomId, SmallRoom] = field(default_factory=dict)
    where: Mapping[PersonId, SmallRoomId] = field(default_factory=dict)
    returns: Mapping[PersonId, SmallRoomId] = field(default_factory=dict)
    why: Mapping[PersonId, str] = field(default_factory=dict)
    calls: Mapping[PersonId, Call] = field(default_factory=dict)
    stays: Mapping[PersonId, tuple[Stay, ...]] = field(default_factory=dict)
    times: tuple[frozenset[Pair], ...] = ()
    apart: frozenset[Pair] = frozenset()
    staff: frozenset[PersonId] = frozenset()
    seed: int = 0
    drawn: int = 0
    named: int = 0

    def members(self, room: SmallRoomId) -> tuple[PersonId, ...]:
        """All in a small room, also those whose line is lost."""
        return tuple(person for person, there in self.where.items() if there == room)

    def participants(self, room: SmallRoomId) -> tuple[PersonId, ...]:
        return tuple(person for person in self.members(room) if person not in self.staff)

    def visitors(self, room: SmallRoomId) -> tuple[PersonId, ...]:
        return tuple(person for person in self.members(room) if person in self.staff)

    @property
    def groups(self) -> tuple[SmallRoom, ...]:
        """The small rooms of pairs and threes, by their number."""
        return tuple(room for room in self.rooms.values() if room.side is None)

    @property
    def sides(self) -> tuple[SmallRoom, ...]:
        return tuple(room for room in self.rooms.values() if room.side is not None)

    def room_of(self, person: PersonId) -> SmallRoom | None:
        name = self.where.get(person)
        return None if name is None else self.rooms.get(name)

    @property
    def told_times(self) -> tuple[tuple[Group, ...], ...]:
        """Who was with whom, as the next meeting's opening is told."""
        return tuple(tuple(sorted(tuple(sorted(each)) for each in together)) for together in self.times)

    @property
    def tired(self) -> frozenset[Pair]:
        """Who was together both of the last two times that one of them was in a small room."""
        before = self.times if self.open is None else self.times[:-1]
        times: dict[PersonId, list[set[PersonId]]] = {}
        for together in before:
            with_whom: dict[PersonId, set[PersonId]] = {}
            for each in together:
                for person in each:
                    with_whom.setdefault(person, set()).update(each - {person})
            for person, others in with_whom.items():
                times.setdefault(person, []).append(others)
        return frozenset(
            pair(person, other)
            for person, theirs in times.items()
            if len(theirs) >= 2
            for other in theirs[-1] & theirs[-2]
        )

    @property
    def met(self) -> Mapping[Pair, int]:
        return Counter(each for together in self.times for each in together)


# --------------------------------------------------------------- fold


def evolve(breakouts: Breakouts, recorded: Recorded) -> Breakouts:
    return _after(breakouts, recorded.event, recorded.at)


def _after(breakouts: Breakouts, event: Event, at: Instant) -> Breakouts:
    match event:
        case SessionOpened(roster=roster, apart=apart, together=former, prompt_seed=seed):
            return Breakouts(
                staff=frozenset(expected.person for expected in roster if expected.role in STAFF),
                apart=frozenset(frozenset(each) for each in apart),
                times=tuple(frozenset(each for group in groups for each in pairs_of(group)) for groups in former),
                seed=seed,
            )
        case PersonExpected(expected=expected):
            staff = breakouts.staff | {expected.person} if expected.role in STAFF else breakouts.staff
            return replace(breakouts, staff=staff)
        case ApartListed(pairs=pairs):
            return replace(breakouts, apart=frozenset(frozenset(each) for each in pairs))
        case BreakoutsPlanned(rooms=rooms, drawn=drawn, again=again):
            plan = Plan(rooms=rooms, again=again) if rooms else None
            return replace(breakouts, plan=plan, drawn=breakouts.drawn + drawn)
        case BreakoutsOpened() as opened:
            return _open(breakouts, opened, at)
        case BreakoutsEnding(ends_at=ends_at, called=called):
            now_open = breakouts.open
            if now_open is None:
                return breakouts
            return replace(breakouts, open=replace(now_open, ends_at=ends_at, called=called))
        case BreakoutsClosed():
            return _close(breakouts, at)
        case PersonMoved(person=person, room=room, why=why):
            return _move(breakouts, person, room, why, at)
        case SideRoomOpened() as opened:
            return _open_side(breakouts, opened, at)
        case SideRoomClosed(room=room):
            return _close_side(breakouts, room, at)
        case HelpCalled(person=person, alone=alone):
            return replace(breakouts, calls={**breakouts.calls, person: Call(at=at, alone=alone)})
        case HelpAnswered(person=person):
            return replace(breakouts, calls=_but(breakouts.calls, {person}))
        case Admitted(person=person) if breakouts.open is not None:
            return replace(breakouts, why={**breakouts.why, person: "late"})
        case PersonLeft(person=person) | MovedToWaiting(person=person) | PersonRemoved(person=person):
            return _without(breakouts, person, at)
        case SessionEnded():
            for side in breakouts.sides:
                breakouts = _close_side(breakouts, side.id, at)
            return replace(_close(breakouts, at), plan=None, calls={})
        case _:
            return breakouts


def _open(breakouts: Breakouts, opened: BreakoutsOpened, at: Instant) -> Breakouts:
    rooms = {
        name: SmallRoom(id=name, number=number, changed_at=at) for number, name in enumerate(opened.rooms, start=1)
    }
    again = breakouts.plan is not None and breakouts.plan.again
    together = frozenset(each for group in opened.rooms.values() for each in pairs_of(group))
    breakouts = replace(
        breakouts,
        plan=None,
        open=Breakout(opened_at=at, ends_at=opened.ends_at, task=opened.task, again=again),
        rooms={**breakouts.rooms, **rooms},
        named=breakouts.named + len(rooms),
        times=(*breakouts.times, together)[-TIMES_KEPT:],
    )
    for name, group in opened.rooms.items():
        for person in group:
            breakouts = _go(breakouts, person, name, at, why="placed")
    return breakouts


def _close(breakouts: Breakouts, at: Instant) -> Breakouts:
    groups = {room.id for room in breakouts.groups}
    for person in [person for person, room in breakouts.where.items() if room in groups]:
        breakouts = _go(breakouts, person, None, at)
    return replace(
        breakouts,
        open=None,
        rooms=_but(breakouts.rooms, groups),
        returns={},
        why={person: why for person, why in breakouts.why.items() if person in breakouts.where},
        calls={person: call for person, call in breakouts.calls.items() if call.alone},
    )


def _move(breakouts: Breakouts, person: PersonId, room: SmallRoomId | None, why: str, at: Instant) -> Breakouts:
    breakouts = _go(breakouts, person, room, at, why=why)
    target = None if room is None else breakouts.rooms.get(room)
    if target is None or target.side is not None:
        return breakouts
    others = [other for other in breakouts.participants(target.id) if other != person]
    if person in breakouts.staff:
        heard = {other for other in others if other in breakouts.calls and not breakouts.calls[other].alone}
        return replace(breakouts, calls=_but(breakouts.calls, heard))
    together = breakouts.times[-1] | {pair(person, other) for other in others}
    return replace(breakouts, times=(*breakouts.times[:-1], together))


def _open_side(breakouts: Breakouts, opened: SideRoomOpened, at: Instant) -> Breakouts:
    before = breakouts.room_of(opened.person)
    returns = breakouts.returns if before is None else {**breakouts.returns, opened.person: before.id}
    room = SmallRoom(id=opened.room, number=len(breakouts.sides) + 1, changed_at=at, side=opened.person)
    breakouts = replace(
        breakouts,
        rooms={**breakouts.rooms, opened.room: room},
        returns=returns,
        named=breakouts.named + 1,
        calls=_but(breakouts.calls, {opened.person}),
    )
    breakouts = _go(breakouts, opened.person, opened.room, at, why="side")
    return _go(breakouts, opened.facilitator, opened.room, at, why="visit")


def _close_side(breakouts: Breakouts, room: SmallRoomId, at: Instant) -> Breakouts:
    for person in breakouts.members(room):
        back = breakouts.returns.get(person)
        breakouts = _go(breakouts, person, back if back in breakouts.rooms else None, at, why="back")
    return replace(breakouts, rooms=_but(breakouts.rooms, {room}))


def _without(breakouts: Breakouts, person: PersonId, at: Instant) -> Breakouts:
    """Who is out of the room is in no small room either; a side room that was theirs is none any more."""
    left = breakouts.room_of(person)
    breakouts = _go(breakouts, person, None, at)
    breakouts = replace(
        breakouts,
        returns=_but(breakouts.returns, {person}),
        why=_but(breakouts.why, {person}),
        calls=_but(breakouts.calls, {person}),
    )
    if left is not None and left.side is not None and not breakouts.participants(left.id):
        breakouts = _close_side(breakouts, left.id, at)
    return breakouts


def _go(breakouts: Breakouts, person: PersonId, room: SmallRoomId | None, at: Instant, *, why: str = "") -> Breakouts:
    """Put somebody somewhere: where, since when and why. An unknown small room is the main one."""
    target = None if room is None else breakouts.rooms.get(room)
    before = breakouts.where.get(person)
    where = _but(breakouts.where, {person})
    stays = breakouts.stays.get(person, ())
    if stays and stays[-1].end is None:
        stays = (*stays[:-1], replace(stays[-1], end=at))
    if target is not None:
        where[person] = target.id
        stays = (*stays, Stay(room=target.id, side=target.side is not None, start=at))[-STAYS_MAX:]
    rooms = {
        name: replace(one, changed_at=at) if name in (before, room) else one for name, one in breakouts.rooms.items()
    }
    return replace(
        breakouts,
        where=where,
        rooms=rooms,
        returns=breakouts.returns
        if target is not None and target.side is not None
        else _but(breakouts.returns, {person}),
        why={**breakouts.why, person: why},
        stays={**breakouts.stays, person: stays} if stays else breakouts.stays,
    )


def _but(mapping: Mapping[Name, Value], names: Iterable[Name]) -> dict[Name, Value]:
    out = set(names)
    return {name: value for name, value in mapping.items() if name not in out}


# --------------------------------------------------------------- rules: the proposal


def list_apart(breakouts: Breakouts, pairs: Sequence[Sequence[PersonId]]) -> tuple[Event, ...]:
    wanted = frozenset(frozenset(each) for each in pairs if len(set(each)) == 2)
    if wanted == breakouts.apart:
        return ()
    one_way = sorted(tuple(sorted(each)) for each in wanted)
    return (ApartListed(pairs=tuple((first, second) for first, second in one_way)),)


def draw(
    breakouts: Breakouts, here: Sequence[PersonId], size: int, *, again: bool, naming: Naming
) -> tuple[Event, ...]:
    """Groups by lot, of those who are here; or why there are none, and which rule could give."""
    _check_not_open(breakouts)
    if size not in (2, 3):
        raise Refusal("bad_size", "Small rooms are drawn in pairs or in threes.")
    if len(here) < 2:
        raise Refusal("too_few_people", "There have to be at least two people in the room for that.")
    mixed = sorted(here, key=lambda person: _lot(breakouts, person))
    never = breakouts.apart if again else breakouts.apart | breakouts.tired
    groups = partition(mixed, size, never=never, met=breakouts.met)
    if groups is None:
        raise Refusal("no_groups_possible", _what_could_give(breakouts, mixed, size, again=again, naming=naming))
    return (BreakoutsPlanned(rooms=groups, drawn=True, again=again),)


def _lot(breakouts: Breakouts, person: PersonId) -> bytes:
    return hashlib.sha256(f"{breakouts.seed} {breakouts.drawn} {person}".encode()).digest()


def _what_could_give(
    breakouts: Breakouts, people: Sequence[PersonId], size: int, *, again: bool, naming: Naming
) -> str | Sentence:
    never = breakouts.apart if again else breakouts.apart | breakouts.tired

    def works(without: frozenset[Pair] = frozenset(), *, size: int = size) -> bool:
        return partition(people, size, never=never - without, met={}, steps_max=ADVICE_STEPS_MAX) is not None

    if not again and works(breakouts.tired - breakouts.apart):
        return marked(
            "It only works if two people are together a third time running. You can allow that, and draw again."
        )
    if size == 2 and works(size=3):
        return marked("It does not work in pairs, because of who is kept apart. In threes it does.")
    if size == 3 and works(size=2):
        return marked("It does not work in threes, because of who is kept apart. In pairs it does.")
    among = sorted(tuple(sorted(each)) for each in breakouts.apart if each <= set(people))
    for one, other in among[:ADVICE_PAIRS_MAX]:
        if works(frozenset((pair(one, other),))):
            return Sentence(
                "It only works if {one} and {other} may be together, who are kept apart now.",
                one=naming(one),
                other=naming(other),
            )
    return marked("Too many people are kept apart for that. Make the rooms by hand: who is in none stays with you.")


def plan(
    breakouts: Breakouts, rooms: Sequence[Group], again: bool, *, participant: Callable[[PersonId], object]
) -> tuple[Event, ...]:
    """The proposal as it was changed by hand. It may break rules while somebody is at it: opening asks for them.

    `participant` refuses whoever is none.
    """
    _check_not_open(breakouts)
    named = [person for group in rooms for person in group]
    for person in named:
        participant(person)
    if len(set(named)) != len(named):
        raise Refusal("bad_plan", "Somebody is in two of the rooms.")
    if any(len(group) > GROUP_MAX for group in rooms):
        raise Refusal("bad_plan", Sentence("At most {most} people fit into one small room.", most=GROUP_MAX))
    kept = tuple(tuple(group) for group in rooms if group)
    before = breakouts.plan
    if (before.rooms, before.again) == (kept, again) if before is not None else not kept:
        return ()
    return (BreakoutsPlanned(rooms=kept, drawn=False, again=again),)


def open_(
    breakouts: Breakouts,
    here: Sequence[PersonId],
    *,
    minutes: int | None,
    task: str,
    now: Instant,
    naming: Naming,
) -> tuple[Event, ...]:
    """Whoever of the proposal is here goes where it says; others are not waited for."""
    _check_not_open(breakouts)
    body(task, "what to do", TASK_MAX)
    if minutes is not None and not 1 <= minutes <= MINUTES_MAX:
        raise Refusal("bad_length", Sentence("Small rooms last from 1 to {most} minutes.", most=MINUTES_MAX))
    proposed = breakouts.plan.rooms if breakouts.plan is not None else ()
    groups = [tuple(person for person in group if person in here) for group in proposed]
    groups = [group for group in groups if group]
    if not groups:
        raise Refusal("no_plan", "Draw the groups first, or make them by hand.")
    again = breakouts.plan is not None and breakouts.plan.again
    for group in groups:
        if len(group) == 1:
            alone = Sentence("{name} would be alone. Put them with others, or into no room.", name=naming(group[0]))
            raise Refusal("left_alone", alone)
        for each in pairs_of(group):
            _check_may_meet(breakouts, each, again=again, naming=naming)
    names = [SmallRoomId(f"small-{breakouts.named + number}") for number in range(1, len(groups) + 1)]
    return (
        BreakoutsOpened(
            rooms=dict(zip(names, groups, strict=True)),
            task=task.strip(),
            ends_at=None if minutes is None else Instant(now + minutes * MINUTE_MS),
        ),
    )


def problems(breakouts: Breakouts, group: Group) -> list[str]:
    """What keeps a proposed room from being opened: 'alone', 'apart', 'again'."""
    found = ["alone"] if len(group) == 1 else []
    pairs = set(pairs_of(group))
    if pairs & breakouts.apart:
        found.append("apart")
    if pairs & breakouts.tired and not (breakouts.plan is not None and breakouts.plan.again):
        found.append("again")
    return found


def _check_not_open(breakouts: Breakouts) -> None:
    if breakouts.open is not None:
        raise Refusal("breakouts_open", "The group is in small rooms already. Call them back first.")


def _check_may_meet(breakouts: Breakouts, each: Pair, *, again: bool, naming: Naming) -> None:
    one, other = sorted(each)
    if each in breakouts.apart:
        said = Sentence(
            "{one} and {other} are kept apart. Put one of them elsewhere.", one=naming(one), other=naming(other)
        )
        raise Refusal("kept_apart", said)
    if not again and each in breakouts.tired:
        said = Sentence(
            "{one} and {other} would be together a third time running. Change that, or allow it.",
            one=naming(one),
            other=naming(other),
        )
        raise Refusal("together_again", said)


# --------------------------------------------------------------- rules: while they are open


def call_back(breakouts: Breakouts, seconds: int, now: Instant) -> tuple[Event, ...]:
    _check_open(breakouts)
    if not 0 <= seconds <= CALL_BACK_S_MAX:
        most = CALL_BACK_S_MAX // 60
        raise Refusal("bad_length", Sentence("People can be called back in {most} minutes at most.", most=most))
    return (BreakoutsEnding(ends_at=Instant(now + seconds * SECOND_MS), called=True),)


def extend(breakouts: Breakouts, by_ms: int, now: Instant) -> tuple[Event, ...]:
    """More time, or less; where there was no end, from now on."""
    now_open = _check_open(breakouts)
    ends_at = Instant(max(now, (now_open.ends_at or now) + by_ms))
    if by_ms == 0 or ends_at > now + MINUTES_MAX * MINUTE_MS:
        raise Refusal("bad_length", Sentence("Small rooms last from 1 to {most} minutes.", most=MINUTES_MAX))
    return (BreakoutsEnding(ends_at=ends_at, called=now_open.called and by_ms < 0),)


def close(breakouts: Breakouts, how: str = "facilitator") -> tuple[Event, ...]:
    if breakouts.open is None:
        return ()
    groups = {room.id for room in breakouts.groups}
    people = tuple(person for person, room in breakouts.where.items() if room in groups)
    return (BreakoutsClosed(people=people, how=how),)


def move_to(breakouts: Breakouts, person: PersonId, room: SmallRoomId | None, naming: Naming) -> tuple[Event, ...]:
    now_open = _check_open(breakouts)
    here = breakouts.room_of(person)
    if here is not None and here.side is not None:
        raise Refusal("in_side_room", Sentence("{name} is being spoken with apart just now.", name=naming(person)))
    if (None if here is None else here.id) == room:
        return ()
    if room is not None:
        target = _known(breakouts, room)
        if target.side is not None:
            raise Refusal("in_side_room", "That is a side room. Nobody is taken into it from here.")
        others = breakouts.participants(room)
        if len(others) >= GROUP_MAX:
            raise Refusal("bad_plan", Sentence("At most {most} people fit into one small room.", most=GROUP_MAX))
        for other in others:
            _check_may_meet(breakouts, pair(person, other), again=now_open.again, naming=naming)
    return (PersonMoved(person=person, room=room, why="placed"),)


def visit(
    breakouts: Breakouts, facilitator: PersonId, room: SmallRoomId | None, attendance: Attendance
) -> tuple[Event, ...]:
    """Go there, or back. Who leaves a side room as the last one who leads closes it."""
    here = breakouts.room_of(facilitator)
    if (None if here is None else here.id) == room:
        return ()
    if room is not None:
        _known(breakouts, room)
    events: tuple[Event, ...] = ()
    if here is not None and here.side is not None:
        others = [other for other in breakouts.visitors(here.id) if other != facilitator]
        if not any(attendance.of(other).present for other in others):
            events = close_side(breakouts, here.id)
            if room is None:
                return events
    return (*events, PersonMoved(person=facilitator, room=room, why="visit"))


def call_for_help(breakouts: Breakouts, person: PersonId, *, on: bool, alone: bool) -> tuple[Event, ...]:
    call = breakouts.calls.get(person)
    if not on:
        return () if call is None else (HelpAnswered(person=person),)
    return () if call is not None and call.alone == alone else (HelpCalled(person=person, alone=alone),)


def answer_help(breakouts: Breakouts, person: PersonId) -> tuple[Event, ...]:
    return (HelpAnswered(person=person),) if person in breakouts.calls else ()


# --------------------------------------------------------------- rules: side rooms


def open_side(
    breakouts: Breakouts, person: PersonId, facilitator: PersonId, attendance: Attendance, naming: Naming
) -> tuple[Event, ...]:
    """A room for both. Where the person is spoken with already, the facilitator comes along."""
    if not attendance.of(person).present:
        raise Refusal("not_here", Sentence("{name} is not connected just now.", name=naming(person)))
    theirs, mine = breakouts.room_of(person), breakouts.room_of(facilitator)
    if theirs is not None and theirs.side is not None:
        return visit(breakouts, facilitator, theirs.id, attendance)
    if mine is not None and mine.side is not None:
        raise Refusal("in_side_room", "You are in a side room already. Close that one first.")
    room = SmallRoomId(f"small-{breakouts.named + 1}")
    return (SideRoomOpened(room=room, person=person, facilitator=facilitator),)


def close_side(breakouts: Breakouts, room: SmallRoomId, how: str = "facilitator") -> tuple[Event, ...]:
    if room not in breakouts.rooms:
        return ()
    if breakouts.rooms[room].side is None:
        raise Refusal("unknown_room", "There is no such side room.")
    return (SideRoomClosed(room=room, people=breakouts.members(room), how=how),)


def _check_open(breakouts: Breakouts) -> Breakout:
    if breakouts.open is None:
        raise Refusal("breakouts_closed", "The group is not in small rooms.")
    return breakouts.open


def _known(breakouts: Breakouts, room: SmallRoomId) -> SmallRoom:
    found = breakouts.rooms.get(room)
    if found is None:
        raise Refusal("unknown_room", "There is no such small room any more.")
    return found


# --------------------------------------------------------------- what time alone brings about


def alone_since(breakouts: Breakouts, attendance: Attendance, room: SmallRoom) -> Instant | None:
    """Since when somebody has had no company there (in a side room: nobody who leads); None: all is well.

    A line that was lost, a line that came back and a server that was restarted each begin that time anew.
    """
    present = [person for person in breakouts.members(room.id) if attendance.of(person).present]
    participants = [person for person in present if person not in breakouts.staff]
    if len(participants) < len(present) or not participants or (room.side is None and len(participants) > 1):
        return None
    instants = [room.changed_at, attendance.took_over_at or room.changed_at]
    for person in breakouts.members(room.id):
        instants += _turned(attendance.of(person))
    return max(instants)


def _turned(trace: Trace) -> list[Instant]:
    """When somebody was last lost, or came back."""
    opened = [source.opened for source in trace.sources.values()]
    return [min(opened)] if opened else [trace.online[-1][1]] if trace.online else []


def next_due(breakouts: Breakouts, attendance: Attendance) -> Instant | None:
    if attendance.ended_at is not None:
        return None
    dues = [
        Instant(since + GRACE_MS)
        for room in breakouts.rooms.values()
        if (since := alone_since(breakouts, attendance, room)) is not None
    ]
    if breakouts.open is not None and breakouts.open.ends_at is not None:
        dues.append(breakouts.open.ends_at)
    return min(dues, default=None)


def due(breakouts: Breakouts, attendance: Attendance, now: Instant) -> tuple[Event, ...]:
    """All back when the time is over; nobody left alone."""
    events: list[Event] = []

    def happens(*some: Event) -> None:
        nonlocal breakouts
        for event in some:
            events.append(event)
            breakouts = _after(breakouts, event, now)

    if breakouts.open is not None and breakouts.open.ends_at is not None and breakouts.open.ends_at <= now:
        happens(*close(breakouts, "time"))
    for name in tuple(breakouts.rooms):
        room = breakouts.rooms.get(name)
        since = None if room is None else alone_since(breakouts, attendance, room)
        if room is None or since is None or since + GRACE_MS > now:
            continue
        if room.side is not None:
            happens(*close_side(breakouts, room.id, "alone"))
        else:
            happens(*_into_company(breakouts, attendance, room))
    return tuple(events)


def _into_company(breakouts: Breakouts, attendance: Attendance, room: SmallRoom) -> list[Event]:
    """Whoever is alone goes where the fewest are, who may be with them, or back; who is away will find the others."""
    [person] = [each for each in breakouts.participants(room.id) if attendance.of(each).present]
    never = breakouts.apart | (breakouts.tired if breakouts.open is not None and not breakouts.open.again else set())
    choices: list[tuple[int, int, SmallRoom]] = []
    for other in breakouts.groups:
        there = breakouts.participants(other.id)
        present = [each for each in there if attendance.of(each).present]
        if other.id == room.id or not present or len(there) >= JOINED_MAX:
            continue
        if not any(pair(person, each) in never for each in there):
            choices.append((len(there), other.number, other))
    target = min(choices, key=lambda choice: choice[:2])[2].id if choices else None
    absent = [each for each in breakouts.members(room.id) if each != person]
    return [
        PersonMoved(person=person, room=target, why="alone"),
        *(PersonMoved(person=each, room=None, why="gone") for each in absent),
    ]


def in_main(breakouts: Breakouts, seats: Seats) -> Seats:
    """The seats as those in the main room have them: whoever is elsewhere is as if hidden, and is not asked now."""
    if not breakouts.where:
        return seats
    return Seats(
        by_person={
            person: replace(seat, shielded=True) if person in breakouts.where else seat
            for person, seat in seats.by_person.items()
        }
    )


def movers(events: Iterable[Event]) -> frozenset[PersonId]:
    """Who is somewhere else after these events."""
    found: set[PersonId] = set()
    for event in events:
        match event:
            case BreakoutsOpened(rooms=rooms):
                found.update(person for group in rooms.values() for person in group)
            case BreakoutsClosed(people=people) | SideRoomClosed(people=people):
                found.update(people)
            case PersonMoved(person=person):
                found.add(person)
            case SideRoomOpened(person=person, facilitator=facilitator):
                found.update((person, facilitator))
            case _:
                pass
    return frozenset(found)
