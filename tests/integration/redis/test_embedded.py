"""The embedded store against the world: a real Valkey, real signals, real files (server/store/embedded.py)."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreConnectionError

from server.store import embedded
from server.store.embedded import EmbeddedStoreError, EmbeddedValkey, in_use_by

ROOT = Path(__file__).parents[3]


class States:
    """Collects what `on_state` reports and lets a test wait for it."""

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self._changed = asyncio.Event()

    def __call__(self, up: bool) -> None:
        self.seen.append(up)
        self._changed.set()

    async def until(self, *expected: bool) -> None:
        async with asyncio.timeout(60):
            while self.seen[: len(expected)] != list(expected):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, unlike pytest's tmp_path: the socket lies beside the data."""
    path = Path(tempfile.mkdtemp(prefix="milieu-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def states() -> States:
    return States()


@pytest_asyncio.fixture
async def store(folder: Path, states: States) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(folder / "data", on_state=states)
    await server.start()
    yield server
    await server.stop()


async def gone(pid: int) -> None:
    """Wait for a process that is not our child to end."""
    async with asyncio.timeout(60):
        while True:
            try:
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError):
                return
            if state == "Z":  # nobody reaps orphans in some containers
                return
            await asyncio.sleep(0.01)


async def test_it_is_a_valkey_that_syncs_every_write_and_listens_on_a_private_socket_only(
    store: EmbeddedValkey,
) -> None:
    async with Redis.from_url(store.url, decode_responses=True) as client:
        server = await client.info("server")
        settings = await client.config_get("appendonly", "appendfsync", "port", "maxmemory-policy")
    assert server["server_name"] == "valkey"
    assert server["process_id"] == store.pid
    assert settings == {
        "appendonly": "yes",
        "appendfsync": "always",
        "port": "0",
        "maxmemory-policy": "noeviction",
    }
    assert stat.S_IMODE(store.socket_path.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.data_dir.stat().st_mode) == 0o700


async def test_the_data_is_there_after_a_restart(folder: Path) -> None:
    first = EmbeddedValkey(folder)
    async with Redis.from_url(await first.start()) as client:
        await client.set("word", "kept")
    await first.stop()
    assert first.pid is None

    second = EmbeddedValkey(folder)
    async with Redis.from_url(await second.start()) as client:
        assert await client.get("word") == b"kept"
    await second.stop()


async def test_a_killed_store_comes_back_by_itself_with_everything_it_acknowledged(
    store: EmbeddedValkey, states: States
) -> None:
    acknowledged = 0
    killed = store.pid
    assert killed is not None
    async with Redis.from_url(store.url, retry=None) as client:
        asyncio.get_running_loop().call_later(0.2, os.kill, killed, signal.SIGKILL)
        with pytest.raises(StoreConnectionError):
            while True:
                await client.rpush("entries", acknowledged)
                acknowledged += 1
    assert acknowledged > 0
    await states.until(False, True)
    assert store.up
    assert store.pid not in (None, killed)
    async with Redis.from_url(store.url) as client:
        entries = [int(entry) for entry in await client.lrange("entries", 0, -1)]
    # The write that was under way may have happened; none that was acknowledged may be missing.
    assert entries[:acknowledged] == list(range(acknowledged))
    assert len(entries) <= acknowledged + 1


async def test_it_comes_back_however_often_it_is_killed(store: EmbeddedValkey, states: States) -> None:
    for round_ in range(3):
        assert store.pid is not None
        os.kill(store.pid, signal.SIGKILL)
        await states.until(*[False, True] * (round_ + 1))
    async with Redis.from_url(store.url) as client:
        assert await client.ping()


async def test_stopping_reports_no_outage_and_leaves_nothing_running(folder: Path, states: States) -> None:
    server = EmbeddedValkey(folder, on_state=states)
    await server.start()
    pid = server.pid
    assert pid is not None
    await server.stop()
    await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert states.seen == []
    assert not server.socket_path.exists()


async def test_a_stop_in_the_middle_of_a_restart_ends_it(folder: Path, states: States) -> None:
    server = EmbeddedValkey(folder, on_state=states)
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await states.until(False)
    await server.stop()
    assert server.pid is None
    again = EmbeddedValkey(folder)
    await again.start()
    await again.stop()


async def test_it_dies_with_a_parent_that_was_killed_and_its_data_is_free_again(folder: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from server.store.embedded import EmbeddedValkey\n"
        "async def main():\n"
        "    server = EmbeddedValkey(Path(sys.argv[1]))\n"
        "    await server.start()\n"
        "    print(server.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(folder), cwd=ROOT, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    async with Redis.from_url(EmbeddedValkey(folder).url) as client:
        await client.set("word", "kept")
    parent.kill()
    await parent.wait()
    # At once, while the orphan may still be dying: the next server waits for it.
    successor = EmbeddedValkey(folder)
    async with Redis.from_url(await successor.start()) as client:
        assert await client.get("word") == b"kept"
    await successor.stop()
    await gone(pid)


async def test_a_second_server_on_the_same_data_is_refused_in_words(store: EmbeddedValkey) -> None:
    with pytest.raises(EmbeddedStoreError, match="Another Milieu server") as refusal:
        await EmbeddedValkey(store.data_dir).start()
    assert str(os.getpid()) in str(refusal.value)
    assert "MILIEU_DATA_DIR" in str(refusal.value)
    async with Redis.from_url(store.url) as client:
        assert await client.ping()


async def test_a_data_folder_with_a_long_path_works(folder: Path) -> None:
    deep = folder / ("d" * 100) / ("e" * 100)
    server = EmbeddedValkey(deep)
    assert len(str(server.socket_path)) < 108
    async with Redis.from_url(await server.start()) as client:
        assert await client.ping()
    assert stat.S_IMODE(server.socket_path.parent.stat().st_mode) == 0o700
    await server.stop()
    server.socket_path.parent.rmdir()


async def test_an_address_holds_any_path(folder: Path) -> None:
    server = EmbeddedValkey(folder / "spaces & ünicode?#100%")
    async with Redis.from_url(await server.start()) as client:
        assert await client.ping()
    await server.stop()


async def test_a_damaged_log_is_refused_in_words_and_left_as_it_is(folder: Path) -> None:
    server = EmbeddedValkey(folder)
    async with Redis.from_url(await server.start()) as client:
        for number in range(20):
            await client.set(f"key{number}", "value")
    await server.stop()
    (log,) = (server.directory / "appendonlydir").glob("*.incr.aof")
    damaged = bytearray(log.read_bytes())
    damaged[len(damaged) // 2 : len(damaged) // 2 + 40] = b"rubbish " * 5
    log.write_bytes(damaged)

    with pytest.raises(EmbeddedStoreError, match="append-only file is damaged") as refusal:
        await server.start()
    assert "backup" in str(refusal.value)
    assert log.read_bytes() == damaged
    assert server.pid is None


async def test_a_last_command_cut_short_by_a_power_cut_is_dropped_and_the_rest_kept(folder: Path) -> None:
    server = EmbeddedValkey(folder)
    async with Redis.from_url(await server.start()) as client:
        await client.set("first", "kept")
        await client.set("second", "cut")
    await server.stop()
    (log,) = (server.directory / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(log.read_bytes()[:-5])
    async with Redis.from_url(await server.start()) as client:
        assert await client.get("first") == b"kept"
        assert await client.get("second") is None
    await server.stop()


async def test_a_folder_that_cannot_be_used_is_named(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    with pytest.raises(EmbeddedStoreError, match="MILIEU_DATA_DIR"):
        await EmbeddedValkey(folder / "file").start()


async def test_somebody_elses_socket_folder_is_not_entered(folder: Path) -> None:
    deep = folder / ("d" * 100)
    server = EmbeddedValkey(deep)
    trap = server.socket_path.parent
    trap.symlink_to(folder)
    try:
        with pytest.raises(EmbeddedStoreError, match="belongs to the account"):
            await server.start()
    finally:
        trap.unlink()


async def test_a_store_that_does_not_answer_is_given_up_and_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ANSWER_WITHIN_S", 0.3)
    monkeypatch.setattr(embedded, "STOP_WITHIN_S", 0.3)
    mute = folder / "mute"
    mute.write_text("#!/bin/sh\ntrap '' TERM\nwhile :; do sleep 0.05; done\n")
    mute.chmod(0o700)
    monkeypatch.setattr(embedded, "get_binary_path", lambda: mute)
    server = EmbeddedValkey(folder / "data")
    with pytest.raises(EmbeddedStoreError, match="did not answer"):
        await server.start()
    assert server.pid is None


async def test_it_wants_the_main_thread_because_it_dies_with_the_thread_that_starts_it(folder: Path) -> None:
    caught: list[BaseException] = []

    def start() -> None:
        try:
            asyncio.run(EmbeddedValkey(folder).start())
        except EmbeddedStoreError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert "main thread" in str(caught[0])


async def test_its_log_stays_small(folder: Path) -> None:
    server = EmbeddedValkey(folder)
    await server.start()
    await server.stop()
    with server.log_file.open("ab") as log:
        log.truncate(embedded.LOG_BYTES_MAX + 1)
    await server.start()
    await server.stop()
    assert server.log_file.stat().st_size < 100_000
    assert server.log_file.with_suffix(".log.old").exists()


async def test_a_stale_socket_is_no_obstacle(folder: Path) -> None:
    server = EmbeddedValkey(folder)
    server.directory.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(server.socket_path))
    await server.start()
    await server.stop()


async def test_one_can_ask_who_uses_a_folder(folder: Path) -> None:
    assert in_use_by(folder) is None
    server = EmbeddedValkey(folder)
    await server.start()
    assert in_use_by(folder) == str(os.getpid())
    await server.stop()
    assert in_use_by(folder) is None
