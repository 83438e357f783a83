"""The weekly hours that somebody's enrolments will bring, by their rule set: said before a step is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from facilitation import crediting
from facilitation.enrolment import Enrolment
from facilitation.ids import PersonId
from facilitation.rules import RuleSet
from facilitation.weeks import DAYS, Reach, Visit, Week, first_day, week
from server.schedule.snapshot import Schedule
from server.timetable.office import Office
from server.web.words import Words


def planned_week(office: Office, schedule: Schedule, person: PersonId, day: date) -> tuple[Week, RuleSet] | None:
    """The week that `day` is in, if all that is planned is attended; None where nothing is planned at all."""
    known = schedule.people.get(person)
    visits: list[Visit] = []
    rules = None
    for series in schedule.series.values():
        cohort = schedule.cohort_of(series)
        if not schedule.meets(series) or (cohort is not None and cohort.alumni):
            continue
        for occurrence in schedule.occurrences(series, day - timedelta(days=DAYS), day + timedelta(days=DAYS)):
            plan = office.plan(schedule, series.plan_id)
            if occurrence.held and plan and person in schedule.participants(series, occurrence.on):
                rules = rules or office.rules(schedule, series, day)
                own = office.rules(schedule, series, occurrence.on)
                visits.append(Visit(day=occurrence.day, counted_ms=crediting.target_ms(plan, own)))
    if rules is None:
        return None
    first = first_day(rules, day)
    inside = [each for each in visits if first <= each.day < first + timedelta(days=DAYS)]
    return week(rules, known.track if known else "adult", day, (), planned=inside, today=first), rules


def week_words(words: Words, found: tuple[Week, RuleSet] | None) -> str:
    """ "9 h in 3 days"."""
    if found is None or not found[0].possible_min:
        return words("no hours")
    time, days = words.minutes(found[0].possible_min), found[0].possible_days
    return words.many("{time} in {n} day", "{time} in {n} days", days, time=time)


def asked_words(words: Words, found: tuple[Week, RuleSet] | None) -> str:
    """ "9 h are asked for (Exact minutes, breaks excluded)"; "" where nothing is."""
    if found is None or not found[0].floor_min:
        return ""
    time, rules = words.minutes(found[0].floor_min), words.of(found[1].title)
    return words("{time} are asked for ({rules})", time=time, rules=rules)


def consequence(
    office: Office, before: Schedule, after: Schedule, person: PersonId, since: date
) -> tuple[list[str], bool]:
    """What a change means for the first whole week after `since`, and whether that is below what is asked for."""
    words = office.words
    day = since + timedelta(days=DAYS)
    old, new = planned_week(office, before, person, day), planned_week(office, after, person, day)
    told = [
        words("Until now {old} a week, from then on {new}.", old=week_words(words, old), new=week_words(words, new))
    ]
    told += [f"{asked}."] if (asked := asked_words(words, new or old)) else []
    short = new is not None and new[0].floor is Reach.MISSED
    if new is not None and short:
        told.append(
            words(
                "That is {time} below the least of a week. A week or two of it can be a step down; for longer, ask the "
                "payer, or enrol in another level of care.",
                time=words.minutes(new[0].short_min),
            )
        )
    return told, short


def with_enrolments(schedule: Schedule, *enrolments: Enrolment) -> Schedule:
    """The schedule as it would be with these enrolments."""
    changed = {each.id: each for each in enrolments}
    return replace(schedule, enrolments={**schedule.enrolments, **changed})
