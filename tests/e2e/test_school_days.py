"""Days around school: a guardian tells ahead, a teen takes a seat and asks for a make-up, the office answers and plans.

On phones for the family, on a laptop for the office; every page is reached from home, by what stands on it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from facilitation.ids import PersonId
from server.clock import FakeClock, RoomClock
from server.schedule.shelves import Shelves
from tests.support.browser import DESKTOP, PHONE
from tests.support.clinic import ADA, ASH, Clinic, clinic
from tests.support.everything import LATER, fill
from tests.support.reach import cookies
from tests.support.visits import Open

GALE = PersonId("p-gale")


async def at_home(visits: Open, place: Clinic, person: PersonId, size: Any) -> Page:
    visitor, _ = await place.begin(person)
    visit = await visits(place, viewport=size)
    await visit.context.add_cookies(cookies(visitor.cookies, visitor.base_url))
    page: Page = visit.page
    await page.goto(f"{visitor.base_url}/home")
    return page


@pytest.mark.timeout(240)
async def test_a_family_and_the_office_find_their_way_around_school(visits: Open, tmp_path: Path) -> None:
    async with clinic(tmp_path, FakeClock(RoomClock().now())) as place:
        await fill(place)

        # The guardian tells ahead, from the phone.
        gale = await at_home(visits, place, GALE, PHONE)
        ash = gale.get_by_role("region", name="Ash Example")
        await expect(ash).to_contain_text("A seat is free in The later group")
        await ash.get_by_role("link", name="When they can’t come").click()
        tomorrow = gale.get_by_role("listitem").filter(has_text="After-school group").nth(2)
        day = (await tomorrow.get_by_role("heading").inner_text()).partition("\n")[0]
        await tomorrow.locator("summary").click()
        await tomorrow.get_by_text("School or an exam").click()
        await tomorrow.get_by_role("button", name="Tell the clinic").click()
        await expect(gale.get_by_role("status")).to_contain_text("Thank you for telling.")

        # The teen sees what was told, asks for another meeting, and takes the seat.
        teen = await at_home(visits, place, ASH, PHONE)
        await teen.get_by_role("link", name="If you can’t come").click()
        missed = teen.get_by_role("listitem").filter(has=teen.get_by_role("heading", name=re.compile(re.escape(day))))
        missed = missed.filter(has_text="You will not come.")
        await expect(missed).to_contain_text("Told by Gale Guardian")
        await missed.get_by_role("button", name="Ask for it").first.click()
        await expect(teen.get_by_role("status")).to_contain_text("Asked.")
        await teen.get_by_role("link", name="Home").click()
        await teen.get_by_role("region", name="For you to answer").get_by_role("link", name="Answer").click()
        await teen.get_by_role("button", name="Yes, take the seat").click()
        await expect(teen.get_by_role("status")).to_contain_text("The seat is taken")
        await teen.get_by_role("link", name="Home").click()
        await expect(teen.get_by_text("A seat is free")).to_have_count(0)

        # The office agrees, and looks for a week for everybody.
        ada = await at_home(visits, place, ADA, DESKTOP)
        await ada.get_by_role("link", name="Who asks for a make-up").click()
        await ada.get_by_role("button", name=re.compile("^Agree.*Ash Example")).click()
        await expect(ada.get_by_role("status")).to_contain_text("They stand on the list of that meeting now.")
        await ada.get_by_role("link", name="Home").click()
        await ada.get_by_role("link", name="A week for everybody").click()
        await ada.get_by_label("Weeks to look at").fill("2")
        await ada.get_by_label("Leave everybody where they are").uncheck()
        await ada.get_by_role("button", name="Look for a week for everybody").click()
        await ada.reload()  # it goes on meanwhile
        await expect(ada.get_by_role("heading", name="The last search")).to_be_visible(timeout=60_000)
        await expect(ada.get_by_text("Nobody is left out.")).to_be_visible()
        await ada.get_by_role("button", name=re.compile("^Give it to")).first.click()
        await expect(ada.get_by_role("status")).to_contain_text("Given.")
        await ada.get_by_role("button", name=re.compile("^Take it back")).first.click()
        await expect(ada.get_by_role("status")).to_contain_text("Taken back.")

        await teen.goto(f"{teen.url.partition('/home')[0]}/away")
        await expect(teen.get_by_text(re.compile("^Agreed: "))).to_have_count(1)
        held = [each.value for each in (await Shelves(place.store.register).enrolments.all()).values()]
        assert any(each.person == ASH and each.cohort == LATER for each in held)
