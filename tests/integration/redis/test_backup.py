"""A copy of a running store is a data folder that opens (server/store/backup.py)."""

from __future__ import annotations

import asyncio
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner
from redis.asyncio import Redis

from server.cli import cli
from server.store.backup import BackupFailed, copy_data, files_of, prove
from server.store.embedded import EmbeddedValkey


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="milieu-"))
    yield path
    shutil.rmtree(path)


@pytest_asyncio.fixture
async def client(folder: Path) -> AsyncIterator[Redis]:
    server = EmbeddedValkey(folder / "data")
    async with Redis.from_url(await server.start()) as client:
        yield client
    await server.stop()


async def entries(data_dir: Path) -> list[int]:
    server = EmbeddedValkey(data_dir)
    try:
        async with Redis.from_url(await server.start()) as client:
            return [int(entry) for entry in await client.lrange("entries", 0, -1)]
    finally:
        await server.stop()


async def test_a_copy_taken_while_writing_holds_all_that_was_there_before_and_opens(
    client: Redis, folder: Path
) -> None:
    written, some = 0, asyncio.Event()

    async def write() -> None:
        nonlocal written
        while True:
            await client.rpush("entries", written)
            written += 1
            if written == 200:
                some.set()

    writing = asyncio.create_task(write())
    await some.wait()
    before = written
    await asyncio.to_thread(copy_data, folder / "data", folder / "copy")
    writing.cancel()
    assert await prove(folder / "copy") == 1
    kept = await entries(folder / "copy")
    assert kept[:before] == list(range(before))
    assert kept == list(range(len(kept)))


async def test_a_copy_taken_while_the_log_is_rewritten_is_whole(client: Redis, folder: Path) -> None:
    for number in range(300):
        await client.rpush("entries", number)
    for attempt in range(5):
        await client.bgrewriteaof()
        await asyncio.to_thread(copy_data, folder / "data", folder / f"copy{attempt}")
        assert await entries(folder / f"copy{attempt}") == list(range(300))
        async with asyncio.timeout(60):
            while (await client.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.02)


async def test_a_copy_is_private_and_keeps_the_secret(client: Redis, folder: Path) -> None:
    (folder / "data/secret").write_text("s" * 40)
    copy_data(folder / "data", folder / "copy")
    assert (folder / "copy/secret").read_text() == "s" * 40
    for path in [folder / "copy", *(folder / "copy").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_a_copy_never_goes_over_something_else(client: Redis, folder: Path) -> None:
    (folder / "copy").mkdir()
    with pytest.raises(BackupFailed, match="exists already"):
        copy_data(folder / "data", folder / "copy")


def test_a_folder_without_a_store_is_told(folder: Path) -> None:
    with pytest.raises(BackupFailed, match="no embedded store"):
        copy_data(folder, folder / "copy")


async def test_a_copy_that_does_not_open_is_told(client: Redis, folder: Path) -> None:
    for number in range(50):
        await client.rpush("entries", number)
    copy_data(folder / "data", folder / "copy")
    (log,) = (folder / "copy").rglob("*.incr.aof")
    damaged = bytearray(log.read_bytes())
    damaged[200:260] = b"?" * 60
    log.write_bytes(damaged)
    with pytest.raises(BackupFailed, match="does not open"):
        await prove(folder / "copy")


def test_history_and_comments_of_a_manifest_are_no_part_of_the_log() -> None:
    manifest = b"# v1\nfile a.2.base.rdb seq 2 type b\nfile a.1.incr.aof seq 1 type h\nfile a.2.incr.aof seq 2 type i\n"
    assert files_of(manifest) == ["a.2.base.rdb", "a.2.incr.aof"]


def test_an_outside_store_is_not_ours_to_copy(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("MILIEU_REDIS_URL", "redis://127.0.0.1:1")
    result = CliRunner().invoke(cli, ["backup", str(folder / "copy")])
    assert result.exit_code == 1
    assert "backups of its own" in result.output


async def test_letters_that_wait_and_lie_in_the_outbox_come_along_and_one_that_goes_out_meanwhile_does_not_matter(
    client: Redis, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.set("there", "is something")
    letters = ("mail/waiting/a.json", "mail/waiting/gone.json", "mail/undelivered/b.json", "outbox/c.eml")
    for name in letters:
        path = folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"letter {name}")
    copyfile = shutil.copyfile

    def goes_out(source: Path, target: Path) -> object:
        if source.name == "gone.json":
            source.unlink()
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", goes_out)
    copy_data(folder / "data", folder / "copy")
    copied = {name for name in letters if (folder / "copy" / name).exists()}
    assert copied == set(letters) - {"mail/waiting/gone.json"}
    assert (folder / "copy" / "outbox/c.eml").read_text() == "letter outbox/c.eml"
    assert stat.S_IMODE((folder / "copy" / "mail/waiting/a.json").stat().st_mode) == 0o600
    assert await prove(folder / "copy") > 0
