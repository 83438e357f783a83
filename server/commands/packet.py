"""`python -m server packet`: check an audit packet without the clinic that made it."""

from __future__ import annotations

from pathlib import Path

import click

from server.books.packet import BYTES_MAX, troubles
from server.cli import give_up


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def command(file: Path) -> None:
    """Check that every part of an audit packet is as it was made. Status 1 if not."""
    if file.stat().st_size > BYTES_MAX:
        give_up("It is larger than any packet of Milieu.")
    found = troubles(file.read_bytes())
    if found:
        give_up(*found)
    click.echo("Every file is as the manifest says, and every note is the one that was signed.")
