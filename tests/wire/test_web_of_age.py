"""Somebody comes of age: they sign for themself, guardians see nothing more but with their yes, and both are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest_asyncio

from facilitation.facts import zone_of
from facilitation.goals import Goal
from facilitation.guardianship import Care
from facilitation.ids import GoalId, PersonId
from facilitation.schedule import instant_of
from server import demo
from server.clock import FakeClock
from tests.support.clinic import ADA, ASH, FAY, ROBIN, Clinic, clinic, typed

BIRTHDAY = date(2026, 12, 1)
DAY = timedelta(days=1)
EVE = instant_of(date(2026, 11, 30), time(23, 50), zone_of(demo.ZONE))
GALE = PersonId("p-gale")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(EVE)) as place:
        ash = await place.store.clinic.get_person(ASH)
        assert ash is not None
        await place.store.clinic.put_person(replace(ash, born=date(2008, 12, 1)))
        yield place


async def test_from_that_midnight_on_guardians_see_nothing_more_and_both_are_told_kindly(place: Clinic) -> None:
    gale, _ = await place.begin(GALE)
    ash, _ = await place.begin(ASH)
    before = (await gale.get("/home")).text.count("This week")
    for path in (f"/away/{ASH}", f"/school/{ASH}", f"/waiting/{ASH}", f"/consents/{ASH}"):
        assert (await gale.get(path)).status == 200, path
    assert "of age" not in (await ash.get("/home")).text
    place.clock.advance(minutes=11)
    told = (await gale.get("/home")).text
    assert "Ash Example is of age now, so what they do here is their own" in told
    assert told.count("This week") == before - 1
    for path in (f"/away/{ASH}", f"/school/{ASH}", f"/waiting/{ASH}", f"/consents/{ASH}"):
        assert (await gale.get(path)).status == 403, path
    home = (await ash.get("/home")).text
    assert "You are of age now" in home and "Since December 1, 2026" in home and "Gale Guardian" in home
    page = (await ash.get(f"/consents/{ASH}")).text
    assert "Your signature: not signed yet" in page  # their guardian's alone does not count any more
    assert "A guardian’s signature" not in page


async def test_with_a_yes_they_see_again_and_sign_nothing_and_it_can_be_taken_back(place: Clinic) -> None:
    place.clock.advance(minutes=11)
    gale, _ = await place.begin(GALE)
    ash, _ = await place.begin(ASH)
    assert "They see nothing now." in (await ash.get("/family")).text
    assert (await typed(ash, "/family", guardian=GALE, answer="yes")).status == 303
    assert "This week" in (await gale.get("/home")).text
    assert (await gale.get(f"/away/{ASH}")).status == 200
    page = (await gale.get(f"/consents/{ASH}")).text
    assert 'name="agree"' not in page
    assert "You are of age now" not in (await ash.get("/home")).text
    assert (await typed(ash, "/family", guardian=GALE, answer="no")).status == 303
    assert (await gale.get(f"/away/{ASH}")).status == 403


async def test_a_minor_reads_who_sees_what_and_never_sees_and_whoever_is_of_age_of_nobody(place: Clinic) -> None:
    ash, _ = await place.begin(ASH)
    assert 'href="/family"' in (await ash.get("/home")).text
    page = (await ash.get("/family")).text
    assert "<strong>Gale Guardian</strong> can:" in page
    assert "<li>see when meetings are</li>" in page and "<li>see hours, attendance and shared goals</li>" in page
    assert "They never see" in page and "what you answer in check-ins" in page
    assert "No goal of yours is shared with them" in page
    goal = Goal(goal=GoalId("g-shared"), person=ASH, text="Sleep on five nights", since=BIRTHDAY - DAY, shared=True)
    await place.store.notebook.put_goal(goal)
    await place.store.notebook.put_goal(replace(goal, goal=GoalId("g-own"), text="Say no twice", shared=False))
    page = (await ash.get("/family")).text
    assert "Sleep on five nights" in page and "Say no twice" not in page
    bond = await place.accounts.book.shelves.guardianships.get(f"{GALE} {ASH}")
    assert bond is not None
    await place.accounts.book.shelves.guardianships.put(
        replace(bond.value, may=frozenset({Care.SCHEDULE})), upon=bond.revision, by=ADA, at=place.clock.now()
    )
    page = (await ash.get("/family")).text
    assert "<li>see when meetings are</li>" in page and "hours, attendance" not in page
    robin, _ = await place.begin(ROBIN)
    adult = (await robin.get("/family")).text
    assert "Your parents or guardians" not in adult and "Your facilitators and their supervisor" in adult
    place.clock.advance(minutes=11)
    assert "Your parents or guardians" not in (await ash.get("/family")).text


async def test_nobody_agrees_for_somebody_who_is_a_minor_or_names_who_is_no_guardian(place: Clinic) -> None:
    ash, _ = await place.begin(ASH)
    assert 'name="answer"' not in (await ash.get("/family")).text
    assert (await typed(ash, "/family", guardian=GALE, answer="yes")).status == 422
    place.clock.advance(minutes=11)
    for fields in ({"guardian": FAY, "answer": "yes"}, {"guardian": "\x00" * 80, "answer": "yes"}, {"guardian": GALE}):
        assert (await typed(ash, "/family", **fields)).status == 422
    fay, _ = await place.begin(FAY)
    assert (await fay.get("/family")).status == 403


async def test_who_is_of_age_needs_no_guardian_to_come_in_and_gets_none_invited(place: Clinic) -> None:
    place.clock.advance(minutes=11)
    ada, _ = await place.begin(ADA)
    assert (await ada.get(f"/family/{ASH}/guardian")).status == 404
    rows = (await ada.get("/consents/missing")).text
    assert "Their own signature: not signed yet" in rows


async def test_a_birthday_that_is_not_known_changes_nothing(place: Clinic) -> None:
    ash = await place.store.clinic.get_person(ASH)
    assert ash is not None
    await place.store.clinic.put_person(replace(ash, born=None))
    place.clock.advance(minutes=11)
    gale, _ = await place.begin(GALE)
    assert "This week" in (await gale.get("/home")).text
