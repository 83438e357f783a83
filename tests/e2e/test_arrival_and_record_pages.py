"""Arriving, writing the notes of the evening, and reading one's hours, in a real browser on the real application."""

from __future__ import annotations

import re
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from facilitation import commands as c
from facilitation.ids import SessionId
from facilitation.timebase import HOUR_MS
from tests.support.browser import DESKTOP, PHONE, TABLET, open_chromium, pictures
from tests.support.evening import CODY, FAY, PERSON_TEXTS, Evening, usual
from tests.support.visits import (
    ALEX,
    BEGUN_AGO_MS,
    HERE,
    ROBIN,
    SAM,
    House,
    Open,
    choose_pin,
    coming,
    no_barrier,
    now,
    over,
    pause,
    until,
)

pytestmark = pytest.mark.timeout(240)

DAY_MS = 24 * HOUR_MS
TWO_WRITERS = Path(__file__).with_name("two_writers.js")


def signed_before(days: int) -> Evening:
    """One of some days ago, written and signed."""
    evening = usual(Evening(session=f"s-{days}", starts_at=now() - BEGUN_AGO_MS - days * DAY_MS, people=4, zone=HERE))
    evening.at(214)
    for person in evening.people:
        evening.write(person, PERSON_TEXTS[0])
        evening.sign(person)
    return evening


def abandoned_with_a_flag() -> Evening:
    """Robin's safety answer was left open, everybody dropped off, and the session ended by itself."""
    evening = Evening(session="s-flag", starts_at=now() - BEGUN_AGO_MS, people=2, zone=HERE)
    evening.at(-5)
    for person in (FAY, ROBIN, SAM):
        evening.come(person)
    evening.at(0)
    evening.do(c.StartSession(), FAY)
    evening.at(10)
    evening.answer_unsafe(ROBIN)
    evening.at(60)
    for person in (FAY, ROBIN, SAM):
        evening.drop(person)
    evening.at(91)
    evening.do(c.Tick())
    return evening


async def answer_today(page: Page) -> None:
    await page.get_by_label("Address, or where you are").fill("12 Sample Street, Exampleville")
    await page.get_by_label("A number we can call").fill("555 0100")
    await page.get_by_label("Nobody is near").check()


async def to_the_waiting_room(page: Page) -> None:
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator(".selfview video")).to_be_visible()
    await page.get_by_role("button", name="Continue").click()
    await answer_today(page)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_text("No, I am alone").click()
    await page.get_by_text("I agree", exact=True).click()
    await page.get_by_role("button", name="Go to the waiting room").click()
    await expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()


# --------------------------------------------------------------------------- arriving


async def test_a_participant_arrives_on_a_phone_step_by_step(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic, viewport=PHONE)).enter("s-next", ROBIN)
        heading = page.locator("h1")
        await expect(heading).to_have_text("You will appear as Robin")
        await no_barrier(page)
        await pictures(page, "arrival-1-name")
        await page.get_by_role("button", name="Continue").click()
        await expect(heading).to_have_text("Camera and sound")
        await expect(heading).to_be_focused()
        await expect(page.locator(".selfview video")).to_be_visible()
        await no_barrier(page)
        await pictures(page, "arrival-2-devices")
        await page.get_by_role("button", name="Continue").click()
        await expect(heading).to_have_text("Where are you today?")
        await answer_today(page)
        await no_barrier(page)
        await pictures(page, "arrival-3-today")
        await page.get_by_role("button", name="Continue").click()
        await expect(heading).to_have_text("Your space, and our agreement")
        await page.get_by_text("No, I am alone").click()
        await page.get_by_text("I agree", exact=True).click()
        await no_barrier(page)
        await pictures(page, "arrival-4-agreement")
        await page.get_by_role("button", name="Go to the waiting room").click()
        await expect(heading).to_have_text("You are in the waiting room")
        await no_barrier(page)
        await pictures(page, "arrival-5-waiting")
        seat = (await clinic.state("s-next")).seats.of(ROBIN)
        assert seat.place.value == "waiting"
        assert seat.arrival is not None
        assert (seat.arrival.location, seat.arrival.callback) == ("12 Sample Street, Exampleville", "555 0100")
        assert (seat.arrival.private_space, seat.arrival.others_present) == (True, "")


