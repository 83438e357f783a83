"""The room in a real browser: nobody is shut out, nothing typed is lost, and whoever must go is gone at once.

What it looks like in every state is tried on recorded views (`tests.support.gallery`); what must hold between browser,
server and log is tried on the real application over a real store.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, WebSocketRoute, expect

from facilitation import commands as c
from facilitation.ids import PersonId
from facilitation.timebase import MINUTE_MS
from tests.support.browser import DESKTOP, NOT_SIDEWAYS, PHONE, ROOT, SETTLED, Theme, barriers, picture
from tests.support.evening import CODY, FAY, Clinic, Evening, open_clinic
from tests.support.gallery import gallery
from tests.support.serving import served

pytestmark = pytest.mark.timeout(240)

LAPTOP: ViewportSize = {"width": 1366, "height": 768}
ZOOMED = {"width": 683, "height": 384}  # a laptop at 200 %
ROBIN, SAM = PersonId("p-1"), PersonId("p-2")
Show = Callable[..., Any]


# --------------------------------------------------------------------------- on recorded views


@pytest_asyncio.fixture(scope="module")
async def gallery_url() -> AsyncIterator[str]:
    async with served(gallery()) as url:
        yield url


@pytest_asyncio.fixture(scope="module")
async def screen(chromium: Browser) -> AsyncIterator[Page]:
    """One for all recorded views: what it has fetched once it need not fetch again."""
    context = await chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(40_000)
    yield await context.new_page()
    await context.close()


@pytest_asyncio.fixture
async def show(screen: Page, gallery_url: str) -> AsyncIterator[Show]:
    """`await show("people=8&state=break", viewport=PHONE)` opens the gallery in place of what was shown before.

    No page may have made an error, and none finds what an earlier test left.
    """
    mistakes: list[str] = []
    noticed: list[tuple[Any, Any]] = [
        ("pageerror", lambda error: mistakes.append(str(error))),
        ("console", lambda line: mistakes.append(line.text) if line.type == "error" else None),
    ]
    for event, note in noticed:
        screen.on(event, note)

    async def open_gallery(query: str, *, viewport: ViewportSize = LAPTOP, theme: Theme = "light") -> Page:
        await screen.set_viewport_size(viewport)
        await screen.emulate_media(color_scheme=theme, reduced_motion="reduce")
        await screen.goto(f"{gallery_url}/gallery?{query}")
        await expect(screen.locator("html[data-ready]")).to_have_count(1)
        return screen

    yield open_gallery
    await screen.evaluate("localStorage.clear(), sessionStorage.clear()")
    await screen.goto("about:blank")
    for event, note in noticed:
        screen.remove_listener(event, note)
    assert mistakes == []


STATES = (
    "people=1&state=lobby",
    "people=4&state=lobby&role=facilitator",
    "people=8&speaking=p-3",
    "people=12&state=busy",
    "people=12&state=busy&role=facilitator",
    "people=12&state=busy&role=facilitator&panel=agenda",
    "people=9&state=over&role=facilitator&panel=notes",
    "people=9&state=flag&role=facilitator&panel=none",
    "people=9&state=busy&role=observer&panel=agenda",
    "people=6&state=break",
    "people=6&state=paused&panel=none",
    "people=6&state=sent",
    "people=6&state=help",
    "people=6&panel=chat",
    "people=16&panel=none&more=1",
    "people=4&line=reconnecting&degraded=1",
    "people=4&state=ended&role=facilitator",
    "people=4&dialog=leave",
    "people=4&dialog=keys&role=facilitator",
    "people=4&dialog=help",
    "people=4&shield=1",
    "place=waiting",
    "bye=left",
    "bye=removed",
    "bye=ended&role=facilitator",
)


@pytest.mark.parametrize("query", STATES)
async def test_no_state_of_the_room_keeps_anybody_out(show: Show, query: str) -> None:
    page = await show(query)
    for viewport, theme in ((LAPTOP, "light"), (PHONE, "dark")):
        await page.set_viewport_size(viewport)
        await page.emulate_media(color_scheme=theme)
        await page.evaluate(SETTLED)
        assert await barriers(page) == []
        assert await page.evaluate(NOT_SIDEWAYS), "scrolls sideways"
        assert await page.title() == "Milieu: your meeting"


IN_OTHER_WORDS = (
    "people=12&state=busy&lang=es",
    "people=12&state=busy&role=facilitator&panel=agenda&lang=es",
    "people=6&state=break&lang=es",
    "people=16&panel=none&more=1&lang=es",
    "place=waiting&lang=es",
    "place=arriving&lang=es",
    "people=4&dialog=help&lang=es",
    "bye=left&lang=es",
    "people=9&state=busy&role=facilitator&lang=en-XA",
    "people=6&state=help&lang=en-XA",
    "place=waiting&lang=en-XA",
)


@pytest.mark.parametrize("query", IN_OTHER_WORDS)
async def test_other_words_keep_nobody_out_and_find_their_place(show: Show, query: str) -> None:
    """On a phone, with the reader's own colours; and at 320 pixels, as 400 % make of a laptop."""
    page = await show(query, viewport=PHONE)
    await page.emulate_media(forced_colors="active")
    if "lang=es" in query:  # the other one is nobody's, and its short words are no part of its long ones
        assert await barriers(page) == []
    for width in (PHONE["width"], 320):
        await page.set_viewport_size({"width": width, "height": PHONE["height"]})
        await page.evaluate(SETTLED)
        assert await page.evaluate(NOT_SIDEWAYS), "scrolls sideways"
    await page.emulate_media(forced_colors="none")


