"""Who follows which curriculum, from which day on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from facilitation.courses import (
    STEPS_MAX,
    Course,
    Step,
    followed,
    of_cohort,
    of_programme,
    stepping,
    taking_back,
)
from facilitation.errors import Refusal
from facilitation.ids import CohortId

MONDAY = date(2026, 11, 30)
BEFORE, AFTER = MONDAY - timedelta(days=1), MONDAY + timedelta(days=1)
GROUP = Course(of=of_cohort(CohortId("c-1")))
PROGRAMME = Course(of=of_programme("adult@3"), steps=(Step(since=MONDAY, curriculum="common"),))


def test_a_programme_is_itself_in_whatever_version() -> None:
    assert of_programme("adult@3") == of_programme("adult") == "programme adult"


def test_a_groups_own_goes_before_its_programmes_and_that_before_what_it_came_with() -> None:
    own = stepping(GROUP, Step(since=AFTER, curriculum="own", begins=3))
    assert followed(own, PROGRAMME, "shipped", BEFORE).curriculum == "shipped"
    assert followed(own, PROGRAMME, "shipped", MONDAY) == Step(since=MONDAY, curriculum="common")
    assert followed(own, PROGRAMME, "shipped", AFTER) == Step(since=AFTER, curriculum="own", begins=3)
    assert followed(None, None, "", AFTER).curriculum == ""


def test_a_group_can_follow_none_and_can_go_by_its_programme_again() -> None:
    own = stepping(stepping(GROUP, Step(since=BEFORE)), Step(since=AFTER, as_programme=True))
    assert followed(own, PROGRAMME, "shipped", MONDAY) == Step(since=BEFORE)
    assert followed(own, PROGRAMME, "shipped", AFTER).curriculum == "common"


def test_of_two_steps_on_one_day_the_later_word_stands() -> None:
    course = stepping(stepping(GROUP, Step(since=MONDAY, curriculum="a")), Step(since=MONDAY, curriculum="b"))
    assert course.steps == (Step(since=MONDAY, curriculum="b"),)
    assert stepping(course, Step(since=BEFORE, curriculum="c")).steps[0].curriculum == "c"


def test_only_what_has_not_begun_can_be_taken_back() -> None:
    course = stepping(stepping(GROUP, Step(since=MONDAY, curriculum="a")), Step(since=AFTER, curriculum="b"))
    assert taking_back(course, AFTER, MONDAY).steps == (Step(since=MONDAY, curriculum="a"),)
    with pytest.raises(Refusal, match="already_begun"):
        taking_back(course, MONDAY, MONDAY)


def test_changes_are_bounded() -> None:
    course = GROUP
    for number in range(STEPS_MAX):
        course = stepping(course, Step(since=MONDAY + timedelta(days=number)))
    with pytest.raises(Refusal, match="too_many"):
        stepping(course, Step(since=BEFORE))
