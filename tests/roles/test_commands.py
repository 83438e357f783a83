"""Every role and every command, in every place that somebody can be: what the table does not give is refused first."""

from __future__ import annotations

from typing import get_args

from facilitation import commands as c
from facilitation import policy
from facilitation.people import Role
from facilitation.room import decide
from tests.support.holes import clinic_roles_in_rooms, command_holes

COMMANDS = sorted(policy.ALLOWED, key=lambda each: each.__name__)


def test_every_command_is_in_the_table() -> None:
    assert set(policy.ALLOWED) == {*get_args(c.PersonCommand), *get_args(c.ServerCommand)}


def test_what_the_table_does_not_give_a_role_is_refused_before_anything_else() -> None:
    assert command_holes(decide, policy.ALLOWED, COMMANDS) == []


def test_a_role_of_the_clinic_alone_asks_nothing_of_a_room() -> None:
    assert clinic_roles_in_rooms(policy.ALLOWED) == []


def test_nobody_reports_the_servers_facts() -> None:
    servers = [command for command in COMMANDS if not policy.ALLOWED[command]]
    assert servers
    assert [(role, each) for role in Role for each in servers if policy.allows(role, each)] == []
