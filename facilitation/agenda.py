"""The agenda: where the group is in its plan, how it got there, and how the time goes.

A *span* is one visit to a segment. Minutes belong to the segment whose span covers them, so an undone move gives its
minutes back by taking its span out. The *plan clock* stops while the agenda is paused; spans go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from facilitation.errors import Refusal
from facilitation.events import (
    AgendaPaused,
    AgendaResumed,
    Event,
    MoveUndone,
    Recorded,
    SegmentEntered,
    SegmentReplanned,
    SegmentSkipped,
    SessionEnded,
    SessionOpened,
    SessionStarted,
)
from facilitation.ids import SegmentId
from facilitation.intervals import Interval, Intervals, intersection, total_ms, union
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant

PLANNED_MS_MIN = MINUTE_MS
PLANNED_MS_MAX = 4 * HOUR_MS
UNDO_OFFERED_MS = MINUTE_MS
"""How long the view offers to undo a move; it stays possible until the next move."""

ADVICE_OVER_MS_MIN = MINUTE_MS
SEGMENT_FLOOR_MS = 5 * MINUTE_MS
WRAP_UP_FLOOR_MS = 10 * MINUTE_MS

NO_PLAN = SessionPlan(id="", version="", title="", track="", segments=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One visit to a segment; `end` is None while the group is there."""

    segment: SegmentId
    start: Instant
    end: Instant | None = None
    seq: int = 0
    """Line of the log that began it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The last move, for as long as it can be undone. `how`: 'advance' or 'back'."""

    how: str
    origin: SegmentId
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    plan: SessionPlan = NO_PLAN
    planned_ms: Mapping[SegmentId, int] = field(default_factory=dict)
    """Planned time now, after extending and re-planning; `plan` keeps what was planned at first."""
    skipped: frozenset[SegmentId] = frozenset()
    spans: tuple[Span, ...] = ()
    pauses: Intervals = ()
    paused_at: Instant | None = None
    last_move: Move | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None

    @property
    def phase(self) -> str:
        """'lobby', 'running' or 'ended'."""
        if self.ended_at is not None:
            return "ended"
        return "lobby" if self.started_at is None else "running"

    @property
    def position(self) -> SegmentId | None:
        """The segment the group is in; None before the start and after the end."""
        return self.spans[-1].segment if self.phase == "running" else None

    @property
    def entered_at(self) -> Instant | None:
        return self.spans[-1].start if self.phase == "running" else None


# --------------------------------------------------------------- fold


def evolve(agenda: Agenda, recorded: Recorded) -> Agenda:
    at = recorded.at
    match recorded.event:
        case SessionOpened(plan=plan):
            return Agenda(plan=plan, planned_ms={segment.id: segment.planned_ms for segment in plan.segments})
        case SessionStarted(segment=segment):
            return replace(_enter(agenda, segment, recorded), started_at=at)
        case SegmentEntered(segment=segment, how=how):
            origin = agenda.position
            move = None if origin is None else Move(how=how, origin=origin, at=at)
            return replace(_enter(_close_span(agenda, at), segment, recorded), last_move=move)
        case MoveUndone():
            if len(agenda.spans) < 2:
                return replace(agenda, last_move=None)
            back = replace(agenda.spans[-2], end=None)
            return replace(
                agenda, spans=(*agenda.spans[:-2], back), skipped=agenda.skipped - {back.segment}, last_move=None
            )
        case SegmentReplanned(segment=segment, planned_ms=planned_ms):
            return replace(agenda, planned_ms={**agenda.planned_ms, segment: planned_ms})
        case SegmentSkipped(segment=segment, on=on):
            return replace(agenda, skipped=agenda.skipped | {segment} if on else agenda.skipped - {segment})
        case AgendaPaused():
            return replace(agenda, paused_at=at)
        case AgendaResumed():
            return _resume(agenda, at)
        case SessionEnded():
            return replace(_resume(_close_span(agenda, at), at), ended_at=at, last_move=None)
        case _:
            return agenda


def _enter(agenda: Agenda, segment: SegmentId, recorded: Recorded) -> Agenda:
    span = Span(segment=segment, start=recorded.at, seq=recorded.seq)
    return replace(agenda, spans=(*agenda.spans, span), skipped=agenda.skipped - {segment})


def _close_span(agenda: Agenda, at: Instant) -> Agenda:
    if not agenda.spans:
        return agenda
    return replace(agenda, spans=(*agenda.spans[:-1], replace(agenda.spans[-1], end=at)))


def _resume(agenda: Agenda, at: Instant) -> Agenda:
    if agenda.paused_at is None:
        return agenda
    return replace(agenda, pauses=union((*agenda.pauses, (agenda.paused_at, at))), paused_at=None)


# --------------------------------------------------------------- reading


