"""Rounds: everyone in turn, with a gentle time. Who has the turn, who is still to be asked, who spoke and who passed.

Whoever is in a round stands in exactly one place: they have the turn, are still to be asked, or are done. Who is away
as their turn comes keeps their place in the line and is asked when they are back; so nobody is skipped, and nobody is
asked twice unless they, or a facilitator who goes back, want it so.

What is said in a round is nowhere. That somebody spoke or passed is for staff and the person; the group sees only who
has the turn and how many are to come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from facilitation.attendance import Attendance
from facilitation.errors import Refusal
from facilitation.events import (
    Event,
    NextChosen,
    Recorded,
    RoundClosed,
    RoundJoined,
    RoundOpened,
    SessionEnded,
    SessionOpened,
    TurnBegan,
    TurnEnded,
    TurnExtended,
    TurnReturned,
)
from facilitation.ids import PersonId, RoundId, SegmentId
from facilitation.roundquestions import Kind
from facilitation.seats import Seat, Seats
from facilitation.sentences import Sentence
from facilitation.text import line
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant

QUESTION_MAX = 200
TURN_MS_MIN = 15 * SECOND_MS
TURN_MS_MAX = 10 * MINUTE_MS
ROUNDS_MAX = 24
AWAY_MS = 20 * SECOND_MS
"""A line that is lost in somebody's turn: so long the turn waits for them."""
SETTLE_MS = 5 * SECOND_MS
"""Nobody has the turn, and somebody who is still to be asked comes back: so long they have until they are asked."""


class Order(StrEnum):
    RANDOM = "random"
    GIVEN = "given"
    """By hand, or the quietest first: whose voice was heard how long is known to those who lead, and to no log."""


