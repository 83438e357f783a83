"""The table of routes and roles in server/web/README.md, held against the composed application, cell by cell."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from server.clock import FakeClock
from tests.support.clinic import ASH, FAY, ROBIN, Clinic, clinic
from tests.support.routes import ROLES, TABLE, address, ask, routes
from tests.support.visitor import Visitor


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    """The demo clinic. Robin is in the evening group, Ash in another."""
    async with clinic(tmp_path, clock) as place:
        yield place


def link(place: Clinic, role: str) -> str:
    """The link of whoever plays a role of the table; a stranger, too, may have been sent one."""
    evening, _, teens, _ = place.sessions
    person, session = {
        "stranger": (ROBIN, evening),
        "participant": (ROBIN, evening),
        "other": (ASH, teens),
        "staff": (FAY, evening),
    }[role]
    return place.link(person, session)


async def answered(place: Clinic, method: str, path: str, role: str) -> str:
    way = link(place, role)
    browser = await place.opened(*([] if role == "stranger" else [way]))
    body = {"link": way.removeprefix("/j/")} if path == "/api/ticket" else b""
    return await ask(browser, method, address(place, path, way), body)


async def test_every_route_is_in_the_table_and_every_row_is_a_route(place: Clinic) -> None:
    assert routes(place.app) == set(TABLE)


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_does_for_a_role_what_the_table_says(place: Clinic, role: str) -> None:
    found = {row: await answered(place, *row, role) for row in TABLE}
    assert found == {row: cells[role].split()[0] for row, cells in TABLE.items()}


async def test_a_stranger_cannot_tell_a_session_that_is_from_one_that_is_not(place: Clinic) -> None:
    visitor = Visitor(place.url)
    real = await visitor.get(f"/s/{place.evening.session}")
    unreal = await visitor.get("/s/s-nothing")
    echoed = real.text.replace(place.evening.session, "s-nothing")  # the address that was asked for, to come back to
    assert (real.status, echoed) == (unreal.status, unreal.text)