async def test_each_missing_answer_is_told_at_its_place_and_nothing_is_sent(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic, viewport=PHONE)).enter("s-next", ROBIN)
        await page.get_by_label("Name the group sees").fill("   ")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator("#name")).to_be_focused()
        await expect(page.locator("#name")).to_have_accessible_description(
            "A first name is enough. You can change it here. Please type the name we may call you."
        )
        await page.get_by_label("Name the group sees").fill("Rob")
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator("#location")).to_be_focused()
        await expect(page.locator(".error")).to_have_count(4)
        await no_barrier(page)
        assert (await clinic.state("s-next")).seats.of(ROBIN).arrival is None


async def test_what_was_typed_survives_a_reload_and_is_wiped_once_it_is_sent(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic)).enter("s-next", ROBIN)
        await page.get_by_label("Name the group sees").fill("Rob")
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_label("Address, or where you are").fill("12 Sample Street")
        await page.reload()
        await expect(page.get_by_label("Address, or where you are")).to_have_value("12 Sample Street")
        await answer_today(page)
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_text("Yes, someone could").click()
        await page.get_by_label("Who is near?").fill("My sister")
        await page.get_by_text("I agree", exact=True).click()
        await page.get_by_role("button", name="Go to the waiting room").click()
        await expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
        assert "Sample Street" not in await page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
        seat = (await clinic.state("s-next")).seats.of(ROBIN)
        assert seat.name == "Rob"
        assert seat.arrival is not None
        assert (seat.arrival.private_space, seat.arrival.others_present) == (False, "My sister")


async def test_answers_can_be_changed_from_the_waiting_room(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic)).enter("s-next", ROBIN)
        await to_the_waiting_room(page)
        await page.get_by_role("button", name="Change my answers").click()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_label("Address, or where you are")).to_have_value("12 Sample Street, Exampleville")
        await page.get_by_label("A number we can call").fill("555 0199")
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Save my answers").click()
        await expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
        arrival = (await clinic.state("s-next")).seats.of(ROBIN).arrival
        assert arrival is not None
        assert arrival.callback == "555 0199"


async def test_a_server_that_restarts_asks_nothing_twice(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic)).enter("s-next", ROBIN)
        await page.get_by_label("Name the group sees").fill("Rob")
        for _ in range(2):
            await page.get_by_role("button", name="Continue").click()
        await answer_today(page)
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_text("No, I am alone").click()
        await page.get_by_text("I agree", exact=True).click()
        await clinic.stop()
        await page.get_by_role("button", name="Go to the waiting room").click()
        await expect(page.get_by_role("button", name="One moment…")).to_be_visible()
        await clinic.start()
        await expect(page.get_by_role("heading", name="You are in the waiting room")).to_be_visible()
        assert (await clinic.state("s-next")).seats.of(ROBIN).name == "Rob"


async def test_arriving_needs_no_mouse_and_the_door_keeps_the_keys_and_is_heard(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic, timezone_id="Asia/Kathmandu")).enter("s-next", ROBIN)
        starts = datetime.fromtimestamp(
            clinic.sessions[SessionId("s-next")].scheduled.starts_at / 1_000, ZoneInfo(HERE)
        )
        theirs = starts.astimezone(ZoneInfo("Asia/Kathmandu"))
        both = f"{starts:%-I:%M %p} in {HERE.rpartition('/')[2]}, which is {theirs:%-I:%M %p} by your clock"
        room = page.url
        await page.goto(f"{clinic.url}/home")
        await expect(page.get_by_text(both)).to_be_visible()
        await page.goto(room)
        await page.locator("#name").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Camera and sound")
        await expect(page.locator(".selfview video")).to_be_visible()
        await tab_to(page, "Continue")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type("12 Sample Street")
        await page.keyboard.press("Tab")
        await page.keyboard.type("555 0100")
        for _ in range(3):
            await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Your space, and our agreement")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("You are in the waiting room")
        await expect(page.locator(".waiting-now")).to_contain_text(f"The group starts at {both}")
        fay = await (await visits(clinic)).enter("s-next", FAY)
        await fay.get_by_role("button", name="Admit Robin").click()
        await expect(page.locator("h1")).to_have_text("Your meeting")
        await expect(page.locator("h1")).to_be_focused()
        await expect(page.locator("#live")).to_contain_text("You are in the meeting now.")
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.closest('.room-root') !== null")


