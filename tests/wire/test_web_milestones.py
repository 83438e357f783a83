"""One's own milestones by HTTP: in one's own words, for nobody else, and gone when they are taken out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from facilitation.guardianship import Care, Guardianship
from facilitation.milestones import TEXT_MAX
from facilitation.timebase import Instant
from server.clock import FakeClock
from server.school.shelves import Shelves
from tests.support.clinic import ADA, ASH, FAY, GRAY, SAM, Clinic, clinic, typed

WORDS = "I called my <brother>"


@pytest_asyncio.fixture
async def house(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as house:
        yield house


async def test_a_mark_is_its_persons_alone_and_no_guardian_nor_staff_reads_it(house: Clinic) -> None:
    may = frozenset(Care)
    care = Guardianship(guardian=GRAY, teen=ASH, since=Instant(house.clock.now() - 1), may=may)
    await Shelves(house.store.register).guardianships.put(care, upon=0, by=ADA, at=house.clock.now())
    ash, _ = await house.begin(ASH)
    assert (await typed(ash, "/milestones", text=f"  {WORDS} ", on="2026-11-30")).status == 303
    assert "I called my &lt;brother&gt;" in (await ash.get("/milestones?done=marked")).text
    assert "I called my &lt;brother&gt;" in (await ash.get("/home")).text
    assert (await ash.get("/milestones/own")).json == {"texts": [WORDS]}
    for person, status in ((SAM, 200), (GRAY, 403), (FAY, 403), (ADA, 403)):
        other, _ = await house.begin(person)
        for path in ("/milestones", "/milestones/own"):
            answer = await other.get(path)
            assert answer.status == status and "brother" not in answer.text, (person, path)
        assert "brother" not in (await other.get("/home")).text


async def test_what_is_taken_out_is_kept_nowhere(house: Clinic) -> None:
    ash, _ = await house.begin(ASH)
    await typed(ash, "/milestones", text=WORDS)
    found = re.search(r'name="unmark" value="(\w+)"', (await ash.get("/milestones")).text)
    assert found is not None
    assert (await typed(ash, "/milestones", unmark="nothing")).status == 303
    assert (await typed(ash, "/milestones", unmark=found[1])).status == 303
    assert (await ash.get("/milestones/own")).json == {"texts": []}
    assert await house.store.register.history("milestones", ASH) == []
    kept = await house.store.register.get("milestones", ASH)
    assert kept is not None and b"brother" not in kept.data


async def test_a_mistake_gives_back_what_was_typed(house: Clinic) -> None:
    ash, _ = await house.begin(ASH)
    for fields in ({"text": "<i>" + "x" * TEXT_MAX}, {"text": "<i>fine", "on": "soon"}):
        answer = await typed(ash, "/milestones", **fields)
        assert answer.status == 422
        assert "&lt;i&gt;" in answer.text
    assert (await typed(ash, "/milestones", text="  ")).status == 422
    assert (await ash.get("/milestones/own")).json == {"texts": []}
