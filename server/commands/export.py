"""`python -m server export SESSION`: a session's log as it was written, one record a line."""

from __future__ import annotations

import sys

import click

from server.operator import work_with_store
from server.rooms.ports import CorruptLog
from server.store.ports import Store


@click.command()
@click.argument("session")
def command(session: str) -> None:
    """Write the log of SESSION to standard output, each record checked. It holds what people said: keep it safe.

    Status 1 where the log is not right; what was written until then is right.
    """
    work_with_store(lambda store: _export(store, session))


async def _export(store: Store, session: str) -> int:
    count = 0
    try:
        async for linked in store.log.linked(session):
            sys.stdout.buffer.write(linked.line + b"\n")
            count += 1
    except CorruptLog as error:
        click.echo(f"Stopped after {count} records: {error}.", err=True)
        return 1
    finally:
        sys.stdout.buffer.flush()
    if count == 0:
        known = ", ".join(await store.log.sessions()) or "none yet"
        click.echo(f"There is no log of session {session}. Sessions with a log: {known}.", err=True)
        return 1
    return 0