async def tab_to(page: Page, name: str) -> None:
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"no way to {name!r} by the tab key")


# --------------------------------------------------------------------------- camera and microphone


KEEP_TRACKS = """
const original = MediaDevices.prototype.getUserMedia;
window.tracks = [];
MediaDevices.prototype.getUserMedia = async function (wanted) {
  const stream = await original.call(this, wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""


async def test_a_camera_that_is_off_has_no_track_left(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        visit = await visits(clinic)
        await visit.context.add_init_script(KEEP_TRACKS)
        page = await visit.enter("s-next", ROBIN)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator(".selfview video")).to_be_visible()
        await page.get_by_role("button", name="Turn camera off").click()
        await expect(page.get_by_role("button", name="Turn camera on")).to_be_visible()
        states = await page.evaluate("tracks.map(track => [track.kind, track.readyState])")
        assert ["video", "ended"] in states
        assert ["video", "live"] not in states
        assert ["audio", "live"] in states
        await page.get_by_role("button", name="Turn camera on").click()
        await expect(page.locator(".selfview video")).to_be_visible()


async def test_the_microphone_is_heard_and_the_chime_can_be_played(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic)).enter("s-next", ROBIN)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_text("We can hear you.")).to_be_visible()
        await page.get_by_role("button", name="Mute", exact=True).click()
        await expect(page.get_by_role("meter")).to_have_count(0)
        await page.get_by_role("button", name="Play a soft sound").click()
        await expect(page.get_by_text("Did you hear it?")).to_be_visible()
        await page.get_by_role("button", name="No", exact=True).click()
        await expect(page.get_by_text("Turn the volume up")).to_be_visible()


async def test_a_lost_device_is_replaced_and_said(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        visit = await visits(clinic)
        await visit.context.add_init_script(KEEP_TRACKS)
        page = await visit.enter("s-next", ROBIN)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.locator(".selfview video")).to_be_visible()
        # A cable cannot be pulled here: the track is told what the browser would tell it.
        await page.evaluate("tracks.find(track => track.kind === 'audio').dispatchEvent(new Event('ended'))")
        await expect(page.get_by_text("is gone. Now using")).to_be_visible()
        states = await page.evaluate("tracks.map(track => [track.kind, track.readyState])")
        assert states.count(["audio", "live"]) == 1


async def test_who_says_no_to_camera_and_microphone_comes_in_all_the_same(visits: Open, house: House) -> None:
    async with (
        house(coming()) as clinic,
        open_chromium(flags=["--use-fake-ui-for-media-stream=deny"]) as refusing,
    ):
        visit = await visits(clinic, browser=refusing, permissions=[])
        page = await visit.enter("s-next", ROBIN)
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_role("button", name="Try camera and microphone").click()
        await expect(page.get_by_text("This browser may not use your camera.")).to_be_visible()
        await expect(page.get_by_text("This browser may not use your microphone.")).to_be_visible()
        await no_barrier(page)
        await page.get_by_role("button", name="Continue").click()
        await answer_today(page)
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_text("No, I am alone").click()
        await page.get_by_text("I agree", exact=True).click()
        await page.get_by_role("button", name="Go to the waiting room").click()
        await expect(page.get_by_text("camera off and muted")).to_be_visible()


async def test_a_computer_without_a_camera_is_no_obstacle(visits: Open, house: House) -> None:
    async with (
        house(coming()) as clinic,
        open_chromium(flags=["--use-fake-device-for-media-stream=device-count=0"]) as blind,
    ):
        visit = await visits(clinic, browser=blind)
        page = await visit.enter("s-next", ROBIN)
        await page.get_by_role("button", name="Continue").click()
        try_them = page.get_by_role("button", name="Try camera and microphone")
        none_there = page.get_by_text("No camera was found. You can join without one.")
        await expect(try_them.or_(none_there)).to_be_visible()
        if await try_them.is_visible():  # where the browser has asked before, the page begins by itself
            await try_them.click()
        await expect(none_there).to_be_visible()
        await expect(page.get_by_role("button", name="Mute", exact=True)).to_be_visible()


# --------------------------------------------------------------------------- the record


async def test_the_record_page_looks_right_from_phone_to_desk(visits: Open, house: House) -> None:
    evening = over()
    evening.write(ROBIN, PERSON_TEXTS[0])
    evening.at(214)
    evening.sign(ROBIN)
    evening.write(SAM, PERSON_TEXTS[1])
    async with house(evening, over("s-twelve", 12), over("s-one", 1)) as clinic:
        visit = await visits(clinic)
        page = await visit.record("s-over")
        await expect(page.locator(".record-progress")).to_contain_text("1 of 8 signed")
        await pictures(page, "record-list", sizes=(PHONE, TABLET, DESKTOP))
        await page.get_by_role("link", name="Alex").click()
        await expect(page.get_by_role("heading", name="Alex", exact=True)).to_be_visible()
        await no_barrier(page)
        await pictures(page, "record-note", sizes=(PHONE, TABLET, DESKTOP))
        await page.get_by_role("link", name="Robin").click()
        await expect(page.get_by_label("Signed note")).to_be_visible()
        await no_barrier(page)
        await pictures(page, "record-signed", sizes=(PHONE, TABLET, DESKTOP))
        await no_barrier(page, PHONE, {"width": 720, "height": 450})  # the second: a laptop at 200 %
        await page.set_viewport_size(DESKTOP)
        for session in ("s-twelve", "s-one"):
            await visit.record(session)
            await no_barrier(page)
            await pictures(page, f"record-{session}", sizes=(PHONE, DESKTOP))


async def test_each_figure_and_each_gap_opens_into_the_events_that_made_it(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        figures = page.locator(".figures-row")
        await expect(figures).to_contain_text("172 min")
        await figures.get_by_role("button", name="counted", exact=False).first.click()
        proof = page.locator(".proof")
        await expect(proof).to_contain_text("Rule exact-floor, version 2026-01")
        await expect(proof.get_by_role("row", name="Process group")).to_contain_text("43 min 32 s")
        await expect(proof).to_contain_text("Counted: 2 h 52 min 52 s")
        await no_barrier(page)
        await page.get_by_role("button", name=re.compile("^Away")).click()
        await expect(proof).to_contain_text("Away, 6 min 28 s")
        await expect(proof.locator("li")).to_have_count(2)
        await expect(proof).to_contain_text("Connection ended, last heard")
        await expect(proof).to_contain_text("Connected again")
        await page.get_by_role("button", name="Server away").click()
        await expect(proof).to_contain_text("Here 10 s were counted for Alex.")
        await page.keyboard.press("Escape")
        await expect(proof).to_have_count(0)


async def test_a_gap_can_be_tapped_in_the_picture(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.locator('.timeline-gap[data-kind="away"]').click()
        await expect(page.locator(".proof")).to_contain_text("Away, 6 min 28 s")


async def test_a_note_is_saved_by_itself_soon_after_typing_and_says_so(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        field = page.get_by_label("About Alex")
        await expect(field).to_be_focused()
        await page.keyboard.type("Spoke about the bus.", delay=20)
        await until(clinic, "s-over", lambda state: state.notes.draft(ALEX).text == "Spoke about the bus.")
        kept = page.locator(".record-saved", has_text="Saved")
        await expect(kept).to_be_visible()
        # It is there to be seen; nobody hears it again and again while they write.
        assert await kept.evaluate("element => element.closest('[role=status], [role=alert], [aria-live]')") is None
        await expect(page.get_by_role("link", name="Alex")).to_contain_text("Ready to sign")
        await page.reload()
        await expect(page.get_by_label("About Alex")).to_have_value("Spoke about the bus.")


async def test_signing_by_keyboard_goes_from_person_to_person_and_posts_hours(visits: Open, house: House) -> None:
    async with house(over(people=3)) as clinic:
        visit = await visits(clinic)
        page = await visit.record("s-over")
        await page.get_by_role("link", name="Robin").click()
        for name in ("Robin", "Sam", "Alex"):
            await expect(page.get_by_label(f"About {name}")).to_be_focused()
            await page.keyboard.type(f"Only about {name}.")
            await page.keyboard.press("Control+Enter")
            if name == "Robin":
                await choose_pin(page)
        await expect(page.get_by_text("All notes are signed")).to_be_visible()
        await expect(page.get_by_role("heading", name="Alex", exact=True)).to_be_focused()
        await no_barrier(page)
        state = await clinic.state("s-over")
        assert set(state.notes.signed) == {ROBIN, SAM, ALEX}
        assert state.notes.signed[SAM].content["text"] == "Only about Sam."
        names = {ROBIN: "Robin", SAM: "Sam", ALEX: "Alex"}
        shown = {person: await minutes_of(page, name) for person, name in names.items()}
        for person, minutes in shown.items():
            while not (entries := (await clinic.store.ledger.account(person)).entries()):
                await pause()
            assert [entry.facts.countable_min for entry in entries] == [minutes]
        await page.goto(f"{clinic.url}/statement/{SAM}")
        await expect(page.locator(".entry")).to_contain_text(f"{shown[SAM] // 60} h {shown[SAM] % 60} min")


async def minutes_of(page: Page, name: str) -> int:
    return int((await page.get_by_role("link", name=name).locator(".record-person-minutes").inner_text()).split()[0])


async def test_an_empty_note_is_not_signed(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.get_by_role("button", name="Sign and go on").click()
        await expect(page.get_by_text("Please write a few words here before you sign.")).to_be_visible()
        await expect(page.get_by_label("About Alex")).to_be_focused()
        assert not (await clinic.state("s-over")).notes.signed


async def test_a_signed_note_stays_as_it_is_and_takes_addenda(visits: Open, house: House) -> None:
    evening = over()
    evening.write(ROBIN, PERSON_TEXTS[0])
    evening.at(214)
    evening.sign(ROBIN)
    async with house(evening) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Robin").click()
        sealed = page.get_by_label("Signed note")
        await expect(sealed).to_contain_text("Signed by Dr. Fay Facilitator")
        await expect(sealed).to_contain_text(PERSON_TEXTS[0])
        await expect(sealed).to_contain_text(evening.state.notes.signed[ROBIN].content_hash[:12])
        await expect(page.locator("textarea:visible")).to_have_count(0)
        await page.get_by_text("Add to this note").click()
        await page.get_by_label("Addendum").fill("Called back as agreed.")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.locator(".record-addendum")).to_contain_text("Called back as agreed.")
        await expect(page.locator(".record-addendum")).to_contain_text("Dr. Fay Facilitator")


async def test_two_who_write_the_same_note_both_keep_their_words(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        fay = await (await visits(clinic)).record("s-over", FAY)
        cody = await (await visits(clinic)).record("s-over", CODY)
        for page in (fay, cody):
            await page.get_by_role("link", name="Alex").click()
        await fay.get_by_label("About Alex").fill("Fay's words.")
        await cody.get_by_label("About Alex").fill("Cody's words.")
        loser, winner = await loser_and_winner(fay, cody)
        await expect(loser.get_by_text("Someone else changed this text while you were typing.")).to_be_visible()
        await no_barrier(loser)
        await loser.get_by_role("button", name="Keep both").click()
        both = await until(
            clinic,
            "s-over",
            lambda state: {"Fay's words.", "Cody's words."} <= set(state.notes.draft(ALEX).text.splitlines()),
        )
        await expect(winner.get_by_label("About Alex")).to_have_value(both.notes.draft(ALEX).text)


async def test_two_writers_over_a_bad_line_never_lose_a_word_unseen(visits: Open, house: House) -> None:
    """The page's own note-keeping against a model of the server, in told time; a failure names its seed."""
    async with house(coming()) as clinic:
        page = (await visits(clinic)).page
        await page.goto(clinic.url)
        assert await page.evaluate(TWO_WRITERS.read_text(), list(range(1, 301))) == []


