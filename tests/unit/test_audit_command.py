"""`python -m server audit verify` tells a whole log from one that was changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from facilitation.audit import Trace
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.commands.audit import _verify
from server.rooms.ports import CorruptLog
from server.store import memory
from server.store.ports import Store


async def kept() -> Store:
    store = memory.connect()
    for n in range(3):
        await store.audit.record(
            Trace(trace=f"t-{n}", at=Instant(n), by=PersonId("p-fay"), role=Role.FACILITATOR, action="read a record")
        )
    return store


async def test_a_whole_log_is_counted_by_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert await _verify(await kept()) == 0
    assert "whole: 3 lines" in capsys.readouterr().out


async def test_a_log_that_was_changed_ends_with_status_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await kept()

    async def broken() -> AsyncIterator[Trace]:
        raise CorruptLog("trace 2: its text is not what was logged (hash chain broken)")
        yield

    monkeypatch.setattr(store.audit, "all", broken)
    assert await _verify(store) == 1
    assert "trace 2" in capsys.readouterr().err
