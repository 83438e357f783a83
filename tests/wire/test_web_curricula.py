"""A clinic strings a curriculum of its own in the browser, gives it to a group, and takes it back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest_asyncio

from facilitation.curricula import WeekDraft, draft_of
from facilitation.exercises import Today
from facilitation.ids import SkillId
from facilitation.teaching import OwnSkill
from facilitation.teaching import draft_of as skill_draft
from server import demo_week
from server.app import schedule_of
from server.clock import FakeClock
from server.library import load_library
from server.opening import opening
from server.teaching.library import ClinicLibrary
from tests.support.clinic import ADA, FAY, ROBIN, Clinic, clinic
from tests.support.visitor import Answer, Visitor

LIBRARY = load_library()
ADULT = draft_of(LIBRARY.curricula[0])
OWN = "/curricula/own-our-evenings"
FRAME = {
    "title": "Our evenings",
    "about": ADULT.about,
    "joining": ADULT.joining,
    "programme": "adult",
    "language": "en",
}


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        await schedule_of(place.store, catalog=place.catalog, clock=clock).plan()
        yield place


async def fay(place: Clinic) -> Visitor:
    visitor = place.browser("127.0.0.1")
    assert (await visitor.get(place.link(FAY, place.evening))).status == 303
    return visitor


async def sent(browser: Visitor, path: str, fields: Mapping[str, str | Sequence[str]]) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await browser.post(path, urlencode(fields, doseq=True).encode(), headers)


async def copied(browser: Visitor) -> None:
    answer = await sent(browser, "/curricula/new", FRAME | {"like": "adult", "do": "keep", "revision": "0"})
    assert answer.status == 303 and answer.headers["location"].startswith(f"{OWN}/edit"), answer.text


def typed(week: WeekDraft) -> dict[str, str | Sequence[str]]:
    return {
        "title": week.title,
        "aim": week.aim,
        "skill": [each.skill for each in week.lessons],
        "focus": [each.focus for each in week.lessons],
        "revisit": [each.revisit for each in week.lessons],
    }


async def today(place: Clinic) -> Today | None:
    """What the evening group's next meeting has for its skills block."""
    ahead = await place.store.clinic.list_sessions(since=place.clock.now())
    meeting = next(each for each in ahead if each.cohort == demo_week.EVENING)
    load = opening(place.settings, store=place.store, catalog=place.catalog, library=LIBRARY)
    opened = await load(meeting.session)
    assert opened is not None
    return opened.repertoire.today


def outline(page: str) -> list[str]:
    """The weeks' names in their order."""
    return [unescape(name) for name in re.findall(r">Week \d+: ([^<]*)</a>", page)]


async def test_a_copy_is_changed_published_followed_by_a_group_and_withdrawn(place: Clinic) -> None:
    browser = await fay(place)
    assert "(copy)" in (await browser.get("/curricula/new?like=adult")).text
    await copied(browser)
    assert (await browser.get(OWN)).status == 404, "a draft binds nobody"
    week = typed(ADULT.weeks[0]) | {"title": "Our own beginning"}
    answer = await sent(browser, f"{OWN}/weeks/1", week | {"do": "keep", "revision": "1"})
    assert answer.status == 303 and answer.headers["location"].endswith("#week-1")
    manual = (await browser.get(f"{OWN}/preview")).text
    wise = LIBRARY.skills[SkillId("wise-mind")]
    assert "Our own beginning" in manual and wise.steps[0] in manual, "somebody could run it from this page alone"
    assert (await sent(browser, f"{OWN}/edit", FRAME | {"do": "publish", "revision": "2"})).status == 303
    assert "Our own beginning" in (await browser.get(OWN)).text
    assert "Our evenings" in (await browser.get("/curricula")).text

    ada, _ = await place.begin(ADA)
    course = f"/schedule/cohorts/{demo_week.EVENING}/curriculum"
    day = place.clock.now()
    chosen = {"curriculum": "own-our-evenings", "week": "2", "session": "3", "since": "2020-01-01", "revision": "0"}
    look = await sent(ada, course, chosen | {"do": "look"})
    assert look.status == 200 and "With that, the next meetings would have" in look.text
    held = await today(place)
    assert held is not None and held.curriculum == "Adult evening group", "looking changes nothing"
    assert (await sent(ada, course, chosen | {"do": "keep"})).status == 303
    assert "its own" in (await ada.get("/schedule/curricula")).text
    held = await today(place)
    assert held is not None and (held.curriculum, held.version) == ("Our evenings", f"{_year(day)}-01")

    assert (await sent(browser, f"{OWN}/edit", FRAME | {"do": "withdraw", "revision": "3"})).status == 303
    assert await today(place) is None, "nothing is taught from what was withdrawn"
    assert "A curriculum that was withdrawn" in (await ada.get("/schedule/curricula")).text
    assert (await sent(browser, f"{OWN}/edit", FRAME | {"do": "back", "revision": "4"})).status == 303
    assert await today(place) is not None


