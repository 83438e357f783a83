"""Two whole groups, of adults and of teens, from the door to the ledger: five real browsers each, by clicks alone.

A lesson of the curriculum, exercises, a poll, a round, small rooms, a measure whose ninth question is above zero, the
safety path to its end, tonight's plan; and then every page must say what really happened, to whom it may be said, and
to nobody else. Two hours go by in a minute: the server's clock is set ahead, and the test keeps watch with its own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from facilitation.facts import duration_text
from server.bots.seat import Seat as Wired
from server.projections.verify import verify
from tests.support import acts
from tests.support.acts import CALM, GOING_HOME, open_now, panel
from tests.support.browser import DESKTOP, PHONE, picture
from tests.support.evening import CODY, FAY
from tests.support.passkeys import authenticator
from tests.support.retold import oracle_of
from tests.support.seats import WITHIN_MS, SeatAtBrowser, seat_at
from tests.support.story import GALE, Story, story
from tests.support.visits import choose_pin, pause

pytestmark = pytest.mark.timeout(540)

ADULTS = {"p-1": "Robin", "p-2": "Sam", "p-3": "Alex", "p-4": "Jo"}
KIM = "p-5"
TEENS = {"p-ash": "Ash", "p-bay": "Bay", "p-cam": "Cam"}
LISTEN = "We listen to the end."
MOOD = "How you have been: mood"
CLIMATE = "How this group is for you"
STANDS = """() => {
  const dock = document.querySelector(".dock"), path = document.querySelector(".room-root > .path");
  if (!dock) return true;
  return Math.abs(dock.getBoundingClientRect().bottom - innerHeight) < 4 && path.scrollHeight <= path.clientHeight + 1;
}"""


# --------------------------------------------------------------------------- people


@asynccontextmanager
async def seats(browser: Browser, told: Story, *people: str) -> AsyncIterator[dict[str, SeatAtBrowser]]:
    """A browser for each: those who lead at a desk, the others on a phone."""
    found = {person: await take(browser, told, person) for person in people}
    try:
        yield found
    finally:
        for seat in found.values():
            await seat.context.close()
    assert [seat.mistakes for seat in found.values() if seat.mistakes] == []


async def take(browser: Browser, told: Story, person: str) -> SeatAtBrowser:
    size = DESKTOP if person in (FAY, CODY) else PHONE
    seat = await seat_at(browser, person, told.link(person), width=size["width"], height=size["height"])
    seat.context.set_default_timeout(120_000)  # five browsers on a busy machine are slow, not wrong
    return seat


async def everybody(*acts: Any) -> None:
    await asyncio.gather(*acts)


async def looked_at(seats: Mapping[str, SeatAtBrowser], name: str) -> None:
    """Pictures of all pages as they are now, if somebody wants to look; and the room stands where it stood."""
    for person, seat in seats.items():
        assert await seat.page.evaluate(STANDS), f"{name}: the room of {person} was scrolled away or squeezed"
        await picture(seat.page, f"evening-{name}-{person}")


@asynccontextmanager
async def wired(told: Story, person: str) -> AsyncIterator[Wired]:
    """Somebody in the room who speaks the protocol and has no browser."""
    seat = Wired(told.link(person))
    holding = asyncio.create_task(seat.run())
    try:
        yield seat
    finally:
        await seat.close()
        await holding


async def arrive_by_wire(seat: Wired, name: str) -> None:
    await seat.until(lambda view: view["you"]["place"] == "arriving")
    await seat.sign(name)
    where = {"location": "14 Sample Street, Exampleton", "state": "NY", "callback": "555 0104"}
    await seat.command("arrive", name=name, **where, private_space=True, agreement=True)


# --------------------------------------------------------------------------- adults


async def test_an_adult_evening_from_the_door_to_the_ledger(chromium: Browser, tmp_path: Path, valkey_url: str) -> None:
    async def before(told: Story) -> None:
        await told.agreed(LISTEN)
        await told.met_before(4, taught="name-the-feeling")

    shape = {"people": ADULTS, "programme": "adult-iop", "plan": "adult", "title": "Evening group", "hour": 18}
    async with (
        story(tmp_path, valkey_url, before, leads=[FAY], **shape) as told,
        seats(chromium, told, FAY, "p-1", "p-2", "p-3") as room,
        wired(told, "p-4") as jo,
    ):
        fay, robin, sam, alex = (room[person] for person in (FAY, "p-1", "p-2", "p-3"))
        await a_day_is_kept_at_home(robin, told)
        await the_group_arrives(told, room, jo)
        await robin_answers_the_ninth_question_and_is_spoken_with_apart(told, room)
        await robin_shows_the_week_and_all_are_asked_but_sam_passes(told, room, jo)
        await the_lesson_of_tonight_is_taught_and_practiced(told, room)
        kim = await pairs_go_apart_kim_comes_late_and_all_are_back_by_themselves(chromium, told, room)
        room[KIM] = kim
        await five_words_are_shown_and_four_are_not(room, jo)
        await everybody_goes_home_with_a_plan(told, room)
        await notes_minutes_and_ledger_say_what_happened(told, fay.page)
        await robin_finds_it_all_at_home(told, robin.page)
        await nobody_else_has_it(told, [sam.page, alex.page])


async def a_day_is_kept_at_home(robin: SeatAtBrowser, told: Story) -> None:
    page = robin.page
    await robin.open()
    await page.goto(f"{told.server.url}/diary")
    await page.get_by_label("A word on the day").fill("Called my sister.")
    await page.locator("[name=feeling_fear][value='4']").check(force=True)
    await page.get_by_role("button", name="Keep my day").click()
    await expect(page.get_by_text("Kept, for you alone.")).to_be_visible(timeout=WITHIN_MS)


async def the_group_arrives(told: Story, room: Mapping[str, SeatAtBrowser], jo: Wired) -> None:
    fay, *people = room.values()
    await fay.open()
    await fay.is_in_the_room()
    await everybody(*(come(seat) for seat in people), arrive_by_wire(jo, "Jo"))
    await expect(people[0].page.get_by_role("region", name="What this group agreed on")).to_contain_text(LISTEN)
    await looked_at(room, "01-waiting")
    async with told.witness.coming(*ADULTS):
        for name in ADULTS.values():
            await acts.admit(fay, name)
        await everybody(*(seat.is_in_the_room() for seat in people))
        await jo.until(lambda view: view["you"]["place"] == "room")
    await panel(fay, "Now")
    await expect(fay.page.get_by_role("region", name="How we want to be here")).to_contain_text(LISTEN)
    await everybody(*(seat.speak_and_show() for seat in room.values()))
    await room["p-3"].hide()
    told.until(0)
    async with told.witness.marking("start"):
        await acts.start(fay)
    await everybody(*(seat.sees_and_hears(2) for seat in room.values()))
    await looked_at(room, "02-started")


async def come(seat: SeatAtBrowser, near: tuple[str, str] | None = None) -> None:
    await seat.open()
    await seat.arrive(near=near)


async def robin_answers_the_ninth_question_and_is_spoken_with_apart(
    told: Story, room: Mapping[str, SeatAtBrowser]
) -> None:
    fay, robin, sam, alex = room.values()
    told.until(6)
    card = await open_now(robin)
    await expect(card).to_contain_text("Last time: Name the feeling.")
    for seat in (robin, sam):
        await open_now(seat)
        await acts.fill_form(seat, "Check-in", CALM, A_goal_for_today="Say one true thing", Which_skill="five senses")
        await acts.send_form(seat, "Check-in")
    ninth = ["Several days", "Not at all", "Several days", *["Not at all"] * 5, "Several days", ""]
    await acts.answer_measure(robin, MOOD, ninth, end="Send to the facilitators")
    await expect(robin.page.get_by_role("heading", name="Thank you for telling us")).to_be_visible()
    await expect(robin.page.get_by_text("Someone from your group will speak with you.")).to_be_visible()
    await looked_at(room, "03-flag")

    flag = fay.page.get_by_role("region", name="Safety: Robin")
    await flag.get_by_role("button", name="I see to it").click()
    await flag.get_by_role("button", name="Side room with Robin").click()
    await expect(robin.page.locator(".small-room")).to_contain_text(
        "You and Dr. Fay Facilitator, apart from the group.", timeout=WITHIN_MS
    )
    await expect(sam.page.locator(".small-room")).to_contain_text("Your facilitators are with somebody just now.")
    await everybody(fay.sees_and_hears(1), robin.sees_and_hears(1))
    steps = fay.page.get_by_role("region", name="Steps: Robin")
    for step in await steps.locator(".flag-step").all():
        await step.click()
    await looked_at(room, "04-side-room")
    await fay.page.get_by_role("button", name="Back to the group, both of you").click()
    await everybody(*(seat.sees(1) for seat in (robin, alex)))
    await acts.write_down_what_was_done(
        fay, flag, "We made or went through the safety plan", "Robin calls a sister tonight."
    )


async def robin_shows_the_week_and_all_are_asked_but_sam_passes(
    told: Story, room: Mapping[str, SeatAtBrowser], jo: Wired
) -> None:
    fay, robin, sam, alex = room.values()
    told.until(20)
    await robin.page.get_by_role("button", name="Show my week").click()
    await expect(robin.page.get_by_role("heading", name="You show your week")).to_be_visible(timeout=WITHIN_MS)
    await robin.page.get_by_role("button", name="Feelings", exact=True).click()
    await expect(sam.page.get_by_role("heading", name="Robin shows their week")).to_be_visible(timeout=WITHIN_MS)
    await expect(sam.page.get_by_text("Called my sister.")).to_have_count(0)
    await panel(fay, "People")
    row = fay.page.locator(".person", has_text="shows their week")
    await row.get_by_role("button", name=re.compile("^Robin")).first.click()
    await row.get_by_text("Their week, as they show it").click()
    await expect(row.get_by_text("Called my sister.")).to_be_visible(timeout=WITHIN_MS)
    await looked_at(room, "05-week")

    await panel(fay, "Now")
    await fay.page.get_by_text("Go round").click()
    await fay.page.get_by_label("In which order").select_option(label="By hand")
    await fay.page.get_by_role("button", name="Open the round").click()
    await fay.page.get_by_role("button", name="Begin with Robin").click()
    await expect(robin.page.locator(".round")).to_contain_text("It is your turn", timeout=WITHIN_MS)
    await looked_at(room, "06-round")
    await sam.page.get_by_role("button", name="I’d rather pass").click()
    await robin.page.get_by_role("button", name="I am done").click()
    await alex.page.get_by_role("button", name="I am done").click()
    mine = await jo.until(lambda view: (view["you"]["turn"] or {}).get("place") == "now")
    turn = mine["room"]["round"]
    await jo.command("move_round_on", round=turn["round"], turn=turn["turn"])
    await expect(sam.page.locator(".round")).to_contain_text("Everyone has been asked.", timeout=WITHIN_MS)
    await fay.page.get_by_role("button", name="Close the round").first.click()


async def the_lesson_of_tonight_is_taught_and_practiced(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, robin, sam, _ = room.values()
    told.until(35)
    await acts.next_part(fay, "Process group")
    told.until(85)
    async with told.witness.marking("rest 1"):
        await acts.next_part(fay, "Break")
    await looked_at(room, "07-break")
    told.until(95)
    async with told.witness.marking("rest 1 over"):
        await acts.next_part(fay, "Skills")
    today = fay.page.locator(".choose-today")
    await expect(today).to_contain_text("Check the facts")
    await expect(today).to_contain_text("Look back at: Name the feeling")
    await today.get_by_role("button", name="Take this one").click()
    await expect(robin.page.locator(".now-card")).to_contain_text("Check the facts.", timeout=WITHIN_MS)

    await acts.open_exercise(fay, "Paced breathing")
    await everybody(*(seat.page.get_by_role("button", name="I take part").click() for seat in (robin, sam)))
    await fay.page.get_by_role("button", name="Begin", exact=True).click()
    await everybody(
        *(
            expect(seat.page.locator(".breath-word")).to_have_text("Breathe in", timeout=WITHIN_MS)
            for seat in room.values()
        )
    )
    await looked_at(room, "08-breathing")
    told.clock.later(minutes=3)
    await acts.end_exercise(fay)

    await acts.open_exercise(fay, "Check the facts")
    await robin.page.get_by_label("What I know for sure").fill("She walked past me.")
    await sam.page.get_by_label("What I know for sure").fill("Nobody reads this.")
    await robin.page.get_by_role("button", name="Share with the group: What I know for sure").click()
    await expect(sam.page.locator(".shared-answer").last).to_contain_text("She walked past me.", timeout=WITHIN_MS)
    await expect(sam.page.locator(".exercise").get_by_text("Saved as you type")).to_be_visible(timeout=WITHIN_MS)
    await looked_at(room, "09-facts")
    told.clock.later(minutes=8)
    await acts.end_exercise(fay)
    told.until(145)
    async with told.witness.marking("rest 2"):
        await acts.next_part(fay, "Break")
    told.until(155)
    async with told.witness.marking("rest 2 over"):
        await acts.next_part(fay, "Practice")


async def pairs_go_apart_kim_comes_late_and_all_are_back_by_themselves(
    chromium: Browser, told: Story, room: Mapping[str, SeatAtBrowser]
) -> SeatAtBrowser:
    fay, robin, sam, _ = room.values()
    await fay.page.get_by_role("button", name="By hand", exact=True).click()
    await fay.page.get_by_label("What to do there").fill("Say one thing that you checked.")
    await fay.page.get_by_label("How long").select_option(label="5 minutes")
    await fay.page.get_by_role("button", name="Open the small rooms").click()
    await expect(robin.page.locator(".small-room")).to_contain_text("Small room 1: you and Sam.", timeout=WITHIN_MS)
    await everybody(*(seat.sees_and_hears(1) for seat in (robin, sam)))
    await looked_at(room, "10-small-rooms")

    await told.list_late(KIM, "Kim")
    kim = await take(chromium, told, KIM)
    await come(kim)
    waits = fay.page.get_by_role("tab", name=re.compile("People.*somebody waits to come in"))
    await expect(waits).to_be_visible(timeout=WITHIN_MS)
    await panel(fay, "People")
    async with told.witness.coming(KIM):
        await acts.admit(fay, "Kim")
        await kim.is_in_the_room()
    await panel(fay, "Now")
    await kim.speak_and_show()
    await expect(kim.page.locator(".small-room")).to_contain_text(
        "You are with the facilitators, and they find you a place."
    )
    strip = fay.page.locator(".small-rooms")
    await expect(strip).to_contain_text("Kim has just come in.")
    await looked_at({**room, KIM: kim}, "11-late")
    await strip.get_by_role("button", name="To Robin and Sam").click()
    await expect(kim.page.locator(".small-room")).to_contain_text("Small room 1:", timeout=WITHIN_MS)
    await kim.sees_and_hears(2)

    told.clock.later(minutes=4, seconds=52)
    await fay.page.get_by_label("Tell all rooms").fill("Come to an end, please.")
    await fay.page.get_by_role("button", name="Send to all rooms").click()
    await expect(robin.page.locator("#toast")).to_contain_text("You are back with the group.", timeout=WITHIN_MS)
    await everybody(*(seat.sees_and_hears(1) for seat in (fay, robin, kim)))
    await looked_at({**room, KIM: kim}, "12-back")
    return kim


async def five_words_are_shown_and_four_are_not(room: Mapping[str, SeatAtBrowser], jo: Wired) -> None:
    fay, robin, sam, alex, kim = room.values()
    await acts.open_exercise(fay, "One word each")
    await everybody(
        *(one_word(seat, word) for seat, word in ((robin, "calm"), (sam, "calm"), (alex, "sunny"), (kim, "new")))
    )
    count = fay.page.get_by_role("button", name="Count the answers")
    await expect(fay.page.locator(".exercise")).to_contain_text("1 more answer is needed", timeout=WITHIN_MS)
    await count.click(force=True)  # it says that it cannot be pressed; pressed all the same, it shows nothing
    await expect(fay.page.locator("#toast")).to_contain_text("There have to be 5 answers", timeout=WITHIN_MS)
    await expect(fay.page.locator(".exercise")).not_to_contain_text("sunny")
    await looked_at(room, "13-four-words")
    view = await jo.until(lambda view: view["room"]["exercise"])
    run = view["room"]["exercise"]["run"]
    await jo.command("answer_exercise", run=run, answers={"words": ["awake"]}, sent=True)
    await expect(fay.page.locator(".exercise")).to_contain_text("Counting ends the answering.", timeout=WITHIN_MS)
    # By key: where the card grows under a pointer that is on its way, a slow machine presses beside the button.
    await count.press("Enter")
    await fay.page.get_by_role("button", name="Show them to the group").press("Enter")
    for seat in (robin, kim):
        await expect(seat.page.locator(".exercise")).to_contain_text("awake", timeout=WITHIN_MS)
    await looked_at(room, "14-five-words")
    await acts.end_exercise(fay)


async def one_word(seat: SeatAtBrowser, word: str) -> None:
    await seat.page.locator(".exercise").get_by_role("textbox").first.fill(word)
    await seat.page.get_by_role("button", name="Send without my name").click()
    await expect(seat.page.get_by_role("button", name="Sent. Send again")).to_be_visible(timeout=WITHIN_MS)


async def everybody_goes_home_with_a_plan(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, robin, sam, alex, kim = room.values()
    told.until(186)
    await acts.next_part(fay, "Wrap-up")

    # What somebody wants to be glad about, in their own words.
    await open_now(alex)
    await alex.page.get_by_text("Something you want to mark today?").click()
    await alex.page.get_by_label("In other words").fill("Thirty days at home")
    await alex.page.get_by_role("button", name="Show the group").click()
    await open_now(sam)
    await sam.page.get_by_role("button", name="I’m glad with you: Alex").click()
    await expect(alex.page.get_by_text("1 of us is glad with them.")).to_be_visible(timeout=WITHIN_MS)

    # Whoever was listed late is asked tonight as well, while somebody watches.
    await open_now(kim)
    await acts.answer_measure(kim, MOOD, ["Not at all"] * 9 + [""], end="Send to the facilitators")
    await open_now(robin)
    await acts.answer_measure(robin, CLIMATE, ["Mostly", "Yes", "A little", "Yes"], end="Hand it in")
    await acts.fill_form(
        robin, "Wrap-up", GOING_HOME, One_thing_you_take="Facts first.", Your_plan_for_tonight="Ice water, then a call."
    )
    await looked_at(room, "15-wrap-up")
    await acts.send_form(robin, "Wrap-up")
    async with told.witness.going("p-2"):
        await acts.leave(sam)
    await looked_at(room, "16-left")
    told.until(201)
    async with told.witness.marking("end"):
        await acts.end(fay)
        await expect(robin.page.get_by_role("heading", name="Thank you for being here")).to_be_visible(
            timeout=WITHIN_MS
        )
    await looked_at(room, "17-over")


async def notes_minutes_and_ledger_say_what_happened(told: Story, page: Page) -> None:
    await page.goto(f"{told.server.url}/s/s-tonight/record")
    await expect(page.locator(".record")).to_be_visible(timeout=WITHIN_MS)
    robin = await acts.facts_of(page, "Robin")
    for said in (
        "Skills taughtCheck the facts",
        "Exercises done togetherPaced breathing (3 min",
        "Took part inPaced breathing",
        "Check-in round",
        "spoke",
        "PHQ-93 of 27",
        "Several days",
        "Shared with the group (Check the facts)What I know for sure: She walked past me.",
        "Showed the facilitators their week",
        "In small rooms",
        "Spoken with apart",
        "We made or went through the safety plan",
        "Robin calls a sister tonight.",
    ):
        assert said.casefold() in robin.casefold(), (said, robin)
    sam = await acts.facts_of(page, "Sam")
    assert "passed" in sam
    assert "Left early" in sam or "Attended" in sam
    assert "Nobody reads this." not in sam
    for never in ("sister", "PHQ-9", "Safety answer", "Spoken with apart"):
        assert never not in sam, never
    kim = await acts.facts_of(page, "Kim")
    assert "PHQ-90 of 27" in kim
    assert "Came late by" in kim
    await picture(page, "evening-18-record", full_page=True)
    await signed_by(page, told, 5)
    await minutes_are_right(told, {**ADULTS, KIM: "Kim"}, {"p-1": robin, "p-2": sam, KIM: kim})


async def signed_by(page: Page, told: Story, notes: int) -> None:
    """A note for each, each with words of its own, signed one after the other."""
    name = page.locator("#person-title")
    for number in range(notes):
        person = await name.inner_text()
        for section in await page.locator(".record-own textarea").all():
            await section.fill(f"Note {number}: took part, and said so in words of their own.")
        group = page.locator("#note-group")
        if await group.count():
            await group.fill("The group checked facts together.")
        sign = page.get_by_role("button", name="Sign and go on")
        await expect(sign).to_be_enabled(timeout=WITHIN_MS)
        await sign.click()
        if number == 0:
            await choose_pin(page, code=told.code())
        if number < notes - 1:
            await expect(name).not_to_have_text(person, timeout=WITHIN_MS)
    await expect(page.locator(".record-sealed")).to_be_visible(timeout=WITHIN_MS)


async def minutes_are_right(told: Story, people: Mapping[str, str], notes: Mapping[str, str]) -> None:
    """Four witnesses: the ledger, the notes' facts to the second, a naive reading of the raw log, what the test saw."""
    log = await told.log()
    oracle = oracle_of(log)
    for person, name in people.items():
        while len(entries := (await told.store.ledger.account(person)).entries()) < 1:
            await pause()  # the hours are posted behind the signature
        figures = oracle.figures(person, told.clock.now())
        assert [each.facts.countable_min for each in entries] == [figures.countable_min], name
        if person in notes:
            assert f"Time present{duration_text(figures.present_ms)}" in notes[person], name
        least, most = told.witness.counted(person)
        assert least <= figures.counted_ms <= most, (name, least, figures.counted_ms, most)
        assert most - least < 120_000, f"the test saw {name} too vaguely to say anything"
    report = await verify(told.store)
    assert report.right, report.findings
    assert report.notes == len(people)