async def test_the_room_speaks_the_language_of_its_page(show: Show) -> None:
    page = await show("people=4&panel=now&lang=es", viewport=LAPTOP)
    for text in (
        "¿Cómo está tu ánimo en este momento?",
        "Grupo de conversación",
        "Solo los facilitadores ven tus respuestas",
    ):
        await expect(page.get_by_text(text).first).to_be_visible()
    await expect(page.get_by_role("button", name="Levantar la mano")).to_be_visible()
    said = """import("/static/core/spoken.mjs").then(({spoken}) => ["Cope ahead in pairs", "Ask about the dog"]
        .map(task => spoken({room: {breakouts: {task}}, you: {}}).room.breakouts.task))"""
    assert await page.evaluate(said) == ["Prepararse en pareja", "Ask about the dog"]
    await expect(page.get_by_role("button", name="Salida rápida")).to_have_count(0)  # it is a link
    await page.evaluate("gallery.message({type: 'degraded', store: true})")
    await expect(page.locator("#live")).to_contain_text("Tu reunión sigue")
    assert await page.evaluate("document.documentElement.lang") == "es"


async def test_a_form_in_another_language_than_its_page_says_so_and_who_helps(show: Show) -> None:
    page = await show("people=4&panel=now&measures=gad-7&lang=es", viewport=PHONE)
    await expect(page.get_by_text("Las palabras de este formulario están en inglés")).to_be_visible()
    await expect(page.get_by_text("Un facilitador puede verlo contigo")).to_be_visible()
    await page.get_by_role("button", name="Empezar: Cómo has estado: preocupación").click()
    for _ in range(7):
        await page.get_by_role("radio", name="Several days").check()
        await page.get_by_role("button", name="Siguiente").click()
    await page.get_by_role("button", name="Enviar a los facilitadores").click()
    sent = await page.evaluate("gallery.asked.at(-1)")
    assert sent == {"type": "hand_in_measure", "fields": {"measure": "gad-7", "page_language": "es"}}


async def test_what_is_asked_of_somebody_comes_first_on_their_card(show: Show) -> None:
    page = await show("people=4&panel=now", viewport=PHONE)
    order = "[...document.querySelectorAll('#tab-now > [data-part]')].map(each => each.dataset.part)"
    assert await page.evaluate(order) == ["exercise", "card", "agreement", "milestones"]
    await page.evaluate("gallery.show({state: 'glad'})")
    assert await page.evaluate(order) == ["exercise", "milestones", "card", "agreement"]
    await page.evaluate("gallery.show({state: 'agreeing'})")
    assert await page.evaluate(order) == ["exercise", "agreement", "card", "milestones"]


async def test_what_happens_at_once_is_said_at_once_and_typing_is_not_said_at_all(show: Show) -> None:
    page = await show("people=2", viewport=LAPTOP)
    await page.evaluate("gallery.show({people: 4})")
    await expect(page.locator("#live")).to_have_text(
        "Sam Sample and Alexandria Montgomery-Featherstonehaugh de la Example are here."
    )
    await page.evaluate("gallery.show({people: 12})")
    await expect(page.locator("#live")).to_have_text("8 people are here.")
    aloud = "[role=status], [aria-live], [role=alert]"
    heard = f"() => [...document.querySelectorAll('{aloud}')].map(each => each.textContent.trim())"
    before = await page.evaluate(heard)
    await page.get_by_label("A goal for today").fill("Small steps")
    await expect(page.get_by_text("Saving…")).to_be_visible()
    assert await page.evaluate(heard) == before


async def test_after_the_end_nobody_who_left_is_waited_for(show: Show) -> None:
    page = await show("people=4&state=ended&role=facilitator", viewport=LAPTOP)
    await expect(page.locator(".tile")).to_have_count(1)
    await expect(page.get_by_text("Reconnecting…")).to_have_count(0)