def _year(at: int) -> int:
    return 1970 + int(at / 1000 / 86400 / 365.2425)


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(place: Clinic) -> None:
    browser = await fay(place)
    wrong = FRAME | {"about": "Short, and mine.", "like": "adult", "do": "publish", "revision": "0"}
    answer = await sent(browser, "/curricula/new", wrong)
    assert answer.status == 422 and "Short, and mine." in answer.text and 'id="f-about-wrong"' in answer.text
    for field, text in {"title": " ", "programme": "elders", "language": "xx", "about": "a" * 2_000}.items():
        assert (await sent(browser, "/curricula/new", FRAME | {field: text, "do": "keep"})).status == 422, field
    await copied(browser)
    week = typed(ADULT.weeks[0])
    week["skill"] = ["", "gone", "the-pause"]
    week["focus"] = ["Mine, and kept here.", "", "x" * 600]
    answer = await sent(browser, f"{OWN}/weeks/1", week | {"do": "keep", "revision": "1"})
    assert answer.status == 422 and "Mine, and kept here." in answer.text, "far too long for a draft"
    week["focus"] = ["Mine, and kept here.", "", ""]
    assert (await sent(browser, f"{OWN}/weeks/1", week | {"do": "keep", "revision": "1"})).status == 303
    page = (await browser.get(f"{OWN}/weeks/1")).text
    assert 'aria-describedby="skill-1-wrong"' in page and "Choose a skill for this session." in page
    answer = await sent(browser, f"{OWN}/edit", FRAME | {"do": "publish", "revision": "2"})
    assert answer.status == 422 and "It is not complete yet." in answer.text
    for path in ("/weeks/99", "/weeks/0", "/weeks/x", "/weeks/99999999999"):
        assert (await browser.get(OWN + path)).status == 404


async def test_weeks_and_sessions_find_their_order_without_scripts_and_what_was_comes_back(place: Clinic) -> None:
    browser = await fay(place)
    await copied(browser)
    names = [week.title for week in ADULT.weeks]
    edit = f"{OWN}/edit"
    answer = await sent(browser, edit, FRAME | {"do": "down-1", "revision": "1"})
    assert answer.status == 303 and answer.headers["location"].endswith("#week-2")
    assert outline((await browser.get(edit)).text) == [names[1], names[0], *names[2:]]
    await sent(browser, edit, FRAME | {"do": "up-2", "revision": "2"})
    await sent(browser, edit, FRAME | {"do": "out-8", "revision": "3"})
    await sent(browser, edit, FRAME | {"do": "add", "revision": "4"})
    assert outline((await browser.get(edit)).text) == [*names[:-1], "without a name"]

    first = typed(ADULT.weeks[0])
    await sent(browser, f"{OWN}/weeks/1", first | {"do": "down-1", "revision": "5"})
    page = (await browser.get(f"{OWN}/weeks/1")).text
    chosen = re.findall(r'<option value="([^"]*)" selected>', page)
    assert chosen.index("the-pause") < chosen.index("five-senses")
    swapped = {**first, "skill": ["the-pause", "five-senses", "notice-and-name"], "to": ["8", "8", "8"]}
    await sent(browser, f"{OWN}/weeks/1", swapped | {"do": "to-3", "revision": "6"})
    assert "Notice and name" in (await browser.get(f"{OWN}/weeks/8")).text.partition("lesson-2")[2]
    few = {**first, "skill": ["the-pause", "five-senses"], "focus": ["", ""], "revisit": ["", ""]}
    await sent(browser, f"{OWN}/weeks/1", few | {"do": "more", "revision": "7"})
    await sent(browser, f"{OWN}/weeks/1", {**first} | {"do": "out-3", "revision": "8"})

    assert outline((await browser.get(f"{OWN}/preview?revision=1")).text) == []
    assert "Firm ground" in (await browser.get(f"{OWN}/preview?revision=1")).text
    assert (await browser.get(f"{OWN}/preview?revision=77")).status == 404
    await sent(browser, edit, FRAME | {"do": "restore-1", "revision": "9"})
    assert outline((await browser.get(edit)).text) == names
    assert (await sent(browser, edit, FRAME | {"do": "restore-99", "revision": "10"})).status == 422
    for number, rubbish in enumerate(("to-1", "up-0", "down-999", "out-44", "nothing-at-all", ""), 10):
        assert (await sent(browser, edit, FRAME | {"do": rubbish, "revision": str(number)})).status == 303
        assert outline((await browser.get(edit)).text) == names, rubbish


