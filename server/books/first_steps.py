"""A clinic's first steps: from an empty store to the first session, on one page that says how far one is.

Every step has a page of its own elsewhere, with more to choose. Here stands what nearly everybody chooses, so that
somebody who has never seen Milieu has a real clinic in a few minutes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from facilitation.cohorts import Cohort, Lead, check_cohort
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import CohortId, PersonId, SeriesId
from facilitation.people import WORKFORCE, Role
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS
from facilitation.programme import Programme
from facilitation.recurrence import Every, Recurrence
from facilitation.rules import RuleSet
from facilitation.schedule import Occurrence, Series, SeriesKind, check_series
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX, line
from facilitation.timebase import MINUTE_MS
from facilitation.weeks import day_of
from server.books.people import Access, Standing
from server.catalog import Catalog
from server.clock import Clock
from server.people.contacts import contacts
from server.schedule.book import ScheduleBook
from server.schedule.snapshot import Schedule
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.web.auth import Visitor
from server.web.words import Words

PREVIEW_DAYS: Final = 14
SHOWN_MAX: Final = 6
TOURS: Final = frozenset({"demo"})
"""Plans for looking at, not for treating by."""
LEADERS: Final = WORKFORCE - {Role.AUDITOR, Role.OBSERVER, Role.SCHEDULER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A first group as the form says it: a cohort, and when it meets."""

    cohort: Cohort
    series: Series
    programme: Programme
    plan: SessionPlan
    rules: RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """How far a clinic is. `uninvited`: people with an address and no invitation. `next`: the meeting that comes."""

    people: tuple[Person, ...]
    cohorts: tuple[Cohort, ...]
    participants: int
    uninvited: int
    next: ScheduledSession | None

    @property
    def steps(self) -> dict[str, bool]:
        return {
            "group": bool(self.cohorts),
            "people": self.participants > 0,
            "invitations": self.participants > 0 and not self.uninvited,
            "session": self.next is not None and any(each.role is Role.PARTICIPANT for each in self.next.roster),
        }


