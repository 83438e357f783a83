"""The card of substitutes: for whom somebody stands in, and who stands in for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from facilitation.schedule import Cover
from server.home.visit import Visit
from server.schedule.shelves import Shelves
from server.store.ports import Clinic
from server.store.register import Register

AHEAD_DAYS: Final = 60
SHOWN_MAX: Final = 4


class Covers:
    """The card `covers`; none where there are none. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, clinic: Clinic) -> None:
        self._shelves = Shelves(register)
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """`taken`: they stand in for somebody; `given`: somebody stands in for them. The nearest first."""
        me, last = visit.me.person, visit.today + timedelta(days=AHEAD_DAYS)
        mine = [
            held.value
            for held in (await self._shelves.covers.all()).values()
            if me in (held.value.away, held.value.by)
            and not held.value.taken_back
            and held.value.last >= visit.today
            and held.value.first <= last
        ]
        if not mine:
            return None
        mine.sort(key=lambda each: (each.first, each.id))
        return {
            "covers": [await self._row(each, visit) for each in mine[:SHOWN_MAX]],
            "more": len(mine[SHOWN_MAX:]),
        }

    async def _row(self, cover: Cover, visit: Visit) -> dict[str, Any]:
        taken = cover.by == visit.me.person
        other = cover.away if taken else cover.by
        person = await self._clinic.get_person(other)
        series = await self._shelves.series.get(cover.series) if cover.series else None
        return {
            "taken": taken,
            "name": person.name if person else other,
            "meetings": series.value.title if series else "",
            "first": visit.words.weekday(cover.first),
            "last": None if cover.first == cover.last else visit.words.weekday(cover.last),
        }
