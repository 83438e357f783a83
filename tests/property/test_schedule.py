"""What holds for any schedule: days against a naive calendar, local hours in any zone, planning, clashes and caps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facilitation.clashes import Booking, clashes, clashes_of, nearest_free
from facilitation.cohorts import Cohort, cap_of, too_full
from facilitation.enrolment import Enrolment, Step, attends, ended, stepped
from facilitation.ids import ClinicId, CohortId, EnrolmentId, PersonId, SegmentId, SeriesId, SessionId, TermId
from facilitation.plan import Segment, SegmentKind
from facilitation.recurrence import NTHS, Every, Recurrence, check_recurrence
from facilitation.schedule import Deviation, Series, SeriesKind, deviate, instant_of
from facilitation.terms import Closed, Term
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.schedule.planner import Begun, Planner
from server.schedule.recurrence import days
from server.schedule.snapshot import Schedule
from server.store import memory
from server.store.clinic import Person, ScheduledSession
from tests.support.meeting import RULES
from tests.support.timetable import ROBIN, person

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kolkata",
    "Africa/Casablanca",
)
START = date(2025, 12, 1)

weekdays = st.sets(st.integers(0, 6), min_size=1).map(lambda found: tuple(sorted(found)))
nths = st.sets(st.sampled_from(NTHS), min_size=1).map(lambda found: tuple(sorted(found)))
weekly = st.builds(Recurrence, every=st.just(Every.WEEK), days=weekdays, interval=st.integers(1, 4))
monthly = st.builds(Recurrence, every=st.just(Every.MONTH), days=weekdays, interval=st.integers(1, 4), nths=nths)
recurrences = st.just(Recurrence(every=Every.ONCE)) | weekly | monthly
dates = st.integers(0, 900).map(lambda days: START + timedelta(days=days))
spans = st.integers(0, 400)
hours = st.integers(0, 24 * 12 - 1).map(lambda fives: time(fives // 12, fives % 12 * 5))


def series_of(recurrence: Recurrence, first: date, **more: object) -> Series:
    plain = Series(
        id=SeriesId("s-any"),
        title="Evening group",
        kind=SeriesKind.INDIVIDUAL,
        plan_id="individual",
        zone="UTC",
        recurrence=recurrence,
        first=first,
        starts=time(16, 0),
        people=(ROBIN,),
    )
    return replace(plain, **more)


def falls_on(recurrence: Recurrence, first: date, day: date) -> bool:
    """Day by day, by nothing but a calendar on the wall."""
    match recurrence.every:
        case Every.ONCE:
            return day == first
        case Every.WEEK:
            monday, began = day - timedelta(days=day.weekday()), first - timedelta(days=first.weekday())
            return day.weekday() in recurrence.days and (monday - began).days // 7 % recurrence.interval == 0
        case Every.MONTH:
            months = (day.year - first.year) * 12 + day.month - first.month
            nth = (day.day - 1) // 7 + 1
            last = (day + timedelta(days=7)).month != day.month
            chosen = nth in recurrence.nths or (last and -1 in recurrence.nths)
            return day.weekday() in recurrence.days and months % recurrence.interval == 0 and chosen


@given(
    recurrence=recurrences, first=dates, length=st.none() | st.integers(0, 700), begin=dates, span=st.integers(0, 400)
)
@settings(max_examples=300, deadline=None)
def test_the_days_are_those_of_a_calendar_on_the_wall(
    recurrence: Recurrence, first: date, length: int | None, begin: date, span: int
) -> None:
    check_recurrence(recurrence)
    until = None if length is None else first + timedelta(days=length)
    series = series_of(recurrence, first, until=until)
    window = [begin + timedelta(days=n) for n in range(span + 1)]
    by_hand = [
        day for day in window if first <= day and (until is None or day <= until) and falls_on(recurrence, first, day)
    ]
    assert days(series, window[0], window[-1]) == by_hand


@given(zone=st.sampled_from(ZONES), first=dates, starts=hours, summer=hours, recurrence=weekly)
@settings(max_examples=150, deadline=None)
def test_a_meeting_keeps_its_local_hour_whatever_the_clocks_do(
    zone: str, first: date, starts: time, summer: time, recurrence: Recurrence
) -> None:
    holiday = Closed(first=date(2026, 11, 25), last=date(2026, 11, 27), title="Thanksgiving")
    june, august = date(2026, 6, 20), date(2026, 8, 31)
    term = Term(
        id=TermId("t"), title="All", first=START, last=date(2032, 1, 1), holidays=(holiday,), summer=(june, august)
    )
    series = series_of(recurrence, first, zone=zone, starts=starts, summer_starts=summer, term=term.id)
    found = Schedule(terms={term.id: term}).occurrences(series, first, first + timedelta(days=400))
    assert [each.on for each in found] == days(series, first, first + timedelta(days=400))
    for each in found:
        local = datetime.fromtimestamp(each.starts_at / 1000, ZoneInfo(zone))
        said = summer if june <= each.day <= august else starts
        assert each.held == (not holiday.first <= each.on <= holiday.last)
        wall = datetime.combine(each.day, said, ZoneInfo(zone))
        exists = wall.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall.replace(tzinfo=None)
        if exists:
            assert (local.date(), local.time()) == (each.day, said)
        else:  # an hour that the clock leaves out: as far after it as it was meant to be (RFC 5545 §3.3.5)
            assert timedelta(0) < local.replace(tzinfo=None) - wall.replace(tzinfo=None) <= timedelta(days=1)


# --------------------------------------------------------------------------- planning


class Ended(Exception):
    """The process is killed."""


class Mortal:
    """A clinic's sessions whose process dies after so many writes."""

    def __init__(self, store: memory.MemoryClinic, writes: int) -> None:
        self._store, self._left = store, writes

    async def put_session(self, session: ScheduledSession) -> None:
        if not self._left:
            raise Ended
        self._left -= 1
        await self._store.put_session(session)

    async def get_session(self, session: str) -> ScheduledSession | None:
        return await self._store.get_session(session)

    async def list_sessions(
        self, *, since: Instant | None = None, until: Instant | None = None, cancelled: bool = False
    ) -> list[ScheduledSession]:
        return await self._store.list_sessions(since=since, until=until, cancelled=cancelled)


