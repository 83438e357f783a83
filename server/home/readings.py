"""The card of whoever audits: what was read last of other people's records, and what only by breaking the glass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from facilitation.audit import Trace
from facilitation.ids import PersonId
from facilitation.policy import NAMINGS, READINGS, Action
from server.home.visit import Visit
from server.store.ports import Audit, Clinic
from server.web.deeds import NAMED_MAX, told

READ_MAX: Final = 6
BROKEN_MAX: Final = 3


class Readings:
    """The card `readings`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, audit: Audit, *, clinic: Clinic) -> None:
        self._audit = audit
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        """The newest first."""
        read = (await self._audit.search(actions=(READINGS | NAMINGS) - {Action.SEE_AUDIT}, count=READ_MAX)).traces
        broken = (await self._audit.search(actions={Action.BREAK_GLASS}, count=BROKEN_MAX)).traces
        names = await self._names((*read, *broken))
        choice = visit.me.choice
        return {
            "read": [self._row(each, names, visit) for each in read],
            "broken": [self._row(each, names, visit) for each in broken],
            "url": f"/audit{choice}",
            "broken_url": f"/audit{choice}{'&' if choice else '?'}kind=glass",
        }

    async def _names(self, traces: Sequence[Trace]) -> dict[PersonId, str]:
        """Of those who are named: not everybody is looked up for a few lines."""
        named = {each.by for each in traces} | {id for each in traces for id in each.about[: NAMED_MAX + 1]}
        known = await self._clinic.get_people(sorted(named - {""}))
        return {PersonId(id): known[PersonId(id)].name if id in known else str(id) for id in named}

    @staticmethod
    def _row(trace: Trace, names: dict[PersonId, str], visit: Visit) -> dict[str, Any]:
        return {
            "by": names[PersonId(trace.by)],
            "deed": told(trace, names, visit.words),
            "at": visit.words.moment(trace.at, visit.zone),
            "reason": trace.reason,
        }
