"""Everybody at once, as the finder wants it: whom it concerns, what they wish, and what follows from its answer."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from facilitation.enrolment import Enrolment, Step, ended, step_on, stepped
from facilitation.facts import zone_of
from facilitation.finder import Explanation, Offer, Wish, fitting, week_sum
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.placement import Days, LeftOut, Placement, Proposed, Slot, Stage, State, slots
from facilitation.school import School, busy
from server.schedule.finder import Clinic, Found
from server.schedule.snapshot import Schedule
from server.school.offers import Offering
from server.store.clinic import Person
from server.store.register import Held


class Problem:
    """What is searched, and what is known of everybody besides."""

    def __init__(self, clinic: Clinic, stays: Sequence[Proposed], before: Mapping[PersonId, tuple[Days, ...]]) -> None:
        self.clinic = clinic
        self._stays = stays
        self._before = before
        self.schools: dict[PersonId, int] = {}

    def answered(self, placement: Placement, found: Found) -> Placement:
        offers = {offer.id: offer for offer in self.clinic.offers}
        new = [
            Proposed(
                person=person,
                before=self._before[person],
                after=_week(offers[each] for each in week),
                school=self.schools.get(person, 0),
                minutes=_minutes(self.clinic.wishes[person], [offers[each] for each in week]),
            )
            for person, week in found.places.weeks.items()
        ]
        left_out = [
            _unplaced(person, self._before[person], self.clinic.wishes[person], found.why[person])
            for person in found.places.left_out
        ]
        return replace(
            placement,
            state=State.DONE,
            stage=Stage.EXPLAINING,
            done=1,
            of=1,
            proven=found.places.proven,
            proposed=(*new, *self._stays),
            left_out=tuple(left_out),
        )


def concerned(schedule: Schedule, also: Collection[str], first: date) -> list[Person]:
    """Participants who are in a group of treatment then, or are among `also`; not those who have left by then."""
    inside = {
        each.person
        for each in schedule.enrolments.values()
        if each.until is None or each.until >= first
        if (cohort := schedule.cohorts.get(each.cohort)) is not None and not cohort.alumni
    }
    gone = {each.person for each in schedule.discharges.values() if not each.taken_back and each.day < first}
    return [
        each
        for person, each in schedule.people.items()
        if each.role is Role.PARTICIPANT and (person in inside or person in also) and person not in gone
    ]


def problem_of(
    placement: Placement, offering: Offering, schools: Mapping[str, Held[School]], who: Sequence[Person]
) -> Problem:
    """It takes a second for some hundred people: call it in a thread."""
    first, last, schedule = placement.first, placement.last, offering.schedule
    everywhere = offering.everywhere(first, last, without=())
    before = {each.person: today_of(schedule, each.person, first, everywhere) for each in who}
    wishes = {}
    for each in who:
        school = schools.get(each.person)
        zone = each.zone if school is None else school.value.zone
        wishes[each.person] = Wish(
            track=each.track,
            rules=offering.rules(each.person, each.track, first),
            zone=zone_of(zone),
            busy=busy(school.value, first - timedelta(days=1), last + timedelta(days=1)) if school else (),
            first=first,
            last=last,
            stay=frozenset(offering.cohorts_of(each.person, first)),
        )
    revisions = {PersonId(person): held.revision for person, held in schools.items()}
    stays = []
    for person, wish in list(wishes.items()) if placement.keeps else ():
        own = [offer for offer in everywhere if (CohortId(offer.cohort), offer.weekday) in slots(before[person])]
        if _is_right(wish, own):
            minutes = _minutes(wish, own)
            week = before[person]
            stays.append(
                Proposed(person=person, before=week, after=week, school=revisions.get(person, 0), minutes=minutes)
            )
            del wishes[person]
    offers = tuple(offering.everywhere(first, last, without=wishes.keys()))
    suits = {
        each.person: offering.meant_for(each.person, each.track, first, offers) for each in who if each.person in wishes
    }
    problem = Problem(Clinic(wishes=wishes, offers=offers, suits=suits), stays, before)
    problem.schools = revisions
    return problem


def _is_right(wish: Wish, own: Sequence[Offer]) -> bool:
    """Whether what somebody has lies in nobody's way and reaches their floor."""
    free = [replace(offer, seats_left=max(1, offer.seats_left)) for offer in own]
    by_day = {offer.weekday: offer.counted_ms for offer in own}
    return bool(own) and len(fitting(wish, free)) == len(own) and week_sum(wish.rules, wish.track, by_day).reached


