"""The card of the diary: the last seven days at a glance, and the way to today's page."""

from __future__ import annotations

from typing import Any, Protocol

from facilitation.diary import PlanKept
from facilitation.ids import PersonId, SessionId
from server.home.visit import Visit
from server.web.words import Words


class Diary(Protocol):
    """One's own. Raises StoreUnavailable, CorruptLog."""

    async def glance(self, me: PersonId, words: Words) -> dict[str, Any]: ...
    async def went(self, me: PersonId, session: SessionId) -> PlanKept | None: ...


class DiaryCard:
    """The card `diary`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """None for who is not on the clinic's list of people: their link is older than that."""
        if visit.person is None:
            return None
        return await self._diary.glance(visit.me.person, visit.words) | {"url": f"/diary{visit.me.choice}"}
