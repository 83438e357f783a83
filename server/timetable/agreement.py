"""A cohort's own agreement between its sessions: what stands, what stood before, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping

from facilitation.agreement import LINE_MAX, LINES_MAX
from facilitation.ids import CohortId, PersonId
from facilitation.policy import Action
from server.books.agreements import Agreements
from server.store.clinic import Person
from server.timetable.given import Given
from server.timetable.office import Office, Page
from server.web.auth import Visitor

TEXT_MAX = LINES_MAX * (LINE_MAX + 2)


class GroupAgreement:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._agreements = Agreements(office.store, clock=office.clock)

    async def page(self, cohort: CohortId, given: Given | None, *, reader: Visitor) -> Page | None:
        words = self._office.words
        schedule = await self._office.book.load()
        group = schedule.cohorts.get(cohort)
        if group is None:
            return None
        versions = await self._agreements.versions(cohort)
        stands = versions[0] if versions else None
        return {
            "title": group.title,
            "lines": stands.value.lines if stands else (),
            "text": given.raw("lines") if given else "\n".join(stands.value.lines if stands else ()),
            "revision": (given.raw("revision") if given else "") or (stands.revision if stands else 0),
            "text_max": TEXT_MAX,
            "versions": [
                {
                    "version": each.value.version,
                    "when": words.moment(each.at, group.zone),
                    "how": words.many("{n} person said yes", "{n} people said yes", each.value.agreed)
                    if each.value.agreed
                    else words("written by {name}", name=_name(schedule.people, each.by)),
                    "lines": each.value.lines,
                }
                for each in versions
            ],
            "may_write": reader.may(Action.WRITE_AGREEMENTS),
            "back": f"/schedule/cohorts/{cohort}{reader.choice}",
        }

    async def keep(self, cohort: CohortId, given: Given, *, by: Visitor) -> str:
        """Raises Refusal, Stale."""
        await self._agreements.write(cohort, given.raw("lines").splitlines(), upon=given.upon, by=by.person)
        return f"/schedule/cohorts/{cohort}/agreement"


def _name(people: Mapping[PersonId, Person], by: PersonId | str) -> str:
    known = people.get(PersonId(by))
    return known.name if known else str(by)