class How(StrEnum):
    """How a turn ended."""

    SPOKE = "spoke"
    PASSED = "passed"
    LATER = "later"
    """ "Come back to me": to the end of the line."""
    LEFT = "left"
    """They went away in it, and are asked again when they are back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round. `line`: all who are in it, in the order of the opening, who came late last; `queue`: who is still to
    be asked, the next one first; `done`: who is not asked any more; `past`: whose turns ended with a word, in order.

    `turn` counts the turns that began. `until`: when the gentle time of this one is full. `rest_since`: since when
    nobody has the turn. `later`: who asked to be asked later, which can be done once.
    """

    round: RoundId
    kind: Kind
    question: str
    segment: SegmentId
    turn_ms: int
    line: tuple[PersonId, ...]
    queue: tuple[PersonId, ...]
    opened_at: Instant
    rest_since: Instant
    turn: int = 0
    now: PersonId | None = None
    since: Instant | None = None
    until: Instant | None = None
    done: Mapping[PersonId, How] = field(default_factory=dict)
    past: tuple[PersonId, ...] = ()
    later: frozenset[PersonId] = frozenset()
    closed_at: Instant | None = None

    @property
    def over(self) -> bool:
        """Everybody was asked."""
        return self.now is None and not self.queue

    def next(self, here: Collection[PersonId]) -> PersonId | None:
        """Who is asked next: the first of those still to be asked who can be."""
        return next((each for each in self.queue if each in here), None)

    def before(self, person: PersonId) -> PersonId | None:
        """The one before somebody in the line; the first has the last before them."""
        if person not in self.line or len(self.line) < 2:
            return None
        return self.line[self.line.index(person) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """All rounds of a session. `seed`: what random orders are drawn from."""

    all: tuple[Round, ...] = ()
    seed: int = 0

    @property
    def open(self) -> Round | None:
        return self.all[-1] if self.all and self.all[-1].closed_at is None else None

    def of(self, name: RoundId) -> Round:
        for each in self.all:
            if each.round == name:
                return each
        raise Refusal("unknown_round", "There is no such round in this session.")


# --------------------------------------------------------------- fold


def evolve(rounds: Rounds, recorded: Recorded) -> Rounds:
    match recorded.event:
        case SessionOpened(prompt_seed=seed):
            return Rounds(seed=seed)
        case RoundOpened() as opened if opened.kind in set(Kind):
            new = Round(
                round=opened.round,
                kind=Kind(opened.kind),
                question=opened.question,
                segment=opened.segment,
                turn_ms=opened.turn_ms,
                line=opened.line,
                queue=opened.line,
                opened_at=recorded.at,
                rest_since=recorded.at,
            )
            return replace(rounds, all=(*rounds.all, new))
        case SessionEnded():
            last = rounds.open
            return rounds if last is None else _with(rounds, replace(last, closed_at=recorded.at))
        case (
            TurnBegan() | TurnEnded() | TurnExtended() | TurnReturned() | RoundJoined() | NextChosen() | RoundClosed()
        ) as event:
            found = next((each for each in rounds.all if each.round == event.round), None)
            return rounds if found is None else _with(rounds, _evolve_round(found, event, recorded.at))
        case _:
            return rounds


def _with(rounds: Rounds, changed: Round) -> Rounds:
    return replace(rounds, all=tuple(changed if each.round == changed.round else each for each in rounds.all))


def _evolve_round(round_: Round, event: Event, at: Instant) -> Round:
    match event:
        case TurnBegan(person=person, until=until):
            return _begin(_set_down(round_, at), person, until, at)
        case TurnEnded(person=person, how=how) if how in set(How):
            return _end(round_, person, How(how), at)
        case TurnReturned(person=person, until=until):
            back = _begin(_reopened(_set_down(round_, at), person), person, until, at)
            return replace(back, past=_without_last(back.past, person))
        case TurnExtended(until=until):
            return replace(round_, until=until)
        case RoundJoined(person=person):
            if person == round_.now or person in round_.queue:
                return round_
            added = round_ if person in round_.line else replace(round_, line=(*round_.line, person))
            return replace(_reopened(added, person), queue=(*round_.queue, person))
        case NextChosen(person=person) if person in round_.queue:
            return replace(round_, queue=(person, *_without(round_.queue, person)))
        case RoundClosed():
            return replace(round_, now=None, since=None, until=None, closed_at=at)
        case _:
            return round_


def _begin(round_: Round, person: PersonId, until: Instant | None, at: Instant) -> Round:
    queue = _without(round_.queue, person)
    return replace(round_, queue=queue, now=person, since=at, until=until, turn=round_.turn + 1)


def _end(round_: Round, person: PersonId, how: How, at: Instant) -> Round:
    if person == round_.now:
        down = _set_down(round_, at)
        if how is How.LEFT:
            return down
        queue = _without(down.queue, person)
        if how is How.LATER:
            later = round_.later | {person}
            return replace(down, queue=(*queue, person), past=(*down.past, person), later=later)
        return replace(down, queue=queue, past=(*down.past, person), done={**down.done, person: how})
    if person in round_.queue and how in (How.PASSED, How.SPOKE):  # beforehand
        return replace(round_, queue=_without(round_.queue, person), done={**round_.done, person: how})
    return round_


def _set_down(round_: Round, at: Instant) -> Round:
    """Nobody has the turn; who had it would be asked next."""
    queue = round_.queue if round_.now is None else (round_.now, *round_.queue)
    return replace(round_, now=None, since=None, until=None, queue=queue, rest_since=at)


def _reopened(round_: Round, person: PersonId) -> Round:
    """Somebody is not done after all."""
    return replace(round_, done={each: how for each, how in round_.done.items() if each != person})


def _without(people: Sequence[PersonId], person: PersonId) -> tuple[PersonId, ...]:
    return tuple(each for each in people if each != person)


def _without_last(people: tuple[PersonId, ...], person: PersonId) -> tuple[PersonId, ...]:
    if person not in people:
        return people
    last = len(people) - 1 - people[::-1].index(person)
    return people[:last] + people[last + 1 :]


# --------------------------------------------------------------- who can be asked


def here(seats: Seats, attendance: Attendance) -> tuple[PersonId, ...]:
    """Who can have the turn now, in the order they came: in the room, connected, and not hidden from somebody."""
    return tuple(seat.person for seat in seats.in_room if attendance.of(seat.person).connected and not seat.shielded)


def participants(seats: Seats, attendance: Attendance) -> tuple[PersonId, ...]:
    return tuple(each for each in here(seats, attendance) if not seats.of(each).staff)


# --------------------------------------------------------------- rules


def open_(
    rounds: Rounds,
    *,
    kind: str,
    question: str,
    order: str,
    wanted: Sequence[PersonId],
    turn_ms: int,
    segment: SegmentId,
    seats: Seats,
    attendance: Attendance,
) -> tuple[Event, ...]:
    """All participants who are here are in it. `wanted`: the order by hand; whoever it leaves out comes after it."""
    if kind not in set(Kind):
        raise Refusal("unknown_round", "There is no such kind of round.")
    if order not in set(Order):
        raise Refusal("unknown_order", "Choose an order: at random, or by hand.")
    if turn_ms and not TURN_MS_MIN <= turn_ms <= TURN_MS_MAX:
        raise Refusal("bad_length", "A turn has from 15 seconds to 10 minutes, or no time at all.")
    asked = line(question, "the question", QUESTION_MAX, required=kind == Kind.QUESTION)
    before = rounds.open
    if before is not None and not before.over:
        raise Refusal("round_open", "A round is under way. End it first.")
    if len(rounds.all) >= ROUNDS_MAX:
        raise Refusal("too_many", Sentence("A session has at most {most} rounds.", most=ROUNDS_MAX))
    group = participants(seats, attendance)
    if not group:
        raise Refusal("nobody_here", "Nobody is in the room yet who could be asked.")
    present = here(seats, attendance)
    first = tuple(dict.fromkeys(each for each in wanted if each in present)) if order == Order.GIVEN else ()
    others = [each for each in group if each not in first]
    if order == Order.RANDOM:
        others = _shuffled(others, rounds)
    name = RoundId(f"round-{len(rounds.all) + 1}")
    opened = RoundOpened(
        round=name, kind=kind, question=asked, segment=segment, line=(*first, *others), turn_ms=turn_ms
    )
    return (*(() if before is None else close(rounds, before.round)), opened)


def _shuffled(people: Sequence[PersonId], rounds: Rounds) -> list[PersonId]:
    """An order that follows from the session's seed: another one in each round, and the same in a replay."""

    def drawn(person: PersonId) -> bytes:
        return hashlib.sha256(f"{rounds.seed} round {len(rounds.all) + 1} {person}".encode()).digest()

    return sorted(people, key=drawn)


def move_on(
    rounds: Rounds,
    name: RoundId,
    turn: int,
    asker: PersonId,
    present: Collection[PersonId],
    now: Instant,
    *,
    leads: bool,
) -> tuple[Event, ...]:
    """The turn goes on: by who has it, who is done, or by who leads, also to begin. `turn`: the one that was seen.

    A double press, or two people at once, moves the group once.
    """
    found = _open(rounds, name)
    if not leads and found.now is not None and found.now != asker:
        raise Refusal("not_your_turn", "Somebody else has the turn just now.")
    if not leads and found.now is None:
        return ()
    if turn != found.turn:
        return ()
    if found.now is None:
        return _next_turn(found, present, now)
    return _ended(found, found.now, How.SPOKE if found.now in present else How.LEFT, present, now)


def pass_(
    rounds: Rounds, name: RoundId, person: PersonId, present: Collection[PersonId], now: Instant
) -> tuple[Event, ...]:
    """I would rather not, now or before my turn comes."""
    found = _in(rounds, name, person)
    if person == found.now:
        return _ended(found, person, How.PASSED, present, now)
    return (TurnEnded(round=name, person=person, how=How.PASSED),) if person in found.queue else ()


def later(
    rounds: Rounds, name: RoundId, person: PersonId, present: Collection[PersonId], now: Instant
) -> tuple[Event, ...]:
    """ "Come back to me": once, and only while somebody else is still to be asked."""
    found = _in(rounds, name, person)
    if person != found.now:
        return ()
    if not may_defer(found, person, present):
        raise Refusal("last_in_line", "All others have been asked. Take your time, or pass: both are fine.")
    return _ended(found, person, How.LATER, present, now)


def may_defer(round_: Round, person: PersonId, present: Collection[PersonId]) -> bool:
    return person not in round_.later and round_.next(present) is not None


def join(rounds: Rounds, name: RoundId, asker: Seat, seat: Seat, *, leads: bool) -> tuple[Event, ...]:
    """Into the line: who came late, by who leads; who passed, also by themself."""
    found = _open(rounds, name)
    person = seat.person
    if not leads and person != asker.person:
        raise Refusal("not_allowed", "Your facilitator adds people to this round.")
    if person == found.now or person in found.queue:
        return ()
    if not leads and found.done.get(person) is not How.PASSED:
        raise Refusal("not_allowed", "Your facilitator can add you to this round.")
    if not seat.in_room:
        raise Refusal("not_in_room", Sentence("{name} is not in the room.", name=seat.name))
    if found.done.get(person) is How.SPOKE:
        raise Refusal("already_asked", Sentence("{name} has had a turn in this round.", name=seat.name))
    return (RoundJoined(round=name, person=person),)


def choose_next(rounds: Rounds, name: RoundId, person: PersonId) -> tuple[Event, ...]:
    """Who is asked next, by hand."""
    found = _open(rounds, name)
    if person not in found.queue:
        raise Refusal("already_asked", "Only who is still to be asked can be the next one.")
    return () if found.queue[0] == person else (NextChosen(round=name, person=person),)


def go_back(
    rounds: Rounds, name: RoundId, turn: int, seats: Seats, present: Collection[PersonId], now: Instant
) -> tuple[Event, ...]:
    """The turn goes back to whoever had it before; who has it now is asked next."""
    found = _open(rounds, name)
    if turn != found.turn:
        return ()
    if not found.past:
        raise Refusal("first_turn", "Nobody has had a turn before this one.")
    person = found.past[-1]
    if person not in present:
        raise Refusal("not_in_room", Sentence("{name} is not here just now.", name=seats.of(person).name))
    return (TurnReturned(round=name, person=person, until=_until(found, now)),)


def extend(rounds: Rounds, name: RoundId, turn: int, by_ms: int, now: Instant) -> tuple[Event, ...]:
    """More time for this turn, from its end or, when that is over, from now."""
    found = _open(rounds, name)
    if not TURN_MS_MIN <= by_ms <= TURN_MS_MAX:
        raise Refusal("bad_length", "A turn gets from 15 seconds to 10 minutes more.")
    if turn != found.turn or found.now is None or found.until is None:
        return ()
    return (TurnExtended(round=name, until=Instant(max(found.until, now) + by_ms)),)


def close(rounds: Rounds, name: RoundId) -> tuple[Event, ...]:
    """Who has the turn has spoken; who was not asked was not."""
    found = rounds.of(name)
    if found.closed_at is not None:
        return ()
    ended = () if found.now is None else (TurnEnded(round=name, person=found.now, how=How.SPOKE),)
    return (*ended, RoundClosed(round=name))


def _open(rounds: Rounds, name: RoundId) -> Round:
    found = rounds.of(name)
    if found.closed_at is not None:
        raise Refusal("round_over", "This round is over.")
    return found


def _in(rounds: Rounds, name: RoundId, person: PersonId) -> Round:
    found = _open(rounds, name)
    if person not in found.line:
        raise Refusal("not_in_round", "You are not in this round. Your facilitator can add you.")
    return found


def _ended(round_: Round, person: PersonId, how: How, present: Collection[PersonId], now: Instant) -> tuple[Event, ...]:
    """A turn ends, and the next one begins in the same breath."""
    ended = TurnEnded(round=round_.round, person=person, how=how)
    return (ended, *_next_turn(_evolve_round(round_, ended, now), present, now))


def _next_turn(round_: Round, present: Collection[PersonId], now: Instant) -> tuple[Event, ...]:
    person = round_.next(present)
    if person is None:
        return ()
    return (TurnBegan(round=round_.round, person=person, until=_until(round_, now)),)


def _until(round_: Round, now: Instant) -> Instant | None:
    return Instant(now + round_.turn_ms) if round_.turn_ms else None


# --------------------------------------------------------------- time


def next_due(rounds: Rounds, seats: Seats, attendance: Attendance) -> Instant | None:
    """When the turn moves by itself: its owner went away, or somebody who is still to be asked is back."""
    found = rounds.open
    if found is None or found.turn == 0:
        return None
    if found.now is not None:
        return _gone_at(found.now, seats, attendance, found)
    person = found.next(here(seats, attendance))
    if person is None:
        return None
    trace = attendance.of(person)
    opened = min(source.opened for source in trace.sources.values())
    return Instant(max(found.rest_since, trace.seated_since or opened, opened) + SETTLE_MS)


def _gone_at(person: PersonId, seats: Seats, attendance: Attendance, round_: Round) -> Instant | None:
    """When somebody's turn ends because they are away. A lost line, or a server that was, is waited for."""
    seat, trace = seats.known(person), attendance.of(person)
    since = round_.since or round_.opened_at
    if seat is None or not seat.in_room or seat.shielded:
        return since
    if trace.connected:
        return None
    dropped = trace.online[-1][1] if trace.online else since
    return Instant(max(since, dropped, attendance.took_over_at or 0) + AWAY_MS)


def due(rounds: Rounds, seats: Seats, attendance: Attendance, now: Instant) -> tuple[Event, ...]:
    """What time alone brings about by `now`."""
    found, at = rounds.open, next_due(rounds, seats, attendance)
    if found is None or at is None or now < at:
        return ()
    present = here(seats, attendance)
    if found.now is None:
        return _next_turn(found, present, now)
    return _ended(found, found.now, How.LEFT, present, now)
