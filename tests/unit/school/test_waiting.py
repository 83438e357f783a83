"""Waiting lists: who is offered a seat that opens, in which order, and what an answer does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId
from facilitation.timebase import HOUR_MS, Instant
from facilitation.waiting import ANSWER_WITHIN_MS, Wait, Waiting, answer, look
from server.catalog import load_catalog
from server.school.form import school_of
from server.school.waiting import WaitingLists
from server.web.lists import Asked
from server.web.words import words_in
from tests.support.afternoons import EARLY, LATE
from tests.support.school import TYPED
from tests.unit.school.test_away import ASH, BAY, BY_FAY, House, visitor

WORDS = words_in("en")
NOW = Instant(1_000)


def entry(name: str, since: int = 0, **more: object) -> Waiting:
    return Waiting(person=PersonId(name), cohort=CohortId("c"), since=Instant(since), **more)


def test_the_first_who_fits_is_offered_the_seat_and_each_seat_once() -> None:
    waiting = [entry("late", 3), entry("busy", 1), entry("first", 2)]
    changed = look(waiting, {CohortId("c"): 1}, lambda one: one.person != "busy", NOW)
    assert [(each.person, each.standing) for each in changed] == [("first", Wait.OFFERED)]
    assert look([*changed, entry("late", 3)], {CohortId("c"): 1}, lambda one: True, NOW) == ()


def test_an_offer_lapses_and_the_seat_goes_to_the_next() -> None:
    offered = entry("first", standing=Wait.OFFERED, answer_by=NOW)
    changed = look([offered, entry("next", 1)], {CohortId("c"): 1}, lambda one: True, NOW)
    assert [(each.person, each.standing) for each in changed] == [("first", Wait.LAPSED), ("next", Wait.OFFERED)]
    assert changed[1].answer_by == NOW + ANSWER_WITHIN_MS


@pytest.mark.parametrize(
    "one", [entry("a"), entry("a", standing=Wait.OFFERED, answer_by=NOW), entry("a", standing=Wait.TAKEN)]
)
def test_what_is_not_offered_cannot_be_answered(one: Waiting) -> None:
    with pytest.raises(Refusal):
        answer(one, True, NOW)


# --------------------------------------------------------------- over a schedule


class Lists(House):
    def __init__(self, folder: Path, **seats: int) -> None:
        super().__init__(folder, **seats)
        self.lists = WaitingLists(
            self.store, schedule=self.schedule, catalog=load_catalog(), clock=self.clock, seats_max=16
        )

    async def standing(self, person: PersonId = BAY, cohort: CohortId = EARLY) -> str:
        shown = await self.lists.own(person, WORDS)
        assert shown is not None
        return str(next(row["standing"] for row in shown["rows"] if row["cohort"] == cohort))


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[Lists]:
    house = Lists(tmp_path, early_seats=1)
    await house.fill()
    yield house
    await house.rooms.close()


async def test_who_waits_is_offered_the_seat_when_it_opens_and_a_yes_enrols(house: Lists) -> None:
    await house.lists.put(BAY, EARLY, by=BY_FAY)
    assert await house.standing() == "waiting"
    held = await house.schedule.shelves.enrolments.get(f"e-{EARLY}-{ASH}")
    own = await house.schedule.shelves.enrolments.get(f"e-{EARLY}-{BAY}")
    assert held is not None
    assert own is not None
    for each in (held, own):
        gone = replace(each.value, until=each.value.since)
        await house.schedule.put([house.schedule.shelves.enrolments.draft(gone, upon=each.revision)], by=BY_FAY.person)
    await house.lists.look()
    assert await house.standing() == "offered"
    await house.lists.answer(BAY, EARLY, True, by=visitor(BAY, "Bay Example"))
    assert await house.standing() == "taken"
    enrolled = [each.value for each in (await house.schedule.shelves.enrolments.all()).values()]
    assert any(each.person == BAY and each.until is None and each.steps[0].days == (0, 1, 2, 3) for each in enrolled)


async def test_a_seat_that_touches_school_goes_to_the_next_and_lapses_after_two_days(house: Lists) -> None:
    busy = school_of(TYPED | {"activity_0_name": "Band", "activity_0_weekday": "monday",
                              "activity_0_start": "19:30", "activity_0_end": "20:00"}, ASH)  # fmt: skip
    await house.lists._shelves.schools.put(busy, upon=0, by=ASH, at=house.clock.now())
    await house.lists.put(ASH, LATE, by=BY_FAY)
    await house.lists.put(BAY, LATE, by=BY_FAY)
    assert (await house.standing(ASH, LATE), await house.standing(BAY, LATE)) == ("waiting", "offered")
    house.clock.advance(ms=49 * HOUR_MS)
    await house.lists.look()
    assert await house.standing(BAY, LATE) == "lapsed"


@pytest.mark.parametrize(("person", "cohort"), [("p-nobody", EARLY), (ASH, "c-nowhere"), ("", ""), ("p-fay", EARLY)])
async def test_rubbish_is_refused(house: Lists, person: str, cohort: str) -> None:
    with pytest.raises(Refusal):
        await house.lists.put(person, cohort, by=BY_FAY)
    with pytest.raises(Refusal):
        await house.lists.take_off(person, cohort, by=BY_FAY)
    with pytest.raises(Refusal):
        await house.lists.answer(PersonId(person), cohort, True, by=BY_FAY)
    assert (await house.lists.page(WORDS, reader=BY_FAY, asked=Asked()))["rows"] == []
