from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from facilitation.diary import (
    STRENGTH_MAX,
    Day,
    Mark,
    Part,
    Target,
    asked_targets,
    check_day,
    check_parts,
    check_targets,
    is_empty,
    open_days,
    strong,
    week_of,
)
from facilitation.errors import Refusal
from facilitation.ids import SkillId
from facilitation.timebase import Instant

TODAY = date(2026, 11, 24)
SKILLS = [SkillId("wise-mind"), SkillId("the-pause")]
DAY = Day(
    day=TODAY,
    revision=1,
    at=Instant(1),
    distress=3,
    feelings={"joy": 0, "fear": 4},
    urges={"hide": Mark(strength=2, acted=False)},
    targets=(Target(label="Walk the dog", mark=Mark(strength=1, acted=True)),),
    skills=(SKILLS[0],),
    sleep_h=7,
    word="Long day.",
)


def checked(**changes: object) -> Day:
    return check_day(replace(DAY, **changes), today=TODAY, skills=SKILLS)


def test_a_whole_day_is_kept_as_it_was_written() -> None:
    assert checked() == DAY


def test_today_and_the_six_days_before_can_be_filled_in_and_no_other() -> None:
    assert open_days(TODAY) == tuple(date(2026, 11, day) for day in range(18, 25))
    for back in range(7):
        assert checked(day=TODAY - timedelta(days=back))
    for other in (TODAY - timedelta(days=7), TODAY + timedelta(days=1)):
        with pytest.raises(Refusal, match="six days"):
            checked(day=other)


@pytest.mark.parametrize(
    "changes",
    [
        {"distress": 6},
        {"distress": -1},
        {"feelings": {"joy": 6}},
        {"feelings": {"doom": 1}},
        {"urges": {"harm": Mark(strength=1)}},
        {"urges": {"use": Mark(strength=9)}},
        {"targets": (Target(label="Walk", mark=Mark(strength=7)),)},
        {"targets": (Target(label="Walk", mark=Mark(strength=1)), Target(label="walk", mark=Mark(strength=1)))},
        {"targets": (Target(label="x" * 61, mark=Mark(strength=1)),)},
        {"skills": (SkillId("nothing"),)},
        {"skills": (SKILLS[0], SKILLS[0])},
        {"sleep_h": 25},
        {"word": "x" * 501},
        {"word": "a\x00b"},
    ],
)
def test_what_cannot_be_is_refused_in_words(changes: dict[str, object]) -> None:
    with pytest.raises(Refusal) as raised:
        checked(**changes)
    assert raised.value.text


def test_no_card_asks_for_an_urge_to_hurt_oneself() -> None:
    """Nobody watches it (domain: never collected when nobody watches)."""
    from facilitation.diary import FEELINGS, URGES

    asked = " ".join([*FEELINGS.values(), *URGES.values()]).casefold()
    assert not any(word in asked for word in ("harm", "hurt", "die", "suicid", "kill"))


def test_whatever_is_at_its_strongest_is_strong_and_nothing_less() -> None:
    calm = replace(DAY, distress=4, feelings={"anger": 5})
    assert not strong(calm)
    assert strong(replace(calm, distress=STRENGTH_MAX))
    assert strong(replace(calm, urges={"use": Mark(strength=STRENGTH_MAX)}))
    assert strong(replace(calm, targets=(Target(label="Mine", mark=Mark(strength=STRENGTH_MAX)),)))


def test_targets_are_ones_own_words_each_once_and_three_at_most() -> None:
    assert check_targets([" Walk  the dog ", "", "No phone in bed"]) == ("Walk the dog", "No phone in bed")
    for wrong in (["a", "b", "c", "d"], ["Walk", "walk"], ["x" * 61]):
        with pytest.raises(Refusal):
            check_targets(wrong)


def test_a_day_keeps_the_targets_of_its_time_beside_those_of_today() -> None:
    assert asked_targets(["No phone"], DAY) == (DAY.targets[0], Target(label="No phone"))
    assert asked_targets(["walk the dog"], DAY) == DAY.targets
    assert asked_targets(["No phone"], None) == (Target(label="No phone"),)


def test_a_day_in_which_nothing_was_written_is_none() -> None:
    blank = Day(day=TODAY, revision=1, at=Instant(1), targets=(Target(label="Walk"),))
    assert is_empty(blank) and not is_empty(replace(blank, sleep_h=0)) and not is_empty(DAY)
    long_ago = replace(DAY, day=TODAY - timedelta(days=7))
    yesterday = replace(DAY, day=TODAY - timedelta(days=1))
    assert week_of([DAY, blank, long_ago, yesterday], TODAY) == (yesterday, DAY)


def test_urges_and_own_words_are_never_for_the_group() -> None:
    assert check_parts(["feelings", "skills"]) == {Part.FEELINGS, Part.SKILLS}
    for part in ("urges", "targets", "words", "", "everything"):
        with pytest.raises(Refusal) as raised:
            check_parts(["feelings", part])
        assert raised.value.code == "not_shareable"


def test_nothing_that_was_written_gets_into_a_log_by_accident() -> None:
    assert "Long" not in repr(DAY) and "dog" not in f"{DAY} {[DAY]}"
