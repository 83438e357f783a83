"""One person's place in the program: enrolled, other days, discharged; each with what it means before it is kept."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from facilitation.cohorts import Full, too_full
from facilitation.enrolment import (
    ENDING_WORDS,
    EVERY_DAY,
    Discharge,
    Ending,
    Enrolment,
    Step,
    check_discharge,
    check_enrolment,
    ended,
    step_on,
    stepped,
)
from facilitation.errors import Refusal
from facilitation.ids import CohortId, EnrolmentId, PersonId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.sentences import Sentence
from facilitation.text import NOTE_MAX, REASON_MAX
from server.schedule.planner import HORIZON_DAYS
from server.schedule.snapshot import Schedule
from server.store.register import Draft
from server.timetable.given import Given
from server.timetable.hours_ahead import asked_words, consequence, planned_week, week_words, with_enrolments
from server.timetable.office import Office, Page, days_words, weekdays
from server.web.auth import Visitor
from server.web.words import Words


class Members:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def page(self, person: PersonId, given: Given | None, *, reader: Visitor) -> Page | None:
        """None: no such participant."""
        words = self._office.words
        schedule = await self._office.book.load()
        known = schedule.people.get(person)
        if known is None or known.role is not Role.PARTICIPANT:
            return None
        today = self._office.day_in(known.zone)
        mine = sorted(schedule.enrolments_of(person), key=lambda each: (each.since, each.id))
        open_ones = [each for each in mine if each.until is None or each.until >= today]
        discharge = schedule.discharges.get(person)
        enrolled = {each.cohort for each in open_ones}
        this_week = planned_week(self._office, schedule, person, today)
        return {
            "person": person,
            "name": known.name,
            "today": today.isoformat(),
            "hours": week_words(words, this_week),
            "asked": asked_words(words, this_week),
            "enrolments": [self._row(schedule, each, today) for each in open_ones],
            "past": [self._row(schedule, each, today) for each in mine if each not in open_ones],
            "discharge": _discharge_row(words, schedule, discharge) if discharge and not discharge.taken_back else None,
            "cohorts": [
                (each.id, each.title)
                for each in schedule.cohorts.values()
                if not each.closed and each.id not in enrolled
            ],
            "alumni": [(each.id, each.title) for each in schedule.cohorts.values() if each.alumni and not each.closed],
            "endings": [(each.value, words(word)) for each, word in ENDING_WORDS.items()],
            "weekdays": weekdays(words),
            "given": given or Given({}),
            "new_id": (given.raw("id") if given else "") or f"e-{secrets.token_hex(6)}",
            "preview": None,
            "done_with": given.raw("form") if given else "",
            "aftercare_max": NOTE_MAX,
            "words_max": REASON_MAX * 4,
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
            "action": f"/schedule/people/{person}{reader.choice}",
            "week_url": f"/weeks/{person}{reader.choice}",
        }

    def _row(self, schedule: Schedule, enrolment: Enrolment, today: date) -> dict[str, Any]:
        words = self._office.words
        cohort = schedule.cohorts.get(enrolment.cohort)
        step = step_on(enrolment, max(today, enrolment.since)) or enrolment.steps[-1]
        return {
            "id": enrolment.id,
            "cohort": cohort.title if cohort else enrolment.cohort,
            "cohort_id": enrolment.cohort,
            "days": days_words(words, step.days),
            "chosen": [str(day) for day in step.days],
            "meets": sorted(self._meeting_days(schedule, enrolment.cohort)),
            "since": words.calendar(enrolment.since),
            "until": words.calendar(enrolment.until) if enrolment.until else "",
            "steps": [
                words("From {day}: {days}", day=words.calendar(each.since), days=days_words(words, each.days))
                for each in enrolment.steps
                if len(enrolment.steps) > 1
            ],
            "revision": schedule.revisions.get(("enrolment", enrolment.id), 0),
        }

    def _meeting_days(self, schedule: Schedule, cohort: CohortId) -> set[int]:
        """The weekdays on which a cohort's series meet; all of them where none does yet."""
        days = {
            day
            for series in schedule.series.values()
            if series.cohort == cohort
            for day in series.recurrence.days or (series.first.weekday(),)
        }
        return days or set(EVERY_DAY)

    # ------------------------------------------------------------------ changing

    async def change(self, person: PersonId, given: Given, *, by: Visitor) -> Page | str:
        """Enrol, change days, end or discharge, as the form says. A preview unless the button says to keep it.

        Raises Refusal, Stale.
        """
        schedule = await self._office.book.load()
        known = schedule.people.get(person)
        if known is None or known.role is not Role.PARTICIPANT:
            raise Refusal("unknown_person", "There is no such participant any more.")
        match given.raw("form"):
            case "enrol":
                return await self._enrolment(schedule, self._new(schedule, person, given), given, by, upon=0)
            case "step":
                old = self._mine(schedule, person, given)
                step = Step(since=given.day("since", "the first day"), days=_days(given))
                return await self._enrolment(schedule, stepped(old, step), given, by, upon=given.upon)
            case "end":
                old = self._mine(schedule, person, given)
                last = given.day("until", "the last day")
                return await self._enrolment(schedule, ended(old, last), given, by, upon=given.upon)
            case "discharge":
                return await self._discharge(schedule, person, given, by)
            case "take_back":
                return await self._take_back(schedule, person, by)
            case _:
                raise Refusal("bad_choice", "Please choose what to do.")

    def _new(self, schedule: Schedule, person: PersonId, given: Given) -> Enrolment:
        open_ones = {id for id, cohort in schedule.cohorts.items() if not cohort.closed}
        id = given.raw("id")
        if not id.startswith("e-") or not id[2:].isalnum() or len(id) != 14:
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        enrolment = Enrolment(
            id=EnrolmentId(id),
            person=person,
            cohort=CohortId(given.one_of("cohort", "the group", open_ones)),
            steps=(Step(since=given.day("since", "the first day"), days=_days(given)),),
            until=given.day_or_none("until", "the last day"),
        )
        check_enrolment(enrolment)
        return enrolment

    def _mine(self, schedule: Schedule, person: PersonId, given: Given) -> Enrolment:
        found = schedule.enrolments.get(EnrolmentId(given.raw("enrolment")))
        if found is None or found.person != person:
            raise Refusal("unknown_enrolment", "There is no such enrolment any more.")
        return found

    async def _enrolment(
        self, schedule: Schedule, enrolment: Enrolment, given: Given, by: Visitor, *, upon: int
    ) -> Page | str:
        after = with_enrolments(schedule, enrolment)
        ending = given.raw("form") == "end"
        since = given.day("until", "the last day") if ending else given.day("since", "the first day")
        told, short = consequence(self._office, schedule, after, enrolment.person, since)
        full = self._full(schedule, after, enrolment)
        cohort = schedule.cohorts[enrolment.cohort]
        if full and cohort.strict:
            raise Refusal(
                "cohort_full",
                Sentence(
                    "{group} is full. {where} Choose other days, or another group.", group=cohort.title, where=full[0]
                ),
            )
        if given.raw("do") != "keep":
            return {"told": told, "full": full, "short": short}
        book = self._office.book
        await book.put([book.shelves.enrolments.draft(enrolment, upon=upon)], by=by.person)
        return f"/schedule/people/{enrolment.person}"

    def _full(self, before: Schedule, after: Schedule, enrolment: Enrolment) -> list[str]:
        """The parts that would be fuller than they may, on days that this enrolment adds to."""
        words = self._office.words
        cohort = after.cohorts[enrolment.cohort]
        today = max(self._office.day_in(cohort.zone), enrolment.since)
        found: dict[str, None] = {}
        for series in after.series.values():
            plan = self._office.plan(after, series.plan_id)
            if series.cohort != cohort.id or plan is None:
                continue
            for each in after.occurrences(series, today, today + timedelta(days=HORIZON_DAYS)):
                people = len(after.participants(series, each.on))
                if each.held and people > len(before.participants(series, each.on)):
                    rules = self._office.rules(after, series, each.on)
                    over = too_full(cohort, rules, plan.segments, people)
                    found |= dict.fromkeys(_full_words(words, over, each.on))
                    if people + len(after.leads(series, each.day)) > self._office.seats_max:
                        told = words(
                            "On {day} a room has {most} seats, staff included.",
                            day=words.weekday(each.on),
                            most=self._office.seats_max,
                        )
                        found[told] = None
        return list(found)

    # ------------------------------------------------------------------ discharge

    async def _discharge(self, schedule: Schedule, person: PersonId, given: Given, by: Visitor) -> Page | str:
        alumni = {id for id, cohort in schedule.cohorts.items() if cohort.alumni and not cohort.closed}
        chosen = given.one_of("alumni", "the alumni group", {"", *alumni})
        day = given.day("day", "the last day")
        discharge = Discharge(
            person=person,
            day=day,
            ending=Ending(given.one_of("ending", "how it ended", set(Ending))),
            aftercare=given.raw("aftercare"),
            own_words=given.raw("own_words"),
            alumni=CohortId(chosen) if chosen else None,
        )
        check_discharge(discharge)
        ending = schedule.enrolments_of(person)
        over = [(each, ended(each, day)) for each in ending if not schedule.cohorts[each.cohort].alumni]
        changed = [(old, new) for old, new in over if new != old]
        joined = self._alumni(schedule, person, discharge, given)
        after = with_enrolments(schedule, *(new for _, new in changed), *joined)
        words = self._office.words
        told = consequence(self._office, schedule, after, person, day)[0][:1]  # of whoever leaves, no hours are asked
        groups = [schedule.cohorts[old.cohort].title for old, _ in changed]
        if groups:
            last = words.calendar(day)
            told.insert(
                0, words("{groups}: the last day is {day} at the latest.", groups=words.listed(groups), day=last)
            )
        if given.raw("do") != "keep":
            return {"told": told, "full": [], "short": False}
        shelves = self._office.book.shelves
        drafts: list[Draft] = [
            shelves.discharges.draft(discharge, upon=schedule.revisions.get(("discharge", person), 0)),
            *(
                shelves.enrolments.draft(new, upon=schedule.revisions.get(("enrolment", new.id), 0))
                for _, new in changed
            ),
            *(shelves.enrolments.draft(new, upon=schedule.revisions.get(("enrolment", new.id), 0)) for new in joined),
        ]
        await self._office.book.put(drafts, by=by.person)
        return f"/schedule/people/{person}"

    def _alumni(self, schedule: Schedule, person: PersonId, discharge: Discharge, given: Given) -> Sequence[Enrolment]:
        """The enrolment in the alumni group, from the day after the last one; none if there is one already."""
        if discharge.alumni is None or any(
            each.cohort == discharge.alumni and each.until is None for each in schedule.enrolments_of(person)
        ):
            return ()
        id = given.raw("id")
        if not id.startswith("e-") or not id[2:].isalnum() or len(id) != 14:
            raise Refusal("bad_choice", "This form is not whole. Please open it again.")
        step = Step(since=discharge.day + timedelta(days=1), days=EVERY_DAY)
        return (Enrolment(id=EnrolmentId(id), person=person, cohort=discharge.alumni, steps=(step,)),)

    async def _take_back(self, schedule: Schedule, person: PersonId, by: Visitor) -> str:
        """As if nobody had been discharged: the enrolments that this ended are as they were before it."""
        shelves = self._office.book.shelves
        discharge = schedule.discharges.get(person)
        if discharge is None or discharge.taken_back:
            raise Refusal("nothing_to_undo", "There is no discharge to take back.")
        [*_, held] = await shelves.discharges.history(person)
        upon = schedule.revisions["discharge", person]
        drafts = [shelves.discharges.draft(replace(discharge, taken_back=True), upon=upon)]
        for enrolment in schedule.enrolments_of(person):
            *before, last = await shelves.enrolments.history(enrolment.id)
            if last.at == held.at:  # put in one step with the discharge, and not touched since
                old = before[-1].value if before else ended(enrolment, enrolment.since - timedelta(days=1))
                drafts.append(shelves.enrolments.draft(old, upon=last.revision))
        await self._office.book.put(drafts, by=by.person)
        return f"/schedule/people/{person}"


def _days(given: Given) -> tuple[int, ...]:
    days = given.numbers("days", "the days of the week", EVERY_DAY)
    if not days:
        raise Refusal("bad_enrolment", "Choose at least one day of the week, each once.")
    return days


def _full_words(words: Words, over: Sequence[Full], day: date) -> list[str]:
    return [
        words(
            "On {day}, {part} would have {people} people, and has room for {most}.",
            day=words.weekday(day),
            part=words.of(each.segment.title),
            people=each.people,
            most=each.most,
        )
        for each in over
    ]


def _discharge_row(words: Words, schedule: Schedule, discharge: Discharge) -> dict[str, Any]:
    alumni = schedule.cohorts.get(discharge.alumni) if discharge.alumni else None
    return {
        "day": words.calendar(discharge.day),
        "ending": words(ENDING_WORDS[discharge.ending]),
        "aftercare": discharge.aftercare,
        "own_words": discharge.own_words,
        "alumni": alumni.title if alumni else "",
    }