async def test_up_to_twelve_people_fit_a_laptop_with_the_column_open(show: Show) -> None:
    page = await show("people=1&role=facilitator&state=busy", viewport=LAPTOP)
    for people in range(1, 13):
        await page.evaluate("people => gallery.show({people})", people)
        await expect(page.locator(".tile")).to_have_count(people)
        boxes = await page.evaluate(
            """() => [...document.querySelectorAll(".tile")].map(tile => {
                const [own, stage] = [tile, tile.closest(".stage")].map(each => each.getBoundingClientRect());
                const face = tile.querySelector(".picture").getBoundingClientRect();
                return {inside: own.top >= stage.top && own.bottom <= stage.bottom + 1 && own.left >= stage.left
                    && own.right <= stage.right, width: Math.round(face.width), shape: face.width / face.height};
            })"""
        )
        assert all(box["inside"] for box in boxes), (people, boxes)
        assert len({box["width"] for box in boxes}) == 1, "all are equally large"
        assert all(abs(box["shape"] - 4 / 3) < 0.02 for box in boxes)
        assert boxes[0]["width"] >= 140


async def test_faces_stay_in_sight_beside_an_open_sheet_on_a_phone(show: Show) -> None:
    page = await show("people=12&panel=now", viewport=PHONE)
    await expect(page.locator(".tile .tile-name").first).to_be_in_viewport(ratio=1)
    await expect(page.get_by_role("button", name="Mic (microphone)")).to_be_in_viewport(ratio=1)
    await page.locator(".tile").last.scroll_into_view_if_needed()
    await expect(page.locator(".tile").last).to_be_in_viewport(ratio=1)
    side, tile = await page.locator(".side").bounding_box(), await page.locator(".tile").last.bounding_box()
    assert side is not None
    assert tile is not None
    assert tile["y"] + tile["height"] <= side["y"] + 1


async def test_sixteen_people_can_all_be_reached_on_a_phone_and_the_last_voice_stays_in_sight(show: Show) -> None:
    page = await show("people=16&panel=none&speaking=p-9", viewport=PHONE)
    stage = page.locator(".stage")
    await expect(page.locator(".stage-pin")).to_contain_text("Ñandú")
    await page.locator(".tile").last.scroll_into_view_if_needed()
    assert await stage.evaluate("each => each.scrollTop > 0")
    await expect(page.locator(".tile").last).to_be_in_viewport()
    await expect(page.locator(".stage-pin")).to_be_in_viewport()


