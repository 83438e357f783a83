"""What is looked at again and again goes on, whatever one look meets (server/again.py)."""

from __future__ import annotations

import asyncio

import pytest

from server.again import again_and_again
from server.mail.ports import MailIsFull
from server.rooms.ports import CorruptLog, StoreUnavailable
from tests.simulation.virtual import run


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), CorruptLog("broken"), MailIsFull(), ZeroDivisionError()])
def test_whatever_goes_wrong_waits_for_the_next_look(trouble: Exception) -> None:
    looked: list[float] = []

    async def look() -> None:
        looked.append(asyncio.get_running_loop().time())
        raise trouble

    async def watched() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(150):
                await again_and_again(look, every_s=60, what="letters")

    run(watched)
    assert [each - looked[0] for each in looked] == [0, 60, 120]
