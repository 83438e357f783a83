"""An application served on a port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

USUAL: Any = {
    "lifespan": "off",
    "log_config": None,
    "log_level": "error",
    "ws": "websockets-sansio",
    "ws_ping_interval": None,
    "ws_per_message_deflate": False,
    "timeout_graceful_shutdown": 1,
}
"""As `server.running` has it."""


class Server(uvicorn.Server):
    """uvicorn within a test: it leaves the test runner's signals alone, and says when it is up."""

    def __init__(self, app: ASGIApp, **config: Any) -> None:
        super().__init__(uvicorn.Config(app, **(USUAL | config)))
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def served(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, **config: Any) -> AsyncIterator[str]:
    """The address of `app` while it is served; `port` 0: some free one."""
    server = Server(app, **config)
    listener = socket.create_server((host, port))  # from here on whoever comes is heard
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    await server.up.wait()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
