"""One evening's whole way in a real browser: a disputed minute, eight notes by keyboard, a supervisor, hours put right,
and everything taken out of the house and checked."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.async_api import Page, expect

from facilitation import commands as c
from facilitation.goals import Goal
from facilitation.ids import GoalId
from server.books import packet
from server.books.papers import CONSENT
from server.clock import RoomClock
from server.projections.verify import verify
from tests.support.browser import DESKTOP, PHONE, TABLET, pictures
from tests.support.consents import agree_to_part2
from tests.support.evening import SUE, Clinic
from tests.support.visits import ALEX, ROBIN, SAM, House, Open, choose_pin, no_barrier, over, pause, until

pytestmark = pytest.mark.timeout(240)

SECTIONS = ("Goal", "Intervention", "Response", "Plan")
OWN_WORDS = {
    "Robin": ("Wants to sleep.", "Asked about the bus.", "Asks for help sooner.", "One walk before noon."),
    "Sam": ("Less coffee.", "Counted cups with Sam.", "Sees what coffee does.", "Phone in the kitchen tonight."),
    "Alex": ("Fewer quarrels.", "Drew the chain of one.", "Found the first link alone.", "Call the aunt on Sunday."),
    "Jo": ("To speak up.", "Gave the pair work to lead.", "More at ease in twos.", "Say one thing to everybody."),
    "Kim": ("To know what angers.", "Role play.", "Anger fell from eight to four.", "Write down three triggers."),
    "Lee": ("To keep the job.", "Asked for a good day.", "Uses the skill unasked.", "Teach it to a friend."),
    "Max": ("To take part.", "Gave the reason first.", "Then took part with ease.", "Choose the next exercise."),
}
SLEEP = Goal(
    goal=GoalId("g-sleep"), person=ROBIN, text="Sleep seven hours on five nights a week", since=date(2026, 1, 1)
)


async def test_a_disputed_evening_becomes_notes_hours_and_papers_that_can_be_proven(visits: Open, house: House) -> None:
    evening = over(programme="co-occurring-iop", supervised=True)
    evening.do(c.DisputeMinutes(text="My screen froze, but I heard you all."), ALEX)
    async with house(evening) as clinic:
        await clinic.store.notebook.put_goal(SLEEP)
        fay = await (await visits(clinic)).record("s-over")
        await a_disputed_minute_is_corrected_and_taken_back(fay)
        await eight_notes_are_written_and_signed_without_touching_the_mouse(fay, clinic)
        sue = await (await visits(clinic)).record("s-over", SUE)
        await a_supervisor_sends_one_back_and_cosigns_the_answer(fay, sue)
        assert (await clinic.state("s-over")).notes.cosigned[ROBIN].by == SUE
        await minutes_are_reversed_and_posted_anew(fay, clinic)
        await everything_about_one_person_is_taken_checked_and_accounted_for(fay, clinic)
        assert (await verify(clinic.store)).right


async def title(page: Page, name: str) -> None:
    await expect(page.locator("#person-title")).to_have_text(name)


async def counted(page: Page) -> int:
    return int((await page.locator('.figure[data-strong="true"] .figure-value').inner_text()).split()[0])


async def posted(clinic: Clinic, person: str, *, entries: int) -> list[int]:
    """The minutes of a person's entries, once there are so many."""
    while len(found := (await clinic.store.ledger.account(person)).entries()) < entries:
        await pause()
    return [entry.facts.countable_min for entry in found]


