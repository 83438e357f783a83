"""`python -m server audit`: whether the log of who read what is whole."""

from __future__ import annotations

from collections import Counter

import click

from server.operator import work_with_store
from server.rooms.ports import CorruptLog
from server.store.ports import Store


@click.group()
def command() -> None:
    """The log of who read what. It only grows; pages search it at /audit."""


@command.command()
def verify() -> None:
    """Check every line against the one before it. Status 1 if one was changed, taken out or put in."""
    work_with_store(_verify)


async def _verify(store: Store) -> int:
    actions: Counter[str] = Counter()
    try:
        async for trace in store.audit.all():
            actions[trace.action] += 1
    except CorruptLog as error:
        click.echo(f"The audit log is not whole. {error}", err=True)
        return 1
    click.echo(f"The audit log is whole: {actions.total()} lines.")
    for action, count in actions.most_common():
        click.echo(f"  {count:7}  {action}")
    return 0
