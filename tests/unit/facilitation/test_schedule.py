"""Series, terms, cohorts, enrolments and substitutes: each rule in a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from facilitation.cohorts import Cohort, Lead, check_cohort
from facilitation.enrolment import (
    Discharge,
    Ending,
    Enrolment,
    Step,
    attends,
    check_discharge,
    check_enrolment,
    ended,
    members,
    step_on,
    stepped,
)
from facilitation.errors import Refusal
from facilitation.ids import CohortId, CoverId, EnrolmentId, PersonId, SeriesId, TermId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence, check_recurrence, rrule
from facilitation.schedule import (
    Cover,
    Deviation,
    Series,
    SeriesKind,
    check_cover,
    check_deviation,
    check_series,
    deviate,
    instant_of,
    led_by,
    neutral,
    occurrences,
    session_of,
)
from facilitation.terms import Closed, Term, check_term, closed

FAY, CODY, SUE, ROBIN, SAM = (PersonId(f"p-{name}") for name in ("fay", "cody", "sue", "robin", "sam"))
MONDAY = date(2026, 11, 30)
NEW_YORK = ZoneInfo("America/New_York")
LEADS = (Lead(person=FAY, role=Role.FACILITATOR), Lead(person=CODY, role=Role.COFACILITATOR))
WEEKLY = Recurrence(every=Every.WEEK, days=(0, 2, 4))
EVENINGS = Series(
    id=SeriesId("evenings"),
    title="Evening group",
    kind=SeriesKind.GROUP,
    plan_id="adult",
    zone="America/New_York",
    recurrence=WEEKLY,
    first=MONDAY,
    starts=time(18, 0),
    cohort=CohortId("evening"),
)
ALONE = replace(EVENINGS, kind=SeriesKind.INDIVIDUAL, cohort=None, people=(ROBIN,), leads=LEADS[:1])
TERM = Term(
    id=TermId("winter"),
    title="Winter term",
    first=date(2026, 11, 1),
    last=date(2026, 12, 18),
    holidays=(Closed(first=date(2026, 12, 2), last=date(2026, 12, 2), title="Staff day"),),
)
COHORT = Cohort(id=CohortId("evening"), title="Evening group", programme="adult-iop", zone="America/New_York")
ENROLMENT = Enrolment(
    id=EnrolmentId("e-1"), person=ROBIN, cohort=COHORT.id, steps=(Step(since=MONDAY, days=(0, 2, 4)),)
)


def refused(check: object, thing: object) -> str:
    with pytest.raises(Refusal) as refusal:
        check(thing)
    return refusal.value.code


# --------------------------------------------------------------------------- rules of days


@pytest.mark.parametrize(
    ("recurrence", "rule"),
    [
        (Recurrence(every=Every.ONCE), None),
        (WEEKLY, "FREQ=WEEKLY;BYDAY=MO,WE,FR;WKST=MO"),
        (Recurrence(every=Every.WEEK, days=(3,), interval=2), "FREQ=WEEKLY;BYDAY=TH;INTERVAL=2;WKST=MO"),
        (Recurrence(every=Every.MONTH, days=(1,), nths=(1, -1)), "FREQ=MONTHLY;BYDAY=1TU,-1TU;WKST=MO"),
        (
            Recurrence(every=Every.MONTH, days=(5,), nths=(2,), interval=3),
            "FREQ=MONTHLY;BYDAY=2SA;INTERVAL=3;WKST=MO",
        ),
    ],
)
def test_a_rule_is_said_to_calendars(recurrence: Recurrence, rule: str | None) -> None:
    check_recurrence(recurrence)
    assert rrule(recurrence) == rule


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence(every=Every.WEEK),
        Recurrence(every=Every.WEEK, days=(0, 0)),
        Recurrence(every=Every.WEEK, days=(7,)),
        Recurrence(every=Every.WEEK, days=(0,), interval=0),
        Recurrence(every=Every.WEEK, days=(0,), interval=5),
        Recurrence(every=Every.WEEK, days=(0,), nths=(1,)),
        Recurrence(every=Every.MONTH, days=(0,)),
        Recurrence(every=Every.MONTH, days=(0,), nths=(5,)),
        Recurrence(every=Every.MONTH, days=(0,), nths=(1, 1)),
        Recurrence(every=Every.ONCE, days=(0,)),
    ],
)
def test_days_that_make_no_rule_are_refused(recurrence: Recurrence) -> None:
    assert refused(check_recurrence, recurrence) == "bad_recurrence"


# --------------------------------------------------------------------------- occurrences


def test_an_occurrence_keeps_its_name_when_it_is_moved() -> None:
    moved = deviate(EVENINGS, Deviation(on=MONDAY, day=date(2026, 12, 1), starts=time(17, 0)))
    (one,) = occurrences(moved, [MONDAY], None, NEW_YORK)
    assert (one.session, one.day, one.starts) == ("evenings-20261130", date(2026, 12, 1), time(17, 0))
    assert one.session == session_of(EVENINGS.id, MONDAY)
    assert one.starts_at == instant_of(date(2026, 12, 1), time(17, 0), NEW_YORK)


def test_what_is_said_of_a_day_again_stands_instead_and_nothing_takes_it_back() -> None:
    cancelled = deviate(EVENINGS, Deviation(on=MONDAY, cancelled=True, reason="Ill"))
    again = deviate(cancelled, Deviation(on=MONDAY, cancelled=True, reason="Snow"))
    assert [each.dropped for each in occurrences(again, [MONDAY], None, NEW_YORK)] == ["Snow"]
    assert deviate(again, Deviation(on=MONDAY)) == EVENINGS


def test_closed_days_are_not_held_and_say_why() -> None:
    days = [date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 21)]
    found = occurrences(EVENINGS, days, TERM, NEW_YORK)
    assert [each.dropped for each in found] == ["", "Staff day", "outside of Winter term"]
    assert closed(None, MONDAY) is None


def test_a_move_wins_over_a_closed_day_because_somebody_chose_it() -> None:
    moved = deviate(EVENINGS, Deviation(on=date(2026, 12, 2), starts=time(12, 0)))
    (one,) = occurrences(moved, [date(2026, 12, 2)], TERM, NEW_YORK)
    assert one.held


def test_an_hour_the_clock_leaves_out_is_an_hour_later_and_one_told_twice_is_the_first() -> None:
    spring, autumn = date(2026, 3, 8), date(2026, 11, 1)
    assert instant_of(spring, time(2, 30), NEW_YORK) == instant_of(spring, time(3, 30), NEW_YORK)
    assert instant_of(autumn, time(2, 0), NEW_YORK) - instant_of(autumn, time(1, 0), NEW_YORK) == 2 * 3_600_000


def test_calendars_see_a_neutral_word() -> None:
    assert {neutral(kind) for kind in SeriesKind} == {"Meeting", "Appointment"}


# --------------------------------------------------------------------------- substitutes


def cover(away: PersonId, by: PersonId, series: SeriesId | None = None, days: int = 0) -> Cover:
    return Cover(id=CoverId("v"), away=away, by=by, first=MONDAY, last=MONDAY.replace(day=30 - days), series=series)


def test_a_substitute_leads_in_the_role_of_who_is_away() -> None:
    assert led_by(LEADS, [cover(FAY, SUE)], EVENINGS.id, MONDAY)[0] == Lead(person=SUE, role=Role.FACILITATOR)
    assert led_by(LEADS, [cover(FAY, SUE)], EVENINGS.id, date(2026, 12, 1)) == LEADS
    assert led_by(LEADS, [cover(FAY, SUE, SeriesId("another"))], EVENINGS.id, MONDAY) == LEADS


def test_who_leads_anyway_and_stands_in_has_the_higher_role_and_one_line() -> None:
    assert led_by(LEADS, [cover(FAY, CODY)], EVENINGS.id, MONDAY) == (Lead(person=CODY, role=Role.FACILITATOR),)


def test_nobody_stands_in_for_themself_or_backwards_in_time() -> None:
    assert refused(check_cover, cover(FAY, FAY)) == "bad_cover"
    assert refused(check_cover, cover(FAY, SUE, days=5)) == "bad_cover"
    assert refused(check_cover, replace(cover(FAY, SUE), last=date(2028, 1, 1))) == "bad_cover"


# --------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    "series",
    [
        replace(EVENINGS, until=date(2026, 11, 1)),
        replace(EVENINGS, cohort=None),
        replace(EVENINGS, people=(ROBIN,)),
        replace(ALONE, people=()),
        replace(ALONE, people=(ROBIN, SAM)),
        replace(ALONE, leads=()),
        replace(ALONE, leads=LEADS[1:]),
        replace(ALONE, people=(FAY,)),
        replace(ALONE, kind=SeriesKind.FAMILY, people=()),
        replace(ALONE, kind=SeriesKind.MULTI_FAMILY, people=()),
        replace(ALONE, recurrence=Recurrence(every=Every.ONCE), until=date(2026, 12, 1)),
        replace(ALONE, kind=SeriesKind.FAMILY, relatives=tuple(PersonId(f"p-{n}") for n in range(100))),
        replace(EVENINGS, deviations=tuple(Deviation(on=MONDAY) for _ in range(401))),
    ],
)
def test_series_that_cannot_be_are_refused(series: Series) -> None:
    assert refused(check_series, series) == "bad_series"


def test_what_can_be_is_let_pass() -> None:
    check_series(EVENINGS)
    check_series(ALONE)
    check_series(replace(ALONE, kind=SeriesKind.FAMILY, relatives=(SAM,)))
    check_series(replace(EVENINGS, kind=SeriesKind.MULTI_FAMILY, relatives=(SAM,)))
    assert refused(check_series, replace(EVENINGS, title=" ")) == "empty_text"


def test_a_meeting_is_cancelled_with_a_reason_or_moved_nearby() -> None:
    check_deviation(Deviation(on=MONDAY, cancelled=True, reason="Ill"))
    assert refused(check_deviation, Deviation(on=MONDAY, cancelled=True)) == "empty_text"
    assert refused(check_deviation, Deviation(on=MONDAY, cancelled=True, reason="Ill", starts=time(1))) == "bad_series"
    assert refused(check_deviation, Deviation(on=MONDAY, day=date(2027, 3, 1))) == "bad_series"


@pytest.mark.parametrize(
    "term",
    [
        replace(TERM, last=date(2026, 10, 1)),
        replace(TERM, last=date(2036, 10, 1)),
        replace(TERM, summer=(date(2026, 12, 2), date(2026, 12, 1))),
        replace(TERM, holidays=(Closed(first=date(2026, 12, 2), last=date(2026, 12, 1), title="Back"),)),
        replace(TERM, holidays=TERM.holidays * 101),
    ],
)
def test_terms_that_cannot_be_are_refused(term: Term) -> None:
    check_term(TERM)
    assert refused(check_term, term) == "bad_term"


@pytest.mark.parametrize(
    ("cohort", "code"),
    [
        (replace(COHORT, title=""), "empty_text"),
        (replace(COHORT, caps={"party": 3}), "bad_cohort"),
        (replace(COHORT, caps={"process": 0}), "bad_cohort"),
        (replace(COHORT, leads=LEADS * 2), "bad_leads"),
        (replace(COHORT, leads=(Lead(person=ROBIN, role=Role.PARTICIPANT),)), "bad_leads"),
        (
            replace(COHORT, leads=tuple(Lead(person=PersonId(str(n)), role=Role.OBSERVER) for n in range(9))),
            "bad_leads",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(cohort: Cohort, code: str) -> None:
    check_cohort(replace(COHORT, leads=LEADS, caps={"process": 12}))
    assert refused(check_cohort, cohort) == code


# --------------------------------------------------------------------------- enrolments


def test_a_step_down_changes_the_days_from_then_on_and_nothing_before() -> None:
    down = stepped(ENROLMENT, Step(since=date(2026, 12, 14), days=(0,)))
    assert attends(down, date(2026, 12, 11)) and not attends(down, date(2026, 12, 18))
    assert step_on(down, date(2026, 12, 20)) == Step(since=date(2026, 12, 14), days=(0,))
    assert stepped(down, Step(since=date(2026, 12, 14), days=(0, 2, 4))) == ENROLMENT


def test_days_cannot_change_outside_of_the_enrolment() -> None:
    assert refused(lambda step: stepped(ENROLMENT, step), Step(since=date(2026, 11, 1), days=(0,))) == "bad_enrolment"
    over = ended(ENROLMENT, date(2026, 12, 4))
    assert refused(lambda step: stepped(over, step), Step(since=date(2026, 12, 5), days=(0,))) == "bad_enrolment"


def test_one_that_ended_is_not_ended_later_and_one_not_begun_never_begins() -> None:
    over = ended(ENROLMENT, date(2026, 12, 4))
    assert ended(over, date(2026, 12, 24)) == over
    never = ended(ENROLMENT, date(2026, 11, 1))
    assert not any(attends(never, date(2026, 11, day)) for day in range(1, 31))


def test_the_members_of_a_day_are_those_enrolled_for_it_each_once() -> None:
    twice = replace(ENROLMENT, id=EnrolmentId("e-2"))
    elsewhere = replace(ENROLMENT, id=EnrolmentId("e-3"), person=SAM, cohort=CohortId("other"))
    assert list(members([ENROLMENT, twice, elsewhere], COHORT.id, MONDAY)) == [ROBIN]
    assert list(members([ENROLMENT], COHORT.id, date(2026, 12, 1))) == []


@pytest.mark.parametrize(
    "enrolment",
    [
        replace(ENROLMENT, steps=()),
        replace(ENROLMENT, steps=(Step(since=MONDAY, days=()),)),
        replace(ENROLMENT, steps=(Step(since=MONDAY, days=(9,)),)),
        replace(ENROLMENT, steps=ENROLMENT.steps * 2),
        replace(ENROLMENT, until=date(2026, 11, 1)),
        replace(ENROLMENT, steps=ENROLMENT.steps * 51),
    ],
)
def test_enrolments_that_cannot_be_are_refused(enrolment: Enrolment) -> None:
    check_enrolment(ENROLMENT)
    assert refused(check_enrolment, enrolment) == "bad_enrolment"


def test_a_discharge_has_a_plan_for_afterwards_unless_somebody_just_left() -> None:
    left = Discharge(person=ROBIN, day=MONDAY, ending=Ending.LEFT, aftercare="")
    check_discharge(left)
    assert refused(check_discharge, replace(left, ending=Ending.COMPLETED)) == "empty_text"
    assert refused(check_discharge, replace(left, own_words="x" * 2_000)) == "too_long"
