"""A long calculation in a process of its own: told how far it is, ended at once, and never in the way of the rooms.

`python -m server.schedule.apart` is the other side. What goes to and fro are pickled values over its own pipes, each
behind its length; nobody else can write there.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import struct
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LENGTH: Final = struct.Struct(">Q")
TELL_EVERY_S: Final = 0.4
NICER: Final = 5
"""So much less pressing than what serves people."""
ROOT: Final = Path(__file__).parents[2]


class WentWrong(Exception):
    """The calculation ended without a result."""


async def apart(work: Callable[..., Any], given: object, told: Callable[[Any], Awaitable[None]]) -> Any:
    """What `work(given, tell)` returns. What it tells is handed to `told` as one tuple, at most every TELL_EVERY_S.

    `work` is a function of a module. Cancelled, or where `told` raises, the process is gone. Raises WentWrong.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.schedule.apart", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        return await _served(process, pickle.dumps((work, given)), told)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _served(process: Process, asked: bytes, told: Callable[[Any], Awaitable[None]]) -> Any:
    assert process.stdin is not None and process.stdout is not None
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(LENGTH.pack(len(asked)) + asked)
        await process.stdin.drain()
    while True:
        try:
            (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            kind, value = pickle.loads(await process.stdout.readexactly(length))
        except asyncio.IncompleteReadError:
            raise WentWrong("the process ended") from None
        if kind == "result":
            return value
        if kind == "error":
            raise WentWrong(value)
        await told(value)


def main() -> None:
    os.nice(NICER)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints, as HiGHS its name, is no answer and no news
    (length,) = LENGTH.unpack(sys.stdin.buffer.read(LENGTH.size))
    work, given = pickle.loads(sys.stdin.buffer.read(length))

    told_at = 0.0

    def tell(*value: object) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= TELL_EVERY_S:
            told_at = time.monotonic()
            answer("told", value)

    def answer(kind: str, value: object) -> None:
        data = pickle.dumps((kind, value))
        answers.write(LENGTH.pack(len(data)) + data)
        answers.flush()

    try:
        answer("result", work(given, tell))
    except Exception as error:
        answer("error", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