async def robin_finds_it_all_at_home(told: Story, page: Page) -> None:
    await page.goto(f"{told.server.url}/home")
    tonight = page.get_by_role("region", name="Your plan for tonight")
    await expect(tonight).to_contain_text("Ice water, then a call.", timeout=WITHIN_MS)
    await picture(page, "evening-19-home", full_page=True)
    await page.goto(f"{told.server.url}/progress")
    skills = page.get_by_role("region", name="Skills you practiced")
    await expect(skills).to_contain_text("Check the facts")
    await expect(skills).to_contain_text("Five senses")
    await expect(page.get_by_text("Facts first.")).to_be_visible()
    await picture(page, "evening-20-progress", full_page=True)
    await page.goto(f"{told.server.url}/statement")
    await expect(page.get_by_text("Evening group").first).to_be_visible(timeout=WITHIN_MS)
    await picture(page, "evening-21-statement", full_page=True)


async def nobody_else_has_it(told: Story, pages: list[Page]) -> None:
    for page in pages:
        for address in ("/home", "/progress", "/statement"):
            await page.goto(told.server.url + address)
            words = await page.locator("body").inner_text()
            for never in ("sister", "Ice water", "Facts first", "Several days"):
                assert never not in words, (address, never)


# --------------------------------------------------------------------------- teens


