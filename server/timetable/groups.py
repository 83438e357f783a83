"""Cohorts: the list of them, one with its people, days and series, and the form by which one is set up or changed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from facilitation.cohorts import Cohort, cap_of, check_cohort, too_full
from facilitation.enrolment import Enrolment, step_on
from facilitation.errors import Refusal
from facilitation.ids import CohortId
from facilitation.plan import SegmentKind
from facilitation.policy import Action
from facilitation.rules import GROUP_MAX
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX
from server.books.agreements import Agreements
from server.schedule.planner import HORIZON_DAYS
from server.schedule.snapshot import Schedule
from server.timetable.given import Given, number_of
from server.timetable.office import (
    KINDS,
    ROLES,
    Office,
    Page,
    clock_words,
    days_words,
    leads_words,
    people_words,
    rule_words,
    staff_of,
)
from server.timetable.series_form import LEAD_ROLES, lead_fields, lead_rows, read_leads
from server.web.auth import Visitor
from server.web.words import marked

PART_KINDS: Mapping[SegmentKind, str] = {
    SegmentKind.CHECK_IN: marked("Check-in"),
    SegmentKind.PROCESS: marked("Talking together"),
    SegmentKind.SKILLS: marked("Skills"),
    SegmentKind.PRACTICE: marked("Practice"),
    SegmentKind.FAMILY: marked("With families"),
    SegmentKind.BREAK: marked("Break"),
    SegmentKind.WRAP_UP: marked("Wrap-up"),
}


class Groups:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def everything(self, *, reader: Visitor) -> Page:
        schedule = await self._office.book.load()
        every = sorted(schedule.cohorts.values(), key=lambda each: each.title.casefold())
        return {
            "groups": [self._row(schedule, each, reader) for each in every if not each.closed],
            "closed": [self._row(schedule, each, reader) for each in every if each.closed],
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
        }

    def _row(self, schedule: Schedule, cohort: Cohort, reader: Visitor) -> dict[str, Any]:
        words = self._office.words
        today = self._office.day_in(cohort.zone)
        people = len(_enrolled(schedule, cohort.id, today))
        series = [each for each in schedule.series.values() if each.cohort == cohort.id]
        ahead = sorted(
            occurrence.starts_at
            for each in series
            for occurrence in schedule.occurrences(each, today, today + timedelta(days=HORIZON_DAYS))
            if occurrence.held and occurrence.starts_at > self._office.clock.now()
        )
        return {
            "id": cohort.id,
            "title": cohort.title,
            "programme": words.of(self._office.programme(schedule, cohort.programme).title),
            "days": "; ".join(rule_words(words, each.recurrence) for each in series)
            or words("No meetings planned yet"),
            "people": people_words(words, people),
            "leads": leads_words(words, schedule.people, cohort.leads) or words("nobody leads it yet"),
            "next": words.moment(ahead[0], cohort.zone) if ahead and not cohort.closed else "",
            "url": f"/schedule/cohorts/{cohort.id}{reader.choice}",
        }

    # ------------------------------------------------------------------ one

    async def one(self, id: CohortId, *, reader: Visitor) -> Page | None:
        words = self._office.words
        schedule = await self._office.book.load()
        cohort = schedule.cohorts.get(id)
        if cohort is None:
            return None
        today = self._office.day_in(cohort.zone)
        enrolled = _enrolled(schedule, id, today)
        agreement = await Agreements(self._office.store, clock=self._office.clock).of(id)
        rules = self._office.catalog.rules
        named = cohort.rules_id or self._office.programme(schedule, cohort.programme).rules_id
        rule_set = rules.get(named) or next(iter(rules.values()))
        return self._row(schedule, cohort, reader) | {
            "zone": cohort.zone,
            "rules": words.of(rule_set.title),
            "strict": cohort.strict,
            "is_alumni": cohort.alumni,
            "is_closed": cohort.closed,
            "staff": [
                (schedule.people[lead.person].name, words(ROLES[lead.role]))
                for lead in cohort.leads
                if lead.person in schedule.people
            ],
            "members": [self._member(schedule, each, today, reader) for each in enrolled],
            "named": [each.person for each in enrolled],
            "series": [
                {
                    "title": each.title,
                    "kind": words(KINDS[each.kind]),
                    "rule": f"{rule_words(words, each.recurrence)}, {clock_words(words, each.starts)}",
                    "url": f"/schedule/series/{each.id}{reader.choice}",
                }
                for each in schedule.series.values()
                if each.cohort == id
            ],
            "caps": [
                {"title": words(title), "most": most}
                for kind, title in PART_KINDS.items()
                if (most := cap_of(cohort, rule_set, kind)) is not None
            ],
            "full": self._full(schedule, cohort, today),
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
            "agreement": agreement.value.lines if agreement else (),
            "agreement_url": f"/schedule/cohorts/{id}/agreement{reader.choice}",
            "course_url": f"/schedule/cohorts/{id}/curriculum{reader.choice}",
            "edit_url": f"/schedule/cohorts/{id}/edit{reader.choice}",
            "new_series_url": f"/schedule/series/new{_join(reader.choice)}cohort={id}&kind=group",
        }

    def _member(self, schedule: Schedule, enrolment: Enrolment, today: date, reader: Visitor) -> dict[str, Any]:
        words = self._office.words
        step = step_on(enrolment, max(today, enrolment.since)) or enrolment.steps[-1]
        later = [each for each in enrolment.steps if each.since > max(today, enrolment.since)]
        return {
            "name": schedule.people[enrolment.person].name,
            "days": days_words(words, step.days),
            "since": words.calendar(enrolment.since),
            "until": words.calendar(enrolment.until) if enrolment.until else "",
            "then": [
                words("From {day}: {days}", day=words.calendar(each.since), days=days_words(words, each.days))
                for each in later
            ],
            "begins": enrolment.since > today,
            "url": f"/schedule/people/{enrolment.person}{reader.choice}",
        }

    def _full(self, schedule: Schedule, cohort: Cohort, today: date) -> list[str]:
        words = self._office.words
        found: dict[str, None] = {}
        for series in schedule.series.values():
            plan = self._office.plan(schedule, series.plan_id)
            if series.cohort == cohort.id and plan is not None:
                for each in schedule.occurrences(series, today, today + timedelta(days=HORIZON_DAYS)):
                    people = len(schedule.participants(series, each.on))
                    for over in too_full(cohort, self._office.rules(schedule, series, each.on), plan.segments, people):
                        part = words.of(over.segment.title)
                        told = words(
                            "{part} has {people} people, and room for {most}.",
                            part=part,
                            people=over.people,
                            most=over.most,
                        )
                        found[told] = None
        return list(found)

    # ------------------------------------------------------------------ the form

    async def form(self, id: CohortId | None, given: Given | None, *, reader: Visitor) -> Page | None:
        words = self._office.words
        schedule = await self._office.book.load()
        before = schedule.cohorts.get(id) if id else None
        if id is not None and before is None:
            return None
        new = {"zone": [reader.zone or "UTC"], "strict": ["1"]}
        given = given or Given(_fields(before) if before else new)
        return {
            "id": id or "",
            "new_id": given.raw("id") or f"c-{secrets.token_hex(4)}",
            "revision": given.raw("revision") or (schedule.revisions.get(("cohort", id), 0) if id else 0),
            "given": given,
            "programmes": [(each, words.of(one.title)) for each, one in self._office.programmes(schedule).items()],
            "rules": [(each.id, words.of(each.title)) for each in self._office.catalog.rules.values()],
            "parts": [(kind.value, words(title)) for kind, title in PART_KINDS.items()],
            "staff": staff_of(schedule.people),
            "lead_rows": lead_rows(given),
            "lead_roles": [(role.value, words(ROLES[role])) for role in LEAD_ROLES],
            "group_max": GROUP_MAX,
            "back": f"/schedule/cohorts/{id}{reader.choice}" if id else f"/schedule/cohorts{reader.choice}",
        }

    async def keep(self, id: CohortId | None, given: Given, *, by: Visitor) -> str:
        """Raises Refusal, Stale."""
        book = self._office.book
        schedule = await book.load()
        new = given.raw("id")
        if id is None and (not new.startswith("c-") or len(new) != 10 or not new[2:].isalnum()):
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        caps = {
            kind.value: most
            for kind, title in PART_KINDS.items()
            if (most := number_of(given.raw(f"cap_{kind.value}"), _most_in(title), 1, GROUP_MAX))
        }
        cohort = Cohort(
            id=id or CohortId(new),
            title=given.text("title", "the group’s name", TITLE_MAX),
            programme=given.one_of("programme", "the program", self._office.programmes(schedule)),
            zone=given.zone("zone"),
            rules_id=given.one_of("rules", "the rule set", {"", *self._office.catalog.rules}),
            caps=caps,
            strict=given.raw("strict") == "1",
            leads=read_leads(given, schedule),
            alumni=given.on("alumni"),
            closed=given.on("closed"),
        )
        check_cohort(cohort)
        await book.put([book.shelves.cohorts.draft(cohort, upon=given.upon)], by=by.person)
        return f"/schedule/cohorts/{cohort.id}"


def _most_in(part: str) -> Sentence:
    return Sentence("the most people in {part}", part=Sentence(part))


def _enrolled(schedule: Schedule, cohort: CohortId, today: date) -> list[Enrolment]:
    """Those who are, or will be, by name."""
    found = [
        each
        for each in schedule.enrolled_in(cohort)
        if (each.until is None or each.until >= today) and each.person in schedule.people
    ]
    return sorted(found, key=lambda each: schedule.people[each.person].name.casefold())


def _fields(cohort: Cohort) -> Mapping[str, list[str]]:
    return {
        "title": [cohort.title],
        "programme": [cohort.programme],
        "zone": [cohort.zone],
        "rules": [cohort.rules_id],
        "strict": ["1" if cohort.strict else "0"],
        "alumni": ["1"] if cohort.alumni else [],
        "closed": ["1"] if cohort.closed else [],
        **{f"cap_{kind}": [str(most)] for kind, most in cohort.caps.items()},
        **lead_fields(cohort.leads),
    }


def _join(choice: str) -> str:
    return f"{choice}&" if choice else "?"
