"""Every role and every command, in every place that somebody can be: what the table does not give is refused first."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation import commands as c
from facilitation import policy
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import SESSION_ROLES, Actor, Role
from facilitation.room import decide
from facilitation.state import EMPTY
from facilitation.timebase import Instant
from tests.support.meeting import Meeting

COMMANDS = sorted(policy.ALLOWED, key=lambda each: each.__name__)


STATE = Meeting().state
"""A session that is open, with people on its list."""


def empty(command: type[c.Command]) -> c.Command:
    """A command with nothing in it: whoever may not ask is refused before anybody looks inside."""
    made: c.Command = object.__new__(command)
    return made


def test_every_command_is_in_the_table() -> None:
    assert set(policy.ALLOWED) == {*get_args(c.PersonCommand), *get_args(c.ServerCommand)}


@given(command=st.sampled_from(COMMANDS), role=st.sampled_from(sorted(Role)), minute=st.sampled_from([-5, 0, 10, 300]))
def test_what_the_table_does_not_give_a_role_is_refused_before_anything_else(
    command: type[c.Command], role: Role, minute: int
) -> None:
    if policy.allows(role, command):
        return
    by = Actor(person=PersonId("p-somebody"), role=role)
    for state in (EMPTY, STATE):
        with pytest.raises(Refusal) as refused:
            decide(state, empty(command), by=by, now=Instant(max(0, STATE.at + minute * 60_000)))
        assert refused.value.code == "not_allowed"


@pytest.mark.parametrize("role", sorted(set(Role) - SESSION_ROLES))
def test_a_role_of_the_clinic_alone_asks_nothing_of_a_room(role: Role) -> None:
    assert [command.__name__ for command in COMMANDS if policy.allows(role, command)] == []


def test_nobody_reports_the_servers_facts() -> None:
    servers = [command for command in COMMANDS if not policy.ALLOWED[command]]
    assert servers
    assert [(role, each) for role in Role for each in servers if policy.allows(role, each)] == []
