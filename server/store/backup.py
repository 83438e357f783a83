"""A copy of a data folder, taken while its server runs, that can be started as it is.

Valkey only ever appends to the last of the files that its manifest names; the others never change. So the copy is
whole if the manifest was the same before and after; a last command cut in the middle is dropped when it is opened.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from redis.asyncio import Redis

from server.store.embedded import EmbeddedStoreError, EmbeddedValkey

MANIFEST = "appendonly.aof.manifest"
TRIES_MAX = 20
KEPT_BESIDE = ("secret",)  # without it, links that were sent no longer open
LETTERS = ("mail", "outbox")
"""Folders of letters: those that wait, those that reach nobody, and those that lie there to be read."""


class BackupFailed(Exception):
    """There is no whole copy; the text says why, in words for an operator."""


def copy_data(data_dir: Path, target: Path) -> None:
    """Copy the store, the secret and the letters of `data_dir` into the new folder `target`.

    Raises BackupFailed, OSError.
    """
    source = data_dir / "store" / "appendonlydir"
    if not (source / MANIFEST).exists():
        raise BackupFailed(f"There is no embedded store in {data_dir}.")
    try:
        target.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise BackupFailed(f"{target} exists already; a backup goes into a new folder.") from None
    (target / "store").mkdir(mode=0o700)
    copy = target / "store" / "appendonlydir"
    for _ in range(TRIES_MAX):
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(mode=0o700)
        manifest = (source / MANIFEST).read_bytes()
        try:
            for name in (*files_of(manifest), MANIFEST):
                _copy_file(source / name, copy / name)
        except FileNotFoundError:
            continue  # Valkey has just rewritten its log
        if (copy / MANIFEST).read_bytes() == manifest:
            break
    else:
        raise BackupFailed("The store rewrites its log all the time; try again when less is going on.")
    for name in KEPT_BESIDE:
        if (data_dir / name).exists():
            _copy_file(data_dir / name, target / name)
    for name in LETTERS:
        _copy_letters(data_dir / name, target / name)


def _copy_letters(source: Path, target: Path) -> None:
    """A letter that goes out meanwhile is not in the copy: it needs nobody's care any more."""
    for path in sorted(each for each in source.rglob("*") if each.is_file()):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _copy_file(path, copy)
        except FileNotFoundError:
            copy.unlink(missing_ok=True)


def files_of(manifest: bytes) -> list[str]:
    """The files that make up a log now: 'file NAME seq N type b|i', a line each; those of type h are history."""
    lines = [line.split() for line in manifest.decode().splitlines() if line.strip() and not line.startswith("#")]
    fields = [dict(zip(words[::2], words[1::2], strict=False)) for words in lines]
    return [each["file"] for each in fields if each.get("type") in ("b", "i")]


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


async def prove(copy: Path) -> int:
    """Open the copy with a real Valkey and close it again; returns how many keys it holds. Raises BackupFailed."""
    valkey = EmbeddedValkey(copy)
    try:
        await valkey.start()
    except EmbeddedStoreError as error:
        raise BackupFailed(f"The copy does not open:\n{error}") from error
    try:
        async with Redis.from_url(valkey.url) as client:
            return int(await client.dbsize())
    finally:
        await valkey.stop()
        for leftover in (valkey.log_file, valkey.directory / "lock"):
            leftover.unlink(missing_ok=True)
