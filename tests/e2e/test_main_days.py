"""Each role's main day in a real Chromium, from home and back: people on a phone, staff at a desk.

At every stop nothing keeps anybody out, in either theme, and nothing scrolls sideways.
"""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from facilitation import commands as c
from facilitation.timebase import MINUTE_MS
from tests.support.browser import PHONE, pictures
from tests.support.evening import FAY, Clinic, Evening
from tests.support.visits import HERE, ROBIN, SAM, House, Open, choose_pin, no_barrier, now, over, until

pytestmark = pytest.mark.timeout(240)

PLAN = "Ice water, then call my sister."


def running(session: str, minutes: int, *there: str, people: int = 3) -> Evening:
    """It began so long ago; Fay and these people came. Nobody has a connection open now."""
    going = Evening(session=session, starts_at=now() - minutes * MINUTE_MS, people=people, zone=HERE)
    going.at(-2).come(FAY)
    for person in there:
        going.come(person)
    going.at(0).do(c.StartSession(), FAY)
    return going


def closing(session: str, *there: str) -> Evening:
    """In its last part."""
    going = running(session, 190, *there)
    *most, _ = going.state.agenda.plan.segments
    for number in range(len(most)):
        going.at(number * 30 + 1).move_on()
    return going


async def at_home(page: Page, clinic: Clinic, name: str) -> None:
    await page.goto(f"{clinic.url}/home")
    await no_barrier(page)
    await pictures(page, f"home-{name}")


async def test_a_participant_comes_in_from_home_and_takes_tonights_plan_home(visits: Open, house: House) -> None:
    async with house(closing("s-now", ROBIN, SAM)) as clinic:
        fay = await (await visits(clinic)).enter("s-now", FAY)  # somebody must be there to see a safety answer
        await expect(fay.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        visit = await visits(clinic, viewport=PHONE)
        page = await visit.enter("s-now", ROBIN)
        await at_home(page, clinic, "participant-now")
        await expect(page.get_by_text("Your plan for tonight")).to_be_visible()
        await page.get_by_role("link", name="Come in").click()
        await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()

        await page.get_by_role("button", name=re.compile("^Now")).first.click()
        form = page.get_by_role("form", name="Wrap-up")
        for question, answer in (
            ("How is your mood now?", "7"),
            ("How strong is the urge to use now?", "1"),
            ("How strong is the urge to hurt yourself now?", "0"),
            ("Can you stay safe until next time?", "Yes"),
        ):
            group = form.get_by_role("group", name=re.compile(re.escape(question)))
            await group.get_by_role("radio", name=answer, exact=True).check()
        await form.get_by_label(re.compile("One thing you take")).fill("Urges pass like waves.")
        await form.get_by_label(re.compile("Your plan for tonight")).fill(PLAN)
        await no_barrier(page)
        await form.get_by_role("button", name="Send to the facilitators").click()
        await expect(page.get_by_role("button", name="Change my answers")).to_be_visible()

        await fay.locator(".path-moves").get_by_role("button", name="End…").click()
        await fay.get_by_role("dialog").get_by_role("button", name="End the session").click()
        await expect(page.get_by_text(re.compile("ended", re.IGNORECASE)).first).to_be_visible()
        await no_barrier(page)
        await at_home(page, clinic, "participant-tonight")
        tonight = page.get_by_role("region", name="Your plan for tonight")
        await expect(tonight).to_contain_text(PLAN)
        await expect(tonight).to_contain_text("Urges pass like waves.")
        await expect(page.get_by_role("link", name="Come in")).to_have_count(0)

        sam = await visits(clinic, viewport=PHONE)
        other = await sam.enter("s-now", SAM)
        await other.goto(f"{clinic.url}/home")
        await expect(other.get_by_text(PLAN)).to_have_count(0)


async def test_a_facilitator_finds_who_is_missing_goes_in_and_signs_what_is_owed(visits: Open, house: House) -> None:
    async with house(running("s-now", 6, ROBIN), over("s-over", 1)) as clinic:
        page = await (await visits(clinic)).enter("s-now", FAY)
        await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        await until(clinic, "s-now", lambda state: SAM in state.noshows.noticed)
        await at_home(page, clinic, "facilitator")
        today = page.get_by_role("region", name="Today’s groups")
        await expect(today).to_contain_text("1 of 3 came. Missing: Sam, Alex")
        await today.get_by_role("link", name=re.compile("Go to the room")).click()
        await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        await no_barrier(page)

        await page.goto(f"{clinic.url}/home")
        await page.get_by_role("link", name="Write the notes: 0 of 1 signed").click()
        await expect(page.locator(".record")).to_be_visible()
        await page.locator(".record-own textarea").first.fill("Took part in the practice.")
        await page.get_by_role("button", name="Sign and go on").click()
        await choose_pin(page)
        await expect(page.locator(".record-sealed")).to_be_visible()
        await no_barrier(page)
        await page.goto(f"{clinic.url}/home")
        await expect(page.get_by_role("region", name="Notes to sign")).to_contain_text(
            "Every note that waited for you is signed."
        )