class FirstSteps:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(self, store: Store, schedule: ScheduleBook, access: Access, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._schedule = schedule
        self._access = access
        self._contacts = contacts(store.register)
        self._catalog = catalog
        self._clock = clock

    # ------------------------------------------------------------------ the page

    async def page(
        self, words: Words, *, reader: Visitor, given: Mapping[str, str], chosen: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """How far the clinic is, and the form for its first group as it was typed."""
        far = await self._far()
        names = {each.person: each.name for each in far.people}
        leading = {lead.person for each in far.cohorts for lead in each.leads}
        idle = sorted(each.name for each in far.people if each.role in FACILITATORS and each.person not in leading)
        return {
            "steps": far.steps,
            "cohorts": [
                {
                    "title": each.title,
                    "leads": words.listed([names[one.person] for one in each.leads if one.person in names]),
                    "url": f"/schedule/cohorts/{each.id}{reader.choice}",
                }
                for each in far.cohorts[:SHOWN_MAX]
            ],
            "more_cohorts": len(far.cohorts[SHOWN_MAX:]),
            "idle": idle[:SHOWN_MAX],
            "participants": far.participants,
            "uninvited": far.uninvited,
            "next": _told(words, far.next) if far.next else "",
            "form": self._form(words, reader, far.people, given, chosen),
        }

    async def done(self) -> dict[str, bool]:
        """Which steps are done, by their names."""
        return (await self._far()).steps

    async def _far(self) -> Far:
        schedule = await self._schedule.load()
        people = tuple(schedule.people.values())
        participants = sum(person.role is Role.PARTICIPANT for person in people)
        standings = await self._access.standings()
        addressed = {id for id, held in (await self._contacts.all()).items() if held.value.email}
        invited = {person for person, how in standings.items() if how is not Standing.UNINVITED}
        coming = await self._store.clinic.list_sessions(since=self._clock.now())
        return Far(
            people=people,
            cohorts=tuple(cohort for cohort in schedule.cohorts.values() if not cohort.closed),
            participants=participants,
            uninvited=len(addressed - invited),
            next=coming[0] if coming else None,
        )

    def _form(
        self,
        words: Words,
        reader: Visitor,
        people: Iterable[Person],
        given: Mapping[str, str],
        chosen: Mapping[str, Sequence[str]],
    ) -> dict[str, Any]:
        today = day_of(self._clock.now(), zone_of(given.get("zone") or reader.zone or "UTC"))
        leaders = [person for person in people if person.role in LEADERS]
        leads = chosen.get("lead") or [reader.person]
        return {
            "given": {
                "title": given.get("title", ""),
                "programme": given.get("programme", ""),
                "plan": given.get("plan", ""),
                "zone": given.get("zone") or reader.zone,
                "starts": given.get("starts", ""),
                "first": given.get("first") or str(today + timedelta(days=1)),
            },
            "programmes": [
                {
                    "id": each.id,
                    "title": each.title,
                    "floor": self._catalog.rules[each.rules_id].week_floor_min.get(each.track, 0),
                }
                for each in self._catalog.programmes.values()
                if "@" not in each.id
            ],
            "plans": [
                {
                    "id": id,
                    "title": plan.title,
                    "track": plan.track,
                    "length": _minutes(plan),
                    "counted": _minutes(plan, without=("break",)),
                }
                for id, plan in self._catalog.plans.items()
                if id not in TOURS and "@" not in id
            ],
            "days": [(str(n), words.day_name(n), str(n) in chosen.get("day", ())) for n in range(7)],
            "leaders": [(each.person, each.name, each.person in leads) for each in leaders],
        }

    # ------------------------------------------------------------------ the first group

    async def look(self, words: Words, given: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """What the group would be: its first meetings and its week, before anything is made. Raises Refusal."""
        group = await self._group(given, chosen)
        schedule = Schedule(cohorts={group.cohort.id: group.cohort}, series={group.series.id: group.series})
        first = group.series.first
        found = [
            each for each in schedule.occurrences(group.series, first, first + timedelta(PREVIEW_DAYS)) if each.held
        ]
        return {
            "meetings": [_meeting(words, each, group.plan) for each in found[:SHOWN_MAX]],
            "week": _week(words, group),
        }

    async def make(self, given: Mapping[str, str], chosen: Mapping[str, Sequence[str]], *, by: Visitor) -> str:
        """The cohort and its meetings, planned for the next weeks; its title. Raises Refusal, Stale."""
        group = await self._group(given, chosen)
        shelves = self._schedule.shelves
        drafts = [shelves.cohorts.draft(group.cohort, upon=0), shelves.series.draft(group.series, upon=0)]
        await self._schedule.put(drafts, by=by.person)
        return group.cohort.title

    async def _group(self, given: Mapping[str, str], chosen: Mapping[str, Sequence[str]]) -> Group:
        programme = self._catalog.programmes.get(given.get("programme", ""))
        if programme is None:
            raise Refusal("bad_choice", "Choose the program: it says how hours are counted and notes are written.")
        plan = self._catalog.plans.get(given.get("plan", ""))
        if plan is None:
            raise Refusal("bad_choice", "Choose how a meeting goes: the plan of its parts.")
        zone = given.get("zone", "")
        if zone not in available_timezones():
            raise Refusal(
                "bad_choice",
                Sentence("“{word}” is no time zone. One looks like this: America/New_York.", word=zone[:40]),
            )
        title = line(given.get("title", ""), "the group’s name", TITLE_MAX)
        days = tuple(sorted({int(day) for day in chosen.get("day", ()) if day in "0123456" and len(day) == 1}))
        if not days:
            raise Refusal("bad_recurrence", "Choose at least one day of the week.")
        mark = secrets.token_hex(4)
        cohort = Cohort(
            id=CohortId(f"c-{mark}"),
            title=title,
            programme=programme.id,
            zone=zone,
            leads=await self._leads(chosen.get("lead", ())),
        )
        check_cohort(cohort)
        series = Series(
            id=SeriesId(f"r-{mark}"),
            title=title,
            kind=SeriesKind.GROUP,
            plan_id=plan.id,
            zone=zone,
            recurrence=Recurrence(every=Every.WEEK, days=days),
            first=_day(given.get("first", "")),
            starts=_time(given.get("starts", "")),
            cohort=cohort.id,
        )
        check_series(series)
        day = day_of(self._clock.now(), zone_of(zone))
        rules = self._catalog.rules_on(programme.rules_id, day)
        return Group(cohort=cohort, series=series, programme=programme, plan=plan, rules=rules)

    async def _leads(self, people: Sequence[str]) -> tuple[Lead, ...]:
        """The first leads, the others help. Raises Refusal."""
        found = []
        for id in dict.fromkeys(people):
            person = await self._store.clinic.get_person(id)
            if person is None or person.role not in LEADERS:
                raise Refusal("bad_leads", "One of those who were to lead does not work here any more.")
            found.append(person)
        if not found:
            raise Refusal("bad_leads", "Choose who leads the group. It may be yourself.")
        lead = next((each for each in found if each.role is Role.FACILITATOR), found[0])
        return tuple(Lead(person=PersonId(each.person), role=_role(each, leads=each is lead)) for each in found)


def _role(person: Person, *, leads: bool) -> Role:
    """As what somebody of the staff stands on a group's list."""
    if leads:
        return Role.FACILITATOR
    return Role.SUPERVISOR if person.role is Role.SUPERVISOR else Role.COFACILITATOR


def _minutes(plan: SessionPlan, *, without: Sequence[str] = ()) -> int:
    return sum(segment.planned_ms for segment in plan.segments if segment.kind not in without) // MINUTE_MS


def _week(words: Words, group: Group) -> Sentence:
    """What attending every meeting of a week comes to, against the week's floor."""
    counted = _minutes(group.plan, without=group.rules.uncounted) * len(group.series.recurrence.days)
    floor = group.rules.week_floor_min.get(group.programme.track, 0)
    told = {"counted": words.minutes(counted), "floor": words.minutes(floor), "less": words.minutes(floor - counted)}
    if not floor:
        return Sentence("A whole week counts {counted}.", **told)
    if counted >= floor:
        return Sentence("A whole week counts {counted}: it reaches the {floor} that the program asks for.", **told)
    return Sentence(
        "A whole week counts {counted}, which is {less} less than the {floor} that the program asks for. Add a day, or "
        "choose a longer plan.",
        **told,
    )


def _meeting(words: Words, occurrence: Occurrence, plan: SessionPlan) -> str:
    starts = datetime.combine(occurrence.day, occurrence.starts)
    ends = starts + timedelta(minutes=_minutes(plan))
    return f"{words.weekday(occurrence.day)}, {words.clock_time(starts)} – {words.clock_time(ends)}"


def _told(words: Words, session: ScheduledSession) -> str:
    there = datetime.fromtimestamp(session.starts_at / 1_000, zone_of(session.zone))
    return f"{session.title}, {words.weekday(there.date())}, {words.clock_time(there)}"


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_day", "Choose the first day on which the group may meet.") from None
    if not date(2000, 1, 1) <= day <= date(2999, 12, 31):
        raise Refusal("bad_day", "That first day is too far away.")
    return day


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise Refusal("bad_time", "Choose when the group begins, for instance 18:00.") from None
