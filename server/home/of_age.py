"""The card of whoever has come of age: what is theirs alone now, and that they decide who else sees it."""

from __future__ import annotations

from typing import Any, Protocol

from facilitation.ids import PersonId
from server.home.visit import Visit
from server.web.words import Words


class Family(Protocol):
    async def own(self, person: PersonId, words: Words) -> dict[str, Any] | None: ...


class OfAge:
    """The card `of_age`; none where there is nobody about whom to decide. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, family: Family) -> None:
        self._family = family

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        if visit.person is None:
            return None
        own = await self._family.own(visit.me.person, visit.words)
        if own is None or not own["rows"] or any(row["sees"] for row in own["rows"]):
            return None
        names = visit.words.listed([row["name"] for row in own["rows"]])
        return {"since": own["since"], "names": names, "url": f"/family{visit.me.choice}"}
