"""A real coturn on loopback, for one test: it takes the short-lived names that our welcome hands out."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.net import free_port

SECRET = "shared with the TURN server of one test and with nobody else"


@dataclass(slots=True)
class Turn:
    """`lines` is all that it said."""

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=tcp"

    def said(self, words: str) -> int:
        return sum(words in line for line in self.lines)


def installed() -> bool:
    return shutil.which("turnserver") is not None


@asynccontextmanager
async def turn_server(folder: Path) -> AsyncIterator[Turn]:
    """coturn, up and gone at the end. Only loopback, and only peers on loopback."""
    turn = Turn(port=free_port())
    process = await asyncio.create_subprocess_exec(
        *("turnserver", "-n", "--listening-ip=127.0.0.1", f"--listening-port={turn.port}", "--relay-ip=127.0.0.1"),
        *("--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=example.org", "--allow-loopback-peers"),
        *("--no-tls", "--no-dtls", "--no-cli", "--log-file=stdout", "--verbose", f"--pidfile={folder / 'turn.pid'}"),
        *(f"--userdb={folder / 'turn.db'}", "--min-port=49152", "--max-port=65535"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    up = asyncio.Event()

    async def read() -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            turn.lines.append(line.decode(errors="replace"))
            if "TCP listener opened" in turn.lines[-1] or "listener opened on" in turn.lines[-1]:
                up.set()

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(60):
            await up.wait()
        yield turn
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading
