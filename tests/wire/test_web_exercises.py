"""Exercises that a clinic makes itself in the browser: they run in rooms that open then, by the rules of their kind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from facilitation.exercises import Exercise, Privacy
from facilitation.ownexercises import ExerciseDraft, Kind
from server.clock import FakeClock
from server.library import load_library
from server.opening import opening
from tests.support.clinic import FAY, ROBIN, Clinic, clinic
from tests.support.ownexercises import COMPLETE
from tests.support.visitor import Answer, Visitor

OWN = "/exercises/own-tea-on-the-step"


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


async def fay(place: Clinic) -> Visitor:
    visitor = place.browser("127.0.0.1")
    assert (await visitor.get(place.link(FAY, place.evening))).status == 303
    return visitor


async def sent(browser: Visitor, path: str, fields: Mapping[str, str | Sequence[str]]) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(path, urlencode(fields, doseq=True).encode(), headers)


def typed(draft: ExerciseDraft, **more: str) -> dict[str, str | Sequence[str]]:
    rows = {f"row_{name}": [row[name] for row in draft.rows] for name in (draft.rows[0] if draft.rows else ())}
    sharing = {"sharing": "1"} if draft.sharing else {}
    known = {"minutes": draft.minutes, "skill": draft.skill, "language": "en", "revision": "0", "do": "keep"}
    return {**draft.fields, **rows, **sharing, **known, **more}


async def offered(place: Clinic) -> dict[str, Exercise]:
    """What a room that opens now can choose from."""
    load = opening(place.settings, store=place.store, catalog=place.catalog, library=load_library())
    opened = await load(place.evening.session)
    assert opened is not None
    return {each.id: each for each in opened.repertoire.exercises}


@pytest.mark.parametrize("kind", Kind)
async def test_each_kind_is_made_published_and_run_with_the_privacy_of_its_kind(place: Clinic, kind: Kind) -> None:
    browser = await fay(place)
    assert (await browser.get(f"/exercises/new?kind={kind}")).status == 200
    answer = await sent(browser, f"/exercises/new?kind={kind}", typed(COMPLETE[kind], do="publish"))
    assert answer.status == 303 and answer.headers["location"].startswith(f"{OWN}/edit"), answer.text
    made = (await offered(place))["own-tea-on-the-step"]
    assert made.skills == ("wise-mind",)
    counted = kind in (Kind.WORDS, Kind.SCALE, Kind.CHOICE)
    wanted = Privacy.ANONYMOUS if counted else Privacy.SHAREABLE
    assert {field.privacy for field in made.fields} == {wanted}
    page = (await browser.get(OWN)).text
    assert "Tea on the step" in page and "data-card=" in page
    assert ("before there are 5" in page) is counted


async def test_a_draft_binds_nobody_and_what_was_published_goes_and_comes_back(place: Clinic) -> None:
    browser = await fay(place)
    sheet = COMPLETE[Kind.SHEET]
    assert (await sent(browser, "/exercises/new?kind=sheet", typed(sheet))).status == 303
    assert "own-tea-on-the-step" not in await offered(place)
    assert (await browser.get(OWN)).status == 404
    for number, (do, there) in enumerate((("publish", True), ("withdraw", False), ("bring_back", True)), 1):
        assert (await sent(browser, f"{OWN}/edit", typed(sheet, do=do, revision=str(number)))).status == 303
        assert ("own-tea-on-the-step" in await offered(place)) is there, do


async def test_looking_keeps_nothing_and_shows_the_card_of_what_is_typed(place: Clinic) -> None:
    browser = await fay(place)
    words = typed(COMPLETE[Kind.WORDS], question="Which color is today?", do="look")
    answer = await sent(browser, "/exercises/new?kind=words", words)
    assert answer.status == 200 and answer.text.count("Which color is today?") >= 2
    assert "None yet." in (await browser.get("/exercises")).text


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(place: Clinic) -> None:
    browser = await fay(place)
    draft = COMPLETE[Kind.PROMPTS]
    wrong = typed(draft, about="Mine, too short.", do="publish") | {"row_seconds": ["soon", "45", "20"]}
    answer = await sent(browser, "/exercises/new?kind=prompts", wrong)
    assert answer.status == 422 and "Mine, too short." in answer.text and 'value="soon"' in answer.text
    assert 'id="f-about-wrong"' in answer.text and 'id="row-1-seconds-wrong"' in answer.text
    for field, text in {"title": " ", "language": "xx", "about": "a" * 3_000}.items():
        assert (await sent(browser, "/exercises/new?kind=prompts", typed(draft) | {field: text})).status == 422, field
    assert (await browser.get("/exercises/new?kind=dance")).status == 404
    assert (await browser.get("/exercises/body-scan/edit")).status == 404, "a shipped one stays as it is"


async def test_a_row_goes_up_and_down_by_its_buttons_and_nothing_typed_is_lost_or_kept(place: Clinic) -> None:
    browser = await fay(place)
    draft = COMPLETE[Kind.PROMPTS]
    changed = typed(draft, about="Half a sent") | {"row_title": ["Arrive", "My hands", "Come back"]}
    for do, order in (
        ("up-3", ["Arrive", "Come back", "My hands"]),
        ("down-1", ["My hands", "Arrive", "Come back"]),
        ("up-1", ["Arrive", "My hands", "Come back"]),
        ("down-9", ["Arrive", "My hands", "Come back"]),
        ("up-x", ["Arrive", "My hands", "Come back"]),
    ):
        answer = await sent(browser, "/exercises/new?kind=prompts", changed | {"do": do})
        assert answer.status == 200 and "Half a sent" in answer.text, do
        found = re.findall(r'name="row_title" value="([^"]+)"', answer.text)
        assert found == order, do
        assert 'value="down-3"' not in answer.text, "the last one goes no further"
    assert "None yet." in (await browser.get("/exercises")).text


async def test_two_writers_do_not_overwrite_each_other_unseen(place: Clinic) -> None:
    browser = await fay(place)
    await sent(browser, "/exercises/new?kind=sheet", typed(COMPLETE[Kind.SHEET]))
    assert (await sent(browser, f"{OWN}/edit", typed(COMPLETE[Kind.SHEET], revision="1"))).status == 303
    place.clock.advance(minutes=1)
    late = await sent(browser, f"{OWN}/edit", typed(COMPLETE[Kind.SHEET], revision="1", heading="Mine instead"))
    assert late.status == 422 and "Mine instead" in late.text and "meanwhile" in late.text


async def test_what_is_shipped_is_read_in_the_language_of_its_reader_and_what_is_ones_own_as_it_was_written(
    place: Clinic,
) -> None:
    browser, spanish = await fay(place), {"Accept-Language": "es"}
    await sent(browser, "/exercises/new?kind=sheet", typed(COMPLETE[Kind.SHEET], do="publish"))
    everything = (await browser.get("/exercises", spanish)).text
    assert "Respirar a un ritmo" in everything and "Paced breathing" not in everything
    assert "Tea on the step" in everything
    for exercise in load_library().exercises:
        page = (await browser.get(f"/exercises/{exercise.id}", spanish)).text
        english = {exercise.title, exercise.about, exercise.care, *exercise.cards}
        english |= {text for step in exercise.steps for text in (step.title, step.text)}
        assert [text for text in english if text and f">{text}<" in page] == [], exercise.id
    assert "What went well" in (await browser.get(OWN, spanish)).text


async def test_participants_make_none(place: Clinic) -> None:
    robin = place.browser("127.0.0.1")
    assert (await robin.get(place.link(ROBIN, place.evening))).status == 303
    for path in ("/exercises", "/exercises/body-scan", "/exercises/new", "/exercises/new?kind=sheet"):
        assert (await robin.get(path)).status == 403, path
    assert (await sent(robin, "/exercises/new?kind=sheet", typed(COMPLETE[Kind.SHEET]))).status == 403
