"""Everybody's week at once, beside every way there is to place a handful of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation.finder import ChangeKind, Offer, Wish
from facilitation.ids import PersonId
from facilitation.placement import Stage
from server.schedule.finder import Clinic, Places, place, search
from tests.support.school import SIX_HOURS, activity, patterns, school, weekly, wish

ROBIN, SAM, ALEX = (PersonId(f"p-{name}") for name in ("robin", "sam", "alex"))
RULES = (
    SIX_HOURS,
    replace(SIX_HOURS, week_floor_min={"teen": 240}, gap_days_max=3),
    replace(SIX_HOURS, day_threshold_min={"teen": 120}, short_days_count=False, week_days_min=2),
    replace(SIX_HOURS, week_floor_min={"teen": 240}, week_ceiling_min={"teen": 300}),
)


def placed(wishes: Mapping[PersonId, Wish], offers: Sequence[Offer]) -> Places:
    return place(Clinic(wishes=wishes, offers=tuple(offers)))


def test_two_people_share_what_one_after_the_other_would_not() -> None:
    """Robin could come to either group; Sam only to the one that is best for Robin, too."""
    offers = [weekly("a", day, "16:00", 180, seats=1) for day in (0, 3)]
    offers += [weekly("b", day, "19:00", 180, seats=1) for day in (0, 3)]
    free, evenings = school(), school(activities=[activity("Band", 0, "19:30", "21:00")])
    found = placed({ROBIN: wish(free), SAM: wish(evenings)}, offers)
    assert found.proven
    assert {person: week[0][0] for person, week in found.weeks.items()} == {ROBIN: "b", SAM: "a"}


def test_who_has_no_week_is_named() -> None:
    offers = [weekly("a", day, "16:00", 180, seats=1) for day in (0, 3)]
    found = placed({ROBIN: wish(school()), SAM: wish(school(end="19:00"))}, offers)
    assert found.left_out == (SAM,)


def test_everybody_gets_the_best_week_that_the_others_leave_them() -> None:
    late = [weekly("b", day, "19:00", 180, seats=2) for day in (0, 3)]
    early = [weekly("a", day, "16:00", 180, seats=2) for day in (0, 3)]
    found = placed({ROBIN: wish(school()), SAM: wish(school())}, [*late, *early])
    assert {id[0] for week in found.weeks.values() for id in week} == {"a"}


def test_nobody_and_nothing_is_no_trouble() -> None:
    assert placed({}, []).weeks == {}
    assert placed({ROBIN: wish(school())}, []).left_out == (ROBIN,)


def test_nobody_is_put_into_a_group_that_is_not_meant_for_them() -> None:
    offers = tuple(weekly(name, day, "16:00", 180) for name in "ab" for day in (0, 3))
    ours = frozenset(offer.id for offer in offers if offer.cohort == "b")
    found = search(Clinic(wishes={ROBIN: wish(school())}, offers=offers, suits={ROBIN: ours}))
    assert {id[0] for id in found.places.weeks[ROBIN]} == {"b"}


def test_who_found_no_place_is_told_the_smallest_change_with_the_seats_that_are_left() -> None:
    offers = tuple(weekly("a", day, "16:00", 180, seats=1) for day in (0, 3))
    stages: list[Stage] = []
    clinic = Clinic(wishes={ROBIN: wish(school()), SAM: wish(school())}, offers=offers)
    found = search(clinic, lambda stage, done, of: stages.append(stage))
    (left_out,) = found.places.left_out
    why = found.why[left_out]
    assert why.enough and {change.kind for help in why.helps for change in help.changes} == {ChangeKind.SEAT}
    assert list(dict.fromkeys(stages)) == list(Stage)


# --------------------------------------------------------------- beside every way there is


slots = st.tuples(st.integers(0, 4), st.sampled_from(["15:30", "16:00", "19:00"]), st.sampled_from([120, 180]))
schools = st.builds(
    lambda end, day: school(end=end, activities=[activity("Band", day, "17:00", "18:00")]),
    st.sampled_from(["14:30", "15:00", "15:30"]),
    st.integers(0, 4),
)


def most(wishes: Sequence[tuple[object, Wish]], weeks: Sequence[list[frozenset[str]]], seats: dict[str, int]) -> int:
    """How many can have a week at most, by trying everything."""
    best = 0
    for choice in product(*([None, *theirs] for theirs in weeks)):
        taken = [id for week in choice if week is not None for id in week]
        if all(taken.count(id) <= seats[id] for id in set(taken)):
            best = max(best, sum(week is not None for week in choice))
    return best


@given(
    rows=st.lists(slots, min_size=2, max_size=6, unique_by=lambda row: row[:2]),
    seats=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    people=st.lists(schools, min_size=1, max_size=3),
    rules=st.sampled_from(RULES),
)
@settings(max_examples=60, deadline=None)
def test_no_way_places_more_people_and_nobody_sits_on_anothers_seat(
    rows: list[tuple[int, str, int]], seats: list[int], people: list[object], rules: object
) -> None:
    offers: list[Offer] = [
        replace(weekly("ab"[number % 2], day, start, minutes), seats_left=seats[number])
        for number, (day, start, minutes) in enumerate(rows)
    ]
    wishes = {PersonId(f"p-{n}"): wish(one, rules=rules) for n, one in enumerate(people)}
    found = placed(wishes, offers)
    weeks = [list(patterns(one, rules, offers)) for one in people]
    left = {offer.id: offer.seats_left for offer in offers}
    assert found.proven
    assert len(found.weeks) == most(list(wishes.items()), weeks, left)
    taken = [id for week in found.weeks.values() for id in week]
    assert all(taken.count(id) <= left[id] for id in left)
    for person, week in found.weeks.items():
        assert frozenset(week) in weeks[list(wishes).index(person)]
