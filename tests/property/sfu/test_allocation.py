"""However little there is, it is shared within bounds, and more never makes a picture smaller."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.rtp.allocation import KEEP_SHARE, Allocation, Want, allocate
from server.sfu.rtp.layers import SILENT_US, LayerState
from server.sfu.rtp.rewrite import ALL_TEMPORAL

NOW = 100_000_000


@st.composite
def wants(draw: st.DrawFn) -> Want:
    count = draw(st.integers(1, 3))
    costs = sorted(draw(st.lists(st.integers(0, 2_000_000), min_size=count, max_size=count)))
    layers = [
        LayerState(
            height=draw(st.sampled_from([0, 135 << index])),
            since_us=draw(st.sampled_from([0, NOW - 1])),
            last_us=draw(st.sampled_from([NOW, NOW, NOW - SILENT_US - 1])),
            bps=bps,
            shares=draw(st.sampled_from([(1.0,), (0.6, 1.0), (0.4, 0.6, 1.0)])),
        )
        for index, bps in enumerate(costs)
    ]
    return Want(
        height=draw(st.sampled_from([90, 180, 360, 720])),
        layers=layers,
        current=draw(st.none() | st.integers(0, count - 1)),
        was_paused=draw(st.booleans()),
        comes_first=draw(st.booleans()),
        paced=draw(st.integers(0, ALL_TEMPORAL)),
        spare=draw(st.integers(0, 2)),
    )


def share(
    some: list[Want], budget: int | None, *, may_rise: bool = True, may_shrink: bool = True, may_pause: bool = True
) -> Allocation:
    return allocate(
        some,
        budget_bps=budget,
        may_rise=may_rise,
        may_return=may_rise,
        may_shrink=may_shrink,
        may_pause=may_pause,
        lowest_only=False,
        now_us=NOW,
    )


def cost(some: list[Want], got: Allocation) -> int:
    chosen = zip(some, got.layers, got.paces, strict=True)
    return sum(want.layers[layer].cost(pace) for want, layer, pace in chosen if layer is not None)


@settings(max_examples=300, deadline=None)
@given(st.lists(wants(), max_size=6), st.integers(0, 8_000_000), st.booleans())
def test_a_budget_is_kept(some: list[Want], budget: int, may_rise: bool) -> None:
    got = share(some, budget, may_rise=may_rise)
    assert cost(some, got) <= budget * KEEP_SHARE + len(some), "but for what was rounded"
    assert len(got.layers) == len(some)
    for want, layer in zip(some, got.layers, strict=True):
        assert layer is None or NOW - want.layers[layer].last_us <= SILENT_US, "what does not flow is never chosen"
    assert (got.missing == 2) == bool(got.paused)
    assert (got.next_bps is None) == (got.missing == 0)


@settings(max_examples=300, deadline=None)
@given(st.lists(wants(), max_size=6), st.integers(0, 8_000_000))
def test_nothing_rises_that_may_not(some: list[Want], budget: int) -> None:
    for want, layer in zip(some, share(some, budget, may_rise=False).layers, strict=True):
        if layer is not None and want.current is not None:
            alive = [i for i, state in enumerate(want.layers) if NOW - state.last_us <= SILENT_US]
            assert layer <= want.current or layer == alive[0]


@settings(max_examples=300, deadline=None)
@given(st.lists(wants(), max_size=6))
def test_with_plenty_it_is_as_without_a_budget(some: list[Want]) -> None:
    assert share(some, 1 << 40).layers == share(some, None).layers
    assert share(some, None).missing == 0


@settings(max_examples=200, deadline=None)
@given(st.lists(wants(), max_size=6), st.integers(0, 8_000_000))
def test_before_congestion_nobody_who_sends_is_left_out(some: list[Want], budget: int) -> None:
    assert not share(some, budget, may_pause=False).paused
    assert not share(some, budget, may_shrink=False, may_pause=False).paused
