"""Measures as data: how they are scored, when they are due, and which cannot be asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from facilitation import measures
from facilitation.errors import Refusal
from facilitation.ids import ItemId, MeasureId
from facilitation.measures import Band, Change, Course, Due, Item, Measure, Option, check_due, check_measures, due
from server.catalog import load_catalog

ALL = load_catalog().measures
PHQ9, GAD7, PHQA, CLIMATE = (ALL[MeasureId(name)] for name in ("phq-9", "gad-7", "phq-a", "group-climate"))
MONDAY = date(2026, 11, 30)


def ticked(measure: Measure, *values: int) -> dict[ItemId, int]:
    return {item.id: value for item, value in zip(measure.items, values, strict=False)}


# --------------------------------------------------------------- scores


@pytest.mark.parametrize(
    ("total", "title"),
    [
        *((0, "minimal"), (4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (14, "moderate")),
        *((15, "moderately severe"), (19, "moderately severe"), (20, "severe"), (27, "severe")),
    ],
)
def test_the_bands_of_the_phq_9_are_those_of_its_authors(total: int, title: str) -> None:
    reached = measures.band(PHQ9, total)
    assert reached is not None and reached.title == title


@pytest.mark.parametrize(
    ("total", "title"), [(4, "minimal"), (5, "mild"), (10, "moderate"), (15, "severe"), (21, "severe")]
)
def test_the_bands_of_the_gad_7_are_those_of_its_authors(total: int, title: str) -> None:
    reached = measures.band(GAD7, total)
    assert reached is not None and reached.title == title


def test_only_scored_items_are_in_the_total() -> None:
    assert measures.score(PHQ9, ticked(PHQ9, *[3] * 10)) == 27 == PHQ9.score_max
    assert measures.score(PHQA, ticked(PHQA, *[1] * 13)) == 9
    assert GAD7.score_max == 21


@pytest.mark.parametrize("missing", range(9))
def test_an_open_item_makes_no_total_and_nothing_is_filled_in(missing: int) -> None:
    values = ticked(PHQ9, *[1] * 10)
    del values[PHQ9.items[missing].id]
    assert measures.score(PHQ9, values) is None
    assert measures.band(PHQ9, None) is None


def test_an_open_item_that_is_not_scored_changes_no_total() -> None:
    assert measures.score(PHQ9, ticked(PHQ9, *[1] * 9)) == 9


@pytest.mark.parametrize(
    ("measure", "before", "after", "change"),
    [
        (PHQ9, 18, 12, Change.LOWER),
        (PHQ9, 18, 13, Change.NONE),
        (PHQ9, 9, 15, Change.HIGHER),
        (PHQ9, 9, 9, Change.NONE),
        (GAD7, 12, 8, Change.LOWER),
        (GAD7, 12, 9, Change.NONE),
        (PHQA, 20, 1, None),
    ],
)
def test_a_change_is_one_when_it_is_more_than_chance(
    measure: Measure, before: int, after: int, change: Change | None
) -> None:
    assert measures.change(measure, before, after) is change


@pytest.mark.parametrize("measure", [PHQ9, PHQA])
def test_the_ninth_question_alerts_from_several_days_on(measure: Measure) -> None:
    ninth = measure.item(ItemId("9"))
    assert [measures.alerts(ninth, value) for value in (None, 0, 1, 2, 3)] == [False, False, True, True, True]
    assert measure.about_safety


def test_nothing_else_of_the_phq_9_alerts() -> None:
    assert [item.id for item in PHQ9.items if item.alert_at is not None] == ["9"]
    assert not GAD7.about_safety and not CLIMATE.about_safety


# --------------------------------------------------------------- what is shipped


def test_what_no_licence_clears_is_not_shipped() -> None:
    assert set(ALL) == {"phq-9", "phq-a", "gad-7", "phq-2", "gad-2", "group-climate"}


@pytest.mark.parametrize("measure", ALL.values(), ids=lambda measure: measure.id)
def test_each_measure_says_whose_it_is(measure: Measure) -> None:
    assert measure.source and measure.licence
    assert measure.verbatim is (measure.id != "group-climate")


def test_the_short_forms_are_the_first_questions_of_the_long_ones() -> None:
    for short, long in (("phq-2", PHQ9), ("gad-2", GAD7)):
        assert [item.text for item in ALL[MeasureId(short)].items] == [item.text for item in long.items[:2]]
        assert ALL[MeasureId(short)].stem == long.stem


# --------------------------------------------------------------- when


RULES = (
    Due(measure=PHQ9.id, every_days=14),
    Due(measure=GAD7.id, every_days=14),
    Due(measure=CLIMATE.id, every_days=7),
)


def course(days_ago: dict[str, int], *, last: int | None = None, teen: bool = False) -> Course:
    return Course(
        answered={MeasureId(name): MONDAY - timedelta(days=ago) for name, ago in days_ago.items()},
        last_day=None if last is None else MONDAY + timedelta(days=last),
        teen=teen,
    )


def test_whoever_begins_is_asked_everything() -> None:
    assert due(RULES, ALL, course({}), MONDAY) == ("phq-9", "gad-7", "group-climate")


def test_teens_are_asked_the_form_for_teens() -> None:
    assert due(RULES, ALL, course({}, teen=True), MONDAY) == ("phq-a", "gad-7", "group-climate")
    assert due(RULES, ALL, course({"phq-9": 0, "gad-7": 1}, teen=True), MONDAY) == ("phq-a", "group-climate")


def test_a_measure_is_due_when_its_days_are_over_and_stays_so() -> None:
    for ago, names in ((13, ()), (14, ("phq-9",)), (15, ("phq-9",)), (40, ("phq-9",))):
        found = due(RULES, ALL, course({"phq-9": ago, "gad-7": 1, "group-climate": 1}), MONDAY)
        assert found == names


def test_whoever_leaves_within_a_week_is_asked_once_more_and_not_twice() -> None:
    asked = {"phq-9": 8, "gad-7": 6, "group-climate": 1}
    assert due(RULES, ALL, course(asked, last=7), MONDAY) == ("phq-9",)
    assert due(RULES, ALL, course(asked, last=0), MONDAY) == ("phq-9",)
    assert due(RULES, ALL, course(asked, last=8), MONDAY) == ()
    assert due(RULES, ALL, course(asked, last=-1), MONDAY) == ()


def test_a_measure_that_is_not_here_any_more_is_not_due() -> None:
    assert due((Due(measure=MeasureId("gone"), every_days=7),), ALL, course({}), MONDAY) == ()


# --------------------------------------------------------------- what cannot be asked


PLAIN = Measure(
    id=MeasureId("plain"),
    version="1",
    title="Plain",
    short="P",
    about="",
    stem="",
    items=(Item(id=ItemId("1"), text="How?"),),
    source="made up",
    licence="ours",
    options=(Option(value=0, label="No"), Option(value=1, label="Yes")),
    bands=(Band(at=0, title="low"), Band(at=1, title="high")),
)
BROKEN: dict[str, Callable[[Measure], Measure]] = {
    "no licence": lambda one: replace(one, licence=" "),
    "no source": lambda one: replace(one, source=""),
    "no question": lambda one: replace(one, items=()),
    "a question twice": lambda one: replace(one, items=one.items * 2),
    "one answer": lambda one: replace(one, options=one.options[:1]),
    "two answers of one value": lambda one: replace(one, options=(one.options[0], replace(one.options[0], label="x"))),
    "an empty answer": lambda one: replace(one, options=(one.options[0], Option(value=1, label=" "))),
    "bands that do not begin at 0": lambda one: replace(one, bands=(Band(at=1, title="x"),)),
    "bands that fall": lambda one: replace(one, bands=(Band(at=0, title="x"), Band(at=0, title="y"))),
    "a band nobody reaches": lambda one: replace(one, bands=(Band(at=0, title="x"), Band(at=2, title="y"))),
    "nothing scored": lambda one: replace(one, items=(replace(one.items[0], scored=False),), bands=()),
    "an alert nobody can tick": lambda one: replace(one, items=(replace(one.items[0], alert_at=2),)),
    "an anonymous alert": lambda one: replace(one, anonymous=True, items=(replace(one.items[0], alert_at=1),)),
    "a reliable change of no source": lambda one: replace(one, reliable=3),
    "teens asked what there is not": lambda one: replace(one, teens="nowhere"),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_measure_that_cannot_be_asked_or_scored_is_refused(change: Callable[[Measure], Measure]) -> None:
    check_measures((PLAIN,))
    with pytest.raises(Refusal) as refused:
        check_measures((change(PLAIN),))
    assert refused.value.code == "bad_session"


@pytest.mark.parametrize(
    "rules",
    [
        (Due(measure=MeasureId("nowhere"), every_days=7),),
        (Due(measure=PHQ9.id, every_days=0),),
        (Due(measure=PHQ9.id, every_days=93),),
        (Due(measure=PHQ9.id, every_days=7), Due(measure=PHQ9.id, every_days=14)),
    ],
)
def test_times_that_make_no_sense_are_refused(rules: tuple[Due, ...]) -> None:
    with pytest.raises(Refusal):
        check_due(rules, ALL)
