"""What the schedule offers: weekly groups as the finder wants them, with their meetings and the seats that are left."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Protocol

from facilitation import crediting
from facilitation.cohorts import Cohort, cap_of
from facilitation.enrolment import members
from facilitation.finder import Meeting, Offer
from facilitation.ids import CohortId, PersonId
from facilitation.plan import SessionPlan
from facilitation.programme import PLAIN, Programme
from facilitation.recurrence import Every
from facilitation.rules import RuleSet
from facilitation.schedule import Series, SeriesKind
from facilitation.timebase import Instant
from server.schedule.snapshot import Schedule


class Catalog(Protocol):
    @property
    def plans(self) -> Mapping[str, SessionPlan]: ...
    @property
    def programmes(self) -> Mapping[str, Programme]: ...
    @property
    def rules(self) -> Mapping[str, RuleSet]: ...
    def rules_on(self, id: str, day: date) -> RuleSet: ...


class Offering:
    """The schedule as one moment had it. `seats_max`: people in one session, those who lead it included."""

    def __init__(self, schedule: Schedule, catalog: Catalog, *, seats_max: int) -> None:
        self._schedule = schedule
        self._catalog = catalog
        self._seats_max = seats_max

    @property
    def schedule(self) -> Schedule:
        return self._schedule

    def programme(self, cohort: Cohort) -> Programme:
        named = self._schedule.programmes.get(cohort.programme, cohort.programme)
        return self._catalog.programmes.get(named, PLAIN)

    def cohorts_of(self, person: PersonId, day: date) -> dict[str, Cohort]:
        """Groups of treatment that somebody is in on `day` or will be."""
        return {
            each.cohort: cohort
            for each in self._schedule.enrolments_of(person)
            if (each.until is None or each.until >= day)
            if (cohort := self._schedule.cohorts.get(each.cohort)) is not None and not cohort.alumni
        }

    def rules(self, person: PersonId, track: str, day: date) -> RuleSet:
        """Those that somebody's weeks are counted by: of their group, else of any group of their track."""
        mine = list(self.cohorts_of(person, day).values())
        for cohort in (*mine, *self._schedule.cohorts.values()):
            programme = self.programme(cohort)
            if cohort in mine or programme.track == track:
                return self._catalog.rules_on(cohort.rules_id or programme.rules_id, day)
        return next(iter(self._catalog.rules.values()))

    def offers(self, person: PersonId, track: str, first: date, last: date, *, own_seats: bool = True) -> list[Offer]:
        """Weekly groups of the programmes that somebody is in, else of all of their track.

        `own_seats`: the seats that they have are free for them; not, where they look for others.
        """
        mine = {cohort.programme for cohort in self.cohorts_of(person, first).values()}
        found = []
        for series in self._schedule.series.values():
            cohort = self._schedule.cohort_of(series)
            if cohort is None or cohort.alumni or not self._schedule.meets(series):
                continue
            if self._suits(cohort, mine, track) and _is_weekly(series):
                found += self._weekly(series, cohort, {person} if own_seats else set(), first, last)
        return found

    def everywhere(self, first: date, last: date, *, without: Collection[PersonId]) -> list[Offer]:
        """Every group that meets each week. The seats of whoever is `without` are free."""
        found = []
        for series in self._schedule.series.values():
            cohort = self._schedule.cohort_of(series)
            if cohort is not None and not cohort.alumni and self._schedule.meets(series) and _is_weekly(series):
                found += self._weekly(series, cohort, without, first, last)
        return found

    def meant_for(self, person: PersonId, track: str, day: date, offers: Iterable[Offer]) -> frozenset[str]:
        """Those of them (by their ids) that are of the programmes somebody is in, else of their track."""
        mine = {cohort.programme for cohort in self.cohorts_of(person, day).values()}
        cohorts = self._schedule.cohorts
        return frozenset(each.id for each in offers if self._suits(cohorts[CohortId(each.cohort)], mine, track))

    def _suits(self, cohort: Cohort, mine: Collection[str], track: str) -> bool:
        return cohort.programme in mine if mine else self.programme(cohort).track == track

    def all(self, first: date, last: date) -> list[Offer]:
        """Every weekly group of treatment."""
        found = []
        for series in self._schedule.series.values():
            cohort = self._schedule.cohort_of(series)
            weekly = series.recurrence.every is Every.WEEK and series.kind is SeriesKind.GROUP
            if cohort is not None and not cohort.alumni and weekly and self._schedule.meets(series):
                found += self._weekly(series, cohort, (), first, last)
        return found

    def _weekly(
        self, series: Series, cohort: Cohort, without: Collection[PersonId], first: date, last: date
    ) -> list[Offer]:
        plan = self._catalog.plans.get(self._schedule.plans.get(series.plan_id, series.plan_id))
        if plan is None:
            return []
        rules = self._catalog.rules_on(series.rules_id or cohort.rules_id or self.programme(cohort).rules_id, first)
        length_ms = sum(segment.planned_ms for segment in plan.segments)
        by_weekday: dict[int, list[Meeting]] = {}
        for each in self._schedule.occurrences(series, first, last):
            if each.held:
                coming = {*members(self._schedule.enrolled_in(cohort.id), cohort.id, each.on)}
                taken = (coming | set(self._schedule.make_ups.get(each.session, ()))).difference(without)
                meeting = Meeting(
                    session=each.session,
                    day=each.day,
                    start=each.starts_at,
                    end=Instant(each.starts_at + length_ms),
                    seats_left=self._room(series, cohort, plan, rules, each.day) - len(taken),
                )
                by_weekday.setdefault(each.on.weekday(), []).append(meeting)
        return [
            Offer(
                id=f"{series.id}/{weekday}",
                cohort=cohort.id,
                group=cohort.title,
                weekday=weekday,
                counted_ms=crediting.target_ms(plan, rules),
                seats_left=min(meeting.seats_left for meeting in meetings),
                meetings=tuple(meetings),
            )
            for weekday, meetings in sorted(by_weekday.items())
        ]

    def _room(self, series: Series, cohort: Cohort, plan: SessionPlan, rules: RuleSet, day: date) -> int:
        """How many participants fit in on a day: by the caps of its parts, and by the seats of a room."""
        caps = [most for segment in plan.segments if (most := cap_of(cohort, rules, segment.kind)) is not None]
        return min([*caps, self._seats_max - len(self._schedule.leads(series, day))])


def _is_weekly(series: Series) -> bool:
    rule = series.recurrence
    return series.kind is SeriesKind.GROUP and rule.every is Every.WEEK and rule.interval == 1
