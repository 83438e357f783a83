"""The cards of hours: one's own week, and whose week needs help while there is still time."""

from __future__ import annotations

from typing import Any, Final

from facilitation.weeks import Outlook
from server.books import meter_words
from server.home.visit import DAY_MS, Visit
from server.projections.meters import AROUND_DAYS, Meters
from server.store.ports import Clinic

SHOWN_MAX: Final = 5
NEED_HELP: Final = (Outlook.MISSED, Outlook.TIGHT)


class OwnWeek:
    """The card `week`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """None for who is not on the clinic's list of people: their link is older than that."""
        if visit.person is None:
            return None
        meter = await self._meters.of(visit.person, why=False)
        return {
            "week": meter_words.ring(meter.week, visit.words),
            "meter": meter_words.told(meter, visit.words)
            | {"sentences": meter_words.for_participant(meter, visit.words)},
            "statement_url": f"/statement/{visit.person.person}{visit.me.choice}",
            "school_url": f"/school/{visit.person.person}{visit.me.choice}" if visit.person.track == "teen" else None,
        }


class NeedHelp:
    """The card `help`: of the people in one's own meetings, the first few.

    Raises StoreUnavailable, CorruptLog.
    """

    def __init__(self, clinic: Clinic, meters: Meters) -> None:
        self._clinic = clinic
        self._meters = meters

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        around = AROUND_DAYS * DAY_MS
        mine = {
            each.person
            for scheduled in visit.mine
            for each in scheduled.roster
            if each.treated and abs(scheduled.starts_at - visit.now) <= around
        }
        people = [each for each in await self._clinic.list_people() if each.person in mine]
        meters = await self._meters.of_all(people, why=False)
        needing = [meter for meter in meter_words.by_need(meters) if meter.outlook in NEED_HELP]
        return {
            "named": [meter.person.person for meter in needing[:SHOWN_MAX]],
            "people": [
                {
                    "name": meter.person.name,
                    "url": f"/weeks/{meter.person.person}{visit.me.choice}",
                    "meter": meter_words.told(meter, visit.words),
                }
                for meter in needing[:SHOWN_MAX]
            ],
            "more": len(needing[SHOWN_MAX:]),
            "known": len(meters),
        }
