"""When a socket is looked at: at once where little comes; where packets come fast they are let gather.

What a round costs is mostly the round's own: whoever slept finds nothing at hand. So several packets in one round cost
little more than one, and what they become for one peer can leave together.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from server.sfu.datagrams import BATCH, Inbox

GATHER_US = 10_000
"""Packets that come faster than this are let gather for so long, half of the time from one sound to the next. With 8 ms
each packet of a room of twelve was a twentieth dearer."""
BATCHES_MAX = 8
"""Read in one round, before anything else has its turn."""


class Listening:
    """One socket, looked at by the event loop. `take` is given an inbox, how many datagrams are in it, and when."""

    def __init__(
        self, sock: socket.socket, *, take: Callable[[Inbox, int, int], None], now_us: Callable[[], int]
    ) -> None:
        self.sock = sock
        self._inbox = Inbox()
        self._take, self._now_us = take, now_us
        self._loop = asyncio.get_running_loop()
        self._begun_us = 0
        self._has_more = False
        """The last round ended before all was read."""
        self._next: asyncio.TimerHandle | None = None
        self._loop.add_reader(sock.fileno(), self._woken)

    def close(self) -> None:
        if self._next is None:
            self._loop.remove_reader(self.sock.fileno())
        else:
            self._next.cancel()
        self.sock.close()

    def _woken(self) -> None:
        before_us = self._begun_us
        self._look()
        if self._begun_us - before_us < GATHER_US and self.sock.fileno() >= 0:
            self._loop.remove_reader(self.sock.fileno())
            self._gather()

    def _due(self) -> None:
        came = self._look()
        if self.sock.fileno() < 0:
            return  # It was closed meanwhile.
        if came:
            self._gather()
        else:
            self._next = None
            self._loop.add_reader(self.sock.fileno(), self._woken)

    def _look(self) -> bool:
        """Take what came; whether there was anything."""
        self._begun_us = now_us = self._now_us()
        self._has_more = False
        for batch in range(BATCHES_MAX):
            count = self._inbox.read(self.sock)
            self._take(self._inbox, count, now_us)
            if count < BATCH or self.sock.fileno() < 0:
                return batch > 0 or count > 0
            now_us = self._now_us()
        self._has_more = True
        return True

    def _gather(self) -> None:
        """Look again when it is time: at once, where the round took as long, or there is more than it could take."""
        rest_us = 0 if self._has_more else self._begun_us + GATHER_US - self._now_us()
        self._next = self._loop.call_later(max(0, rest_us) / 1e6, self._due)
