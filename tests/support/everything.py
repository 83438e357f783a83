"""A clinic in which every page has something to show: for whoever looks at all of them.

Beside what the demo clinic has, there are people of every role, a school week, offers, a plan for everybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

from facilitation import curricula
from facilitation.contacts import Contact, Nearest
from facilitation.facts import zone_of
from facilitation.goals import Goal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import CohortId, CurriculumId, ExerciseId, GoalId, PersonId, SessionId, SkillId
from facilitation.makeups import Invited, MakeUp
from facilitation.ownexercises import Kind, OwnExercise
from facilitation.people import Role
from facilitation.skills import Programme
from facilitation.teaching import OwnSkill, draft_of
from facilitation.timebase import HOUR_MS, Instant
from facilitation.waiting import Wait, Waiting
from facilitation.weeks import day_of
from server import demo_week
from server.app import schedule_of
from server.glass import GlassCase
from server.library import load_library
from server.people.contacts import contacts
from server.school.form import school_of
from server.school.placing import Placing
from server.school.shelves import Shelves
from server.store.clinic import ScheduledSession
from server.store.register import Draft
from server.teaching.library import ClinicLibrary
from server.web.auth import Visitor
from tests.support.clinic import ADA, ASH, GRAY, ROBIN, SAM, Clinic
from tests.support.ownexercises import COMPLETE
from tests.support.school import TYPED

BAY, SUE = PersonId("p-bay"), PersonId("p-sue")
LATER = CohortId("c-later")
OWN_SKILL = SkillId("our-own")
OWN_CURRICULUM = CurriculumId("own-evenings")
OWN_EXERCISE = ExerciseId("own-tea")


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """What addresses of pages need. `teens`: the session that could start now; `coming`: a planned one of Ash's."""

    evening: ScheduledSession
    teens: ScheduledSession
    coming: SessionId
    invitation: str
    reminder: str


async def beside(work: Callable[..., Any], given: object, told: Callable[[Any], Awaitable[None]]) -> Any:
    """Runs a search in a thread of this process."""
    return await asyncio.to_thread(work, given)


async def fill(place: Clinic) -> Everything:
    """Put it all in. Doing it again is not meant."""
    now, store = place.clock.now(), place.store
    schedule = schedule_of(store, catalog=place.catalog, clock=place.clock)
    day = day_of(now, zone_of(demo_week.ZONE))
    teens = await schedule.shelves.cohorts.get(demo_week.TEENS)
    series = await schedule.shelves.series.get("w-teens")
    assert teens is not None and series is not None
    later = replace(teens.value, id=LATER, title="The later group, with a name that is longer than a phone is wide")
    meets = replace(series.value, id="w-later", cohort=LATER, title="Later group", starts=time(18, 30))
    await schedule.put(
        [schedule.shelves.cohorts.draft(later, upon=0), schedule.shelves.series.draft(meets, upon=0)], by=ADA
    )
    near = await store.clinic.list_sessions(since=now)
    coming = next(each for each in near if each.cohort == demo_week.TEENS and each.starts_at > now + 2 * HOUR_MS)
    other = next(each for each in near if each.cohort == LATER and each.starts_at > now + 2 * HOUR_MS)

    shelves = Shelves(store.register)
    band = {"activity_0_name": "Band", "activity_0_weekday": "monday"}
    band |= {"activity_0_start": "15:30", "activity_0_end": "17:00"}
    missed = SessionId("s-missed")
    drafts: list[Draft] = [
        shelves.schools.draft(school_of(TYPED | band, ASH), upon=1),
        shelves.schools.draft(school_of(TYPED, BAY), upon=1),
        shelves.waiting.draft(
            Waiting(
                person=ASH,
                cohort=LATER,
                since=now,
                standing=Wait.OFFERED,
                answer_by=Instant(now + 40 * HOUR_MS),
            ),
            upon=0,
        ),
        shelves.waiting.draft(Waiting(person=BAY, cohort=LATER, since=now, standing=Wait.LAPSED), upon=0),
        shelves.invited.draft(
            Invited(missed=coming.session, person=ASH, at=now, answer_by=Instant(now + 30 * HOUR_MS)), upon=0
        ),
        schedule.shelves.make_ups.draft(
            MakeUp(person=BAY, session=other.session, missed=missed, asked_by=BAY, asked_at=now), upon=0
        ),
    ]
    for guardian in (GRAY, PersonId("p-gale")):
        held = await shelves.guardianships.get(f"{guardian} {ASH}")
        care = Guardianship(guardian=guardian, teen=ASH, since=Instant(0), may=frozenset(Care))
        drafts.append(shelves.guardianships.draft(care, upon=held.revision if held else 0))
    await schedule.put(drafts, by=ADA)
    await contacts(store.register).put(
        Contact(
            person=ROBIN,
            email="robin@example.org",
            phone="555-0100",
            nearest=(Nearest(name="Pat Example", relation="mother", phone="555-0101"),),
        ),
        upon=0,
        by=ADA,
        at=now,
    )
    goal = Goal(goal=GoalId("g-shared"), person=ASH, text="Sleep seven hours on five nights", since=day, shared=True)
    await store.notebook.put_goal(goal)

    library = load_library()
    wise = library.skills[SkillId("wise-mind")]
    own = OwnSkill(id=OWN_SKILL, module=library.module_of(wise.id).id, draft=draft_of(wise))
    shelves_of_own = ClinicLibrary(library, store.register)
    await shelves_of_own.skills.put(own, upon=0, by=ADA, at=now)
    draft = replace(COMPLETE[Kind.PROMPTS], fields=COMPLETE[Kind.PROMPTS].fields | {"about": "Too short."})
    await shelves_of_own.exercises.put(OwnExercise(id=OWN_EXERCISE, draft=draft), upon=0, by=ADA, at=now)
    strung = curricula.draft_of(library.curricula[0])
    gap = replace(strung.weeks[0], lessons=(curricula.LessonDraft(skill="own-gone"), *strung.weeks[0].lessons[1:]))
    evenings = curricula.OwnCurriculum(
        id=OWN_CURRICULUM, programme=Programme.ADULT, draft=replace(strung, weeks=(gap, *strung.weeks[1:]))
    )
    for revision in range(2):
        await shelves_of_own.curricula.put(evenings, upon=revision, by=ADA, at=Instant(now + revision))

    away = Visitor(person=ADA, role=Role.ADMINISTRATOR, name="Ada Administrator", zone=demo_week.ZONE)
    placing = Placing(store, schedule=schedule, catalog=place.catalog, clock=place.clock, seats_max=16, apart=beside)
    await placing.start(day + timedelta(days=7 - day.weekday()), 2, True, by=away)
    await placing.finished()
    await GlassCase(store, clock=place.clock).break_it(
        SUE, Role.SUPERVISOR, place.sessions[3].session, "A fall at home"
    )
    return Everything(
        evening=place.evening,
        teens=place.sessions[2],
        coming=coming.session,
        invitation=await place.invite(SAM, "sam@example.org"),
        reminder=place.reminder(ROBIN, place.evening),
    )
