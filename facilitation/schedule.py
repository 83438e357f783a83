"""The schedule: series of meetings, what is different about one of them, and who stands in for whom.

A series says days and a local hour. Which days those are is worked out outside (`server/schedule/recurrence.py`, by a
maintained library); everything else about an occurrence is said here. An occurrence is named by its series and the day
on which it would be by the rule, for ever: also after it was moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from facilitation.cohorts import Lead, check_leads
from facilitation.errors import Refusal
from facilitation.ids import CohortId, CoverId, PersonId, SeriesId, SessionId, TermId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence, check_recurrence
from facilitation.sentences import Sentence, marked
from facilitation.terms import Term, closed, in_summer
from facilitation.text import REASON_MAX, TITLE_MAX, line
from facilitation.timebase import SECOND_MS, Instant

DEVIATIONS_MAX = 400
PEOPLE_MAX = 100
COVER_DAYS_MAX = 366
MOVE_DAYS_MAX = 60
"""How far one meeting can be moved from its day."""


class SeriesKind(StrEnum):
    GROUP = "group"
    INDIVIDUAL = "individual"
    FAMILY = "family"
    MULTI_FAMILY = "multi_family"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What is different about the occurrence of `on`, the day that the rule gives it.

    `cancelled` with a `reason` for staff; or `day` and `starts`, when it is instead (None: as by the rule).
    """

    on: date
    cancelled: bool = False
    reason: str = ""
    day: date | None = None
    starts: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """`first` to `until` (None: open), both included; `starts` and `summer_starts` are local times of `zone`.

    A group is of a `cohort`: its members of that day come, and its staff, unless `leads` names others. Other kinds have
    `people`, those who are treated, and `relatives`, who come along and earn no hours. A multi-family group may have a
    cohort and relatives. `rules_id` and `programme`: "" for those of the cohort.
    """

    id: SeriesId
    title: str
    kind: SeriesKind
    plan_id: str
    zone: str
    recurrence: Recurrence
    first: date
    starts: time
    cohort: CohortId | None = None
    people: tuple[PersonId, ...] = ()
    relatives: tuple[PersonId, ...] = ()
    leads: tuple[Lead, ...] = ()
    programme: str = ""
    rules_id: str = ""
    summer_starts: time | None = None
    until: date | None = None
    term: TermId | None = None
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """From `first` to `last`, both included, `by` stands in for `away`: in one series, or in all that they lead."""

    id: CoverId
    away: PersonId
    by: PersonId
    first: date
    last: date
    series: SeriesId | None = None
    taken_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One meeting of a series. `on`: the day by the rule. `day` and `starts`: when it is, in the zone of the series.

    `dropped`: why it is not held ("" if it is): a holiday's name, or what was said when it was cancelled.
    """

    series: SeriesId
    on: date
    day: date
    starts: time
    starts_at: Instant
    dropped: str = ""

    @property
    def held(self) -> bool:
        return not self.dropped

    @property
    def session(self) -> SessionId:
        return session_of(self.series, self.on)


def session_of(series: SeriesId, on: date) -> SessionId:
    """The session that the occurrence of `on` is held as. Neither a move nor another time changes it."""
    return SessionId(f"{series}-{on:%Y%m%d}")


def instant_of(day: date, at: time, zone: tzinfo) -> Instant:
    """When it is `at` on `day` in `zone`.

    An hour that the clock leaves out is taken as if it had not (02:30 is 03:30 then), one that it tells twice is the
    first one: RFC 5545 §3.3.5.
    """
    return Instant(round(datetime.combine(day, at, zone).timestamp()) * SECOND_MS)


def occurrences(series: Series, days: Iterable[date], term: Term | None, zone: tzinfo) -> list[Occurrence]:
    """Of the days that the rule gives, in order. A move wins over a holiday: somebody chose that day."""
    different = {each.on: each for each in series.deviations}
    found = []
    for on in days:
        one = different.get(on, Deviation(on=on))
        day = one.day or on
        by_rule = series.summer_starts if series.summer_starts and in_summer(term, day) else series.starts
        starts = one.starts or by_rule
        moved = one.day is not None or one.starts is not None
        dropped = (one.reason or marked("cancelled")) if one.cancelled else "" if moved else closed(term, on) or ""
        starts_at = instant_of(day, starts, zone)
        found.append(Occurrence(series=series.id, on=on, day=day, starts=starts, starts_at=starts_at, dropped=dropped))
    return found


def deviate(series: Series, deviation: Deviation) -> Series:
    """With `deviation` in the place of what was said of that day before; one that says nothing takes it back."""
    others = [each for each in series.deviations if each.on != deviation.on]
    if deviation != Deviation(on=deviation.on):
        others.append(deviation)
    return replace(series, deviations=tuple(sorted(others, key=lambda each: each.on)))


def led_by(leads: Iterable[Lead], covers: Iterable[Cover], series: SeriesId, day: date) -> tuple[Lead, ...]:
    """Who leads on `day`: the staff, with substitutes in the roles of those who are away.

    Somebody who leads anyway keeps the higher of their two roles: nobody stands on a list twice. A substitute's own
    substitute is not looked for: who cannot come either says so, and somebody else is chosen.
    """
    instead: dict[PersonId, PersonId] = {}
    for cover in covers:
        if cover.first <= day <= cover.last and cover.series in (None, series) and not cover.taken_back:
            instead[cover.away] = cover.by
    found: dict[PersonId, Lead] = {}
    for lead in leads:
        person = instead.get(lead.person, lead.person)
        before = found.get(person)
        if before is None or _RANK[lead.role] < _RANK[before.role]:
            found[person] = Lead(person=person, role=lead.role)
    return tuple(found.values())


_RANK = {Role.FACILITATOR: 0, Role.COFACILITATOR: 1, Role.SUPERVISOR: 2, Role.OBSERVER: 3}


# --------------------------------------------------------------- checks


def check_series(series: Series) -> None:
    """Raises `Refusal` that says in words what no series can be."""
    line(series.title, "the name", TITLE_MAX)
    check_recurrence(series.recurrence)
    check_leads(series.leads)
    if series.until is not None and series.until < series.first:
        raise Refusal("bad_series", "The last day is before the first one. Please look at the two dates again.")
    if series.recurrence.every is Every.ONCE and series.until not in (None, series.first):
        raise Refusal("bad_series", "What meets once has one date.")
    if len(series.deviations) > DEVIATIONS_MAX:
        raise Refusal("bad_series", "Too many meetings of this series were changed. Make a new series from here.")
    _check_people(series)


def _check_people(series: Series) -> None:
    everybody = (*series.people, *series.relatives, *(lead.person for lead in series.leads))
    if len(set(everybody)) != len(everybody):
        raise Refusal("bad_series", "Somebody stands on the list twice. Leave one of them out.")
    if len(everybody) > PEOPLE_MAX:
        raise Refusal("bad_series", Sentence("At most {most} people can stand on one list.", most=PEOPLE_MAX))
    match series.kind:
        case SeriesKind.GROUP:
            if series.cohort is None or series.people or series.relatives:
                raise Refusal("bad_series", "A group is of a cohort, and its members are enrolled there.")
        case SeriesKind.INDIVIDUAL:
            if series.cohort is not None or len(series.people) != 1 or series.relatives:
                raise Refusal("bad_series", "An individual session is with one person. Choose whom.")
        case SeriesKind.FAMILY:
            if series.cohort is not None or len(series.people) != 1:
                raise Refusal("bad_series", "A family session is about one person and those who come with them.")
        case SeriesKind.MULTI_FAMILY:
            if series.cohort is None and not series.people:
                raise Refusal("bad_series", "Choose the group or the people whose families meet.")
    if series.cohort is None and not any(lead.role is Role.FACILITATOR for lead in series.leads):
        raise Refusal("bad_series", "Choose who leads it.")


def check_deviation(deviation: Deviation) -> None:
    line(deviation.reason, "the reason", REASON_MAX, required=deviation.cancelled)
    moved = deviation.day is not None or deviation.starts is not None
    if deviation.cancelled and moved:
        raise Refusal("bad_series", "A meeting is cancelled or moved, not both.")
    if deviation.day is not None and abs(deviation.day - deviation.on) > timedelta(days=MOVE_DAYS_MAX):
        raise Refusal("bad_series", Sentence("One meeting can be moved by {most} days at most.", most=MOVE_DAYS_MAX))


def check_cover(cover: Cover) -> None:
    if cover.away == cover.by:
        raise Refusal("bad_cover", "Nobody can stand in for themself. Choose somebody else.")
    if cover.last < cover.first:
        raise Refusal("bad_cover", "The last day is before the first one. Please look at the two dates again.")
    if (cover.last - cover.first).days > COVER_DAYS_MAX:
        raise Refusal("bad_cover", "A substitute can stand in for a year at most.")


def neutral(kind: SeriesKind) -> str:
    """What calendars show of it: no name, no word of health."""
    return marked("Meeting" if kind in (SeriesKind.GROUP, SeriesKind.MULTI_FAMILY) else "Appointment")
