"""A real `python -m server serve` in a process of its own, on free ports and a folder of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.browser import ROOT
from tests.support.net import free_port
from tests.support.visitor import Visitor

LINK = re.compile(r"^ {2}(?P<name>\S.*?) {2,}(?P<role>\w+) +(?P<link>http\S+/j/\S+)$", re.MULTILINE)
CODE = re.compile(r"^ {2}(?P<name>\S.*?) {2,}(?P<code>[A-Z2-7]{4}-[A-Z2-7]{4})$", re.MULTILINE)
UP_WITHIN_S = 90.0


@dataclass(slots=True)
class Milieu:
    """One server over a data folder. Ports stay the same from start to start, as links and browsers expect.

    `program`: the module that serves, and what it is given first.
    """

    data_dir: Path
    port: int = field(default_factory=free_port)
    udp_port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    program: tuple[str, ...] = ("server", "serve")
    output: str = ""
    _process: asyncio.subprocess.Process | None = None
    _reader: asyncio.Task[None] | None = None
    _welcomed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it has said what to open."""
        await self.launch()
        welcomed = asyncio.create_task(self._welcomed.wait())
        ended = asyncio.create_task(self._ended())
        done, rest = await asyncio.wait({welcomed, ended}, timeout=UP_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        assert welcomed in done, f"Milieu did not come up:\n{self.output}"

    async def launch(self) -> None:
        """Start it and wait for nothing."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MILIEU_")}
        own = {
            "MILIEU_DATA_DIR": str(self.data_dir),
            "MILIEU_PORT": str(self.port),
            "MILIEU_UDP_PORT": str(self.udp_port),
            "PYTHONUNBUFFERED": "1",
        }
        self.output = ""
        self._welcomed = asyncio.Event()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *self.program, *self.arguments),
            cwd=ROOT,
            env=kept | own | self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
        )
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async for line in self._process.stdout:
            self.output += line.decode()
            if b'"event": "ready"' in line:
                self._welcomed.set()

    async def _ended(self) -> int:
        assert self._process is not None
        return await self._process.wait()

    def interrupt(self) -> None:
        """Ctrl-C as a terminal does it: to the whole process group."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the server alone."""
        os.kill(self.pid, signal.SIGKILL)

    async def ended(self, *, within_s: float = 60.0) -> int:
        """Wait for the process to end; its exit status."""
        async with asyncio.timeout(within_s):
            status = await self._ended()
        assert self._reader is not None
        await self._reader
        return status

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self.interrupt()
            await self.ended()

    @property
    def valkey_pid(self) -> int | None:
        """The embedded store's process: the child of ours that runs a Valkey binary."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return next((int(pid) for pid in children if "valkey" in _program(pid)), None)

    def link(self, name: str) -> str:
        """The link of somebody of the demo clinic, as it was printed first."""
        return next(match["link"] for match in LINK.finditer(self.output) if match["name"] == name)

    def code(self, name: str) -> str:
        """The set-up code of one of the demo clinic's staff, as it was printed."""
        return next(match["code"] for match in CODE.finditer(self.output) if match["name"] == name)

    def visitor(self) -> Visitor:
        return Visitor(self.url)


@asynccontextmanager
async def milieu(data_dir: Path, *arguments: str, **environment: str) -> AsyncIterator[Milieu]:
    """A server that is up, and gone at the end whatever happens."""
    server = Milieu(data_dir=data_dir, arguments=arguments, environment=environment)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def _program(pid: str) -> str:
    """What a process runs; nothing when it has ended."""
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return ""


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the second: it went while the file was being read
        return False
    return state != "Z"


async def gone(pid: int, *, within_s: float = 60.0) -> None:
    """Wait until a process that is no child of ours has ended."""
    async with asyncio.timeout(within_s):
        while alive(pid):  # noqa: ASYNC110  /proc tells nobody
            await asyncio.sleep(0.01)
