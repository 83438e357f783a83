"""The finder beside brute force, on weeks small enough to try everything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from facilitation import finder
from facilitation.finder import ChangeKind, Found, Offer
from facilitation.rules import RuleSet
from facilitation.school import Activity, School
from tests.support.school import (
    MONDAY,
    SIX_HOURS,
    activity,
    any_fits,
    is_free,
    patterns,
    reaches,
    school,
    weekly,
    wish,
)

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "120"))
QUARTER = timedelta(minutes=15)
RULES = (
    SIX_HOURS,
    replace(SIX_HOURS, day_threshold_min={"teen": 120}, short_days_count=False, week_days_min=3),
    replace(SIX_HOURS, week_floor_min={"teen": 240}, gap_days_max=2),
    replace(SIX_HOURS, week_ceiling_min={"teen": 420}),
)

starts = st.sampled_from(["13:00", "15:15", "15:30", "16:00", "16:15", "17:30", "18:30", "19:00"])
slots = st.tuples(st.integers(0, 6), starts, st.sampled_from([90, 120, 120, 180]))
activities = st.builds(
    activity,
    st.sampled_from(["Football", "Band"]),
    st.integers(0, 6),
    st.sampled_from(["14:00", "15:30", "16:00", "17:00"]),
    st.sampled_from(["17:15", "17:30", "18:00"]),
)
exams = st.sets(st.integers(0, 13), max_size=2)
ends = st.sampled_from(["12:00", "14:30", "15:00", "15:30"])
margins = st.sampled_from([0, 15, 30, 45])


@st.composite
def offered(draw: st.DrawFn, most: int) -> list[Offer]:
    """Up to three cohorts of up to `most` weekly groups each."""
    offers = {}
    for number in range(draw(st.integers(1, 3))):
        seats = draw(st.sampled_from([0, 1, 2, 2]))
        for weekday, start, minutes in draw(st.lists(slots, min_size=1, max_size=most)):
            offer = weekly("abc"[number], weekday, start, minutes, seats=seats)
            offers[offer.id] = offer
    return list(offers.values())


@st.composite
def weeks(draw: st.DrawFn) -> School:
    return school(
        days=draw(st.sets(st.integers(0, 4), max_size=5)),
        end=draw(ends),
        activities=list(dict.fromkeys(draw(st.lists(activities, max_size=3)))),
        exams=[MONDAY + timedelta(days=day) for day in draw(exams)],
        margin_min=draw(margins),
    )


@given(one=weeks(), offers=offered(4), rules=st.sampled_from(RULES))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_proposed_is_what_brute_force_finds_and_nothing_better_is_left_out(
    one: School, offers: list[Offer], rules: RuleSet
) -> None:
    found, naive = finder.find(wish(one, rules=rules), offers), list(patterns(one, rules, offers))
    assert bool(found.proposals) == bool(naive)
    assert (found.explanation is None) == bool(naive)
    if not naive:
        return
    event("proposed")
    check_weeks(found, one, offers, rules)
    ids = [frozenset(offer.id for offer in proposal.offers) for proposal in found.proposals]
    assert set(ids) <= set(naive)
    for chosen in ids:
        assert not any(other < chosen for other in naive), "one of them could be left out"
    if all(odd.reached for proposal in found.proposals for odd in proposal.odd_weeks) and not one.exams:
        assert len(ids[0]) == len(naive[0])
        cohort = {offer.id: offer.cohort for offer in offers}
        fewest = [pattern for pattern in naive if len(pattern) == len(naive[0])]
        assert len(found.proposals[0].cohorts) == min(len({cohort[id] for id in each}) for each in fewest)


def check_weeks(found: Found, one: School, offers: Sequence[Offer], rules: RuleSet) -> None:
    """Every week as it will be lived: no meeting in anything's way, and the floor reached where that is said."""
    by_id = {offer.id: offer for offer in offers}
    for proposal in found.proposals:
        odd = {each.first: each for each in proposal.odd_weeks}
        for first in (MONDAY, MONDAY + timedelta(days=7)):
            lived = []
            for offer in proposal.offers:
                meeting = next(each for each in offer.meetings if first <= each.day < first + timedelta(days=7))
                if first in odd and offer.id in odd[first].out:
                    assert not is_free(one, meeting, weekly_only=False)
                else:
                    lived.append((offer, meeting))
            lived += [(by_id[id], meeting) for id, meeting in (odd[first].added if first in odd else ())]
            assert all(is_free(one, meeting, weekly_only=False) for _, meeting in lived)
            assert len({meeting.day for _, meeting in lived}) == len(lived)
            reached = reaches(
                rules, [(meeting.day, offer.counted_ms) for offer, meeting in lived], first, alone=first in odd
            )
            assert reached == (first not in odd or odd[first].reached)