async def a_disputed_minute_is_corrected_and_taken_back(page: Page) -> None:
    await page.get_by_role("link", name="Alex").click()
    before = await counted(page)
    by_hand = page.get_by_role("list", name="Corrected by hand")
    await expect(page.get_by_text("Alex says the minutes are not right")).to_be_visible()
    await no_barrier(page)
    await pictures(page, "record-dispute", sizes=(PHONE, TABLET, DESKTOP), themes=("light",))
    await page.get_by_role("button", name="Correct the minutes…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("From")).to_be_focused()
    await expect(dialog.get_by_label("was there", exact=True)).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("Please say why")
    await expect(dialog.get_by_label("Why?")).to_be_focused()
    await page.keyboard.type("Heard on the phone the whole time.")
    await no_barrier(page)
    await pictures(page, "record-correct", themes=("light",))
    await dialog.get_by_role("button", name="Correct, and tell them").click()
    await expect(by_hand).to_contain_text("Heard on the phone the whole time.")
    await expect(by_hand).to_contain_text("6 min 28 s")
    await expect(page.get_by_label("Said about the minutes")).to_contain_text("Accepted")
    assert await counted(page) == before + 7
    await page.get_by_role("button", name="corrected by hand").click()
    await page.get_by_text(re.compile("of time it is made of")).click()
    await expect(page.locator(".proof .stretches li")).to_have_count(1)
    await no_barrier(page)
    await pictures(page, "record-corrected", themes=("light",))
    await page.get_by_role("button", name="Take back").click()
    await page.get_by_label("Why?").fill("It was somebody else.")
    await dialog.get_by_role("button", name="Take back").click()
    await expect(by_hand).to_contain_text("Taken back: It was somebody else.")
    assert await counted(page) == before


async def eight_notes_are_written_and_signed_without_touching_the_mouse(page: Page, clinic: Clinic) -> None:
    keys = page.keyboard
    await keys.press("Alt+u")
    for name, texts in OWN_WORDS.items():
        await title(page, name)
        for section, text in zip(SECTIONS, texts, strict=True):
            await expect(page.locator(".record-own").get_by_label(section)).to_be_focused()
            await keys.type(text)
            if section != SECTIONS[-1]:
                await keys.press("Tab")
        if name == "Robin":
            await keys.press("Alt+o")
            await keys.press("Space")
            await expect(page.get_by_label(SLEEP.text)).to_be_checked()
            await until(clinic, "s-over", lambda state: bool(state.notes.goals_of(ROBIN).addressed))
        await keys.press("Control+Enter")
        if name == "Robin":
            await choose_pin(page)
    await title(page, "Maria-Guadalupe Fictional-Placeholder de la Invención")  # who never came: nothing to write
    await keys.press("Control+Enter")
    state = await until(clinic, "s-over", lambda state: len(state.notes.signed) == 8)
    for person, texts in zip(clinic.sessions[state.session.session].people, OWN_WORDS.values(), strict=False):
        content: Any = state.notes.signed[person].content
        assert [section["text"] for section in content["note"]["sections"]] == list(texts)
        assert await posted(clinic, person, entries=1) == [content["figures"]["countable_min"]]
    assert [goal["text"] for goal in state.notes.signed[ROBIN].content["goals"]] == [SLEEP.text]
    assert state.notes.signed[SAM].content["goals"] == []


async def a_supervisor_sends_one_back_and_cosigns_the_answer(fay: Page, sue: Page) -> None:
    await title(sue, "Robin")
    await expect(sue.get_by_role("link", name="Robin")).to_contain_text("To co-sign")
    await expect(sue.locator("textarea:visible")).to_have_count(0)
    await no_barrier(sue)
    await pictures(sue, "record-cosign", themes=("light",))
    await sue.get_by_text("Send it back with words").click()
    await sue.get_by_label("What should Dr. Fay Facilitator see to?").fill("What about the weekend?")
    await sue.get_by_role("button", name="Send back").click()
    await title(sue, "Sam")  # the next one that waits for her
    await sue.get_by_role("link", name="Robin").click()
    await expect(sue.get_by_role("button", name="Co-sign and go on")).to_be_disabled()

    await fay.get_by_role("link", name="Robin").click()
    await expect(fay.get_by_role("link", name="Robin")).to_contain_text("Sent back")
    await expect(fay.get_by_label("Sent back")).to_contain_text("What about the weekend?")
    await no_barrier(fay)
    await pictures(fay, "record-returned", themes=("light",))
    fingerprint = await fay.get_by_label("Signed note").locator("code").first.inner_text()
    await fay.get_by_label("Addendum").fill("The sister comes on Saturday.")
    await fay.get_by_role("button", name="Add", exact=True).click()
    await expect(fay.locator(".record-addendum")).to_contain_text("The sister comes on Saturday.")

    await expect(sue.locator(".record-addendum")).to_contain_text("The sister comes on Saturday.")
    await sue.keyboard.press("Control+Enter")
    await choose_pin(sue, SUE)
    await expect(fay.get_by_label("Signed note")).to_contain_text("Co-signed by Sue Supervisor")
    await expect(fay.get_by_label("Signed note").locator("code").first).to_have_text(fingerprint)


async def minutes_are_reversed_and_posted_anew(page: Page, clinic: Clinic) -> None:
    await page.get_by_role("link", name="Alex").click()
    signed = (await clinic.state("s-over")).notes.signed[ALEX]
    [first] = await posted(clinic, ALEX, entries=1)
    await page.get_by_role("button", name=re.compile("^Away")).click()
    await page.get_by_role("button", name="Correct…").click()
    await page.get_by_label("Why?").fill("Was on the phone with us.")
    await page.get_by_role("button", name="Correct", exact=True).click()
    await expect(page.get_by_text("The minutes changed after the note was signed.")).to_be_visible()
    await no_barrier(page)
    await pictures(page, "record-amend", themes=("light",))
    assert await posted(clinic, ALEX, entries=1) == [first], "not before somebody says so"
    await page.get_by_role("button", name="Reverse and post anew…").click()
    await page.get_by_label("Why?").fill("Corrected after a call.")
    await page.get_by_role("button", name="Reverse and post anew", exact=True).click()
    await expect(page.get_by_text("were posted anew: Corrected after a call.")).to_be_visible()
    assert await posted(clinic, ALEX, entries=3) == [first, -first, first + 7]
    assert (await clinic.state("s-over")).notes.signed[ALEX] == signed
    await expect(page.get_by_label("Signed note")).to_contain_text(f"{first + 7} minutes stand in Alex")


async def everything_about_one_person_is_taken_checked_and_accounted_for(page: Page, clinic: Clinic) -> None:
    await agree_to_part2(clinic.store, ALEX, clock=RoomClock())  # else nothing of it leaves the house
    await page.goto(f"{clinic.url}/papers/{ALEX}")
    await no_barrier(page)
    await pictures(page, "papers", themes=("light",))
    found: dict[str, bytes] = {}
    for kind in ("Statement of hours", "Signed notes", "Audit packet", "For another health record"):
        await page.get_by_label(kind).check()
        await page.get_by_label("Payment").check()
        _, found[kind] = await taken(page)
        await page.goto(f"{clinic.url}/papers/{ALEX}")  # a form anew: another copy, and another disclosure
    for kind in ("Statement of hours", "Signed notes"):
        assert beside_the_consent(found[kind]).startswith(b"%PDF-")
    assert packet.troubles(found["Audit packet"]) == []
    Bundle.model_validate_json(beside_the_consent(found["For another health record"]))

    await page.goto(f"{clinic.url}/statement/{ALEX}/export")
    await page.get_by_label("Example: counselling in units of 15 minutes").check()
    await page.get_by_label("Payment").check()
    name, rows = await taken(page)
    assert name.startswith("claim-ready")
    assert {row["service_code"] for row in csv.DictReader(io.StringIO(rows.decode("utf-8-sig")))} <= {"H0004", ""}

    await page.goto(f"{clinic.url}/statement/{ALEX}")
    for what in ("Statement", "Notes", "Packet", "FHIR documents", "Claim-ready rows"):
        await expect(page.get_by_text(f"{what}, all").first).to_be_attached()


def beside_the_consent(handed_out: bytes) -> bytes:
    """The one file of a Part 2 record that goes out with a copy of the consent for it."""
    with zipfile.ZipFile(io.BytesIO(handed_out)) as archive:
        assert CONSENT in archive.namelist()
        [name] = set(archive.namelist()) - {CONSENT}
        return archive.read(name)


async def taken(page: Page) -> tuple[str, bytes]:
    """The file that the form gives, and its name."""
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download").click()
    download = await started.value
    return download.suggested_filename, Path(await download.path()).read_bytes()
