"""The real server by a clock that a test sets ahead: `python -m tests.support.ahead FILE`.

Two hours of a group are a minute of a test. How far the clock is ahead stands in one small file that both processes see
at once; it runs on from there, and nothing else about the server is different.
"""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import uvloop

from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant
from server import logs
from server.clock import RoomClock
from server.config import load
from server.running import serve


class ClockAhead(RoomClock):
    """The wall's clock, so much ahead as whoever holds the same file has said. It never goes back."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        if not file.exists():
            file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._ahead_ms = memoryview(mmap.mmap(opened.fileno(), 8)).cast("q")  # written whole, in one store

    def now(self) -> Instant:
        return Instant(super().now() + self._ahead_ms[0])

    def later(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Let so much time go by, for everybody."""
        self._ahead_ms[0] += round(minutes * MINUTE_MS + seconds * SECOND_MS)

    def reach(self, instant: int) -> None:
        """Let time go by until then; nothing where it is later already."""
        self._ahead_ms[0] += max(0, instant - self.now())


def main() -> None:
    settings = load()
    logs.configure(level=settings.log_level, form=settings.log_format)
    uvloop.run(serve(settings, clock=ClockAhead(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
