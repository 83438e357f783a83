"""The audit log: one chain a clinic of who read or did what, and indexes by whom and about whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Set
from dataclasses import dataclass

from facilitation.audit import Trace
from facilitation.timebase import Instant
from server.store.chronicle import Kind, MemoryChronicle, RedisChronicle
from server.store.keys import Keys

KIND = Kind(type=Trace, name="audit", word="trace", id_of=lambda each: each.trace)

PAGE = 200
SCANNED_MAX = 5_000
"""Traces looked at for one page of a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of a search, the newest first. `older`: what to ask for with `before` next; None: there is no more."""

    traces: tuple[Trace, ...]
    older: int | None


class ChronicleOfTraces:
    """The port `Audit` on a chronicle of either kind."""

    def __init__(self, lines: RedisChronicle[Trace] | MemoryChronicle[Trace], keys: Keys) -> None:
        self._lines = lines
        self._keys = keys

    async def record(self, trace: Trace) -> Trace:
        indexes = [self._keys.traces, self._keys.traces_by(trace.by)]
        return await self._lines.write(trace, indexes + [self._keys.traces_about(each) for each in trace.about])

    async def search(
        self,
        *,
        about: str | None = None,
        by: str | None = None,
        actions: Set[str] | None = None,
        since: Instant | None = None,
        until: Instant | None = None,
        before: int | None = None,
        count: int = 50,
    ) -> Found:
        index = (
            self._keys.traces_about(about)
            if about is not None
            else self._keys.traces_by(by)
            if by is not None
            else self._keys.traces
        )
        found: list[Trace] = []
        for _ in range(0, SCANNED_MAX, PAGE):
            numbers = await self._lines.newest(index, PAGE, before=before)
            for number, trace in zip(numbers, await self._lines.read(numbers), strict=True):
                if since is not None and trace.at < since:
                    return Found(traces=tuple(found), older=None)
                before = number
                if (
                    (by is None or trace.by == by)
                    and (actions is None or trace.action in actions)
                    and (until is None or trace.at < until)
                ):
                    found.append(trace)
                    if len(found) == count:
                        return Found(traces=tuple(found), older=before)
            if len(numbers) < PAGE:
                return Found(traces=tuple(found), older=None)
        return Found(traces=tuple(found), older=before)

    def all(self) -> AsyncIterator[Trace]:
        return self._lines.all()
