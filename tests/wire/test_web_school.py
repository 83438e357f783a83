"""The page around school by HTTP: who may open it, what is kept, and that a mistake loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest_asyncio

from facilitation.guardianship import Care, Guardianship
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.school.shelves import Shelves
from tests.support.clinic import ADA, ASH, FAY, GRAY, SAM, UMA, Clinic, clinic, typed

SCHOOL = {
    "revision": "1",
    "hours_monday_start": "08:00",
    "hours_monday_end": "15:00",
    "margin": "30",
    "zone": "America/New_York",
}
"""Typed upon the week that the demo clinic has of Ash."""


@pytest_asyncio.fixture
async def house(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as house:
        yield house


async def test_a_teen_their_guardian_and_whoever_plans_open_it_and_nobody_else(house: Clinic) -> None:
    care = Guardianship(guardian=GRAY, teen=ASH, since=Instant(house.clock.now() - 1), may=frozenset({Care.SCHEDULE}))
    await Shelves(house.store.register).guardianships.put(care, upon=0, by=ADA, at=house.clock.now())
    for person, status in ((ASH, 200), (GRAY, 200), (ADA, 200), (FAY, 200), (SAM, 403), (UMA, 403)):
        browser, _ = await house.begin(person)
        assert (await browser.get(f"/school/{ASH}")).status == status, person
        if person == GRAY:
            assert (await browser.get(f"/school/{SAM}")).status == 403


async def test_what_is_kept_is_shown_again_and_a_mistake_gives_it_back(house: Clinic) -> None:
    browser, _ = await house.begin(ASH)
    assert (await typed(browser, f"/school/{ASH}", **SCHOOL)).status == 303
    page = await browser.get(f"/school/{ASH}?done=1")
    assert 'value="08:00"' in page.text
    assert "Weeks that fit" in page.text
    wrong = await typed(browser, f"/school/{ASH}", **SCHOOL | {"activity_0_name": "Band <b>", "revision": "2"})
    assert wrong.status == 422
    assert "Band &lt;b&gt;" in wrong.text
    stale = await typed(browser, f"/school/{ASH}", **SCHOOL | {"margin": "20"})
    assert stale.status == 422
    assert 'value="20"' in stale.text


async def test_a_family_that_reads_spanish_is_told_in_spanish_what_fits_and_what_is_wrong(house: Clinic) -> None:
    browser, _ = await house.begin(ASH)
    assert (await typed(browser, f"/school/{ASH}", **SCHOOL)).status == 303
    page = await browser.get(f"/school/{ASH}", {"Accept-Language": "es"})
    assert "Semanas que sirven" in page.text and "Miércoles" in page.text
    fields = urlencode(SCHOOL | {"hours_monday_end": "", "revision": "2"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "es"}
    wrong = await browser.post(f"/school/{ASH}", fields, headers)
    assert "La escuela del lunes tiene solo una de las dos horas." in wrong.text


async def test_a_letter_without_meetings_or_with_rubbish_says_so(house: Clinic) -> None:
    browser, _ = await house.begin(ASH)
    for first, last in (("soon", "later"), ("2020-01-01", "2020-01-02"), ("2026-01-02", "2020-01-01")):
        assert (await typed(browser, f"/school/{ASH}/letter", first=first, last=last)).status == 422
    day = house.sessions[2].starts_at // 86_400_000
    first = date(1970, 1, 1) + timedelta(days=day - 1)
    answer = await typed(browser, f"/school/{ASH}/letter", first=str(first), last=str(first + timedelta(days=3)))
    assert answer.status == 200
    assert answer.body.startswith(b"%PDF-")


async def test_who_cannot_come_tells_it_on_a_page_and_a_mistake_gives_it_back(house: Clinic) -> None:
    browser, _ = await house.begin(ASH)
    session = house.sessions[2].session
    assert (await browser.get("/away")).headers["Location"] == f"/away/{ASH}"
    assert (await browser.get(f"/away/{ASH}")).status == 200
    answer = await typed(browser, f"/away/{ASH}", session=session, words="<b>" + "x" * 400)
    assert answer.status == 422
    assert "&lt;b&gt;xxx" in answer.text
    assert (await typed(browser, f"/away/{ASH}", session="s-nowhere")).status == 422
    assert (await typed(browser, f"/away/{ASH}/make-up", missed=session, session="s-nowhere")).status == 422


async def test_a_reason_chosen_in_spanish_is_kept_as_the_clinic_reads_it(house: Clinic) -> None:
    browser, _ = await house.begin(ASH)
    page = await browser.get(f"/away/{ASH}", {"Accept-Language": "es"})
    assert "Si no puedes venir" in page.text
    assert 'value="Not well"><span>No se siente bien' in page.text


async def test_a_guardian_tells_only_where_that_was_allowed(house: Clinic) -> None:
    guardianships = Shelves(house.store.register).guardianships
    browser, _ = await house.begin(GRAY)
    for upon, (may, status) in enumerate(((Care.SCHEDULE, 403), (Care.ABSENCES, 200))):
        since = Instant(house.clock.now() - 1)
        care = Guardianship(guardian=GRAY, teen=ASH, since=since, may=frozenset({may}))
        await guardianships.put(care, upon=upon, by=ADA, at=house.clock.now())
        assert (await browser.get(f"/away/{ASH}")).status == status
        assert (await browser.get("/make-ups")).status == 403


async def test_make_ups_are_answered_by_those_who_lead_or_plan(house: Clinic) -> None:
    for person, status in ((FAY, 200), (ADA, 200), (ASH, 403), (UMA, 403)):
        browser, _ = await house.begin(person)
        assert (await browser.get("/make-ups")).status == status
        if status == 200:
            for rubbish in ({}, {"answer": "maybe"}, {"answer": "agree", "id": "x" * 900}):
                assert (await typed(browser, "/make-ups", **rubbish)).status == 422
