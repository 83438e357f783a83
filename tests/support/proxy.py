"""A go-between for a store's socket that can lose the answers: the deed is done, and nobody hears of it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Proxy:
    """Passes everything on. While `losing`, requests arrive, but whoever waits for the answer is cut off instead."""

    def __init__(self, url: str, target: str) -> None:
        self.url = url
        self.losing = False
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(self._target)
        for source, sink, forth in ((reader, there_writer, True), (there_reader, writer, False)):
            task = asyncio.create_task(self._pass_on(source, sink, forth=forth))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, forth: bool) -> None:
        try:
            while data := await source.read(65_536):
                if self.losing and not forth:
                    break
                sink.write(data)
        finally:
            sink.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await sink.wait_closed()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the store at a unix:// `url`."""
    with tempfile.TemporaryDirectory(prefix="milieu-") as folder:
        path = Path(folder) / "proxy.sock"
        proxy = Proxy(f"unix://{path}", unquote(urlsplit(url).path))
        server = await asyncio.start_unix_server(proxy.serve, path)
        try:
            yield proxy
        finally:
            server.close()
            await proxy.close()
            await server.wait_closed()
