"""The clinic's library as it stands: what is shipped, and what the clinic published beside it."""

from __future__ import annotations

from typing import Any

from facilitation.skills import Library
from facilitation.teaching import OwnSkill, joined
from server.store.register import Register, Shelf


class ClinicLibrary:
    """Called, it gives the library as it was looked up last; `load` looks it up (StoreUnavailable, CorruptLog)."""

    def __init__(self, shipped: Library, register: Register) -> None:
        self.shipped = shipped
        self.skills = Shelf(register, "own-skill", OwnSkill, id_of=lambda each: each.id)
        self._known = shipped

    def __call__(self) -> Library:
        return self._known

    async def load(self) -> Library:
        own = [held.value for held in (await self.skills.all()).values()]
        self._known = joined(self.shipped, own)
        return self._known

    async def own(self) -> list[dict[str, Any]]:
        """What the clinic wrote, drafts and what was withdrawn included."""
        return [
            {"id": each.id, "title": each.draft.get("title", "").strip(), "state": _state(each)}
            for each in (held.value for held in (await self.skills.all()).values())
        ]


def _state(own: OwnSkill) -> str:
    return "withdrawn" if own.withdrawn else "published" if own.stands else "draft"