async def loser_and_winner(one: Page, other: Page) -> tuple[Page, Page]:
    """Who of two typed second."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for page, counterpart in ((one, other), (other, one)):
            if await page.get_by_role("button", name="Keep both").is_visible():
                return page, counterpart
        await pause()
    raise AssertionError("nobody was told of the other's words")


async def test_an_open_safety_answer_keeps_a_note_from_being_signed_until_it_is_seen_to(
    visits: Open, house: House
) -> None:
    async with house(abandoned_with_a_flag()) as clinic:
        page = await (await visits(clinic)).record("s-flag")
        await page.get_by_role("link", name="Robin").click()
        await expect(page.get_by_role("button", name="Sign and go on")).to_be_disabled()
        await page.get_by_label("About Robin").fill("Left by a lost connection.")
        await page.keyboard.press("Control+Enter")
        await no_barrier(page)
        await pictures(page, "record-flag")
        flag = page.get_by_label("Safety answer")
        await flag.get_by_text("A support person was called").click()
        await flag.get_by_label("In a few words").fill("Called the sister.")
        await flag.get_by_role("button", name="Record what was done").click()
        await expect(flag).to_have_count(0)
        await page.get_by_role("button", name="Sign and go on").click()
        await choose_pin(page)
        state = await until(clinic, "s-flag", lambda state: ROBIN in state.notes.signed)
        assert state.checkin.flags[-1].disposition == "contacted_support"


async def test_words_typed_while_the_server_is_away_are_saved_when_it_is_back(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await clinic.stop()
        await expect(page.get_by_text("What you wrote is safe. Reconnecting…")).to_be_visible()
        await page.get_by_label("About Alex").fill("Typed in the dark.")
        await clinic.start()
        await until(clinic, "s-over", lambda state: state.notes.draft(ALEX).text == "Typed in the dark.")
        await expect(page.locator("#line")).to_be_hidden()


async def test_before_the_end_notes_can_be_written_and_not_signed(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic)).record("s-next")
        await expect(page.get_by_text("The session is not over yet.")).to_be_visible()
        await expect(page.get_by_role("button", name="Sign and go on")).to_be_disabled()
        await no_barrier(page)


async def test_an_address_that_names_nobody_shows_the_first_note_to_write(visits: Open, house: House) -> None:
    async with house(over()) as clinic:
        visit = await visits(clinic)
        await visit.enter("s-over", FAY)
        for rubbish in ("#p-nobody", "#%E0%A4%A"):
            await visit.page.goto(f"{clinic.url}/s/s-over/record{rubbish}")
            await visit.page.reload()
            await expect(visit.page.get_by_role("heading", name="Robin", exact=True)).to_be_visible()


async def test_paper_shows_the_note_and_nothing_to_press(visits: Open, house: House) -> None:
    evening = over()
    evening.write(ALEX, PERSON_TEXTS[0])
    async with house(evening) as clinic:
        page = await (await visits(clinic)).record("s-over")
        await page.get_by_role("link", name="Alex").click()
        await page.emulate_media(media="print")
        await expect(page.get_by_role("button", name="Sign and go on")).to_be_hidden()
        await expect(page.locator(".record-people")).to_be_hidden()
        await expect(page.locator(".record-print", has_text=PERSON_TEXTS[0])).to_be_visible()


# --------------------------------------------------------------------------- hours and home


async def test_a_statement_shows_the_week_and_each_entry_opens_into_its_evidence_without_scripts(
    visits: Open, house: House
) -> None:
    async with house(signed_before(0), signed_before(8)) as clinic:
        visit = await visits(clinic, java_script_enabled=False)
        await visit.enter("s-0", ALEX)
        page = visit.page
        await page.goto(f"{clinic.url}/statement")
        await expect(page.get_by_role("img", name="2 h 52 min of 9 h")).to_be_visible()
        entry = page.locator(".entry").first
        await entry.locator("summary").click()
        for words in ("172 minutes", "Dr. Fay Facilitator", "version 2026-01", "Fingerprint", "rests on log 1 –"):
            await expect(entry).to_contain_text(words)
        posted = (await clinic.store.ledger.account(ALEX)).entries()
        await expect(entry).to_contain_text(next(each.hash for each in posted if each.facts.session == "s-0"))
        await expect(page.get_by_role("heading", name="Earlier weeks")).to_be_visible()


async def test_staff_look_at_a_week_under_other_rules_without_scripts_and_nothing_changes(
    visits: Open, house: House
) -> None:
    async with house(signed_before(0), coming()) as clinic:
        before = await clinic.store.ledger.account(ALEX)
        visit = await visits(clinic, java_script_enabled=False)
        page = visit.page
        await visit.enter("s-next", FAY)
        await page.goto(f"{clinic.url}/statement/{ALEX}")
        await page.get_by_text("A week under other rules").click()
        await page.get_by_label("Rule set").select_option("new-york-ios")
        await page.get_by_label("Week of").fill(before.entries()[0].facts.week.isoformat())
        await page.get_by_role("button", name="Show what if").click()
        told = page.locator(".what-if")
        for text in ("nothing is changed by looking", "example, to be checked", "Posted for these days", "2 h 52 min"):
            await expect(told).to_contain_text(text)
        await expect(told).to_contain_text("Bill the single services of this day instead of the day")
        await expect(page.get_by_label("Rule set")).to_have_value("new-york-ios")
        assert await clinic.store.ledger.account(ALEX) == before
        scripted = await (await visits(clinic)).enter("s-next", FAY)
        await scripted.goto(page.url)
        await no_barrier(scripted, PHONE, DESKTOP)
        await pictures(scripted, "statement-what-if", sizes=(PHONE, DESKTOP))


async def test_statement_and_home_keep_nobody_out(visits: Open, house: House) -> None:
    async with house(signed_before(0), signed_before(8), over("s-over", 3), coming()) as clinic:
        participant = await visits(clinic)
        page = await participant.enter("s-next", ALEX)
        for address, name in (("/statement", "statement"), ("/home", "home-participant")):
            await page.goto(clinic.url + address)
            await no_barrier(page, PHONE, DESKTOP)
            await pictures(page, name, sizes=(PHONE, TABLET, DESKTOP))
        staff = await visits(clinic)
        page = await staff.enter("s-next", FAY)
        await page.goto(f"{clinic.url}/home")
        await no_barrier(page)
        await pictures(page, "home-staff", sizes=(PHONE, TABLET, DESKTOP))


async def test_home_tells_staff_what_is_next_and_what_is_owed(visits: Open, house: House) -> None:
    async with house(over("s-over", 3), coming()) as clinic:
        page = await (await visits(clinic)).enter("s-next", FAY)
        await page.goto(f"{clinic.url}/home")
        await expect(page.get_by_role("link", name="Open the room").first).to_have_attribute("href", "/s/s-next")
        await page.get_by_role("link", name="Write the notes: 0 of 3 signed").click()
        await expect(page.locator(".record")).to_be_visible()


async def test_home_and_statement_of_a_newcomer_are_kind(visits: Open, house: House) -> None:
    async with house(coming()) as clinic:
        page = await (await visits(clinic, viewport=PHONE)).enter("s-next", ROBIN)
        await page.goto(f"{clinic.url}/home")
        await expect(page.get_by_role("link", name="Come in")).to_have_attribute("href", "/s/s-next")
        await page.get_by_role("link", name="See all my hours").click()
        await expect(page.get_by_text("Nothing is counted yet this week.")).to_be_visible()
        await no_barrier(page)
