"""The card `glass`: records that were read by breaking the glass, until an administrator has taken note."""

from __future__ import annotations

from typing import Any

from server.glass import shelf, unseen
from server.home.visit import Visit
from server.store.ports import Store


class BrokenGlass:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        broken = await unseen(shelf(self._store.register))
        if not broken:
            return None
        names = {each.person: each.name for each in await self._store.clinic.list_people()}
        return {
            "broken": [
                {
                    "glass": each.glass,
                    "by": names.get(each.person, each.person),
                    "at": visit.words.moment(each.at, visit.zone),
                    "reason": each.reason,
                    "own": each.person == visit.me.person,
                }
                for each in broken
            ],
            "url": f"/audit{visit.me.choice}",
        }
