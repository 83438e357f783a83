"""The card of licences that end soon, or have ended without another that covers the same places."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from facilitation.licences import Licence, state_name
from server.door import shelves
from server.home.visit import Visit
from server.store.ports import Clinic
from server.store.register import Register

SOON_DAYS: Final = 60
SHOWN_MAX: Final = 4


class LicencesEnding:
    """The card `licences`; none where no licence is kept and no number waits to be checked.

    Raises StoreUnavailable, CorruptLog.
    """

    def __init__(self, register: Register, *, clinic: Clinic) -> None:
        self._licences = shelves.licences(register)
        self._help = shelves.local_help(register)
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """The nearest end first. Who can go on where they are, because another licence begins in time, is not named.

        Local emergency numbers that nobody has called for a year are counted.
        """
        kept = [held.value for held in (await self._licences.all()).values()]
        numbers = [held.value for held in (await self._help.all()).values()]
        unchecked = sum(not each.removed and each.is_stale(visit.today) for each in numbers)
        if not kept and not unchecked:
            return None
        ending = [(each.last, each) for each in kept if each.last is not None and _matters(each, kept, visit.today)]
        ending.sort(key=lambda pair: (pair[0], pair[1].licence))
        rows = []
        for last, each in ending[:SHOWN_MAX]:
            person = await self._clinic.get_person(each.person)
            rows.append(
                {
                    "name": person.name if person else each.person,
                    "states": visit.words.listed([visit.words(state_name(state)) for state in each.states]),
                    "last": visit.words.calendar(last),
                    "over": last < visit.today,
                }
            )
        return {
            "ending": rows,
            "more": len(ending[SHOWN_MAX:]),
            "url": f"/licences{visit.me.choice}",
            "unchecked": unchecked,
            "numbers_url": f"/numbers{visit.me.choice}",
        }


def _matters(licence: Licence, kept: list[Licence], today: date) -> bool:
    """Whether it ends within SOON_DAYS, or did in as many, and some place of it is covered by no later one."""
    if licence.last is None or abs((licence.last - today).days) > SOON_DAYS:
        return False
    after = {
        state
        for each in kept
        if each.person == licence.person and each.licence != licence.licence
        if each.last is None or each.last > licence.last
        for state in each.states
    }
    return not set(licence.states) <= after
