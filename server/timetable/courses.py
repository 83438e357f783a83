"""Which curriculum a programme or a group follows: the list, and the form that gives one from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from facilitation.courses import Course, Step, followed, of_cohort, of_programme, stepping, taking_back
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import CohortId
from facilitation.policy import Action
from facilitation.schedule import SeriesKind
from facilitation.sentences import Sentence
from facilitation.skills import LESSONS_MAX, WEEKS_MAX, Library, Taught
from facilitation.weeks import day_of
from server.schedule.snapshot import Schedule
from server.store.clinic import ScheduledSession
from server.teaching.courses import Courses, lesson_of
from server.timetable.given import Given
from server.timetable.given import day_of as day_typed
from server.timetable.office import Office, Page
from server.web.auth import Visitor

NEXT_MAX: Final = 6
AS_PROGRAMME: Final = "="
"""In the form: as the programme says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """A programme, or a cohort of one. `shipped`: the curriculum that the programme came with."""

    of: str
    title: str
    zone: str
    programme: str
    shipped: str
    cohort: CohortId | None = None


class GroupCourses:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._courses = Courses(office.store.register)

    # ------------------------------------------------------------------ everybody's

    async def everything(self, *, reader: Visitor) -> Page:
        schedule, library = await self._office.book.load(), await self._library()
        courses = {held.id: held.value for held in (await self._courses.shelf.all()).values()}
        sessions = await self._office.store.clinic.list_sessions()
        programmes = []
        for id in self._office.programmes(schedule):
            whose = self._programme(schedule, id, reader)
            groups = [
                self._group_row(schedule, each.id, sessions, courses, library, reader)
                for each in sorted(schedule.cohorts.values(), key=lambda each: each.title.casefold())
                if each.programme == id and not each.closed and not each.alumni
            ]
            step = followed(None, courses.get(whose.of), whose.shipped, self._office.day_in(whose.zone))
            programmes.append(
                {
                    "title": whose.title,
                    "follows": self._name(step, library),
                    "url": f"/schedule/programmes/{id}/curriculum{reader.choice}",
                    "groups": groups,
                }
            )
        return {"programmes": programmes, "may_plan": reader.may(Action.PLAN_SCHEDULE)}

    def _group_row(
        self,
        schedule: Schedule,
        cohort: CohortId,
        sessions: Sequence[ScheduledSession],
        courses: dict[str, Course],
        library: Library,
        reader: Visitor,
    ) -> dict[str, Any]:
        whose = self._cohort(schedule, cohort)
        own, common = courses.get(whose.of), courses.get(of_programme(whose.programme))
        today = self._office.day_in(whose.zone)
        lessons = self._next(whose, sessions, own, common, library)
        stands = own.on(today) if own else None
        return {
            "title": whose.title,
            "follows": self._name(followed(own, common, whose.shipped, today), library),
            "own": stands is not None and not stands.as_programme,
            "next": lessons[0] if lessons else None,
            "url": f"/schedule/cohorts/{cohort}/curriculum{reader.choice}",
        }

    # ------------------------------------------------------------------ one

    async def page(
        self, cohort: CohortId | None, programme: str | None, given: Given | None, *, reader: Visitor
    ) -> Page | None:
        words = self._office.words
        schedule, library = await self._office.book.load(), await self._library()
        whose = self._whose(schedule, cohort, programme, reader)
        if whose is None:
            return None
        held = await self._courses.shelf.get(whose.of)
        course = held.value if held else Course(of=whose.of)
        common = await self._courses.shelf.get(of_programme(whose.programme))
        sessions = await self._office.store.clinic.list_sessions()
        today = self._office.day_in(whose.zone)
        own, shared = (course, common.value if common else None) if whose.cohort else (None, course)
        return {
            "title": whose.title,
            "is_programme": whose.cohort is None,
            "follows": self._name(followed(own, shared, whose.shipped, today), library),
            "next": self._next(whose, sessions, own, shared, library) if whose.cohort else [],
            "given": given or Given({"since": [today.isoformat()], "week": ["1"], "session": ["1"]}),
            "revision": (given.raw("revision") if given else "") or (held.revision if held else 0),
            "curricula": [
                *([(AS_PROGRAMME, words("As the program says"))] if whose.cohort else []),
                ("", words("None")),
                *((each.id, each.title) for each in library.curricula),
            ],
            "weeks_max": WEEKS_MAX,
            "lessons_max": LESSONS_MAX,
            "steps": [
                {
                    "since": words.calendar(step.since),
                    "day": step.since.isoformat(),
                    "follows": self._name(step, library),
                    "ahead": step.since > today,
                }
                for step in reversed(course.steps)
            ],
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
            "back": f"/schedule/curricula{reader.choice}",
        }

    async def keep(
        self, cohort: CohortId | None, programme: str | None, given: Given, *, by: Visitor
    ) -> dict[str, Any] | str:
        """The address; or, where it is only looked at, what the next meetings would have. Raises Refusal, Stale."""
        schedule, library = await self._office.book.load(), await self._library()
        whose = self._whose(schedule, cohort, programme, by)
        if whose is None:
            raise Refusal("bad_choice", "There is no such group or program any more.")
        held = await self._courses.shelf.get(whose.of)
        course = held.value if held else Course(of=whose.of)
        do, _, day = given.raw("do").partition(" ")
        if do == "undo":
            since = day_typed(day, "the change")
            if since is None:
                raise Refusal("bad_choice", "There is no such change any more.")
            course = taking_back(course, since, self._office.day_in(whose.zone))
        else:
            course = stepping(course, self._step(given, library, whose))
        if do == "look":
            return await self._looked_at(whose, course, library)
        await self._courses.shelf.put(course, upon=given.upon, by=by.person, at=self._office.clock.now())
        return f"/schedule/{'cohorts' if whose.cohort else 'programmes'}/{cohort or programme}/curriculum"

    def _step(self, given: Given, library: Library, whose: Whose) -> Step:
        since = given.day("since", "the first day")
        chosen = given.raw("curriculum")
        if chosen == AS_PROGRAMME and whose.cohort:
            return Step(since=since, as_programme=True)
        if not chosen:
            return Step(since=since)
        curriculum = library.curriculum(chosen)
        if curriculum is None:
            raise Refusal("bad_choice", "Please choose a curriculum from what is offered.")
        week = given.number("week", "the week it begins with", 1, WEEKS_MAX)
        session = given.number("session", "the session it begins with", 1, LESSONS_MAX)
        for number, place in enumerate(curriculum.places):
            if (place.week, place.session) == (week, session):
                return Step(since=since, curriculum=curriculum.id, begins=number)
        raise Refusal(
            "bad_choice",
            Sentence(
                "“{title}” has no session {session} in a week {week}.",
                title=Sentence(curriculum.title),
                week=week,
                session=session,
            ),
        )

    async def _looked_at(self, whose: Whose, course: Course, library: Library) -> dict[str, Any]:
        common = await self._courses.shelf.get(of_programme(whose.programme))
        sessions = await self._office.store.clinic.list_sessions()
        shared = common.value if common else None
        found = self._next(whose, sessions, course, shared, library) if whose.cohort else []
        return {"next": found}

    # ------------------------------------------------------------------ inside

    async def _library(self) -> Library:
        return (await self._office.library.load()).spoken(self._office.words.language)

    def _whose(
        self, schedule: Schedule, cohort: CohortId | None, programme: str | None, reader: Visitor
    ) -> Whose | None:
        if cohort is not None:
            return self._cohort(schedule, cohort) if cohort in schedule.cohorts else None
        known = programme is not None and programme in self._office.programmes(schedule)
        return self._programme(schedule, programme or "", reader) if known else None

    def _cohort(self, schedule: Schedule, id: CohortId) -> Whose:
        cohort = schedule.cohorts[id]
        programme = self._office.programme(schedule, cohort.programme)
        return Whose(
            of=of_cohort(id),
            title=cohort.title,
            zone=cohort.zone,
            programme=cohort.programme,
            shipped=programme.curriculum,
            cohort=id,
        )

    def _programme(self, schedule: Schedule, id: str, reader: Visitor) -> Whose:
        programme = self._office.programme(schedule, id)
        return Whose(
            of=of_programme(id),
            title=self._office.words.of(programme.title),
            zone=reader.zone or "UTC",
            programme=id,
            shipped=programme.curriculum,
        )

    def _name(self, step: Step, library: Library) -> str:
        words = self._office.words
        if step.as_programme:
            return words("As the program says")
        if not step.curriculum:
            return words("None")
        found = library.curriculum(step.curriculum)
        return found.title if found else words("A curriculum that was withdrawn")

    def _next(
        self,
        whose: Whose,
        sessions: Sequence[ScheduledSession],
        own: Course | None,
        common: Course | None,
        library: Library,
    ) -> list[dict[str, Any]]:
        """The lessons of a cohort's next meetings."""
        words, now = self._office.words, self._office.clock.now()
        mine = [each for each in sessions if each.cohort == whose.cohort and each.kind is SeriesKind.GROUP]
        mine.sort(key=lambda each: each.starts_at)
        days = [day_of(each.starts_at, zone_of(each.zone)) for each in mine]
        found: list[dict[str, Any]] = []
        for number, (each, day) in enumerate(zip(mine, days, strict=True)):
            if each.starts_at > now and len(found) < NEXT_MAX:
                step = followed(own, common, whose.shipped, day)
                place = lesson_of(step, sum(before >= step.since for before in days[:number]), library)
                found.append({"when": words.moment(each.starts_at, whose.zone), **self._place(place, library)})
        return found

    def _place(self, place: Taught | None, library: Library) -> dict[str, Any]:
        words = self._office.words
        if place is None:
            return {"place": "", "title": words("No lesson"), "gone": False}
        skill = library.skills.get(place.lesson.skill)
        return {
            "place": words("week {week}, session {session}", week=place.week, session=place.session),
            "title": skill.title if skill else words("A skill that was withdrawn"),
            "gone": skill is None,
        }
