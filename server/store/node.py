"""The name of this node: made once, kept in its data folder, used by one process at a time."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from pathlib import Path

_NAME = re.compile(r"n-[0-9a-f]{16}")


class NodeNameTaken(Exception):
    """Another process runs on this data folder; the text says so to an operator."""


class NodeName:
    """`name` belongs to this process until `release` or until it ends, however it ends.

    Two processes of one name would take each other's rooms, so that the name is locked while it is in use.
    """

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(data_dir / "node", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise NodeNameTaken(
                f"Another Milieu server is using {data_dir}. Stop it first, or give this one another folder by "
                "MILIEU_DATA_DIR."
            ) from None
        written = os.pread(self._fd, 100, 0).decode(errors="replace").strip()
        if _NAME.fullmatch(written):
            self.name = written
        else:  # new, or cut short by a kill
            self.name = f"n-{secrets.token_hex(8)}"
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{self.name}\n".encode(), 0)
            os.fsync(self._fd)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
