"""One's own progress: what somebody did and said, and nobody else's; nothing of it is a score."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Any

from facilitation import commands as c
from facilitation.diary import Day
from facilitation.enrolment import Discharge, Ending
from facilitation.goals import Goal
from facilitation.ids import GoalId, PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.books.milestones import MilestoneBook
from server.books.own_progress import OwnProgress
from server.books.practice import PracticeBook
from server.books.statements import ClinicBooks
from server.catalog import load_catalog
from server.diary.book import DiaryBook
from server.progress import ProgressBook
from server.projections.meters import Meters
from server.schedule.shelves import Shelves
from server.web.auth import Visitor
from server.web.catalogues import ENGLISH
from server.web.words import words_in
from tests.support.diary import diary_of, practice_of
from tests.support.evening import FAY
from tests.support.homes import DAY_MS, ROBIN, SAM, TUESDAY_6_PM, House, at_the_end, wrap_up

WORDS = words_in(ENGLISH)
TUESDAY = date(2026, 11, 24)
SESSION = SessionId("s-1")


async def house(*, empty: bool = False) -> House:
    held = at_the_end("s-1")
    if not empty:
        wrap_up(held, ROBIN, plan="Call my sister", takeaway="Urges pass.")
        wrap_up(held, SAM, plan="x", takeaway="Words of Sam")
    held.at(200).do(c.EndSession(), FAY)
    if not empty:
        held.write(ROBIN, "Took part.")
        held.sign(ROBIN)
    return await House(held, now=TUESDAY_6_PM + DAY_MS // 2).fill()


def parts_of(there: House) -> tuple[OwnProgress, PracticeBook, DiaryBook]:
    catalog, progress = load_catalog(), ProgressBook(there.store.log)
    meters = Meters(there.store, catalog=catalog, clock=there.clock)
    practice, diary = practice_of(there.store, clock=there.clock), diary_of(there.store, clock=there.clock)
    own = OwnProgress(
        there.store,
        books=ClinicBooks(there.store, catalog=catalog, clock=there.clock, meters=meters),
        practice=partial(practice.own, diary=diary),
        progress=progress,
        discharges=Shelves(there.store.register).discharges,
        clock=there.clock,
        clinic="Example Clinic (made up)",
    )
    return own, practice, diary


def me(person: PersonId = ROBIN) -> Visitor:
    return Visitor(person=person, role=Role.PARTICIPANT, name="Robin")


async def page(there: House, person: PersonId = ROBIN) -> dict[str, Any]:
    told = await parts_of(there)[0].page(me(person), WORDS)
    assert told is not None
    return told


async def test_it_tells_ones_own_hours_and_words_and_nobody_elses() -> None:
    told = await page(await house())
    assert told["hours"]["sessions"] == 1 and told["hours"]["weeks"][-1]["share"] == 1.0
    assert [each["text"] for each in told["said"]] == ["Urges pass."]
    assert "Sam" not in str(told) and "sister" not in str(told), "a plan for one evening is no souvenir"
    assert not told["begins"]


async def test_before_anything_has_happened_it_says_how_it_begins() -> None:
    told = await page(await house(empty=True))
    assert told["begins"] and told["said"] == [] and told["leaving"] is None


async def test_goals_stand_there_once_they_are_agreed_on() -> None:
    there = await house()
    since = TUESDAY - timedelta(days=9)
    for goal in (
        Goal(goal=GoalId("g-1"), person=ROBIN, text="Sleep seven hours", since=since, shared=True),
        Goal(goal=GoalId("g-2"), person=ROBIN, text="Tell what happened in May", since=since),
        Goal(goal=GoalId("g-3"), person=ROBIN, text="Call a friend", since=since, agreed=True),
    ):
        await there.store.notebook.put_goal(goal)
    shown = [(goal["text"], goal["open"]) for goal in (await page(there))["goals"]]
    assert shown == [("Sleep seven hours", True), ("Call a friend", True)], "also without any guardian"


async def test_the_plan_for_afterwards_is_theirs_from_the_day_they_leave() -> None:
    there = await house()
    shelf = Shelves(there.store.register).discharges
    leaving = Discharge(
        person=ROBIN,
        day=TUESDAY,
        ending=next(iter(Ending)),
        aftercare="Group on Mondays.",
        own_words="One day at a time.",
    )
    await shelf.put(leaving, upon=0, by="", at=Instant(1))
    told = (await page(there))["leaving"]
    assert (told["aftercare"], told["own_words"]) == ("Group on Mondays.", "One day at a time.")
    assert (await page(there, SAM))["leaving"] is None


async def test_what_they_marked_themselves_stands_there_too() -> None:
    there = await house(empty=True)
    await MilestoneBook(there.store.register, clock=there.clock).mark(ROBIN, "Thirty days", "2026-11-20")
    told = await page(there)
    assert [each["text"] for each in told["milestones"]] == ["Thirty days"] and not told["begins"]
    assert (await page(there, SAM))["milestones"] == []


async def test_it_can_be_kept_as_a_file_and_the_accounting_knows() -> None:
    there = await house()
    handout = await parts_of(there)[0].paper(me(), WORDS)
    assert handout is not None and b"".join(handout.chunks).startswith(b"%PDF")
    (disclosed,) = await there.store.disclosures.about(ROBIN)
    assert (disclosed.what, disclosed.by) == ("progress", ROBIN)


async def test_staff_see_of_skills_what_was_shown_and_oneself_all() -> None:
    there = await house()
    _, practice, diary = parts_of(there)
    today = (await diary.page(ROBIN, WORDS, day="", given=None))["day"]
    await diary.keep(ROBIN, {"day": today, "revision": "0", "skill_wise-mind": "on"})
    (skill,) = (await page(there))["practice"]["skills"]
    assert (skill["title"], skill["days"], skill["from"]) == ("Wise mind", "1 day", "your page")
    assert (await practice.for_staff(ROBIN, WORDS, diary=diary))["skills"] == []
    showing = await diary._showing(SESSION, ROBIN)
    await there.store.diaries.show(showing)
    (seen,) = (await practice.for_staff(ROBIN, WORDS, diary=diary))["skills"]
    assert seen["title"] == "Wise mind"


async def test_check_ins_and_exercises_count_for_the_day_of_their_meeting() -> None:
    class Nothing:
        async def days_of(self, me: PersonId) -> list[Day]:
            return []

        async def days_shown(self, author: PersonId) -> list[Day]:
            return []

    held = at_the_end("s-1")
    form = held.state.checkin.forms[0].id
    answers = {"mood": 5, "anxiety": 3, "urge-use": 0, "urge-harm": 0, "safe-now": True, "skill-used": "the wise mind!"}
    held.do(c.SubmitForm(form=form, answers=answers), ROBIN)
    held.at(200).do(c.EndSession(), FAY)
    there = await House(held, now=TUESDAY_6_PM + DAY_MS // 2).fill()
    told = await practice_of(there.store, clock=there.clock).own(ROBIN, WORDS, diary=Nothing())
    assert [(skill["title"], skill["from"]) for skill in told["skills"]] == [("Wise mind", "check-in")]
    assert (await practice_of(there.store, clock=there.clock).own(SAM, WORDS, diary=Nothing()))["skills"] == []
