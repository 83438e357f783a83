"""The card of standing groups: which nobody leads, and how many seats each has free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Protocol

from facilitation.cohorts import Cohort, cap_of
from facilitation.enrolment import Enrolment, members
from facilitation.ids import CohortId
from facilitation.plan import SegmentKind
from facilitation.policy import FACILITATORS
from facilitation.programme import PLAIN, Programme
from facilitation.rules import RuleSet
from server.derived import Derived
from server.home.visit import Visit
from server.schedule.shelves import Shelves
from server.store.register import Held, Register

SHOWN_MAX: Final = 8
WEEK: Final = range(7)


class Catalog(Protocol):
    @property
    def programmes(self) -> Mapping[str, Programme]: ...
    def rules_on(self, id: str, day: date) -> RuleSet: ...


class Cohorts:
    """The card `cohorts`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, catalog: Catalog) -> None:
        self._shelves = Shelves(register)
        self._catalog = catalog
        self._enrolled = Derived(_enrolled)

    async def __call__(self, visit: Visit) -> dict[str, Any]:
        """Those that nobody leads first, then the fullest."""
        cohorts = [held.value for held in (await self._shelves.cohorts.all()).values() if not held.value.closed]
        enrolled = self._enrolled.of(await self._shelves.enrolments.all())
        rows = [self._row(each, enrolled.get(each.id, ()), visit.today, visit.me.choice) for each in cohorts]
        rows.sort(key=lambda row: (row["led"], row["free"] is None, row["free"], row["title"].casefold()))
        return {"cohorts": rows[:SHOWN_MAX], "more": len(rows[SHOWN_MAX:])}

    def _row(self, cohort: Cohort, enrolments: Sequence[Enrolment], today: date, choice: str) -> dict[str, Any]:
        """`free`: seats on the fullest day of the coming week; None: no number is set. Less than none: too many."""
        fullest = max(len([*members(enrolments, cohort.id, today + timedelta(days=n))]) for n in WEEK)
        programme = self._catalog.programmes.get(cohort.programme, PLAIN)
        rules = self._catalog.rules_on(cohort.rules_id or programme.rules_id, today)
        most = min((cap for kind in SegmentKind if (cap := cap_of(cohort, rules, kind)) is not None), default=None)
        return {
            "title": cohort.title,
            "url": f"/schedule/cohorts/{cohort.id}{choice}",
            "people": fullest,
            "most": most,
            "free": None if most is None else most - fullest,
            "led": any(lead.role in FACILITATORS for lead in cohort.leads),
        }


def _enrolled(every: Mapping[str, Held[Enrolment]]) -> dict[CohortId, list[Enrolment]]:
    """Of each cohort, past ones included."""
    found: dict[CohortId, list[Enrolment]] = {}
    for held in every.values():
        found.setdefault(held.value.cohort, []).append(held.value)
    return found
