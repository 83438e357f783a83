"""Advice on the rest of the plan, for any plan and any delay."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from facilitation import agenda
from facilitation.agenda import Agenda, Span
from facilitation.ids import SegmentId
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.timebase import MINUTE_MS, Instant

parts = st.tuples(st.sampled_from(SegmentKind), st.integers(1, 90))
plans = st.lists(parts, min_size=2, max_size=8)


def late(plan: list[tuple[SegmentKind, int]], now_min: int) -> tuple[Agenda, Instant]:
    segments = tuple(
        Segment(id=SegmentId(str(number)), kind=kind, title="", planned_ms=minutes * MINUTE_MS)
        for number, (kind, minutes) in enumerate(plan)
    )
    state = Agenda(
        plan=SessionPlan(id="p", version="1", title="", track="adult", segments=segments),
        planned_ms={segment.id: segment.planned_ms for segment in segments},
        spans=(Span(segment=segments[0].id, start=Instant(0)),),
        started_at=Instant(0),
    )
    return state, Instant(now_min * MINUTE_MS)


@given(plans, st.integers(0, 200))
def test_advice_shortens_without_going_below_the_floors_and_leaves_breaks(
    plan: list[tuple[SegmentKind, int]], now_min: int
) -> None:
    state, now = late(plan, now_min)
    advice = agenda.advice(state, now)
    assume(advice is not None)
    assert advice is not None
    kinds = {segment.id: segment.kind for segment in state.plan.segments}
    for name, length in advice.items():
        assert kinds[name] is not SegmentKind.BREAK
        assert length < state.planned_ms[name]
        assert length >= (10 if kinds[name] is SegmentKind.WRAP_UP else 5) * MINUTE_MS


@given(plans, st.integers(0, 200))
def test_who_follows_the_advice_ends_on_time_or_has_nothing_left_to_shorten(
    plan: list[tuple[SegmentKind, int]], now_min: int
) -> None:
    state, now = late(plan, now_min)
    advice = agenda.advice(state, now)
    assume(advice is not None)
    assert advice is not None
    followed = Agenda(
        plan=state.plan, planned_ms={**state.planned_ms, **advice}, spans=state.spans, started_at=state.started_at
    )
    floors = {SegmentKind.WRAP_UP: 10 * MINUTE_MS}
    at_floor = all(
        followed.planned_ms[segment.id] <= floors.get(segment.kind, 5 * MINUTE_MS)
        for segment in agenda.coming(followed)
        if segment.kind is not SegmentKind.BREAK
    )
    ahead = agenda.ahead_ms(followed, now)
    assert ahead > agenda.ahead_ms(state, now)
    assert ahead >= 0 or at_floor
    if ahead > 0:
        assert ahead < len(plan) * MINUTE_MS, "nothing is shortened further than whole minutes ask for"
