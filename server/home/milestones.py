"""The card `milestones`: what somebody marked last, for themselves alone."""

from __future__ import annotations

from typing import Any, Final

from server.books.milestones import shelf_of
from server.home.visit import Visit
from server.store.register import Register

SHOWN_MAX: Final = 2


class Milestones:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register) -> None:
        self._shelf = shelf_of(register)

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        held = await self._shelf.get(visit.me.person)
        marks = () if held is None else held.value.marks
        return {"texts": [each.text for each in marks[:SHOWN_MAX]], "url": f"/milestones{visit.me.choice}"}