# --------------------------------------------------------------- the smallest change


def shorter(one: School, number: int, *, at_end: bool, by: timedelta) -> School | None:
    """The same school week with one of its rows (school hours, then activities) shortened."""
    rows: list[object] = [*one.hours, *one.activities]
    row = rows[number]
    if isinstance(row, Activity) and row.day is not None:
        return None
    start, end = (datetime.combine(date.min, at) for at in (row.start, row.end))
    if by >= end - start:
        return None
    changed = replace(row, end=(end - by).time()) if at_end else replace(row, start=(start + by).time())
    rows[number] = changed
    return replace(one, hours=tuple(rows[: len(one.hours)]), activities=tuple(rows[len(one.hours) :]))


def single_changes(one: School) -> Iterator[tuple[int, School]]:
    """Every single change of time, in quarters of an hour, and its minutes."""
    for quarters in range(1, 7):
        by = QUARTER * quarters
        for number in range(len(one.hours) + len(one.activities)):
            for at_end in (True, False):
                changed = shorter(one, number, at_end=at_end, by=by)
                if changed is not None:
                    yield 15 * quarters, changed
        if 15 * quarters <= one.margin_min:
            yield 15 * quarters, replace(one, margin_min=one.margin_min - 15 * quarters)


def with_seat(offers: Sequence[Offer], cohort: str) -> list[Offer]:
    return [replace(offer, seats_left=1) if offer.cohort == cohort else offer for offer in offers]


@given(one=weeks(), offers=offered(3))
@settings(max_examples=EXAMPLES // 2, deadline=None)
def test_the_smallest_change_is_the_smallest(one: School, offers: list[Offer]) -> None:
    explanation = finder.find(wish(one), offers).explanation
    assume(explanation is not None)
    assert explanation is not None
    full = sorted({offer.cohort for offer in offers if offer.seats_left == 0})
    helpful = [minutes for minutes, changed in single_changes(one) if any_fits(changed, SIX_HOURS, offers)]
    seats = [cohort for cohort in full if any_fits(one, SIX_HOURS, with_seat(offers, cohort))]
    told = {
        "seat" if help.changes[0].kind is ChangeKind.SEAT else "time": help
        for help in explanation.helps
        if len(help.changes) == 1
    }
    assert ("time" in told) == bool(helpful)
    assert ("seat" in told) == bool(seats)
    if helpful:
        event("a change of time helps")
        assert told["time"].changes[0].minutes == min(helpful)
    if seats:
        event("a seat helps")
        assert told["seat"].changes[0].cohort in seats
    if not helpful and not seats:
        check_pairs(one, offers, full, explanation)


def check_pairs(one: School, offers: list[Offer], full: list[str], explanation: finder.Explanation) -> None:
    """Two seats, or a seat and a change of time: if either helps, something of two changes is told."""
    pairs = any(
        any_fits(one, SIX_HOURS, with_seat(with_seat(offers, first), second)) for first, second in combinations(full, 2)
    ) or any(
        any_fits(changed, SIX_HOURS, with_seat(offers, cohort)) for cohort in full for _, changed in single_changes(one)
    )
    if pairs:
        event("two changes help")
        assert explanation.helps
        assert len(explanation.helps[0].changes) == 2
