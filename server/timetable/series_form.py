"""The form of a series: from its fields to a series and back, each mistake in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from facilitation.cohorts import LEADS_MAX, Lead
from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId, SeriesId, TermId
from facilitation.people import STAFF, Role
from facilitation.recurrence import INTERVAL_MAX, NTHS, Every, Recurrence
from facilitation.schedule import Series, SeriesKind, check_series
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX
from server.schedule.snapshot import Schedule
from server.timetable.given import Given
from server.timetable.office import Office

LEAD_ROLES: Final = (Role.FACILITATOR, Role.COFACILITATOR, Role.SUPERVISOR, Role.OBSERVER)
LEAD_ROWS: Final = 4


def read_series(given: Given, schedule: Schedule, office: Office, id: SeriesId, before: Series | None) -> Series:
    """The series as it was typed; what was said of single meetings stays. Raises Refusal."""
    kind = before.kind if before else SeriesKind(given.one_of("kind", "the kind of meeting", set(SeriesKind)))
    cohort = None
    if kind in (SeriesKind.GROUP, SeriesKind.MULTI_FAMILY) and given.raw("cohort"):
        cohort = CohortId(given.one_of("cohort", "the group", schedule.cohorts))
    zone = given.zone("zone")
    every = Every(given.one_of("every", "how often it meets", set(Every)))
    first = given.day("first", "the first day")
    series = Series(
        id=id,
        title=given.text("title", "the name", TITLE_MAX),
        kind=kind,
        plan_id=given.one_of("plan", "the plan", office.plans(schedule)),
        zone=zone,
        recurrence=_recurrence(given, every),
        first=first,
        starts=given.clock("starts", "the beginning"),
        cohort=cohort,
        people=_people(given, schedule, "people", (Role.PARTICIPANT,)) if kind is not SeriesKind.GROUP else (),
        relatives=_people(given, schedule, "relatives", (Role.GUARDIAN,)) if _has_relatives(kind) else (),
        leads=read_leads(given, schedule),
        programme=given.one_of("programme", "the program", {"", *office.programmes(schedule)}) if not cohort else "",
        rules_id=given.one_of("rules", "the rule set", {"", *office.catalog.rules}),
        summer_starts=given.clock_or_none("summer_starts", "the beginning in summer"),
        until=None if every is Every.ONCE else given.day_or_none("until", "the last day"),
        term=TermId(given.one_of("term", "the term", {"", *schedule.terms})) or None,
        deviations=before.deviations if before else (),
    )
    check_series(series)
    _check_relatives(series, schedule, office)
    if not cohort and not series.programme:
        raise Refusal("bad_choice", "Choose the program: it says which minutes count, and how notes are written.")
    return series


def _recurrence(given: Given, every: Every) -> Recurrence:
    if every is Every.ONCE:
        return Recurrence(every=every)
    return Recurrence(
        every=every,
        days=given.numbers("days", "the days of the week", range(7)),
        interval=given.number_or_none("interval", "every how many weeks or months", 1, INTERVAL_MAX) or 1,
        nths=given.numbers("nths", "which of them", NTHS) if every is Every.MONTH else (),
    )


def _people(given: Given, schedule: Schedule, name: str, roles: Sequence[Role]) -> tuple[PersonId, ...]:
    choices = {each.person for each in schedule.people.values() if each.role in roles}
    return tuple(PersonId(each) for each in given.some_of(name, "the people", choices))


def _check_relatives(series: Series, schedule: Schedule, office: Office) -> None:
    """Who was a guardian there and is none any more would stand on no list. Raises Refusal."""
    coming = schedule.participants(series, office.day_in(series.zone))
    stay = schedule.relatives(series, coming, office.clock.now())
    before = schedule.series.get(series.id)
    for each in series.relatives:
        if each not in stay and (before is None or each not in before.relatives):
            name = schedule.people[each].name
            raise Refusal(
                "bad_choice",
                Sentence(
                    "{name} is not their guardian any more. Invite them again on the family’s page first.", name=name
                ),
            )


def _has_relatives(kind: SeriesKind) -> bool:
    return kind in (SeriesKind.FAMILY, SeriesKind.MULTI_FAMILY)


def read_leads(given: Given, schedule: Schedule) -> tuple[Lead, ...]:
    """Rows of a person and what they do; those without a person are none."""
    staff = {each.person for each in schedule.people.values() if each.role in STAFF}
    people, roles = given.many("lead"), given.many("lead_role")
    found = []
    for person, role in zip(people, roles, strict=False):
        if person:
            if person not in staff or role not in set(LEAD_ROLES):
                raise Refusal("bad_choice", "Please choose who leads from what is offered.")
            found.append(Lead(person=PersonId(person), role=Role(role)))
    if len(people) > LEADS_MAX or len(found) < sum(bool(person) for person in people):
        raise Refusal("bad_choice", "Please choose who leads from what is offered.")
    return tuple(found)


# --------------------------------------------------------------- back to fields


def fields_of(series: Series) -> Mapping[str, list[str]]:
    return {
        "kind": [series.kind.value],
        "title": [series.title],
        "plan": [series.plan_id],
        "zone": [series.zone],
        "every": [series.recurrence.every.value],
        "days": [str(day) for day in series.recurrence.days],
        "interval": [str(series.recurrence.interval)],
        "nths": [str(nth) for nth in series.recurrence.nths],
        "first": [series.first.isoformat()],
        "until": [series.until.isoformat() if series.until else ""],
        "starts": [f"{series.starts:%H:%M}"],
        "summer_starts": [f"{series.summer_starts:%H:%M}" if series.summer_starts else ""],
        "cohort": [series.cohort or ""],
        "people": list(series.people),
        "relatives": list(series.relatives),
        "programme": [series.programme],
        "rules": [series.rules_id],
        "term": [series.term or ""],
        **lead_fields(series.leads),
    }


def lead_fields(leads: Sequence[Lead]) -> Mapping[str, list[str]]:
    return {"lead": [lead.person for lead in leads], "lead_role": [lead.role.value for lead in leads]}


def lead_rows(given: Given) -> list[tuple[str, str]]:
    """As many rows as there are, and enough empty ones to write in."""
    people, roles = given.many("lead"), given.many("lead_role")
    rows = [(person, role) for person, role in zip(people, roles, strict=False) if person]
    empty = [("", role.value) for role in LEAD_ROLES[: max(1, LEAD_ROWS - len(rows))]]
    return [*rows, *empty][:LEADS_MAX]


def blank(kind: SeriesKind, cohort: str, zone: str, today: date, schedule: Schedule) -> Mapping[str, list[str]]:
    """A new series, as far as it can be foreseen."""
    terms = [term.id for term in schedule.terms.values() if term.first <= today <= term.last]
    plan = {SeriesKind.INDIVIDUAL: "individual", SeriesKind.FAMILY: "family", SeriesKind.MULTI_FAMILY: "multi-family"}
    known = schedule.cohorts.get(CohortId(cohort))
    return {
        "kind": [kind.value],
        "cohort": [cohort],
        "title": [known.title if known else ""],
        "zone": [known.zone if known else zone],
        "plan": [plan.get(kind, "")],
        "every": ["week"],
        "interval": ["1"],
        "first": [today.isoformat()],
        "term": [terms[0] if terms else ""],
    }
