"""Rule sets are data: what they may say, and which version holds when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from facilitation.errors import Refusal
from facilitation.rules import ShortDay, check_rules, in_force, version_on
from tests.support.meeting import RULES, Meeting

OFFER = ShortDay(id="single", text="Bill the single services")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"rounding": "generous"}, "the rounding 'generous' is not known; there are eight_minute, exact"),
        ({"unit_min": 15}, "'floor_minute' knows no units"),
        ({"rounding": "floor_unit"}, "unit_min is 1, and should be from 2 to 240"),
        ({"rounding": "eight_minute", "unit_min": 30}, "about units of 15"),
        ({"uncounted": ("lunch", "break")}, "uncounted: no such kind of segment: lunch"),
        ({"group_caps": {"lunch": 8}}, "group_caps: no such kind of segment: lunch"),
        ({"group_caps": {"process": 0}}, "group_caps.process is 0, and should be from 1"),
        ({"server_gap_credit_ms_max": -1}, "server_gap_credit_ms_max is -1"),
        ({"week_floor_min": {"elder": 1}}, "week_floor_min: no such track: elder; there are adult, teen"),
        ({"week_floor_min": {"adult": 10_081}}, "week_floor_min.adult is 10081"),
        ({"week_ceiling_min": {"adult": 539}}, "the week's ceiling of 'adult' is below its floor"),
        ({"day_threshold_min": {"adult": -1}}, "day_threshold_min.adult is -1"),
        ({"week_days_min": 8}, "week_days_min is 8, and should be from 0 to 7"),
        ({"week_start": "Sunday"}, "a week cannot begin on 'Sunday'"),
        ({"gap_days_max": -1}, "gap_days_max is -1"),
        ({"short_day": (OFFER,)}, "there is no day_threshold_min"),
        ({"short_days_count": False}, "there is no day_threshold_min"),
        ({"day_threshold_min": {"adult": 180}, "short_day": (OFFER, OFFER)}, "offers the same twice"),
        ({"day_threshold_min": {"adult": 180}, "short_day": (replace(OFFER, text=" "),)}, "an id and a text"),
        ({"day_threshold_min": {"adult": 180}, "short_day": (replace(OFFER, from_min=0),)}, "from_min is 0"),
        (
            {"effective_from": date(2026, 2, 1), "effective_until": date(2026, 1, 31)},
            "it ends before it begins",
        ),
    ],
)
def test_a_mistake_in_a_rule_set_is_said_in_words_and_opens_no_session(fields: dict[str, Any], said: str) -> None:
    spoilt = replace(RULES, **fields)
    with pytest.raises(Refusal) as caught:
        check_rules(spoilt)
    assert said in caught.value.text
    with pytest.raises(Refusal):
        Meeting(rules=spoilt)


def test_the_version_in_force_is_that_of_the_day_and_both_ends_are_in_it() -> None:
    old = replace(RULES, version="1", effective_until=date(2026, 6, 30))
    new = replace(RULES, version="2", effective_from=date(2026, 7, 1), effective_until=date(2026, 12, 31))
    on = {day: version_on((old, new), date.fromisoformat(day)) for day in ("1999-01-01", "2026-06-30", "2026-07-01")}
    assert on == {"1999-01-01": old, "2026-06-30": old, "2026-07-01": new}
    assert version_on((old, new), date(2026, 12, 31)) == new
    assert version_on((old, new), date(2027, 1, 1)) is None
    assert in_force(RULES, date.min) and in_force(RULES, date.max)
