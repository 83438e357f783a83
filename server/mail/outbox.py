"""The default: letters as files that can be read, for whoever tries Milieu out or sends mail by hand."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from server.clock import Clock
from server.mail.letter import Letter, composed
from server.mail.ports import NotNow

SENDER = "milieu@localhost"


class Outbox:
    """The port `Carrier` on a folder. Files are named by time, so that the newest stands last."""

    def __init__(self, folder: Path, *, clock: Clock, sender: str | None = None) -> None:
        self.folder = folder
        self._clock = clock
        self._sender = sender or SENDER

    async def deliver(self, letter: Letter) -> None:
        at = self._clock.now()
        stamp = datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%d-%H%M%S")
        message = composed(letter, sender=self._sender, at=at, readable=True)
        try:
            await asyncio.to_thread(written, self.folder / f"{stamp}-{letter.key}.eml", bytes(message))
        except OSError as error:
            raise NotNow(error.strerror or "the folder cannot be written to") from error


def written(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, for our account's eyes alone, and wait for the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "wb") as file:  # noqa: PTH123  a descriptor, not a path
        file.write(data)
        file.flush()
        os.fsync(fd)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
