"""Who is early: a kind page that says when the room opens, no log before its hours, and staff who prepare it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facilitation.ids import SessionId
from facilitation.timebase import MINUTE_MS, Instant
from server.clock import FakeClock
from server.store.clinic import ScheduledSession
from tests.support.clinic import FAY, ROBIN, Clinic, clinic
from tests.support.visitor import Visitor

NOW = 1_795_561_200_000


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        yield place


async def later(place: Clinic, *, minutes: int) -> ScheduledSession:
    """The evening group, in so many minutes."""
    session = replace(
        place.evening, session=SessionId("s-later"), starts_at=Instant(place.clock.now() + minutes * MINUTE_MS)
    )
    await place.store.clinic.put_session(session)
    return session


async def knock(place: Clinic, visitor: Visitor, session: ScheduledSession) -> int:
    """The code with which the websocket closes; 0: it is open."""
    async with connect(
        f"{visitor.base_url.replace('http', 'ws')}/s/{session.session}/socket",
        origin=visitor.base_url,
        additional_headers={"Cookie": visitor.cookie},
        proxy=None,
    ) as websocket:
        await websocket.send(json.dumps({"type": "hello", "protocol": 1, "device": "a-test", "mode": "room"}))
        try:
            return 0 if json.loads(await websocket.recv())["type"] == "welcome" else 1
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return closed.rcvd.code


async def has_log(place: Clinic, session: ScheduledSession) -> bool:
    return bool(await place.store.log.read(session.session))


async def test_a_participant_days_ahead_is_told_when_and_begins_no_log(place: Clinic) -> None:
    session = await later(place, minutes=3 * 24 * 60)
    browser = place.browser()
    room = (await browser.get(place.link(ROBIN, session))).headers["Location"]
    page = await browser.get(room)
    assert page.status == 200 and "You are early" in page.text and "Good to have ready" in page.text
    assert "The room opens on Friday, November 27 at 5:30 PM." in page.text
    assert "Prepare the room" not in page.text
    assert await knock(place, browser, session) == 4425
    assert (await browser.post(f"/s/{session.session}/prepare")).status == 403
    assert (await browser.post(f"/s/{session.session}/exit")).status == 204
    assert not await has_log(place, session)


@pytest.mark.parametrize(("minutes", "opens"), [(31, False), (30, True), (0, True)])
async def test_a_participant_comes_in_from_half_an_hour_before(place: Clinic, minutes: int, opens: bool) -> None:
    session = await later(place, minutes=minutes)
    browser = place.browser()
    await browser.get(place.link(ROBIN, session))
    assert await knock(place, browser, session) == (0 if opens else 4425)
    assert ("You are early" in (await browser.get(f"/s/{session.session}")).text) is not opens


async def test_staff_come_in_from_two_hours_before(place: Clinic) -> None:
    session = await later(place, minutes=121)
    browser = place.browser()
    await browser.get(place.link(FAY, session))
    assert await knock(place, browser, session) == 4425 and not await has_log(place, session)
    place.clock.advance(minutes=1)
    assert await knock(place, browser, session) == 0


async def test_staff_prepare_a_room_and_participants_still_wait(place: Clinic) -> None:
    session = await later(place, minutes=24 * 60)
    fay, robin = place.browser(), place.browser()
    await fay.get(place.link(FAY, session))
    await robin.get(place.link(ROBIN, session))
    assert "Prepare the room now" in (await fay.get(f"/s/{session.session}")).text
    assert (await fay.post(f"/s/{session.session}/prepare")).headers["Location"] == f"/s/{session.session}"
    assert "You are early" not in (await fay.get(f"/s/{session.session}")).text
    assert await knock(place, fay, session) == 0 and await has_log(place, session)
    assert await knock(place, robin, session) == 4425


async def test_what_pages_ask_of_a_room_does_not_begin_it_either(place: Clinic) -> None:
    session = await later(place, minutes=24 * 60)
    browser = place.browser()
    await browser.get(place.link(ROBIN, session))
    await browser.get(f"/s/{session.session}/door")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    await browser.post(f"/s/{session.session}/dispute", b"text=Mine", headers)
    assert not await has_log(place, session)