async def test_an_afternoon_of_teens_from_the_door_to_what_their_guardian_sees(
    chromium: Browser, tmp_path: Path, valkey_url: str
) -> None:
    async def before(told: Story) -> None:
        await told.met_before(1, taught="the-pause")

    shape = {"people": TEENS, "programme": "teen-iop", "plan": "teen-short", "title": "After school", "hour": 16}
    async with (
        story(tmp_path, valkey_url, before, leads=[FAY, CODY], teens=True, **shape) as told,
        seats(chromium, told, FAY, CODY, *TEENS) as room,
    ):
        fay, ash, bay = room[FAY], room["p-ash"], room["p-bay"]
        await the_teens_arrive_and_agree(told, room)
        await both_lines_drop_after_bay_answered_and_the_card_says_so(told, room)
        await cody_speaks_with_bay_while_fay_keeps_the_group(told, room)
        await senses_strengths_and_a_poll_of_three(told, room)
        await three_talk_apart_and_one_passes(told, room)
        await cam_leaves_with_a_safety_answer_that_nobody_saw_to(told, room)
        await the_notes_say_it_of_whom_it_is(told, fay.page)
        await tonights_plan_is_ashs_own(told, ash.page, bay.page)
        await gale_sees_hours_and_nothing_else(chromium, told)


