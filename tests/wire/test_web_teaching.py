"""A clinic writes a skill of its own in the browser: from a copy to the library, out of it and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from facilitation.ids import SkillId
from facilitation.teaching import draft_of
from server.clock import FakeClock
from server.library import load_library
from server.opening import opening
from tests.support.clinic import FAY, ROBIN, Clinic, clinic, typed
from tests.support.visitor import Visitor

LIBRARY = load_library()
WISE = draft_of(LIBRARY.skills[SkillId("wise-mind")]) | {"title": "Tea on the step", "module": "mindfulness"}
OWN = "/skills/own-tea-on-the-step"


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


async def fay(place: Clinic) -> Visitor:
    visitor = place.browser("127.0.0.1")
    assert (await visitor.get(place.link(FAY, place.evening))).status == 303
    return visitor


async def chooser(place: Clinic) -> set[str]:
    """What a room that opens now can choose from."""
    load = opening(place.settings, store=place.store, catalog=place.catalog, library=LIBRARY)
    opened = await load(place.evening.session)
    assert opened is not None
    return {card.id for card in opened.repertoire.skills}


async def test_a_copy_becomes_a_draft_then_stands_in_library_and_rooms_goes_and_comes_back(place: Clinic) -> None:
    browser = await fay(place)
    assert "(copy)" in (await browser.get("/skills/new?like=wise-mind")).text
    draft = await typed(browser, "/skills/new", revision="0", do="keep", **WISE)
    assert draft.status == 303 and draft.headers["location"].startswith(f"{OWN}/edit")
    assert (await browser.get(OWN)).status == 404, "a draft binds nobody"
    assert "Tea on the step" in (await browser.get(f"{OWN}/preview")).text
    assert "own-tea-on-the-step" not in await chooser(place)

    assert (await typed(browser, f"{OWN}/edit", revision="1", do="publish", **WISE)).status == 303
    page = (await browser.get(OWN)).text
    assert "Tea on the step" in page and "Change it" in page
    assert "Tea on the step" in (await browser.get("/skills?q=tea+on")).text
    assert "own-tea-on-the-step" in await chooser(place)

    assert (await typed(browser, f"{OWN}/edit", revision="2", do="withdraw", **WISE)).status == 303
    assert "own-tea-on-the-step" not in await chooser(place)
    assert (await typed(browser, f"{OWN}/edit", revision="3", do="bring_back", **WISE)).status == 303
    assert "own-tea-on-the-step" in await chooser(place)


async def test_what_is_missing_stands_beside_its_field_and_nothing_typed_is_lost(place: Clinic) -> None:
    browser = await fay(place)
    answer = await typed(browser, "/skills/new", revision="0", do="publish", **WISE | {"why": "Because it helps."})
    assert answer.status == 422 and "Because it helps." in answer.text
    assert 'id="f-why-wrong"' in answer.text and 'aria-describedby="f-why-hint f-why-wrong"' in answer.text
    assert "Tea on the step" in answer.text
    assert (await typed(browser, "/skills/new", do="keep", **WISE | {"title": " "})).status == 422
    assert (await typed(browser, "/skills/new", do="keep", **WISE | {"module": "none"})).status == 422
    assert (await typed(browser, "/skills/new", do="keep", **WISE | {"language": "xx"})).status == 422


async def test_two_writers_do_not_overwrite_each_other_unseen(place: Clinic) -> None:
    browser = await fay(place)
    await typed(browser, "/skills/new", revision="0", do="keep", **WISE)
    assert (await typed(browser, f"{OWN}/edit", revision="1", do="keep", **WISE)).status == 303
    place.clock.advance(minutes=1)
    late = await typed(browser, f"{OWN}/edit", revision="1", do="keep", **WISE | {"tonight": "Mine instead of yours."})
    assert late.status == 422 and "Mine instead of yours." in late.text and "meanwhile" in late.text


async def test_participants_write_none(place: Clinic) -> None:
    robin = place.browser("127.0.0.1")
    assert (await robin.get(place.link(ROBIN, place.evening))).status == 303
    assert (await robin.get("/skills/new")).status == 403
    assert (await typed(robin, "/skills/new", do="publish", **WISE)).status == 403


async def test_a_skill_is_read_and_printed_in_spanish_and_a_copy_of_it_is_spanish(place: Clinic) -> None:
    browser = await fay(place)
    page = (await browser.get("/skills/wise-mind?language=es")).text
    spanish = LIBRARY.spoken("es").skills[SkillId("wise-mind")]
    assert '<html lang="es"' in page and spanish.title in page and spanish.steps[0] in page and spanish.tonight in page
    assert 'lang="en"' not in page.split("<main", 1)[1].split("read-in", 1)[0]
    assert LIBRARY.spoken("es").curricula[0].weeks[0].title in (await browser.get("/curricula/adult?language=es")).text
    assert '<html lang="en"' in (await browser.get("/skills/wise-mind?language=xx")).text
    asked = {"Accept-Language": "es"}
    assert spanish.title in (await browser.get("/skills?q=mente+sabia", asked)).text
    form = (await browser.get("/skills/new?like=wise-mind", asked)).text
    assert spanish.why in form and '<option value="es" selected>' in form


async def test_what_a_clinic_wrote_in_english_says_so_to_whoever_reads_spanish(place: Clinic) -> None:
    browser = await fay(place)
    await typed(browser, "/skills/new", revision="0", do="publish", **WISE)
    assert "escrito solo en inglés" not in (await browser.get(OWN)).text
    page = (await browser.get(f"{OWN}?language=es")).text
    assert "Por ahora esto está escrito solo en inglés." in page
    assert '<h1 lang="en">Tea on the step</h1>' in page
