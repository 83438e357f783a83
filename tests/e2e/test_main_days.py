"""Each role's main day in a real Chromium, from home and back: people on a phone, staff at a desk.

At every stop nothing keeps anybody out, in either theme, and nothing scrolls sideways.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from facilitation import commands as c
from facilitation.cohorts import Lead
from facilitation.contacts import Contact, Nearest
from facilitation.ids import PersonId, SeriesId
from facilitation.people import Role
from facilitation.recurrence import Every, Recurrence
from facilitation.schedule import Series, SeriesKind
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server import demo_week
from server.app import schedule_of
from server.clock import FakeClock
from server.people.contacts import contacts
from server.store.clinic import Person
from tests.support import clinic as office
from tests.support.browser import PHONE, pictures
from tests.support.evening import FAY, Clinic, Evening
from tests.support.visits import HERE, ROBIN, SAM, House, Open, choose_pin, no_barrier, now, over, until

pytestmark = pytest.mark.timeout(240)

PLAN = "Ice water, then call my sister."
MONDAY_8_AM = 1_795_438_800_000
"""2026-11-23 in New York."""
WEDNESDAY = date(2026, 11, 25)
ZONE = "America/New_York"
GUS, GALE = PersonId("p-gus"), PersonId("p-gale")


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
        near = Nearest(name="Pat Example", relation="mother", phone="555-0101")
        reached = Contact(person=SAM, phone="555-0100", nearest=(near,))
        await contacts(clinic.store.register).put(reached, upon=0, by=FAY, at=Instant(now()))
        page = await (await visits(clinic)).enter("s-now", FAY)
        await expect(page.get_by_role("button", name="Leave", exact=True)).to_be_visible()
        await until(clinic, "s-now", lambda state: SAM in state.noshows.noticed)
        await at_home(page, clinic, "facilitator")
        today = page.get_by_role("region", name="Today’s groups")
        await expect(today).to_contain_text("1 of 3 came. Missing: Sam, Alex")
        await today.get_by_role("link", name=re.compile("Go to the room")).click()
        missing = page.get_by_role("region", name="Missing (2)").get_by_role("listitem").filter(has_text="Sam").first
        numbers = missing.get_by_role("link")
        await expect(numbers).to_have_text(
            [re.compile(r"Call Sam\s+555-0100"), re.compile(r"Call Pat Example mother 555-0101")]
        )
        await expect(numbers.last).to_have_attribute("href", "tel:5550101")
        await missing.get_by_role("group", name="How it went with Pat Example").get_by_text("Reached").click()
        await expect(missing).to_contain_text(re.compile("Emergency contact: Reached \\(.*Fay"))
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


# --------------------------------------------------------------------------- who is signed in


@pytest_asyncio.fixture
async def week(tmp_path: Path) -> AsyncIterator[office.Clinic]:
    """The demo clinic on a Monday morning, its weeks planned; what is made for a first look was the day before."""
    clock = FakeClock(MONDAY_8_AM - 24 * HOUR_MS)
    async with office.clinic(tmp_path, clock) as clinic:
        clock.advance(ms=24 * HOUR_MS)
        await demo_week.prepare(clinic.store, now=clock.now())
        await clinic.store.clinic.put_person(
            Person(person=GUS, name="Gus Stand-in", role=Role.FACILITATOR, track="adult", zone=ZONE)
        )
        sam_with_fay = Series(
            id=SeriesId("w-sam"),
            title="Sam with Fay",
            kind=SeriesKind.INDIVIDUAL,
            plan_id="individual",
            zone=ZONE,
            recurrence=Recurrence(every=Every.ONCE),
            first=WEDNESDAY,
            starts=time(18, 30),
            people=(office.SAM,),
            leads=(Lead(person=office.FAY, role=Role.FACILITATOR),),
            programme="adult-iop",
        )
        schedule = schedule_of(clinic.store, catalog=clinic.catalog, clock=clock)
        await schedule.put([schedule.shelves.series.draft(sam_with_fay, upon=0)], by="")
        yield clinic


async def signed_in(clinic: office.Clinic, person: PersonId, visit: Any) -> Page:
    """Their home page, in a browser where they have used their invitation."""
    browser, _ = await clinic.begin(person)
    await visit.context.add_cookies(
        [{"name": name, "value": held.value, "url": browser.base_url} for name, held in browser.cookies.items()]
    )
    page: Page = visit.page
    await page.goto(f"{browser.base_url}/home")
    await no_barrier(page)
    await pictures(page, f"home-{person}")
    return page


async def test_a_scheduler_mends_a_conflict_moves_people_and_meetings_and_calls_and_sees_nothing_else(
    visits: Open, week: office.Clinic
) -> None:
    mother = Nearest(name="Pat Example", relation="mother", phone="555-0101")
    sam = Contact(person=office.SAM, phone="555-0100", nearest=(mother,))
    await contacts(week.store.register).put(sam, upon=0, by=office.FAY, at=week.clock.now())
    visit = await visits(week)
    visit.foreseen.append("status of 403")
    page = await signed_in(week, office.SAL, visit)
    url = page.url.removesuffix("/home")
    conflict = page.get_by_role("region", name="Conflicts").get_by_role("listitem").filter(has_text="Sam with Fay")
    await expect(conflict).to_contain_text("Dr. Fay Facilitator")
    await expect(conflict).to_contain_text("At the same time")
    await conflict.get_by_role("link", name=re.compile("Look at it")).click()
    await page.get_by_label("Who cannot come").select_option(label="Dr. Fay Facilitator")
    await page.get_by_label("Who stands in").select_option(label="Gus Stand-in")
    trainee = page.get_by_label("Who stands in").get_by_role("option", name="Ola Observer")
    await expect(trainee).to_have_count(0)  # who only watches leads nothing
    await no_barrier(page)
    meeting = page.url.partition("?")[0]
    await page.get_by_role("button", name="Let them stand in").click()
    await page.wait_for_url("**done=1**")
    await page.goto(f"{url}/home")
    await expect(page.get_by_role("region", name="Conflicts")).not_to_contain_text("Fay Facilitator")

    gus = await signed_in(week, GUS, await visits(week))
    await expect(gus.get_by_role("region", name="Standing in")).to_contain_text("You stand in for Dr. Fay Facilitator")
    await expect(gus.get_by_role("region", name="Sam with Fay")).to_contain_text("Wednesday, November 25")

    await page.goto(meeting)
    await page.get_by_label("To this day").fill("2026-11-27")
    await page.get_by_label("At", exact=True).fill("14:00")
    await page.get_by_role("button", name="Move it").click()
    await expect(page.get_by_text("Moved from Wednesday, November 25")).to_be_visible()

    # Somebody new in the group, fewer days for another, and a third who leaves: from the list of people.
    async def days_of(name: str) -> None:
        await page.goto(f"{url}/people?q={name}")
        await page.get_by_role("link", name=re.compile("Groups and days")).click()

    async def looked_at_and_kept(form: Any) -> None:
        await form.get_by_role("button", name="What would that mean?").click()
        await no_barrier(page)
        await page.get_by_role("button", name="Keep it").click()
        await page.wait_for_url("**done=1**")

    await days_of("Jo")
    await page.get_by_text("Other days").click()
    step = page.locator("form").filter(has=page.locator("input[value=step]"))
    await step.get_by_label("Friday").uncheck()
    await looked_at_and_kept(step)
    await days_of("Kim")
    await page.get_by_text("Discharge", exact=True).click()
    discharge = page.locator("form").filter(has=page.locator("input[value=discharge]"))
    await discharge.get_by_label("Plan for afterwards").fill("Dr. Pat Placeholder on Tuesdays; her sister knows.")
    await looked_at_and_kept(discharge)
    await expect(page.get_by_role("heading", name=re.compile("Discharged on"))).to_be_visible()
    await page.get_by_role("link", name="Their week").click()
    await page.get_by_role("link", name="Groups and days").click()
    await page.get_by_text("Enrol in a group").click()
    enrol = page.locator("form").filter(has=page.locator("input[value=enrol]"))
    await enrol.get_by_label("Group", exact=True).select_option(label="Recovery group")
    await enrol.get_by_label("Monday").check()
    await looked_at_and_kept(enrol)
    await expect(page.get_by_role("heading", name="Recovery group")).to_be_visible()

    # Whoever waits for a seat, and whom to call.
    await page.goto(f"{url}/waiting")
    await page.get_by_label("Who", exact=True).select_option(label="Robin Example")
    await page.get_by_label("Waits for").select_option(label="Recovery group")
    await page.get_by_role("button", name="Put on the list").click()
    await expect(page.get_by_role("heading", name="Recovery group: Robin Example")).to_be_visible()
    await page.goto(f"{url}/home")
    await expect(page.get_by_role("region", name="Waiting for the clinic")).to_contain_text("on the waiting lists")
    await no_barrier(page)
    await page.goto(f"{url}/weeks/{office.SAM}")
    await page.get_by_role("link", name="Calls").click()
    await page.get_by_role("button", name=re.compile("No answer.*Pat Example")).click()
    await expect(page.get_by_text("It is kept.")).to_be_visible()
    await no_barrier(page)
    await page.goto(f"{url}/statement/{office.SAM}")
    await expect(page.get_by_role("heading", name="This page is not yours to open")).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name="Home").click()
    await expect(page.get_by_role("heading", name="Hello, Sal Scheduler")).to_be_visible()


async def test_an_auditor_sees_at_home_what_was_read_last_and_finds_who_read_a_record(
    visits: Open, week: office.Clinic
) -> None:
    fay, _ = await week.begin(office.FAY)
    assert (await fay.get(f"/statement/{office.ROBIN}")).status == 200
    page = await signed_in(week, office.UMA, await visits(week))
    read = page.get_by_role("region", name="Read last").get_by_role("listitem")
    await expect(read.filter(has_text="Robin Example")).to_contain_text("Dr. Fay Facilitator")
    await page.get_by_role("link", name="Search who read what").click()
    await page.get_by_label("Whose record").fill("Robin Example")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("listitem").filter(has_text="Dr. Fay Facilitator")).to_have_count(1)
    await no_barrier(page)


async def test_a_guardian_sees_on_a_phone_how_their_teen_is_doing_and_when_they_meet(
    visits: Open, week: office.Clinic
) -> None:
    page = await signed_in(week, GALE, await visits(week, viewport=PHONE))
    teen = page.get_by_role("region", name="Ash Example")
    await expect(teen).to_contain_text("Monday, November 23, 3:30 PM – 5:40 PM")
    await expect(teen.get_by_role("img", name=re.compile("of 6 h"))).to_be_visible()
    await expect(page.get_by_text("Robin")).to_have_count(0)
