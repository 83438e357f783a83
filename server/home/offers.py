"""What somebody is offered and may answer: a seat that opened, a meeting that can make up for another; and what they
wait for."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from facilitation.ids import PersonId
from facilitation.makeups import Standing
from facilitation.waiting import Wait, is_offered
from server.home.visit import Visit
from server.schedule.shelves import Shelves as ScheduleShelves
from server.school.shelves import Shelves
from server.store.ports import Clinic
from server.store.register import Register


class Offers:
    """The card `offers`; none where nothing is offered and nothing waited for. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, *, clinic: Clinic) -> None:
        self._shelves = Shelves(register)
        self._schedule = ScheduleShelves(register)
        self._clinic = clinic

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        seats, make_ups = await self.seats(visit, visit.me.person), await self.make_ups(visit, visit.me.person)
        return {"seats": seats, "make_ups": make_ups} if seats or make_ups else None

    async def seats(self, visit: Visit, person: PersonId) -> list[dict[str, Any]]:
        """Lists that somebody is on, those with an offer first. `answer_by`: in words; '' where nothing is offered."""
        cohorts = await self._schedule.cohorts.all()
        rows = []
        for held in (await self._shelves.waiting.all()).values():
            each = held.value
            offered = is_offered(each, visit.now)
            if each.person != person or each.cohort not in cohorts or not (offered or each.standing is Wait.WAITING):
                continue
            rows.append(
                {
                    "group": cohorts[each.cohort].value.title,
                    "answer_by": visit.words.moment(each.answer_by, visit.zone) if offered and each.answer_by else "",
                    "url": _page("waiting", person, visit),
                }
            )
        return sorted(rows, key=lambda row: not row["answer_by"])

    async def make_ups(self, visit: Visit, person: PersonId) -> list[dict[str, Any]]:
        """Missed meetings for which they may choose another one, the first to end first."""
        settled = {
            f"{held.value.missed} {held.value.person}"
            for held in (await self._schedule.make_ups.all()).values()
            if held.value.standing is not Standing.DECLINED
        }
        open_ = [
            held.value
            for held in (await self._shelves.invited.all()).values()
            if held.value.person == person and held.value.is_open(visit.now) and held.value.id not in settled
        ]
        rows = []
        for each in sorted(open_, key=lambda one: one.answer_by):
            session = await self._clinic.get_session(each.missed)
            said = await self._shelves.told.get(each.id)
            comes_after_all = said is not None and not said.value.away
            if session is not None and not comes_after_all:
                rows.append(
                    {
                        "day": visit.words.weekday(visit.day(session.starts_at)),
                        "answer_by": visit.words.moment(each.answer_by, visit.zone),
                        "url": _page("away", person, visit),
                    }
                )
        return rows


def _page(page: str, person: PersonId, visit: Visit) -> str:
    return f"/{page}/{quote(person, safe='')}{visit.me.choice}"
