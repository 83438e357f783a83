"""What every page of the schedule stands on: the schedule of now, the catalog, the names, and what clashes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Protocol

from facilitation.clashes import Booking, Clash
from facilitation.cohorts import Lead
from facilitation.facts import zone_of
from facilitation.ids import MeasureId, PersonId, SessionId
from facilitation.measures import Measure
from facilitation.people import STAFF, Role
from facilitation.plan import SessionPlan
from facilitation.policy import FACILITATORS
from facilitation.programme import PLAIN, Programme
from facilitation.recurrence import Every, Recurrence
from facilitation.rules import RuleSet
from facilitation.schedule import Series, SeriesKind
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.schedule.book import ScheduleBook
from server.schedule.bookings import booking
from server.schedule.snapshot import Schedule
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.teaching.library import ClinicLibrary
from server.web.lists import SHOWN, Asked
from server.web.words import IN_ENGLISH, Words, marked

KINDS: Final = {
    SeriesKind.GROUP: marked("Group"),
    SeriesKind.INDIVIDUAL: marked("Individual session"),
    SeriesKind.FAMILY: marked("Family session"),
    SeriesKind.MULTI_FAMILY: marked("Multi-family group"),
}
ROLES: Final = {
    Role.FACILITATOR: marked("leads"),
    Role.COFACILITATOR: marked("helps to lead"),
    Role.SUPERVISOR: marked("supervises"),
    Role.OBSERVER: marked("watches"),
}
NTH_WORDS: Final = {
    1: marked("first"),
    2: marked("second"),
    3: marked("third"),
    4: marked("fourth"),
    -1: marked("last"),
}
"""Which of a month's Mondays."""
EVERY_WEEK: Final = {
    1: marked("Every {days}"),
    2: marked("Every second week on {days}"),
    3: marked("Every third week on {days}"),
    4: marked("Every fourth week on {days}"),
}
EVERY_MONTH: Final = {
    1: marked("On the {nths} {days} of the month"),
    2: marked("On the {nths} {days} of every second month"),
    3: marked("On the {nths} {days} of every third month"),
    4: marked("On the {nths} {days} of every fourth month"),
}
NAMED_MAX: Final = 3
"""People who are named in one sentence; of more, the others are counted."""
PLANNED_ALONE_MS: Final = 60 * MINUTE_MS
"""How long a meeting is taken to be whose plan is not known any more."""


class Catalog(Protocol):
    @property
    def plans(self) -> dict[str, SessionPlan]: ...
    @property
    def programmes(self) -> dict[str, Programme]: ...
    @property
    def rules(self) -> dict[str, RuleSet]: ...
    @property
    def measures(self) -> Mapping[MeasureId, Measure]: ...
    def rules_on(self, id: str, day: date) -> RuleSet: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """`seats_max`: people whom one room holds. `words`: of the language that whoever asks reads."""

    book: ScheduleBook
    store: Store
    catalog: Catalog
    library: ClinicLibrary
    clock: Clock
    seats_max: int
    words: Words = IN_ENGLISH

    def day_in(self, zone: str) -> date:
        return day_of(self.clock.now(), zone_of(zone))

    # ------------------------------------------------------------------ plans and rules

    def plan(self, schedule: Schedule, id: str) -> SessionPlan | None:
        """The newest version."""
        return self.catalog.plans.get(schedule.plans.get(id, id))

    def programme(self, schedule: Schedule, id: str) -> Programme:
        return self.catalog.programmes.get(schedule.programmes.get(id, id), PLAIN)

    def rules(self, schedule: Schedule, series: Series, day: date) -> RuleSet:
        id = schedule.rules_id(series, self.catalog.programmes)
        return self.catalog.rules_on(id, day) if id in self.catalog.rules else next(iter(self.catalog.rules.values()))

    def plans(self, schedule: Schedule) -> dict[str, SessionPlan]:
        """The newest version of every plan, by its id, by title."""
        ids = {id for id in self.catalog.plans if "@" not in id} | set(schedule.plans)
        found = {id: self.catalog.plans[schedule.plans.get(id, id)] for id in ids}
        return dict(sorted(found.items(), key=lambda each: each[1].title.casefold()))

    def programmes(self, schedule: Schedule) -> dict[str, Programme]:
        ids = {id for id in self.catalog.programmes if "@" not in id} | set(schedule.programmes)
        found = {id: self.catalog.programmes[schedule.programmes.get(id, id)] for id in ids}
        return dict(sorted(found.items(), key=lambda each: each[1].title.casefold()))

    def length_ms(self, plan: SessionPlan | None) -> int:
        return sum(part.planned_ms for part in plan.segments) if plan else PLANNED_ALONE_MS

    # ------------------------------------------------------------------ what else there is

    async def sessions(self, first: date, last: date, zone: str) -> list[ScheduledSession]:
        """Those that are planned or were, between two days of `zone`, both included."""
        begin, end = midnight(first, zone), midnight(last + timedelta(days=1), zone)
        return await self.store.clinic.list_sessions(since=begin, until=end, cancelled=True)

    def booking(self, session: ScheduledSession) -> Booking:
        plan = self.catalog.plans.get(session.plan_id)
        return booking(session, Instant(session.starts_at + self.length_ms(plan)))

    async def bookings(self, sessions: Sequence[ScheduledSession], *, but: Series | None = None) -> list[Booking]:
        """All that is held from a day before the first of these to a day after the last, but what is of one series."""
        if not sessions:
            return []
        low = min(each.starts_at for each in sessions) - 24 * 60 * MINUTE_MS
        high = max(each.starts_at for each in sessions) + 24 * 60 * MINUTE_MS
        near = await self.store.clinic.list_sessions(since=Instant(max(0, low)), until=Instant(high))
        return [self.booking(each) for each in near if but is None or each.series != but.id]

    async def involved(
        self, found: Iterable[Clash], sessions: Iterable[ScheduledSession]
    ) -> dict[SessionId, ScheduledSession]:
        """The sessions by name, and those with which they clash."""
        known = {each.session: each for each in sessions}
        for name in {each for clash in found for each in (clash.a, clash.b)} - known.keys():
            other = await self.store.clinic.get_session(name)
            assert other is not None, "what clashes is planned"
            known[name] = other
        return known