def spans_of(agenda: Agenda, segment: SegmentId, until: Instant) -> Intervals:
    """When the group was in `segment`, up to `until`."""
    return union(_as_interval(span, until) for span in agenda.spans if span.segment == segment)


def _as_interval(span: Span, until: Instant) -> Interval:
    return span.start, until if span.end is None else min(span.end, until)


def spent_ms(agenda: Agenda, segment: SegmentId, until: Instant) -> int:
    """Time of the plan clock used up in `segment`: its spans without the pauses."""
    spans = spans_of(agenda, segment, until)
    if not spans:
        return 0
    paused = agenda.pauses if agenda.paused_at is None else union((*agenda.pauses, (agenda.paused_at, until)))
    return total_ms(spans) - total_ms(intersection(spans, paused))


def left_ms(agenda: Agenda, now: Instant) -> int | None:
    """What is left of the present segment's planned time, below zero when it is over; None when not running."""
    position = agenda.position
    if position is None:
        return None
    return agenda.planned_ms.get(position, 0) - spent_ms(agenda, position, now)


def ends_at(agenda: Agenda, now: Instant) -> Instant | None:
    """When the present segment's planned time is over; None when not running or paused."""
    left = left_ms(agenda, now)
    if left is None or agenda.paused_at is not None:
        return None
    return Instant(now + left)


def coming(agenda: Agenda) -> tuple[Segment, ...]:
    """Segments after the present one (before the start: all) that are not skipped, in order."""
    if agenda.phase == "ended":
        return ()
    names = [segment.id for segment in agenda.plan.segments]
    start = names.index(agenda.position) + 1 if agenda.position in names else 0
    return tuple(segment for segment in agenda.plan.segments[start:] if segment.id not in agenda.skipped)


def planned_end(agenda: Agenda) -> Instant | None:
    """When the session would end by the plan as it was made."""
    if agenda.started_at is None:
        return None
    return Instant(agenda.started_at + sum(segment.planned_ms for segment in agenda.plan.segments))


def expected_end(agenda: Agenda, now: Instant) -> Instant | None:
    """When it will end if the rest takes the time planned for it now."""
    left = left_ms(agenda, now)
    if left is None:
        return None
    return Instant(now + max(left, 0) + sum(_need_ms(agenda, segment, now) for segment in coming(agenda)))


def ahead_ms(agenda: Agenda, now: Instant) -> int:
    """How far ahead of the plan the session is (below zero: behind)."""
    planned, expected = planned_end(agenda), expected_end(agenda, now)
    return 0 if planned is None or expected is None else planned - expected


def reached(agenda: Agenda, kind: str) -> bool:
    """Whether a segment of this kind has been entered."""
    kinds = {segment.id: segment.kind for segment in agenda.plan.segments}
    return any(kinds.get(span.segment) == kind for span in agenda.spans)


def advice(agenda: Agenda, now: Instant) -> dict[SegmentId, int] | None:
    """New planned times for the coming segments that would end the session on time, or as near as the floors allow.

    Breaks stay as they are, the wrap-up keeps ten minutes, everything else five (or its whole plan, if that is less).
    None while the session is at most a minute behind, or when nothing can be shortened.
    """
    if ahead_ms(agenda, now) >= -ADVICE_OVER_MS_MIN:
        return None
    planned, left = planned_end(agenda), left_ms(agenda, now)
    if planned is None or left is None:
        return None
    room = planned - now - max(left, 0)
    flexible: list[Segment] = []
    for segment in coming(agenda):
        if segment.kind is SegmentKind.BREAK:
            room -= _need_ms(agenda, segment, now)
        else:
            flexible.append(segment)
    needs = _shrink(
        {segment.id: _need_ms(agenda, segment, now) for segment in flexible},
        {segment.id: _floor_ms(segment) for segment in flexible},
        room,
    )
    changed = {
        segment.id: needs[segment.id] + spent_ms(agenda, segment.id, now)
        for segment in flexible
        if needs[segment.id] != _need_ms(agenda, segment, now)
    }
    return changed or None


