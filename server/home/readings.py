"""The card of whoever audits: what was read last of other people's records, and what only by breaking the glass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facilitation.audit import Trace
from facilitation.policy import READINGS, Action
from server.home.visit import Visit
from server.store.ports import Audit, Clinic

READ_MAX: Final = 6
BROKEN_MAX: Final = 3


class Readings:
    """The card `readings`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, audit: Audit, *, clinic: Clinic) -> None:
        self._audit = audit
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        """The newest first."""
        read = (await self._audit.search(actions=READINGS - {Action.SEE_AUDIT}, count=READ_MAX)).traces
        broken = (await self._audit.search(actions={Action.BREAK_GLASS}, count=BROKEN_MAX)).traces
        names = await self._names((*read, *broken))
        choice = visit.me.choice
        return {
            "read": [self._row(each, names, visit) for each in read],
            "broken": [self._row(each, names, visit) for each in broken],
            "url": f"/audit{choice}",
            "broken_url": f"/audit{choice}{'&' if choice else '?'}kind=glass",
        }

    async def _names(self, traces: Sequence[Trace]) -> dict[str, str]:
        """Of those who are named: not everybody is looked up for a few lines."""
        found = {}
        for id in {each.by for each in traces} | {each.about[0] for each in traces if each.about}:
            person = await self._clinic.get_person(id) if id else None
            found[str(id)] = person.name if person else str(id)
        return found

    @staticmethod
    def _row(trace: Trace, names: dict[str, str], visit: Visit) -> dict[str, Any]:
        return {
            "by": names[trace.by],
            "action": visit.words(trace.action),
            "about": names[trace.about[0]] if trace.about else "",
            "more": max(0, len(trace.about) - 1),
            "at": visit.words.moment(trace.at, visit.zone),
            "reason": trace.reason,
        }
