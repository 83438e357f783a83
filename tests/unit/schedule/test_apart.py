"""A calculation in a process of its own: its result, what it tells, and that it is gone when nobody wants it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from server.schedule.apart import WentWrong, apart


def twice(number: int, tell: Callable[..., None]) -> tuple[int, int]:
    print("what a library prints is no answer")
    tell("half", number)
    return 2 * number, os.getpid()


def breaks(number: int, tell: Callable[..., None]) -> None:
    raise ValueError(f"{number} is none")


def dies(number: int, tell: Callable[..., None]) -> None:
    os._exit(number)


def sleeps(number: int, tell: Callable[..., None]) -> None:
    tell(os.getpid())
    time.sleep(number)


async def test_it_tells_how_far_it_is_and_answers(capfd: pytest.CaptureFixture[str]) -> None:
    told: list[Any] = []

    async def hear(value: Any) -> None:
        told.append(value)

    doubled, process = await apart(twice, 21, hear)
    assert (doubled, told) == (42, [("half", 21)])
    assert process != os.getpid()
    assert tuple(capfd.readouterr()) == ("", "")


@pytest.mark.parametrize(("work", "says"), [(breaks, "ValueError: 3 is none"), (dies, "the process ended")])
async def test_what_goes_wrong_is_told(work: Callable[..., Any], says: str) -> None:
    async def hear(value: Any) -> None: ...

    with pytest.raises(WentWrong, match=says):
        await apart(work, 3, hear)


async def test_whoever_is_not_waited_for_any_more_is_gone() -> None:
    heard: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def hear(value: Any) -> None:
        heard.set_result(value[0])

    work = asyncio.create_task(apart(sleeps, 60, hear))
    process = await heard
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
