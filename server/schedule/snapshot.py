"""The whole schedule as one moment had it, and what follows from it: which sessions there should be, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from facilitation.cohorts import Cohort, Lead
from facilitation.enrolment import Discharge, Enrolment, members
from facilitation.facts import zone_of
from facilitation.guardianship import Guardianship, left_out
from facilitation.ids import ClinicId, CohortId, CoverId, EnrolmentId, PersonId, SeriesId, SessionId, TermId
from facilitation.people import Expected, Role
from facilitation.programme import PLAIN, Programme
from facilitation.schedule import MOVE_DAYS_MAX, Cover, Occurrence, Series, led_by, occurrences
from facilitation.terms import Term
from facilitation.timebase import Instant
from server.schedule.recurrence import days
from server.store.clinic import Person, ScheduledSession

MOVED = timedelta(days=MOVE_DAYS_MAX)

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class _Indexes:
    """What is looked up again and again, made when it is asked for first."""

    cohort: dict[CohortId, list[Enrolment]] | None = None
    person: dict[PersonId, list[Enrolment]] | None = None
    guardian: dict[PersonId, list[Guardianship]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Everything by its id. `plans`, `programmes`: the name under which the newest version is in the catalog."""

    terms: Mapping[TermId, Term] = field(default_factory=dict)
    cohorts: Mapping[CohortId, Cohort] = field(default_factory=dict)
    series: Mapping[SeriesId, Series] = field(default_factory=dict)
    enrolments: Mapping[EnrolmentId, Enrolment] = field(default_factory=dict)
    covers: Mapping[CoverId, Cover] = field(default_factory=dict)
    discharges: Mapping[PersonId, Discharge] = field(default_factory=dict)
    make_ups: Mapping[SessionId, tuple[PersonId, ...]] = field(default_factory=dict)
    """Who comes to one meeting instead of one that they missed, as was agreed."""
    guardianships: tuple[Guardianship, ...] = ()
    people: Mapping[PersonId, Person] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    programmes: Mapping[str, str] = field(default_factory=dict)
    revisions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """Of every record, by kind and id: what a form is typed upon."""
    _by: _Indexes = field(default_factory=lambda: _Indexes(), init=False, repr=False, compare=False)

    # ------------------------------------------------------------------ when

    def occurrences(self, series: Series, first: date, last: date) -> list[Occurrence]:
        """Those that are, or by the rule would be, between two days, both included; in order of time."""
        near = days(series, first - MOVED, last + MOVED)
        term = self.terms.get(series.term) if series.term else None
        found = occurrences(series, near, term, zone_of(series.zone))
        inside = (each for each in found if first <= each.on <= last or first <= each.day <= last)
        return sorted(inside, key=lambda each: (each.starts_at, each.on))

    def meets(self, series: Series) -> bool:
        """Whether it is planned at all: not, once its cohort meets no more."""
        return series.cohort is None or not self.cohorts[series.cohort].closed

    # ------------------------------------------------------------------ who

    def cohort_of(self, series: Series) -> Cohort | None:
        return self.cohorts.get(series.cohort) if series.cohort else None

    def enrolled_in(self, cohort: CohortId) -> Sequence[Enrolment]:
        """Those of one cohort, past ones included."""
        if self._by.cohort is None:
            self._by.cohort = _grouped(self.enrolments.values(), lambda each: each.cohort)
        return self._by.cohort.get(cohort, ())

    def enrolments_of(self, person: PersonId) -> Sequence[Enrolment]:
        """Those of one person, past ones included."""
        if self._by.person is None:
            self._by.person = _grouped(self.enrolments.values(), lambda each: each.person)
        return self._by.person.get(person, ())

    def participants(self, series: Series, day: date) -> list[PersonId]:
        """Those whom it is for, on that day."""
        enrolled = members(self.enrolled_in(series.cohort), series.cohort, day) if series.cohort else ()
        return list(dict.fromkeys((*enrolled, *series.people)))

    def relatives(self, series: Series, coming: Sequence[PersonId], at: Instant) -> list[PersonId]:
        """Who comes along with those who are `coming`."""
        if self._by.guardian is None:
            self._by.guardian = _grouped(self.guardianships, lambda each: each.guardian)
        cares = self._by.guardian
        return [each for each in series.relatives if not left_out(each, coming, cares.get(each, ()), at)]

    def leads(self, series: Series, day: date) -> tuple[Lead, ...]:
        cohort = self.cohort_of(series)
        leads = series.leads or (cohort.leads if cohort else ())
        return led_by(leads, self.covers.values(), series.id, day)

    def roster(self, series: Series, occurrence: Occurrence) -> tuple[Expected, ...]:
        """Staff first. Whoever the clinic does not know any more is left out, and who is a guardian no more then."""
        found: dict[PersonId, Expected] = {}
        for lead in self.leads(series, occurrence.day):
            if lead.person in self.people:
                found[lead.person] = Expected(person=lead.person, role=lead.role, name=self.people[lead.person].name)
        make_ups = self.make_ups.get(occurrence.session, ())
        coming = [*self.participants(series, occurrence.on), *make_ups]
        cohort = self.cohort_of(series)
        treated = () if cohort is not None and cohort.alumni else coming
        for person in (*coming, *self.relatives(series, coming, occurrence.starts_at)):
            if person in self.people and person not in found:
                known = self.people[person]
                found[person] = Expected(
                    person=person,
                    role=Role.PARTICIPANT,
                    name=known.name,
                    teen=known.track == "teen" and person in treated,
                    guest=person not in treated,
                )
        return tuple(found.values())

    # ------------------------------------------------------------------ by which rules

    def programme_id(self, series: Series) -> str:
        cohort = self.cohort_of(series)
        return series.programme or (cohort.programme if cohort else "")

    def rules_id(self, series: Series, programmes: Mapping[str, Programme]) -> str:
        cohort = self.cohort_of(series)
        named = series.rules_id or (cohort.rules_id if cohort else "")
        programme = self.programme_id(series)
        return named or programmes.get(self.programmes.get(programme, programme), PLAIN).rules_id

    # ------------------------------------------------------------------ as sessions

    def sessions(
        self, clinic: ClinicId | str, programmes: Mapping[str, Programme], first: date, last: date
    ) -> Iterable[tuple[Occurrence, ScheduledSession]]:
        """Every occurrence between two days as the session that it should be; `cancelled` where it is not held."""
        for series in self.series.values():
            if self.meets(series):
                for occurrence in self.occurrences(series, first, last):
                    yield occurrence, self.session(clinic, programmes, series, occurrence)

    def session(
        self, clinic: ClinicId | str, programmes: Mapping[str, Programme], series: Series, occurrence: Occurrence
    ) -> ScheduledSession:
        programme = self.programme_id(series)
        return ScheduledSession(
            session=occurrence.session,
            clinic=ClinicId(clinic),
            title=series.title,
            zone=series.zone,
            starts_at=occurrence.starts_at,
            plan_id=self.plans.get(series.plan_id, series.plan_id),
            rules_id=self.rules_id(series, programmes),
            roster=self.roster(series, occurrence),
            programme_id=self.programmes.get(programme, programme),
            kind=series.kind,
            cohort=series.cohort,
            series=series.id,
            on=occurrence.on,
            cancelled=occurrence.dropped,
        )


def _grouped(every: Iterable[T], key: Callable[[T], Key]) -> dict[Key, list[T]]:
    """By `key`, each in the order in which they are given."""
    found: dict[Key, list[T]] = {}
    for each in every:
        found.setdefault(key(each), []).append(each)
    return found
