"""Local emergency numbers by HTTP: kept, called again, taken away, taken in from a list; rubbish loses nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.clock import FakeClock
from server.door import shelves
from tests.support.clinic import ADA, FAY, Clinic, clinic, typed

NUMBER = {"do": "keep", "state": "OH", "area": "Franklin", "dispatch": "202-555-0101", "source": "The county’s office"}
LIST = """State;County;Number;Source;Last called
Ohio;Franklin;202-555-0109;The county’s office;2020-01-05
Ohio;Lake;911;The county’s office;
Nevada;;202-555-0110;The state’s office;
"""


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


async def test_a_number_is_kept_with_its_source_called_again_and_taken_away(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    assert (await typed(ada, "/numbers", **NUMBER)).status == 303
    page = (await ada.get("/numbers")).text
    assert "Franklin, Ohio" in page and "Never called" in page and "The county’s office" in page
    assert (await typed(ada, "/numbers", do="called", id="OH franklin")).status == 303
    kept = await shelves.local_help(place.store.register).get("OH franklin")
    assert kept is not None and kept.value.checked is not None
    assert (await typed(ada, "/numbers", do="remove", id="OH franklin")).status == 303
    assert "Franklin, Ohio" not in (await ada.get("/numbers")).text
    assert (await typed(ada, "/numbers", do="called", id="OH franklin")).status == 422


async def test_rubbish_is_told_and_given_back(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    for wrong in ({"dispatch": "911"}, {"dispatch": "555-0101"}, {"state": "ZZ"}, {"source": ""}, {"checked": "soon"}):
        answer = await typed(ada, "/numbers", **(NUMBER | wrong))
        assert answer.status == 422, wrong
        assert 'role="alert"' in answer.text and 'value="Franklin"' in answer.text
    assert (await typed(ada, "/numbers", do="remove", id="x" * 900)).status == 422


async def test_a_list_is_looked_at_first_and_only_what_is_right_in_it_is_kept(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    looked = await typed(ada, "/numbers/list", text=LIST)
    assert looked.status == 200
    assert "911 reaches whoever is near the caller" in looked.text
    assert "Keep 2 numbers" in looked.text
    assert "202-555-0109" not in (await ada.get("/numbers")).text
    taken = await typed(ada, "/numbers/list", text=LIST, do="take")
    assert "2 numbers are kept." in taken.text and "202-555-0109" in taken.text
    page = (await ada.get("/numbers")).text
    assert "Franklin, Ohio" in page and "Nevada" in page and "Lake" not in page
    for rubbish in ("", "State,Number\nOH,202-555-0101", "x" * 5_000):
        assert (await typed(ada, "/numbers/list", text=rubbish)).status in (200, 422)


async def test_staff_read_them_and_change_nothing(place: Clinic) -> None:
    fay, _ = await place.begin(FAY)
    page = await fay.get("/numbers")
    assert page.status == 200 and "Add or change a number" not in page.text
    assert (await typed(fay, "/numbers", **NUMBER)).status == 403
