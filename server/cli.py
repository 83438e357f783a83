"""The command line: finds the commands in `server/commands` and loads only the one that was asked for."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import NoReturn

import click

from server import commands


class Commands(click.Group):
    """A command a module: `ledger` is `server/commands/ledger.py`, its attribute `command`.

    A module with an underscore before its name is a part of another's.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(commands.__path__))
        return sorted(name for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"server.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Milieu: group sessions for intensive outpatient programs."""


def give_up(*sentences: str) -> NoReturn:
    """End with sentences for the operator, and status 1."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    sys.exit(1)


def main() -> None:
    cli(prog_name="python -m server")
