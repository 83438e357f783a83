"""Every role on every route: what `policy.MAY` does not give is refused, what it gives is not.

The routes come from the application itself: one that says no action, or has no row, fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.people import Expected, Role
from facilitation.policy import MAY, Action
from facilitation.timebase import Instant
from server.clock import FakeClock
from tests.support.clinic import ADA, FAY, GRAY, OLA, ROBIN, SAL, SUE, UMA, Clinic, clinic
from tests.support.routes import ACTIONS, TABLE, address, ask, routes
from tests.support.visitor import Visitor

WHO = {
    Role.PARTICIPANT: ROBIN,
    Role.FACILITATOR: FAY,
    Role.COFACILITATOR: PersonId("p-cody"),
    Role.OBSERVER: OLA,
    Role.SUPERVISOR: SUE,
    Role.GUARDIAN: GRAY,
    Role.ADMINISTRATOR: ADA,
    Role.SCHEDULER: SAL,
    Role.AUDITOR: UMA,
}
REFUSED = {"401", "403", "4401", "4403"}
OPEN = "—"


def actions_of(cell: str) -> list[Action]:
    """Of two, the second is for one's own."""
    every = sorted(Action, key=len, reverse=True)  # some have a comma of their own
    found = [action for action in every if cell == action or cell.startswith(f"{action}, or ")]
    if not found:
        raise AssertionError(f"what action is {cell!r}?")
    rest = cell.removeprefix(found[0]).removeprefix(", or ")
    return found[:1] + (actions_of(rest) if rest else [])


GUARDED = {route: actions_of(cell) for route, cell in ACTIONS.items() if cell != OPEN}


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Clinic]:
    """The demo clinic. Ola watches the evening, so that each session role is on its list; Gray answers for Robin."""
    async with clinic(tmp_path, clock) as place:
        ola = Expected(person=OLA, role=Role.OBSERVER, name="Ola Observer")
        place.sessions[0] = replace(place.evening, roster=(*place.evening.roster, ola))
        await place.store.clinic.put_session(place.evening)
        bond = Guardianship(guardian=GRAY, teen=ROBIN, since=Instant(0), may=frozenset(Care))
        await place.accounts.book.shelves.guardianships.put(bond, upon=0, by="", at=clock.now())
        yield place


async def answer(place: Clinic, browser: Visitor, method: str, path: str) -> str:
    return await ask(browser, method, address(place, path, place.link(ROBIN, place.evening)))


def may(role: Role, actions: list[Action]) -> bool:
    """The person of each address is Robin: what is one's own is the participant's."""
    needed = actions if role is Role.PARTICIPANT else actions[:1]
    return any(role in MAY[action] for action in needed)


def conditional(route: tuple[str, str]) -> bool:
    """Whether the table says that more than the role is asked for."""
    return any(cell.startswith("403 ") and cell != "403 by link" for cell in TABLE[route].values())


def test_every_role_is_played_and_every_route_says_its_action(tmp_path: Path) -> None:
    assert set(WHO) == set(Role)
    assert all(ACTIONS.values())
    assert GUARDED and set(MAY) == set(Action)


async def test_every_route_of_the_application_has_a_row(place: Clinic) -> None:
    assert routes(place.app) == set(ACTIONS)


@pytest.mark.parametrize("role", sorted(Role))
async def test_a_role_gets_what_the_table_gives_it_and_nothing_else(place: Clinic, role: Role) -> None:
    browser, _ = await place.begin(WHO[role])
    wrong = []
    for (method, path), actions in GUARDED.items():
        got = await answer(place, browser, method, path)
        refused, allowed = got in REFUSED, may(role, actions)
        led_home = path == "/statement" and got == "303"  # who has none of their own
        missing = allowed and refused and not conditional((method, path))
        if missing or (not allowed and not refused and not led_home):
            wrong.append(f"{method} {path}: {got}, though the table says {'yes' if allowed else 'no'}")
    assert wrong == []


async def test_who_is_not_signed_in_gets_nothing_that_needs_an_action(place: Clinic) -> None:
    browser = place.browser()
    got = {route: await answer(place, browser, *route) for route in GUARDED}
    assert {route: status for route, status in got.items() if status not in REFUSED} == {}
