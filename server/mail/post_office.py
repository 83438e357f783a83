"""The queue before a carrier: a letter is on disk before anybody is told that it was taken, and tried until it is gone.

One file a letter, in `waiting/`; its name follows from the letter's key. A crash between delivery and removal delivers
it twice, with the same message id, and never not at all.
"""

from __future__ import annotations

import asyncio
import heapq
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import structlog

from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.clock import Clock
from server.mail.letter import Letter
from server.mail.outbox import written
from server.mail.ports import Carrier, MailIsFull, NotNow, Refused

log = structlog.get_logger(__name__)

WAITING_MAX: Final = 2_000
PAUSES_MS: Final = (MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS)
"""Before the second try, the third …; the last before every further one."""
GIVE_UP_MS: Final = 72 * HOUR_MS
AT_ONCE_MAX: Final = 4


class Waiting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A letter as it lies on disk."""

    letter: Letter
    since: int
    tries: int
    due: int


class PostOffice:
    """The port `Mail`. `run()` is for the background; without it letters are taken and wait."""

    def __init__(self, folder: Path, carrier: Carrier, *, clock: Clock) -> None:
        self._waiting = folder / "waiting"
        self._undelivered = folder / "undelivered"
        self._carrier = carrier
        self._clock = clock
        self._queue: dict[Path, Waiting] = {}
        self._due: list[tuple[int, Path]] = []
        self._more = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def send(self, letter: Letter) -> None:
        path = self._waiting / f"{sha256(letter.key.encode()).hexdigest()[:32]}.json"
        if path in self._queue:
            return
        if len(self._queue) >= WAITING_MAX:
            raise MailIsFull
        now = self._clock.now()
        waiting = Waiting(letter=letter, since=now, tries=0, due=now)
        self._idle.clear()
        self._queue[path] = waiting
        try:
            await asyncio.to_thread(written, path, msgspec.json.encode(waiting))
        except OSError as error:
            del self._queue[path]
            log.error("letter could not be kept", error=error.strerror)
            raise MailIsFull from error
        self._enqueue(path, waiting)

    def open(self) -> int:
        """Take up what a process before us left; how many letters. A file that is none is set aside and told."""
        for path in sorted(self._waiting.glob("*.json")):
            try:
                waiting = msgspec.json.decode(path.read_bytes(), type=Waiting)
            except (msgspec.MsgspecError, UnicodeError, ValueError):
                log.error("this is no letter of ours", file=path.name)
                path.replace(path.with_suffix(".unreadable"))
                continue
            self._queue[path] = waiting
            self._enqueue(path, waiting)
        return len(self._queue)

    async def run(self) -> None:
        """Deliver what is due, for ever."""
        while True:
            self._more.clear()
            await self.deliver_due()
            wait_s = (self._due[0][0] - self._clock.now()) / 1_000 if self._due else None
            try:
                async with asyncio.timeout(None if wait_s is None else max(0.05, wait_s)):
                    await self._more.wait()
            except TimeoutError:
                pass

    async def deliver_due(self) -> None:
        """Try every letter whose time has come, once. What goes wrong with one touches no other."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE_MAX):
                    if self._due and self._due[0][0] <= now:
                        _, path = heapq.heappop(self._due)
                        group.create_task(self._try(path, self._queue[path], now))
        if not self._queue or all(each.tries for each in self._queue.values()):
            self._idle.set()

    async def settled(self) -> None:
        """Returns when every letter that was taken has been tried."""
        await self._idle.wait()

    async def _try(self, path: Path, waiting: Waiting, now: Instant) -> None:
        try:
            await self._carrier.deliver(waiting.letter)
        except Refused as refused:
            self._put_aside(path, waiting, str(refused))
        except NotNow as trouble:
            if now - waiting.since >= GIVE_UP_MS:
                self._put_aside(path, waiting, str(trouble))
            else:
                await self._later(path, waiting, now, str(trouble))
        except Exception:
            log.exception("a letter met a mistake of ours")
            await self._later(path, waiting, now, "our mistake")
        else:
            self._forget(path)
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _later(self, path: Path, waiting: Waiting, now: Instant, why: str) -> None:
        pause_ms = PAUSES_MS[min(waiting.tries, len(PAUSES_MS) - 1)]
        again = msgspec.structs.replace(waiting, tries=waiting.tries + 1, due=now + pause_ms)
        log.warning("letter waits", letter=path.stem, tries=again.tries, why=why)
        self._queue[path] = again
        self._enqueue(path, again)
        try:
            await asyncio.to_thread(written, path, msgspec.json.encode(again))
        except OSError as error:  # the older file is still there: after a restart it is tried sooner
            log.error("letter could not be kept", error=error.strerror)

    def _put_aside(self, path: Path, waiting: Waiting, why: str) -> None:
        log.error("letter undelivered", letter=path.stem, tries=waiting.tries + 1, why=why)
        self._forget(path)
        self._undelivered.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.replace(self._undelivered / path.name)

    def undelivered(self) -> int:
        """How many letters will reach nobody."""
        return sum(1 for _ in self._undelivered.glob("*.json"))

    def _forget(self, path: Path) -> None:
        self._queue.pop(path, None)

    def _enqueue(self, path: Path, waiting: Waiting) -> None:
        heapq.heappush(self._due, (waiting.due, path))
        self._more.set()
