"""Crediting: from intervals to minutes, by the rule set the session was opened with.

    countable minutes ≤ counted ≤ present + gap credit + corrected ≤ clock

What somebody corrected is laid over what was seen and never mixed with it: *present* is what was seen, always.

The only rounding is the last step, once for the whole session. Units, where a rule set has them, stand beside the
minutes: they may be worth more than was attended, minutes never are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facilitation import agenda, attendance
from facilitation.corrections import corrected
from facilitation.ids import PersonId, SegmentId
from facilitation.intervals import NEVER, Intervals, difference, intersection, total_ms, union
from facilitation.plan import Segment, SessionPlan
from facilitation.rules import (
    EIGHT_MINUTE,
    EXACT,
    FLOOR_UNIT,
    MIDPOINT,
    STARTED_UNIT,
    UNIT_ROUNDINGS,
    RuleSet,
)
from facilitation.state import RoomState
from facilitation.timebase import MINUTE_MS, Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """One person's figures. Before the end of the session they hold as of the instant they were asked for.

    `present_ms`: the union of what was seen (`intervals`). `gap_credit_ms`: credited over server gaps (`gap_credit`),
    not part of `present_ms`. `corrected_ms`: what corrections added to both (`added`) less what they took away
    (`taken`). `times`: what stands as attended after all this; everything else is made of it. `clock_ms`: from its
    first instant to its last. `counted_ms`: the part of it in segments that count. `by_segment` adds up to it. `units`:
    what the countable minutes are in units, None where the rule set has none. `first` and `last`: None for who never
    came.
    """

    person: PersonId
    clock_ms: int
    present_ms: int
    gap_credit_ms: int
    corrected_ms: int
    counted_ms: int
    countable_min: int
    units: int | None
    first: Instant | None
    last: Instant | None
    late_ms: int
    left_early_ms: int
    intervals: Intervals
    gap_credit: Intervals
    added: Intervals
    taken: Intervals
    times: Intervals
    by_segment: Mapping[SegmentId, int]
    rules_id: str
    rules_version: str

    @property
    def attended(self) -> bool:
        return self.first is not None

    @property
    def corrected(self) -> bool:
        """Whether corrections changed anything."""
        return bool(self.added or self.taken)


class Tally:
    """The figures of a session as of one instant, each person's worked out once. What everybody shares is made once.

    `now` matters only while the session runs; None: the last record's instant.
    """

    def __init__(self, state: RoomState, now: Instant | None = None) -> None:
        self._state = state
        self._rules = state.opened.rules
        self._until = max(state.at, now or state.at)
        visits = (
            (segment, agenda.spans_of(state.agenda, segment.id, self._until)) for segment in state.agenda.plan.segments
        )
        self._visits = tuple((segment, spans) for segment, spans in visits if spans)
        self._hours: dict[PersonId, Hours] = {}
        self.target_ms = target_ms(state.agenda.plan, self._rules)
        """What the whole plan would count for."""
        position = state.agenda.position
        self.counting = any(
            segment.id == position and counts(self._rules, segment.kind) for segment in state.agenda.plan.segments
        )
        """Whether the time that runs now counts for whoever is there."""

    def of(self, person: PersonId) -> Hours:
        hours = self._hours.get(person)
        if hours is None:
            hours = self._hours[person] = _credit(self._state, person, self._rules, self._until, self._visits)
        return hours


def credit(state: RoomState, person: PersonId, now: Instant | None = None) -> Hours:
    """The figures of one person; `now` as for `Tally`, which is better for several."""
    return Tally(state, now).of(person)


def _credit(
    state: RoomState, person: PersonId, rules: RuleSet, until: Instant, visits: Iterable[tuple[Segment, Intervals]]
) -> Hours:
    seen = attendance.presence(state.attendance, person, until)
    over_gaps = attendance.gap_credit(state.attendance, person, until, rules.server_gap_credit_ms_max)
    proven = union((*seen, *over_gaps)) if over_gaps else seen
    times, added, taken = proven, NEVER, NEVER
    if corrections := state.corrections.of(person):
        times = corrected(proven, corrections, attendance.session_span(state.attendance, until))
        added, taken = difference(times, proven), difference(proven, times)
    seat = state.seats.known(person)
    guest = seat is not None and seat.guest  # there, and seen to be; but these are no hours of theirs
    by_segment: dict[SegmentId, int] = {}
    counted_ms = 0
    for segment, spans in visits:
        by_segment[segment.id] = total_ms(intersection(times, spans))
        if counts(rules, segment.kind) and not guest:
            counted_ms += by_segment[segment.id]
    first = times[0][0] if times else None
    last = times[-1][1] if times else None
    countable_min = kept_ms(rules, counted_ms) // MINUTE_MS
    started_at, ended_at = state.agenda.started_at, state.agenda.ended_at
    return Hours(
        person=person,
        clock_ms=0 if first is None or last is None else last - first,
        present_ms=total_ms(seen),
        gap_credit_ms=total_ms(over_gaps),
        corrected_ms=total_ms(added) - total_ms(taken),
        counted_ms=counted_ms,
        countable_min=countable_min,
        units=units(rules, countable_min),
        first=first,
        last=last,
        late_ms=0 if first is None or started_at is None else first - started_at,
        left_early_ms=0 if last is None or ended_at is None else ended_at - last,
        intervals=seen,
        gap_credit=over_gaps,
        added=added,
        taken=taken,
        times=times,
        by_segment=by_segment,
        rules_id=rules.id,
        rules_version=rules.version,
    )


def counts(rules: RuleSet, kind: str) -> bool:
    return kind not in rules.uncounted


def kept_ms(rules: RuleSet, counted_ms: int) -> int:
    """What a session gives to its day and week: all of it, or its whole minutes."""
    return counted_ms if rules.rounding == EXACT else counted_ms - counted_ms % MINUTE_MS


def units(rules: RuleSet, minutes: int) -> int | None:
    """What the whole minutes of a session are in units; None where the rule set has none."""
    return in_units(minutes, rules.unit_min, rules.rounding) if rules.rounding in UNIT_ROUNDINGS else None


def in_units(minutes: int, unit_min: int, rounding: str) -> int:
    """Whole minutes in units of `unit_min`, by one of the roundings that know units."""
    full, rest = divmod(minutes, unit_min)
    one_more = {
        FLOOR_UNIT: False,
        EIGHT_MINUTE: rest >= 8,
        MIDPOINT: rest * 2 > unit_min,
        STARTED_UNIT: rest > 0,
    }
    return full + one_more[rounding]


def target_ms(plan: SessionPlan, rules: RuleSet) -> int:
    """What the whole plan would count for."""
    return sum(segment.planned_ms for segment in plan.segments if counts(rules, segment.kind))


def figures_part(hours: Hours) -> dict[str, object]:
    """The figures as they stand in what is signed."""
    return {
        "clock_ms": hours.clock_ms,
        "present_ms": hours.present_ms,
        "gap_credit_ms": hours.gap_credit_ms,
        "corrected_ms": hours.corrected_ms,
        "counted_ms": hours.counted_ms,
        "countable_min": hours.countable_min,
        "late_ms": hours.late_ms,
        "left_early_ms": hours.left_early_ms,
        "first": hours.first,
        "last": hours.last,
    }


def segments_part(state: RoomState, hours: Hours) -> list[dict[str, object]]:
    """The segments that ran, and how much of each the person attended, as it stands in what is signed."""
    rules = state.opened.rules
    return [
        {
            "id": segment.id,
            "title": segment.title,
            "kind": segment.kind.value,
            "counts": counts(rules, segment.kind),
            "ran_ms": total_ms(agenda.spans_of(state.agenda, segment.id, state.at)),
            "attended_ms": hours.by_segment[segment.id],
        }
        for segment in state.agenda.plan.segments
        if segment.id in hours.by_segment
    ]


def corrections_part(state: RoomState, person: PersonId) -> list[dict[str, object]]:
    """The corrections that hold, as they stand in what is signed."""
    return [
        {
            "correction": one.correction,
            "start": one.start,
            "end": one.end,
            "present": one.present,
            "reason": one.reason,
            "by": one.by,
            "at": one.at,
        }
        for one in state.corrections.of(person)
        if one.taken_back is None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverCap:
    """A segment in which more participants took part than the rule set allows for its kind."""

    segment: Segment
    people: int
    most: int


def over_caps(state: RoomState, everyone: Iterable[Hours]) -> tuple[OverCap, ...]:
    """The segments that were too full, from the figures of all participants. Any time at all in one is taking part."""
    caps = state.opened.rules.group_caps
    capped = [segment for segment in state.agenda.plan.segments if segment.kind in caps]
    shares = [hours.by_segment for hours in everyone] if capped else []
    found = []
    for segment in capped:
        people = sum(share.get(segment.id, 0) > 0 for share in shares)
        if people > caps[segment.kind]:
            found.append(OverCap(segment=segment, people=people, most=caps[segment.kind]))
    return tuple(found)
