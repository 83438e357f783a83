"""A session begins by the version of its rule set that is in force on its day, with its group's next lesson."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.exercises import check_repertoire
from facilitation.ids import CohortId, SessionId, SkillId
from facilitation.schedule import SeriesKind
from facilitation.timebase import HOUR_MS, Instant
from server.books.agreements import Agreements
from server.books.apart import ApartList
from server.catalog import load_catalog
from server.clock import FakeClock
from server.config import Settings
from server.library import load_library
from server.opening import briefing, opening
from server.store import memory
from server.store.clinic import ScheduledSession
from tests.support.evening import FAY, Evening

DAY_MS = 24 * HOUR_MS
NEW_YEAR = 1_798_779_600_000
"""Midnight in New York between 2026 and 2027."""


@pytest.mark.parametrize(("starts_at", "version"), [(NEW_YEAR - 1_000, "2026-01"), (NEW_YEAR, "2027-01")])
async def test_the_day_is_that_of_the_clinic_and_not_of_london(tmp_path: Path, starts_at: int, version: str) -> None:
    catalog = load_catalog()
    rules = catalog.rules["exact-floor"]
    old = replace(rules, effective_until=date(2026, 12, 31))
    new = replace(rules, version="2027-01", effective_from=date(2027, 1, 1))
    catalog = replace(catalog, versions={"exact-floor": (old, new)})
    store = memory.connect()
    scheduled = replace(Evening(session="s-1", starts_at=0, people=1).scheduled, starts_at=Instant(starts_at))
    await store.clinic.put_session(scheduled)
    opened = await opening(Settings(data_dir=tmp_path), store=store, catalog=catalog)(scheduled.session)
    assert opened is not None and opened.rules.version == version


def meeting(number: int, **more: Any) -> ScheduledSession:
    scheduled = Evening(session=f"s-{number}", starts_at=0, people=1, programme="adult-iop").scheduled
    return replace(scheduled, starts_at=Instant(NEW_YEAR + number * DAY_MS), **more)


async def test_the_skills_block_begins_with_the_lesson_that_is_the_groups_next(tmp_path: Path) -> None:
    library, store = load_library(), memory.connect()
    lessons = next(each for each in library.curricula if each.id == "adult").lessons
    cohort = CohortId("k-1")
    for number in range(4):
        await store.clinic.put_session(meeting(number, cohort=cohort, cancelled="Snow." if number == 1 else ""))
        await store.clinic.put_session(
            replace(meeting(number, cohort=CohortId("k-2")), session=SessionId(f"o-{number}"))
        )
    one_to_one = replace(meeting(2, cohort=cohort, kind=SeriesKind.INDIVIDUAL), session=SessionId("s-alone"))
    await store.clinic.put_session(one_to_one)
    await store.clinic.put_session(meeting(40, title="Another group"))
    opens = opening(Settings(data_dir=tmp_path), store=store, catalog=load_catalog(), library=library)

    async def today(session: str) -> SkillId | None:
        opened = await opens(SessionId(session))
        assert opened is not None
        check_repertoire(opened.repertoire)
        return None if opened.repertoire.today is None else opened.repertoire.today.skill

    assert await today("s-0") == lessons[0].skill
    assert await today("s-3") == lessons[2].skill, "what was cancelled was not taught"
    assert await today("s-alone") is None
    assert await today("s-40") == lessons[0].skill


def test_every_programme_follows_a_curriculum_that_there_is_and_begins_anew_after_it() -> None:
    library = load_library()
    for programme in load_catalog().programmes.values():
        lessons = next(each for each in library.curricula if each.id == programme.curriculum).lessons
        again = library.lesson(programme.curriculum, len(lessons))
        assert again is not None and again.lesson == lessons[0]
    assert library.lesson("none", 3) is None


async def test_a_check_in_begins_with_what_was_taught_last_time(tmp_path: Path) -> None:
    store = memory.connect()
    before = Evening(session="s-1", starts_at=NEW_YEAR, people=1)
    before.at(-1).come(FAY)
    before.at(0).do(c.StartSession(), FAY)
    before.do(c.ChooseSkill(skill=SkillId("check-the-facts")), FAY)
    await store.clinic.put_session(before.scheduled)
    await store.clinic.put_session(
        replace(before.scheduled, session=SessionId("s-2"), starts_at=Instant(NEW_YEAR + DAY_MS))
    )
    epoch = await store.leases.acquire(SessionId("s-1"), node="n")
    await store.log.append(SessionId("s-1"), before.records, epoch=epoch)
    opened = await opening(Settings(data_dir=tmp_path), store=store, catalog=load_catalog())(SessionId("s-2"))
    assert opened is not None and opened.repertoire.last_time == ("Check the facts",)


async def test_who_was_with_whom_comes_along_also_over_a_meeting_that_was_never_held(tmp_path: Path) -> None:
    store = memory.connect()
    before = Evening(session="s-1", starts_at=NEW_YEAR, people=2)
    one, other = (each.person for each in before.scheduled.roster if each.treated)
    before.at(-1).come(FAY)
    for person in (one, other):
        before.come(person)
    before.at(0).do(c.StartSession(), FAY)
    before.do(c.DrawBreakouts(size=2), FAY)
    before.do(c.OpenBreakouts(), FAY)
    for number in (1, 2, 3):
        day = replace(before.scheduled, session=SessionId(f"s-{number}"), starts_at=Instant(NEW_YEAR + number * DAY_MS))
        await store.clinic.put_session(day)
    epoch = await store.leases.acquire(SessionId("s-1"), node="n")
    await store.log.append(SessionId("s-1"), before.records, epoch=epoch)
    apart = ApartList(store.register)
    await apart.keep(before.scheduled, (other, one), True, by=FAY, now=Instant(NEW_YEAR))
    opened = await opening(Settings(data_dir=tmp_path), store=store, catalog=load_catalog())(SessionId("s-3"))
    assert opened is not None
    assert opened.together == ((tuple(sorted((one, other))),),)
    assert opened.apart == (tuple(sorted((one, other))),)


async def test_a_room_that_opens_again_is_told_who_is_kept_apart_now(tmp_path: Path) -> None:
    store = memory.connect()
    scheduled = Evening(session="s-1", starts_at=NEW_YEAR, people=3).scheduled
    await store.clinic.put_session(scheduled)
    one, other, third = (each.person for each in scheduled.roster if each.treated)
    apart = ApartList(store.register)
    agreements = Agreements(store, clock=FakeClock(Instant(1)))
    brief = briefing(store, catalog=load_catalog(), agreements=agreements)
    await apart.keep(scheduled, (one, other), True, by=FAY, now=Instant(1))
    await apart.keep(scheduled, (one, third), True, by=FAY, now=Instant(2))
    await apart.keep(scheduled, (other, one), False, by=FAY, now=Instant(3))
    assert c.ListApart(pairs=(tuple(sorted((one, third))),)) in await brief(scheduled.session)
    with pytest.raises(Refusal, match="unknown_person"):
        await apart.keep(scheduled, (one, FAY), True, by=FAY, now=Instant(4))
    with pytest.raises(Refusal, match="bad_plan"):
        await apart.keep(scheduled, (one, one), True, by=FAY, now=Instant(5))
