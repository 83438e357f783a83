"""Scores against a second opinion that shares no code with them: tables typed from the papers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from facilitation import measures
from facilitation.ids import ItemId, MeasureId
from facilitation.measures import Measure
from server.catalog import load_catalog

ALL = load_catalog().measures
CUTS = {
    "phq-9": (9, [(20, "severe"), (15, "moderately severe"), (10, "moderate"), (5, "mild"), (0, "minimal")]),
    "phq-a": (9, [(20, "severe"), (15, "moderately severe"), (10, "moderate"), (5, "mild"), (0, "minimal")]),
    "gad-7": (7, [(15, "severe"), (10, "moderate"), (5, "mild"), (0, "minimal")]),
    "phq-2": (2, [(3, "positive screen"), (0, "negative screen")]),
    "gad-2": (2, [(3, "positive screen"), (0, "negative screen")]),
}


@st.composite
def papers(draw: st.DrawFn) -> tuple[Measure, list[int | None]]:
    """A measure with an answer, or none, to each of its questions."""
    measure = ALL[MeasureId(draw(st.sampled_from(sorted(CUTS))))]
    given_ = [
        draw(st.sampled_from([option.value for option in measure.options_of(item)]) | st.none())
        for item in measure.items
    ]
    if draw(st.booleans()):
        given_ = [0 if value is None else value for value in given_]
    return measure, given_


@given(papers())
def test_a_score_and_its_band_are_what_a_table_says(paper: tuple[Measure, list[int | None]]) -> None:
    measure, ticked = paper
    counted, cuts = CUTS[measure.id]
    values = {item.id: value for item, value in zip(measure.items, ticked, strict=True) if value is not None}
    total = measures.score(measure, values)
    if None in ticked[:counted]:
        assert total is None
        return
    expected = 0
    for value in ticked[:counted]:
        expected += value or 0
    assert total == expected
    reached = measures.band(measure, total)
    assert reached is not None and reached.title == next(title for cut, title in cuts if expected >= cut)


@given(papers())
def test_the_order_of_answering_changes_nothing(paper: tuple[Measure, list[int | None]]) -> None:
    measure, ticked = paper
    pairs = [(item.id, value) for item, value in zip(measure.items, ticked, strict=True) if value is not None]
    assert measures.score(measure, dict(pairs)) == measures.score(measure, dict(reversed(pairs)))


@given(st.integers(0, 27), st.integers(0, 27))
def test_a_change_read_backwards_is_the_other_way_round(before: int, after: int) -> None:
    measure = ALL[MeasureId("phq-9")]
    there, back = measures.change(measure, before, after), measures.change(measure, after, before)
    opposite = {measures.Change.LOWER: measures.Change.HIGHER, measures.Change.HIGHER: measures.Change.LOWER}
    assert there is not None and back is opposite.get(there, there)
    assert (there is measures.Change.NONE) == (abs(before - after) < 6)


@given(st.integers() | st.none(), st.sampled_from(["1", "9", "10", "11", "", "x"]))
def test_only_what_can_be_ticked_is_taken(value: int | None, item: str) -> None:
    measure = ALL[MeasureId("phq-9")]
    known = item in {"1", "9", "10"}
    try:
        measures.check_value(measure, ItemId(item), value)
        assert known and (value is None or 0 <= value <= 3)
    except measures.Refusal as refusal:
        assert refusal.code == ("bad_answer" if known else "unknown_question")
