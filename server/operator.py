"""How a command of the operator's works with the store, and how it ends when it cannot."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from server import logs
from server.cli import give_up
from server.config import Settings, SettingsError, load
from server.rooms.ports import CorruptLog, StoreUnavailable
from server.store.access import NoStore, opened
from server.store.embedded import EmbeddedStoreError
from server.store.ports import Store


def work_with_store(work: Callable[[Store], Awaitable[int]], *, backup: Path | None = None) -> None:
    """Run `work` on the store that the settings name, and end the process with the status it returns.

    `backup`: on that folder's store instead, which a backup made.

    A running server goes on undisturbed; where none runs, the embedded store is started for the time being.
    """
    try:
        settings = load()
    except SettingsError as error:
        give_up(*error.mistakes, "More about every setting: python -m server check")
    logs.configure(level="error", form=settings.log_format)
    try:
        status = asyncio.run(_work(settings, work, backup))
    except (NoStore, EmbeddedStoreError) as error:
        give_up(str(error))
    except StoreUnavailable as error:
        give_up(f"The store is not there: {error}.")
    except CorruptLog as error:
        give_up(f"The store is damaged: {error}.")
    except KeyboardInterrupt:
        give_up("Stopped.")
    sys.exit(status)


async def _work(settings: Settings, work: Callable[[Store], Awaitable[int]], backup: Path | None) -> int:
    redis_url = settings.redis_url if backup is None else None
    async with opened(redis_url=redis_url, data_dir=backup or settings.data_dir) as store:
        return await work(store)