async def test_two_writers_do_not_overwrite_each_other_unseen(place: Clinic) -> None:
    browser = await fay(place)
    await copied(browser)
    week = typed(ADULT.weeks[0])
    assert (await sent(browser, f"{OWN}/weeks/1", week | {"do": "keep", "revision": "1"})).status == 303
    place.clock.advance(minutes=1)
    late = await sent(browser, f"{OWN}/weeks/1", week | {"title": "Mine instead", "do": "keep", "revision": "1"})
    assert late.status == 422 and "Mine instead" in late.text and "meanwhile" in late.text
    late = await sent(browser, f"{OWN}/edit", FRAME | {"title": "My evenings", "do": "up-2", "revision": "1"})
    assert late.status == 422 and "My evenings" in late.text and "meanwhile" in late.text


async def test_a_skill_that_is_withdrawn_leaves_a_gap_that_is_told_everywhere(place: Clinic) -> None:
    library = ClinicLibrary(LIBRARY, place.store.register)
    wise = LIBRARY.skills[SkillId("wise-mind")]
    own = OwnSkill(
        id=SkillId("own-tea"),
        module=LIBRARY.module_of(wise.id).id,
        draft=skill_draft(wise),
        stands=replace(wise, id=SkillId("own-tea")),
    )
    await library.skills.put(own, upon=0, by=ADA, at=place.clock.now())
    browser = await fay(place)
    await copied(browser)
    last = typed(ADULT.weeks[-1])
    await sent(browser, f"{OWN}/weeks/8", last | {"skill": [*last["skill"][:-1], "own-tea"], "revision": "1"})
    assert (await sent(browser, f"{OWN}/edit", FRAME | {"do": "publish", "revision": "2"})).status == 303
    held = await library.skills.get("own-tea")
    assert held is not None
    await library.skills.put(replace(own, withdrawn=True), upon=held.revision, by=ADA, at=place.clock.now())
    for path in (OWN, f"{OWN}/edit"):
        assert "A skill that was withdrawn" in (await browser.get(path)).text, path
    assert "not in the library any more" in (await browser.get(f"{OWN}/weeks/8")).text
    assert "1 session is on a skill that was withdrawn." in (await browser.get("/curricula")).text
    assert "No skill yet" in (await browser.get(f"{OWN}/manual")).text


async def test_a_group_gets_what_there_is_and_is_told_what_is_wrong(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    course = f"/schedule/cohorts/{demo_week.EVENING}/curriculum"
    page = (await ada.get(course)).text
    assert "Follows now: Adult evening group" in page and "As the program says" in page
    good = {"since": "2027-02-01", "curriculum": "teen", "week": "1", "session": "1", "revision": "0", "do": "keep"}
    for field, text in {"since": "someday", "curriculum": "none-such", "week": "12", "session": "0"}.items():
        answer = await sent(ada, course, good | {field: text})
        assert answer.status == 422 and "What you typed is still here." in answer.text, field
    assert (await sent(ada, course, good)).status == 303
    page = (await ada.get(course)).text
    assert "From February 1, 2027: " in page and "Take it back" in page
    assert (await sent(ada, course, {"do": "undo 2027-02-01", "revision": "1"})).status == 303
    assert "Take it back" not in (await ada.get(course)).text
    assert (await sent(ada, course, {"do": "undo x", "revision": "2"})).status == 422
    programme = "/schedule/programmes/adult-iop/curriculum"
    assert (await sent(ada, programme, good | {"since": "2020-01-01", "curriculum": ""})).status == 303
    assert await today(place) is None
    for path in ("/schedule/cohorts/c-none/curriculum", "/schedule/programmes/none/curriculum"):
        assert (await ada.get(path)).status == 404


async def test_participants_see_and_write_none(place: Clinic) -> None:
    robin = place.browser("127.0.0.1")
    assert (await robin.get(place.link(ROBIN, place.evening))).status == 303
    for path in ("/curricula", "/curricula/adult", "/curricula/adult/manual", "/curricula/new", "/schedule/curricula"):
        assert (await robin.get(path)).status == 403, path
    assert (await sent(robin, "/curricula/new", FRAME)).status == 403
