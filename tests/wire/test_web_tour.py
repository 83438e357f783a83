"""The page of the made-up clinic: everybody's way in for whoever has its address, and nothing for anybody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from server import demo
from server.clock import FakeClock
from tests.support.clinic import Clinic, clinic
from tests.support.visitor import Visitor

NOW = 1_795_561_200_000


@pytest_asyncio.fixture
async def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest_asyncio.fixture
async def place(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, clock) as place:
        yield place


def address(place: Clinic) -> str:
    return "/tour/" + place.links.tour()


def ways(page: str) -> list[str]:
    """The links of the page that open a meeting."""
    return list(dict.fromkeys(re.findall(r'href="(/j/[^"]+)"', page)))


async def test_it_leads_in_as_everybody_of_every_group(place: Clinic) -> None:
    page = (await Visitor(place.url).get(address(place))).text
    links = ways(page)
    assert len(links) == sum(len(group.staff) + len(group.participants) for group in demo.GROUPS)
    came = set()
    for link in links:
        answer = await Visitor(place.url).get(link)
        assert answer.status == 303, link
        came.add(answer.headers["Location"])
    assert came == {f"/s/{session.session}" for session in place.sessions}
    for name in ("Dr. Fay Facilitator", "Robin Example", "Ash Example", demo.GUARDIAN.name):
        assert name in page


async def test_one_browser_can_be_several_people(place: Clinic) -> None:
    browser = Visitor(place.url)
    links = ways((await browser.get(address(place))).text)
    rooms = [(await browser.get(link)).headers["Location"] for link in links[:4]]
    assert rooms[1:] == [f"{rooms[0]}?seat={number}" for number in (2, 3, 4)]


@pytest.mark.parametrize("key", ["wrong", "x" * 2_000, "%00", "WyJkZW1vIl0.abc"])
async def test_without_its_address_there_is_no_such_page(place: Clinic, key: str) -> None:
    assert (await Visitor(place.url).get(f"/tour/{key}")).status == 404


async def test_no_other_link_of_the_clinic_opens_it(place: Clinic) -> None:
    for link in (place.link(demo.LEADERS[0], place.evening), place.reminder(demo.LEADERS[0], place.evening)):
        assert (await Visitor(place.url).get("/tour/" + link.rpartition("/")[2])).status == 404


async def test_a_clinic_of_ones_own_has_none(tmp_path: Path, clock: FakeClock) -> None:
    async with clinic(tmp_path, clock, example="no") as place:
        assert (await Visitor(place.url).get(address(place))).status == 404


async def test_where_a_meeting_is_long_over_another_one_can_start(place: Clinic, clock: FakeClock) -> None:
    first = ways((await Visitor(place.url).get(address(place))).text)
    assert ways((await Visitor(place.url).get(address(place))).text) == first
    clock.advance(minutes=13 * 60)
    pages = await asyncio.gather(*(Visitor(place.url).get(address(place)) for _ in range(3)))
    later = {tuple(ways(page.text)) for page in pages}
    assert len(later) == 1, "three pages at once made one meeting of each group"
    assert not set(later.pop()) & set(first)


async def test_the_guardian_is_led_to_an_invitation_until_it_was_used(place: Clinic) -> None:
    browser = place.browser()
    page = (await browser.get(address(place))).text
    [invitation] = re.findall(rf'href="([^"]*/invite/[^"]+)"[^>]*>{demo.GUARDIAN.name}', page)
    assert (await browser.get(invitation)).status == 200
    assert invitation in (await browser.get(address(place))).text, "it is the same every time"
    await place.begin(demo.GUARDIAN.person)
    page = (await Visitor(place.url).get(address(place))).text
    assert invitation not in page and f"{demo.GUARDIAN.name} signs in." in page
