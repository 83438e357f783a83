"""What a link to a session does for one of the staff: a factor alone, and the way on once there is the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from server.clock import FakeClock
from tests.support.clinic import FAY, ROBIN, Clinic, clinic

NOW = 1_795_561_200_000


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(NOW), staff_links="sign-in") as place:
        yield place


async def test_somebody_elses_browser_is_led_to_signing_in_and_on_to_the_room(place: Clinic) -> None:
    browser, phone = await place.begin(FAY)
    phone.origin = browser.base_url
    stranger = place.browser()
    answer = await stranger.get(place.link(FAY, place.evening))
    room = f"/s/{place.evening.session}"
    assert (answer.status, answer.headers["Location"]) == (303, f"/sign-in?link=1&next={room.replace('/', '%2F')}")
    assert (await stranger.get(room)).status == 403
    page = await stranger.get(answer.headers["Location"])
    assert "Your link leads on to the meeting" in page.text and f'value="{room}"' in page.text
    shown = await place.show(stranger, phone, next=room)
    assert shown.json == {"location": room}
    assert (await stranger.get(room)).status == 200


async def test_a_remembered_device_opens_it_at_once(place: Clinic) -> None:
    browser, _ = await place.begin(FAY)
    assert (await browser.get(place.link(FAY, place.evening))).headers["Location"] == f"/s/{place.evening.session}"
    await browser.post("/sign-out")
    assert (await browser.get("/home")).status == 403
    answer = await browser.get(place.link(FAY, place.evening))
    assert answer.headers["Location"] == f"/s/{place.evening.session}"
    assert (await browser.get(answer.headers["Location"])).status == 200


async def test_a_locked_screen_stays_locked(place: Clinic) -> None:
    browser, _ = await place.begin(FAY)
    await browser.post("/lock")
    answer = await browser.get(place.link(FAY, place.evening))
    assert answer.headers["Location"].startswith("/unlock?next=")


async def test_no_program_gets_a_ticket_for_one_of_the_staff(place: Clinic) -> None:
    link = place.link(FAY, place.evening).removeprefix("/j/")
    answer = await place.browser().post("/api/ticket", {"link": link})
    assert (answer.status, answer.json["error"]["code"]) == (401, "sign_in_needed")


async def test_participants_links_open_as_they_did(place: Clinic) -> None:
    browser = place.browser()
    assert (await browser.get(place.link(ROBIN, place.evening))).headers["Location"] == f"/s/{place.evening.session}"
    link = place.link(ROBIN, place.evening).removeprefix("/j/")
    assert (await place.browser().post("/api/ticket", {"link": link})).status == 200


async def test_the_made_up_clinic_opens_them_and_a_real_one_does_not(tmp_path: Path) -> None:
    async with clinic(tmp_path, FakeClock(NOW)) as example:
        assert (await example.browser().get(example.link(FAY, example.evening))).headers["Location"].startswith("/s/")
        assert example.settings.staff_links_open
    async with clinic(tmp_path, FakeClock(NOW), example="no") as real:
        assert (await real.browser().get(real.link(FAY, real.evening))).headers["Location"].startswith("/sign-in")
