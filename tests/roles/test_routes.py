"""Every role on every route: what `policy.MAY` does not give is refused, what it gives is not.

The routes come from the application itself: one that says no action, or has no row, fails.
"""

from __future__ import annotations

import pytest

from facilitation.people import Role
from facilitation.policy import MAY, Action
from tests.support.clinic import Clinic
from tests.support.holes import GUARDED, WHO, open_to_strangers, role_holes, table_holes, unlisted_routes
from tests.support.routes import ACTIONS


def test_every_role_is_played_and_every_route_says_its_action() -> None:
    assert set(WHO) == set(Role)
    assert all(ACTIONS.values())
    assert GUARDED and set(MAY) == set(Action)


def test_the_table_gives_nobody_more_than_a_second_opinion_does() -> None:
    assert table_holes(MAY) == []


async def test_every_route_of_the_application_has_a_row(place: Clinic) -> None:
    assert unlisted_routes(place.app) == []


@pytest.mark.parametrize("role", sorted(Role))
async def test_a_role_gets_what_the_table_gives_it_and_nothing_else(place: Clinic, role: Role) -> None:
    assert await role_holes(place, role) == []


async def test_who_is_not_signed_in_gets_nothing_that_needs_an_action(place: Clinic) -> None:
    assert await open_to_strangers(place) == []
