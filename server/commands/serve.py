"""`python -m server serve`: run Milieu until Ctrl-C or SIGTERM."""

from __future__ import annotations

import errno

import click
import uvloop

from server import logs
from server.cli import give_up
from server.config import SettingsError, load
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store.embedded import EmbeddedStoreError
from server.store.node import NodeNameTaken


@click.command()
@click.option("--demo", is_flag=True, help="Add simulated participants to the demo session.")
def command(demo: bool) -> None:
    """Run Milieu and print what to open. Ctrl-C stops everything cleanly."""
    try:
        settings = load()
    except SettingsError as error:
        give_up(*error.mistakes, "More about every setting: python -m server check")
    logs.configure(level=settings.log_level, form=settings.log_format)

    from server.running import serve

    try:
        uvloop.run(serve(settings, demo=demo))
    except KeyboardInterrupt:
        pass  # how one stops it: no failure, so that `make` has nothing to complain about
    except (SettingsError, EmbeddedStoreError, NodeNameTaken, CorruptLog) as error:
        give_up(str(error))
    except StoreUnavailable as error:
        give_up(f"The store is not there: {error}.", "Is MILIEU_REDIS_URL right? Ask: python -m server check")
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        give_up(f"An address or port cannot be used: {error.strerror}.", "Which one says: python -m server check")