SHOW_A_PAGE = """async (person) => {
  const canvas = document.createElement("canvas");
  canvas.width = 1440; canvas.height = 900;
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  gallery.slot(person, "screen", canvas.captureStream(2));
  gallery.send(view => { view.room.screen = person; });
  while (!document.querySelector(".shared-screen video")?.videoWidth) await new Promise(requestAnimationFrame);
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""
BESIDE_IT = """() => {
  const box = (each) => each.getBoundingClientRect();
  const stage = box(document.querySelector(".stage")), grid = box(document.querySelector(".stage-grid"));
  const video = document.querySelector(".shared-screen video"), page = box(video);
  const ring = 5;
  return {
    bands: page.height - page.width * video.videoHeight / video.videoWidth,
    pinned: document.querySelector(".stage-pin").checkVisibility(),
    tiles: [...document.querySelectorAll(".tile")].map(tile => ({
      high: box(tile).top >= page.bottom && box(tile).bottom <= stage.bottom,
      wide: box(tile).left - ring >= grid.left && box(tile).right + ring <= grid.right + 1,
    })),
  };
}"""


async def test_beside_a_shared_screen_the_faces_are_whole_and_on_a_phone_it_can_be_made_large(show: Show) -> None:
    page = await show("people=12&panel=none&speaking=p-3", viewport=LAPTOP)
    await page.evaluate(SHOW_A_PAGE, "p-1")
    beside = await page.evaluate(BESIDE_IT)
    assert all(tile["high"] and tile["wide"] for tile in beside["tiles"]), beside

    await page.evaluate("people => gallery.show({people})", 5)
    await page.set_viewport_size(PHONE)
    await page.evaluate(SHOW_A_PAGE, "p-1")
    await page.wait_for_function(f"() => ({BESIDE_IT})().tiles.every(tile => tile.high && tile.wide)")
    beside = await page.evaluate(BESIDE_IT)
    assert abs(beside["bands"]) < 2, "no place that a face could have is given to nothing"
    assert not beside["pinned"]

    await page.evaluate("people => gallery.show({people})", 12)
    await page.evaluate(SHOW_A_PAGE, "p-1")
    beside = await page.evaluate(BESIDE_IT)
    assert all(tile["high"] for tile in beside["tiles"]), "they stand in a row"
    assert not beside["pinned"]
    await page.locator(".tile").last.scroll_into_view_if_needed()
    assert (await page.evaluate(BESIDE_IT))["tiles"][-1]["wide"]

    await page.evaluate(
        """() => {
            window.did = [];
            HTMLVideoElement.prototype.requestFullscreen = async () => { did.push("whole"); };
            screen.orientation.lock = async (way) => { did.push(way); };
        }"""
    )
    await page.get_by_role("button", name="Large").click()
    await page.wait_for_function("() => did.join() === 'whole,landscape'")
    await page.evaluate(
        """() => {
            HTMLVideoElement.prototype.requestFullscreen = undefined;
            HTMLVideoElement.prototype.webkitEnterFullscreen = () => { did.push("iPhone"); };
        }"""
    )
    await page.get_by_role("button", name="Large").click()
    assert await page.evaluate("() => did.at(-1)") == "iPhone"


LIES_UNDER = """() => {
  const all = [...document.querySelectorAll(".dock button, .dock .own-minutes")].filter(each => each.checkVisibility())
    .map(each => [each.getAttribute("aria-label") ?? each.innerText.trim(), each.getBoundingClientRect()]);
  return all.flatMap(([name, box], at) => all.slice(0, at)
    .filter(([, other]) => Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1
      && Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 1)
    .map(([other]) => `${other} lies under ${name}`)
    .concat(box.left < 0 || box.right > innerWidth ? [`${name} is cut off`] : []));
}"""


@pytest.mark.parametrize("query", ["people=4&state=lobby", "people=4&state=lobby&role=facilitator"])
async def test_nothing_below_lies_under_anything_else_however_wide_the_page_is(show: Show, query: str) -> None:
    page = await show(f"{query}&panel=none&lang=es")
    for width in (360, 683, 701, 768, 820, 901, 960, 1024, 1100, 1200, 1281, 1366, 1440):
        await page.set_viewport_size({"width": width, "height": 768})
        assert await page.evaluate(LIES_UNDER) == [], width


async def test_a_voice_gets_a_ring_and_nobody_moves(show: Show) -> None:
    page = await show("people=8", viewport=LAPTOP)
    where = "() => [...document.querySelectorAll('.tile')].map(t => JSON.stringify(t.getBoundingClientRect()))"
    before = await page.evaluate(where)
    await page.evaluate("gallery.message({type: 'speaking', levels: {'p-3': 70}})")
    await expect(page.locator("[data-person=p-3]")).to_have_class(re.compile("speaking"))
    assert await page.evaluate(where) == before


@pytest.mark.parametrize("viewport", [PHONE, ZOOMED, LAPTOP], ids=["phone", "zoomed", "laptop"])
async def test_everything_that_is_pressed_is_large_enough_for_a_thumb(show: Show, viewport: dict[str, int]) -> None:
    for query in ("people=8&panel=none", "people=8&role=facilitator&state=busy&panel=people", "people=8&panel=now"):
        page = await show(query, viewport=viewport)
        small = await page.evaluate(
            """() => [...document.querySelectorAll("button, a[href], select, textarea")]
                .filter(each => each.checkVisibility() && !each.closest("[inert], .visually-hidden, .skip-link, p, dd"))
                .filter(each => !each.matches(".skip-link"))
                .map(each => [each.getBoundingClientRect(), each])
                .filter(([box]) => box.width < 43.5 || box.height < 43.5)
                .map(([box, each]) => `${each.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)"""
        )
        assert small == []


async def test_the_keyboard_reaches_everything_and_is_never_caught(show: Show) -> None:
    page = await show("people=6&role=facilitator&state=busy&panel=people", viewport=LAPTOP)
    wanted = {
        "Exit quickly",
        "Undo",
        "Next",
        "Admit all",
        "Admit Wren Waiting",
        "Muted (microphone)",
        "Camera",
        "Raise your hand",
        "Chat",
        "Leave",
        "More",
        "Group",
        "Fold away",
    }
    reached: list[str] = []
    for _ in range(80):
        await page.keyboard.press("Tab")
        here = await page.evaluate(
            """() => {
                const each = document.activeElement;
                if (!each || each === document.body) return null;
                const {outlineStyle, outlineWidth} = getComputedStyle(each);
                return {name: (each.getAttribute("aria-label") ?? each.innerText ?? "").trim(),
                        seen: each.checkVisibility(), ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2};
            }"""
        )
        if here is None:
            break
        assert here["seen"], here
        assert here["ring"], here
        reached.append(here["name"])
    assert wanted <= set(reached), wanted - set(reached)
    assert reached[0] == "Go to the content"
    assert reached[1] == "Exit quickly"


async def asked(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("gallery.asked.map(each => each.type)")
    return found


async def test_single_keys_work_but_never_while_somebody_types(show: Show) -> None:
    page = await show("people=4&role=facilitator", viewport=LAPTOP)
    await page.keyboard.press("n")
    await page.wait_for_function("gallery.asked.some(each => each.type === 'advance')")
    await page.keyboard.press("u")
    await page.wait_for_function("gallery.asked.some(each => each.type === 'undo_move')")
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Microphone")).to_have_attribute("aria-pressed", "true")
    before = len(await asked(page))
    await page.keyboard.press("c")
    await expect(page.get_by_label("Your message")).to_be_focused()
    await page.keyboard.type("no mn")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("n")  # the focus was lost in mid-sentence: the group must not move
    assert (await asked(page))[before:] == []
    await expect(page.get_by_label("Your message")).to_have_value("no mn")


async def test_single_keys_can_be_switched_off_and_quick_exit_stays(show: Show) -> None:
    page = await show("people=4&dialog=keys", viewport=LAPTOP)
    await page.get_by_label("Use single keys").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.keyboard.press("h")
    assert "raise_hand" not in await asked(page)
    for _ in range(3):
        await page.keyboard.press("Escape")
    await page.wait_for_url("**/soup")


async def test_a_participants_keys_never_move_the_group(show: Show) -> None:
    page = await show("people=4", viewport=LAPTOP)
    await page.keyboard.press("n")
    await page.keyboard.press("u")
    await page.keyboard.press("h")
    await page.wait_for_function("gallery.asked.length > 0")
    assert await asked(page) == ["raise_hand"]


async def test_the_plan_leads_to_the_skills_library_beside_the_room(show: Show) -> None:
    page = await show("people=4&role=facilitator&panel=agenda", viewport=LAPTOP)
    link = page.get_by_role("link", name="Skills library (a new tab)")
    await expect(link).to_have_attribute("href", "/skills")
    await expect(link).to_have_attribute("target", "_blank")


async def test_an_advance_neither_interrupts_nor_loses_what_somebody_types(show: Show) -> None:
    page = await show("people=4", viewport=LAPTOP)
    goal = page.get_by_label("A goal for today")
    await goal.click()
    await page.keyboard.type("Listen mo")
    await page.keyboard.press("ArrowLeft")
    await page.evaluate(
        """gallery.send(view => {
            const {agenda} = view.room;
            agenda.segments[1].state = "done"; agenda.segments[2].state = "now";
            agenda.position = agenda.segments[2].id; agenda.next = agenda.segments[3].id;
            agenda.ends_at = Date.now() + 600000;
        })"""
    )
    await expect(page.locator(".path-now")).to_contain_text("Break")
    await expect(goal).to_be_focused()
    await page.keyboard.type("re to ")
    await expect(goal).to_have_value("Listen mre to o")
    saved = await page.evaluate("gallery.page.connection.unsaved('form:check-in').answers.goal")
    assert saved == "Listen mre to o"


async def test_a_safety_flag_cannot_be_dismissed_only_answered(show: Show) -> None:
    page = await show("people=6&state=flag&role=facilitator&panel=none", viewport=LAPTOP)
    flag = page.get_by_role("region", name="Safety: Kim Pattern")
    await expect(flag).to_contain_text("12 Sample Street")
    await expect(flag.get_by_role("link", name="+1 555 0100")).to_have_attribute("href", "tel:+15550100")
    await page.keyboard.press("Escape")
    await expect(flag).to_be_in_viewport()
    await flag.get_by_role("button", name="Write what was done").click()
    await flag.get_by_label("We spoke, and the person is safe for now").check()
    await flag.get_by_label("In your words").fill("Spoke in the break.")
    await flag.get_by_role("button", name="Keep in the record").click()
    await page.wait_for_function("gallery.asked.some(each => each.type === 'dispose_flag')")
    fields = await page.evaluate("gallery.asked.find(each => each.type === 'dispose_flag').fields")
    assert fields == {"flag": "f-1", "disposition": "spoke_safe", "text": "Spoke in the break."}
    await expect(flag).to_be_visible()  # until the server says that it is answered
    await page.evaluate("gallery.send(view => { view.staff.flags[0].disposition = 'spoke_safe'; })")
    await expect(flag).to_have_count(0)


async def test_participants_see_nothing_of_a_flag(show: Show) -> None:
    page = await show("people=6&state=flag", viewport=LAPTOP)
    await expect(page.locator(".flag")).to_have_count(0)


async def test_an_answer_in_private_never_goes_to_everyone_when_its_reader_left(show: Show) -> None:
    page = await show("people=4&role=facilitator&panel=chat", viewport=LAPTOP)
    await page.get_by_label("To", exact=True).select_option(label="Sam Sample, in private")
    await page.get_by_label("Your message").fill("Only for Sam")
    await page.evaluate("gallery.send(view => { view.staff.people.find(one => one.person === 'p-3').place = 'left'; })")
    await page.keyboard.press("Enter")
    await page.wait_for_function("gallery.asked.some(each => each.type === 'send_chat')")
    fields = await page.evaluate("gallery.asked.find(each => each.type === 'send_chat').fields")
    assert fields == {"text": "Only for Sam", "to": "staff", "room": None}


async def test_a_refused_message_goes_back_to_where_it_was_typed(show: Show) -> None:
    page = await show("people=4&panel=chat", viewport=LAPTOP)
    await page.evaluate("gallery.refuse({code: 'too_long', text: 'This is too long.'})")
    await page.get_by_label("Your message").fill("Something long")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Not sent: This is too long.")
    await expect(page.get_by_label("Your message")).to_have_value("Something long")


async def test_someone_walked_in_hides_everybody_and_silences_the_room(show: Show) -> None:
    page = await show("people=6", viewport=LAPTOP)
    await page.keyboard.press("s")
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    cover = await page.evaluate(
        """() => [...document.querySelectorAll(".tile-name, .side, .path")].map(each => {
            const {x, y, width, height} = each.getBoundingClientRect();
            return document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".shield, #frame") !== null;
        })"""
    )
    assert all(cover)
    await page.wait_for_function("gallery.asked.some(each => each.type === 'shield' && each.fields.on)")
    assert await page.evaluate("({...gallery.page.capture.on})") == {"camera": False, "microphone": False}
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_text("Paused", exact=True)).to_have_count(0)


SILENT_UNTIL_A_GESTURE = """() => {
    const play = HTMLMediaElement.prototype.play;
    let pressed = false; // the browser's own mark is set by the test's commands already
    addEventListener("pointerdown", () => { pressed = true; }, true);
    HTMLMediaElement.prototype.play = function () {
        const wait = this instanceof HTMLAudioElement && !pressed;
        return wait ? Promise.reject(new DOMException("no gesture yet", "NotAllowedError")) : play.call(this);
    };
}"""


async def test_a_browser_that_waits_for_a_gesture_gets_one_kind_button(show: Show) -> None:
    page = await show("people=4", viewport=LAPTOP)
    await page.evaluate(SILENT_UNTIL_A_GESTURE)
    await page.evaluate("gallery.slot('p-1', 'audio', new AudioContext().createMediaStreamDestination().stream)")
    button = page.get_by_role("button", name="Tap to hear the group")
    await button.click()
    await expect(button).to_have_count(0)


async def test_when_the_lead_drops_off_somebody_is_offered_to_take_over(show: Show) -> None:
    page = await show("people=4&role=facilitator", viewport=LAPTOP)
    await page.evaluate(
        """gallery.send(view => {
            for (const one of view.room.people) one.lead = one.person === "p-3";
            view.room.people[2].connected = false;
            view.you.lead = false;
        })"""
    )
    await page.get_by_role("button", name="Take the lead").first.click()
    await page.wait_for_function("gallery.asked.some(each => each.type === 'take_lead')")


async def test_the_room_looks_as_it_should(show: Show) -> None:
    """No assertion: pictures for people to look at."""
    for name, query, viewport, theme in (
        ("room-8", "people=8&speaking=p-3", DESKTOP, "light"),
        ("room-8-dark", "people=8&speaking=p-3", DESKTOP, "dark"),
        ("room-12-facilitator", "people=12&role=facilitator&state=busy&speaking=p-4", LAPTOP, "light"),
        ("room-12-facilitator-plan", "people=12&role=facilitator&state=busy&panel=agenda", LAPTOP, "dark"),
        ("room-8-phone", "people=8&panel=none", PHONE, "light"),
        ("room-12-phone-dark", "people=12&panel=none&speaking=p-5", PHONE, "dark"),
        ("room-break", "people=8&state=break&panel=none", LAPTOP, "light"),
        ("room-zoomed", "people=8&panel=none", ZOOMED, "light"),
    ):
        page = await show(query, viewport=viewport, theme=theme)
        await page.wait_for_function("[...document.querySelectorAll('.tile video')].every(each => each.videoWidth > 0)")
        await picture(page, name)


# --------------------------------------------------------------------------- colours


def test_every_pair_of_colours_that_carries_words_can_be_read() -> None:
    css = (ROOT / "webclient/static/css/tokens.css").read_text()
    light_css, dark_css = css.split("@media (prefers-color-scheme: dark)")
    light = colours(light_css)
    for theme in (light, light | colours(dark_css.split("@media")[0])):
        grounds = ("paper", "surface", "sunken")
        words = [(front, ground) for front in ("ink", "ink-soft", "accent", "on-clay-soft") for ground in grounds]
        words += [("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-danger", "danger")]
        words += [("on-danger", "danger-hover"), ("clay-soft", "on-clay-soft"), ("paper", "ink")]
        words += [(f"on-{soft}", soft) for soft in ("accent-soft", "clay-soft", "moss-soft", "danger-soft")]
        words += [("on-quiet", f"quiet-{n}") for n in range(1, 7)]
        marks = [
            (front, ground)
            for front in ("line-strong", "clay", "moss", "focus", "accent", "danger")
            for ground in ("paper", "surface")
        ]
        assert [(pair, round(contrast(theme, pair), 2)) for pair in words if contrast(theme, pair) < 4.5] == []
        assert [(pair, round(contrast(theme, pair), 2)) for pair in marks if contrast(theme, pair) < 3] == []


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


def contrast(theme: dict[str, str], pair: tuple[str, str]) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, bright = sorted(luminance(theme[name]) for name in pair)
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# --------------------------------------------------------------------------- on the real application


def running(people: int = 2) -> Evening:
    """A session in its check-in; everyone is in the room."""
    evening = Evening(session="s-now", starts_at=int(time.time() * 1_000) - 3 * MINUTE_MS, people=people)
    evening.at(-2)
    for person in (FAY, CODY, *evening.people):
        evening.come(person)
    evening.at(0)
    evening.do(c.StartSession(), FAY)
    return evening


@pytest_asyncio.fixture
async def enter(chromium: Browser) -> AsyncIterator[Callable[..., Any]]:
    """`await enter(clinic, person)`: their own browser profile, in the room."""
    contexts = []

    async def come(
        clinic: Clinic, person: str, *, viewport: ViewportSize = LAPTOP, line: LateViews | None = None
    ) -> Page:
        context = await chromium.new_context(
            viewport=viewport,
            permissions=["camera", "microphone"],
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(40_000)
        page = await context.new_page()
        if line is not None:
            await page.route_web_socket(re.compile("/socket"), line.attach)
        await page.goto(clinic.link("s-now", person))
        await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        return page

    yield come
    for context in contexts:
        await context.close()


async def test_typing_survives_an_advance_a_reload_and_a_restart(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        robin, fay = await enter(clinic, ROBIN), await enter(clinic, FAY)
        goal = robin.get_by_label(re.compile("A goal for today"))
        await goal.click()
        await goal.press_sequentially("Say one ")
        await fay.get_by_role("button", name="Next", exact=True).click()
        await expect(robin.locator(".path-now")).to_contain_text("Process")
        await expect(goal).to_be_focused()
        await goal.press_sequentially("true ")
        await expect(robin.get_by_text("Saved as you type")).to_be_visible()
        await robin.reload()
        await expect(goal).to_have_value("Say one true ")

        note = fay.get_by_label("The group")
        await fay.get_by_role("tab", name="Notes").click()
        await note.fill("Warm start.")
        await expect(fay.locator(".note-group .hint")).to_have_text("Saved")
        await clinic.stop()
        dropped = robin.locator(".notices").get_by_text("Your connection dropped. Your minutes are safe.")
        await expect(dropped).to_be_visible()
        await goal.press_sequentially("thing")
        await note.press_sequentially(" Then the server went.")
        await clinic.start()
        await expect(dropped).to_be_hidden()
        await expect(fay.locator(".note-group .hint")).to_have_text("Saved")
        await expect(robin.get_by_text("Saved as you type")).to_be_visible()
        await robin.reload()
        await expect(goal).to_have_value("Say one true thing")
        state = await clinic.state("s-now")
        assert state.notes.draft("group").text == "Warm start. Then the server went."
        assert state.checkin.sheet(ROBIN, "check-in").latest["goal"] == "Say one true thing"


async def test_quick_exit_leaves_something_neutral_and_back_does_not_return(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        robin, fay = await enter(clinic, ROBIN), await enter(clinic, FAY)
        await robin.get_by_role("tab", name="Chat").click()
        await robin.get_by_label("Your message").fill("half a word")  # also from within a field
        for _ in range(3):
            await robin.keyboard.press("Escape")
        await robin.wait_for_url("**/soup")
        await expect(robin.get_by_role("heading", level=1)).to_have_text("Simple lentil soup")
        assert await robin.evaluate("sessionStorage.length") == 0
        row = fay.get_by_role("listitem").filter(has_text="Robin")
        await expect(row.get_by_text(re.compile("Quick exit"))).to_be_visible()
        await robin.go_back()
        await expect(robin.get_by_text("Dr. Fay Facilitator")).to_have_count(0)
        assert "/s/" not in robin.url
        await expect(fay.get_by_role("listitem").filter(has_text="Sam").first).to_be_visible()
        seat = (await clinic.state("s-now")).seats.of(ROBIN)
        assert (seat.place.value, seat.left_how) == ("left", "quick_exit")


class LateViews:
    """A page's line whose views can be held back, as a slow network does; everything else passes."""

    def __init__(self) -> None:
        self.holding = False
        self._held: list[Callable[[], None]] = []

    def attach(self, line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if self.holding and json.loads(message)["type"] == "view":
                self._held.append(lambda: line.send(message))
            else:
                line.send(message)

        server.on_message(pass_on)

    def release(self) -> None:
        self.holding = False
        for send in self._held:
            send()
        self._held.clear()


async def test_two_who_write_in_the_same_note_both_keep_their_words(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    views = LateViews()
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        fay, cody = await enter(clinic, FAY, line=views), await enter(clinic, CODY)
        for page in (fay, cody):
            await page.get_by_role("tab", name="Notes").click()
        note, saved = fay.locator("#note-group"), ".note-group .hint"
        views.holding = True
        await cody.get_by_label("The group").fill("Cody's words.")
        await expect(cody.locator(saved)).to_have_text("Saved")
        await note.fill("Fay's words.")  # she has not seen his yet
        meeting = fay.get_by_role("alert").filter(has_text="Someone else wrote here too")
        await expect(meeting).to_be_visible()
        views.release()
        await expect(meeting).to_contain_text("Cody's words.")
        await expect(note).to_have_value("Fay's words.")
        await fay.reload()  # undecided, and still nothing is lost
        await fay.get_by_role("tab", name="Notes").click()
        await expect(note).to_have_value("Fay's words.")
        await meeting.get_by_role("button", name="Keep both").click()
        await expect(fay.locator(saved)).to_have_text("Saved")
        await expect(cody.get_by_label("The group")).to_have_value("Cody's words.\nFay's words.")
        assert (await clinic.state("s-now")).notes.draft("group").text == "Cody's words.\nFay's words."


async def test_a_facilitator_mutes_asks_and_moves_and_the_person_is_told_kindly(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        robin, fay = await enter(clinic, ROBIN), await enter(clinic, FAY)
        microphone = robin.get_by_role("button", name="Microphone")
        await microphone.click()
        await fay.get_by_role("button", name="Mute Robin").click()
        await expect(microphone).to_have_attribute("aria-pressed", "false")
        await expect(robin.get_by_text("A facilitator muted you.")).to_be_visible()
        await fay.get_by_role("button", name="Ask Robin to unmute").click()
        await robin.get_by_role("button", name="Unmute", exact=True).click()
        await expect(microphone).to_have_attribute("aria-pressed", "true")
        await fay.get_by_role("button", name=re.compile("^Robin")).click()
        await fay.get_by_role("button", name="To waiting room").click()
        await expect(robin.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
        await fay.get_by_role("button", name="Let back in").click()
        await expect(robin.get_by_role("button", name="Leave", exact=True)).to_be_visible()


async def test_words_to_the_facilitators_reach_them_alone(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        robin, sam, fay = await enter(clinic, ROBIN), await enter(clinic, SAM), await enter(clinic, FAY)
        for page in (robin, sam, fay):
            await page.get_by_role("tab", name="Chat").click()
        await robin.get_by_label("To", exact=True).select_option("staff")
        await robin.get_by_label("Your message").fill("May I keep my camera off?")
        await robin.keyboard.press("Enter")
        await expect(fay.locator(".chat-message")).to_contain_text("May I keep my camera off?")
        await fay.get_by_label("To", exact=True).select_option(label="Robin, in private")
        await fay.get_by_label("Your message").fill("Of course.")
        await fay.keyboard.press("Enter")
        await expect(robin.locator(".chat-message").filter(has_text="Of course.")).to_contain_text("only to you")
        await fay.get_by_label("To", exact=True).select_option("everyone")
        await fay.get_by_label("Your message").fill("Back in five.")
        await fay.keyboard.press("Enter")
        await expect(sam.locator(".chat-message").last).to_contain_text("Back in five.")
        await expect(sam.locator(".chat-message")).to_have_count(1)


async def test_leaving_says_what_is_safe_and_offers_the_way_back(
    enter: Callable[..., Any], tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, running()) as clinic:
        robin = await enter(clinic, ROBIN, viewport=PHONE)
        await robin.get_by_role("button", name="Leave", exact=True).click()
        await robin.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
        await expect(robin.get_by_role("heading", name="You left the meeting")).to_be_focused()
        assert await barriers(robin) == []
        await robin.get_by_role("button", name="Come back in").click()
        await expect(robin.get_by_label("Name the group sees")).to_be_visible()