async def the_teens_arrive_and_agree(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, cody, ash, bay, cam = room.values()
    await everybody(fay.open(), cody.open())
    await everybody(fay.is_in_the_room(), cody.is_in_the_room())
    near = ("Gale Guardian", "555 0111")
    await everybody(come(ash, near), come(bay, near), come(cam, near))
    async with told.witness.coming(*TEENS):
        for name in TEENS.values():
            await acts.admit(fay, name)
        await everybody(*(seat.is_in_the_room() for seat in (ash, bay, cam)))
    await everybody(*(seat.speak_and_show() for seat in room.values()))
    await everybody(ash.hide(), cam.hide())

    await open_now(ash)
    await ash.page.get_by_label("Propose a line").fill("No screenshots, ever.")
    await ash.page.get_by_role("button", name="Propose", exact=True).click()
    await panel(fay, "Now")
    await fay.page.get_by_role("button", name="Take it up: No screenshots, ever.").click()
    await everybody(*(says_yes(seat) for seat in (ash, bay, cam)))
    await looked_at(room, "21-agreeing")
    await fay.page.get_by_role("button", name="We agreed: keep it").click()
    told.until(0)
    async with told.witness.marking("start"):
        await acts.start(fay)
    await everybody(*(seat.sees_and_hears(1) for seat in room.values()))
    await looked_at(room, "22-started")


async def says_yes(seat: SeatAtBrowser) -> None:
    await open_now(seat)
    await seat.page.get_by_role("button", name="Yes, I agree").click()
    await expect(seat.page.get_by_text("You said yes")).to_be_visible(timeout=WITHIN_MS)


async def both_lines_drop_after_bay_answered_and_the_card_says_so(
    told: Story, room: Mapping[str, SeatAtBrowser]
) -> None:
    fay, cody, ash, bay, _ = room.values()
    told.until(8)
    await open_now(bay)
    ninth = ["Not at all"] * 8 + ["More than half the days", "", "", "", ""]
    await acts.answer_measure(bay, MOOD, ninth, end="Send to the facilitators")
    await expect(fay.page.get_by_role("region", name="Safety: Bay")).to_be_visible(timeout=WITHIN_MS)
    there = fay.page.url
    await everybody(fay.page.goto("about:blank"), cody.page.goto("about:blank"))
    help_ = bay.page.locator(".help")
    await expect(help_).to_contain_text("Your facilitators’ line is down", timeout=WITHIN_MS)
    await expect(help_.get_by_role("link", name="Call 988")).to_have_attribute("href", "tel:988")
    await expect(help_.get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")
    await expect(help_.get_by_role("link", name="Call your program")).to_have_attribute("href", "tel:5550123")
    await expect(bay.page.locator(".notices")).to_contain_text("Your facilitators’ line is down just now.")
    await expect(ash.page.get_by_text("line is down")).to_have_count(0)
    await looked_at({"p-bay": bay, "p-ash": ash}, "23-away")
    await everybody(fay.page.goto(there), cody.page.goto(there))
    await everybody(fay.is_in_the_room(), cody.is_in_the_room())
    await expect(help_).to_contain_text("Someone from your group will speak with you.", timeout=WITHIN_MS)


async def cody_speaks_with_bay_while_fay_keeps_the_group(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, cody, ash, bay, _ = room.values()
    flag = cody.page.get_by_role("region", name="Safety: Bay")
    await flag.get_by_role("button", name="I see to it").click()
    await expect(fay.page.get_by_role("region", name="Safety: Bay")).to_contain_text("Cody Cofacilitator sees to it")
    await flag.get_by_role("button", name="Side room with Bay").click()
    await expect(bay.page.locator(".small-room")).to_contain_text(
        "You and Cody Cofacilitator, apart from the group.", timeout=WITHIN_MS
    )
    await expect(ash.page.locator(".small-room")).to_have_count(0)
    await everybody(cody.sees_and_hears(1), bay.sees_and_hears(1))
    await fay.sees_and_hears(0)  # the two who are left with Fay hide their cameras
    await cody.page.get_by_label("Ask where they are right now, and who is near.").check()
    await looked_at(room, "24-side-room")
    await cody.page.get_by_role("button", name="Back to the group, both of you").click()
    await acts.write_down_what_was_done(cody, flag, "We spoke, and the person is safe for now", "Gale is with Bay.")
    await expect(bay.page.locator(".help")).to_contain_text("Your facilitators know.", timeout=WITHIN_MS)


async def senses_strengths_and_a_poll_of_three(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, _, ash, bay, cam = room.values()
    told.until(20)
    await acts.next_part(fay, "Skills")
    await panel(fay, "Now")
    today = fay.page.locator(".choose-today")
    await expect(today).to_contain_text("Five senses")
    await today.get_by_role("button", name="Take this one").click()
    await acts.open_exercise(fay, "Five senses")
    await ash.page.get_by_role("button", name="I take part").click()
    await fay.page.get_by_role("button", name="Begin", exact=True).click()
    await ash.page.get_by_label("I see").fill("A blue door")
    await bay.page.get_by_label("I see").fill("My own hands")
    await fay.page.get_by_role("button", name="Next step").click()
    await expect(cam.page.get_by_role("heading", name="Four things you feel by touch")).to_be_visible(timeout=WITHIN_MS)
    await ash.page.get_by_label("I feel").fill("The chair")
    await ash.page.get_by_role("button", name="Share with the group: I feel").click()
    await expect(bay.page.locator(".shared-answer").last).to_contain_text("The chair", timeout=WITHIN_MS)
    await looked_at(room, "25-senses")
    told.clock.later(minutes=6)
    await acts.end_exercise(fay)
    await expect(ash.page.get_by_text("Five senses: what you wrote")).to_be_visible(timeout=WITHIN_MS)

    await acts.open_exercise(fay, "Where are we?")
    for seat in (ash, bay, cam):
        for group in await seat.page.locator(".exercise fieldset").all():
            await group.get_by_role("radio", name="6", exact=True).press("Space")
        await seat.page.get_by_role("button", name="Send without my name").click()
    await expect(fay.page.locator(".exercise")).to_contain_text(
        "2 more answers are needed, so that nobody can be picked out. In a smaller group, ask aloud.", timeout=WITHIN_MS
    )
    await looked_at(room, "26-poll")
    await acts.end_exercise(fay)


async def three_talk_apart_and_one_passes(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, cody, ash, bay, cam = room.values()
    told.until(60)
    async with told.witness.marking("rest 1"):
        await acts.next_part(fay, "Break")
    told.until(70)
    async with told.witness.marking("rest 1 over"):
        await acts.next_part(fay, "Talking together")
    await fay.page.get_by_text("Go round").click()
    await fay.page.get_by_label("What kind of round").select_option(label="A question of your own")
    await fay.page.get_by_text("Icebreakers to choose from").click()
    await fay.page.locator(".round-questions button").first.click()
    await fay.page.get_by_role("button", name="Open the round").click()
    await cam.page.get_by_role("button", name="I’d rather pass").click()
    await fay.page.get_by_role("button", name=re.compile("^Begin with")).click()
    await everybody(*(seat.page.get_by_role("button", name="I am done").click() for seat in (ash, bay)))
    await fay.page.get_by_role("button", name="Close the round").first.click()

    await fay.page.get_by_role("button", name="Draw threes").click()
    await fay.page.get_by_role("button", name="Open the small rooms").click()
    await expect(ash.page.locator(".small-room")).to_contain_text("Small room 1: you and", timeout=WITHIN_MS)
    await everybody(*(seat.sees_and_hears(1) for seat in (ash, cam)))
    await ash.page.get_by_role("button", name="Call a facilitator").click()
    await cody.page.get_by_role("button", name="Go there").click()
    await expect(ash.page.locator(".small-room")).to_contain_text("Cody Cofacilitator", timeout=WITHIN_MS)
    await looked_at(room, "27-three")
    await fay.page.get_by_role("button", name="All back now").click()
    await expect(ash.page.locator("#toast")).to_contain_text("You are back with the group.", timeout=WITHIN_MS)


async def cam_leaves_with_a_safety_answer_that_nobody_saw_to(told: Story, room: Mapping[str, SeatAtBrowser]) -> None:
    fay, _, ash, bay, cam = room.values()
    told.until(115)
    await acts.next_part(fay, "Wrap-up")
    await open_now(bay)
    await acts.answer_measure(bay, CLIMATE, ["Yes", "Yes", "Mostly", "Not yet"], end="Hand it in")
    await open_now(ash)
    await acts.fill_form(ash, "Wrap-up", GOING_HOME, Your_plan_for_tonight="Music, then bed.")
    await acts.send_form(ash, "Wrap-up")
    await open_now(cam)
    await acts.fill_form(cam, "Wrap-up", GOING_HOME | {"Can you stay safe until next time?": "No"})
    await acts.send_form(cam, "Wrap-up")
    flag = fay.page.get_by_role("region", name="Safety: Cam")
    await expect(flag).to_be_visible(timeout=WITHIN_MS)
    async with told.witness.going("p-cam"):
        await acts.leave(cam)
    await expect(flag).to_contain_text(re.compile(r"Left at \d+:\d\d\sPM"), timeout=WITHIN_MS)
    await expect(flag).to_contain_text("12 Sample Street, Exampleton, New York")
    for number in ("555 010 0199", "555 0111", "202-555-0190"):
        await expect(flag.get_by_role("link", name=number)).to_be_visible()
    await looked_at(room, "28-left-open")
    await acts.write_down_what_was_done(fay, flag, "A support person was called", "Gale has Cam in sight.")
    told.until(130)
    async with told.witness.marking("end"):
        await acts.end(fay)
        await expect(ash.page.get_by_role("heading", name="Thank you for being here")).to_be_visible(timeout=WITHIN_MS)
    await looked_at(room, "29-over")


async def the_notes_say_it_of_whom_it_is(told: Story, page: Page) -> None:
    await page.goto(f"{told.server.url}/s/s-tonight/record")
    await expect(page.locator(".record")).to_be_visible(timeout=WITHIN_MS)
    ash, bay, cam = [await acts.facts_of(page, name) for name in TEENS.values()]
    for said in ("Skills taughtFive senses", "Five senses (6 min", "I feel: The chair", "spoke", "In small rooms"):
        assert said in ash, (said, ash)
    for never in ("Gale is with Bay", "Gale has Cam", "PHQ-A", "Safety answer", "Spoken with apart", "A blue door"):
        assert never not in ash, never
    for said in ("PHQ-A", "More than half the days", "Spoken with apart", "Gale is with Bay.", "Cody Cofacilitator"):
        assert said in bay, (said, bay)
    assert "My own hands" not in bay and "Gale has Cam" not in bay
    for said in ("passed", "Can you stay safe until next time? No", "Gale has Cam in sight."):
        assert said in cam, (said, cam)
    await picture(page, "evening-30-record", full_page=True)
    await signed_by(page, told, len(TEENS))
    await minutes_are_right(told, TEENS, {"p-ash": ash, "p-bay": bay, "p-cam": cam})


async def tonights_plan_is_ashs_own(told: Story, ash: Page, bay: Page) -> None:
    await ash.goto(f"{told.server.url}/home")
    await expect(ash.get_by_role("region", name="Your plan for tonight")).to_contain_text("Music, then bed.")
    await ash.goto(f"{told.server.url}/progress")
    await expect(ash.get_by_role("region", name="Skills you practiced")).to_contain_text("Five senses")
    await bay.goto(f"{told.server.url}/home")
    await expect(bay.get_by_text("Music, then bed.")).to_have_count(0)


async def gale_sees_hours_and_nothing_else(browser: Browser, told: Story) -> None:
    context = await browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = await context.new_page()
    await authenticator(page)
    await page.goto(await told.invite(GALE, "gale@example.org"))
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello", timeout=WITHIN_MS)
    address = page.url.split("/invite")[0].rsplit("/home", 1)[0]
    said = ""
    await page.goto(f"{address}/home")
    for name in TEENS.values():
        teen = page.get_by_role("region", name=name)
        await expect(teen).to_contain_text("Came to 1 of 1 meeting this week.", timeout=WITHIN_MS)
        hours = "1 h 4\\d min" if name == "Cam" else "(1 h 59 min|2 h)"
        await expect(teen.get_by_role("img", name=re.compile(f"{hours} of 6 h"))).to_be_visible()
    said += await page.locator("body").inner_text()
    await picture(page, "evening-31-guardian", full_page=True)
    await page.get_by_role("region", name="Ash").get_by_role("link", name=re.compile("^School hours")).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Ash’s week", timeout=WITHIN_MS)
    said += await page.locator("body").inner_text()
    await picture(page, "evening-32-guardian-school", full_page=True)
    for never in ("Five senses", "The chair", "Music", "PHQ", "is with Bay", "in sight", "screenshots"):
        assert never.casefold() not in said.casefold(), never
    for closed in ("/s/s-tonight/record", "/s/s-tonight", "/measures/p-bay", "/statement/p-ash"):
        answer = await page.goto(address + closed)
        assert answer is not None, closed
        assert answer.status in (401, 403, 404), (closed, answer.status)
    await context.close()