NOW = instant_of(date(2026, 3, 1), time(12, 0), UTC)
PEOPLE: Mapping[PersonId, Person] = {
    each.person: each for each in (person("p-fay"), person("p-robin"), person("p-sam"))
}

deviations = st.builds(
    Deviation,
    on=st.integers(0, 30).map(lambda n: date(2026, 3, 1) + timedelta(days=n)),
    day=st.none() | st.integers(0, 30).map(lambda n: date(2026, 3, 2) + timedelta(days=n)),
    starts=st.none() | hours,
) | st.builds(
    Deviation,
    on=st.integers(0, 30).map(lambda n: date(2026, 3, 1) + timedelta(days=n)),
    cancelled=st.just(True),
    reason=st.just("ill"),
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    found = {}
    for n in range(draw(st.integers(0, 3))):
        first = date(2026, 2, 1) + timedelta(days=draw(st.integers(0, 50)))
        series = series_of(
            draw(recurrences), first, id=SeriesId(f"s-{n}"), starts=draw(hours), zone=draw(st.sampled_from(ZONES))
        )
        for deviation in draw(st.lists(deviations, max_size=3)):
            series = deviate(series, deviation)
        found[series.id] = series
    return Schedule(series=found, people=PEOPLE)


def planner(sessions: object, begun: Mapping[SessionId, Begun] | None = None) -> Planner:
    async def far(session: SessionId) -> Begun:
        return (begun or {}).get(session, Begun.NO)

    return Planner(sessions=sessions, begun=far, clinic=ClinicId("demo"), programmes={})


async def all_of(store: memory.MemoryClinic) -> dict[SessionId, ScheduledSession]:
    return {each.session: each for each in await store.list_sessions(cancelled=True)}


def held(sessions: Mapping[SessionId, ScheduledSession]) -> dict[SessionId, ScheduledSession]:
    return {name: replace(each, sequence=0) for name, each in sessions.items() if not each.cancelled}


@pytest.mark.parametrize("deaths", [0, 3])
@given(data=st.data(), first=schedules(), second=schedules())
@settings(max_examples=60, deadline=None)
def test_planning_again_or_after_any_death_gives_what_planning_once_does(
    deaths: int, data: st.DataObject, first: Schedule, second: Schedule
) -> None:
    async def story() -> None:
        once, often = memory.MemoryClinic(), memory.MemoryClinic()
        for schedule in (first, second):
            await planner(once).plan(schedule, now=NOW, days=28)
            for _ in range(deaths):
                with_end = Mortal(often, data.draw(st.integers(0, 12)))
                try:
                    await planner(with_end).plan(schedule, now=NOW, days=28)
                except Ended:
                    pass
            await planner(often).plan(schedule, now=NOW, days=28)
            there = await all_of(often)
            assert held(there) == held(await all_of(once))
            again = await planner(often).plan(schedule, now=NOW, days=28)
            assert not again.made and not again.changed and not again.cancelled
            assert await all_of(often) == there

    asyncio.run(story())


@given(before=schedules(), after=schedules(), started=st.sets(st.integers(0, 40)), opened=st.sets(st.integers(0, 40)))
@settings(max_examples=80, deadline=None)
def test_a_session_with_a_log_is_never_moved_behind_its_back(
    before: Schedule, after: Schedule, started: set[int], opened: set[int]
) -> None:
    async def story() -> None:
        store = memory.MemoryClinic()
        await planner(store).plan(before, now=NOW, days=28)
        there = await all_of(store)
        far = {name: Begun.OPENED for n, name in enumerate(sorted(there)) if n in opened}
        far |= {name: Begun.STARTED for n, name in enumerate(sorted(there)) if n in started}
        await planner(store, far).plan(after, now=NOW, days=28)
        now_there = await all_of(store)
        for name, begun in far.items():
            old, new = there[name], now_there[name]
            assert (new.starts_at, new.plan_id, new.title, new.zone) == (
                old.starts_at,
                old.plan_id,
                old.title,
                old.zone,
            )
            assert begun is Begun.OPENED or new.cancelled == old.cancelled

    asyncio.run(story())


@given(before=schedules(), after=schedules())
@settings(max_examples=60, deadline=None)
def test_every_change_of_a_session_has_a_higher_sequence(before: Schedule, after: Schedule) -> None:
    async def story() -> None:
        store = memory.MemoryClinic()
        await planner(store).plan(before, now=NOW, days=28)
        there = await all_of(store)
        await planner(store).plan(after, now=NOW, days=28)
        for name, new in (await all_of(store)).items():
            if name in there and new != there[name]:
                assert new.sequence == there[name].sequence + 1

    asyncio.run(story())


# --------------------------------------------------------------------------- clashes and caps

crowd = st.frozensets(st.sampled_from([PersonId(f"p-{n}") for n in range(5)]), max_size=3)


@st.composite
def bookings(draw: st.DrawFn) -> list[Booking]:
    found = []
    for n in range(draw(st.integers(0, 7))):
        start = Instant(draw(st.integers(0, 60)) * 10 * MINUTE_MS)
        length = draw(st.integers(1, 20)) * 10 * MINUTE_MS
        leads = draw(crowd)
        found.append(
            Booking(
                session=SessionId(f"s-{n}"),
                start=start,
                end=Instant(start + length),
                leads=leads,
                guests=draw(crowd) - leads,
            )
        )
    return found


def naive(bookings: list[Booking], rest_ms: int) -> set[tuple[str, frozenset[str], int | None]]:
    """Every pair, every person, minute by minute where needed."""
    found = set()
    for a, b in combinations(bookings, 2):
        for who in a.everybody & b.everybody:
            minutes_a = set(range(a.start // MINUTE_MS, a.end // MINUTE_MS))
            minutes_b = set(range(b.start // MINUTE_MS, b.end // MINUTE_MS))
            gap = max(b.start - a.end, a.start - b.end)
            if minutes_a & minutes_b:
                found.add((who, frozenset({a.session, b.session}), None))
            elif who in a.leads and who in b.leads and gap < rest_ms:
                found.add((who, frozenset({a.session, b.session}), gap))
    return found


@given(bookings=bookings(), rest=st.sampled_from([0, 10, 20, 30]))
@settings(max_examples=300, deadline=None)
def test_clashes_are_those_that_looking_at_every_pair_finds(bookings: list[Booking], rest: int) -> None:
    found = clashes(bookings, rest_ms=rest * MINUTE_MS)
    assert {(each.person, frozenset({each.a, each.b}), each.rest_ms) for each in found} == naive(
        bookings, rest * MINUTE_MS
    )
    assert len(found) == len(naive(bookings, rest * MINUTE_MS))
    for one in bookings:
        of_one = [each for each in found if one.session in (each.a, each.b)]
        assert clashes_of(one, bookings, rest_ms=rest * MINUTE_MS) == of_one


@given(bookings=bookings(), leads=crowd, most=st.integers(1, 4))
@settings(max_examples=150, deadline=None)
def test_what_is_offered_instead_is_free_and_nothing_nearer_is(
    bookings: list[Booking], leads: frozenset[PersonId], most: int
) -> None:
    def make(start: Instant) -> Booking:
        return Booking(
            session=SessionId("s-new"), start=start, end=Instant(start + HOUR_MS), leads=leads, guests=frozenset()
        )

    wanted = sorted((Instant(n * 10 * MINUTE_MS) for n in range(60)), key=lambda at: abs(at - 5 * HOUR_MS))
    found = nearest_free(wanted, make, bookings, most=most)
    free = [at for at in wanted if not naive([*bookings, make(at)], 10 * MINUTE_MS) - naive(bookings, 10 * MINUTE_MS)]
    assert found == free[:most]


@given(
    caps=st.dictionaries(st.sampled_from([kind.value for kind in SegmentKind]), st.integers(1, 20)),
    ruled=st.dictionaries(st.sampled_from([kind.value for kind in SegmentKind]), st.integers(1, 20)),
    kinds=st.lists(st.sampled_from(list(SegmentKind)), min_size=1, max_size=6),
    people=st.integers(0, 25),
)
def test_a_part_is_too_full_if_and_only_if_one_of_its_caps_is_passed(
    caps: dict[str, int], ruled: dict[str, int], kinds: list[SegmentKind], people: int
) -> None:
    cohort = Cohort(id=CohortId("c"), title="Group", programme="adult-iop", zone="UTC", caps=caps)
    rules = replace(RULES, group_caps=ruled)
    parts = [Segment(id=SegmentId(str(n)), kind=kind, title="Part", planned_ms=1) for n, kind in enumerate(kinds)]
    by_hand = [
        part.id for part in parts if people > caps.get(part.kind.value, 99) or people > ruled.get(part.kind.value, 99)
    ]
    found = too_full(cohort, rules, parts, people)
    assert [each.segment.id for each in found] == by_hand
    assert all(each.most == cap_of(cohort, rules, each.segment.kind) for each in found)


# --------------------------------------------------------------------------- enrolments

changes = st.lists(st.tuples(st.integers(0, 60), weekdays), max_size=5)


@given(days=weekdays, changes=changes, end=st.none() | st.integers(-5, 70))
def test_what_was_said_last_of_a_day_holds_and_the_days_before_a_step_stay(
    days: tuple[int, ...], changes: list[tuple[int, tuple[int, ...]]], end: int | None
) -> None:
    first = Enrolment(id=EnrolmentId("e"), person=ROBIN, cohort=CohortId("c"), steps=(Step(since=START, days=days),))
    calendar = {START + timedelta(days=n): days for n in range(80)}
    enrolment = first
    for after, other in changes:
        enrolment = stepped(enrolment, Step(since=START + timedelta(days=after), days=other))
        calendar |= {day: other for day in calendar if day >= START + timedelta(days=after)}
    if end is not None:
        enrolment = ended(enrolment, START + timedelta(days=end))
        calendar |= {day: () for day in calendar if day > START + timedelta(days=end)}
    for day, there in calendar.items():
        assert attends(enrolment, day) == (day.weekday() in there)
    last = START + timedelta(days=75)
    assert ended(ended(enrolment, last), last) == ended(enrolment, last)