def _minutes(wish: Wish, week: Iterable[Offer]) -> int:
    return week_sum(wish.rules, wish.track, {offer.weekday: offer.counted_ms for offer in week}).minutes


def _unplaced(person: PersonId, before: tuple[Days, ...], wish: Wish, why: Explanation) -> LeftOut:
    return LeftOut(
        person=person,
        before=before,
        best_min=why.best_min,
        floor_min=wish.rules.week_floor_min.get(wish.track, 0),
        enough=why.enough,
        helps=tuple(help.changes for help in why.helps),
    )


def _week(offers: Iterable[Offer]) -> tuple[Days, ...]:
    days: dict[CohortId, set[int]] = {}
    for offer in offers:
        days.setdefault(CohortId(offer.cohort), set()).add(offer.weekday)
    return tuple(Days(cohort=cohort, days=tuple(sorted(some))) for cohort, some in sorted(days.items()))


def today_of(schedule: Schedule, person: PersonId, day: date, offers: Sequence[Offer]) -> tuple[Days, ...]:
    """Where somebody comes from `day` on, as it stands, of the groups that are looked at."""
    there = {(CohortId(offer.cohort), offer.weekday) for offer in offers}
    days: dict[CohortId, set[int]] = {}
    for each in _enrolments(schedule, person, day):
        step = step_on(each, max(day, each.since))
        own = {weekday for weekday in (step.days if step else ()) if (each.cohort, weekday) in there}
        if own:
            days.setdefault(each.cohort, set()).update(own)
    return tuple(Days(cohort=cohort, days=tuple(sorted(some))) for cohort, some in sorted(days.items()))


def _enrolments(schedule: Schedule, person: PersonId, day: date) -> list[Enrolment]:
    """Those that hold on `day` or begin after it."""
    return [each for each in schedule.enrolments_of(person) if each.until is None or each.until >= max(day, each.since)]


def changes(
    schedule: Schedule, proposed: Proposed, since: date, looked_at: Collection[Slot]
) -> list[tuple[Enrolment | None, Enrolment]]:
    """Each enrolment that changes so that somebody comes on the proposed days from `since` on: before, and after.

    What is not among the slots that were `looked_at` stays.
    """
    wanted = {each.cohort: set(each.days) for each in proposed.after}
    changed: list[tuple[Enrolment | None, Enrolment]] = []
    for each in _enrolments(schedule, proposed.person, since):
        step = step_on(each, max(since, each.since))
        other = {day for day in (step.days if step else ()) if (each.cohort, day) not in looked_at}
        days = tuple(sorted(wanted.pop(each.cohort, set()) | other))
        if not days:
            after = ended(each, since - timedelta(days=1))
        elif each.since > since:
            after = replace(each, steps=(Step(since=since, days=days),))
        else:
            after = stepped(each, Step(since=since, days=days))
        if after != each:
            changed.append((each, after))
    for cohort, wished in wanted.items():
        new = Enrolment(
            id=EnrolmentId(f"e-{secrets.token_hex(6)}"),
            person=proposed.person,
            cohort=cohort,
            steps=(Step(since=since, days=tuple(sorted(wished))),),
        )
        changed.append((None, new))
    return changed


def seats_of(offers: Iterable[Offer]) -> dict[Slot, int]:
    seats: dict[Slot, int] = {}
    for offer in offers:
        slot = CohortId(offer.cohort), offer.weekday
        seats[slot] = min(seats.get(slot, offer.seats_left), offer.seats_left)
    return seats