def midnight(day: date, zone: str) -> Instant:
    at = datetime.combine(day, datetime.min.time(), zone_of(zone))
    return Instant(max(0, round(at.timestamp()) * SECOND_MS))


def clashes_words(
    words: Words,
    clashes: Iterable[Clash],
    sessions: Mapping[SessionId, ScheduledSession],
    people: Mapping[PersonId, Person],
    zone: str,
) -> list[str]:
    """Once for each two meetings: "Cody and Robin would be in two meetings at once: Teens (Tue, Dec 1, 4:00 PM) …"."""
    found: dict[tuple[SessionId, SessionId, int | None], list[PersonId]] = {}
    for clash in clashes:
        found.setdefault((clash.a, clash.b, clash.rest_ms), []).append(clash.person)
    told = []
    for (first, second, rest_ms), who in found.items():
        told.append(_clash_words(words, who, rest_ms, sessions[first], sessions[second], people, zone))
    return told


def _clash_words(
    words: Words,
    who: Sequence[PersonId],
    rest_ms: int | None,
    first: ScheduledSession,
    second: ScheduledSession,
    people: Mapping[PersonId, Person],
    zone: str,
) -> str:
    known = [people[each].name if each in people else words("somebody") for each in who]
    if (others := len(known) - NAMED_MAX + 1) > 1:
        known = [*known[: NAMED_MAX - 1], words("{n} others", n=others)]
    said = {"a": meeting_words(words, first, zone), "b": meeting_words(words, second, zone)}
    said["names"] = words.listed(known)
    if rest_ms is None:
        return words("{names} would be in two meetings at once: {a} and {b}.", **said)
    rest = rest_ms // MINUTE_MS
    if rest:
        return words.many(
            "{names} would have only {n} minute of rest between {a} and {b}.",
            "{names} would have only {n} minutes of rest between {a} and {b}.",
            rest,
            **said,
        )
    return words("{names} would have no rest between {a} and {b}.", **said)


def meeting_words(words: Words, session: ScheduledSession, zone: str) -> str:
    at = datetime.fromtimestamp(session.starts_at / 1_000, UTC).astimezone(zone_of(zone))
    return f"{session.title} ({words.day_short(at.date())}, {words.clock_time(at)})"


def rule_words(words: Words, recurrence: Recurrence) -> str:
    """ "Every Monday and Wednesday", "Every second week on Friday", "On the first Tuesday of the month", "Once"."""
    days = days_words(words, recurrence.days)
    match recurrence.every:
        case Every.ONCE:
            return words("Once")
        case Every.WEEK:
            return words(EVERY_WEEK[recurrence.interval], days=days)
        case Every.MONTH:
            nths = words.listed([words(NTH_WORDS[nth]) for nth in recurrence.nths])
            return words(EVERY_MONTH[recurrence.interval], nths=nths, days=days)


def clock_words(words: Words, at: time) -> str:
    """ "6:00 PM"."""
    return words.clock_time(datetime.combine(date(2000, 1, 1), at, UTC))


def names(words: Words, people: Mapping[PersonId, Person], ids: Iterable[PersonId]) -> str:
    return words.listed([people[id].name for id in ids if id in people])


def leads_words(words: Words, people: Mapping[PersonId, Person], leads: Iterable[Lead]) -> str:
    """ "Fay and Cody"; who supervises or watches is not named."""
    return names(words, people, (lead.person for lead in leads if lead.role in FACILITATORS))


def days_words(words: Words, days: Iterable[int]) -> str:
    return words.listed([words.day_within(day) for day in sorted(days)])


def weekdays(words: Words) -> list[tuple[int, str]]:
    """All seven, as choices."""
    return [(day, words.day_name(day)) for day in range(7)]


def people_words(words: Words, count: int) -> str:
    return words.many("{n} person", "{n} people", count)


def staff_of(people: Mapping[PersonId, Person]) -> list[tuple[str, str]]:
    """Who can lead something: id and name, as a choice."""
    return [(each.person, each.name) for each in people.values() if each.role in STAFF]


def stand_ins_of(people: Mapping[PersonId, Person]) -> list[tuple[str, str]]:
    """Who can lead in somebody's place: a trainee who watches cannot."""
    return [(each.person, each.name) for each in people.values() if each.role in STAFF - {Role.OBSERVER}]


def treated_of(people: Mapping[PersonId, Person]) -> list[tuple[str, str]]:
    return [(each.person, each.name) for each in people.values() if each.role is Role.PARTICIPANT]


def relatives_of(people: Mapping[PersonId, Person]) -> list[tuple[str, str]]:
    return [(each.person, each.name) for each in people.values() if each.role is Role.GUARDIAN]


def offered(
    people: Sequence[tuple[str, str]], chosen: Collection[str], asked: Asked
) -> tuple[list[tuple[str, str]], bool]:
    """What a form offers of so many people, and whether there are more: who is chosen already, and whom one looks for.

    Where they are few, all of them.
    """
    if len(people) <= SHOWN and not asked.words:
        return list(people), False
    found = [each for each in people if asked.words and asked.fits(each[1].casefold())]
    kept = {id for id, _ in found[:SHOWN]} | set(chosen)
    return [each for each in people if each[0] in kept], True


Page = dict[str, Any]
