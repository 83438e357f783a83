"""The card of what people ask the clinic for and wait to hear: make-ups to be answered, places on the waiting lists."""

from __future__ import annotations

from typing import Any

from facilitation.makeups import Standing
from facilitation.waiting import Wait, is_offered
from server.home.visit import Visit
from server.schedule.shelves import Shelves as ScheduleShelves
from server.school.shelves import Shelves
from server.store.ports import Clinic
from server.store.register import Register

SHOWN_MAX = 4


class Asked:
    """The card `asked`; none where nobody waits. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, clinic: Clinic) -> None:
        self._shelves = Shelves(register)
        self._schedule = ScheduleShelves(register)
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """`names`: who asks for a make-up, the first few; `waiting` and `offered`: how many wait for a seat, or for
        whose answer one is kept free, `until` the first of them lapses."""
        make_ups = [held.value for held in (await self._schedule.make_ups.all()).values()]
        asking = sorted(
            (each for each in make_ups if each.standing is Standing.ASKED), key=lambda each: (each.asked_at, each.id)
        )
        places = [held.value for held in (await self._shelves.waiting.all()).values()]
        offered = [each.answer_by for each in places if is_offered(each, visit.now) and each.answer_by is not None]
        waiting = sum(each.standing is Wait.WAITING for each in places)
        if not (asking or waiting or offered):
            return None
        people = [await self._clinic.get_person(each) for each in dict.fromkeys(each.person for each in asking)]
        names = [each.name for each in people if each is not None]
        return {
            "asking": len(asking),
            "names": names[:SHOWN_MAX],
            "more": len(names[SHOWN_MAX:]),
            "waiting": waiting,
            "offered": len(offered),
            "until": visit.words.moment(min(offered), visit.zone) if offered else "",
            "make_ups_url": f"/make-ups{visit.me.choice}",
            "waiting_url": f"/waiting{visit.me.choice}",
        }
