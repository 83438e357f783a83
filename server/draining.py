"""Stopping without a jolt: people are told first, then connections close, then the process ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import structlog
import uvicorn

log = structlog.get_logger(__name__)

GRACE_S: Final = 2.0


class DrainingServer(uvicorn.Server):
    """Uvicorn that says `moving` before it closes what is open.

    `ready` is awaited once connections are taken. `moving(in_ms)` tells everybody and returns how many there are: with
    nobody there, nothing is waited for. The first Ctrl-C or SIGTERM drains, the second stops waiting, the third ends
    the process where it stands (the embedded store dies with us, and loses nothing that it acknowledged).
    """

    def __init__(
        self, config: uvicorn.Config, *, moving: Callable[[int], int], ready: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(config)
        self._moving = moving
        self._ready = ready
        self._asked = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals and keep them: they stay ours while the other parts are torn down."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sign, self.stop)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        await self._ready()

    @property
    def stopping(self) -> bool:
        return self._asked > 0

    def stop(self) -> None:
        self._asked += 1
        if self._asked == 1:
            people = self._moving(round(GRACE_S * 1_000))
            log.info("stopping", connections=people)
            asyncio.get_running_loop().call_later(GRACE_S if people else 0, self._close)
        elif self._asked == 2:
            self.force_exit = True
            self._close()
        else:
            os._exit(1)

    def _close(self) -> None:
        self.should_exit = True
