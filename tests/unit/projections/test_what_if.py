"""A week under other rule sets, derived from logs of evenings that were really held; and nothing changed by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from facilitation import commands as c
from facilitation.ids import PersonId
from facilitation.rules import RuleSet
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.weeks import Reach
from server.books import week_words
from server.catalog import load_catalog
from server.clock import FakeClock
from server.projections.what_if import Ask, WhatIf
from server.projections.worker import HoursProjection
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store
from server.web.words import IN_ENGLISH
from tests.support.evening import FAY, ZONE, Evening, usual

TUESDAY_6_PM = 1_795_561_200_000  # 2026-11-24 in New York
TUESDAY = date(2026, 11, 24)
DAY_MS = 24 * HOUR_MS
CATALOG = load_catalog()
ONE = PersonId("p-1")
"""Who was there from the first minute to the last."""


def evening(days: int, *, people: int = 3) -> Evening:
    return Evening(session=f"s-{days}", starts_at=TUESDAY_6_PM + days * DAY_MS, people=people)


def signed(held: Evening) -> Evening:
    for person in held.people:
        held.at(210).write(person, "Took part.")
        held.sign(person)
    return held


def held(days: int, minutes: int, *, people: int = 1, outage_s: float = 0) -> Evening:
    """An evening of so many minutes, all in the check-in, which counts."""
    told = evening(days, people=people)
    told.at(-5).come(FAY)
    for person in told.people:
        told.come(person)
    told.at(0).do(c.StartSession(), FAY)
    if outage_s:
        told.at(5).outage(outage_s)
    told.at(minutes).do(c.EndSession(), FAY)
    return told


async def asking(*evenings: Evening, now: int = TUESDAY_6_PM + 4 * HOUR_MS, track: str = "adult") -> tuple[Ask, Store]:
    store = memory.connect()
    for each in evenings:
        await store.clinic.put_session(each.scheduled)
        if each.lived:
            epoch = await store.leases.acquire(each.scheduled.session, node="n")
            await store.log.append(each.scheduled.session, each.records, epoch=epoch)
    await store.clinic.put_person(
        Person(person=ONE, name="Robin Example", role=evenings[0].roles[ONE], track=track, zone=ZONE)
    )
    await HoursProjection(store.log, store.ledger, FakeClock(now)).catch_up()
    return Ask(store, person=ONE, track=track, zone=ZONE, plans=CATALOG.plans, now=Instant(now)), store


async def told(
    rules: str | RuleSet,
    *evenings: Evening,
    day: date = TUESDAY,
    now: int = TUESDAY_6_PM + 4 * HOUR_MS,
    track: str = "adult",
) -> WhatIf:
    ask, _ = await asking(*evenings, now=now, track=track)
    return await ask.week(CATALOG.rules[rules] if isinstance(rules, str) else rules, day)


async def test_under_its_own_rule_set_a_week_is_what_is_posted() -> None:
    ask, store = await asking(signed(usual(evening(-1))), signed(usual(evening(0))))
    week = await ask.week(CATALOG.rules["exact-floor"], TUESDAY)
    account = await store.ledger.account(ONE)
    assert week.posted_min == week.week.minutes == sum(account.weeks.values()) > 300
    assert [share.minutes for share in week.signed] == [share.posted_min for share in week.signed]


@pytest.mark.parametrize("rules", list(CATALOG.rules))
async def test_asking_changes_nothing(rules: str) -> None:
    ask, store = await asking(signed(usual(evening(-8))), signed(usual(evening(0))))
    before = (await store.ledger.account(ONE), await store.log.sessions(), await store.ledger.owed())
    await ask.week(CATALOG.rules[rules], TUESDAY)
    assert (await store.ledger.account(ONE), await store.log.sessions(), await store.ledger.owed()) == before


async def test_other_rules_are_applied_to_the_facts_and_not_to_the_posted_figures() -> None:
    """Another gap credit needs the log: the ledger cannot say what a longer outage would have given."""
    night = signed(held(0, 60, outage_s=180))
    credited = replace(CATALOG.rules["exact-floor"], server_gap_credit_ms_max=5 * MINUTE_MS)
    week = await told(credited, night)
    assert week.posted_min == 56
    assert week.week.minutes == 60


async def test_a_sunday_moves_to_another_week() -> None:
    evenings = [signed(held(-2, 60)), signed(held(4, 70))]  # Sunday 22 and Saturday 28
    now = TUESDAY_6_PM + 5 * DAY_MS
    monday = await told("exact-floor", *evenings, now=now)
    sunday = await told("california-sunday-week", *evenings, now=now)
    assert (monday.week.first, monday.posted_min, monday.week.minutes) == (date(2026, 11, 23), 70, 70)
    assert (sunday.week.first, sunday.posted_min, sunday.week.minutes) == (date(2026, 11, 22), 130, 130)


async def test_short_days_units_and_floors_are_those_of_the_rule_set() -> None:
    night = signed(held(0, 22))
    assert (await told("units-eight-minute", night)).week.units == 1
    new_york = await told("new-york-ios", night)
    [day] = week_words.day_rows(new_york, IN_ENGLISH)
    assert day["instead"] == ["Bill the single services of this day instead of the day"]
    assert (await told("virginia", signed(held(0, 121)), track="teen")).week.counted_days == 1
    assert (await told("virginia", signed(held(0, 121)), track="adult")).week.counted_days == 0


async def test_a_gap_is_seen_back_to_the_last_counted_day_before_the_week() -> None:
    evenings = [signed(held(-4, 190)), signed(held(-3, 100)), signed(held(0, 190))]
    (gap,) = (await told("north-carolina-saiop", *evenings)).week.gaps
    assert (gap.after, gap.until, gap.days) == (date(2026, 11, 20), TUESDAY, 3), "a short Saturday ends no gap"


async def test_what_is_held_and_not_signed_and_what_is_planned_could_still_be_added() -> None:
    evenings = [signed(held(-1, 200)), held(0, 100), evening(2), evening(3)]
    week = await told("asam-2-1", *evenings)
    assert (week.week.minutes, week.posted_min) == (200, 200)
    assert [share.minutes for share in week.unsigned] == [100]
    assert week.planned == {"s-2": 180, "s-3": 180}
    assert (week.week.floor, week.week.possible_min) == (Reach.REACHABLE, 660)
    words = week_words.sentences(week, IN_ENGLISH)
    assert words[0] == "3 h 20 min of 9 h, 5 h 40 min to go: reachable, for it can still become 11 h."
    assert "1 session not signed yet: 1 h 40 min more." in words
    assert "2 sessions still to come: 6 h." in words


async def test_a_session_that_never_was_is_neither_held_nor_planned() -> None:
    week = await told("asam-2-1", signed(held(-1, 200)), evening(0), now=TUESDAY_6_PM + DAY_MS)
    assert (week.unsigned, week.planned, week.week.floor) == ((), {}, Reach.MISSED)


async def test_a_group_that_is_too_large_is_named() -> None:
    night = signed(held(0, 60, people=3))
    rules = replace(CATALOG.rules["group-of-12"], group_caps={"check_in": 2, "process": 2})
    week = await told(rules, night)
    assert [(each.people, each.most) for each in week.signed[0].over] == [(3, 2)]
    assert week_words.sentences(week, IN_ENGLISH)[-1].endswith(": 3 participants, at most 2 by this rule.")
    assert (await told(replace(rules, group_caps={"check_in": 3}), night)).signed[0].over == ()


async def test_without_sessions_a_week_is_empty_and_says_so() -> None:
    week = await told("asam-2-1", evening(40))
    assert (week.signed, week.week.days, week.week.minutes) == ((), (), 0)
    assert week_words.sentences(week, IN_ENGLISH) == ["0 min of 9 h, 9 h short: missed."]


async def test_a_week_as_plain_values_says_all_of_it() -> None:
    plain = week_words.plain(await told("north-carolina-saiop", signed(held(-1, 100)), signed(held(0, 190))))
    assert plain["rules"]["example"] is True
    assert (plain["first"], plain["last"], plain["posted_min"]) == ("2026-11-23", "2026-11-29", 290)
    assert (plain["minutes"], plain["attended_min"]) == (190, 290)
    assert plain["days"] == {"counted": 1, "possible": 1, "min": 3, "state": "missed"}
    assert [day["counted"] for day in plain["by_day"]] == [False, True]
    assert plain["next_due"] == "2026-11-27"
    assert "The next counted day is due by Friday, November 27." in plain["in_words"]


async def test_amended_hours_are_asked_about_as_they_stand_now() -> None:
    """What was taken back is no session of the week, and what stands instead is told with its corrections."""
    amended = signed(held(0, 90))
    start, end = Instant(TUESDAY_6_PM), Instant(TUESDAY_6_PM + 30 * MINUTE_MS)
    amended.do(c.CorrectAttendance(person=ONE, start=start, end=end, present=False, reason="Not yet there."), FAY)
    amended.do(c.AmendHours(person=ONE, reason="Not yet there."), FAY)
    week = await told("exact-floor", amended)
    assert (week.posted_min, week.week.minutes) == (60, 60)
    assert [(share.posted_min, share.minutes) for share in week.signed] == [(60, 60)]
