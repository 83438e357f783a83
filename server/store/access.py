"""The store for a command of the operator's: the one that is there, whether or not a server runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.store.connect import connect
from server.store.embedded import EmbeddedValkey, in_use_by
from server.store.ports import Store


class NoStore(Exception):
    """There is nothing to look into; the text says where one was looked for."""


@asynccontextmanager
async def opened(*, redis_url: str | None, data_dir: Path) -> AsyncIterator[Store]:
    """The outside store; else the embedded one of the running server; else that one, started for the time being.

    Raises NoStore, StoreUnavailable, EmbeddedStoreError.
    """
    if redis_url is not None:
        async with _closing(await connect(redis_url)) as store:
            yield store
        return
    embedded = EmbeddedValkey(data_dir)
    if not embedded.directory.is_dir():
        raise NoStore(f"There is no store in {embedded.data_dir}: nothing has been kept there yet.")
    if in_use_by(data_dir) is not None:
        async with _closing(await connect(embedded.url)) as store:
            yield store
        return
    await embedded.start()
    try:
        async with _closing(await connect(embedded.url)) as store:
            yield store
    finally:
        await embedded.stop()


@asynccontextmanager
async def _closing(store: Store) -> AsyncIterator[Store]:
    try:
        yield store
    finally:
        await store.close()
