from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation import crediting
from facilitation.ids import SegmentId
from facilitation.state import EMPTY
from facilitation.timebase import MINUTE_MS, SECOND_MS
from tests.support.meeting import FAY, PLAN, ROBIN, RULES, SAM, Meeting, running


def test_breaks_are_present_and_not_counted() -> None:
    meeting = running(ROBIN)
    for planned in (20, 30, 10, 20):
        meeting.later(minutes=planned)
        meeting.advance()
    meeting.later(minutes=10)
    meeting.end()
    hours = meeting.hours(ROBIN)
    assert hours.present_ms == 90 * MINUTE_MS
    assert hours.by_segment[SegmentId("break")] == 10 * MINUTE_MS
    assert hours.counted_ms == 80 * MINUTE_MS
    assert hours.countable_min == 80


def test_seconds_are_dropped_once_from_the_sum() -> None:
    meeting = running(ROBIN)
    for _ in range(2):
        meeting.later(seconds=90)
        meeting.advance()
    meeting.later(seconds=30)
    meeting.advance()
    meeting.later(seconds=59)
    meeting.end()
    hours = meeting.hours(ROBIN)
    assert hours.counted_ms == (90 + 90 + 59) * SECOND_MS
    assert hours.countable_min == 3


def test_clock_time_runs_from_first_to_last_with_the_gaps() -> None:
    meeting = running()
    meeting.later(minutes=5)
    source = meeting.join(ROBIN)
    meeting.later(minutes=10)
    meeting.lose(source)
    meeting.later(minutes=5)
    meeting.connect(ROBIN)
    meeting.later(minutes=10)
    meeting.do(c.Leave(), ROBIN)
    meeting.later(minutes=3)
    meeting.end()
    hours = meeting.hours(ROBIN)
    assert hours.clock_ms == 25 * MINUTE_MS
    assert hours.present_ms == 20 * MINUTE_MS
    assert hours.late_ms == 5 * MINUTE_MS
    assert hours.left_early_ms == 3 * MINUTE_MS
    assert (hours.first, hours.last) == (meeting.at(5), meeting.at(30))


def test_who_never_came_has_no_minutes_and_no_lateness() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=30)
    meeting.end()
    hours = meeting.hours(SAM)
    assert not hours.attended
    assert (hours.clock_ms, hours.present_ms, hours.countable_min, hours.late_ms, hours.left_early_ms) == (0,) * 5


def test_the_figures_name_their_rule_set() -> None:
    hours = running(ROBIN).hours(ROBIN)
    assert (hours.rules_id, hours.rules_version) == ("exact-floor", "1")


def test_the_target_is_what_the_plan_counts_for() -> None:
    assert crediting.target_ms(PLAN, RULES) == 80 * MINUTE_MS


def test_other_rules_give_other_minutes_from_the_same_facts() -> None:
    meeting = Meeting(rules=replace(RULES, uncounted=("break", "check_in"), server_gap_credit_ms_max=0))
    meeting.join(FAY)
    meeting.join(ROBIN)
    meeting.start()
    meeting.later(minutes=20)
    meeting.advance()
    meeting.later(minutes=7)
    assert meeting.hours(ROBIN).counted_ms == 7 * MINUTE_MS


def test_a_rounding_nobody_knows_is_refused_at_the_opening() -> None:
    with pytest.raises(Exception, match="rounding"):
        Meeting(rules=replace(RULES, rounding="up"))


def test_an_unopened_session_has_no_figures() -> None:
    with pytest.raises(ValueError, match="no session"):
        crediting.credit(EMPTY, ROBIN)


def test_while_running_the_figures_hold_as_of_now() -> None:
    meeting = running(ROBIN)
    meeting.later(minutes=3)
    assert crediting.credit(meeting.state, ROBIN).present_ms == 0
    assert crediting.credit(meeting.state, ROBIN, meeting.now).present_ms == 3 * MINUTE_MS
