"""The finder in small stories; `tests/property/test_finder.py` holds it beside brute force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from facilitation.errors import Refusal
from facilitation.finder import OFFERS_MAX, ChangeKind, Found, find, week_sum
from facilitation.school import Activity
from facilitation.timebase import MINUTE_MS
from tests.support.school import MONDAY, SIX_HOURS, activity, school, weekly, wish

AFTERNOON = time(17), time(19)
AFTER_SCHOOL = [weekly("a", day, "16:00") for day in (0, 1, 2, 3)]


def told(found: Found) -> list[str]:
    return [" ".join(offer.id for offer in proposal.offers) for proposal in found.proposals]


def change(found: Found) -> tuple[ChangeKind, int, str]:
    assert found.explanation is not None
    ((one,),) = [help.changes for help in found.explanation.helps]
    return one.kind, one.minutes, one.group or (one.reason.name if one.reason else "")


def test_three_days_of_one_group_reach_six_hours_and_the_most_even_three_come_first() -> None:
    found = find(wish(school()), AFTER_SCHOOL)
    assert told(found)[0] == "a/0/16:00 a/1/16:00 a/3/16:00"
    assert len(found.proposals) == 4
    assert {proposal.minutes for proposal in found.proposals} == {360}


def test_two_long_days_come_before_three_short_ones() -> None:
    long = [weekly("b", day, "16:00", 180) for day in (1, 4)]
    assert told(find(wish(school()), [*AFTER_SCHOOL, *long]))[0] == "b/1/16:00 b/4/16:00"


def test_one_group_comes_before_two() -> None:
    mixed = [weekly("b", day, "16:00") for day in (0, 2)]
    found = find(wish(school()), [*mixed, *AFTER_SCHOOL[1:]])
    assert found.proposals[0].cohorts == ("a",)


def test_the_group_one_is_in_comes_before_others() -> None:
    others = [weekly("b", day, "16:00") for day in (0, 2, 4)]
    assert find(wish(school()), [*AFTER_SCHOOL, *others]).proposals[0].cohorts == ("b",), "it is spread more evenly"
    assert find(wish(school(), stay=["a"]), [*AFTER_SCHOOL, *others]).proposals[0].cohorts == ("a",)


def test_late_nights_come_last() -> None:
    late = [weekly("b", day, "19:00") for day in (0, 2, 4)]
    assert [each.late for each in find(wish(school()), [*late, *AFTER_SCHOOL]).proposals] == [0, 0, 0, 0, 3]


def test_what_touches_football_is_not_proposed() -> None:
    football = school(activities=[activity("Football", 1, "16:30", "18:00")])
    assert told(find(wish(football), AFTER_SCHOOL)) == ["a/0/16:00 a/2/16:00 a/3/16:00"]


def test_a_group_held_in_another_zone_comes_into_school_when_only_one_of_both_changes_its_clocks() -> None:
    """20:00 in London is 15:00 in New York, but 16:00 in the week between both clock changes."""
    october = date(2026, 10, 19)
    london = [weekly("l", day, "20:00", first=october, weeks=3, zone=ZoneInfo("Europe/London")) for day in (0, 2, 3)]
    evening_school = school(margin_min=0, start="17:00", end="18:00")
    assert find(wish(evening_school, first=october, weeks=1), london).proposals
    assert not find(wish(evening_school, first=october, weeks=2), london).proposals


# --------------------------------------------------------------- weeks that are not like the others


def test_a_week_with_an_exam_gets_another_meeting_instead() -> None:
    exam = MONDAY + timedelta(days=8)
    found = find(wish(school(exams=[exam])), AFTER_SCHOOL)
    first = next(each for each in found.proposals if each.offers[1].weekday == 1)
    (odd,) = first.odd_weeks
    assert odd.first == MONDAY + timedelta(days=7)
    assert odd.out == ("a/1/16:00",)
    assert [(id, meeting.day) for id, meeting in odd.added] == [("a/2/16:00", exam + timedelta(days=1))]
    assert odd.reached


def test_patterns_without_odd_weeks_come_first() -> None:
    found = find(wish(school(exams=[MONDAY + timedelta(days=8)])), AFTER_SCHOOL)
    assert [len(each.odd_weeks) for each in found.proposals] == [0, 1, 1, 1]


def test_a_week_that_nothing_can_mend_is_said_to_be_short() -> None:
    found = find(wish(school(exams=[MONDAY + timedelta(days=8)])), AFTER_SCHOOL[:3])
    (odd,) = found.proposals[0].odd_weeks
    assert (odd.minutes, odd.reached, odd.added) == (240, False, ())


def test_a_match_takes_out_one_meeting_and_no_group() -> None:
    match = Activity(name="Match", day=MONDAY, start=AFTERNOON[0], end=AFTERNOON[1])
    found = find(wish(replace(school(), activities=(match,))), AFTER_SCHOOL)
    assert [odd.out for each in found.proposals for odd in each.odd_weeks] == [("a/0/16:00",)] * 3


# --------------------------------------------------------------- why there is nothing


def test_the_smallest_change_is_football_ending_earlier() -> None:
    football = school(activities=[activity("Football", 1, "14:30", "15:50")])
    found = find(wish(football), [AFTER_SCHOOL[0], AFTER_SCHOOL[1], AFTER_SCHOOL[3]])
    assert change(found) == (ChangeKind.ENDS_EARLIER, 20, "Football")


def test_less_time_for_the_way_can_be_the_smallest_change() -> None:
    tight = [weekly("a", day, "15:20") for day in (0, 2, 3)]
    assert change(find(wish(school()), tight)) == (ChangeKind.MARGIN, 10, "")


def test_a_seat_is_told_where_seats_are_all_that_lacks() -> None:
    full = [replace(offer, seats_left=0) for offer in AFTER_SCHOOL]
    assert change(find(wish(school()), full)) == (ChangeKind.SEAT, 0, "Group a")


def test_a_change_of_time_and_a_seat_are_told_side_by_side() -> None:
    football = school(activities=[activity("Football", 1, "14:30", "15:50")])
    offers = [AFTER_SCHOOL[0], AFTER_SCHOOL[1], AFTER_SCHOOL[3], weekly("b", 2, "16:00", seats=0)]
    explanation = find(wish(football), offers).explanation
    assert explanation is not None
    assert [[one.kind for one in help.changes] for help in explanation.helps] == [
        [ChangeKind.ENDS_EARLIER],
        [ChangeKind.SEAT],
    ]


def test_what_help_there_is_shows_the_week_it_would_give() -> None:
    full = [replace(offer, seats_left=0) for offer in AFTER_SCHOOL]
    explanation = find(wish(school()), full).explanation
    assert explanation is not None
    assert explanation.helps[0].proposal.minutes == 360


def test_minutes_that_lack_whatever_one_does_are_told() -> None:
    explanation = find(wish(school()), AFTER_SCHOOL[:2]).explanation
    assert explanation is not None
    assert (explanation.best_min, explanation.short_min, explanation.enough) == (240, 120, False)
    assert explanation.helps == ()


def test_days_that_lack_are_told() -> None:
    rules = replace(SIX_HOURS, day_threshold_min={"teen": 120}, week_days_min=3)
    long = [weekly("b", day, "16:00", 180) for day in (1, 4)]
    explanation = find(wish(school(), rules=rules), long).explanation
    assert explanation is not None
    assert (explanation.short_min, explanation.best_days, explanation.short_days) == (0, 2, 1)


def test_nothing_on_offer_is_nothing_found() -> None:
    explanation = find(wish(school()), []).explanation
    assert explanation is not None
    assert (explanation.best_min, explanation.enough) == (0, False)


# --------------------------------------------------------------- bounds


def test_more_than_can_be_tried_is_refused() -> None:
    with pytest.raises(Refusal) as refusal:
        find(wish(school()), [weekly(f"c{number}", 0, "16:00") for number in range(OFFERS_MAX + 1)])
    assert refusal.value.code == "too_many"


@pytest.mark.parametrize("days", [-1, 3, 21 * 7])
def test_weeks_that_cannot_be_looked_at_are_refused(days: int) -> None:
    asked = replace(wish(school()), last=MONDAY + timedelta(days=days))
    with pytest.raises(Refusal) as refusal:
        find(asked, AFTER_SCHOOL)
    assert refusal.value.code == "bad_days"


def test_only_whole_weeks_of_the_rule_set_are_looked_at() -> None:
    asked = replace(wish(school(exams=[MONDAY + timedelta(days=1)])), first=MONDAY + timedelta(days=1))
    found = find(asked, AFTER_SCHOOL)
    assert not any(each.odd_weeks for each in found.proposals), "the week with the exam has begun"


def test_a_hundred_and_twenty_groups_are_no_trouble() -> None:
    offers = [
        weekly(f"c{number:02}", day, ("15:15", "16:00", "17:30", "19:00")[number % 4], weeks=8)
        for number in range(40)
        for day in ((0, 2, 3) if number % 2 else (1, 2, 4))
    ]
    busy_teen = school(activities=[activity("Football", day, "15:30", "18:00") for day in range(5)])
    began = perf_counter()
    assert len(find(wish(busy_teen, weeks=8), offers).proposals) == 5
    assert not find(wish(school(end="19:10"), weeks=8), offers).proposals
    assert perf_counter() - began < 20


def test_short_days_count_for_a_week_only_where_the_rule_set_says_so() -> None:
    strict = replace(SIX_HOURS, day_threshold_min={"teen": 120}, short_days_count=False)
    by_day = {0: 90 * MINUTE_MS, 1: 120 * MINUTE_MS}
    assert week_sum(SIX_HOURS, "teen", by_day).minutes == 210
    assert week_sum(strict, "teen", by_day).minutes == 120
