"""An administrator sets up a real clinic: from an empty store to a participant at the door of the first meeting.

Everything is done by what stands on the pages, in the order in which they offer it: nobody has read a manual.
"""

from __future__ import annotations

import email
import re
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from tests.support.browser import DESKTOP, PHONE
from tests.support.passkeys import authenticator
from tests.support.process import Milieu, milieu
from tests.support.visits import no_barrier

LIST = """Name;E-mail;Role;Track;Group;Phone;Guardian;Guardian email;Notes of ours
Robin Example;robin@example.org;participant;;Evening group;555-0100;;;x
José Ejemplo;jose@example.org;;;Evening group;;;;
Kim Fictional;kim at example.org;;;Evening group;;;;
Dr. Fay Facilitator;fay@example.org;facilitator;;;;;;
"""
INVITED = re.compile(r"http://localhost:\d+/invite/[A-Za-z0-9_-]+")


async def test_a_clinic_is_set_up_from_nothing_to_the_first_meeting(chromium: Browser, tmp_path: Path) -> None:
    async with milieu(tmp_path, MILIEU_EXAMPLE="no") as server:
        desk = await chromium.new_context(viewport=DESKTOP, reduced_motion="reduce")
        phone = await chromium.new_context(viewport=PHONE, reduced_motion="reduce")
        try:
            page = await desk.new_page()
            await authenticator(page)
            await page.goto(only_invitation(server.output))
            await page.get_by_label("Your mail address").fill("ada@example.org")
            await page.get_by_role("button", name="Make a passkey").click()
            await expect(page.get_by_role("heading", level=1)).to_contain_text("Hello")
            await page.get_by_role("link", name="First steps").click()
            await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
            await no_barrier(page)

            await make_a_group(page)
            await take_in_a_list(page, tmp_path)
            await page.get_by_role("link", name="Back to the first steps").click()
            await page.get_by_role("button", name="Send 3 invitations").click()
            await expect(page.get_by_text("Everybody with an address has one.")).to_be_visible()
            await expect(page.locator(".start-mark.done")).to_have_count(4)
            await no_barrier(page)

            await come_in(await phone.new_page(), server, tmp_path)
        finally:
            await desk.close()
            await phone.close()


async def make_a_group(page: Page) -> None:
    """Too few days at first: the page says so before anything is made."""
    await page.get_by_label("What is it called?").fill("Evening group")
    await page.get_by_label("Adult intensive outpatient program").check()
    await page.get_by_label("Adult evening group").check()
    await page.get_by_label("Monday").check()
    await page.get_by_label("From what time?").fill("18:00")
    await page.get_by_role("button", name="Show me the first meetings").click()
    await expect(page.get_by_text("6 h less than the 9 h that the program asks for")).to_be_visible()
    for day in ("Wednesday", "Thursday"):
        await page.get_by_label(day).check()
    await page.get_by_role("button", name="Look again").click()
    await expect(page.get_by_text("it reaches the 9 h that the program asks for")).to_be_visible()
    await no_barrier(page)
    await page.get_by_role("button", name="Make this group").click()
    await expect(page.get_by_text("The group is there")).to_be_visible()


async def take_in_a_list(page: Page, folder: Path) -> None:
    """From a file in old letters, with one address that is none: the others come in, and the row waits."""
    file = folder / "people.csv"
    file.write_bytes(LIST.encode("cp1252"))
    await page.get_by_role("link", name="Take in a list").click()
    await page.get_by_label("A file").set_input_files(file)
    await page.get_by_role("button", name="Look at it first").click()
    await expect(page.get_by_text("“kim at example.org” is no mail address.")).to_be_visible()
    await expect(page.get_by_text("Look at names with accents")).to_be_visible()
    await expect(page.get_by_text("Not read, as we have no use for them: Notes of ours.")).to_be_visible()
    await expect(page.get_by_role("cell", name="José Ejemplo")).to_be_visible()
    await no_barrier(page)
    await page.get_by_role("button", name="Take in 3 people").click()
    await expect(page.get_by_role("heading", name="3 people are in.")).to_be_visible()
    await expect(page.get_by_label("The list")).to_have_value(re.compile("Kim Fictional"))
    await expect(page.get_by_label("The list")).not_to_have_value(re.compile("Robin"))


async def come_in(page: Page, server: Milieu, folder: Path) -> None:
    """Robin opens the letter on a phone and has the next meeting before them."""
    await authenticator(page)
    await page.goto(letter_to("robin@example.org", folder / "outbox"))
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_role("heading", name="Hello, Robin Example")).to_be_visible()
    await expect(page.get_by_text("Evening group").first).to_be_visible()
    await no_barrier(page)


def only_invitation(output: str) -> str:
    [link] = INVITED.findall(output)
    return str(link)


def letter_to(address: str, outbox: Path) -> str:
    """The link in the letter that lies in the outbox."""
    letters = [email.message_from_bytes(file.read_bytes()) for file in outbox.iterdir() if file.is_file()]
    [letter] = [letter for letter in letters if address in str(letter["To"])]
    texts = [part for part in letter.walk() if part.get_content_type() == "text/plain"]
    return only_invitation(bytes(texts[0].get_payload(decode=True)).decode())
