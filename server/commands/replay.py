"""`python -m server replay SESSION.jsonl`: attendance and hours of an exported log, as JSON."""

from __future__ import annotations

import json
from typing import BinaryIO

import click

from server.cli import give_up
from server.projections.replay import BadLog, lines_of, report


@click.command()
@click.argument("file", type=click.File("rb"))
def command(file: BinaryIO) -> None:
    """Print the attendance and the hours that FILE (an exported log; - for standard input) gives, as JSON.

    Needs no store: anyone can feed it a log. The format and an example: server/store/LOGFORMAT.md.
    """
    try:
        told = report(lines_of(file))
    except BadLog as error:
        give_up(f"{file.name}: {error}")
    click.echo(json.dumps(told, indent=2))