def _shrink(needs: dict[SegmentId, int], floors: dict[SegmentId, int], room: int) -> dict[SegmentId, int]:
    """Scale `needs` alike into `room`, none below its floor; whole minutes, rounded down."""
    floors = {name: min(floors[name], need) for name, need in needs.items()}
    held: set[SegmentId] = set()
    while True:
        free = [name for name in needs if name not in held]
        space = room - sum(floors[name] for name in held)
        wanted = sum(needs[name] for name in free)
        too_small = {name for name in free if needs[name] * space < floors[name] * wanted}
        if not too_small:
            break
        held |= too_small
    scaled = {name: floors[name] for name in held}
    for name in free:
        part = min(needs[name], needs[name] * space // wanted) if wanted else 0
        scaled[name] = max(part - part % MINUTE_MS, floors[name])
    return scaled


def _floor_ms(segment: Segment) -> int:
    return WRAP_UP_FLOOR_MS if segment.kind is SegmentKind.WRAP_UP else SEGMENT_FLOOR_MS


def _need_ms(agenda: Agenda, segment: Segment, now: Instant) -> int:
    return max(0, agenda.planned_ms.get(segment.id, 0) - spent_ms(agenda, segment.id, now))


def _index(agenda: Agenda, segment: SegmentId) -> int:
    for index, candidate in enumerate(agenda.plan.segments):
        if candidate.id == segment:
            return index
    raise Refusal("unknown_segment", "This part is not in the plan.")


# --------------------------------------------------------------- rules


def start(agenda: Agenda) -> tuple[Event, ...]:
    if agenda.phase == "running":
        return ()
    parts = coming(agenda)
    if not parts:
        raise Refusal("nothing_planned", "Every part of the plan is skipped. Take one back in to start.")
    return (SessionStarted(segment=parts[0].id),)


def advance(agenda: Agenda, from_segment: SegmentId) -> tuple[Event, ...]:
    _check_position(agenda, from_segment)
    parts = coming(agenda)
    if not parts:
        raise Refusal("last_segment", "This is the last part of the plan. End the session when you are ready.")
    return (SegmentEntered(segment=parts[0].id, how="advance"),)


def go_back(agenda: Agenda, from_segment: SegmentId) -> tuple[Event, ...]:
    _check_position(agenda, from_segment)
    before = [part for part in agenda.plan.segments[: _index(agenda, from_segment)] if part.id not in agenda.skipped]
    if not before:
        raise Refusal("first_segment", "This is the first part of the plan.")
    return (SegmentEntered(segment=before[-1].id, how="back"),)


def undo(agenda: Agenda) -> tuple[Event, ...]:
    _check_running(agenda)
    if agenda.last_move is None:
        raise Refusal("nothing_to_undo", "There is no move to undo.")
    return (MoveUndone(),)


def extend(agenda: Agenda, segment: SegmentId, by_ms: int) -> tuple[Event, ...]:
    _check_open(agenda, segment)
    return _replanned(agenda, segment, agenda.planned_ms[segment] + by_ms)


def replan(agenda: Agenda, planned_ms: Mapping[str, int]) -> tuple[Event, ...]:
    events: list[Event] = []
    for name, length in planned_ms.items():
        segment = SegmentId(name)
        _check_open(agenda, segment)
        events.extend(_replanned(agenda, segment, length))
    return tuple(events)


def skip(agenda: Agenda, segment: SegmentId, on: bool) -> tuple[Event, ...]:
    _check_open(agenda, segment)
    if segment == agenda.position:
        raise Refusal("segment_running", "The group is in this part now. Move on instead.")
    if (segment in agenda.skipped) == on:
        return ()
    return (SegmentSkipped(segment=segment, on=on),)


def pause(agenda: Agenda) -> tuple[Event, ...]:
    _check_running(agenda)
    return () if agenda.paused_at is not None else (AgendaPaused(),)


def resume(agenda: Agenda) -> tuple[Event, ...]:
    _check_running(agenda)
    return () if agenda.paused_at is None else (AgendaResumed(),)


def check_plan(plan: SessionPlan) -> None:
    """Refuses a plan that no session can be run by."""
    names = [segment.id for segment in plan.segments]
    if not names or len(set(names)) != len(names) or len(names) > 32:
        raise Refusal("bad_session", "A plan needs one to 32 parts, each with an id of its own.")
    if any(not 0 < segment.planned_ms <= PLANNED_MS_MAX for segment in plan.segments):
        raise Refusal("bad_session", "Each part of a plan takes more than nothing and at most four hours.")


def _replanned(agenda: Agenda, segment: SegmentId, length: int) -> tuple[Event, ...]:
    if length == agenda.planned_ms[segment]:
        return ()
    if not PLANNED_MS_MIN <= length <= PLANNED_MS_MAX:
        raise Refusal("bad_length", "A part can take from one minute to four hours.")
    return (SegmentReplanned(segment=segment, planned_ms=length),)


def _check_running(agenda: Agenda) -> None:
    if agenda.phase != "running":
        raise Refusal("not_running", "The session has not started yet.")


def _check_position(agenda: Agenda, from_segment: SegmentId) -> None:
    _check_running(agenda)
    if from_segment != agenda.position:
        raise Refusal("stale_position", "The group has moved in the meantime. Have a look where it is now.")


def _check_open(agenda: Agenda, segment: SegmentId) -> None:
    """The present and the coming segments can be changed, those before cannot."""
    index = _index(agenda, segment)
    if agenda.position is not None and index < _index(agenda, agenda.position):
        raise Refusal("segment_over", "This part is over.")
