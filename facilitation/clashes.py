"""Clashes: the same person in two meetings at once, and staff without a rest between two.

Told in facts; whether that is refused or only said is for whoever asks. Instants only: zones and days are no matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from facilitation.ids import PersonId, SessionId
from facilitation.timebase import MINUTE_MS, Instant

REST_MS = 10 * MINUTE_MS
"""Least time of rest for whoever leads, between the end of one meeting and the beginning of the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A meeting from `start` to `end`, half-open. `leads` are those who lead it, `guests` those who take part.

    Supervisors and observers are neither: they stand on many lists, and nobody waits for them.
    """

    session: SessionId
    start: Instant
    end: Instant
    leads: frozenset[PersonId]
    guests: frozenset[PersonId]

    @property
    def everybody(self) -> frozenset[PersonId]:
        return self.leads | self.guests


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """`a` begins before `b`, or with it. `rest_ms`: None where they overlap; else the rest of a lead between them, too
    short."""

    person: PersonId
    a: SessionId
    b: SessionId
    rest_ms: int | None = None


def clashes(bookings: Iterable[Booking], *, rest_ms: int = REST_MS) -> list[Clash]:
    """Every clash among them, by time. Who leads the one and only takes part in the other needs no rest between."""
    by_person: dict[PersonId, list[Booking]] = {}
    for booking in bookings:
        for person in booking.everybody:
            by_person.setdefault(person, []).append(booking)
    found = []
    for person, theirs in by_person.items():
        theirs.sort(key=lambda each: (each.start, each.session))
        for number, a in enumerate(theirs):
            for b in theirs[number + 1 :]:
                if b.start >= a.end + rest_ms:
                    break
                clash = _between(person, a, b)
                found += [clash] if clash is not None else []
    order = {booking.session: booking.start for theirs in by_person.values() for booking in theirs}
    return sorted(found, key=lambda each: (order[each.b], order[each.a], each.b, each.a, each.person))


def _between(person: PersonId, a: Booking, b: Booking) -> Clash | None:
    if b.start < a.end:
        return Clash(person=person, a=a.session, b=b.session)
    if person in a.leads and person in b.leads:
        return Clash(person=person, a=a.session, b=b.session, rest_ms=b.start - a.end)
    return None


def clashes_of(one: Booking, others: Iterable[Booking], *, rest_ms: int = REST_MS) -> list[Clash]:
    """Those between `one` and any of the others."""
    near = [each for each in others if each.session != one.session and _near(one, each, rest_ms)]
    return [each for each in clashes([one, *near], rest_ms=rest_ms) if one.session in (each.a, each.b)]


def _near(one: Booking, other: Booking, rest_ms: int) -> bool:
    return (
        other.start < one.end + rest_ms
        and one.start < other.end + rest_ms
        and not one.everybody.isdisjoint(other.everybody)
    )


def nearest_free(
    wanted: Sequence[Instant],
    make: Callable[[Instant], Booking],
    others: Sequence[Booking],
    *,
    most: int,
    rest_ms: int = REST_MS,
) -> list[Instant]:
    """The first `most` of the starts in `wanted` (the nearest first) at which `make(start)` clashes with nothing."""
    found: list[Instant] = []
    for start in wanted:
        if len(found) == most:
            break
        if not clashes_of(make(start), others, rest_ms=rest_ms):
            found.append(start)
    return found
