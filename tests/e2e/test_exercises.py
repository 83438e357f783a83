"""Live exercises in a real browser: every one at a phone's width, by keyboard, in step, and a group that does some."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from facilitation import commands as c
from facilitation.ids import PersonId
from facilitation.timebase import MINUTE_MS
from server.library import load_library
from tests.support.acts import open_listed
from tests.support.browser import DESKTOP, PHONE, barriers, picture
from tests.support.evening import FAY, Evening, open_clinic
from tests.support.gallery import gallery
from tests.support.serving import served

pytestmark = pytest.mark.timeout(240)

TALL = {"width": PHONE["width"], "height": 1_500}
ROBIN, SAM = PersonId("p-1"), PersonId("p-2")
EXERCISES = load_library().exercises
CLEAR = dict.fromkeys(
    ("state", "round", "kind", "long", "exercise", "step", "filled", "results", "out", "past", "since", "role")
)


@pytest_asyncio.fixture(scope="module")
async def screen(chromium: Browser) -> AsyncIterator[Page]:
    """The gallery, open once for all of it."""
    async with served(gallery()) as url:
        context = await chromium.new_context(reduced_motion="reduce", viewport=TALL)
        context.set_default_timeout(40_000)
        page = await context.new_page()
        mistakes: list[str] = []
        page.on("pageerror", lambda error: mistakes.append(str(error)))
        page.on("console", lambda line: mistakes.append(line.text) if line.type == "error" else None)
        await page.goto(f"{url}/gallery?people=7&panel=now")
        await expect(page.locator("html[data-ready]")).to_have_count(1)
        yield page
        await context.close()
        assert mistakes == []


async def show(page: Page, **wanted: Any) -> None:
    await page.evaluate("wanted => gallery.show(wanted)", CLEAR | wanted)


async def test_every_exercise_keeps_nobody_out_at_the_width_of_a_phone(screen: Page) -> None:
    for number, exercise in enumerate(EXERCISES):
        step = 0 if exercise.own_pace else min(1, len(exercise.steps) - 1)
        await show(screen, exercise=exercise.id, step=step, filled=1)
        await expect(screen.get_by_role("heading", name=exercise.title)).to_be_visible()
        await screen.emulate_media(color_scheme="dark" if number % 2 else "light", reduced_motion="reduce")
        assert await barriers(screen, within=".side") == [], exercise.id
        assert await screen.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
        small = await screen.evaluate(
            """() => [...document.querySelectorAll(".exercise :is(button, select, textarea, [type=text], summary)")]
                .filter(each => each.checkVisibility()).map(each => [each.getBoundingClientRect(), each])
                .filter(([box]) => box.width < 43.5 || box.height < 43.5)
                .map(([box, each]) => each.outerHTML.slice(0, 90))"""
        )
        assert small == [], exercise.id
        await picture(screen, f"exercise-{exercise.id}")
    await screen.emulate_media(color_scheme="light", reduced_motion="reduce")


async def test_results_invitations_and_what_is_over_keep_nobody_out(screen: Page) -> None:
    for name, wanted in {
        "words": {"exercise": "word-cloud", "results": 1},
        "numbers": {"exercise": "scale-poll", "results": 1},
        "invitation": {"exercise": "paced-breathing"},
        "sitting-out": {"exercise": "body-scan", "step": 1, "out": 1},
        "past": {"exercise": "check-the-facts", "past": 1, "filled": 1},
    }.items():
        await show(screen, **wanted)
        if name == "past":
            await screen.get_by_text("Check the facts: what you wrote").click()
            await expect(screen.get_by_role("textbox", name="What I know for sure")).to_have_value("I call on Friday.")
        assert await barriers(screen, within=".side") == [], name
        await picture(screen, f"exercise-{name}")


async def test_a_round_says_to_each_what_is_theirs_and_keeps_nobody_out(screen: Page) -> None:
    for place, said in {
        "begin": "You are the first one",
        "next": "You are next",
        "other": "2 people are before you",
        "now": "It is your turn",
        "passed": "You passed, and that is fine",
        "out": "ask your facilitator to add you",
        "over": "Everyone has been asked",
    }.items():
        await show(screen, round=place, kind="appreciation", long=1 if place == "now" else None)
        await expect(screen.locator(".round")).to_contain_text(said)
        if place in ("now", "next"):
            await expect(screen.locator("#live")).to_contain_text("your turn" if place == "now" else "You are next")
        assert await barriers(screen, within=".round-strip") == [], place
        assert await screen.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
    for state, said in {"agreeing": "3 of 7 say yes.", "glad": "4 of us are glad with them."}.items():
        await show(screen, state=state)
        await expect(screen.get_by_text(said)).to_be_visible()
        assert await barriers(screen, within=".side") == [], state
    await show(screen, round="now")
    await screen.get_by_role("button", name="Come back to me").press("Enter")
    assert await screen.evaluate("gallery.asked.at(-1)") == {"type": "ask_me_later", "fields": {"round": "round-1"}}
    await picture(screen, "round-mine")


async def test_a_sheet_keeps_every_letter_through_views_and_shares_what_is_there_now(
    screen: Page,
) -> None:
    await show(screen, exercise="check-the-facts")
    known = screen.get_by_role("textbox", name="What I know for sure")
    await known.click()
    await screen.keyboard.type("They read i")
    await screen.evaluate("gallery.send(view => { view.room.exercise.sent = 4; })")
    await screen.keyboard.type("t.")
    await expect(known).to_be_focused()
    await expect(known).to_have_value("They read it.")
    draft = "gallery.page.connection.unsaved('exercise:run-check-the-facts').answers.known"
    assert await screen.evaluate(draft) == "They read it."
    await screen.get_by_role("button", name="Share with the group: What I know for sure").click()
    asked = await screen.evaluate("gallery.asked.at(-1)")
    assert asked == {
        "type": "share_exercise_answer",
        "fields": {"run": "run-check-the-facts", "field": "known", "entry": "They read it."},
    }


async def test_a_wave_is_drawn_by_keyboard_as_well_as_by_finger(screen: Page) -> None:
    await show(screen, exercise="urge-wave", step=1)
    strong = screen.get_by_label("How strong (up and down)")
    await strong.focus()
    for _ in range(3):
        await screen.keyboard.press("ArrowUp")
    await screen.get_by_label("Where in time (left to right)").focus()
    await screen.keyboard.press("ArrowRight")
    await strong.focus()
    await screen.keyboard.press("ArrowUp")
    wave = "gallery.page.connection.unsaved('exercise:run-urge-wave').answers.wave"
    assert await screen.evaluate(wave) == [15, 20]
    box = await screen.locator(".drawing").bounding_box()
    assert box is not None
    await screen.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    await screen.mouse.down()
    await screen.mouse.move(box["x"] + box["width"] - 5, box["y"] + 10, steps=12)
    await screen.mouse.up()
    drawn = await screen.evaluate(wave)
    assert 45 <= len(drawn) <= 48
    assert all(0 <= height <= 100 for height in drawn)
    assert drawn[-1] > 85


async def test_who_wants_less_motion_breathes_by_words_and_numbers(screen: Page) -> None:
    await show(screen, exercise="paced-breathing", step=0, since=1_000)
    await expect(screen.locator(".breath-word")).to_have_text("Breathe in")
    await expect(screen.locator(".breath-word")).to_have_text("Breathe out")
    assert await screen.locator(".breath-circle").evaluate("each => getComputedStyle(each).transform") == "none"
    assert await screen.locator("#live").evaluate("each => each.textContent.includes('Breathe out')") is False


CLOCKS = """async ({up, down, jitter, skew, drift, seed}) => {
    const {createSync} = await import("/static/core/sync.mjs");
    let random = seed;
    const next = () => (random = (random * 1103515245 + 12345) % 2147483648) / 2147483648;
    let truth = 0;
    const sync = createSync(() => truth * (1 + drift) + skew);
    const events = [];
    for (let at = 0; at < 90_000; at += at < 2_000 ? 400 : 4_000) {
        const there = at + up + next() * jitter, back = there + down + next() * jitter;
        const ask = () => {
            const asked = truth * (1 + drift) + skew;
            events.push({at: back, run: () => sync.answered(asked, Math.floor(there + 1e12))});
        };
        events.push({at, run: ask});
    }
    for (let at = 0; at < 90_000; at += 700) {
        events.push({at: at + down + next() * jitter, run: () => sync.heard(Math.floor(at + 1e12))});
    }
    let worst = 0, unsure = 0;
    while (events.length) {
        events.sort((a, b) => a.at - b.at);
        const event = events.shift();
        truth = event.at;
        event.run();
        if (truth > 3_000) { worst = Math.max(worst, Math.abs(sync.now() - (truth + 1e12))); unsure = sync.unsure(); }
    }
    return {worst, unsure};
}"""


@pytest.mark.parametrize(
    ("up", "down", "jitter"), [(5, 5, 0), (60, 60, 80), (20, 180, 60), (250, 40, 120), (300, 300, 400)]
)
async def test_the_servers_clock_is_known_but_for_half_of_how_uneven_the_ways_are(
    screen: Page, up: int, down: int, jitter: int
) -> None:
    for seed, (skew, drift) in enumerate([(0, 0), (86_400_000, 4e-5), (-7_000, -4e-5)]):
        ways = {"up": up, "down": down, "jitter": jitter, "skew": skew, "drift": drift, "seed": seed + 1}
        told = await screen.evaluate(CLOCKS, ways)
        assert told["worst"] <= abs(up - down) / 2 + jitter / 2 + 8, (ways, told)
        assert told["worst"] <= told["unsure"] + jitter + 8, "it knows how little it knows"


async def test_a_clock_that_jumps_is_believed_no_longer(screen: Page) -> None:
    error = await screen.evaluate(
        """async () => {
            const {createSync} = await import("/static/core/sync.mjs");
            let local = 0;
            const sync = createSync(() => local);
            const ask = server => { const asked = local; local += 20; sync.answered(asked, server); };
            for (let n = 0; n < 5; n += 1) { ask(1_000_000 + local + 10); local += 1_000; }
            ask(1_030_000 + local + 10);  // the computer slept for half a minute, and its clock with it
            return Math.abs(sync.now() - (1_030_000 + local));
        }"""
    )
    assert error <= 11


# --------------------------------------------------------------------------- a group that does some


def in_the_skills_block() -> Evening:
    evening = Evening(session="s-now", starts_at=int(time.time() * 1_000) - 3 * MINUTE_MS, people=6)
    evening.at(-2)
    for person in (FAY, *evening.people):
        evening.come(person)
    evening.at(0)
    evening.do(c.StartSession(), FAY)
    return evening


async def test_a_group_breathes_together_checks_facts_and_it_stands_in_the_record(
    chromium: Browser, tmp_path: Path, valkey_url: str
) -> None:
    async with open_clinic(tmp_path, valkey_url, in_the_skills_block()) as clinic:
        pages: dict[PersonId, Page] = {}
        for person in (FAY, ROBIN, SAM):
            context = await chromium.new_context(viewport=PHONE if person == SAM else DESKTOP, reduced_motion="reduce")
            context.set_default_timeout(40_000)
            pages[person] = page = await context.new_page()
            await page.goto(clinic.link("s-now", person))
            await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        fay, robin, sam = pages[FAY], pages[ROBIN], pages[SAM]
        await fay.get_by_role("tab", name="Now").click()
        await fay.get_by_label("Choose a skill").select_option(label="Check the facts")
        await expect(robin.locator(".now-card")).to_contain_text("Check the facts")

        await open_listed(fay, "Paced breathing")
        await expect(sam.get_by_role("heading", name="Paced breathing")).to_be_visible()  # the card came by itself
        await robin.get_by_role("button", name="I take part").click()
        await fay.get_by_role("button", name="Begin").click()
        for page in pages.values():
            await expect(page.locator(".breath-word")).to_have_text("Breathe in")
        await fay.get_by_role("button", name="End the exercise").click()
        await expect(robin.locator(".exercise")).to_have_count(0)

        await open_listed(fay, "Check the facts")
        known = robin.get_by_role("textbox", name="What I know for sure")
        await known.click()
        await known.press_sequentially("She walked past me.")
        await expect(robin.locator(".exercise").get_by_text("Saved as you type")).to_be_visible()
        await clinic.stop()
        await known.press_sequentially(" That is all.")
        await clinic.start()
        await robin.reload()
        await expect(known).to_have_value("She walked past me. That is all.")
        await expect(fay.locator(".exercise-lead")).to_be_visible()
        assert "walked past" not in await fay.content()
        await robin.get_by_role("button", name="Share with the group: What I know for sure").click()
        await expect(sam.locator(".shared-answer")).to_contain_text("She walked past me. That is all.")
        await fay.get_by_role("button", name="End the exercise").click()
        await expect(robin.get_by_text("Check the facts: what you wrote")).to_be_visible()

        await fay.get_by_text("Go round").click()
        await fay.get_by_label("The question").fill("What helped?")
        await fay.get_by_label("In which order").select_option(label="By hand")
        await fay.get_by_role("button", name="Open the round").click()
        await expect(robin.locator(".round")).to_contain_text("You are the first one")
        await fay.get_by_role("button", name="Begin with Robin").click()
        await expect(sam.locator(".round")).to_contain_text("Robin has the turn")
        await expect(sam.locator(".round")).to_contain_text("You are next")
        await sam.get_by_role("button", name="I’d rather pass").click()
        await robin.get_by_role("button", name="I am done").click()
        await expect(sam.locator(".round")).to_contain_text("You passed")
        await expect(fay.locator(".round-line")).to_contain_text("Sam passed")
        await fay.get_by_role("button", name="Close the round").click()
        await expect(robin.locator(".round")).to_have_count(0)

        state = await clinic.state("s-now")
        assert {person: how.value for person, how in state.rounds.all[0].done.items()}.items() >= {
            ROBIN: "spoke",
            SAM: "passed",
        }.items()
        assert state.notes.skills == ("Check the facts",)
        breathing, facts = state.practice.runs
        assert breathing.paper(ROBIN).took_part and not breathing.paper(SAM).took_part
        assert dict(facts.paper(ROBIN).shared) == {"known": "She walked past me. That is all."}
        for page in pages.values():
            await page.context.close()
