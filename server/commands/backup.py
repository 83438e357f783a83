"""`python -m server backup FOLDER`: copy everything that must survive, while Milieu runs, and prove the copy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from server.cli import give_up
from server.config import SettingsError, load
from server.store.backup import BackupFailed, copy_data, prove


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Copy the data into a new FOLDER while Milieu runs. The copy is opened once, to prove that it is whole."""
    try:
        settings = load()
        if settings.redis_url is not None:
            give_up("MILIEU_REDIS_URL is set: an outside store has backups of its own kind.")
        copy_data(settings.data_dir, folder)
        keys = asyncio.run(prove(folder))
    except (SettingsError, BackupFailed, OSError) as error:
        give_up(str(error))
    click.echo(f"{folder} holds {keys} keys and opens. It contains what must stay private: keep it locked away.")
